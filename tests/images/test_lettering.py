"""Rows of lettering and boxes of turned pictures, against places worked out by hand."""

from __future__ import annotations

import math

import pytest

from xmrag_plugin.images.lettering import in_rows, level_box, tilt_of, turned_back


def test_lines_side_by_side_are_one_row() -> None:
    boxes = [(60.0, 2.0, 90.0, 12.0), (0.0, 0.0, 50.0, 10.0), (0.0, 20.0, 50.0, 30.0)]
    assert in_rows(["right", "left", "below"], boxes) == [["left", "right"], ["below"]]


def test_a_tall_line_does_not_swallow_the_rows_beside_it() -> None:
    boxes = [
        (0.0, 0.0, 10.0, 100.0),
        (20.0, 0.0, 90.0, 10.0),
        (20.0, 45.0, 90.0, 55.0),
        (20.0, 90.0, 90.0, 100.0),
    ]
    rows = in_rows(["axis", "first", "second", "third"], boxes)
    assert rows[0] == ["first"]
    assert [line for row in rows for line in row][-1] == "third"


def test_nothing_has_no_rows() -> None:
    assert in_rows([], []) == []


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_a_box_turned_and_turned_back_is_itself(turns: int) -> None:
    import numpy as np

    picture = np.zeros((40, 100), dtype=int)
    picture[5:9, 10:30] = 1
    ys, xs = np.nonzero(np.rot90(picture, turns))
    turned = (float(xs.min()), float(ys.min()), float(xs.max() + 1), float(ys.max() + 1))
    assert turned_back(turned, turns, 100, 40) == (10, 5, 30, 9)


def test_rows_of_paper_that_lies_at_an_angle() -> None:
    def corners(x: float, y: float, width: float, tilt: float) -> list[tuple[float, float]]:
        across, down = math.cos(tilt), math.sin(tilt)
        return [
            (u * across - v * down, u * down + v * across)
            for u, v in ((x, y), (x + width, y), (x + width, y + 30), (x, y + 30))
        ]

    bill = [
        ("Bread", 30, 100, 120),
        ("2.40", 470, 100, 90),
        ("Salt", 30, 160, 100),
        ("0.95", 470, 160, 90),
        ("TOTAL", 30, 220, 130),
        ("3.35", 470, 220, 90),
    ]
    for degrees in (-14, -6, -2, 0, 2, 6, 14):
        boxes = [corners(x, y, width, math.radians(degrees)) for _, x, y, width in bill]
        tilt = tilt_of(boxes)
        assert math.degrees(tilt) == pytest.approx(degrees, abs=0.01)
        rows = in_rows([word for word, *_ in bill], [level_box(box, tilt) for box in boxes])
        assert rows == [["Bread", "2.40"], ["Salt", "0.95"], ["TOTAL", "3.35"]]
    assert tilt_of([corners(0, 0, 200, 0.1)]) == 0.0  # one line tells nothing
    assert tilt_of([]) == 0.0
