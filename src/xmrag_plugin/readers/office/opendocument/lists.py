"""Numbers of OpenDocument lists: their formats by level, and the mark of each item."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ...markup.parse import write_number
from ..ooxml import local, whole
from .names import STYLE, TEXT

__all__ = ["ListLevel", "Outline", "list_levels", "next_mark"]


@dataclass(frozen=True, slots=True)
class ListLevel:
    """How one level of a list style is marked.

    Attributes:
        form: ``1``, ``a``, ``A``, ``i``, ``I``; ``""`` where no number is shown, ``-`` for bullets.
        before: What stands before the number.
        after: What stands after it.
        start: The first number.
        shown: How many levels the number shows: 2 for ``3.1``.
    """

    form: str = "-"
    before: str = ""
    after: str = "."
    start: int = 1
    shown: int = 1


def list_levels(style: Any) -> dict[int, ListLevel]:
    """Return the levels of a ``text:list-style`` or the ``text:outline-style`` by depth, from 0."""
    levels: dict[int, ListLevel] = {}
    for node in style:
        depth = whole(node.get(f"{TEXT}level"), 1) - 1
        if local(node) in ("list-level-style-number", "outline-level-style"):
            levels[depth] = ListLevel(
                node.get(f"{STYLE}num-format") or "",
                node.get(f"{STYLE}num-prefix") or "",
                node.get(f"{STYLE}num-suffix") or "",
                whole(node.get(f"{TEXT}start-value"), 1),
                whole(node.get(f"{TEXT}display-levels"), 1),
            )
        elif local(node).startswith("list-level-style"):
            levels[depth] = ListLevel()
    return levels


def next_mark(levels: dict[int, ListLevel], depth: int, counts: dict[int, int], start: str | None) -> str:
    """Return the mark of the next item and count it.

    Args:
        levels: Of its list's style.
        depth: Its level, from 0.
        counts: The last numbers by level; changed.
        start: The number that the item itself begins with.
    """
    own = levels.get(depth, ListLevel())
    counts[depth] = whole(start, counts.get(depth, own.start - 1) + 1)
    for deeper in [level for level in counts if level > depth]:
        del counts[deeper]
    if own.form == "-":
        return "-"
    if own.form == "":
        return f"{own.before}{own.after}".strip()
    shown = [
        write_number(counts.get(level, levels.get(level, own).start), levels.get(level, own).form or "1")
        for level in range(max(0, depth - own.shown + 1), depth + 1)
        if levels.get(level, own).form not in ("", "-")
    ]
    return f"{own.before}{'.'.join(shown)}{own.after}".strip() if shown else ""


class Outline:
    """The numbers that a text's outline gives to its headings.

    Args:
        trees: The parts that define styles.
    """

    def __init__(self, trees: Iterable[Any]) -> None:
        self._levels: dict[int, ListLevel] = {}
        self._counts: dict[int, int] = {}
        self._list_of: dict[
            str, str
        ] = {}  # styles of paragraphs by the list that they belong to, "" for none
        for tree in trees:
            for outline in tree.iter(f"{TEXT}outline-style"):
                self._levels = list_levels(outline)
            for style in tree.iter(f"{STYLE}style") if self._levels else ():
                if style.get(f"{STYLE}list-style-name") is not None:
                    name = (style.get(f"{STYLE}name") or "").lower()
                    self._list_of[name] = style.get(f"{STYLE}list-style-name")

    def mark(self, node: Any, level: int, styles: Iterable[str]) -> str:
        """Return the number of the next heading, ``""`` where it has none.

        Args:
            node: The heading.
            level: Its level, from 1.
            styles: Its style and those that it is based on.
        """
        listed = next((self._list_of[name] for name in styles if name in self._list_of), "Outline")
        if not self._levels or not listed or node.get(f"{TEXT}is-list-header") == "true":
            return ""
        restarts = node.get(f"{TEXT}restart-numbering") == "true"
        start = node.get(f"{TEXT}start-value") if restarts else None
        mark = next_mark(self._levels, level - 1, self._counts, start)
        return mark if mark != "-" else ""
