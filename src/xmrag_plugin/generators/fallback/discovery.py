"""Find the generators of this machine, in the order in which they are asked, each with the reason.

The order: the configured LLM, an OpenAI-compatible server, Ollama, a model on disk that runs in this
process. After them all comes the extractive answer. LlamaIndex is not imported.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ...errors import GeneratorOutOfMemory, GeneratorUnreachable, MissingExtra, ModelError, XmragError
from ...settings import Settings
from .. import find_checkpoint, is_local, load_llm, split_spec
from ..local.checkpoint import Checkpoint, checkpoints_on_disk
from ..local.placement import place
from ..served.discovery import (
    LOCAL_SERVERS,
    ServedModel,
    is_address,
    is_loopback,
    normal_ollama_url,
    ollama_models,
    openai_models,
)

if TYPE_CHECKING:
    from llama_index.core.llms import LLM

__all__ = ["FoundGenerator", "describe_generators", "find_generators"]

PROBE_S = 0.25
REMOTE_PROBE_S = 2.0
_EXTRAS = {"openai": "llama_index.llms.openai", "ollama": "llama_index.llms.ollama"}
_SLOW_ON_CPU = 1_200_000_000


@dataclass(frozen=True, slots=True)
class FoundGenerator:
    """A generator that can be asked, or one that is left out for a reason.

    Attributes:
        name: Its name in reports.
        model: The model, where it is known.
        usable: Whether it can be asked.
        reason: Why it is in the chain, or why it is left out.
        takes_pictures: Whether it takes pictures; None where only trying tells.
        local: Whether nothing that is put to it leaves this machine.
        calls_tools: Whether it calls tools.
        load: Makes its LLM.
    """

    name: str
    model: str
    usable: bool
    reason: str
    takes_pictures: bool | None = None
    local: bool = True
    calls_tools: bool = False
    load: Callable[[], LLM] | None = field(default=None, repr=False, compare=False)


def find_generators(settings: Settings, *, strict: bool = False) -> list[FoundGenerator]:
    """Return the generators in their order, those that are left out too.

    Servers of this machine are asked for 0.25 s, all at once; others only when the settings name them.

    Args:
        settings: What is configured.
        strict: Whether a fault of the configured generator is raised rather than reported.
    """
    if settings.llm in ("none", ""):
        return []
    configured = None
    if settings.llm != "auto":
        configured = _configured(settings, strict=strict)
    asked = _ask_servers(settings)
    candidates = [
        *_openai_candidates(settings, asked),
        _ollama_candidate(settings, asked),
        *_disk_candidates(settings),
    ]
    if configured is None:
        return candidates
    return [
        configured,
        *(
            _kept_private(candidate, configured)
            for candidate in candidates
            if not _same(candidate, configured)
        ),
    ]


def describe_generators(settings: Settings) -> list[dict[str, Any]]:
    """Return rows for ``xmrag status``: ``name``, ``model``, ``usable``, ``sees``, ``local`` and ``reason``."""
    rows = [
        {
            "name": candidate.name,
            "model": candidate.model,
            "usable": candidate.usable,
            "sees": candidate.takes_pictures,
            "local": candidate.local,
            "reason": candidate.reason,
        }
        for candidate in find_generators(settings)
    ]
    rows.append(
        {
            "name": "extractive",
            "model": "",
            "usable": True,
            "sees": False,
            "local": True,
            "reason": "needs no model: quotes the sources",
        }
    )
    return rows


def _configured(settings: Settings, *, strict: bool) -> FoundGenerator:
    spec = settings.llm
    model, local, takes_pictures = spec, False, None
    try:
        provider, rest = split_spec(spec)
        local = is_local(spec, settings)
        model = rest or provider
        if provider == "transformers":
            checkpoint = find_checkpoint(rest, allow_fetch=settings.allow_fetch)
            model, takes_pictures = checkpoint.name, checkpoint.takes_pictures
        else:
            _need_package(provider)
    except XmragError as error:
        if strict:
            raise
        return FoundGenerator("configured", model, False, str(error), local=local)
    return FoundGenerator(
        provider,
        model.partition("@")[0] or model,
        True,
        f"configured: llm = {spec!r}",
        takes_pictures=takes_pictures,
        local=local,
        calls_tools=provider == "openai" and not local,
        load=lambda: load_llm(spec, settings),
    )


def _need_package(provider: str) -> None:
    family = "openai" if provider in ("openai", "vllm", "llama-server", "lmstudio") else provider
    module = _EXTRAS.get(family)
    if module is not None and not _installed(module):
        raise MissingExtra(
            f"The generator {provider!r} needs a package that is not installed.",
            hint=f"Install it with: pip install 'xmrag-plugin[{family}]'",
        )


def _installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def _ask_servers(settings: Settings) -> dict[str, list[ServedModel] | str]:
    """Return by address which models each server has, or why it does not say; all are asked at once."""
    questions: dict[str, Callable[[], list[ServedModel]]] = {}
    if _installed(_EXTRAS["openai"]):
        named = settings.openai_base_url
        if is_address(named) and urlsplit(named).hostname != "api.openai.com":
            patience = PROBE_S if is_loopback(named) else REMOTE_PROBE_S
            questions[named] = lambda: openai_models(
                named, key=settings.openai_api_key.get_secret_value(), timeout_s=patience
            )
        for url in LOCAL_SERVERS.values():
            if url.rstrip("/") != named.rstrip("/"):
                questions[url] = lambda url=url: openai_models(url, timeout_s=PROBE_S)  # type: ignore[misc]
    if _installed(_EXTRAS["ollama"]):
        with contextlib.suppress(GeneratorUnreachable):  # no address: its candidate says so
            url = normal_ollama_url(settings.ollama_url)
            patience = PROBE_S if is_loopback(url) else REMOTE_PROBE_S
            questions[url] = lambda: ollama_models(url, timeout_s=patience)
    answers: dict[str, list[ServedModel] | str] = {}

    def ask(address: str, question: Callable[[], list[ServedModel]]) -> None:
        try:
            answers[address] = question()
        except GeneratorUnreachable as error:
            answers[address] = error.message

    threads = [threading.Thread(target=ask, args=item, daemon=True) for item in questions.items()]
    for thread in threads:
        thread.start()
    for thread, address in zip(threads, questions, strict=True):
        thread.join(REMOTE_PROBE_S + 1 if not is_loopback(address) else 2 * PROBE_S)
    return {address: answers.get(address, "did not answer in time") for address in questions}


def _openai_candidates(settings: Settings, asked: dict[str, list[ServedModel] | str]) -> list[FoundGenerator]:
    if not _installed(_EXTRAS["openai"]):
        return [
            FoundGenerator(
                "openai", "", False, "llama-index-llms-openai is not installed (extra: openai)", local=False
            )
        ]
    candidates = []
    named = settings.openai_base_url
    if named and named in asked:
        candidates.append(
            _served_candidate("openai", named, asked[named], settings, "openai_base_url is set")
        )
    elif named and not is_address(named):
        candidates.append(
            FoundGenerator("openai", "", False, f"{named!r} is no server's address", local=False)
        )
    elif settings.openai_api_key:
        candidates.append(
            FoundGenerator(
                "openai",
                "gpt-5-mini",
                True,
                "a key for OpenAI is set",
                takes_pictures=True,
                local=False,
                calls_tools=True,
                load=lambda: load_llm("openai:gpt-5-mini", settings),
            )
        )
    else:
        candidates.append(
            FoundGenerator("openai", "", False, "neither a key nor openai_base_url is set", local=False)
        )
    for provider, url in LOCAL_SERVERS.items():
        if url in asked:
            candidates.append(
                _served_candidate(provider, url, asked[url], settings, f"listens at {urlsplit(url).netloc}")
            )
    return candidates


def _served_candidate(
    provider: str, url: str, answer: list[ServedModel] | str, settings: Settings, why: str
) -> FoundGenerator:
    local = is_loopback(url)
    if isinstance(answer, str):
        return FoundGenerator(provider, "", False, answer, local=local)
    served = next((model for model in answer if model.takes_pictures), answer[0])

    def load() -> LLM:
        from ..openai import load_openai

        rest = f"{served.name}@{url}" if url == settings.openai_base_url else served.name
        return load_openai(rest, settings, provider=provider, served=served)

    return FoundGenerator(
        provider, served.name, True, why, takes_pictures=served.takes_pictures, local=local, load=load
    )


def _ollama_candidate(settings: Settings, asked: dict[str, list[ServedModel] | str]) -> FoundGenerator:
    try:
        url = normal_ollama_url(settings.ollama_url)
    except GeneratorUnreachable as error:
        return FoundGenerator("ollama", "", False, str(error))
    if url not in asked:
        return FoundGenerator("ollama", "", False, "llama-index-llms-ollama is not installed (extra: ollama)")
    answer = asked[url]
    local = is_loopback(url)
    if isinstance(answer, str):
        return FoundGenerator("ollama", "", False, answer, local=local)
    served = answer[0]

    def load() -> LLM:
        from ..ollama import load_ollama

        return load_ollama(served.name, settings, served=served)

    why = f"listens at {urlsplit(url).netloc}" + (
        "" if served.takes_pictures else "; none of its models takes pictures"
    )
    return FoundGenerator(
        "ollama", served.name, True, why, takes_pictures=served.takes_pictures, local=local, load=load
    )


def _disk_candidates(settings: Settings) -> list[FoundGenerator]:
    """Return the best model of the hub's cache that fits, after the larger ones that do not."""
    found = [checkpoint for checkpoint in checkpoints_on_disk() if checkpoint.kind != "caption"]
    chatting = [checkpoint for checkpoint in found if checkpoint.has_chat_template]
    if not chatting:
        return [FoundGenerator("transformers", "", False, _nothing_on_disk(settings, found))]
    left_out = []
    for checkpoint in sorted(chatting, key=lambda each: (each.kind != "vision", -each.parameters)):
        try:
            placement = place(checkpoint, device=settings.device)
        except (GeneratorOutOfMemory, ModelError, MissingExtra) as error:
            left_out.append(
                FoundGenerator(
                    "transformers", checkpoint.name, False, error.message, checkpoint.takes_pictures
                )
            )
            continue
        if placement.device == "cpu" and checkpoint.parameters > _SLOW_ON_CPU:
            reason = "it would write too slowly on the processor; name it in `llm` to use it all the same"
            left_out.append(
                FoundGenerator("transformers", checkpoint.name, False, reason, checkpoint.takes_pictures)
            )
            continue
        return [*left_out, _disk_candidate(checkpoint, placement.why, settings)]
    return left_out


def _disk_candidate(checkpoint: Checkpoint, why: str, settings: Settings) -> FoundGenerator:
    return FoundGenerator(
        "transformers",
        checkpoint.name,
        True,
        f"on disk; {why}",
        takes_pictures=checkpoint.takes_pictures,
        load=lambda: load_llm(f"transformers:{checkpoint.folder}", settings),
    )


def _nothing_on_disk(settings: Settings, found: list[Checkpoint]) -> str:
    from ..presets import suggest

    preset = suggest(settings)
    advice = f"; this one would fit: xmrag models pull {preset.name}" if preset else ""
    what = f"none of the {len(found)} generators on disk chats" if found else "no generator is on disk"
    return f"{what}{advice}"


def _kept_private(candidate: FoundGenerator, configured: FoundGenerator) -> FoundGenerator:
    """Leave out a generator that sends texts off this machine, where the configured one does not."""
    if not configured.local or candidate.local or not candidate.usable:
        return candidate
    return FoundGenerator(
        candidate.name,
        candidate.model,
        False,
        "left out: it would send texts off this machine, which the configured generator does not",
        takes_pictures=candidate.takes_pictures,
        local=False,
    )


def _same(candidate: FoundGenerator, configured: FoundGenerator) -> bool:
    return candidate.name == configured.name and (candidate.model == configured.model or not candidate.usable)
