"""Reranking: the best passages change places by what a cross-encoder makes of them; pictures keep theirs."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..settings import Settings
from ..types import NodeRecord
from .fusion import Candidates, Fused
from .request import SearchRequest

__all__ = ["rerank"]

_READ = 30
"""So many of the best passages are read, or three times as many as are wanted."""


def rerank(
    request: SearchRequest,
    candidates: Candidates,
    records: Mapping[str, NodeRecord],
    fused: Fused,
    settings: Settings,
) -> None:
    """Give the scores of the best passages to each other, in the order of the reranker.

    So a passage and a picture stay comparable: the list has as many passages before each picture as fusion gave it.

    Args:
        request: The question and the reranker.
        candidates: In any order.
        records: By node id.
        fused: Scores and probabilities, in the candidates' order; changed in place.
        settings: Where models lie and run.
    """
    from ..encoders.reranker import load_reranker

    model = load_reranker(request.rerank, settings)
    open_to_it = candidates.kinds == "text"
    for named in (candidates.page_asked, candidates.exact_match):
        if named is not None:
            open_to_it = open_to_it & (named == 0)  # what the question names comes first whatever it says
    texts = np.flatnonzero(open_to_it)
    if model is None or len(texts) < 2:
        return
    best = texts[np.argsort(-fused.scores[texts], kind="stable")][: max(_READ, 3 * request.k)]
    passages = [records[candidates.ids[i]].embed_text for i in best]
    order = best[np.argsort(-model.scores(request.question.text, passages), kind="stable")]
    for values in (fused.scores, fused.probabilities):
        if values is not None:
            values[order] = values[best]
