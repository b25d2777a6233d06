"""Marks of lists in all the ways that programs set them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pdf_writing import PageSpec, lines, text, write_pdf

from xmrag_plugin.types import Element

Read = Callable[..., list[Element]]
ITEMS = ["a rope of forty metres", "a lamp with a spare wick", "two hooks and a chart"]
CMAP = (
    "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapType 2 def 1 begincodespacerange <00> <FF> "
    "endcodespacerange 1 beginbfchar <{0:02X}> <F0{0:02X}> endbfchar endcmap end end"
)


def listed(elements: list[Element]) -> list[str]:
    return [row for element in elements if element.kind == "list" for row in element.text.splitlines()]


@pytest.mark.parametrize(
    ("font", "code", "private", "sign"),
    [
        ("Wingdings-Regular", 0xA7, False, "▪"),
        ("Wingdings-Regular", 0xA7, True, "▪"),
        ("Wingdings-Regular", 0xFC, True, "✓"),
        ("Wingdings-Regular", 0x9F, False, "•"),
        ("Wingdings-Regular", 0xD8, False, "➢"),
        ("ABCDEF+Wingdings2", 0xA3, True, "☐"),
        ("SymbolMT", 0xB7, True, "•"),
    ],
)
def test_signs_of_symbol_fonts(
    tmp_path: Path, read: Read, font: str, code: int, private: bool, sign: str
) -> None:
    cmap = CMAP.format(code)
    meaning = "/ToUnicode 101 0 R " if private else ""
    more = [
        f"<< /Type /Font /Subtype /TrueType /BaseFont /{font} /Encoding /WinAnsiEncoding /FirstChar {code} /LastChar {code} "
        f"/Widths [500] {meaning}>>",
        f"<< /Length {len(cmap)} >>\nstream\n{cmap}\nendstream",
    ]
    content = text(72, 720, "The crew brings the following things:")
    for number, item in enumerate(ITEMS):
        y = 700 - 14 * number
        content += f"BT /F9 11 Tf 1 0 0 1 80 {y} Tm <{code:02X}> Tj ET\n" + text(95, y, item)
    page = PageSpec(content, fonts={"F9": "100 0 R"})
    found = listed(read(write_pdf(tmp_path / "signs.pdf", [page], more=more)))
    assert found == [f"{sign} {item}" for item in ITEMS]


@pytest.mark.parametrize("mark", ["dots", "squares", "pictures"])
def test_marks_that_are_drawn(tmp_path: Path, read: Read, mark: str) -> None:
    content = text(72, 720, "The crew brings the following things on board each day:")
    page = PageSpec("", images={"B": (8, 8, bytes(192))} if mark == "pictures" else {})
    for number, item in enumerate(ITEMS):
        y = 700 - 15 * number
        content += {
            "dots": f"85 {y + 4} m 85 {y + 6} 81 {y + 6} 81 {y + 4} c 81 {y + 2} 85 {y + 2} 85 {y + 4} c f\n",
            "squares": f"81 {y + 2} 4 4 re f\n",
            "pictures": f"q 5 0 0 5 81 {y + 2} cm /B Do Q\n",
        }[mark] + text(95, y, item)
    page.content = content
    assert listed(read(write_pdf(tmp_path / "drawn.pdf", [page]))) == [f"• {item}" for item in ITEMS]


def test_swatches_of_a_legend_and_single_marks_are_none(tmp_path: Path, read: Read) -> None:
    content = lines(72, 740, ["The keeper wrote the figures down by hand, every hour of the day."] * 4)
    for number, item in enumerate(("North pier", "South pier", "Long quay")):
        y = 640 - 15 * number
        content += f"0.{number + 2} 0.4 0.{number + 5} rg 81 {y + 1} 6 6 re f 0 g\n" + text(95, y, item)
    content += "81 502 4 4 re f\n" + text(95, 500, "One thing with a mark before it")
    found = read(write_pdf(tmp_path / "legend.pdf", [PageSpec(content)]))
    assert not any("•" in element.text for element in found)
