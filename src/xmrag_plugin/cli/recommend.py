"""``xmrag models recommend``: which models suit this machine and the languages of a collection, as commands."""

from __future__ import annotations

import contextlib
import shlex
from dataclasses import dataclass
from typing import Any

from ..encoders import presets as encoders
from ..errors import XmragError
from ..generators import presets as generators
from ..generators.local.placement import Device, devices
from ..index import CrossModalIndex
from ..settings import Settings
from ..text.languages import UNKNOWN

__all__ = ["Machine", "recommended", "this_machine"]

_ROOM = 0.5  # of what is free, that one model besides others may take
_MB = 1e6

_CHOICES: dict[str, tuple[tuple[str, bool], ...]] = {
    "text": (("granite-97m", False), ("arctic-s", False)),
    "vision": (("qwen3-vl-embedding", True), ("siglip2", False), ("clip", False)),
    "reranker": (
        ("qwen3-vl-reranker", True),
        ("qwen3-reranker-0.6b", True),
        ("bge-reranker-v2-m3", True),
        ("ms-marco-minilm", False),
    ),
    "speech": (
        ("whisper-turbo", True),
        ("whisper-small", False),
        ("whisper-tiny", False),
        ("moonshine-tiny", False),
    ),
}
"""For each task its presets, the best first, and whether one is too slow without an accelerator."""

_USE = {
    "text": "xmrag add FOLDER --text {name}",
    "vision": "xmrag add FOLDER --vision {name}",
    "generator": 'xmrag ask "…" --llm {name}',
    "speech": "XMRAG_SPEECH={hub_id} xmrag add FOLDER",
    "reranker": "as_query_engine(node_postprocessors=[{maker}])",
}


@dataclass(frozen=True, slots=True)
class Machine:
    """What models are chosen for.

    Attributes:
        device: The best device.
        languages: ISO 639-1 codes of the collection; empty for unknown, which is taken for English.
    """

    device: Device
    languages: tuple[str, ...] = ()

    @property
    def accelerated(self) -> bool:
        return self.device.name != "cpu"

    @property
    def only_english(self) -> bool:
        return set(self.languages) <= {"en"}


def _languages_of(settings: Settings) -> tuple[str, ...]:
    """Return the languages of the knowledge base that the settings name, the most frequent first; none without one."""
    with contextlib.suppress(XmragError), CrossModalIndex(settings.kb, settings, create=False) as index:
        return tuple(name for name in index.kb.catalog.languages() if name != UNKNOWN)
    return ()


def recommended(machine: Machine, settings: Settings) -> list[dict[str, Any]]:
    """Choose one model a task, as rows: task, name, size, licence, why, and the commands that fetch and use it."""
    rows = [_row(task, name, machine) for task in _CHOICES if (name := _chosen(task, machine))]
    generator = generators.suggest(settings)
    if generator is not None:
        rows.append(
            {
                "task": "generator",
                "name": generator.name,
                "size_mb": round(generator.parameters_b * 2000),
                "licence": generator.licence,
                "why": f"{generator.suits}; {generator.note}".rstrip("; "),
                "fetch": f"xmrag models pull {generator.name}",
                "use": _USE["generator"].format(name=generator.name),
            }
        )
    return rows


def _chosen(task: str, machine: Machine) -> str | None:
    """Return the best preset of a task that fits, reads the languages and is quick enough here; None where none is."""
    for name, wants_accelerator in _CHOICES[task]:
        preset = encoders.PRESETS[name]
        if wants_accelerator and not machine.accelerated:
            continue
        if not machine.only_english and not preset.multilingual:
            continue
        if name == "granite-97m" and machine.only_english:
            continue  # one for English alone finds more
        if preset.size_mb * _MB <= _ROOM * machine.device.free_bytes:
            return name
    return None


def _row(task: str, name: str, machine: Machine) -> dict[str, Any]:
    preset = encoders.PRESETS[name]
    spoken = ", ".join(machine.languages[:4]) or "English"
    maker = (
        f'VisionReranker("{name}")'
        if name == "qwen3-vl-reranker"
        else f'SentenceTransformerRerank(model="{preset.hub_id}")'
    )
    return {
        "task": task,
        "name": name,
        "size_mb": preset.size_mb,
        "licence": preset.licence,
        "why": f"{preset.note}; for {spoken} on {machine.device.label}",
        "fetch": f"xmrag models pull {shlex.quote(name)}",
        "use": _USE[task].format(name=name, hub_id=preset.hub_id, maker=maker),
    }


def this_machine(settings: Settings, languages: tuple[str, ...]) -> Machine:
    """Return this machine, with the languages given or those of the collection."""
    return Machine(devices(settings.device)[0], languages or _languages_of(settings))
