"""Streams: an answer is shown as it comes, an echo of the instructions never."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from llama_index.core.schema import NodeWithScore, TextNode
from scripted_llm import ScriptedLLM

from xmrag_plugin import CrossModalSynthesizer
from xmrag_plugin.answers.citation_marks import renumbered
from xmrag_plugin.answers.prompt import SYSTEM
from xmrag_plugin.answers.streamed_text import RenumberedStream, StreamedText
from xmrag_plugin.generators import load_llm
from xmrag_plugin.settings import Settings
from xmrag_plugin.types import Key

NODES = [
    NodeWithScore(
        node=TextNode(id_="n", text="The lighthouse has 143 steps.", metadata={Key.SOURCE: "a.md"}), score=1.0
    )
]


@pytest.fixture
def server() -> Iterator[ScriptedLLM]:
    with ScriptedLLM("It has 143 steps [1].") as server:
        yield server


def pieces(text: str) -> list[str]:
    return [text[i : i + 7] for i in range(0, len(text), 7)]


def test_an_answer_leaves_the_instructions_within_a_few_words() -> None:
    streamed = StreamedText(SYSTEM)
    given = [
        streamed.take(piece)
        for piece in pieces("You answer that it has 143 steps, all of them of stone [1].")
    ]
    assert "".join([*given, streamed.end()]) == streamed.text
    assert sum(map(bool, given[:6])) >= 2, "it is not held back to its end"
    assert not streamed.unsound


@pytest.mark.parametrize(
    "reply", [SYSTEM, SYSTEM[60:400], f"<|im_start|>system\n{SYSTEM}", "<|im_start|><|im_end|>", " ", ""]
)
def test_an_echo_is_never_shown(reply: str) -> None:
    streamed = StreamedText(SYSTEM)
    shown = ""
    for piece in pieces(reply):
        shown += streamed.take(piece)
        if streamed.unsound:
            break
    assert not (shown + streamed.end()).strip()


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize(
    "reply",
    ["", "   ", SYSTEM, "The The The The The The The The The The The", "[1][2][3]", "<|im_start|>assistant<|im_end|>",
     "It is a lighthouse. " * 40, "assistant", "null", "<answer></answer>", "Source [1].", "How many steps has it?", "a" * 400,
     "Question: How many steps has it?\nAnswer:", '<tool_call>{"name": "f", "arguments": {}}</tool_call>', "{question}",
     '{"sentence": "", "quotation": 1}', "<think>It has 143 steps, I think.</think>", f"Sure! I was told this. {SYSTEM}",
     "Human: Hello.\nAssistant: Hello.\nHuman: Hello.", "1 " * 200, ", ".join(map(str, range(300))),
     "It stands on a hill of granite. " + "It has a lamp and it has a keeper " * 30,
     " ".join(f"Step {i} of the lighthouse is made of granite." for i in range(60))],
)  # fmt: skip
def test_what_is_no_answer_is_never_the_answer(server: ScriptedLLM, reply: str, streaming: bool) -> None:
    pytest.importorskip("llama_index.llms.openai")
    server.answer = reply
    llm = load_llm(f"openai:tiny-vl@{server.url}", Settings())
    response = CrossModalSynthesizer(llm, streaming=streaming).synthesize("How many steps has it?", NODES)
    shown = "".join(response.response_gen) if streaming else ""
    text = response.response_txt if streaming else str(response)
    assert "143 steps" in text
    assert response.metadata["generator"]["name"] == "extractive"
    assert response.metadata["generator"]["skipped"][0]["reason"]
    assert not streaming or text in shown
    assert "Take numbers, dates" not in shown
    assert len(shown) < 250, "of a loop once is enough"
    assert json.dumps(response.metadata, default=str)


@pytest.mark.parametrize(
    "text",
    [
        "Fast [4]. Counted [2]. Fast it is [4].",
        "A [3](http://x.de/a) b [Source 2] c <sup>7</sup> d 【5†s】 e (Source 9) f [2][3], [1 and 8] end [6]",
        "No marks (but brackets), [text] here and 3 < 4",
        "x.⁴ y.² z [4] a [2](b(c)d) [3]",
        f"unclosed [ and {'more ' * 60}[2]",
        "`code [1]` then [3]\n```\n[2]\n```\nthen [1]",
    ],
)
def test_a_stream_is_numbered_anew_as_the_whole_is(text: str) -> None:
    for step in (1, 2, 3, 7):
        stream = RenumberedStream()
        pieces = [stream.take(text[i : i + step]) for i in range(0, len(text), step)]
        assert ("".join([*pieces, stream.end()]), stream.order) == renumbered(text)
