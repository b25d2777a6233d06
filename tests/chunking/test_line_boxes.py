"""Each chunk knows where its lines stand, through splitting, joining and headings."""

from __future__ import annotations

from pathlib import Path

import pytest
from pdf_writing import PageSpec, lines, text, write_pdf

from xmrag_plugin import CrossModalNodeParser, CrossModalReader
from xmrag_plugin.types import Key, format_line_boxes, parse_bbox, parse_line_boxes, shift_line_boxes

ROWS = [
    "The keeper of the lamp wrote the hours of the tide down in a long",
    "book. On the ninth of May a boat was lost near the north buoy. The",
    "books of the light were brought to the town when it was auto-",
    "mated, and they are kept in the house of the pilots to this day.",
]


def test_a_quotation_is_found_on_its_lines(tmp_path: Path) -> None:
    content = text(72, 740, "The log of the light", size=20, font="F2") + lines(72, 700, ROWS)
    content += text(72, 600, "\u2022 Oil for the lamp") + text(72, 586, "\u2022 Wicks and glass")
    path = write_pdf(tmp_path / "log.pdf", [PageSpec(content), PageSpec(lines(72, 700, ROWS[:2]))])
    documents = CrossModalReader().load_data(path)
    nodes = CrossModalNodeParser(chunk_words=30).get_nodes_from_documents(documents)
    chunks = [node for node in nodes if node.metadata[Key.MODALITY] == "text"]
    assert len(chunks) > 2
    for chunk in chunks:
        words = chunk.get_content()
        boxes = parse_line_boxes(chunk.metadata[Key.LINE_BOXES])
        assert boxes
        for start, end, x0, y0, x1, y1, page in boxes:
            assert words[start:end].strip()
            assert page == chunk.metadata[Key.PAGE]
            assert 70 <= x0 < x1 <= 612
            assert 0 < y0 < y1 <= y0 + 16
    whole = "\n".join(chunk.get_content() for chunk in chunks)
    assert "automated, and they" in whole
    chunk = next(chunk for chunk in chunks if "ninth of May" in chunk.get_content())
    at = chunk.get_content().index("ninth of May")
    line = next(box for box in parse_line_boxes(chunk.metadata[Key.LINE_BOXES]) if box[0] <= at < box[1])
    assert line[3] == pytest.approx(792 - 687 - 8.6, abs=1.5)  # the second line
    assert Key.LINE_BOXES in chunk.excluded_embed_metadata_keys
    assert Key.LINE_BOXES in chunk.excluded_llm_metadata_keys


def test_line_boxes_there_and_back() -> None:
    boxes = [(0, 4, 10.0, 20.0, 30.0, 40.0, 1), (5, 9, 10.0, 40.0, 30.0, 60.0, 2)]
    written = format_line_boxes(boxes)
    assert parse_line_boxes(written) == boxes
    assert parse_line_boxes(format_line_boxes([(0, 1, 1.9, 2.1, 3.2, 4.0, 1)])) == [
        (0, 1, 1.0, 2.0, 4.0, 4.0, 1)
    ]
    assert parse_line_boxes(None) == []
    assert format_line_boxes([]) is None
    assert parse_line_boxes(shift_line_boxes(written, 100, (2, 7))) == [
        (100, 102, 10.0, 20.0, 30.0, 40.0, 1),
        (103, 105, 10.0, 40.0, 30.0, 60.0, 2),
    ]


def test_a_chunk_reaches_over_the_headings_that_it_begins_with(tmp_path: Path) -> None:
    content = text(72, 740, "The log of the light", size=20, font="F2")
    content += text(72, 712, "Of the north buoy", size=14, font="F2") + lines(72, 690, ROWS)
    path = write_pdf(tmp_path / "log.pdf", [PageSpec(content)])
    documents = CrossModalReader().load_data(path)
    first, *others = CrossModalNodeParser(chunk_words=30).get_nodes_from_documents(documents)
    assert others
    begins, *others = [box[1] for node in [first, *others] if (box := parse_bbox(node.metadata[Key.BBOX]))]
    assert begins == pytest.approx(792 - 740 - 15, abs=3)
    assert min(others) > 90  # the rest of the paragraph begins with no heading
