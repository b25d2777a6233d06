"""Routes that answer the package's errors themselves, in OpenAI's form."""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from starlette.convertors import PathConvertor, register_url_convertor
from starlette.exceptions import HTTPException

from ..errors import XmragError
from .access import TooLarge, error_body, status_of, too_large
from .service import Busy, TooSlow

__all__ = ["REFUSALS", "STREAMED", "AnsweringRoute"]

_log = logging.getLogger("xmrag_plugin.server")


class _NameConvertor(PathConvertor):
    """The rest of a path, line breaks too: a file's name may hold them."""

    regex = r"[\s\S]*"


register_url_convertor("source", _NameConvertor())

_OR_NULL = {"anyOf": [{"type": "string"}, {"type": "null"}]}
_ERROR: dict[str, Any] = {
    "title": "Error",
    "description": "An error in OpenAI's form, with the way out.",
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["message", "type", "param", "code", "hint"],
            "properties": {
                **{name: {"type": "string"} for name in ("message", "type", "hint")},
                **dict.fromkeys(("param", "code"), _OR_NULL),
            },
        }
    },
}

REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {"description": words, "content": {"application/json": {"schema": _ERROR}}}
    for status, words in {
        400: "What is asked has no meaning here: the hint says what would.",
        401: "The token is missing or wrong.",
        404: "There is no such thing.",
        413: "The request is too large.",
        422: "The request is not as described, or a file or picture in it cannot be read.",
        423: "Another process is writing.",
        500: "The server failed, or the knowledge base is damaged.",
        502: "The model failed.",
        503: "Too many questions are waiting.",
        504: "It took too long.",
    }.items()
}
"""What every route may answer instead, for the OpenAPI document."""

STREAMED: dict[int | str, dict[str, Any]] = {200: {"content": {"text/event-stream": {}}}}
"""That a route may answer with server-sent events too, likewise."""


class AnsweringRoute(APIRoute):
    """A route whose errors are answers: a status, a message, and the way out."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def answered(request: Request) -> Response:
            try:
                return await handle(request)
            except RequestValidationError:
                raise
            except HTTPException as error:
                if isinstance(error.__cause__, TooLarge):
                    return JSONResponse(too_large(error.__cause__.allowed), 413, {"connection": "close"})
                body = error_body(str(error.detail), "invalid_request_error")
                return JSONResponse(body, error.status_code, error.headers)
            except Busy as error:
                return _reply(error, 503, {"retry-after": "2"})
            except TooSlow as error:
                return _reply(error, 504)
            except XmragError as error:
                return _reply(error, status_of(error))
            except Exception:
                _log.exception("a request failed")
                return JSONResponse(
                    error_body("The server failed.", "api_error", "See the server's log."), 500
                )

        return answered


def _reply(error: XmragError, status: int, headers: dict[str, str] | None = None) -> JSONResponse:
    kind = "invalid_request_error" if status < 500 else "api_error"
    return JSONResponse(error_body(error.message, kind, error.hint), status, headers)
