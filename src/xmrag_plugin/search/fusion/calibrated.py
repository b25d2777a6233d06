"""Calibrated fusion: standard scores of every channel, added up, put on one level, as p(relevant).

What differs from one collection to the next is in the background and the levels, which a collection learns of
itself. The few numbers that do not are named below, each with the script in ``benchmarks/calibration`` that fits
it and reports it on collections that took no part.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from . import FURTHER_ANSWERS, KINDS, Candidates, Fused

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "LEXICAL_WEIGHT",
    "CalibratedFusion",
    "combine",
    "lexical_weight",
    "probabilities",
    "standard_scores",
]

TEXT_SHARE = 0.7
"""What the text space counts for a text that stands in the vision space too; the rest is the vision space's."""

VISION_WEIGHT, VISION_EXPECTED = 1.0, 1.0
"""What a picture with words gains by being seen: so many standard scores for each that it stands in the vision space
above the expected, which a picture of the same subject reaches anyway."""

# Chosen on five sets (benchmarks/calibration/fit_weights.py: psychology, astronomy, mmlongbench-a, sroie-a and
# flickr8k-dev-mixed). With each set left out the others often choose a neighbouring value, at a cost of at most .013
# on the set left out (mean of R@10 and nDCG@10; MAX_LEXICAL .038, on thirty questions).

LEXICAL_WEIGHT = 0.3
"""Standard scores that a point of BM25 is worth in passages of 40 terms and more.

In a caption of ten words a word that lacks says little: the same may be said in others (Metzler, Dumais and Meek,
Similarity Measures for Short Segments of Text, 2007). See :func:`lexical_weight`. Only one of the five sets has
passages as short as that; benchmarks/fusion/README.md shows it at three powers.
"""

MAX_LEXICAL = 5.0
"""Standard scores that the best match in words gains at most: a long question shares many words by chance."""

PAGE_ASKED = 4.0
"""Standard scores that nodes gain where the question names their page or label ("on page 10", "Figure 2"): it means
them. Measured on 125 questions within 17 reports: first pages right .413 with none, .485 with 2.5, .493 with 4 and 6."""

PHRASE = 0.5
"""Standard scores by which a pair of neighbouring words that a candidate shares with the question counts among those of
its kind. They change places and keep the scores: what a picture is to a text stays as it is, since a long passage
shares phrases where a short caption of the right picture has none (descriptions of figures in a textbook fell from R@1
.786 to .732 where the count was added)."""

ROW_NAMED = 0.5
"""Standard scores that a table gains for each word of a question that is the label of one of its rows. Of 0 to 1 the
same is chosen with each of 17 reports left out (125 questions within one of them): R@1, 3 and 5 of the reports left out
rise from .475, .711, .813 to .499, .719, .821; pages among all reports R@1 .440 to .455. Textbooks and receipts: no change."""

KIND_ASKED = 1.5
"""Standard scores that tables, or pictures, gain where the question speaks of a table, a chart, a map, and the best of them
would come first by it: "the picture of health" and "a map of the argument" ask for neither, and seldom stands one so near
(benchmarks/fusion/README.md: what other values give, on sets left out, and what it costs where the word means another thing)."""

OTHER_DOCUMENT = 3.0
"""Standard scores that all nodes lose which are not of the document that a question names (benchmarks/fusion/README.md)."""

EXACT_MATCH = 4.0
"""Standard scores that nodes gain which, among few, hold every word of a question with a code or a number."""

PICTURE_SLOPE, PICTURE_OFFSET, PICTURE_STYLE, PICTURE_LIMIT = 0.5, 1.2, 0.5, 1.5
"""Whether a question wants a picture is told by its best pictures and by its style: how far the mean score of the
three best stands above that of the three best texts, plus the offset, times the slope, and the log-likelihood ratio of
its style (:mod:`~xmrag_plugin.search.question_style`), times its weight, are added to all pictures that have words, within
the limit (standard scores)."""

PASSAGE_SHARE, PASSAGE_FLOOR = 0.45, 3.0
"""What a picture gains by the best passage that refers to it: a share of that passage's score, from so many standard
scores below what chance gives to the best, and from 0 in a collection so small that chance gives less. A caption seldom
says all that the passage tells of its figure."""

_BEST = 3
_RIVALS = 40
_TERMS_OF_A_PASSAGE, _TERMS_POWER = 40, 3
_SHARPNESS, _FOUND, _ANSWERS = 1.2, 0.95, 4.0
"""p(relevant) from a candidate's share among its rivals: how much a standard score weighs in the share, how often what
answers is among the candidates (counted, not fitted), and what each further answer that sample questions show stands
for, since real questions have more than those that are drawn from one sentence. Expected calibration error of the first
ten hits with these and, in brackets, with what the other four sets alone would give
(benchmarks/calibration/fit_probabilities.py): sections and figures of a book .050 (.063), figures of another .022 (.034),
pages of reports .076 (.073), captions and photos .020 (.024), receipts .044 (.066)."""


def lexical_weight(mean_terms: float) -> float:
    """Return what a point of BM25 is worth among nodes that hold so many terms on the average."""
    return LEXICAL_WEIGHT * min(1.0, mean_terms / _TERMS_OF_A_PASSAGE) ** _TERMS_POWER


def combine(
    columns: Mapping[str, NDArray[np.float32]], kind: str, lexical: float = LEXICAL_WEIGHT
) -> NDArray[np.float64]:
    """Return one score from standard scores and BM25, channel by channel; NaN is no evidence.

    Args:
        columns: Standard scores by space, and BM25 under ``"lexical"``; all of one shape.
        kind: ``"text"``, ``"image"`` or ``"sound"``.
        lexical: Standard scores that a point of BM25 is worth.
    """
    shape = next(iter(columns.values())).shape
    nothing = np.full(shape, np.nan)
    if kind == "sound":
        score = np.nan_to_num(columns.get("sound", nothing).astype(np.float64))
    else:
        text, vision = (columns.get(space, nothing).astype(np.float64) for space in ("text", "vision"))
        if kind == "text":
            both = TEXT_SHARE * text + (1 - TEXT_SHARE) * vision
        else:
            both = text + VISION_WEIGHT * (vision - VISION_EXPECTED)
        one = np.where(np.isnan(text), np.nan_to_num(vision), text)
        score = np.where(np.isnan(both), one, both)
    if "lexical" in columns:
        score = score + lexical * np.nan_to_num(columns["lexical"])
    return np.asarray(score, dtype=np.float64)


def standard_scores(
    similarity: NDArray[np.float32],
    hubness: NDArray[np.float32] | float,
    mean: NDArray[np.float32] | float,
    std: NDArray[np.float32] | float,
    at_large: tuple[float, float] | None = None,
) -> NDArray[np.float32]:
    """Return similarities, less their share of hubness, as standard scores among all nodes.

    Among sounds some are always nearest, to a question about a contract too, and few questions are about sounds
    at all: one that is stands out among the similarities of all questions, not only among its own. So its scores
    are capped by those.

    Args:
        similarity: Of any shape.
        hubness: What is taken off for hubness; broadcast.
        mean: Mean over all nodes, the hubness taken off; broadcast.
        std: Standard deviation, likewise.
        at_large: Mean and standard deviation of the similarities of all questions; None where they do not count.
    """
    scores = (similarity - hubness - mean) / std
    if at_large is not None:
        scores = np.minimum(scores, (similarity - at_large[0]) / at_large[1])
    return np.asarray(scores, dtype=np.float32)


class CalibratedFusion:
    """The default: what the collection has learnt of itself decides."""

    def __init__(self, **_: Any) -> None:
        pass

    def fuse(self, candidates: Candidates) -> Fused:
        """Score the candidates, in their order."""
        scores = np.zeros(len(candidates.ids))
        lexical = _lexical_weight(candidates)
        for kind in KINDS:
            rows = candidates.kinds == kind
            if rows.any():
                columns = {
                    channel: column[rows]
                    if channel == "lexical"
                    else _standardised(candidates, channel, kind, rows)
                    for channel, column in candidates.similarity.items()
                }
                scores[rows] = combine(columns, kind, lexical) if columns else 0.0
        worded = (
            ~np.isnan(candidates.similarity["text"])
            if "text" in candidates.similarity
            else candidates.kinds == "text"
        )
        words = candidates.levels.get("words", 0.0)
        for kind in KINDS:
            alone = (candidates.kinds == kind) & ~worded
            scores[alone] -= candidates.levels.get(kind, words)
        scores[worded] -= words
        gain = _from_passages(scores, candidates, min(PASSAGE_FLOOR, words))
        scores[worded & (candidates.kinds == "image")] += _picture_wanted(
            scores[worded], candidates.kinds[worded], candidates.picture_style
        )
        scores += gain
        if candidates.exact_match is not None:
            scores[candidates.exact_match] += EXACT_MATCH
        if candidates.document_named is not None:
            scores[~candidates.document_named] -= OTHER_DOCUMENT
        if candidates.page_asked is not None:
            scores += PAGE_ASKED * candidates.page_asked
        if candidates.kind_asked is not None:
            asked = worded & candidates.kind_asked  # a photo without words would look as if it answered
            if asked.any() and scores[asked].max() + KIND_ASKED >= scores.max():
                scores[asked] += KIND_ASKED
        if candidates.named_rows is not None:
            scores += ROW_NAMED * candidates.named_rows
        if candidates.phrases is not None:
            for kind in KINDS:
                rows = candidates.kinds == kind
                scores[rows] = _reordered(scores[rows], scores[rows] + PHRASE * candidates.phrases[rows])
        return Fused(scores, probabilities(scores, candidates.further_answers, candidates.kinds == "text"))


def _lexical_weight(candidates: Candidates) -> float:
    weight = LEXICAL_WEIGHT if candidates.lexical_weight is None else candidates.lexical_weight
    best = (
        float(candidates.similarity["lexical"].max(initial=0.0))
        if "lexical" in candidates.similarity
        else 0.0
    )
    return min(weight, MAX_LEXICAL / best) if best > 0 else weight


def _standardised(
    candidates: Candidates, channel: str, kind: str, rows: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """Return a space's standard scores; among the candidates themselves where nothing was calibrated."""
    similarity = candidates.similarity[channel][rows]
    background = candidates.background.get((channel, kind))
    if background is None:
        if np.isnan(similarity).all():
            return similarity
        spread = float(np.nanstd(similarity))
        return standard_scores(similarity, 0.0, float(np.nanmean(similarity)), spread or 1.0)
    hubness: NDArray[np.float32] | float = background.hubness
    if channel in candidates.hubness:
        hubness = np.nan_to_num(candidates.hubness[channel][rows], nan=background.hubness)
    hubness = background.hub_weight * hubness
    return standard_scores(similarity, hubness, background.mean, background.std, background.at_large)


def _picture_wanted(scores: NDArray[np.float64], kinds: NDArray[np.str_], style: float) -> float:
    """Return what pictures gain or lose by how the best of them stand against the best texts, and by the style."""
    pictures, texts = (np.sort(scores[kinds == kind])[::-1][:_BEST] for kind in ("image", "text"))
    if not len(pictures) or not len(texts):
        return 0.0
    lead = float(pictures.mean() - texts.mean())
    wanted = PICTURE_SLOPE * (lead + PICTURE_OFFSET) + PICTURE_STYLE * style
    return float(np.clip(wanted, -PICTURE_LIMIT, PICTURE_LIMIT))


def _from_passages(scores: NDArray[np.float64], candidates: Candidates, floor: float) -> NDArray[np.float64]:
    """Return what each picture gains by the passages that refer to it, from ``floor`` below what chance gives."""
    best = np.zeros(len(scores))
    if candidates.linked is not None:
        pictures, passages = candidates.linked.T
        np.maximum.at(best, pictures, scores[passages] + floor)
    return PASSAGE_SHARE * best


def _reordered(scores: NDArray[np.float64], by: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the same scores, dealt out in another order: the highest to the highest of ``by``."""
    dealt = np.empty_like(scores)
    dealt[np.argsort(-by, kind="stable")] = np.sort(scores)[::-1]
    return dealt


def shares(scores: NDArray[np.float64], sharpness: float) -> NDArray[np.float64]:
    """Return each candidate's share among the best: ``exp(b s) / Σ exp(b s)``, shape ``(n,)``."""
    best = float(scores.max())
    rivals = float(np.exp(sharpness * (np.sort(scores)[::-1][:_RIVALS] - best)).sum())
    return np.asarray(np.exp(sharpness * (scores - best)) / rivals, dtype=np.float64)


def probabilities(
    scores: NDArray[np.float64],
    further: float = FURTHER_ANSWERS,
    passages: NDArray[np.bool_] | None = None,
    sharpness: float = _SHARPNESS,
    found: float = _FOUND,
    answers: float = _ANSWERS,
) -> NDArray[np.float64]:
    """Return p(relevant), given that the collection holds an answer.

    A share is the chance to be the one answer; where there are more, it is drawn as often. The more there are, the
    nearer their scores lie together, and the less a score tells one from the other. A picture that is described is
    the one answer: further ones count as far as both that and the first are passages.

    Args:
        scores: Of all candidates.
        further: Further answers that sample questions of the collection show.
        passages: Which candidates are texts; all when not given.
        sharpness: What a standard score weighs where there are no further answers.
        found: How often what answers is among the candidates.
        answers: How many a further answer stands for.
    """
    if not len(scores):
        return scores
    if passages is not None:
        rivals = np.argsort(-scores)[:_RIVALS]
        share = shares(scores[rivals], sharpness / (1 + further) ** 0.5)
        further *= float(share[passages[rivals]].sum()) ** 2
    missed = (1 - shares(scores, sharpness / (1 + further) ** 0.5)) ** (1 + answers * further)
    return np.asarray(found * (1 - missed), dtype=np.float64)
