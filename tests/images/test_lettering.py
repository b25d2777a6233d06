"""Rows of lettering and boxes of turned pictures, against places worked out by hand."""

from __future__ import annotations

import pytest

from xmrag_plugin.images.lettering import in_rows, turned_back


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
