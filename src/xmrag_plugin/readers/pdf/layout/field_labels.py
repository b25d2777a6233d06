"""What stands beside the fields of a form: the names that a reader sees, where the file has internal ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from ....types import BBox
from .annotations import Field
from .lines import Line

__all__ = ["as_shown"]

_REACH = 120.0  # points from a field to the words before it
_BOX_REACH = 50.0  # and from a box to the words beside it
_ABOVE = 12.0
_WORD_GAP = 9.0  # words of one label are no further apart
_MAX_LABEL = 80  # characters
_MAX_PAIRS = 2_000_000  # of words and fields: a form beyond reason keeps its internal names


def as_shown(fields: Sequence[Field], lines: Sequence[Line], placed: Callable[[BBox], BBox]) -> list[Field]:
    """Return the fields that say something, called as the page calls them.

    A field with a title for its reader keeps it. All boxes of a page have their words on one side; a box that is not
    ticked is told where it has a name.

    Args:
        fields: Of one page.
        lines: The page's words.
        placed: Returns a box of these where the fields' boxes are told.
    """
    words = [(placed(word.box), word.text) for line in lines for word in line.words] if fields else []
    few = len(words) * len(fields) <= _MAX_PAIRS
    labels = _labels(words, [field.box for field in fields]) if few else []
    unnamed = [field for field in fields if not field.titled]
    boxes = [field for field in unnamed if field.is_box]
    sides = [_beside(boxes, labels, side) for side in ("right", "left")]
    best = max(sides, key=lambda found: (len(found), -sum(distance for _, distance in found.values())))
    typed = _beside([field for field in unnamed if not field.is_box], labels, "left")
    found = {place: label for place, (label, _) in {**best, **typed}.items()}
    shown: list[Field] = []
    for field in fields:
        label = found.get(id(field), "")
        if field.is_box and not field.is_ticked and not (field.titled or label):
            continue
        if field.is_box and label and field.value not in ("yes", "no"):  # one of several choices
            label = label if label.casefold() != field.value.casefold() else ""
            shown.append(replace(field, name=label or field.name, value="yes" if label else field.value))
        elif field.value or field.titled:
            shown.append(replace(field, name=label or field.name))
    return shown


def _labels(words: Sequence[tuple[BBox, str]], fields: Sequence[BBox]) -> list[tuple[BBox, str]]:
    """Return runs of words that no field and no wide gap parts."""
    runs: list[tuple[BBox, str]] = []
    for box, text in words:
        if runs and _overlap(runs[-1][0], box, 1) > 0 and -1.0 <= box[0] - runs[-1][0][2] <= _WORD_GAP:
            before, said = runs[-1]
            between = (before[2] - 0.5, max(before[1], box[1]), box[0] + 0.5, min(before[3], box[3]))
            if not any(
                _overlap(between, field, 0) > 0 and _overlap(between, field, 1) > 0 for field in fields
            ):
                whole = (before[0], min(before[1], box[1]), box[2], max(before[3], box[3]))
                runs[-1] = (whole, f"{said} {text}")
                continue
        runs.append((box, text))
    return [
        (box, text.strip(" :"))
        for box, text in runs
        if any(map(str.isalpha, text)) and len(text) <= _MAX_LABEL
    ]


def _beside(
    fields: Sequence[Field], labels: Sequence[tuple[BBox, str]], side: str
) -> dict[int, tuple[str, float]]:
    """Return the label next to each field on a side, or above one that is typed into, each label once."""
    pairs: list[tuple[float, int, int]] = []
    for one, field in enumerate(fields):
        for other, (box, _) in enumerate(labels):
            gap = field.box[0] - box[2] if side == "left" else box[0] - field.box[2]
            level = _overlap(field.box, box, 1) > 0.4 * min(box[3] - box[1], field.box[3] - field.box[1])
            if level and -2.0 <= gap <= (_BOX_REACH if field.is_box else _REACH):
                pairs.append((max(gap, 0.0), one, other))
            elif (
                not field.is_box
                and _overlap(field.box, box, 0) > 0
                and -2.0 <= field.box[1] - box[3] <= _ABOVE
            ):
                pairs.append((_ABOVE + field.box[1] - box[3], one, other))
    found: dict[int, tuple[str, float]] = {}
    used: set[int] = set()
    for distance, one, other in sorted(pairs):
        if id(fields[one]) not in found and other not in used:
            found[id(fields[one])] = (labels[other][1], distance)
            used.add(other)
    return found


def _overlap(one: BBox, other: BBox, axis: int) -> float:
    return min(one[axis + 2], other[axis + 2]) - max(one[axis], other[axis])
