"""One generation in a thread, whichever runtime does it: when its turn comes, its output, what stops it."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ...errors import GenerationError, XmragError
from ..constrained import CitedForm
from ..reply_faults import has_loop
from ..reply_text import ReplyText

__all__ = ["GenerationOptions", "TokenScore", "Work"]

_WAIT_S = 0.05
LOOP_CHECK_CHARS = 120
"""What has been written is looked through for repetition each time that so many characters have come."""


@dataclass(frozen=True, slots=True)
class GenerationOptions:
    """How to write.

    Attributes:
        max_tokens: Most tokens of an answer; fewer where the context window ends.
        temperature: 0 takes the likeliest token each time.
        top_p: Share of probability that is sampled from.
        stop: Strings at which the answer ends.
        seed: Makes sampling repeatable.
        logprobs: Whether the log-probability of each token is kept.
        form: What the answer is held to; None for free text.
        template: Further variables of the chat template.
    """

    max_tokens: int = 512
    temperature: float = 0.0
    top_p: float = 1.0
    stop: tuple[str, ...] = ()
    seed: int | None = None
    logprobs: bool = False
    form: CitedForm | None = None
    template: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TokenScore:
    """A token and its natural log-probability under the model."""

    token: str
    logprob: float


class Work(ABC):
    """One answer in the making.

    ``emit`` is called with each piece of text, from the thread that :meth:`run` runs in; and with
    None when nothing more comes, whatever the reason. An answer that begins to repeat itself is ended.

    Attributes:
        finish_reason: ``stop``, ``length``, ``repetition`` or ``cancelled``, when it has ended.
        prompt_tokens: Tokens of the prompt, pictures included.
        completion_tokens: Tokens written.
        thoughts: What the model wrote between its thinking marks.
        scores: Log-probabilities, when asked for.
        error: What went wrong; None when nothing did.

    Args:
        turn: Held while the model writes.
        options: How to write.
        emit: Takes the pieces.
    """

    model_name: str
    placed: str

    def __init__(
        self, turn: threading.Lock, options: GenerationOptions, emit: Callable[[str | None], None]
    ) -> None:
        self.options = options
        self.finish_reason = ""
        self.prompt_tokens = 0
        self.completion_tokens = 0
        self.thoughts = ""
        self.scores: list[TokenScore] = []
        self.error: BaseException | None = None
        self._turn = turn
        self._emit = emit
        self._said = ""
        self._cancelled = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> Work:
        """Run in a thread of its own."""
        self._thread = threading.Thread(target=self.run, name="xmrag-generation", daemon=True)
        self._thread.start()
        return self

    def cancel(self, *, wait_s: float = 0.0) -> None:
        """Stop at the next token; ``wait_s`` is how long to wait for that."""
        self._cancelled.set()
        if self._thread is not None and wait_s > 0 and self._thread is not threading.current_thread():
            self._thread.join(wait_s)

    @property
    def running(self) -> bool:
        """Whether its thread is still at work."""
        return self._thread is not None and self._thread.is_alive()

    def run(self) -> None:
        """Wait for the model's turn and write; errors end up in :attr:`error`."""
        try:
            while not self._turn.acquire(timeout=_WAIT_S):
                if self._cancelled.is_set():
                    self.finish_reason = "cancelled"
                    return
            try:
                self._write()
            finally:
                self._turn.release()
        except XmragError as error:
            self.error = error
        except Exception as error:
            self.error = self._as_generation_error(error)
        finally:
            self._emit(None)

    @abstractmethod
    def _write(self) -> None:
        """Write the answer through :meth:`say`, until :meth:`over`."""

    @abstractmethod
    def _as_generation_error(self, error: Exception) -> GenerationError:
        """Name what the runtime raised."""

    def say(self, piece: str) -> None:
        """Hand a piece on, and end an answer that has begun to repeat itself."""
        if not piece:
            return
        before = len(self._said) // LOOP_CHECK_CHARS
        self._said += piece
        if before != len(self._said) // LOOP_CHECK_CHARS and has_loop(self._said):
            self.finish_reason = "repetition"
        self._emit(piece)

    def over(self, answer: ReplyText) -> bool:
        """Whether writing is to end now; asked at every token."""
        if answer.stopped:
            self.finish_reason = "stop"
        elif self._cancelled.is_set():
            self.finish_reason = "cancelled"
        return bool(self.finish_reason)
