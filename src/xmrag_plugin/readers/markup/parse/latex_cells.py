"""Cells and items of LaTeX: how many columns and rows a cell takes, what marks the items of a list."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from itertools import count
from typing import Any

from .numbering import write_number

__all__ = ["box_of", "mark_of", "numbered", "span_of"]

_LABEL_FORMS = {
    "arabic": "decimal", "alph": "lower-alpha", "Alph": "upper-alpha", "roman": "lower-roman", "Roman": "upper-roman",
}  # fmt: skip
_LABEL_FORM = re.compile(r"\\(arabic|alph|Alph|roman|Roman)\b\*?")


_LABEL = re.compile(r"label\s*=\s*(?:\{(?P<braced>(?:[^{}]|\{[^{}]*\})*)\}|(?P<bare>[^,\]]+))")
_BOX = re.compile(r"\$\\(square|Box|boxtimes|checkmark|blacksquare|XBox|CheckedBox)\$")
_START = re.compile(r"start\s*=\s*(\d+)")
_INNER_LABELS = (
    r"\arabic.",
    r"(\alph)",
    r"\roman.",
    r"\Alph.",
)  # of lists in lists, as the classes of LaTeX have them
_TYPES = {"alph": "a", "Alph": "A", "roman": "i", "Roman": "I"}


def numbered(items: str, options: str, begun: int, inside: int) -> tuple[str, str, int]:
    """Return the attributes of a numbered list, its items with the marks that it gives them, and its first number.

    Args:
        items: As HTML.
        options: In brackets behind its beginning.
        begun: The last number before it.
        inside: How many numbered lists it lies in.
    """
    start, label = _START.search(options), _LABEL.search(options)
    first = int(start[1]) if start is not None else begun + 1
    said = (label["braced"] or label["bare"] or "") if label is not None else ""
    form = _LABEL_FORM.search(options)
    if not said and form is None and inside:
        said = _INNER_LABELS[min(inside, len(_INNER_LABELS) - 1)]
        form = _LABEL_FORM.search(said)
    kind = _TYPES.get(form[1], "") if form is not None else ""
    settings = (f' start="{first}"' if first != 1 else "") + (f' type="{kind}"' if kind else "")
    return settings, _labelled(items, said, first) if said else items, first


def span_of(cell: list[Any], name: str, arguments: Callable[[Any], list[Any]]) -> int:
    """Return how many columns or rows a cell takes, by its ``multicolumn`` or ``multirow``."""
    for node in cell:
        if type(node).__name__ == "LatexMacroNode" and node.macroname == name:
            written = (each.latex_verbatim() for each in arguments(node) if each is not None)
            number = next((each.strip("{} ") for each in written if each[:1] != "["), "")
            return max(1, min(int(number), 200)) if number.isdecimal() else 1
    return 1


def _labelled(items: str, label: str, first: int) -> str:
    r"""Give the items of a list the marks that enumitem's ``label=(\alph*)`` writes, but those that bring their own."""
    form = _LABEL_FORM.search(label)
    if form is None:
        return items
    before, after = (
        re.sub(r"\\[A-Za-z]+\*?|[{}]", "", part) for part in (label[: form.start()], label[form.end() :])
    )
    numbers = count(first)

    def marked(match: re.Match[str]) -> str:
        number = write_number(next(numbers), _LABEL_FORMS[form[1]])
        return f'<li data-mark="{html.escape(f"{before}{number}{after}".strip())}">'

    return re.sub(r"<li>", marked, items) if items.count("<ol") + items.count("<ul") == 0 else items


def box_of(term: str) -> str:
    r"""Return the box that the mark of an item draws (``$\square$``) as a sign; other marks stay."""
    if (drawn := _BOX.fullmatch(html.unescape(term).strip())) is None:
        return term
    return "☐" if drawn[1] in ("square", "Box") else "☒"


def mark_of(term: str, tag: str) -> str:
    """Return the attribute of a numbered list's item that brings its own mark."""
    return f' data-mark="{html.escape(re.sub(r"<[^>]*>", "", term))}"' if term and tag == "ol" else ""
