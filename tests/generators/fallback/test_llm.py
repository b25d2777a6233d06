"""The fallback chain: a fault of each candidate at each moment, in one table; and what else it promises."""

from __future__ import annotations

import asyncio
import base64
import io
import logging
import time
from collections.abc import Iterator
from typing import Any

import pytest
from llama_index.core.base.llms.types import CitableBlock
from llama_index.core.llms import ChatMessage, ChatResponse, ImageBlock, MockLLM, TextBlock
from llama_index.core.prompts import PromptTemplate
from llama_index.core.tools import FunctionTool
from PIL import Image
from pydantic import BaseModel
from scripted_llm import Act, ScriptedLLM, failure, unused_url

from xmrag_plugin.errors import (
    AuthenticationFailed,
    GenerationError,
    GeneratorOutOfMemory,
    GeneratorUnreachable,
    ModelUnavailable,
    NoGeneratorAnswered,
    PromptRefused,
    UsageError,
    XmragError,
)
from xmrag_plugin.generators import load_llm
from xmrag_plugin.generators.fallback.chain import ChainRun
from xmrag_plugin.generators.fallback.llm import Candidate, FallbackLLM
from xmrag_plugin.generators.openai import OpenAIServer
from xmrag_plugin.generators.picture_blocks import PICTURE_NOT_SHOWN, count_pictures, with_first_pictures
from xmrag_plugin.settings import Settings

pytest.importorskip("llama_index.llms.openai")

WAYS = ("chat", "achat", "stream_chat", "astream_chat", "complete", "astream_complete")
STREAMS = ("stream_chat", "astream_chat", "stream_complete", "astream_complete")
BELOW = "The candidate below says so."
ABOVE = "The candidate above says so."


@pytest.fixture
def above() -> Iterator[ScriptedLLM]:
    with ScriptedLLM(ABOVE) as server:
        yield server


@pytest.fixture
def below() -> Iterator[ScriptedLLM]:
    with ScriptedLLM(BELOW) as server:
        yield server


def _client(server: ScriptedLLM | str, **changes: Any) -> OpenAIServer:
    url = server if isinstance(server, str) else server.url
    given = {"timeout": 20.0, "max_retries": 0, "model": "tiny", "api_key": "k", **changes}
    return OpenAIServer(api_base=url, **given)


def _chain(*candidates: Any, **options: Any) -> FallbackLLM:
    return FallbackLLM([candidate if isinstance(candidate, Candidate) else Candidate(f"candidate{place}", llm=candidate)
                        for place, candidate in enumerate(candidates, 1)], **{"retries": 0, **options})  # fmt: skip


def _ask(llm: FallbackLLM, way: str) -> tuple[list[str], Any]:
    """The pieces that came out, and the last reply; a failure carries the pieces along."""
    pieces: list[str] = []
    given: Any = "hi" if "complete" in way else [ChatMessage(content="hi")]

    async def asynchronous() -> Any:
        reply = await getattr(llm, way)(given)
        if way in STREAMS:
            last = None
            async for last in reply:
                pieces.append(last.delta or "")
            return last
        pieces.append(_text(reply))
        return reply

    try:
        if way.startswith("a"):
            return pieces, asyncio.run(asynchronous())
        reply = getattr(llm, way)(given)
        if way not in STREAMS:
            return [_text(reply)], reply
        last = None
        for last in reply:
            pieces.append(last.delta or "")
        return pieces, last
    except Exception as error:
        error.pieces = pieces  # type: ignore[attr-defined]
        raise


def _text(reply: Any) -> str:
    return str(reply.message.content if hasattr(reply, "message") else reply.text)


# ---------------------------------------------------------------------------------------------
# The table: when the fault strikes · the fault · what comes of it.
# "below": the candidate below answers; an error class: it is raised, and nobody else is asked.
# ---------------------------------------------------------------------------------------------
BEFORE: dict[str, tuple[Act | str, type[Exception] | str]] = {
    "nothing listens": ("nothing listens", "below"),
    "silent for too long": (Act(wait_s=0.8), "below"),
    "connection cut": (Act(cut_after=0), "below"),
    "429 rate limit": (failure(429, "Rate limit"), "below"),
    "429 quota used up": (failure(429, "quota", code="insufficient_quota"), "below"),
    "402 no credit": (failure(402, "Insufficient credits"), "below"),
    "500": (failure(500, "boom"), "below"),
    "502": (failure(502, "bad gateway"), "below"),
    "503 overloaded": (failure(503, "overloaded"), "below"),
    "out of memory": (failure(500, "CUDA out of memory"), "below"),
    "context too small": (failure(400, "maximum context length is 8 tokens"), "below"),
    "no such feature": (failure(400, "tiny does not support streaming"), "below"),
    "not a generator": (Act(body=b"<html>Welcome</html>"), "below"),
    "401 wrong key": (failure(401, "Incorrect API key"), AuthenticationFailed),
    "403 not allowed": (failure(403, "Country not supported"), AuthenticationFailed),
    "404 no such model": (failure(404, "The model 'tiny' does not exist"), ModelUnavailable),
    "400 refused by policy": (failure(400, "against our content policy"), PromptRefused),
    "400 bad request": (failure(400, "Unknown parameter: 'foo'"), GenerationError),
}
DURING: dict[str, tuple[Act, type[Exception] | str]] = {
    "cut before the first word": (Act(cut_after=0), "below"),
    "ended before the first word": (Act(end_after=0), "below"),
    "silent before the first word": (Act(stall_after=0, wait_s=0.8), "below"),
    "error before the first word": (Act(fail_after=0), "below"),
    "cut after two words": (Act(cut_after=2), GeneratorUnreachable),
    "ended after two words": (Act(end_after=2), GeneratorUnreachable),
    "silent after two words": (Act(stall_after=2, wait_s=8.0), GeneratorUnreachable),
    "error after two words": (Act(fail_after=2), GeneratorUnreachable),
    "filtered after all words": (Act(finish="content_filter"), PromptRefused),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("case", BEFORE)
def test_a_fault_before_the_answer(above: ScriptedLLM, below: ScriptedLLM, case: str, way: str) -> None:
    act, outcome = BEFORE[case]
    patience = 0.4 if "silent" in case else 20.0
    top = _client(unused_url() if isinstance(act, str) else above.script(act), timeout=patience)
    chain = _chain(top, _client(below))
    if outcome == "below":
        pieces, reply = _ask(chain, way)
        assert "".join(pieces) == BELOW
        report = reply.additional_kwargs["generator"]
        assert report["name"] == "candidate2"
        assert [row["name"] for row in report["skipped"]] == ["candidate1"]
        assert report["skipped"][0]["reason"].startswith("candidate1 (tiny) ")
    else:
        assert isinstance(outcome, type)
        with pytest.raises(outcome) as raised:
            _ask(chain, way)
        assert raised.type is outcome
        assert not below.requests, "a failure that must be shown went to the next candidate"


@pytest.mark.parametrize("way", STREAMS)
@pytest.mark.parametrize("case", DURING)
def test_a_fault_during_a_stream(above: ScriptedLLM, below: ScriptedLLM, case: str, way: str) -> None:
    act, outcome = DURING[case]
    patience = {"silent before the first word": 0.4, "silent after two words": 3.0}.get(case, 20.0)
    chain = _chain(_client(above.script(act), timeout=patience), _client(below))
    if outcome == "below":
        pieces, reply = _ask(chain, way)
        assert "".join(pieces) == BELOW
        assert reply.additional_kwargs["generator"]["skipped"][0]["name"] == "candidate1"
        return
    assert isinstance(outcome, type)
    with pytest.raises(outcome) as raised:
        _ask(chain, way)
    shown = "".join(raised.value.pieces)  # type: ignore[attr-defined]
    assert ABOVE.startswith(shown)
    assert shown, "words had been shown already"
    assert not below.requests, "words of two generators were joined"
    if outcome is GeneratorUnreachable:
        assert "broke off" in str(raised.value)


@pytest.mark.parametrize("way", WAYS)
def test_a_fault_after_the_answer_harms_the_next_question_only(
    above: ScriptedLLM, below: ScriptedLLM, way: str
) -> None:
    chain = _chain(_client(above), _client(below))
    assert "".join(_ask(chain, way)[0]) == ABOVE
    above.script(failure(500, "boom"))
    assert "".join(_ask(chain, way)[0]) == BELOW


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (GeneratorOutOfMemory("no room for it"), "below"),
        (MemoryError(), "below"),
        (ConnectionRefusedError(111, "Connection refused"), "below"),
        (ModelUnavailable("not on this machine"), ModelUnavailable),
        (AuthenticationFailed("wrong key"), AuthenticationFailed),
        (ZeroDivisionError("a bug"), ZeroDivisionError),
    ],
    ids=lambda value: value if isinstance(value, str) else getattr(value, "__name__", type(value).__name__),
)
@pytest.mark.parametrize("way", ["chat", "astream_chat"])
def test_a_fault_while_a_candidate_is_opened(
    below: ScriptedLLM, error: Exception, outcome: type[Exception] | str, way: str
) -> None:
    def load() -> Any:
        raise error

    chain = _chain(Candidate("candidate1", load=load), _client(below))
    if outcome == "below":
        assert "".join(_ask(chain, way)[0]) == BELOW
    else:
        assert isinstance(outcome, type)
        with pytest.raises(outcome):
            _ask(chain, way)


@pytest.mark.parametrize("way", WAYS)
def test_a_refusal_with_status_200_is_shown(above: ScriptedLLM, below: ScriptedLLM, way: str) -> None:
    act = Act(finish="content_filter", text="") if way in STREAMS else Act(refusal="I will not.")
    chain = _chain(_client(above.script(act)), _client(below))
    with pytest.raises(PromptRefused):
        _ask(chain, way)
    assert not below.requests


def test_a_programmers_error_passes_through_unchanged(above: ScriptedLLM, below: ScriptedLLM) -> None:
    with pytest.raises(TypeError, match="temperture"):
        _chain(_client(above), _client(below)).chat([ChatMessage(content="hi")], temperture=1)
    assert not below.requests


def test_every_candidate_left_says_all_reasons(above: ScriptedLLM, below: ScriptedLLM) -> None:
    above.script(failure(503, "overloaded"))
    below.script(failure(500, "boom"))
    with pytest.raises(NoGeneratorAnswered) as raised:
        _chain(_client(above), _client(below)).complete("hi")
    assert raised.value.retryable
    assert [row["name"] for row in raised.value.skipped] == ["candidate1", "candidate2"]
    assert "overloaded" in str(raised.value)
    assert "boom" in str(raised.value)
    assert isinstance(raised.value.__cause__, XmragError)


# --- trying again and resting -----------------------------------------------------------------


def test_a_passing_failure_is_tried_again_once(above: ScriptedLLM, below: ScriptedLLM) -> None:
    above.script(failure(429, "Rate limit", retry_after="0.1"))
    reply = _chain(_client(above), _client(below), retries=1).complete("hi")
    assert reply.text == ABOVE
    assert reply.additional_kwargs["generator"]["skipped"] == []
    assert len(above.requests) == 2


def test_no_second_try_when_it_would_take_long(above: ScriptedLLM, below: ScriptedLLM) -> None:
    above.script(failure(429, "Rate limit", retry_after="30"))
    assert _chain(_client(above), _client(below), retries=1).complete("hi").text == BELOW
    assert len(above.requests) == 1


def test_one_failed_question_does_not_put_a_candidate_out_of_use(
    above: ScriptedLLM, below: ScriptedLLM
) -> None:
    chain = _chain(_client(above), _client(below))
    above.script(failure(500, "boom"))
    assert chain.complete("one").text == BELOW
    assert chain.complete("two").text == ABOVE
    above.script(failure(500, "boom"))
    assert chain.complete("three").text == BELOW
    assert chain.complete("four").text == ABOVE, "failures that are not in a row were added up"


def test_a_candidate_that_fails_twice_in_a_row_is_left_alone_for_a_while(
    above: ScriptedLLM, below: ScriptedLLM
) -> None:
    now = [100.0]
    chain = _chain(_client(above), _client(below), cooldown_s=60.0)
    chain._clock = lambda: now[0]
    above.script(failure(500, "boom"), failure(500, "boom"))
    assert chain.complete("one").text == BELOW
    assert chain.complete("two").text == BELOW
    third = chain.complete("three")
    assert third.text == BELOW
    assert "not asked for 60 s more" in third.additional_kwargs["generator"]["skipped"][0]["reason"]
    assert len(above.requests) == 2, "a candidate that cools down was asked"
    now[0] += 61
    assert chain.complete("four").text == ABOVE


def test_a_candidate_is_asked_again_when_the_time_that_it_named_has_passed(
    above: ScriptedLLM, below: ScriptedLLM
) -> None:
    now = [100.0]
    chain = _chain(_client(above), _client(below), cooldown_s=60.0)
    chain._clock = lambda: now[0]
    above.script(failure(429, "Rate limit", retry_after="20"))
    assert chain.complete("one").text == BELOW
    assert "20 s more" in chain.complete("two").additional_kwargs["generator"]["skipped"][0]["reason"]
    now[0] += 20.5
    assert chain.complete("three").text == ABOVE


def test_the_time_may_be_a_date(above: ScriptedLLM) -> None:
    above.script(failure(429, "Rate limit", retry_after="Wed, 21 Oct 2015 07:28:00 GMT"))
    assert _chain(_client(above), retries=1).complete("hi").text == ABOVE


def test_the_last_candidate_is_left_alone_only_when_the_caller_answers_otherwise(
    above: ScriptedLLM,
) -> None:
    above.script(failure(503, "overloaded"), failure(503, "overloaded"))
    alone = _chain(_client(above))
    with pytest.raises(NoGeneratorAnswered):
        alone.complete("one")
    with pytest.raises(NoGeneratorAnswered):
        alone.complete("two")
    assert alone.complete("three").text == ABOVE
    above.script(failure(503, "overloaded"))
    floored = _chain(_client(above), has_floor=True)
    asked = len(above.requests)
    with pytest.raises(NoGeneratorAnswered):
        floored.complete("four")
    with pytest.raises(NoGeneratorAnswered, match="not asked for"):
        floored.complete("five")
    assert len(above.requests) == asked + 1


def test_a_missing_capability_is_no_reason_to_rest(above: ScriptedLLM, below: ScriptedLLM) -> None:
    chain = _chain(_client(above), _client(below))
    above.script(failure(400, "maximum context length is 8 tokens"))
    assert chain.complete("a very long question").text == BELOW
    assert chain.complete("short").text == ABOVE


# --- replies that are none --------------------------------------------------------------------


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("text", ["", "  \n", "<think>Tides, tides.</think>", "<think>Let me think about"])
def test_an_empty_reply_is_no_answer(above: ScriptedLLM, below: ScriptedLLM, text: str, way: str) -> None:
    pieces, reply = _ask(_chain(_client(above.script(Act(text=text))), _client(below)), way)
    assert "".join(pieces) == BELOW
    assert "empty reply" in reply.additional_kwargs["generator"]["skipped"][0]["reason"]


@pytest.mark.parametrize("way", WAYS)
def test_thinking_is_cut_for_every_model(above: ScriptedLLM, way: str) -> None:
    above.script(Act(text="<think>Maybe 9.9 metres.</think>\n\nIt is 3.6 metres."))
    pieces, _ = _ask(_chain(_client(above)), way)
    assert "".join(pieces) == "It is 3.6 metres."


# --- pictures ---------------------------------------------------------------------------------


def _picture() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (40, 30), "red").save(buffer, "PNG")
    return buffer.getvalue()


def _with_picture() -> list[ChatMessage]:
    blocks = [TextBlock(text="[1] Figure 3: revenue by region"), ImageBlock(image=_picture())]
    return [ChatMessage(role="user", blocks=[*blocks, TextBlock(text="Which grew most?")])]


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (400, "Unexpected item type in content."),
        (400, "1 validation error: str type expected"),
        (404, "No endpoints found for this kind of input"),
        (413, "Payload Too Large"),
        (422, "body.messages.0.content: str type expected"),
    ],
)
def test_a_refused_request_is_tried_once_without_its_pictures(
    above: ScriptedLLM, status: int, words: str
) -> None:
    above.script(failure(status, words))
    chain = _chain(_client(above))
    reply = chain.chat(_with_picture())
    assert reply.message.content == ABOVE
    assert reply.additional_kwargs["generator"]["pictures_as_words"] == 1
    asked, sent = len(above.requests), len(above.pictures())
    chain.chat(_with_picture())
    assert len(above.requests) == asked + 1
    sent_again = len(above.pictures()) > sent
    assert sent_again is (status == 413), "too large a request tells nothing of the model; the others do"


def test_a_refusal_that_says_how_many_pictures_are_allowed_is_heeded(above: ScriptedLLM) -> None:
    above.script(failure(400, "At most 1 image(s) may be provided in one request."))
    twice = [*_with_picture(), *_with_picture()]
    chain = _chain(_client(above))
    reply = chain.chat(twice)
    assert reply.additional_kwargs["generator"]["pictures_as_words"] == 1
    chain.chat(twice)
    assert len(above.requests) == 3, "the number was forgotten"


def test_a_refusal_that_pictures_did_not_cause_is_raised_as_it_was(above: ScriptedLLM) -> None:
    above.script(failure(400, "Unknown parameter: 'foo'"), failure(400, "Unknown parameter: 'foo'"))
    with pytest.raises(GenerationError, match="foo"):
        _chain(_client(above)).chat(_with_picture())
    assert len(above.requests) == 2


def test_a_candidate_that_is_known_to_take_no_pictures_gets_words(above: ScriptedLLM) -> None:
    reply = _chain(_client(above, sees=False)).chat(_with_picture())
    assert above.pictures() == []
    assert PICTURE_NOT_SHOWN in above.words()
    assert "revenue by region" in above.words()
    assert reply.additional_kwargs["generator"]["pictures_as_words"] == 1


@pytest.mark.parametrize("way", ["chat", "achat", "stream_chat", "astream_chat"])
def test_a_candidate_that_turns_out_blind_is_asked_again_in_words(
    above: ScriptedLLM, below: ScriptedLLM, way: str
) -> None:
    above.script(failure(400, "tiny is not a multimodal model"))
    chain = _chain(_client(above), _client(below))
    messages = _with_picture()

    async def asynchronous() -> Any:
        reply = await getattr(chain, way)(messages)
        return [piece async for piece in reply][-1] if way in STREAMS else reply

    if way.startswith("a"):
        reply = asyncio.run(asynchronous())
    else:
        reply = getattr(chain, way)(messages)
        reply = list(reply)[-1] if way in STREAMS else reply
    assert _text(reply) == ABOVE
    assert reply.additional_kwargs["generator"] == {
        "name": "candidate1", "model": "tiny", "skipped": [], "pictures_as_words": 1,
    }  # fmt: skip
    assert len(above.pictures()) == 1, "the first try showed it"
    above.requests.clear()
    chain.chat(messages)
    assert above.pictures() == [], "what it learnt was forgotten"
    assert count_pictures(messages) == 1, "the caller's messages were changed"


def test_a_candidate_with_vision_gets_the_picture(above: ScriptedLLM) -> None:
    reply = _chain(_client(above, sees=True)).chat(_with_picture())
    assert above.pictures() == [_picture()]
    assert "pictures_as_words" not in reply.additional_kwargs["generator"]


def test_pictures_inside_other_blocks_are_replaced_too() -> None:
    inner = CitableBlock(
        title="t", source="s", content=[TextBlock(text="words"), ImageBlock(image=_picture())]
    )
    message = ChatMessage(role="user", blocks=[inner])
    assert count_pictures([message]) == 1
    replaced = with_first_pictures([message], 0)
    assert count_pictures(replaced) == 0
    assert replaced[0].blocks[0].content[1].text == PICTURE_NOT_SHOWN  # type: ignore[union-attr]
    assert base64.b64decode(message.blocks[0].content[1].image) == _picture()  # type: ignore[union-attr]


# --- what it tells ----------------------------------------------------------------------------


def test_one_log_line_says_who_answered_and_who_was_left(
    above: ScriptedLLM, below: ScriptedLLM, caplog: pytest.LogCaptureFixture
) -> None:
    above.script(failure(503, "overloaded"))
    with caplog.at_level(logging.INFO, "xmrag_plugin.generators.fallback.llm"):
        _chain(_client(above), _client(below)).complete("hi")
    lines = [
        record.getMessage()
        for record in caplog.records
        if record.name == "xmrag_plugin.generators.fallback.llm"
    ]
    assert len(lines) == 1
    assert lines[0].startswith("answered by candidate2 (tiny); not candidate1: ")


def test_concurrent_questions_do_not_mix(above: ScriptedLLM, below: ScriptedLLM) -> None:
    above.answer = lambda body: f"above {body['messages'][-1]['content']}"
    below.answer = lambda body: f"below {body['messages'][-1]['content']}"
    above.script(*(failure(500, "boom") for _ in range(3)))
    chain = _chain(_client(above), _client(below), cooldown_s=0.0)

    async def all_of_them() -> list[Any]:
        return await asyncio.gather(*(chain.acomplete(f"q{n}") for n in range(10)))

    for number, reply in enumerate(asyncio.run(all_of_them())):
        where = "below" if reply.additional_kwargs["generator"]["skipped"] else "above"
        assert reply.text == f"{where} q{number}"


def test_metadata_is_of_the_candidate_that_would_answer(above: ScriptedLLM, below: ScriptedLLM) -> None:
    chain = _chain(_client(above, context_window=1000), _client(below, context_window=2000))
    assert chain.metadata.context_window == 1000
    assert chain.metadata.is_chat_model
    above.script(failure(503, "overloaded"))
    chain.complete("hi")
    assert chain.metadata.context_window == 2000


def test_names_specs_and_nested_chains(above: ScriptedLLM) -> None:
    spec = f"openai:tiny@{above.url}"
    chain = FallbackLLM([load_llm(spec, Settings()), FallbackLLM([spec, MockLLM()])])
    assert [candidate.name for candidate in chain.candidates] == ["openai", "openai-2", "mockllm"]
    with pytest.raises(UsageError):
        FallbackLLM([])
    with pytest.raises(UsageError):
        FallbackLLM([42])  # type: ignore[list-item]


def test_a_plain_llm_of_llama_index_is_a_candidate() -> None:
    reply = FallbackLLM([MockLLM(max_tokens=3)]).complete("hi")
    assert reply.text == "text text text"
    assert reply.additional_kwargs["generator"]["name"] == "mockllm"


def test_stock_classes_of_servers_that_are_down_do_not_break_the_chain(below: ScriptedLLM) -> None:
    ollama = pytest.importorskip("llama_index.llms.ollama")
    down = ollama.Ollama(model="tiny", base_url=unused_url().removesuffix("/v1"), request_timeout=2)
    chain = FallbackLLM([down, _client(below, context_window=2000)], retries=0)
    assert chain.metadata.context_window == 2000
    assert chain.takes_pictures is None
    reply = chain.chat([ChatMessage(content="hi")])
    assert reply.message.content == BELOW
    assert reply.additional_kwargs["generator"]["skipped"][0]["name"] == "ollama"


def test_a_stream_without_deltas_goes_through() -> None:
    class Whole(MockLLM):
        def stream_chat(self, messages: Any, **kwargs: Any) -> Any:
            for length in (0, 4, 9):
                yield ChatResponse(message=ChatMessage(content="It grew. "[:length], role="assistant"))

    pieces = list(FallbackLLM([Whole()]).stream_chat([ChatMessage(content="hi")]))
    assert [piece.message.content for piece in pieces] == ["It g", "It grew. "]


def test_closing_a_stream_closes_the_candidates_stream(above: ScriptedLLM) -> None:
    stream = _chain(_client(above)).stream_chat([ChatMessage(content="hi")])
    assert next(stream).delta == "The"
    stream.close()
    with pytest.raises(StopIteration):
        next(stream)


# --- tools and structured output --------------------------------------------------------------


class Region(BaseModel):
    """A region and its growth."""

    name: str
    growth: float


def test_an_object_of_a_class_by_the_first_candidate_that_writes_one(
    above: ScriptedLLM, below: ScriptedLLM
) -> None:
    above.answer = "I would rather write prose."
    below.answer = '{"name": "north", "growth": 4.5}'
    chain = _chain(_client(above), _client(below))
    prompt = PromptTemplate("Which {what} grew most? Mind the {{braces}}.")
    assert chain.structured_predict(Region, prompt, what="region") == Region(name="north", growth=4.5)
    assert asyncio.run(chain.astructured_predict(Region, prompt, what="region")).name == "north"
    assert "Which region grew most" in below.words()


def _tool_call(name: str, arguments: str) -> bytes:
    call = f'{{"id": "t1", "type": "function", "function": {{"name": "{name}", "arguments": {arguments}}}}}'
    message = f'{{"role": "assistant", "content": null, "tool_calls": [{call}]}}'
    choice = f'{{"index": 0, "finish_reason": "tool_calls", "message": {message}}}'
    head = '"id": "c", "object": "chat.completion", "created": 1, "model": "tiny"'
    return f'{{{head}, "choices": [{choice}]}}'.encode()


def test_tools_are_called_by_a_candidate_that_can(above: ScriptedLLM, below: ScriptedLLM) -> None:
    def grow(region: str) -> str:
        """Growth of a region."""
        return f"{region}: 4.5 %"

    below.script(Act(body=_tool_call("grow", r'"{\"region\": \"north\"}"')))
    chain = _chain(_client(above), _client(below, calls_functions=True))
    assert chain.metadata.is_function_calling_model
    tool = FunctionTool.from_defaults(grow)
    reply = chain.chat_with_tools([tool], user_msg="How much did the north grow?")
    assert not above.requests
    assert reply.additional_kwargs["generator"]["skipped"] == [
        {"name": "candidate1", "reason": "calls no tools"}
    ]
    calls = chain.get_tool_calls_from_response(reply)
    assert [(call.tool_name, call.tool_kwargs) for call in calls] == [("grow", {"region": "north"})]


def test_the_clock_is_monotonic() -> None:
    chain = ChainRun([], [], cooldown_s=1, retries=0, has_floor=False)
    assert chain.clock is time.monotonic
    with pytest.raises(NoGeneratorAnswered, match="no candidate"):
        chain.next()
