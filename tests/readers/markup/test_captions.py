"""A table that goes on keeps its head, in every kind of document."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sample_files import write_odf

HEAD, FIRST, REST = ("Boat", "Berth"), ("Ivar", "12"), (("Odin", "14"), ("Freya", "15"))
Rows = list[tuple[str, str]]


def html(folder: Path, parts: list[tuple[str, Rows]]) -> Path:
    def table(caption: str, rows: Rows) -> str:
        lines = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
        return f"<table><caption>{caption}</caption>{lines}</table>"

    path = folder / "a.html"
    path.write_text("<p>Words.</p>".join(table(*part) for part in parts))
    return path


def odt(folder: Path, parts: list[tuple[str, Rows]]) -> Path:
    def table(caption: str, rows: Rows) -> str:
        def cell(words: str) -> str:
            return f"<table:table-cell><text:p>{words}</text:p></table:table-cell>"

        lines = "".join(f"<table:table-row>{''.join(map(cell, row))}</table:table-row>" for row in rows)
        return f"<text:p>{caption}</text:p><table:table>{lines}</table:table>"

    return write_odf(folder / "a.odt", "text", "".join(table(*part) for part in parts))


def docx(folder: Path, parts: list[tuple[str, Rows]]) -> Path:
    from docx import Document

    document = Document()
    for caption, rows in parts:
        document.add_paragraph(caption)
        table = document.add_table(len(rows), 2)
        for line, row in zip(table.rows, rows, strict=True):
            for cell, words in zip(line.cells, row, strict=True):
                cell.text = words
    document.save(str(folder / "a.docx"))
    return folder / "a.docx"


@pytest.mark.parametrize("write", [html, odt, docx])
@pytest.mark.parametrize(
    ("caption", "rows", "head"),
    [
        ("Table 3 (continued)", [*REST], HEAD),
        ("Table 3 (cont'd)", [*REST], HEAD),
        ("Table 3 (continued)", [HEAD, *REST], HEAD),
        ("Table 4: Others", [*REST], REST[0]),
    ],
)
def test_a_table_that_goes_on_keeps_its_head(
    tmp_path: Path, read: Callable, write: Callable, caption: str, rows: Rows, head: tuple[str, str]
) -> None:
    reading = read(write(tmp_path, [("Table 3: Berths", [HEAD, FIRST]), (caption, rows)]))
    second = reading.texts("table")[1].split("\n")
    assert second[2] == f"| {head[0]} | {head[1]} |"
    assert second[-1] == "| Freya | 15 |"
    assert len(second) == 4 + len([row for row in rows if row != head])


@pytest.mark.parametrize("below", [False, True])
def test_a_caption_between_two_tables_is_where_the_document_puts_them(tmp_path, read, below):
    from docx import Document

    document = Document()
    captions = iter(("Loads of ropes", "Fees of berths"))

    def table(words: str) -> None:
        for cell, said in zip(document.add_table(2, 2)._cells, ("x", "y", words, "1"), strict=True):
            cell.text = said

    def caption() -> None:
        document.add_paragraph(next(captions), style="Caption")

    steps = (table, "A"), (caption,), (table, "B")
    for step, *words in steps:
        step(*words)
    document.add_paragraph("Words.")
    for step, *words in ((table, "C"), (caption,)) if below else ((caption,), (table, "C")):
        step(*words)
    document.save(str(tmp_path / "a.docx"))
    said = [text.partition("\n")[0] for text in read(tmp_path / "a.docx").texts("table")]
    head = "| x | y |"
    assert said == (
        ["Loads of ropes", head, "Fees of berths"] if below else [head, "Loads of ropes", "Fees of berths"]
    )
