"""Tables that no rule shows: rows of short pieces of text that stand in columns."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from .boxes import contains, union
from .charts import shows_picture
from .lines import Line
from .rows import Row, cells_of, find_columns, is_numeric, make_rows
from .rules import Drawing
from .table_rows import Table, heading_rows, is_code, merge_wrapped

__all__ = ["aligned_tables"]


def aligned_tables(lines: Sequence[Line], drawing: Drawing) -> list[Table]:
    rows = make_rows(lines)
    found: list[Table] = []
    run: list[Row] = []
    singles = 0
    pitch = 0.0

    def close() -> None:
        nonlocal run, singles, pitch
        while run and len(run[-1].chunks) == 1:
            run.pop()
        table = _aligned_table(run, lines, drawing)
        if table is not None:
            found.append(table)
        run, singles, pitch = [], 0, 0.0

    for row in rows:
        step = row.base - run[-1].base if run else 0.0
        if run and step > 3.2 * max(row.size, run[-1].size):
            close()
        if _tabular_row(row):
            if run and len(run[-1].text) > 80 and len(run[-1].chunks) == 1 and pitch and step > 1.4 * pitch:
                close()  # a line of text between two tables
            elif run and singles == 0:
                pitch = min(pitch, step) if pitch else step
            run.append(row)
            singles = 0
        elif (
            run
            and len(row.chunks) == 1
            and singles < 2
            and (len(row.text) <= 80 or (len(row.text) <= 140 and pitch and step <= 1.4 * pitch))
        ):
            run.append(row)
            singles += 1
        elif run:
            close()
    close()
    return found


def _tabular_row(row: Row) -> bool:
    if len(row.chunks) < 2:
        return False
    texts = [" ".join(word.text for word in chunk) for chunk in row.chunks]
    prose = sum(len(text) > 45 and len(text.split()) > 6 for text in texts)
    widest = max(
        later[0].box[0] - max(word.box[2] for word in earlier) for earlier, later in pairwise(row.chunks)
    )
    if widest < 1.0 * row.size or (len(texts) == 2 and len(texts[0]) <= 3 and not is_numeric(texts[1])):
        return False  # a bullet and its text
    return prose == 0 or (prose == 1 and any(is_numeric(text) for text in texts[1:]))


def _aligned_table(rows: Sequence[Row], lines: Sequence[Line], drawing: Drawing) -> Table | None:
    several = [row for row in rows if len(row.chunks) > 1]
    if len(several) < 3:
        return None
    columns = find_columns(rows)
    if len(columns) < 2:
        return None
    cells = [cells_of(row, columns) for row in rows]
    full = [row for row in cells if sum(map(bool, row)) > 1]
    if len(full) < 3:
        return None
    if _beside_text(several):
        return None
    later = [cell for row in full for cell in row[1:] if cell]
    numeric = sum(is_numeric(cell) for cell in later) / max(1, len(later))
    lengths = sorted(len(cell) for cell in later)
    labelled = sum(row[0].endswith(":") for row in full) >= 0.6 * len(full)
    if (
        numeric < 0.5
        and not labelled
        and not (
            len(columns) >= 3
            and len(full) >= 4
            and lengths[len(lengths) // 2] <= 25
            and len(later) > 1.5 * len(full)
        )
    ):
        return None
    box = union(row.box for row in rows)
    if shows_picture(box, drawing) or (numeric < 0.3 and is_code(lines, box)):
        return None
    members = [line for line in lines if contains(box, line.box, 1.0)]
    cells = merge_wrapped(cells, 0)
    if all(" . . " in row[0] or "...." in row[0] for row in cells if row[0]):
        return None  # a table of contents
    return Table(box, members, cells, heading_rows(cells))


def _beside_text(rows: Sequence[Row]) -> bool:
    """Whether the first column is a paragraph that a small table is set into: long lines, one right edge."""
    edges = [
        row.chunks[0][-1].box[2] for row in rows if sum(len(word.text) + 1 for word in row.chunks[0]) > 45
    ]
    return len(edges) >= 0.6 * len(rows) and sum(max(edges) - edge < 3 for edge in edges) >= 0.6 * len(edges)
