"""Kinds of file that no reader takes: what they are, and what would make them readable."""

from __future__ import annotations

from pathlib import Path

__all__ = ["kind_of", "remedy_for"]

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"%PDF-", "PDF"),
    (b"%!PS", "PostScript"),
    (b"\xc5\xd0\xd3\xc6", "PostScript"),
    (b"{\\rtf", "RTF"),
    (b"7z\xbc\xaf\x27\x1c", "7z archive"),
    (b"Rar!\x1a\x07", "RAR archive"),
    (b"\x1f\x8b", "gzip archive"),
    (b"BZh", "bzip2 archive"),
    (b"\xfd7zXZ", "xz archive"),
    (b"\x28\xb5\x2f\xfd", "zstd archive"),
    (b"\x7fELF", "program"),
    (b"MZ", "program"),
    (b"SQLite format 3", "SQLite database"),
    (b"AT&TFORM", "DjVu"),
    (b"8BPS", "Photoshop document"),
    (b"PAR1", "Parquet table"),
    (b"\x78\x9f\x3e\x22", "Outlook attachment (winmail.dat)"),
    (b"!BDN", "Outlook mailbox (.pst)"),
    (b"\x00\x01\x00\x00\x00", "font"),
    (b"OTTO", "font"),
    (b"wOFF", "font"),
    (b"wOF2", "font"),
    (b"\xd7\xcd\xc6\x9a", "Windows metafile"),
    (b"ID3", "sound"),
    (b"fLaC", "sound"),
    (b"OggS", "sound"),
    (b"\x1a\x45\xdf\xa3", "video"),
)

_REMEDIES: dict[str, str] = {
    "PostScript": "Convert it to PDF (ps2pdf) and add that.",
    "old office file": "Save it as .docx, .xlsx or .pptx (LibreOffice: soffice --headless --convert-to docx FILE).",
    "old Word file": "Save it as .docx (LibreOffice: soffice --headless --convert-to docx FILE).",
    "old Excel file": "Save it as .xlsx (LibreOffice: soffice --headless --convert-to xlsx FILE).",
    "old PowerPoint file": "Save it as .pptx (LibreOffice: soffice --headless --convert-to pptx FILE).",
    "Outlook message": "Save the message as .eml and add that.",
    "DjVu": "Convert it to PDF (ddjvu -format=pdf) and add that.",
    "Photoshop document": "Export it as PNG or JPEG and add that.",
    "Parquet table": "Export it as CSV and add that.",
    "SQLite database": "Export its tables as CSV and add those.",
    "Outlook mailbox (.pst)": "Export its messages as .eml files and add those.",
    "Outlook attachment (winmail.dat)": "Unpack it (tnef, ytnef), or have the message sent as plain MIME.",
    "Windows metafile": "Convert it to SVG or PNG (LibreOffice or Inkscape) and add that.",
    "sound": "Install the media reader: pip install 'xmrag-plugin[media]'.",
    "video": "Install the media reader: pip install 'xmrag-plugin[media]'.",
}

_STREAMS = (
    ("WordDocument", "old Word file"),
    ("PowerPoint Document", "old PowerPoint file"),
    ("Workbook\0", "old Excel file"),
    ("Book\0", "old Excel file"),
)
"""Names in the directory of a compound file that tell what wrote it."""

_REMEDY_OF_SUFFIX: dict[str, str] = {
    ".doc": _REMEDIES["old Word file"],
    ".xls": _REMEDIES["old Excel file"],
    ".ppt": _REMEDIES["old PowerPoint file"],
    ".msg": _REMEDIES["Outlook message"],
    ".mobi": "Convert it to EPUB (Calibre: ebook-convert) and add that.",
    ".azw3": "Convert it to EPUB (Calibre: ebook-convert) and add that.",
    ".pages": "Export it from Pages as DOCX or PDF and add that.",
    ".numbers": "Export it from Numbers as XLSX and add that.",
    ".key": "Export it from Keynote as PPTX or PDF and add that.",
    ".vsdx": "Export it from Visio as PDF or SVG and add that.",
    ".eps": "Convert it to PDF or PNG and add that.",
    ".dwg": "Plot it to PDF and add that.",
}


def kind_of(head: bytes, path: Path) -> str:
    """Return a name for what the bytes are, ``""`` when they tell nothing."""
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return _kind_of_compound(path)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "zip archive"
    if head[4:8] == b"ftyp":
        return "video"
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    return ""


def remedy_for(kind: str, suffix: str) -> str:
    """Return what the user can do with a file of this kind."""
    if kind in ("old office file", "zip archive") and suffix in _REMEDY_OF_SUFFIX:
        return _REMEDY_OF_SUFFIX[suffix]
    if kind.endswith("archive"):
        return "Unpack it and add the folder."
    remedy = _REMEDIES.get(kind) or _REMEDY_OF_SUFFIX.get(suffix)
    return remedy or (
        "Convert it to PDF, DOCX, HTML, Markdown or a picture and add that, "
        "or install a reader for it (entry point group xmrag_plugin.readers)."
    )


def _kind_of_compound(path: Path) -> str:
    """Tell apart old office files, mail messages and encrypted new ones, which share one container (MS-CFB)."""
    names = path.read_bytes()[: 64 << 20]
    if "EncryptedPackage".encode("utf-16-le") in names:
        return "encrypted office file"
    if "__properties_version1.0".encode("utf-16-le") in names:
        return "Outlook message"
    for stream, kind in _STREAMS:
        if stream.encode("utf-16-le") in names:
            return kind
    return "old office file"
