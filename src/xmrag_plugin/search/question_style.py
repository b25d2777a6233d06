"""What the style of a question tells of the kind it asks for: whether it reads like captions or like passages.

"A photograph shows two people on a bridge" is answered by a picture, "why do people cross bridges" by a passage. A
collection tells these apart without labels or lists of words: its captions lie to one side of its passages in the text
space, and the sample questions drawn from either show how far a question on that side is to be believed (a linear
discriminant in one dimension, Fisher 1936). Web search chooses its verticals by such evidence (Arguello et al., Sources
of Evidence for Vertical Selection, SIGIR 2009).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["QuestionStyle", "fit_question_style"]

_PRIOR_QUESTIONS = 8
"""As if so many sample questions of either kind had shown no difference: they spread as all of them do together. Few
questions seem to lie close together by chance."""

_LIMIT = 3.0
"""A log-likelihood ratio beyond this tells no more: the tails of two normal distributions are no evidence."""


@dataclass(slots=True)
class QuestionStyle:
    """The side of the text space on which captions lie.

    Attributes:
        direction: From passages to captions, shape ``(d,)``, in log-likelihood ratios.
        offset: What is taken off, so that a question midway scores 0.
    """

    direction: NDArray[np.float32]
    offset: float

    def tells(self, question: NDArray[np.float32]) -> float:
        """Return the log-likelihood ratio that a question asks for a picture; more than 0 speaks for one."""
        return float(np.clip(question @ self.direction - self.offset, -_LIMIT, _LIMIT))


def fit_question_style(
    means: Mapping[str, NDArray[np.float32]],
    questions: NDArray[np.float32],
    from_picture: NDArray[np.bool_],
) -> QuestionStyle | None:
    """Fit to sample questions whose kind is known.

    Args:
        means: Mean vector in the text space by kind.
        questions: Sample questions there, shape ``(questions, d)``.
        from_picture: Which were drawn from what is said of a picture, shape ``(questions,)``.

    Returns:
        None where there is one kind alone, or the sample shows no difference.
    """
    if not {"text", "image"} <= means.keys() or from_picture.all() or not from_picture.any():
        return None
    direction = means["image"] - means["text"]
    along = questions @ direction
    of = {kind: along[from_picture == (kind == "image")] for kind in ("text", "image")}
    low, high = float(of["text"].mean()), float(of["image"].mean())
    within = float(sum(((part - part.mean()) ** 2).sum() for part in of.values()))
    prior = 2 * _PRIOR_QUESTIONS
    spread = (within + prior * float(along.var())) / (len(along) + prior)
    if high <= low or spread <= 0:
        return None
    fewer = min(len(part) for part in of.values())
    slope = (high - low) / spread * fewer / (fewer + _PRIOR_QUESTIONS)
    return QuestionStyle((slope * direction).astype(np.float32), slope * (low + high) / 2)
