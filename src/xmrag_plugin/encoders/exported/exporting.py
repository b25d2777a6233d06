"""A model of sentence-transformers to graphs of onnxruntime, held against it input by input."""

from __future__ import annotations

import importlib.util
import logging
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import XmragError
from ...settings import Settings
from ..runtime.onnx_sessions import make_once, optimise
from .encoder import PICTURES, TEXTS, TOKENIZER, ExportedEncoder, holds, versions
from .picture_recipe import Recipe

if TYPE_CHECKING:
    from PIL.Image import Image

    from ..sentence_transformer import SentenceTransformerEncoder

__all__ = ["export_once"]

_log = logging.getLogger(__name__)

_MAX_PARAMETERS = 450_000_000  # a graph of more than 2 GB does not fit one file
_TEXT_INPUTS = {"input_ids", "attention_mask", "token_type_ids"}
_MIN_TEXT_COSINE = 0.9999
_MIN_PICTURE_COSINE = 0.9995  # pictures are resized by another library where torchvision is installed
_PROBES = (
    "A cat sits on the mat.",
    "Photosynthesis turns light into chemical energy, which is stored in carbohydrate molecules.",
    "which Region grew most in the third quarter of 2024?",
    "图书馆在哪里？ Où est la bibliothèque ? ¿Dónde está?",
    "word",
    " ",
    "Total: $1,234.56 (incl. 6 % GST) — invoice no. 00042/2018\n\n• Ünïcode\ttabs",
    "The quick brown fox jumps over the lazy dog. " * 40,
    "Quarterlyrevenuebyregionandquarter" * 30,
)


class _NotExported(Exception):
    """Why a model stays on torch."""


def export_once(
    encoder: SentenceTransformerEncoder, folder: Path, settings: Settings
) -> ExportedEncoder | None:
    """Export a loaded model and keep it; None where it cannot be, which is remembered too.

    Args:
        encoder: The model on torch.
        folder: Where the export is kept.
        settings: Workers and the largest picture.
    """
    if importlib.util.find_spec("onnx") is None:
        _log.info("%s stays on torch: the package onnx is not installed.", encoder.name)
        return None

    def make(target: Path) -> dict[str, Any]:
        try:
            return _export(encoder, target, settings)
        except Exception as error:  # whatever the exporter or a model's code raises: torch still serves
            known = isinstance(error, (_NotExported, XmragError))
            why = str(error) if known else f"{type(error).__name__}: {error}"
            _log.info("%s stays on torch: %s", encoder.name, why)
            for path in target.iterdir():
                path.unlink()
            return {"refused": " ".join(why.split())[:500] or "unknown", "made_with": versions()}

    said = make_once(folder, make, holds=holds)
    if said.get("refused"):
        return None
    return ExportedEncoder(folder, said, name=encoder.name, settings=settings)


def _export(encoder: SentenceTransformerEncoder, target: Path, settings: Settings) -> dict[str, Any]:
    model = encoder.model
    if model.device.type != "cpu":
        raise _NotExported(f"it runs on {model.device.type}")
    parameters = sum(parameter.numel() for parameter in model.parameters())
    if parameters > _MAX_PARAMETERS:
        raise _NotExported(f"{parameters / 1e6:.0f} million parameters are too many for one graph")
    backend = getattr(model.tokenizer, "backend_tokenizer", None)
    if backend is None:
        raise _NotExported("its tokenizer has no form that tokenizers loads")
    recipe = None
    if encoder.sees:
        recipe = Recipe.of(getattr(model.processor, "image_processor", None))
        if recipe is None:
            raise _NotExported("its pictures are not merely resized, cropped and scaled")
    (target / TOKENIZER).write_text(backend.to_str(), encoding="utf-8")
    said: dict[str, Any] = {
        "name": encoder.name,
        "dimension": encoder.dimension,
        "fingerprint": encoder.fingerprint,
        "max_text_tokens": encoder.max_text_tokens,
        "prompts": {role: model.prompts.get(role) or "" for role in ("query", "document")},
        "extra": {role: encoder.extra_tokens(role) for role in ("query", "document")},
        "padding_id": int(model.tokenizer.pad_token_id or 0),
        "pad_to": encoder.max_text_tokens if encoder.pads_texts_fully else 0,
        "edge": encoder.edge,
        "convolutional": encoder.convolutional,
        "recipe": recipe.to_dict() if recipe else None,
        "made_with": versions(),
    }
    _trace_texts(encoder, target)
    if recipe is not None:
        _trace_pictures(encoder, recipe, target)
    _verify(encoder, ExportedEncoder(target, said, name=encoder.name, settings=settings))
    return said


def _trace_texts(encoder: SentenceTransformerEncoder, target: Path) -> None:
    import torch

    features = encoder.features(["a word", "two words and more"], "document")
    tensors = {key: value for key, value in features.items() if torch.is_tensor(value)}
    if not {"input_ids"} <= set(tensors) <= _TEXT_INPUTS:
        raise _NotExported(f"its texts come as {', '.join(sorted(tensors))}")
    constant = {key: value for key, value in features.items() if key not in tensors}
    names: list[str] = [key for key in ("input_ids", "attention_mask") if key in tensors]
    typed = "token_type_ids" in tensors
    model = encoder.model

    class Texts(torch.nn.Module):  # type: ignore[misc, unused-ignore]
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, *given: Any) -> Any:
            inputs = {**constant, **dict(zip(names, given, strict=True))}
            if typed:
                inputs["token_type_ids"] = torch.zeros_like(given[0])
            return self.model(inputs)["sentence_embedding"]

    axes = {name: {0: "texts", 1: "tokens"} for name in names}
    _trace(Texts(), tuple(tensors[name] for name in names), names, axes, target / TEXTS)


def _trace_pictures(encoder: SentenceTransformerEncoder, recipe: Recipe, target: Path) -> None:
    import numpy as np
    import torch

    pictures = _shapes()[:2]
    features = encoder.features(pictures, "document")
    tensors = {key for key, value in features.items() if torch.is_tensor(value)}
    if tensors != {"pixel_values"} or features["pixel_values"].ndim != 4:
        raise _NotExported(f"its pictures come as {', '.join(sorted(tensors))}")
    constant = {key: value for key, value in features.items() if key not in tensors}
    model = encoder.model
    scale = torch.tensor(recipe.scale).view(1, 3, 1, 1)
    shift = torch.tensor(recipe.shift).view(1, 3, 1, 1)

    class Pictures(torch.nn.Module):  # type: ignore[misc, unused-ignore]
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, pictures: Any) -> Any:
            values = pictures.permute(0, 3, 1, 2).float() * scale + shift
            return self.model({**constant, "pixel_values": values})["sentence_embedding"]

    shown = torch.from_numpy(np.stack([recipe.apply(picture) for picture in pictures]))
    _trace(Pictures(), (shown,), ["pictures"], {"pictures": {0: "pictures"}}, target / PICTURES)


def _trace(module: Any, given: tuple[Any, ...], names: list[str], axes: dict[str, Any], target: Path) -> None:
    import torch

    plain = target.with_suffix(".plain")
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module.eval(),
            given,
            str(plain),
            input_names=names,
            output_names=["vectors"],
            dynamic_axes={**axes, "vectors": {0: "rows"}},
            opset_version=17,
            dynamo=False,
        )
    optimise(plain, target)


def _verify(encoder: SentenceTransformerEncoder, exported: ExportedEncoder) -> None:
    """Compare what was written with the model on torch: tokens, texts in both roles, pictures of many shapes."""
    roles: tuple[Any, ...] = ("query", "document")
    for role in roles:
        wanted, found = encoder.encode_texts(_PROBES, role=role), exported.encode_texts(_PROBES, role=role)
        for probe, cosine in zip(_PROBES, (wanted * found).sum(1), strict=True):
            if not cosine >= _MIN_TEXT_COSINE:
                raise _NotExported(f"the export differs from torch (cosine {cosine:.5f} on {probe[:30]!r})")
    if exported.sees:
        pictures = _shapes()
        seen = (encoder.encode_images(pictures) * exported.encode_images(pictures)).sum(1)
        if not seen.min() >= _MIN_PICTURE_COSINE:
            raise _NotExported(f"the export differs from torch (cosine {seen.min():.5f} on a picture)")


def _shapes() -> list[Image]:
    """Return pictures of gradients and grain: as wide as high, wide, high, small and large."""
    import numpy as np
    from PIL import Image

    noise = np.random.default_rng(0)
    pictures = []
    for width, height in ((224, 224), (640, 480), (333, 500), (97, 61), (1200, 300), (224, 225)):
        coarse = Image.fromarray(noise.integers(0, 256, (9, 9, 3), dtype=np.uint8)).resize((width, height))
        fine = Image.fromarray(noise.integers(0, 256, (height, width, 3), dtype=np.uint8))
        pictures.append(Image.blend(coarse, fine, 0.2))
    return pictures
