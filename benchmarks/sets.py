"""Evaluation sets as candidates with known answers, gathered once and fused as often as a benchmark likes.

A set is a folder with ``source/`` (what is ingested), ``queries.jsonl`` (what is asked) and, where part of its
pictures lie in a sibling set, ``photos.txt``. Knowledge bases are kept under ``WORK/kb-NAME`` and made when missing,
what was gathered for the questions under ``WORK/asked-NAME.pickle``; every collection is calibrated anew by today's code.
"""

from __future__ import annotations

import argparse
import json
import pickle
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from xmrag_plugin import CrossModalIndex
from xmrag_plugin.search.calibration import Calibration
from xmrag_plugin.search.calibration_fit import fitted
from xmrag_plugin.search.candidates import gather, linked
from xmrag_plugin.search.fusion import Candidates, load_fusion
from xmrag_plugin.search.named_documents import documents_named
from xmrag_plugin.search.page_references import of_named_kind
from xmrag_plugin.search.phrases import named_rows, shared_phrases
from xmrag_plugin.search.query_vectors import encode_question
from xmrag_plugin.search.rank import arrange
from xmrag_plugin.search.request import Clock, SearchRequest
from xmrag_plugin.types import NodeRecord, Question


@dataclass
class Asked:
    """One question: what was gathered for it, and which candidates answer it."""

    kind: str
    request: SearchRequest
    candidates: Candidates
    records: dict[str, NodeRecord]
    relevant: np.ndarray
    answered: bool
    answerable: float
    vectors: dict[str, np.ndarray]
    hubness: dict[str, np.ndarray]

    def listed(self, fusion: str = "calibrated") -> tuple[np.ndarray, np.ndarray]:
        """Return for the ten hits whether each is relevant, and whether it is a picture."""
        fused = load_fusion(fusion).fuse(self.candidates)
        of = [self.records[node_id] for node_id in self.candidates.ids]
        places = arrange(self.request, self.candidates, of, fused)
        return self.relevant[places], (self.candidates.kinds == "image")[places]


@dataclass
class EvaluationSet:
    """A set's questions and the index that they were asked in."""

    index: CrossModalIndex
    questions: list[Asked]

    def recalibrate(self, calibration: Calibration) -> None:
        """Tell the candidates what a calibration says."""
        for asked in self.questions:
            hubness = {
                space: dict(zip(asked.candidates.ids, r.tolist(), strict=True))
                for space, r in asked.hubness.items()
            }
            calibration.add_background(asked.candidates, asked.vectors, hubness)
            of = [asked.records[i] for i in asked.candidates.ids]
            asked.candidates.linked = linked(of)
            told = (asked.request.question.text, of, asked.candidates.similarity["lexical"])
            asked.candidates.phrases = shared_phrases(*told)
            asked.candidates.named_rows = named_rows(*told)
            asked.candidates.kind_asked = of_named_kind(of, told[0], asked.candidates.page_asked)
            matches = self.index.kb.catalog.lexical_matches(told[0])
            best = [asked.records[i] for i in matches.best(asked.request.pool) if i in asked.records]
            meant = documents_named(told[0], best, matches.holding())
            asked.candidates.document_named = (
                np.array([record.source in meant for record in of], dtype=bool) if meant else None
            )
            fused = load_fusion("calibrated").fuse(asked.candidates)
            asked.answerable = self.index.searcher._answerable(asked.request, asked.candidates, fused)


def arguments(description: str | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("sets", type=Path, help="the folder of the sets")
    parser.add_argument("--set", action="append", dest="names", help="only this set; may be repeated")
    parser.add_argument("--vision", help="vision encoder, for the sets with photos.txt and those of --seen")
    parser.add_argument("--seen", action="append", default=[], help="a further set for the vision encoder")
    parser.add_argument("--ocr", default="auto", choices=("auto", "off"))
    parser.add_argument("--every", type=int, default=1, help="only every nth question of a kind")
    parser.add_argument("--work", type=Path, required=True, help="where the knowledge bases are kept")
    return parser


def load(given: argparse.Namespace) -> dict[str, EvaluationSet]:
    """Return the sets, their questions gathered."""
    found = {}
    for folder in sorted(given.sets.iterdir()):
        if (folder / "queries.jsonl").is_file() and (not given.names or folder.name in given.names):
            found[folder.name] = _gathered(folder, given)
            print(f"{folder.name}: {len(found[folder.name].questions)} questions", flush=True)
    return found


def _gathered(folder: Path, given: argparse.Namespace) -> EvaluationSet:
    photos = (folder / "photos.txt").is_file()
    vision = given.vision if given.vision and (photos or folder.name in given.seen) else "none"
    index = CrossModalIndex(given.work / f"kb-{folder.name}", vision=vision, ocr=given.ocr)
    if not index.kb.catalog.node_count:
        index.add(_source(folder, given.work) if photos else folder / "source")
    lines = (folder / "queries.jsonl").read_text(encoding="utf-8").strip().split("\n")
    queries = [query for query in map(json.loads, lines) if query.get("text")]
    spaces = {name: space.model for name, space in index.kb.manifest.spaces.items()}
    made_from = (lines, spaces, index.kb.catalog.node_count)
    kept = given.work / f"asked-{folder.name}{'-seen' if vision != 'none' else ''}.pickle"
    stored, questions = pickle.loads(kept.read_bytes()) if kept.is_file() else (None, [])
    if stored != made_from:
        questions = [ask(index, query) for query in queries]
        nodes: dict[str, NodeRecord] = {}
        for asked in questions:
            asked.records = {i: nodes.setdefault(i, record) for i, record in asked.records.items()}
        kept.write_bytes(pickle.dumps((made_from, questions)))
    kinds = sorted({asked.kind for asked in questions})
    asked = [q for kind in kinds for q in [q for q in questions if q.kind == kind][:: given.every]]
    gathered = EvaluationSet(index, asked)
    gathered.recalibrate(fitted(index.kb))
    return gathered


def _source(folder: Path, work: Path) -> Path:
    """Return a copy of the set's source with the photos that it borrows from a sibling."""
    target = work / f"source-{folder.name}"
    shutil.copytree(folder / "source", target, dirs_exist_ok=True)
    for name in (folder / "photos.txt").read_text(encoding="utf-8").split():
        owner = next(s for s in sorted(folder.parent.iterdir()) if (s / "source" / name).is_file())
        shutil.copy(owner / "source" / name, target / name)
    return target


def ask(index: CrossModalIndex, query: dict) -> Asked:
    searcher, request = index.searcher, SearchRequest(Question(texts=[(query["text"], 1.0)]))
    vectors = encode_question(request.question, index.kb, searcher._threads)
    candidates, records = gather(
        request, vectors, index.kb, searcher.calibration, searcher._cache, searcher._threads, Clock()
    )
    relevant = [
        any(
            wanted["source"] in (record.source, record.media) and wanted.get("page") in (None, record.page)
            for wanted in query["relevant"]
        )
        for record in (records[node_id] for node_id in candidates.ids)
    ]
    return Asked(
        kind=query["kind"],
        request=request,
        candidates=candidates,
        records=records,
        relevant=np.array(relevant, dtype=bool),
        answered=bool(query["relevant"]),
        answerable=1.0,
        vectors=vectors,
        hubness=dict(candidates.hubness),
    )
