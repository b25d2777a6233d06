"""Which generators this machine has, from the best down, each with the reason; without LlamaIndex.

The order is that of the house plan: the configured LLM, an OpenAI-compatible server, Ollama, a model
in this process that is on disk already; below them all stands the extractive answer.
"""

from __future__ import annotations

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
    is_loopback,
    normal_ollama_url,
    ollama_models,
    openai_models,
)

if TYPE_CHECKING:
    from llama_index.core.llms import LLM

__all__ = ["PlannedRung", "describe_ladder", "plan_ladder"]

_PROBE_S = 0.25
_REMOTE_PROBE_S = 2.0
_EXTRAS = {"openai": "llama_index.llms.openai", "ollama": "llama_index.llms.ollama"}
_SLOW_ON_CPU = 1_200_000_000


@dataclass(frozen=True, slots=True)
class PlannedRung:
    """A rung that is there, or one that might be.

    Attributes:
        name: What the ladder calls it.
        model: The model, where it is known.
        usable: Whether it can be asked.
        reason: Why it stands here, or why it is left out.
        sees: Whether it takes pictures; None where only trying tells.
        local: Whether nothing that is put to it leaves this machine.
        calls_tools: Whether it calls tools.
        load: Makes its LLM.
    """

    name: str
    model: str
    usable: bool
    reason: str
    sees: bool | None = None
    local: bool = True
    calls_tools: bool = False
    load: Callable[[], LLM] | None = field(default=None, repr=False, compare=False)


def plan_ladder(settings: Settings, *, strict: bool = False) -> list[PlannedRung]:
    """The rungs from the top, those that are left out too.

    Servers of this machine are asked for 0.25 s, all at once; others only when the settings name them.

    Args:
        settings: What is configured.
        strict: Whether what is wrong with the configured generator is raised rather than reported.
    """
    if settings.llm in ("none", ""):
        return []
    configured = None
    if settings.llm != "auto":
        configured = _configured(settings, strict=strict)
    asked = _ask_servers(settings)
    rungs = [*_openai_rungs(settings, asked), _ollama_rung(settings, asked), *_disk_rungs(settings)]
    if configured is None:
        return rungs
    return [configured, *(_kept_private(rung, configured) for rung in rungs if not _same(rung, configured))]


def describe_ladder(settings: Settings) -> list[dict[str, Any]]:
    """Rows for ``xmrag status``: ``name``, ``model``, ``usable``, ``sees``, ``local`` and ``reason``."""
    rows = [
        {
            "name": rung.name,
            "model": rung.model,
            "usable": rung.usable,
            "sees": rung.sees,
            "local": rung.local,
            "reason": rung.reason,
        }
        for rung in plan_ladder(settings)
    ]
    rows.append(
        {
            "name": "extractive",
            "model": "",
            "usable": True,
            "sees": False,
            "local": True,
            "reason": "needs nothing: quotes the evidence",
        }
    )
    return rows


def _configured(settings: Settings, *, strict: bool) -> PlannedRung:
    spec = settings.llm
    model, local, sees = spec, False, None
    try:
        door, rest = split_spec(spec)
        local = is_local(spec, settings)
        model = rest or door
        if door == "transformers":
            checkpoint = find_checkpoint(rest, allow_fetch=settings.allow_fetch)
            model, sees = checkpoint.name, checkpoint.sees
        else:
            _need_package(door)
    except XmragError as error:
        if strict:
            raise
        return PlannedRung("configured", model, False, str(error), local=local)
    return PlannedRung(
        door,
        model.partition("@")[0] or model,
        True,
        f"configured: llm = {spec!r}",
        sees=sees,
        local=local,
        calls_tools=door == "openai" and not local,
        load=lambda: load_llm(spec, settings),
    )


def _need_package(door: str) -> None:
    family = "openai" if door in ("openai", "vllm", "llama-server", "lmstudio") else door
    module = _EXTRAS.get(family)
    if module is not None and not _installed(module):
        raise MissingExtra(
            f"The generator {door!r} needs a package that is not installed.",
            hint=f"Install it with: pip install 'xmrag-plugin[{family}]'",
        )


def _installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def _ask_servers(settings: Settings) -> dict[str, list[ServedModel] | str]:
    """What each server says it has, or why it says nothing; by address, all asked at once."""
    questions: dict[str, Callable[[], list[ServedModel]]] = {}
    if _installed(_EXTRAS["openai"]):
        named = settings.openai_base_url
        if named and urlsplit(named).hostname != "api.openai.com":
            patience = _PROBE_S if is_loopback(named) else _REMOTE_PROBE_S
            questions[named] = lambda: openai_models(named, key=settings.openai_api_key, timeout_s=patience)
        for url in LOCAL_SERVERS.values():
            if url.rstrip("/") != named.rstrip("/"):
                questions[url] = lambda url=url: openai_models(url, timeout_s=_PROBE_S)  # type: ignore[misc]
    if _installed(_EXTRAS["ollama"]):
        url = normal_ollama_url(settings.ollama_url)
        patience = _PROBE_S if is_loopback(url) else _REMOTE_PROBE_S
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
        thread.join(_REMOTE_PROBE_S + 1 if not is_loopback(address) else 2 * _PROBE_S)
    return {address: answers.get(address, "did not answer in time") for address in questions}


def _openai_rungs(settings: Settings, asked: dict[str, list[ServedModel] | str]) -> list[PlannedRung]:
    if not _installed(_EXTRAS["openai"]):
        return [
            PlannedRung(
                "openai", "", False, "llama-index-llms-openai is not installed (extra: openai)", local=False
            )
        ]
    rungs = []
    named = settings.openai_base_url
    if named and named in asked:
        rungs.append(_served_rung("openai", named, asked[named], settings, "openai_base_url is set"))
    elif settings.openai_api_key:
        rungs.append(
            PlannedRung(
                "openai",
                "gpt-5-mini",
                True,
                "a key for OpenAI is set",
                sees=True,
                local=False,
                calls_tools=True,
                load=lambda: load_llm("openai:gpt-5-mini", settings),
            )
        )
    else:
        rungs.append(
            PlannedRung("openai", "", False, "neither a key nor openai_base_url is set", local=False)
        )
    for door, url in LOCAL_SERVERS.items():
        if url in asked:
            rungs.append(_served_rung(door, url, asked[url], settings, f"listens at {urlsplit(url).netloc}"))
    return rungs


def _served_rung(
    door: str, url: str, answer: list[ServedModel] | str, settings: Settings, why: str
) -> PlannedRung:
    local = is_loopback(url)
    if isinstance(answer, str):
        return PlannedRung(door, "", False, answer, local=local)
    served = next((model for model in answer if model.sees), answer[0])

    def load() -> LLM:
        from ..openai import load_openai

        rest = f"{served.name}@{url}" if url == settings.openai_base_url else served.name
        return load_openai(rest, settings, door=door, served=served)

    return PlannedRung(door, served.name, True, why, sees=served.sees, local=local, load=load)


def _ollama_rung(settings: Settings, asked: dict[str, list[ServedModel] | str]) -> PlannedRung:
    url = normal_ollama_url(settings.ollama_url)
    if url not in asked:
        return PlannedRung("ollama", "", False, "llama-index-llms-ollama is not installed (extra: ollama)")
    answer = asked[url]
    local = is_loopback(url)
    if isinstance(answer, str):
        return PlannedRung("ollama", "", False, answer, local=local)
    served = answer[0]

    def load() -> LLM:
        from ..ollama import load_ollama

        return load_ollama(served.name, settings, served=served)

    why = f"listens at {urlsplit(url).netloc}" + ("" if served.sees else "; none of its models sees")
    return PlannedRung("ollama", served.name, True, why, sees=served.sees, local=local, load=load)


def _disk_rungs(settings: Settings) -> list[PlannedRung]:
    """The best model of the hub's cache that fits; larger ones that do not are named with the reason."""
    found = [checkpoint for checkpoint in checkpoints_on_disk() if checkpoint.kind != "caption"]
    chatting = [checkpoint for checkpoint in found if checkpoint.has_chat_template]
    if not chatting:
        return [PlannedRung("transformers", "", False, _nothing_on_disk(settings, found))]
    left_out = []
    for checkpoint in sorted(chatting, key=lambda each: (each.kind != "vision", -each.parameters)):
        try:
            placement = place(checkpoint, device=settings.device)
        except (GeneratorOutOfMemory, ModelError) as error:
            left_out.append(
                PlannedRung("transformers", checkpoint.name, False, error.message, checkpoint.sees)
            )
            continue
        if placement.device == "cpu" and checkpoint.parameters > _SLOW_ON_CPU:
            reason = "it would write too slowly on the processor; name it in `llm` to use it all the same"
            left_out.append(PlannedRung("transformers", checkpoint.name, False, reason, checkpoint.sees))
            continue
        return [*left_out, _disk_rung(checkpoint, placement.why, settings)]
    return left_out


def _disk_rung(checkpoint: Checkpoint, why: str, settings: Settings) -> PlannedRung:
    return PlannedRung(
        "transformers",
        checkpoint.name,
        True,
        f"on disk; {why}",
        sees=checkpoint.sees,
        load=lambda: load_llm(f"transformers:{checkpoint.folder}", settings),
    )


def _nothing_on_disk(settings: Settings, found: list[Checkpoint]) -> str:
    from ..presets import suggest

    preset = suggest(settings)
    advice = f"; this one would fit: xmrag models pull {preset.name}" if preset else ""
    what = f"none of the {len(found)} generators on disk chats" if found else "no generator is on disk"
    return f"{what}{advice}"


def _kept_private(rung: PlannedRung, configured: PlannedRung) -> PlannedRung:
    """Below a generator of this machine none may stand that sends texts off it."""
    if not configured.local or rung.local or not rung.usable:
        return rung
    return PlannedRung(
        rung.name,
        rung.model,
        False,
        "left out: the configured generator keeps everything on this machine, and so does its ladder",
        sees=rung.sees,
        local=False,
    )


def _same(rung: PlannedRung, configured: PlannedRung) -> bool:
    return rung.name == configured.name and (rung.model == configured.model or not rung.usable)
