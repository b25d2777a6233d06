"""The words that a table is embedded by: captions, heads and row labels, without its numbers."""

from __future__ import annotations

import re

__all__ = ["words_of_table"]

_YEAR = re.compile(r"(?:19|20)\d\d")
_CELL_END = re.compile(r"(?<!\\)\|")
_DIGIT = re.compile(r"\d")


def words_of_table(text: str) -> str:
    """Return a table's captions, heads and row labels, one row a line; of numbers, only years.

    Encoders read some 200 words, which the numbers of half a page use up before its last rows, and
    numbers say nothing of what a table is about. They stay in the node's text and in the lexical index.

    Args:
        text: A table as Markdown or as lines, with what stands before it.

    Returns:
        The words; the text as it is where there are none.
    """
    lines: list[str] = []
    for line in text.splitlines():
        row = line.strip()
        if row.startswith("|"):
            cells = (" ".join(cell.split()) for cell in _CELL_END.split(row.strip("|")))
            kept = ", ".join(dict.fromkeys(cell for cell in cells if _is_informative(cell)))
        else:
            kept = " ".join(word for word in row.split() if _is_informative(word) or not _DIGIT.search(word))
        if kept:
            lines.append(kept)
    return "\n".join(lines) or text


def _is_informative(part: str) -> bool:
    return any(character.isalpha() for character in part) or bool(_YEAR.fullmatch(part.strip("().,:")))
