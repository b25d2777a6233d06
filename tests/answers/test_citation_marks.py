"""Citations in the forms that models write, and nothing else."""

from __future__ import annotations

import pytest

from xmrag_plugin.answers.citation_marks import find_marks, plain_marks, renumbered


@pytest.mark.parametrize(
    ("written", "numbers"),
    [
        ("[1]", [1]), ("[1, 3]", [1, 3]), ("[1 and 2]", [1, 2]), ("[1 und 2]", [1, 2]), ("[1 et 2]", [1, 2]),
        ("[1和2]", [1, 2]), ("[2-4]", [2, 3, 4]), ("[2–4]", [2, 3, 4]), ("[1 to 3]", [1, 2, 3]), ("[1;2]", [1, 2]),
        ("[Source 2]", [2]), ("(Source 2)", [2]), ("(see Source 2)", [2]), ("[source: 2]", [2]), ("[Sources 1, 2 and 4]", [1, 2, 4]),
        ("[Source 1, Source 2]", [1, 2]), ("[Quelle 3]", [3]), ("[来源 2]", [2]), ("（来源2）", [2]), ("[doc1]", [1]),
        ("[citation:3]", [3]), ("[cite: 2, 3]", [2, 3]), ("[^2]", [2]), ("[^2^]", [2]), ("[^1^, ^3^]", [1, 3]), ("[[2]]", [2]), ("[2, p. 3]", [2]),
        ("[Source 2: tide.md]", [2]), ("[2](http://x/y)", [2]), ("[[2]](http://x_(y))", [2]), (r"\[2\]", [2]), ("**[2]**", [2]),
        ("【2】", [2]), ("【2†source】", [2]), ("【2:0†tide.md】", [2]), ("<sup>2</sup>", [2]), ("<sup>[1, 2]</sup>", [1, 2]),
        ('<sup><a href="#1">1</a></sup>', [1]), ("<cite>2</cite>", [2]), ("［2］", [2]),
    ],
)  # fmt: skip
def test_a_citation_is_read_and_written_plainly(written: str, numbers: list[int]) -> None:
    answer = f"The tide runs fast {written}."
    assert [number for mark in find_marks(answer) for number in mark.numbers] == numbers
    marks = "".join(f"[{number}]" for number in numbers)
    assert plain_marks(answer).replace("*", "") == f"The tide runs fast {marks}."


@pytest.mark.parametrize(
    "text",
    [
        "As [Figure 1] shows", "In 1987 (2)", "between [0, 4] and (1, 3]", "[2019] was warm", "an area of 3 m² and 10²", "Use `values[1]` here",
        "```\nvalues[1]\n```", "<code>a[1]</code>", "[the page](http://x/1)", "[x] done", "[12345]",
    ],
)  # fmt: skip
def test_other_brackets_and_code_are_no_citations(text: str) -> None:
    assert find_marks(text) == []
    assert plain_marks(text) == text


@pytest.mark.parametrize(
    "tail",
    [
        "References:\n[2] tide.md",
        "**Sources**\n\n- [1] a.md\n- [2] b.md",
        "[^1]: http://x\n[^2]: http://y",
        "Quellen:\n1. a.md",
    ],
)
def test_a_list_of_sources_below_an_answer_is_left_out(tail: str) -> None:
    assert plain_marks(f"The tide runs fast [2].\n\n{tail}") == "The tide runs fast [2]."


def test_numbers_in_the_order_of_mention() -> None:
    assert renumbered("It is wet [7], cold [2?] and wet [7][4].") == (
        "It is wet [1], cold [2?] and wet [1][3].",
        [7, 2, 4],
    )
