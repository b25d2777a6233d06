"""What became of each question, the figures over all, and two settings compared."""

from __future__ import annotations

import html
import re

import pytest

from xmrag_plugin import CrossModalIndex
from xmrag_plugin.errors import XmragError
from xmrag_plugin.evaluation import (
    EvalQuery,
    Outcome,
    QualityReport,
    Relevant,
    compare,
    generate_questions,
    measure,
    quality_page,
)

BHUTAN = EvalQuery("f1", "Who composed the anthem of the kingdom of Bhutan?", None, "foreign", ())


@pytest.fixture(scope="module")
def report(index: CrossModalIndex) -> QualityReport:
    lost = EvalQuery(
        "lost",
        "Which quarter of 2031 was the best for the station?",
        None,
        "question",
        (Relevant("seals.html", holds="words that stand nowhere"),),
    )
    queries = [*generate_questions(index, 9), lost]
    return QualityReport(measure(index, queries, foreign=[BHUTAN]), "as it is")


def test_the_collection_finds_and_answers_what_it_was_asked(report: QualityReport) -> None:
    figures = report.figures()
    assert figures["recall@10"]["n"] == 10
    assert figures["recall@10"]["mean"] == pytest.approx(0.9)
    assert figures["wrong_picture"] == {"n": 3, "mean": 0.0, "interval": [0.0, 0.0]}
    assert figures["answer_right"]["mean"] == 1.0
    assert 0 < figures["citation_precision"]["mean"] <= 1
    assert report.refusal() == {"own": 10, "foreign": 1, "precision": 1.0, "recall": 1.0, "f1": 1.0}
    assert set(report.retrieval.as_json()["by_kind"]) == {"caption", "heading", "number", "question"}
    assert report.latency()["search"]["median"] > 0


def test_what_went_wrong_is_named(report: QualityReport) -> None:
    (failed,) = report.failures
    assert failed.query.id == "lost"
    assert failed.failures == ["not among ten hits", "cites another place"]


def test_the_page_stands_alone_and_shows_what_was_found_instead(
    report: QualityReport, index: CrossModalIndex
) -> None:
    other = QualityReport(report.outcomes, "<b>another</b>")
    page = quality_page(report, index, comparison=compare(report, other))
    assert "Which quarter of 2031 was the best for the station?" in page
    assert html.escape("words that stand nowhere") in page
    assert "data:image/" in page
    assert not re.search(r'(?:src|href)="(?!data:)', page)
    assert "<b>another" not in page


def test_json_is_that_of_eval_and_more(report: QualityReport) -> None:
    data = report.as_json()
    assert {"n", "overall", "by_kind", "by_modality", "figures", "refusal", "latency_ms"} <= set(data)
    assert len(data["questions"]) == 11
    assert "refusal (10 own, 1 of another collection): precision 1.0" in report.as_table()


def outcome(name: str, **figures: float) -> Outcome:
    return Outcome(EvalQuery(name, name, None, "question", (Relevant("a.md"),)), figures=figures)


def test_a_difference_on_all_of_many_questions_is_told() -> None:
    first = QualityReport([outcome(str(n), mrr=0.0, search_ms=10.0) for n in range(20)])
    second = QualityReport([outcome(str(n), mrr=1.0, search_ms=20.0) for n in range(20)])
    by_name = {d.name: d for d in compare(first, second).differences}
    assert (by_name["mrr"].n, by_name["mrr"].interval, by_name["mrr"].verdict) == (20, (1.0, 1.0), "better")
    assert by_name["mrr"].p < 0.001
    assert by_name["search_ms"].verdict == "worse"


def test_three_questions_tell_nothing_whatever_they_say() -> None:
    first = QualityReport([outcome(str(n), mrr=0.0) for n in range(3)])
    second = QualityReport([outcome(str(n), mrr=1.0) for n in range(3)])
    (difference,) = compare(first, second).differences
    assert difference.p == pytest.approx(0.25, abs=0.02)  # 2 of 8 ways to draw the signs are as far from 0
    assert difference.verdict.startswith("no difference")


def test_pairs_are_made_by_question_and_only_of_what_both_have() -> None:
    first = QualityReport([outcome("a", mrr=1.0, box_overlap=0.5), outcome("b", mrr=0.0)])
    second = QualityReport([outcome("b", mrr=1.0), outcome("a", mrr=1.0), outcome("c", mrr=0.0)])
    (difference,) = compare(first, second).differences
    assert (difference.n, difference.first, difference.second) == (2, 0.5, 1.0)


def test_a_model_that_always_fails_ends_it_and_says_why(index: CrossModalIndex) -> None:
    queries = generate_questions(index, 1)
    with pytest.raises(XmragError):
        measure(index, queries, llm="openai:no-such-model@http://127.0.0.1:9/v1")
