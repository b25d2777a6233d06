"""Generators behind servers, against real HTTP servers on the loopback."""

from __future__ import annotations

import asyncio
import gc
import io
import json
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import ModuleType
from typing import Any

import httpx
import pytest
from llama_index.core.llms import ChatMessage, ImageBlock, TextBlock
from PIL import Image
from scripted_llm import ScriptedLLM, unused_url

from xmrag_plugin.errors import GeneratorUnreachable, MissingExtra, UsageError
from xmrag_plugin.generators import is_local, load_llm, split_spec
from xmrag_plugin.generators.fallback.llm import FallbackLLM
from xmrag_plugin.generators.served.discovery import (
    is_loopback,
    normal_ollama_url,
    ollama_models,
    openai_models,
)
from xmrag_plugin.settings import Settings

pytest.importorskip("llama_index.llms.openai")
pytest.importorskip("llama_index.llms.ollama")

from xmrag_plugin.generators.openai import OpenAIServer
from xmrag_plugin.generators.served.event_streams import closing_streams

ANSWER = "It grew in the north [1]."


@pytest.fixture
def server() -> Iterator[ScriptedLLM]:
    with ScriptedLLM(ANSWER) as running:
        running.ollama = [
            {
                "name": "eyes:2b",
                "modified_at": "2026-02-01",
                "shown": {
                    "capabilities": ["completion", "vision"],
                    "model_info": {"qwen3.context_length": 262144},
                },
            },
            {"name": "words:1b", "modified_at": "2026-03-01", "shown": {"capabilities": ["completion"]}},
        ]
        yield running


def _png() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (32, 32), "red").save(buffer, "PNG")
    return buffer.getvalue()


def _question() -> list[ChatMessage]:
    blocks = [TextBlock(text="[1] a chart"), ImageBlock(image=_png()), TextBlock(text="What grew?")]
    return [
        ChatMessage(role="system", content="Be brief."),
        ChatMessage(role="user", blocks=[*blocks, ImageBlock(image=_png())]),
    ]


def _spec(server: ScriptedLLM, door: str) -> str:
    return f"openai:tiny-vl@{server.url}" if door == "openai" else f"ollama:eyes:2b@{server.root}"


@pytest.mark.parametrize("door", ["openai", "ollama"])
def test_pictures_system_words_and_options_arrive(server: ScriptedLLM, door: str) -> None:
    llm = load_llm(_spec(server, door), Settings())
    reply = llm.chat(_question(), temperature=0.5, max_tokens=50, stop=["END"])
    assert reply.message.content == ANSWER
    assert server.pictures() == [_png(), _png()]
    assert "Be brief." in server.words()
    ((_, _, body),) = server.requests
    options = body if door == "openai" else body["options"]
    assert options["temperature"] == 0.5
    assert options["max_tokens" if door == "openai" else "num_predict"] == 50
    assert options["stop"] == ["END"]
    if door == "ollama":
        assert options["num_ctx"] == 16_384, "the whole context of 262,144 tokens would be reserved"


@pytest.mark.parametrize("door", ["openai", "ollama"])
def test_all_ways_of_asking(server: ScriptedLLM, door: str) -> None:
    llm = load_llm(_spec(server, door), Settings())

    async def asynchronous() -> list[str]:
        whole = await llm.achat(_question(), max_tokens=9)
        pieces = [piece.delta or "" async for piece in await llm.astream_chat(_question(), max_tokens=9)]
        return [whole.message.content or "", "".join(pieces), (await llm.acomplete("hi")).text]

    assert asyncio.run(asynchronous()) == [ANSWER] * 3
    streamed = [piece.delta or "" for piece in llm.stream_chat(_question(), max_tokens=9)]
    assert "".join(streamed) == ANSWER
    assert len([piece for piece in streamed if piece]) > 3
    assert llm.complete("hi").text == ANSWER


def test_an_unknown_model_has_an_honest_context_window(server: ScriptedLLM) -> None:
    assert load_llm(f"openai:tiny-vl@{server.url}", Settings()).metadata.context_window == 4096
    assert load_llm(f"openai:other@{unused_url()}", Settings()).metadata.context_window == 16_384
    official = load_llm("openai:gpt-5-mini", Settings(openai_api_key="k")).metadata
    assert official.context_window == 400_000
    assert official.is_chat_model
    assert official.is_function_calling_model
    assert load_llm("openai:gpt-99-new", Settings(openai_api_key="k")).metadata.context_window == 128_000


def test_one_try_only(server: ScriptedLLM) -> None:
    from scripted_llm import failure

    server.script(failure(429, "Rate limit"), failure(429, "Rate limit"))
    with pytest.raises(Exception, match="Rate limit"):
        load_llm(f"openai:tiny-vl@{server.url}", Settings()).complete("hi")
    assert len(server.requests) == 1, "the stock class would ask up to sixteen times"


def test_a_url_alone_takes_the_model_that_is_served(server: ScriptedLLM) -> None:
    for spec in (server.url, server.root, f"openai:@{server.url}"):
        llm = load_llm(spec, Settings())
        assert llm.metadata.model_name == "tiny-vl"
        assert llm.complete("hi").text == ANSWER
    assert load_llm(f"ollama:@{server.root}", Settings()).metadata.model_name == "eyes:2b"
    with pytest.raises(GeneratorUnreachable):
        load_llm(unused_url(), Settings())


def test_the_key_goes_where_it_was_meant_to_go(server: ScriptedLLM, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-environment")
    load_llm(f"openai:tiny-vl@{server.url}", Settings()).complete("hi")
    assert "sk-of-the-environment" not in str(server.requests)
    settings = Settings(openai_api_key="sk-for-it", openai_base_url=server.url)
    load_llm("openai:tiny-vl", settings).complete("hi")
    assert server.requests[-1][1]["Authorization"] == "Bearer sk-for-it"
    llm = load_llm("openai:tiny-vl", settings)
    assert "sk-for-it" not in str(llm.to_payload())


def test_a_proxy_of_the_environment_is_not_asked_for_this_machine(
    server: ScriptedLLM, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, unused_url().removesuffix("/v1"))
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    assert load_llm(f"openai:tiny-vl@{server.url}", Settings()).complete("hi").text == ANSWER
    assert load_llm(f"ollama:eyes:2b@{server.root}", Settings()).complete("hi").text == ANSWER


def test_log_probabilities_of_a_server(server: ScriptedLLM) -> None:
    llm = load_llm(f"openai:tiny-vl@{server.url}", Settings())
    reply = llm.chat([ChatMessage(content="hi")], logprobs=True)
    assert reply.logprobs is not None
    assert all(row[0].logprob == -0.5 for row in reply.logprobs)


def test_open_ai_multi_modal_where_it_is_installed(server: ScriptedLLM) -> None:
    pytest.importorskip("llama_index.multi_modal_llms.openai")
    llm = load_llm(f"openai-multimodal:gpt-4o-mini@{server.url}", Settings())
    assert type(llm).__name__ == "OpenAIMultiModal"
    assert llm.chat(_question()).message.content == ANSWER
    assert server.pictures() == [_png(), _png()]
    server.requests.clear()
    reply = FallbackLLM([llm]).complete("What grew?")
    assert reply.text == ANSWER
    assert reply.additional_kwargs["generator"]["name"] == "openai-multimodal"
    assert server.words().count("What grew?") == 1, "its own complete() sends the prompt twice"


def test_a_missing_package_names_the_line_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib

    real = importlib.import_module

    def lacking(name: str, package: str | None = None) -> ModuleType:
        if name.startswith(("llama_index.llms.openai", "llama_index.llms.ollama", "llama_index.multi_modal")):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return real(name, package)

    monkeypatch.setattr("xmrag_plugin.errors.importlib.import_module", lacking)
    for module in ("openai", "ollama"):
        monkeypatch.delitem(sys.modules, f"xmrag_plugin.generators.{module}", raising=False)
        with pytest.raises(MissingExtra, match=rf"xmrag-plugin\[{module}\]"):
            load_llm(f"{module}:x@{unused_url()}", Settings())
    monkeypatch.undo()
    for module in ("openai", "ollama"):
        monkeypatch.delitem(sys.modules, f"xmrag_plugin.generators.{module}", raising=False)


# --- specs ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "parts"),
    [
        ("openai:gpt-5-mini", ("openai", "gpt-5-mini")),
        ("openai", ("openai", "")),
        ("http://127.0.0.1:8000/v1", ("openai", "@http://127.0.0.1:8000/v1")),
        ("vllm:Qwen/Qwen3-VL-2B-Instruct", ("vllm", "Qwen/Qwen3-VL-2B-Instruct")),
        ("ollama:qwen3-vl:2b", ("ollama", "qwen3-vl:2b")),
        ("smolvlm2-500m", ("transformers", "smolvlm2-500m")),
        ("transformers:org/name", ("transformers", "org/name")),
        ("org/name", ("transformers", "org/name")),
    ],
)
def test_specs(spec: str, parts: tuple[str, str]) -> None:
    assert split_spec(spec) == parts


@pytest.mark.parametrize("spec", ["", "none", "auto", "  "])
def test_specs_that_name_nothing(spec: str) -> None:
    with pytest.raises(UsageError):
        split_spec(spec)
    with pytest.raises(UsageError, match="no server's address"):
        load_llm("openai:x@http://", Settings())


@pytest.mark.parametrize(
    ("spec", "settings", "local"),
    [
        ("openai:gpt-5-mini", {}, False),
        ("openai:x", {"openai_base_url": "http://localhost:8000/v1"}, True),
        ("openai:x@http://10.0.0.5:8000/v1", {}, False),
        ("http://[::1]:8000/v1", {}, True),
        ("ollama:x", {}, True),
        ("ollama:x", {"ollama_url": "http://gpu.example:11434"}, False),
        ("vllm", {}, True),
        ("smolvlm2-500m", {}, True),
    ],
)
def test_what_stays_on_this_machine(spec: str, settings: dict[str, Any], local: bool) -> None:
    assert is_local(spec, Settings(**settings)) is local


def test_doors_of_other_distributions(monkeypatch: pytest.MonkeyPatch) -> None:
    from importlib.metadata import EntryPoint

    from llama_index.core.llms import MockLLM

    def door(rest: str, settings: Settings) -> MockLLM:
        return MockLLM(max_tokens=int(rest))

    monkeypatch.setattr(sys.modules[__name__], "door", door, raising=False)
    entry = EntryPoint("mock", f"{__name__}:door", "xmrag_plugin.generators")
    monkeypatch.setattr(
        "importlib.metadata.entry_points", lambda **query: [entry] if query.get("name") == "mock" else []
    )
    assert load_llm("mock:3", Settings()).complete("hi").text == "text text text"


# --- what servers have ------------------------------------------------------------------------


def test_what_compatible_servers_say_of_their_models(server: ScriptedLLM) -> None:
    server.models = [
        {"id": "text-embedding-3-small"},
        {"id": "vllm-model", "max_model_len": 8192},
        {
            "id": "llama-server-model",
            "capabilities": ["completion", "multimodal"],
            "meta": {"n_ctx_train": 99},
        },
        {"id": "lm-studio-model", "type": "vlm", "max_context_length": 77},
        {"id": "lm-studio-words", "type": "llm"},
        {"id": "router", "architecture": {"input_modalities": ["text"]}, "context_length": 55},
    ]
    found = {model.name: (model.takes_pictures, model.context_window) for model in openai_models(server.url)}
    assert found == {
        "vllm-model": (None, 8192),
        "llama-server-model": (True, 99),
        "lm-studio-model": (True, 77),
        "lm-studio-words": (False, None),
        "router": (False, 55),
    }


def test_ollama_models_that_see_come_first_and_embedders_not_at_all(server: ScriptedLLM) -> None:
    server.ollama.append({"name": "bge-m3", "shown": {"capabilities": ["embedding"]}})
    assert [(model.name, model.takes_pictures) for model in ollama_models(server.root)] == [
        ("eyes:2b", True),
        ("words:1b", False),
    ]


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("", "http://127.0.0.1:11434"),
        ("0.0.0.0", "http://127.0.0.1:11434"),
        ("gpu:1234", "http://gpu:1234"),
        ("https://ollama.example", "https://ollama.example:443"),
        ("http://[::]:11434/", "http://127.0.0.1:11434"),
        ("http://gpu:1234/api", "http://gpu:1234"),
        ("gpu:1234/v1/", "http://gpu:1234"),
        ("https://proxy.example/ollama/", "https://proxy.example:443/ollama"),
    ],
)
def test_the_host_variable_of_ollama(given: str, url: str) -> None:
    assert normal_ollama_url(given) == url


def test_addresses_of_this_machine() -> None:
    assert is_loopback("http://localhost:1/v1")
    assert is_loopback("http://127.0.0.2/v1")
    assert not is_loopback("http://192.168.1.1/v1")
    assert not is_loopback("http://localhost.evil.example/v1")
    assert not is_loopback("http://127.0.0.1.evil.example/v1")


class _Writing(BaseHTTPRequestHandler):
    """Writes a stream without an end, and tells when its reader has gone."""

    gone: threading.Event

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        choice = {"index": 0, "delta": {"role": "assistant", "content": "on "}, "finish_reason": None}
        line = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
        try:
            while not self.gone.wait(0.02):
                self.wfile.write(f"data: {json.dumps(line)}\n\n".encode())
        except OSError:
            self.gone.set()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.mark.parametrize("way", ["chat", "fallback", "async"])
def test_a_server_stops_writing_as_soon_as_its_reader_goes(way: str) -> None:
    handler = type("Handler", (_Writing,), {"gone": threading.Event()})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    asked = [ChatMessage(role="user", content="Go on")]
    llm: Any = OpenAIServer(
        model="m", api_base=f"http://127.0.0.1:{server.server_port}/v1", api_key="k", max_retries=0
    )
    if way == "fallback":
        llm = FallbackLLM([llm])

    async def leave() -> None:
        stream = await llm.astream_chat(asked)
        await anext(stream)
        await stream.aclose()
        while not handler.gone.is_set():
            await asyncio.sleep(0.02)

    gc.disable()  # it would close what refers to itself, at some time
    try:
        if way == "async":
            asyncio.run(asyncio.wait_for(leave(), 120))
        else:
            stream = llm.stream_chat(asked)
            next(stream)
            stream.close()
            assert handler.gone.wait(120)
    finally:
        gc.enable()
        handler.gone.set()
        server.shutdown()
        server.server_close()


def test_several_calls_in_one_chunk_become_a_chunk_each() -> None:
    """Servers send them so; LlamaIndex takes the first call of a chunk only."""
    calls = [
        {"index": place, "id": f"t{place}", "type": "function", "function": {"name": name, "arguments": "{}"}}
        for place, name in enumerate(("search", "ask"))
    ]
    choice = {
        "index": 0,
        "delta": {"content": "Let me look.", "tool_calls": calls},
        "finish_reason": "tool_calls",
    }
    line = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
    body = f"data: {json.dumps(line)}\n\ndata: [DONE]\n\n".encode()

    def reply(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"Content-Type": "text/event-stream"}, content=body)

    openai = pytest.importorskip("openai")
    client = openai.OpenAI(
        api_key="k", base_url="http://m/v1", http_client=httpx.Client(transport=httpx.MockTransport(reply))
    )
    asked = [{"role": "user", "content": "Go on"}]
    pieces = [
        piece.choices[0]
        for piece in closing_streams(client).chat.completions.create(model="m", messages=asked, stream=True)
    ]
    assert [[call.function.name for call in piece.delta.tool_calls] for piece in pieces] == [
        ["search"],
        ["ask"],
    ]
    assert [piece.delta.content for piece in pieces] == ["Let me look.", None]
    assert [piece.finish_reason for piece in pieces] == [None, "tool_calls"]
