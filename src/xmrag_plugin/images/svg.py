"""Drawings (SVG) as pictures: rendered to PNG, their lettering kept."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ..errors import PictureError, require
from .svg_safety import make_safe, parse_svg, unpack_svg

__all__ = ["Drawing", "is_svg"]

_RENDERED_SIDE = 1600
_MIN_SIDE = 800
_LETTERING = ("title", "desc", "text", "foreignObject")
_DEFINING = frozenset(("defs", "symbol", "clipPath", "mask", "pattern", "marker"))
_PLACE = re.compile(r"\s*([-+]?\d*\.?\d+)(?:px)?(?:[\s,]|\Z)")
_MIN_LEGIBLE = 1.5  # pixels of a drawing whose longer side has _MIN_SIDE
_XLINK_HREF = "{http://www.w3.org/1999/xlink}href"
_NUMBER = re.compile(r"[-+]?\d*\.?\d+(?:[eE][-+]?\d+)?")
_DECLARATION = re.compile(r"([\w-]+)\s*:\s*([^;\s]+)")
_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
_SIMPLE_SELECTOR = re.compile(r"[.#]?[\w-]+")
_SEEN_BY = ("display", "visibility", "opacity", "fill", "fill-opacity", "stroke", "font-size")
_NOTHING = ("0", "0.0", "0%")
_Rules = dict[str, dict[str, str]]
_PIXELS = {"": 1.0, "px": 1.0, "pt": 4 / 3, "pc": 16.0, "mm": 96 / 25.4, "cm": 96 / 2.54, "in": 96.0}


def is_svg(source: bytes | Path | None) -> bool:
    """Return whether bytes or a file begin as SVG does (``.svgz`` included)."""
    if source is None:
        return False
    if isinstance(source, Path):
        try:
            with source.open("rb") as stream:
                head = stream.read(4096)
        except OSError:
            return False
        if head.startswith(b"\x1f\x8b"):
            return source.suffix.lower() == ".svgz"
    else:
        head = source[:4096]
        if head.startswith(b"\x1f\x8b"):
            return b"<svg" in unpack_svg(source)[:4096]
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if text.startswith(b"<svg"):
        return True
    return (
        text.startswith((b"<?xml", b"<!--", b"<!DOCTYPE svg"))
        and re.search(rb"<(?:\w+:)?svg[\s>]", head) is not None
    )


class Drawing:
    """A drawing, parsed once: what it measures, says and shows.

    Args:
        data: SVG, plain or gzipped.

    Raises:
        PictureError: If it is not well-formed.
    """

    def __init__(self, data: bytes) -> None:
        self._root = parse_svg(data)

    @property
    def size(self) -> tuple[float, float]:
        """Return the width and height that it declares, in CSS pixels."""
        width, height = _length(self._root.get("width")), _length(self._root.get("height"))
        if width and height:
            return width, height
        box = [float(number) for number in _NUMBER.findall(self._root.get("viewBox") or "")]
        if len(box) == 4 and box[2] > 0 and box[3] > 0:
            return box[2], box[3]
        return width or 300.0, height or 150.0

    @property
    def words(self) -> str:
        """Return its lettering in document order, one text a line: title, description and texts.

        What is switched off (``display``, ``visibility``, ``opacity``), by the drawing's style sheet too, stands beside
        the drawing, is too small to be seen, or is defined and never used, is not lettering.
        """
        lines: dict[str, None] = {}
        rules = _rules_of(self._root)
        frame = _Frame(self._root, self.size)
        waiting = [self._root]
        while waiting:
            node = waiting.pop()
            if not isinstance(node.tag, str) or _is_invisible(node, rules) or frame.hides(node):
                continue
            if node.tag.rpartition("}")[2] in _DEFINING and node.get("id") not in frame.used:
                waiting.extend(inner for inner in node.iterdescendants() if inner.get("id") in frame.used)
                continue
            if node.tag.rpartition("}")[2] in _LETTERING:
                line = " ".join(" ".join(_seen_texts(node, rules)).split())
                if line:
                    lines.setdefault(line)
            waiting.extend(reversed(node))
        return "\n".join(lines)

    def render(self, read: Callable[[str], bytes | None] | None = None) -> bytes:
        """Render it on white paper, its longer side between 800 and 1600 px.

        Args:
            read: Returns the bytes of a picture that the drawing links to, None when it may not or cannot be had.
                Nothing else outside of the drawing is looked at.

        Returns:
            PNG bytes.

        Raises:
            PictureError: If it cannot be rendered, or is nested or repeated beyond reason.
            MissingExtra: If no renderer is installed.
        """
        require("resvg_py", "office", purpose="Rendering a drawing (SVG)")
        make_safe(self._root, read)
        from lxml import etree

        width, height = self.size
        wanted = int(min(max(max(width, height) * 2, _MIN_SIDE), _RENDERED_SIDE))
        markup = etree.tostring(self._root, encoding="unicode")
        return _kept_or_rendered(markup, "width" if width >= height else "height", wanted)


_KEPT: dict[bytes, bytes] = {}
_KEPT_BYTES = 32 << 20
_keeping = threading.Lock()


def _kept_or_rendered(markup: str, side: str, wanted: int) -> bytes:
    """Render, or return what was rendered lately: a drawing in a document is often a file of its own too."""
    key = hashlib.sha256(f"{side} {wanted} {markup}".encode("utf-8", "surrogatepass")).digest()
    with _keeping:
        rendered = _KEPT.pop(key, b"")
    rendered = rendered or _rendered(markup, side, wanted)
    with _keeping:
        _KEPT[key] = rendered
        while len(_KEPT) > 1 and sum(map(len, _KEPT.values())) > _KEPT_BYTES:
            del _KEPT[next(iter(_KEPT))]
    return rendered


def _rendered(markup: str, side: str, wanted: int) -> bytes:
    import resvg_py

    renderer: Any = resvg_py
    try:
        return bytes(
            renderer.svg_to_bytes(
                svg_string=markup,
                background="#ffffff",
                dpi=96.0,
                skip_system_fonts="<text" not in markup and ":text" not in markup,
                **{side: wanted},
            )
        )
    except BaseException as error:
        # A panic of the renderer, which is written in Rust, is no Exception.
        if isinstance(error, (ValueError, RuntimeError)) or type(error).__name__ == "PanicException":
            raise PictureError(
                f"The drawing cannot be rendered: {error}.", hint="Export it as PNG."
            ) from error
        raise


class _Frame:
    """What of a drawing lies in its frame, and which of its definitions are used."""

    def __init__(self, root: Any, size: tuple[float, float]) -> None:
        box = [float(number) for number in _NUMBER.findall(root.get("viewBox") or "")]
        self._root = root
        self._box = box if len(box) == 4 else [0.0, 0.0, *size]
        links = (use.get(name) or "" for use in root.iter("{*}use") for name in ("href", _XLINK_HREF))
        self.used = frozenset(link[1:] for link in links if link.startswith("#"))

    def hides(self, node: Any) -> bool:
        """Return whether a text stands outside or is too small, as far as can be told without transformations."""
        if node.tag.rpartition("}")[2] != "text" or not node.get("x") or not node.get("y"):
            return False
        moved = (node, *node.iterancestors())
        if any(
            each.get("transform") or (each.tag == self._root.tag and each is not self._root) for each in moved
        ):
            return False
        left, top, wide, high = self._box
        named = dict(_DECLARATION.findall(node.get("style") or "")).get("font-size") or node.get("font-size")
        size = _length(named)
        if size is not None and size * _MIN_SIDE < _MIN_LEGIBLE * max(wide, high):
            return True
        places = [_PLACE.match(node.get(name)) for name in ("x", "y")]
        if None in places or next(node.iter("{*}tspan"), None) is not None:
            return False
        x, y = (float(place[1]) for place in places if place is not None)
        high_of_line = size or 16.0
        reach = high_of_line * len("".join(node.itertext()))
        return x - reach > left + wide or x + reach < left or y < top or y - high_of_line > top + high


def _seen_texts(node: Any, rules: _Rules) -> Iterator[str]:
    yield node.text or ""
    for child in node:
        if isinstance(child.tag, str) and not _is_invisible(child, rules):
            yield from _seen_texts(child, rules)
        yield child.tail or ""


def _rules_of(root: Any) -> _Rules:
    """Return what the style sheet says of tags, classes and ids; longer selectors are left out."""
    found: _Rules = {}
    for sheet in root.iter("{*}style"):
        for selectors, body in _RULE.findall(sheet.text or ""):
            for selector in selectors.split(","):
                if _SIMPLE_SELECTOR.fullmatch(selector.strip()):
                    found.setdefault(selector.strip(), {}).update(_DECLARATION.findall(body))
    return found


def _is_invisible(node: Any, rules: _Rules) -> bool:
    values: dict[str, str] = {name: node.get(name) for name in _SEEN_BY if node.get(name)}
    if rules:
        classes = (f".{name}" for name in (node.get("class") or "").split())
        for selector in (node.tag.rpartition("}")[2], *classes, f"#{node.get('id')}"):
            values.update(rules.get(selector, {}))
    values.update(_DECLARATION.findall(node.get("style") or ""))
    unfilled = values.get("fill") in ("none", "transparent") or values.get("fill-opacity") in _NOTHING
    return (
        values.get("display") == "none"
        or values.get("visibility") in ("hidden", "collapse")
        or values.get("opacity") in _NOTHING
        or values.get("font-size") in ("0", "0px")
        or (unfilled and node.tag.rpartition("}")[2] in ("text", "tspan") and not values.get("stroke"))
    )


def _length(text: str | None) -> float | None:
    match = re.fullmatch(r"\s*([\d.]+(?:[eE][-+]?\d+)?)\s*(px|pt|pc|mm|cm|in)?\s*", text or "")
    if match is None:
        return None
    return float(match.group(1)) * _PIXELS[match.group(2) or ""] or None
