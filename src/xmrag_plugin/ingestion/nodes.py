"""The elements of a source as the records of its nodes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from ..storage.catalog import SourceRow
from ..text.filename_context import with_name
from ..text.table_embedding_text import words_of_table
from ..types import Key, Modality, NodeRecord
from .read import Reading

if TYPE_CHECKING:
    from llama_index.core.schema import BaseNode

    from ..llamaindex.node_parser import CrossModalNodeParser

__all__ = ["metadata_of", "record_of", "records_of"]

_MODIFIED = "last_modified_date"  # as LlamaIndex's SimpleDirectoryReader calls and writes it


def records_of(
    reading: Reading, parser: CrossModalNodeParser, metadata: Mapping[str, Any] | None
) -> list[NodeRecord]:
    """Return the nodes of a source that was read, as the catalog keeps them.

    Args:
        reading: The source; its pictures have their words.
        parser: Makes nodes.
        metadata: The user's metadata, as for :func:`metadata_of`.
    """
    if not reading.elements:
        return []
    modified = datetime.fromtimestamp(reading.row.mtime_ns / 1e9, timezone.utc)
    nodes = parser.nodes_from_elements(
        reading.elements,
        source=reading.row.source,
        file_path=reading.found.key,
        document_id=f"{reading.row.root}\n{reading.row.source}",
        metadata={_MODIFIED: modified.strftime("%Y-%m-%d"), **metadata_of(reading.row, metadata)},
    )
    return [record_of(node) for node in nodes]


def metadata_of(known: SourceRow | None, metadata: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """Return the user's metadata of a source: those given now, else those that it was given before."""
    if metadata is not None:
        return metadata
    kept: Mapping[str, Any] = json.loads(known.report).get("metadata", {}) if known is not None else {}
    return kept


def record_of(node: BaseNode) -> NodeRecord:
    """Return a node as the catalog keeps it."""
    from llama_index.core.schema import ImageNode, MetadataMode

    embed_text = node.get_content(metadata_mode=MetadataMode.EMBED).strip()
    if Modality.TABLE in (node.metadata.get(Key.MODALITY), node.metadata.get(Key.KIND)):
        embed_text = words_of_table(embed_text)
    if node.get_content(metadata_mode=MetadataMode.NONE).strip():
        embed_text = with_name(embed_text, str(node.metadata.get(Key.SOURCE, "")))
    metadata = {key: value for key, value in node.metadata.items() if value is not None}
    modality = str(metadata.get(Key.MODALITY, Modality.IMAGE if isinstance(node, ImageNode) else "text"))
    relationships = {
        name.name.lower(): related.node_id
        for name, related in node.relationships.items()
        if not isinstance(related, list)
    }
    return NodeRecord(
        node_id=node.node_id,
        source=str(metadata.get(Key.SOURCE, "")),
        order=int(metadata.get(Key.ORDER, 0)),
        modality=modality,
        text=node.get_content(metadata_mode=MetadataMode.NONE),
        embed_text=embed_text,
        content_key=hashlib.sha256(embed_text.encode()).hexdigest() if embed_text else "",
        metadata=metadata,
        relationships=relationships,
    )
