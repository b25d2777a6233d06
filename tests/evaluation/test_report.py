"""Means, groups and the two forms of the report."""

from __future__ import annotations

from xmrag_plugin.evaluation import EvalQuery, EvaluationReport, Relevant, Scored
from xmrag_plugin.evaluation.metrics import METRICS


def scored(kind: str, value: float, source: str = "a.md", evidence: tuple[str, ...] = ()) -> Scored:
    item = Relevant(source)
    metrics = dict.fromkeys(METRICS, value)
    return Scored(EvalQuery("q", "t", None, kind, (item,), evidence), metrics, {item.modality: metrics})


def test_json_has_the_shape_of_the_contract() -> None:
    report = EvaluationReport(
        [scored("question", 1.0), scored("question", 0.0), scored("describe", 1.0, "p.png")], unanswerable=2
    )
    data = report.as_json()
    assert list(data) == ["n", "overall", "by_kind", "by_modality", "unanswerable"]
    assert data["n"] == 3
    assert data["unanswerable"] == 2
    assert list(data["overall"]) == [*METRICS, "interval"]
    assert data["overall"]["recall@10"] == 0.6667
    assert data["overall"]["interval"]["recall@10"] == [0.0, 1.0]
    assert {kind: (row["n"], row["mrr"]) for kind, row in data["by_kind"].items()} == {
        "describe": (1, 1.0),
        "question": (2, 0.5),
    }
    assert {name: (row["n"], row["mrr"]) for name, row in data["by_modality"].items()} == {
        "image": (1, 1.0),
        "text": (2, 0.5),
    }


def test_evidence_is_grouped_where_it_is_given() -> None:
    data = EvaluationReport([scored("q", 1.0, evidence=("Chart", "Table")), scored("q", 0.0)]).as_json()
    assert {name: row["n"] for name, row in data["by_evidence"].items()} == {"Chart": 1, "Table": 1}


def test_table() -> None:
    table = EvaluationReport([scored("question", 1.0), scored("question", 0.0)], unanswerable=1).as_table()
    lines = table.splitlines()
    assert lines[0].split() == ["n", *METRICS]
    assert lines[2].startswith("overall")
    assert "0.500 [0.000, 1.000]" in lines[2]
    assert "  question" in table
    assert lines[-1] == "unanswerable, in no mean: 1"


def test_nothing_answerable_is_no_failure() -> None:
    report = EvaluationReport(unanswerable=3)
    assert report.as_json()["overall"]["mrr"] is None
    assert "–" in report.as_table()


def test_pages_and_boxes_are_reported_where_questions_name_them() -> None:
    rows = [scored("q", 1.0), scored("q", 1.0), scored("q", 0.0)]
    rows[0].pages = {"page_recall@1": 1.0, "page_recall@3": 1.0, "page_recall@5": 1.0, "area@10": 0.5}
    rows[1].pages = {"page_recall@1": 0.0, "page_recall@3": 0.5, "page_recall@5": 1.0}
    report = EvaluationReport(rows)
    expected = {"n": 2, "page_recall@1": 0.5, "page_recall@3": 0.75, "page_recall@5": 1.0, "area@10": 0.5}
    assert report.as_json()["pages"] == expected
    assert "pages (2): page_recall@1 0.500" in report.as_table()
