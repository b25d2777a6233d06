"""Tables as text (CSV, TSV), in any encoding and with any common separator."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from ...types import Element
from .. import ReadContext, TextReader
from ..markup.parse import read_text
from .grids import elements_of_rows

__all__ = ["CsvReader"]

_SEPARATORS = ",;\t|"
_SAMPLE = 64 << 10
_ROWS_AT_ONCE = 2000
_MAX_FIELD = 1 << 24
_MIN_TITLED = 3  # columns of a table above which one cell alone is its title
_TOLD = re.compile(r"\ufeff?sep=(.)\r?\n", re.I)  # what Excel writes and reads


class CsvReader(TextReader):
    """Read rows as tables of 200 rows, each with the head repeated."""

    name: ClassVar[str] = "csv"
    version: ClassVar[int] = 5
    suffixes: ClassVar[tuple[str, ...]] = (".csv", ".tsv", ".tab", ".psv")

    def read(self, path: Path, context: ReadContext) -> Iterator[Element]:
        """Yield tables in the order of the rows; lines above the table (a title) are paragraphs."""
        text = read_text(path, context)
        told = _TOLD.match(text)
        text = text[told.end() :] if told is not None else text
        csv.field_size_limit(_MAX_FIELD)
        rows = csv.reader(
            io.StringIO(text, newline=""), delimiter=told[1] if told is not None else _delimiter(text, path)
        )
        head: list[str] | None = None
        part: list[list[str]] = []
        parted = False
        for row in rows:
            if not any(cell.strip() for cell in row):
                parted = parted or not row
                continue
            if parted and head is not None and len(row) != len(head):  # another table
                yield from elements_of_rows([head, *part])
                head, part = None, []
            parted = False
            if head is None:
                if len(row) == 1 and not part and _is_title(text, row):
                    yield Element(kind="paragraph", text=row[0].strip())
                    continue
                head = row
                continue
            if not part and len(head) >= _MIN_TITLED and sum(map(bool, head)) == 1 < sum(map(bool, row)):
                yield Element(kind="paragraph", text=next(filter(None, head)).strip())
                head = row
                continue
            part.append(row)
            if len(part) >= _ROWS_AT_ONCE:
                yield from elements_of_rows([head, *part])
                part = []
        if head is not None and (part or any(head)):
            yield from elements_of_rows([head, *part])


def _delimiter(text: str, path: Path) -> str:
    """Return the separator that parts most lines into equally many cells."""
    chosen = "\t" if path.suffix.lower() in (".tsv", ".tab") else ","
    lines = [line for line in text[:_SAMPLE].split("\n") if line.strip()][:200]
    best = 0.0
    for separator in _SEPARATORS:
        counts = [len(row) for row in csv.reader(lines, delimiter=separator)]
        common = max(set(counts), key=counts.count, default=1)
        score = common * counts.count(common) / max(len(counts), 1) if common > 1 else 0.0
        if score > best * 1.05:
            best = score
            chosen = separator
    return chosen


def _is_title(text: str, row: list[str]) -> bool:
    """Return whether a single cell stands above rows of several."""
    after = text.partition(row[0])[2].lstrip('"\r\n').split("\n", 3)[:3]
    return any(any(separator in line for separator in _SEPARATORS) for line in after)
