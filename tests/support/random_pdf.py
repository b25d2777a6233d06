"""Random documents as PDF: the tree of ``random_documents`` set in type, on as many pages as it takes."""

from __future__ import annotations

import io
from pathlib import Path

from pdf_writing import PageSpec, text, write_pdf
from PIL import Image
from random_documents import Figure, Heading, Items, Paragraph, Table, Tree, caption_of, picture

WIDTH, HEIGHT, MARGIN = 612, 792, 72


class _Setter:
    """Sets blocks from top to bottom; a block that does not fit begins a new page."""

    def __init__(self, size: float) -> None:
        self.size = size
        self.pages: list[PageSpec] = []
        self.y = 0.0

    def room(self, needed: float) -> PageSpec:
        """The page that has so much room left below."""
        if not self.pages or self.y - needed < MARGIN:
            self.pages.append(PageSpec())
            self.y = HEIGHT - MARGIN
        return self.pages[-1]

    def line(
        self, words: str, *, x: float = MARGIN, size: float = 0, font: str = "F1", after: float = 1.25
    ) -> None:
        size = size or self.size
        page = self.room(size * after)
        self.y -= size * after
        page.content += text(x, round(self.y, 2), words, size=size, font=font)

    def gap(self, sizes: float) -> None:
        self.y -= sizes * self.size

    def wrapped(self, words: list[str], *, x: float = MARGIN) -> None:
        """A paragraph in lines of about fifty characters."""
        row: list[str] = []
        for word in [*words, ""]:
            if row and (not word or sum(map(len, row)) + len(row) + len(word) > 50):
                self.line(" ".join(row), x=x)
                row = []
            row.append(word)

    def picture(self, figure: Figure, *, above: bool) -> None:
        with Image.open(io.BytesIO(picture(figure))) as image:
            pixels = (image.width, image.height, image.convert("RGB").tobytes())
        wide, high = 2.0 * pixels[0], 1.4 * pixels[1]
        page = self.room(high + 4 * self.size)
        name = f"Im{figure.number}"
        page.images[name] = pixels
        if above:
            self.line(caption_of(figure), size=0.9 * self.size)
            self.gap(0.5)
        self.y -= high
        page.content += f"q {wide} 0 0 {high} {MARGIN} {round(self.y, 2)} cm /{name} Do Q\n"
        if not above:
            self.gap(0.3)
            self.line(caption_of(figure), size=0.9 * self.size)

    def table(self, rows: list[list[list[str]]]) -> None:
        step, high = 110.0, 2 * self.size
        page = self.room(high * len(rows))
        top, right = self.y, MARGIN + step * len(rows[0])
        for row, cells in enumerate(rows):
            base = round(top - high * row - 1.4 * self.size, 2)
            for column, cell in enumerate(cells):
                page.content += text(MARGIN + step * column + 4, base, " ".join(cell), size=self.size)
        bottom = top - high * len(rows)
        for row in range(len(rows) + 1):
            page.content += f"{MARGIN} {top - high * row} m {right} {top - high * row} l S\n"
        for column in range(len(rows[0]) + 1):
            x = MARGIN + step * column
            page.content += f"{x} {top} m {x} {bottom} l S\n"
        self.y = bottom


def pdf(tree: Tree, folder: Path, *, size: float = 11) -> Path:
    """Write a tree as a PDF whose body is set in a size."""
    setter = _Setter(size)
    for block in tree.blocks:
        if isinstance(block, Heading):
            setter.line(" ".join(block.words), size=(2.1 - 0.2 * block.level) * size, font="F2")
        elif isinstance(block, Paragraph):
            setter.wrapped([*block.words[:-1], block.words[-1] + "."])
        elif isinstance(block, Items):
            for number, (words, inner) in enumerate(block.items, block.start):
                setter.line(f"{f'{number}.' if block.start else '-'} {' '.join(words)}", x=MARGIN + 10)
                for each in inner:
                    setter.line(f"- {' '.join(each)}", x=MARGIN + 30)
        elif isinstance(block, Table):
            setter.table(block.rows)
        else:
            setter.picture(block, above=tree.captions_above)
        setter.gap(1.2)
    return write_pdf(folder / "a.pdf", setter.pages)
