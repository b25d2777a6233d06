"""What a Word document's headers and footers say: letterheads, document numbers, notices; each line once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ...archives import Archive
from .names import W, local
from .run_properties import is_on

__all__ = ["marginal_words"]

_PAGE_FIELD = re.compile(r"^\s*(?:PAGE|NUMPAGES|SECTION|SECTIONPAGES)\b")
_WORD = re.compile(r"[^\W\d_]{2,}")
_PAGE_WORDS = re.compile(
    r"^\W*(?:page|seite|p\.|página|pagina)\W*(?:(?:of|von|de|di|sur)\W*)?$", re.IGNORECASE
)


def marginal_words(archive: Archive, part: str) -> list[str]:
    """Return the lines of all headers and footers in order, without page numbers and repetitions.

    Args:
        archive: The document.
        part: Name of its main part.
    """
    lines: dict[str, None] = {}
    for relation in archive.relations(part).values():
        if relation.kind not in ("header", "footer") or relation.external:
            continue
        tree = archive.tree(relation.target)
        for paragraph in tree.iter(f"{W}p") if tree is not None else ():
            line = " ".join("".join(_pieces(paragraph)).split())
            if _WORD.search(line) and not _PAGE_WORDS.match(line):
                lines[line] = None
    return list(lines)


def _pieces(paragraph: Any) -> Iterator[str]:
    """Yield the text of a paragraph's own runs, page numbers left out; text boxes hold paragraphs of their own."""
    fields: list[bool] = []  # whether each open field counts pages
    for node in paragraph.iter():
        name = local(node)
        if name == "fldChar":
            kind = node.get(f"{W}fldCharType")
            if kind == "begin":
                fields.append(False)
            elif kind == "end" and fields:
                fields.pop()
        elif name == "instrText" and fields:
            fields[-1] = fields[-1] or bool(_PAGE_FIELD.match(node.text or ""))
        elif name == "tab":
            yield " "
        elif name == "t" and not any(fields) and _belongs(node, paragraph) and not _is_hidden(node):
            yield node.text or ""


def _is_hidden(node: Any) -> bool:
    return is_on(node.getparent().find(f"{W}rPr/{W}vanish"))


def _belongs(node: Any, paragraph: Any) -> bool:
    for ancestor in node.iterancestors():
        if ancestor is paragraph:
            return True
        if ancestor.tag == f"{W}p" or local(ancestor) == "Fallback":
            return False
        if local(ancestor) == "fldSimple" and _PAGE_FIELD.match(ancestor.get(f"{W}instr") or ""):
            return False
    return False
