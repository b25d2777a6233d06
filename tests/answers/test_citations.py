"""Citations: every way of writing them, and what is looked up."""

from __future__ import annotations

import pytest

from xmrag_plugin.answers.citation_marks import find_marks
from xmrag_plugin.answers.citations import attributed, check_citations, without_marks
from xmrag_plugin.answers.context import Evidence
from xmrag_plugin.types import Key, Modality

REPORT = Evidence(
    1,
    "r",
    "report.pdf",
    "Revenue rose by 12.5 % to €1,234,567 in 2021. The board met on 3 April 2018. It said “growth is back”. "
    "The plant made three turbines and used 2.5 million litres of water.",
)
CHART = Evidence(
    2,
    "c",
    "report.pdf",
    "Figure 2: Sales by region",
    Modality.IMAGE,
    media_file="/nowhere/chart.png",
    metadata={Key.OCR: "NORTH 42 %\nSOUTH 17 %", Key.CAPTION: "Figure 2: Sales by region", Key.PAGE: 7},
)


def verdicts(answer: str) -> dict[int, bool]:
    return {citation.n: citation.supported for citation in check_citations(answer, [REPORT, CHART]).citations}


@pytest.mark.parametrize(
    "claim",
    [
        "Revenue rose by 12.5% [1].",
        "Revenue rose by 12,5 percent [1].",
        "Revenue reached EUR 1.234.567 [1].",
        "Revenue reached 1 234 567 euros [1].",
        "The board met on 2018-04-03 [1].",
        "The board met on 3/4/2018 [1].",
        "The board met on April 3, 2018. [1]",
        'The board said "Growth is back" [1].',
        "They built 3 turbines [1].",
        "2,500,000 litres were used [1].",
        "About 2.5 million litres of water were used [1].",
        "[1] says that revenue rose by 12.5 %.",
        "Figure 7 shows that revenue rose by 12.5 % [1].",
    ],
)
def test_what_stands_there_is_supported_however_it_is_written(claim: str) -> None:
    assert verdicts(claim) == {1: True}


@pytest.mark.parametrize(
    "claim",
    [
        "Revenue rose by 13 % [1].",
        "Revenue rose by 12.5 km [1].",
        "Revenue reached $1,234,567 [1].",
        "The board met on 4 May 2018 [1].",
        'The board said "we are doomed" [1].',
        "They used 2.5 billion litres [1].",
        "Penguins waddle [1].",
    ],
)
def test_what_does_not_stand_there_is_marked(claim: str) -> None:
    checked = check_citations(claim, [REPORT, CHART])
    assert [citation.supported for citation in checked.citations] == [False]
    assert "[1?]" in checked.text


def test_lettering_of_a_picture_counts() -> None:
    checked = check_citations("The north sold 42 % [2], the south 71 % [2].", [REPORT, CHART])
    assert checked.text == "The north sold 42 % [2], the south 71 % [2?]."
    (citation,) = checked.citations
    assert not citation.supported
    assert citation.quote == "NORTH 42 %"
    assert citation.page == 7


def test_a_picture_may_be_cited_for_what_is_seen() -> None:
    assert verdicts("The bars are green [2].") == {2: True}


def test_numbers_that_do_not_exist() -> None:
    checked = check_citations("Revenue rose by 12.5 % [1][9]. Nobody knows [7].", [REPORT, CHART])
    assert checked.text == "Revenue rose by 12.5 % [1][?]. Nobody knows [?]."
    assert [citation.n for citation in checked.citations] == [1]


@pytest.mark.parametrize(
    ("mark", "numbers"),
    [
        ("[1]", [1]),
        ("[1, 3]", [1, 3]),
        ("[2-4]", [2, 3, 4]),
        ("[1;2]", [1, 2]),
        ("[^1]", [1]),
        ("【3†source】", [3]),
    ],
)
def test_ways_of_writing(mark: str, numbers: list[int]) -> None:
    (found,) = find_marks(f"It rose {mark}.")
    assert list(found.numbers) == numbers


def test_several_sources_together_support_a_sentence() -> None:
    assert verdicts("Revenue rose by 12.5 % and the north sold 42 % [1][2].") == {1: True, 2: True}
    assert verdicts("Revenue rose by 12.5 % and the north sold 99 % [1, 2].") == {1: False, 2: False}


def test_each_claim_has_its_own_citation() -> None:
    assert verdicts("Revenue rose by 12.5 % [1]. The north sold 12.5 % [2].") == {1: True, 2: False}


def test_uncited_findings_are_told() -> None:
    assert check_citations("Hello. It cost 5 euros. Fine [1].", [REPORT]).uncited == ["It cost 5 euros."]


def test_a_link_whose_words_are_a_number_is_a_citation_and_other_links_are_none() -> None:
    assert check_citations("It was 2021 [1](http://x).", [REPORT]).text == "It was 2021 [1]."
    assert check_citations("See [the page](http://x/1).", [REPORT]).citations == []


def test_without_marks() -> None:
    assert without_marks("It rose [1], it fell [2, 3].") == "It rose, it fell."


def test_attribution_only_where_the_words_stand() -> None:
    answer = "Revenue rose by 12.5 %. Penguins live in Antarctica. The plant made three turbines."
    assert attributed(answer, [CHART, REPORT]) == (
        "Revenue rose by 12.5 %. [1] Penguins live in Antarctica. The plant made three turbines. [1]"
    )


def test_attribution_does_not_trust_a_wrong_number() -> None:
    assert attributed("Revenue rose by 99 % in 2021.", [REPORT]) == "Revenue rose by 99 % in 2021."
