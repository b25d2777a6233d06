"""``/api``: search, answers, uploads, sources, pictures and pages for programs and for the page."""

from __future__ import annotations

import asyncio
import contextlib
import html
import json
import mimetypes
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, File, Query, Request, UploadFile
from fastapi import Path as PathParameter
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, Response, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from ..answers.source_view import draw_page, parse_box, view_source
from ..errors import XmragError
from ..types import Modality
from .access import error_body, status_of
from .routes import STREAMED, AnsweringRoute
from .service import DATA_URI, Service, picture_of_data_uri
from .sessions import Sessions
from .turns import Turn, about_answer, about_error, answer, history, keep, keep_upload, public, upload_names

__all__ = ["api_router"]

_PAGE_STYLE = """<style>:root { color-scheme: light dark; --ground: #f5f3ee; --card: #ffffff; --ink: #1b2a33;
--quiet: #56656f; --line: #ddd8cc; }
@media (prefers-color-scheme: dark) { :root { --ground: #11191f; --card: #1a252d; --ink: #e6edf0; --quiet: #9db0ba;
--line: #31424d; } }
body { margin: 0 auto; max-width: 60rem; padding: 1.25rem; background: var(--ground); color: var(--ink);
font: 17px/1.6 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Noto Sans CJK SC", sans-serif; }
h1 { font-size: 1.2rem; line-height: 1.3; margin: 0 0 1rem; overflow-wrap: anywhere; } .beside h1 { display: none; }
figure { margin: 0; } figcaption { display: none; } audio { width: 100%; }
img { display: block; margin: 0 auto; background: #fff; border: 1px solid var(--line); border-radius: 6px; }
figure p { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 1rem 1.2rem;
color: var(--quiet); overflow-wrap: anywhere; white-space: pre-line; }
mark { background: #ffe58a; color: #1b2a33; padding: .1em .2em; border-radius: 3px; }</style>"""
_SHOWN = (
    "image/png", "image/jpeg", "image/gif", "image/webp", "audio/ogg", "audio/opus", "video/mp4", "video/webm",
)  # fmt: skip


_DataURI = Annotated[str, Field(json_schema_extra={"pattern": DATA_URI.pattern})]
"""What the document says of pictures; the service checks it, with the way out."""


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")

    text: str = Field(default="", max_length=20_000)
    images: list[_DataURI] = Field(default_factory=list, max_length=16, description="Pictures as data URIs.")
    without: list[str] = Field(default_factory=list, max_length=16, description="Texts to stay away from.")
    k: int = Field(default=10, ge=1, le=100)
    modality: Literal[Modality.ALL] | None = None  # type: ignore[valid-type]
    where: dict[str, Any] | None = Field(default=None, description="Metadata that hits must have.")


class AskRequest(_Asked):
    """A question to be answered."""

    session: str | None = Field(default=None, description="A conversation of POST /api/sessions.")
    stream: bool = Field(default=False, description="Answer as server-sent events.")


class SearchBody(_Asked):
    """A question whose hits are wanted."""


def api_router(service: Service, sessions: Sessions, *, write: bool = True) -> APIRouter:
    """Return the routes over a service.

    Args:
        service: The index and its limits.
        sessions: Where conversations are kept.
        write: Whether sources may be added and removed.
    """
    routes = APIRouter(route_class=AnsweringRoute)
    _add_questions(routes, service, sessions)
    _add_collection(routes, service, write=write)
    _add_media(routes, service)
    return routes


def _add_questions(routes: APIRouter, service: Service, sessions: Sessions) -> None:
    @routes.post("/api/search", tags=["questions"])
    async def search(asked: SearchBody) -> dict[str, Any]:
        """Return the texts and pictures that answer best, in one list."""
        pictures = [picture_of_data_uri(uri) for uri in asked.images]
        result = await service.work(
            "search",
            lambda: service.index.find(
                asked.text,
                images=pictures,
                without=asked.without,
                k=asked.k,
                modality=asked.modality,
                where=asked.where,
            ),
        )
        return {
            "query": asked.text,
            "hits": [public(hit.as_json()) for hit in result.hits],
            "timings_ms": {stage: round(spent, 2) for stage, spent in result.timings_ms.items()},
        }

    @routes.post("/api/ask", tags=["questions"], response_model=None, responses=STREAMED)
    async def ask(asked: AskRequest) -> Any:
        """Answer a question, alone or in a conversation; as JSON or, with ``stream``, as server-sent events."""
        turn = Turn(
            asked.text,
            asked.images,
            asked.session or "",
            {"similarity_top_k": asked.k, "modality": asked.modality, "filters": asked.where},
        )
        if asked.stream:
            return StreamingResponse(_answer_events(service, sessions, turn), media_type="text/event-stream")
        pictures = turn.pictures(service.limits.pictures)
        before = await asyncio.to_thread(history, sessions, turn.session) if turn.session else None
        response = await service.work(
            "ask",
            lambda: service.index.as_chat_engine(**turn.wanted).chat(turn.text, before, images=pictures),
        )
        if turn.session:
            await asyncio.to_thread(keep, sessions, turn, response)
        return {"answer": str(response.response), **about_answer(response)}

    @routes.post("/api/sessions", tags=["questions"], status_code=201)
    async def begin() -> dict[str, str]:
        """Begin a conversation that the server keeps."""
        return {"session": await asyncio.to_thread(sessions.begin)}

    @routes.get("/api/sessions/{session}", tags=["questions"])
    async def conversation(session: str) -> dict[str, Any]:
        """Return what was said in a conversation."""
        return {"session": session, "messages": await asyncio.to_thread(sessions.messages, session)}

    @routes.delete("/api/sessions/{session}", tags=["questions"], status_code=204, response_class=Response)
    async def forget(session: str) -> Response:
        """Forget a conversation."""
        await asyncio.to_thread(sessions.remove, session)
        return Response(status_code=204)


def _add_collection(routes: APIRouter, service: Service, *, write: bool) -> None:
    @routes.get("/api/sources", tags=["collection"])
    async def sources() -> dict[str, Any]:
        """List the sources with their state."""
        rows = await asyncio.to_thread(service.index.kb.catalog.sources)
        return {
            "sources": [
                {
                    "source": row.source,
                    "state": row.state,
                    "error": row.error or None,
                    "hint": row.hint or None,
                }
                for row in rows
            ]
        }

    @routes.get("/api/status", tags=["collection"])
    async def status() -> dict[str, Any]:
        """Return what the collection holds."""
        return {"status": await asyncio.to_thread(service.index.status)}

    if not write:
        return

    @routes.post("/api/add", tags=["collection"], response_model=None, responses=STREAMED)
    async def add(
        files: Annotated[list[UploadFile], File(min_length=1, description="Documents and pictures.")],
        stream: Annotated[bool, Query(description="Report progress as server-sent events.")] = False,
    ) -> Any:
        """Add uploaded files, or update those of the same name; of several with one name the later are numbered."""
        names = upload_names(service, [file.filename or "" for file in files])
        kept = [
            await asyncio.to_thread(keep_upload, service.uploads, name, file.file)
            for name, file in zip(names, files, strict=True)
        ]
        if stream:
            return StreamingResponse(_add_events(service, kept), media_type="text/event-stream")
        report = await service.work("add", lambda: service.index.add(*kept), writing=True)
        return report.as_json()

    @routes.delete("/api/sources/{source:source}", tags=["collection"])
    async def remove(source: str) -> dict[str, Any]:
        """Remove a source with its nodes and pictures."""
        return {"removed": await service.work("remove", lambda: service.remove(source), writing=True)}


def _add_media(routes: APIRouter, service: Service) -> None:
    @routes.get("/api/media/{digest}", tags=["media"], response_class=FileResponse)
    async def media(
        digest: Annotated[str, PathParameter(pattern="^[0-9a-f]{64}$")],
        width: Annotated[
            int | None, Query(ge=16, le=2048, description="A thumbnail of at least this width.")
        ] = None,
    ) -> Response:
        """Return a stored picture or clip by the sha256 of its bytes."""
        store = service.index.kb.media
        if not await asyncio.to_thread(store.has, digest):
            return JSONResponse(error_body("There is no such medium.", "not_found_error"), 404)
        if width is not None:
            step = 1 << (width - 1).bit_length()  # of two, so that a few copies a picture are kept at most
            path = await asyncio.to_thread(store.thumbnail, digest, step)
        else:
            path = await asyncio.to_thread(store.path, digest)
        mime = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        shown = mime if mime in _SHOWN else "application/octet-stream"
        headers = {"cache-control": "private, max-age=31536000, immutable", **_HARMLESS}
        return FileResponse(path, media_type=shown, headers=headers)

    @routes.get("/api/page/{source:source}/{page}.png", tags=["media"], response_class=Response)
    async def page_picture(
        source: str,
        page: Annotated[int, PathParameter(ge=1, le=1_000_000)],
        box: Annotated[list[str] | None, Query(description="x0,y0,x1,y1 in points; repeatable.")] = None,
    ) -> Response:
        """Return a page as a picture with regions marked."""
        boxes = [parse_box(text) for text in box or ()]
        drawn = await service.work("page", lambda: draw_page(service.index.kb, source, page, boxes))
        if drawn is None:
            return JSONResponse(error_body("This page cannot be drawn.", "not_found_error"), 404)
        return Response(drawn, media_type="image/png", headers=_HARMLESS)

    @routes.get("/source/{source:source}", tags=["media"], response_class=HTMLResponse)
    async def source_page(
        request: Request,
        source: str,
        page: Annotated[int | None, Query(ge=1, le=1_000_000)] = None,
        node: Annotated[str, Query(max_length=200)] = "",
        box: Annotated[list[str] | None, Query(description="x0,y0,x1,y1; repeatable.")] = None,
    ) -> Response:
        """Show a place in a source with its region marked: what citations link to."""
        status = 200
        try:
            boxes = [parse_box(text) for text in box or ()]
            view = await service.work(
                "source", lambda: view_source(service.index.kb, source, page=page, node_id=node, boxes=boxes)
            )
            title, shown = view.title, view.html()
        except XmragError as error:
            if "text/html" not in request.headers.get("accept", ""):
                raise
            status, title = status_of(error), source
            shown = f"<p>{html.escape(error.message)}</p><p>{html.escape(error.hint)}</p>"
        title = html.escape(title)
        body = (
            '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" '
            f'content="width=device-width, initial-scale=1"><title>{title}</title>{_PAGE_STYLE}</head>'
            f"<body><main><h1>{title}</h1>{shown}</main></body></html>"
        )
        return HTMLResponse(body, status, headers=_HARMLESS)


_HARMLESS = {
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; img-src data: 'self'; media-src data: 'self'; "
    "style-src 'unsafe-inline'; frame-ancestors 'self'",
    "referrer-policy": "no-referrer",
}
"""What keeps a document from doing anything in a browser."""


async def _answer_events(service: Service, sessions: Sessions, turn: Turn) -> AsyncIterator[str]:
    """Yield ``piece`` events with words, then one ``answer`` event, or one ``error`` event."""
    try:
        async with contextlib.aclosing(answer(service, sessions, turn)) as answered:
            async for step in answered:
                if isinstance(step, str):
                    yield _event("piece", {"text": step})
                elif step.ended:
                    yield _event("answer", {"answer": str(step.response), **about_answer(step)})
    except Exception as error:
        yield _event("error", about_error(error))


async def _add_events(service: Service, paths: list[Path]) -> AsyncIterator[str]:
    """Yield ``progress`` events ``{"stage", "done", "total"}``, then one ``report`` or ``error`` event."""
    try:
        async for step in service.run_with_progress(
            "add", lambda tell: service.index.add(*paths, progress=tell), writing=True
        ):
            if isinstance(step, tuple):
                yield _event("progress", dict(zip(("stage", "done", "total"), step, strict=True)))
            else:
                yield _event("report", step.as_json())
    except Exception as error:
        yield _event("error", about_error(error))


def _event(kind: str, data: dict[str, Any]) -> str:
    return f"event: {kind}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"
