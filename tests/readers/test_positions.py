"""Reading by position: columns, rows, touching and equal boxes; captions on all four sides."""

from __future__ import annotations

import pytest

from xmrag_plugin.readers.positions import assign_captions, reading_order


@pytest.mark.parametrize(
    ("boxes", "order"),
    [
        ([], []),
        ([(0, 0, 5, 5)], [0]),
        ([(0, 0, 5, 5), (0, 0, 5, 5)], [0, 1]),  # equal
        ([(5, 0, 10, 5), (0, 0, 5, 5)], [1, 0]),  # touching
        ([(0, 5, 5, 10), (0, 0, 5, 5)], [1, 0]),
        (
            [(50, 30, 90, 40), (0, 30, 40, 40), (50, 20, 90, 28), (0, 20, 40, 28), (0, 0, 90, 10)],
            [4, 3, 1, 2, 0],
        ),
        ([(0, 60, 90, 70), (0, 0, 40, 50), (50, 0, 90, 50)], [1, 2, 0]),
    ],
)
def test_columns_below_a_title_and_rows(boxes, order):
    assert reading_order(boxes) == order


def test_times_beside_topics_are_read_row_by_row():
    boxes = [(x, 10 * row, x + 20, 10 * row + 8) for x in (0, 60) for row in range(4)]
    assert reading_order(boxes) == [0, 4, 1, 5, 2, 6, 3, 7]


def test_each_picture_its_own_caption():
    pictures = [(0, 20, 40, 60), (0, 90, 40, 130), (100, 20, 140, 60)]
    above = [(0, 12, 40, 18), (0, 82, 40, 88), (144, 20, 190, 60)]
    assert assign_captions(pictures, above, reach=30) == {0: 0, 1: 1, 2: 2}
    assert assign_captions(pictures, [], reach=30) == {}
    assert assign_captions([], above, reach=30) == {}


def test_words_that_say_they_are_a_caption_come_first():
    pictures = [(0, 0, 40, 40)]
    texts = [(0, 41, 40, 45), (0, 48, 40, 52)]
    assert assign_captions(pictures, texts, reach=30) == {0: 0}
    assert assign_captions(pictures, texts, reach=30, preferred=lambda place: place == 1) == {0: 1}
    assert assign_captions(pictures, [(0, 90, 40, 95)], reach=30) == {}
