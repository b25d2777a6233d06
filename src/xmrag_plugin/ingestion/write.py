"""Writing nodes: vectors into the spaces, each computed once, and stale ids out of them."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TYPE_CHECKING

from ..encoders import hearing
from ..storage.knowledge_base import KnowledgeBase
from ..text.filename_context import with_name
from ..text.informative import has_informative_words
from ..text.sentences import TOKENS_PER_WORD, word_count
from ..text.table_embedding_text import words_of_table
from ..types import Key, Modality, NodeRecord, kinds_in

if TYPE_CHECKING:
    import numpy as np
    from llama_index.core.schema import BaseNode
    from numpy.typing import NDArray

    from ..encoders import Encoder

__all__ = ["NodeWriter", "belongs"]

_BATCH = 256  # rows between two words of progress
_STORED_BATCH = 2048


class NodeWriter:
    """Turns nodes into records and writes their vectors.

    Args:
        kb: Where they go.
        progress: Told ``(stage, done, total)`` as vectors are written.
    """

    def __init__(self, kb: KnowledgeBase, progress: Callable[[str, int, int], None] | None = None) -> None:
        self.kb = kb
        self.progress = progress or (lambda stage, done, total: None)
        self._beside = ThreadPoolExecutor(max_workers=1, thread_name_prefix="xmrag-embed")
        self._storing = ThreadPoolExecutor(max_workers=2, thread_name_prefix="xmrag-store")
        self._given: Mapping[str, NDArray[np.float32]] = {}

    # nodes to records --------------------------------------------------------------------

    def record(self, node: BaseNode) -> NodeRecord:
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

    # vectors -----------------------------------------------------------------------------

    def write(
        self,
        records: Sequence[NodeRecord],
        seconds: dict[str, float],
        *,
        given: Mapping[str, NDArray[np.float32]] | None = None,
    ) -> None:
        """Write the vectors of all spaces; what some node already has is copied, not computed.

        Args:
            records: What is written.
            seconds: Where the time of each stage is added to.
            given: Unit vectors of the text space that are known, by node id.
        """
        if not records:
            return
        self._given = given or {}
        self.kb.catalog.intend(record.node_id for record in records)
        text, vision, sound = (self.kb.encoder(space) for space in ("text", "vision", "sound"))
        for space, encoder in (("text", text), ("vision", vision), ("sound", sound)):
            if encoder is not None:
                self.kb.record_space(space, encoder)
        waiting = None
        if text is not None:
            waiting = self._beside.submit(self.write_text, text, records, seconds)
        try:
            if vision is not None:
                self.write_vision(vision, records, seconds)
            if sound is not None:
                self.write_sound(sound, records, seconds)
        finally:
            if waiting is not None:
                waiting.result()
        self._given = {}

    def write_stored(self, space: str, encoder: Encoder, seconds: dict[str, float]) -> int:
        """Write a space's vectors of all nodes and media that are stored; return how many nodes belong to it."""
        self.kb.record_space(space, encoder)
        tell, total, done, held = self.progress, self.kb.catalog.node_count, 0, 0
        self.progress = lambda stage, now, _every: tell(stage, done + now, total)
        records = self.kb.catalog.iter_nodes()
        while batch := list(islice(records, _STORED_BATCH)):
            getattr(self, f"write_{space}")(encoder, batch, seconds)
            done += len(batch)
            held += sum(belongs(self.kb, space, record, encoder) for record in batch)
        self.progress = tell
        return held

    def write_vision(self, vision: Encoder, records: Sequence[NodeRecord], seconds: dict[str, float]) -> None:
        """Write the vectors of the vision space: pictures as pictures, and texts that its encoder can hold."""
        chosen = [record for record in records if belongs(self.kb, "vision", record, vision)]
        pictures = [record for record in chosen if record.kind == "image"]
        texts = [record for record in chosen if record.kind == "text"]
        self._write_space("vision", vision, pictures, seconds, after=len(texts))
        self._write_space("vision", vision, texts, seconds, before=len(pictures))

    def write_sound(self, sound: Encoder, records: Sequence[NodeRecord], seconds: dict[str, float]) -> None:
        """Write the vectors of the sound space: windows of recordings, by what they sound like."""
        chosen = [record for record in records if belongs(self.kb, "sound", record, sound)]
        self._write_space("sound", sound, chosen, seconds)

    def write_text(self, text: Encoder, records: Sequence[NodeRecord], seconds: dict[str, float]) -> None:
        """Write the vectors of the text space."""
        chosen = [record for record in records if belongs(self.kb, "text", record, text)]
        self._write_space("text", text, chosen, seconds)

    def _write_space(
        self,
        space: str,
        encoder: Encoder,
        records: Sequence[NodeRecord],
        seconds: dict[str, float],
        *,
        before: int = 0,
        after: int = 0,
    ) -> None:
        storing: Future[None] | None = None  # a batch is stored while the next one is encoded
        try:
            batch = getattr(encoder, "rows_at_once", 0) or _BATCH  # an accelerator wants more
            for start in range(0, len(records), batch):
                part = records[start : start + batch]
                vectors = self._vectors(space, encoder, part, seconds)
                if storing is not None:
                    storing.result()
                storing = self._storing.submit(self._store, space, part, vectors, seconds)
                done = before + start + len(part)
                self.progress(f"embed {space}", done, before + len(records) + after)
        finally:
            if storing is not None:
                storing.result()

    def _store(
        self,
        space: str,
        records: Sequence[NodeRecord],
        vectors: Mapping[str, NDArray[np.float32]],
        seconds: dict[str, float],
    ) -> None:
        started = time.perf_counter()
        for kind in kinds_in(space):
            rows = [r for r in records if r.kind == kind and r.node_id in vectors]
            if rows:
                self.kb.vectors.upsert(
                    space,
                    kind,
                    [r.node_id for r in rows],
                    [vectors[r.node_id] for r in rows],
                )
        seconds["store"] = seconds.get("store", 0.0) + time.perf_counter() - started

    def _vectors(
        self, space: str, encoder: Encoder, records: Sequence[NodeRecord], seconds: dict[str, float]
    ) -> dict[str, NDArray[np.float32]]:
        """Return a vector for each record, by node id."""
        by_media = space != "text" and bool(records) and records[0].kind != "text"

        def key(record: NodeRecord) -> str:
            return (record.media_hash or "") if by_media else record.content_key

        known: dict[str, NDArray[np.float32]] = {}
        if space == "text":
            known = {key(r): self._given[r.node_id] for r in records if r.node_id in self._given}
        keys = [k for k in dict.fromkeys(key(record) for record in records) if k not in known]
        holders = (self.kb.catalog.media_holders if by_media else self.kb.catalog.holders)(keys)
        if holders:
            stored: dict[str, NDArray[np.float32]] = {}
            for kind in kinds_in(space):
                stored.update(self.kb.vectors.vectors(space, kind, list(holders.values())))
            known |= {k: stored[holder] for k, holder in holders.items() if holder in stored}
        first = {key(record): record for record in reversed(records)}
        missing = [k for k in keys if k not in known]
        undecodable: set[int] = set()
        if missing:
            started = time.perf_counter()
            if by_media:
                files = [self.kb.media.path(k) for k in missing]
                encode = hearing(encoder).encode_sounds if space == "sound" else encoder.encode_images
                rows = encode(files, on_error=lambda i, _: undecodable.add(i))
            elif space == "vision":
                rows = encoder.encode_texts([first[k].text for k in missing], role="document")
            else:
                rows = encoder.encode_texts([first[k].embed_text for k in missing], role="document")
            known.update(
                (k, row) for i, (k, row) in enumerate(zip(missing, rows, strict=True)) if i not in undecodable
            )
            name = f"encode {space}"
            seconds[name] = seconds.get(name, 0.0) + time.perf_counter() - started
        return {record.node_id: known[key(record)] for record in records if key(record) in known}

    # removal -----------------------------------------------------------------------------

    def remove_stale(self, node_ids: Sequence[str]) -> None:
        """Take ids out of Chroma that no node stands for, then forget them."""
        if node_ids:
            self.kb.vectors.delete(list(node_ids))
            self.kb.catalog.forget(node_ids)


def belongs(kb: KnowledgeBase, space: str, record: NodeRecord, encoder: Encoder) -> bool:
    """Return whether a node has a vector in a space.

    A picture whose words say nothing is left to the vision space, where there is one. A text goes into the
    vision space if its encoder can hold it: dual encoders learn from captions. Of a passage of 170 words CLIP
    reads a third and heeds about 20 tokens (Zhang et al., Long-CLIP, ECCV 2024), for what the whole passage
    costs in the text space; and the pictures that belong to a passage are known from their links.
    """
    if space == "text":
        return bool(record.embed_text) and (
            "vision" not in kb.manifest.spaces or has_informative_words(record)
        )
    if space == "sound":
        return record.kind == "sound" and bool(record.media_hash)
    if record.kind == "image":
        return bool(record.media_hash)
    if record.kind != "text" or not record.text.strip():
        return False
    held = TOKENS_PER_WORD * word_count(record.text) <= encoder.max_text_tokens
    return held or kb.settings.passages_in_vision
