"""The fields of a Word document: instructions, which nobody sees, and results, which everybody does."""

from __future__ import annotations

__all__ = ["Fields"]


class Fields:
    """The fields that are open at a place of a document; either part of one may stand in many runs."""

    def __init__(self) -> None:
        self._open: list[str | None] = []  # instructions, None where the result has begun

    def mark(self, kind: str) -> str:
        """Read a field's ``begin``, ``separate`` or ``end``; return the instruction that is whole with it."""
        if kind == "begin":
            self._open.append("")
            return ""
        if not self._open:
            return ""
        said, self._open[-1] = self._open[-1], None
        if kind == "end":
            self._open.pop()
        return said or ""

    def instruct(self, text: str) -> None:
        """Add to the instruction of the innermost field."""
        if self._open and self._open[-1] is not None:
            self._open[-1] += text

    @property
    def hide(self) -> bool:
        """Return whether what stands here is part of an instruction: the result of a field inside another's."""
        return any(said and said.strip() for said in self._open)

    def end_paragraph(self) -> None:
        """Take every instruction as given: none goes on in the next paragraph, though results do."""
        self._open = [None] * len(self._open)
