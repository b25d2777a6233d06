"""An encoder of hashes of words and bytes: deterministic, quick, no model."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["HashEncoder", "use_hash_encoders"]


class HashEncoder:
    """Texts that share words are near each other, pictures are what their bytes are."""

    name, fingerprint, dimension, max_text_tokens, sees = "hash", "hash/1", 48, 512, True

    def encode_texts(self, texts: Sequence[str], *, role: str = "document") -> np.ndarray:
        return np.stack([self._of(text.lower().split()) for text in texts])

    def encode_images(self, images: Sequence[Any], *, on_error: Any = None) -> np.ndarray:
        data = (image if isinstance(image, bytes) else Path(image).read_bytes() for image in images)
        return np.stack([self._of([str(each[:4000])]) for each in data])

    def _of(self, words: Sequence[str]) -> np.ndarray:
        vector = np.full(self.dimension, 1e-3, np.float32)
        for word in words:
            seed = int.from_bytes(hashlib.sha256(word.strip(".,#").encode()).digest()[:4], "big")
            vector += np.random.default_rng(seed).standard_normal(self.dimension).astype(np.float32)
        return np.asarray(vector / np.linalg.norm(vector), np.float32)


def use_hash_encoders(patch: Any = setattr) -> None:
    """Have every text and vision encoder be this one, by ``setattr`` or by pytest's ``monkeypatch.setattr``."""
    import xmrag_plugin.encoders as encoders

    patch(encoders, "load_text_encoder", lambda *_, **__: HashEncoder())
    patch(encoders, "load_vision_encoder", lambda *_, **__: HashEncoder())
    patch(encoders, "identity", lambda *_: "hash/1")
