"""Translate a provider's exception, of whichever SDK, into one of the package's errors.

The table stands in :mod:`xmrag_plugin.generators.served.error_rules`. An exception that no line of it fits
is a programming error and is left alone.
"""

from __future__ import annotations

import errno
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from ...errors import (
    AuthenticationFailed,
    CapabilityMissing,
    GeneratorOutOfMemory,
    GeneratorOverloaded,
    GeneratorUnreachable,
    ModelUnavailable,
    PromptRefused,
    XmragError,
)
from .error_rules import RULES, Lack, Rule

__all__ = ["Diagnosis", "diagnose"]


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """A provider's failure, understood.

    Attributes:
        error: One of the package's errors; its cause is the provider's exception.
        transient: Whether a second try a moment later may well succeed.
        down: Whether nothing listens there at all.
        lacks: What the generator cannot do.
        retry_after_s: How long the provider asks to wait, where it says.
        status: HTTP status code, where there is one.
        max_pictures: How many pictures the refusal allows, where it says.
    """

    error: XmragError
    transient: bool = False
    down: bool = False
    lacks: Lack = ""
    retry_after_s: float | None = None
    status: int | None = None
    max_pictures: int | None = None

    @property
    def may_be_pictures(self) -> bool:
        """Whether the pictures of the request may be why it was refused: servers word it in many ways."""
        if self.lacks == "pictures":
            return True
        return self.status is not None and 400 <= self.status < 500 and self.status not in _NOT_ABOUT_CONTENT

    @property
    def tells_of_pictures(self) -> bool:
        """Whether the refusal, if fewer pictures cured it, tells of the model rather than of this request."""
        return self.lacks != "context" and not isinstance(self.error, PromptRefused)


_UNREACHABLE = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EHOSTDOWN, errno.ECONNRESET)
_SDK_ROOTS = (
    "llama_index.llms.",
    "llama_index.multi_modal_llms.",
    "openai.",
    "ollama.",
    "anthropic.",
    "google.",
)
_REPLIES = frozenset({"response", "openai_message", "chunk", "raw_response", "r"})
MAX_CHARACTERS = 300
_NOT_ABOUT_CONTENT = (401, 402, 403, 407, 408, 425, 429)
_PICTURES_ALLOWED = re.compile(r"at most (\d+) images?|(?:max(?:imum)?|limit)[^.\d]{0,30}(\d+) images?")


def diagnose(error: BaseException, who: str, where: str = "") -> Diagnosis | None:
    """Translate an exception that came out of a generator.

    Args:
        error: What was raised.
        who: The generator, for the message.
        where: The address of its server, for what cannot be reached.

    Returns:
        None for a programming error, which should be raised unchanged.
    """
    for link in _chain(error):
        if isinstance(link, XmragError):
            return Diagnosis(link, lacks=_own_lack(link))
        names = _class_names(link)
        status = _status(link)
        words = _words(link)
        reading = _reading_reply(link)
        for rule in RULES:
            if _fits(rule, names, status, words, reading):
                place = (
                    f"{who} at {where}"
                    if where and status is None and rule.means is GeneratorUnreachable
                    else who
                )
                return Diagnosis(
                    _as(rule, link, place, status, error),
                    transient=rule.transient,
                    down=rule.down,
                    lacks=rule.lacks,
                    retry_after_s=_retry_after(link),
                    status=status,
                    max_pictures=_pictures_allowed(words),
                )
        if isinstance(link, OSError) and link.errno in _UNREACHABLE:
            rule = Rule(GeneratorUnreachable, "Check the network.")
            return Diagnosis(_as(rule, link, who, status, error), transient=True, down=True)
    return None


def _fits(rule: Rule, names: list[str], status: int | None, words: str, reading: bool) -> bool:
    if rule.statuses and status not in rule.statuses:
        return False
    if rule.reading and not reading:
        return False
    if rule.classes and not any(re.search(rule.classes, name) for name in names):
        return False
    return not rule.words or re.search(rule.words, words) is not None


def _as(rule: Rule, link: BaseException, who: str, status: int | None, cause: BaseException) -> XmragError:
    said = _said(link)
    what = (
        f"status {status}: {said}"
        if status
        else f"{type(link).__name__}: {said}"
        if said
        else type(link).__name__
    )
    verbs = {
        GeneratorUnreachable: "gave no answer",
        GeneratorOverloaded: "is overloaded or its quota is used up",
        GeneratorOutOfMemory: "ran out of memory",
        CapabilityMissing: "cannot do this",
        AuthenticationFailed: "does not accept the key",
        PromptRefused: "refused this prompt",
        ModelUnavailable: "does not have the model",
    }
    made = rule.means(f"{who} {verbs.get(rule.means, 'failed')} ({what}).", hint=rule.hint)
    made.__cause__ = cause
    return made


def _own_lack(error: XmragError) -> Lack:
    if not isinstance(error, CapabilityMissing):
        return ""
    words = error.message.lower()
    if "picture" in words or "image" in words:
        return "pictures"
    return "context" if "context window" in words else "feature"


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield the exception, then what it was raised from, three steps at most."""
    seen: BaseException | None = error
    for _ in range(4):
        if seen is None:
            return
        yield seen
        seen = seen.__cause__


def _class_names(error: BaseException) -> list[str]:
    return [
        f"{kind.__module__}.{kind.__qualname__}"
        for kind in type(error).__mro__
        if kind not in (object, BaseException, Exception)
    ]


def _status(error: BaseException) -> int | None:
    response = getattr(error, "response", None)
    candidates = [
        getattr(error, "status_code", None),
        getattr(response, "status_code", None),
        getattr(error, "status", None),
        getattr(error, "code", None),
    ]
    if isinstance(response, dict):
        candidates.append(response.get("ResponseMetadata", {}).get("HTTPStatusCode"))
    for value in candidates:
        if isinstance(value, int) and 300 <= int(value) < 600:
            return int(value)
    return None


def _said(error: BaseException) -> str:
    """Return the provider's own message on one line, of MAX_CHARACTERS at most."""
    body = getattr(error, "body", None)
    said = body.get("message") if isinstance(body, dict) else None
    if not isinstance(said, str) or not said:
        said = str(error)
        cause = error.__cause__
        if cause is not None and not isinstance(cause, XmragError) and str(cause) not in said:
            said = f"{said.rstrip('.')}: {cause}"
    code = getattr(error, "code", None)
    if isinstance(code, str) and code and code not in said:
        said = f"{said.rstrip('.')} [{code}]"
    said = " ".join(said.split())
    return _without_secrets(said if len(said) <= MAX_CHARACTERS else f"{said[:MAX_CHARACTERS]}…").rstrip(".")


def _words(error: BaseException) -> str:
    """Return all that an exception says in lower case, for the table's expressions."""
    parts = [error, error.__cause__ or "", getattr(error, "body", None) or ""]
    parts += [getattr(error, name, None) or "" for name in ("code", "type")]
    return " ".join(str(part) for part in parts).lower()


def _without_secrets(said: str) -> str:
    return re.sub(r"\b(sk|key|hf|gsk)[-_][A-Za-z0-9*_-]{6,}", "[key]", said)


def _reading_reply(error: BaseException) -> bool:
    """Return whether an exception was raised while an SDK parsed the server's reply.

    The same AttributeError can be a bug of the caller's: there is then no reply in the innermost
    frame. Text that is no JSON counts when it came by way of an SDK at all.
    """
    frames = []
    trace = error.__traceback__
    while trace is not None:
        frames.append(trace.tb_frame)
        trace = trace.tb_next
    modules = [f"{frame.f_globals.get('__name__', '')}." for frame in frames]
    if isinstance(error, ValueError) and type(error).__module__ in ("json.decoder", "builtins"):
        return any(module.startswith(_SDK_ROOTS) for module in modules)
    if type(error).__name__ == "ValidationError" and str(getattr(error, "title", "")).endswith("Response"):
        return any(module.startswith(_SDK_ROOTS) for module in modules)
    return (
        bool(frames) and modules[-1].startswith(_SDK_ROOTS) and not _REPLIES.isdisjoint(frames[-1].f_locals)
    )


def _retry_after(error: BaseException) -> float | None:
    """Return the seconds of a ``Retry-After`` header, which may be a number or a date (RFC 9110, 10.2.3)."""
    headers = getattr(getattr(error, "response", None), "headers", None)
    value = headers.get("retry-after") if headers is not None and hasattr(headers, "get") else None
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            then = parsedate_to_datetime(value)
        except ValueError:
            return None
        seconds = max(0.0, then.timestamp() - time.time())
    return seconds if 0 <= seconds < 86_400 else None


def _pictures_allowed(words: str) -> int | None:
    """Return how many pictures a refusal allows ("At most 1 image(s) may be provided"), where it says."""
    said = _PICTURES_ALLOWED.search(words)
    return int(said.group(1) or said.group(2)) if said else None
