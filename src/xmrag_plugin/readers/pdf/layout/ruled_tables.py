"""Tables between horizontal rules, in the manner of books."""

from __future__ import annotations

from collections.abc import Sequence

from ....types import BBox
from .boxes import Frame
from .charts import shows_picture
from .grid_tables import lines_inside
from .lines import Line
from .rows import make_rows
from .rules import Drawing
from .table_rows import Table, is_code, set_table

__all__ = ["ruled_region", "ruled_tables"]


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
        if not inside or shows_picture(box, drawing) or is_code(inside, box):
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


def ruled_region(caption: BBox, drawing: Drawing, frame: Frame, *, above: bool) -> BBox | None:
    """The box between rules of one width that starts right above or below a caption.

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
        > 0.5 * min(rule[2] - rule[0], caption[2] - caption[0])
        and rule[2] - rule[0] > 80
        and 0.09 * frame.height < rule[1] < 0.93 * frame.height
        and (rule[1] <= caption[1] + 3 if above else rule[1] >= caption[3] - 3)
    ]
    near.sort(key=lambda rule: -rule[1] if above else rule[1])
    if not near or abs(near[0][1] - (caption[1] if above else caption[3])) > 36:
        return None
    first = near[0]
    chain = [rule for rule in near if abs(rule[0] - first[0]) < 6 and abs(rule[2] - first[2]) < 6]
    if len(chain) < 2:
        return None
    return (first[0], min(rule[1] for rule in chain), first[2], max(rule[1] for rule in chain))
