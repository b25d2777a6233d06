"""What the layouts and masters of a presentation give to its slides: places, list marks, words on each of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from ....types import BBox
from ...archives import Archive
from .drawings import is_hidden, list_styles, text_body_lines
from .names import A, P, local

__all__ = ["MARGINAL", "Layouts", "box_of", "number_of"]

MARGINAL = frozenset({"dt", "ftr", "sldNum", "hdr"})
"""Kinds of placeholders that hold what stands at the edge of each slide."""

_WORD = re.compile(r"[^\W\d_]{2,}")


class Layouts:
    """The layouts and masters of one presentation.

    Args:
        archive: The presentation.
    """

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._told: dict[tuple[Callable[..., Any], str], dict[str, Any]] = {}

    def box_of(self, part: str, shape: Any) -> BBox | None:
        """Return the box of a placeholder on a slide, as its layout or master places it."""
        return next(self._inherited(part, shape, _boxes), None)

    def list_styles_of(self, part: str, shape: Any) -> dict[int, Any]:
        """Return how the paragraphs of a placeholder on a slide are marked, by their level."""
        styles: dict[int, Any] = {}
        for outer in self._inherited(part, shape, _list_styles):
            styles = {**outer, **styles}
        return styles

    def _inherited(self, part: str, shape: Any, told: Callable[[Any], dict[str, Any]]) -> Iterator[Any]:
        own = next(shape.iter(f"{P}ph"), None)
        if own is None:
            return
        for outer in self._above(part):
            if (told, outer) not in self._told:
                self._told[told, outer] = told(self._archive.shared_tree(outer))
            found = self._told[told, outer]
            key = next((key for key in (own.get("idx"), own.get("type", "obj")) if key in found), None)
            if key is not None:
                yield found[key]

    def _above(self, part: str) -> Iterator[str]:
        """Yield a slide's layout and its master."""
        for kind in ("slideLayout", "slideMaster"):
            links = self._archive.relations(part).values()
            part = next((link.target for link in links if link.kind == kind and not link.external), "")
            if not part:
                return
            yield part

    def words_around(self, part: str, tree: Any) -> Iterator[str]:
        """Yield what stands on a slide besides its own shapes: footers, words of its layout and master.

        Dates and numbers of slides are left out.
        """
        for shape in tree.iter(f"{P}sp"):
            mark = next(shape.iter(f"{P}ph"), None)
            if mark is not None and mark.get("type") in ("ftr", "hdr"):
                yield from _lines(shape)
        if tree.get("showMasterSp") in ("0", "false"):
            return
        for outer in self._above(part):
            shared = self._archive.shared_tree(outer)
            for shape in shared.iter(f"{P}sp") if shared is not None else ():
                if next(shape.iter(f"{P}ph"), None) is None:
                    yield from _lines(shape)
            if shared is None or shared.get("showMasterSp") in ("0", "false"):
                return


def _lines(shape: Any) -> Iterator[str]:
    body = shape.find(f"{P}txBody") if not is_hidden(shape) else None
    for _, _, text in text_body_lines(body) if body is not None else ():
        if _WORD.search(text):
            yield text


def _boxes(tree: Any | None) -> dict[str, BBox]:
    return _by_placeholder(tree, box_of)


def _list_styles(tree: Any | None) -> dict[str, dict[int, Any]]:
    return _by_placeholder(tree, lambda shape: list_styles(shape.find(f"{P}txBody")))


def _by_placeholder(tree: Any | None, told: Callable[[Any], Any]) -> dict[str, Any]:
    """Return what a layout or master says of its placeholders, by their index and by their kind."""
    found: dict[str, Any] = {}
    for shape in tree.iter(f"{P}sp") if tree is not None else ():
        mark = next(shape.iter(f"{P}ph"), None)
        said = told(shape) if mark is not None else None
        if said and mark is not None:
            found.setdefault(mark.get("type", "obj"), said)
            if mark.get("idx"):
                found.setdefault(mark.get("idx"), said)
    return found


def box_of(shape: Any) -> BBox | None:
    """Return where a shape stands in its parent's units, None where it does not say."""
    for holder in shape:
        frame = (
            holder
            if local(holder) == "xfrm"
            else holder.find(f"{A}xfrm")
            if local(holder).endswith("Pr")
            else None
        )
        offset = frame.find(f"{A}off") if frame is not None else None
        extent = frame.find(f"{A}ext") if frame is not None else None
        if offset is not None and extent is not None:
            x, y = number_of(offset, "x"), number_of(offset, "y")
            return (x, y, x + number_of(extent, "cx"), y + number_of(extent, "cy"))
    return None


def number_of(node: Any, name: str, default: float = 0.0) -> float:
    """Return a number as an attribute writes it, the default where it is none."""
    text = (node.get(name) or "") if node is not None else ""
    return float(text) if re.fullmatch(r"-?\d{1,15}", text) else default
