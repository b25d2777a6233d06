"""Pictures inside documents that look like one that is stored: left out, and the stored one shown instead."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import PictureError, XmragError
from ..images.similarity import HASH_BITS, MAX_BITS_APART, bits_apart, hash_bands, look_the_same
from ..storage.knowledge_base import KnowledgeBase

if TYPE_CHECKING:
    from ..encoders import Encoder

__all__ = ["DESCRIBER", "NearDuplicates"]

DESCRIBER = "likeness/1"
"""The name under which the catalog keeps hashes, in hexadecimal, by media hash."""

_MAX_COMPARED = 12
_MIN_COSINE = 0.95

_log = logging.getLogger("xmrag_plugin.ingestion")


class NearDuplicates:
    """Find the stored picture that a new one looks like.

    Candidates agree in a band of the perceptual hash and lie at most
    :data:`~xmrag_plugin.images.similarity.MAX_BITS_APART` bits apart; their pixels decide, and where the
    knowledge base has a vision encoder it must agree.

    Args:
        kb: Where stored pictures and their hashes are.
    """

    def __init__(self, kb: KnowledgeBase) -> None:
        self.kb = kb
        self._hashes: dict[str, int] | None = None
        self._bands: dict[tuple[int, int], list[str]] = {}
        self._vision: Encoder | None = None

    def stored_like(self, media_hash: str, value: int, fresh: dict[str, str]) -> str:
        """Return the media hash of an earlier picture that looks the same; ``""`` where there is none.

        A picture that is like no other is known from now on.

        Args:
            media_hash: The picture; its bytes are in the media store.
            value: Its difference hash.
            fresh: Given the hash of a picture newly known, by media hash, to be kept in the catalog.
        """
        if media_hash in self._known():
            return ""
        try:
            for other in self._near(value):
                if self._same(self.kb.media.path(media_hash), other):
                    return other
        except PictureError as error:
            _log.debug("a picture is compared with no other: %s", error)
            return ""
        self._learn(media_hash, value)
        fresh[media_hash] = f"{value:0{HASH_BITS // 4}x}"
        return ""

    def _known(self) -> dict[str, int]:
        if self._hashes is None:
            self._hashes = {}
            kept = self.kb.catalog.words_by_media(DESCRIBER)
            for media_hash in kept.keys() & set(self.kb.catalog.media_hashes()):
                self._learn(media_hash, int(kept[media_hash], 16))
        return self._hashes

    def _learn(self, media_hash: str, value: int) -> None:
        if self._hashes is not None:
            self._hashes[media_hash] = value
        for band in hash_bands(value):
            self._bands.setdefault(band, []).append(media_hash)

    def _near(self, value: int) -> list[str]:
        """Return the stored pictures it may look like, nearest first; a picture without any contrast in it is near to none."""
        known = self._known()
        if not value:
            return []
        others = {other for band in hash_bands(value) for other in self._bands.get(band, ())}
        apart = sorted((bits_apart(value, known[other]), other) for other in others)
        return [other for bits, other in apart if bits <= MAX_BITS_APART][:_MAX_COMPARED]

    def _same(self, picture: Path, other: str) -> bool:
        if not self.kb.media.has(other) or not look_the_same(picture, self.kb.media.path(other)):
            return False
        return self._encoder_agrees(picture, other)

    def _encoder_agrees(self, picture: Path, other: str) -> bool:
        try:
            self._vision = self._vision or self.kb.encoder("vision")
            if self._vision is None:
                return True
            rows = self._vision.encode_images([picture, self.kb.media.path(other)])
        except XmragError as error:
            _log.debug("the encoder cannot confirm that two pictures are the same: %s", error)
            return False
        return float(rows[0] @ rows[1]) >= _MIN_COSINE
