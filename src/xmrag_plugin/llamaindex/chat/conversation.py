"""The memory of a conversation: turns, and pictures by hash, the newest seen and the older ones told."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from llama_index.core.base.llms.types import (
    ChatMessage,
    ContentBlock,
    ImageBlock,
    MessageRole,
    TextBlock,
)
from llama_index.core.schema import NodeWithScore

from ...answers.citations import without_marks
from ...answers.context import Evidence
from ...answers.injection import Budget, count_tokens
from ...images.intake import picture_hash
from ...images.resize import PreparedPicture, prepare_picture
from ...images.token_cost import ImageCost
from ...text.sentences import excerpt

__all__ = ["Conversation", "RememberedPicture", "Turn", "remembered"]

_KEPT_PX = 1024
_READABLE_PX = 224
_WORDS = 60


@dataclass(frozen=True, slots=True)
class RememberedPicture:
    """A picture that was given, or shown in an answer.

    Attributes:
        media_hash: Its name in the memory.
        words: What is known of it in words, for when it is no longer seen.
    """

    media_hash: str
    words: str = ""


@dataclass(slots=True)
class Turn:
    """One question with its answer.

    Attributes:
        message: As it was said.
        question: As it was understood, standing alone.
        given: Pictures that came with it.
        answer: The answer, with its citations.
        shown: Pictures that the answer cites.
        nodes: The nodes of those pictures, to be cited again.
    """

    message: str
    question: str
    given: list[RememberedPicture] = field(default_factory=list)
    answer: str = ""
    shown: list[RememberedPicture] = field(default_factory=list)
    nodes: list[NodeWithScore] = field(default_factory=list)


class Conversation:
    """Turns in order, with at most so many pictures kept as pictures.

    Safe for several threads: a turn is added whole, and readers get a snapshot.

    Args:
        max_pictures: Pictures kept as pixels, the newest; of older ones the words are kept.
        max_turns: Turns kept.
    """

    def __init__(self, *, max_pictures: int = 12, max_turns: int = 50) -> None:
        self._turns: list[Turn] = []
        self._pixels: dict[str, bytes] = {}
        self._max_pictures = max_pictures
        self._max_turns = max_turns
        self._guard = threading.RLock()

    def __getstate__(self) -> dict[str, Any]:
        with self._guard:
            state = {**self.__dict__, "_turns": list(self._turns), "_pixels": dict(self._pixels)}
        del state["_guard"]
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._guard = threading.RLock()

    @property
    def turns(self) -> list[Turn]:
        """A snapshot."""
        with self._guard:
            return list(self._turns)

    def __len__(self) -> int:
        return len(self._turns)

    def clear(self) -> None:
        """Forget everything."""
        with self._guard:
            self._turns.clear()
            self._pixels.clear()

    def add(self, turn: Turn, pixels: dict[str, bytes]) -> None:
        """Append a turn.

        Args:
            turn: The turn.
            pixels: Encoded pictures of the turn by hash; kept once, at reading size.
        """
        small = {name: data if name in self._pixels else _reading_size(data) for name, data in pixels.items()}
        with self._guard:
            self._turns.append(turn)
            del self._turns[: -self._max_turns]
            for name, data in small.items():
                self._pixels.pop(name, None)  # the newest mention counts
                self._pixels[name] = data
            while len(self._pixels) > self._max_pictures:
                self._pixels.pop(next(iter(self._pixels)))

    def pixels(self, media_hash: str) -> bytes | None:
        """A picture that is still kept as a picture."""
        with self._guard:
            return self._pixels.get(media_hash)

    def messages(
        self, *, budget: Budget | None = None, cost: ImageCost | None = None, sees: bool = True
    ) -> list[ChatMessage]:
        """The conversation as chat messages within a budget: the newest turns, each picture once.

        Pictures are given to the newest turns first; beyond the budget, and for a generator that does
        not see, their words stand for them.

        Args:
            budget: For words and pictures together; everything when not given.
            cost: How pictures are counted; needed with a budget.
            sees: Whether pictures are put in at all.
        """
        tokens = budget.text_tokens if budget else None
        image_tokens = budget.image_tokens if budget else 0
        images = budget.max_images if budget else 10_000
        shown: set[str] = set()
        found: list[ChatMessage] = []
        for turn in reversed(self.turns):
            answer = without_marks(turn.answer)
            if tokens is not None:
                tokens -= count_tokens(turn.message) + count_tokens(answer)
                if tokens < 0 and found:
                    break
            asked: list[ContentBlock] = [TextBlock(text=turn.message)]
            for picture in [*turn.given, *turn.shown]:
                if picture.media_hash in shown:
                    continue
                data = self.pixels(picture.media_hash) if sees and images > 0 else None
                prepared = _fitted(data, budget, cost, image_tokens)
                told = "given with the question" if picture in turn.given else "shown in the answer"
                if data is not None and (prepared is not None or budget is None):
                    shown.add(picture.media_hash)
                    images -= 1
                    image_tokens -= prepared.tokens if prepared else 0
                    asked.append(TextBlock(text=f"A picture {told}{_said(picture)}:"))
                    asked.append(
                        ImageBlock(image=prepared.data, image_mimetype=prepared.mime)
                        if prepared
                        else ImageBlock(image=data)
                    )
                elif picture.words:
                    asked.append(TextBlock(text=f"(A picture {told}{_said(picture)}.)"))
            found.append(ChatMessage(role=MessageRole.ASSISTANT, content=answer))
            found.append(ChatMessage(role=MessageRole.USER, blocks=asked))
        return found[::-1]

    def restore(self, history: Sequence[ChatMessage]) -> None:
        """Replace the memory by a history of chat messages, pictures included."""
        turns: list[Turn] = []
        pixels: list[dict[str, bytes]] = []
        for message in history:
            words = "\n".join(block.text for block in message.blocks if isinstance(block, TextBlock))
            if message.role == MessageRole.USER:
                held = {picture_hash(data): data for data in _images(message)}
                turns.append(Turn(words, words, [RememberedPicture(name) for name in held]))
                pixels.append(held)
            elif message.role == MessageRole.ASSISTANT and turns:
                turns[-1].answer = f"{turns[-1].answer}\n{words}".strip()
        with self._guard:
            self.clear()
            for turn, held in zip(turns, pixels, strict=True):
                self.add(turn, held)


def _images(message: ChatMessage) -> list[bytes]:
    return [block.resolve_image().read() for block in message.blocks if isinstance(block, ImageBlock)]


def _said(picture: RememberedPicture) -> str:
    return f", which says: {excerpt(' '.join(picture.words.split()), _WORDS)}" if picture.words else ""


def _reading_size(data: bytes) -> bytes:
    from ...images.token_cost import image_cost

    return prepare_picture(data, cost=image_cost(""), tokens=10**6, max_edge=_KEPT_PX, crop="page").data


def _fitted(
    data: bytes | None, budget: Budget | None, cost: ImageCost | None, tokens: int
) -> PreparedPicture | None:
    if data is None or budget is None or cost is None or tokens <= 0:
        return None
    prepared = prepare_picture(
        data, cost=cost, tokens=tokens, max_edge=budget.max_edge, max_bytes=budget.max_bytes, crop="page"
    )
    readable = min(_READABLE_PX, max(prepared.whole_width, prepared.whole_height))
    return (
        prepared if prepared.tokens <= tokens and max(prepared.width, prepared.height) >= readable else None
    )


def remembered(item: Evidence) -> RememberedPicture:
    """A figure of an answer, to be remembered."""
    return RememberedPicture(item.media_hash or item.node_id, item.text)
