"""The kinds of file that random documents are written as."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from random_documents import Tree
from random_markup import asciidoc, epub, html, latex, markdown, restructured_text
from random_office import docx, odt, pptx, rtf, xlsx

WRITERS: dict[str, Callable[[Tree, Path], Path]] = {
    "markdown": markdown,
    "html": html,
    "epub": epub,
    "asciidoc": asciidoc,
    "restructured_text": restructured_text,
    "latex": latex,
    "docx": docx,
    "odt": odt,
    "rtf": rtf,
    "pptx": pptx,
    "xlsx": xlsx,
}
"""What writes a tree, by kind."""

FEATURES = {
    "markdown": frozenset({"notes"}),
    "html": frozenset({"notes", "merged", "nested", "forms"}),
    "epub": frozenset({"notes", "merged", "nested", "forms"}),
    "asciidoc": frozenset({"notes", "merged", "nested", "forms"}),
    "restructured_text": frozenset({"notes", "forms"}),
    "latex": frozenset({"notes", "merged", "nested", "forms"}),
    "docx": frozenset({"notes", "merged", "nested", "forms", "boxes"}),
    "odt": frozenset({"notes", "merged", "nested", "forms", "boxes"}),
    "rtf": frozenset({"notes", "merged", "forms", "boxes"}),
    "pptx": frozenset({"merged", "boxes", "sides"}),
    "xlsx": frozenset({"merged"}),
}
"""What the writer of a kind can write beside plain blocks."""

NUMBERED = frozenset(
    {"markdown", "html", "epub", "asciidoc", "restructured_text", "latex", "docx", "odt", "rtf"}
)
"""Kinds whose writer gives a list its first number."""
