"""A sound in any form as windows of one channel, as an encoder of sounds takes them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Union

from ....errors import SourceDamaged, UsageError, require
from .sound import sound_blocks

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["SoundInput", "windows_of"]

SoundInput = Union[Path, bytes, "tuple[NDArray[np.float32], int]"]
"""A sound or video file, its encoded bytes, or ``(samples of one channel, samples a second)``."""


def windows_of(sound: SoundInput, *, rate: int, window_s: float, most: int) -> list[NDArray[np.float32]]:
    """Return a sound as windows of one channel at ``rate``, spread evenly over it where there are more than ``most``.

    Decoded block by block: no more than ``most`` windows are held, however long it is.

    Args:
        sound: See :data:`SoundInput`.
        rate: Samples a second of the windows.
        window_s: Length of a window in seconds; the last one is shorter, and left out below a second
            where there are others.
        most: How many windows at most.

    Raises:
        SourceDamaged: If it cannot be decoded, or there is no sound in it.
        MissingExtra: If PyAV is needed and not installed.
    """
    windows: list[NDArray[np.float32]] = []
    stride = 1
    for number, block in enumerate(_blocks_of(sound, rate, window_s)):
        if number % stride or (windows and len(block) < rate):
            continue
        windows.append(block)
        if len(windows) > most:
            windows, stride = windows[::2], stride * 2
    if not windows:
        raise SourceDamaged("There is no sound in the recording.", hint="Play it to see whether it is whole.")
    return windows


def _blocks_of(sound: SoundInput, rate: int, window_s: float) -> Iterator[NDArray[np.float32]]:
    if not isinstance(sound, tuple):
        yield from sound_blocks(sound, rate=rate, block_s=window_s)
        return
    samples, own = sound
    if samples.ndim != 1:
        raise UsageError(
            f"Samples came in shape {samples.shape}.", hint="Give one channel, of shape (samples,)."
        )
    samples = samples if own == rate else _resampled(samples, own, rate)
    size = int(rate * window_s)
    for start in range(0, len(samples), size):
        yield samples[start : start + size]


def _resampled(samples: NDArray[np.float32], own: int, rate: int) -> NDArray[np.float32]:
    import numpy as np

    av: Any = require("av", "media", purpose="Hearing a recording")
    row = np.ascontiguousarray(samples, np.float32)[None]
    frame = av.AudioFrame.from_ndarray(row, format="flt", layout="mono")
    frame.sample_rate, frame.pts = own, 0
    resampler = av.AudioResampler(format="flt", layout="mono", rate=rate)
    parts = [part.to_ndarray() for chunk in (frame, None) for part in resampler.resample(chunk)]
    return np.concatenate([np.asarray(part, np.float32).reshape(-1) for part in parts])
