"""Any dual encoder of texts and sounds, such as CLAP (Wu et al., arXiv 2211.06687), through sentence-transformers.

The module takes a folder: which one a spec means is settled by the seam. Nothing is fetched here.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import PictureError, SourceDamaged, UsageError
from ..readers.media.recordings import SoundInput, windows_of
from ..settings import Settings
from .runtime.local_encoder import LocalEncoder, Role
from .runtime.torch_loading import load_model

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

__all__ = ["ClapEncoder"]

_BATCH = 8  # windows of ten seconds: what passes between the layers takes memory
_MAX_WINDOWS = 16  # of one sound
_USUAL_WINDOW_S = 10.0
_USUAL_RATE = 48_000
_USUAL_TEXT_TOKENS = 512
_PEAK, _MAX_GAIN = 0.8, 10.0
_LEVELLED = "peak 0.8, gain 10"


class ClapEncoder(LocalEncoder):
    """A model folder as an encoder of texts and sounds. Safe to share between threads: one encodes at a time.

    Args:
        folder: A folder that ``SentenceTransformer`` loads, whose model takes texts and sounds.
        name: What to call it.
        weights_hash: Hash over its weights and configuration.
        settings: The device.
        device: As in the settings; empty for theirs.
        dtype: ``auto``, ``float32``, ``bfloat16`` or ``float16``.

    Raises:
        ModelUnavailable: If the folder does not load.
        UsageError: If the model does not take both.
    """

    sees = False
    hears = True

    def __init__(
        self,
        folder: Path,
        *,
        name: str,
        weights_hash: str,
        settings: Settings,
        device: str = "",
        dtype: str = "auto",
    ) -> None:
        import hashlib

        self.name = name
        self._lock = threading.Lock()
        self._model = load_model(
            "SentenceTransformer", folder, name=name, device=device or settings.device, dtype=dtype
        )
        if not (self._model.supports("audio") and self._model.supports("text")):
            raise UsageError(
                f"{name} does not embed both texts and sounds, so that it cannot be a sound encoder.",
                hint="Name a dual encoder of texts and sounds: see `xmrag models`.",
            )
        self.variant = f"{self._model.device.type}-{self._model.dtype}"
        extractor = getattr(self._model.processor, "feature_extractor", None)
        self._rate = int(getattr(extractor, "sampling_rate", 0) or _USUAL_RATE)
        self._window_s = float(getattr(extractor, "max_length_s", 0) or _USUAL_WINDOW_S)
        # A fusing extractor picks one sound of each batch at random to look at more closely.
        self._batch = 1 if getattr(extractor, "truncation", "") == "fusion" else _BATCH
        limit = self._model.max_seq_length
        self.max_text_tokens = limit if isinstance(limit, int) and 0 < limit < 100_000 else _USUAL_TEXT_TOKENS
        self.dimension = int(self._encode(["dimension"]).shape[1])
        marks = (weights_hash, self.dimension, _LEVELLED)
        self.fingerprint = hashlib.sha256(repr(marks).encode()).hexdigest()[:32]

    def _encode_texts(self, texts: Sequence[str], role: Role) -> NDArray[np.float32]:
        with self._lock:
            return self._encode([text.strip() or " " for text in texts])

    def encode_images(
        self,
        images: Sequence[bytes | Path | Image],
        *,
        on_error: Callable[[int, PictureError], None] | None = None,
    ) -> NDArray[np.float32]:
        """Refuse: it embeds texts and sounds only."""
        raise UsageError(f"{self.name} embeds texts and sounds only.", hint="See `xmrag models`.")

    def encode_sounds(
        self, sounds: Sequence[SoundInput], *, on_error: Callable[[int, SourceDamaged], None] | None = None
    ) -> NDArray[np.float32]:
        """Return unit vectors of shape ``(len(sounds), dimension)``, in the order given.

        A sound that is longer than the model's window is the mean of its windows. Sounds are brought to a
        common level first, so that the same sound from further away stays the same sound.

        Args:
            sounds: Files, encoded bytes, or ``(samples of one channel, samples a second)``.
            on_error: Told the place and the error of each sound that cannot be decoded; its row is
                then zeros, and the others are encoded all the same.

        Raises:
            SourceDamaged: If one cannot be decoded and ``on_error`` is not given.
            ModelUnsound: If a vector is not finite.
        """
        import numpy as np

        total = np.zeros((len(sounds), self.dimension), dtype=np.float32)
        owners: list[int] = []
        batch: list[Any] = []
        for place, window in self._windows(sounds, on_error):
            owners.append(place)
            batch.append({"array": window, "sampling_rate": self._rate})
            if len(batch) == self._batch:
                self._add(total, owners, batch)
                owners, batch = [], []
        if batch:
            self._add(total, owners, batch)
        lengths = np.linalg.norm(total, axis=1, keepdims=True)
        unit: NDArray[np.float32] = np.divide(total, lengths, out=np.zeros_like(total), where=lengths > 0)
        return unit

    def _windows(
        self, sounds: Sequence[SoundInput], on_error: Callable[[int, SourceDamaged], None] | None
    ) -> Iterator[tuple[int, NDArray[np.float32]]]:
        for place, sound in enumerate(sounds):
            try:
                windows = windows_of(sound, rate=self._rate, window_s=self._window_s, most=_MAX_WINDOWS)
            except SourceDamaged as error:
                if on_error is None:
                    raise
                on_error(place, error)
                continue
            for window in windows:
                yield place, _levelled(window)

    def _add(self, total: NDArray[np.float32], owners: list[int], batch: list[Any]) -> None:
        import numpy as np

        with self._lock:
            np.add.at(total, owners, self._encode(batch))

    def _encode(self, inputs: list[Any]) -> NDArray[np.float32]:
        import numpy as np

        vectors: NDArray[np.float32] = np.asarray(
            self._model.encode(inputs, batch_size=len(inputs), show_progress_bar=False), dtype=np.float32
        )
        return self._unit(vectors)


def _levelled(window: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the peak at a common level; what is very quiet is raised a little only, for it is mostly noise."""
    peak = float(abs(window).max())
    return window * min(_PEAK / peak, _MAX_GAIN) if peak > 0 else window
