"""Documents that a question names by their files' names."""

from __future__ import annotations

from pathlib import Path

import pytest

from xmrag_plugin import CrossModalIndex
from xmrag_plugin.search.named_documents import documents_named
from xmrag_plugin.types import NodeRecord

HARBOURS = ("Alder", "Birch", "Cedar")
YEARS = (2019, 2020)


def node(number: int, source: str, text: str) -> NodeRecord:
    return NodeRecord(str(number), source, number, "text", text, "", "", {}, {})


NODES = [
    node(i, source, text)
    for i, (source, text) in enumerate(
        [
            ("reports/Alder_2019_10K.pdf", "Alder paid its debt. Its long piers."),
            ("reports/Alder_2019_10K.pdf", "The cranes of Alder are new."),
            ("reports/Alder_2020_10K.pdf", "Alder paid its debt again."),
            ("reports/BirchHarbour-2020.pdf", "Birch has no debt and a long pier."),
            ("reports/BirchHarbour-2020.pdf", "The piers of Birch are of stone."),
            ("a-long-story.md", "A long story of the long night."),
            ("a-long-story.md", "The night was long."),
        ]
    )
]


@pytest.mark.parametrize(
    ("question", "named"),
    [
        ("What is the debt of ALDER in FY2019?", {"reports/Alder_2019_10K.pdf"}),
        ("What is the debt of Alder?", {"reports/Alder_2019_10K.pdf", "reports/Alder_2020_10K.pdf"}),
        ("Compare Alder in 2020 with Birch", {"reports/Alder_2020_10K.pdf", "reports/BirchHarbour-2020.pdf"}),
        ("How long is the pier?", set()),  # a word that all documents say
        ("the figures of 2020", set()),  # a number alone
        ("Who is the harbour master?", set()),  # a name that no passage holds
        ("What does the story tell?", set()),  # one passage holds it
        ("Which reports are there?", set()),
    ],
)
def test_documents_are_named_by_words_that_are_their_own(question: str, named: set[str]) -> None:
    words = question.casefold().replace("?", "").split()
    holding = {
        word: {n.node_id for n in NODES if word in n.text.casefold().replace(".", "").split()}
        for word in words
    }
    assert documents_named(question, NODES, holding) == named


def test_what_documents_have_alike_is_found_in_the_one_that_is_named(tmp_path: Path) -> None:
    source = tmp_path / "reports"
    source.mkdir()
    for harbour in HARBOURS:
        for year in YEARS:
            title = f"# Report\n\nThe report of {harbour}.\n\nThe council of {harbour} signs it.\n\n"
            tables = "".join(
                f"## Balance of quay {n}\n\n| | Value |\n| --- | --- |\n| Total debt | {n}{year} |\n\n"
                for n in range(9)
            )
            (source / f"{harbour.upper()}_{year}_report.md").write_text(title + tables)
    index = CrossModalIndex(tmp_path / "kb", ocr="off")
    index.add(source)
    for harbour in HARBOURS:
        for year in YEARS:
            asked = f"What is the total debt of {harbour} in FY{year}?"
            hits = index.search(asked, k=5)
            assert {hit.source for hit in hits} == {f"{harbour.upper()}_{year}_report.md"}
    assert len(index.search("What is the total debt?", k=5)) == 5
