"""Values of a chart that a question asks for: those of the bar that it names, or of the tallest or shortest.

The label of a form's field says what is asked for; that of a bar says for when, where or whom.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ...text.terms import terms
from ..checking.numbers import ordinals
from ..table_columns import column_numbers, highest
from .extremes import extremity
from .question_type import AskedFor

__all__ = ["Bar", "asked_bars"]

_BAR = re.compile(r"(?P<label>[^:]{1,60}): (?P<value>[^\w\s]?\s?\d[\d.,]*\s?\S{0,4})")
_MIN_BARS = 3


@dataclass(frozen=True, slots=True)
class Bar:
    """A value that a chart writes.

    Attributes:
        place: Of its line in the lettering.
        label: Its category, and the series that it belongs to where there are several.
        value: As written.
    """

    place: int
    label: tuple[str, ...]
    value: str


def asked_bars(question: str, asked: AskedFor, lines: Sequence[str]) -> list[Bar]:
    """Return the bars that a question names ("How much did Bree deliver in the third quarter?") or tells by their height.

    "Which year had the most seals?" asks for the tallest bar, of one series or of what the question names.

    Args:
        question: Its words.
        asked: What it asks for.
        lines: The lettering of a chart, or of anything else.
    """
    bars = _read(lines)
    if not bars:
        return []
    given, counted = set(terms(question, asked.language)), ordinals(question)

    def is_named(part: str) -> bool:
        return set(terms(part, asked.language)) <= given or any(
            one.values == two.values and one.nouns & two.nouns for one in ordinals(part) for two in counted
        )

    named = [bar for bar in bars if all(map(is_named, bar.label))]
    if named:
        return [bar for bar in named if not set(terms(bar.value, asked.language)) <= given]
    sign = extremity(question)
    if not sign:
        return []
    rivals = [bar for bar in bars if len(bar.label) == 1 or any(map(is_named, bar.label))]
    if asked.kind != "date" and all(re.fullmatch(r"\d{4}", bar.label[0]) for bar in rivals):
        return []  # "which is the most common seal" asks for no year
    tallest = highest(column_numbers({bar.place: bar.value for bar in rivals}), sign)
    return [bar for bar in rivals if bar.place in tallest]


def _read(lines: Sequence[str]) -> list[Bar]:
    """Return a chart's values; none for lettering of another kind.

    They are the last lines of a chart's lettering, where their labels and values stand apart before (see
    :func:`xmrag_plugin.images.chart_values.chart_lines`): so they are told from the fields of forms.
    """
    held = []
    for line in reversed(lines):
        match = _BAR.fullmatch(line)
        if match is None:
            break
        held.append(match)
    first = len(lines) - len(held)
    bars = [
        Bar(first + place, tuple(match["label"].split(", ")), match["value"])
        for place, match in enumerate(reversed(held))
    ]
    drawn = "\n".join(lines[:first])
    told = len(bars) >= _MIN_BARS and all(part in drawn for bar in bars for part in (*bar.label, bar.value))
    return bars if told else []
