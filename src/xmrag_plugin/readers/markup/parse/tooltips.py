"""What a page says only under the pointer: abbreviations spelt out, and notes in bubbles."""

from __future__ import annotations

import re
from typing import Any

__all__ = ["say_what_is_hovered"]

_ABBREVIATION = re.compile(r"(?=(?:[^A-Z]*[A-Z]){2})[\w.&/ -]{2,12}")
_BUBBLE = re.compile(r"tool-?tip[-_]*(?:text|content|body|inner|bubble)", re.I)
_HOVERED = re.compile(r"(?:^|\s)(?:tool-?tip|footnote|has-tip|hover-?note)", re.I)
_MAX_SAID = 2000


def say_what_is_hovered(root: Any) -> None:
    """Put what shows under the pointer behind its words in parentheses, each once on a page."""
    said: set[str] = set()
    for node in root.iter("abbr", "acronym", "span", "a", "em", "i", "b", "strong", "sup"):
        kind = node.get("class") or ""
        if _BUBBLE.search(kind):
            words = " ".join("".join(node.itertext()).split())
            if words:
                node.text = f" ({node.text or ''}"
                _append(node, ")")
            continue
        note = " ".join((node.get("title") or "").split())
        shown = " ".join("".join(node.itertext()).split()) if note else ""
        spelt = node.tag in ("abbr", "acronym") and _ABBREVIATION.fullmatch(shown)
        if not note or note in said or note in shown or not (spelt or _HOVERED.search(kind)):
            continue
        if len(note) < _MAX_SAID and not note.startswith("<"):
            said.add(note)
            node.tail = f" ({note}){node.tail or ''}"


def _append(node: Any, words: str) -> None:
    """Add words at the end of a node."""
    if len(node):
        node[-1].tail = f"{node[-1].tail or ''}{words}"
    else:
        node.text = f"{node.text or ''}{words}"
