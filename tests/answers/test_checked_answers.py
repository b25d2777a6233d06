"""What becomes of a model's reply: faults fall back, a model may check, streams stop at loops, sources are renumbered."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from llama_index.core.schema import NodeWithScore, TextNode
from scripted_llm import ScriptedLLM

from xmrag_plugin import CrossModalSynthesizer
from xmrag_plugin.answers.checking.check import Claim, Verdict
from xmrag_plugin.answers.checking.model_check import read_verdicts, settled
from xmrag_plugin.errors import UsageError
from xmrag_plugin.generators.capability import Capability, parameters_of
from xmrag_plugin.generators.openai import OpenAIServer
from xmrag_plugin.types import Key

QUESTION = "How many steps has the lighthouse?"
TEXTS = (
    "The station belongs to a cooperative of the islanders.",
    "The lighthouse was built in 1871 and has 143 steps.",
    "Visitors are welcome in the control room from April to October.",
)


@pytest.fixture
def server() -> Iterator[ScriptedLLM]:
    with ScriptedLLM("") as running:
        yield running


@pytest.fixture
def nodes() -> list[NodeWithScore]:
    return [
        NodeWithScore(
            node=TextNode(id_=f"n{n}", text=text, metadata={Key.SOURCE: f"{n}.md"}), score=1.0 - 0.1 * n
        )
        for n, text in enumerate(TEXTS)
    ]


def answered(server: ScriptedLLM, nodes: list[NodeWithScore], **options: Any) -> Any:
    llm = OpenAIServer(model="m", api_base=server.url, api_key="k", max_retries=0, timeout=60.0)
    return CrossModalSynthesizer(llm, **options).synthesize(QUESTION, nodes)


@pytest.mark.parametrize(
    "reply",
    [
        "",
        "[1][2][3][4][5]",
        "The The The The The",
        "It is so. It is so. It is so. It is so. It is so. It is so.",
    ],
)
def test_a_reply_that_is_none_is_never_an_answer(
    server: ScriptedLLM, nodes: list[NodeWithScore], reply: str
) -> None:
    server.answer = reply
    response = answered(server, nodes)
    assert "143 steps" in str(response)
    assert not response.abstained
    assert response.metadata["generator"]["name"] == "extractive"
    assert response.metadata["generator"]["skipped"][0]["reason"]


def test_a_stream_that_loops_is_stopped_and_the_quotation_follows(
    server: ScriptedLLM, nodes: list[NodeWithScore]
) -> None:
    server.answer = "It has steps. " + "And it has steps, as I said before. " * 60
    response = answered(server, nodes, streaming=True)
    streamed = "".join(response.response_gen)
    assert streamed.count("as I said before") < 20
    assert streamed.rstrip().endswith(str(response.response_txt))
    assert "143 steps" in str(response.response_txt)


def test_a_wrong_number_is_contradicted_by_what_the_source_says(
    server: ScriptedLLM, nodes: list[NodeWithScore]
) -> None:
    server.answer = "The lighthouse has 134 steps [2]."
    response = answered(server, nodes)
    assert str(response) == "The lighthouse has 134 steps [2?]."
    (citation,) = response.citations
    assert (citation["supported"], citation["verdict"]) == (False, "contradicted")
    assert "143 steps" in citation["source_says"]


def test_a_claim_is_cited_to_the_source_that_holds_it(
    server: ScriptedLLM, nodes: list[NodeWithScore]
) -> None:
    server.answer = "The lighthouse has 143 steps [3]."
    response = answered(server, nodes)
    assert str(response) == "The lighthouse has 143 steps [2]."
    assert response.metadata["claims"][0]["moved_from"] == [3]


def test_a_model_is_asked_about_what_the_rules_do_not_find(
    server: ScriptedLLM, nodes: list[NodeWithScore]
) -> None:
    def reply(body: dict[str, Any]) -> str:
        if "Statement 1" in json.dumps(body["messages"][-1]):
            return "1: supported"
        return "Guests can come and look around in spring [3]."

    server.answer = reply
    assert str(answered(server, nodes)) == "Guests can come and look around in spring [3?]."
    response = answered(server, nodes, check="model")
    assert str(response) == "Guests can come and look around in spring [3]."
    assert response.metadata["claims"][0]["by"] == "model"


def test_both_must_say_so_and_no_model_lifts_a_wrong_number() -> None:
    claim = Claim("It has 143 steps", 0, 0, (1,))
    assert settled(Verdict(claim, "supported", (1,)), "not found", "both").kind == "not found"
    assert settled(Verdict(claim, "supported", (1,)), "not found", "model").kind == "supported"
    assert (
        settled(Verdict(claim, "not found", (1,), words_only=False), "supported", "model").kind == "not found"
    )
    assert read_verdicts("1: supported\n**2.** Contradicted\n3 - unknown\n9: supported", 4) == [
        "supported", "contradicted", "not found", None,
    ]  # fmt: skip


@pytest.mark.parametrize("streaming", [False, True])
def test_sources_in_the_order_of_mention(
    server: ScriptedLLM, nodes: list[NodeWithScore], streaming: bool
) -> None:
    server.answer = "Visitors are welcome from April to October [3]. The lighthouse has 143 steps [2]."
    response = answered(server, nodes, renumber=True, streaming=streaming)
    if streaming:
        assert "".join(response.response_gen) == response.response_txt
    text = response.response_txt if streaming else str(response)
    assert text == "Visitors are welcome from April to October [1]. The lighthouse has 143 steps [2]."
    assert [citation["source"] for citation in response.citations] == ["2.md", "1.md"]
    assert [scored.node.node_id for scored in response.source_nodes] == ["n2", "n1", "n0"]


def test_an_unknown_check_is_refused(server: ScriptedLLM, nodes: list[NodeWithScore]) -> None:
    with pytest.raises(UsageError, match="oracle"):
        answered(server, nodes, check="oracle")


def test_a_weak_model_words_quotations_and_what_fails_gives_way_to_them(
    server: ScriptedLLM, nodes: list[NodeWithScore]
) -> None:
    server.answer = "The lighthouse has 143 steps [2]. It was built in 1917 [2]."
    response = answered(server, nodes, weak_model=True)
    assert str(response).startswith("The lighthouse has 143 steps [2]. “The lighthouse was built in 1871")
    assert all(citation["supported"] for citation in response.citations)
    sent = json.dumps(
        server.requests[-1].body if hasattr(server.requests[-1], "body") else server.requests[-1]
    )
    assert "Quotations:" in sent
    assert "control room" not in sent


@pytest.mark.parametrize(
    "reply", ["It has 134 steps [2].", "Penguins swim.", "How many steps has the lighthouse? [2]"]
)
def test_a_weak_models_answer_of_which_nothing_holds_falls_back_with_the_reason(
    server: ScriptedLLM, nodes: list[NodeWithScore], reply: str
) -> None:
    server.answer = reply
    response = answered(server, nodes, weak_model=True)
    assert "143 steps" in str(response)
    assert response.metadata["generator"]["name"] == "extractive"
    assert response.metadata["generator"]["skipped"][0]["reason"]


@pytest.mark.parametrize(
    ("name", "weak"),
    [
        ("SmolLM2-135M-Instruct", True), ("qwen2.5:0.5b", True), ("gemma-3-270m-it", True), ("smolvlm2-500m", True),
        ("llama-3.2-1b", False), ("qwen3-vl-2b", False), ("gpt-4o-mini", False), ("mixtral-8x7b", False), ("tiny-vl", False),
    ],
)  # fmt: skip
def test_weak_by_the_size_in_the_name(name: str, weak: bool) -> None:
    assert Capability(name, parameters_of(name)).weak is weak
