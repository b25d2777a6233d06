"""Search: a question → candidates of every channel → fusion → one list of hits.

Free of LlamaIndex, so that a cold search is quick; :class:`~xmrag_plugin.llamaindex.retriever.CrossModalRetriever`
is its face there. The vision encoder is loaded only where the knowledge base has a vision space.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from ..errors import UsageError
from ..storage.forks import renew_after_fork
from ..storage.knowledge_base import KnowledgeBase
from ..types import Hit, Key, Modality, NodeRecord, Question, kinds_in, parse_bbox, split_ids
from .calibration import RARELY_ASKED, Calibration
from .fusion import Background, Candidates, Fused, load_fusion
from .page_references import asked_pages, asks_for_picture, on_pages
from .query_vectors import encode_question
from .rank import LINKED_PICTURES, Ranking, follow_links, recognise
from .request import SearchRequest, SearchResult
from .vector_cache import KnownRows

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["SearchRequest", "SearchResult", "Searcher"]

_KINDS = ("text", "image", "sound")
_WORDS = frozenset({Modality.TEXT, Modality.TABLE})


class Searcher:
    """Searches one knowledge base; safe for several threads at once."""

    def __init__(self, kb: KnowledgeBase) -> None:
        self.kb = kb
        self._ranking = Ranking(kb)
        self._rows = KnownRows(kb)
        self._calibration: Calibration | None = None
        self._after_fork()
        renew_after_fork(self)

    def _after_fork(self) -> None:
        self._threads = ThreadPoolExecutor(max_workers=4, thread_name_prefix="xmrag-search")

    @property
    def calibration(self) -> Calibration:
        """The calibration that the index fitted to itself, read anew when it was fitted anew."""
        if self._calibration is None or self._calibration.is_outdated(self.kb):
            self._calibration = Calibration.load(self.kb)
        return self._calibration

    def search(self, request: SearchRequest) -> SearchResult:
        """Answer a request.

        Raises:
            UsageError: If nothing is asked, or a picture is asked where no pictures are seen.
        """
        clock = _Clock()
        question = request.question
        if not question.texts and not question.images and not question.sounds:
            raise UsageError("Nothing was asked.", hint="Give a text, a picture, a sound or several.")
        if request.k < 1:
            raise UsageError(f"k is {request.k}.", hint="Ask for at least one hit.")
        with clock.measure("encode"):
            vectors = encode_question(question, self.kb, self._threads)
        candidates, records = self._gather(request, vectors, clock)
        with clock.measure("fuse"):
            fused = load_fusion(request.fusion, calibration=self.calibration).fuse(candidates)
            if question.images:
                pictures = [data for data, weight in question.images if weight > 0]
                recognise(pictures, candidates, records, fused, self.kb.media)
                follow_links(candidates, records, fused)
            answerable = self._answerable(question, candidates, fused)
            if fused.probabilities is not None:
                fused.probabilities *= answerable
            order = self._ranking.order(request, candidates, records, fused, vectors)
        with clock.measure("hits"):
            hits = self._hits(request, candidates, records, fused, order)
            hits = self._with_copies(hits, request.k)
            for hit in hits:
                hit.metadata = {**hit.metadata, Key.ANSWERABLE: round(answerable, 4)}
        return SearchResult(hits, answerable, clock.timings_ms)

    # candidates --------------------------------------------------------------------------

    def _gather(
        self, request: SearchRequest, vectors: Mapping[str, NDArray[np.float32]], clock: _Clock
    ) -> tuple[Candidates, dict[str, NodeRecord]]:
        kinds = _kinds_of(request.modality)
        pool = max(request.pool, 5 * request.k) * (8 if request.where is not None else 1)
        text = request.question.text
        jobs = {
            (space, kind): self._threads.submit(self.kb.vectors.query, space, kind, vectors[space], pool)
            for space in vectors
            for kind in kinds_in(space)
            if kind in kinds
        }
        with clock.measure("lexical"):  # while Chroma searches
            matches = self.kb.catalog.lexical_matches(text) if text else None
            lexical = matches.best(pool) if matches else {}
        with clock.measure("chroma"):
            found = {place: dict(job.result()) for place, job in jobs.items()}
        with clock.measure("catalog"):
            literal = matches.literal() if matches else frozenset()
            nearest = [i for rows in found.values() for i in rows]
            ids = list(dict.fromkeys([*nearest, *lexical, *sorted(literal)]))
            known = self.kb.catalog.nodes(ids)
            if request.question.images:
                known |= self._passages_of(found.get(("vision", "image"), {}), known)
                ids = list(known)
            records = {node_id: record for node_id, record in known.items() if _wanted(record, request)}
            ids = [node_id for node_id in ids if node_id in records]
        with clock.measure("look-ups"):
            kind_of = np.array([records[node_id].kind for node_id in ids], dtype=np.str_)
            similarity = self._similarities([records[i] for i in ids], kind_of, vectors, found)
            if matches:
                lexical |= matches.of([node_id for node_id in ids if node_id not in lexical])
                similarity["lexical"] = np.array([lexical.get(i, 0.0) for i in ids], dtype=np.float32)
        candidates = Candidates(
            ids=ids,
            kinds=kind_of,
            similarity=similarity,
            picture_asked=asks_for_picture(text),
            page_asked=on_pages([records[i] for i in ids], asked_pages(text)),
            literal=np.array([i in literal for i in ids], dtype=bool) if literal else None,
        )
        self._add_background(candidates, vectors, by_sound=bool(request.question.sounds))
        return candidates, records

    def _passages_of(
        self, pictures: Mapping[str, float], known: Mapping[str, NodeRecord]
    ) -> dict[str, NodeRecord]:
        """The passages of the pictures that a picture found: what a picture is asked for, often."""
        best = sorted(pictures, key=lambda node_id: -pictures[node_id])[:LINKED_PICTURES]
        linked = [i for n in best if n in known for i in split_ids(known[n].metadata.get(Key.PASSAGES))]
        return self.kb.catalog.nodes(i for i in linked if i not in known)

    def _similarities(
        self,
        records: Sequence[NodeRecord],
        kinds: NDArray[np.str_],
        vectors: Mapping[str, NDArray[np.float32]],
        found: Mapping[tuple[str, str], Mapping[str, float]],
    ) -> dict[str, NDArray[np.float32]]:
        """Cosines of all candidates in all spaces: found by the search, or looked up."""
        jobs = {}
        for space, kind in found:
            own = (record for record, its in zip(records, kinds, strict=True) if its == kind)
            missing = [record for record in own if record.node_id not in found[space, kind]]
            if missing:
                jobs[space, kind] = self._threads.submit(self._rows.of, space, kind, missing)
        looked_up = {place: job.result() for place, job in jobs.items()}
        similarity: dict[str, NDArray[np.float32]] = {}
        for space, vector in vectors.items():
            known = {
                node_id: float(row @ vector)
                for kind in kinds_in(space)
                for node_id, row in looked_up.get((space, kind), {}).items()
            }
            for kind in kinds_in(space):
                known.update(found.get((space, kind), {}))
            similarity[space] = np.array([known.get(r.node_id, np.nan) for r in records], dtype=np.float32)
        return similarity

    def _add_background(
        self, candidates: Candidates, vectors: Mapping[str, NDArray[np.float32]], *, by_sound: bool
    ) -> None:
        calibration = self.calibration
        for space, vector in vectors.items():
            # Hubness is nearness to questions in words: it tells nothing of how near two sounds are.
            in_words = space != "sound" or not by_sound
            hubness = self.kb.catalog.hubness(space, candidates.ids) if in_words else {}
            candidates.hubness[space] = np.array(
                [hubness.get(node_id, np.nan) for node_id in candidates.ids], dtype=np.float32
            )
            for kind in kinds_in(space):
                statistics = calibration.statistics.get((space, kind))
                if statistics is not None:
                    rare = kind in RARELY_ASKED and in_words
                    at_large = calibration.at_large(space, kind) if rare else None
                    mean, std = statistics.of(vector)
                    candidates.background[(space, kind)] = Background(
                        mean, std, statistics.count, statistics.hub_mean, at_large
                    )

    def _answerable(self, question: Question, candidates: Candidates, fused: Fused) -> float:
        """p(the collection holds the answer): near in the text space, or in its very words, or seen.

        A question with a picture or a sound is always answered: by those most like it.
        """
        if question.images or question.sounds:
            return 1.0
        if not candidates.ids:
            return 0.0
        text = candidates.similarity.get("text", np.full(len(candidates.ids), np.nan, np.float32))
        said = 0.0 if np.isnan(text).all() else self.calibration.answerable(float(np.nanmax(text)))
        wordless = (candidates.kinds != "text") & np.isnan(text)
        seen = 0.0
        if wordless.any():
            seen = float(1 / (1 + np.exp(-fused.scores[wordless].max() / _SEEN_SLOPE)))
        lexical = candidates.similarity.get("lexical")
        literal = 0.0
        if lexical is not None and said < 0.5 and lexical.max(initial=0.0) > 0:
            found, asked = self.kb.catalog.shared_terms(question.text, candidates.ids[int(lexical.argmax())])
            literal = _LITERAL if asked and found >= _LITERAL * asked else 0.0
        return max(said, seen, literal)

    # hits --------------------------------------------------------------------------------

    def _hits(
        self,
        request: SearchRequest,
        candidates: Candidates,
        records: Mapping[str, NodeRecord],
        fused: Fused,
        order: Sequence[int],
    ) -> list[Hit]:
        hits: list[Hit] = []
        shown = {candidates.ids[place] for place in order}
        for place in order:
            record = records[candidates.ids[place]]
            probability = float(fused.probabilities[place]) if fused.probabilities is not None else None
            scores = {
                channel: float(column[place])
                for channel, column in candidates.similarity.items()
                if not np.isnan(column[place])
            }
            score = float(fused.scores[place])
            hits.append(self._hit(record, len(hits) + 1, score, probability, scores))
            if request.neighbours:
                linked = split_ids(record.metadata.get(Key.FIGURES)) + split_ids(
                    record.metadata.get(Key.PASSAGES)
                )
                fresh = [i for i in linked if i not in shown][: request.neighbours]
                for node_id, neighbour in self.kb.catalog.nodes(fresh).items():
                    shown.add(node_id)
                    hits.append(self._hit(neighbour, len(hits) + 1, score, probability, {}))
        return hits

    def _with_copies(self, hits: list[Hit], k: int) -> list[Hit]:
        """After a source's best hit, the files with the same bytes: they are stored once, and all found."""
        copies = self.kb.catalog.copies(list({hit.source for hit in hits}))
        if not copies:
            return hits
        shown: list[Hit] = []
        for hit in hits:
            shown.append(hit)
            for name in copies.pop(hit.source, []):
                media = name if hit.media == hit.source else hit.media
                shown.append(replace(hit, source=name, media=media))
        del shown[max(k, len(hits)) :]
        for rank, hit in enumerate(shown, start=1):
            hit.rank = rank
        return shown

    def _hit(
        self,
        record: NodeRecord,
        rank: int,
        score: float,
        probability: float | None,
        scores: dict[str, float],
    ) -> Hit:
        metadata = record.metadata
        media_hash = record.media_hash
        return Hit(
            rank=rank,
            score=score,
            probability=probability,
            modality=record.modality,
            source=record.source,
            page=record.page,
            bbox=parse_bbox(metadata.get(Key.BBOX)),
            start_s=metadata.get(Key.START_S),
            end_s=metadata.get(Key.END_S),
            media=record.media,
            media_file=str(self.kb.media.path(media_hash)) if media_hash else None,
            caption=metadata.get(Key.CAPTION),
            text=record.text,
            node_id=record.node_id,
            scores=scores,
            metadata=metadata,
        )


@dataclass(slots=True)
class _Clock:
    timings_ms: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def measure(self, stage: str) -> Iterator[None]:
        started = time.perf_counter()
        try:
            yield
        finally:
            self.timings_ms[stage] = round(
                self.timings_ms.get(stage, 0.0) + 1000 * (time.perf_counter() - started), 2
            )


_SEEN_SLOPE = 0.3
_LITERAL = 0.8
"""Share of a question's words that one node must hold to be about it whatever the encoder thinks."""


def _kinds_of(modality: str | None) -> tuple[str, ...]:
    if modality is None:
        return _KINDS
    if modality not in Modality.ALL:
        raise UsageError(f"No modality is called {modality!r}.", hint=f"Known: {', '.join(Modality.ALL)}.")
    return {Modality.IMAGE: ("image",), Modality.AUDIO: ("text", "sound")}.get(modality, ("text",))


def _wanted(record: NodeRecord, request: SearchRequest) -> bool:
    allowed = _WORDS if request.modality == Modality.TEXT else {request.modality}
    if request.modality is not None and record.modality not in allowed:
        return False
    return request.where is None or request.where(record)
