"""Text models and dual encoders of the real architectures, loaded as a user's are."""

from __future__ import annotations

import io
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_encoders
from PIL import Image, ImageDraw

from xmrag_plugin.encoders import Encoder, load_text_encoder, load_vision_encoder
from xmrag_plugin.encoders.exported import ExportedEncoder
from xmrag_plugin.encoders.self_test import WeakVisionModelWarning, drawn_pairs, separation
from xmrag_plugin.errors import ModelUnavailable, ModelUnsound, PictureError, UsageError
from xmrag_plugin.settings import Settings

pytestmark = pytest.mark.filterwarnings("ignore::xmrag_plugin.encoders.self_test.WeakVisionModelWarning")

DUAL: dict[str, Callable[[Path], Path]] = {
    "clip": tiny_encoders.clip,
    "siglip": tiny_encoders.siglip,
    "dual_encoder": tiny_encoders.dual_encoder,
}


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(cache_dir=str(tmp_path_factory.mktemp("cache")), jobs=2, device="cpu")


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("models")
    made = {name: build(root / name) for name, build in DUAL.items()}
    made["text"] = tiny_encoders.text(root / "text", prompts={"query": "query: ", "document": "document: "})
    return made


@pytest.fixture(params=[f"{name} {backend}" for name in DUAL for backend in ("torch", "auto")])
def dual(request: pytest.FixtureRequest, folders: dict[str, Path], settings: Settings) -> Encoder:
    name, backend = request.param.split()
    encoder = load_vision_encoder(f"{folders[name]}?backend={backend}", settings=settings)
    assert isinstance(encoder, ExportedEncoder) is (backend == "auto")
    return encoder


def drawing(colour: str, size: tuple[int, int] = (90, 60)) -> Image.Image:
    image = Image.new("RGB", size, "white")
    ImageDraw.Draw(image).rectangle((5, 5, size[0] // 2, size[1] // 3), fill=colour)
    return image


def encoded(image: Image.Image, form: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def reference(folder: Path, texts: list[str], image: Image.Image) -> tuple[np.ndarray, np.ndarray]:
    """The model's own features through transformers, normalised."""
    import torch
    from transformers import AutoModel, AutoProcessor

    model = AutoModel.from_pretrained(str(folder), local_files_only=True).eval()
    processor = AutoProcessor.from_pretrained(str(folder), local_files_only=True)
    padding = "max_length" if "siglip" in folder.name else True
    with torch.no_grad():
        words = model.get_text_features(**processor(text=texts, padding=padding, return_tensors="pt"))
        picture = model.get_image_features(**processor(images=[image], return_tensors="pt"))
    vectors = [getattr(output, "pooler_output", output).numpy() for output in (words, picture)]
    text, seen = (rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in vectors)
    return text, seen


def test_vectors_are_those_of_the_model(dual: Encoder, folders: dict[str, Path]) -> None:
    texts, image = ["a red dog", "the chart"], drawing("red")
    words, seen = reference(folders[dual.name], texts, image)
    assert ((dual.encode_texts(texts) * words).sum(1) > 0.9999).all()
    assert ((dual.encode_images([image]) * seen).sum(1) > 0.9999).all()


def test_shapes_and_norms(dual: Encoder) -> None:
    assert dual.sees
    texts = dual.encode_texts(["a dog", "", "the red chart of the north"], role="query")
    pictures = dual.encode_images([drawing("red"), drawing("blue")])
    assert texts.shape == (3, dual.dimension)
    assert pictures.shape == (2, dual.dimension)
    assert pictures.dtype == texts.dtype == np.float32
    assert np.allclose(np.linalg.norm(np.concatenate([texts, pictures]), axis=1), 1, atol=1e-5)
    assert dual.encode_texts([]).shape == dual.encode_images([]).shape == (0, dual.dimension)


def test_a_long_text_is_cut_between_words_and_never_fails(dual: Encoder) -> None:
    long = "red dog " * 500
    fits = [long[:end] for end in range(1, 200) if long[end] == " "]
    vectors = dual.encode_texts([long, *fits])
    assert (vectors[1:] @ vectors[0]).max() > 0.9999
    assert dual.encode_texts(["a" * 30_000, "字" * 5_000, "🎈" * 3_000]).shape[0] == 3


def test_order_and_company_change_nothing(dual: Encoder) -> None:
    texts = [" ".join(["dog"] * (n % 7 + 1)) + f" {n}" for n in range(40)]
    together = dual.encode_texts(texts)
    assert np.abs(together[::-1] - dual.encode_texts(texts[::-1])).max() < 1e-4
    assert np.abs(together[5] - dual.encode_texts([texts[5]])[0]).max() < 1e-4


def test_a_picture_is_the_same_in_every_form(dual: Encoder, tmp_path: Path) -> None:
    image = drawing("green")
    path = tmp_path / "picture.png"
    path.write_bytes(encoded(image))
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = encoded(image.transpose(Image.Transpose.ROTATE_90), exif=exif)
    rows = dual.encode_images([path, path.read_bytes(), image, turned, image.convert("RGBA")])
    assert np.abs(rows - rows[0]).max() < 1e-4


def test_a_large_picture_is_shrunk_first_and_stays_the_same(dual: Encoder) -> None:
    large = drawing("red", (3000, 2000))
    assert float((dual.encode_images([encoded(large)]) * dual.encode_images([large])).sum()) > 0.99


def test_a_damaged_picture_costs_itself_only(dual: Encoder, tmp_path: Path) -> None:
    good = [encoded(drawing(colour)) for colour in ("red", "green", "blue") * 15]
    damaged = tmp_path / "damaged.png"
    damaged.write_bytes(good[0][:40])
    told: list[tuple[int, PictureError]] = []
    rows = dual.encode_images([*good[:40], damaged, *good[40:]], on_error=lambda *both: told.append(both))
    assert [place for place, _ in told] == [40]
    assert "damaged.png" in str(told[0][1])
    assert not rows[40].any()
    assert np.abs(np.delete(rows, 40, axis=0) - dual.encode_images(good)).max() < 1e-4
    with pytest.raises(PictureError, match=r"damaged\.png"):
        dual.encode_images([good[0], damaged])


def test_threads_share_an_encoder(dual: Encoder) -> None:
    texts = [f"dog {number} " * (number % 5 + 1) for number in range(12)]
    expected = dual.encode_texts(texts)
    apart: list[float] = []

    def work() -> None:
        for _ in range(3):
            apart.append(float(np.abs(dual.encode_texts(texts) - expected).max()))
            dual.encode_images([drawing("red")])

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(apart) == 12
    assert max(apart) < 1e-4


def test_prompts_are_put_before_queries_and_documents(folders: dict[str, Path], settings: Settings) -> None:
    spec = str(folders["text"])
    prompted = load_text_encoder(spec, settings=settings)
    bare = load_text_encoder(spec, settings=settings, query_prompt="", document_prompt="")
    assert np.allclose(
        prompted.encode_texts(["dog"], role="query"), bare.encode_texts(["query: dog"]), atol=1e-5
    )
    assert np.allclose(prompted.encode_texts(["dog"]), bare.encode_texts(["document: dog"]), atol=1e-5)
    assert prompted.fingerprint != bare.fingerprint
    long = prompted.encode_texts(["dog " * 300, "dog " * 301])
    assert np.allclose(long[0], long[1], atol=1e-6)


def test_matryoshka_vectors_are_cut_and_normalised(folders: dict[str, Path], settings: Settings) -> None:
    spec = str(folders["text"])
    whole = load_text_encoder(spec, settings=settings).encode_texts(["dog", "chart"])[:, :8]
    short = load_text_encoder(f"{spec}?dim=8", settings=settings)
    assert short.dimension == 8
    expected = whole / np.linalg.norm(whole, axis=1, keepdims=True)
    assert np.allclose(short.encode_texts(["dog", "chart"]), expected, atol=1e-5)
    assert short.fingerprint != load_text_encoder(spec, settings=settings).fingerprint
    with pytest.raises(UsageError, match="32 dimensions"):
        load_text_encoder(f"{spec}?dim=64", settings=settings)


def test_one_load_serves_all_and_the_fingerprint_moves_with_the_folder(
    folders: dict[str, Path], settings: Settings, tmp_path: Path
) -> None:
    import shutil

    spec = str(folders["text"])
    loaded = load_text_encoder(spec, settings=settings)
    assert load_text_encoder(spec, settings=settings) is loaded
    moved = shutil.copytree(spec, tmp_path / "moved")
    assert load_text_encoder(str(moved), settings=settings).fingerprint == loaded.fingerprint


def test_a_text_model_is_no_vision_encoder(folders: dict[str, Path], settings: Settings) -> None:
    with pytest.raises(UsageError, match="texts only"):
        load_vision_encoder(str(folders["text"]), settings=settings)
    with pytest.raises(UsageError, match="texts only"):
        load_text_encoder(str(folders["text"]), settings=settings).encode_images([drawing("red")])


def test_fp16_is_refused_where_it_overflows(folders: dict[str, Path], settings: Settings) -> None:
    with pytest.raises(UsageError, match="float16"):
        load_text_encoder(f"{folders['text']}?dtype=float16&float16_forbidden=true", settings=settings)
    with pytest.raises(UsageError, match="int3"):
        load_text_encoder(f"{folders['text']}?dtype=int3", settings=settings)


def test_bfloat16_gives_float32_vectors(folders: dict[str, Path], settings: Settings) -> None:
    encoder = load_text_encoder(f"{folders['text']}?dtype=bfloat16", settings=settings)
    vectors = encoder.encode_texts(["dog"])
    exact = load_text_encoder(str(folders["text"]), settings=settings).encode_texts(["dog"])
    assert vectors.dtype == np.float32
    assert float((vectors * exact).sum()) > 0.98


def altered(folder: Path, target: Path, change: Callable[[Any], Any]) -> Path:
    import shutil

    from safetensors.torch import load_file, save_file

    shutil.copytree(folder, target)
    weights = load_file(target / "model.safetensors")
    save_file(
        {name: change(value) for name, value in weights.items()},
        target / "model.safetensors",
        {"format": "pt"},
    )
    return target


def test_outputs_that_are_not_finite_or_all_alike_are_refused(
    folders: dict[str, Path], settings: Settings, tmp_path: Path
) -> None:
    broken = altered(folders["clip"], tmp_path / "nan", lambda value: value * float("nan"))
    with pytest.raises(ModelUnsound, match="not finite"):
        load_vision_encoder(str(broken), settings=settings)
    flat = altered(folders["clip"], tmp_path / "flat", lambda value: value * 0 + 0.01)
    with pytest.raises(ModelUnsound, match=r"same vector|not finite"):
        load_vision_encoder(str(flat), settings=settings)


def test_weights_at_random_are_warned_of_each_time(folders: dict[str, Path], tmp_path: Path) -> None:
    settings = Settings(cache_dir=str(tmp_path), device="cpu")
    for options in ({}, {"batch_size": 8}):
        with pytest.warns(WeakVisionModelWarning, match="may be untrained"):
            load_vision_encoder(str(folders["clip"]), settings=settings, **options)
    assert len(list((tmp_path / "encoders" / "sound").glob("*.json"))) == 1


def test_a_folder_that_does_not_load_is_named(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"nothing")
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(ModelUnavailable, match="does not load"):
        load_text_encoder(str(tmp_path), settings=settings)


def test_separation_is_one_for_partners_and_half_for_chance() -> None:
    rows = np.eye(12, dtype=np.float32)
    assert separation(rows, rows) == 1.0
    generator = np.random.default_rng(0)
    draws = [separation(*generator.normal(size=(2, 12, 64)).astype(np.float32)) for _ in range(200)]
    assert abs(float(np.mean(draws)) - 0.5) < 0.03


def test_a_real_model_sees(two_tower: Path, settings: Settings) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", WeakVisionModelWarning)
        encoder = load_vision_encoder(str(two_tower), settings=settings)
    assert (encoder.dimension, encoder.max_text_tokens) == (256, 64)
    pictures, names = drawn_pairs()
    assert separation(encoder.encode_images(pictures), encoder.encode_texts(names)) > 0.85
