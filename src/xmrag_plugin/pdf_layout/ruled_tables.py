"""Tables between horizontal rules, in the manner of books."""

from __future__ import annotations

from collections.abc import Sequence

from ..schema import BBox
from .charts import shows_picture
from .grid_tables import lines_inside
from .lines import Line
from .rows import make_rows
from .rules import Drawing
from .table_rows import Table, set_table

__all__ = ["ruled_tables"]


def ruled_tables(lines: Sequence[Line], drawing: Drawing) -> list[Table]:
    """Tables in the manner of books: a rule above, one below the heading, one at the end."""
    found: list[Table] = []
    rules = sorted(drawing.across, key=lambda rule: rule[1])
    used: set[int] = set()
    for index, top in enumerate(rules):
        if index in used or top[2] - top[0] < 60:
            continue
        chain = [index]
        for later in range(index + 1, len(rules)):
            rule = rules[later]
            if later in used or abs(rule[0] - top[0]) > 6 or abs(rule[2] - top[2]) > 6:
                continue
            if rule[1] - rules[chain[-1]][1] < 3:
                continue
            band = (top[0] - 4, rules[chain[-1]][1] - 1, top[2] + 4, rule[1] + 1)
            if _crossed(lines, band) or not _tabular_band(lines_inside(lines, band), heading=len(chain) == 1):
                break
            chain.append(later)
        if len(chain) < 2:
            continue
        bottom = rules[chain[-1]]
        box = (min(top[0], bottom[0]), top[1], max(top[2], bottom[2]), bottom[1])
        inside = lines_inside(lines, (box[0] - 6, box[1] - 2, box[2] + 6, box[3] + 2))
        if not inside or shows_picture(box, drawing):
            continue
        table = set_table(inside, box, [rules[item][1] for item in chain])
        if table is not None:
            used.update(chain)
            found.append(table)
    return found


def _crossed(lines: Sequence[Line], band: BBox) -> bool:
    """Whether text runs across the side of a band."""
    for line in lines:
        middle = (line.box[1] + line.box[3]) / 2
        shared = min(line.box[2], band[2]) - max(line.box[0], band[0])
        if band[1] < middle < band[3] and shared > 30 and shared < 0.6 * (line.box[2] - line.box[0]):
            return True
    return False


def _tabular_band(lines: Sequence[Line], *, heading: bool) -> bool:
    """Whether the text between two rules goes on as a table."""
    rows = make_rows(lines)
    if not rows:
        return False
    several = sum(len(row.chunks) > 1 for row in rows)
    wordy = sum(len(row.chunks) == 1 and len(row.text) > 70 for row in rows)
    if wordy > 0.5 * len(rows) and wordy > 2:
        return False
    return several >= 0.4 * len(rows) or (heading and len(rows) <= 2) or len(rows) == 1
