"""Model folders described by their JSON and weight headers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import tiny_models

from xmrag_plugin.errors import ModelUnavailable, UnknownModel
from xmrag_plugin.generators.local.checkpoint import read_checkpoint
from xmrag_plugin.generators.local.placement import needed_bytes


@pytest.mark.parametrize(
    ("name", "kind"),
    [("qwen3_vl", "vision"), ("florence2", "caption"), ("blip", "caption"), ("llama", "text")],
)
def test_a_checkpoint_is_described_without_loading_it(tmp_path: Path, name: str, kind: str) -> None:
    import safetensors

    folder = tiny_models.build(name, tmp_path / name)
    found = read_checkpoint(folder)
    assert (found.name, found.kind, found.stored_dtype) == (name, kind, "float32")
    with safetensors.safe_open(folder / "model.safetensors", "pt") as file:
        counted = sum(file.get_tensor(key).numel() for key in file.keys())  # noqa: SIM118
    assert found.parameters == counted
    assert found.stored_bytes == (folder / "model.safetensors").stat().st_size
    assert found.takes_pictures is (kind != "text")
    assert found.has_chat_template is (kind != "caption")
    if kind != "caption":
        assert found.context_window == 2048
    assert needed_bytes(found, "float32") > needed_bytes(found, "bfloat16") > found.parameters * 2


def test_a_cache_of_keys_and_values_is_counted(tmp_path: Path) -> None:
    found = read_checkpoint(tiny_models.build("llama", tmp_path / "llama"))
    layers, key_heads, width, both, half = 2, 2, 32 // 4, 2, 2
    assert found.cache_bytes_per_token == layers * key_heads * width * both * half


@pytest.mark.parametrize(
    ("config", "error"),
    [
        ({"model_type": "bert", "architectures": ["BertModel"]}, UnknownModel),
        ({"model_type": "clip", "architectures": ["CLIPModel"], "vision_config": {}}, UnknownModel),
        ({"model_type": "whisper", "architectures": ["WhisperForConditionalGeneration"]}, UnknownModel),
    ],
)
def test_models_that_do_not_write_are_refused(tmp_path: Path, config: dict[str, object], error: type) -> None:
    folder = tiny_models.build("llama", tmp_path / "other")
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(error):
        read_checkpoint(folder)


def test_damaged_weights_are_said(tmp_path: Path) -> None:
    folder = tiny_models.build("llama", tmp_path / "damaged")
    (folder / "model.safetensors").write_bytes(b"\x10\0\0\0\0\0\0\0not json at all!")
    with pytest.raises(ModelUnavailable, match="cannot be read"):
        read_checkpoint(folder)


def test_a_quantised_checkpoint_takes_what_it_takes_on_disk(tmp_path: Path) -> None:
    folder = tiny_models.build("llama", tmp_path / "quantised")
    config = json.loads((folder / "config.json").read_text())
    config["quantization_config"] = {"quant_method": "awq", "bits": 4}
    (folder / "config.json").write_text(json.dumps(config))
    found = read_checkpoint(folder)
    assert found.stored_dtype == "quantized"
    assert needed_bytes(found, "quantized") >= found.stored_bytes
