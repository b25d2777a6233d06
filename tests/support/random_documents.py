"""Random documents: a tree of headings, paragraphs, lists, tables and captioned pictures, written in many formats."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

from hypothesis import strategies as st
from PIL import Image

SIZE = 96


@dataclass
class Heading:
    words: list[str]
    level: int


@dataclass
class Paragraph:
    words: list[str]


@dataclass
class Items:
    """A list; ``start`` is the first number, 0 for bullets. An item is its words and those of a list inside it."""

    items: list[tuple[list[str], list[list[str]]]]
    start: int


@dataclass
class Table:
    rows: list[list[list[str]]]


@dataclass
class Figure:
    caption: list[str]
    number: int


Block = Heading | Paragraph | Items | Table | Figure


@dataclass
class Tree:
    blocks: list[Block]
    captions_above: bool = False
    pictures: list[Figure] = field(default_factory=list)


def _word(number: int) -> str:
    letters = ""
    while number:
        number, rest = divmod(number, 20)
        letters = "bcdfghjklmnpqrstvwyz"[rest] + letters
    return f"x{letters}a"


@st.composite
def trees(draw: st.DrawFn, *, captions_above: bool | None = None) -> Tree:
    """A tree whose words are all different, so that each can be looked for by itself."""
    count = 0

    def words(least: int, most: int) -> list[str]:
        nonlocal count
        found = []
        for _ in range(draw(st.integers(least, most))):
            count += 1
            found.append(_word(count))
        return found

    tree = Tree([], draw(st.booleans()) if captions_above is None else captions_above)
    kinds = st.sampled_from(["heading", "paragraph", "paragraph", "items", "table", "figure"])
    for kind in draw(st.lists(kinds, min_size=1, max_size=9)):
        if kind == "heading":
            tree.blocks.append(Heading(words(1, 4), draw(st.integers(2, 4))))
        elif kind == "items":
            items = [
                (words(1, 6), [words(1, 3) for _ in range(draw(st.sampled_from([0, 0, 0, 1, 2])))])
                for _ in range(draw(st.integers(1, 4)))
            ]
            tree.blocks.append(Items(items, draw(st.sampled_from([0, 0, 1, 1, 4]))))
        elif kind == "table":
            across = draw(st.integers(2, 4))
            tree.blocks.append(
                Table([[words(1, 2) for _ in range(across)] for _ in range(draw(st.integers(2, 4)))])
            )
        elif kind == "figure":
            figure = Figure(words(1, 5), len(tree.pictures) + 1)
            tree.pictures.append(figure)
            tree.blocks.append(figure)
        else:
            tree.blocks.append(Paragraph(words(5, 14)))
    # two lists or tables of a kind side by side are one to most formats
    apart: list[Block] = []
    for block in tree.blocks:
        if (
            apart
            and isinstance(block, (Items, Table, Figure))
            and isinstance(apart[-1], (Items, Table, Figure))
        ):
            apart.append(Paragraph(words(5, 14)))
        apart.append(block)
    tree.blocks = [*apart, Paragraph(words(5, 14))]
    return tree


def picture(figure: Figure) -> bytes:
    """A drawing that is another one for each number."""
    image = Image.new("RGB", (SIZE + 8 * figure.number, SIZE), "white")
    image.paste((20 * figure.number % 255, 60, 120), (10, 10, 60 + figure.number, 70))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def caption_of(figure: Figure) -> str:
    return f"Figure {figure.number}: {' '.join(figure.caption)}."


def _text(block: Heading | Paragraph) -> str:
    return " ".join(block.words) + ("." if isinstance(block, Paragraph) else "")


def _marked(items: Items) -> Iterator[tuple[str, str, list[str]]]:
    for number, (words, inner) in enumerate(items.items, items.start):
        yield f"{number}." if items.start else "-", " ".join(words), [" ".join(each) for each in inner]


def _lines(tree: Tree, figure: Callable[[Figure], str], others: Callable[[Block], str]) -> str:
    return "\n\n".join(figure(block) if isinstance(block, Figure) else others(block) for block in tree.blocks)


def _save_pictures(tree: Tree, folder: Path) -> None:
    for figure in tree.pictures:
        (folder / f"p{figure.number}.png").write_bytes(picture(figure))


def markdown(tree: Tree, folder: Path) -> Path:
    _save_pictures(tree, folder)

    def figure(block: Figure) -> str:
        parts = [f"![](p{block.number}.png)", f"*{caption_of(block)}*"]
        return "\n\n".join(reversed(parts) if tree.captions_above else parts)

    def other(block: Block) -> str:
        if isinstance(block, Heading):
            return "#" * block.level + " " + _text(block)
        if isinstance(block, Items):
            return "\n".join(
                f"{mark} {words}" + "".join(f"\n{' ' * (len(mark) + 1)}- {each}" for each in inner)
                for mark, words, inner in _marked(block)
            )
        if isinstance(block, Table):
            rows = ["| " + " | ".join(" ".join(cell) for cell in row) + " |" for row in block.rows]
            return "\n".join([rows[0], "|" + " --- |" * len(block.rows[0]), *rows[1:]])
        return _text(block)  # type: ignore[arg-type]

    path = folder / "a.md"
    path.write_text(_lines(tree, figure, other) + "\n")
    return path


def _html_of(tree: Tree, source: Callable[[Figure], str]) -> str:
    def figure(block: Figure) -> str:
        parts = [f'<p><img src="{source(block)}"/></p>', f"<p><em>{caption_of(block)}</em></p>"]
        return "".join(reversed(parts) if tree.captions_above else parts)

    def other(block: Block) -> str:
        if isinstance(block, Heading):
            return f"<h{block.level}>{_text(block)}</h{block.level}>"
        if isinstance(block, Items):
            tag = f'ol start="{block.start}"' if block.start else "ul"
            items = "".join(
                f"<li>{words}{''.join(f'<ul><li>{each}</li></ul>' for each in inner)}</li>"
                for _, words, inner in _marked(block)
            )
            return f"<{tag}>{items}</{tag[:2]}>"
        if isinstance(block, Table):
            rows = ("".join(f"<td>{' '.join(cell)}</td>" for cell in row) for row in block.rows)
            return f"<table>{''.join(f'<tr>{row}</tr>' for row in rows)}</table>"
        return f"<p>{_text(block)}</p>"  # type: ignore[arg-type]

    return _lines(tree, figure, other)


def html(tree: Tree, folder: Path) -> Path:
    _save_pictures(tree, folder)
    path = folder / "a.html"
    path.write_text(f"<html><body>{_html_of(tree, lambda block: f'p{block.number}.png')}</body></html>")
    return path


def epub(tree: Tree, folder: Path) -> Path:
    path = folder / "a.epub"
    container = (
        '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles><rootfile full-path="O/b.opf"/>'
        "</rootfiles></container>"
    )
    images = "".join(
        f'<item id="p{f.number}" href="img/p{f.number}.png" media-type="image/png"/>' for f in tree.pictures
    )
    package = (
        '<package xmlns="http://www.idpf.org/2007/opf"><manifest><item id="c" href="c.xhtml" media-type="application/xhtml+xml"/>'
        f'{images}</manifest><spine><itemref idref="c"/></spine></package>'
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/epub+zip")
        archive.writestr("META-INF/container.xml", container)
        archive.writestr("O/b.opf", package)
        page = _html_of(tree, lambda block: f"img/p{block.number}.png")
        archive.writestr(
            "O/c.xhtml", f'<html xmlns="http://www.w3.org/1999/xhtml"><body>{page}</body></html>'
        )
        for figure in tree.pictures:
            archive.writestr(f"O/img/p{figure.number}.png", picture(figure))
    return path


def asciidoc(tree: Tree, folder: Path) -> Path:
    _save_pictures(tree, folder)

    def other(block: Block) -> str:
        if isinstance(block, Heading):
            return "=" * block.level + " " + _text(block)
        if isinstance(block, Items):
            lead = f"[start={block.start}]\n" if block.start > 1 else ""
            sign = "." if block.start else "*"
            return lead + "\n".join(
                f"{sign} {words}" + "".join(f"\n** {each}" for each in inner)
                for _, words, inner in _marked(block)
            )
        if isinstance(block, Table):
            rows = "\n".join(" ".join(f"| {' '.join(cell)}" for cell in row) for row in block.rows)
            return f"|===\n{rows}\n|==="
        return _text(block)  # type: ignore[arg-type]

    path = folder / "a.adoc"
    path.write_text(_lines(tree, lambda f: f".{caption_of(f)}\nimage::p{f.number}.png[]", other) + "\n")
    return path


def restructured_text(tree: Tree, folder: Path) -> Path:
    _save_pictures(tree, folder)
    seen: list[int] = []

    def other(block: Block) -> str:
        if isinstance(block, Heading):
            seen[:] = [level for level in seen if level < block.level]  # levels must not be left out
            seen.append(block.level)
            return f"{_text(block)}\n{'=-~^'[len(seen) - 1] * 60}"
        if isinstance(block, Items):
            return "\n".join(
                f"{mark} {words}" + "".join(f"\n\n{' ' * (len(mark) + 1)}- {each}\n" for each in inner)
                for mark, words, inner in _marked(block)
            )
        if isinstance(block, Table):
            rows = "\n".join(
                "\n".join(f"   {'* ' if n == 0 else '  '}- {' '.join(cell)}" for n, cell in enumerate(row))
                for row in block.rows
            )
            return f".. list-table::\n\n{rows}"
        return _text(block)  # type: ignore[arg-type]

    path = folder / "a.rst"
    path.write_text(
        _lines(tree, lambda f: f".. figure:: p{f.number}.png\n\n   {caption_of(f)}", other) + "\n"
    )
    return path


def latex(tree: Tree, folder: Path) -> Path:
    _save_pictures(tree, folder)
    sections = {2: "section", 3: "subsection", 4: "subsubsection"}

    def figure(block: Figure) -> str:
        parts = [rf"\includegraphics{{p{block.number}}}", rf"\caption{{{' '.join(block.caption)}.}}"]
        return (
            r"\begin{figure}" + "\n".join(reversed(parts) if tree.captions_above else parts) + r"\end{figure}"
        )

    def other(block: Block) -> str:
        if isinstance(block, Heading):
            return f"\\{sections[block.level]}{{{_text(block)}}}"
        if isinstance(block, Items):
            kind = "enumerate" if block.start else "itemize"
            options = f"[start={block.start}]" if block.start > 1 else ""
            items = "\n".join(
                rf"\item {words}"
                + "".join(rf"\begin{{itemize}}\item {each}\end{{itemize}}" for each in inner)
                for _, words, inner in _marked(block)
            )
            return f"\\begin{{{kind}}}{options}\n{items}\n\\end{{{kind}}}"
        if isinstance(block, Table):
            rows = " \\\\\n".join(" & ".join(" ".join(cell) for cell in row) for row in block.rows)
            return f"\\begin{{tabular}}{{{'l' * len(block.rows[0])}}}\n{rows}\n\\end{{tabular}}"
        return _text(block)  # type: ignore[arg-type]

    path = folder / "a.tex"
    path.write_text(
        "\\documentclass{article}\n\\begin{document}\n" + _lines(tree, figure, other) + "\n\\end{document}\n"
    )
    return path


def docx(tree: Tree, folder: Path) -> Path:
    from docx import Document

    document = Document()
    for block in tree.blocks:
        if isinstance(block, Heading):
            document.add_heading(_text(block), block.level)
        elif isinstance(block, Items):
            for words, inner in block.items:
                document.add_paragraph(" ".join(words), style="List Number" if block.start else "List Bullet")
                for each in inner:
                    document.add_paragraph(" ".join(each), style="List Bullet 2")
        elif isinstance(block, Table):
            table = document.add_table(len(block.rows), len(block.rows[0]))
            for r, row in enumerate(block.rows):
                for c, cell in enumerate(row):
                    table.cell(r, c).text = " ".join(cell)
        elif isinstance(block, Figure):
            if tree.captions_above:
                document.add_paragraph(caption_of(block), style="Caption")
            document.add_picture(io.BytesIO(picture(block)))
            if not tree.captions_above:
                document.add_paragraph(caption_of(block), style="Caption")
        else:
            document.add_paragraph(_text(block))
    document.save(str(folder / "a.docx"))
    return folder / "a.docx"


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
            return f'<text:h text:outline-level="{block.level}">{_text(block)}</text:h>'
        if isinstance(block, Items):
            start = f' text:start-value="{block.start}"' if block.start else ""
            items = "".join(
                f"<text:list-item{start if n == 0 else ''}><text:p>{words}</text:p>"
                + "".join(
                    f"<text:list><text:list-item><text:p>{each}</text:p></text:list-item></text:list>"
                    for each in inner
                )
                + "</text:list-item>"
                for n, (_, words, inner) in enumerate(_marked(block))
            )
            return f'<text:list text:style-name="{"N" if block.start else "B"}">{items}</text:list>'
        if isinstance(block, Table):
            rows = (
                "".join(
                    f"<table:table-cell><text:p>{' '.join(cell)}</text:p></table:table-cell>" for cell in row
                )
                for row in block.rows
            )
            return (
                "<table:table>"
                + "".join(f"<table:table-row>{row}</table:table-row>" for row in rows)
                + "</table:table>"
            )
        return f"<text:p>{_text(block)}</text:p>"  # type: ignore[arg-type]

    parts = {f"Pictures/p{f.number}.png": picture(f) for f in tree.pictures}
    return write_odf(folder / "a.odt", "text", _lines(tree, figure, other), parts=parts, styles=_LIST_STYLES)


_LIST_STYLES = (
    '<text:list-style style:name="N"><text:list-level-style-number text:level="1" style:num-format="1" style:num-suffix="."/>'
    '</text:list-style><text:list-style style:name="B"><text:list-level-style-bullet text:level="1"/></text:list-style>'
)


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
            return paragraph(_text(block), rf"\outlinelevel{block.level - 1} ")
        if isinstance(block, Items):
            return "\n".join(
                paragraph(words, rf"{{\listtext {mark if block.start else chr(92) + 'bullet'}\tab}}")
                + "".join(paragraph(each, r"{\listtext \bullet\tab}") for each in inner)
                for mark, words, inner in _marked(block)
            )
        if isinstance(block, Table):
            return "\n".join(
                r"\trowd\pard\intbl " + "".join(rf"{' '.join(cell)}\cell " for cell in row) + r"\row"
                for row in block.rows
            )
        return paragraph(_text(block))  # type: ignore[arg-type]

    path = folder / "a.rtf"
    path.write_text(r"{\rtf1\ansi " + _lines(tree, figure, other) + "}")
    return path


def pptx(tree: Tree, folder: Path) -> Path:
    """Blocks from top to bottom of a slide, stored in another order than they stand."""
    from pptx import Presentation
    from pptx.util import Inches

    deck = Presentation()
    deck.slide_height = Inches(40)
    slide = deck.slides.add_slide(deck.slide_layouts[6])
    placed: list[Callable[[], None]] = []

    def say(lines: list[str], top: float) -> Callable[[], None]:
        def add() -> None:
            box = slide.shapes.add_textbox(Inches(1), Inches(top), Inches(6), Inches(0.8))
            box.text_frame.text = "\n".join(lines)

        return add

    def show(block: Figure, top: float) -> Callable[[], None]:
        return lambda: (
            slide.shapes.add_picture(io.BytesIO(picture(block)), Inches(1), Inches(top), Inches(6), Inches(1))
            and None
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

        return add

    for number, block in enumerate(tree.blocks):
        top = 0.5 + 2.6 * number
        if isinstance(block, Figure):
            placed.append(show(block, top + (0.9 if tree.captions_above else 0)))
            placed.append(say([caption_of(block)], top if tree.captions_above else top + 1.05))
        elif isinstance(block, Table):
            placed.append(tabulate(block, top))
        elif isinstance(block, Items):
            placed.append(
                say([" ".join(part) for words, inner in block.items for part in (words, *inner)], top)
            )
        else:
            placed.append(say([_text(block)], top))
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
            for cells in block.rows:
                for column, cell in enumerate(cells, 1):
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
            sheet.cell(row, 1, _text(block))
            row += 2
    book.save(str(folder / "a.xlsx"))
    return folder / "a.xlsx"


WRITERS: dict[str, Callable[[Tree, Path], Path]] = {
    "markdown": markdown,
    "html": html,
    "epub": epub,
    "asciidoc": asciidoc,
    "restructured_text": restructured_text,
    "latex": latex,
    "docx": docx,
    "odt": odt,
    "rtf": rtf,
    "pptx": pptx,
    "xlsx": xlsx,
}
"""What writes a tree, by kind."""

NUMBERED = frozenset({"markdown", "html", "epub", "asciidoc", "restructured_text", "latex", "odt", "rtf"})
"""Kinds whose writer gives a list its first number."""

__all__ = ["NUMBERED", "WRITERS", "Figure", "Items", "Tree", "escape", "trees"]
