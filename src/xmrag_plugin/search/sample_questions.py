"""Sample questions: sentences drawn from a collection, that stand for questions when it is calibrated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ..storage.knowledge_base import KnowledgeBase
from ..text.informative import has_informative_words
from ..text.sentences import split_sentences
from ..types import Key, NodeRecord, split_ids

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["ABOUT_OTHER_THINGS", "SampleQuestions", "draw"]

_QUESTIONS = 256
_LETTERS = (12, 240)  # of a sentence that can stand for a question


@dataclass(slots=True)
class SampleQuestions:
    """Sample questions: their texts, the nodes that each was drawn from, and all that hang together with those."""

    texts: list[str] = field(default_factory=list)
    origins: list[str] = field(default_factory=list)
    own: list[frozenset[str]] = field(default_factory=list)

    def mask(self, ids: Sequence[str]) -> NDArray[np.bool_]:
        """Return which nodes are a question's own, shape (questions, ids)."""
        place = {node_id: i for i, node_id in enumerate(ids)}
        mask = np.zeros((len(self.texts), len(ids)), dtype=bool)
        for number, own in enumerate(self.own):
            mask[number, [place[node_id] for node_id in own if node_id in place]] = True
        return mask


def draw(kb: KnowledgeBase, drawn: Sequence[str] | None = None) -> SampleQuestions:
    """Return sample questions with the nodes that they were drawn from, evenly over the collection.

    Args:
        kb: The knowledge base.
        drawn: Nodes that stand for all of a large collection, in order.
    """
    sounds: dict[str, set[str]] = {}
    records: list[NodeRecord] = []
    few = drawn[:: max(1, len(drawn) // (8 * _QUESTIONS))] if drawn is not None else None
    for record in kb.catalog.iter_nodes() if few is None else kb.catalog.nodes(few).values():
        if record.text.strip() and has_informative_words(record):
            records.append(record)
        elif record.kind == "sound" and "sound" in kb.manifest.spaces:
            sounds.setdefault(record.source, set()).add(record.node_id)
    if few is not None and "sound" in kb.manifest.spaces:
        for source in {record.source for record in records}:
            for row in kb.catalog.source_named(source):
                windows = (r for r in kb.catalog.iter_nodes(source_id=row.source_id) if r.kind == "sound")
                sounds.setdefault(source, set()).update(window.node_id for window in windows)
    step = max(1, len(records) // _QUESTIONS)
    asked: dict[str, tuple[str, set[str]]] = {}
    for number, record in enumerate(records[::step]):
        text = _question_of(record, number)
        if text:
            own = asked.setdefault(text, (record.node_id, set()))[1]
            own |= {record.node_id, *sounds.get(record.source, ())}
            own |= {
                *split_ids(record.metadata.get(Key.FIGURES)),
                *split_ids(record.metadata.get(Key.PASSAGES)),
            }
    kept = list(asked.items())[:_QUESTIONS]
    return SampleQuestions(
        [text for text, _ in kept],
        [origin for _, (origin, _) in kept],
        [frozenset(own) for _, (_, own) in kept],
    )


def _question_of(record: NodeRecord, number: int) -> str:
    """Return a sentence of the caption or of the text, of middling length; a line, where it has no sentences."""
    text = str(record.metadata.get(Key.CAPTION) or "") or record.text
    low, high = _LETTERS
    parts = (
        part.strip()
        for sentence in split_sentences(text)
        for part in ([sentence] if len(sentence) <= high else sentence.split("\n"))
    )
    sentences = [part for part in parts if low <= len(part) <= high]
    return sentences[number % len(sentences)] if sentences else text.strip()[:high]


ABOUT_OTHER_THINGS = (
    "The recipe calls for two eggs and a cup of flour.",
    "Interest rates rose by half a percent in March.",
    "The goalkeeper saved a penalty in the last minute.",
    "Photosynthesis turns light into chemical energy.",
    "She tuned her violin before the concert.",
    "The server returned an error for every request.",
    "Glaciers carve valleys over thousands of years.",
    "The contract may be ended with a month's notice.",
    "A new bus line connects the harbour with the airport.",
    "The vaccine is given in two doses.",
    "The castle was built in the fourteenth century.",
    "Tighten the four screws of the rear cover.",
    "Bees dance to tell others where flowers are.",
    "The novel is told by an old fisherman.",
    "Voters elected a new mayor on Sunday.",
    "The satellite circles the Earth every ninety minutes.",
)
"""For sound spaces only, whose encoders read English: they set no level of texts or pictures."""
