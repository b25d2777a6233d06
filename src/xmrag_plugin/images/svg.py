"""Drawings (SVG) as pictures: rendered to PNG, their lettering kept."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ..errors import PictureError, require
from .svg_safety import make_safe, parse_svg, unpack_svg

__all__ = ["is_svg", "render_svg", "svg_size", "svg_words"]

_RENDERED_SIDE = 1600
_MIN_SIDE = 800
_NUMBER = re.compile(r"[-+]?\d*\.?\d+(?:[eE][-+]?\d+)?")
_DECLARATION = re.compile(r"([\w-]+)\s*:\s*([^;\s]+)")
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


def render_svg(data: bytes, *, read: Callable[[str], bytes | None] | None = None) -> bytes:
    """Render a drawing on white paper, its longer side between 800 and 1600 px.

    Args:
        data: SVG, plain or gzipped.
        read: Returns the bytes of a picture that the drawing links to, None when it may not or cannot be had. Nothing
            else outside of the drawing is looked at.

    Returns:
        PNG bytes.

    Raises:
        PictureError: If it is no drawing that can be rendered, or is nested or repeated beyond reason.
        MissingExtra: If no renderer is installed.
    """
    resvg: Any = require("resvg_py", "office", purpose="Rendering a drawing (SVG)")
    root = parse_svg(data)
    make_safe(root, read)
    width, height = _size(root)
    from lxml import etree

    longest = max(width, height)
    wanted = min(max(longest * 2, _MIN_SIDE), _RENDERED_SIDE)
    markup = etree.tostring(root, encoding="unicode")
    side = {"width" if width >= height else "height": int(wanted)}
    try:
        rendered = resvg.svg_to_bytes(
            svg_string=markup,
            background="#ffffff",
            dpi=96.0,
            skip_system_fonts="<text" not in markup and ":text" not in markup,
            **side,
        )
    except (ValueError, RuntimeError) as error:
        raise PictureError(f"The drawing cannot be rendered: {error}.", hint="Export it as PNG.") from error
    return bytes(rendered)


def svg_size(data: bytes) -> tuple[float, float]:
    """Return the width and height that a drawing declares, in CSS pixels.

    Raises:
        PictureError: If it is not well-formed.
    """
    return _size(parse_svg(data))


def svg_words(data: bytes) -> str:
    """Return the lettering of a drawing in document order, one text a line: title, description and texts.

    What is switched off (``display``, ``visibility``, ``opacity``) is not lettering.

    Raises:
        PictureError: If it is not well-formed.
    """
    lines: list[str] = []
    waiting = [parse_svg(data)]
    while waiting:
        node = waiting.pop()
        if not isinstance(node.tag, str) or _is_invisible(node):
            continue
        if node.tag.rpartition("}")[2] in ("title", "desc", "text", "foreignObject"):
            line = " ".join(" ".join(_seen_texts(node)).split())
            if line and line not in lines:
                lines.append(line)
        waiting.extend(reversed(node))
    return "\n".join(lines)


def _seen_texts(node: Any) -> Iterator[str]:
    yield node.text or ""
    for child in node:
        if isinstance(child.tag, str) and not _is_invisible(child):
            yield from _seen_texts(child)
        yield child.tail or ""


def _is_invisible(node: Any) -> bool:
    style = dict(_DECLARATION.findall(node.get("style") or ""))
    values = {name: style.get(name, node.get(name)) for name in ("display", "visibility", "opacity")}
    return (
        values["display"] == "none"
        or values["visibility"] in ("hidden", "collapse")
        or values["opacity"] in ("0", "0.0", "0%")
    )


def _size(root: Any) -> tuple[float, float]:
    width, height = _length(root.get("width")), _length(root.get("height"))
    if width and height:
        return width, height
    box = [float(number) for number in _NUMBER.findall(root.get("viewBox") or "")]
    if len(box) == 4 and box[2] > 0 and box[3] > 0:
        return box[2], box[3]
    return width or 300.0, height or 150.0


def _length(text: str | None) -> float | None:
    match = re.fullmatch(r"\s*([\d.]+(?:[eE][-+]?\d+)?)\s*(px|pt|pc|mm|cm|in)?\s*", text or "")
    if match is None:
        return None
    return float(match.group(1)) * _PIXELS[match.group(2) or ""] or None
