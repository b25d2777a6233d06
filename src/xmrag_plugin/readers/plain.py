"""Plain text in any common encoding, and whatever other text no reader knows better."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from ..types import Element
from . import ReadContext, Reader, looks_textual
from .markup.parse import elements_of_text, read_text

__all__ = ["PlainTextReader"]

_CODE = frozenset((
    ".py", ".js", ".ts", ".java", ".c", ".h", ".cpp", ".hpp", ".cc", ".go", ".rs", ".rb", ".php", ".sh",
    ".sql", ".r", ".jl", ".m", ".swift", ".kt", ".scala", ".lua", ".pl", ".css", ".yaml", ".yml", ".toml",
    ".ini", ".cfg", ".conf", ".xml", ".bib",
))  # fmt: skip


class PlainTextReader(Reader):
    """Read text files; source code is kept as code."""

    name: ClassVar[str] = "plain_text"
    self_contained: ClassVar[bool] = True
    version: ClassVar[int] = 2
    suffixes: ClassVar[tuple[str, ...]] = (".txt", ".text", ".log")
    textual: ClassVar[bool] = True

    @classmethod
    def sniff(cls, head: bytes, path: Path) -> bool:
        """Accept anything that is text."""
        return looks_textual(head)

    def read(self, path: Path, context: ReadContext) -> Iterator[Element]:
        """Yield paragraphs, lists and sure headings in order."""
        text = read_text(path, context)
        if path.suffix.lower() in _CODE:
            if text.strip():
                yield Element(kind="code", text=text.strip("\n"))
            return
        if not text.strip():
            context.on_warning(f"{path.name} holds no words.", "Remove it, or fill it.")
        yield from elements_of_text(text)
