"""The box of a table reaches over its title and its note, not over running text."""

from __future__ import annotations

import pytest

from xmrag_plugin.chunking.chunks import chunk_elements
from xmrag_plugin.types import Element

TABLE = "| Debt | 2021 |\n| --- | --- |\n| Notes (1) | 4,100 |\n| Total | 4,100 |"
TOP, BOTTOM = 100.0, 200.0


def element(
    kind: str, text: str, top: float, *, page: int = 1, left: float = 50, bottom: float = 0
) -> Element:
    return Element(kind, text, page=page, bbox=(left, top, left + 300, bottom or top + 10))  # type: ignore[arg-type]


def edges(*below: Element) -> tuple[float, float]:
    """Return the upper and lower edge of a table's box with a title above it and these elements below."""
    table = element("table", TABLE, TOP, bottom=BOTTOM)
    pieces = chunk_elements([element("heading", "Debt of the port", 80), table, *below])
    box = next(piece.bbox for piece in pieces if piece.kind == "table")
    assert box is not None
    return box[1], box[3]


PROSE = element("paragraph", "The port paid its debt in the year, as it had said it would.", 300)


@pytest.mark.parametrize(
    ("note", "behind"),
    [
        ("(1) Net of the costs of issuing them.", PROSE),
        ("___________________ (1) Net of the costs of issuing them.", PROSE),
        ("Source: the harbour master.", element("heading", "Berths", 300)),
        ("See the notes.", element("paragraph", "Berths", 20, page=2)),
        ("出典:港湾局。", None),
    ],
)
def test_a_note_below_a_table_is_in_its_box(note: str, behind: Element | None) -> None:
    assert edges(element("paragraph", note, 215), *filter(None, [behind])) == (80, 225)


@pytest.mark.parametrize(
    "below",
    [
        [element("paragraph", "Debt fell in the year.", 215), PROSE],  # running text
        [element("paragraph", "(2) A mark that the table has not.", 215), PROSE],
        [element("paragraph", "The following table shows the berths:", 215)],
        [element("paragraph", "Berths.", 215), element("table", TABLE, 240)],
        [element("paragraph", "See the notes.", 280)],  # too far
        [element("paragraph", "See the notes.", 20, page=2)],
        [element("paragraph", "See the notes.", 215, left=320)],  # of another column
        [element("paragraph", "A long sentence of the port. " * 10, 215)],
        [element("picture", "", 215)],
        [],
    ],
)
def test_running_text_below_a_table_is_not(below: list[Element]) -> None:
    assert edges(*below) == (80, 200)
