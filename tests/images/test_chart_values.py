"""Values of charts, told by where their lettering stands."""

from __future__ import annotations

import pytest

from xmrag_plugin.images.chart_values import Lettering, chart_lines


def word(text: str, x: float, y: float) -> Lettering:
    """A word of letters ten units wide and twenty high, around a middle."""
    half = 5 * len(text)
    return text, (x - half, y - 10, x + half, y + 10)


YEARS = [word(str(2020 + i), 100 + 100 * i, 400) for i in range(5)]
VALUES = [
    word(text, 100 + 100 * i, y)
    for i, (text, y) in enumerate([("12", 300), ("18%", 250), ("9", 320), ("25", 180), ("1,021", 90)])
]
SCALE = [word(str(100 * i), 30, 400 - 60 * i) for i in range(6)]
TITLE = word("Geese in 2021, by year", 250, 20)


def test_each_value_goes_with_the_label_below_it() -> None:
    assert chart_lines([TITLE, *SCALE, *VALUES, *YEARS]) == [
        "2020: 12", "2021: 18%", "2022: 9", "2023: 25", "2024: 1,021",
    ]  # fmt: skip


def test_labels_that_were_read_as_one_piece_are_taken_apart() -> None:
    row = ("2020      2021      2022      2023      2024", (80.0, 390.0, 520.0, 410.0))
    assert chart_lines([*VALUES, row])[0] == "2020: 12"


def test_a_category_without_a_value_is_left_out_and_most_must_have_one() -> None:
    assert chart_lines([*VALUES[:4], *YEARS]) == ["2020: 12", "2021: 18%", "2022: 9", "2023: 25"]
    assert chart_lines([*VALUES[:3], *YEARS]) == []


@pytest.mark.parametrize(
    "others",
    [
        [
            word("40", 100 + 100 * i, 120) for i in range(5)
        ],  # a second line, whose points say no more whose they are
        [word("7", 130 + 100 * i, 150) for i in range(5)],  # bars of two kinds without a legend
    ],
)
def test_several_series_without_a_legend_are_not_told(others: list[Lettering]) -> None:
    assert chart_lines([*VALUES, *others, *YEARS]) == []


def test_a_table_is_no_chart() -> None:
    head = [word(text, 100 + 100 * i, 300) for i, text in enumerate(["2019", "2020", "2021", "2022"])]
    cells = [word(text, 100 + 100 * i, 340) for i, text in enumerate(["4", "5", "6", "8"])]
    assert chart_lines([*head, *cells]) == []
    assert (
        chart_lines([*head, *cells, *(word(text, 100 + 100 * i, 380) for i, text in enumerate("1234"))]) == []
    )


def test_bars_side_by_side_have_the_names_of_the_legend_in_its_order() -> None:
    groups = [word(f"Q{i + 1}", 100 + 200 * i, 400) for i in range(3)]
    bars = [
        word(str(10 * i + j + 20), 60 + 200 * i + 40 * j, 300 - 30 * j - 10 * i)
        for i in range(3)
        for j in range(3)
    ]
    legend = [word(name, 200 + 100 * i, 440) for i, name in enumerate(["Alba", "Bree", "Corrie"])]
    assert chart_lines([*groups, *bars, *legend])[:4] == [
        "Q1, Alba: 20",
        "Q1, Bree: 21",
        "Q1, Corrie: 22",
        "Q2, Alba: 30",
    ]
    assert chart_lines([*groups, *bars, *legend[:2]]) == []
    assert (
        chart_lines(
            [*groups, *bars, *legend, *(word(name, 300 + 90 * i, 20) for i, name in enumerate("XYZ"))]
        )
        == []
    )


def test_bars_that_lie_have_their_values_beside_their_labels() -> None:
    names = ["North", "East", "South", "West"]
    labels = [
        (name, (100.0 - 10 * len(name), 40.0 * i, 100.0, 40.0 * i + 20)) for i, name in enumerate(names)
    ]
    ends = [word(str(value), 120 + 10 * value, 40 * i + 10) for i, value in enumerate([31, 45, 12, 27])]
    assert chart_lines([*labels, *ends, *(word(str(10 * i), 100 + 100 * i, 200) for i in range(5))]) == [
        "North: 31", "East: 45", "South: 12", "West: 27",
    ]  # fmt: skip
    column = [word(str(value), 300, 40 * i + 10) for i, value in enumerate([31, 45, 12, 1270])]
    assert chart_lines([*labels, *column]) == []


def test_little_lettering_is_no_chart() -> None:
    assert chart_lines([]) == []
    assert chart_lines([word("Total", 100, 100), word("42.50", 300, 100)]) == []
