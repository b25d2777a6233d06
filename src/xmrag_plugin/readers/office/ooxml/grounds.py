"""What lies under the words of a slide, where that is one known colour: words in the same colour are not seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ....types import BBox
from ...archives import Archive
from .names import A, P, local

__all__ = ["SlideGround", "seen_runs"]

_FILLS = ("solidFill", "gradFill", "blipFill", "pattFill", "grpFill")
_MIN_LEGIBLE = 200  # hundredths of a point
_NEAR = 8  # of 255, as on pages


class SlideGround:
    """The ground of a slide's shapes, told as they are drawn, the lowest first.

    Args:
        archive: The presentation.
        part: The slide.
        tree: Its XML.
    """

    def __init__(self, archive: Archive, part: str, tree: Any) -> None:
        self._archive = archive
        self._scheme: dict[str, str] = {}
        self._painted: list[BBox] = []
        self._slide = self._of_slide(part, tree)

    def under(self, shape: Any, box: BBox | None) -> str | None:
        """Return the colour under a shape's words, None where it is not known; the shape is drawn then."""
        if local(shape) not in ("sp", "cxnSp"):
            self._paint(box)
            return None
        properties = shape.find(f"{P}spPr")
        fill = _fill_of(properties)
        if fill is not None:
            self._paint(box)
            return self._colour(fill) if local(fill) == "solidFill" else None
        if shape.find(f"{P}style") is not None and (
            properties is None or properties.find(f"{A}noFill") is None
        ):
            self._paint(box)  # filled by the theme
            return None
        if next(shape.iter(f"{P}ph"), None) is not None or box is None:
            return None  # the layout may fill it
        free = not any(_overlap(box, other) for other in self._painted)
        return self._slide if free else None

    def hides(self, run: Any, ground: str | None) -> bool:
        """Return whether a run of text is microscopic, or in the colour of its ground."""
        properties = run.find(f"{A}rPr")
        if properties is None:
            return False
        size = properties.get("sz") or ""
        if size.isdecimal() and int(size) < _MIN_LEGIBLE:
            return True
        fill = properties.find(f"{A}solidFill")
        colour = self._colour(fill) if fill is not None and ground is not None else None
        return colour is not None and ground is not None and _similar_colours(colour, ground)

    def _paint(self, box: BBox | None) -> None:
        if box is not None:
            self._painted.append(box)

    def _of_slide(self, part: str, tree: Any) -> str | None:
        """Return the colour of the slide's own background, or its layout's, or its master's."""
        master = part
        trees = [tree]
        for kind in ("slideLayout", "slideMaster"):
            links = self._archive.relations(master).values()
            master = next((link.target for link in links if link.kind == kind and not link.external), "")
            if not master:
                return None
            trees.append(self._archive.shared_tree(master))
        self._read_scheme(master, trees[-1])
        for each in trees:
            ground = each.find(f"{P}cSld/{P}bg") if each is not None else None
            if ground is None:
                continue
            fill = _fill_of(ground.find(f"{P}bgPr"))
            if fill is not None:
                return self._colour(fill) if local(fill) == "solidFill" else None
            named = ground.find(f"{P}bgRef")
            return self._colour(named) if named is not None and named.get("idx") == "1001" else None
        return None

    def _read_scheme(self, master: str, tree: Any) -> None:
        links = self._archive.relations(master).values()
        part = next((link.target for link in links if link.kind == "theme" and not link.external), "")
        theme = self._archive.shared_tree(part) if part else None
        own: dict[str, str] = {}
        for scheme in theme.iter(f"{A}clrScheme") if theme is not None else ():
            for slot in scheme:
                colour = next(iter(slot), None)
                if colour is not None:
                    own[local(slot)] = (colour.get("lastClr") or colour.get("val") or "").upper()
        mapped = tree.find(f"{P}clrMap") if tree is not None else None
        self._scheme = dict(own)
        for name, slot in mapped.items() if mapped is not None else ():
            self._scheme[name] = own.get(slot, "")

    def _colour(self, fill: Any) -> str | None:
        """Return a plain colour as ``RRGGBB``; None for one that is transparent, lightened or darkened."""
        node = next(iter(fill), None)
        if node is None or len(node):
            return None
        name = node.get("val") or ""
        colour = {"srgbClr": name.upper(), "schemeClr": self._scheme.get(name, "")}.get(local(node), "")
        return colour if len(colour) == 6 else None


def seen_runs(ground: SlideGround, colour: str | None) -> Callable[[Any], bool]:
    """Return the test of runs over a ground, for :func:`~.drawings.text_body_lines`."""
    return lambda run: not ground.hides(run, colour)


def _fill_of(properties: Any) -> Any:
    if properties is None:
        return None
    return next((node for node in properties if local(node) in _FILLS), None)


def _overlap(one: BBox, other: BBox) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _similar_colours(one: str, other: str) -> bool:
    try:
        pairs = zip(bytes.fromhex(one), bytes.fromhex(other), strict=True)
    except ValueError:
        return False
    return all(abs(a - b) <= _NEAR for a, b in pairs)
