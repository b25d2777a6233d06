"""Random documents written as Markdown, HTML, EPUB, AsciiDoc, reStructuredText and LaTeX."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

from random_documents import (
    Block,
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
    save_pictures,
)


def markdown(tree: Tree, folder: Path) -> Path:
    save_pictures(tree, folder)

    def figure(block: Figure) -> str:
        parts = [f"![](p{block.number}.png)", f"*{caption_of(block)}*"]
        return "\n\n".join(reversed(parts) if tree.captions_above else parts)

    def other(block: Block) -> str:
        if isinstance(block, Heading):
            return "#" * block.level + " " + said(block)
        if isinstance(block, Items):
            return "\n".join(
                f"{mark} {words}" + "".join(f"\n{' ' * (len(mark) + 1)}- {each}" for each in inner)
                for mark, words, inner in marked_items(block)
            )
        if isinstance(block, Table):
            rows = ["| " + " | ".join(" ".join(cell) for cell in row) + " |" for row in block.rows]
            return "\n".join([rows[0], "|" + " --- |" * len(block.rows[0]), *rows[1:]])
        if isinstance(block, Paragraph) and block.note:
            return f"{said(block)}[^{block.note[0]}]\n\n[^{block.note[0]}]: {' '.join(block.note)}."
        return said(block)  # type: ignore[arg-type]

    path = folder / "a.md"
    path.write_text(lines_of(tree, figure, other) + "\n")
    return path


def _html_of(tree: Tree, source: Callable[[Figure], str]) -> str:
    def figure(block: Figure) -> str:
        parts = [f'<p><img src="{source(block)}"/></p>', f"<p><em>{caption_of(block)}</em></p>"]
        return "".join(reversed(parts) if tree.captions_above else parts)

    def other(block: Block) -> str:
        if isinstance(block, Heading):
            return f"<h{block.level}>{said(block)}</h{block.level}>"
        if isinstance(block, Items):
            tag = f'ol type="{block.form}" start="{block.start}"' if block.start else "ul"
            items = "".join(
                f"<li>{words}{''.join(f'<ul><li>{each}</li></ul>' for each in inner)}</li>"
                for _, words, inner in marked_items(block)
            )
            return f"<{tag}>{items}</{tag[:2]}>"
        if isinstance(block, Table):
            rows = (
                "".join(
                    f'<td colspan="{across}" rowspan="{down}">{words}{other(block.inner) if last and block.inner else ""}</td>'
                    for words, across, down, last in row
                )
                for row in block.cells()
            )
            return f"<table>{''.join(f'<tr>{row}</tr>' for row in rows)}</table>"
        if isinstance(block, Paragraph) and block.note:
            notes.append(f'<li id="fn-{block.note[0]}">{" ".join(block.note)}.</li>')
            return f'<p>{said(block)}<sup><a href="#fn-{block.note[0]}" class="footnote-ref">1</a></sup></p>'
        return f"<p>{said(block)}</p>"  # type: ignore[arg-type]

    notes: list[str] = []
    body = lines_of(tree, figure, other)
    return body + (f'<section class="footnotes"><ol>{"".join(notes)}</ol></section>' if notes else "")


def html(tree: Tree, folder: Path) -> Path:
    save_pictures(tree, folder)
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
    save_pictures(tree, folder)

    def other(block: Block) -> str:
        if isinstance(block, Heading):
            return "=" * block.level + " " + said(block)
        if isinstance(block, Items):
            form = {"1": "arabic", "a": "loweralpha", "i": "lowerroman"}[block.form]
            lead = f"[{form},start={block.start}]\n" if block.start else ""
            sign = "." if block.start else "*"
            return lead + "\n".join(
                f"{sign} {words}" + "".join(f"\n** {each}" for each in inner)
                for _, words, inner in marked_items(block)
            )
        if isinstance(block, Table):
            rows = "\n".join(
                " ".join(
                    f"{f'{across}.{down}+' if (across, down) != (1, 1) else ''}{'a' if last and block.inner else ''}| {words}"
                    + (f"\n\n{other(block.inner).replace('|', '!')}\n" if last and block.inner else "")
                    for words, across, down, last in row
                )
                for row in block.cells()
            )
            return f'[cols="{len(block.rows[0])}*"]\n|===\n{rows}\n|==='
        if isinstance(block, Paragraph) and block.note:
            return f"{said(block)}footnote:[{' '.join(block.note)}.]"
        return said(block)  # type: ignore[arg-type]

    path = folder / "a.adoc"
    path.write_text(lines_of(tree, lambda f: f".{caption_of(f)}\nimage::p{f.number}.png[]", other) + "\n")
    return path


def restructured_text(tree: Tree, folder: Path) -> Path:
    save_pictures(tree, folder)
    seen: list[int] = []

    def other(block: Block) -> str:
        if isinstance(block, Heading):
            seen[:] = [level for level in seen if level < block.level]  # levels must not be left out
            seen.append(block.level)
            return f"{said(block)}\n{'=-~^'[len(seen) - 1] * 60}"
        if isinstance(block, Items):
            return "\n".join(
                f"{mark} {words}" + "".join(f"\n\n{' ' * (len(mark) + 1)}- {each}\n" for each in inner)
                for mark, words, inner in marked_items(block)
            )
        if isinstance(block, Table):
            rows = "\n".join(
                "\n".join(f"   {'* ' if n == 0 else '  '}- {' '.join(cell)}" for n, cell in enumerate(row))
                for row in block.rows
            )
            return f".. list-table::\n\n{rows}"
        if isinstance(block, Paragraph) and block.note:
            return f"{said(block)} [#{block.note[0]}]_\n\n.. [#{block.note[0]}] {' '.join(block.note)}."
        return said(block)  # type: ignore[arg-type]

    path = folder / "a.rst"
    path.write_text(
        lines_of(tree, lambda f: f".. figure:: p{f.number}.png\n\n   {caption_of(f)}", other) + "\n"
    )
    return path


def _latex_cells(table: Table, written: Callable[[Block], str]) -> Iterator[list[str]]:
    """Cells as LaTeX wants them: a place for each cell below one of several rows."""
    (top, left), (wide, high) = next(iter(table.spans.items()), ((-9, -9), (1, 1)))
    for r, row in enumerate(table.rows):
        cells: list[str] = []
        for c, cell in enumerate(row):
            below = top < r < top + high and left <= c < left + wide
            if (r == top or below) and left < c < left + wide:
                continue
            text = " ".join(cell)
            if table.inner and (r, c) == (len(table.rows) - 1, len(row) - 1):
                text += f" {written(table.inner)}"
            if (r, c) == (top, left) and high > 1:
                text = rf"\multirow{{{high}}}{{*}}{{{text}}}"
            if ((r, c) == (top, left) or below) and wide > 1:
                text = rf"\multicolumn{{{wide}}}{{l}}{{{text}}}"
            cells.append(text)
        yield cells


def latex(tree: Tree, folder: Path) -> Path:
    save_pictures(tree, folder)
    sections = {2: "section", 3: "subsection", 4: "subsubsection"}

    def figure(block: Figure) -> str:
        parts = [rf"\includegraphics{{p{block.number}}}", rf"\caption{{{' '.join(block.caption)}.}}"]
        return (
            r"\begin{figure}" + "\n".join(reversed(parts) if tree.captions_above else parts) + r"\end{figure}"
        )

    def other(block: Block) -> str:
        if isinstance(block, Heading):
            return f"\\{sections[block.level]}{{{said(block)}}}"
        if isinstance(block, Items):
            kind = "enumerate" if block.start else "itemize"
            label = {"1": "arabic", "a": "alph", "i": "roman"}[block.form]
            options = rf"[start={block.start},label=\{label}*.]" if block.start else ""
            items = "\n".join(
                rf"\item {words}"
                + "".join(rf"\begin{{itemize}}\item {each}\end{{itemize}}" for each in inner)
                for _, words, inner in marked_items(block)
            )
            return f"\\begin{{{kind}}}{options}\n{items}\n\\end{{{kind}}}"
        if isinstance(block, Table):
            rows = " \\\\\n".join(" & ".join(cells) for cells in _latex_cells(block, other))
            return f"\\begin{{tabular}}{{{'l' * len(block.rows[0])}}}\n{rows}\n\\end{{tabular}}"
        if isinstance(block, Paragraph) and block.note:
            return rf"{said(block)}\footnote{{{' '.join(block.note)}.}}"
        return said(block)  # type: ignore[arg-type]

    path = folder / "a.tex"
    path.write_text(
        "\\documentclass{article}\n\\begin{document}\n"
        + lines_of(tree, figure, other)
        + "\n\\end{document}\n"
    )
    return path
