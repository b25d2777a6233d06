"""A turn of a conversation and an upload, as the interface for programs and the page take them."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import mimetypes
import os
import shutil
import uuid
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from ..errors import UsageError, XmragError
from .service import Service, picture_of_data_uri, safe_name
from .sessions import Sessions

if TYPE_CHECKING:
    from ..answers.response import Shown
    from ..llamaindex.chat.response import CrossModalStreamingChatResponse

__all__ = [
    "Turn",
    "about_answer",
    "about_error",
    "answer",
    "history",
    "keep",
    "keep_upload",
    "public",
    "sources_so_far",
    "upload_names",
]

_STEM, _SUFFIX = 100, 13  # letters of a name's parts that are kept where it is numbered

_log = logging.getLogger("xmrag_plugin.server")


@dataclass(frozen=True, slots=True)
class Turn:
    """What a user says.

    Attributes:
        text: The words.
        images: Pictures as data URIs.
        session: The conversation that it belongs to; empty for none.
        wanted: Further arguments of ``as_chat_engine``.
    """

    text: str
    images: Sequence[str] = ()
    session: str = ""
    wanted: Mapping[str, Any] = field(default_factory=dict)

    def pictures(self, limit: int) -> list[bytes]:
        """Return the pictures' bytes.

        Raises:
            UsageError: If there are too many, or one is no picture.
        """
        if len(self.images) > limit:
            raise UsageError(
                f"The question has {len(self.images)} pictures; {limit} are taken.", hint="Ask with fewer."
            )
        return [picture_of_data_uri(uri) for uri in self.images]


async def answer(
    service: Service, sessions: Sessions, turn: Turn
) -> AsyncGenerator[str | CrossModalStreamingChatResponse, None]:
    """Answer a turn: first the response, still empty, then its words as they come, then the whole response.

    Of an answer that is broken off the conversation keeps the question and the words that were said.

    Raises:
        XmragError: If it cannot be answered.
    """
    pictures = turn.pictures(service.limits.pictures)
    before = await asyncio.to_thread(history, sessions, turn.session) if turn.session else None
    responses: list[CrossModalStreamingChatResponse] = []

    def begin() -> Iterator[str]:
        engine = service.index.as_chat_engine(**turn.wanted)
        responses.append(engine.stream_chat(turn.text, before, images=pictures))
        yield ""  # what was found is known before the first word
        yield from responses[0].response_gen

    said = ""
    try:
        async with contextlib.aclosing(service.pieces(begin)) as pieces:
            yielded = False
            async for piece in pieces:
                yield piece if yielded else responses[0]
                yielded = True
                said += piece
    except BaseException as error:
        failed = isinstance(error, Exception)
        if failed:
            service.count("ask_error")
        if turn.session and (said or not failed):  # at once: a task that is cancelled may not wait again
            with contextlib.suppress(UsageError):  # the conversation is forgotten already
                _keep(sessions, turn, said, _about_part(said, responses))
        raise
    service.count("ask")
    if turn.session:
        await asyncio.to_thread(keep, sessions, turn, responses[0])
    yield responses[0]


def history(sessions: Sessions, session: str) -> list[Any]:
    """Return what was said in a conversation as LlamaIndex messages.

    Raises:
        UsageError: If there is no such conversation.
    """
    from llama_index.core.base.llms.types import ChatMessage, ImageBlock, TextBlock

    return [
        ChatMessage(
            role=message["role"],
            blocks=[
                TextBlock(text=message["text"]),
                *(ImageBlock(image=picture_of_data_uri(uri)) for uri in message.get("images", ())),
            ],
        )
        for message in sessions.messages(session)
        if message["text"] or message.get("images")
    ]


def keep(sessions: Sessions, turn: Turn, response: Any) -> None:
    """Keep a turn and its answer in the conversation."""
    _keep(sessions, turn, str(response.response), about_answer(response))


def _keep(sessions: Sessions, turn: Turn, said: str, about: Mapping[str, Any]) -> None:
    sessions.keep(
        turn.session,
        {"role": "user", "text": turn.text, "images": list(turn.images)},
        {"role": "assistant", "text": said, **about},
    )


def _about_part(said: str, responses: Sequence[Shown]) -> dict[str, Any]:
    """Return what is known of an answer that was broken off: what it cites was not checked."""
    rows = [row for response in responses for row in sources_so_far(response) if f"[{row['n']}]" in said]
    return {"broken_off": True, "citations": rows}


def about_answer(response: Shown) -> dict[str, Any]:
    """Return what clients are told of an answer besides its words: the checked citations, and who answered."""
    metadata = response.metadata or {}
    captions = {item.n: item.caption for item in response.evidence if item.caption}
    return {
        "abstained": response.abstained,
        "citations": [{**public(row), "caption": captions.get(int(row["n"]))} for row in response.citations],
        "generator": metadata.get("generator", {}),
        **({"unfinished": metadata["unfinished"]} if metadata.get("unfinished") else {}),
    }


def sources_so_far(response: Shown) -> list[dict[str, Any]]:
    """Return what an answer may cite, as its citations will look, while it is being written."""
    return [
        public({**item.citation(item.caption).as_json(), "caption": item.caption})
        for item in response.evidence
    ]


def about_error(error: Exception) -> dict[str, str]:
    """Return what clients are told of an error: nothing of this machine for one that is not the package's."""
    if not isinstance(error, XmragError):
        _log.error("a request failed", exc_info=error)
    message = getattr(error, "message", None) or "The server failed."
    return {"error": message, "hint": getattr(error, "hint", ""), "type": type(error).__name__}


def public(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a hit or a citation with the address of its medium in place of a path of this machine."""
    path = row.get("media_file")
    medium = (Path(path).stem, mimetypes.guess_type(path)[0]) if path else (None, None)
    shown = {key: value for key, value in row.items() if key != "media_file"}
    return {**shown, "media_hash": medium[0], "media_type": medium[1]}


def upload_names(service: Service, names: Sequence[str]) -> list[str]:
    """Return the names under which the files of one upload are kept: of those with one name the later are numbered.

    Raises:
        UsageError: If there are too many, or a name is none.
    """
    if len(names) > service.limits.upload_files:
        raise UsageError(
            f"{len(names)} files were sent; {service.limits.upload_files} are taken at once.",
            hint="Send fewer.",
        )
    found: list[str] = []
    taken: set[str] = set()
    for name in map(safe_name, names):
        stem, suffix = os.path.splitext(name)
        if len(suffix) > _SUFFIX:
            stem, suffix = name, ""
        numbered = (f"{stem[:_STEM]} ({n}){suffix}" for n in itertools.count(2))
        while name.casefold() in taken:
            name = next(numbered)
        taken.add(name.casefold())
        found.append(name)
    return found


def keep_upload(folder: Path, name: str, stream: BinaryIO) -> Path:
    """Write an uploaded file under a name of :func:`upload_names` into the folder of uploads, whole or not at all."""
    folder.mkdir(exist_ok=True)
    partial = folder / f".{uuid.uuid4().hex}.part"  # of its own: two may send files of one name at once
    try:
        with partial.open("xb") as out:
            shutil.copyfileobj(stream, out)
        return partial.replace(folder / name)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
