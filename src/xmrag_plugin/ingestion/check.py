"""What is wrong with a knowledge base: each store by itself, and each against the others."""

from __future__ import annotations

import hashlib
import os
import shlex
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from .._model_files import sha256_of
from ..errors import KnowledgeBaseDamaged, KnowledgeBaseMissing, XmragError
from ..settings import Settings
from ..storage.catalog import SourceRow, is_adopted
from ..storage.knowledge_base import KnowledgeBase
from ..storage.manifest import COPY, Manifest
from ..storage.opening import is_address, open_knowledge_base
from ..text.listing import first_of
from ..types import NodeRecord, kinds_in
from .advice import languages_in_words, unread_languages
from .scan import path_of
from .write import belongs

if TYPE_CHECKING:
    from ..encoders import Encoder

__all__ = ["REPAIRS", "Finding", "check_knowledge_base"]

REPAIRS = (
    "manifest", "catalog", "spaces", "rows", "text index", "chroma", "leftovers", "media", "sources", "vectors", "strays",
    "calibration", "stock",
)  # fmt: skip
"""Repairs in the order in which they are done, so that none removes what a later one could have kept."""

_SAMPLE = 16
_BATCH = 2000
_MIN_COSINE = 0.98  # of a vector and the one made anew by the same model
_UNIT_TOLERANCE = 1e-2


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        check: What was looked at.
        state: ``ok``; ``note`` for what is missing and need not be there; ``problem``.
        what: What was found.
        fix: What to do about it; empty when it is ``ok``.
        repair: Which of :data:`REPAIRS` mends it; empty where only the user can.
        items: What the repair is about: ids of nodes, names of sources or spaces, hashes of media.
    """

    check: str
    state: Literal["ok", "note", "problem"]
    what: str
    fix: str = ""
    repair: str = ""
    items: tuple[str, ...] = field(default=(), repr=False)


def check_knowledge_base(place: str | os.PathLike[str], settings: Settings) -> Iterator[Finding]:
    """Look at the manifest, the catalog, the media, the vectors, the calibration and what was interrupted."""
    place = str(place)
    command = f"xmrag doctor --fix --kb {shlex.quote(place)}"
    try:
        kb = open_knowledge_base(place, settings, create=False)
    except (KnowledgeBaseDamaged, KnowledgeBaseMissing) as error:
        if is_address(place):
            yield Finding("manifest", "problem", error.message, error.hint)
            return
        source = "its copy" if _is_manifest(Path(place, COPY)) else "the vectors, whose models are tried"
        yield Finding(
            "manifest", "problem", error.message, f"{command} restores it from {source}.", "manifest"
        )
        return
    except XmragError as error:
        yield Finding("manifest", "problem", error.message, error.hint)
        return
    inspection = _Inspection(kb, command)
    try:
        lost = False
        for finding in inspection.guarded("catalog", inspection.catalog):
            yield finding
            lost |= finding.repair == "catalog"
        if lost:
            return  # against what is left of it, everything else would seem wrong
        for check, step in (
            ("sources", inspection.sources),
            ("leftovers", inspection.leftovers),
            ("pictures", inspection.media),
            ("vectors", inspection.vectors),
            ("calibration", inspection.calibration),
            ("languages", inspection.languages),
            ("stock", inspection.stock),
        ):
            yield from inspection.guarded(check, step)
    finally:
        kb.close()


def _is_manifest(path: Path) -> bool:
    try:
        Manifest.load(path)
    except XmragError:
        return False
    return True


class _Inspection:
    """One look at a knowledge base that opens."""

    def __init__(self, kb: KnowledgeBase, command: str) -> None:
        self.kb = kb
        self.command = command

    def guarded(self, check: str, step: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
        """Make a check; one that cannot be made is a finding itself, and the next one is made."""
        try:
            yield from step()
        except (XmragError, OSError, sqlite3.Error, ValueError) as error:
            repair = "catalog" if check in ("catalog", "sources") else "chroma"
            message = error.message if isinstance(error, XmragError) else f"cannot be read: {error}"
            yield self._problem(check, message, "keeps what can be read and makes the rest anew", repair)

    def _problem(self, check: str, what: str, cure: str, repair: str, items: Sequence[str] = ()) -> Finding:
        return Finding(check, "problem", f"{what} (--fix {cure})", self.command, repair, tuple(items))

    def catalog(self) -> Iterator[Finding]:
        repairs = {"file": "catalog", "rows": "rows", "text index": "text index"}
        cures = {
            "file": "keeps all rows that can be read",
            "rows": "removes them",
            "text index": "makes it anew from the nodes",
        }
        file = self.kb.path / "catalog.sqlite"
        if not self.kb.is_shared and not file.exists() and self.kb.manifest.spaces:
            cure = "makes a new one; add the folders again after it"
            yield self._problem("catalog", f"{file.name} is gone, and with it all sources", cure, "catalog")
            return
        whole = True
        for kind, what in self.kb.catalog.faults():
            whole = False
            yield self._problem("catalog", f"{kind}: {what}", cures[kind], repairs[kind])
        if whole:
            yield Finding("catalog", "ok", f"whole, {self.kb.catalog.node_count:,} nodes")

    def sources(self) -> Iterator[Finding]:
        rows = self.kb.catalog.sources()
        for row in rows:
            if row.state == "failed":
                yield Finding(
                    "sources", "problem", f"{row.source} failed: {row.error}", row.hint or "Add it again."
                )
        ready = [row for row in rows if row.state == "ready"]
        gone = [row for row in ready if not is_adopted(row) and not path_of(row.path).exists()]
        if gone:
            yield Finding(
                "sources",
                "note",
                f"{len(gone):,} files are where they were no longer: {first_of([row.source for row in gone])}",
                "Nothing, if they were moved on purpose; else `xmrag add FOLDER --prune` or `xmrag remove SOURCE`.",
            )
        yield from self._incomplete(ready)
        yield Finding("sources", "ok", f"{len(ready):,} of {len(rows):,} ready")

    def _incomplete(self, ready: Sequence[SourceRow]) -> Iterator[Finding]:
        """Yield sources that lack nodes, as the nodes' neighbours and the report of the reading show."""
        known: dict[int, set[str]] = {row.source_id: set() for row in ready}
        named: dict[int, set[str]] = {row.source_id: set() for row in ready}
        by_name = {row.source: row.source_id for row in ready}
        changed: list[int] = []
        total = 0
        for node in self.kb.catalog.iter_nodes():
            source_id = by_name.get(node.source)
            if source_id is not None and not _is_whole(node):
                changed.append(source_id)
            if source_id is not None:
                known[source_id].add(node.node_id)
                total += 1
                named[source_id] |= {
                    other for name, other in node.relationships.items() if name in ("previous", "next")
                }
        if 2 * len(changed) > total:
            changed = []  # keys of another version
        broken = [
            row
            for row in ready
            if not is_adopted(row)
            and row.alias_of is None
            and (
                row.source_id in changed
                or named[row.source_id] - known[row.source_id]
                or (not known[row.source_id] and row.size > 0 and not _says_why(row.report))
            )
        ]
        readable = [row for row in broken if path_of(row.path).exists()]
        if readable:
            names = [row.source for row in readable]
            what = f"nodes of {len(readable):,} sources are gone or changed: {first_of(names)}"
            yield self._problem("sources", what, "reads them again", "sources", names)
        if lost := [row.source for row in broken if row not in readable]:
            yield Finding(
                "sources",
                "problem",
                f"nodes of {first_of(lost)} are lost, and so are the files; what is left of them stays",
                "Add the files again, or `xmrag remove` what is left of them.",
            )

    def leftovers(self) -> Iterator[Finding]:
        catalog, kb = self.kb.catalog, self.kb
        begun = catalog.sources("pending")
        there = [row for row in begun if path_of(row.path).exists()]
        pending = [row.source for row in there]
        if catalog.is_unfinished() or pending:
            what = [f"{len(pending):,} sources ({first_of(pending)})"] if pending else []
            what += [f"`{name}`" for name in catalog.tasks()]
            what += [f"{len(ids):,} vectors"] if (ids := catalog.unfinished()) else []
            message = f"an interrupted run left {', '.join(what) or 'notes of its work'}"
            yield self._problem("interrupted work", message, "completes it", "leftovers", pending)
        if lost := [row.source for row in begun if row not in there]:
            yield Finding(
                "interrupted work",
                "problem",
                f"an interrupted run left {len(lost):,} sources whose files are gone since: {first_of(lost)}",
                "Add the files again, or `xmrag remove` the sources.",
            )
        files = [*kb.path.glob(".manifest.json.*.tmp"), *(kb.path / "media").glob("**/.tmp-*")]
        stray = set(kb.media.hashes()) - catalog.media_hashes()
        if files or stray:
            message = f"{len(files):,} temporary files and {len(stray):,} media of no node are left over"
            yield self._problem("leftovers", message, "removes them", "leftovers")
        foreign = sorted({space for space, _kind in kb.vectors.kinds() if space not in kb.manifest.spaces})
        if foreign and set(foreign) <= self._copied_spaces():
            message = f"the manifest names no {', '.join(foreign)} space, which its copy does"
            yield self._problem("manifest", message, "restores it from its copy", "manifest")
        elif foreign:
            message = f"Chroma holds spaces that the manifest does not name: {', '.join(foreign)}"
            yield self._problem(
                "leftovers", message, "removes them", "strays", [f"space {s}" for s in foreign]
            )
        if not (files or stray or foreign or begun or catalog.is_unfinished()):
            yield Finding("leftovers", "ok", "none")

    def _copied_spaces(self) -> set[str]:
        try:
            return set(Manifest.load(self.kb.path / COPY).spaces)
        except XmragError:
            return set()

    def media(self) -> Iterator[Finding]:
        kb = self.kb
        wanted, stored = kb.catalog.media_hashes(), set(kb.media.hashes())
        damaged = {key for key in wanted & stored if sha256_of(kb.media.path(key)) != key}
        bad = sorted((wanted - stored) | damaged)
        if bad:
            nodes = [node for key in bad for node in kb.catalog.nodes_with_media(key)]
            sources = sorted({node.source for node in nodes})
            rows = [row for source in sources for row in kb.catalog.source_named(source)]
            lost = [row.source for row in rows if is_adopted(row) or not path_of(row.path).exists()]
            what = f"{len(wanted - stored):,} are missing and {len(damaged):,} are damaged, of: {first_of(sources)}"
            if readable := [source for source in sources if source not in lost]:
                items = [*(f"media {key}" for key in bad), *readable]
                yield self._problem("pictures", what, "reads their sources again", "media", items)
            if lost:
                yield Finding(
                    "pictures",
                    "problem",
                    f"{what}; lost with their files: {first_of(lost)}; their words are still found",
                    "Add the files again, or `xmrag remove` those sources.",
                )
        yield Finding("pictures", "ok", f"{len(wanted) - len(bad):,} of {len(wanted):,} whole")

    def vectors(self) -> Iterator[Finding]:
        kb = self.kb
        damaged = kb.vectors.check()
        for (space, kind), what in damaged.items():
            what = f"the {space} space for {kind}: {what}"
            yield self._problem("vectors", what, "embeds what is stored", "chroma", [space])
        for space, made in kb.manifest.spaces.items():
            try:
                encoder = kb.encoder(space)
            except (XmragError, ImportError) as error:
                message = error.message if isinstance(error, XmragError) else str(error)
                hint = error.hint if isinstance(error, XmragError) else ""
                yield Finding("models", "problem", f"{space} ({made.model}): {message}", hint)
                encoder = None
            dimension = made.dimension if encoder is None else encoder.dimension
            if dimension != made.dimension:
                what = f"the manifest says {made.dimension} dimensions of the {space} space, its model makes {dimension}"
                yield self._problem("manifest", what, "says what the model makes", "spaces", [space])
            elif encoder is not None:
                yield Finding("models", "ok", f"{space}: {encoder.name}, {made.dimension} dimensions")
            if not any(space == harmed for harmed, _kind in damaged):
                yield from self._space(space, dimension, encoder)

    def _space(self, space: str, dimension: int, encoder: Encoder | None) -> Iterator[Finding]:
        kb = self.kb
        nodes = {node.node_id: node for node in kb.catalog.iter_nodes()}
        lacking: list[str] = []
        stray: list[str] = []
        bad: list[str] = []
        for kind in kinds_in(space):
            held = kb.vectors.ids(space, kind)
            members = {key for key, node in nodes.items() if node.kind == kind}
            stray += [key for key in held if key not in members]
            present = set(held)
            lacking += [
                key
                for key in members - present
                if encoder is not None and belongs(kb, space, nodes[key], encoder)
            ]
            for start in range(0, len(held), _BATCH):
                rows = kb.vectors.vectors(space, kind, held[start : start + _BATCH])
                bad += [key for key, row in rows.items() if not _is_unit(row, dimension)]
            if encoder is not None and self._sample_differs(space, kind, encoder, nodes):
                bad += [key for key in held if key in members]
        problems = (
            (lacking, f"{{}} nodes are not in the {space} space", "embeds them", "vectors"),
            (
                bad,
                f"{{}} vectors of the {space} space are not what its model makes",
                "makes them anew",
                "vectors",
            ),
            (stray, f"the {space} space holds {{}} vectors of no node", "removes them", "strays"),
        )
        for ids, what, cure, repair in problems:
            if ids:
                ids = list(dict.fromkeys(ids))
                yield self._problem("vectors", what.format(f"{len(ids):,}"), cure, repair, ids)
        if not (lacking or bad or stray):
            yield Finding("vectors", "ok", f"the {space} space is complete")

    def _sample_differs(self, space: str, kind: str, encoder: Encoder, nodes: dict[str, NodeRecord]) -> bool:
        """Return whether vectors that are made anew differ from those that are stored."""
        ids = [
            key for key, node in nodes.items() if node.kind == kind and belongs(self.kb, space, node, encoder)
        ]
        chosen = ids[:: max(1, len(ids) // _SAMPLE)][:_SAMPLE]
        stored = self.kb.vectors.vectors(space, kind, chosen)
        records = [nodes[key] for key in stored]
        if not records or space == "sound":
            return False
        if space == "text" or kind == "text":
            texts = [record.embed_text if space == "text" else record.text for record in records]
            made = encoder.encode_texts(texts, role="document")
        else:
            records = [r for r in records if r.media_hash and self.kb.media.has(r.media_hash)]
            made = encoder.encode_images(
                [self.kb.media.path(str(r.media_hash)) for r in records], on_error=lambda _place, _error: None
            )
        same = [
            float(row @ stored[record.node_id]) >= _MIN_COSINE
            for record, row in zip(records, made, strict=True)
            if row.any() and len(row) == len(stored[record.node_id])
        ]
        return bool(same) and sum(same) < 0.9 * len(same)

    def stock(self) -> Iterator[Finding]:
        """Return whether all is there that the last change has left; what is mended is no news then."""
        if lost := self.kb.loss():
            what = f"it has lost {lost}"
            yield self._problem("stock", what, "counts what is left, once all else is mended", "stock")

    def languages(self) -> Iterator[Finding]:
        """What languages there are, and whether the text encoder reads them."""
        if named := languages_in_words(self.kb.catalog.languages()):
            warning = unread_languages(self.kb)
            what = named if warning is None else f"{named}. {warning.error}"
            yield Finding("languages", "note" if warning else "ok", what, warning.hint if warning else "")

    def calibration(self) -> Iterator[Finding]:
        from ..search.calibration import Calibration

        kb = self.kb
        if not kb.catalog.node_count or not kb.manifest.spaces:
            return
        what = ""
        try:
            calibration = Calibration.load(kb)
        except Exception as error:  # whatever stands in a damaged file
            what = f"cannot be read: {type(error).__name__}: {error}"
        else:
            if not calibration.statistics and kb.manifest.calibration:
                what = "its statistics are gone"
            elif not kb.manifest.calibration:
                what = "there is none"
        if what:
            yield self._problem("calibration", what, "fits it anew", "calibration")
        else:
            yield Finding(
                "calibration", "ok", f"fitted to {kb.manifest.calibration.get('fitted_nodes', 0):,} nodes"
            )


def _is_whole(node: NodeRecord) -> bool:
    """Return whether a node's text is what it was when it was written."""
    return (
        not node.embed_text
        or not node.content_key
        or node.content_key == hashlib.sha256(node.embed_text.encode()).hexdigest()
    )


def _is_unit(row: np.ndarray, dimension: int) -> bool:
    if len(row) != dimension or not np.isfinite(row).all():
        return False
    return abs(float(np.linalg.norm(row)) - 1) < _UNIT_TOLERANCE


def _says_why(report: str) -> bool:
    """Return whether the reading of a source tells why it brought no node: a warning, or a picture left out."""
    return '"warnings": []' not in report or '"skipped": {}' not in report
