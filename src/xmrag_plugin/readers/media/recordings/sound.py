"""The sound of a recording as numbers, block by block."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ....errors import require
from ..speech import RATE
from .contents import open_recording

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["sound_blocks"]


def sound_blocks(
    path: Path | bytes, *, rate: int = RATE, block_s: float = 10.0
) -> Iterator[NDArray[np.float32]]:
    """Yield one channel of sound, decoded as it is asked for.

    Gaps between time stamps are filled with silence, so that a sample's place is its time.

    Args:
        path: A sound or video file, or its encoded bytes; its first sound stream is taken.
        rate: Samples a second.
        block_s: Length of a block in seconds; the last one is shorter.

    Yields:
        Arrays of shape ``(samples,)`` with values between -1 and 1.

    Raises:
        SourceDamaged: If it cannot be decoded. A damaged packet inside costs that packet only.
    """
    import numpy as np

    av: Any = require("av", "media", purpose="Hearing a recording")
    size = int(rate * block_s)
    held: list[NDArray[np.float32]] = []
    count = 0
    for samples in _samples(av, path, rate):
        held.append(samples)
        count += len(samples)
        while count >= size:
            whole = np.concatenate(held)
            yield whole[:size]
            held, count = [whole[size:]], count - size
    if count:
        yield np.concatenate(held)


def _samples(av: Any, path: Path | bytes, rate: int) -> Iterator[NDArray[np.float32]]:
    import numpy as np

    with open_recording(path) as container:
        if not container.streams.audio:
            return
        stream: Any = container.streams.audio[0]
        stream.thread_type = "AUTO"
        resampler = av.AudioResampler(format="flt", layout="mono", rate=rate)
        origin = float(container.start_time or 0) / 1_000_000
        written = 0
        for packet in container.demux(stream):
            try:
                frames = packet.decode()
            except av.error.InvalidDataError:
                continue
            for frame in frames:
                if frame.time is not None:
                    gap = int((frame.time - origin) * rate) - written
                    if rate // 2 < gap < rate * 3600 * 6:
                        yield from (np.zeros(min(rate, gap - at), np.float32) for at in range(0, gap, rate))
                        written += gap
                for part in resampler.resample(frame):
                    samples = part.to_ndarray().reshape(-1)
                    written += len(samples)
                    yield samples
        for part in resampler.resample(None):
            yield part.to_ndarray().reshape(-1)
