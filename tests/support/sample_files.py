"""One sound sample file for each reader, each with words, and with a picture where the kind has pictures."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from collections.abc import Callable
from email.message import EmailMessage
from functools import cache
from pathlib import Path

from PIL import Image, ImageDraw

WORDS = "The crane lifts forty tonnes"


def draw(width: int = 120, height: int = 90, kind: str = "PNG") -> bytes:
    """A picture with something on it."""
    image = Image.new("RGB", (width, height), "white")
    pen = ImageDraw.Draw(image)
    pen.rectangle((width // 8, height // 8, width // 2, height // 2), fill="navy")
    pen.line((0, height, width, 0), fill="red", width=3)
    buffer = io.BytesIO()
    image.save(buffer, kind)
    return buffer.getvalue()


def image(folder: Path) -> Path:
    path = folder / "crane.png"
    path.write_bytes(draw())
    return path


def svg(folder: Path) -> Path:
    path = folder / "plan.svg"
    path.write_text(
        "<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg' width='200' height='100'>"
        f"<rect width='90' height='50' fill='blue'/><text x='9' y='80'>{WORDS}</text></svg>"
    )
    return path


def markdown(folder: Path) -> Path:
    image(folder)
    path = folder / "page.md"
    path.write_text(
        f"# Harbour\n\n{WORDS}.\n\n![a crane](crane.png)\n\n*Figure 1: The crane.*\n\n- one\n- two\n"
    )
    return path


def html(folder: Path) -> Path:
    image(folder)
    path = folder / "page.html"
    path.write_text(
        f"<!DOCTYPE html><html><body><h1>Harbour</h1><p>{WORDS}.</p><figure><img src=crane.png>"
        "<figcaption>Figure 1: The crane.</figcaption></figure></body></html>"
    )
    return path


def plain_text(folder: Path) -> Path:
    path = folder / "notes.txt"
    path.write_text(f"Harbour\n=======\n\n{WORDS}.\n\nMore words follow here.\n")
    return path


def pdf(folder: Path) -> Path:
    from pdf_writing import PageSpec, text, write_pdf

    return write_pdf(folder / "page.pdf", [PageSpec(content=text(72, 700, f"{WORDS}."))])


def docx(folder: Path) -> Path:
    from docx import Document

    document = Document()
    document.add_heading("Harbour", 1)
    document.add_paragraph(f"{WORDS}, as Figure 1 shows.")
    document.add_picture(io.BytesIO(draw()))
    document.add_paragraph("Figure 1: The crane.", style="Caption")
    for line in ("one", "two"):
        document.add_paragraph(line, style="List Bullet")
    for line in ("first", "second"):
        document.add_paragraph(line, style="List Number")
    table = document.add_table(rows=2, cols=2)
    for cell, words in zip(
        (c for row in table.rows for c in row.cells), ("Port", "Depth", "Brest", "12 m"), strict=True
    ):
        cell.text = words
    path = folder / "harbour.docx"
    document.save(str(path))
    return path


def pptx(folder: Path) -> Path:
    from pptx import Presentation
    from pptx.chart.data import CategoryChartData
    from pptx.enum.chart import XL_CHART_TYPE
    from pptx.util import Inches

    deck = Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[1])
    slide.shapes.title.text = "Harbour"
    body = slide.placeholders[1].text_frame
    body.text = f"{WORDS}."
    point = body.add_paragraph()
    point.text = "inner point"
    point.level = 1
    slide.notes_slide.notes_text_frame.text = "Remember the tide."
    second = deck.slides.add_slide(deck.slide_layouts[5])
    second.shapes.title.text = "Depths"
    second.shapes.add_picture(io.BytesIO(draw()), Inches(1), Inches(2))
    table = second.shapes.add_table(2, 2, Inches(1), Inches(4), Inches(4), Inches(1)).table
    for index, words in enumerate(("Port", "Depth", "Brest", "12 m")):
        table.cell(index // 2, index % 2).text = words
    data = CategoryChartData()
    data.categories = ["North", "South"]
    data.add_series("Ships", (19.2, 21.4))
    second.shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, Inches(5), Inches(2), Inches(4), Inches(3), data)
    path = folder / "harbour.pptx"
    deck.save(str(path))
    return path


def xlsx(folder: Path) -> Path:
    import datetime

    from openpyxl import Workbook
    from openpyxl.chart import LineChart, Reference
    from openpyxl.comments import Comment
    from openpyxl.drawing.image import Image as SheetImage

    book = Workbook()
    sheet = book.active
    sheet.title = "Depths"
    for row in (
        ["Port", "Depth", "Share", "Seen"],
        ["Brest", 12.5, 0.25, datetime.date(2024, 5, 1)],
        [WORDS, 8, 0.5, None],
    ):
        sheet.append(row)
    sheet["C2"].number_format = sheet["C3"].number_format = "0%"
    sheet["A1"].comment = Comment("Check the ports.", "Ann")
    sheet["A6"], sheet["B6"] = "Second table", "x"
    sheet["A7"], sheet["B7"] = "y", "z"
    chart = LineChart()
    chart.title = "Depth by port"
    chart.add_data(Reference(sheet, min_col=2, min_row=1, max_row=3), titles_from_data=True)
    chart.set_categories(Reference(sheet, min_col=1, min_row=2, max_row=3))
    sheet.add_chart(chart, "F2")
    sheet.add_image(SheetImage(io.BytesIO(draw())), "F20")
    path = folder / "depths.xlsx"
    book.save(str(path))
    return path


ODF = "urn:oasis:names:tc:opendocument:xmlns:"
ODF_SPACES = " ".join(
    [
        *(
            f'xmlns:{prefix}="{ODF}{name}:1.0"'
            for prefix, name in (
                ("office", "office"),
                ("text", "text"),
                ("table", "table"),
                ("draw", "drawing"),
                ("style", "style"),
                ("presentation", "presentation"),
                ("svg", "svg-compatible"),
                ("fo", "xsl-fo-compatible"),
                ("chart", "chart"),
            )
        ),
        'xmlns:xlink="http://www.w3.org/1999/xlink"',
        'xmlns:dc="http://purl.org/dc/elements/1.1/"',
    ]
)


def write_odf(
    path: Path, kind: str, body: str, *, styles: str = "", parts: dict[str, bytes] | None = None
) -> Path:
    """An OpenDocument file of ``kind`` ("text", "spreadsheet", "presentation") with the body given."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", f"application/vnd.oasis.opendocument.{kind}")
        archive.writestr(
            "content.xml",
            f"<office:document-content {ODF_SPACES}><office:automatic-styles>{styles}</office:automatic-styles>"
            f"<office:body><office:{kind}>{body}</office:{kind}></office:body></office:document-content>",
        )
        for name, data in (parts or {}).items():
            archive.writestr(name, data)
    return path


def opendocument(folder: Path) -> Path:
    return write_odf(
        folder / "harbour.odt",
        "text",
        f'<text:h text:outline-level="1">Harbour</text:h><text:p>{WORDS}.</text:p>'
        '<text:p><draw:frame><draw:image xlink:href="Pictures/crane.png"/></draw:frame></text:p>'
        '<text:p text:style-name="Caption">Figure 1: The crane.</text:p>',
        parts={"Pictures/crane.png": draw()},
    )


def epub(folder: Path) -> Path:
    path = folder / "book.epub"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/epub+zip")
        archive.writestr(
            "META-INF/container.xml",
            '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
            '<rootfile full-path="OEBPS/book.opf"/></rootfiles></container>',
        )
        archive.writestr(
            "OEBPS/book.opf",
            '<package xmlns="http://www.idpf.org/2007/opf" xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata>'
            "<dc:title>The Harbour</dc:title></metadata><manifest>"
            '<item id="nav" href="nav.xhtml" properties="nav"/><item id="two" href="two.xhtml"/>'
            '<item id="one" href="text/one%20a.xhtml"/></manifest>'
            '<spine><itemref idref="nav"/><itemref idref="one"/><itemref idref="two"/></spine></package>',
        )
        archive.writestr("OEBPS/nav.xhtml", "<html><body><p>Contents</p></body></html>")
        archive.writestr(
            "OEBPS/text/one a.xhtml",
            f"<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'><head><title>t</title></head><body>"
            f"<h2>Cranes</h2><p>{WORDS}.</p><figure><img src='../img/crane.png' alt='crane'/>"
            "<figcaption>The crane.</figcaption></figure></body></html>",
        )
        archive.writestr("OEBPS/two.xhtml", "<html><body><h2>Ropes</h2><p>Rope holds.</p></body></html>")
        archive.writestr("OEBPS/img/crane.png", draw())
    return path


def email(folder: Path) -> Path:
    message = EmailMessage()
    message["Subject"] = "Kräne im Hafen"
    message["From"] = "Ann <ann@example.org>"
    message["To"] = "bob@example.org"
    message["Date"] = "Mon, 06 May 2024 10:00:00 +0000"
    message["Message-ID"] = "<1@example.org>"
    message.set_content(f"{WORDS}.")
    message.add_alternative(f"<p>{WORDS}.</p><img src='cid:crane'>", subtype="html")
    message.get_payload()[1].add_related(draw(), "image", "png", cid="<crane>")
    message.add_attachment(
        b"# Attached\n\nThe attached words.\n", maintype="text", subtype="markdown", filename="note.md"
    )
    path = folder / "mail.eml"
    path.write_bytes(bytes(message))
    return path


def notebook(folder: Path) -> Path:
    picture = base64.b64encode(draw()).decode()
    cells = [
        {"cell_type": "markdown", "source": ["# Harbour\n", "\n", f"{WORDS}.\n", "![c](attachment:c.png)"],
         "attachments": {"c.png": {"image/png": picture}}},
        {"cell_type": "code", "source": "plot(depth)", "outputs": [
            {"output_type": "stream", "name": "stdout", "text": ["printed line\n"]},
            {"output_type": "display_data", "data": {"image/png": picture, "text/plain": "<Figure>"}},
            {"output_type": "execute_result", "data": {
                "text/html": "<table><tr><th>Port</th><th>Depth</th></tr><tr><td>Brest</td><td>12</td></tr></table>",
                "text/plain": "x"}},
        ]},
    ]  # fmt: skip
    path = folder / "depths.ipynb"
    path.write_text(json.dumps({"cells": cells, "nbformat": 4, "nbformat_minor": 5, "metadata": {}}))
    return path


def as_json(folder: Path) -> Path:
    path = folder / "ports.json"
    path.write_text(json.dumps([{"port": "Brest", "depth": 12}, {"port": WORDS, "depth": None}]))
    return path


def csv(folder: Path) -> Path:
    path = folder / "ports.csv"
    path.write_text(f"Port;Depth\nBrest;12,5\n{WORDS};8\n")
    return path


def rtf(folder: Path) -> Path:
    path = folder / "harbour.rtf"
    path.write_text(
        r"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0 Arial;}}{\stylesheet{\s1 heading 1;}}\pard\s1 Harbour\par\pard "
        + WORDS
        + r" in K\'f6ln\par {\pict\pngblip "
        + draw().hex()
        + r"}\par {\i Figure 1: The crane.}\par}"
    )
    return path


def asciidoc(folder: Path) -> Path:
    image(folder)
    path = folder / "page.adoc"
    path.write_text(
        f"= Harbour\n\n{WORDS}.\n\n.Figure 1. The crane\nimage::crane.png[a crane]\n\n* one\n* two\n"
    )
    return path


def xml_document(folder: Path) -> Path:
    path = folder / "sample.xml"
    path.write_text(
        f'<?xml version="1.0"?>\n<article><title>Harbour</title><para>{WORDS}</para>'
        "<itemizedlist><listitem><para>one</para></listitem></itemizedlist></article>"
    )
    return path


def restructured_text(folder: Path) -> Path:
    image(folder)
    path = folder / "page.rst"
    path.write_text(
        f"Harbour\n=======\n\n{WORDS}.\n\n.. figure:: crane.png\n   :alt: a crane\n\n   The crane.\n"
    )
    return path


def subtitle(folder: Path) -> Path:
    path = folder / "talk.srt"
    path.write_text(
        f"1\n00:00:00,000 --> 00:00:02,000\n{WORDS}.\n\n2\n00:00:02,500 --> 00:00:04,000\nThe end.\n"
    )
    return path


def audio(folder: Path) -> Path:
    import math
    import struct
    import wave

    subtitle(folder)
    path = folder / "talk.wav"
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        tone = (int(9000 * math.sin(n / 5)) for n in range(4 * 8000))
        sound.writeframes(b"".join(struct.pack("<h", level) for level in tone))
    return path


def video(folder: Path) -> Path:
    import pytest

    av = pytest.importorskip("av")
    subtitle(folder)
    path = folder / "talk.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 128, 96, "yuv420p"
        for number in range(40):
            picture = Image.open(io.BytesIO(draw(128, 96)))
            if number >= 20:
                picture = picture.rotate(180)
            for packet in stream.encode(av.VideoFrame.from_image(picture)):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return path


def latex(folder: Path) -> Path:
    image(folder)
    path = folder / "paper.tex"
    path.write_text(
        "\\documentclass{article}\n\\begin{document}\n\\section{Harbour}\n" + WORDS + ".\n"
        "\\begin{figure}\\includegraphics[width=3cm]{crane}\\caption{The crane.}\\end{figure}\n\\end{document}\n"
    )
    return path


def mailbox(folder: Path) -> Path:
    message = email(folder).read_bytes()
    path = folder / "archive.mbox"
    path.write_bytes(
        b"".join(b"From a@example.org Mon May  4 10:00:00 2031\n" + message + b"\n\n" for _ in range(2))
    )
    return path


def outlook(folder: Path) -> Path:
    from compound_file import write_message

    return write_message(
        folder / "note.msg",
        subject="Harbour",
        body=f"{WORDS}.",
        sender="a@example.org",
        to="b@example.org",
        files={"crane.png": draw()},
    )


def archive(folder: Path) -> Path:
    import zipfile

    path = folder / "documents.zip"
    with zipfile.ZipFile(path, "w") as made:
        made.write(markdown(folder), "notes/page.md")
        made.write(folder / "crane.png", "notes/crane.png")
    return path


def legacy_office(folder: Path) -> Path:
    import pytest

    from xmrag_plugin.readers.office_suite import find_office

    if find_office() is None:
        pytest.skip("LibreOffice is not installed")
    path = folder / "old.doc"
    path.write_bytes(_converted(docx(folder).read_bytes(), ".docx", "doc"))
    return path


@cache
def _converted(data: bytes, suffix: str, target: str) -> bytes:
    from xmrag_plugin.readers.office_suite import convert

    return convert(data, suffix, target) or b""


def calendar(folder: Path) -> Path:
    path = folder / "berths.ics"
    path.write_text(f"BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:{WORDS}\nEND:VEVENT\nEND:VCALENDAR\n")
    return path


def feed(folder: Path) -> Path:
    path = folder / "news.rss"
    path.write_text(f"<rss><channel><title>News</title><item><title>{WORDS}</title></item></channel></rss>")
    return path


def canvas(folder: Path) -> Path:
    image(folder)
    cards = [{"type": "text", "text": f"{WORDS}."}, {"type": "file", "file": "crane.png", "y": 200}]
    path = folder / "board.canvas"
    path.write_text(json.dumps({"nodes": cards, "edges": []}))
    return path


SAMPLES: dict[str, Callable[[Path], Path]] = {
    "audio": audio,
    "subtitle": subtitle,
    "video": video,
    "image": image,
    "svg": svg,
    "markdown": markdown,
    "html": html,
    "plain_text": plain_text,
    "pdf": pdf,
    "docx": docx,
    "pptx": pptx,
    "xlsx": xlsx,
    "opendocument": opendocument,
    "epub": epub,
    "email": email,
    "notebook": notebook,
    "json": as_json,
    "csv": csv,
    "rtf": rtf,
    "asciidoc": asciidoc,
    "restructured_text": restructured_text,
    "xml_document": xml_document,
    "latex": latex,
    "mailbox": mailbox,
    "outlook": outlook,
    "archive": archive,
    "legacy_office": legacy_office,
    "canvas": canvas,
    "feed": feed,
    "calendar": calendar,
}
"""A sample for each reader by its name; a new reader adds its own."""
