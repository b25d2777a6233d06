"""What lies on a page rather than in it: form fields with their values, notes, links."""

from __future__ import annotations

import ctypes
import unicodedata
from dataclasses import dataclass, field
from typing import Any

from ....types import BBox
from .boxes import Frame
from .document import utf16_text

__all__ = ["Annotations", "Field", "Link", "Note", "read_annotations", "take_attachment"]

_MAX_URL = 8192  # characters
_PASSWORD = 1 << 13  # flag of a field that is shown as dots
_MARKING = (9, 10, 11, 12)  # highlight, underline, squiggly, strike-out
_MAX_MARKED, _MAX_MARKED_TEXT = 40, 300  # lines, and characters told of them
_MAX_OPTIONS = 1000  # of a list of choices


@dataclass(frozen=True, slots=True)
class Field:
    """A form field: its name as shown to the user where it has one (``titled``), and what was filled in.

    Boxes to be ticked and buttons of a choice are ``is_box``.
    """

    name: str
    value: str
    box: BBox
    titled: bool = False
    is_box: bool = False
    is_ticked: bool = False


@dataclass(frozen=True, slots=True)
class Note:
    """A comment, with its author."""

    text: str
    author: str
    box: BBox


@dataclass(frozen=True, slots=True)
class Link:
    """A web address behind a part of the page."""

    url: str
    box: BBox


@dataclass(slots=True)
class Annotations:
    """All of a page."""

    fields: list[Field] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    stamps: list[BBox] = field(
        default_factory=list
    )  # drawn onto the page, with nothing to be read but their looks
    files: list[tuple[str, bytes]] = field(default_factory=list)  # attached at a place: name and bytes


def read_annotations(document: Any, page: Any, frame: Frame) -> Annotations:
    """Return fields, notes, links and attached files of a page.

    Args:
        document: The ``pypdfium2.PdfDocument``, its form environment made where it has forms.
        page: The ``pypdfium2.PdfPage``.
        frame: How it is shown.
    """
    import pypdfium2
    import pypdfium2.raw as pdfium

    found = Annotations()
    form = document.formenv.raw if document.formenv else None
    rect = pdfium.FS_RECTF()
    unseen = pdfium.FPDF_ANNOT_FLAG_HIDDEN | pdfium.FPDF_ANNOT_FLAG_NOVIEW
    for index in range(max(0, pdfium.FPDFPage_GetAnnotCount(page))):
        annotation = pdfium.FPDFPage_GetAnnot(page, index)
        if not annotation:
            continue
        try:
            if pdfium.FPDFAnnot_GetFlags(annotation) & unseen:
                continue
            kind = pdfium.FPDFAnnot_GetSubtype(annotation)
            if not pdfium.FPDFAnnot_GetRect(annotation, rect):
                continue
            box = frame.rect(rect.left, rect.bottom, rect.right, rect.top)
            if kind == pdfium.FPDF_ANNOT_LINK:
                url = _url(document, annotation)
                if url:
                    found.links.append(Link(url, box))
            elif kind == pdfium.FPDF_ANNOT_WIDGET:
                if form is not None:
                    _add_field(found, form, annotation, box)
                else:
                    _add_orphan(found, annotation, box)
            elif kind != pdfium.FPDF_ANNOT_POPUP:
                attached = pdfium.FPDFAnnot_GetFileAttachment(annotation)
                if attached:
                    found.files.append(take_attachment(pypdfium2.PdfAttachment(attached, document)))
                text = _clean(utf16_text(pdfium.FPDFAnnot_GetStringValue, annotation, b"Contents"))
                if text:
                    author = _clean(utf16_text(pdfium.FPDFAnnot_GetStringValue, annotation, b"T"))
                    marked = _marked_words(annotation, page) if kind in _MARKING else ""
                    if marked and marked not in text:
                        text = f"{text} (on “{marked}”)"
                    found.notes.append(Note(text, author, box))
                if kind == pdfium.FPDF_ANNOT_STAMP and _is_drawn(annotation, told=bool(text)):
                    found.stamps.append(box)
        finally:
            pdfium.FPDFPage_CloseAnnot(annotation)
    return found


def _marked_words(annotation: Any, page: Any) -> str:
    """Return the words that a marker lies on, a few of them."""
    import pypdfium2.raw as pdfium

    textpage = pdfium.FPDFText_LoadPage(page)
    corners, words = pdfium.FS_QUADPOINTSF(), ""
    try:
        for number in range(min(_MAX_MARKED, pdfium.FPDFAnnot_CountAttachmentPoints(annotation))):
            if not pdfium.FPDFAnnot_GetAttachmentPoints(annotation, number, corners):
                continue
            xs, ys = ([getattr(corners, f"{axis}{corner}") for corner in range(1, 5)] for axis in "xy")
            middle = (min(ys) + max(ys)) / 2  # of the line that is marked, not of its neighbours
            sides = (min(xs), middle + 0.2, max(xs), middle - 0.2)
            length = pdfium.FPDFText_GetBoundedText(textpage, *sides, None, 0)
            if length > 0:
                buffer = (ctypes.c_ushort * (length + 1))()
                pdfium.FPDFText_GetBoundedText(textpage, *sides, buffer, length)
                words += " " + bytes(buffer).decode("utf-16-le", "ignore").split("\0")[0]
    finally:
        pdfium.FPDFText_ClosePage(textpage)
    words = " ".join(_clean(words).split())
    return words if len(words) <= _MAX_MARKED_TEXT else words[:_MAX_MARKED_TEXT].rsplit(" ", 1)[0] + " …"


def _is_drawn(annotation: Any, *, told: bool) -> bool:
    """Return whether a stamp shows what its text does not tell: anything where it has none, else a picture."""
    import pypdfium2.raw as pdfium

    objects = (
        pdfium.FPDFAnnot_GetObject(annotation, number)
        for number in range(max(0, pdfium.FPDFAnnot_GetObjectCount(annotation)))
    )
    return any(not told or pdfium.FPDFPageObj_GetType(raw) == pdfium.FPDF_PAGEOBJ_IMAGE for raw in objects)


def take_attachment(attachment: Any) -> tuple[str, bytes]:
    """Return name and bytes of a ``pypdfium2.PdfAttachment``; no bytes where they cannot be had."""
    import pypdfium2

    called = "file"
    try:
        called = str(attachment.get_name()) or called
        return called, bytes(attachment.get_data())
    except pypdfium2.PdfiumError:
        return called, b""


def _add_field(found: Annotations, form: Any, annotation: Any, box: BBox) -> None:
    import pypdfium2.raw as pdfium

    kind = pdfium.FPDFAnnot_GetFormFieldType(form, annotation)
    if kind in (pdfium.FPDF_FORMFIELD_PUSHBUTTON, pdfium.FPDF_FORMFIELD_UNKNOWN):
        return
    title = _clean(utf16_text(pdfium.FPDFAnnot_GetFormFieldAlternateName, form, annotation))
    name = title or _clean(utf16_text(pdfium.FPDFAnnot_GetFormFieldName, form, annotation))
    if kind in (pdfium.FPDF_FORMFIELD_CHECKBOX, pdfium.FPDF_FORMFIELD_RADIOBUTTON):
        if not pdfium.FPDFAnnot_IsChecked(form, annotation):
            if kind == pdfium.FPDF_FORMFIELD_CHECKBOX:
                found.fields.append(Field(name, "no", box, bool(title), is_box=True))
            return
        value = _clean(utf16_text(pdfium.FPDFAnnot_GetFormFieldExportValue, form, annotation))
        value = "yes" if value.lower() in ("", "on", "yes", "1", "true") else value
        found.fields.append(Field(name, value, box, bool(title), is_box=True, is_ticked=True))
        return
    if pdfium.FPDFAnnot_GetFormFieldFlags(form, annotation) & _PASSWORD:
        return
    if kind in (pdfium.FPDF_FORMFIELD_COMBOBOX, pdfium.FPDF_FORMFIELD_LISTBOX):
        value = _chosen(form, annotation)
    else:
        value = _clean(utf16_text(pdfium.FPDFAnnot_GetFormFieldValue, form, annotation))
    if name or value:
        found.fields.append(Field(name, value, box, bool(title)))


def _chosen(form: Any, annotation: Any) -> str:
    """Return the choices that were made, as they are shown; what was typed in where it is none of them."""
    import pypdfium2.raw as pdfium

    chosen = [
        _clean(utf16_text(pdfium.FPDFAnnot_GetOptionLabel, form, annotation, number))
        for number in range(max(0, min(_MAX_OPTIONS, pdfium.FPDFAnnot_GetOptionCount(form, annotation))))
        if pdfium.FPDFAnnot_IsOptionSelected(form, annotation, number)
    ]
    return ", ".join(filter(None, chosen)) or _clean(
        utf16_text(pdfium.FPDFAnnot_GetFormFieldValue, form, annotation)
    )


def _add_orphan(found: Annotations, annotation: Any, box: BBox) -> None:
    """Add a field of a document that lists no form: viewers show what was filled in all the same."""
    import pypdfium2.raw as pdfium

    name, value = (
        _clean(utf16_text(pdfium.FPDFAnnot_GetStringValue, annotation, key)) for key in (b"T", b"V")
    )
    if value:
        found.fields.append(Field(name, value, box))


def _url(document: Any, annotation: Any) -> str:
    import pypdfium2.raw as pdfium

    link = pdfium.FPDFAnnot_GetLink(annotation)
    action = pdfium.FPDFLink_GetAction(link) if link else None
    if not action:
        return ""
    length = pdfium.FPDFAction_GetURIPath(document, action, None, 0)
    if length <= 1 or length > _MAX_URL:
        return ""
    buffer = ctypes.create_string_buffer(length)
    pdfium.FPDFAction_GetURIPath(document, action, buffer, length)
    url = buffer.value.decode("utf-8", "replace").strip()
    return url if url.lower().startswith(("http://", "https://", "mailto:", "ftp://", "doi:")) else ""


def _clean(text: str) -> str:
    kept = "".join(
        character if character == "\n" or unicodedata.category(character)[0] != "C" else " "
        for character in text.replace("\r\n", "\n").replace("\r", "\n")
    )
    return "\n".join(" ".join(line.split()) for line in kept.split("\n")).strip()
