"""Messages that Outlook keeps as files (MSG), read through python-oxmsg."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from email.message import EmailMessage
from email.utils import format_datetime, formataddr
from pathlib import Path
from typing import Any, ClassVar

from ...errors import SourceDamaged, require
from ...types import Element
from .. import ReadContext, Reader
from ..refused import kind_of
from .compressed_rtf import decompressed_rtf
from .email import elements_of_message

__all__ = ["OutlookReader"]

_CONTENT_ID = 0x3712
_RTF_COMPRESSED = 0x1009
_TO, _CC = 1, 2
_RECIPIENT_TYPE = 0x0C15


class OutlookReader(Reader):
    """Read a message as the same mail in another form: subject, people, words, pictures, attachments."""

    name: ClassVar[str] = "outlook"
    version: ClassVar[int] = 4
    suffixes: ClassVar[tuple[str, ...]] = (".msg",)
    extra: ClassVar[str | None] = "office"

    @classmethod
    def sniff(cls, head: bytes, path: Path) -> bool:
        """Accept a compound file with a message's properties."""
        return (
            head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") and kind_of(head, path) == "Outlook message"
        )

    def read(self, path: Path, context: ReadContext) -> Iterator[Element]:
        """Yield the message, then its attachments.

        Raises:
            MissingExtra: If python-oxmsg is not installed.
            SourceDamaged: If parts of the message are missing or cut.
        """
        oxmsg: Any = require("oxmsg", "office", purpose="Reading Outlook messages")
        try:
            message = oxmsg.Message.load(str(path))
            mail = _mail_of(message)
            is_wordless = not (message.body or message.html_body or _rtf_of(message))
        except (
            LookupError,
            OSError,
            RecursionError,
            ValueError,
            AttributeError,
            TypeError,
            struct.error,
        ) as error:
            raise SourceDamaged(
                f"{path.name} is damaged: parts of the message are missing or cut ({error}).",
                hint="Save it again in Outlook, as .msg or .eml.",
            ) from error
        if is_wordless:
            context.on_warning(
                f"{path.name}: the message has no text that can be read.", "Save it as .eml and add that."
            )
        yield from elements_of_message(mail.as_bytes(), path.name, context)


def _mail_of(message: Any) -> EmailMessage:
    mail = EmailMessage()
    _set(mail, "Subject", message.subject)
    _set(mail, "From", message.sender)
    for header, kind in (("To", _TO), ("Cc", _CC)):
        people = [each for each in message.recipients if (_int(each, _RECIPIENT_TYPE) or _TO) == kind]
        _set(
            mail,
            header,
            ", ".join(formataddr((each.name or "", each.email_address or "")) for each in people),
        )
    if message.sent_date is not None:
        _set(mail, "Date", format_datetime(message.sent_date))
    body, page = message.body or "", message.html_body or ""
    if page or body.strip() or not (rtf := _rtf_of(message)):
        mail.set_content(page or body, subtype="html" if page else "plain")
    else:
        mail.set_content(rtf, maintype="text", subtype="rtf")
    for attachment in message.attachments:
        data = attachment.file_bytes
        if not data:
            continue
        main, _, sub = (_said(attachment.mime_type) or "application/octet-stream").partition("/")
        identity = _said(attachment.properties.str_prop_value(_CONTENT_ID))
        name = _said(attachment.file_name) or "attachment"
        mail.add_attachment(
            data, main, sub or "octet-stream", filename=name, cid=f"<{identity}>" if identity else None
        )
    return mail


def _rtf_of(message: Any) -> bytes:
    """Return the body as RTF, which may be the only form that is kept."""
    return decompressed_rtf(bytes(message.properties.binary_prop_value(_RTF_COMPRESSED) or b""))


def _said(value: str | None) -> str:
    """Return a property's words without the NUL that some programs end them with."""
    return (value or "").strip("\0 ")


def _set(mail: EmailMessage, header: str, value: str | None) -> None:
    words = " ".join(_said(value).split())
    if words:
        mail[header] = words


def _int(holder: Any, property_id: int) -> int | None:
    value = holder.properties.int_prop_value(property_id)
    return int(value) if value is not None else None
