"""Models that were exported to onnxruntime: what they need, and when they stay on torch."""

from __future__ import annotations

import json
import logging
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tiny_encoders
from PIL import Image

from xmrag_plugin.encoders import load_text_encoder, load_vision_encoder
from xmrag_plugin.encoders.exported import ExportedEncoder
from xmrag_plugin.encoders.exported.picture_recipe import Recipe
from xmrag_plugin.encoders.runtime.onnx_sessions import kept_whole
from xmrag_plugin.encoders.sentence_transformer import SentenceTransformerEncoder
from xmrag_plugin.settings import Settings

pytestmark = pytest.mark.filterwarnings("ignore::xmrag_plugin.encoders.self_test.WeakVisionModelWarning")

ASKING = """
import json, sys
from pathlib import Path
from PIL import Image
from xmrag_plugin.encoders import load_vision_encoder
from xmrag_plugin.settings import Settings
encoder = load_vision_encoder(sys.argv[1], settings=Settings(cache_dir=sys.argv[2]))
vectors = [encoder.encode_texts(["a dog"], role="query"), encoder.encode_images([Path(sys.argv[3])])]
heavy = [name for name in ("torch", "transformers", "sentence_transformers") if name in sys.modules]
print(json.dumps({"heavy": heavy, "vectors": [rows[0].tolist() for rows in vectors]}))
"""


def exports(cache: Path) -> list[Path]:
    return sorted(path for path in (cache / "encoders").glob("onnx-*") if path.is_dir())


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_encoders.clip(tmp_path_factory.mktemp("models") / "clip")


def test_what_is_exported_is_asked_without_torch(clip: Path, tmp_path: Path) -> None:
    picture = tmp_path / "picture.png"
    Image.effect_noise((90, 60), 80).convert("RGB").save(picture)
    settings = Settings(cache_dir=str(tmp_path / "cache"))
    whole = load_vision_encoder(f"{clip}?backend=torch", settings=settings)
    assert isinstance(whole, SentenceTransformerEncoder)
    assert isinstance(load_vision_encoder(str(clip), settings=settings), ExportedEncoder)
    command = [sys.executable, "-c", ASKING, str(clip), str(tmp_path / "cache"), str(picture)]
    run = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ})
    found = json.loads(run.stdout)
    assert found["heavy"] == []
    expected = [whole.encode_texts(["a dog"], role="query")[0], whole.encode_images([picture])[0]]
    assert all(float(np.dot(*pair)) > 0.9999 for pair in zip(found["vectors"], expected, strict=True))


def test_both_forms_have_one_fingerprint(clip: Path, tmp_path: Path) -> None:
    settings = Settings(cache_dir=str(tmp_path))
    exported = load_vision_encoder(str(clip), settings=settings)
    whole = load_vision_encoder(f"{clip}?backend=torch", settings=settings)
    assert exported is not whole
    for name in ("fingerprint", "name", "dimension", "max_text_tokens", "sees"):
        assert getattr(exported, name) == getattr(whole, name)


def test_prompts_and_dimensions_hold_in_an_export(tmp_path: Path) -> None:
    prompts = {"query": "query: ", "document": "document: "}
    folder = tiny_encoders.text(tmp_path / "text", prompts=prompts)
    settings = Settings(cache_dir=str(tmp_path / "cache"))
    texts = ["the bar chart", "a red circle " * 30, ""]
    for more in ("", "&dim=8", "&query_prompt=which%20"):
        exported = load_text_encoder(f"{folder}?batch_size=4{more}", settings=settings)
        whole = load_text_encoder(f"{folder}?backend=torch{more}", settings=settings)
        assert isinstance(exported, ExportedEncoder)
        assert exported.fingerprint == whole.fingerprint
        for role in ("query", "document"):
            pairs = exported.encode_texts(texts, role=role) * whole.encode_texts(texts, role=role)
            assert pairs.sum(1).min() > 0.9999
    assert len(exports(tmp_path / "cache")) == 3


def test_a_damaged_export_is_made_again(clip: Path, tmp_path: Path) -> None:
    settings = Settings(cache_dir=str(tmp_path))
    before = load_vision_encoder(str(clip), settings=settings).encode_texts(["a dog"])
    [made] = exports(tmp_path)
    with (made / "texts.onnx").open("r+b") as file:
        file.truncate(1000)
    assert kept_whole(made) is None
    again = load_vision_encoder(f"{clip}?batch_size=4", settings=settings)
    assert isinstance(again, ExportedEncoder)
    assert kept_whole(made) is not None
    assert np.allclose(again.encode_texts(["a dog"]), before, atol=1e-5)


def test_a_model_that_no_export_follows_stays_on_torch_and_is_not_tried_again(
    clip: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = shutil.copytree(clip, tmp_path / "padded")
    [written] = [path for path in folder.glob("*processor_config.json") if "crop_size" in path.read_text()]
    said = json.loads(written.read_text())
    pictures = said.get("image_processor", said)
    pictures["do_pad"], pictures["pad_size"] = True, {"height": 32, "width": 32}
    written.write_text(json.dumps(said))
    settings = Settings(cache_dir=str(tmp_path / "cache"))
    with caplog.at_level(logging.INFO, "xmrag_plugin"):
        encoder = load_vision_encoder(str(folder), settings=settings)
        assert isinstance(encoder, SentenceTransformerEncoder)
        assert "stays on torch: its pictures are not merely resized" in caplog.text
        [kept] = exports(tmp_path / "cache")
        when = (kept / "identity.json").stat().st_mtime_ns
        again = load_vision_encoder(f"{folder}?batch_size=4", settings=settings)
        assert isinstance(again, SentenceTransformerEncoder)
    assert (kept / "identity.json").stat().st_mtime_ns == when
    assert caplog.text.count("stays on torch") == 1
    identity = json.loads((kept / "identity.json").read_text())
    identity["made_with"][0] = "0"  # another release may know how
    (kept / "identity.json").write_text(json.dumps(identity))
    load_vision_encoder(f"{folder}?batch_size=5", settings=settings)
    assert json.loads((kept / "identity.json").read_text())["made_with"][0] != "0"


@pytest.mark.parametrize("kind", ["CLIPImageProcessor", "SiglipImageProcessor", "ViTImageProcessor"])
@pytest.mark.parametrize("size", [(640, 480), (333, 500), (97, 61), (1200, 300), (31, 45)])
def test_a_recipe_gives_what_the_processor_gives(kind: str, size: tuple[int, int]) -> None:
    transformers = pytest.importorskip("transformers")
    processor = getattr(transformers, kind)()
    recipe = Recipe.of(processor)
    assert recipe is not None
    assert Recipe.from_dict(json.loads(json.dumps(recipe.to_dict()))) == recipe
    noise = np.random.default_rng(1).integers(0, 256, (12, 12, 3), dtype=np.uint8)
    picture = Image.fromarray(noise).resize(size)
    wanted = np.asarray(processor(images=[picture], return_tensors="np")["pixel_values"][0])
    found = recipe.apply(picture).astype(np.float64).transpose(2, 0, 1)
    found = found * np.reshape(recipe.scale, (3, 1, 1)) + np.reshape(recipe.shift, (3, 1, 1))
    assert found.shape == wanted.shape
    assert np.abs(found - wanted).mean() < 0.005
