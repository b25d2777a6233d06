"""Commands and environments that the author of a LaTeX source defines: taken out and put in where they are used."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

__all__ = ["braced", "with_own_commands"]

_COUNTED = r"(?:\[(?P<{0}>\d)\])?(?:\[(?P<{1}>[^\[\]\n]{{0,300}})\])?\s*(?=\{{)"
_SPECIFIED = (
    r"\s*\{{(?P<{0}>[^{{}}\n]{{0,200}}(?:\{{[^{{}}\n]{{0,100}}\}}[^{{}}\n]{{0,200}}){{0,9}})\}}\s*(?=\{{)"
)
_DEFINITION = re.compile(
    r"\\(?:(?:re)?newcommand|providecommand|DeclareMathOperator)\*?\s*\{?\\(?P<name>[A-Za-z]+)\}?"
    + _COUNTED.format("count", "default")
    + r"|\\(?:New|Renew|Provide|Declare)DocumentCommand\s*\{?\\(?P<modern>[A-Za-z]+)\}?"
    + _SPECIFIED.format("spec")
    + r"|\\(?:re)?newenvironment\*?\s*\{(?P<environment>[\w*-]+)\}"
    + _COUNTED.format("held", "otherwise")
    + r"|\\(?:New|Renew|Provide|Declare)DocumentEnvironment\s*\{(?P<scene>[\w*-]+)\}"
    + _SPECIFIED.format("form")
    + r"|\\def\s*\\(?P<plain>[A-Za-z]+)\s*(?=\{)"
)
_ARGUMENT = re.compile(r"\s*(?:(?P<plain>[mo])|O\{(?P<default>[^{}]*)\})")
_GROUP = re.compile(r"\\.|[{}]", re.S)
_MAX_DEFINITIONS = 500
_MAX_GROWTH = 200_000
_MAX_PASSES = 8
_MAX_OPTION = 1000


@dataclass(frozen=True, slots=True)
class _Own:
    """What a command or an end of an environment expands to.

    Attributes:
        body: The text, with ``#1`` for its first argument.
        arguments: Of each argument what it is where it is left out, None where it must stand.
    """

    body: str
    arguments: tuple[str | None, ...] = ()


def with_own_commands(text: str) -> str:
    """Return a source without its definitions, what they define put in; what they expand to is bounded."""
    known: dict[str, _Own] = {}
    kept, place = [], 0
    for match in _DEFINITION.finditer(text):
        if match.start() < place:
            continue
        body = braced(text, match.end())
        if body is None:  # nothing closes it, nor what follows
            break
        kept.append(text[place : match.start()])
        place = body[1]
        arguments = _arguments_of(match)
        if environment := match["environment"] or match["scene"]:
            ending = braced(text, _past_blanks(text, place))
            if ending is None:
                break
            place = ending[1]
            if arguments is not None and rf"\begin{{{environment}}}" not in body[0]:
                known[rf"\begin{{{environment}}}"] = _Own(body[0], arguments)
                known[rf"\end{{{environment}}}"] = _Own(ending[0])
            continue
        name = match["name"] or match["modern"] or match["plain"]
        is_circular = re.search(rf"\\{name}(?![A-Za-z])", body[0]) is not None
        if arguments is not None and not is_circular and len(known) < _MAX_DEFINITIONS:
            known[f"\\{name}"] = _Own(body[0], arguments)
    text = "".join([*kept, text[place:]])
    start = max(0, text.find(r"\begin{document}"))
    return text[:start] + _expanded(text[start:], known) if known else text


def braced(text: str, place: int) -> tuple[str, int] | None:
    """Return what stands in the braces that open at a place, and where they end."""
    if text[place : place + 1] != "{":
        return None
    depth = 0
    for match in _GROUP.finditer(text, place):
        depth += {"{": 1, "}": -1}.get(match[0], 0)
        if depth == 0:
            return text[place + 1 : match.start()], match.end()
    return None


def _arguments_of(match: re.Match[str]) -> tuple[str | None, ...] | None:
    """Return the arguments that a definition names, None where it names some of a kind that is not known."""
    if (form := match["spec"] or match["form"]) is not None:
        read = list(_ARGUMENT.finditer(form))
        if "".join(each[0] for each in read).split() != form.split():
            return None
        return tuple(None if each["plain"] == "m" else each["default"] or "" for each in read)
    count = int(match["count"] or match["held"] or 0)
    default = match["default"] if match["default"] is not None else match["otherwise"]
    return (default, *(None,) * (count - 1)) if default is not None and count else (None,) * count


def _expanded(text: str, known: Mapping[str, _Own]) -> str:
    names = "|".join(re.escape(name) + ("" if name.endswith("}") else "(?![A-Za-z])") for name in known)
    call = re.compile(rf"(?:{names})")
    for _ in range(_MAX_PASSES):
        out: list[str] = []
        place = size = 0
        for match in call.finditer(text):
            if match.start() < place:
                continue
            own, end = known[match[0]], match.end()
            if match[0][-1] != "}" and text.startswith("{}", end):
                end += 2
            body = own.body
            for number, (value, stop) in enumerate(_values(text, end, own.arguments), 1):
                body, end = body.replace(f"#{number}", value), stop
            size += len(body)
            if size > _MAX_GROWTH:
                break
            out += [text[place : match.start()], body]
            place = end
        if not out:
            break
        text = "".join([*out, text[place:]])
        if size > _MAX_GROWTH:
            break
    return text


def _values(text: str, place: int, arguments: tuple[str | None, ...]) -> Iterator[tuple[str, int]]:
    """Yield the arguments that stand at a place, and where each ends."""
    for default in arguments:
        at = _past_blanks(text, place)
        found: tuple[str, int] | None
        if default is None:
            found = braced(text, at)
        else:
            stop = text.find("]", at, at + _MAX_OPTION) if text[at : at + 1] == "[" else -1
            found = (text[at + 1 : stop], stop + 1) if stop > 0 else (default, place)
        if found is None:
            return
        place = found[1]
        yield found


def _past_blanks(text: str, place: int) -> int:
    ahead = text[place : place + 20]
    return place + len(ahead) - len(ahead.lstrip())
