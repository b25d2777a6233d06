"""A citation points at the lines that hold its claim, not at the whole chunk."""

from __future__ import annotations

from xmrag_plugin.answers.checking.regions import region_of, region_of_quote
from xmrag_plugin.answers.citations import check_citations
from xmrag_plugin.answers.context import Evidence
from xmrag_plugin.types import Key, format_line_boxes

TEXT = (
    "The tide turns four times a day.\nThe lighthouse has 143 steps and was built in\n1871 by the islanders."
)
LINES = [(0, 32, 70, 100, 300, 112, 4), (33, 78, 70, 114, 400, 126, 4), (79, 102, 70, 128, 200, 140, 4)]
ITEM = Evidence(
    1, "n", "report.pdf", TEXT,
    metadata={Key.PAGE: 4, Key.BBOX: "60,90,500,700", Key.LINE_BOXES: format_line_boxes(LINES)},
)  # fmt: skip


def test_the_region_is_that_of_the_lines_of_the_sentence() -> None:
    (citation,) = check_citations("The lighthouse has 143 steps [1].", [ITEM]).citations
    assert (citation.page, citation.bbox) == (4, (70.0, 114.0, 400.0, 140.0))


def test_a_quotation_is_found_however_its_lines_break() -> None:
    assert region_of_quote(ITEM, "was built in 1871") == (4, (70.0, 114.0, 400.0, 140.0))
    assert region_of_quote(ITEM, "The tide turns") == (4, (70.0, 100.0, 300.0, 112.0))


def test_without_line_boxes_and_for_words_elsewhere_it_is_the_chunks() -> None:
    bare = Evidence(1, "n", "report.pdf", TEXT, metadata={Key.PAGE: 4, Key.BBOX: "60,90,500,700"})
    assert region_of(bare, (0, 10)) == (4, (60.0, 90.0, 500.0, 700.0))
    assert region_of_quote(ITEM, "a caption") == (4, (60.0, 90.0, 500.0, 700.0))


def test_a_passage_over_two_pages_is_cited_on_the_page_with_more_of_it() -> None:
    lines = [*LINES[:2], (79, 102, 70, 60, 200, 72, 5)]
    item = Evidence(
        1, "n", "report.pdf", TEXT, metadata={Key.PAGE: 4, Key.LINE_BOXES: format_line_boxes(lines)}
    )
    assert region_of(item, (0, 102)) == (4, (70.0, 100.0, 400.0, 126.0))


def test_of_several_quotations_the_region_is_that_of_the_first() -> None:
    assert region_of_quote(ITEM, "The lighthouse has 143 steps\nThe tide turns") == (
        4,
        (70.0, 114.0, 400.0, 126.0),
    )
