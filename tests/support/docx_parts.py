"""Word documents written part by part, so that each construct is there on purpose."""

from __future__ import annotations

import zipfile

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
M = 'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'


def write_docx(
    path, body: str, *, parts: dict[str, bytes | str] | None = None, relations: str = "", strict: bool = False
):
    """A Word document with the body given, relation by relation."""
    base = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    document = f"<w:document {W} {M}><w:body>{body}</w:body></w:document>"
    if strict:
        document = document.replace(
            "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
            "http://purl.oclc.org/ooxml/wordprocessingml/main",
        )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(
            "_rels/.rels",
            '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
            f'<Relationship Id="r1" Type="{base}/officeDocument" Target="word/document.xml"/></Relationships>',
        )
        archive.writestr("word/document.xml", document)
        archive.writestr(
            "word/_rels/document.xml.rels",
            f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{relations}</Relationships>',
        )
        for name, data in (parts or {}).items():
            archive.writestr(name, data)
    return path


def text(words: str) -> str:
    return f"<w:p><w:r><w:t>{words}</w:t></w:r></w:p>"


def relation(number: str, kind: str, target: str) -> str:
    base = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    return f'<Relationship Id="{number}" Type="{base}/{kind}" Target="{target}"/>'
