"""Drawings made safe to render: nothing from outside but what is handed in, no depth or number beyond reason.

The renderer crashes on some 250 nested groups and takes hours over few lines that repeat each other, so both are
counted before it is asked, with every ``use``, pattern, mask and marker followed.
"""

from __future__ import annotations

import base64
import gzip
import io
import re
import zlib
from collections.abc import Callable
from typing import Any

from .. import _xml
from .._xml import local_name
from ..errors import PictureError
from .decode import probe, raster_mime
from .intake import decode_data_uri

__all__ = ["make_safe", "parse_svg", "unpack_svg"]

_MAX_DEPTH = 80
_MAX_ELEMENTS = 400_000
_MAX_FILTERED = 40
_MAX_EMBEDDED_PX = 40_000_000
_MAX_DRAWINGS_INSIDE = 2
_URL = re.compile(r"url\(\s*[\"']?#([^)\"']+)")
_SAFE_FILTERS = frozenset((
    "feBlend", "feColorMatrix", "feComponentTransfer", "feComposite", "feDropShadow", "feFlood", "feFuncA",
    "feFuncB", "feFuncG", "feFuncR", "feGaussianBlur", "feMerge", "feMergeNode", "feOffset",
))  # fmt: skip
_FILTER = re.compile(r"\bfilter\s*:[^;}]*;?")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_LOADS = ("image", "feImage")


def parse_svg(data: bytes) -> Any:
    """Return the ``svg`` element of a drawing, plain or gzipped; entities from outside are not followed.

    Raises:
        PictureError: If it is not well-formed.
    """
    if data.startswith(b"\x1f\x8b"):
        data = unpack_svg(data)
    try:
        root = _xml.parse(data)
    except ValueError as error:
        raise PictureError(f"The drawing is not well-formed: {error}.", hint="Export it again.") from error
    if root is None or not str(root.tag).endswith("svg"):
        raise PictureError("The drawing holds no svg element.", hint="Export it again.")
    return root


def unpack_svg(data: bytes) -> bytes:
    """Return a gzipped drawing unpacked, up to 64 MiB.

    Raises:
        PictureError: If it is damaged.
    """
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as stream:
            return stream.read(64 << 20)
    except (OSError, EOFError, zlib.error) as error:
        raise PictureError(f"The drawing cannot be unpacked: {error}.", hint="Export it again.") from error


def make_safe(root: Any, read: Callable[[str], bytes | None] | None, *, inside: int = 0) -> None:
    """Change a drawing so that it can be rendered: linked pictures are put into it, costly filters taken out.

    Args:
        root: Its ``svg`` element.
        read: As of :func:`~xmrag_plugin.images.svg.render_svg`.
        inside: How many drawings it lies in.

    Raises:
        PictureError: If it is nested too deeply or shows too many elements.
    """
    _put_pictures_in(root, read, inside)
    cost = _Cost(root)
    cost.check()
    styles = [node for node in root.iter() if local_name(node) == "style" and "filter" in (node.text or "")]
    costly = (
        local_name(node).startswith("fe") and local_name(node) not in _SAFE_FILTERS for node in root.iter()
    )
    if styles or cost.filtered > _MAX_FILTERED or any(costly):
        for node in (each for each in root.iter() if isinstance(each.tag, str)):
            node.attrib.pop("filter", None)
            if "filter" in (node.get("style") or ""):
                node.set("style", _FILTER.sub("", node.get("style")))
        for node in styles:
            node.text = _FILTER.sub("", node.text)


def _put_pictures_in(root: Any, read: Callable[[str], bytes | None] | None, inside: int) -> None:
    for node in list(root.iter()):
        if not isinstance(node.tag, str) or local_name(node) == "a":
            continue
        for name in [name for name in node.attrib if _is_link(name)]:
            link = (node.get(name) or "").strip()
            if link.startswith("#"):
                continue
            picture = _embedded(link, read, inside) if local_name(node) in _LOADS else ""
            if picture:
                node.set(name, picture)
            else:
                del node.attrib[name]


def _embedded(link: str, read: Callable[[str], bytes | None] | None, inside: int) -> str:
    """Return a linked or embedded picture as a data URI that can be shown without harm, ``""`` for none."""
    try:
        if link.startswith("data:"):
            data = decode_data_uri(link)
        else:
            data = (read(link) if read is not None and link else None) or b""
        mime = raster_mime(data[:64])
        if mime:
            width, height, _ = probe(data)
            return _data_uri(data, mime) if width * height <= _MAX_EMBEDDED_PX else ""
        if inside >= _MAX_DRAWINGS_INSIDE or not data:
            return ""
        from lxml import etree

        drawing = parse_svg(data)
        make_safe(drawing, None, inside=inside + 1)
        return _data_uri(etree.tostring(drawing), "image/svg+xml")
    except PictureError:
        return ""


def _data_uri(data: bytes, mime: str) -> str:
    return f"data:{mime};base64,{base64.b64encode(data).decode()}"


class _Cost:
    """Count what a drawing shows, with each element as often as it is repeated."""

    def __init__(self, root: Any) -> None:
        self.filtered = 0
        self._root = root
        self._by_id = {
            node.get("id"): node for node in root.iter() if isinstance(node.tag, str) and node.get("id")
        }
        self._known: dict[Any, tuple[int, int]] = {}
        self._open: set[Any] = set()

    def check(self) -> None:
        elements, depth = self._size_of(self._root, 1)
        if elements > _MAX_ELEMENTS:
            raise PictureError(
                f"The drawing repeats its parts to more than {_MAX_ELEMENTS:,} elements.",
                hint="Export it as PNG.",
            )
        if depth > _MAX_DEPTH:
            raise _too_deep()

    def _size_of(self, node: Any, depth: int) -> tuple[int, int]:
        """Return ``(elements, depth)`` of a node with what it refers to; a circle of references is cut."""
        if depth > _MAX_DEPTH:
            raise _too_deep()
        known = self._known.get(node)
        if known is not None:
            return known
        self._open.add(node)
        elements, deepest = 1, 0
        points = 1
        style = node.get("style") or ""
        if "marker" in style or any(name.startswith("marker") for name in node.attrib):
            points += len(_NUMBER.findall(node.get("d") or node.get("points") or "")) // 2
        for inner in [*self._referred(node), *(child for child in node if isinstance(child.tag, str))]:
            more, below = self._size_of(inner, depth + 1)
            more *= points if local_name(inner) == "marker" else 1
            elements, deepest = min(elements + more, _MAX_ELEMENTS + 1), max(deepest, below)
        self._open.discard(node)
        if "filter" in style or node.get("filter") is not None:
            self.filtered += elements
        self._known[node] = (elements, deepest + 1)
        return self._known[node]

    def _referred(self, node: Any) -> list[Any]:
        found = []
        for name, value in list(node.attrib.items()):
            if value.startswith("#") and _is_link(name):
                names = [value[1:].strip()]
            else:
                names = _URL.findall(value) if "url(" in value else []
            for called in names:
                target = self._by_id.get(called)
                if target is None:
                    continue
                if target in self._open:
                    del node.attrib[name]
                    break
                found.append(target)
        return found


def _too_deep() -> PictureError:
    return PictureError(
        f"The drawing is nested more than {_MAX_DEPTH} levels deep.", hint="Ungroup it, or export it as PNG."
    )


def _is_link(attribute: str) -> bool:
    return attribute == "href" or attribute.endswith("}href")
