"""Canvases of Obsidian (JSON Canvas): cards on a board, read by their places."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from ...errors import SourceDamaged
from ...types import Element
from .. import ReadContext, TextReader
from ..positions import reading_order
from .parse import elements_of_markdown, read_text

__all__ = ["CanvasReader"]


class CanvasReader(TextReader):
    """Read the cards of a canvas in reading order: text, pictures, names of notes and pages, titles of groups."""

    name: ClassVar[str] = "canvas"
    suffixes: ClassVar[tuple[str, ...]] = (".canvas",)

    def read(self, path: Path, context: ReadContext) -> Iterator[Element]:
        """Yield what the cards say, a group's title before what lies in it.

        Raises:
            SourceDamaged: If it is no canvas.
        """
        text = read_text(path, context)
        try:
            board = json.loads(text) if text.strip() else {}
            cards = [_Card(node) for node in board.get("nodes", [])]
        except (ValueError, AttributeError, TypeError) as error:
            raise SourceDamaged(
                f"{path.name} is no canvas: {error}.", hint="Open it in Obsidian and save it again."
            ) from error
        cards = [card for card in cards if card.words]
        for card in _in_order(cards):
            yield from elements_of_markdown(card.words, path, context)


class _Card:
    def __init__(self, node: dict[str, Any]) -> None:
        x, y, width, height = (float(node.get(name) or 0) for name in ("x", "y", "width", "height"))
        self.box = (x, y, x + width, y + height)
        self.is_group = node.get("type") == "group"
        self.words = _words_of(node)

    def holds(self, other: _Card) -> bool:
        """Return whether the middle of another card lies in this group."""
        x, y = ((other.box[n] + other.box[n + 2]) / 2 for n in (0, 1))
        return self.is_group and self.box[0] <= x <= self.box[2] and self.box[1] <= y <= self.box[3]

    @property
    def area(self) -> float:
        return (self.box[2] - self.box[0]) * (self.box[3] - self.box[1])


def _words_of(node: dict[str, Any]) -> str:
    """Return a card as Markdown."""
    kind = node.get("type")
    if kind == "text":
        return str(node.get("text") or "")
    if kind == "file" and node.get("file"):
        return f"![[{node['file']}]]"
    if kind == "group" and node.get("label"):
        return f"## {node['label']}"
    return str(node.get("url") or "") if kind == "link" else ""


def _in_order(cards: list[_Card]) -> list[_Card]:
    """Return cards by their places; each is read with the smallest group that it lies in."""
    groups = sorted((card for card in cards if card.is_group), key=lambda card: card.area)
    inside: dict[int, list[_Card]] = {}
    for card in cards:
        home = next((group for group in groups if group.area > card.area and group.holds(card)), None)
        inside.setdefault(id(home) if home is not None else 0, []).append(card)
    found: list[_Card] = []
    waiting = _by_place(inside.get(0, []))[::-1]
    while waiting:
        card = waiting.pop()
        found.append(card)
        waiting += _by_place(inside.get(id(card), []))[::-1]
    return found


def _by_place(cards: list[_Card]) -> list[_Card]:
    return [cards[place] for place in reading_order([card.box for card in cards])]
