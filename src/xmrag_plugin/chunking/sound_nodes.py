"""Build wordless nodes of the windows of a recording's sound, linked to what is said meanwhile."""

from __future__ import annotations

import uuid
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from llama_index.core.schema import NodeRelationship, ObjectType, RelatedNodeInfo, TextNode

from ..types import Element, Key, Modality, join_ids

__all__ = ["build_sound_nodes"]

_NAMESPACE = uuid.UUID("0f0a1a52-96c1-5d0a-8a41-2f3d7c3ee8b4")


def build_sound_nodes(
    clips: Sequence[Element],
    nodes: Sequence[TextNode],
    *,
    document_id: str,
    common: Mapping[str, Any],
    name: Callable[[int], str] | None = None,
) -> list[TextNode]:
    """Return a node for each clip, behind the document's other nodes in the order of time.

    It has times, the clip's hash, and the chunks of speech that are said in it; it has no words, so that
    only a space that hears can find it.

    Args:
        clips: Elements with a stored clip, in order of time.
        nodes: The document's other nodes.
        document_id: What ``ref_doc_id`` says, and what node ids are made of.
        common: Metadata of every node.
        name: Gives the nth node its id; by default ids are functions of document, time and content.
    """
    speech = [
        node
        for node in nodes
        if node.metadata.get(Key.KIND) == "speech" and node.metadata.get(Key.START_S) is not None
    ]
    speech.sort(key=lambda node: float(node.metadata[Key.START_S]))
    starts = [float(node.metadata[Key.START_S]) for node in speech]
    document = RelatedNodeInfo(node_id=document_id, node_type=ObjectType.DOCUMENT)
    made: list[TextNode] = []
    for clip in clips:
        start_s, end_s = clip.start_s or 0.0, clip.end_s or 0.0
        media_hash = clip.clip.media_hash if clip.clip is not None else ""
        meanwhile = [
            node.node_id
            for node in speech[: bisect_left(starts, end_s)]
            if float(node.metadata.get(Key.END_S) or 0.0) > start_s
        ]
        metadata: dict[str, Any] = {
            **common,
            **clip.metadata,
            Key.MODALITY: Modality.AUDIO,
            Key.KIND: "sound",
            Key.START_S: clip.start_s,
            Key.END_S: clip.end_s,
            Key.MEDIA_HASH: media_hash,
            Key.PASSAGES: join_ids(meanwhile),
            Key.ORDER: len(nodes) + len(made),
        }
        metadata = {key: value for key, value in metadata.items() if value is not None}
        own_id = str(uuid.uuid5(_NAMESPACE, f"{document_id}\0{start_s:.2f}\0{media_hash}"))
        made.append(
            TextNode(
                id_=name(len(nodes) + len(made)) if name is not None else own_id,
                text="",
                metadata=metadata,
                excluded_embed_metadata_keys=list(metadata),
                excluded_llm_metadata_keys=list(metadata),
                relationships={NodeRelationship.SOURCE: document},
            )
        )
    return made
