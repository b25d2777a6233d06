"""Words of a page that its style sheet hides: in the colour of their ground, microscopic, transparent, off the page."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import Any

__all__ = ["blank_unseen_words"]

_TELLING = re.compile(
    r"colou?r|font|opacity|text-indent|position|display|visibility|background|clip|transform|overflow|height|width",
    re.I,
)
_CLIPPED = re.compile(r"rect\((?:\s*(?:0|1px|0px)[\s,]*){4}\)|inset\(\s*(?:[5-9]\d|100)%\s*\)|circle\(\s*0")
_SHRUNK = re.compile(r"scale[xy]?\(\s*0(?:\.0*)?\s*[,)]")
_COMMENT = re.compile(r"/\*.*?\*/", re.S)
_SIMPLE = re.compile(r"(?:[a-z][\w-]*|\*)?(?:[.#][\w-]+)*", re.I)
_DECLARATION = re.compile(r"([\w-]+)\s*:\s*([^;]+)")
_LENGTH = re.compile(r"(-?[\d.]+)\s*(px|pt|em|rem|%|ex|ch|vw|vh|mm|cm|in)?$", re.I)
_SMALLEST_PX = 2.0  # microscopic: no screen and no printer shows letters so small as letters
_PX = {
    "px": 1.0,
    "pt": 4 / 3,
    "em": 16.0,
    "rem": 16.0,
    "%": 0.16,
    "mm": 3.78,
    "cm": 37.8,
    "in": 96.0,
    "": 1.0,
}
_FAR_OFF_PX = -900.0
_NEAR = 8  # of 255: two colours that differ by no more are one to the eye
_WHITE, _BLACK = (255, 255, 255), (0, 0, 0)

_Colour = tuple[int, int, int]
_Rule = tuple[str, frozenset[str], str, dict[str, str]]
"""Of a simple selector its tag, its classes, its id and what it declares."""
_Index = dict[str, list[tuple[int, _Rule]]]


@dataclass(frozen=True, slots=True)
class _Appearance:
    """What a node's words inherit: colour and ground (None where a picture or the unknown lies below), and more."""

    colour: _Colour | None = _BLACK
    ground: _Colour | None = _WHITE
    tiny: bool = False
    gone: bool = False

    @property
    def unseen(self) -> bool:
        if self.gone or self.tiny:
            return True
        if self.colour is None or self.ground is None:
            return False
        return all(abs(a - b) <= _NEAR for a, b in zip(self.colour, self.ground, strict=True))


def blank_unseen_words(root: Any, linked: Sequence[str] = ()) -> None:
    """Take the words out of a page's tree that no reader of the page sees.

    Style sheets of the page count with their simple selectors (tag, classes, id), and ``display: none`` of theirs
    only on a page without scripts, which could show it.

    Args:
        root: The page, as lxml's tree; changed in place.
        linked: Further style sheets, which come before its own.
    """
    sheets = [*linked, *(node.text or "" for node in root.iter("style"))]
    styled = any(node.get("style") or node.get("color") or node.get("bgcolor") for node in root.iter())
    if not styled and not any(_TELLING.search(sheet) for sheet in sheets):
        return
    static = next(root.iter("script"), None) is None
    rules = _indexed(rule for sheet in sheets for rule in _rules_of(sheet, static))
    waiting: list[tuple[Any, _Appearance, bool]] = [(root, _Appearance(), False)]
    while waiting:
        node, above, unseen = waiting.pop()
        appearance = _appearance_of(node, above, rules)
        if appearance is not above:
            unseen = appearance.unseen
        if unseen:
            node.text = None
        for child in node:
            if unseen:
                child.tail = None
            if isinstance(child.tag, str) and child.tag not in ("math", "svg", "head"):
                waiting.append((child, appearance, unseen))


def _rules_of(sheet: str, static: bool) -> list[_Rule]:
    found: list[_Rule] = []
    plain = _COMMENT.sub("", sheet[: sheet.rfind("*/") + 2]) + sheet[sheet.rfind("*/") + 2 :]
    for rule in _without_conditions(plain).split("}")[:-1]:  # what is never closed is read once
        before, _, body = rule.rpartition("{")
        selectors = before.rpartition("{")[2]
        declared = _declared(body)
        if not static:
            for name in ("display", "visibility", "height", "max-height", "width", "max-width", "transform"):
                declared.pop(name, None)
        if not declared:
            continue
        for selector in selectors.split(","):
            simple = selector.strip()
            if simple and _SIMPLE.fullmatch(simple):
                tag = re.match(r"[\w-]*", simple)
                ids = re.findall(r"#([\w-]+)", simple)
                classes = frozenset(re.findall(r"\.([\w-]+)", simple))
                found.append((tag.group().lower() if tag else "", classes, ids[0] if ids else "", declared))
    return sorted(found, key=lambda rule: (bool(rule[2]), len(rule[1])))


def _without_conditions(sheet: str) -> str:
    """Return a style sheet without its blocks for print, small screens and the like, which have blocks inside."""
    kept, depth, start = [], 0, 0
    for match in re.finditer(r"@[\w-]+[^{};]*(?:\{|;)|[{}]", sheet):
        if match.start() < start:
            continue
        if match.group().startswith("@"):
            kept.append(sheet[start : match.start()])
            start = match.end()
            if match.group().endswith("{"):
                depth = 1
                for brace in re.finditer(r"[{}]", sheet[start:]):
                    depth += 1 if brace.group() == "{" else -1
                    if not depth:
                        start += brace.end()
                        break
                else:
                    start = len(sheet)
    return "".join([*kept, sheet[start:]])


def _indexed(rules: Iterable[_Rule]) -> _Index:
    """Return rules, with their places, by the id, else a class, else the tag that a node must have for them."""
    index: _Index = {}
    for place, rule in enumerate(rules):
        tag, classes, identity, _ = rule
        key = f"#{identity}" if identity else f".{min(classes)}" if classes else tag
        index.setdefault(key, []).append((place, rule))
    return index


def _rules_for(node: Any, index: _Index) -> list[_Rule]:
    """Return the rules that a node fulfils, in their order."""
    classes = frozenset((node.get("class") or "").split())
    identity = node.get("id") or ""
    keys = ("", node.tag, *(f".{name}" for name in classes), *([f"#{identity}"] if identity else ()))
    found = [
        (place, rule)
        for key in keys
        for place, rule in index.get(key, ())
        if rule[0] in ("", node.tag) and rule[1] <= classes and rule[2] in ("", identity)
    ]
    return [rule for _, rule in sorted(found, key=itemgetter(0))]


def _declared(body: str) -> dict[str, str]:
    return {
        name.lower(): value.replace("!important", "").strip().lower()
        for name, value in _DECLARATION.findall(body)
        if _TELLING.search(name) or name.lower() in ("left", "top")
    }


def _appearance_of(node: Any, above: _Appearance, rules: _Index) -> _Appearance:
    if not rules and not node.attrib:
        return above
    declared: dict[str, str] = {}
    if node.get("color"):
        declared["color"] = node.get("color")
    if node.get("bgcolor"):
        declared["background"] = node.get("bgcolor")
    if node.get("background"):
        declared["background"] = "url()"
    for rule in _rules_for(node, rules) if rules else ():
        declared |= rule[3]
    if style := node.get("style"):
        declared |= _declared(style)
    if declared.get("display") == "none" and node.find(".//math") is None:
        node.set("hidden", "hidden")
    return _changed(above, declared) if declared else above


def _changed(appearance: _Appearance, declared: dict[str, str]) -> _Appearance:
    if (ground := declared.get("background", "") + " " + declared.get("background-color", "")).strip():
        appearance = replace(appearance, ground=_ground(ground, appearance.ground))
    if "background-image" in declared and declared["background-image"] != "none":
        appearance = replace(appearance, ground=None)
    if "color" in declared:
        if declared["color"] in ("transparent", "rgba(0,0,0,0)", "rgba(0, 0, 0, 0)"):
            appearance = replace(appearance, gone=True)
        elif declared["color"] not in ("inherit", "currentcolor"):
            appearance = replace(appearance, colour=_colour(declared["color"]))
    if (size := _pixels(declared.get("font-size", ""))) is not None:
        appearance = replace(appearance, tiny=size < _SMALLEST_PX)
    gone = (
        declared.get("display") == "none"
        or declared.get("visibility") in ("hidden", "collapse")
        or declared.get("opacity") in ("0", "0.0", "0%")
        or (_pixels(declared.get("text-indent", "")) or 0.0) <= _FAR_OFF_PX
        or _CLIPPED.search(declared.get("clip-path", "")) is not None
        or _SHRUNK.search(declared.get("transform", "")) is not None
    )
    if declared.get("overflow") in ("hidden", "clip"):
        sides = (
            _pixels(declared.get(f"{most}{side}", ""))
            for most in ("", "max-")
            for side in ("height", "width")
        )
        gone = gone or any(side is not None and side <= 0 for side in sides)
    if declared.get("position") in ("absolute", "fixed"):
        gone = gone or any(
            (_pixels(declared.get(side, "")) or 0.0) <= _FAR_OFF_PX for side in ("left", "top")
        )
        gone = gone or _CLIPPED.search(declared.get("clip", "")) is not None
    return replace(appearance, gone=appearance.gone or gone)


def _ground(value: str, above: _Colour | None) -> _Colour | None:
    if re.search(r"url\(|gradient|var\(", value):
        return None
    for word in re.findall(r"(?:rgb|hsl)a?\([^)]*\)|[#\w-]+", value):
        if word in ("transparent", "none", "inherit", "initial", "unset"):
            return above
        if (colour := _colour(word)) is not None:
            return colour
    return None


def _colour(value: str) -> _Colour | None:
    from PIL import ImageColor

    try:
        return ImageColor.getrgb(value)[:3]
    except ValueError:
        return None


def _pixels(value: str) -> float | None:
    match = _LENGTH.match(value.strip())
    if match is None:
        return None
    try:
        return float(match[1]) * _PX.get((match[2] or "").lower(), 8.0)
    except ValueError:
        return None
