"""AsciiDoc as a page: sections, blocks, lists, tables, pictures and references."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from .asciidoc_tables import LIST_ITEM, rows_of_table

__all__ = ["html_of_asciidoc"]

_SECTION = re.compile(r"^(={1,6}|#{1,6})\s+(\S.*?)(?:\s+\1)?$")
_ATTRIBUTE = re.compile(r"^:(!?[\w-]+!?):(?:\s+(.*))?$")
_BLOCK_LINE = re.compile(r"^\[([^\]]*)\]$")
_ANCHOR_LINE = re.compile(r"^\[\[([\w:.-]+)(?:,[^\]]*)?\]\]$")
_TITLE = re.compile(r"^\.([^\s.].*)$")
_IMAGE = re.compile(r"^image::([^\[]+)\[(.*)\]$")
_CALLOUT = re.compile(r"^<(\d+|\.)>\s+(\S.*)$")
_CHECKBOX = re.compile(r"^\[[x*]\] ")
_TERM = re.compile(r"^(\S.*?)(?:::|;;)(?:\s+(.*))?$")
_ADMONITION = re.compile(r"^(NOTE|TIP|IMPORTANT|WARNING|CAUTION):\s+(.*)$")
_SKIPPED_LINE = re.compile(r"^(?:include|toc|video|audio)::.*\[.*\]$")
_INCLUDE = re.compile(r"^include::([^\[\n]+)\[")
_CONDITION = re.compile(r"^(?P<kind>ifdef|ifndef|ifeval|endif)::(?P<names>[^\s\[]*)\[(?P<said>[^\n]*)\]\s*$")
_FENCES = {"----": "listing", "....": "listing", "```": "listing", "++++": "raw", "////": "comment",
           "====": "open", "****": "open", "____": "quote", "--": "open"}  # fmt: skip
_INLINE_IMAGE = re.compile(r"\bimage:([^\s\[:][^\[\s]{0,500})\[([^\]]{0,1000})\]")
_INLINE_PARTS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"footnote:[\w-]*\[([^\]]*)\]"), r" (\1)"),
    (re.compile(r"&lt;&lt;([\w:.\-# ]+?)(?:,\s*([^&]+?))?&gt;&gt;"), r'<a href="#\1">\2</a>'),
    (re.compile(r"\bxref:([^\[\s]+)\[([^\]]*)\]"), r'<a href="#\1">\2</a>'),
    (re.compile(r"\blink:([^\[\s]+)\[([^\]]*)\]"), r"\2"),
    (re.compile(r"\b((?:https?|ftp)://[^\s\[\]<>]+|mailto:[^\s\[]+)\[([^\]]*)\]"), r"\2"),
    (re.compile(r"\b(?:kbd|btn|menu|stem|latexmath|asciimath):[^\[\s]*\[([^\]]*)\]"), r"\1"),
    (re.compile(r"\[\[([\w:.-]+)(?:,[^\]]*)?\]\]"), r'<span data-anchor="\1"></span>'),
    (re.compile(r"(?<![\w`])`\+?([^`\n]+?)\+?`(?![\w`])"), r"<code>\1</code>"),
    (re.compile(r"\*\*(\S.*?)\*\*"), r"<b>\1</b>"),
    (re.compile(r"(?<![\w*])\*(\S(?:[^*\n]*\S)?)\*(?![\w*])"), r"<b>\1</b>"),
    (re.compile(r"(?<![\w_])_(\S(?:[^_\n]*\S)?)_(?![\w_])"), r"<em>\1</em>"),
    (re.compile(r"(?:\[[\w.#-]*\])?(?<!\w)#(\S[^#\n]*?)#(?!\w)"), r"\1"),
    (re.compile(r"\^(\S[^^\n]*)\^"), r"<sup>\1</sup>"),
    (re.compile(r"(?<!~)~(\S[^~\n]*)~(?!~)"), r"<sub>\1</sub>"),
    (re.compile(r" \+$", re.M), "<br>"),
)
_EMPTY_LINK = re.compile(r'<a href="#([^"]+)"></a>')


def html_of_asciidoc(text: str, included: Callable[[str], str] = lambda name: "") -> str:
    """Return an AsciiDoc document as an HTML page.

    Conditions on attributes that the document sets or unsets are followed, others taken as true; what is not
    understood stays as text.

    Args:
        text: The document.
        included: Returns the text of a file with rows of a table; other includes are not followed.
    """
    converter = _Converter(_unconditional(text.split("\n")), included)
    converter.read(len(converter.lines))
    body = "\n".join(converter.out)
    return f"<html><head><title>{html.escape(converter.title)}</title></head><body>{body}</body></html>"


def _unconditional(lines: list[str]) -> list[str]:
    """Return lines without their conditions, and without what a condition leaves out."""
    known: dict[str, bool] = {}
    kept: list[str] = []
    outer: list[bool] = []  # whether what stands in each open condition is shown
    for line in lines:
        condition = _CONDITION.match(line)
        if condition is None:
            shown = all(outer)
            if shown and (attribute := _ATTRIBUTE.match(line)) is not None:
                known[attribute[1].strip("!")] = "!" not in attribute[1]
            kept += [line] if shown else []
        elif condition["kind"] == "endif":
            del outer[-1:]
        else:
            holds = _holds(condition, known)
            if condition["said"] and condition["kind"] != "ifeval":
                kept += [condition["said"]] if holds and all(outer) else []
            else:
                outer.append(holds)
    return kept


def _holds(condition: re.Match[str], known: dict[str, bool]) -> bool:
    names = re.split(r"[,+]", condition["names"])
    if condition["kind"] == "ifeval" or not all(name in known for name in names):
        return True
    told = [known[name] for name in names]
    is_set = all(told) if "+" in condition["names"] else any(told)
    return is_set == (condition["kind"] == "ifdef")


_NUMBERINGS = ("arabic", "loweralpha", "lowerroman", "upperalpha", "upperroman")


@dataclass(slots=True)
class _Converter:
    lines: list[str]
    included: Callable[[str], str]
    out: list[str] = field(default_factory=list)
    attributes: dict[str, str] = field(default_factory=dict)
    position: int = 0
    title: str = ""
    caption: str = ""
    anchor: str = ""
    style: str = ""

    def read(self, end: int) -> None:
        """Convert lines up to ``end``."""
        while self.position < end:
            line = self.lines[self.position].rstrip()
            if (
                not line
                or (line.startswith("//") and not line.startswith("////"))
                or _SKIPPED_LINE.match(line)
            ):
                self.position += 1
            elif not self._one_line(line):
                self._block(line, end)

    def _one_line(self, line: str) -> bool:
        """Convert a line that means something by itself; return whether it was one."""
        if (attribute := _ATTRIBUTE.match(line)) is not None:
            self.attributes[attribute.group(1).strip("!")] = (attribute.group(2) or "").strip()
        elif (section := _SECTION.match(line)) is not None:
            level = len(section.group(1))
            self.title = self.title or (section.group(2) if level == 1 else "")
            self._emit(f"<h{level}{self._id()}>{self._inline(section.group(2))}</h{level}>")
            if level == 1 and len(self.out) == 1:
                self._skip_header()
        elif (anchor := _ANCHOR_LINE.match(line)) is not None:
            self.anchor = anchor.group(1)
        elif (attributes := _BLOCK_LINE.match(line)) is not None:
            marked = re.search(r"#([\w:.-]+)|\bid=([\w:.-]+)", attributes.group(1))
            self.anchor = (marked.group(1) or marked.group(2)) if marked is not None else self.anchor
            self.style = attributes.group(1)
        elif (title := _TITLE.match(line)) is not None and not LIST_ITEM.match(line) and line != "....":
            self.caption = title.group(1)
        elif (image := _IMAGE.match(line)) is not None:
            self._image(image.group(1), image.group(2))
        elif re.fullmatch(r"'{3,}|<{3,}|-{3}|\*{3}", line):
            self.style = ""
        else:
            return False
        self.position += 1
        return True

    def _skip_header(self) -> None:
        """Pass over author and revision lines, which follow the title at once."""
        while self.position + 1 < len(self.lines):
            line = self.lines[self.position + 1].strip()
            attribute = _ATTRIBUTE.match(line)
            if not line or line.startswith(("=", "[", ".", "//")):
                return
            if attribute is not None:
                self.attributes[attribute.group(1).strip("!")] = (attribute.group(2) or "").strip()
            self.position += 1

    def _block(self, line: str, end: int) -> None:
        fence = _FENCES.get(line) or (
            _FENCES.get(line[:4]) if re.fullmatch(r"([-.=*_+/])\1{3,}", line) else None
        )
        fence = fence or ("listing" if line.startswith("```") else None)
        if line.startswith(("|===", ",===", ":===", "!===")):
            self._table(line)
        elif _CALLOUT.match(line):
            self._callouts(end)
        elif fence is not None:
            self._fenced(line if not line.startswith("```") else "```", fence)
        elif LIST_ITEM.match(line):
            self._list(end)
        elif (term := _TERM.match(line)) is not None and not line.startswith(("http", "image")):
            self._terms(term, end)
        elif line.startswith(" ") and not self.style:
            self._literal(end)
        else:
            self._paragraph(end)

    def _emit(self, markup: str) -> None:
        self.out.append(markup)
        self.caption = self.anchor = self.style = ""

    def _id(self) -> str:
        return f' id="{html.escape(self.anchor)}"' if self.anchor else ""

    def _inline(self, text: str) -> str:
        for name, value in self.attributes.items():
            text = text.replace("{" + name + "}", value)
        text = re.sub(r"\{(?:nbsp|empty|sp|zwsp|blank)\}", " ", text)
        marked = _INLINE_IMAGE.sub(
            lambda image: f'<img src="{self._target(image[1])}" alt="{image[2].partition(",")[0]}">',
            html.escape(text, quote=False),
        )
        for pattern, replacement in _INLINE_PARTS:
            marked = pattern.sub(replacement, marked)
        return _EMPTY_LINK.sub(r'<a href="#\1">\1</a>', marked)

    def _image(self, target: str, described: str) -> None:
        target = self._target(target)
        alt = re.split(r",|\b\w+=", described.strip())[0].strip().strip('"')
        named = re.search(r'\btitle="([^"]*)"', described)
        caption = self.caption or (named.group(1) if named is not None else "")
        inner = f'<img src="{html.escape(target)}" alt="{html.escape(alt)}">'
        inner += f"<figcaption>{self._inline(caption)}</figcaption>" if caption else ""
        self._emit(f"<figure{self._id()}>{inner}</figure>")

    def _target(self, target: str) -> str:
        """Return where a picture lies: in the folder that the document names for all of them."""
        folder = self.attributes.get("imagesdir", "")
        for name, value in self.attributes.items():
            target = target.replace("{" + name + "}", value)
        inside = folder and "://" not in target and not target.startswith(("/", "data:"))
        return f"{folder.rstrip('/')}/{target}" if inside else target

    def _fenced(self, line: str, kind: str) -> None:
        start = self.position + 1
        stop = start
        while stop < len(self.lines) and self.lines[stop].rstrip() != line:
            stop += 1
        inner = "\n".join(self.lines[start:stop])
        caption, style = self.caption, self.style
        if kind == "listing" or style.startswith(("source", "listing", "literal")):
            if caption:
                self.out.append(f"<p><b>{self._inline(caption)}</b></p>")
            self._emit(f"<pre>{html.escape(inner)}</pre>")
        elif kind == "raw":
            self._emit(
                inner
                if not style.startswith(("stem", "latexmath", "asciimath"))
                else f"<p>{html.escape(inner)}</p>"
            )
        elif kind != "comment":
            tag = "blockquote" if kind == "quote" else "div"
            said = ": ".join(filter(None, (_kind_of_note(style), self._inline(caption))))
            lead = f"<p><b>{said}</b></p>" if said else ""
            self._emit(f"<{tag}>{lead}")
            self.position = start
            self.read(stop)
            self.out.append(f"</{tag}>")
        self.position = stop + 1

    def _callouts(self, end: int) -> None:
        """Convert what is said of the numbered places of a listing."""
        self.out.append("<ol>")
        while (
            self.position < end and (item := _CALLOUT.match(self.lines[self.position].rstrip())) is not None
        ):
            words = [item[2]]
            self.position += 1
            while (
                self.position < end
                and (line := self.lines[self.position]).strip()
                and not _CALLOUT.match(line)
            ):
                words.append(line.strip())
                self.position += 1
            self.out.append(f"<li>{self._inline(' '.join(words))}</li>")
        self._emit("</ol>")

    def _literal(self, end: int) -> None:
        start = self.position
        while self.position < end and self.lines[self.position].startswith(" "):
            self.position += 1
        self._emit(f"<pre>{html.escape(chr(10).join(self.lines[start : self.position]))}</pre>")

    def _paragraph(self, end: int) -> None:
        lines: list[str] = []
        while self.position < end:
            line = self.lines[self.position].rstrip()
            starts_block = bool(lines) and (
                line in _FENCES or _BLOCK_LINE.match(line) or line.startswith("|===")
            )
            if not line or starts_block or (lines and line == "+"):
                break
            if not line.startswith("//"):
                lines.append(line)
            self.position += 1
        text = "\n".join(lines)
        if self.style.startswith(("source", "listing", "literal")):
            self._emit(f"<pre>{html.escape(text)}</pre>")
            return
        noted = _ADMONITION.match(text)
        lead = f"<b>{self._inline(self.caption)}</b><br>" if self.caption else ""
        kind = noted.group(1).capitalize() if noted is not None else _kind_of_note(self.style)
        lead += f"<b>{kind}:</b> " if kind else ""
        words = text[noted.end(1) + 1 :] if noted is not None else text
        self._emit(f"<p{self._id()}>{lead}{self._inline(words.strip())}</p>")

    def _list(self, end: int) -> None:
        """Convert nested lists; a line with ``+`` attaches the next paragraph to its item."""
        depths: list[str] = []
        if self.caption:
            self.out.append(f"<p><b>{self._inline(self.caption)}</b></p>")
            self.caption = ""
        while self.position < end:
            line = self.lines[self.position].rstrip()
            item = LIST_ITEM.match(line)
            if item is None:
                if line == "+":
                    self.position += 1
                    before = self.position
                    self.read(self._end_of_block(end))
                    self.position = max(self.position, before + 1)
                    continue
                following = self.lines[self.position + 1] if self.position + 1 < end else ""
                if not line and LIST_ITEM.match(following) and depths:
                    self.position += 1
                    continue
                break
            mark = "1." if item.group(1)[0].isdigit() else item.group(1)
            if mark in depths:
                while depths[-1] != mark:
                    self.out.append(_closing(depths.pop()))
            else:
                depths.append(mark)
                self.out.append("<ul>" if mark[0] in "*-" else f"<ol{self._numbering(item.group(1))}>")
                self.style = ""
            words = [item.group(2)]
            self.position += 1
            while self.position < end and self._continues(self.lines[self.position]):
                words.append(self.lines[self.position].strip())
                self.position += 1
            text = _CHECKBOX.sub("[x] ", " ".join(words))
            self.out.append(f"<li>{self._inline(text)}")  # left open for what is attached to it
        while depths:
            self.out.append(_closing(depths.pop()))
        self._emit("")

    def _numbering(self, mark: str) -> str:
        """Return the attributes of an ordered list: ``[loweralpha,start=4]``, ``[%reversed]``, or by its first mark."""
        form = next((name for name in _NUMBERINGS if name in self.style), "")
        if not form and mark.startswith("."):
            form = _NUMBERINGS[min(len(mark), len(_NUMBERINGS)) - 1]
        start = re.search(r"\bstart=[\"']?(\d+)", self.style)
        first = start.group(1) if start is not None else mark.rstrip(".") if mark[0].isdigit() else ""
        reverse = " reversed" if "%reversed" in self.style or "reversed-option" in self.style else ""
        return f' class="{form}"' + (f' start="{first}"' if first else "") + reverse

    def _end_of_block(self, end: int) -> int:
        """Return where the block that begins here ends."""
        at = self.position
        while at < end and (_BLOCK_LINE.match(self.lines[at]) or _ANCHOR_LINE.match(self.lines[at])):
            at += 1
        line = self.lines[at].rstrip() if at < end else ""
        if _IMAGE.match(line):
            return at + 1
        fenced = (
            line in _FENCES or line.startswith(("|===", "```")) or re.fullmatch(r"([-.=*_+/])\1{3,}", line)
        )
        closing = "```" if line.startswith("```") else line
        for stop in range(at + 1, end):
            current = self.lines[stop].rstrip()
            if fenced and current == closing:
                return stop + 1
            if not fenced and (current in ("", "+") or LIST_ITEM.match(current)):
                return stop
        return end

    def _continues(self, line: str) -> bool:
        stripped = line.rstrip()
        return bool(stripped) and stripped != "+" and not LIST_ITEM.match(line) and stripped not in _FENCES

    def _terms(self, term: re.Match[str], end: int) -> None:
        self.out.append("<dl>")
        found: re.Match[str] | None = term
        while found is not None:
            self.position += 1
            words = [found.group(2) or ""]
            while self.position < end and self._continues(self.lines[self.position]):
                if _TERM.match(self.lines[self.position]):
                    break
                words.append(self.lines[self.position].strip())
                self.position += 1
            self.out.append(
                f"<dt>{self._inline(found.group(1))}</dt><dd>{self._inline(' '.join(words).strip())}</dd>"
            )
            while self.position < end and self.lines[self.position].rstrip() == "+":
                self.position += 1
                self.out.append("</dl>")
                before = self.position
                self.read(self._end_of_block(end))
                self.position = max(self.position, before + 1)
                self.out.append("<dl>")
            while self.position < end and not self.lines[self.position].strip():
                self.position += 1
            found = _TERM.match(self.lines[self.position].rstrip()) if self.position < end else None
        self.out.append("</dl>")
        self._emit("")

    def _blocks(self, text: str) -> str:
        """Return a cell that is a document of its own."""
        inner = _Converter(text.split("\n"), self.included, attributes=self.attributes)
        inner.read(len(inner.lines))
        return "\n".join(inner.out)

    def _table(self, line: str) -> None:
        start = self.position + 1
        stop = start
        while stop < len(self.lines) and self.lines[stop].rstrip() != line:
            stop += 1
        inner: list[str] = []
        for row in self.lines[start:stop]:
            if (include := _INCLUDE.match(row)) is not None:
                inner += self.included(self._target(include[1])).splitlines()
            elif not row.startswith("//"):
                inner.append(row.replace("!", "|") if line[0] == "!" else row)
        rows = rows_of_table(inner, line, self.style, self._inline, self._blocks)
        caption = f"<caption>{self._inline(self.caption)}</caption>" if self.caption else ""
        body = "".join(f"<tr>{''.join(row)}</tr>" for row in rows)
        self._emit(f"<table{self._id()}>{caption}{body}</table>")
        self.position = stop + 1


def _kind_of_note(style: str) -> str:
    """Return what a block calls itself, as ``[WARNING]`` above it says."""
    named = re.match(r"(?:NOTE|TIP|IMPORTANT|WARNING|CAUTION)\b", style)
    return named[0].capitalize() if named is not None else ""


def _closing(mark: str) -> str:
    return "</ul>" if mark[0] in "*-" else "</ol>"
