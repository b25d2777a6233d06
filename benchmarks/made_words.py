"""Syllables that benchmarks make their words of: many different ones, none of any language's."""

from __future__ import annotations

SYLLABLES = (
    "ka",
    "lo",
    "mi",
    "ten",
    "ra",
    "sul",
    "ve",
    "dor",
    "pi",
    "shu",
    "gre",
    "bal",
    "quo",
    "fin",
    "mar",
    "tul",
)
