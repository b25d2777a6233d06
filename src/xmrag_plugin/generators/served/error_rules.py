"""The table of provider failures: which class, status and words mean which of the package's errors.

Read from the top; the first line that fits decides. The lines look at the names of classes, at HTTP
status codes and at the words, never at the SDKs themselves, so that nothing is imported and a new SDK
with the usual shapes is understood as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ...errors import (
    AuthenticationFailed,
    CapabilityMissing,
    GenerationError,
    GeneratorOutOfMemory,
    GeneratorOverloaded,
    GeneratorUnreachable,
    ModelUnavailable,
    PromptRefused,
    XmragError,
)

__all__ = ["RULES", "Lack", "Rule"]

Lack = Literal["", "pictures", "context", "feature"]


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the table; every condition that is given must hold.

    Attributes:
        means: The package's error.
        hint: What to do.
        classes: Regular expression over ``module.Class`` of the exception and its bases.
        statuses: HTTP status codes.
        words: Regular expression over message, code and body, in lower case.
        lacks: What the generator cannot do, for :class:`CapabilityMissing`.
        transient: Whether a second try a moment later may well succeed.
        down: Whether nothing listens there at all.
        reading: Whether it must have been raised while a reply was being parsed.
    """

    means: type[XmragError]
    hint: str
    classes: str = ""
    statuses: tuple[int, ...] = ()
    words: str = ""
    lacks: Lack = ""
    transient: bool = False
    down: bool = False
    reading: bool = False


_BAD_REQUEST = (400, 403, 404, 413, 415, 422, 500, 501)
_PICTURES = (
    r"image[ _]?(url|input|s)?[^.]{0,40}(not|n't|only) (be )?(support|allow|enabl|accept)|"
    r"(does not|doesn't|cannot|not) (support|accept|process|take)[^.]{0,30}(image|vision|multimodal)|"
    r"support[^.]{0,20}image input|not (a )?(multimodal|vision)|at most \d+ image|missing data required for image|"
    r"unknown variant .image_url|invalid content type[^.]{0,20}image|mmproj"
)
_CONTEXT = (
    r"context[ _]?(length|window|size)|maximum (prompt|input) length|prompt is too long|too many tokens|"
    r"reduce the length|input is too long|string_above_max_length|request too large"
)
_REFUSED = (
    r"content[ _]?(filter|policy|management policy)|safety (system|setting)|flagged|moderation|"
    r"responsible ?ai|blocked by"
)
_NO_ROOM = r"out of memory|more (system )?memory|cannot allocate|can't allocate|insufficient memory|\boom\b"

# fmt: off
RULES: tuple[Rule, ...] = (
    Rule(GeneratorOutOfMemory, "Use a smaller model or fewer pictures, or free some memory.",
         classes=r"\.(OutOfMemoryError|MemoryError)$"),
    Rule(GeneratorOutOfMemory, "Use a smaller model or fewer pictures, or free some memory.",
         classes=r"^builtins\.RuntimeError$|ResponseError$|InternalServerError$|APIStatusError$", words=_NO_ROOM),
    Rule(AuthenticationFailed, "Check the key and the account that it belongs to.", statuses=(401,)),
    Rule(PromptRefused, "Ask differently, or use another generator for this question.", statuses=(400, 403, 451),
         words=_REFUSED),
    Rule(PromptRefused, "Ask differently, or use another generator for this question.",
         classes=r"ContentFilter|BlockedPrompt|StopCandidate"),
    Rule(CapabilityMissing, "Use a model that takes pictures; their words are given to others.",
         statuses=_BAD_REQUEST, words=_PICTURES, lacks="pictures"),
    Rule(CapabilityMissing, "Give it less context, or use a model with a longer context.", statuses=_BAD_REQUEST,
         words=_CONTEXT, lacks="context"),
    Rule(CapabilityMissing, "Give it less context and smaller pictures.", statuses=(413,), lacks="context"),
    Rule(CapabilityMissing, "Use a model that can.", statuses=_BAD_REQUEST,
         words=r"(does not|doesn't|not) support[^.]{0,20}(tool|function|response_format|json|stream)|"
         r"tool choice requires|enable-auto-tool-choice", lacks="feature"),
    Rule(AuthenticationFailed, "Check the key and what it may be used for.", statuses=(403, 407)),
    Rule(GeneratorOverloaded, "The quota is used up: see to the account's billing, or use another generator.",
         statuses=(402, 429, 403), words=r"quota|billing|credit|spend|payment|balance"),
    Rule(GeneratorOverloaded, "See to the account's billing.", statuses=(402,)),
    Rule(GeneratorOverloaded, "Wait a while, or ask less often.", statuses=(429,), transient=True),
    Rule(GeneratorOverloaded, "Wait a while.", statuses=(503, 529), transient=True),
    Rule(GeneratorUnreachable, "Try again; look at the server's log.", statuses=(504, 408, 524)),
    Rule(GeneratorUnreachable, "Try again; look at the server's log.", statuses=tuple(range(500, 600)),
         transient=True),
    Rule(ModelUnavailable, "Check the model's name; with Ollama fetch it first: ollama pull MODEL.", statuses=(404,),
         words=r"model|deployment"),
    Rule(GenerationError, "Check the server's address; it usually ends in /v1.",
         statuses=(404, 405, 301, 302, 307, 308)),
    Rule(GenerationError, "The server does not accept the request; its words say why.",
         statuses=tuple(range(400, 500))),
    Rule(GeneratorUnreachable,
         "Is it overloaded, or still loading its model? Raise llm_timeout_s if it needs longer.",
         classes=r"Timeout(Error|Exception)?$|TimedOut|DeadlineExceeded"),
    Rule(GeneratorUnreachable, "Is the server running at this address?",
         classes=r"\.(APIConnectionError|ConnectError|ConnectionRefusedError|ConnectionError|gaierror|URLError)$|"
         r"EndpointConnectionError|ClientConnectorError|MaxRetryError|NewConnectionError",
         words=r"refused|failed to connect|name or service|getaddrinfo|nodename|cannot connect|could not connect|"
         r"all connection attempts failed", down=True),
    Rule(GeneratorUnreachable, "The connection broke; try again.",
         classes=r"\.(APIConnectionError|TransportError|NetworkError|ProtocolError|ConnectionError|"
         r"ChunkedEncodingError|IncompleteRead|ClientConnectionError|ClientPayloadError|StreamError|SSLError|gaierror|"
         r"URLError|MaxRetryError|NewConnectionError)$", transient=True),
    Rule(GeneratorUnreachable, "Something else than a generator answers at this address, or it is broken.",
         classes=r"\.(APIResponseValidationError|DecodingError)$|^http\.client\.HTTPException$"),
    Rule(GeneratorUnreachable, "Something else than a generator answers at this address, or it is broken.",
         classes=r"\.(AttributeError|TypeError|KeyError|IndexError|ValidationError|JSONDecodeError|"
         r"UnicodeDecodeError)$", reading=True),
    Rule(GeneratorUnreachable, "The server reported an error in the midst of its reply; try again.",
         classes=r"\.(APIError|ResponseError)$", transient=True),
)
# fmt: on
