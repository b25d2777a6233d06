"""Rows of another program's Chroma collection as nodes: their source, their text, and the text that was embedded.

Three writers are known: LlamaIndex's stores (a whole node beside each vector), LangChain (the text, and
metadata with ``source``), and plain ``chromadb`` (a document, and whatever metadata).
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Callable, Mapping
from pathlib import Path, PureWindowsPath
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import PictureError, UsageError
from ..storage.chroma.table import FoundRow
from ..types import Key, Modality, parse_bbox

if TYPE_CHECKING:
    from llama_index.core.schema import BaseNode, ImageNode, TextNode

    from ..storage.media_store import MediaStore

__all__ = ["AdoptedNode", "RowSource", "adopt_row", "digest_of", "embedded_texts", "source_of_row"]

_PLACES = (Key.FILE_PATH, "file_name", Key.SOURCE, "url", "ref_doc_id", "document_id", "doc_id")
_DOCUMENTS = ("ref_doc_id", "document_id", "doc_id")
_FOREIGN_PREFIX = "given_"


class RowSource(NamedTuple):
    """The source that a row belongs to.

    Attributes:
        name: What the row calls it: a file's path or name, an address, a document's id, else its own id.
        is_path: Whether that is an absolute path of this kind of system.
    """

    name: str
    is_path: bool


class AdoptedNode(NamedTuple):
    """A row as a node.

    Attributes:
        node: With the row's words and metadata.
        embedded: What its vector was made of.
        skipped: Why its picture could not be kept; ``""`` when there is nothing to say.
    """

    node: TextNode | ImageNode
    embedded: str
    skipped: str = ""


def source_of_row(row: FoundRow) -> RowSource:
    """Return the source of a row, by its metadata."""
    values = _values(row)
    for key in _PLACES:
        value = values.get(key)
        if not isinstance(value, str) or not value.strip() or (key in _DOCUMENTS and value == "None"):
            continue
        if key == Key.FILE_PATH or key == Key.SOURCE:
            if os.path.isabs(value):
                return RowSource(os.path.normpath(value), True)
            if PureWindowsPath(value).is_absolute():
                return RowSource(PureWindowsPath(value).as_posix(), False)
        return RowSource(value, False)
    return RowSource(row.row_id, False)


def digest_of(row: FoundRow) -> bytes:
    """Return a hash that changes when the row's words or metadata do."""
    held = json.dumps([row.row_id, row.document, row.metadata], sort_keys=True, default=str)
    return hashlib.sha256(held.encode("utf-8", "surrogatepass")).digest()


def embedded_texts(row: FoundRow) -> tuple[str, str] | None:
    """Return what the row's vector may have been made of: the node with its metadata, and its words alone.

    Returns:
        None where there are no words, or the vector may be a picture's.
    """
    from llama_index.core.schema import ImageNode, MetadataMode

    node = _node(row)
    words = node.get_content(metadata_mode=MetadataMode.NONE)
    if isinstance(node, ImageNode) or not words.strip():
        return None
    return _embedded(row, node), words


def adopt_row(row: FoundRow, *, source: str, order: int, words_alone: bool, media: MediaStore) -> AdoptedNode:
    """Return a row as the node that is kept.

    Metadata of which this package has its own understanding (``page``, ``bbox``, …) are kept under
    their name where they can be understood so, else as ``given_page`` and the like.

    Args:
        row: The row.
        source: The name that its source goes by.
        order: Its place in that source.
        words_alone: Whether the vectors of the collection were made of the words alone.
        media: Where a picture that the row holds or names is copied to.
    """
    from llama_index.core.schema import ImageNode, MetadataMode, TextNode

    node = _node(row)
    words = node.get_content(metadata_mode=MetadataMode.NONE)
    embedded = words if words_alone else _embedded(row, node)
    metadata = _usable_metadata({key: value for key, value in _values(row).items() if key not in _DOCUMENTS})
    media_hash, skipped = _keep_picture(node, media) if isinstance(node, ImageNode) else ("", "")
    foreign_source = metadata.pop(Key.SOURCE, source)
    if foreign_source != source:
        metadata[_FOREIGN_PREFIX + Key.SOURCE] = foreign_source
    if media_hash:
        metadata |= {Key.MODALITY: Modality.IMAGE, Key.MEDIA_HASH: media_hash}
    elif metadata.get(Key.MODALITY, Modality.IMAGE) == Modality.IMAGE:
        metadata[Key.MODALITY] = Modality.TEXT
    metadata |= {Key.SOURCE: source, Key.ORDER: order}
    common: dict[str, Any] = {
        "id_": row.row_id,
        "text": words,
        "metadata": metadata,
        "relationships": node.relationships,
        "excluded_embed_metadata_keys": list(metadata),
        "excluded_llm_metadata_keys": list(metadata),
    }
    kept = ImageNode(**common) if media_hash else TextNode(**common)
    return AdoptedNode(kept, embedded.strip(), skipped)


def _node(row: FoundRow) -> BaseNode:
    from ..llamaindex.node_rows import node_from_row

    return node_from_row(row.row_id, row.metadata, row.document, None)


def _values(row: FoundRow) -> dict[str, Any]:
    from ..llamaindex.node_rows import row_metadata

    return {key: value for key, value in row_metadata(row.metadata).items() if value is not None}


def _embedded(row: FoundRow, node: BaseNode) -> str:
    """Return what was embedded: with LlamaIndex a node with its metadata, else the words."""
    from llama_index.core.schema import MetadataMode

    if "_node_content" in row.metadata:
        return node.get_content(metadata_mode=MetadataMode.EMBED)
    return node.get_content(metadata_mode=MetadataMode.NONE)


def _keep_picture(node: ImageNode, media: MediaStore) -> tuple[str, str]:
    """Return the hash of a node's picture, once stored; else why it is not."""
    from ..images.decode import probe
    from ..images.intake import as_picture

    try:
        picture = as_picture(node)
        if not isinstance(picture, bytes | Path):
            return "", "missing"
        return media.put(picture, probe(picture)[2]), ""
    except (PictureError, UsageError, OSError):
        return "", "missing"


def _usable_metadata(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the metadata of flat kinds, those of this package's own names only where they make sense as such."""
    kept: dict[str, Any] = {}
    for key, value in values.items():
        flat = value if isinstance(value, str | int | float) else json.dumps(value, default=str)
        if key in _MEANINGS and not _MEANINGS[key](value):
            if key not in _OURS_ALONE:
                kept[_FOREIGN_PREFIX + key] = flat
        else:
            kept[key] = flat
    label = str(values.get("page_label", ""))
    if Key.PAGE not in kept and label.isascii() and label.isdigit() and int(label) > 0:
        kept[Key.PAGE] = int(label)
    return kept


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_time(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_page(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _is_box(value: Any) -> bool:
    try:
        return isinstance(value, str) and parse_bbox(value) is not None
    except ValueError:
        return False


_OURS_ALONE = frozenset({Key.MEDIA_HASH, Key.ORDER, Key.ANSWERABLE, Key.PROBABILITY, Key.LEAD})
_MEANINGS: dict[str, Callable[[Any], bool]] = {
    **{value: _is_text for name, value in vars(Key).items() if name.isupper()},
    **dict.fromkeys(_OURS_ALONE, lambda value: False),
    Key.PAGE: _is_page,
    Key.BBOX: _is_box,
    Key.START_S: _is_time,
    Key.END_S: _is_time,
    Key.MODALITY: lambda value: value in Modality.ALL,
}
