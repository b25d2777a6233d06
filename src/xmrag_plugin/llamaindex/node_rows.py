"""LlamaIndex nodes ↔ rows of a Chroma collection, in the stock store's format, with pictures apart.

A picture in memory goes to the media store; the row holds its hash and its path, never base64. What
comes back is an ImageNode whose ``image_path`` is where the picture lies now, wherever the folder was
moved to meanwhile.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llama_index.core.schema import (
    BaseNode,
    ImageDocument,
    ImageNode,
    MediaResource,
    MetadataMode,
    Node,
    TextNode,
)
from llama_index.core.vector_stores.utils import legacy_metadata_dict_to_node, metadata_dict_to_node

from ..answers.figure_node import as_figure
from ..errors import KnowledgeBaseDamaged, PictureError, UsageError, XmragError
from ..images.intake import decode_base64
from ..storage.media_store import MediaStore
from ..types import Key

__all__ = [
    "DOCUMENT_ID",
    "HASH_KEYS",
    "RefusedNode",
    "StoredRow",
    "media_hashes",
    "node_from_row",
    "row_from_node",
    "row_metadata",
]

DOCUMENT_ID = "document_id"
"""Chroma metadata key of a node's document, as the stock store names it."""

HASH_KEYS = {
    "image_resource": Key.MEDIA_HASH,
    "audio_resource": f"{Key.MEDIA_HASH}_audio",
    "video_resource": f"{Key.MEDIA_HASH}_video",
}
_CONTENT = ("_node_content", "_node_type")
_LARGEST_INT = 2**63 - 1


@dataclass(slots=True)
class StoredRow:
    """A node as Chroma keeps it."""

    node_id: str
    vector: list[float]
    metadata: dict[str, Any]
    document: str


@dataclass(frozen=True, slots=True)
class RefusedNode:
    """A node that an ``add`` left out, and why."""

    node_id: str
    error: XmragError


def row_from_node(node: BaseNode, media: MediaStore | None, *, keep_files: bool = False) -> StoredRow:
    """Return a node with its embedding as a row; its media in memory are stored.

    Args:
        node: Is left as it is.
        media: Where media go; None if there is no place for them.
        keep_files: Whether picture files are copied to the media store too.

    Raises:
        PictureError: If the node's picture cannot be decoded, read or embedded (its vector is zero).
        UsageError: If the node has no usable embedding, or a picture and no place for it.
    """
    vector = node.embedding
    if not vector:
        raise UsageError(
            f"The node {node.node_id} has no embedding.",
            hint="Embed nodes before they are added, or insert them through an index.",
        )
    if not any(vector) or not all(math.isfinite(value) for value in vector):
        kind = PictureError if isinstance(node, ImageNode) else UsageError
        raise kind(
            f"The embedding of node {node.node_id} is zero or not finite, and has no direction.",
            hint="The encoder could make nothing of it; check the picture or the text.",
        )
    stored = _without_bytes(node, media, keep_files)
    content = stored.model_dump(mode="json")
    content["embedding"] = None
    content.pop("text_embedding", None)
    content["text"] = ""
    content.pop("text_resource", None)
    metadata = {key: value for key, value in stored.metadata.items() if _keepable(key, value)}
    document_id = node.ref_doc_id or "None"
    metadata |= {
        "_node_content": json.dumps(content, ensure_ascii=False),
        "_node_type": stored.class_name(),
        DOCUMENT_ID: document_id,
        "doc_id": document_id,
        "ref_doc_id": document_id,
    }
    return StoredRow(node.node_id, vector, metadata, node.get_content(MetadataMode.NONE))


def node_from_row(
    node_id: str,
    metadata: Mapping[str, Any] | None,
    document: str | None,
    media: MediaStore | None,
    *,
    whole: bool = False,
) -> BaseNode:
    """Return a row as a node, also one that the stock store or another program wrote.

    Args:
        node_id: The row's id.
        metadata: The row's metadata.
        document: The row's text.
        media: Where its media lie.
        whole: Whether a picture node whose file is gone comes back as a TextNode with its words, so
            that an engine can go on with these.
    """
    row = dict(metadata or {})
    if "_node_content" in row:
        node = metadata_dict_to_node(row, text=document)
    else:
        kept, info, relationships = legacy_metadata_dict_to_node(row)
        node = TextNode(
            text=document or "",
            id_=node_id,
            metadata=kept,
            start_char_idx=info.get("start"),
            end_char_idx=info.get("end"),
            relationships=relationships,
        )
    if type(node) is ImageNode:
        node = as_figure(node)
    if media is not None:
        _point_to_media(node, media)
    if whole and isinstance(node, ImageNode) and not _has_picture(node):
        return TextNode(
            id_=node.node_id,
            text=node.text,
            metadata=node.metadata,
            excluded_embed_metadata_keys=node.excluded_embed_metadata_keys,
            excluded_llm_metadata_keys=node.excluded_llm_metadata_keys,
            relationships=node.relationships,
        )
    return node


def row_metadata(metadata: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the node's own metadata: lists, None and all, and what was changed in Chroma since."""
    row = dict(metadata or {})
    content = row.get("_node_content")
    own: dict[str, Any] = {}
    if content:
        try:
            own = dict(json.loads(content).get("metadata") or {})
        except ValueError as error:
            raise KnowledgeBaseDamaged(
                "A row's node cannot be read back.", hint="Build the collection again."
            ) from error
    for key, value in row.items():
        written_as_empty = value == "" and key in own and own[key] is None  # the stock store's None
        if key not in _CONTENT and not written_as_empty:
            own[key] = value
    return own


def media_hashes(metadata: Mapping[str, Any] | None) -> set[str]:
    """Return the hashes of the media that a row refers to."""
    row = metadata or {}
    return {str(row[key]) for key in HASH_KEYS.values() if row.get(key)}


def _without_bytes(node: BaseNode, media: MediaStore | None, keep_files: bool) -> BaseNode:
    """Return a copy whose media are paths, and whose class comes back from a vector store."""
    if isinstance(node, ImageNode | ImageDocument):
        return _image_node(node, media, keep_files)
    copied = node.model_copy(deep=False)
    copied.metadata = dict(node.metadata)
    if isinstance(copied, Node):
        for name, key in HASH_KEYS.items():
            resource: MediaResource | None = getattr(copied, name)
            if resource is None:
                continue
            data = resource.data and decode_base64(resource.data)
            if data is None and keep_files and resource.path is not None:
                data = _read(resource.path, copied)
            if data:
                _note(copied, key, data, media, resource.mimetype or "", picture=name == "image_resource")
                setattr(copied, name, _resource(copied, key, media, resource))
    return copied


def _resource(node: Node, key: str, media: MediaStore | None, resource: MediaResource) -> MediaResource:
    path = media.path(node.metadata[key]) if media is not None else None
    return MediaResource(path=path, mimetype=resource.mimetype, url=resource.url, text=resource.text)


def _image_node(node: ImageNode | ImageDocument, media: MediaStore | None, keep_files: bool) -> ImageNode:
    """Return a picture as an ImageNode, which the stock vector stores can bring back, its bytes in the media store."""
    stored = ImageNode(
        id_=node.node_id,
        text=node.text or "",
        image_path=node.image_path,
        image_url=node.image_url,
        image_mimetype=node.image_mimetype,
        metadata=dict(node.metadata),
        excluded_embed_metadata_keys=list(node.excluded_embed_metadata_keys),
        excluded_llm_metadata_keys=list(node.excluded_llm_metadata_keys),
        relationships=node.relationships,
        start_char_idx=getattr(node, "start_char_idx", None),
        end_char_idx=getattr(node, "end_char_idx", None),
        metadata_template=node.metadata_template,
        metadata_separator=node.metadata_separator,
        text_template=node.text_template,
    )
    data = _picture_bytes(node)
    if data is None and keep_files and node.image_path:
        data = _read(Path(node.image_path), node)
    if data is not None:
        mime = _note(stored, Key.MEDIA_HASH, data, media, node.image_mimetype or "", picture=True)
        stored.image_mimetype = mime or stored.image_mimetype
        if media is not None:
            stored.image_path = str(media.path(stored.metadata[Key.MEDIA_HASH]))
        if (stored.image_url or "").startswith("data:"):
            stored.image_url = None
    return stored


def _picture_bytes(node: ImageNode | ImageDocument) -> bytes | None:
    """Return the picture that a node holds in memory, as base64 or as a data URI."""
    text = node.image
    if not text and (node.image_url or "").startswith("data:"):
        text = str(node.image_url)
    if not text:
        return None
    try:
        return decode_base64(text)
    except PictureError as error:
        raise PictureError(f"Node {node.node_id}: {error.message}", hint=error.hint) from error


def _note(
    node: BaseNode, key: str, data: bytes, media: MediaStore | None, mime: str, *, picture: bool
) -> str:
    """Store a medium and note its hash in the metadata; returns its media type."""
    if picture:
        from ..images.decode import probe

        mime = probe(data)[2]
    if media is None:
        raise UsageError(
            f"The node {node.node_id} holds a medium in memory, and the store has no place for it.",
            hint="Give media_dir.",
        )
    node.metadata[key] = media.put(data, mime)
    for excluded in (node.excluded_embed_metadata_keys, node.excluded_llm_metadata_keys):
        if key not in excluded:
            excluded.append(key)
    return mime


def _read(path: Path, node: BaseNode) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise PictureError(
            f"The picture {path} of node {node.node_id} cannot be read: {error}.", hint="Check the path."
        ) from error


def _point_to_media(node: BaseNode, media: MediaStore) -> None:
    """Set the paths to where the media lie now."""
    for name, key in HASH_KEYS.items():
        digest = node.metadata.get(key)
        if not digest or not isinstance(digest, str) or len(digest) != 64 or not media.has(digest):
            continue
        path = media.path(digest)
        if isinstance(node, ImageNode) and name == "image_resource":
            node.image_path = str(path)
        elif isinstance(node, Node) and (resource := getattr(node, name)) is not None:
            setattr(node, name, resource.model_copy(update={"path": path}))


def _has_picture(node: ImageNode) -> bool:
    if node.image or node.image_url:
        return True
    return bool(node.image_path) and ("://" in str(node.image_path) or Path(str(node.image_path)).is_file())


def _keepable(key: str, value: Any) -> bool:
    """Return whether Chroma takes a value; the others are in the node's content alone."""
    if not key or key.startswith(("chroma:", "#")):
        return False
    if isinstance(value, str | bool):
        return True
    if isinstance(value, int):
        return -_LARGEST_INT <= value <= _LARGEST_INT
    if isinstance(value, float):
        return math.isfinite(value)
    if not isinstance(value, Sequence) or not value:
        return False
    return len({type(item) for item in value}) == 1 and all(
        isinstance(item, str | bool | int | float) and _keepable("item", item) for item in value
    )
