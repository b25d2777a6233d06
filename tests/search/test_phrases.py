"""Words that stand side by side in a question and in a node."""

from __future__ import annotations

from itertools import count
from pathlib import Path

import numpy as np
import pytest

from xmrag_plugin import CrossModalIndex
from xmrag_plugin.search.fusion import Candidates, calibrated, load_fusion
from xmrag_plugin.search.phrases import named_rows, shared_phrases
from xmrag_plugin.types import Key, NodeRecord

NUMBERS = count()


def node(text: str, modality: str = "text", **metadata: object) -> NodeRecord:
    return NodeRecord(
        f"n{next(NUMBERS)}", "a.pdf", 0, modality, text, "", "", {Key.SOURCE: "a.pdf", **metadata}, {}
    )


def counts(question: str, *nodes: NodeRecord) -> list[float] | None:
    found = shared_phrases(question, nodes, np.arange(len(nodes), 0, -1, dtype=np.float32))
    return None if found is None else found.tolist()


@pytest.mark.parametrize(
    ("question", "text", "expected"),
    [
        ("What are the total liabilities?", "| Total | 7 |\n| Total liabilities | 9 |", 1),
        ("What are the total liabilities?", "Liabilities in total, lease liabilities", 0),
        ("Total lease liability of the company", "TOTAL LEASE LIABILITIES", 2),
        ("the cost of sales growth", "cost sales growth", 1),  # function words part phrases
        ("cost sales growth", "Costco sales growth", 1),  # another word that begins so
        ("Welche größeren Häuser stehen dort?", "die größeren\nHäuser", 1),
        ("receipt dated 25/12/2018", "25/12/2018", 2),
        ("Does the long-term debt fall?", "long-term debt", 2),
    ],
)
def test_neighbouring_words_are_counted_by_their_stems(question: str, text: str, expected: float) -> None:
    assert counts(question, node("nothing of it"), node(text), node("")) == [0, expected, 0]


def test_a_phrase_ends_with_its_node() -> None:
    nodes = [node("the total"), node("liabilities"), node("total liabilities")]
    assert counts("total liabilities", *nodes) == [0, 0, 1]


def test_only_nodes_that_hold_both_words_are_read() -> None:
    nodes = [node("total liabilities"), node("total liabilities"), node("lease liabilities")]
    lexical = np.ones(3, dtype=np.float32)
    first, second, _ = (n.node_id for n in nodes)
    holding = {"total": {first}, "liabilities": {first, second}}
    found = shared_phrases("total lease liabilities, total liabilities", nodes, lexical, holding)
    assert found is not None
    assert found.tolist() == [1, 0, 0]


def test_what_is_said_about_a_picture_is_no_phrase_of_its_own() -> None:
    figure, table, scan = (
        node("Total liabilities over time", "image", **{Key.KIND: "picture"}),
        node("Total liabilities", "image", **{Key.KIND: "table"}),
        node("Total liabilities 9", "image", **{Key.KIND: "picture", Key.OCR: "Total liabilities 9"}),
    )
    assert counts("total liabilities", figure, table, scan) == [0, 1, 1]


@pytest.mark.parametrize("question", ["Is it?", "debt", "发电站的叶片"])
def test_a_question_without_two_words_side_by_side_has_none(question: str) -> None:
    assert counts(question, node("debt 发电站的叶片")) is None


def test_candidates_change_places_within_their_kind_and_keep_the_scores() -> None:
    columns = {"text": np.array([0.5, 0.45, 0.1, 0.48], dtype=np.float32)}
    asked = Candidates(["t1", "t2", "t3", "i1"], np.array(["text"] * 3 + ["image"]), columns)
    before = load_fusion("calibrated").fuse(asked).scores
    asked.phrases = np.array([0, 1, 0, 0], dtype=np.float32)
    after = load_fusion("calibrated").fuse(asked).scores
    assert list(np.argsort(-after[:3])) == [1, 0, 2]
    assert sorted(after[:3]) == pytest.approx(sorted(before[:3]))
    assert after[3] == before[3]


def test_a_search_puts_what_says_the_phrase_before_what_says_its_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = tmp_path / "files"
    files.mkdir()
    (files / "apart.md").write_text("# Notes\n\nDebt is long, and its term is net of what a lease adds.\n")
    (files / "together.md").write_text(
        "# Notes\n\nLong-term debt stands in note 7, behind the auditors and the leases.\n"
    )
    with CrossModalIndex(tmp_path / "kb", vision="none") as index:
        index.add(files)
        assert [hit.source for hit in index.search("long-term debt", k=2)] == ["together.md", "apart.md"]
        monkeypatch.setattr(calibrated, "PHRASE", 0.0)
        assert [hit.source for hit in index.search("long-term debt", k=2)] == ["apart.md", "together.md"]


@pytest.mark.parametrize(
    ("question", "rows", "expected"),
    [
        ("What are the total liabilities of the port?", "| Berths | 7 |\n| TOTAL LIABILITIES | 9 |", 2),
        ("What are the total liabilities of the port?", "| Total lease liabilities | 7 |\n| Total | 9 |", 1),
        ("What are the lease liabilities in total?", "| Total liabilities | 9 |", 0),
        ("Wie hoch sind die langfristigen Schulden?", "| Langfristige Schulden | 9 |", 2),
        ("How much was paid in 2021?", "| 2021 | 9 |", 0),
        ("the cost of sales", "| The cost of sales | 9 |", 2),
        ("the cost of sales", "| Costs |\n| --- |\n| A label that goes on about the cost of sales | 9 |", 1),
        ("利润总额是多少？", "| 总额 | 9 |", 0),
    ],
)
def test_a_row_is_named_whole_or_not(question: str, rows: str, expected: float) -> None:
    table = {Key.KIND: "table"}
    nodes = [
        node(rows, **table),
        node(rows),
        node(rows.replace("| ", "").replace(" |", ""), "image", **table),
    ]
    found = named_rows(question, nodes, np.ones(3, dtype=np.float32))
    assert (found is None) == (expected == 0)
    if found is not None:
        assert found.tolist()[:2] == [expected, 0]


def test_the_table_with_the_named_row_comes_first(tmp_path: Path) -> None:
    labels = ("Total lease liabilities", "Total liabilities", "Total liabilities for berths", "Liabilities")
    for number, label in enumerate(labels):
        rows = "".join(
            f"| {label if n == 3 else f'Berth {n} of the quay'} | {n}{number} |\n" for n in range(8)
        )
        (tmp_path / f"{number}.md").write_text(f"| | 2021 |\n| --- | --- |\n{rows}", encoding="utf-8")
    with CrossModalIndex(tmp_path / "kb", ocr="off") as index:
        index.add([tmp_path / f"{number}.md" for number in range(4)], progress=False)
        assert index.search("What are the total liabilities of the quay?", k=1)[0].source == "1.md"
