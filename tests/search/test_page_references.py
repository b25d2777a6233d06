"""Pages, figures and tables that a question names."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from xmrag_plugin import CrossModalIndex
from xmrag_plugin.search.page_references import asked_pages, named, of_named_kind
from xmrag_plugin.types import Key, NodeRecord


@pytest.mark.parametrize(
    ("question", "pages"),
    [
        ("What stands on page fourteen?", {14}),
        ("the date at the beginning of page(1)", {1}),
        ("Who signed the last page?", {-1}),
        ("the second to last page", {-2}),
        ("the picture at the page at the second last", {-2}),
        ("auf der vorletzten Seite", {-2}),
        ("最后一页写了什么", {-1}),
        ("the address on the second cover page", {2}),
        ("the address on the cover page", {1}),
        ("What happened last year on this site?", set()),
    ],
)
def test_pages_are_named_by_number_and_from_the_end(question: str, pages: set[int]) -> None:
    assert asked_pages(question) == pages


def node(number: int, page: int | None, **metadata: object) -> NodeRecord:
    held = {Key.SOURCE: "a.pdf", Key.PAGE: page, **metadata}
    return NodeRecord(str(number), "a.pdf", number, "text", "", "", "", held, {})


def test_pages_count_as_printed_and_labels_in_any_writing() -> None:
    nodes = [node(0, 1), node(1, 2, page_label="7"), node(2, 9, **{Key.LABEL: "Fig. 2"}), node(3, None)]
    nodes.append(node(4, 3, page_label="8, 9"))  # a spread
    held = {"a.pdf": [1, 2, 3, 9]}
    assert named(nodes, "Is it signed?", held) is None
    for question, expected in {
        "on page 7": [1],
        "on page 8": [4],
        "on page 9": [2, 4],
        "on the last page": [2],
        "on the fourth page": [2],  # the fourth that holds anything: pages 4 to 8 are blank
        "on the second last page": [4],
        "on the tenth page": [],
        "the bars of Figure 2": [2],
        "the bars of the second figure": [2],
        "the second figure on page 7": [1],
        "the rows of Table 2": [],
    }.items():
        found = named(nodes, question, held)
        assert found is not None
        assert np.flatnonzero(found).tolist() == expected, question
    found = named(nodes, "What is on page 9?", held)
    assert found is not None
    assert found[4] > found[2] > 0  # as printed, before as counted
    by_place = named(
        [*nodes, node(5, 7), node(6, 12, page_label="1")],
        "the seventh page, or the cover page",
        {"a.pdf": [1, 2, 3, 7, 9, 12]},
    )
    assert by_place is not None
    assert by_place.tolist() == [1, 0, 0, 0, 0, 1, 0]  # what is printed on another page is not meant
    many = [node(n, n, **{Key.LABEL: "Figure 1"}) for n in range(20)]  # of twenty documents: none is meant
    found = named(many, "Figure 1", {})
    assert found is not None
    assert not found.any()


def test_what_stands_on_an_asked_page_is_found_whatever_it_says(tmp_path: Path) -> None:
    """Of many slides the last but one shares no word with the question."""
    from pptx import Presentation

    slides = Presentation()
    for number in range(40):
        slide = slides.slides.add_slide(slides.slide_layouts[5])
        slide.shapes.title.text = (
            "Approved by J. Doe" if number == 38 else f"Signature dishes of region {number}"
        )
    slides.save(str(tmp_path / "deck.pptx"))
    with CrossModalIndex(tmp_path / "kb", ocr="off") as index:
        index.add(tmp_path / "deck.pptx", progress=False)
        asked = {"Is there a signature on the second last slide?": 39, "What is the dish on slide 12?": 12}
        for question, page in asked.items():
            assert index.search(question, k=3, where={"source": "deck.pptx"})[0].page == page


def test_a_kind_that_is_named_is_asked_for() -> None:
    table, drawing = {Key.KIND: "table"}, {Key.MODALITY: "image"}
    nodes = [node(0, 1), node(1, 2, **table), node(2, 2, **drawing), node(3, 3, **drawing)]
    nodes[2].modality = nodes[3].modality = "image"
    for question, expected in {
        "How many tables are there?": [1],
        "What is the largest slice of the pie chart?": [2, 3],
        "Was zeigt die Karte?": [2, 3],
        "图表里哪一年最高？": [2, 3],
        "What were the figures for May?": [1, 2, 3],  # numbers, or drawings
    }.items():
        found = of_named_kind(nodes, question, None)
        assert found is not None
        assert np.flatnonzero(found).tolist() == expected, question
    for question in ("Who signed it?", "谁代表公司签字？", "The vegetable of the figurehead"):
        assert of_named_kind(nodes, question, None) is None
    on_page_two = np.array([0, 1, 1, 0], dtype=np.float32)
    found = of_named_kind(nodes, "the photo on page 2", on_page_two)
    assert found is not None
    assert np.flatnonzero(found).tolist() == [2]
