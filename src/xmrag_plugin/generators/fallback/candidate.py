"""Candidates of a fallback chain: opening one, asking it as it can be asked, watching its stream."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ...errors import CapabilityMissing, GeneratorUnreachable
from ..capability import capability_of
from ..keyless import Keyless
from ..picture_blocks import count_pictures, takes_pictures, with_first_pictures
from ..reply_text import ReplyText
from ..served.errors import Diagnosis, diagnose
from ..served.replies import (
    check_refusal,
    check_says_something,
    ended_properly,
    says_anything,
    text_of,
    with_text,
)
from .request import address_of

if TYPE_CHECKING:
    from llama_index.core.callbacks import CallbackManager
    from llama_index.core.llms import LLM, ChatMessage, LLMMetadata

__all__ = ["Candidate", "StreamWatch", "Try"]


class Candidate:
    """A generator of a fallback chain, opened when first needed.

    Args:
        name: Its name in reports.
        llm: The LLM, when it exists already.
        load: Makes it, when it does not.
        model: The model's name, for reports before it is loaded.
        takes_pictures: Whether it takes pictures; None where only trying tells.
        calls_tools: Whether it calls tools, before it is loaded.
        spec: The spec that makes it again, where there is one.
    """

    def __init__(
        self,
        name: str,
        *,
        llm: LLM | None = None,
        load: Callable[[], LLM] | None = None,
        model: str = "",
        takes_pictures: bool | None = None,
        calls_tools: bool = False,
        spec: str = "",
    ) -> None:
        self.name = name
        self.spec = spec
        self.takes_pictures = takes_pictures
        self.max_pictures: int | None = None
        self._llm = llm
        self._load = load
        self._model = model
        self._calls_tools = calls_tools
        self._weak: bool | None = None
        self._opening = threading.Lock()
        self._cools_until = 0.0
        self._cools_after = ""
        self._failures = 0

    def __getstate__(self) -> dict[str, Any]:
        """Return the state without lock and cooldown.

        How it is loaded cannot be pickled: it is opened now, unless a spec makes it again. Its keys are left out.
        """
        state = {**self.__dict__, "_load": None, "_cools_until": 0.0, "_cools_after": "", "_failures": 0}
        del state["_opening"]
        state["_llm"] = None if self.spec else Keyless(self.llm)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._llm = Keyless.opened(self._llm)
        self._opening = threading.Lock()
        if self.spec:
            from .. import load_llm

            self._load = lambda: load_llm(self.spec)

    @property
    def llm(self) -> LLM:
        """The LLM, loaded now if it was not.

        Raises:
            CapabilityMissing: If there is neither an LLM nor a way to make one.
        """
        with self._opening:
            if self._llm is None:
                if self._load is None:
                    raise CapabilityMissing(f"The candidate {self.name!r} holds no generator.")
                self._llm = self._load()
            if self.takes_pictures is None:
                self.takes_pictures = takes_pictures(self._llm)
            return self._llm

    def report_to(self, manager: CallbackManager) -> None:
        """Have the LLM call these callbacks; one that is loaded later calls those of LlamaIndex's ``Settings``."""
        if self._llm is not None:
            self._llm.callback_manager = manager

    @property
    def is_open(self) -> bool:
        """Whether the LLM is loaded."""
        return self._llm is not None

    @property
    def model(self) -> str:
        """The model's name."""
        if self._llm is None or self._model:
            return self._model
        return str(getattr(self._llm, "model", "") or self._llm.metadata.model_name)

    @property
    def metadata(self) -> LLMMetadata | None:
        """The LLM's metadata; None when it cannot be opened or asked just now.

        Raises:
            Exception: A programming error, unchanged.
        """
        try:
            said: LLMMetadata = self.llm.metadata
        except Exception as error:
            if diagnose(error, self.name) is None:
                raise
            return None
        return said

    @property
    def calls_tools(self) -> bool:
        """Whether it takes tools; before it is loaded, what was stated."""
        if self._llm is None:
            return self._calls_tools
        if not hasattr(self._llm, "chat_with_tools"):
            return False
        said = self.metadata
        return said is not None and said.is_function_calling_model

    @property
    def is_weak(self) -> bool:
        """Whether it is to be given quotations only; one that cannot be opened just now is not."""
        if self._weak is None:
            try:
                self._weak = capability_of(self.llm).weak
            except Exception as error:
                if diagnose(error, self.name) is None:
                    raise
                return False
        return self._weak

    def failed(self) -> int:
        """Count a question that failed; return how many failed in a row."""
        self._failures += 1
        return self._failures

    def succeeded(self) -> None:
        """Forget earlier failures."""
        self._failures = 0

    def cool_down(self, until: float, reason: str) -> None:
        """Leave it alone until a moment of the chain's clock."""
        self._cools_until, self._cools_after = until, reason

    def cooling_s(self, now: float) -> float:
        """Return for how many seconds more it is left alone."""
        return max(0.0, self._cools_until - now)

    def cooling_reason(self, now: float) -> str:
        """Return why it is left alone, for the report."""
        return f"not asked for {self.cooling_s(now):.0f} s more, after: {self._cools_after}"


@dataclass(slots=True)
class Try:
    """One question put to one candidate.

    Attributes:
        candidate: Who is asked.
        messages: What is asked, as this candidate can take it.
        began: When, on the chain's clock.
        wait_s: Seconds to wait before asking.
        as_words: Pictures that were replaced by their words.
        tries: How often it has been asked already.
        written: Characters of the answer so far.
        refused: The refusal after which pictures were left out.
    """

    candidate: Candidate
    messages: list[ChatMessage]
    began: float = 0.0
    wait_s: float = 0.0
    as_words: int = 0
    tries: int = 0
    written: int = 0
    refused: Diagnosis | None = None

    @property
    def who(self) -> str:
        model = self.candidate.model
        return f"{self.candidate.name} ({model})" if model else self.candidate.name

    @property
    def where(self) -> str:
        """The address of its server, without a login; ``""`` where there is none."""
        address = address_of(self.candidate.llm) if self.candidate.is_open else ""
        scheme, _, rest = address.partition("://")
        return f"{scheme}://{rest.rpartition('@')[2]}" if rest else ""

    def open(self) -> tuple[LLM, list[ChatMessage]]:
        """Return the LLM, and the messages with as many pictures as it takes."""
        llm = self.candidate.llm
        if not self.as_words:
            if self.candidate.takes_pictures is False:
                self.leave_out_pictures(0)
            elif self.candidate.max_pictures is not None:
                self.leave_out_pictures(self.candidate.max_pictures)
        return llm, self.messages

    async def aopen(self) -> tuple[LLM, list[ChatMessage]]:
        """Do as :meth:`open`, loading the model in a thread."""
        if self.candidate.is_open:
            return self.open()
        return await asyncio.to_thread(self.open)

    def leave_out_pictures(self, kept: int) -> bool:
        """Replace all but the first ``kept`` pictures by their words; return whether any was replaced."""
        count = count_pictures(self.messages) - kept
        if count > 0:
            self.as_words += count
            self.messages = with_first_pictures(self.messages, kept)
        return count > 0

    def retry_without_pictures(self, found: Diagnosis) -> bool:
        """Prepare a second try with fewer pictures after a refusal; return whether there is anything to drop."""
        if self.refused is not None or not found.may_be_pictures:
            return False
        if not self.leave_out_pictures(found.max_pictures or 0):
            return False
        self.refused = found
        return True

    def remember(self) -> None:
        """Keep in the candidate what the answered try has shown of pictures."""
        if self.refused is None or not self.refused.tells_of_pictures:
            return
        if self.refused.max_pictures:
            self.candidate.max_pictures = self.refused.max_pictures
        else:
            self.candidate.takes_pictures = False


@dataclass(slots=True)
class StreamWatch:
    """Follow one stream: what has been written, what is held back, how it ends."""

    asked: Try
    last: Any = None
    ended: bool | None = None
    filter: ReplyText = field(default_factory=ReplyText)
    received: int = 0
    shown: str = ""

    def take(self, piece: Any) -> Any:
        """Return the piece that may go out, without thinking; None for one that is held back."""
        ended = ended_properly(piece.raw)
        if ended is not None:
            self.ended = bool(self.ended) or ended
        check_refusal(piece, self.asked.who)
        received = text_of(piece)
        new = self.filter.feed(piece.delta or received[self.received :])
        self.received = max(self.received, len(received))
        self.shown += new
        self.last = with_text(piece, self.shown, new)
        says = bool(new) or says_anything(self.last)
        if not says and not self.asked.written:
            return None
        self.asked.written = max(self.asked.written, len(self.shown), 1)
        return self.last

    def end(self) -> Any:
        """Return a last piece with what the filter held back; None where nothing is left.

        Raises:
            GeneratorUnreachable: If the stream broke off, or was no stream of a generator.
            EmptyReply: If it said nothing.
        """
        if self.ended is False:
            raise GeneratorUnreachable(
                f"{self.asked.who} gave no answer (its stream broke off).",
                hint="The connection broke; try again.",
            )
        if self.last is None:
            raise GeneratorUnreachable(
                f"{self.asked.who} gave no answer (its stream was empty).",
                hint="Something else than a generator answers at this address, or it is broken.",
            )
        rest = self.filter.end()
        self.shown += rest
        if not self.asked.written and not rest:
            check_says_something(self.last, self.asked.who)
        self.asked.written = max(self.asked.written, len(self.shown))
        return with_text(self.last, self.shown, rest) if rest else None
