"""What a Word document's styles and numberings mean: headings, captions, code, list marks."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Any

from ...markup.parse import write_number
from .names import W, whole
from .run_properties import is_on, value_of

__all__ = ["CODE_STYLE", "Numbering", "Style", "Styles"]

_HEADING_NAME = re.compile(r"heading (\d)")
CODE_STYLE = re.compile(r"code|listing|preformatted|macro text|verbatim", re.I)
"""Names of styles whose paragraphs are code."""


@dataclass(slots=True)
class Style:
    """A style of paragraphs or of words.

    Attributes:
        name: Its built-in name, lower case: "heading 1", "caption", "toc 2".
        level: Heading level 1–6, 0 for none.
        numbering: ``(numId, ilvl)`` that it brings along.
        parent: The style that it is based on.
        italic: Whether its text is italic.
        hidden: Whether its text is not shown, None where it does not say.
        raised: ``superscript`` or ``subscript``.
        indent: How far its paragraphs are indented, None where it does not say.
    """

    name: str = ""
    level: int = 0
    numbering: tuple[str | None, int | None] = (None, None)
    parent: str = ""
    italic: bool = False
    hidden: bool | None = None
    raised: str = ""
    indent: int | None = None


class Styles:
    """The styles part; ``tree`` is None when a document has none."""

    def __init__(self, tree: Any | None) -> None:
        self._styles: dict[str, Style] = {}
        self._whole: dict[str, Style] = {}
        for node in tree.iter(f"{W}style") if tree is not None else ():
            self._styles[node.get(f"{W}styleId") or ""] = _style_of(node)

    def of(self, style_id: str | None) -> Style:
        """Return a style with what it inherits; it must not be changed."""
        asked = style_id or ""
        chain: dict[str, Style] = {}
        at = asked
        while at not in self._whole and at not in chain:
            chain[at] = self._styles.get(at, Style(name=at.lower() if at == asked else ""))
            at = chain[at].parent
            if not at:
                break
        outer = self._whole.get(at, Style())
        for name, own in reversed(chain.items()):  # each is worked out once, however often it is used
            outer = self._whole[name] = _inheriting(own, outer)
        return self._whole[asked]


def _inheriting(own: Style, outer: Style) -> Style:
    """Return a style with what it takes from the one that it is based on."""
    number, level = own.numbering
    if number is None:
        number, level = outer.numbering[0], level or outer.numbering[1]
    named = own.name if _is_meaningful(own.name) or not _is_meaningful(outer.name) else outer.name
    hidden = outer.hidden if own.hidden is None else own.hidden
    raised = own.raised or outer.raised
    indent = outer.indent if own.indent is None and own.numbering[0] is None else own.indent
    return Style(
        named, own.level or outer.level, (number, level), own.parent, own.italic, hidden, raised, indent
    )


def _is_meaningful(name: str) -> bool:
    named = name in ("caption", "title", "subtitle")
    return named or bool(_HEADING_NAME.match(name) or CODE_STYLE.search(name))


def _style_of(node: Any) -> Style:
    name = node.find(f"{W}name")
    based = node.find(f"{W}basedOn")
    style = Style(
        name=(name.get(f"{W}val") or "").lower() if name is not None else "",
        parent=based.get(f"{W}val") or "" if based is not None else "",
        italic=node.find(f"{W}rPr/{W}i") is not None,
        raised=value_of(node.find(f"{W}rPr/{W}vertAlign")),
    )
    hiding = node.find(f"{W}rPr/{W}vanish")
    if hiding is not None:
        style.hidden = is_on(hiding)
    outline = node.find(f"{W}pPr/{W}outlineLvl")
    heading = _HEADING_NAME.match(style.name)
    if heading is not None:
        style.level = min(6, max(1, int(heading.group(1))))
    elif style.name == "title":
        style.level = 1
    elif outline is not None and (outline.get(f"{W}val") or "9") in "012345":
        style.level = int(outline.get(f"{W}val")) + 1
    style.numbering = numbering_of(node.find(f"{W}pPr"))
    style.indent = indent_of(node.find(f"{W}pPr"))
    return style


def indent_of(properties: Any) -> int | None:
    """Return how far paragraph properties or a list's level indent their text, None where they do not say."""
    node = properties.find(f"{W}ind") if properties is not None else None
    value = node.get(f"{W}left") or node.get(f"{W}start") or "" if node is not None else ""
    return int(value) if value.isdecimal() and len(value) < 6 else None


def numbering_of(properties: Any) -> tuple[str | None, int | None]:
    """Return ``(numId, ilvl)`` of paragraph properties."""
    numbering = properties.find(f"{W}numPr") if properties is not None else None
    if numbering is None:
        return None, None
    number, level = numbering.find(f"{W}numId"), numbering.find(f"{W}ilvl")
    return (
        number.get(f"{W}val") if number is not None else None,
        whole(level.get(f"{W}val")) if level is not None else None,
    )


@dataclass(slots=True)
class _Level:
    form: str = "decimal"
    text: str = "%1."
    start: int = 1
    legal: bool = False  # all numbers of the mark are decimal ("Article II, 2.01")
    restarts: bool = True  # after an item of a higher level
    indent: int | None = None


@dataclass(slots=True)
class Numbering:
    """Count the document's lists as Word does."""

    levels: dict[str, dict[int, _Level]] = field(default_factory=dict)
    abstract: dict[str, str] = field(default_factory=dict)
    counts: dict[str, dict[int, int]] = field(default_factory=dict)

    @classmethod
    def of(cls, tree: Any | None) -> Numbering:
        """Build from the numbering part; without it there are no lists."""
        numbering = cls()
        if tree is None:
            return numbering
        definitions: dict[str | None, dict[int, _Level]] = {}
        styled: dict[str, str | None] = {}
        links: dict[str | None, str] = {}
        for node in tree.iterchildren(f"{W}abstractNum"):
            known = node.get(f"{W}abstractNumId")
            definitions[known] = {
                whole(level.get(f"{W}ilvl")): _level_of(level) for level in node.iterchildren(f"{W}lvl")
            }
            for link in node.iterchildren(f"{W}styleLink"):
                styled[link.get(f"{W}val") or ""] = known
            for link in node.iterchildren(f"{W}numStyleLink"):
                links[known] = link.get(f"{W}val") or ""
        for node in tree.iterchildren(f"{W}num"):
            number, link = node.get(f"{W}numId"), node.find(f"{W}abstractNumId")
            base = link.get(f"{W}val") if link is not None else None
            base = styled.get(links.get(base, ""), base)
            levels = dict(definitions.get(base, {}))
            restarted = False
            for override in node.iterchildren(f"{W}lvlOverride"):
                index = whole(override.get(f"{W}ilvl"))
                changed = override.find(f"{W}lvl")
                if changed is not None:
                    levels[index] = _level_of(changed)
                start = override.find(f"{W}startOverride")
                if start is not None:
                    old = levels.get(index, _Level())
                    levels[index] = replace(old, start=whole(start.get(f"{W}val"), 1))
                    restarted = True
            numbering.levels[number] = levels
            numbering.abstract[number] = f"{base}/{number}" if restarted else str(base)
        return numbering

    def mark(self, number: str | None, level: int) -> str | None:
        """Return the mark of the next paragraph of a list: "2.1", "(a)", "-" for bullets, None for no list."""
        if number is None or number == "0" or number not in self.levels:
            return None
        levels = self.levels[number]
        own = levels.get(level, _Level("bullet", ""))
        counts = self.counts.setdefault(self.abstract[number], {})
        counts[level] = counts.get(level, own.start - 1) + 1
        for deeper in [index for index in counts if index > level]:
            if levels.get(deeper, _Level()).restarts:
                del counts[deeper]
        if own.form in ("bullet", "none") and "%" not in own.text:
            return "-" if own.form == "bullet" else own.text.strip()
        text = own.text
        for index in range(level + 1):
            form = "decimal" if own.legal else levels.get(index, _Level()).form
            value = counts.get(index, levels.get(index, _Level()).start)
            text = text.replace(f"%{index + 1}", write_number(value, form))
        return text.strip()

    def indent(self, number: str | None, level: int) -> int | None:
        """Return how far the items of a level are indented, None where the list does not say."""
        levels = self.levels.get(number or "", {})
        return levels[level].indent if level in levels else None


def _level_of(node: Any) -> _Level:
    def value(name: str, default: str) -> str:
        found = node.find(f"{W}{name}")
        return str(found.get(f"{W}val", default)) if found is not None else default

    legal = node.find(f"{W}isLgl")
    return _Level(
        value("numFmt", "decimal"),
        value("lvlText", ""),
        whole(value("start", "1"), 1),
        legal=legal is not None and legal.get(f"{W}val") not in ("0", "false"),
        restarts=value("lvlRestart", "1") != "0",
        indent=indent_of(node.find(f"{W}pPr")),
    )
