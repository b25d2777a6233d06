"""AsciiDoc as a page: sections, blocks, lists, tables, pictures and references."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field

from ....errors import SourceTooLarge

__all__ = ["html_of_asciidoc"]

_SECTION = re.compile(r"^(={1,6}|#{1,6})\s+(\S.*?)(?:\s+\1)?$")
_ATTRIBUTE = re.compile(r"^:(!?[\w-]+!?):(?:\s+(.*))?$")
_BLOCK_LINE = re.compile(r"^\[([^\]]*)\]$")
_ANCHOR_LINE = re.compile(r"^\[\[([\w:.-]+)(?:,[^\]]*)?\]\]$")
_TITLE = re.compile(r"^\.([^\s.].*)$")
_IMAGE = re.compile(r"^image::([^\[]+)\[(.*)\]$")
_LIST_ITEM = re.compile(r"^\s*(\*{1,5}|-|\.{1,5}|\d+\.)\s+(\S.*)$")
_CHECKBOX = re.compile(r"^\[[ x*]\] ")
_TERM = re.compile(r"^(\S.*?)(?:::|;;)(?:\s+(.*))?$")
_ADMONITION = re.compile(r"^(NOTE|TIP|IMPORTANT|WARNING|CAUTION):\s+(.*)$")
_SKIPPED_LINE = re.compile(r"^(?:include|toc|video|audio)::.*\[.*\]$")
_CONDITION = re.compile(r"^(?:ifdef|ifndef|ifeval|endif)::[^\s\[]*\[(?P<said>[^\n]*)\]\s*$")
_FENCES = {"----": "listing", "....": "listing", "```": "listing", "++++": "raw", "////": "comment",
           "====": "open", "****": "open", "____": "quote", "--": "open"}  # fmt: skip
_CELL = re.compile(
    r"(?:(?P<across>\d+)?(?:\.(?P<down>\d+))?(?P<sign>[+*]))?(?:[<^>](?:\.[<^>])?)?[aehlmdsv]?\|"
)
_INLINE_PARTS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\bimage:([^\s\[:][^\[\s]*)\[([^\]]*)\]"), r'<img src="\1" alt="\2">'),
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


def html_of_asciidoc(text: str) -> str:
    """Return an AsciiDoc document as an HTML page.

    Includes are not followed and conditions are taken as true; what is not understood stays as text.
    """
    converter = _Converter([line for line in map(_unconditional, text.split("\n")) if line is not None])
    converter.read(len(converter.lines))
    body = "\n".join(converter.out)
    return f"<html><head><title>{html.escape(converter.title)}</title></head><body>{body}</body></html>"


def _unconditional(line: str) -> str | None:
    """Return a line without its condition; None where it is nothing else."""
    condition = _CONDITION.match(line)
    if condition is None:
        return line
    return condition["said"] if condition["said"] and not line.startswith("ifeval") else None


_MAX_SPAN = 200
_MAX_CELLS = 100_000
_NUMBERINGS = ("arabic", "loweralpha", "lowerroman", "upperalpha", "upperroman")


@dataclass(slots=True)
class _Converter:
    lines: list[str]
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
        elif (title := _TITLE.match(line)) is not None and not _LIST_ITEM.match(line) and line != "....":
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
        elif fence is not None:
            self._fenced(line if not line.startswith("```") else "```", fence)
        elif _LIST_ITEM.match(line):
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
        marked = html.escape(text, quote=False)
        for pattern, replacement in _INLINE_PARTS:
            marked = pattern.sub(replacement, marked)
        return _EMPTY_LINK.sub(r'<a href="#\1">\1</a>', marked)

    def _image(self, target: str, described: str) -> None:
        folder = self.attributes.get("imagesdir", "")
        for name, value in self.attributes.items():
            target = target.replace("{" + name + "}", value)
        if folder and "://" not in target and not target.startswith(("/", "data:")):
            target = f"{folder.rstrip('/')}/{target}"
        alt = re.split(r",|\b\w+=", described.strip())[0].strip().strip('"')
        named = re.search(r'\btitle="([^"]*)"', described)
        caption = self.caption or (named.group(1) if named is not None else "")
        inner = f'<img src="{html.escape(target)}" alt="{html.escape(alt)}">'
        inner += f"<figcaption>{self._inline(caption)}</figcaption>" if caption else ""
        self._emit(f"<figure{self._id()}>{inner}</figure>")

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
            lead = f"<p><b>{self._inline(caption)}</b></p>" if caption else ""
            self._emit(f"<{tag}>{lead}")
            self.position = start
            self.read(stop)
            self.out.append(f"</{tag}>")
        self.position = stop + 1

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
        lead += f"<b>{noted.group(1).capitalize()}:</b> " if noted is not None else ""
        words = text[noted.end(1) + 1 :] if noted is not None else text
        self._emit(f"<p{self._id()}>{lead}{self._inline(words.strip())}</p>")

    def _list(self, end: int) -> None:
        """Convert nested lists; a line with ``+`` attaches the next paragraph to its item."""
        depths: list[str] = []
        while self.position < end:
            line = self.lines[self.position].rstrip()
            item = _LIST_ITEM.match(line)
            if item is None:
                if line == "+":
                    self.position += 1
                    before = self.position
                    self.read(self._end_of_block(end))
                    self.position = max(self.position, before + 1)
                    continue
                following = self.lines[self.position + 1] if self.position + 1 < end else ""
                if not line and _LIST_ITEM.match(following) and depths:
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
            text = _CHECKBOX.sub("", " ".join(words))
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
        line = self.lines[self.position].rstrip() if self.position < end else ""
        stop = self.position + 1
        while stop < end:
            current = self.lines[stop].rstrip()
            if (line in _FENCES and current == line) or (line not in _FENCES and not current):
                return stop + 1
            stop += 1
        return end

    def _continues(self, line: str) -> bool:
        stripped = line.rstrip()
        return bool(stripped) and stripped != "+" and not _LIST_ITEM.match(line) and stripped not in _FENCES

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
            while self.position < end and not self.lines[self.position].strip():
                self.position += 1
            found = _TERM.match(self.lines[self.position].rstrip()) if self.position < end else None
        self.out.append("</dl>")
        self._emit("")

    def _table(self, line: str) -> None:
        start = self.position + 1
        stop = start
        while stop < len(self.lines) and self.lines[stop].rstrip() != line:
            stop += 1
        rows = self._rows([row for row in self.lines[start:stop] if not row.startswith("//")])
        caption = f"<caption>{self._inline(self.caption)}</caption>" if self.caption else ""
        body = "".join(f"<tr>{''.join(row)}</tr>" for row in rows)
        self._emit(f"<table{self._id()}>{caption}{body}</table>")
        self.position = stop + 1

    def _rows(self, lines: list[str]) -> list[list[str]]:
        """Return cells in rows of as many as ``cols`` says, else as the first line holds."""
        first = next((line for line in lines if line.strip()), "")
        cells: list[tuple[str, int, int]] = []
        for line in lines:
            parts = list(_CELL.finditer(line))
            if not parts or (parts[0].start() > 0 and line[: parts[0].start()].strip() and cells):
                tail = line[: parts[0].start()] if parts else line
                if cells:
                    cells[-1] = (f"{cells[-1][0]}\n{tail.strip()}".strip(), *cells[-1][1:])
            for part, following in zip(parts, [*parts[1:], None], strict=False):
                text = line[part.end() : following.start() if following is not None else len(line)].strip()
                count = int(part["across"] or 1)
                repeated = count if part["sign"] == "*" else 1
                spans = part["sign"] == "+"
                down = min(int(part["down"] or 1), _MAX_SPAN) if spans else 1
                if len(cells) > _MAX_CELLS:
                    raise SourceTooLarge(
                        f"A table of the document has more than {_MAX_CELLS:,} cells.",
                        hint="Split the table.",
                    )
                cells.extend([(text, min(count, _MAX_SPAN) if spans else 1, down)] * min(repeated, _MAX_SPAN))
        listed = re.search(r'cols="?([^"\]]+)"?', self.style)
        width = (
            _columns(listed.group(1))
            if listed is not None
            else sum(int(cell["across"] or 1) for cell in _CELL.finditer(first))
        )
        rows: list[list[str]] = [[]]
        column = 0
        taken: dict[int, int] = {}  # by column: rows that a cell above still takes
        for text, across, down in cells:
            while column < width and taken.get(column, 0):
                taken[column] -= 1
                column += 1
            spans = (f' colspan="{across}"' if across > 1 else "") + (
                f' rowspan="{down}"' if down > 1 else ""
            )
            rows[-1].append(f"<td{spans}>{self._inline(text)}</td>")
            taken.update(dict.fromkeys(range(column, column + across), down - 1))
            column += across
            while column < width and taken.get(column, 0):
                taken[column] -= 1
                column += 1
            if column >= max(width, 1):
                rows.append([])
                column = 0
        return [row for row in rows if row]


def _columns(listed: str) -> int:
    """Count columns: ``1,2,3`` and ``3*`` are three each."""
    total = 0
    for part in re.split(r"[,;]", listed):
        repeated = re.match(r"\s*(\d+)\*", part)
        total += int(repeated.group(1)) if repeated is not None else 1
    return total


def _closing(mark: str) -> str:
    return "</ul>" if mark[0] in "*-" else "</ol>"
