"""A page reads alike at any size: thresholds are in sizes of the body's type, not in points."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pdf_parts import ACCOUNTS, PROSE, bar_chart, columns, grid, noise
from pdf_writing import PageSpec, lines, text, write_pdf

from xmrag_plugin.types import Element

Read = Callable[..., list[Element]]
PAGES = [
    text(72, 740, "Landings of the year", size=20, font="F2")
    + lines(72, 710, PROSE)
    + bar_chart(120, 540)
    + text(72, 510, "Figure 2. Landings by harbour, in tonnes.", size=9)
    + columns(470, ACCOUNTS)
    + text(72, 380, "\u2022 Oil for the lamp")
    + text(72, 366, "\u2022 Wicks and glass")
    + lines(72, 340, PROSE),
    text(72, 740, "Boats", size=16, font="F2")
    + grid(72, 700, [["Boat", "Built", "Length (m)"], ["Ariel", "1902", "18.4"], ["Meg", "1911", "7.2"]])
    + "q 160 0 0 120 72 460 cm /Im1 Do Q\n"
    + text(72, 446, "Figure 3: The Ariel at the pier.", size=9)
    + lines(72, 400, [f"Left column line {n} goes on and on here" for n in range(8)])
    + lines(330, 400, [f"Right column line {n} goes on and on too" for n in range(8)])
    + text(300, 20, "7", size=9),
]


def scaled(path: Path, k: float) -> Path:
    pages = [
        PageSpec(f"q {k} 0 0 {k} 0 0 cm\n{content}Q\n", {"Im1": noise(1)}, size=(612 * k, 792 * k))
        for content in PAGES
    ]
    return write_pdf(path, pages)


@pytest.mark.parametrize("k", [0.49, 0.8, 1.7, 3.14], ids=["A6", "A5", "A2", "a slide of 1,920 points"])
def test_a_page_reads_alike_at_any_size(tmp_path: Path, read: Read, k: float) -> None:
    plain, other = read(scaled(tmp_path / "plain.pdf", 1.0)), read(scaled(tmp_path / "scaled.pdf", k))

    def shape(elements: list[Element]) -> list[tuple[object, ...]]:
        return [
            (e.kind, e.text, e.level, e.page, e.picture and (e.picture.caption, e.picture.words))
            for e in elements
        ]

    assert {element.kind for element in plain} == {"heading", "paragraph", "picture", "table", "list"}
    assert shape(other) == shape(plain)
    for one, two in zip(plain, other, strict=True):
        assert two.bbox == pytest.approx([edge * k for edge in one.bbox or ()], abs=1.5 * k)
