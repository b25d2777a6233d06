"""Put context into message blocks within a budget, ordered and apportioned by p(relevant).

The founding article's ``p(y | x, r) · p(r | x)``: what is more probably relevant comes earlier and
gets more room, in words and in pixels. Each piece of context is a numbered block: a source line, its
words, and its picture right after them where the model takes pictures. A block stands between two
lines with a random mark of the request, which no document can know.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import PictureError
from ..images.resize import Crop, PreparedPicture, prepare_picture
from ..images.token_cost import ImageCost, image_cost
from ..text.sentences import TOKENS_PER_WORD, excerpt, word_count
from ..text.untrusted import one_line, quoted_lines, without_chat_tokens, without_controls
from .context import Evidence
from .context_order import evidence_weight

if TYPE_CHECKING:
    from llama_index.core.base.llms.types import ContentBlock

__all__ = ["Budget", "Injected", "Injection", "count_tokens", "inject"]

MIN_PICTURE_PX = 224
"""A picture whose longer side would be less is not worth sending, unless it is the best."""

MIN_WORDS = 12
"""Words that remain of a text however small its share."""

MIN_TEXT_SHARE = 0.15
"""Part of the text budget that stays for words where the best picture costs more than its own budget."""


@dataclass(frozen=True)
class Budget:
    """How much may go into one prompt.

    Attributes:
        text_tokens: For the words of the context.
        image_tokens: For all pictures together; 0 sends none. The best picture is sent even where it
            costs more, scaled down to its cheapest readable size.
        max_images: Pictures at most.
        max_edge: Pixels at most on a picture's longer side.
        max_bytes: Bytes at most of a picture, encoded.
        crop: ``figure`` cuts pictures to what they show, ``page`` keeps them whole.
        room: Tokens that words and pictures may come to together; None where nothing bounds them.
    """

    text_tokens: int = 4000
    image_tokens: int = 6000
    max_images: int = 8
    max_edge: int = 1568
    max_bytes: int = 1_400_000
    crop: Crop = "figure"
    room: int | None = None

    @classmethod
    def for_llm(cls, llm: Any, *, share: float = 1.0, **limits: Any) -> Budget:
        """Make a budget that leaves a model room for the question and its answer.

        Args:
            llm: A LlamaIndex LLM; its context window counts.
            share: Part of the room that this budget may take; words and pictures halve it, and
                words have it alone for a model that is known to take none.
            limits: Fields to set otherwise.
        """
        metadata = getattr(llm, "metadata", None)
        window = int(getattr(metadata, "context_window", 0) or 3900)
        output = max(int(getattr(metadata, "num_output", 0) or 256), 256)
        room = max(window - output - 500, 300) * share
        text_only = getattr(llm, "takes_pictures", None) is False
        return replace(
            cls(
                text_tokens=min(cls.text_tokens, int((0.85 if text_only else 0.45) * room)),
                image_tokens=0 if text_only else min(cls.image_tokens, int(0.45 * room)),
                room=int(0.9 * room),
            ),
            **limits,
        )


@dataclass(slots=True)
class Injected:
    """What went in of one piece of context, and what it cost."""

    n: int
    node_id: str
    source: str
    probability: float | None
    text_tokens: int = 0
    truncated: bool = False
    picture: dict[str, Any] | None = None
    picture_left_out: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the row of ``response.metadata["injection"]``."""
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
        report: One row for each piece of context.
        dropped: ``(node id, reason)`` of what was left out as a duplicate or for lack of room.
        cost: How pictures were counted.
        question_pictures: What was sent of the question's pictures.
        mark: What the boundaries of the blocks hold; random for each request.
    """

    blocks: list[ContentBlock]
    evidence: list[Evidence]
    report: list[Injected]
    dropped: list[tuple[str, str]] = field(default_factory=list)
    cost: str = ""
    question_pictures: list[dict[str, Any]] = field(default_factory=list)
    mark: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return what went in and what it cost."""
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
    takes_pictures: bool,
    cost: ImageCost | None = None,
    question_pictures: Sequence[bytes] = (),
    dropped: Sequence[tuple[str, str]] = (),
    show_ids: bool = False,
) -> Injection:
    """Make numbered blocks of context within a budget.

    Args:
        evidence: As :func:`~xmrag_plugin.answers.context_order.arrange` numbers it.
        budget: How much may go in.
        takes_pictures: Whether the model does; if not, their words stand for them.
        cost: How pictures are counted: as a model of no known kind counts them, by default.
        question_pictures: Pictures of the question; they take their part of the budget first and
            come last in the blocks, after the context.
        dropped: What :func:`~xmrag_plugin.answers.context_order.arrange` left out, for the report.
        show_ids: Put the id of each node into its source line.
    """
    from llama_index.core.base.llms.types import ImageBlock, TextBlock

    cost = cost or image_cost("")
    asked = _question_pictures(question_pictures, budget, cost) if takes_pictures else []
    reasons: dict[int, str] = {}
    pictures: dict[int, PreparedPicture] = {}
    if takes_pictures:
        spent = sum(picture.tokens for picture in asked)
        pictures = _context_pictures(evidence, budget, cost, reasons, spent=spent, sent=len(asked))
    mark = secrets.token_hex(4)
    blocks: list[ContentBlock] = []
    report: list[Injected] = []
    tokens = sum(picture.tokens for picture in [*asked, *pictures.values()])
    texts = _apportion(evidence, _text_budget(budget, tokens))
    for item, (text, truncated) in zip(evidence, texts, strict=True):
        line = f"[{item.n}] {_source_line(item, show_id=show_ids)}\n{text}".rstrip()
        row = Injected(item.n, item.node_id, item.source, item.probability, count_tokens(line), truncated)
        picture = pictures.get(item.n)
        end = f"</source-{mark}>\n"
        if picture is None:
            if item.has_picture:
                row.picture_left_out = (
                    reasons.get(item.n, "") if takes_pictures else "the model takes no pictures"
                )
            blocks.append(TextBlock(text=f"<source-{mark}>\n{line}\n{end}"))
        else:
            row.picture = _as_sent(picture)
            blocks.append(TextBlock(text=f"<source-{mark}>\n{line}\nIts picture:"))
            blocks.append(ImageBlock(image=picture.data, image_mimetype=picture.mime))
            blocks.append(TextBlock(text=end))
        report.append(row)
    for picture in asked:
        blocks.append(TextBlock(text="The picture that the question comes with:"))
        blocks.append(ImageBlock(image=picture.data, image_mimetype=picture.mime))
    sent = [_as_sent(picture) for picture in asked]
    return Injection(blocks, list(evidence), report, list(dropped), cost.name, sent, mark)


def _text_budget(budget: Budget, image_tokens: int) -> int:
    """Return what is left for words once pictures are in: less where they cost more than was planned."""
    if budget.room is None:
        return budget.text_tokens
    least = int(MIN_TEXT_SHARE * budget.text_tokens)
    return max(min(budget.text_tokens, budget.room - image_tokens), least)


def _question_pictures(pictures: Sequence[bytes], budget: Budget, cost: ImageCost) -> list[PreparedPicture]:
    if not pictures or budget.image_tokens <= 0:
        return []
    shown = pictures[: budget.max_images]
    share = max(int(0.5 * budget.image_tokens) // len(shown), 1)
    return [
        prepare_picture(
            data, cost=cost, tokens=share, max_edge=budget.max_edge, max_bytes=budget.max_bytes, crop="page"
        )
        for data in shown
    ]


def _context_pictures(
    evidence: Sequence[Evidence],
    budget: Budget,
    cost: ImageCost,
    reasons: dict[int, str],
    *,
    spent: int,
    sent: int,
) -> dict[int, PreparedPicture]:
    """Prepare the pictures of the context within the budget, by number; ``reasons`` tells of the others.

    Tokens are shared in proportion to p(relevant); a picture that would become too small to be read
    gives its share back to the others. The first that can be read is sent whatever it costs, as long as the
    model's window has room for it.
    """
    shown = [item for item in evidence if item.has_picture]
    if budget.image_tokens <= 0 or budget.max_images <= sent:
        reasons.update({item.n: "the budget allows no further pictures" for item in shown})
        return {}
    limit = budget.max_images - sent
    reasons.update({item.n: f"more than {budget.max_images} pictures" for item in shown[limit:]})
    shown = shown[:limit]
    prepared: dict[int, PreparedPicture] = {}
    left = max(budget.image_tokens - spent, 0)
    while shown:
        item = shown.pop(0)
        weight = evidence_weight(item)
        share = int(left * weight / (weight + sum(evidence_weight(other) for other in shown)))
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
                min_px=MIN_PICTURE_PX if not prepared else 0,
            )
        except (PictureError, OSError) as error:
            reasons[item.n] = f"it cannot be read: {error}"
            continue
        if not prepared:
            reason = _beyond(budget, spent + picture.tokens)
        else:
            reason = _no_room(picture, left, share if shown else left, budget)
        if reason:
            reasons[item.n] = reason
        else:
            prepared[item.n] = picture
            left = max(left - picture.tokens, 0)
    return prepared


def _beyond(budget: Budget, tokens: int) -> str:
    """Return why the best picture cannot go in: the window would not hold it."""
    if budget.room is None or tokens <= budget.room:
        return ""
    return f"no room: it costs {tokens} tokens, and the model's window has {budget.room}"


def _no_room(picture: PreparedPicture, left: int, share: int, budget: Budget) -> str:
    if picture.tokens > share:
        return f"no room: it costs {picture.tokens} tokens, and {left} are left for pictures"
    readable = min(MIN_PICTURE_PX, picture.whole_width, picture.whole_height, budget.max_edge)
    if max(picture.width, picture.height) < readable:
        return f"no room: it would have been {picture.width}×{picture.height} px"
    return ""


def _apportion(evidence: Sequence[Evidence], tokens: int) -> list[tuple[str, bool]]:
    """Cut each text to its share: what one does not need goes to the others (water-filling)."""
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
            found.append((excerpt(text, max(int(share / TOKENS_PER_WORD), MIN_WORDS)), True))
    return found


def _words_shown(item: Evidence) -> str:
    text = item.text.strip()
    if item.is_figure and item.cited_by:
        text = f"{text}\nWhat the document says of it: {item.cited_by}".strip()
    wordless = "(a sound without words)" if item.is_sound else "(a picture without words)"
    return quoted_lines(_harmless(text or item.caption)) or wordless


def _harmless(text: str) -> str:
    return without_chat_tokens(without_controls(text))


def _source_line(item: Evidence, *, show_id: bool = False) -> str:
    parts = [f"Source: {item.place}"]
    if item.heading:
        parts.append(item.heading)
    if item.label and item.is_figure:
        parts.append(item.label)
    if item.probability is not None:
        parts.append(f"relevance {item.probability:.2f}")
    line = without_chat_tokens(one_line(" — ".join(parts), 400))
    return f"(id {item.node_id}) {line}" if show_id else line


def _as_sent(picture: PreparedPicture) -> dict[str, Any]:
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
    """Estimate how many tokens a text costs."""
    return int(word_count(text) * TOKENS_PER_WORD) + 1
