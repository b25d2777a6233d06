"""Pictures described in words by any generator, so that those without a caption can be found."""

from __future__ import annotations

import io
import re
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import CapabilityMissing, GenerationError, PictureError, PromptRefused, UsageError
from ..generators.picture_blocks import takes_pictures
from ..generators.served.errors import diagnose
from ..generators.served.replies import settled
from ..images.decode import open_picture
from ..types import MAX_PICTURE_PX

if TYPE_CHECKING:
    from llama_index.core.llms import LLM

__all__ = ["INSTRUCTION", "Caption", "CaptionDescriber", "Spent"]

INSTRUCTION = (
    "Describe this picture for someone who searches for it and cannot see it. Say first what it is "
    "(photograph, chart, diagram, map, table, screenshot, scanned page), then what it shows. Name "
    "every person, place, thing, label, number and unit that can be read or recognised in it; of a "
    "chart, give its axes, its series, its highest and lowest values and its trend. Use plain "
    "sentences, six at most. Do not guess, and do not speak of yourself."
)
"""What a generator is asked. A new wording needs a new :data:`_VERSION`."""

_VERSION = "1"
_SIDE = 1024
_MOST_CHARACTERS = 2000
_PREAMBLE = re.compile(
    r"^(sure|certainly|of course|here is|here's)[^.:\n]{0,60}[:.!]\s+|^(the|this) (image|picture) (shows|depicts) ",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Caption:
    """A model's words for a picture.

    Attributes:
        text: The description; empty when the model had none.
        model: Who wrote it.
        seconds: How long it took.
        prompt_tokens: What it cost, where the generator says.
        completion_tokens: Likewise.
    """

    text: str
    model: str
    seconds: float
    prompt_tokens: int = 0
    completion_tokens: int = 0


@dataclass(slots=True)
class Spent:
    """What describing has cost so far.

    Attributes:
        pictures: Pictures described.
        failed: Pictures that could not be.
        seconds: Time of the generator, summed over workers.
        prompt_tokens: Tokens read, where the generator says.
        completion_tokens: Tokens written, likewise.
    """

    pictures: int = 0
    failed: int = 0
    seconds: float = 0.0
    prompt_tokens: int = 0
    completion_tokens: int = 0


class CaptionDescriber:
    """Describes pictures by a generator that sees. Safe to share between threads.

    Args:
        llm: Any LlamaIndex LLM that takes pictures: local, served, or a ladder of several.
        workers: Pictures described at once; None for one in this process, four by a server.
        max_picture_px: A picture of more pixels is refused.

    Attributes:
        name: Who describes, with the version of the instruction: descriptions may be kept under it
            and the media hash.
        spent: What it has cost so far.

    Raises:
        UsageError: If the generator takes no pictures.

    Example:
        >>> CaptionDescriber(load_llm("smolvlm2-500m")).read(Path("chart.png")).text  # doctest: +SKIP
        'A bar chart of revenue by region; the north has the highest bar, 4.5 million.'
    """

    def __init__(self, llm: LLM, *, workers: int | None = None, max_picture_px: int = MAX_PICTURE_PX) -> None:
        if takes_pictures(llm) is False:
            raise UsageError(
                f"{llm.metadata.model_name} takes no pictures, so that it cannot describe any.",
                hint="Name a vision-language model or a captioner: see `xmrag models`.",
            )
        self._llm = llm
        self._workers = workers or (1 if hasattr(llm, "placement") else 4)
        self._max_picture_px = max_picture_px
        self._counting = threading.Lock()
        self.name = f"caption-{llm.metadata.model_name}/{_VERSION}"
        self.spent = Spent()

    def read(self, picture: bytes | Path) -> Caption:
        """Describe one picture.

        Raises:
            PictureError: If it cannot be decoded.
            GenerationError: If the generator fails.
        """
        begun = time.perf_counter()
        try:
            reply = self._ask(self._messages(picture))
            report = reply.additional_kwargs.get("generator", {})
            if report.get("pictures_as_words"):
                raise CapabilityMissing(
                    f"{report['name']} takes no pictures, so that it cannot describe any.",
                    hint="Name a vision-language model or a captioner: see `xmrag models`.",
                )
        except (PictureError, GenerationError):
            with self._counting:
                self.spent.failed += 1
            raise
        caption = Caption(
            text=tidy(reply.message.content or ""),
            model=str(report.get("model") or self._llm.metadata.model_name),
            seconds=time.perf_counter() - begun,
            prompt_tokens=int(reply.additional_kwargs.get("prompt_tokens") or 0),
            completion_tokens=int(reply.additional_kwargs.get("completion_tokens") or 0),
        )
        with self._counting:
            self.spent.pictures += 1
            self.spent.seconds += caption.seconds
            self.spent.prompt_tokens += caption.prompt_tokens
            self.spent.completion_tokens += caption.completion_tokens
        return caption

    def read_many(self, pictures: Iterable[bytes | Path]) -> Iterator[Caption | PictureError | PromptRefused]:
        """Describe many, in the order given, a few at once.

        A picture that cannot be decoded or that the generator refuses gives its error in its place.
        Each description is yielded as soon as those before it are there, so that what has been paid
        for can be kept before anything goes wrong.

        Raises:
            GenerationError: If the generator itself fails; descriptions not yet yielded are lost.
        """

        def attempt(picture: bytes | Path) -> Caption | PictureError | PromptRefused:
            try:
                return self.read(picture)
            except (PictureError, PromptRefused) as error:
                return error

        ahead: deque[Future[Caption | PictureError | PromptRefused]] = deque()
        pool = ThreadPoolExecutor(self._workers, thread_name_prefix="xmrag-caption")
        try:
            for picture in pictures:
                ahead.append(pool.submit(attempt, picture))
                if len(ahead) >= 2 * self._workers:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def _ask(self, messages: list[Any]) -> Any:
        """The generator's reply, its failures as errors of the tree."""
        try:
            reply = self._llm.chat(messages)
        except Exception as error:
            found = diagnose(error, self._llm.metadata.model_name)
            if found is None or found.error is error:
                raise
            raise found.error from error
        return settled(reply, self._llm.metadata.model_name)

    def _messages(self, picture: bytes | Path) -> list[Any]:
        from llama_index.core.llms import ChatMessage, ImageBlock, TextBlock

        frame = open_picture(picture, self._max_picture_px, side=_SIDE)
        encoded = io.BytesIO()
        frame.save(encoded, "JPEG", quality=88)
        blocks = [
            TextBlock(text=INSTRUCTION),
            ImageBlock(image=encoded.getvalue(), image_mimetype="image/jpeg"),
        ]
        return [ChatMessage(role="user", blocks=blocks)]


def tidy(text: str) -> str:
    """A description as it is kept: no preamble, no sentence twice, no runaway length.

    >>> tidy("Sure, here is a description: A red car. A red car. It stands still.")
    'A red car. It stands still.'
    """
    text = " ".join(text.replace("**", "").split())
    text = _PREAMBLE.sub("", text, count=1).strip()
    kept: list[str] = []
    seen: set[str] = set()
    for sentence in re.split(r"(?<=[.!?。！？])\s+", text):
        key = sentence.casefold().strip(" .")
        if key and key not in seen:
            seen.add(key)
            kept.append(sentence)
    text = " ".join(kept)
    if len(text) > _MOST_CHARACTERS:
        text = text[:_MOST_CHARACTERS].rpartition(" ")[0] + " …"
    return text[:1].upper() + text[1:]
