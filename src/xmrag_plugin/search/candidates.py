"""Candidates: the nodes that any channel finds for a question, with what every channel says of each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor, Future
from typing import TYPE_CHECKING

import numpy as np

from ..storage.filters import parse
from ..storage.knowledge_base import KnowledgeBase
from ..types import Key, Modality, NodeRecord, kinds_in, split_ids
from .calibration import HUBNESS_WEIGHT, Calibration
from .fusion import KINDS, Candidates
from .named_documents import documents_named
from .page_references import asked_pages, named, of_named_kind
from .phrases import named_rows, shared_phrases

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..storage.allowed import Allowed
    from .request import Clock, SearchRequest
    from .vector_cache import VectorCache, Vectors

__all__ = ["LINKED_PICTURES", "gather", "linked"]

LINKED_PICTURES = 5
_MIN_POOL_FOR_A_HIT = 5
_ONLY_OF = {"image": Modality.IMAGE, "sound": Modality.AUDIO}


def gather(
    request: SearchRequest,
    vectors: Mapping[str, NDArray[np.float32]],
    kb: KnowledgeBase,
    calibration: Calibration,
    cache: VectorCache,
    threads: Executor,
    clock: Clock,
) -> tuple[Candidates, dict[str, NodeRecord]]:
    """Fetch the best nodes of every channel, and look up what the others say of them.

    Conditions hold before the best are chosen: Chroma and the text index look among the allowed nodes alone.

    Args:
        request: What is asked.
        vectors: The question by space, unit vectors.
        kb: Where it is searched.
        calibration: What similarities mean there.
        cache: Vectors that were looked up before.
        threads: Where Chroma is asked, while the text index is read.
        clock: Takes the time of each step.

    Returns:
        The candidates, and their records by node id.
    """
    text = request.question.text
    pool = max(request.pool, _MIN_POOL_FOR_A_HIT * request.k)
    kinds, allowed = _kinds_of(request.modality, kb), _allowed(request, kb)
    jobs = _begin(kb, vectors, kinds, pool, allowed, threads)
    with clock.measure("lexical"):  # while Chroma searches
        matches = kb.catalog.lexical_matches(text) if text else None
        lexical = matches.best(pool, allowed) if matches else {}
        exact = matches.literal() if matches else frozenset[str]()
        exact = exact if allowed is None or not exact else exact & frozenset(allowed.ids)
        everything = list(allowed.ids) if allowed is not None and len(allowed) <= pool else []
        paged = kb.catalog.on_pages(pages, allowed) if (pages := asked_pages(text)) else []
        told = dict.fromkeys([*lexical, *sorted(exact), *paged, *everything])
        known = kb.catalog.nodes(told)
        meant = documents_named(text, known.values(), matches.holding()) if matches else frozenset[str]()
    with clock.measure("chroma"):
        found = {place: dict(job.result()) for place, job in jobs.items()}
        looked_up = _look_up(known.values(), found, cache)
    with clock.measure("catalog"):  # while their vectors are read
        nearest = [i for rows in found.values() for i in rows]
        fresh = kb.catalog.nodes(i for i in nearest if i not in known)
        records = {i: known.get(i) or fresh[i] for i in (*nearest, *told) if i in known or i in fresh}
        if request.question.images:
            fresh |= _passages_of(found.get(("vision", "image"), {}), records, kb, allowed)
            records |= fresh
        looked_up += _look_up(fresh.values(), found, cache)
        ids = list(records)
    with clock.measure("look-ups"):
        of = list(records.values())
        held = kb.catalog.pages({record.source for record in of}) if pages else {}
        kind_of = np.array([record.kind for record in of], dtype=np.str_)
        if matches:
            lexical |= matches.of([node_id for node_id in ids if node_id not in lexical])
        hubness = {space: kb.catalog.hubness(space, ids) for space in vectors if space in HUBNESS_WEIGHT}
        placed = named(of, text, held)
        shared = np.array([lexical.get(i, 0.0) for i in ids], dtype=np.float32)
        candidates = Candidates(
            ids=ids,
            kinds=kind_of,
            similarity={},
            linked=linked(of),
            phrases=shared_phrases(text, of, shared, matches.holding()) if matches else None,
            named_rows=named_rows(text, of, shared) if matches else None,
            page_asked=placed,
            kind_asked=of_named_kind(of, text, placed),
            document_named=np.array([record.source in meant for record in of], dtype=bool) if meant else None,
            exact_match=np.array([i in exact for i in ids], dtype=bool) if exact else None,
        )
        candidates.similarity |= _similarities(ids, vectors, found, looked_up)  # by now they are there
        if matches:
            candidates.similarity["lexical"] = shared
        calibration.add_background(candidates, vectors, hubness, by_sound=bool(request.question.sounds))
    return candidates, records


def _begin(
    kb: KnowledgeBase,
    vectors: Mapping[str, NDArray[np.float32]],
    kinds: Sequence[str],
    pool: int,
    allowed: Allowed | None,
    threads: Executor,
) -> dict[tuple[str, str], Future[list[tuple[str, float]]]]:
    """Ask Chroma for the nearest of every collection that may hold any, by space and kind, on other threads."""
    return {
        (space, kind): threads.submit(
            kb.vectors.query, space, kind, vectors[space], pool, ids=_of_kind(allowed, kind)
        )
        for space in vectors
        for kind in kinds_in(space)
        if kind in kinds
    }


def linked(records: Sequence[NodeRecord]) -> NDArray[np.int64]:
    """Return the places of pictures and of the passages that refer to them, both among the records; shape ``(m, 2)``."""
    place = {record.node_id: i for i, record in enumerate(records)}
    pairs = [
        (i, place[node_id])
        for i, record in enumerate(records)
        if record.kind == "image"
        for node_id in split_ids(record.metadata.get(Key.PASSAGES))
        if node_id in place
    ]
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)


def _kinds_of(modality: str | None, kb: KnowledgeBase) -> list[str]:
    """Return the kinds that can be found: those of a modality, or all, if there are any nodes of them."""
    kinds: tuple[str, ...] = KINDS
    if modality is not None:
        kinds = {Modality.IMAGE: ("image",), Modality.AUDIO: ("text", "sound")}.get(modality, ("text",))
    there = kb.catalog.counts()
    return [kind for kind in kinds if kind not in _ONLY_OF or _ONLY_OF[kind] in there]


def _allowed(request: SearchRequest, kb: KnowledgeBase) -> Allowed | None:
    """Return the nodes that a request lets through; None for all."""
    if request.where is None and request.modality is None:
        return None
    modalities = {request.modality} if request.modality else None
    if request.modality == Modality.TEXT:
        modalities = {Modality.TEXT, Modality.TABLE}
    return kb.catalog.allowed(parse(request.where), modalities)


def _of_kind(allowed: Allowed | None, kind: str) -> list[str] | None:
    return None if allowed is None else allowed.of_kind(kind)


def _passages_of(
    pictures: Mapping[str, float], known: Mapping[str, NodeRecord], kb: KnowledgeBase, allowed: Allowed | None
) -> dict[str, NodeRecord]:
    """Return the passages of the pictures that a picture found: what a picture is asked for, often."""
    best = sorted(pictures, key=lambda node_id: -pictures[node_id])[:LINKED_PICTURES]
    linked: Iterable[str] = (
        i for n in best if n in known for i in split_ids(known[n].metadata.get(Key.PASSAGES))
    )
    if allowed is not None:
        linked = set(linked) & set(allowed.ids)
    return kb.catalog.nodes(i for i in linked if i not in known)


def _look_up(
    records: Iterable[NodeRecord],
    found: Mapping[tuple[str, str], Mapping[str, float]],
    cache: VectorCache,
) -> list[tuple[str, Callable[[], Vectors]]]:
    """Have the vectors looked up of candidates that the search in their space has not found, space by space."""
    of = [(record, record.kind) for record in records]
    missing = {
        (space, kind): [record for record, its in of if its == kind and record.node_id not in known]
        for (space, kind), known in found.items()
    }
    return [(place[0], cache.look_up(*place, its)) for place, its in missing.items() if its]


def _similarities(
    ids: Sequence[str],
    vectors: Mapping[str, NDArray[np.float32]],
    found: Mapping[tuple[str, str], Mapping[str, float]],
    looked_up: Sequence[tuple[str, Callable[[], Vectors]]],
) -> dict[str, NDArray[np.float32]]:
    """Return the cosines of all candidates in all spaces: found by the search, or of vectors looked up."""
    similarity: dict[str, NDArray[np.float32]] = {}
    for space, vector in vectors.items():
        known = {
            i: cosine for place, rows in found.items() if place[0] == space for i, cosine in rows.items()
        }
        for rows in (result() for its, result in looked_up if its == space):
            known |= {node_id: float(row @ vector) for node_id, row in rows.items()}
        similarity[space] = np.array([known.get(node_id, np.nan) for node_id in ids], dtype=np.float32)
    return similarity
