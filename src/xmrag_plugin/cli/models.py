"""``xmrag models``: what can be named, fetching one, what one is worth, which suit this machine."""

from __future__ import annotations

import argparse
from typing import Any

from ..encoders import presets as encoders
from ..errors import UnknownModel, UsageError
from ..generators import presets as generators
from ..settings import Settings
from .console import Console
from .parser import did_you_mean

__all__ = ["run"]

_OPTIONS = {"text": "--text", "dual": "--vision", "sound": "--sound", "vision": "--llm"}
_BYTES_A_WEIGHT = 2


def run(args: argparse.Namespace, settings: Settings, console: Console) -> int:
    """List the presets, fetch or probe the model named, or choose for this machine."""
    if args.action == "pull":
        return _pull(args.name, console)
    if args.action == "probe":
        return _probe(args.name, settings, console)
    if args.action == "recommend":
        return _recommend(args.languages, settings, console)
    rows = _rows()
    console.emit({"models": rows})
    console.rows(
        [("name", "for", "licence", "size", "on disk", "")]
        + [
            (
                row["name"],
                row["option"] or row["kind"],
                row["licence"],
                f"{row['size_mb']:,} MB",
                "yes" if row["on_disk"] else "no",
                row["note"],
            )
            for row in rows
        ]
    )
    console.say("\nA hub id (org/name) or a folder will do as well. Fetch one with: xmrag models pull NAME")
    return 0


def _rows() -> list[dict[str, Any]]:
    """Return encoders, then generators, with the option that each is given to."""
    rows = [{**row, "option": _OPTIONS.get(row["kind"])} for row in encoders.list_models()]
    for row in generators.list_models():
        size_mb = round(row["parameters_b"] * 1000 * _BYTES_A_WEIGHT)
        note = "; ".join(part for part in (row["suits"], row["note"]) if part)
        rows.append({**row, "option": _OPTIONS.get(row["kind"]), "size_mb": size_mb, "note": note})
    return rows


def _recommend(languages: str, settings: Settings, console: Console) -> int:
    """Print one model a task, with the commands that fetch and use it."""
    from .recommend import recommended, this_machine

    machine = this_machine(settings, tuple(filter(None, (languages or "").replace(" ", "").split(","))))
    rows = recommended(machine, settings)
    console.emit({"device": machine.device.label, "languages": list(machine.languages), "models": rows})
    console.say(f"For {machine.device.label}, {machine.device.free_bytes / 1e9:.1f} GB free:\n")
    for row in rows:
        console.say(f"{row['task']}: {row['name']} ({row['size_mb']:,} MB, {row['licence']}): {row['why']}")
        console.say(f"  {row['fetch']}\n  {row['use']}")
    return 0


def _probe(spec: str | None, settings: Settings, console: Console) -> int:
    """Ask a generator three short questions, and say what it can be trusted with."""
    if not spec:
        raise UsageError("No generator is named.", hint="For example: xmrag models probe gguf:MODEL.gguf")
    from ..generators import load_llm
    from ..generators.capability import probe

    found = probe(load_llm(spec, settings)).as_json()
    console.emit(found)
    worth = (
        "is given quotations only, to put into a sentence"
        if found["weak"]
        else "answers from the whole context"
    )
    size = (
        f"{found['parameters'] / 1e6:,.0f} million parameters" if found["parameters"] else "of unknown size"
    )
    console.say(f"{found['name']}, {size}: passed {found['probes_passed']} of 3 probes; it {worth}.")
    return 0


def _pull(name: str | None, console: Console) -> int:
    if not name:
        raise UsageError("No model is named.", hint="For example: xmrag models pull siglip2")
    known = [*encoders.PRESETS, *generators.PRESETS]
    if "/" not in name and name not in known:
        raise UnknownModel(
            f"No model is called {name!r}.{did_you_mean(name, known)}",
            hint=f"Known: {', '.join(known)}; or give a hub id (org/name).",
        )
    console.note(f"Fetching {name} …")
    folder = generators.pull(name) if name in generators.PRESETS else encoders.pull(name)
    console.say(f"{name} is in {folder}.")
    console.emit({"name": name, "folder": str(folder)})
    return 0
