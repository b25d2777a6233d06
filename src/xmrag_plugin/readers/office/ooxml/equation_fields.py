r"""Formulas of Word's ``EQ`` fields, which are kept as their instruction alone: ``EQ \f(1,2)``, as LaTeX."""

from __future__ import annotations

import re

__all__ = ["tex_of_field"]

_TOKEN = re.compile(r"\\[A-Za-z]+[-\d]*|\\[^A-Za-z]|[(),;]|[^\\(),;]+|\\")
_MAX_DEPTH = 40
_INTEGRALS = {"su": r"\sum", "pr": r"\prod"}


def tex_of_field(instruction: str) -> str:
    r"""Return the LaTeX of an ``EQ`` field's instruction, ``""`` for another field.

    Fractions ``\f``, roots ``\r``, scripts ``\s\up(…)``, integrals and sums ``\i``, brackets ``\b``, arrays ``\a`` and
    lists ``\l`` are known; of others (boxes, shifts, what is laid over something) the words stand one after another.
    """
    name, _, formula = instruction.strip().partition(" ")
    if name.upper() != "EQ":
        return ""
    return _Reader(_TOKEN.findall(formula)).read()


class _Reader:
    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens
        self._place = 0
        self._depth = 0

    def read(self) -> str:
        found: list[str] = []
        while self._place < len(self._tokens):
            found.append(self._sequence())
            self._place += 1  # a separator or bracket that belongs to nothing is a sign as others
            found += self._tokens[self._place - 1 : self._place]
        return " ".join("".join(found).split())

    def _sequence(self) -> str:
        """Read up to a separator or the bracket that closes."""
        found: list[str] = []
        while self._place < len(self._tokens) and self._tokens[self._place] not in ",;)":
            token = self._tokens[self._place]
            self._place += 1
            if re.fullmatch(r"\\[A-Za-z]+[-\d]*", token):
                found.append(self._switch(token[1:].rstrip("-0123456789").lower()))
            elif token == "(":
                found.append(f"({','.join(self._arguments())})")
            else:
                found.append(token.lstrip("\\") or token[1:])
        return "".join(found)

    def _arguments(self) -> list[str]:
        """Read what stands between brackets, after the one that opens."""
        self._depth += 1
        found = [""]
        while self._place < len(self._tokens) and self._depth <= _MAX_DEPTH:
            found[-1] = self._sequence().strip()
            closing = self._tokens[self._place : self._place + 1]
            self._place += 1
            if closing not in ([","], [";"]):
                break
            found.append("")
        self._depth -= 1
        return found

    def _switch(self, name: str) -> str:
        """Read a switch, its options and its arguments."""
        options: list[str] = []
        while self._place < len(self._tokens):
            token = self._tokens[self._place].strip()
            if token == "(":
                self._place += 1
                return _written(name, options, self._arguments())
            if token and not token.startswith("\\"):
                break
            options.append(token[1:])
            self._place += 1
        return ""


def _written(name: str, options: list[str], arguments: list[str]) -> str:
    first, second, third = (*arguments, "", "", "")[:3]
    marks = {re.sub(r"[-\d]+\Z", "", option).lower() for option in options}
    if name == "f":
        return rf"\frac{{{first}}}{{{second}}}"
    if name == "r":
        return (
            rf"\sqrt[{first}]{{{second}}}" if first and len(arguments) > 1 else rf"\sqrt{{{second or first}}}"
        )
    if name == "s":
        if len(arguments) > 1:
            return f"^{{{first}}}_{{{second}}}"
        return f"{'_' if marks & {'do', 'di'} else '^'}{{{first}}}"
    if name == "i":
        sign = next((_INTEGRALS[mark] for mark in marks if mark in _INTEGRALS), r"\int")
        return rf"{sign}_{{{first}}}^{{{second}}} {third}"
    if name == "b":
        return f"({', '.join(arguments)})"
    if name == "a":
        return r"\begin{matrix}" + r" \\ ".join(arguments) + r"\end{matrix}"
    return (", " if name == "l" else "").join(arguments)
