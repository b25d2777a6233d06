"""Evidence → message blocks within a budget, ordered and apportioned by p(relevant).

The founding article's ``p(y | x, r) · p(r | x)``: what is more probably relevant comes earlier and
gets more room, in words and in pixels. Each piece of evidence is a numbered block: a source line, its
words, and its picture right after them where the generator sees.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import PictureError
from ..images.resize import Crop, PreparedPicture, prepare_picture
from ..images.token_cost import ImageCost, image_cost, image_cost_of
from ..text.sentences import TOKENS_PER_WORD, excerpt, word_count
from .context import Evidence
from .context_order import evidence_weight

if TYPE_CHECKING:
    from llama_index.core.base.llms.types import ContentBlock

__all__ = ["Budget", "Injected", "Injection", "count_tokens", "inject"]

_LEAST_PICTURE_PX = 224
_LEAST_WORDS = 12


@dataclass(frozen=True)
class Budget:
    """How much may go into one prompt.

    Attributes:
        text_tokens: For the words of the evidence.
        image_tokens: For all pictures together; 0 sends none.
        max_images: Pictures at most.
        max_edge: Pixels at most on a picture's longer side.
        max_bytes: Bytes at most of a picture, encoded.
        crop: ``figure`` cuts pictures to what they show, ``page`` keeps them whole.
    """

    text_tokens: int = 4000
    image_tokens: int = 6000
    max_images: int = 8
    max_edge: int = 1568
    max_bytes: int = 1_400_000
    crop: Crop = "figure"

    @classmethod
    def for_llm(cls, llm: Any, *, share: float = 1.0, **limits: Any) -> Budget:
        """A budget that leaves a generator room for the question and its answer.

        Args:
            llm: A LlamaIndex LLM; its context window counts.
            share: Part of the room that this budget may take; words and pictures halve it, and
                words have it alone for a generator that says that it sees none.
            limits: Fields to set otherwise.
        """
        metadata = getattr(llm, "metadata", None)
        window = int(getattr(metadata, "context_window", 0) or 3900)
        output = max(int(getattr(metadata, "num_output", 0) or 256), 256)
        room = max(window - output - 500, 300) * share
        blind = getattr(llm, "takes_pictures", None) is False
        return replace(
            cls(
                text_tokens=min(cls.text_tokens, int((0.85 if blind else 0.45) * room)),
                image_tokens=0 if blind else min(cls.image_tokens, int(0.45 * room)),
            ),
            **limits,
        )

    @classmethod
    def of_pixels(cls, megapixels: float, *, cost: ImageCost | None = None, **limits: Any) -> Budget:
        """A budget whose pictures have so many megapixels together, counted at 28×28 px a token."""
        counted = cost or image_cost("")
        side = int((megapixels * 1e6) ** 0.5)
        return replace(cls(), **{"image_tokens": counted.tokens(side, side), **limits})


@dataclass(slots=True)
class Injected:
    """What went in of one piece of evidence, and what it cost."""

    n: int
    node_id: str
    source: str
    probability: float | None
    text_tokens: int = 0
    truncated: bool = False
    picture: dict[str, Any] | None = None
    picture_left_out: str = ""

    def as_json(self) -> dict[str, Any]:
        """For ``response.metadata["injection"]``."""
        return {
            "n": self.n,
            "node_id": self.node_id,
            "source": self.source,
            "probability": self.probability,
            "text_tokens": self.text_tokens,
            "truncated": self.truncated,
            "picture": self.picture,
            "picture_left_out": self.picture_left_out or None,
        }


@dataclass(slots=True)
class Injection:
    """The blocks for a prompt, and the report.

    Attributes:
        blocks: LlamaIndex ``TextBlock`` and ``ImageBlock``, in order.
        evidence: What is in them, as numbered.
        report: One row for each piece of evidence.
        dropped: ``(node id, reason)`` of what was left out as a duplicate or for lack of room.
        cost: How pictures were counted.
    """

    blocks: list[ContentBlock]
    evidence: list[Evidence]
    report: list[Injected]
    dropped: list[tuple[str, str]] = field(default_factory=list)
    cost: str = ""
    question_pictures: list[dict[str, Any]] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """What went in and what it cost."""
        shown = [row.picture for row in self.report if row.picture] + self.question_pictures
        return {
            "text_tokens": sum(row.text_tokens for row in self.report),
            "image_tokens": sum(picture["tokens"] for picture in shown),
            "image_bytes": sum(picture["bytes"] for picture in shown),
            "images": len(shown),
            "counted_as": self.cost,
            "evidence": [row.as_json() for row in self.report],
            "dropped": [{"node_id": node_id, "reason": reason} for node_id, reason in self.dropped],
        }


def inject(
    evidence: Sequence[Evidence],
    budget: Budget,
    *,
    sees: bool,
    cost: ImageCost | None = None,
    llm: Any = None,
    question_pictures: Sequence[bytes] = (),
    dropped: Sequence[tuple[str, str]] = (),
) -> Injection:
    """Numbered blocks of arranged evidence within a budget.

    Args:
        evidence: As :func:`~xmrag_plugin.answers.context_order.arrange` numbers it.
        budget: How much may go in.
        sees: Whether the generator takes pictures; if not, their words stand for them.
        cost: How pictures are counted; from ``llm`` when not given.
        llm: The generator.
        question_pictures: Pictures of the question; they take their part of the budget first and
            come last in the blocks, after the evidence.
        dropped: What :func:`~xmrag_plugin.answers.context_order.arrange` left out, for the report.
    """
    from llama_index.core.base.llms.types import ImageBlock, TextBlock

    cost = cost or (image_cost_of(llm) if llm is not None else image_cost(""))
    asked, spent = _asked_pictures(question_pictures, budget, cost, sees)
    rest = replace(
        budget,
        image_tokens=max(budget.image_tokens - spent, 0),
        max_images=max(budget.max_images - len(asked), 0),
    )
    pictures, reasons = _prepared_pictures(evidence, rest, cost) if sees else ({}, {})
    texts = _apportion(evidence, budget.text_tokens)
    blocks: list[ContentBlock] = []
    report: list[Injected] = []
    for item, (text, truncated) in zip(evidence, texts, strict=True):
        line = f"[{item.n}] {_source_line(item)}\n{text}".rstrip()
        row = Injected(item.n, item.node_id, item.source, item.probability, count_tokens(line), truncated)
        picture = pictures.get(item.n)
        if item.has_picture and picture is None:
            row.picture_left_out = "the generator takes no pictures" if not sees else reasons.get(item.n, "")
        blocks.append(TextBlock(text=line + ("\nIts picture:" if picture else "\n")))
        if picture is not None:
            row.picture = _told(picture)
            blocks.append(ImageBlock(image=picture.data, image_mimetype=picture.mime))
        report.append(row)
    for picture in asked:
        blocks.append(TextBlock(text="The picture that the question comes with:"))
        blocks.append(ImageBlock(image=picture.data, image_mimetype=picture.mime))
    return Injection(
        blocks, list(evidence), report, list(dropped), cost.name, [_told(picture) for picture in asked]
    )


def _asked_pictures(
    pictures: Sequence[bytes], budget: Budget, cost: ImageCost, sees: bool
) -> tuple[list[PreparedPicture], int]:
    if not pictures or not sees or budget.image_tokens <= 0:
        return [], 0
    shown = pictures[: budget.max_images]
    share = max(int(0.5 * budget.image_tokens) // len(shown), 1)
    prepared = [
        prepare_picture(
            data, cost=cost, tokens=share, max_edge=budget.max_edge, max_bytes=budget.max_bytes, crop="page"
        )
        for data in shown
    ]
    return prepared, sum(picture.tokens for picture in prepared)


def _prepared_pictures(
    evidence: Sequence[Evidence], budget: Budget, cost: ImageCost
) -> tuple[dict[int, PreparedPicture], dict[int, str]]:
    """The evidence's pictures within the budget, by number, and why the others are left out.

    Tokens are shared in proportion to p(relevant); a picture that would become too small to be read
    gives its share back to the others.
    """
    reasons: dict[int, str] = {}
    shown = [item for item in evidence if item.has_picture]
    for item in shown[budget.max_images :]:
        reasons[item.n] = f"more than {budget.max_images} pictures"
    shown = shown[: budget.max_images]
    prepared: dict[int, PreparedPicture] = {}
    left = budget.image_tokens
    while shown:
        item = shown.pop(0)
        share = int(
            left
            * evidence_weight(item)
            / (evidence_weight(item) + sum(evidence_weight(other) for other in shown))
        )
        source = Path(item.media_file) if item.media_file else item.media_data
        if source is None:
            continue
        try:
            picture = prepare_picture(
                source,
                cost=cost,
                tokens=share,
                max_edge=budget.max_edge,
                max_bytes=budget.max_bytes,
                bbox=item.bbox if item.page is None else None,
                crop=budget.crop,
            )
        except (PictureError, OSError) as error:
            reasons[item.n] = f"it cannot be read: {error}"
            continue
        sides = (picture.whole_width, picture.whole_height, budget.max_edge)
        readable = min(_LEAST_PICTURE_PX, *sides)
        if picture.tokens > left or (picture.tokens > share and shown):
            reasons[item.n] = f"no room: {left} image tokens left"
        elif max(picture.width, picture.height) < readable:
            reasons[item.n] = f"no room: it would have been {picture.width}×{picture.height} px"
        else:
            prepared[item.n] = picture
            left -= picture.tokens
    return prepared, reasons


def _apportion(evidence: Sequence[Evidence], tokens: int) -> list[tuple[str, bool]]:
    """Each text, cut to its share: what one does not need goes to the others (water-filling)."""
    words = [_words_shown(item) for item in evidence]
    needs = [count_tokens(text) for text in words]
    weights = [evidence_weight(item) for item in evidence]
    shares = [0.0] * len(words)
    open_places = set(range(len(words)))
    left = float(tokens)
    while open_places and left > 0:
        whole = sum(weights[place] for place in open_places)
        satisfied = {place for place in open_places if needs[place] <= left * weights[place] / whole}
        if not satisfied:
            for place in open_places:
                shares[place] = left * weights[place] / whole
            break
        for place in satisfied:
            shares[place] = needs[place]
            left -= needs[place]
        open_places -= satisfied
    found = []
    for text, need, share in zip(words, needs, shares, strict=True):
        if need <= share + 1e-6:
            found.append((text, False))
        else:
            found.append((excerpt(text, max(int(share / TOKENS_PER_WORD), _LEAST_WORDS)), True))
    return found


def _words_shown(item: Evidence) -> str:
    text = item.text.strip()
    if item.is_figure and item.cited_by:
        text = f"{text}\nWhat the document says of it: {item.cited_by}".strip()
    wordless = "(a sound without words)" if item.is_sound else "(a picture without words)"
    return text or item.caption or wordless


def _source_line(item: Evidence) -> str:
    parts = [f"Source: {item.place}"]
    if item.heading:
        parts.append(item.heading)
    if item.label and item.is_figure:
        parts.append(item.label)
    if item.probability is not None:
        parts.append(f"relevance {item.probability:.2f}")
    return " — ".join(parts)


def _told(picture: PreparedPicture) -> dict[str, Any]:
    return {
        "width": picture.width,
        "height": picture.height,
        "bytes": len(picture.data),
        "tokens": picture.tokens,
        "mime": picture.mime,
        "from": [picture.original_width, picture.original_height],
        "cropped": picture.cropped,
    }


def count_tokens(text: str) -> int:
    """About how many tokens a text costs."""
    return int(word_count(text) * TOKENS_PER_WORD) + 1
