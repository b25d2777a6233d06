"""Keys of LLMs: in no pickle, no copy as a dictionary, no message of an error."""

from __future__ import annotations

import copy
import pickle
import traceback
from dataclasses import asdict
from pathlib import Path

import pytest
from llama_index.llms.openai import OpenAI

from xmrag_plugin import CrossModalIndex, CrossModalSynthesizer, FallbackLLM
from xmrag_plugin.errors import XmragError
from xmrag_plugin.generators.keyless import redact

from ..support.scripted_llm import ScriptedLLM, failure

HUSH = "hush-0123456789"


def stock(url: str = "http://127.0.0.1:9/v1") -> OpenAI:
    return OpenAI(
        model="gpt-4o-mini",
        api_base=url,
        api_key=HUSH,
        max_retries=0,
        default_headers={"X-Tenant": f"{HUSH}-tenant"},
        additional_kwargs={"top_p": 0.5, "extra_headers": {"X-More": f"{HUSH}-more"}},
    )


@pytest.fixture
def index(tmp_path: Path) -> CrossModalIndex:
    return CrossModalIndex(tmp_path / "kb", llm=stock())


def test_pickles_hold_no_key_and_take_it_from_the_environment(
    index: CrossModalIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    for holder in (
        index,
        FallbackLLM([stock()]),
        CrossModalSynthesizer(stock()),
        index.as_query_engine(),
        index.as_chat_engine(),
    ):
        assert HUSH.encode() not in pickle.dumps(holder)
    monkeypatch.setenv("OPENAI_API_KEY", "of-the-environment")
    again = pickle.loads(pickle.dumps(FallbackLLM([stock()]))).candidates[0].llm
    assert again.api_key == "of-the-environment"
    assert again.additional_kwargs == {"top_p": 0.5}
    assert again.model == "gpt-4o-mini"


def test_copies_of_this_process_keep_the_key() -> None:
    for copied in (copy.copy(FallbackLLM([stock()])), copy.deepcopy(FallbackLLM([stock()]))):
        assert copied.candidates[0].llm.api_key == HUSH


def test_no_dictionary_and_no_representation_shows_a_key() -> None:
    synthesizer = CrossModalSynthesizer(stock())
    for shown in (synthesizer.answering, asdict(synthesizer.answering), FallbackLLM([stock()]).to_dict()):
        assert HUSH not in repr(shown)
    assert all(HUSH not in repr(held) for held in vars(synthesizer).values())


def test_a_server_that_repeats_the_key_puts_it_into_no_traceback() -> None:
    refused = failure(401, f"The key {HUSH} is wrong, and so is {HUSH}-tenant.", code="invalid_api_key")
    with ScriptedLLM() as server:
        server.script(refused)
        with pytest.raises(XmragError) as caught:
            FallbackLLM([stock(server.url)]).complete("Say something.")
    told = "".join(traceback.format_exception(caught.value))
    assert "[key]" in told
    assert HUSH not in told


def test_an_exception_and_its_causes_are_redacted() -> None:
    def fail() -> None:
        try:
            raise ValueError(f"inner {HUSH}")
        except ValueError as inner:
            raise RuntimeError("outer", {"sent": [HUSH]}) from inner

    with pytest.raises(RuntimeError) as caught:
        fail()
    redact(caught.value, {HUSH})
    assert HUSH not in "".join(traceback.format_exception(caught.value))
