"""Which styles of an OpenDocument show nothing: hidden, microscopic, or white on the page's white."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from .names import FO, STYLE, TEXT

__all__ = ["StyleVisibility"]

_MIN_LEGIBLE_PT = 2.5
_SIZE = re.compile(r"([\d.]+)\s*pt")


@dataclass(frozen=True, slots=True)
class _Appearance:
    white: bool = False
    grounded: bool = False
    tiny: bool = False
    hidden: bool = False


class StyleVisibility:
    """How styles look, as far as it decides whether their words are seen."""

    def __init__(self) -> None:
        self._properties: dict[str, list[Any]] = {}
        self._parents: dict[str, str] = {}

    def add(self, style: Any) -> None:
        """Take up a ``style:style``."""
        name = style.get(f"{STYLE}name") or ""
        self._parents[name] = style.get(f"{STYLE}parent-style-name") or ""
        self._properties[name] = [
            found
            for kind in ("paragraph-properties", "text-properties")
            if (found := style.find(f"{STYLE}{kind}")) is not None
        ]

    def is_unseen(self, *styles: str, on_page: bool) -> bool:
        """Return whether nothing is seen of words in these styles, the outermost first.

        Args:
            styles: Names of a paragraph's and a span's styles.
            on_page: Whether they stand on the page itself, whose ground is white, and not in a box or a cell.
        """
        appearance = _Appearance()
        for style in styles:
            appearance = self._resolved(style, appearance, 0)
        return (
            appearance.hidden or appearance.tiny or (appearance.white and not appearance.grounded and on_page)
        )

    def _resolved(self, style: str, appearance: _Appearance, depth: int) -> _Appearance:
        if style not in self._properties or depth > 20:
            return appearance
        appearance = self._resolved(self._parents[style], appearance, depth + 1)
        for properties in self._properties[style]:
            if (ground := properties.get(f"{FO}background-color")) is not None:
                appearance = replace(appearance, grounded=ground not in ("transparent", "#ffffff"))
            if (colour := properties.get(f"{FO}color")) is not None:
                appearance = replace(appearance, white=colour.lower() == "#ffffff")
            if (size := _SIZE.fullmatch(properties.get(f"{FO}font-size") or "")) is not None:
                appearance = replace(appearance, tiny=float(size[1]) < _MIN_LEGIBLE_PT)
            if (display := properties.get(f"{TEXT}display")) is not None:
                appearance = replace(appearance, hidden=display == "none")
        return appearance
