"""Rungs of a ladder of generators: opening one, asking it as it can be asked, watching its stream."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...errors import CapabilityMissing, GeneratorUnreachable
from ..picture_blocks import count_pictures, sees_pictures, without_pictures
from ..served.errors import check_reply, diagnose, ended_properly

if TYPE_CHECKING:
    from llama_index.core.llms import LLM, ChatMessage, LLMMetadata

__all__ = ["Rung", "Step", "StreamWatch"]


class Rung:
    """A generator of a ladder, opened when first needed.

    Args:
        name: What the ladder calls it.
        llm: The LLM, when it is there already.
        load: Makes it, when it is not.
        model: The model's name, for reports before it is loaded.
        sees: Whether it takes pictures, where that is known; otherwise trying tells.
        calls_tools: Whether it calls tools, where it is not loaded yet.
        spec: What names it, where that is enough to make it again.
    """

    def __init__(
        self,
        name: str,
        *,
        llm: LLM | None = None,
        load: Callable[[], LLM] | None = None,
        model: str = "",
        sees: bool | None = None,
        calls_tools: bool = False,
        spec: str = "",
    ) -> None:
        self.name = name
        self.spec = spec
        self.sees = sees
        self._llm = llm
        self._load = load
        self._model = model
        self._calls_tools = calls_tools
        self._opening = threading.Lock()
        self._rests_until = 0.0
        self._rests_for = ""

    def __getstate__(self) -> dict[str, Any]:
        """Without the lock and the rest; how it is loaded is not kept, so it is opened but for a spec."""
        state = {**self.__dict__, "_load": None, "_rests_until": 0.0, "_rests_for": ""}
        del state["_opening"]
        state["_llm"] = None if self.spec else self.llm
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._opening = threading.Lock()
        if self.spec:
            from .. import load_llm

            self._load = lambda: load_llm(self.spec)

    @property
    def llm(self) -> LLM:
        """The LLM, loaded now if it was not."""
        with self._opening:
            if self._llm is None:
                if self._load is None:
                    raise CapabilityMissing(f"The rung {self.name!r} holds no generator.")
                self._llm = self._load()
            if self.sees is None:
                self.sees = sees_pictures(self._llm)
            return self._llm

    @property
    def is_open(self) -> bool:
        """Whether the LLM is there already."""
        return self._llm is not None

    @property
    def model(self) -> str:
        """The model's name."""
        if self._llm is None or self._model:
            return self._model
        return str(getattr(self._llm, "model", "") or self._llm.metadata.model_name)

    @property
    def metadata(self) -> LLMMetadata | None:
        """What the LLM says of itself; None when it cannot be opened or asked just now.

        Raises:
            Exception: A programmer's error, as it was.
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
        """Whether it takes tools; a rung that is not open is taken at its word."""
        if self._llm is None:
            return self._calls_tools
        if not hasattr(self._llm, "chat_with_tools"):
            return False
        said = self.metadata
        return said is not None and said.is_function_calling_model

    def rest(self, until: float, reason: str) -> None:
        """Leave it alone until a moment of the ladder's clock."""
        self._rests_until, self._rests_for = until, reason

    def resting(self, now: float) -> str:
        """Why it is left alone now; empty when it is not."""
        if now >= self._rests_until:
            return ""
        return f"rests for {self._rests_until - now:.0f} s more, after: {self._rests_for}"


@dataclass(slots=True)
class Step:
    """One try of one rung.

    Attributes:
        rung: Who is asked.
        messages: What is asked, as this rung can take it.
        as_words: Pictures that were replaced by their words.
        tries: How often it has been asked already.
        written: Characters of the answer so far.
    """

    rung: Rung
    messages: list[ChatMessage]
    as_words: int = 0
    tries: int = 0
    written: int = 0

    @property
    def who(self) -> str:
        model = self.rung.model
        return f"{self.rung.name} ({model})" if model else self.rung.name

    def open(self) -> tuple[LLM, list[ChatMessage]]:
        """The LLM, and the messages without pictures where it sees none."""
        llm = self.rung.llm
        if self.rung.sees is False and not self.as_words:
            self.drop_pictures()
        return llm, self.messages

    async def aopen(self) -> tuple[LLM, list[ChatMessage]]:
        """As :meth:`open`; a model that is still to be loaded is loaded beside the loop."""
        if self.rung.is_open:
            return self.open()
        return await asyncio.to_thread(self.open)

    def drop_pictures(self) -> bool:
        """Put words in the place of pictures; False when there are none."""
        count = count_pictures(self.messages)
        if count:
            self.as_words = count
            self.messages = without_pictures(self.messages)
        return bool(count)


@dataclass(slots=True)
class StreamWatch:
    """Follows one stream: what has been written, what is held back, how it ends."""

    step: Step
    held: Any = None
    ended: bool | None = None

    def take(self, piece: Any) -> bool:
        """Whether a piece should go out; empty ones before the first word are held back."""
        ended = ended_properly(piece.raw)
        if ended is not None:
            self.ended = bool(self.ended) or ended
        check_reply(piece, self.step.who)
        message = getattr(piece, "message", None)
        text = (message.content if message is not None else piece.text) or ""
        blocks = message.blocks if message is not None else ()
        says = bool(piece.delta) or bool(text) or any(block.block_type != "text" for block in blocks)
        if not says and not self.step.written:
            self.held = piece
            return False
        self.step.written = max(self.step.written, len(text), 1 if says else 0)
        return True

    def end(self) -> Any:
        """The held piece of a stream that said nothing; None otherwise."""
        if self.ended is False:
            raise GeneratorUnreachable(
                f"{self.step.who} gave no answer (its stream broke off).",
                hint="The connection broke; try again.",
            )
        if not self.step.written and self.held is None:
            raise GeneratorUnreachable(
                f"{self.step.who} gave no answer (its stream was empty).",
                hint="Something else than a generator answers at this address, or it is broken.",
            )
        return self.held if not self.step.written else None
