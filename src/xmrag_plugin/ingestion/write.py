"""Writing nodes: vectors into the spaces, each computed once, and stale ids out of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ..encoders import hearing
from ..settings import Settings
from ..storage.knowledge_base import KnowledgeBase
from ..text.informative import has_informative_words
from ..text.sentences import TOKENS_PER_WORD, word_count
from ..types import NodeRecord, kinds_in
from .read import Vectors

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..encoders import Encoder

__all__ = ["NodeWriter", "Spaces", "belonging", "belongs", "encode_records", "first_of_each", "record_spaces"]

_BATCH = 256  # rows between two words of progress
_STORED_BATCH = 2048


class Spaces(Protocol):
    """What says which nodes belong to a space: a knowledge base, or what is known of one elsewhere."""

    @property
    def spaces(self) -> Collection[str]: ...
    @property
    def settings(self) -> Settings: ...


class NodeWriter:
    """Write the vectors of nodes.

    Args:
        kb: Where they go.
        progress: Told ``(stage, done, total)`` as vectors are written.
    """

    def __init__(self, kb: KnowledgeBase, progress: Callable[[str, int, int], None] | None = None) -> None:
        self.kb = kb
        self.progress = progress or (lambda stage, done, total: None)
        self._beside = ThreadPoolExecutor(max_workers=1, thread_name_prefix="xmrag-embed")
        self._storing = ThreadPoolExecutor(max_workers=2, thread_name_prefix="xmrag-store")
        self._known_vectors: Vectors = {}

    # vectors -----------------------------------------------------------------------------

    def write(
        self,
        records: Sequence[NodeRecord],
        seconds: dict[str, float],
        *,
        known: Vectors | None = None,
    ) -> None:
        """Write the vectors of all spaces; what some node already has is copied, not computed.

        Args:
            records: What is written.
            seconds: Where the time of each stage is added to.
            known: Vectors that are known already.
        """
        if not records:
            return
        self._known_vectors = known or {}
        self.kb.catalog.intend(record.node_id for record in records)
        encoders = record_spaces(self.kb)
        text, vision, sound = (encoders.get(space) for space in ("text", "vision", "sound"))
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
        self._known_vectors = {}

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
        pictures, texts = belonging(self.kb, "vision", records, vision)
        self._write_space("vision", vision, pictures, seconds, after=len(texts))
        self._write_space("vision", vision, texts, seconds, before=len(pictures))

    def write_sound(self, sound: Encoder, records: Sequence[NodeRecord], seconds: dict[str, float]) -> None:
        """Write the vectors of the sound space: windows of recordings, by what they sound like."""
        [chosen] = belonging(self.kb, "sound", records, sound)
        self._write_space("sound", sound, chosen, seconds)

    def write_text(self, text: Encoder, records: Sequence[NodeRecord], seconds: dict[str, float]) -> None:
        """Write the vectors of the text space."""
        [chosen] = belonging(self.kb, "text", records, text)
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
                self.progress(f"embed {space}", before + start, before + len(records) + after)
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
                    space, kind, [r.node_id for r in rows], [vectors[r.node_id] for r in rows]
                )
        seconds["store"] = seconds.get("store", 0.0) + time.perf_counter() - started

    def _vectors(
        self, space: str, encoder: Encoder, records: Sequence[NodeRecord], seconds: dict[str, float]
    ) -> dict[str, NDArray[np.float32]]:
        """Return a vector for each record, by node id."""
        by_media = is_by_media(space, records)
        vectors = self._known_vectors.get(space, {})
        wanted = first_of_each(space, records)
        known = {key: vectors[key] for key in wanted if key in vectors}
        keys = [key for key in wanted if key not in known]
        holders = (self.kb.catalog.media_holders if by_media else self.kb.catalog.holders)(keys)
        if holders:
            stored: dict[str, NDArray[np.float32]] = {}
            for kind in kinds_in(space):
                stored.update(self.kb.vectors.vectors(space, kind, list(holders.values())))
            known |= {k: stored[holder] for k, holder in holders.items() if holder in stored}
        missing = {key: wanted[key] for key in keys if key not in known}
        if missing:
            started = time.perf_counter()
            known.update(encode_records(space, encoder, missing, self.kb.media.path))
            name = f"encode {space}"
            seconds[name] = seconds.get(name, 0.0) + time.perf_counter() - started
        return {
            record.node_id: known[key]
            for record in records
            if (key := _key(record, by_media=by_media)) in known
        }

    # removal -----------------------------------------------------------------------------

    def remove_stale(self, node_ids: Sequence[str]) -> None:
        """Take ids out of Chroma that no node stands for, then forget them."""
        if node_ids:
            self.kb.vectors.delete(list(node_ids))
            self.kb.catalog.forget(node_ids)


def record_spaces(kb: KnowledgeBase) -> dict[str, Encoder]:
    """Return the encoders of the spaces that are made or asked for, noted in the manifest."""
    encoders: dict[str, Encoder] = {}
    for space in ("text", "vision", "sound"):
        encoder = kb.encoder(space)
        if encoder is not None:
            kb.record_space(space, encoder)
            encoders[space] = encoder
    return encoders


def is_by_media(space: str, records: Sequence[NodeRecord]) -> bool:
    """Return whether records, which are of one kind, are embedded by their picture or clip, not by their words."""
    return space != "text" and bool(records) and records[0].kind != "text"


def _key(record: NodeRecord, *, by_media: bool) -> str:
    return (record.media_hash or "") if by_media else record.content_key


def first_of_each(space: str, records: Sequence[NodeRecord]) -> dict[str, NodeRecord]:
    """Return records of one kind by what their vector in a space is a function of, each once."""
    by_media = is_by_media(space, records)
    first: dict[str, NodeRecord] = {}
    for record in records:
        first.setdefault(_key(record, by_media=by_media), record)
    return first


def encode_records(
    space: str,
    encoder: Encoder,
    records: Mapping[str, NodeRecord],
    media: Callable[[str], Path | bytes],
) -> dict[str, NDArray[np.float32]]:
    """Return a unit vector for each record, by its key; what cannot be decoded has none.

    Args:
        space: What they are embedded for.
        encoder: Its encoder.
        records: Of one kind, from :func:`first_of_each`.
        media: Gives the picture or clip of a media hash.
    """
    undecodable: set[int] = set()
    chosen = list(records.values())
    if is_by_media(space, chosen):
        files = [media(key) for key in records]
        encode = hearing(encoder).encode_sounds if space == "sound" else encoder.encode_images
        rows = encode(files, on_error=lambda i, _: undecodable.add(i))
    else:
        texts = [record.text if space == "vision" else record.embed_text for record in chosen]
        rows = encoder.encode_texts(texts, role="document")
    return {key: row for i, (key, row) in enumerate(zip(records, rows, strict=True)) if i not in undecodable}


def belonging(
    kb: Spaces, space: str, records: Sequence[NodeRecord], encoder: Encoder
) -> list[list[NodeRecord]]:
    """Return the records that have a vector in a space, in lists of one kind: pictures before texts."""
    chosen = [record for record in records if belongs(kb, space, record, encoder)]
    if space != "vision":
        return [chosen]
    return [[record for record in chosen if record.kind == kind] for kind in ("image", "text")]


def belongs(kb: Spaces, space: str, record: NodeRecord, encoder: Encoder) -> bool:
    """Return whether a node has a vector in a space.

    A picture whose words say nothing is left to the vision space, where there is one. A text goes into the
    vision space if its encoder can hold it: dual encoders learn from captions. Of a passage of 170 words CLIP
    reads a third and heeds about 20 tokens (Zhang et al., Long-CLIP, ECCV 2024), for what the whole passage
    costs in the text space; and the pictures that belong to a passage are known from their links.
    """
    if space == "text":
        return bool(record.embed_text) and ("vision" not in kb.spaces or has_informative_words(record))
    if space == "sound":
        return record.kind == "sound" and bool(record.media_hash)
    if record.kind == "image":
        return bool(record.media_hash)
    if record.kind != "text" or not record.text.strip():
        return False
    held = TOKENS_PER_WORD * word_count(record.text) <= encoder.max_text_tokens
    return held or kb.settings.passages_in_vision
