"""Make LlamaIndex nodes of hits and stored records: what a response names as its sources."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from llama_index.core.schema import ImageNode, NodeRelationship, NodeWithScore, RelatedNodeInfo, TextNode

from ..errors import UsageError
from ..types import Hit, Key, Modality, NodeRecord
from .figure_node import FigureNode

if TYPE_CHECKING:
    from ..search.collection import Collection

__all__ = ["node_of", "nodes_of_records", "records_of_source"]

_HIDDEN = (
    Key.FILE_PATH,
    Key.MEDIA_HASH,
    Key.FIGURES,
    Key.PASSAGES,
    Key.ORDER,
    Key.PROBABILITY,
    Key.ANSWERABLE,
    Key.LEAD,
    Key.BBOX,
    Key.MODALITY,
    Key.KIND,
)
_OWN_WORDS = (Key.CAPTION, Key.ALT, Key.OCR, Key.DESCRIPTION)


def node_of(hit: Hit) -> TextNode | ImageNode:
    """Make a LlamaIndex node of a hit: an ``ImageNode`` (a :class:`FigureNode`) for a picture, else a ``TextNode``.

    Only what words say of it is shown to an LLM; a picture's own words stand in its text and are
    not repeated from the metadata.
    """
    metadata = {**hit.metadata, Key.PROBABILITY: hit.probability}
    hidden = [*_HIDDEN, *(_OWN_WORDS if hit.modality == Modality.IMAGE else ())]
    common: dict[str, Any] = {
        "id_": hit.node_id,
        "text": hit.text,
        "metadata": metadata,
        "excluded_llm_metadata_keys": hidden,
        "excluded_embed_metadata_keys": list(metadata),
        "relationships": {NodeRelationship.SOURCE: RelatedNodeInfo(node_id=hit.source)},
    }
    if hit.modality == Modality.IMAGE and hit.media_file:
        return FigureNode(image_path=hit.media_file, **common)
    return TextNode(**common)


def nodes_of_records(
    index: Collection, records: Iterable[NodeRecord], *, probability: float | None = None
) -> list[NodeWithScore]:
    """Make nodes of stored records, as a retriever would return them.

    Args:
        index: Where they are stored.
        records: In the order wanted.
        probability: p(relevant) to give them.
    """
    found = []
    for rank, record in enumerate(records, 1):
        media_hash = record.media_hash
        file = str(index.kb.media.path(media_hash)) if media_hash else None
        hit = Hit(rank, probability or 0.0, probability, record, file)
        found.append(NodeWithScore(node=node_of(hit), score=probability))
    return found


def records_of_source(index: Collection, source: str) -> list[NodeRecord]:
    """Return all records of a source, in reading order; the sound of a recording, which has no words, aside.

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
