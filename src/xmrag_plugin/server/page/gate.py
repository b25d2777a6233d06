"""What of Gradio is open to clients, and what its page may do in a browser."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

__all__ = ["PageGate"]

_NEEDED = re.compile(
    r"/(?:|config|theme\.css|favicon\.ico|robots\.txt|manifest\.json|(?:assets|static)/.+"
    r"|gradio_api/(?:queue/(?:join|data)|upload|upload_progress|cancel|reset|startup-events|info|file=/.+"
    r"|heartbeat/\w+|theme\.css))/?"
)
"""What the page asks. The rest of Gradio (proxies, recordings, monitoring, editors) has no use here."""

_NO_UPLOAD = ("/gradio_api/upload_progress", b"upload_id=")
"""What Gradio's camera asks for after a picture was taken; Gradio itself answers it with an error."""

_POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; media-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; "
    "frame-src 'self'; manifest-src 'self'; worker-src 'self' blob:; form-action 'self'; base-uri 'self'; "
    "frame-ancestors 'self'"
)
_HEADERS = [
    (b"content-security-policy", _POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
]

App = Callable[[MutableMapping[str, Any], Any, Callable[[Any], Awaitable[None]]], Awaitable[None]]


class PageGate:
    """Let through what the page needs, with headers that keep browsers from fetching anything elsewhere.

    Args:
        app: Gradio's application.
    """

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if not _NEEDED.fullmatch(scope["path"]):
            await _reply(send, 404, b"There is nothing here.\n")
            return
        if (scope["path"], scope["query_string"]) == _NO_UPLOAD:
            await _reply(send, 204, b"")
            return

        async def sent(message: Any) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), *_HEADERS]}
            await send(message)

        await self.app(scope, receive, sent)


async def _reply(send: Any, status: int, body: bytes) -> None:
    headers = [(b"content-type", b"text/plain"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers if body else []})
    await send({"type": "http.response.body", "body": body})
