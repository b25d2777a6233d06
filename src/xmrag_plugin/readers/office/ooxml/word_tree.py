"""Ways through the tree of a Word document's part: what is said, what wraps it, which form of several is read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .names import W, local

__all__ = ["SILENT", "children", "choice", "notes_in", "within_box"]

SILENT = frozenset((
    "annotationRef", "bookmarkEnd", "commentRangeEnd", "commentRangeStart", "continuationSeparator",
    "customXmlPr", "del", "delInstrText", "delText", "dayLong", "dayShort", "endnoteRef", "footnoteRef",
    "monthLong", "monthShort", "moveFrom", "pPr", "permEnd", "permStart", "pgNum", "proofErr", "rPr", "rt",
    "rubyPr", "sdtEndPr", "sdtPr", "sectPr", "separator", "smartTagPr", "softHyphen", "tblGrid", "tblPr",
    "tblPrEx", "tcPr", "trPr", "yearLong", "yearShort",
))  # fmt: skip
"""Elements that say nothing to a reader; whatever else holds words or a value is read, known or not."""


def children(node: Any, name: str) -> Iterator[Any]:
    """Yield the children of a name, those inside wrappers of any kind too."""
    for child in node:
        if local(child) == name:
            yield child
        elif local(child) and local(child) not in SILENT:
            yield from children(child, name)


def choice(node: Any) -> Any:
    """Return the first choice of alternate content, else its fallback."""
    for child in node:
        if local(child) == "Choice":
            return child
    return next(iter(node), node)


def notes_in(tree: Any | None, kind: str) -> dict[str, Any]:
    """Return the notes or comments of a part by their ids."""
    return {
        node.get(f"{W}id") or "": node
        for node in (tree.iterchildren(f"{W}{kind}") if tree is not None else ())
        if node.get(f"{W}type") not in ("separator", "continuationSeparator", "continuationNotice")
    }


def within_box(box: Any, drawing: Any) -> bool:
    """Return whether a text box of a drawing stands in another one, or in a fallback."""
    for ancestor in box.iterancestors():
        if ancestor is drawing:
            return False
        if local(ancestor) in ("txbxContent", "Fallback"):
            return True
    return False
