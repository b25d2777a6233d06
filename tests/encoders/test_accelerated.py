"""The way of an accelerator, run on a processor: the same vectors as the plain way, whatever the batches."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_encoders
import torch

from xmrag_plugin.encoders import load_text_encoder, load_vision_encoder
from xmrag_plugin.encoders.runtime import accelerated
from xmrag_plugin.encoders.runtime.accelerated import by_length
from xmrag_plugin.encoders.self_test import drawn_pairs
from xmrag_plugin.errors import PictureError
from xmrag_plugin.settings import Settings

TEXTS = [" ".join(tiny_encoders.WORDS[n % 4].split()[: 1 + n % 11]) for n in range(40)]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(cache_dir=str(tmp_path), device="cpu")


@pytest.fixture(params=["text", "siglip"])
def encoder(request: pytest.FixtureRequest, tmp_path: Path, settings: Settings) -> Iterator[Any]:
    folder = getattr(tiny_encoders, request.param)(tmp_path / request.param)
    load = load_text_encoder if request.param == "text" else load_vision_encoder
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # random weights are warned of
        yield load(f"{folder}?backend=torch", settings=settings)


def test_batches_hold_every_place_once_within_their_bounds() -> None:
    lengths = [7, 1, 90, 3, 3, 40, 41, 2, 200]
    batches = by_length(lengths, total=100, most=3)
    assert sorted(place for batch in batches for place in batch) == list(range(len(lengths)))
    assert all(len(batch) <= 3 for batch in batches)
    assert all(len(batch) == 1 or len(batch) * max(lengths[p] for p in batch) <= 100 for batch in batches)
    assert batches[0] == [8]  # longer than a batch may be: alone
    assert by_length([], total=1, most=1) == []


@pytest.mark.parametrize("role", ["query", "document"])
def test_texts_get_the_vectors_of_the_plain_way(
    encoder: Any, role: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = encoder.encode_texts(TEXTS, role=role)
    encoder.accelerated = True
    assert np.allclose(encoder.encode_texts(TEXTS, role=role), plain, atol=1e-5)
    assert np.allclose(encoder.encode_texts(TEXTS[:1], role=role), plain[:1], atol=1e-5)


def test_a_batch_that_does_not_fit_is_run_in_halves(encoder: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = encoder.encode_texts(TEXTS)
    forward, sizes = type(encoder.model).forward, []

    def narrow(self: Any, features: dict[str, Any], **more: Any) -> Any:
        sizes.append(len(features["input_ids"]))
        if sizes[-1] > 3:
            raise torch.OutOfMemoryError("made")
        return forward(self, features, **more)

    monkeypatch.setattr(type(encoder.model), "forward", narrow)
    encoder.accelerated = True
    assert np.allclose(encoder.encode_texts(TEXTS), plain, atol=1e-5)
    assert max(sizes) > 3 >= min(sizes)
    monkeypatch.setattr(
        type(encoder.model), "forward", lambda *a, **k: (_ for _ in ()).throw(torch.OutOfMemoryError("made"))
    )
    with pytest.raises(torch.OutOfMemoryError):
        encoder.encode_texts(TEXTS)


def test_pictures_that_cannot_be_decoded_cost_themselves_alone(tmp_path: Path, settings: Settings) -> None:
    with pytest.warns():
        encoder: Any = load_vision_encoder(
            f"{tiny_encoders.siglip(tmp_path / 's')}?backend=torch", settings=settings
        )
    pictures: list[Any] = [*drawn_pairs()[0], b"no picture"]
    wrong: list[int] = []
    plain = encoder.encode_images(pictures, on_error=lambda place, _: wrong.append(place))
    encoder.accelerated = True
    again = encoder.encode_images(pictures, on_error=lambda place, _: wrong.append(place))
    assert wrong == [len(pictures) - 1] * 2
    assert np.allclose(again, plain, atol=1e-5)
    assert not again[-1].any()
    with pytest.raises(PictureError):
        encoder.encode_images(pictures)
    assert encoder.encode_images([b"none"], on_error=lambda *_: None).shape == (1, encoder.dimension)


def test_features_are_laid_out_in_the_model_s_precision() -> None:
    features = {
        "pixel_values": torch.ones(2, 3),
        "input_ids": torch.ones(2, dtype=torch.int64),
        "modality": "image",
    }
    found = accelerated._laid_out(features, torch.bfloat16, False)
    assert found["pixel_values"].dtype == torch.bfloat16
    assert found["input_ids"].dtype == torch.int64
    assert found["modality"] == "image"


@pytest.mark.gpu
def test_an_accelerator_gives_a_processor_s_vectors(tmp_path: Path) -> None:
    if not torch.cuda.is_available():
        pytest.skip("there is no CUDA device")
    folder = tiny_encoders.text(tmp_path / "text")
    on = {
        device: load_text_encoder(
            f"{folder}?backend=torch", settings=Settings(cache_dir=str(tmp_path), device=device)
        )
        for device in ("cpu", "cuda")
    }
    rows = {device: encoder.encode_texts(TEXTS) for device, encoder in on.items()}
    assert np.sum(rows["cpu"] * rows["cuda"], axis=1).min() > 0.999
