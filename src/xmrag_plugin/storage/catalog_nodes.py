"""The catalog's nodes: their records, the words of their pictures, their hubness."""

from __future__ import annotations

import contextlib
import json
import re
import sqlite3
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

from ..types import Key, Modality, NodeRecord
from .allowed import Allowed
from .filters import Condition
from .lexical_index import LexicalIndex
from .sql import State, by_parts, catalog_state, read_json, streamed

__all__ = ["NodeCatalog", "pages_meant", "with_text", "without_text"]

_COLUMNS = {Key.SOURCE: "s.source", Key.MODALITY: "n.modality", Key.PAGE: "n.page"}
"""Fields of conditions that have a column of their own."""

_HELD_IN_COLUMNS = frozenset({Key.SOURCE, Key.MODALITY})
_MAX_VALUES = 500  # in one statement: SQLite takes 999 in its oldest builds
_MAX_CHOICES = 8
_MOST_SEARCHED, _FEW_NODES, _FEW_DOCUMENTS = 10_000, 2_000, 3
_PRINTED = re.compile(r'"page_label":\s*"([^"]*)"')
_KIND = (
    f"CASE WHEN n.modality = '{Modality.IMAGE}' THEN 'image' "
    f"WHEN n.modality = '{Modality.AUDIO}' AND n.media_hash IS NOT NULL THEN 'sound' ELSE 'text' END"
)


class NodeCatalog(LexicalIndex):
    """Keeps node records; :class:`~xmrag_plugin.storage.catalog.Catalog` opens the file and owns the sources."""

    def __init__(self) -> None:
        super().__init__()
        self._choices: dict[str, tuple[State, Allowed]] = {}

    # nodes -------------------------------------------------------------------------------

    def insert_nodes(self, source_id: int, records: Sequence[NodeRecord]) -> None:
        """Write nodes and index their words; within the caller's transaction, after the source's own row."""
        newest = "SELECT coalesce(max(rowid), 0) FROM nodes"
        before = self._db.execute(newest).fetchone()[0]
        self._db.executemany(
            "INSERT INTO nodes (node_id, source_id, ord, modality, page, media_hash, content_key, "
            "text, embed_text, metadata, relationships) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    record.node_id,
                    source_id,
                    record.order,
                    record.modality,
                    record.page,
                    record.media_hash,
                    record.content_key,
                    record.text,
                    without_text(record.embed_text, record.text),
                    json.dumps(record.metadata, ensure_ascii=False),
                    json.dumps(record.relationships),
                )
                for record in records
            ],
        )
        if records:  # rows are numbered upwards, and a transaction is alone
            self.index_nodes(before + 1, self._db.execute(newest).fetchone()[0])

    def delete_nodes(self, node_ids: Sequence[str]) -> None:
        """Remove nodes and their words; within the caller's transaction."""
        rowids = [row[0] for row in by_parts(self._db, "rowid", "node_id", node_ids)]
        self.unindex_nodes(rowids)
        self._db.executemany("DELETE FROM nodes WHERE rowid = ?", ([rowid] for rowid in rowids))
        self._db.executemany("DELETE FROM hubness WHERE node_id = ?", ([node_id] for node_id in node_ids))

    def node_ids(self, source_id: int) -> list[str]:
        """Return the ids of a source's nodes, in order."""
        rows = self._db.execute("SELECT node_id FROM nodes WHERE source_id = ? ORDER BY ord", (source_id,))
        return [row[0] for row in rows]

    def nodes(self, node_ids: Iterable[str]) -> dict[str, NodeRecord]:
        """Return the node records by id; unknown ids are left out."""
        found: dict[str, NodeRecord] = {}
        wanted = list(dict.fromkeys(node_ids))
        for start in range(0, len(wanted), 500):
            part = wanted[start : start + 500]
            marks = ",".join("?" * len(part))
            for record in self._records(f"WHERE n.node_id IN ({marks})", part):
                found[record.node_id] = record
        return found

    def owners(self, node_ids: Sequence[str]) -> dict[str, int]:
        """Return the source of each of the ids that are taken."""
        return dict(by_parts(self._db, "node_id, source_id", "node_id", node_ids))

    def iter_nodes(self, *, source_id: int | None = None) -> Iterator[NodeRecord]:
        """All node records, or those of one source, in order."""
        if source_id is None:
            yield from self._records("ORDER BY n.source_id, n.ord", [])
        else:
            yield from self._records("WHERE n.source_id = ? ORDER BY n.ord", [source_id])

    def _records(self, clause: str, parameters: Sequence[Any]) -> Iterator[NodeRecord]:
        rows = streamed(
            self._db,
            "SELECT n.node_id, s.source, n.ord, n.modality, n.text, n.embed_text, n.content_key, "
            f"n.metadata, n.relationships FROM nodes n JOIN sources s USING (source_id) {clause}",
            parameters,
        )
        for row in rows:
            node_id, source, order, modality, text, embed_text, content_key, metadata, relationships = row
            yield NodeRecord(
                node_id,
                source,
                order,
                modality,
                text,
                with_text(embed_text, text),
                content_key,
                read_json(metadata),
                read_json(relationships),
            )

    def allowed(self, condition: Condition | None, modalities: Iterable[str] | None = None) -> Allowed:
        """Return the nodes that meet a condition.

        What the same condition chose is kept until the catalog changes.

        Args:
            condition: From :func:`~xmrag_plugin.storage.filters.parse`; None lets every node through.
            modalities: Only nodes of these; None for all.
        """
        wanted = sorted(modalities) if modalities is not None else None
        key = f"{condition!r} {wanted!r}" if condition is None or condition.fields() is not None else ""
        state = catalog_state(self._db)
        if key and key in self._choices and self._choices[key][0] == state:
            return self._choices[key][1]
        chosen = self._choose(condition, wanted)
        if key:
            while len(self._choices) >= _MAX_CHOICES:
                self._choices.pop(next(iter(self._choices)), None)
            self._choices[key] = (state, chosen)
        return chosen

    def _choose(self, condition: Condition | None, modalities: Sequence[str] | None) -> Allowed:
        """Let SQLite narrow by the columns there are, and check the rest node by node."""
        narrowed = list(condition.required().items()) if condition is not None else []
        if modalities is not None:
            narrowed.append((Key.MODALITY, list(modalities)))
        clauses, values = ["TRUE"], []
        for name, listed in narrowed:
            if name in _COLUMNS and len(listed) <= _MAX_VALUES and all(_bindable(v) for v in listed):
                clauses.append(f"{_COLUMNS[name]} IN ({','.join('?' * len(listed))})")
                values += listed
        where = f"WHERE {' AND '.join(clauses)} ORDER BY n.rowid"
        tables = "nodes n JOIN sources s USING (source_id)"
        fields = condition.fields() if condition is not None else frozenset()
        rows: Iterable[tuple[str, str, int]]
        if condition is None:
            rows = streamed(self._db, f"SELECT n.node_id, {_KIND}, n.rowid FROM {tables} {where}", values)
        elif fields is None:
            kept = [(r.node_id, r.kind) for r in self._records(where, values) if condition(r)]
            numbers: dict[str, int] = dict(
                by_parts(self._db, "node_id, rowid", "node_id", [node_id for node_id, _ in kept])
            )
            rows = ((node_id, kind, numbers[node_id]) for node_id, kind in kept if node_id in numbers)
        else:
            held = "'{}'" if fields <= _HELD_IN_COLUMNS else "n.metadata"
            found = streamed(
                self._db,
                f"SELECT n.node_id, {_KIND}, n.rowid, s.source, n.modality, {held} FROM {tables} {where}",
                values,
            )
            rows = (
                (node_id, kind, rowid)
                for node_id, kind, rowid, source, modality, metadata in found
                if condition.matches({**read_json(metadata), Key.SOURCE: source, Key.MODALITY: modality})
            )
        ids, kinds, rowids = [], [], []
        for node_id, kind, rowid in rows:
            ids.append(node_id)
            kinds.append(kind)
            rowids.append(rowid)
        return Allowed(ids, kinds, rowids)

    def pages(self, sources: Iterable[str]) -> dict[str, list[int]]:
        """Return the pages of each of the sources on which something stands, ascending."""
        named = list(sources)
        marks = ",".join("?" * len(named))
        rows = self._db.execute(
            "SELECT DISTINCT s.source, n.page FROM nodes n JOIN sources s USING (source_id) "
            f"WHERE s.source IN ({marks}) AND n.page IS NOT NULL ORDER BY n.page",
            named,
        )
        held: dict[str, list[int]] = {}
        for source, page in rows:
            held.setdefault(source, []).append(page)
        return held

    def on_pages(self, pages: Collection[int], allowed: Allowed | None = None) -> list[str]:
        """Return the nodes on pages, where those that are allowed belong to few documents; -1 is the last page.

        Args:
            pages: Numbers from 1 as counted or, among few nodes, as printed; or from the end.
            allowed: Among these alone; None for all.
        """
        count = self.node_count if allowed is None else len(allowed)
        if count > _MOST_SEARCHED:
            return []
        columns = "node_id, source_id, page, " + ("metadata" if count <= _FEW_NODES else "''")
        if allowed is None:
            rows = self._db.execute(f"SELECT {columns} FROM nodes").fetchall()
        else:
            rows = list(by_parts(self._db, columns, "rowid", allowed.rowids))
        held: dict[int, set[int]] = {}
        for _, source_id, page, _ in rows:
            held.setdefault(source_id, set()).update([page] if page else [])
        if len(held) > _FEW_DOCUMENTS:
            return []
        meant = {source_id: pages_meant(pages, sorted(of)) for source_id, of in held.items()}
        return [i for i, s, page, told in rows if page and (page in meant[s] or _is_printed(told, pages))]

    def contents(self, kind: str) -> dict[str, tuple[str, str | None]]:
        """Return what tells the content of each node of a kind, by id: its content key and its media hash."""
        query = f"SELECT n.node_id, n.content_key, n.media_hash FROM nodes n WHERE {_KIND} = ?"
        return {node_id: (key, media) for node_id, key, media in streamed(self._db, query, (kind,))}

    def nodes_with_media(self, media_hash: str) -> list[NodeRecord]:
        """Return the nodes that show a picture."""
        return list(self._records("WHERE n.media_hash = ?", [media_hash]))

    def holders(self, content_keys: Iterable[str]) -> dict[str, str]:
        """Return one node's id for each content key that some node has."""
        wanted = list(dict.fromkeys(content_keys))
        return dict(by_parts(self._db, "content_key, node_id", "content_key", wanted))

    def media_holders(self, media_hashes: Iterable[str]) -> dict[str, str]:
        """Return one node's id for each picture that some node shows."""
        wanted = list(dict.fromkeys(media_hashes))
        return dict(by_parts(self._db, "media_hash, node_id", "media_hash", wanted))

    def count_wordless_pictures(self) -> int:
        """Count pictures without a caption, lettering, description or passage: words find them by their file's name only."""
        row = self._db.execute(
            "SELECT COUNT(*) FROM nodes WHERE modality = ? AND text = '' "
            "AND metadata NOT LIKE ? AND metadata NOT LIKE ?",  # a quote inside of a value is written \\"
            (Modality.IMAGE, f'%"{Key.CITED_BY}": %', f'%"{Key.WHOLE_PAGE}": %'),
        ).fetchone()
        return int(row[0])

    def media_hashes(self) -> set[str]:
        """Pictures and clips of sound that some node stands for."""
        rows = self._db.execute("SELECT DISTINCT media_hash FROM nodes WHERE media_hash IS NOT NULL")
        return {row[0] for row in rows}

    def picture_count(self) -> int:
        """Count the different pictures that nodes show."""
        modalities = [modality for modality in Modality.ALL if modality != Modality.AUDIO]
        row = self._db.execute(
            "SELECT count(DISTINCT media_hash) FROM nodes WHERE media_hash IS NOT NULL "
            f"AND modality IN ({','.join('?' * len(modalities))})",
            modalities,
        ).fetchone()
        return int(row[0])

    def counts(self) -> dict[str, int]:
        """Count nodes by modality; the tallies are kept by triggers, so that this takes no longer as they grow."""
        rows = []
        with contextlib.suppress(sqlite3.OperationalError):  # a file of an earlier format that is only read
            rows = self._db.execute("SELECT modality, nodes FROM tallies").fetchall()
        if not rows:
            rows = self._db.execute("SELECT modality, count(*) FROM nodes GROUP BY modality").fetchall()
        return {modality: count for modality, count in rows if count}

    @property
    def node_count(self) -> int:
        """How many nodes there are."""
        return sum(self.counts().values())

    def drawn(self, count: int) -> list[str]:
        """Return about so many node ids, evenly drawn from the order in which nodes came."""
        first, last = self._db.execute("SELECT min(rowid), max(rowid) FROM nodes").fetchone()
        if first is None:
            return []
        found: dict[str, None] = {}
        for number in range(count):
            at = first + (last - first) * number // max(1, count - 1)
            row = self._db.execute("SELECT node_id FROM nodes WHERE rowid >= ? ORDER BY rowid LIMIT 1", (at,))
            found[row.fetchone()[0]] = None
        return list(found)

    # words of pictures -------------------------------------------------------------------

    def media_words(self, media_hash: str, describer: str) -> str | None:
        """Return what a describer once read from a picture."""
        row = self._db.execute(
            "SELECT words FROM media_words WHERE media_hash = ? AND describer = ?", (media_hash, describer)
        ).fetchone()
        return row[0] if row else None

    def words_by_media(self, describer: str) -> dict[str, str]:
        """All that a describer read, by media hash."""
        return dict(
            self._db.execute("SELECT media_hash, words FROM media_words WHERE describer = ?", (describer,))
        )

    def keep_media_words(self, describer: str, words: dict[str, str]) -> None:
        """Keep what a describer read, by media hash."""
        with self._db:
            self._db.executemany(
                "INSERT INTO media_words VALUES (?, ?, ?) "
                "ON CONFLICT (media_hash, describer) DO UPDATE SET words = excluded.words",
                ((media_hash, describer, text) for media_hash, text in words.items()),
            )

    # hubness -----------------------------------------------------------------------------

    def keep_hubness(self, space: str, values: dict[str, float]) -> None:
        """Keep how near each node is to questions at large; see :mod:`~xmrag_plugin.search.calibration`."""
        with self._db:
            self._db.executemany(
                "INSERT INTO hubness VALUES (?, ?, ?) "
                "ON CONFLICT (space, node_id) DO UPDATE SET value = excluded.value",
                ((space, node_id, value) for node_id, value in values.items()),
            )

    def hubness(self, space: str, node_ids: Sequence[str]) -> dict[str, float]:
        """Return the hubness by node id; unknown ids are left out."""
        found: dict[str, float] = {}
        for start in range(0, len(node_ids), 500):
            part = node_ids[start : start + 500]
            marks = ",".join("?" * len(part))
            found.update(
                self._db.execute(
                    f"SELECT node_id, value FROM hubness WHERE space = ? AND node_id IN ({marks})",
                    (space, *part),
                )
            )
        return found


def _bindable(value: Any) -> bool:
    return isinstance(value, str | float) or (isinstance(value, int) and abs(value) < 2**63)


_TEXT_HERE = "\0"


def without_text(embed_text: str, text: str) -> str:
    """Return what was embedded with a mark in the place of the node's text, which is kept once."""
    if not text or _TEXT_HERE in embed_text or text not in embed_text:
        return embed_text
    return embed_text.replace(text, _TEXT_HERE, 1)


def with_text(kept: str, text: str) -> str:
    """Return what was embedded: the inverse of :func:`without_text`."""
    return kept.replace(_TEXT_HERE, text, 1)


def pages_meant(asked: Iterable[int], held: Sequence[int]) -> set[int]:
    """Return the pages of a document that are meant by their count; of a blank one nobody asks.

    The second page of a report whose cover has an empty back is the third sheet.

    Args:
        asked: Numbers from 1, or from the end: -1 is the last.
        held: The pages on which something stands, ascending.
    """
    places = (
        bisect_left(held, n) if n > 0 else bisect_right(held, held[-1] + 1 + n) - 1 for n in asked if held
    )
    return {held[place] for place in places if 0 <= place < len(held)}


def _is_printed(metadata: str, pages: Collection[int]) -> bool:
    """Return whether one of the pages is what is printed on a node's: a number, or two on a spread ("16, 17")."""
    found = _PRINTED.search(metadata)
    return found is not None and any(n.isdecimal() and int(n) in pages for n in found[1].split(", "))
