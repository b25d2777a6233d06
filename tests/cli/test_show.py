"""``xmrag show``: a place in a source, drawn."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from .conftest import Sample


def test_a_page_is_written_with_its_region_marked(sample: Sample, tmp_path: Path) -> None:
    plain, marked = tmp_path / "plain.png", tmp_path / "marked.png"
    assert sample.run("show", "survey-2030.pdf", "--page", "1", "-o", str(plain)).code == 0
    ran = sample.run(
        "show", "survey-2030.pdf", "--page", "1", "--box", "50,50,200,90", "-o", str(marked), "--json"
    )
    assert ran.code == 0
    assert ran.json["kind"] == "page"
    assert ran.json["file"] == str(marked)
    assert Image.open(plain).size == Image.open(marked).size
    assert plain.read_bytes() != marked.read_bytes()


def test_a_passage_is_shown_in_its_context(sample: Sample, tmp_path: Path) -> None:
    hit = sample.run("search", "turbine", "--json", "-k", "1", "--modality", "text").json["hits"][0]
    ran = sample.run(
        "show", hit["source"], "--node", hit["node_id"], "-o", str(tmp_path / "place.html"), "--json"
    )
    assert ran.json["kind"] in ("passage", "page")
    assert "<mark>" in (tmp_path / "place.html").read_text() or ran.json["kind"] == "page"


def test_what_cannot_be_shown_is_told(sample: Sample, tmp_path: Path) -> None:
    assert sample.run("show", "no-such.pdf", "--page", "1").code == 2
    assert "99" in sample.run("show", "survey-2030.pdf", "--page", "99").err
    assert sample.run("show", "survey-2030.pdf", "--page", "1", "--box", "1,2").code == 2
    assert sample.run("show", "survey-2030.pdf", "--page", "1", "-o", str(tmp_path / "x.bmp")).code == 2


def test_other_machines_are_served_with_a_token_only(sample: Sample) -> None:
    ran = sample.run("serve", "--host", "0.0.0.0")
    assert ran.code == 2
    assert "--token" in ran.err
