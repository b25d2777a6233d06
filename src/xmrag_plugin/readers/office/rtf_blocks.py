"""Rich Text Format (RTF 1.9): its paragraphs, tables and pictures as blocks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from ...types import Element
from ..markup.parse import Block, LinkedPicture, Run, blocks_of, table_blocks
from ..symbols import is_symbol_font, symbol_text
from .rtf_words import (
    ASIDE,
    BY_DEFAULT,
    CHARSETS,
    MARGINS,
    MIN_LEGIBLE,
    PICTURE_KINDS,
    SKIPPED,
    SPOKEN,
    TOKEN,
    State,
    codec,
)

__all__ = ["blocks_of_rtf"]


@dataclass(slots=True)
class _Reader:
    data: bytes
    blocks: list[Block] = field(default_factory=list)
    state: State = field(default_factory=State)
    stack: list[State] = field(default_factory=list)
    run: Run = field(default_factory=Run)
    level: int = 0
    in_table: bool = False
    mark: str = ""
    cells: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    cell_pictures: list[tuple[int, int, LinkedPicture]] = field(default_factory=list)  # row, column, picture
    is_inner: bool = False  # what is read stands in a table in a cell
    aside: Run = field(default_factory=Run)  # of the outer cell while an inner one is read, and the reverse
    inner_cells: list[str] = field(default_factory=list)
    inner_rows: list[list[str]] = field(default_factory=list)
    inner_tables: list[Block] = field(default_factory=list)
    form: dict[str, int] = field(default_factory=dict)  # what is told of the field that is read
    choices: list[str] = field(default_factory=list)
    margins: dict[str, None] = field(default_factory=dict)  # lines of headers and footers, each once
    counts_pages: bool = False
    picture: bytearray = field(default_factory=bytearray)
    picture_kind: str = ""
    fonts: dict[int, str] = field(default_factory=dict)
    symbol_fonts: dict[int, str] = field(default_factory=dict)
    font: int = 0
    styles: dict[int, str] = field(default_factory=dict)
    colours: list[list[int]] = field(default_factory=lambda: [[]])
    text: bytearray = field(default_factory=bytearray)
    note: list[str] = field(default_factory=list)
    pending: list[Block] = field(default_factory=list)
    ignore: int = 0
    groups: int = 0
    page: int = 1

    def read(self) -> list[Block]:
        position, starred = 0, False
        while position < len(self.data):
            match = TOKEN.match(self.data, position)
            if match is None:
                position += 1
                continue
            position = match.end()
            word, number, escaped, symbol, brace, _, text = match.groups()
            if brace == b"{":
                self._flush_text()
                self.stack.append(self.state)
                self.state = replace(self.state)
            elif brace == b"}":
                self._close_group()
            elif word is not None:
                name, value = word.decode(), int(number) if number else None
                if name == "bin" and value:
                    if self.state.destination == "pict":
                        self.picture += self.data[position : position + value].hex().encode()
                    position += value
                elif starred and name not in ("shppict", "pict", "shpinst", "ffl", *ASIDE):
                    self._flush_text()
                    self.state.destination = "skipped"
                else:
                    self._word(name, value)
            elif escaped is not None:
                self._byte(bytes.fromhex(escaped.decode()))
            elif symbol is not None:
                self._symbol(symbol)
            elif text is not None:
                self._byte(text)
            starred = symbol == b"*"
        self._paragraph()
        self._close_table()
        margins = [Block(Element(kind="note", text="\n".join(self.margins)))] if self.margins else []
        return [*margins, *self.blocks]

    def _byte(self, text: bytes) -> None:
        if self.state.destination == "pict":
            self.picture += text
            return
        if self.ignore:
            skipped = min(self.ignore, len(text))
            self.ignore -= skipped
            text = text[skipped:]
        self.text += text

    def _flush_text(self) -> None:
        if not self.text:
            return
        text = bytes(self.text).decode("latin-1" if self.state.symbols else self.state.codepage, "replace")
        self.text.clear()
        self._add_text(text)

    def _add_text(self, text: str) -> None:
        destination = self.state.destination
        if destination == "fonttbl" and is_symbol_font(text.strip(" ;")):
            self.symbol_fonts[self.font] = text.strip(" ;")
        if destination == "fonttbl" or destination == "skipped":
            return
        if self.state.symbols:
            text = symbol_text(text, self.state.symbols)
        if destination == "choice":
            self.choices.append(text)
        elif destination == "colortbl":
            self.colours += [[] for _ in range(text.count(";"))]
        elif destination == "stylesheet":
            self.styles[self.state.style] = self.styles.get(self.state.style, "") + text
        elif destination in ASIDE or destination == "margin":
            self.note.append(text)
        elif destination == "listtext":
            self.mark += text
        elif not self._is_unseen():
            if self.state.raised:
                self.run.add_script(text, raised=self.state.raised > 0, emphasised=self.state.italic)
            else:
                self.run.add_text(text, emphasised=self.state.italic)

    def _is_unseen(self) -> bool:
        """Return whether words are hidden, struck out of the record, microscopic, or white on a page's white."""
        state = self.state
        if state.hidden or state.deleted or state.size < MIN_LEGIBLE:
            return True
        white = state.colour < len(self.colours) and self.colours[state.colour] == [255, 255, 255]
        return white and not state.ground and not self.in_table

    def _symbol(self, symbol: bytes) -> None:
        if symbol in b"\\{}":
            self._byte(symbol)
        elif symbol == b"~":
            self._byte(b" ")
        elif symbol == b"_":
            self._byte(b"-")
        elif symbol in b"\r\n":
            self._flush_text()
            self._paragraph()

    def _word(self, name: str, value: int | None) -> None:
        if name == "u" and value is not None:
            self._flush_text()
            self._add_character(value)
            self.ignore = self.state.skip
            return
        self._flush_text()
        state = self.state
        if name == "nestrow":
            self._inner_row()
        elif name in ("fftype", "ffres", "ffdefres"):
            self.form[name] = value or 0
        elif name == "ffl":
            state.destination = "choice"
        elif name == "fldrslt":
            self._form_field()
        if state.destination == "skipped":  # whatever stands inside: the other form of a picture
            return
        self.counts_pages = self.counts_pages or name in ("chpgn", "fldinst")
        if name in SKIPPED:
            state.destination = "skipped"
        elif name in MARGINS:
            state.destination, self.counts_pages = "margin", False
            self.note.clear()
        elif name in ("fonttbl", "stylesheet", "colortbl", *ASIDE):
            state.destination = name
            self.note.clear()
        elif name in ("listtext", "pntext"):
            state.destination = "listtext"
        elif name == "pict":
            state.destination, self.picture_kind = "pict", ""
            self.picture.clear()
        elif name in PICTURE_KINDS and state.destination == "pict":
            self.picture_kind = name
        elif name in SPOKEN:
            self._add_text(SPOKEN[name])
        elif state.destination == "":
            self._layout(name, value)
        elif name in ("par", "line") and state.destination in (*ASIDE, "margin"):
            self.note.append("\n")
        self._characters(name, value)

    def _characters(self, name: str, value: int | None) -> None:
        """Follow properties of characters, and the tables that define them."""
        state = self.state
        if name == "uc":
            state.skip = value or 0
        elif name == "i":
            state.italic = value != 0
        elif name in ("super", "sub", "nosupersub"):
            state.raised = {"super": 1, "sub": -1}.get(name, 0) if value != 0 else 0
        elif name in ("up", "dn"):  # by how many half points
            state.raised = (1 if name == "up" else -1) if value != 0 else 0
        elif name == "plain":
            state.italic = state.hidden = state.deleted = False
            state.symbols = ""
            state.raised, state.size, state.colour, state.ground = 0, 24, 0, 0
        elif name in ("red", "green", "blue") and state.destination == "colortbl":
            self.colours[-1].append(value or 0)
        elif name == "fs" and value is not None:
            state.size = value
        elif name == "cf":
            state.colour = value or 0
        elif name in ("highlight", "cb", "chcbpat", "cbpat"):
            state.ground = value or 0
        elif name == "v":
            state.hidden = value != 0
        elif name == "deleted":
            state.deleted = value != 0
        elif name == "ansicpg" and value:
            state.codepage = codec(value, "cp1252")
        elif name == "f" and value is not None:
            self.font = value
            if state.destination != "fonttbl":
                state.codepage = self.fonts.get(value, state.codepage)
                state.symbols = self.symbol_fonts.get(value, "")
        elif name == "fcharset" and value is not None and state.destination == "fonttbl":
            known = CHARSETS.get(value)
            if known is not None and value != 0:
                self.fonts[self.font] = known
        elif name == "cpg" and value and state.destination == "fonttbl":  # stands above the font's charset
            self.fonts[self.font] = codec(value, "cp1252")
        elif name == "s" and value is not None:
            state.style = value

    def _layout(self, name: str, value: int | None) -> None:
        """Follow ends of lines, paragraphs, cells and rows, and what paragraphs are."""
        if name == "par":
            self._paragraph()
        elif name == "line":
            self.run.break_line()
        elif name == "cell":
            self._cell()
        elif name == "row":
            self._row()
        elif name == "nestcell":
            self._stand(inside=True)
            self._lead()
            self.inner_cells.append(self.run.text)
            self._keep_pictures()
            self.run = Run()
        elif name == "itap":
            self._stand(inside=(value or 0) > 1)
        elif name == "pard":
            self.in_table, self.level, self.state.style = False, 0, 0
            self._stand(inside=False)
        elif name == "intbl":
            self.in_table = True
        elif name == "outlinelevel" and value is not None:
            self.level = value + 1 if value < 6 else 0
        elif name in ("page", "sect"):
            self._paragraph()
            self.page += 1

    def _add_character(self, value: int) -> None:
        """Return a Unicode character, maybe half of a pair (RTF writes UTF-16 units as signed numbers)."""
        unit = value % 65536
        last = self.run.pieces[-1].text if self.run.pieces else ""
        if 0xDC00 <= unit < 0xE000 and last and 0xD800 <= ord(last[-1]) < 0xDC00:
            pair = last[-1] + chr(unit)
            self.run.pieces[-1].text = last[:-1]
            self._add_text(pair.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
        else:
            self._add_text(chr(unit))

    def _close_group(self) -> None:
        self._flush_text()
        closed = self.state
        self.state = self.stack.pop() if self.stack else State()
        self.ignore = 0
        if closed.destination == self.state.destination:
            return
        if closed.destination == "pict":
            self._end_picture()
        elif closed.destination == "margin":
            self._margin("".join(self.note))
        elif closed.destination in ASIDE:
            lines = [" ".join(line.split()) for line in "".join(self.note).split("\n")]
            self.note.clear()
            if closed.destination in ("footnote", "annotation"):
                lead = "Comment: " if closed.destination == "annotation" else ""
                aside = Element(kind="note", text=lead + " ".join(filter(None, lines)))
            else:
                aside = Element(kind="paragraph", text="\n".join(filter(None, lines)))
            if any(lines):
                self.pending.append(Block(aside))

    def _end_picture(self) -> None:
        hexadecimal = re.sub(rb"[^0-9a-fA-F]", b"", bytes(self.picture))
        self.picture.clear()
        data = bytes.fromhex(hexadecimal[: len(hexadecimal) // 2 * 2].decode())
        if data and self.picture_kind:
            if self.picture_kind == "wmetafile" and data[:4] != b"\xd7\xcd\xc6\x9a":
                self.picture_kind = "metafile"
            self.run.add_picture(LinkedPicture(data=data))

    def _form_field(self) -> None:
        """Say what a box to be ticked or a list of choices shows; what was typed in stands in the text."""
        form, choices = self.form, self.choices
        self.form, self.choices = {}, []
        chosen = form.get("ffres", BY_DEFAULT)
        chosen = form.get("ffdefres", 0) if chosen == BY_DEFAULT else chosen
        if form.get("fftype") == 1:
            self.run.add_text("☒ " if chosen else "☐ ")
        elif 0 <= chosen < len(choices):
            self.run.add_text(choices[chosen])

    def _margin(self, text: str) -> None:
        """Keep what a header or a footer says; a page's number is nothing that it says."""
        for line in text.split("\n"):
            words = re.findall(r"[^\W\d_]{2,}", line)
            if len(words) > 2 or (words and not self.counts_pages):
                self.margins[" ".join(line.split())] = None
        self.note.clear()

    def _stand(self, *, inside: bool) -> None:
        """Turn to the table in a cell, or back to the cell."""
        if inside != self.is_inner:
            self.is_inner, self.run, self.aside = inside, self.aside, self.run

    def _lead(self) -> None:
        """Put the number of a list's item before its words, in a cell."""
        mark, self.mark = self.mark.strip(), ""
        line = next((n for n, piece in reversed([*enumerate(self.run.pieces, 1)]) if piece.text == "\n"), 0)
        if any(character.isalnum() for character in mark):
            self.run.lead(line, mark)

    def _keep_pictures(self) -> None:
        place = (len(self.rows), len(self.cells))
        self.cell_pictures.extend((*place, picture) for picture in self.run.pictures)

    def _cell(self) -> None:
        self._stand(inside=False)
        self._inner_row()
        if self.inner_rows:
            self.inner_tables += table_blocks(self.inner_rows, [])
            self.inner_rows = []
        self._lead()
        self._keep_pictures()
        self.cells.append(self.run.text)
        self.run = Run()

    def _inner_row(self) -> None:
        if self.inner_cells:
            self.inner_rows.append(self.inner_cells)
        self.inner_cells = []

    def _row(self) -> None:
        if self.cells:
            self.rows.append(self.cells)
        self.cells = []

    def _close_table(self) -> None:
        self._row()
        rows, self.rows = self.rows, []
        shown, self.cell_pictures = self.cell_pictures, []
        if rows and max(len(row) for row in rows) == 1:
            for row in filter(lambda row: row[0], rows):
                self._add(Element(kind="paragraph", text=row[0]))
            self.blocks += [Block(Element(kind="picture"), picture) for _, _, picture in shown]
        else:
            self.blocks += table_blocks(rows, shown)
        self.blocks += self.inner_tables
        self.inner_tables = []

    def _add(self, element: Element) -> None:
        self.blocks.append(Block(element))

    def _paragraph(self) -> None:
        if self.in_table and self.run.text:
            self._lead()
            self.run.break_line()
            return
        if not self.in_table:
            self._close_table()
        run, self.run = self.run, Run()
        mark, self.mark = self.mark.strip(), ""
        style = self.styles.get(self.state.style, "").strip(" ;").lower()
        heading = re.search(r"heading (\d)", style)
        level = self.level or (int(heading.group(1)) if heading else 1 if style == "title" else 0)
        run.captionlike = style == "caption"
        text = run.text
        if level and text:
            words = text.replace("\n", " ")
            numbered = bool(mark) and any(character.isalnum() for character in mark)
            self._add(
                Element(kind="heading", text=f"{mark} {words}" if numbered else words, level=min(level, 6))
            )
        elif mark and text:
            sign = mark if any(character.isalnum() for character in mark) else "-"
            self._item(f"{sign} " + text.replace("\n", " "))
        else:
            self.groups += 1
            self.blocks.extend(blocks_of(run, group=self.groups))
        pending, self.pending = self.pending, []
        self.blocks.extend(pending)

    def _item(self, line: str) -> None:
        last = self.blocks[-1].element if self.blocks else None
        if last is not None and last.kind == "list":
            last.text = f"{last.text}\n{line}"
        else:
            self._add(Element(kind="list", text=line))


def blocks_of_rtf(data: bytes) -> Iterator[Block]:
    """Yield the blocks of an RTF file, in order."""
    yield from _Reader(data).read()
