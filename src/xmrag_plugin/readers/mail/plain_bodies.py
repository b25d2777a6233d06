"""What the plain text of a mail holds beside its words: lines that flow on (RFC 3676), files written as text (uuencode)."""

from __future__ import annotations

import binascii
import re

__all__ = ["flowing", "without_written_files"]

_BEGIN = re.compile(r"begin [0-7]{3,4} (?P<name>[^\n]{1,255})")
_CODED = re.compile(r"[\x20-\x60]{1,100}")
_QUOTED = re.compile(r"(>+) ?")


def flowing(text: str, *, delete_space: bool) -> str:
    """Return a text whose lines end where its author ended them.

    Args:
        text: A body of ``format=flowed``: a line with a space at its end goes on in the next.
        delete_space: Whether that space is no part of the text (``delsp=yes``).
    """
    found: list[str] = []
    depth, is_open = "", False
    for line in text.split("\n"):
        mark = _QUOTED.match(line)
        own = mark[1] if mark is not None else ""
        line = (line[mark.end() :] if mark is not None else line).removeprefix(" ")
        goes_on = line.endswith(" ") and line != "-- "
        said = line[:-1] if goes_on and delete_space else line
        if is_open and own == depth:
            found[-1] += said
        else:
            found.append(f"{own} {said}" if own else said)
        depth, is_open = own, goes_on
    return "\n".join(found)


def without_written_files(text: str) -> tuple[str, list[tuple[str, bytes]]]:
    """Return a text without the files that are written into it by uuencode, and those files by their names."""
    if "\nend" not in text:
        return text, []
    kept: list[str] = []
    files: list[tuple[str, bytes]] = []
    lines = text.split("\n")
    place = 0
    while place < len(lines):
        begun = _BEGIN.fullmatch(lines[place].rstrip())
        read = _decoded(lines, place + 1) if begun is not None else None
        if begun is None or read is None:
            kept.append(lines[place])
            place += 1
        else:
            files.append((begun["name"], read[0]))
            place = read[1]
    return "\n".join(kept), files


def _decoded(lines: list[str], place: int) -> tuple[bytes, int] | None:
    data = bytearray()
    while place < len(lines):
        line = lines[place].rstrip("\r")
        place += 1
        if line.strip() == "end":
            return bytes(data), place
        if not line.strip() or line.strip() == "`":
            continue
        if not _CODED.fullmatch(line):
            return None
        try:
            data += binascii.a2b_uu(line)
        except binascii.Error:
            return None
    return None
