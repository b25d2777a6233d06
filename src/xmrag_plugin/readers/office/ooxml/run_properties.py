"""What the properties of a Word run say: switches, values, whether its words are seen, what its form field shows."""

from __future__ import annotations

from typing import Any

from .names import W

__all__ = [
    "count",
    "form_field",
    "is_alone",
    "is_empty",
    "is_on",
    "is_taken_out",
    "is_unseen",
    "script_of",
    "value_of",
]

_MIN_LEGIBLE = 5  # half points
_MAX_COLUMNS = 200
_MIN_MOVED = 3  # half points


def count(node: Any, default: int) -> int:
    """Return a number of columns."""
    value = value_of(node)
    return min(int(value), _MAX_COLUMNS) if value.isdecimal() else default


def value_of(node: Any) -> str:
    """Return a property's value, ``""`` where it is not set."""
    return str(node.get(f"{W}val") or "") if node is not None else ""


def is_empty(paragraph: Any) -> bool:
    """Return whether a paragraph says nothing and is there all the same: in a list it counts, and shows its number."""
    if any(node.text for node in paragraph.iter(f"{W}t")):
        return False
    for name in ("sectPr", "vanish", "specVanish", "del", "moveFrom", "drawing", "pict", "object"):
        if next(paragraph.iter(f"{W}{name}"), None) is not None:
            return False
    return True


def is_alone(paragraph: Any) -> bool:
    """Return whether a paragraph is all that a cell holds."""
    around = paragraph.getparent()
    return around is not None and around.tag == f"{W}tc" and len(around.findall(f"{W}p")) == 1


def script_of(settings: dict[str, Any]) -> str:
    """Return ``superscript`` or ``subscript`` for words that are, or are small and moved up or down; else ``""``."""
    named = value_of(settings.get(f"{W}vertAlign"))
    moved = value_of(settings.get(f"{W}position"))
    by = int(moved) if moved.lstrip("-").isdecimal() and len(moved) < 5 else 0  # half points
    if named or f"{W}sz" not in settings or abs(by) < _MIN_MOVED:
        return named
    return "subscript" if by < 0 else "superscript"


def is_unseen(settings: dict[str, Any], hidden: bool) -> bool:
    """Return whether a run's words are hidden, too small to be seen, or white on the page.

    Args:
        settings: The run's own properties by name.
        hidden: Whether its styles hide it, unless it says otherwise.
    """
    own = settings.get(f"{W}vanish")
    if hidden if own is None else is_on(own):
        return True
    size = value_of(settings.get(f"{W}sz"))
    if size.isdecimal() and int(size) < _MIN_LEGIBLE:
        return True
    colour = settings.get(f"{W}color")
    if colour is None or value_of(colour).upper() != "FFFFFF":
        return False
    paragraph = next(colour.iterancestors(f"{W}p"), None)
    around = paragraph.find(f"{W}pPr") if paragraph is not None else None
    shaded = f"{W}shd" in settings or f"{W}highlight" in settings
    shaded = shaded or (
        around is not None and (around.find(f"{W}shd") is not None or around.find(f"{W}pStyle") is not None)
    )
    return not shaded and next(colour.iterancestors(f"{W}tc", f"{W}txbxContent"), None) is None


def is_taken_out(properties: Any) -> bool:
    """Return whether a row, a cell or the mark that ends a paragraph is deleted, moved away or hidden."""
    if properties is None:
        return False
    gone = (properties.find(f"{W}{name}") for name in ("del", "cellDel", "moveFrom"))
    return any(mark is not None for mark in gone) or is_on(properties.find(f"{W}hidden"))


def form_field(node: Any) -> str:
    """Return what a legacy form field shows: a box with its tick, the chosen entry of a list."""
    box = node.find(f"{W}ffData/{W}checkBox")
    if box is not None:
        ticked = box.find(f"{W}checked")
        ticked = ticked if ticked is not None else box.find(f"{W}default")
        return "☒ " if is_on(ticked) else "☐ "
    entries = node.findall(f"{W}ffData/{W}ddList/{W}listEntry")
    chosen = value_of(node.find(f"{W}ffData/{W}ddList/{W}result")) or "0"
    return value_of(entries[int(chosen)]) if chosen.isdecimal() and int(chosen) < len(entries) else ""


def is_on(node: Any) -> bool:
    """Return whether a switch is set."""
    return node is not None and node.get(f"{W}val") not in ("0", "false", "off")
