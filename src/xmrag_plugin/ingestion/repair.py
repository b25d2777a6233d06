"""Repairs of a knowledge base: what :mod:`~xmrag_plugin.ingestion.check` found, in an order that loses nothing."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import KnowledgeBaseDamaged, XmragError
from ..settings import Settings
from ..storage.catalog import Catalog, is_adopted
from ..storage.knowledge_base import KnowledgeBase
from ..storage.manifest import COPY, Manifest
from ..storage.opening import is_address, open_knowledge_base
from ..storage.stock import CALIBRATION
from ..types import NodeRecord
from .check import REPAIRS, Finding
from .recover import clear_leftovers, make_anew
from .scan import path_of
from .write import NodeWriter, belongs

if TYPE_CHECKING:
    from ..types import IngestionReport

__all__ = ["Adder", "repair"]

Adder = Callable[[Sequence[Path]], "IngestionReport"]
"""Adds files, or completes what was begun where there are none."""

_PROBED = 8
_MIN_COSINE = 0.98


def repair(place: str, settings: Settings, findings: Sequence[Finding], add: Adder) -> Iterator[str]:
    """Mend what was found; yield what was done, a sentence each.

    Args:
        place: The knowledge base.
        settings: What the user set.
        findings: Of :func:`~xmrag_plugin.ingestion.check.check_knowledge_base`.
        add: Adds files to it; called without the writer's lock.
    """
    if not is_address(place):
        yield from _made_room(Path(place))
    wanted = {finding.repair for finding in findings if finding.repair}
    for name in REPAIRS:
        if name not in wanted:
            continue
        items = [item for finding in findings if finding.repair == name for item in finding.items]
        if name == "manifest":
            yield _restore_manifest(Path(place), settings)
        elif name == "catalog":
            yield _salvage_catalog(Path(place))
        elif name in ("leftovers", "media", "sources"):
            yield _read_again(place, settings, name, items, add)
        else:
            with closing(open_knowledge_base(place, settings, create=False)) as kb, kb.writing(alone=True):
                yield _IN_PLACE[name](kb, items)


def _made_room(path: Path) -> Iterator[str]:
    """Move aside what stands in the place of a folder and is none, or of a file."""
    for name in ("chroma", "media", "catalog.sqlite", CALIBRATION, "lock"):
        place = path / name
        if place.exists() and place.is_dir() != (name in ("chroma", "media")):
            aside = path / f"{name}.damaged"
            if not aside.exists():
                os.replace(place, aside)
                yield f"{name} was of another kind; what stood there is {aside.name}."


# the manifest and the catalog ------------------------------------------------------------


def _restore_manifest(path: Path, settings: Settings) -> str:
    """Restore the manifest from its copy; without one, from the vectors of which the text model is known."""
    manifest = path / "manifest.json"
    if manifest.exists():
        os.replace(manifest, path / "manifest.damaged.json")
    try:
        found = Manifest.load(path / COPY)
    except XmragError:
        # Format 1 is safe to name: its migration does no harm to what is newer.
        folders = [*path.glob("chroma-*"), path / "chroma"]
        vectors = max(folders, key=lambda folder: folder.stat().st_mtime if folder.is_dir() else 0.0)
        Manifest(format=1, vectors=vectors.name).save(manifest)
    else:
        found.save(manifest)
        return "The manifest was restored from its copy."
    with closing(KnowledgeBase(path, settings, create=False)) as kb, kb.writing():
        encoder = kb.encoder("text")
        if encoder is not None and _made_by(kb, encoder):
            kb.record_space("text", encoder)
            message = (
                f"The manifest was made anew: the vectors of the text space are those of {encoder.name}."
            )
        else:
            kb.vectors.drop("text")
            message = "The manifest was made anew, without spaces: no model on this machine made its vectors."
        lost = sorted({space for space, _kind in kb.vectors.kinds()} - {"text"})
        for space in lost:
            kb.vectors.drop(space)
    again = "".join(f" The {space} space is made again by `xmrag add --{space} MODEL`." for space in lost)
    return message + again


def _made_by(kb: KnowledgeBase, encoder: object) -> bool:
    from ..encoders import Encoder

    assert isinstance(encoder, Encoder)
    ids = kb.vectors.ids("text", "text")[:_PROBED]
    stored, nodes = kb.vectors.vectors("text", "text", ids), kb.catalog.nodes(ids)
    known = [key for key in stored if key in nodes]
    if not known or len(stored[known[0]]) != encoder.dimension:
        return False
    made = encoder.encode_texts([nodes[key].embed_text for key in known], role="document")
    return all(float(row @ stored[key]) >= _MIN_COSINE for key, row in zip(known, made, strict=True))


def _salvage_catalog(path: Path) -> str:
    """Copy what can be read of the catalog into a new one, and keep the damaged file."""
    file, fresh, damaged = (
        path / "catalog.sqlite",
        path / "catalog.new.sqlite",
        path / "catalog.damaged.sqlite",
    )
    fresh.unlink(missing_ok=True)
    try:
        with closing(Catalog(file, read_only=True)) as catalog:
            copied = catalog.salvage_into(fresh)
    except (KnowledgeBaseDamaged, sqlite3.Error):
        copied = {}
        for suffix in ("", "-wal", "-shm"):
            fresh.with_name(fresh.name + suffix).unlink(missing_ok=True)
        Catalog(fresh).close()
    for suffix in ("-wal", "-shm"):
        file.with_name(file.name + suffix).unlink(missing_ok=True)
        fresh.with_name(fresh.name + suffix).unlink(missing_ok=True)
    if file.exists():
        os.replace(file, damaged)
    os.replace(fresh, file)
    kept = ", ".join(f"{count:,} {table}" for table, count in copied.items() if count) or "nothing"
    return f"The catalog was made anew from what could be read ({kept}); the damaged file is {damaged.name}."


# files that are read again ---------------------------------------------------------------


def _read_again(place: str, settings: Settings, name: str, items: Sequence[str], add: Adder) -> str:
    with closing(open_knowledge_base(place, settings, create=False)) as kb, kb.writing(alone=True):
        kb.media.delete(item.removeprefix("media ") for item in items if item.startswith("media "))
        names = [item for item in items if not item.startswith("media ")]
        rows = [row for source in names for row in kb.catalog.source_named(source) if not is_adopted(row)]
        if name != "leftovers":
            kb.catalog.read_again(row.source_id for row in rows)
        kb.catalog.begin_task(
            "repair"
        )  # so that what lies about is cleared away, and what is gone is no surprise
        clear_leftovers(kb, NodeWriter(kb))
        files = [file for row in rows if (file := path_of(row.path)).exists()]
    report = add(files)
    done = len(report.added) + len(report.updated)
    if name == "leftovers":
        return f"What was interrupted was completed; {done:,} sources were read."
    return f"{done:,} sources were read again{', ' + str(len(report.failed)) + ' failed' if report.failed else ''}."


# in place --------------------------------------------------------------------------------


def _mend_rows(kb: KnowledgeBase, items: Sequence[str]) -> str:
    kb.catalog.remove_orphans()
    return "Rows that belonged to nothing were removed."


def _mend_text_index(kb: KnowledgeBase, items: Sequence[str]) -> str:
    kb.catalog.rebuild_text_index()
    return f"The text index was made anew from {kb.catalog.node_count:,} nodes."


def _mend_chroma(kb: KnowledgeBase, items: Sequence[str]) -> str:
    return make_anew(kb)


def _mend_vectors(kb: KnowledgeBase, items: Sequence[str]) -> str:
    records = list(kb.catalog.nodes(items).values())
    kb.vectors.delete(items)
    count = _embed(kb, records, list(kb.manifest.spaces))
    return f"{count:,} nodes were embedded."


def _embed(kb: KnowledgeBase, records: Sequence[NodeRecord], spaces: Sequence[str]) -> int:
    writer = NodeWriter(kb)
    embedded: set[str] = set()
    for space in spaces:
        encoder = kb.encoder(space)
        if encoder is not None:
            getattr(writer, f"write_{space}")(encoder, records, {})
            embedded |= {record.node_id for record in records if belongs(kb, space, record, encoder)}
    return len(embedded)


def _remove_strays(kb: KnowledgeBase, items: Sequence[str]) -> str:
    spaces = [item.removeprefix("space ") for item in items if item.startswith("space ")]
    for space in spaces:
        kb.vectors.drop(space)
    known = kb.catalog.nodes(items)
    strays = [item for item in items if item not in known and not item.startswith("space ")]
    kb.vectors.delete(strays)
    dropped = f" Spaces that were dropped: {', '.join(spaces)}." if spaces else ""
    return f"{len(strays):,} vectors of no node were removed.{dropped}"


def _mend_calibration(kb: KnowledgeBase, items: Sequence[str]) -> str:
    from ..search.calibration_fit import fit

    kb.manifest.calibration.clear()
    kb.write_file(CALIBRATION, None)
    fit(kb)
    return f"The calibration was fitted to {kb.catalog.node_count:,} nodes."


def _take_stock(kb: KnowledgeBase, items: Sequence[str]) -> str:
    kb.take_stock()
    return f"What is there was counted: {kb.catalog.node_count:,} nodes. Add again what is missing."


def _mend_spaces(kb: KnowledgeBase, items: Sequence[str]) -> str:
    for space in items:
        encoder = kb.encoder(space)
        assert encoder is not None
        kb.manifest.spaces[space].dimension = encoder.dimension
    kb.save_manifest()
    return f"The manifest says again what makes the spaces: {', '.join(items)}."


_IN_PLACE: dict[str, Callable[[KnowledgeBase, Sequence[str]], str]] = {
    "spaces": _mend_spaces,
    "rows": _mend_rows,
    "text index": _mend_text_index,
    "chroma": _mend_chroma,
    "vectors": _mend_vectors,
    "strays": _remove_strays,
    "calibration": _mend_calibration,
    "stock": _take_stock,
}
