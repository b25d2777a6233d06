"""A question as a vector in each space that can hold it: its words, its pictures, its sounds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import TYPE_CHECKING

import numpy as np

from ..encoders import hearing
from ..errors import ModelUnavailable, UsageError
from ..storage.knowledge_base import KnowledgeBase
from ..types import Question

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["encode_question"]


def encode_question(
    question: Question, kb: KnowledgeBase, threads: Executor
) -> dict[str, NDArray[np.float32]]:
    """Return unit vectors by space, encoded side by side.

    Args:
        question: What is asked.
        kb: Its encoders are loaded for the spaces that it has, and for no others.
        threads: Where the spaces beside the text space are encoded.

    Raises:
        ModelUnavailable: If a picture or a sound is asked alone, and no space could hold it.
    """
    spaces = kb.manifest.spaces
    beside: dict[str, Callable[[Question, KnowledgeBase], NDArray[np.float32] | None]] = {
        "vision": _in_vision,
        "sound": _in_sound,
    }
    jobs = {
        space: threads.submit(encode, question, kb) for space, encode in beside.items() if space in spaces
    }
    for parts, space, what in ((question.images, "vision", "picture"), (question.sounds, "sound", "sound")):
        if parts and not question.texts and not jobs.keys() & _holding(question):
            raise ModelUnavailable(
                f"A {what} was asked, but this knowledge base has no {space} space.",
                hint=f"Make one with: xmrag add --{space} MODEL (see `xmrag models`); "
                "what is stored is embedded without being read again.",
            )
    found = {"text": _in_text(question, kb), **{space: job.result() for space, job in jobs.items()}}
    return {space: vector for space, vector in found.items() if vector is not None}


def _holding(question: Question) -> set[str]:
    """Return the spaces that could hold what is asked besides words."""
    return {space for space, parts in (("vision", question.images), ("sound", question.sounds)) if parts}


def _in_text(question: Question, kb: KnowledgeBase) -> NDArray[np.float32] | None:
    """Return the question's words in the text space."""
    encoder = kb.encoder("text") if question.texts and "text" in kb.manifest.spaces else None
    if encoder is None:
        return None
    rows = encoder.encode_texts([text for text, _ in question.texts], role="query")
    return _combine(rows, [weight for _, weight in question.texts])


def _in_vision(question: Question, kb: KnowledgeBase) -> NDArray[np.float32] | None:
    """Return the question's words and pictures in the vision space."""
    encoder = kb.encoder("vision")
    if encoder is None or not (question.texts or question.images):
        return None
    parts, weights = [], []
    if question.texts:
        parts.append(encoder.encode_texts([text for text, _ in question.texts], role="query"))
        weights += [weight for _, weight in question.texts]
    if question.images:
        parts.append(encoder.encode_images([data for data, _ in question.images]))
        weights += [weight for _, weight in question.images]
    return _combine(np.concatenate(parts), weights)


def _in_sound(question: Question, kb: KnowledgeBase) -> NDArray[np.float32] | None:
    """Return the question's words and sounds in the sound space; what is said in a sound is no name of it."""
    typed = [(text, weight) for text, weight in question.texts if text not in question.said]
    encoder = kb.encoder("sound") if typed or question.sounds else None
    if encoder is None:
        return None
    parts, weights = [], []
    if typed:
        parts.append(encoder.encode_texts([text for text, _ in typed], role="query"))
        weights += [weight for _, weight in typed]
    if question.sounds:
        parts.append(hearing(encoder).encode_sounds([sound for sound, _ in question.sounds]))
        weights += [weight for _, weight in question.sounds]
    return _combine(np.concatenate(parts), weights)


def _combine(rows: NDArray[np.float32], weights: Sequence[float]) -> NDArray[np.float32]:
    """Return the weighted sum of unit vectors, as a unit vector: its cosines order like the weighted cosines."""
    total = np.asarray(weights, dtype=np.float32) @ rows
    length = float(np.linalg.norm(total))
    if length < 1e-6:
        raise UsageError(
            "The parts of the question cancel out.", hint="Change the weights so that something is left."
        )
    return np.asarray(total / length, dtype=np.float32)
