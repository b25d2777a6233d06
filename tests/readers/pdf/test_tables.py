"""Tables over pages and in scripts from right to left, and where their cells stand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pdf_parts import grid, noise
from pdf_writing import PageSpec, glyph_text, mapped_font, text, write_pdf

from xmrag_plugin.readers.pdf.layout.tables.cells import Cell, join_columns
from xmrag_plugin.types import Element, Key, parse_line_boxes

Read = Callable[..., list[Element]]
HEAD = ["Vessel", "Mooring", "Yearly fee"]


def ruled(y: float, rows: list[list[str]], *, bold_head: bool = False) -> str:
    """A grid of rules with its rows of text, its top edge at y from the bottom."""
    high = 20 * len(rows)
    rules = "".join(f"72 {y - 20 * n} m 432 {y - 20 * n} l S\n" for n in range(len(rows) + 1))
    rules += "".join(f"{72 + 120 * n} {y} m {72 + 120 * n} {y - high} l S\n" for n in range(4))
    return rules + "".join(
        text(76 + 120 * column, y - 20 * row - 14, cell, size=9, font="F2" if bold_head and not row else "F1")
        for row, cells in enumerate(rows)
        for column, cell in enumerate(cells)
    )


def boats(start: int, stop: int) -> list[list[str]]:
    return [[f"Boat Ivar {n}", f"Berth {100 + n}", f"{3 * n + 450} EUR"] for n in range(start, stop)]


@pytest.mark.parametrize("bold", [False, True])
def test_a_table_that_goes_on_keeps_its_heading(tmp_path: Path, read: Read, bold: bool) -> None:
    pages = [
        PageSpec(ruled(740, [HEAD, *boats(0, 33)], bold_head=bold)),
        PageSpec(ruled(740, boats(33, 66))),
        PageSpec(
            ruled(740, boats(66, 70)) + text(72, 600, "The fees were paid by all but two of the owners.")
        ),
    ]
    tables = [e for e in read(write_pdf(tmp_path / "fees.pdf", pages)) if e.kind == "table"]
    assert [table.text.splitlines()[0] for table in tables] == ["| Vessel | Mooring | Yearly fee |"] * 3
    assert tables[1].text.splitlines()[2] == "| Boat Ivar 33 | Berth 133 | 549 EUR |"
    assert sum(table.text.count("Boat Ivar") for table in tables) == 70


@pytest.mark.parametrize(
    "second",
    [
        [HEAD, *boats(33, 36)],  # the heading repeated
        [["Crew", "Rank", "Wage"], ["Ines", "Mate", "12"], ["Olav", "Cook", "9"]],  # another table
    ],
)
def test_a_table_with_a_heading_of_its_own_keeps_it(
    tmp_path: Path, read: Read, second: list[list[str]]
) -> None:
    pages = [
        PageSpec(ruled(740, [HEAD, *boats(0, 33)], bold_head=True)),
        PageSpec(ruled(740, second, bold_head=True)),
    ]
    tables = [e for e in read(write_pdf(tmp_path / "two.pdf", pages)) if e.kind == "table"]
    assert tables[1].text.splitlines()[0] == f"| {' | '.join(second[0])} |"
    assert len(tables[1].text.splitlines()) == len(second) + 1


def test_a_table_after_text_begins_anew(tmp_path: Path, read: Read) -> None:
    rows = [["a1", "b2", "c3"], ["a2", "b3", "c4"], ["a3", "b4", "c5"]]
    pages = [
        PageSpec(
            ruled(740, [HEAD, *boats(0, 5)])
            + text(72, 400, "The fees were paid by all the owners of the boats.")
        ),
        PageSpec(ruled(740, rows)),
    ]
    tables = [e for e in read(write_pdf(tmp_path / "anew.pdf", pages)) if e.kind == "table"]
    assert tables[1].text.splitlines()[0] == "| a1 | b2 | c3 |"


def test_cells_know_where_they_stand(tmp_path: Path, read: Read) -> None:
    table = read(write_pdf(tmp_path / "cells.pdf", [PageSpec(ruled(740, [HEAD, *boats(0, 3)]))]))[0]
    boxes = {table.text[start:end]: (x0, y0, x1, y1) for start, end, x0, y0, x1, y1, _ in
             parse_line_boxes(table.metadata[Key.LINE_BOXES])}  # fmt: skip
    assert set(boxes) == {*HEAD, *(cell for row in boats(0, 3) for cell in row)}
    assert boxes["Berth 101"] == pytest.approx((196, 99, 240, 108), abs=4)


def test_cells_of_a_script_from_right_to_left(tmp_path: Path, read: Read) -> None:
    glyphs = sorted(set("نامشمارهقایقبندرسفید"))
    rules = "".join(f"72 {700 - 20 * n} m 392 {700 - 20 * n} l S\n" for n in range(3))
    rules += "".join(f"{72 + 160 * n} 700 m {72 + 160 * n} 660 l S\n" for n in range(3))
    shown = ""
    for row, cells in enumerate([["نام قایق", "شماره بندر"], ["قایق سفید", "بندر سفید"]]):
        for column, cell in enumerate(cells):
            right = 392 - 160 * column - 6  # the first column is the rightmost one
            for word in cell.split():
                codes = [glyphs.index(letter) for letter in reversed(word)]
                right -= 9 * len(codes)
                shown += glyph_text(right, 686 - 20 * row, codes, size=9)
                right -= 5
    page = PageSpec(rules + shown, fonts={"F9": "100 0 R"})
    table = read(write_pdf(tmp_path / "arabic.pdf", [page], more=mapped_font(glyphs, 100)))[0]
    assert table.kind == "table"
    assert table.text.splitlines()[0] == "| نام قایق | شماره بندر |"
    assert table.text.splitlines()[2] == "| قایق سفید | بندر سفید |"


def joined(*rows: str) -> list[list[str]]:
    cells = [[Cell(text.strip()) for text in row.split("|")] for row in rows]
    return [[cell.text for cell in row] for row in join_columns(cells)]


def test_columns_that_are_one_to_a_reader_are_joined() -> None:
    assert joined(
        " | | 2021 | | | 2020 | ",
        "Notes|$| |800|$| |750",
        "Other| | |731| | |857",
        "Total|$| |1,531|$| |1,607",
    ) == [
        ["", "2021", "2020"],
        ["Notes", "$ 800", "$ 750"],
        ["Other", "731", "857"],
        ["Total", "$ 1,531", "$ 1,607"],
    ]
    assert joined("2022| |$|800", "2023| | |91", " |Thereafter| |5,295", " |Total|$|6,186") == [
        ["2022", "$ 800"],
        ["2023", "91"],
        ["Thereafter", "5,295"],
        ["Total", "$ 6,186"],
    ]


@pytest.mark.parametrize(
    "rows",
    [
        ("Item|Unit|2030", "Rope|m|12", "Chain|m|15"),  # a unit is no sign of currency
        ("Item|Old|New", "Rope| |12", "Chain|11| ", "Hook| |9"),  # figures by turns are two columns
        (
            "Item|Notes|2030",
            "Rope| |12",
            "Chain| |15",
        ),  # a head over nothing beside a column with a head of its own
        ("Year|Port", "2030|Luan", "2031|Alba"),
    ],
)
def test_columns_that_differ_stay_apart(rows: tuple[str, ...]) -> None:
    whole = [[text.strip() for text in row.split("|")] for row in rows]
    assert joined(*rows) == whole


LONG_LABELS = [
    ["Cash", "$", "11,258", "$", "12,277"],
    ["Inventories", "", "14,215", "", "12,242"],
    ["Total assets", "$", "25,473", "$", "24,519"],
    ["Commitments and contingencies", "", "", "", ""],
    ["Equity", "", "", "", ""],
    ["Preferred stock, $0.01 par value; 100,000 shares authorized; none issued and", "", "", "", ""],
    ["outstanding", "", "4", "", "4"],
    ["Retained earnings", "", "11,666", "", "12,879"],
    ["Total equity", "$", "18,078", "$", "18,705"],
]


def balance_sheet(y: float, *, between: str = "", space: float = 0) -> str:
    """A statement without rules, its head over both columns of figures; a line may stand after the sixth row."""
    content = text(210, y + 27, "SHEETS OF THE HARBOUR OF THE EAST", size=8, font="F2")
    content += text(252, y + 13, "(in millions of crowns)", size=8, font="F2")
    content += text(400, y, "As of August 29,", size=8) + text(420, y - 13, "2021", size=8)
    content += text(510, y - 13, "2020", size=8)
    at = y - 26
    for number, cells in enumerate(LONG_LABELS):
        if number == 6 and between:
            content += text(72, at, between, size=8)
            at -= 13
        at -= space if number == 6 else 0
        for x, cell in zip((72, 400, 420, 490, 510), cells, strict=True):
            content += text(x, at, cell, size=8) if cell else ""
        at -= 13
    return content


def test_rows_of_long_labels_do_not_tear_a_table(tmp_path: Path, read: Read) -> None:
    found = read(write_pdf(tmp_path / "sheet.pdf", [PageSpec(balance_sheet(700))]))
    tables = [element for element in found if element.kind == "table"]
    assert len(tables) == 1, [table.text for table in tables]
    rows = tables[0].text.splitlines()
    assert "crowns" not in tables[0].text
    assert "2021" in rows[0]
    assert "August" in rows[0]
    assert "| Total assets | $ 25,473 | $ 24,519 |" in rows
    assert "| Total equity | $ 18,078 | $ 18,705 |" in rows
    assert any(row.startswith("| Preferred stock") and "outstanding | 4 | 4 |" in row for row in rows)


def test_a_long_label_does_not_cost_a_table_its_first_row(tmp_path: Path, read: Read) -> None:
    content = text(400, 720, "2021", size=8) + text(490, 720, "2020", size=8)
    content += text(72, 707, "Flows of the year:", size=8)
    content += (
        text(72, 694, "Net catch", size=8) + text(400, 694, "5,079", size=8) + text(490, 694, "4,059", size=8)
    )
    content += text(
        72, 681, "Adjustments to reconcile the net catch of the year with the cash of the harbour:", size=8
    )
    for n in range(9):
        content += "".join(
            text(x, 668 - 13 * n, cell, size=8)
            for x, cell in ((80, f"Share of pier {n}"), (400, f"1,{n}81"), (490, f"1,{n}45"))
        )
    (table,) = [e for e in read(write_pdf(tmp_path / "f.pdf", [PageSpec(content)])) if e.kind == "table"]
    rows = table.text.splitlines()
    assert rows[0] == "| Flows of the year: | 2021 | 2020 |"
    assert "| Net catch | 5,079 | 4,059 |" in rows
    assert sum("Share of pier" in row for row in rows) == 9


@pytest.mark.parametrize(
    ("between", "space"),
    [
        (
            "The figures below were audited by the harbour's own office in the spring of the year, as by law.",
            0,
        ),
        ("", 40),
    ],
    ids=["running text", "a gap"],
)
def test_tables_with_text_or_space_between_stay_two(
    tmp_path: Path, read: Read, between: str, space: float
) -> None:
    content = balance_sheet(700, between=between, space=space)
    found = read(write_pdf(tmp_path / "two.pdf", [PageSpec(content)]))
    assert len([element for element in found if element.kind == "table"]) == 2


def test_a_table_parted_by_rules_is_one_and_reaches_to_its_caption(tmp_path: Path, read: Read) -> None:
    """Groups of rows between double rules, under the rule of the head, as in surveys."""
    heights = [700, 680, 676, 600, 596, 520]
    content = "".join(f"72 {y} m 522 {y} l S\n" for y in heights)
    rows = [("Method", "Source", "Format"), *((f"Method {n}", "Reward Model", "Scalar") for n in range(10))]
    at = [686, *range(664, 604, -13), *range(584, 524, -13)]
    for y, cells in zip(at, rows, strict=True):
        content += "".join(text(x, y, cell, size=9) for x, cell in zip((76, 250, 420), cells, strict=True))
    content += text(72, 500, "Table 1: Works on correction.", size=10)
    tables = [e for e in read(write_pdf(tmp_path / "works.pdf", [PageSpec(content)])) if e.kind == "table"]
    assert len(tables) == 1
    assert tables[0].text.count("Method") == 11
    assert tables[0].bbox is not None
    assert tables[0].bbox[3] == pytest.approx(792 - 498, abs=2)  # the caption, with which its words begin


@pytest.mark.parametrize("rule_below_head", [False, True])
def test_prose_in_columns_between_two_rules_is_no_table(
    tmp_path: Path, read: Read, rule_below_head: bool
) -> None:
    """A page with a rule below its head and one above its foot; under a head with a rule of its own it is a table."""
    left = [f"the mill of the {n} valley was sold with" for n in range(100, 124)]
    right = [f"and the brook {n} turned no wheel in that" for n in range(100, 124)]
    rules = [740, 726, 380] if rule_below_head else [740, 380]
    content = "".join(f"72 {y} m 540 {y} l S\n" for y in rules)
    content += text(76, 730, "For", size=10) + text(316, 730, "Against", size=10) if rule_below_head else ""
    for row, (one, other) in enumerate(zip(left, right, strict=True)):
        content += text(76, 714 - 14 * row, one, size=10) + text(316, 714 - 14 * row, other, size=10)
    found = read(write_pdf(tmp_path / "mills.pdf", [PageSpec(content)]))
    assert any(element.kind == "table" for element in found) is rule_below_head
    words = " ".join(element.text for element in found).replace("\n", " ")
    assert ("was sold with the mill of the 101" in words) is not rule_below_head, "each column is read down"


def test_a_row_that_goes_on_and_pictures_above_whose_words_stand(tmp_path, read):
    def cells(y: float, rows: list[list[str]], height: float) -> str:
        return grid(72, y, rows, width=150, height=height)

    photo = "q 100 0 0 80 230 {} cm /I Do Q\n".format
    first = cells(
        300, [["Clause", "Meaning"], ["Demurrage", "What is paid for a day"], ["Laytime", "Time for"]], 60
    )
    second = cells(740, [["", "loading the cargo."], ["Lay days", "The days themselves."]], 60)
    third = cells(700, [["Part", "Photo"], ["Bow", ""], ["Keel", ""]], 110)
    pages = [
        PageSpec(content=text(72, 740, "Clauses of the charter") + first),
        PageSpec(content=second),
        PageSpec(
            content=third + photo(485) + photo(375).replace("/I", "/J"), images={"I": noise(1), "J": noise(2)}
        ),
    ]
    elements = read(write_pdf(tmp_path / "a.pdf", pages))
    tables = [element for element in elements if element.kind == "table"]
    assert tables[1].text.startswith("| Clause | Meaning |\n| --- | --- |\n|  | loading the cargo. |")
    shown = [element for element in elements if element.kind == "picture"]
    assert [element.picture.caption for element in shown] == ["Bow", "Keel"]
    assert tables[2].metadata["cites"].split(",") == [element.metadata["anchor"] for element in shown]
