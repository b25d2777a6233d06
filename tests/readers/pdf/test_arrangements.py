"""What stands beside, below or within what: panels, galleries, pictures in tables, turned heads, dashes, numbers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pdf_parts import PROSE, grid, noise
from pdf_writing import PageSpec, lines, text, write_pdf

from xmrag_plugin.types import Element

Read = Callable[..., list[Element]]


def place(name: str, x: float, y: float, wide: float, high: float) -> str:
    return f"q {wide} 0 0 {high} {x} {y} cm /{name} Do Q\n"


def pictures(elements: list[Element]) -> list[str]:
    return [element.picture.caption for element in elements if element.kind == "picture" and element.picture]


def table(elements: list[Element]) -> str:
    return next(element.text for element in elements if element.kind == "table")


def test_panels_with_letters_share_the_caption_of_the_first(tmp_path: Path, read: Read) -> None:
    content = lines(72, 760, PROSE) + place("A", 72, 560, 200, 140) + place("B", 300, 560, 200, 140)
    content += text(160, 546, "(a)", size=9) + text(390, 546, "(b)", size=9)
    content += text(72, 528, "Figure 2. The lock (a) before and (b) after the storm.", size=9) + lines(
        72, 480, PROSE
    )
    page = PageSpec(content, images={"A": noise(1), "B": noise(2)})
    elements = read(write_pdf(tmp_path / "panels.pdf", [page]))
    assert pictures(elements) == ["Figure 2. The lock (a) before and (b) after the storm."]
    assert "(b)" not in [element.text for element in elements]


def test_names_below_the_photographs_of_a_gallery(tmp_path: Path, read: Read) -> None:
    people = ["Anna Holm", "Bo Dahl", "Carl Friis", "Dorte Juhl"]
    content = text(72, 750, "The council of the harbour", size=18)
    for number, name in enumerate(people):
        x, y = 72 + 200 * (number % 2), 560 - 220 * (number // 2)
        content += (
            place(f"P{number}", x, y, 130, 110)
            + text(x, y - 14, name, size=11)
            + text(x, y - 25, "Pilot", size=8)
        )
    page = PageSpec(content, images={f"P{number}": noise(number) for number in range(4)})
    assert sorted(pictures(read(write_pdf(tmp_path / "people.pdf", [page])))) == [
        f"{name} Pilot" for name in people
    ]


def test_pictures_in_a_table_have_the_words_of_their_row(tmp_path: Path, read: Read) -> None:
    rows = [("Swivel", "stainless, 8 mm"), ("Shackle", "galvanised, 10 mm"), ("Cleat", "oak")]
    content = grid(72, 700, [["", a, b] for a, b in rows], width=140, height=80)
    content += "".join(place(f"P{n}", 82, 625 - 80 * n, 110, 70) for n in range(3))
    page = PageSpec(content, images={f"P{n}": noise(n) for n in range(3)})
    elements = read(write_pdf(tmp_path / "parts.pdf", [page]))
    assert sorted(pictures(elements)) == sorted(f"{a} {b}" for a, b in rows)
    assert all(element.bbox and element.bbox[2] < 200 for element in elements if element.kind == "picture")


def test_heads_of_columns_that_are_set_upwards(tmp_path: Path, read: Read) -> None:
    x, y = 72, 700
    content = "".join(f"{x} {y - r} m {x + 360} {y - r} l S\n" for r in (0, 80, 100, 120, 140))
    content += "".join(f"{x + k} {y} m {x + k} {y - 140} l S\n" for k in (0, 150, 220, 290, 360))
    for k, words in zip((150, 220, 290), ("North pier", "South pier", "Long quay"), strict=True):
        content += text(x + k + 40, y - 75, words, size=9, turned=True)
    for r, row in enumerate([["Lamps", "4", "3", "7"], ["Bells", "1", "0", "2"], ["Ropes", "9", "8", "12"]]):
        content += "".join(
            text(x + k + 4, y - 94 - 20 * r, c, size=9) for k, c in zip((0, 150, 220, 290), row, strict=True)
        )
    content += text(x + 4, y - 75, "Item", size=9)
    elements = read(write_pdf(tmp_path / "upwards.pdf", [PageSpec(content)]))
    assert table(elements).startswith("| Item | North pier | South pier | Long quay |")
    assert [element.kind for element in elements] == ["table"]


def test_rules_of_dashes_make_a_grid_and_leaders_of_dots_none(tmp_path: Path, read: Read) -> None:
    x, y, content = 72, 700, ""
    for r in range(5):
        content += "".join(f"{x + k} {y - 20 * r} 2 0.5 re f\n" for k in range(0, 330, 4))
    for q in range(4):
        content += "".join(f"{x + 110 * q} {y - k - 2} 0.5 2 re f\n" for k in range(0, 80, 4))
    for r, row in enumerate(
        [["Quay", "Depth", "Note"], ["A", "4.1", "mud"], ["B", "", "rock"], ["C", "7", ""]]
    ):
        content += "".join(text(x + 110 * k + 4, y - 14 - 20 * r, c, size=9) for k, c in enumerate(row) if c)
    assert table(read(write_pdf(tmp_path / "dashes.pdf", [PageSpec(content)]))).endswith(
        "| A | 4.1 | mud |\n| B |  | rock |\n| C | 7 |  |"
    )


def test_cells_of_several_lines_with_space_between_rows(tmp_path: Path, read: Read) -> None:
    rows = [
        (["Look at the gauge and write the", "level into the book"], ["Keeper"], ["each hour"]),
        (["Ring the bell"], ["Pilot on duty, or the", "keeper if none is there"], ["in fog"]),
        (["Oil the hinges of the gate", "with the yellow can"], ["Crew"], ["Mondays and", "Thursdays"]),
    ]
    content = "".join(
        text(x, 660, w, size=9, font="F2") for x, w in ((72, "Duty"), (292, "Who"), (432, "When"))
    )
    for r, row in enumerate(rows):
        for x, cell in zip((72, 292, 432), row, strict=True):
            content += lines(x, 644 - 30 * r, cell, size=9, step=11)
    last = table(read(write_pdf(tmp_path / "wrapped.pdf", [PageSpec(content)]))).splitlines()[-1]
    assert last == "| Oil the hinges of the gate with the yellow can | Crew | Mondays and Thursdays |"


def test_rows_in_small_letters_stay_rows(tmp_path: Path, read: Read) -> None:
    rows = [
        ("name", "text", "what it is called"),
        ("depth", "number", "below the water"),
        ("quay", "text", "where it lies"),
    ]
    content = "".join(
        text(x, 660, w, size=9, font="F2") for x, w in ((72, "Field"), (192, "Kind"), (332, "Meaning"))
    )
    for r, row in enumerate([*rows, ("fee", "number", "to be paid")]):
        content += "".join(text(x, 636 - 12 * r, c, size=9) for x, c in zip((72, 192, 332), row, strict=True))
    found = table(read(write_pdf(tmp_path / "fields.pdf", [PageSpec(content)])))
    assert [
        line for line in found.splitlines() if line.startswith(("| name", "| depth", "| quay", "| fee"))
    ] == ["| " + " | ".join(row) + " |" for row in [*rows, ("fee", "number", "to be paid")]]


def test_boxes_with_arrows_are_a_diagram(tmp_path: Path, read: Read) -> None:
    content = lines(72, 740, PROSE)
    for k, words in enumerate(["Read the gauge", "Level above 3 m?", "Ring the bell", "Close the gate"]):
        y = 640 - 80 * k
        content += f"1 w 200 {y} 150 40 re S\n" + text(215, y + 16, words, size=10)
        if k < 3:
            content += f"275 {y} m 275 {y - 40} l S 275 {y - 40} m 271 {y - 32} l 279 {y - 32} l f\n"
    content += text(360, 575, "no", size=9) + "350 580 m 420 580 l 420 420 l 350 420 l S\n"
    content += text(150, 370, "Figure 3. What to do when the water rises.", size=9)
    elements = read(write_pdf(tmp_path / "flow.pdf", [PageSpec(content)]))
    [figure] = [element for element in elements if element.picture]
    assert figure.kind == "picture"
    assert "Level above 3 m? no" in figure.picture.words


def test_the_number_of_a_formula_stands_with_it(tmp_path: Path, read: Read) -> None:
    content = (
        lines(72, 740, PROSE) + text(250, 670, "F = k x") + text(500, 670, "(3.1)") + lines(72, 640, PROSE)
    )
    elements = read(write_pdf(tmp_path / "formula.pdf", [PageSpec(content)]))
    assert [element.text for element in elements][1] == "F = k x (3.1)"


def test_an_index_is_read_down_its_columns(tmp_path: Path, read: Read) -> None:
    content = text(72, 750, "Index", size=18)
    for column in range(3):
        entries = [
            f"{chr(97 + column * 8 + row // 3)}{'nchor' if row % 2 else 'wning'}, {7 * row + 3}"
            for row in range(20)
        ]
        content += lines(72 + 170 * column, 720, entries, size=8, step=10)
    elements = read(write_pdf(tmp_path / "index.pdf", [PageSpec(content)]))
    found = " ".join(element.text for element in elements)
    assert "table" not in [element.kind for element in elements]
    assert found.index("awning, 3") < found.index("gnchor, 136") < found.index("iwning, 3")


def test_boxes_to_be_ticked(tmp_path: Path, read: Read) -> None:
    content = text(72, 740, "Tick what applies to the boat:")
    for k, (words, ticked) in enumerate(
        [("Sailing boat", True), ("Motor boat", False), ("Fishing boat", True)]
    ):
        y = 715 - 18 * k
        content += f"0.8 w 72 {y - 1} 9 9 re S\n" + text(88, y, words)
        content += f"72 {y - 1} m 81 {y + 8} l S 72 {y + 8} m 81 {y - 1} l S\n" if ticked else ""
    elements = read(write_pdf(tmp_path / "ticks.pdf", [PageSpec(content)]))
    rows = [row for element in elements[1:] for row in element.text.splitlines()]
    assert rows == ["☒ Sailing boat", "☐ Motor boat", "☒ Fishing boat"]
