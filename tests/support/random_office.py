"""Random documents written as Word, OpenDocument, RTF, PowerPoint and Excel files."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from random_documents import (
    Block,
    Box,
    Figure,
    Heading,
    Items,
    Paragraph,
    Table,
    Tree,
    caption_of,
    lines_of,
    marked_items,
    picture,
    said,
)


def docx(tree: Tree, folder: Path) -> Path:
    """A document of python-docx, its footnotes, numbering and text boxes written into its parts."""
    from docx import Document
    from docx.oxml import parse_xml
    from docx_parts import W

    document = Document()
    numbering = document.part.numbering_part.element
    notes: list[str] = []

    def number(block: Items, count: int) -> str:
        form = (
            {"1": "decimal", "a": "lowerLetter", "i": "lowerRoman"}[block.form] if block.start else "bullet"
        )
        text = "%1." if block.start else "\u2022"
        level = (
            f'<w:lvl w:ilvl="0"><w:start w:val="{max(block.start, 1)}"/><w:numFmt w:val="{form}"/><w:lvlText w:val="{text}"/></w:lvl>'
            '<w:lvl w:ilvl="1"><w:numFmt w:val="bullet"/><w:lvlText w:val="o"/></w:lvl>'
        )
        numbering.insert(
            0, parse_xml(f'<w:abstractNum {W} w:abstractNumId="{900 + count}">{level}</w:abstractNum>')
        )
        numbering.append(
            parse_xml(f'<w:num {W} w:numId="{900 + count}"><w:abstractNumId w:val="{900 + count}"/></w:num>')
        )
        return str(900 + count)

    def item(words: str, listed: str, level: int) -> None:
        properties = document.add_paragraph(words)._p.get_or_add_pPr()
        properties.append(
            parse_xml(f'<w:numPr {W}><w:ilvl w:val="{level}"/><w:numId w:val="{listed}"/></w:numPr>')
        )

    def tabulate(block: Table, made: Any) -> None:
        for r, row in enumerate(block.rows):
            for c, cell in enumerate(row):
                made.cell(r, c).text = " ".join(cell)
        if block.inner is not None:
            tabulate(
                block.inner,
                made.cell(len(block.rows) - 1, len(block.rows[0]) - 1).add_table(
                    len(block.inner.rows), len(block.inner.rows[0])
                ),
            )
        for (r, c), (across, down) in block.spans.items():
            text = made.cell(r, c).text
            made.cell(r, c).merge(made.cell(r + down - 1, c + across - 1)).text = text

    for count, block in enumerate(tree.blocks):
        if isinstance(block, Heading):
            document.add_heading(said(block), block.level)
        elif isinstance(block, Items):
            listed = number(block, count)
            for words, inner in block.items:
                item(" ".join(words), listed, 0)
                for each in inner:
                    item(" ".join(each), listed, 1)
        elif isinstance(block, Table):
            tabulate(block, document.add_table(len(block.rows), len(block.rows[0])))
        elif isinstance(block, Box):
            box = (
                f'<w:r {W}><w:pict><v:shape xmlns:v="urn:schemas-microsoft-com:vml"><v:textbox><w:txbxContent><w:p><w:r><w:t>{said(block)}'
                "</w:t></w:r></w:p></w:txbxContent></v:textbox></v:shape></w:pict></w:r>"
            )
            document.add_paragraph()._p.append(parse_xml(box))
        elif isinstance(block, Figure):
            if tree.captions_above:
                document.add_paragraph(caption_of(block), style="Caption")
            document.add_picture(io.BytesIO(picture(block)))
            if not tree.captions_above:
                document.add_paragraph(caption_of(block), style="Caption")
        else:
            paragraph = document.add_paragraph(said(block))
            if block.note:
                notes.append(
                    f'<w:footnote w:id="{len(notes) + 2}"><w:p><w:r><w:t>{" ".join(block.note)}.</w:t></w:r></w:p></w:footnote>'
                )
                paragraph._p.append(
                    parse_xml(f'<w:r {W}><w:footnoteReference w:id="{len(notes) + 1}"/></w:r>')
                )
    document.save(str(folder / "a.docx"))
    if notes:
        _add_part(
            folder / "a.docx",
            "word/footnotes.xml",
            f"<w:footnotes {W}>{''.join(notes)}</w:footnotes>",
            '<Relationship Id="rN" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/footnotes" Target="footnotes.xml"/>',
        )
    return folder / "a.docx"


def _add_part(path: Path, name: str, data: str, relation: str) -> None:
    """Put a part into a Word document that is written."""
    with zipfile.ZipFile(path) as archive:
        parts = {entry: archive.read(entry) for entry in archive.namelist()}
    relations = "word/_rels/document.xml.rels"
    parts[relations] = parts[relations].replace(b"</Relationships>", relation.encode() + b"</Relationships>")
    with zipfile.ZipFile(path, "w") as archive:
        for entry, content in {**parts, name: data.encode()}.items():
            archive.writestr(entry, content)


def odt(tree: Tree, folder: Path) -> Path:
    from sample_files import write_odf

    def figure(block: Figure) -> str:
        parts = [
            f'<text:p><draw:frame><draw:image xlink:href="Pictures/p{block.number}.png"/></draw:frame></text:p>',
            f'<text:p text:style-name="Illustration">{caption_of(block)}</text:p>',
        ]
        return "".join(reversed(parts) if tree.captions_above else parts)

    def other(block: Block) -> str:
        if isinstance(block, Heading):
            return f'<text:h text:outline-level="{block.level}">{said(block)}</text:h>'
        if isinstance(block, Items):
            start = f' text:start-value="{block.start}"' if block.start else ""
            items = "".join(
                f"<text:list-item{start if n == 0 else ''}><text:p>{words}</text:p>"
                + "".join(
                    f"<text:list><text:list-item><text:p>{each}</text:p></text:list-item></text:list>"
                    for each in inner
                )
                + "</text:list-item>"
                for n, (_, words, inner) in enumerate(marked_items(block))
            )
            return (
                f'<text:list text:style-name="{f"N{block.form}" if block.start else "B"}">{items}</text:list>'
            )
        if isinstance(block, Table):
            return f"<table:table>{''.join(rows_of(block))}</table:table>"
        if isinstance(block, Box):
            return f"<text:p><draw:frame><draw:text-box><text:p>{said(block)}</text:p></draw:text-box></draw:frame></text:p>"
        if isinstance(block, Paragraph) and block.note:
            note = f"<text:note-body><text:p>{' '.join(block.note)}.</text:p></text:note-body>"
            return f'<text:p>{said(block)}<text:note text:note-class="footnote"><text:note-citation>1</text:note-citation>{note}</text:note></text:p>'
        return f"<text:p>{said(block)}</text:p>"  # type: ignore[arg-type]

    def rows_of(block: Table) -> Iterator[str]:
        covered = block.covered()
        for r, row in enumerate(block.rows):
            cells = ""
            for c, cell in enumerate(row):
                across, down = block.spans.get((r, c), (1, 1))
                inner = (
                    other(block.inner)
                    if block.inner and r == len(block.rows) - 1 and c == len(row) - 1
                    else ""
                )
                cells += (
                    "<table:covered-table-cell/>"
                    if (r, c) in covered
                    else f'<table:table-cell table:number-columns-spanned="{across}" table:number-rows-spanned="{down}">'
                    f"<text:p>{' '.join(cell)}</text:p>{inner}</table:table-cell>"
                )
            yield f"<table:table-row>{cells}</table:table-row>"

    parts = {f"Pictures/p{f.number}.png": picture(f) for f in tree.pictures}
    return write_odf(
        folder / "a.odt", "text", lines_of(tree, figure, other), parts=parts, styles=_LIST_STYLES
    )


_LIST_STYLES = (
    "".join(
        f'<text:list-style style:name="N{form}"><text:list-level-style-number text:level="1" style:num-format="{form}" style:num-suffix="."/>'
        "</text:list-style>"
        for form in "1ai"
    )
    + '<text:list-style style:name="B"><text:list-level-style-bullet text:level="1"/></text:list-style>'
)


def _rtf_merge(table: Table, r: int, c: int) -> str:
    """What a cell's definition says of merging."""
    for (top, left), (wide, high) in table.spans.items():
        if top <= r < top + high and left <= c < left + wide:
            across = (r"\clmgf" if c == left else r"\clmrg") if wide > 1 else ""
            return across + ((r"\clvmgf" if r == top else r"\clvmrg") if high > 1 else "")
    return ""


def rtf(tree: Tree, folder: Path) -> Path:
    def paragraph(words: str, lead: str = "") -> str:
        return rf"\pard {lead}{words}\par"

    def figure(block: Figure) -> str:
        parts = [
            paragraph(rf"{{\pict\pngblip {picture(block).hex()}}}"),
            paragraph(rf"{{\i {caption_of(block)}}}"),
        ]
        return "\n".join(reversed(parts) if tree.captions_above else parts)

    def other(block: Block) -> str:
        if isinstance(block, Heading):
            return paragraph(said(block), rf"\outlinelevel{block.level - 1} ")
        if isinstance(block, Items):
            return "\n".join(
                paragraph(words, rf"{{\listtext {mark if block.start else chr(92) + 'bullet'}\tab}}")
                + "".join(paragraph(each, r"{\listtext \bullet\tab}") for each in inner)
                for mark, words, inner in marked_items(block)
            )
        if isinstance(block, Table):
            return "\n".join(
                r"\trowd"
                + "".join(rf"{_rtf_merge(block, r, c)}\cellx{1000 * (c + 1)}" for c in range(len(row)))
                + r"\pard\intbl "
                + "".join(rf"{' '.join(cell)}\cell " for cell in row)
                + r"\row"
                for r, row in enumerate(block.rows)
            )
        if isinstance(block, Box):
            return rf"\pard{{\shp{{\*\shpinst{{\shptxt \pard {said(block)}\par}}}}}}\par"
        if isinstance(block, Paragraph) and block.note:
            return paragraph(
                rf"{said(block)}{{\super\chftn}}{{\footnote \pard {{\super\chftn}} {' '.join(block.note)}.}}"
            )
        return paragraph(said(block))  # type: ignore[arg-type]

    path = folder / "a.rtf"
    path.write_text(r"{\rtf1\ansi " + lines_of(tree, figure, other) + "}")
    return path


def pptx(tree: Tree, folder: Path) -> Path:
    """Blocks from top to bottom of a slide, stored in another order than they stand."""
    from pptx import Presentation
    from pptx.util import Inches

    deck = Presentation()
    deck.slide_height = Inches(50)
    slide = deck.slides.add_slide(deck.slide_layouts[6])
    placed: list[Callable[[], None]] = []

    def say(lines: list[str], top: float, left: float = 1, width: float = 6) -> Callable[[], None]:
        def add() -> None:
            box = slide.shapes.add_textbox(Inches(left), Inches(top), Inches(width), Inches(0.8))
            box.text_frame.text = "\n".join(lines)

        return add

    def show(block: Figure, top: float, left: float, width: float) -> Callable[[], None]:
        data = io.BytesIO(picture(block))
        return lambda: (
            slide.shapes.add_picture(data, Inches(left), Inches(top), Inches(width), Inches(1)) and None
        )

    def tabulate(block: Table, top: float) -> Callable[[], None]:
        def add() -> None:
            across = len(block.rows[0])
            table = slide.shapes.add_table(
                len(block.rows), across, Inches(1), Inches(top), Inches(6), Inches(1)
            ).table
            for r, row in enumerate(block.rows):
                for c, cell in enumerate(row):
                    table.cell(r, c).text = " ".join(cell)
            for (r, c), (wide, high) in block.spans.items():
                table.cell(r, c).merge(table.cell(r + high - 1, c + wide - 1))

        return add

    for number, block in enumerate(tree.blocks):
        top = 0.5 + 2.6 * number
        if isinstance(block, Figure):
            above = tree.captions_above and not block.side
            left = {"left": 3.2, "right": 1.0}.get(block.side, 1.0)
            placed.append(show(block, top + (0.9 if above else 0), left, 2.0 if block.side else 6.0))
            place = top + 0.1 if block.side or above else top + 1.05
            placed.append(
                say(
                    [caption_of(block)],
                    place,
                    {"left": 1.0, "right": 3.1}.get(block.side, 1.0),
                    2.0 if block.side else 6.0,
                )
            )
        elif isinstance(block, Table):
            placed.append(tabulate(block, top))
        elif isinstance(block, Items):
            placed.append(
                say([" ".join(part) for words, inner in block.items for part in (words, *inner)], top)
            )
        else:
            placed.append(say([said(block)], top))
    for add in placed[::-2] + placed[-2::-2]:
        add()
    deck.save(str(folder / "a.pptx"))
    return folder / "a.pptx"


def xlsx(tree: Tree, folder: Path) -> Path:
    """Blocks one below the other with an empty row between; a figure is a row of a table with its picture in a cell."""
    from openpyxl import Workbook
    from openpyxl.drawing.image import Image as SheetImage

    book = Workbook()
    sheet = book.active
    row = 1
    for block in tree.blocks:
        if isinstance(block, Figure):
            sheet.cell(row, 1, "Part")
            sheet.cell(row, 2, "Photo")
            sheet.cell(row + 1, 1, caption_of(block))
            image = SheetImage(io.BytesIO(picture(block)))
            image.width, image.height = 40, 15
            sheet.add_image(image, f"B{row + 1}")
            row += 3
        elif isinstance(block, Table):
            for (r, c), (wide, high) in block.spans.items():
                sheet.merge_cells(
                    start_row=row + r, end_row=row + r + high - 1, start_column=c + 1, end_column=c + wide
                )
            for cells in block.rows:
                for column, cell in enumerate(cells, 1):
                    if cell:
                        sheet.cell(row, column, " ".join(cell))
                row += 1
            row += 1
        elif isinstance(block, Items):
            for words, inner in block.items:
                for part in (words, *inner):
                    sheet.cell(row, 1, " ".join(part))
                    row += 1
            row += 1
        else:
            sheet.cell(row, 1, said(block))
            row += 2
    book.save(str(folder / "a.xlsx"))
    return folder / "a.xlsx"
