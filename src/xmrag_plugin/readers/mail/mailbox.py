"""Mailboxes (mbox, RFC 4155): message by message."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from ...errors import SourceTooLarge
from ...types import Element
from .. import ReadContext, Reader
from ..context import Budget
from .email import elements_of_message

__all__ = ["MailboxReader"]

_MAX_MESSAGE_BYTES = 128 << 20
_FROM_LINE = re.compile(rb"From \S+.*\d{4}\s*$|From -? ?\w{3} \w{3} ")
_QUOTED_FROM = re.compile(rb"^>(>*From )", re.M)
_BEGINS = re.compile(rb"^From [^\r\n]*\r?\n[!-9;-~]{2,60}:[ \t]?[^\r\n]*\r?\n")


class MailboxReader(Reader):
    """Read each message with its pictures and attachments, as a mail of its own."""

    name: ClassVar[str] = "mailbox"
    version: ClassVar[int] = 4
    suffixes: ClassVar[tuple[str, ...]] = (".mbox", ".mbx")
    textual: ClassVar[bool] = True

    @classmethod
    def sniff(cls, head: bytes, path: Path) -> bool:
        """Accept a line ``From …`` with a mail's header after it."""
        return _BEGINS.match(head.lstrip(b"\r\n")) is not None

    def read(self, path: Path, context: ReadContext) -> Iterator[Element]:
        """Yield the messages in the mailbox's order."""
        for number, data in enumerate(_messages(path), 1):
            own = dataclasses.replace(
                context, budget=Budget()
            )  # a mailbox may hold any number of attachments
            yield from elements_of_message(data, f"{path.name}: message {number}", own)


def _messages(path: Path) -> Iterator[bytes]:
    lines: list[bytes] = []
    size = 0
    blank = True
    with path.open("rb") as file:
        for line in file:
            if blank and _FROM_LINE.match(line):
                yield from _message(lines)
                lines, size = [], 0
                continue
            lines.append(line)
            size += len(line)
            blank = not line.strip()
            if size > _MAX_MESSAGE_BYTES:
                raise SourceTooLarge(
                    f"{path.name} holds a message of more than {_MAX_MESSAGE_BYTES >> 20} MB.",
                    hint="Export its messages as .eml files and add those.",
                )
    yield from _message(lines)


def _message(lines: list[bytes]) -> Iterator[bytes]:
    data = _QUOTED_FROM.sub(rb"\1", b"".join(lines))
    if data.strip():
        yield data
