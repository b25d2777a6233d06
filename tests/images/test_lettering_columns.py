"""The two pages of a spread are read one after the other; the rows of a bill stay rows."""

from __future__ import annotations

from xmrag_plugin.images.lettering import OcrLine, in_columns


def line(text: str, x: float, y: float, width: float) -> OcrLine:
    return OcrLine(text, (x, y, x + width, y + 20), 0.98)


def test_a_spread() -> None:
    left = [line(f"the left page goes on, line {n}", 50, 60 + 30 * n, 400) for n in range(6)]
    right = [line(f"the right page goes on, line {n}", 520, 60 + 30 * n, 400) for n in range(6)]
    head = line("The log of the light, a book in two volumes and its notes", 50, 10, 870)
    mixed = [each for pair in zip(right, left, strict=True) for each in pair]
    assert [set(map(id, group)) for group in in_columns([*mixed, head])] == [
        {id(head)},
        set(map(id, left)),
        set(map(id, right)),
    ]


def test_a_bill_a_few_lines_and_nothing() -> None:
    items = [line(f"Oil for the lamp, barrel number {n}", 50, 60 + 30 * n, 400) for n in range(8)]
    amounts = [line(f"{n}.50", 700, 60 + 30 * n, 60) for n in range(8)]
    assert len(in_columns([*items, *amounts])) == 1
    assert len(in_columns([items[0], line("a long line of the other page here", 520, 60, 400)])) == 1
    assert in_columns([]) == []
    assert in_columns(items[:1]) == [items[:1]]
