"""Stored node records as LlamaIndex nodes, for what needs whole sources rather than a search."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from llama_index.core.schema import NodeWithScore

from ..errors import UsageError
from ..llamaindex.retriever import node_of
from ..types import Hit, Key, NodeRecord, parse_bbox

if TYPE_CHECKING:
    from ..index import CrossModalIndex

__all__ = ["nodes_of_records", "records_of_source"]


def nodes_of_records(
    index: CrossModalIndex, records: Iterable[NodeRecord], *, probability: float | None = None
) -> list[NodeWithScore]:
    """Node records as a retriever would return them.

    Args:
        index: Where they are stored.
        records: In the order wanted.
        probability: p(relevant) to give them.
    """
    found = []
    for rank, record in enumerate(records, 1):
        media_hash = record.media_hash
        hit = Hit(
            rank=rank,
            score=probability or 0.0,
            probability=probability,
            modality=record.modality,
            source=record.source,
            page=record.page,
            bbox=parse_bbox(record.metadata.get(Key.BBOX)),
            start_s=record.metadata.get(Key.START_S),
            end_s=record.metadata.get(Key.END_S),
            media=record.media,
            media_file=str(index.kb.media.path(media_hash)) if media_hash else None,
            caption=record.metadata.get(Key.CAPTION),
            text=record.text,
            node_id=record.node_id,
            metadata=record.metadata,
        )
        found.append(NodeWithScore(node=node_of(hit), score=probability))
    return found


def records_of_source(index: CrossModalIndex, source: str) -> list[NodeRecord]:
    """All nodes of a source, in reading order; the sound of a recording, which says nothing, aside.

    Raises:
        UsageError: If no source is called so.
    """
    catalog = index.kb.catalog
    rows = catalog.source_named(source)
    if not rows:
        known = [row.source for row in catalog.sources()]
        near = [name for name in known if source.lower() in name.lower()][:5]
        raise UsageError(
            f"No source is called {source!r}.",
            hint=f"Did you mean {', '.join(near)}?" if near else "`xmrag status` lists the sources.",
        )
    records: list[NodeRecord] = []
    for row in rows:
        stored = catalog.iter_nodes(source_id=row.alias_of or row.source_id)
        records += (record for record in stored if record.kind != "sound")
    return records
