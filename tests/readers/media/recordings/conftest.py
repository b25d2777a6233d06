"""Recordings made on the spot: tones, coloured noise, cards of text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

try:
    import av
except ImportError:  # the extra "media": nothing of this folder can run without it
    collect_ignore_glob = ["test_*.py"]

Scene = tuple[int, float]
"""A seed for what is seen, and seconds."""


def scene(seed: int, size: tuple[int, int] = (320, 180)) -> NDArray[np.uint8]:
    """A still picture of coloured tiles, another for each seed."""
    rng = np.random.default_rng(seed)
    tiles = rng.integers(0, 255, (9, 16, 3), dtype=np.uint8)
    return np.kron(tiles, np.ones((size[1] // 9, size[0] // 16, 1), dtype=np.uint8))


def tone(seconds: float, rate: int = 16_000, pitch: float = 440.0) -> NDArray[np.float32]:
    return (0.3 * np.sin(2 * np.pi * pitch * np.arange(int(seconds * rate)) / rate)).astype(np.float32)


@pytest.fixture
def make_sound() -> Callable[..., Path]:
    def make(path: Path, seconds: float = 2.0, codec: str = "", **tags: str) -> Path:
        codec = codec or {".wav": "pcm_s16le", ".flac": "flac", ".mp3": "mp3", ".m4a": "aac"}[path.suffix]
        with av.open(str(path), "w") as output:
            output.metadata.update(tags)
            stream = output.add_stream(codec, rate=44_100)
            stream.layout = "mono"
            samples = tone(seconds, 44_100)
            for start in range(0, len(samples), 4096):
                part = samples[start : start + 4096].reshape(1, -1)
                frame = av.AudioFrame.from_ndarray(part, format="fltp", layout="mono")
                frame.rate, frame.pts = 44_100, start
                output.mux(stream.encode(frame))
            output.mux(stream.encode())
        return path

    return make


@pytest.fixture
def make_video() -> Callable[..., Path]:
    def make(
        path: Path,
        scenes: Sequence[Scene],
        *,
        fps: int = 10,
        size: tuple[int, int] = (320, 180),
        sound: bool = False,
        rotation: int = 0,
        codec: str = "mpeg4",
        **tags: str,
    ) -> Path:
        with av.open(str(path), "w") as output:
            output.metadata.update(tags)
            stream = output.add_stream(codec, rate=fps)
            stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
            stream.bit_rate = 2_000_000
            if rotation:
                stream.set_display_rotation(rotation)
            speaker = output.add_stream("aac", rate=16_000) if sound else None
            if speaker is not None:
                speaker.layout = "mono"
            count = 0
            for seed, seconds in scenes:
                frame = av.VideoFrame.from_ndarray(scene(seed, size), format="rgb24").reformat(
                    format="yuv420p"
                )
                for _ in range(round(seconds * fps)):
                    frame.pts, frame.time_base = count, Fraction(1, fps)
                    output.mux(stream.encode(frame))
                    count += 1
            output.mux(stream.encode())
            if speaker is not None:
                samples = tone(count / fps)
                for start in range(0, len(samples), 1024):
                    part = samples[start : start + 1024].reshape(1, -1)
                    block = av.AudioFrame.from_ndarray(part, format="fltp", layout="mono")
                    block.rate, block.pts = 16_000, start
                    output.mux(speaker.encode(block))
                output.mux(speaker.encode())
        return path

    return make
