"""The encoder that an export serves, and where exports are kept."""

from __future__ import annotations

import hashlib
import importlib.metadata
import platform
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import PictureError, UsageError
from ...images.intake import decode
from ...settings import Settings
from ..runtime.decoding_ahead import decoded_ahead
from ..runtime.local_encoder import LocalEncoder, Role
from ..runtime.onnx_sessions import batches, kept_whole, session
from ..runtime.text_limits import cut_at
from .picture_recipe import Recipe

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

    from ..sentence_transformer import Options

__all__ = [
    "PICTURES",
    "TEXTS",
    "TOKENIZER",
    "ExportedEncoder",
    "holds",
    "kept_encoder",
    "place",
    "suits",
    "versions",
]

TEXTS, PICTURES, TOKENIZER = "texts.onnx", "pictures.onnx", "tokenizer.json"

_LAYOUT = 1  # of the cache folder: raise when what is written there changes
_CURE = "Run it with torch (?backend=torch)"
_PICTURES_PER_BATCH = 8  # what passes between the layers stays near the processor


class ExportedEncoder(LocalEncoder):
    """A text model or dual encoder by onnxruntime, tokenizers and PIL. Safe to share between threads.

    Args:
        folder: What ``exporting`` wrote.
        said: What that folder says of itself.
        name: What to call it.
        settings: Workers and the largest picture.
    """

    variant = "onnxruntime"

    def __init__(self, folder: Path, said: dict[str, Any], *, name: str, settings: Settings) -> None:
        from tokenizers import Tokenizer

        self.name = name
        self.dimension = int(said["dimension"])
        self.fingerprint = str(said["fingerprint"])
        self.max_text_tokens = int(said["max_text_tokens"])
        self.sees = said["recipe"] is not None
        self._prompts: dict[str, str] = said["prompts"]
        self._extra: dict[str, int] = said["extra"]
        self._padding_id, self._pad_to = int(said["padding_id"]), int(said["pad_to"])
        self._edge = int(said["edge"])
        self._workers = settings.workers
        self._max_picture_px = settings.max_picture_px
        self._tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self._texts = session(folder / TEXTS, settings.workers)
        self._inputs = {given.name for given in self._texts.get_inputs()}
        if self.sees:
            self._recipe = Recipe.from_dict(said["recipe"])
            self._pictures = session(
                folder / PICTURES, settings.workers, convolutional=bool(said["convolutional"])
            )

    def _encode_texts(self, texts: Sequence[str], role: Role) -> NDArray[np.float32]:
        import numpy as np

        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        rows = [self.token_ids(text, role) for text in texts]
        for batch in batches([max(len(row), self._pad_to) for row in rows]):
            width = max(self._pad_to, *(len(rows[index]) for index in batch))
            ids = np.full((len(batch), width), self._padding_id, dtype=np.int64)
            mask = np.zeros((len(batch), width), dtype=np.int64)
            for line, index in enumerate(batch):
                ids[line, : len(rows[index])] = rows[index]
                mask[line, : len(rows[index])] = 1
            given = {"input_ids": ids, "attention_mask": mask}
            found = self._texts.run(None, {key: given[key] for key in given if key in self._inputs})[0]
            vectors[batch] = self._unit(found[:, : self.dimension], cure=_CURE)
        return vectors

    def encode_images(
        self,
        images: Sequence[bytes | Path | Image],
        *,
        on_error: Callable[[int, PictureError], None] | None = None,
    ) -> NDArray[np.float32]:
        """Return unit vectors of shape ``(len(images), dimension)``, in the order given.

        Pictures are decoded and resized in threads, ahead of the model.

        Raises:
            PictureError: If one cannot be decoded and ``on_error`` is not given.
            UsageError: If the model embeds no pictures.
            ModelUnsound: If a vector is not finite.
        """
        import numpy as np

        if not self.sees:
            raise UsageError(f"{self.name} embeds texts only.", hint="Name a dual encoder: `xmrag models`.")
        vectors = np.zeros((len(images), self.dimension), dtype=np.float32)
        ready = decoded_ahead(
            images, self._shown, batch=_PICTURES_PER_BATCH, workers=self._workers, on_error=on_error
        )
        for places, pictures in ready:
            found = self._pictures.run(None, {"pictures": np.stack(pictures)})[0]
            vectors[places] = self._unit(found[:, : self.dimension], cure=_CURE)
        return vectors

    def token_ids(self, text: str, role: str) -> list[int]:
        """Return ids of the prompt and the text, special ones included, cut between words at the model's limit."""
        limit, extra = self.max_text_tokens, self._extra[role]
        text = text.strip() or " "
        if len(text.encode()) + 8 >= limit - extra:
            text = text[: 32 * limit]
            parts = self._tokenizer.encode(text, add_special_tokens=False)
            text = cut_at(text, max(1, limit - extra), parts.offsets)
        ids: list[int] = self._tokenizer.encode(self._prompts[role] + text).ids
        return ids[:limit]

    def _shown(self, image: bytes | Path | str | Image) -> NDArray[np.uint8]:
        """Return it upright, RGB, and as large as the model sees it."""
        given = Path(image) if isinstance(image, str) else image
        return self._recipe.apply(decode(given, self._max_picture_px, edge=self._edge))


def suits(options: Options, settings: Settings) -> bool:
    """Return whether a model asked for so would run on the processor in float32, so that an export serves."""
    device = options.device or settings.device
    if options.backend != "auto" or options.dtype not in ("auto", "float32"):
        return False
    return device == "cpu" or (device == "auto" and not _may_have_accelerator())


def place(weights: str, options: Options, settings: Settings) -> Path:
    """Return the folder of the cache where the export of these weights is kept."""
    marks = (weights, options.dim, options.query_prompt, options.document_prompt, _LAYOUT)
    return settings.cache_path / "encoders" / f"onnx-{hashlib.sha256(repr(marks).encode()).hexdigest()[:24]}"


def kept_encoder(folder: Path, *, name: str, settings: Settings) -> tuple[ExportedEncoder | None, str]:
    """Return the encoder that is kept in a folder, or None and why this model cannot be exported ("" if untried)."""
    said = kept_whole(folder)
    if said is None or not holds(said):
        return None, ""
    if said.get("refused"):
        return None, str(said["refused"])
    return ExportedEncoder(folder, said, name=name, settings=settings), ""


def holds(said: dict[str, Any]) -> bool:
    """Return whether what an export says is still so: what could not be done may succeed with other packages."""
    return not said.get("refused") or said.get("made_with") == versions()


def versions() -> list[str]:
    """Return those of the packages that export: what did not succeed with these may with others."""
    names = ("xmrag-plugin", "torch", "transformers", "sentence-transformers", "onnxruntime", "onnx")
    found = []
    for name in names:
        try:
            found.append(importlib.metadata.version(name))
        except importlib.metadata.PackageNotFoundError:
            found.append("")
    return found


def _may_have_accelerator() -> bool:
    """Return whether torch should be asked for a device; needs no torch."""
    if "torch" in sys.modules:
        from ..runtime.torch_loading import pick_device

        return pick_device("auto") != "cpu"
    if sys.platform == "darwin":
        return platform.machine() == "arm64"
    if sys.platform == "win32":
        return (Path(r"C:\Windows\System32") / "nvcuda.dll").is_file()
    return any(Path(name).exists() for name in ("/dev/nvidiactl", "/dev/dxg", "/dev/kfd"))
