"""What would make a collection find or answer more, each with the command that brings it."""

from __future__ import annotations

import importlib.util
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...settings import Settings
from .markup import words

if TYPE_CHECKING:
    from ...index import CrossModalIndex

__all__ = ["missing_html", "what_is_missing"]

_KINDS = {"text": "texts", "table": "tables", "image": "pictures", "audio": "sound", "video": "video"}


def what_is_missing(
    index: CrossModalIndex, status: Mapping[str, Any], *, answers: bool
) -> Iterator[tuple[str, str, list[str]]]:
    """Yield what is missing as ``(what, why it matters, commands)``.

    Args:
        index: The index.
        status: What :meth:`~xmrag_plugin.index.CrossModalIndex.status` tells of it.
        answers: Whether a model is there that writes answers.
    """
    settings = index.settings
    is_usual = index.kb.path.absolute() == Path(Settings().kb).absolute()
    kb = "" if is_usual else f" --kb {shlex.quote(index.kb.place)}"
    if "vision" not in status["spaces"]:
        unfindable = status["pictures_unfindable"]
        lost = f" {unfindable:,} have none, and only their file names find them." if unfindable else ""
        yield (
            "No vision space",
            "Pictures are found by the words about them, and questions cannot be asked with a picture."
            + lost,
            ["xmrag models pull siglip2", f"xmrag add --vision siglip2{kb}"],
        )
    if settings.ocr != "on" and (settings.ocr == "off" or importlib.util.find_spec("rapidocr") is None):
        installed = importlib.util.find_spec("rapidocr") is not None
        yield (
            "No reading of pictures (OCR)",
            "Words in pictures and scanned pages are not read.",
            [f"XMRAG_OCR=on xmrag add FOLDER{kb}"] if installed else ["pip install 'xmrag-plugin[offline]'"],
        )
    if not answers:
        yield (
            "No model that writes answers",
            "Answers are quoted from the sources.",
            [f"xmrag serve --llm ollama:qwen2.5vl{kb}", "xmrag models list"],
        )


def missing_html(index: CrossModalIndex) -> str:
    """Return what the collection was made with and what is missing."""
    status = index.status()
    held = [f"{_KINDS.get(kind, kind)}: {count:,}" for kind, count in status["nodes"].items()]
    facts = [("Holds", ", ".join(held) or "nothing yet")]
    facts += [
        (f"{name.capitalize()} space", f"{space['model']}, {space['vectors']:,} vectors")
        for name, space in status["spaces"].items()
    ]
    answering = None if index.llm is not None else _generator(index.settings)
    if index.llm is not None:
        facts.append(("Answers by", type(index.llm).__name__))
    else:
        facts.append(
            ("Answers by", f"{answering['model'] or answering['name']}" if answering else "quotations")
        )
    listed = "".join(f"<div><dt>{words(name)}</dt><dd>{words(value)}</dd></div>" for name, value in facts)
    lacking = "".join(
        f"<li><h3>{words(what)}</h3><p>{words(why)}</p>{''.join(_command(line) for line in commands)}</li>"
        for what, why, commands in what_is_missing(
            index, status, answers=index.llm is not None or answering is not None
        )
    )
    missing = f'<h2>What is missing</h2><ul class="xm-lacking">{lacking}</ul>' if lacking else ""
    return f'<h2>What it is made with</h2><dl class="xm-facts-list">{listed}</dl>{missing}'


def _command(line: str) -> str:
    return f'<pre tabindex="0"><code>{words(line)}</code></pre>'


def _generator(settings: Settings) -> dict[str, Any] | None:
    """Return the first model that can be asked; servers are looked for, so that this takes a moment."""
    from ...generators.fallback.discovery import describe_generators

    usable = (row for row in describe_generators(settings) if row["usable"] and row["name"] != "extractive")
    return next(usable, None)
