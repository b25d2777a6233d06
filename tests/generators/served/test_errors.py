"""Every provider's failures, as one error of the tree: one table."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from llama_index.core.llms import ChatMessage
from scripted_llm import Act, ScriptedLLM, failure, unused_url

from xmrag_plugin.errors import (
    AuthenticationFailed,
    CapabilityMissing,
    GenerationError,
    GeneratorOutOfMemory,
    GeneratorOverloaded,
    GeneratorUnreachable,
    ModelUnavailable,
    PromptRefused,
    UsageError,
)
from xmrag_plugin.generators import load_llm
from xmrag_plugin.generators.served.errors import diagnose
from xmrag_plugin.settings import Settings

pytest.importorskip("llama_index.llms.openai")
pytest.importorskip("llama_index.llms.ollama")

HTML = Act(body=b"<html>Welcome</html>")
OTHER_SHAPE = Act(body=b'{"hello": "world"}')

# what the server does · the error · worth a second try at once · what is lacking
TABLE: dict[str, tuple[Act, type[Exception], bool, str]] = {
    "401 wrong key": (failure(401, "Incorrect API key"), AuthenticationFailed, False, ""),
    "403 not allowed": (failure(403, "Country not supported"), AuthenticationFailed, False, ""),
    "403 moderation": (failure(403, "Your input was flagged"), PromptRefused, False, ""),
    "400 policy": (
        failure(400, "against our content policy", code="content_policy_violation"),
        PromptRefused,
        False,
        "",
    ),
    "429 rate": (failure(429, "Rate limit", code="rate_limit_exceeded"), GeneratorOverloaded, True, ""),
    "429 quota": (failure(429, "You exceeded your quota"), GeneratorOverloaded, False, ""),
    "402 credits": (failure(402, "Insufficient credits"), GeneratorOverloaded, False, ""),
    "503": (failure(503, "overloaded"), GeneratorOverloaded, True, ""),
    "529": (failure(529, "overloaded"), GeneratorOverloaded, True, ""),
    "500": (failure(500, "boom"), GeneratorUnreachable, True, ""),
    "502": (failure(502, "bad gateway"), GeneratorUnreachable, True, ""),
    "504": (failure(504, "gateway time-out"), GeneratorUnreachable, False, ""),
    "500 memory": (failure(500, "CUDA out of memory"), GeneratorOutOfMemory, False, ""),
    "500 ram": (
        failure(500, "model requires more system memory (5.6 GiB) than is available"),
        GeneratorOutOfMemory,
        False,
        "",
    ),
    "400 context": (
        failure(400, "This model's maximum context length is 4096 tokens"),
        CapabilityMissing,
        False,
        "context",
    ),
    "413": (failure(413, "too large"), CapabilityMissing, False, "context"),
    "400 vllm text model": (
        failure(400, "tiny is not a multimodal model"),
        CapabilityMissing,
        False,
        "pictures",
    ),
    "400 vllm limit": (
        failure(400, "At most 1 image(s) may be provided in one request."),
        CapabilityMissing,
        False,
        "pictures",
    ),
    "500 llama-server": (
        failure(500, "image input is not supported - hint: you may need to provide the mmproj"),
        CapabilityMissing,
        False,
        "pictures",
    ),
    "404 openrouter": (
        failure(404, "No endpoints found that support image input"),
        CapabilityMissing,
        False,
        "pictures",
    ),
    "400 tools": (failure(400, "tiny does not support tools"), CapabilityMissing, False, "feature"),
    "404 model": (failure(404, "model 'tiny' not found"), ModelUnavailable, False, ""),
    "400 other": (failure(400, "Unknown parameter: 'foo'"), GenerationError, False, ""),
    "422": (failure(422, "messages: field required"), GenerationError, False, ""),
    "slow": (Act(wait_s=1.5), GeneratorUnreachable, False, ""),
    "cut": (Act(cut_after=0), GeneratorUnreachable, True, ""),
    "html": (HTML, GeneratorUnreachable, False, ""),
    "other shape": (OTHER_SHAPE, GeneratorUnreachable, False, ""),
    "nothing in it": (Act(body=b'{"choices": [], "message": null}'), GeneratorUnreachable, False, ""),
}


@pytest.fixture(scope="module")
def server() -> Iterator[ScriptedLLM]:
    with ScriptedLLM() as running:
        running.ollama = [{"name": "tiny", "shown": {"capabilities": ["completion"]}}]
        yield running


@pytest.mark.parametrize("door", ["openai", "ollama"])
@pytest.mark.parametrize("case", TABLE)
def test_every_failure_of_every_provider_has_its_error(server: ScriptedLLM, case: str, door: str) -> None:
    act, expected, transient, lacks = TABLE[case]
    server.acts.clear()
    server.script(act)
    address = server.url if door == "openai" else server.root
    llm = load_llm(f"{door}:tiny@{address}", Settings(llm_timeout_s=1))
    with pytest.raises(Exception) as raised:  # noqa: PT011 — the provider's own
        llm.chat([ChatMessage(content="hi")])
    found = diagnose(raised.value, "it")
    assert found is not None, f"{type(raised.value).__name__} is taken for a programmer's error"
    assert type(found.error) is expected
    assert found.transient is transient
    assert found.lacks == lacks
    assert found.error.message.startswith("it ")
    assert found.error.hint  # type: ignore[attr-defined]
    assert found.error.__cause__ is raised.value


@pytest.mark.parametrize("door", ["openai", "ollama"])
def test_where_nothing_listens(door: str) -> None:
    llm = load_llm(f"{door}:tiny@{unused_url()}", Settings(llm_timeout_s=1))
    with pytest.raises(Exception) as raised:  # noqa: PT011
        llm.chat([ChatMessage(content="hi")])
    found = diagnose(raised.value, "it")
    assert found is not None
    assert type(found.error) is GeneratorUnreachable
    assert not found.transient


def _named(name: str, module: str, **attributes: Any) -> Exception:
    """An exception as another SDK would raise it: known by its name and attributes alone."""
    made: Exception = type(name, (Exception,), {"__module__": module})("it said so")
    for attribute, value in attributes.items():
        setattr(made, attribute, value)
    return made


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (MemoryError(), GeneratorOutOfMemory),
        (RuntimeError("CUDA out of memory. Tried to allocate 2 GiB"), GeneratorOutOfMemory),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"), GeneratorOutOfMemory),
        (_named("OutOfMemoryError", "torch"), GeneratorOutOfMemory),
        (ConnectionRefusedError(111, "Connection refused"), GeneratorUnreachable),
        (ConnectionResetError(104, "Connection reset"), GeneratorUnreachable),
        (TimeoutError("timed out"), GeneratorUnreachable),
        (socket.gaierror(-2, "Name or service not known"), GeneratorUnreachable),
        (OSError(101, "Network is unreachable"), GeneratorUnreachable),
        (_named("RateLimitError", "anthropic", status_code=429), GeneratorOverloaded),
        (_named("AuthenticationError", "anthropic", status_code=401), AuthenticationFailed),
        (_named("OverloadedError", "anthropic", status_code=529), GeneratorOverloaded),
        (_named("ResourceExhausted", "google.api_core.exceptions", code=429), GeneratorOverloaded),
        (_named("DeadlineExceeded", "google.api_core.exceptions", code=504), GeneratorUnreachable),
        (_named("ClientConnectionError", "aiohttp"), GeneratorUnreachable),
        (_named("ReadTimeout", "requests.exceptions"), GeneratorUnreachable),
        (_named("ChunkedEncodingError", "requests.exceptions"), GeneratorUnreachable),
        (
            _named(
                "ClientError",
                "botocore.exceptions",
                response={"ResponseMetadata": {"HTTPStatusCode": 429}},
            ),
            GeneratorOverloaded,
        ),
        (CapabilityMissing("no pictures here"), CapabilityMissing),
        (UsageError("wrong"), UsageError),
    ],
    ids=lambda value: getattr(value, "__name__", type(value).__name__),
)
def test_other_sdks_by_their_shapes(error: Exception, expected: type[Exception]) -> None:
    found = diagnose(error, "it")
    assert found is not None
    assert type(found.error) is expected


@pytest.mark.parametrize(
    "error",
    [
        TypeError("chat() got an unexpected keyword argument 'foo'"),
        AttributeError("'str' object has no attribute 'choices'"),
        KeyError("x"),
        ValueError("no"),
        FileNotFoundError(2, "No such file"),
        AssertionError(),
        RuntimeError("a bug"),
        json.JSONDecodeError("bad", "x", 0),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_programmers_error_is_left_alone(error: Exception) -> None:
    with pytest.raises(type(error)) as raised:
        raise error
    assert diagnose(raised.value, "it") is None


def test_a_wrong_argument_to_a_real_client_is_left_alone(server: ScriptedLLM) -> None:
    llm = load_llm(f"openai:tiny@{server.url}", Settings(llm_timeout_s=1))
    with pytest.raises(TypeError) as raised:
        llm.chat([ChatMessage(content="hi")], temperture=0.3)
    assert diagnose(raised.value, "it") is None


def test_a_cause_within_a_wrapper_is_found() -> None:
    wrapper = RuntimeError("the workflow failed")
    wrapper.__cause__ = ConnectionRefusedError(111, "Connection refused")
    found = diagnose(wrapper, "it")
    assert found is not None
    assert type(found.error) is GeneratorUnreachable


def test_retry_after_and_keys(server: ScriptedLLM) -> None:
    server.acts.clear()
    server.script(failure(429, "slow down, key sk-abcdef1234567890", retry_after="7"))
    llm = load_llm(f"openai:tiny@{server.url}", Settings(llm_timeout_s=1))
    with pytest.raises(Exception) as raised:  # noqa: PT011
        llm.chat([ChatMessage(content="hi")])
    found = diagnose(raised.value, "it")
    assert found is not None
    assert found.retry_after_s == 7.0
    assert "sk-abcdef" not in str(found.error)
