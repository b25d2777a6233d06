"""The captions of YouTube, as its players and downloaders keep them: XML in three versions, and JSON."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from typing import Any

from .. import _xml

__all__ = ["captions_of_json", "captions_of_xml", "looks_like_timed_text"]

_ROOT = re.compile(
    r"(?:<\?xml[^>]*\?>\s*)?<(?:timedtext|transcript)\b[^>]*>\s*(?:<head\b|<body\b|<text\b[^>]*\b(?:start|t)=|<w?p\b)"
)

Caption = tuple[str, float, float]
"""Words, and when they begin and end, in seconds."""


def looks_like_timed_text(head: str) -> bool:
    """Return whether a text begins as one of these forms does."""
    return _ROOT.match(head) is not None or (
        head.startswith("{") and '"events"' in head and '"tStartMs"' in head
    )


def captions_of_xml(text: str) -> Iterator[Caption]:
    """Yield the captions of ``srv1`` (seconds), ``srv2`` and ``srv3`` (milliseconds)."""
    root = _xml.parse(text.encode(), resolve_entities=False)
    for node in root.iter("text", "p") if root is not None else ():
        in_seconds = node.get("start") is not None
        start, length = (_number(node.get(a) or node.get(b)) for a, b in (("start", "t"), ("dur", "d")))
        words = html.unescape("".join(node.itertext())).strip()
        if words and start is not None:
            scale = 1.0 if in_seconds else 1000.0
            yield words, start / scale, (start + (length or 0.0)) / scale


def captions_of_json(value: Any) -> Iterator[Caption]:
    """Yield the captions of ``json3``; line ends alone are no caption."""
    events = value.get("events") if isinstance(value, Mapping) else None
    for event in events if isinstance(events, list) else ():
        if not isinstance(event, Mapping):
            continue
        parts = event.get("segs")
        words = "".join(
            str(part.get("utf8") or "")
            for part in (parts if isinstance(parts, list) else ())
            if isinstance(part, Mapping)
        )
        start, length = (event.get(name) for name in ("tStartMs", "dDurationMs"))
        if words.strip() and isinstance(start, int | float):
            end = start + (length if isinstance(length, int | float) else 0)
            yield words.strip(), start / 1000, end / 1000


def _number(text: str | None) -> float | None:
    return float(text) if text and re.fullmatch(r"\d{1,12}(?:\.\d{1,12})?", text) else None
