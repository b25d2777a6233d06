"""The tab of questions: words and pictures in, a streamed answer with its figures and sources out."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import time
from collections.abc import AsyncIterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import gradio as gr

from ...errors import UsageError, XmragError
from ...images.decode import open_picture, picture_bytes, raster_mime
from ..service import Service, picture_of_data_uri
from ..sessions import Sessions
from ..turns import Turn, about_error, answer, sources_so_far
from .markup import answer_html, error_html, question_html

__all__ = ["chat_tab", "data_uri"]

_TICK_S = 0.12  # between two looks at an answer in the making
_SHOWN_PX = 320
_NOTHING: dict[str, Any] = {"text": "", "files": []}
_WELCOME = '<div class="xm-welcome"><h2>What would you like to know?</h2><p>{said}</p></div>'
_HOW = (
    "Ask your documents and pictures in words, with a picture, or both. Answers cite their sources: "
    "follow a number to see the page with the place marked."
)
_EMPTY = "The collection is empty. Add documents and pictures under <strong>Collection</strong>, then ask."
_SEARCHING = '<p class="xm-status" role="status">Searching the collection …</p>'

Shown = tuple[Any, Any, Any, Any]
"""The conversation, the turn in the making, the composer, the session."""


def chat_tab(page: gr.Blocks, service: Service, sessions: Sessions) -> None:
    """Lay out the tab.

    Args:
        page: The page that it belongs to.
        service: The index and its limits.
        sessions: Where conversations are kept.
    """
    session = gr.BrowserState("", storage_key="xmrag-session")
    with gr.Column(elem_classes="xm-chat"):
        log = gr.HTML(
            _WELCOME.format(said=_HOW), apply_default_css=False, elem_id="xm-log", elem_classes="xm-log"
        )
        live = gr.HTML(apply_default_css=False, elem_id="xm-live", elem_classes="xm-log")
        with gr.Column(elem_classes="xm-composer"):
            composer = gr.MultimodalTextbox(
                label="Your question",
                show_label=False,
                placeholder="Ask in words; drop or paste a picture",
                file_types=["image"],
                file_count="multiple",
                sources=["upload"],
                lines=1,
                max_lines=8,
                elem_id="xm-question",
            )
            with gr.Row(elem_classes="xm-tools"):
                camera = gr.Button("Use the camera", size="sm", variant="secondary")
                anew = gr.Button("New conversation", size="sm", variant="secondary")
            lens = gr.Image(
                label="Picture from the camera",
                sources=["webcam"],
                type="filepath",
                format="jpeg",
                visible=False,
                elem_id="xm-camera",
            )

    async def show(session: str) -> tuple[str, str]:
        return await asyncio.to_thread(_conversation, service, sessions, session)

    async def ask(said: dict[str, Any], session: str) -> AsyncIterator[Shown]:
        async for shown in _ask(service, sessions, said, session):
            yield shown

    async def stopped(session: str) -> tuple[str, str, Any]:
        return (await show(session))[0], "", _ready()

    async def forget(session: str) -> tuple[str, str, str]:
        if session:
            with contextlib.suppress(UsageError):  # it is gone already
                await asyncio.to_thread(sessions.remove, session)
        return *(await asyncio.to_thread(_conversation, service, sessions, "")), ""

    def taken(picture: str | None, said: Mapping[str, Any] | None) -> tuple[Any, Any]:
        files = list((said or {}).get("files") or ())
        if picture:
            files.append(picture)
        return {"text": (said or {}).get("text") or "", "files": files}, gr.Image(value=None, visible=False)

    options: dict[str, Any] = {"api_visibility": "private", "concurrency_limit": None}
    page.load(show, session, [log, session], show_progress="hidden", **options)
    asking = composer.submit(
        ask, [composer, session], [log, live, composer, session], show_progress="hidden", **options
    )
    stopping = composer.stop(None, cancels=asking, **options)
    stopping.then(stopped, session, [log, live, composer], show_progress="hidden", **options)
    anew.click(forget, session, [log, session, live], cancels=asking, show_progress="hidden", **options)
    camera.click(lambda: gr.Image(visible=True), None, lens, show_progress="hidden", **options)
    lens.input(taken, [lens, composer], [composer, lens], show_progress="hidden", **options)


async def _ask(
    service: Service, sessions: Sessions, message: Mapping[str, Any], session: str
) -> AsyncIterator[Shown]:
    """Answer a turn, with what is to be shown meanwhile."""
    text = str(message.get("text") or "").strip()
    files = [Path(str(file)) for file in message.get("files") or ()]
    if not text and not files:
        yield gr.skip(), gr.skip(), gr.skip(), gr.skip()
        return
    question = ""
    try:
        images = [await asyncio.to_thread(data_uri, file, service) for file in files]
        session = await asyncio.to_thread(_known, sessions, session)
        question = question_html(text, await asyncio.to_thread(_small, images, service))
        yield gr.skip(), question + _SEARCHING, _busy(), session
        pieces: list[str] = []
        possible: list[dict[str, Any]] = []
        shown_at = 0.0
        async with contextlib.aclosing(answer(service, sessions, Turn(text, images, session))) as answered:
            async for part in answered:
                if isinstance(part, str):
                    pieces.append(part)
                elif not part.ended:
                    possible = await asyncio.to_thread(sources_so_far, part)
                if pieces and time.monotonic() - shown_at > _TICK_S:
                    so_far = answer_html("".join(pieces), possible, whole=False)
                    yield gr.skip(), question + so_far, gr.skip(), gr.skip()
                    shown_at = time.monotonic()
        log, _ = await asyncio.to_thread(_conversation, service, sessions, session)
        yield log, "", _ready(), gr.skip()
    except Exception as error:
        failed = question + error_html(about_error(error))
        yield gr.skip(), failed, _ready(dict(message)), session


def _busy() -> Any:
    """Return the composer while an answer is being written: empty, with a button that stops it."""
    return gr.MultimodalTextbox(value=_NOTHING, submit_btn=False, stop_btn=True)


def _ready(message: Mapping[str, Any] | None = None) -> Any:
    """Return the composer for the next question, with the words of one that failed."""
    again = {} if message is None else {"value": message}
    return gr.MultimodalTextbox(submit_btn=True, stop_btn=False, **again)


def _known(sessions: Sessions, session: str) -> str:
    """Return the session if it is one of this server's, else a new one."""
    try:
        sessions.messages(session)
    except UsageError:
        return sessions.begin()
    return session


def _conversation(service: Service, sessions: Sessions, session: str) -> tuple[str, str]:
    """Return what was said in a conversation, and the conversation's id if there is one."""
    try:
        messages = sessions.messages(session) if session else []
    except UsageError:  # another server's, or forgotten
        messages, session = [], ""
    if not messages:
        return _welcome(service), session
    parts = []
    for message in messages:
        if message["role"] == "user":
            parts.append(question_html(message["text"], _small(message.get("images", ()), service)))
        else:
            parts.append(
                answer_html(
                    message["text"],
                    message.get("citations", ()),
                    generator=message.get("generator"),
                    abstained=bool(message.get("abstained")),
                    broken_off=bool(message.get("broken_off")),
                )
            )
    return "".join(parts), session


def _welcome(service: Service) -> str:
    """Return what stands where nothing is said yet."""
    is_empty = service.index.kb.catalog.node_count == 0
    return _WELCOME.format(said=_EMPTY if is_empty else _HOW)


def data_uri(file: Path, service: Service) -> str:
    """Return an uploaded picture as a data URI, as programs send it.

    Raises:
        PictureError: If it is no picture that can be decoded.
    """
    data = file.read_bytes()
    open_picture(data, service.index.settings.max_picture_px, side=_SHOWN_PX)
    return f"data:{raster_mime(data[:64])};base64,{base64.b64encode(data).decode()}"


def _small(uris: Any, service: Service) -> list[str]:
    """Return small copies of a question's pictures; what cannot be decoded any more is left out."""
    limit = service.index.settings.max_picture_px
    return [small for uri in uris if (small := _small_copy(uri, limit))]


@lru_cache(maxsize=64)
def _small_copy(uri: str, max_px: int) -> str:
    try:
        picture = open_picture(picture_of_data_uri(uri), max_px, side=_SHOWN_PX).convert("RGB")
    except XmragError:
        return ""
    return f"data:image/jpeg;base64,{base64.b64encode(picture_bytes(picture, mime='image/jpeg')).decode()}"
