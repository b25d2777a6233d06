"""Pictures in pieces are one, and each has its own caption, on whichever side it stands."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pdf_parts import noise
from pdf_writing import PageSpec, lines, text, write_pdf

from xmrag_plugin.readers.pdf.layout.assignment import assign
from xmrag_plugin.types import Element

Read = Callable[..., list[Element]]
NAMES = ["One", "Two", "Three"]


def pictured(read: Read, path: Path) -> list[Element]:
    return [element for element in read(path) if element.picture is not None]


@pytest.mark.parametrize(
    ("side", "dx", "dy"), [("above", 0, 128), ("below", 0, -16), ("left", -110, 60), ("right", 170, 60)]
)
def test_each_plate_has_its_own_caption(tmp_path: Path, read: Read, side: str, dx: int, dy: int) -> None:
    content = ""
    for n, name in enumerate(NAMES):
        y = 600 - 152 * n
        content += f"q 160 0 0 120 200 {y} cm /Im{n} Do Q\n"
        content += text(200 + dx, y + dy, f"Figure {n + 1}: Plate {name}", size=10)
    page = PageSpec(content, {f"Im{n}": noise(n) for n in range(3)})
    found = pictured(read, write_pdf(tmp_path / f"{side}.pdf", [page]))
    assert [element.picture and element.picture.caption for element in found] == [
        f"Figure {n + 1}: Plate {name}" for n, name in enumerate(NAMES)
    ]


def test_captions_alternate(tmp_path: Path, read: Read) -> None:
    """One above its plate, the next below its own: the nearest for all of them together."""
    content = (
        text(200, 728, "Figure 1: Plate One", size=10) + "q 160 0 0 120 200 600 cm /Im0 Do Q\n"
        "q 160 0 0 120 200 440 cm /Im1 Do Q\n" + text(200, 426, "Figure 2: Plate Two", size=10)
    )
    page = PageSpec(content, {"Im0": noise(1), "Im1": noise(2)})
    found = pictured(read, write_pdf(tmp_path / "alternate.pdf", [page]))
    assert [element.picture and element.picture.label for element in found] == ["Figure 1", "Figure 2"]


def tiles(columns: int, rows: int, *, overlap: float = 0.0) -> str:
    wide, high = 300 / columns, 180 / rows
    return "".join(
        f"q {wide + overlap} 0 0 {high + overlap} {100 + wide * x} {400 + high * y} cm /T{x}_{y} Do Q\n"
        for y in range(rows)
        for x in range(columns)
    )


@pytest.mark.parametrize("overlap", [0.0, 0.4, -0.4], ids=["touching", "overlapping", "a hair apart"])
@pytest.mark.parametrize(("columns", "rows"), [(4, 3), (1, 12), (12, 1), (2, 2), (1, 1)])
def test_tiles_are_one_picture(tmp_path: Path, read: Read, columns: int, rows: int, overlap: float) -> None:
    images = {f"T{x}_{y}": noise(100 * x + y, 80, 80) for x in range(columns) for y in range(rows)}
    content = (
        lines(100, 700, ["The strait is drawn here as the pilots of the harbour know it by heart."])
        + tiles(columns, rows, overlap=overlap)
        + text(100, 384, "Figure 1: Map of the strait", size=10)
    )
    found = pictured(read, write_pdf(tmp_path / "tiles.pdf", [PageSpec(content, images)]))
    assert len(found) == 1
    assert found[0].bbox == pytest.approx((100, 212, 400, 392), abs=1.5)
    assert found[0].picture
    assert found[0].picture.caption == "Figure 1: Map of the strait"


def test_pictures_laid_over_one_another_are_one(tmp_path: Path, read: Read) -> None:
    content = "q 200 0 0 150 100 400 cm /A Do Q\nq 200 0 0 150 100 400 cm /B Do Q\n"
    found = pictured(
        read, write_pdf(tmp_path / "equal.pdf", [PageSpec(content, {"A": noise(1), "B": noise(2)})])
    )
    assert len(found) == 1


@pytest.mark.parametrize(
    ("costs", "pairs"),
    [
        ({}, {}),
        ({(0, 0): 3.0}, {0: 0}),
        ({(0, 0): 40.0}, {}),
        ({(0, 0): 1.0, (0, 1): 2.0, (1, 0): 1.5, (1, 1): 9.0}, {0: 1, 1: 0}),
        ({(0, 0): 8.0, (1, 0): 6.0, (1, 1): 8.0, (2, 1): 6.0, (2, 2): 8.0}, {0: 0, 1: 1, 2: 2}),
        ({(0, 0): 4.0, (1, 0): 3.0}, {1: 0}),
    ],
)
def test_the_least_sum(costs: dict[tuple[int, int], float], pairs: dict[int, int]) -> None:
    assert assign(costs, 30.0) == pairs
