"""Form fields and stamps, as a reader sees them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pdf_parts import noise
from pdf_writing import PageSpec, text, write_pdf

from xmrag_plugin.types import Element

Read = Callable[..., list[Element]]


def test_choices_are_read_as_they_are_shown_and_passwords_are_not(tmp_path: Path, read: Read) -> None:
    widget = "<< /Type /Annot /Subtype /Widget /Rect [200 {y} 400 {top}] {rest} >>"
    fields = [
        "/FT /Ch /Ff 131072 /T (port) /TU (Home port) /Opt [[(SK) (Skagen)] [(HI) (Hirtshals)]] /V (SK)",
        "/FT /Ch /Ff 2097152 /T (gear) /TU (Gear) /Opt [(net) (hook) (trap)] /V [(net) (trap)] /I [0 2]",
        "/FT /Ch /Ff 393216 /T (crew) /TU (Crew) /Opt [(two) (four)] /V (eleven)",
        "/FT /Tx /Ff 8192 /T (pin) /TU (Access word) /V (open-sesame-77)",
    ]
    more = [widget.format(y=700 - 30 * n, top=718 - 30 * n, rest=rest) for n, rest in enumerate(fields)]
    names = [f"{100 + n} 0 R" for n in range(len(more))]
    page = PageSpec(text(72, 740, "Register of boats"), annots=names)
    catalog = f"/AcroForm << /Fields [{' '.join(names)}] /DA (/Helv 10 Tf) >>"
    elements = read(write_pdf(tmp_path / "form.pdf", [page], catalog=catalog, more=more))
    [form] = [element for element in elements if element.metadata.get("form")]
    assert form.text.splitlines() == ["Home port: Skagen", "Gear: net, trap", "Crew: eleven"]


def test_fields_are_called_as_the_page_calls_them(tmp_path: Path, read: Read) -> None:
    widget = "<< /Type /Annot /Subtype /Widget /Rect [{} {} {} {}] {} >>".format
    box = "/FT /Btn /T (f{}) /V /{on} /AS /{on} /AP << /N << /Yes 110 0 R /Off 110 0 R >> >>".format
    more = [
        widget(160, 698, 300, 712, "/FT /Tx /T (topmost[0].f1_01[0]) /V (Ariel)"),
        widget(72, 640, 200, 654, "/FT /Tx /T (f1_02) /V (Ines)"),
        widget(130, 598, 142, 610, box(3, on="Yes")),
        widget(250, 598, 262, 610, box(4, on="Off")),
        widget(500, 300, 512, 312, box(5, on="Off")),
    ]
    more += ["null"] * 5 + [
        "<< /Type /XObject /Subtype /Form /BBox [0 0 12 12] /Length 0 >>\nstream\n\nendstream"
    ]
    names = " ".join(f"{100 + number} 0 R" for number in range(5))
    words = (
        text(72, 700, "Name of vessel:")
        + text(72, 658, "Owner")
        + text(72, 600, "Insured")
        + text(190, 600, "Chartered")
    )
    catalog = f"/AcroForm << /Fields [{names}] /DA (/Helv 10 Tf) >>"
    pages = [PageSpec(words, annots=[names])]
    elements = read(write_pdf(tmp_path / "form.pdf", pages, catalog=catalog, more=more))
    [form] = [element for element in elements if element.metadata.get("form")]
    assert form.text.splitlines() == ["Name of vessel: Ariel", "Owner: Ines", "Insured: yes", "Chartered: no"]


def test_a_stamp_is_a_picture(tmp_path: Path, read: Read) -> None:
    form = "<< /Type /XObject /Subtype /Form /BBox [0 0 200 60] /Resources << {} >> /Length {} >>\nstream\n{}\nendstream"
    drawn = text(8, 22, "SEEN BY THE PILOT", size=16)
    stamp = "<< /Type /Annot /Subtype /Stamp /Rect [100 {y} 300 {top}] /AP << /N {ap} 0 R >> {rest} >>"
    more = [
        stamp.format(y=500, top=560, ap=103, rest=""),
        stamp.format(y=400, top=460, ap=103, rest="/Contents (Seen on Monday) /T (Ole)"),
        stamp.format(y=300, top=360, ap=104, rest=""),
        form.format("/Font << /F1 11 0 R >>", len(drawn), drawn),
        form.format("", 0, ""),
    ]
    page = PageSpec(text(72, 700, "Log of the week"), annots=["100 0 R", "101 0 R", "102 0 R"])
    elements = read(write_pdf(tmp_path / "stamped.pdf", [page], more=more))
    assert [element.text for element in elements if element.kind == "note"] == ["Ole: Seen on Monday"]
    [picture] = [element for element in elements if element.kind == "picture"]
    assert picture.bbox == (100.0, 232.0, 300.0, 292.0)


def test_a_stamp_on_a_turned_page_stands_upright(tmp_path: Path, read: Read) -> None:
    width, height, pixels = noise(3, 40, 20)
    image = (
        f"<< /Type /XObject /Subtype /Image /Width {width} /Height {height} /ColorSpace /DeviceRGB /BitsPerComponent 8 "
        f"/Length {len(pixels)} >>\nstream\n" + pixels.decode("latin-1") + "\nendstream"
    )
    drawn = "q 60 0 0 200 0 0 cm /I Do Q"
    more = [
        "<< /Type /Annot /Subtype /Stamp /Rect [400 100 460 300] /AP << /N 101 0 R >> >>",
        f"<< /Type /XObject /Subtype /Form /BBox [0 0 60 200] /Resources << /XObject << /I 102 0 R >> >> /Length {len(drawn)} >>\n"
        f"stream\n{drawn}\nendstream",
        image,
    ]
    page = PageSpec(text(72, 700, "Log of the week"), annots=["100 0 R"], rotate=90)
    [picture] = [
        element
        for element in read(write_pdf(tmp_path / "turned.pdf", [page], more=more))
        if element.kind == "picture"
    ]
    x0, y0, x1, y1 = picture.bbox or (0, 0, 0, 0)
    assert (x1 - x0, y1 - y0) == (200.0, 60.0)
