"""A package as it would be installed on every node of a cluster: an encoder that sees and hears, and odd readers."""

from __future__ import annotations

import hashlib
import io
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from PIL import Image

from xmrag_plugin.readers import ReadContext, Reader
from xmrag_plugin.types import Element

DIMENSION = 48


class ColourEncoder:
    """Pictures by their colours, texts and sounds by a hash: cheap, and the same everywhere."""

    name, dimension, max_text_tokens, sees, hears = "colours", DIMENSION, 77, True, True
    fingerprint = "colours-1"

    def encode_texts(self, texts: Sequence[str], *, role: str = "document") -> np.ndarray:
        return self._hashed([text.encode() for text in texts])

    def encode_images(
        self, images: Sequence[Any], *, on_error: Callable[[int, Any], None] | None = None
    ) -> np.ndarray:
        rows = []
        for image in images:
            data = image.read_bytes() if isinstance(image, Path) else image
            pixels = Image.open(io.BytesIO(data)).convert("RGB").resize((4, 4))
            rows.append(np.asarray(pixels, np.float32).ravel() + 1)
        return self._unit(np.array(rows))

    def encode_sounds(
        self, sounds: Sequence[Any], *, on_error: Callable[[int, Any], None] | None = None
    ) -> np.ndarray:
        return self._hashed([sound.read_bytes() if isinstance(sound, Path) else sound for sound in sounds])

    def _hashed(self, items: Sequence[bytes]) -> np.ndarray:
        seeds = [int.from_bytes(hashlib.sha256(item).digest()[:8], "big") for item in items]
        return self._unit(
            np.array([np.random.default_rng(seed).standard_normal(DIMENSION) for seed in seeds])
        )

    @staticmethod
    def _unit(rows: np.ndarray) -> np.ndarray:
        return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def load(rest: str, settings: Any, **options: Any) -> ColourEncoder:
    """The factory that the entry point names."""
    return ColourEncoder()


class SlowReader(Reader):
    """Reads a number and takes as many seconds to do so."""

    name: ClassVar[str] = "slow"
    suffixes: ClassVar[tuple[str, ...]] = (".slow",)

    @classmethod
    def sniff(cls, head: bytes, path: Path) -> bool:
        return path.suffix == ".slow"

    def read(self, path: Path, context: ReadContext) -> Iterator[Element]:
        seconds = path.read_text().strip()
        time.sleep(float(seconds))
        yield Element("paragraph", text=f"The file {path.stem} took {seconds} seconds to be read.")


def install(folder: Path) -> None:
    """Write what an installer would."""
    info = folder / "ray_plugin-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: ray-plugin\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[xmrag_plugin.encoders]\ncolours = ray_plugin:load\n\n[xmrag_plugin.readers]\nslow = ray_plugin:SlowReader\n"
    )
