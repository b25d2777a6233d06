"""What a turn of a conversation answers: whole, or as a stream."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from dataclasses import dataclass, field
from typing import Any

from llama_index.core.chat_engine.types import AgentChatResponse, StreamingAgentChatResponse

from ...answers.response import Shown

__all__ = ["CrossModalChatResponse", "CrossModalStreamingChatResponse"]


@dataclass(repr=False)
class CrossModalChatResponse(Shown, AgentChatResponse):
    """An answer with checked citations; in a notebook it shows itself with the cited figures."""

    @classmethod
    def of(cls, answered: Any) -> CrossModalChatResponse:
        """Build from what the synthesizer gave."""
        return cls(
            response=answered.answer_words(),
            source_nodes=answered.source_nodes,
            metadata=answered.metadata or {},
        )

    def __str__(self) -> str:
        return self._with_note(self.answer_words())

    def answer_words(self) -> str:
        return self.response


@dataclass(repr=False)
class CrossModalStreamingChatResponse(Shown, StreamingAgentChatResponse):
    """An answer as it comes: ``response_gen``, or ``async_response_gen()`` after ``astream_chat``.

    Citations stand in ``metadata`` when the stream has ended; reading it again gives the whole answer.
    """

    metadata: dict[str, Any] | None = None
    pieces: Generator[str, None, None] | None = None
    apieces: AsyncGenerator[str, None] | None = None
    ended: bool = field(default=False)

    def finish(self, text: str, metadata: dict[str, Any]) -> None:
        """Take over the checked answer."""
        self.response, self.metadata, self.ended, self.is_done = text, metadata, True, True

    def __str__(self) -> str:
        return self._with_note(self.answer_words())

    def answer_words(self) -> str:
        if not self.ended and self.pieces is not None:
            for _ in self.response_gen:
                continue
        return self.response

    @property
    def response_gen(self) -> Generator[str, None, None]:
        if self.ended or self.pieces is None:
            yield self.response
            return
        for piece in self.pieces:
            self.unformatted_response += piece
            yield piece

    async def async_response_gen(self) -> AsyncGenerator[str, None]:
        if self.ended or self.apieces is None:
            yield self.response
            return
        async for piece in self.apieces:
            self.unformatted_response += piece
            yield piece
