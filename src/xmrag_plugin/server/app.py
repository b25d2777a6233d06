"""The application and the router: every interface over one index."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any

from ..errors import require

require("fastapi", "serve", purpose="Serving an index")

from fastapi import APIRouter, Depends, FastAPI, Request  # noqa: E402
from fastapi.exceptions import RequestValidationError  # noqa: E402
from fastapi.responses import JSONResponse, PlainTextResponse  # noqa: E402
from fastapi.security import HTTPBearer  # noqa: E402
from starlette.exceptions import HTTPException  # noqa: E402

from .. import __version__  # noqa: E402
from .access import GuardMiddleware, error_body  # noqa: E402
from .api import api_router  # noqa: E402
from .chat_completions import chat_router  # noqa: E402
from .limits import Limits  # noqa: E402
from .login import login_router  # noqa: E402
from .routes import REFUSALS, AnsweringRoute  # noqa: E402
from .service import Service  # noqa: E402
from .sessions import Sessions  # noqa: E402

if TYPE_CHECKING:
    from ..index import CrossModalIndex

__all__ = ["create_app", "router"]


def router(index: CrossModalIndex, *, limits: Limits | None = None, write: bool = False) -> APIRouter:
    """Return the routes of an index, for an existing FastAPI application.

    The application brings its own authentication. Errors are answered by the routes themselves, so that the
    application's handlers stay as they are.

    Args:
        index: The index.
        limits: What one client may ask.
        write: Whether sources may be added and removed.
    """
    return _routes(Service(index, limits), _sessions(index), write=write and not index.kb.read_only)


def _sessions(index: CrossModalIndex) -> Sessions:
    if index.kb.read_only:
        return Sessions()
    index.kb.path.mkdir(parents=True, exist_ok=True)
    return Sessions(index.kb.path / "sessions.sqlite")


def _routes(service: Service, sessions: Sessions, *, write: bool, token: bool = False) -> APIRouter:
    routes = APIRouter(route_class=AnsweringRoute)
    told = [Depends(HTTPBearer(auto_error=False))] if token else []  # for the document: the guard asks for it
    for part in (chat_router(service), api_router(service, sessions, write=write)):
        routes.include_router(part, responses=REFUSALS, dependencies=told)

    @routes.get("/healthz", tags=["looking after"])
    async def health() -> dict[str, str]:
        """Say that the server is up."""
        return {"status": "ok", "version": __version__}

    @routes.get(
        "/metrics",
        tags=["looking after"],
        response_class=PlainTextResponse,
        responses=REFUSALS,
        dependencies=told,
    )
    async def metrics() -> PlainTextResponse:
        """Return counts in Prometheus' text format."""
        return PlainTextResponse(service.metrics())

    return routes


def create_app(
    index: CrossModalIndex,
    *,
    token: str = "",
    limits: Limits | None = None,
    write: bool = True,
    origins: Sequence[str] = (),
    mcp: bool = True,
    page: bool = False,
) -> FastAPI:
    """Return the whole application: HTTP interface, OpenAI-compatible endpoint, MCP at ``/mcp``, the page at ``/``.

    Args:
        index: The index.
        token: What clients must bring; empty for no token (loopback only).
        limits: What one client may ask.
        write: Whether sources may be added and removed; never where the knowledge base cannot be written.
        origins: Web origins whose pages may ask (CORS); none by default.
        mcp: Whether tools for MCP clients are served at ``/mcp``.
        page: Whether the page is served at ``/`` (extra ``page``).

    Raises:
        MissingExtra: If the page is asked for, and its extra is not installed.
    """
    service = Service(index, limits)
    sessions = _sessions(index)
    write = write and not index.kb.read_only
    tools = None
    if mcp:
        from .mcp import create_mcp

        tools = create_mcp(index, write=False)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            if tools is not None:
                await stack.enter_async_context(tools.session_manager.run())
            yield

    app = FastAPI(title="xmrag", version=__version__, lifespan=lifespan, redoc_url=None)
    if tools is not None:
        mounted = tools.streamable_http_app(streamable_http_path="/mcp")
        app.router.routes.extend(mounted.routes)
    app.include_router(_routes(service, sessions, write=write, token=bool(token)))
    app.include_router(login_router(token))
    if page:
        from .page import mount_page

        mount_page(app, service, sessions, write=write)
    app.add_middleware(GuardMiddleware, token=token, limits=service.limits, origins=origins)
    if origins:
        from fastapi.middleware.cors import CORSMiddleware

        app.add_middleware(
            CORSMiddleware, allow_origins=list(origins), allow_methods=["*"], allow_headers=["*"]
        )

    @app.exception_handler(HTTPException)
    async def refused(_: Request, error: HTTPException) -> JSONResponse:
        is_missing = (
            error.status_code == 404 and error.detail == "Not Found"
        )  # no route, rather than no such thing
        hint = "Here are /v1/chat/completions and /v1/models; /docs shows all." if is_missing else ""
        body = error_body(str(error.detail), "invalid_request_error", hint)
        return JSONResponse(body, error.status_code, error.headers)

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        return JSONResponse(_told(error), 422)

    return app


def _told(error: RequestValidationError) -> dict[str, Any]:
    """Return the reply to a request that breaks its schema, in OpenAI's form; it names the innermost fault."""
    said = max(error.errors(), key=lambda each: len(each["loc"]))  # of the kinds that are taken, the nearest
    if said["type"] == "json_invalid":
        return error_body("The body is no JSON.", "invalid_request_error", "Send a JSON object.")
    # Between names and places pydantic puts which kind of value it tried.
    where = ".".join(str(part) for part in said["loc"][1:] if isinstance(part, int) or part.isidentifier())
    where = where.removesuffix(".str")
    message = f"{where or said['loc'][0]}: {said['msg']}"
    return error_body(message, "invalid_request_error", param=where or None)
