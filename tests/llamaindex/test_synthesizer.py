"""The synthesizer over a real OpenAI server on the loopback, text-only LLMs, ladders and none."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from llama_index.core import Settings as HostSettings
from llama_index.core.bridge.pydantic import BaseModel
from llama_index.core.llms import (
    CompletionResponse,
    CompletionResponseGen,
    CustomLLM,
    LLMMetadata,
    MockLLM,
)
from llama_index.core.llms.callbacks import llm_completion_callback
from llama_index.core.prompts import PromptTemplate
from llama_index.core.schema import ImageNode, NodeWithScore, QueryBundle, TextNode
from PIL import Image
from scripted_llm import Act, ScriptedLLM, failure, unused_url

from xmrag_plugin import CrossModalSynthesizer, FallbackLLM
from xmrag_plugin.answers.injection import Budget
from xmrag_plugin.errors import (
    AuthenticationFailed,
    CapabilityMissing,
    GenerationError,
    GeneratorUnreachable,
    UsageError,
)
from xmrag_plugin.generators.openai import OpenAIServer
from xmrag_plugin.types import Key, Modality

QUESTION = "How much did the north grow?"


@pytest.fixture
def server() -> Iterator[ScriptedLLM]:
    with ScriptedLLM("The north grew by 42 % [1], as the chart shows [2].") as running:
        yield running


def openai(server: ScriptedLLM | str, **options: Any) -> OpenAIServer:
    url = server if isinstance(server, str) else server.url
    return OpenAIServer(model="tiny-vl", api_base=url, api_key="k", max_retries=0, timeout=60.0, **options)


@pytest.fixture
def nodes(tmp_path: Path) -> list[NodeWithScore]:
    path = tmp_path / "chart.png"
    Image.effect_noise((1200, 900), 80).convert("RGB").save(path)
    passage = TextNode(
        id_="passage",
        text="The north grew by 42 % in 2021, said {the board}.",
        metadata={Key.SOURCE: "report.pdf", Key.PAGE: 3, Key.PROBABILITY: 0.9},
    )
    chart = ImageNode(
        id_="chart",
        text="Figure 2: Growth by region",
        image_path=str(path),
        metadata={
            Key.SOURCE: "report.pdf",
            Key.MODALITY: Modality.IMAGE,
            Key.CAPTION: "Figure 2: Growth by region",
            Key.OCR: "NORTH 42 %",
            Key.PAGE: 4,
            Key.PROBABILITY: 0.7,
        },
    )
    other = TextNode(
        id_="other", text="Penguins swim.", metadata={Key.SOURCE: "zoo.md", Key.PROBABILITY: 0.1}
    )
    return [
        NodeWithScore(node=node, score=node.metadata[Key.PROBABILITY]) for node in (chart, other, passage)
    ]


class EchoLLM(CustomLLM):
    """A text-only completion model that says what it was built with; keeps its prompts."""

    said: str = "The north grew by 42 %."
    prompts: list[str]

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(model_name="echo", context_window=3000, num_output=200)

    @llm_completion_callback()
    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        self.prompts.append(prompt)
        return CompletionResponse(text=self.said)

    @llm_completion_callback()
    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponseGen:
        for end in range(1, len(self.said) + 1):
            yield CompletionResponse(text=self.said[:end], delta=self.said[end - 1])


# what goes in -----------------------------------------------------------------------------


def test_answer_with_checked_citations_and_report(server: ScriptedLLM, nodes: list[NodeWithScore]) -> None:
    response = CrossModalSynthesizer(openai(server)).synthesize(QUESTION, nodes)
    assert str(response) == "The north grew by 42 % [1], as the chart shows [2]."
    first, second = response.metadata["citations"]
    assert (first["n"], first["source"], first["page"], first["supported"]) == (1, "report.pdf", 3, True)
    assert second["media_file"].endswith("chart.png")
    assert [node.node.node_id for node in response.source_nodes] == ["passage", "chart", "other"]
    assert response.metadata["generator"]["name"] == "openai"
    assert response.metadata["generator"]["skipped"] == []
    report = response.metadata["injection"]
    assert report["images"] == 1
    assert report["image_bytes"] < 1_500_000


def test_picture_goes_out_small_and_next_to_its_words(
    server: ScriptedLLM, nodes: list[NodeWithScore]
) -> None:
    CrossModalSynthesizer(openai(server), budget=Budget(max_edge=640)).synthesize(QUESTION, nodes)
    (sent,) = server.pictures()
    assert max(Image.open(io.BytesIO(sent)).size) <= 640
    words = server.words()
    assert "[1] Source: report.pdf, p. 3" in words
    assert "{the board}" in words
    assert "NORTH 42 %" not in words or "Figure 2: Growth by region" in words
    assert words.index("[1] Source") < words.index("[2] Source") < words.index(f"Question: {QUESTION}")


def test_picture_of_the_question_is_shown(
    server: ScriptedLLM, nodes: list[NodeWithScore], tmp_path: Path
) -> None:
    Image.new("RGB", (90, 70), "red").save(tmp_path / "asked.png")
    bundle = QueryBundle(QUESTION, image_path=str(tmp_path / "asked.png"))
    CrossModalSynthesizer(openai(server)).synthesize(bundle, nodes)
    assert len(server.pictures()) == 2
    assert "The picture that the question comes with" in server.words()


def test_a_blind_server_gets_the_words(server: ScriptedLLM, nodes: list[NodeWithScore]) -> None:
    server.script(failure(400, "This model does not support image input."))
    response = CrossModalSynthesizer(openai(server)).synthesize(QUESTION, nodes)
    assert str(response).startswith("The north grew")
    assert server.requests[-1][2]["messages"][-1]["content"]
    assert response.metadata["generator"]["pictures_as_words"] == 1


# which generators -------------------------------------------------------------------------


def test_text_only_llm_that_cites_nothing_is_cited(nodes: list[NodeWithScore]) -> None:
    llm = EchoLLM(prompts=[])
    response = CrossModalSynthesizer(llm).synthesize(QUESTION, nodes)
    assert str(response) == "The north grew by 42 %. [1]"
    assert response.metadata["citations"][0]["supported"]
    assert "Figure 2: Growth by region" in llm.prompts[0]


def test_an_answer_that_nothing_bears_out_is_marked(nodes: list[NodeWithScore]) -> None:
    response = CrossModalSynthesizer(EchoLLM(said="Bananas are yellow.", prompts=[])).synthesize(
        QUESTION, nodes
    )
    assert str(response) == "Bananas are yellow. [1?]"
    assert not response.metadata["citations"][0]["supported"]


def test_none_is_extractive_and_settings_are_honoured(nodes: list[NodeWithScore]) -> None:
    assert (
        CrossModalSynthesizer("none").synthesize(QUESTION, nodes).metadata["generator"]["name"]
        == "extractive"
    )
    assert CrossModalSynthesizer().chain is None
    HostSettings.llm = MockLLM()
    try:
        assert CrossModalSynthesizer().chain is not None
    finally:
        HostSettings._llm = None


def test_the_rung_below_answers_and_says_why(server: ScriptedLLM, nodes: list[NodeWithScore]) -> None:
    ladder = FallbackLLM([openai(unused_url()), EchoLLM(prompts=[])], retries=0)
    response = CrossModalSynthesizer(ladder).synthesize(QUESTION, nodes)
    assert response.metadata["generator"]["name"] == "custom_llm"
    assert response.metadata["generator"]["skipped"][0]["name"] == "openai"


@pytest.mark.parametrize("streaming", [False, True])
def test_an_exhausted_ladder_is_answered_by_quotation(nodes: list[NodeWithScore], streaming: bool) -> None:
    synthesizer = CrossModalSynthesizer(FallbackLLM([openai(unused_url())], retries=0), streaming=streaming)
    response = synthesizer.synthesize(QUESTION, nodes)
    assert "42 %" in str(response)
    assert response.metadata["citations"]
    assert response.metadata["generator"]["name"] == "extractive"
    assert response.metadata["generator"]["skipped"][0]["name"] == "openai"


def test_without_the_fallback_it_is_shown(nodes: list[NodeWithScore]) -> None:
    with pytest.raises(GenerationError):
        CrossModalSynthesizer(openai(unused_url()), extractive_fallback=False).synthesize(QUESTION, nodes)


@pytest.mark.parametrize("streaming", [False, True])
def test_a_wrong_key_is_shown(server: ScriptedLLM, nodes: list[NodeWithScore], streaming: bool) -> None:
    server.key = "another"
    with pytest.raises(AuthenticationFailed):
        str(CrossModalSynthesizer(openai(server), streaming=streaming).synthesize(QUESTION, nodes))


def test_a_programmers_error_is_shown(nodes: list[NodeWithScore]) -> None:
    class Broken(EchoLLM):
        @llm_completion_callback()
        def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        CrossModalSynthesizer(Broken(prompts=[])).synthesize(QUESTION, nodes)


# abstention -------------------------------------------------------------------------------


def test_below_the_threshold_nobody_is_asked(server: ScriptedLLM, nodes: list[NodeWithScore]) -> None:
    synthesizer = CrossModalSynthesizer(openai(server), abstention_threshold=0.95)
    response = synthesizer.synthesize("Which volcano erupted?", nodes)
    assert response.abstained
    assert server.requests == []


def test_the_generator_may_abstain(server: ScriptedLLM, nodes: list[NodeWithScore]) -> None:
    server.answer = "The sources do not hold it."
    response = CrossModalSynthesizer(openai(server)).synthesize(QUESTION, nodes)
    assert response.abstained
    assert response.metadata["citations"] == []


def test_no_nodes_is_abstention(server: ScriptedLLM) -> None:
    assert CrossModalSynthesizer(openai(server)).synthesize(QUESTION, []).abstained


# modes ------------------------------------------------------------------------------------


def test_refine_takes_as_many_prompts_as_the_evidence_needs(server: ScriptedLLM) -> None:
    texts = [" ".join(f"Fact {i} of part {part} is told here." for i in range(40)) for part in "abc"]
    nodes = [
        NodeWithScore(node=TextNode(text=text, metadata={Key.SOURCE: f"{n}.md"}), score=1.0)
        for n, text in enumerate(texts)
    ]
    synthesizer = CrossModalSynthesizer(openai(server), mode="refine", budget=Budget(text_tokens=500))
    response = synthesizer.synthesize("Tell the facts", nodes)
    assert len(server.requests) == 3
    assert response.metadata["injection"]["prompts"] == 3
    assert not any(row["truncated"] for row in response.metadata["injection"]["evidence"])
    assert "The answer so far" in str(server.requests[1][2])


def test_refine_keeps_an_answer_that_later_batches_do_not_hold(server: ScriptedLLM) -> None:
    nodes = [
        NodeWithScore(node=TextNode(text=f"{word} " * 300, metadata={Key.SOURCE: word}), score=1.0)
        for word in ("alpha", "beta")
    ]
    server.script(Act(text="Alpha it is [1]."), Act(text="The sources do not hold it."))
    response = CrossModalSynthesizer(
        openai(server), mode="refine", budget=Budget(text_tokens=300)
    ).synthesize("Which?", nodes)
    assert str(response) == "Alpha it is [1]."


def test_marginal_sums_over_the_evidence(server: ScriptedLLM, nodes: list[NodeWithScore]) -> None:
    server.answer = lambda body: (
        "42 % grew"
        if "The north grew" in str(body)
        else "It was 42 % grew"
        if "Growth by" in str(body)
        else "Penguins"
    )
    response = CrossModalSynthesizer(openai(server), mode="marginal").synthesize(QUESTION, nodes)
    assert len(server.requests) == 3
    assert server.requests[0][2]["logprobs"] is True
    # Each word counts -0.5: p = 0.9/1.7·e^-1.5, 0.7/1.7·e^-2.5, 0.1/1.7·e^-0.5
    assert str(response).startswith("42 % grew [1]")
    told = {row["answer"]: row["log_probability"] for row in response.metadata["marginal"]}
    assert told["42 % grew"] == pytest.approx(-2.136, abs=0.001)


def test_marginal_is_refused_without_log_probabilities(nodes: list[NodeWithScore]) -> None:
    with pytest.raises(CapabilityMissing, match="log-probabilities"):
        CrossModalSynthesizer(EchoLLM(prompts=[]), mode="marginal").synthesize(QUESTION, nodes)


def test_unknown_mode() -> None:
    with pytest.raises(UsageError, match="refine"):
        CrossModalSynthesizer("none", mode="tree")  # type: ignore[arg-type]


# streams ----------------------------------------------------------------------------------


def test_stream_with_the_citations_at_its_end(server: ScriptedLLM, nodes: list[NodeWithScore]) -> None:
    response = CrossModalSynthesizer(openai(server), streaming=True).synthesize(QUESTION, nodes)
    pieces = list(response.response_gen)
    assert len(pieces) > 5
    assert "".join(pieces) == "The north grew by 42 % [1], as the chart shows [2]."
    assert [citation["n"] for citation in response.metadata["citations"]] == [1, 2]
    whole = response.get_response()
    assert whole.metadata["generator"]["name"] == "openai"
    assert whole.html()


def test_citations_that_the_check_adds_come_last(nodes: list[NodeWithScore]) -> None:
    response = CrossModalSynthesizer(EchoLLM(prompts=[]), streaming=True).synthesize(QUESTION, nodes)
    assert "".join(response.response_gen) == "The north grew by 42 %. [1]"


def test_a_stream_that_breaks_after_its_first_word_is_an_error(
    server: ScriptedLLM, nodes: list[NodeWithScore]
) -> None:
    server.script(Act(cut_after=3))
    response = CrossModalSynthesizer(openai(server), streaming=True).synthesize(QUESTION, nodes)
    with pytest.raises(GeneratorUnreachable):
        list(response.response_gen)


async def test_async_and_async_stream(server: ScriptedLLM, nodes: list[NodeWithScore]) -> None:
    synthesizer = CrossModalSynthesizer(openai(server))
    assert (await synthesizer.asynthesize(QUESTION, nodes)).metadata["citations"]
    response = await synthesizer.asynthesize(QUESTION, nodes, streaming=True)
    pieces = [piece async for piece in response.async_response_gen()]
    assert len(pieces) > 5
    assert [citation["n"] for citation in response.metadata["citations"]] == [1, 2]
    assert str(await response.get_response()).startswith("The north grew")


async def test_async_stand_in(nodes: list[NodeWithScore]) -> None:
    synthesizer = CrossModalSynthesizer(openai(unused_url()))
    assert (await synthesizer.asynthesize(QUESTION, nodes)).metadata["generator"]["name"] == "extractive"
    response = await synthesizer.asynthesize(QUESTION, nodes, streaming=True)
    assert "42 %" in "".join([piece async for piece in response.async_response_gen()])


async def test_a_printed_stream_says_that_the_collection_is_unfinished(
    nodes: list[NodeWithScore], capsys: pytest.CaptureFixture[str]
) -> None:
    note = "The collection is unfinished: 2 sources are still to be added."
    synthesizer = CrossModalSynthesizer(EchoLLM(prompts=[]), streaming=True, unfinished=lambda: 2)
    response = synthesizer.synthesize(QUESTION, nodes)
    for _ in range(2):
        response.print_response_stream()
        assert capsys.readouterr().out == f"The north grew by 42 %. [1]\n\n{note}\n"
    assert response.answer_words() == "The north grew by 42 %. [1]"
    later = await synthesizer.asynthesize(QUESTION, nodes)
    await later.print_response_stream()
    assert capsys.readouterr().out.endswith(f"\n\n{note}\n")


# structured answers, prompts --------------------------------------------------------------


class Growth(BaseModel):
    """Growth of a region."""

    region: str
    percent: float
    because: str


def test_structured_answer(server: ScriptedLLM, nodes: list[NodeWithScore]) -> None:
    server.answer = '{"region": "north", "percent": 42, "because": "It grew by 42 % [1], not 43 % [2]."}'
    response = CrossModalSynthesizer(openai(server), output_cls=Growth).synthesize(QUESTION, nodes)
    assert response.response == Growth(
        region="north", percent=42, because="It grew by 42 % [1], not 43 % [2]."
    )
    assert [(row["n"], row["supported"]) for row in response.metadata["citations"]] == [(1, True), (2, False)]
    assert "north" in response._repr_html_()


def test_structured_answer_that_does_not_fit_is_an_error(
    server: ScriptedLLM, nodes: list[NodeWithScore]
) -> None:
    server.answer = "I would rather not."
    with pytest.raises(GenerationError):
        CrossModalSynthesizer(openai(server), output_cls=Growth).synthesize(QUESTION, nodes)
    with pytest.raises(CapabilityMissing, match="no model"):
        CrossModalSynthesizer("none", output_cls=Growth).synthesize(QUESTION, nodes)


def test_prompts_can_be_changed_as_in_llama_index(server: ScriptedLLM, nodes: list[NodeWithScore]) -> None:
    synthesizer = CrossModalSynthesizer(openai(server))
    assert set(synthesizer.get_prompts()) == {"system", "question", "refine"}
    synthesizer.update_prompts({"question": PromptTemplate("Frage: {question}")})
    synthesizer.synthesize(QUESTION, nodes)
    assert f"Frage: {QUESTION}" in server.words()


def test_get_response_from_texts() -> None:
    answer = CrossModalSynthesizer("none").get_response(
        "What drains quickly?", ["Sand drains quickly.", "Clay holds."]
    )
    assert answer == "“Sand drains quickly.” [1]"


@pytest.mark.parametrize(("probability", "answered"), [(0.9, True), (0.1, False)])
def test_what_a_picture_is_asked_in_so_many_words(probability: float, answered: bool) -> None:
    seal = ImageNode(
        id_="fig",
        text="",
        metadata={
            Key.SOURCE: "seals.html",
            Key.MODALITY: Modality.IMAGE,
            Key.CAPTION: "Figure 10: A grey seal",
            Key.LABEL: "Figure 10",
            Key.PROBABILITY: probability,
        },
    )
    nodes = [NodeWithScore(node=seal, score=probability)]
    asked = CrossModalSynthesizer("none")
    response = asked.synthesize("What is this?", nodes, images=[b"a picture"])
    assert ("A grey seal" in str(response)) is answered
    assert "A grey seal" not in str(asked.synthesize("What is this?", nodes))
