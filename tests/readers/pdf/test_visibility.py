"""Only what a reader sees is read: rendering modes, colours, size, layers, clips, covers, edges of the page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pdf_writing import PageSpec, lines, text, write_pdf

from xmrag_plugin.types import Element

Read = Callable[..., list[Element]]
PROSE = [
    "The award for the harbour works was 485,000 EUR, paid in three parts",
    "to the yard that had built the lock, and the books were closed then.",
]
SHOWN = lines(72, 700, PROSE)
LAYER = "/OC /Off BDC\n" + text(72, 600, "HIDDEN words") + "EMC\n"
FORM = "<< /Type /XObject /Subtype /Form /BBox [0 0 612 792] /Resources << /Font << /F1 11 0 R >> >> {}/Length {} >>\nstream\n{}\nendstream"


def words(elements: list[Element]) -> str:
    return " ".join(element.text for element in elements)


@pytest.mark.parametrize(
    "hidden",
    [
        "3 Tr " + text(72, 600, "HIDDEN words") + "0 Tr\n",
        "7 Tr " + text(72, 600, "HIDDEN words") + "0 Tr\n",
        "1 1 1 rg " + text(72, 600, "HIDDEN words") + "0 g\n",
        "0.99 1 0.98 rg " + text(72, 600, "HIDDEN words") + "0 g\n",
        "0.1 0.2 0.5 rg 60 590 200 30 re f " + text(72, 600, "HIDDEN words") + "0 g\n",
        text(72, 600, "HIDDEN words") + "1 1 1 rg 60 590 200 30 re f 0 g\n",
        text(72, 600, "HIDDEN words") + "0 0 0 rg 60 590 200 30 re f 0 g\n",
        text(72, 600, "HIDDEN words", size=0.4),
        text(72, 600, "HIDDEN words", size=0.9),
        text(700, 600, "HIDDEN words"),
        text(72, -30, "HIDDEN words"),
        "q 300 100 50 50 re W n " + text(72, 600, "HIDDEN words") + "Q\n",
    ],
    ids=[
        "rendering mode", "clip mode", "white", "nearly white", "colour of its ground", "painted over", "blacked out",
        "microscopic", "less than a point", "beside the page", "below the page", "outside its clip path",
    ],
)  # fmt: skip
def test_what_no_reader_sees(tmp_path: Path, read: Read, hidden: str) -> None:
    found = words(read(write_pdf(tmp_path / "hidden.pdf", [PageSpec(SHOWN + hidden)])))
    assert "HIDDEN" not in found
    assert found == " ".join(PROSE)


@pytest.mark.parametrize(
    "shown",
    [
        "0.1 0.2 0.5 rg 60 590 200 30 re f 1 1 1 rg " + text(72, 600, "SHOWN words") + "0 g\n",
        "1 1 1 rg 60 590 200 30 re f 0 g " + text(72, 600, "SHOWN words"),
        "0.1 0.2 0.5 rg 60 590 200 30 re f 0.4 0.7 1 rg " + text(72, 600, "SHOWN words") + "0 g\n",
        "2 Tr " + text(72, 600, "SHOWN words") + "0 Tr\n",
        "0.9 0.9 0.9 rg " + text(72, 600, "SHOWN words") + "0 g\n",
        text(72, 600, "SHOWN words", size=4),
        "q 50 580 300 50 re W n " + text(72, 600, "SHOWN words") + "Q\n",
    ],
    ids=[
        "white on blue",
        "on white",
        "blue on blue",
        "outlined",
        "pale",
        "small print",
        "within its clip path",
    ],
)
def test_what_a_reader_sees(tmp_path: Path, read: Read, shown: str) -> None:
    assert "SHOWN words" in words(read(write_pdf(tmp_path / "shown.pdf", [PageSpec(SHOWN + shown)])))


@pytest.mark.parametrize("state", ["ON", "OFF"])
@pytest.mark.parametrize("kind", ["marked content", "a form in marked content", "a form of the layer"])
def test_layers(tmp_path: Path, read: Read, kind: str, state: str) -> None:
    within = text(72, 600, "LAYER words")
    own = "/OC 100 0 R " if kind == "a form of the layer" else ""
    drawn = within if kind == "marked content" else "/Fm Do\n"
    content = drawn if own else f"/OC /L BDC\n{drawn}EMC\n"
    extra = "/Resources << /Font << /F1 11 0 R >> /Properties << /L 100 0 R >> /XObject << /Fm 101 0 R >> >>"
    page = PageSpec(SHOWN + content, extra=extra)
    path = write_pdf(
        tmp_path / "layers.pdf",
        [page],
        catalog=f"/OCProperties << /OCGs [100 0 R] /D << /{state} [100 0 R] >> >>",
        more=["<< /Type /OCG /Name (Notes) >>", FORM.format(own, len(within), within)],
    )
    assert ("LAYER words" in words(read(path))) == (state == "ON")


def test_text_beyond_the_crop_box_is_not_read(tmp_path: Path, read: Read) -> None:
    page = PageSpec(SHOWN + text(72, 60, "HIDDEN words"), extra="/CropBox [0 100 612 792]")
    assert words(read(write_pdf(tmp_path / "cropped.pdf", [page]))) == " ".join(PROSE)


def test_invisible_words_on_a_scan_are_its_text(tmp_path: Path, read: Read) -> None:
    layer = "3 Tr " + lines(72, 700, PROSE) + "0 Tr\n"
    scan = (120, 160, bytes(range(256)) * 225)
    page = PageSpec("q 612 0 0 792 0 0 cm /Im1 Do Q\n" + layer, {"Im1": scan})
    found = read(write_pdf(tmp_path / "scan.pdf", [page]))
    assert words(found).strip() == " ".join(PROSE)
    beside = PageSpec("q 200 0 0 200 300 100 cm /Im1 Do Q\n" + layer, {"Im1": scan})
    assert words(read(write_pdf(tmp_path / "beside.pdf", [beside]))).strip() == ""


def test_notes_that_are_switched_off(tmp_path: Path, read: Read) -> None:
    note = "<< /Type /Annot /Subtype /Text /Rect [72 400 90 420] /F {} /Contents ({}) >>"
    page = PageSpec(
        SHOWN,
        annots=[note.format(flag, words) for flag, words in ((2, "HIDDEN"), (32, "HIDDEN"), (4, "Seen"))],
    )
    assert [e.text for e in read(write_pdf(tmp_path / "a.pdf", [page])) if e.kind == "note"] == ["Seen"]
