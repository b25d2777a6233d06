"""Calendars (iCalendar, RFC 5545) and address cards (vCard, RFC 6350), entry by entry."""

from __future__ import annotations

import base64
import binascii
import quopri
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from ...types import Element, Picture
from .. import ReadContext, Reader, accept_picture
from ..markup.parse import read_text

__all__ = ["CalendarReader"]

_BEGIN = re.compile(rb"^(?:\xef\xbb\xbf)?\s*BEGIN:V(?:CALENDAR|CARD)\s*$", re.I | re.M)
_LINE = re.compile(
    r"^(?:[\w-]+\.)?(?P<name>[\w-]+)(?P<parameters>(?:;[^:;\"]*(?:\"[^\"]*\"[^:;\"]*)*)*):(?P<value>.*)$",
    re.S,
)
_ESCAPED = re.compile(r"\\([\\;,nN:])")
_MOMENT = re.compile(r"(\d{4})-?(\d\d)-?(\d\d)(?:T(\d\d):?(\d\d)(?::?\d\d)?(Z?))?")
_ENTRIES = frozenset(("VEVENT", "VTODO", "VJOURNAL", "VCARD"))
_TITLES = ("SUMMARY", "FN", "ORG", "N", "NICKNAME")
_MOMENTS = frozenset(("DTSTART", "DTEND", "DUE", "COMPLETED", "BDAY", "ANNIVERSARY"))
_CALLED = {
    "SUMMARY": "Summary", "DTSTART": "Start", "DTEND": "End", "DUE": "Due", "COMPLETED": "Completed", "DURATION": "Duration", "RRULE": "Repeats",
    "LOCATION": "Location", "ORGANIZER": "Organizer", "ATTENDEE": "Attendee", "DESCRIPTION": "Description", "COMMENT": "Comment",
    "CATEGORIES": "Categories", "STATUS": "Status", "URL": "URL", "PRIORITY": "Priority", "CONTACT": "Contact", "FN": "Name",
    "N": "Name", "NICKNAME": "Nickname", "ORG": "Organisation", "TITLE": "Title", "ROLE": "Role", "TEL": "Phone",
    "EMAIL": "Email", "ADR": "Address", "BDAY": "Birthday", "ANNIVERSARY": "Anniversary", "NOTE": "Note", "IMPP": "Chat",
}  # fmt: skip
"""What an entry's properties are called; others are for programs."""


@dataclass(slots=True)
class _Entry:
    said: list[tuple[str, str]] = field(default_factory=list)
    pictures: list[bytes] = field(default_factory=list)

    @property
    def title(self) -> str:
        """Return what the entry is called, by the first kind of name that it has."""
        return next((words for kind in _TITLES for name, words in self.said if name == kind), "")

    @property
    def lines(self) -> list[str]:
        """Return its other particulars."""
        return [f"- {_CALLED[name]}: {words}" for name, words in self.said if words != self.title]


class CalendarReader(Reader):
    """Read appointments, tasks and address cards: what each is called, when, where and with whom; portraits."""

    name: ClassVar[str] = "calendar"
    suffixes: ClassVar[tuple[str, ...]] = (".ics", ".ical", ".vcs", ".vcf", ".vcard")
    textual: ClassVar[bool] = True
    self_contained: ClassVar[bool] = True

    @classmethod
    def sniff(cls, head: bytes, path: Path) -> bool:
        """Accept text that begins as a calendar or a card does."""
        return _BEGIN.match(head) is not None

    def read(self, path: Path, context: ReadContext) -> Iterator[Element]:
        """Yield a heading and the particulars of each entry."""
        for entry in _entries(read_text(path, context)):
            if entry.title:
                yield Element(kind="heading", text=entry.title, level=2)
            if entry.lines:
                yield Element(kind="list", text="\n".join(entry.lines))
            for data in entry.pictures:
                picture = Picture(data=data, alt=entry.title, caption=entry.title)
                if accept_picture(picture, context, document=path.name) is not None:
                    yield Element(kind="picture", picture=picture)


def _entries(text: str) -> Iterator[_Entry]:
    entry: _Entry | None = None
    inner = 0  # alarms and the like inside an entry
    for line in _unfolded(text):
        found = _LINE.match(line)
        if found is None:
            continue
        name, value = found["name"].upper(), found["value"].strip()
        if name == "BEGIN":
            if entry is not None:
                inner += 1
            elif value.upper() in _ENTRIES:
                entry = _Entry()
        elif name == "END" and entry is not None:
            if inner:
                inner -= 1
                continue
            yield entry
            entry = None
        elif entry is not None and not inner:
            _take(entry, name, found["parameters"], value)
    if entry is not None:
        yield entry


def _unfolded(text: str) -> list[str]:
    """Return logical lines: those that begin with white space go on in the line before; so do soft ends of vCard 2.1."""
    lines: list[list[str]] = []
    soft = False
    for line in text.splitlines():
        if lines and (soft or line[:1] in (" ", "\t")):
            lines[-1].append(line if soft else line[1:])
        else:
            lines.append([line])
        soft = line.endswith("=") and "QUOTED-PRINTABLE" in lines[-1][0].upper()
        if soft:
            lines[-1][-1] = line[:-1]
    return ["".join(parts) for parts in lines]


def _take(entry: _Entry, name: str, parameters: str, value: str) -> None:
    if name in ("PHOTO", "LOGO"):
        encoded = value.partition(",")[2] if value.startswith("data:") else value
        try:
            entry.pictures.append(base64.b64decode(re.sub(r"\s", "", encoded), validate=True))
        except (binascii.Error, ValueError):
            return
    elif name in _CALLED and (words := _words(name, parameters, value)):
        entry.said.append((name, words))


def _words(name: str, parameters: str, value: str) -> str:
    if "QUOTED-PRINTABLE" in parameters.upper():
        value = quopri.decodestring(value.encode()).decode("utf-8", "replace")
    if name in _MOMENTS:
        return _moment(value, parameters)
    if name in ("ADR", "N", "ORG"):
        parts = [part.strip() for part in re.split(r"(?<!\\);", value)]
        if name == "N":
            parts = [*parts[1:3], *parts[:1]]
        value = (" " if name == "N" else ", ").join(filter(None, parts))
    text = _ESCAPED.sub(lambda escape: "\n" if escape[1] in "nN" else escape[1], value)
    said = " ".join(text.split())
    if name in ("ORGANIZER", "ATTENDEE"):
        address = said.removeprefix("mailto:").removeprefix("MAILTO:")
        person = re.search(r";CN=\"?([^\";:]+)", parameters, re.I)
        return f"{person[1]} <{address}>" if person is not None else address
    return said


def _moment(value: str, parameters: str) -> str:
    found = _MOMENT.match(value)
    if found is None:
        return value
    day = f"{found[1]}-{found[2]}-{found[3]}"
    if found[4] is None:
        return day
    zone = re.search(r";TZID=\"?([^\";:]+)", parameters, re.I)
    where = " UTC" if found[6] else f" ({zone[1]})" if zone is not None else ""
    return f"{day} {found[4]}:{found[5]}{where}"
