"""Forms that PDFium does not show."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pdf_writing import PageSpec, lines, write_pdf

from xmrag_plugin.types import Element

Read = Callable[..., list[Element]]


def test_what_was_filled_into_an_xfa_form_is_read_and_the_form_named(tmp_path: Path, read: Read) -> None:
    data = (
        '<x:xdp xmlns:x="http://ns.adobe.com/xdp/"><d:datasets xmlns:d="http://www.xfa.org/schema/xfa-data/1.0/"><d:data>'
        "<form><name>Kari Nordmann</name><empty/></form></d:data></d:datasets></x:xdp>"
    )
    path = write_pdf(
        tmp_path / "a.pdf",
        [PageSpec(lines(72, 700, ["Please wait..."]))],
        catalog="/AcroForm << /Fields [] /XFA 100 0 R >> /NeedsRendering true",
        more=[f"<< /Length {len(data)} >>\nstream\n{data}\nendstream"],
    )
    told: list[str] = []
    elements = read(path, on_warning=lambda message, hint: told.append(message))
    assert elements[-1].text == "name: Kari Nordmann"
    assert told == ["a.pdf: it is an XFA form, of which only what was filled in could be read."]
