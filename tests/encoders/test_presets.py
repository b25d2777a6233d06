"""Names of models: presets, hub ids, folders; nothing is fetched unasked."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import huggingface_hub.constants
import pytest
import tiny_encoders

from xmrag_plugin.encoders import load_text_encoder, load_vision_encoder
from xmrag_plugin.encoders.presets import PRESETS, list_models, locate, pull, weights_hash
from xmrag_plugin.errors import ModelUnavailable, UnknownModel, UsageError
from xmrag_plugin.settings import Settings


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    return Settings(cache_dir=str(tmp_path / "cache"))


def in_hub_cache(folder: Path, hub_id: str) -> Path:
    """Lay a model folder into the hub's cache as the hub's client does."""
    home = Path(huggingface_hub.constants.HF_HUB_CACHE) / f"models--{hub_id.replace('/', '--')}"
    snapshot = home / "snapshots" / "0123abc"
    shutil.copytree(folder, snapshot)
    (home / "refs").mkdir()
    (home / "refs" / "main").write_text("0123abc")
    return snapshot


def test_a_name_that_is_nearly_right_is_guessed(settings: Settings) -> None:
    with pytest.raises(UnknownModel, match=r"No model is called 'siglp'\. Did you mean 'siglip2'") as caught:
        locate("siglp", settings)
    assert "minilm" in caught.value.hint
    with pytest.raises(UnknownModel, match="Did you mean 'siglip2'"):
        pull("siglp")


@pytest.mark.parametrize("name", ["siglip2", "someone/some-model"])
def test_what_is_not_on_disk_is_not_fetched(settings: Settings, name: str) -> None:
    with pytest.raises(ModelUnavailable, match="nothing is fetched unasked") as caught:
        locate(name, settings)
    assert f"xmrag models pull {name}" in caught.value.hint


def test_fetching_without_a_network_says_so(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(ModelUnavailable, match="cannot be fetched"):
        pull("siglip2")
    with pytest.raises(ModelUnavailable, match="cannot be fetched"):
        locate("siglip2", settings.replace(allow_fetch=True))


def test_a_folder_without_a_model_is_refused(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "readme.txt").write_text("no model")
    with pytest.raises(ModelUnavailable, match="holds no model"):
        locate(str(tmp_path / "notes"), settings)


@pytest.mark.filterwarnings("ignore::xmrag_plugin.encoders.self_test.WeakVisionModelWarning")
def test_a_model_in_the_hubs_cache_loads_by_hub_id_and_by_preset(settings: Settings, tmp_path: Path) -> None:
    made = tiny_encoders.text(tmp_path / "made")
    snapshot = in_hub_cache(made, "BAAI/bge-m3")
    by_id = load_text_encoder("BAAI/bge-m3", settings=settings)
    by_preset = load_text_encoder("bge-m3", settings=settings)
    by_folder = load_text_encoder(str(snapshot), settings=settings)
    assert by_id.fingerprint == by_preset.fingerprint == by_folder.fingerprint
    assert (by_id.name, by_preset.name) == ("BAAI/bge-m3", "bge-m3")
    row = next(row for row in list_models() if row["name"] == "bge-m3")
    assert row["on_disk"]
    assert row["folder"] == str(snapshot)


@pytest.mark.filterwarnings("ignore::xmrag_plugin.encoders.self_test.WeakVisionModelWarning")
def test_a_preset_puts_the_prompts_that_its_model_was_trained_with(
    settings: Settings, tmp_path: Path
) -> None:
    made = tiny_encoders.text(tmp_path / "made")
    snapshot = in_hub_cache(made, "intfloat/multilingual-e5-small")
    preset = load_text_encoder("multilingual-e5-small", settings=settings)
    plain = load_text_encoder(str(made), settings=settings)
    for role, prompt in (("query", "query: "), ("document", "passage: ")):
        with_prompt = preset.encode_texts(["blue whales"], role=role)
        assert with_prompt == pytest.approx(plain.encode_texts([f"{prompt}blue whales"], role=role), abs=1e-5)
    for spec in ("intfloat/multilingual-e5-small", str(snapshot)):
        assert load_text_encoder(spec, settings=settings).fingerprint == preset.fingerprint
    own = load_text_encoder("multilingual-e5-small?query_prompt=ask: ", settings=settings)
    assert own.encode_texts(["a"], role="query") == pytest.approx(
        plain.encode_texts(["ask: a"], role="query"), abs=1e-5
    )


def test_the_list_names_licence_size_and_place(settings: Settings) -> None:
    rows = {row["name"]: row for row in list_models()}
    assert set(rows) == set(PRESETS)
    assert rows["siglip2"]["on_disk"] is False
    assert all(row["licence"] and row["size_mb"] > 0 and "/" in row["hub_id"] for row in rows.values())
    for name in ("clip", "siglip2", "metaclip2", "embeddinggemma2", "qwen3-vl-embedding", "minilm"):
        assert name in rows


def test_the_hash_follows_the_content_not_the_place(settings: Settings, tmp_path: Path) -> None:
    one = tmp_path / "one"
    one.mkdir()
    (one / "config.json").write_text("{}")
    (one / "model.safetensors").write_bytes(b"w" * 2_000_000)
    (one / "README.md").write_text("first")
    before = weights_hash(one, settings)
    shutil.copytree(one, tmp_path / "two")
    (tmp_path / "two" / "README.md").write_text("second")
    assert weights_hash(tmp_path / "two", settings) == before == weights_hash(one, settings)
    (one / "model.safetensors").write_bytes(b"v" * 2_000_001)
    assert weights_hash(one, settings) != before
    (tmp_path / "two" / "config.json").write_text('{"a": 1}')
    assert weights_hash(tmp_path / "two", settings) != before


@pytest.mark.parametrize(
    ("spec", "complaint"),
    [("none", "No encoder"), ("x?dims=3", "no option 'dims'"), ("x?dim=many", "'many'")],
)
def test_a_wrong_spec_is_explained(settings: Settings, spec: str, complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        load_text_encoder(spec, settings=settings)


@pytest.mark.parametrize(
    ("load", "spec"),
    [
        (load_vision_encoder, "minilm"),
        (load_vision_encoder, "bge-m3?dim=64"),
        (load_text_encoder, "qwen3-vl-reranker"),
    ],
)
def test_a_model_for_something_else_is_told_apart(settings: Settings, load: Any, spec: str) -> None:
    with pytest.raises(UsageError, match="is a model"):
        load(spec, settings=settings)
