"""Tables without a grid: set between horizontal rules, in the manner of books, or by alignment alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from .....types import BBox
from .. import measures as m
from ..boxes import Frame, contains, union
from ..charts import shows_picture
from ..lines import Line, has_leader, join_words
from ..ruling_lines import Drawing
from .cells import Cell, is_numeric
from .lattice import lines_inside
from .rows import (
    Row,
    Table,
    cells_of,
    find_columns,
    heading_rows,
    is_code,
    make_rows,
    merge_wrapped,
    set_table,
)

_INDEX_ENTRY = re.compile(r"\D+,(?:\s*\d+(?:\s*[-–]\s*\d+)?[a-z]?,?)+")

__all__ = ["aligned_tables", "ruled_region", "ruled_tables"]


def ruled_tables(lines: Sequence[Line], drawing: Drawing) -> list[Table]:
    """Return the tables in the manner of books: a rule above, one below the heading, one at the end."""
    found: list[Table] = []
    rules = sorted(drawing.across, key=lambda rule: rule[1])
    used: set[int] = set()
    for index, top in enumerate(rules):
        if index in used or top[2] - top[0] < m.MIN_TABLE_RULE:
            continue
        chain = [index]
        for later in range(index + 1, len(rules)):
            rule = rules[later]
            if later in used or max(abs(rule[0] - top[0]), abs(rule[2] - top[2])) > m.RULE_ENDS:
                continue
            if rule[1] - rules[chain[-1]][1] < m.RULE_STEP:
                continue
            side = m.RULE_MARGIN[0]
            band = (top[0] - side, rules[chain[-1]][1] - m.EDGE / 2, top[2] + side, rule[1] + m.EDGE / 2)
            if _crossed(lines, band) or not _tabular_band(lines_inside(lines, band), heading=len(chain) == 1):
                break
            chain.append(later)
        if len(chain) < 2:
            continue
        bottom = rules[chain[-1]]
        box = (min(top[0], bottom[0]), top[1], max(top[2], bottom[2]), bottom[1])
        side = m.RULE_MARGIN[1]
        inside = lines_inside(lines, (box[0] - side, box[1] - m.EDGE, box[2] + side, box[3] + m.EDGE))
        if not inside or shows_picture(box, drawing) or is_code(inside, box):
            continue
        if len(chain) == 2 and _is_running_text(inside):
            continue
        table = set_table(inside, box, [rules[item][1] for item in chain])
        if table is not None:
            used.update(chain)
            found.append(table)
    return found


def _crossed(lines: Sequence[Line], band: BBox) -> bool:
    """Return whether text runs across the side of a band."""
    for line in lines:
        middle = (line.box[1] + line.box[3]) / 2
        shared = min(line.box[2], band[2]) - max(line.box[0], band[0])
        if (
            band[1] < middle < band[3]
            and shared > m.CROSSED
            and shared < m.INSIDE_SHARE * (line.box[2] - line.box[0])
        ):
            return True
    return False


def _tabular_band(lines: Sequence[Line], *, heading: bool) -> bool:
    """Return whether the text between two rules goes on as a table."""
    rows = make_rows(lines)
    if not rows:
        return False
    several = sum(len(row.chunks) > 1 for row in rows)
    wordy = sum(len(row.chunks) == 1 and len(row.text) > m.WORDY for row in rows)
    if 2 * wordy > len(rows) and wordy > 2:
        return False
    return several >= m.SEVERAL_SHARE * len(rows) or (heading and len(rows) <= 2) or len(rows) == 1


def _is_running_text(lines: Sequence[Line]) -> bool:
    """Return whether lines between two rules are prose in columns, as on a page with a rule below its head and one above its foot."""
    rows = make_rows(lines)
    pieces = [" ".join(word.text for word in chunk) for row in rows for chunk in row.chunks]
    prose = sum(len(text) > m.LONG_LINE and len(text.split()) >= m.RUNNING_WORDS for text in pieces)
    return len(rows) >= m.RUNNING_ROWS and prose >= m.RUNNING_SHARE * len(pieces)


def ruled_region(caption: BBox, drawing: Drawing, frame: Frame, *, above: bool) -> BBox | None:
    """Return the box between rules of one width that starts right above or below a caption.

    Args:
        caption: Box of the caption.
        drawing: The page's rules.
        frame: The page, whose running header and footer may have rules, too.
        above: The side to look on.
    """
    near = [
        rule
        for rule in drawing.across
        if min(rule[2], caption[2]) - max(rule[0], caption[0])
        > min(rule[2] - rule[0], caption[2] - caption[0]) / 2
        and rule[2] - rule[0] > m.MIN_REGION_RULE
        and m.PAGE_BODY[0] < rule[1] / frame.height < m.PAGE_BODY[1]
        and (rule[1] <= caption[1] + m.RULE_STEP if above else rule[1] >= caption[3] - m.RULE_STEP)
    ]
    near.sort(key=lambda rule: -rule[1] if above else rule[1])
    if not near or abs(near[0][1] - (caption[1] if above else caption[3])) > m.REGION_REACH:
        return None
    first = near[0]
    chain = [rule for rule in near if max(abs(rule[0] - first[0]), abs(rule[2] - first[2])) < m.RULE_ENDS]
    if len(chain) < 2:
        return None
    return (first[0], min(rule[1] for rule in chain), first[2], max(rule[1] for rule in chain))


def aligned_tables(lines: Sequence[Line], drawing: Drawing) -> list[Table]:
    """Return the tables that no rule shows: rows of short pieces of text that stand in columns."""
    rows = make_rows(lines)
    found: list[Table] = []
    run: list[Row] = []
    singles = 0
    pitch = 0.0

    def close() -> None:
        nonlocal run, singles, pitch
        while run and len(run[-1].chunks) == 1 and not _ends_cell(run):
            run.pop()
        table = _aligned_table(run, lines, drawing)
        if table is not None:
            found.append(table)
        run, singles, pitch = [], 0, 0.0

    for row in rows:
        step = row.base - run[-1].base if run else 0.0
        if run and step > m.MAX_ROW_STEP * max(row.size, run[-1].size):
            close()
        if _tabular_row(row):
            if (
                run
                and len(run[-1].text) > m.SINGLE_CHARACTERS[0]
                and len(run[-1].chunks) == 1
                and pitch
                and step > m.PITCH * pitch
            ):
                close()  # a line of text between two tables
            elif run and singles == 0:
                pitch = min(pitch, step) if pitch else step
            run.append(row)
            singles = 0
        elif (
            run
            and len(row.chunks) == 1
            and singles < m.MAX_SINGLES
            and (
                len(row.text) <= m.SINGLE_CHARACTERS[0]
                or (len(row.text) <= m.SINGLE_CHARACTERS[1] and pitch and step <= m.PITCH * pitch)
            )
        ):
            run.append(row)
            singles += 1
        elif run:
            close()
    close()
    return found


def _ends_cell(rows: Sequence[Row]) -> bool:
    """Return whether the last row is a further line of a cell beyond the first column: set under it, no further down."""
    if len(rows) < m.MIN_ROWS or len(rows[-2].chunks) == 1:
        return False
    step = min(below.base - above.base for above, below in pairwise(rows[:-1]))
    left = rows[-1].box[0]
    return rows[-1].base - rows[-2].base <= step + m.EDGE / 2 and any(
        abs(chunk[0].box[0] - left) <= m.EDGE for chunk in rows[-2].chunks[1:]
    )


def _tabular_row(row: Row) -> bool:
    if len(row.chunks) < 2:
        return False
    texts = [" ".join(word.text for word in chunk) for chunk in row.chunks]
    prose = sum(len(text) > m.CELL_PROSE[0] and len(text.split()) > m.CELL_PROSE[1] for text in texts)
    widest = max(
        later[0].box[0] - max(word.box[2] for word in earlier) for earlier, later in pairwise(row.chunks)
    )
    if widest < row.size or (
        len(texts) == 2 and len(texts[0]) <= m.BULLET_CHARACTERS and not is_numeric(texts[1])
    ):
        return False  # a bullet and its text
    return prose == 0 or (prose == 1 and any(is_numeric(text) for text in texts[1:]))


def _aligned_table(rows: Sequence[Row], lines: Sequence[Line], drawing: Drawing) -> Table | None:
    several = [row for row in rows if len(row.chunks) > 1]
    if len(several) < m.MIN_ROWS:
        return None
    columns = find_columns(rows)
    if len(columns) < 2:
        return None
    cells = [cells_of(row, columns) for row in rows]
    full = [row for row in cells if sum(map(bool, row)) > 1]
    if len(full) < m.MIN_ROWS:
        return None
    if _beside_text(several):
        return None
    later = [cell for row in full for cell in row[1:] if cell]
    numeric = sum(is_numeric(cell.text) for cell in later) / max(1, len(later))
    lengths = sorted(len(cell.text) for cell in later)
    labelled = sum(row[0].text.endswith(":") for row in full) >= m.MOST * len(full)
    if (
        numeric < m.FIGURES_SHARE
        and not labelled
        and not (
            len(columns) > 2
            and len(full) >= m.MIN_WORDY_ROWS
            and lengths[len(lengths) // 2] <= m.SHORT_CELL
            and len(later) > m.FILLED_ROWS * len(full)
        )
    ):
        return None
    box = union(row.box for row in rows)
    if shows_picture(box, drawing) or (numeric < m.FEW_FIGURES_SHARE and is_code(lines, box)):
        return None
    members = [line for line in lines if contains(box, line.box, m.EDGE / 2)]
    cells = merge_wrapped(cells, 0, rows)
    led = [has_leader(row[0].text) for row in cells if row[0] and row[1]]
    if len(columns) == 2 and 2 * sum(led) >= len(led):
        return None  # a table of contents: entries with one number each
    if _is_index(cells):
        return None
    return Table(box, members, cells, heading_rows(cells))


def _is_index(cells: Sequence[Sequence[Cell]]) -> bool:
    """Return whether each column holds entries of an index, "anchor, 12, 40–43", which are read down the columns."""
    columns = [[cell.text for cell in column if cell] for column in zip(*cells, strict=True)]
    return all(
        sum(_INDEX_ENTRY.fullmatch(text) is not None for text in column) >= m.MOST * len(column)
        for column in columns
    )


def _beside_text(rows: Sequence[Row]) -> bool:
    """Return whether the first column is a paragraph that a small table is set into: long lines, one right edge."""
    edges = [
        row.chunks[0][-1].box[2]
        for row in rows
        if sum(len(word.text) + 1 for word in row.chunks[0]) > m.PARAGRAPH_LINE
        and not has_leader(join_words(row.chunks[0]))
    ]
    return len(edges) >= m.MOST * len(rows) and sum(
        max(edges) - edge < m.ONE_EDGE for edge in edges
    ) >= m.MOST * len(edges)
