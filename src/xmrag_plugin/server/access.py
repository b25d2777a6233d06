"""Who may ask: a token compared in constant time, request sizes, and errors as clients expect them."""

from __future__ import annotations

import hmac
import ipaddress
import json
from collections.abc import Awaitable, Callable, Collection, Mapping, MutableMapping
from typing import Any
from urllib.parse import urlsplit

from ..errors import (
    AuthenticationFailed,
    GenerationError,
    KnowledgeBaseLocked,
    StoreError,
    UnsupportedFilter,
    UsageError,
    XmragError,
)
from .limits import Limits
from .login import COOKIE, LOGIN, login_form

__all__ = ["GuardMiddleware", "TooLarge", "error_body", "is_allowed", "status_of", "too_large"]

Scope = MutableMapping[str, Any]
App = Callable[[Scope, Callable[[], Awaitable[Any]], Callable[[Any], Awaitable[None]]], Awaitable[None]]

_OPEN = ("/healthz", LOGIN)
_UPLOADS = ("/api/add", "/gradio_api/upload")
_READING = frozenset({"GET", "HEAD", "OPTIONS"})


def is_allowed(token: str, headers: MutableMapping[str, str]) -> bool:
    """Return whether a request brings the token, as bearer or as cookie.

    Args:
        token: What is asked for; empty for no token.
        headers: Of the request, names in lower case.
    """
    if not token:
        return True
    scheme, _, given = headers.get("authorization", "").partition(" ")
    candidates = [given.strip()] if scheme.lower() == "bearer" else []
    for part in headers.get("cookie", "").split(";"):
        name, _, value = part.strip().partition("=")
        if name == COOKIE:
            candidates.append(value)
    return any(hmac.compare_digest(candidate.encode(), token.encode()) for candidate in candidates)


def is_own_page(method: str, headers: Mapping[str, str], token: str, origins: Collection[str]) -> bool:
    """Return whether a request does not come from a web page of another origin, as far as a browser tells.

    A page elsewhere cannot read answers, but it could send files; and with a name of its own that leads to this
    machine it could do both, so that without a token only addresses and names without a dot, which nobody elsewhere
    can give, are taken.

    Args:
        method: Of the request.
        headers: Of the request, names in lower case.
        token: What is asked for; empty for no token.
        origins: Origins that may ask.
    """
    host = headers.get("host", "")
    known = {urlsplit(named).netloc for named in origins}
    origin = headers.get("origin")
    writes = method not in _READING and origin is not None
    if writes and origin not in origins and urlsplit(origin or "").netloc not in {host, *known}:
        return False
    return bool(token) or not host or host in known or _is_local(urlsplit(f"//{host}").hostname or "")


def _is_local(name: str) -> bool:
    if "." not in name.rstrip(".") or name.endswith(".localhost"):
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def status_of(error: Exception) -> int:
    """Return the HTTP status that an error stands for."""
    if isinstance(error, (UsageError, UnsupportedFilter)):
        return 400
    if isinstance(error, KnowledgeBaseLocked):
        return 423
    if isinstance(error, AuthenticationFailed):
        return 502
    if isinstance(error, GenerationError):
        return 502
    if isinstance(error, StoreError):
        return 500
    return 422 if isinstance(error, XmragError) else 500


def error_body(message: str, kind: str, hint: str = "", param: str | None = None) -> dict[str, Any]:
    """Return an error in OpenAI's form, with the way out under ``hint``."""
    return {"error": {"message": message, "type": kind, "param": param, "code": None, "hint": hint}}


class GuardMiddleware:
    """Refuse requests without the token, and bodies over the limit, before anything reads them.

    Args:
        app: The application.
        token: What clients must bring; empty for no token.
        limits: Sizes of requests.
        origins: Web origins whose pages may ask.
    """

    def __init__(self, app: App, *, token: str, limits: Limits, origins: Collection[str] = ()) -> None:
        self.app = app
        self.token = token
        self.limits = limits
        self.origins = origins

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
        }
        if not is_own_page(scope["method"], headers, self.token, self.origins):
            body = error_body(
                "A web page of another origin may not ask.",
                "permission_error",
                "Name it with --origin when the server is started.",
            )
            await _reply(send, 403, body)
            return
        if scope["path"] not in _OPEN and not is_allowed(self.token, headers):
            if scope["method"] == "GET" and "text/html" in headers.get("accept", ""):
                await _reply(send, 401, login_form())
                return
            body = error_body(
                "The token is missing or wrong.", "authentication_error", "Send it as a bearer."
            )
            await _reply(send, 401, body)
            return
        uploads = scope["path"].endswith(_UPLOADS)
        allowed = (self.limits.upload_mb if uploads else self.limits.body_mb) * 1_000_000
        length = headers.get("content-length", "")
        if length.isdigit() and int(length) > allowed:
            await _reply(send, 413, too_large(allowed))
            return
        received = 0

        async def counted() -> Any:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > allowed:
                raise TooLarge(allowed)
            return message

        try:
            await self.app(scope, counted, send)
        except TooLarge as error:
            await _reply(send, 413, too_large(error.allowed))


class TooLarge(Exception):
    """A body without a stated length is over the limit.

    Attributes:
        allowed: The limit, in bytes.
    """

    def __init__(self, allowed: int) -> None:
        super().__init__(allowed)
        self.allowed = allowed


def too_large(allowed: int) -> dict[str, Any]:
    """Return the error of a body over the limit."""
    return error_body(
        f"The request is larger than {allowed // 1_000_000} MB.",
        "invalid_request_error",
        "Send less at once, or raise the server's limits.",
    )


async def _reply(send: Any, status: int, body: dict[str, Any] | str) -> None:
    is_page = isinstance(body, str)
    data = (body if isinstance(body, str) else json.dumps(body)).encode()
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [
                (b"content-type", b"text/html; charset=utf-8" if is_page else b"application/json"),
                (b"content-length", str(len(data)).encode()),
                (b"connection", b"close"),
            ],
        }
    )
    await send({"type": "http.response.body", "body": data})
