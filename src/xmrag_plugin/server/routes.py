"""Routes that answer the package's errors themselves, in OpenAI's form."""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from ..errors import XmragError
from .access import TooLarge, error_body, status_of, too_large
from .service import Busy, TooSlow

__all__ = ["AnsweringRoute"]

_log = logging.getLogger("xmrag_plugin.server")


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
                raise
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
