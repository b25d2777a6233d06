"""What pages of PDFs are made of in the tests: prose, charts, tables, pictures."""

from __future__ import annotations

import random

from pdf_writing import text

PROSE = [
    "The tide gauge at the pier has been read every hour since the spring of",
    "the year in which the lamp was lit. The keeper wrote the figures down by",
    "hand, and in the evening they were sent to the office in the town.",
]


def noise(seed: int, width: int = 90, height: int = 70) -> tuple[int, int, bytes]:
    """A picture that is another one for each seed."""
    return width, height, random.Random(seed).randbytes(3 * width * height)


def bar_chart(x: float, y: float) -> str:
    """A bar chart with axes, ticks and names, its origin at (x, y) from the bottom left."""
    bars = "".join(
        f"0.2 0.4 0.7 rg {x + 20 + 50 * number} {y} 30 {height} re f\n"
        for number, height in enumerate((40, 90, 65, 110))
    )
    names = "".join(
        "0 g " + text(x + 22 + 50 * number, y - 12, name, size=7)
        for number, name in enumerate(("North", "East", "South", "West"))
    )
    ticks = "".join("0 g " + text(x - 16, y + 30 * number, str(30 * number), size=7) for number in range(5))
    return f"0 G 1 w {x} {y} m {x} {y + 130} l S {x} {y} m {x + 230} {y} l S\n{bars}{names}{ticks}"


def grid(x: float, y: float, rows: list[list[str]], *, width: float = 110, height: float = 20) -> str:
    """A table with all its rules, its top left corner at (x, y) from the bottom left."""
    wide, high = width * len(rows[0]), height * len(rows)
    rules = "".join(f"{x} {y - height * n} m {x + wide} {y - height * n} l S\n" for n in range(len(rows) + 1))
    rules += "".join(
        f"{x + width * n} {y} m {x + width * n} {y - high} l S\n" for n in range(len(rows[0]) + 1)
    )
    cells = "".join(
        text(x + width * column + 4, y - height * row - 14, cell, size=9)
        for row, values in enumerate(rows)
        for column, cell in enumerate(values)
        if cell
    )
    return rules + cells


ACCOUNTS = [
    ["", "2019", "2020", "2021"],
    ["Harbour dues", "$ 1,204", "$ 1,311", "$ 987"],
    ["Sale of ice", "86", "92", "101"],
    ["Repairs of the long pier and its lamps", "(310)", "(288)", "(402)"],
    ["Net income", "$ 980", "$ 1,115", "$ 686"],
]


def columns(y: float, rows: list[list[str]]) -> str:
    """Rows set by alignment alone: labels at the left, figures flush right."""
    shown = ""
    for number, row in enumerate(rows):
        shown += text(72, y - 15 * number, row[0], size=9) if row[0] else ""
        for column, cell in enumerate(row[1:]):
            shown += text(380 + 70 * column - 4.6 * len(cell), y - 15 * number, cell, size=9)
    return shown
