"""The ladder that a machine gives, with reasons; and the ladder made from it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tiny_models
from llama_index.core.llms import MockLLM
from scripted_llm import ScriptedLLM, failure, unused_url

from xmrag_plugin.errors import (
    AuthenticationFailed,
    MissingExtra,
    ModelUnavailable,
    NoGeneratorAnswered,
    UnknownModel,
)
from xmrag_plugin.generators import load_llm
from xmrag_plugin.generators.fallback.discovery import describe_generators, find_generators
from xmrag_plugin.generators.fallback.llm import FallbackLLM, as_fallback, auto_fallback
from xmrag_plugin.generators.served.discovery import LOCAL_SERVERS
from xmrag_plugin.settings import Settings

pytest.importorskip("llama_index.llms.openai")
pytest.importorskip("llama_index.llms.ollama")


@pytest.fixture(autouse=True)
def bare_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No servers at the usual places, no models in the cache; returns the cache."""
    for name in list(LOCAL_SERVERS):
        monkeypatch.setitem(LOCAL_SERVERS, name, unused_url())
    monkeypatch.setattr("xmrag_plugin.generators.served.discovery._OLLAMA", unused_url().removesuffix("/v1"))
    cache = tmp_path / "hub"
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(cache))
    return cache


@pytest.fixture
def server() -> Iterator[ScriptedLLM]:
    with ScriptedLLM("It grew [1].") as running:
        yield running


def _rows(settings: Settings) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in describe_generators(settings)}


def _put_in_cache(cache: Path, name: str, hub_id: str) -> Path:
    repository = cache / f"models--{hub_id.replace('/', '--')}"
    snapshot = repository / "snapshots" / "abc"
    snapshot.parent.mkdir(parents=True)
    tiny_models.build(name, snapshot)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("abc")
    return snapshot


def test_a_bare_machine_has_the_extractive_answer_and_says_why_nothing_else() -> None:
    rows = _rows(Settings())
    assert [name for name, row in rows.items() if row["usable"]] == ["extractive"]
    assert "neither a key nor openai_base_url" in rows["openai"]["reason"]
    assert "nothing listens at" in rows["vllm"]["reason"]
    assert "nothing listens at" in rows["ollama"]["reason"]
    assert "xmrag models pull" in rows["transformers"]["reason"]
    assert auto_fallback(Settings()) is None


def test_none_is_none() -> None:
    assert [row["name"] for row in describe_generators(Settings(llm="none"))] == ["extractive"]
    assert auto_fallback(Settings(llm="none")) is None


def test_everything_there_is_in_the_order_of_the_plan(
    server: ScriptedLLM, bare_machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _put_in_cache(bare_machine, "idefics3", "org/small-vl")
    server.ollama = [
        {"name": "words:1b", "shown": {"capabilities": ["completion"]}},
        {"name": "eyes:2b", "shown": {"capabilities": ["completion", "vision"]}},
        {"name": "nomic-embed", "shown": {"capabilities": ["embedding"]}},
    ]
    monkeypatch.setitem(LOCAL_SERVERS, "vllm", server.url)
    settings = Settings(openai_api_key="sk-test", ollama_url=server.root)
    usable = [row for row in describe_generators(settings) if row["usable"]]
    assert [(row["name"], row["model"], row["sees"]) for row in usable] == [
        ("openai", "gpt-5-mini", True),
        ("vllm", "tiny-vl", None),
        ("ollama", "eyes:2b", True),
        ("transformers", "org/small-vl", True),
        ("extractive", "", False),
    ]
    ladder = auto_fallback(settings)
    assert ladder is not None
    assert [candidate.name for candidate in ladder.candidates] == ["openai", "vllm", "ollama", "transformers"]
    assert ladder.has_floor
    assert not any(candidate.is_open for candidate in ladder.candidates), (
        "a candidate was opened before it was needed"
    )
    assert "sk-test" not in str(describe_generators(settings)) + repr(settings)


def test_the_server_of_the_settings_stands_first_and_answers(server: ScriptedLLM) -> None:
    server.key = "secret"
    settings = Settings(openai_base_url=server.url, openai_api_key="secret")
    rows = _rows(settings)
    assert rows["openai"]["usable"]
    assert rows["openai"]["local"]
    ladder = auto_fallback(settings)
    assert ladder is not None
    reply = ladder.complete("What grew?")
    assert reply.text == "It grew [1]."
    assert reply.additional_kwargs["generator"] == {"name": "openai", "model": "tiny-vl", "skipped": []}


def test_a_server_found_at_its_usual_place_is_not_given_the_key(
    server: ScriptedLLM, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(LOCAL_SERVERS, "llama-server", server.url)
    settings = Settings(openai_api_key="sk-for-openai", llm="llama-server")
    ladder = auto_fallback(settings)
    assert ladder is not None
    assert ladder.complete("hi").text == "It grew [1]."
    assert "sk-for-openai" not in str(server.requests)


def test_a_local_model_answers_at_the_bottom_when_the_server_dies(
    server: ScriptedLLM, bare_machine: Path, colour_model: Path
) -> None:
    _put_in_cache(bare_machine, "llama", "org/words")
    settings = Settings(openai_base_url=server.url)
    ladder = auto_fallback(settings)
    assert ladder is not None
    ladder.retries = 0
    server.script(failure(503, "overloaded"))
    reply = ladder.complete("what grew?", max_tokens=4)
    report = reply.additional_kwargs["generator"]
    assert (report["name"], report["model"]) == ("transformers", "org/words")
    assert [row["name"] for row in report["skipped"]] == ["openai"]


def test_the_configured_generator_stands_on_top(server: ScriptedLLM, colour_model: Path) -> None:
    settings = Settings(llm=str(colour_model), openai_base_url=server.url)
    rows = describe_generators(settings)
    assert (rows[0]["name"], rows[0]["model"], rows[0]["sees"]) == ("transformers", "colours", True)
    assert rows[0]["reason"].startswith("configured")
    ladder = auto_fallback(settings)
    assert ladder is not None
    assert [candidate.name for candidate in ladder.candidates] == ["transformers", "openai"]


def test_what_runs_here_does_not_fall_back_to_what_does_not(colour_model: Path) -> None:
    settings = Settings(llm=str(colour_model), openai_api_key="sk-test")
    rows = _rows(settings)
    assert not rows["openai"]["usable"]
    assert "would send texts off this machine" in rows["openai"]["reason"]
    ladder = auto_fallback(settings)
    assert ladder is not None
    assert [candidate.name for candidate in ladder.candidates] == ["transformers"]


def test_what_is_wrong_with_the_configured_one_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Did you mean" in describe_generators(Settings(llm="smolvlm2-500"))[0]["reason"]
    with pytest.raises(UnknownModel):
        auto_fallback(Settings(llm="smolvlm2-500"))
    with pytest.raises(ModelUnavailable):
        auto_fallback(Settings(llm="org/not-here"))
    monkeypatch.setattr("xmrag_plugin.generators.fallback.discovery._installed", lambda module: False)
    with pytest.raises(MissingExtra, match="openai"):
        auto_fallback(Settings(llm="openai:gpt-5-mini"))
    rows = _rows(Settings(openai_api_key="k"))
    assert "not installed" in rows["openai"]["reason"]
    assert "not installed" in rows["ollama"]["reason"]


def test_models_that_do_not_fit_are_named_with_the_reason(
    bare_machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _put_in_cache(bare_machine, "idefics3", "org/eyes")
    _put_in_cache(bare_machine, "llama", "org/words")
    chosen = [row for row in find_generators(Settings()) if row.name == "transformers"]
    assert [(row.model, row.usable) for row in chosen] == [("org/eyes", True)]
    monkeypatch.setattr("xmrag_plugin.generators.local.placement.free_ram", lambda: 500_000)
    rows = [row for row in find_generators(Settings(device="cpu")) if row.name == "transformers"]
    assert [(row.model, row.usable) for row in rows] == [("org/eyes", False), ("org/words", False)]
    assert "does not fit" in rows[0].reason


def test_a_large_model_is_not_put_on_the_processor_unasked(
    bare_machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _put_in_cache(bare_machine, "idefics3", "org/eyes")
    monkeypatch.setattr("xmrag_plugin.generators.fallback.discovery._SLOW_ON_CPU", 1000)
    rows = [row for row in find_generators(Settings(device="cpu")) if row.name == "transformers"]
    assert not rows[0].usable
    assert "too slowly" in rows[0].reason


def test_embedders_captioners_and_halves_in_the_cache_are_no_rungs(bare_machine: Path) -> None:
    _put_in_cache(bare_machine, "idefics3", "org/Some-VL-Embedding-2B")
    _put_in_cache(bare_machine, "florence2", "org/florence")
    half = _put_in_cache(bare_machine, "llama", "org/half")
    (half / "model.safetensors").unlink()
    rows = _rows(Settings())
    assert not rows["transformers"]["usable"]


def test_something_else_at_the_usual_place_is_no_rung(
    server: ScriptedLLM, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(LOCAL_SERVERS, "vllm", f"{server.root}/other")
    assert "status 404" in _rows(Settings())["vllm"]["reason"]
    server.models = [{"id": "text-embedding-3"}]
    monkeypatch.setitem(LOCAL_SERVERS, "vllm", server.url)
    assert "no model that chats" in _rows(Settings())["vllm"]["reason"]


def test_silent_servers_do_not_hold_it_up(monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(8)
        for name in list(LOCAL_SERVERS):
            monkeypatch.setitem(LOCAL_SERVERS, name, f"http://127.0.0.1:{deaf.getsockname()[1]}/v1?{name}")
        rows = _rows(Settings())
        assert "did not answer within 0.25 s" in rows["vllm"]["reason"]


def test_status_needs_no_heavy_imports() -> None:
    script = (
        "import json, sys\n"
        "from xmrag_plugin.generators.fallback.discovery import describe_generators\n"
        "from xmrag_plugin.settings import Settings\n"
        "describe_generators(Settings())\n"
        "print(json.dumps([name for name in ('torch', 'transformers', 'llama_index.core', 'openai', 'pydantic')"
        " if name in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []


def test_whatever_an_application_gives_becomes_a_ladder(server: ScriptedLLM) -> None:
    mock = MockLLM()
    wrapped = as_fallback(mock, Settings())
    assert wrapped is not None
    assert wrapped.has_floor
    assert as_fallback(wrapped) is wrapped
    assert isinstance(as_fallback(f"openai:tiny-vl@{server.url}", Settings()), FallbackLLM)
    assert as_fallback(None, Settings(llm="none")) is None
    assert as_fallback("none", Settings()) is None


def test_an_exhausted_ladder_tells_the_one_below_what_was_tried(server: ScriptedLLM) -> None:
    ladder = auto_fallback(Settings(openai_base_url=server.url))
    assert ladder is not None
    server.script(failure(500, "boom"), failure(500, "boom"))
    with pytest.raises(NoGeneratorAnswered) as raised:
        ladder.complete("hi")
    assert raised.value.skipped[0]["name"] == "openai"


@pytest.mark.parametrize("address", ["http://[::1", "http://host:port", "ftp://host", "http://"])
def test_what_is_no_address_is_said_and_costs_nothing_else(address: str) -> None:
    rows = _rows(Settings(openai_base_url=address, ollama_url=address))
    for name in ("openai", "ollama"):
        assert not rows[name]["usable"]
        assert "is no server's address" in rows[name]["reason"]
    assert rows["extractive"]["usable"]


def test_an_address_where_nobody_listens_is_named() -> None:
    url = unused_url()
    for spec, settings, place in (
        ("openai:words", Settings(openai_base_url=url.replace("://", "://ada:secret@")), url),
        ("ollama:words", Settings(ollama_url=url.removesuffix("/v1")), url.removesuffix("/v1")),
    ):
        with pytest.raises(NoGeneratorAnswered) as told:
            FallbackLLM([load_llm(spec, settings)]).complete("Hello")
        assert f"at {place} gave no answer" in str(told.value)
        assert "secret" not in str(told.value)


@pytest.mark.parametrize("sign", ["…", "\r\nX-Other: 1", "\0"])
def test_a_key_that_no_request_carries_is_told_and_not_shown(server: ScriptedLLM, sign: str) -> None:
    settings = Settings(openai_api_key=f"sk-verysecret{sign}")  # type: ignore[arg-type]
    with pytest.raises(AuthenticationFailed) as told:
        load_llm(f"openai:words@{server.url}", settings)
    assert "verysecret" not in f"{told.value!r} {told.value.hint} {told.value.__cause__!r}"
