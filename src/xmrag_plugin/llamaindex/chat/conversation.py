"""The memory of a conversation: turns in order; the newest pictures kept as pictures, older ones as words."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from llama_index.core.base.llms.types import ChatMessage, ContentBlock, ImageBlock, MessageRole, TextBlock
from llama_index.core.schema import NodeWithScore

from ...answers.citations import without_marks
from ...answers.context import Evidence
from ...answers.injection import Budget, count_tokens
from ...errors import XmragError
from ...images.decode import probe
from ...images.intake import picture_hash
from ...images.resize import PreparedPicture, prepare_picture
from ...images.token_cost import ImageCost, image_cost
from ...search.questions import picture_bytes
from ...settings import Settings
from ...text.sentences import excerpt

__all__ = ["Conversation", "RememberedPicture", "Turn", "remembered"]

_KEPT_PX = 1024  # longer side of a remembered picture
_MIN_READABLE_PX = 224
_WORDS = 60  # of a picture, where words stand for it
_UNANSWERED = "(This was not answered.)"
_UNASKED = "(Nothing was asked yet.)"


@dataclass(frozen=True, slots=True)
class RememberedPicture:
    """A picture that was given, or shown in an answer.

    Attributes:
        media_hash: Its name in the memory.
        words: What is known of it in words, for when it is no longer kept as a picture.
        missing: Why a picture of a restored history cannot be had; empty where it can.
        block: The block of a restored history that cannot be had, to be handed on as it came.
    """

    media_hash: str
    words: str = ""
    missing: str = ""
    block: ImageBlock | None = None


@dataclass(slots=True)
class Turn:
    """One question with its answer, as far as it has come.

    Attributes:
        message: As it was said.
        question: As it was understood, standing alone.
        given: Pictures that came with it.
        answer: The answer, with its citations; a part of it while it comes, or where it was broken off.
        shown: Pictures that the answer cites.
        nodes: The nodes of those pictures, to be cited again.
        cited: What the answer quotes, each with the text that it stands in.
    """

    message: str
    question: str
    given: list[RememberedPicture] = field(default_factory=list)
    answer: str = ""
    shown: list[RememberedPicture] = field(default_factory=list)
    nodes: list[NodeWithScore] = field(default_factory=list)
    cited: list[tuple[str, str]] = field(default_factory=list)


class Conversation:
    """Turns in order, with at most so many pictures kept as pictures.

    Safe for several threads: a turn is added whole, and readers get a snapshot.

    Args:
        max_pictures: Pictures kept as pixels, the newest; of older ones the words are kept.
        max_turns: Turns kept.

    Attributes:
        instructions: Texts of the system messages of a restored history.
    """

    def __init__(self, *, max_pictures: int = 12, max_turns: int = 50) -> None:
        self.instructions: list[str] = []
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
        """Return a copy of the turns so far."""
        with self._guard:
            return list(self._turns)

    def __len__(self) -> int:
        return len(self._turns)

    def clear(self) -> None:
        """Forget everything."""
        with self._guard:
            self.instructions.clear()
            self._turns.clear()
            self._pixels.clear()

    def add(self, turn: Turn, pixels: dict[str, bytes]) -> None:
        """Append a turn; its answer may come later.

        Args:
            turn: The turn.
            pixels: Encoded pictures of the turn by hash; kept once, at reading size.
        """
        self.keep(pixels)
        with self._guard:
            self._turns.append(turn)
            del self._turns[: -self._max_turns]

    def keep(self, pixels: dict[str, bytes]) -> None:
        """Keep pictures by hash at reading size, the oldest making room for them."""
        self._hold({name: self._pixels.get(name) or _reading_size(data) for name, data in pixels.items()})

    def _hold(self, small: dict[str, bytes]) -> None:
        with self._guard:
            for name, data in small.items():
                self._pixels.pop(name, None)  # the newest mention counts
                self._pixels[name] = data
            while len(self._pixels) > self._max_pictures:
                self._pixels.pop(next(iter(self._pixels)))

    def pixels(self, media_hash: str) -> bytes | None:
        """Return a picture that is still kept as a picture."""
        with self._guard:
            return self._pixels.get(media_hash)

    def history(self) -> list[ChatMessage]:
        """Return all that was said as chat messages: each picture once, in the message that showed it.

        :meth:`restore` takes them back. A turn that was not answered has its question only.
        """
        shown: set[str] = set()
        found: list[ChatMessage] = []
        for turn in reversed(self.turns):
            # The question's pictures first: it is they that the turn is about.
            asked = self._with_pictures(turn.message, turn.given, shown)
            answered = self._with_pictures(without_marks(turn.answer), turn.shown, shown)
            if turn.answer or turn.shown:
                found.append(ChatMessage(role=MessageRole.ASSISTANT, blocks=answered))
            if turn.message or turn.given:  # not so where the assistant began
                found.append(ChatMessage(role=MessageRole.USER, blocks=asked))
        found += [ChatMessage(role=MessageRole.SYSTEM, content=text) for text in reversed(self.instructions)]
        return found[::-1]

    def _with_pictures(
        self, text: str, pictures: Iterable[RememberedPicture], shown: set[str]
    ) -> list[ContentBlock]:
        blocks: list[ContentBlock] = [TextBlock(text=text)]
        for picture in pictures:
            if picture.media_hash in shown:
                continue
            data = self.pixels(picture.media_hash)
            if data is not None:
                shown.add(picture.media_hash)
                blocks.append(ImageBlock(image=data))
            elif picture.block is not None:
                blocks.append(picture.block)
            elif picture.words:
                blocks.append(TextBlock(text=f"(A picture{_clause_of_words(picture)}.)"))
        return blocks

    def messages(
        self, *, budget: Budget | None = None, cost: ImageCost | None = None, sees: bool = True
    ) -> list[ChatMessage]:
        """Return the newest turns as chat messages for a model, within a budget, each picture once.

        A single turn that is longer than all of it is given by its beginnings and ends.

        Pictures stand in messages of the user, where models take them. They are given to the newest turns
        first; beyond the budget, and for a model that takes none, their words stand for them. Questions and
        answers alternate, as chat templates demand.

        Args:
            budget: For words and pictures together, in tokens; all of :meth:`history` when not given.
            cost: How pictures are counted.
            sees: Whether the model takes pictures.
        """
        if budget is None:
            return self.history()
        cost = cost or image_cost("")
        tokens, image_tokens, images = budget.text_tokens, budget.image_tokens, budget.max_images
        shown: set[str] = set()
        found: list[ChatMessage] = []
        for turn in reversed(self.turns):
            message, answer = turn.message, without_marks(turn.answer) or _UNANSWERED
            tokens -= count_tokens(message) + count_tokens(answer)
            if tokens < 0:
                if found:
                    break
                message, answer = (_ends_of(text, budget.text_tokens // 2) for text in (message, answer))
            asked: list[ContentBlock] = [TextBlock(text=message)] if message else []
            for picture in [*turn.given, *turn.shown]:
                if picture.media_hash in shown:
                    continue
                origin = "given with the question" if picture in turn.given else "shown in the answer"
                data = self.pixels(picture.media_hash) if sees and images > 0 else None
                prepared = _fitted(data, budget, cost, image_tokens)
                if prepared is not None:
                    shown.add(picture.media_hash)
                    images -= 1
                    image_tokens -= prepared.tokens
                    asked.append(TextBlock(text=f"A picture {origin}{_clause_of_words(picture)}:"))
                    asked.append(ImageBlock(image=prepared.data, image_mimetype=prepared.mime))
                elif picture.missing:
                    asked.append(TextBlock(text=f"(A picture {origin} cannot be had: {picture.missing})"))
                elif picture.words:
                    asked.append(TextBlock(text=f"(A picture {origin}{_clause_of_words(picture)}.)"))
            found.append(ChatMessage(role=MessageRole.ASSISTANT, content=answer))
            # Many chat templates take no message that is empty, and none of the assistant first.
            asked = asked or [TextBlock(text=_UNASKED)]
            found.append(ChatMessage(role=MessageRole.USER, blocks=asked))
        return found[::-1]

    def restore(self, history: Sequence[ChatMessage], settings: Settings | None = None) -> None:
        """Replace the memory by a history of chat messages, pictures of both sides and instructions included.

        Args:
            history: Messages of system, user and assistant; those of tools are left out.
            settings: Say whether links may be followed; by default none is. A picture that cannot be had
                costs itself only: its place is told.
        """
        settings = settings or Settings()
        turns: list[Turn] = []
        pixels: list[dict[str, bytes]] = []
        instructions: list[str] = []
        for message in history:
            words = "\n".join(block.text for block in message.blocks if isinstance(block, TextBlock))
            if message.role in (MessageRole.SYSTEM, MessageRole.DEVELOPER):
                instructions.append(words)
                continue
            if message.role not in (MessageRole.USER, MessageRole.ASSISTANT):
                continue
            if message.role == MessageRole.USER or not turns:
                turns.append(Turn("", ""))
                pixels.append({})
            turn, held = turns[-1], pixels[-1]
            pictures = [_restored(b, held, settings) for b in message.blocks if isinstance(b, ImageBlock)]
            if message.role == MessageRole.USER:
                turn.message = turn.question = words
                turn.given += pictures
            else:
                turn.answer = f"{turn.answer}\n{words}".strip()
                turn.shown += pictures
        with self._guard:
            self.clear()
            self.instructions = [text for text in instructions if text.strip()]
            for turn, held in zip(turns, pixels, strict=True):
                self.add(turn, {})
                self._hold(held)


def _restored(block: ImageBlock, held: dict[str, bytes], settings: Settings) -> RememberedPicture:
    """Return a picture of a history, put into ``held`` by its hash where it can be had."""
    try:
        data = picture_bytes(block, settings)
        small = _reading_size(data)
    except (XmragError, OSError, ValueError) as error:
        missing = error.message if isinstance(error, XmragError) else str(error)
        return RememberedPicture(f"missing-{id(block)}", missing=excerpt(missing, 30), block=block)
    name = picture_hash(data)
    # One that has been through the memory before is kept as it is: encoding it at every turn would wear it out.
    held[name] = data if max(probe(data)[:2]) <= _KEPT_PX else small
    return RememberedPicture(name)


def _clause_of_words(picture: RememberedPicture) -> str:
    return f", which says: {excerpt(' '.join(picture.words.split()), _WORDS)}" if picture.words else ""


def _reading_size(data: bytes) -> bytes:
    return prepare_picture(data, cost=image_cost(""), tokens=10**6, max_edge=_KEPT_PX, crop="page").data


def _ends_of(text: str, tokens: int) -> str:
    """Return a text that is too long as its beginning and its end."""
    if (all_tokens := count_tokens(text)) <= tokens:
        return text
    half = len(text) * tokens // all_tokens // 2
    return f"{text[:half].rstrip()} […] {text[len(text) - half :].lstrip()}"


def _fitted(data: bytes | None, budget: Budget, cost: ImageCost, tokens: int) -> PreparedPicture | None:
    if data is None or tokens <= 0:
        return None
    prepared = prepare_picture(
        data, cost=cost, tokens=tokens, max_edge=budget.max_edge, max_bytes=budget.max_bytes, crop="page"
    )
    readable = min(_MIN_READABLE_PX, max(prepared.whole_width, prepared.whole_height))
    fits = prepared.tokens <= tokens and max(prepared.width, prepared.height) >= readable
    return prepared if fits else None


def remembered(item: Evidence) -> RememberedPicture:
    """Return a figure of an answer as one to be remembered."""
    return RememberedPicture(item.media_hash or item.node_id, item.text)
