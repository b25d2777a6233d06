"""Make Markdown of models and documents harmless: no link, picture, reference definition or HTML of its own.

What a text would become is found out by parsing it, not by patterns; what is unsafe is escaped, and the result is
parsed again.
"""

from __future__ import annotations

import re
import string
from functools import lru_cache
from typing import Any

from ..text.untrusted import without_controls
from .citation_marks import code_spans

__all__ = ["literal_markdown", "neutral_markdown"]

_UNSAFE = frozenset({"link_open", "image", "html_inline", "html_block"})
_LINK_CHARACTERS = re.compile(r"[\\\[\]!<&]")
_PUNCTUATION = re.compile(f"[{re.escape(string.punctuation)}]")
# What GitHub's flavour and notebooks turn into links without any markup.
_BARE_LINK = re.compile(
    r"(?i)\b(https?|ftp|mailto|xmpp|file|data|javascript|vbscript)(?=:)|\bwww(?=\.)|(?<=[\w.+-])(?=@\w)"
)


# Formulas that make links or load something (MathJax, KaTeX), and fences that are drawn, with links in them.
_ACTIVE_FORMULA = re.compile(
    r"\\(?=(?:href|url|html\w*|includegraphics|require|cssId|class|style|data)\b\s*[\[{])"
)
_DRAWN_FENCE = re.compile(
    r"(?im)^((?:[ \t]|>|[-*+]|\d+[.)])*(?:`{3,}|~{3,})[ \t]*)(?=[{.]?\s*"
    r"(?:mermaid|math|geojson|topojson|stl|dot|graphviz|plantuml|puml|d2|svg|vega|vega-lite|plotly|chart|abc)\b)"
)


@lru_cache(maxsize=1)
def _parser() -> Any:
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    # Other renderers make links of addresses that this one refuses ("javascript:", "data:").
    parser.validateLink = lambda url: True  # type: ignore[method-assign]
    return parser


def literal_markdown(text: str) -> str:
    """Escape a text so that Markdown shows it as it is, on one line."""
    return _escaped(" ".join(without_controls(text).split()), _PUNCTUATION)


def neutral_markdown(text: str) -> str:
    """Escape what would become a link, a picture, a drawing, a reference definition or HTML; other Markdown stays."""
    text = _ACTIVE_FORMULA.sub(r"\\ ", _DRAWN_FENCE.sub(r"\1text ", without_controls(text)))
    for characters in (_LINK_CHARACTERS, _PUNCTUATION):
        lines = _unsafe_lines(text)
        if not lines:
            break
        text = "\n".join(
            _escaped(line, characters) if place in lines else line
            for place, line in enumerate(text.split("\n"))
        )
    else:
        if _unsafe_lines(text):
            text = _escaped(text, _PUNCTUATION)
    return _without_bare_links(text)


def _unsafe_lines(text: str) -> set[int]:
    """Return the lines of the blocks that hold something unsafe."""
    env: dict[str, Any] = {}
    found: set[int] = set()
    for token in _parser().parse(text, env):
        unsafe = token.type in _UNSAFE or any(child.type in _UNSAFE for child in token.children or ())
        if unsafe:
            found.update(range(*(token.map or (0, text.count("\n") + 1))))
    for reference in [*env.get("references", {}).values(), *env.get("duplicate_refs", ())]:
        found.update(range(*(reference.get("map") or (0, text.count("\n") + 1))))
    return found


def _escaped(text: str, characters: re.Pattern[str]) -> str:
    def escape(match: re.Match[str]) -> str:
        return {"<": "&lt;", "&": "&amp;"}.get(match.group(), f"\\{match.group()}")

    return characters.sub(escape, text)


def _without_bare_links(text: str) -> str:
    """Break up addresses outside code by a backslash that is not shown."""
    pieces, end = [], 0
    for start, stop in [*code_spans(text), (len(text), len(text))]:
        pieces += [_BARE_LINK.sub(lambda match: match.group() + "\\", text[end:start]), text[start:stop]]
        end = stop
    return "".join(pieces)
