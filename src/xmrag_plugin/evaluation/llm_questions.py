"""Questions that a generator writes about a passage or a picture, kept only where their answer stands in it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from ..errors import GenerationError
from ..generators.picture_blocks import takes_pictures
from ..text.terms import content_terms, normalised
from ..text.untrusted import without_chat_tokens
from ..types import Key, Modality, NodeRecord, parse_bbox
from .dataset import EvalQuery, Relevant

if TYPE_CHECKING:
    from llama_index.core.llms import LLM

    from ..index import CrossModalIndex

__all__ = ["write_question"]

_INSTRUCTION = """\
Write one question that someone who has never seen the passage below might ask, and that the passage answers.
Use other words than the passage where you can. Name what the question is about; do not speak of "the passage",
"the text" or "the figure". Use the language of the passage. The answer is a few words, copied from the passage.
Reply with one JSON object and nothing else: {"question": "…", "answer": "…"}"""

_MAX_CHARACTERS = 4000
_MIN_PASSAGE_TERMS = 12
_MIN_QUESTION_TERMS = 2
_JSON = re.compile(r"\{.*\}", re.DOTALL)


def write_question(llm: LLM, record: NodeRecord, index: CrossModalIndex) -> EvalQuery | None:
    """Have a question written about a node.

    Args:
        llm: Who writes it; sees the picture of a figure where it can.
        record: The node.
        index: Where its picture is kept.

    Returns:
        None where the passage is too short, no model answered, or the reply is no question whose answer stands
        in the passage.
    """
    from llama_index.core.llms import ChatMessage, ImageBlock, TextBlock

    about = str(record.metadata.get(Key.HEADING_PATH) or "")
    passage = f"{about}\n\n{record.text}".strip()[:_MAX_CHARACTERS]
    if len(content_terms(record.text)) < _MIN_PASSAGE_TERMS:
        return None
    blocks: list[Any] = [TextBlock(text=f"{_INSTRUCTION}\n\nPassage:\n{without_chat_tokens(passage)}")]
    picture = record.modality == Modality.IMAGE and bool(record.media_hash)
    if picture and takes_pictures(llm) is not False and index.kb.media.has(str(record.media_hash)):
        blocks.append(ImageBlock(path=index.kb.media.path(str(record.media_hash))))
    try:
        reply = str(llm.chat([ChatMessage(role="user", blocks=blocks)]).message.content or "")
    except GenerationError:
        return None
    question, answer = _parsed(reply)
    if len(content_terms(question)) < _MIN_QUESTION_TERMS or not answer:
        return None
    if normalised(answer) not in normalised(passage) or normalised(answer) in normalised(question):
        return None
    return EvalQuery(
        f"model-{record.node_id[:12]}",
        question,
        None,
        "model",
        (
            Relevant(
                record.source,
                record.page,
                parse_bbox(record.metadata.get(Key.BBOX)) if picture and record.page is not None else None,
                media_hash=str(record.media_hash) if picture else "",
                holds="" if picture else answer,
                made_of=record.modality,
            ),
        ),
        expects=answer,
    )


def _parsed(reply: str) -> tuple[str, str]:
    """Return the question and the answer of a reply; empty where it has none."""
    found = _JSON.search(reply)
    try:
        row = json.loads(found.group()) if found else {}
    except json.JSONDecodeError:
        row = {}
    if not isinstance(row, dict):
        return "", ""
    return tuple(" ".join(str(row.get(key) or "").split()) for key in ("question", "answer"))  # type: ignore[return-value]
