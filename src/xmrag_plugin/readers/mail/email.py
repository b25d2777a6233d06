"""Mail messages (EML) with their attachments."""

from __future__ import annotations

import email
import email.policy
import html
import mimetypes
import re
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any, ClassVar, cast
from urllib.parse import unquote

from ...errors import XmragError
from ...types import Element, Picture
from .. import ReadContext, Reader, accept_picture, looks_textual, read_bytes
from ..markup.parse import Resolver, decode, elements_of_html, elements_of_text
from .plain_bodies import flowing, without_written_files

__all__ = ["EmailReader", "elements_of_message"]

_HEADER = re.compile(rb"^[\w-]{2,40}:[ \t]*[^\r\n]*$")
_MAIL_HEADER = re.compile(
    rb"^(?:received|return-path|message-id|mime-version|delivered-to|x-mailer|dkim-signature|date|subject|from|to):",
    re.I | re.M,
)
_HEADERS_END = re.compile(rb"\r?\n\r?\n")
_CHARSET = re.compile(rb"charset=[\"']?([\w.:-]+)", re.I)
_MAX_HEADER = 4000
_WORDED = ("text/plain", "text/html", "text/rtf", "application/rtf")
_SIGNATURES = ("application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature")
"""Parts that say who wrote a message, and nothing to a reader."""
_WORD = re.compile(r"\w{3,}")
_TAG = re.compile(r"(?is)<(script|style)\b.*?</\1>|<[^>]*>")
_MIN_OWN_WORDS = 8  # of a plain form, for it to be held against the one with markup
_SHOWN = ("From", "To", "Cc", "Date")


class EmailReader(Reader):
    """Read the subject, who wrote to whom and when, the message, its pictures, and each attachment."""

    name: ClassVar[str] = "email"
    version: ClassVar[int] = 6
    suffixes: ClassVar[tuple[str, ...]] = (".eml", ".emlx", ".mht", ".mhtml")
    textual: ClassVar[bool] = True

    @classmethod
    def sniff(cls, head: bytes, path: Path) -> bool:
        """Accept header lines as mails have them."""
        if not looks_textual(head):
            return False
        if path.suffix.lower() in cls.suffixes:
            return True
        lines = head.lstrip().split(b"\n")
        if not lines or not _HEADER.match(lines[0].rstrip(b"\r")) or path.suffix.lower() in (".md", ".html"):
            return False
        names = {
            name.lower()
            for name in _MAIL_HEADER.findall(head.partition(b"\n\n")[0].partition(b"\r\n\r\n")[0])
        }
        return len(names) >= 3 and bool(
            names & {b"received:", b"message-id:", b"mime-version:", b"return-path:"}
        )

    def read(self, path: Path, context: ReadContext) -> Iterator[Element]:
        """Yield the message, then the attachments under a heading with their name."""
        data = path.read_bytes()
        if path.suffix.lower() == ".emlx":  # its length, itself, then what the program notes of it
            length, _, data = data.partition(b"\n")
            data = data[: int(length)] if length.strip().isdigit() else data
        yield from elements_of_message(data, path.name, context)


def elements_of_message(data: bytes, name: str, context: ReadContext) -> Iterator[Element]:
    """Yield a message's elements: who wrote to whom, the words with their pictures, then each attachment.

    Args:
        data: The message as it was sent.
        name: What warnings call it.
        context: Limits, and whom to tell.
    """
    yield from _message(_parsed(data), name, context)


class _BoundedPolicy(email.policy.EmailPolicy):
    """Take no more of a header than anybody writes: parsing addresses is quadratic, and fails in many ways."""

    def header_fetch_parse(self, name: str, value: str) -> Any:
        try:
            return super().header_fetch_parse(name, value[:_MAX_HEADER])
        except Exception:  # whatever the parser of headers raises on damaged ones
            return " ".join(value[:_MAX_HEADER].split())


_POLICY: Any = _BoundedPolicy(utf8=True)


def _parsed(data: bytes) -> EmailMessage:
    data = data.lstrip(b"\r\n")
    end = _HEADERS_END.search(data)
    head = data[: end.start()] if end else data
    try:
        head.decode("utf-8")
    except UnicodeDecodeError:  # written as it came; the whole message tells more of its encoding than a line
        declared = _CHARSET.search(head)
        encoding = decode(data, declared=declared[1].decode("ascii") if declared else "").encoding
        data = head.decode(encoding, errors="replace").encode() + data[len(head) :]
    return cast("EmailMessage", email.message_from_bytes(data, policy=_POLICY))


def _message(message: EmailMessage, name: str, context: ReadContext, level: int = 1) -> Iterator[Element]:
    subject = _header(message, "Subject")
    if subject:
        yield Element(kind="heading", text=subject, level=level)
    shown = [f"{header}: {_header(message, header)}" for header in _SHOWN if _header(message, header)]
    if shown:
        yield Element(kind="paragraph", text="\n".join(shown))
    parts = list(_leaves(message))
    body = _body(message, parts)
    used: set[int] = set()
    for part in parts:
        if id(part) in used:
            continue
        is_worded = part.get_content_type() in _WORDED and not part.get_filename()
        if part is body or is_worded:
            yield from _body_elements(part, parts, used, name, context)  # words between and below pictures
        else:
            yield from _attachment(part, name, context, level)


def _leaves(message: EmailMessage) -> Iterator[EmailMessage]:
    """Yield the parts that are no containers, each said once; a forwarded message counts as one."""
    if not message.is_multipart() or message.get_content_maintype() == "message":
        yield message
        return
    branches = [list(_leaves(part)) for part in cast("list[EmailMessage]", message.get_payload())]
    chosen = None
    if message.get_content_type() == "multipart/alternative":  # the same words in several forms
        chosen = max(range(len(branches)), key=lambda at: (_richness(branches[at]), at), default=None)
    for at, branch in enumerate(branches):
        for leaf in branch:
            is_form = leaf.get_content_maintype() == "text" and not leaf.get_filename()
            if chosen in (None, at) or not is_form or _adds_words(leaf, branches[chosen]):
                yield leaf


def _richness(branch: list[EmailMessage]) -> int:
    kinds = {leaf.get_content_type() for leaf in branch}
    return 2 if "text/html" in kinds else int("text/plain" in kinds)


def _adds_words(leaf: EmailMessage, chosen: list[EmailMessage]) -> bool:
    """Return whether a form of a message says what the chosen one does not: more than "view it in a browser"."""
    shown = set(_WORD.findall(" ".join(_words_of(part) for part in chosen).casefold()))
    own = set(_WORD.findall(_words_of(leaf).casefold()))
    return len(own) >= _MIN_OWN_WORDS and len(own & shown) < 0.5 * len(own)


def _words_of(part: EmailMessage) -> str:
    if part.get_content_maintype() != "text":
        return ""
    text = decode(_payload(part), declared=part.get_content_charset() or "", markup=True).text
    return html.unescape(_TAG.sub(" ", text)) if part.get_content_subtype() == "html" else text


def _body(message: EmailMessage, parts: list[EmailMessage]) -> EmailMessage | None:
    """Return the part with the message itself: HTML before plain text."""
    try:
        chosen = cast("EmailMessage | None", message.get_body(preferencelist=("related", "html", "plain")))
    except (KeyError, AttributeError, ValueError):
        chosen = None
    if chosen is not None and chosen.is_multipart():
        chosen = next((part for part in parts if part.get_content_type() == "text/html"), None)
    if not any(part is chosen for part in parts):
        texts = [part for part in parts if part.get_content_maintype() == "text" and not part.get_filename()]
        chosen = next(
            (part for part in texts if part.get_content_subtype() == "html"), texts[0] if texts else None
        )
    return chosen


def _body_elements(
    body: EmailMessage, parts: list[EmailMessage], used: set[int], name: str, context: ReadContext
) -> Iterator[Element]:
    if body.get_content_subtype() == "rtf":
        yield from _read_part(body, "message.rtf", name, context)
        return
    text = decode(_payload(body), declared=body.get_content_charset() or "", markup=True).text
    if body.get_content_subtype() == "html":
        resolve = _resolver(parts, used)
        yield from elements_of_html(text, None, context, resolve=resolve, name=name, title=False)
        return
    text, files = without_written_files(text)
    if str(body.get_param("format", "")).lower() == "flowed":
        text = flowing(text, delete_space=str(body.get_param("delsp", "")).lower() == "yes")
    yield from elements_of_text(text)
    for called, data in files:
        kind = mimetypes.guess_type(called)[0] or "application/octet-stream"
        written = EmailMessage()
        written.set_content(data, *kind.split("/", 1), filename=called)
        yield from _attachment(written, name, context, 1)


def _resolver(parts: list[EmailMessage], used: set[int]) -> Resolver:
    def resolve(link: str) -> bytes | None:
        plain = link[4:] if link[:4].lower() == "cid:" else link
        wanted = {plain.lower(), unquote(plain).lower()} - {""}
        for part in parts:
            identity = str(part.get("Content-ID") or "").strip().strip("<>")
            names = (identity, str(part.get("Content-Location") or ""), part.get_filename() or "")
            if not wanted.isdisjoint(name.lower() for name in names):
                used.add(id(part))
                return _payload(part)
        return None

    return resolve


def _attachment(part: EmailMessage, name: str, context: ReadContext, level: int) -> Iterator[Element]:
    if part.get_content_type() == "message/rfc822":
        for inner in cast("list[EmailMessage]", part.get_payload()):
            yield from _message(inner, name, context, min(level + 1, 6))
        return
    if part.get_content_type() in _SIGNATURES:
        return
    called = part.get_filename() or ""
    if part.is_multipart():  # a report on delivery: fields, recipient by recipient
        for inner in cast("list[EmailMessage]", part.get_payload()):
            if lines := [f"{key}: {_header(inner, key)}" for key in dict.fromkeys(inner.keys())]:
                yield Element(kind="paragraph", text="\n".join(lines))
        return
    data = _payload(part)
    if not data:
        return
    if part.get_content_maintype() == "image":
        picture = Picture(data=data, reference=called, caption="", alt=called)
        if accept_picture(picture, context, document=name) is not None:
            yield Element(kind="picture", picture=picture)
        return
    called = called or f"attachment{mimetypes.guess_extension(part.get_content_type()) or ''}"
    yield Element(kind="heading", text=called, level=min(level + 1, 6), metadata={"attachment": called})
    for element in _read_part(part, called, name, context):
        element.metadata["attachment"] = called
        yield element


def _read_part(part: EmailMessage, called: str, name: str, context: ReadContext) -> Iterator[Element]:
    try:
        yield from read_bytes(_payload(part), called, context)
    except XmragError as error:
        if context.budget.spent:
            raise
        context.on_warning(f"{name}: the attachment {called} was not read: {error.message}", error.hint)


def _payload(part: EmailMessage) -> bytes:
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def _header(message: EmailMessage, name: str) -> str:
    try:
        return " ".join(str(message.get(name) or "").split())
    except (ValueError, IndexError, AttributeError, LookupError):
        return ""
