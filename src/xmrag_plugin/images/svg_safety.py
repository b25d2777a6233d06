"""Drawings made safe to render: nothing from outside but what is handed in, no depth or number beyond reason.

The renderer crashes on some 250 nested groups and takes hours over few lines that repeat each other, so both are
counted before it is asked, with every ``use``, pattern, mask and marker followed.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from typing import Any

from ..errors import PictureError
from .decode import raster_mime

__all__ = ["make_safe"]

_MAX_DEPTH = 80
_MAX_ELEMENTS = 400_000
_MAX_FILTERED = 40
_URL = re.compile(r"url\(\s*[\"']?#([^)\"']+)")
_LINK = re.compile(r"(?:^|\})href$")
_SAFE_FILTERS = frozenset((
    "feBlend", "feColorMatrix", "feComponentTransfer", "feComposite", "feDropShadow", "feFlood", "feFuncA",
    "feFuncB", "feFuncG", "feFuncR", "feGaussianBlur", "feMerge", "feMergeNode", "feOffset",
))  # fmt: skip
_LOADS = ("image", "feImage")


def make_safe(root: Any, read: Callable[[str], bytes | None] | None) -> None:
    """Change a drawing so that it can be rendered: linked pictures are put into it, costly filters taken out.

    Args:
        root: Its ``svg`` element.
        read: As of :func:`~xmrag_plugin.images.svg.render_svg`.

    Raises:
        PictureError: If it is nested too deeply or shows too many elements.
    """
    _put_pictures_in(root, read)
    cost = _Cost(root)
    cost.check()
    if cost.filtered > _MAX_FILTERED or any(
        _local(node).startswith("fe") and _local(node) not in _SAFE_FILTERS for node in root.iter()
    ):
        for node in root.iter():
            if isinstance(node.tag, str):
                node.attrib.pop("filter", None)
                if "filter" in (node.get("style") or ""):
                    node.set("style", re.sub(r"(?:^|;)\s*filter\s*:[^;]*", "", node.get("style")))


def _put_pictures_in(root: Any, read: Callable[[str], bytes | None] | None) -> None:
    for node in list(root.iter()):
        if not isinstance(node.tag, str):
            continue
        for name in [name for name in node.attrib if _LINK.search(name)]:
            link = (node.get(name) or "").strip()
            if link.startswith(("#", "data:")) or _local(node) == "a":
                continue
            data = read(link) if read is not None and _local(node) in _LOADS and link else None
            mime = raster_mime(data[:64]) if data else ""
            if data and mime:
                node.set(name, f"data:{mime};base64,{base64.b64encode(data).decode()}")
            else:
                del node.attrib[name]


class _Cost:
    """Counts what a drawing shows, with each element as often as it is repeated."""

    def __init__(self, root: Any) -> None:
        self.filtered = 0
        self._root = root
        self._by_id = {
            node.get("id"): node for node in root.iter() if isinstance(node.tag, str) and node.get("id")
        }
        self._known: dict[Any, tuple[int, int]] = {}
        self._open: set[Any] = set()

    def check(self) -> None:
        elements, depth = self._of(self._root, 1)
        if elements > _MAX_ELEMENTS:
            raise PictureError(
                f"The drawing repeats its parts to more than {_MAX_ELEMENTS:,} elements.",
                hint="Export it as PNG.",
            )
        if depth > _MAX_DEPTH:
            raise _too_deep()

    def _of(self, node: Any, depth: int) -> tuple[int, int]:
        """Return ``(elements, depth)`` of a node with what it refers to; a circle of references is cut."""
        if depth > _MAX_DEPTH:
            raise _too_deep()
        known = self._known.get(node)
        if known is not None:
            return known
        self._open.add(node)
        elements, deepest = 1, 0
        for inner in [*self._referred(node), *(child for child in node if isinstance(child.tag, str))]:
            more, below = self._of(inner, depth + 1)
            elements, deepest = min(elements + more, _MAX_ELEMENTS + 1), max(deepest, below)
        self._open.discard(node)
        if "filter" in node.attrib or "filter" in (node.get("style") or ""):
            self.filtered += elements
        self._known[node] = (elements, deepest + 1)
        return self._known[node]

    def _referred(self, node: Any) -> list[Any]:
        found = []
        for name, value in list(node.attrib.items()):
            if _LINK.search(name) and value.startswith("#"):
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


def _local(node: Any) -> str:
    return str(node.tag).rpartition("}")[2] if isinstance(node.tag, str) else ""
