"""Pictures described in words by any generator, so that those without a caption can be found."""

from __future__ import annotations

import io
import re
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import (
    CapabilityMissing,
    EmptyReply,
    GenerationError,
    GeneratorOverloaded,
    GeneratorUnreachable,
    PictureError,
    PromptRefused,
    UsageError,
)
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
"""What a generator is asked. Other words need a new :data:`_VERSION`."""

_VERSION = "1"
_SIDE = 1024
_MAX_CHARACTERS = 2000
_MAX_TRIES: dict[type[Exception], int] = {GeneratorOverloaded: 6, GeneratorUnreachable: 2}
_MAX_PAUSE_S = 30.0
_OF_ONE_PICTURE = (PromptRefused, EmptyReply)
_MAX_FAILURES = 4  # in a row, then the generator itself is taken to be out of order
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
    """Describe pictures by a generator that takes pictures. Safe to share between threads.

    Args:
        llm: Any LlamaIndex LLM that takes pictures: local, served, or a chain of several.
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

    def read_many(
        self, pictures: Iterable[bytes | Path]
    ) -> Iterator[Caption | GenerationError | PictureError]:
        """Describe many pictures; yield their descriptions in the order given.

        Raises:
            GenerationError: As :meth:`read_each` does.
        """
        there: dict[int, Caption | GenerationError | PictureError] = {}
        wanted = 0
        for index, result in self.read_each(pictures):
            there[index] = result
            while wanted in there:
                yield there.pop(wanted)
                wanted += 1

    def read_each(
        self, pictures: Iterable[bytes | Path]
    ) -> Iterator[tuple[int, Caption | GenerationError | PictureError]]:
        """Describe many pictures, a few at once; yield each description with its index as soon as it is there.

        A picture that cannot be decoded, that the generator refuses, or at which it fails although it was
        asked again, gives its error.

        Raises:
            GenerationError: If the generator refuses all, or fails several times in a row; after whatever
                was described by then has been yielded.
        """

        def attempt(picture: bytes | Path) -> Caption | GenerationError | PictureError:
            try:
                return self.read(picture)
            except (PictureError, GenerationError) as error:
                return error

        waiting = enumerate(pictures)
        running: dict[Future[Caption | GenerationError | PictureError], int] = {}
        failures = 0
        ended: GenerationError | None = None
        pool = ThreadPoolExecutor(self._workers, thread_name_prefix="xmrag-caption")
        try:
            while True:
                while ended is None and len(running) < self._workers and (item := next(waiting, None)):
                    running[pool.submit(attempt, item[1])] = item[0]
                if not running:
                    break
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    index, result = running.pop(future), future.result()
                    failed = isinstance(result, GenerationError) and not isinstance(result, _OF_ONE_PICTURE)
                    failures = failures + 1 if failed else 0
                    if isinstance(result, GenerationError) and failed:
                        is_lasting = not result.retryable or isinstance(result, CapabilityMissing)
                        ended = result if is_lasting or failures >= _MAX_FAILURES else ended
                    yield index, result
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
        if ended is not None:
            raise ended

    def _ask(self, messages: list[Any]) -> Any:
        """Return the generator's reply; ask again for what may pass; raise its failures as errors of the tree."""
        name = self._llm.metadata.model_name
        for tries in count(1):
            try:
                return settled(self._llm.chat(messages), name)
            except Exception as error:
                found = diagnose(error, name)
                if found is None:
                    raise
                tries_left = _MAX_TRIES.get(type(found.error), 1) - tries
                if not found.transient or tries_left <= 0:
                    if found.error is error:
                        raise
                    raise found.error from error
                pause = found.retry_after_s if found.retry_after_s is not None else 0.5 * 2**tries
                time.sleep(min(pause, _MAX_PAUSE_S))
        raise AssertionError("unreachable")

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
    """Return a description as it is kept: no preamble, no sentence twice, no runaway length.

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
    if len(text) > _MAX_CHARACTERS:
        text = text[:_MAX_CHARACTERS].rpartition(" ")[0] + " …"
    return text[:1].upper() + text[1:]
