"""The sound of a recording as clips of a few seconds, encoded small enough to be kept.

What a recording sounds like is embedded window by window, as the encoders were trained: ten seconds each.
The windows overlap by two, so that a bark or a bell at the edge of one stands whole in the next.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ....errors import SourceDamaged, require
from ....types import Element, Key, Modality, SoundClip
from ...context import ReadContext
from .sound import sound_blocks

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["WINDOW_S", "clip_elements", "sound_windows"]

WINDOW_S = 10.0
"""Length of a window in seconds; the last one of a recording is shorter."""

_STEP_S = 2.0  # of what is decoded at a time, and the overlap of two windows
_RATE = 48_000
_MIN_S = 0.1
_SILENCE = 1e-3  # of full scale: -60 dB
_BITS_A_SECOND = 48_000
_BITEXACT = 1 << 23  # FFmpeg's AV_CODEC_FLAG_BITEXACT: the same sound gives the same bytes


def clip_elements(path: Path, context: ReadContext) -> Iterator[Element]:
    """Yield the windows of a recording in order of time, as elements without words; none where it is silent.

    A recording whose sound cannot be decoded is still a recording: ``context.on_warning`` says so.
    """
    try:
        for start_s, samples in sound_windows(path):
            end_s = round(start_s + len(samples) / _RATE, 2)
            yield Element(
                "sound",
                start_s=round(start_s, 2),
                end_s=end_s,
                clip=SoundClip(encoded(samples)),
                metadata={Key.MODALITY: Modality.AUDIO},
            )
    except SourceDamaged as error:
        context.on_warning(f"What {path.name} sounds like is not kept: {error.message}", error.hint)


def sound_windows(path: Path) -> Iterator[tuple[float, NDArray[np.float32]]]:
    """Yield overlapping windows of one channel at 48,000 samples a second: ``(start in seconds, samples)``.

    No more than one window is held at a time. Windows in which nothing is heard are left out.
    """
    import numpy as np

    held: list[NDArray[np.float32]] = []
    steps = round(WINDOW_S / _STEP_S)
    start_s, fresh = 0.0, False
    for block in sound_blocks(path, rate=_RATE, block_s=_STEP_S):
        held.append(block)
        fresh = True
        if len(held) == steps:
            yield from _unless_silent(start_s, np.concatenate(held))
            del held[:-1]
            start_s, fresh = start_s + WINDOW_S - _STEP_S, False
    if held and fresh:
        yield from _unless_silent(start_s, np.concatenate(held))


def _unless_silent(
    start_s: float, samples: NDArray[np.float32]
) -> Iterator[tuple[float, NDArray[np.float32]]]:
    if len(samples) >= _MIN_S * _RATE and float(abs(samples).max()) >= _SILENCE:
        yield start_s, samples


def encoded(samples: NDArray[np.float32]) -> bytes:
    """Return one channel at 48,000 samples a second as Opus in Ogg, 6 kB a second; FLAC where there is no Opus."""
    av: Any = require("av", "media", purpose="Keeping a recording's sound")
    buffer = io.BytesIO()
    codec = _codec()
    with av.open(buffer, "w", format="ogg", options={"fflags": "+bitexact"}) as output:
        fast = {"compression_level": "3"} if codec == "libopus" else {}
        stream = output.add_stream(codec, rate=_RATE, layout="mono", options=fast)
        stream.codec_context.flags |= _BITEXACT
        if codec == "libopus":
            stream.bit_rate = _BITS_A_SECOND
        taken = stream.codec_context.format.name.removesuffix("p")
        frame = av.AudioFrame.from_ndarray(_as_format(samples, taken)[None], format=taken, layout="mono")
        frame.sample_rate, frame.pts = _RATE, 0
        output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return buffer.getvalue()


def _as_format(samples: NDArray[np.float32], taken: str) -> NDArray[Any]:
    import numpy as np

    if taken == "flt":
        return np.ascontiguousarray(samples, dtype=np.float32)
    full = 32_767 if taken == "s16" else 2_147_483_647
    return np.asarray(np.clip(samples, -1, 1) * full, dtype=np.int16 if taken == "s16" else np.int32)


@cache
def _codec() -> str:
    """Return Opus, which every build of PyAV that its authors publish has."""
    av: Any = require("av", "media", purpose="Keeping a recording's sound")
    return "libopus" if "libopus" in av.codecs_available else "flac"
