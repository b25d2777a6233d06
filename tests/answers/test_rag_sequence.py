"""RAG-Sequence sums, against numbers computed by hand."""

from __future__ import annotations

import math

import pytest

from xmrag_plugin.answers.rag_sequence import Candidate, marginalise, prior


def test_prior_is_normalised() -> None:
    assert prior({1: 0.6, 2: 0.2}) == pytest.approx({1: 0.75, 2: 0.25})
    assert prior({1: 0.0, 2: 0.0}) == {1: 0.5, 2: 0.5}


def test_equal_answers_add_up_and_beat_a_single_better_one() -> None:
    outcome = marginalise(
        [
            Candidate(1, "Paris [1].", math.log(0.5)),
            Candidate(2, "Rome [2].", math.log(0.4)),
            Candidate(3, "rome [3]", math.log(0.4)),
        ],
        {1: 0.4, 2: 0.35, 3: 0.25},
    )
    # Paris 0.4 · 0.5 = 0.20; Rome 0.35 · 0.4 + 0.25 · 0.4 = 0.24
    assert outcome.text == "Rome [2]."
    assert outcome.numbers == [2, 3]
    assert [row["log_probability"] for row in outcome.report] == [
        pytest.approx(math.log(0.24), abs=1e-4),
        pytest.approx(math.log(0.20), abs=1e-4),
    ]


def test_thorough_decoding_counts_all_evidence() -> None:
    scores = {
        ("a", 1): math.log(0.5),
        ("a", 2): math.log(0.01),
        ("b", 1): math.log(0.3),
        ("b", 2): math.log(0.6),
    }
    outcome = marginalise(
        [Candidate(1, "a", math.log(0.5)), Candidate(2, "b", math.log(0.6))], {1: 0.6, 2: 0.4}, scores
    )
    # a: 0.6 · 0.5 + 0.4 · 0.01 = 0.304; b: 0.6 · 0.3 + 0.4 · 0.6 = 0.42
    assert outcome.text == "b"
    assert outcome.report[0]["log_probability"] == pytest.approx(math.log(0.42), abs=1e-4)


def test_abstaining_wins_only_when_all_abstain() -> None:
    silent = Candidate(1, "The sources do not hold it.", 0.0, abstains=True)
    assert marginalise([silent, Candidate(2, "Rome", -9.0)], {1: 0.9, 2: 0.1}).text == "Rome"
    assert marginalise([silent], {1: 1.0}).text == "The sources do not hold it."
