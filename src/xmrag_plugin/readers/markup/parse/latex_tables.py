"""Tables of LaTeX written as HTML: rows between line ends, cells between ampersands, the parts of long tables."""

from __future__ import annotations

from typing import Any, Protocol

from .latex_cells import span_of

__all__ = ["write_table"]

_LONG_TABLE_PARTS = ("endfirsthead", "endhead", "endfoot", "endlastfoot")
_LONG_TABLE_ENDS = (("firsthead", "head"), ("lastfoot", "foot"))


class Writer(Protocol):
    """What is needed of the writer of the page."""

    def write(self, nodes: Any, depth: int, *, inline: bool = False) -> str:
        """Return nodes as HTML."""

    def words(self, node: Any, depth: int) -> str:
        """Return an argument as HTML of one line."""

    def arguments_of(self, node: Any) -> list[Any]:
        """Return a node's arguments."""

    def last_of(self, node: Any) -> Any:
        """Return a node's last argument."""

    def number(self, counted: str, lead: str) -> str:
        """Count one more of a kind."""


def write_table(writer: Writer, node: Any, depth: int) -> str:
    """Return a table's environment as HTML."""
    rows: list[list[list[Any]]] = [[[]]]
    parts: dict[str, list[list[list[Any]]]] = {}  # what a long table says again on each page, and its ends
    caption = ""
    for inner in node.nodelist:
        kind = type(inner).__name__
        if kind == "LatexMacroNode" and inner.macroname in _LONG_TABLE_PARTS:
            parts[inner.macroname], rows = rows, [[[]]]
        elif kind == "LatexMacroNode" and inner.macroname in ("\\", "tabularnewline"):
            rows.append([[]])
        elif kind == "LatexMacroNode" and inner.macroname == "caption":
            words = writer.words(writer.last_of(inner), depth)
            caption = caption or f"{writer.number('Table', 'Table')}: {words}"  # others say that it goes on
        elif kind == "LatexSpecialsNode" and inner.specials_chars == "&":
            rows[-1].append([])
        elif kind == "LatexCharsNode" and "&" in inner.chars:
            for number, part in enumerate(inner.chars.split("&")):
                if number:
                    rows[-1].append([])
                rows[-1][-1].append(
                    type(inner)(chars=part, parsing_state=inner.parsing_state, pos=inner.pos, len=len(part))
                )
        else:
            rows[-1][-1].append(inner)
    head, foot = (parts.get(f"end{first}", parts.get(f"end{again}", [])) for first, again in _LONG_TABLE_ENDS)
    body = ""
    spanning: dict[int, tuple[int, str]] = {}  # by column: rows that a cell above goes on for, and its words
    for row in (*head, *rows, *foot):
        shown, column = "", 0
        filled = False
        for cell in row:
            words, across = (
                writer.write(cell, depth, inline=True).strip(),
                span_of(cell, "multicolumn", writer.arguments_of),
            )
            left, above = spanning.pop(column, (0, ""))
            down = span_of(cell, "multirow", writer.arguments_of)
            filled = filled or bool(words)
            if not words and left:
                words, down = above, left
            if words and down > 1:
                spanning[column] = (down - 1, words)
            shown += f"<td colspan={across}>{words}</td>"
            column += across
        body += f"<tr>{shown}</tr>" if filled else ""
    return f"<table>{f'<caption>{caption}</caption>' if caption else ''}{body}</table>\n<p>"
