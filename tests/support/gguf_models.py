"""Write GGUF files: a tiny model of random weights with a tokenizer of bytes, and a projector for its pictures."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["CHATML", "write_gguf", "write_model", "write_projector"]

CHATML = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' }}"
    "{% if message['content'] is string %}{{ message['content'] }}"
    "{% else %}{% for part in message['content'] %}{{ part['text'] }}{% endfor %}{% endif %}"
    "{{ '<|im_end|>\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
_WIDTH, _FED, _HEADS = 64, 96, 4
_SIDE, _PATCH = 32, 8  # pixels of a picture as the projector sees it: 4 by 4 patches
_ALIGNED = 32


def write_gguf(path: Path, metadata: Mapping[str, Any], tensors: Mapping[str, np.ndarray]) -> Path:
    """Write a file of version 3 with these metadata and tensors (float32; in numpy's order of axes)."""
    data, infos = b"", b""
    for name, tensor in tensors.items():
        shape = tensor.shape[::-1]
        infos += _text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, 0, len(data))
        data += _aligned(tensor.astype("<f4").tobytes())
    pairs = b"".join(_text(key) + _value(value) for key, value in metadata.items())
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(metadata)) + pairs + infos
    path.write_bytes(_aligned(head) + data)
    return path


def write_model(path: Path, *, template: str = CHATML, window: int = 512, seed: int = 0) -> Path:
    """Write a Llama of one layer that speaks bytes, with the chat tokens of ChatML."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [
        byte for byte in range(256) if byte not in printable
    ]  # byte-level BPE writes them from U+0100 on
    letters = [*map(chr, printable), *(chr(256 + place) for place in range(len(others)))]
    words = [*letters, "<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    end = len(words) - 1
    metadata: dict[str, Any] = {
        "general.architecture": "llama",
        "general.file_type": 0,
        "llama.context_length": window,
        "llama.embedding_length": _WIDTH,
        "llama.block_count": 1,
        "llama.feed_forward_length": _FED,
        "llama.attention.head_count": _HEADS,
        "llama.attention.layer_norm_rms_epsilon": 1e-5,
        "llama.rope.dimension_count": _WIDTH // _HEADS,
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "smollm",
        "tokenizer.ggml.tokens": words,
        "tokenizer.ggml.token_type": [1] * len(letters) + [3] * 3,
        "tokenizer.ggml.merges": ["t h"],
        "tokenizer.ggml.bos_token_id": end - 1,
        "tokenizer.ggml.eos_token_id": end,
        "tokenizer.ggml.add_bos_token": False,
    }
    if template:
        metadata["tokenizer.chat_template"] = template
    weights = _Weights(seed)
    tensors = {
        "token_embd.weight": weights.matrix(len(words), _WIDTH),
        "output.weight": weights.matrix(len(words), _WIDTH),
        "output_norm.weight": np.ones(_WIDTH),
        "blk.0.attn_norm.weight": np.ones(_WIDTH),
        "blk.0.ffn_norm.weight": np.ones(_WIDTH),
        "blk.0.ffn_gate.weight": weights.matrix(_FED, _WIDTH),
        "blk.0.ffn_up.weight": weights.matrix(_FED, _WIDTH),
        "blk.0.ffn_down.weight": weights.matrix(_WIDTH, _FED),
    }
    for part in ("q", "k", "v", "output"):
        tensors[f"blk.0.attn_{part}.weight"] = weights.matrix(_WIDTH, _WIDTH)
    return write_gguf(path, metadata, tensors)


def write_projector(path: Path, *, width: int = _WIDTH, seed: int = 1) -> Path:
    """Write a picture encoder of LLaVA's kind: patches, one layer that is used, two linear layers to the model's width."""
    metadata = {
        "general.architecture": "clip",
        "general.file_type": 0,
        "clip.has_vision_encoder": True,
        "clip.projector_type": "mlp",
        "clip.use_gelu": True,
        "clip.vision.image_size": _SIDE,
        "clip.vision.patch_size": _PATCH,
        "clip.vision.embedding_length": _WIDTH,
        "clip.vision.feed_forward_length": _FED,
        "clip.vision.projection_dim": width,
        "clip.vision.block_count": 2,
        "clip.vision.attention.head_count": _HEADS,
        "clip.vision.attention.layer_norm_epsilon": 1e-5,
        "clip.vision.image_mean": [0.5, 0.5, 0.5],
        "clip.vision.image_std": [0.5, 0.5, 0.5],
    }
    weights = _Weights(seed)
    tensors = {
        "v.patch_embd.weight": weights.matrix(_WIDTH, 3 * _PATCH**2).reshape(_WIDTH, 3, _PATCH, _PATCH),
        "v.position_embd.weight": weights.matrix((_SIDE // _PATCH) ** 2, _WIDTH),
        "mm.0.weight": weights.matrix(width, _WIDTH),
        "mm.0.bias": np.zeros(width),
        "mm.2.weight": weights.matrix(width, width),
        "mm.2.bias": np.zeros(width),
    }
    for layer in range(2):
        block = f"v.blk.{layer}"
        for part in ("attn_q", "attn_k", "attn_v", "attn_out"):
            tensors[f"{block}.{part}.weight"] = weights.matrix(_WIDTH, _WIDTH)
            tensors[f"{block}.{part}.bias"] = np.zeros(_WIDTH)
        for part in ("ln1", "ln2"):
            tensors[f"{block}.{part}.weight"] = np.ones(_WIDTH)
            tensors[f"{block}.{part}.bias"] = np.zeros(_WIDTH)
        tensors[f"{block}.ffn_up.weight"] = weights.matrix(_FED, _WIDTH)
        tensors[f"{block}.ffn_up.bias"] = np.zeros(_FED)
        tensors[f"{block}.ffn_down.weight"] = weights.matrix(_WIDTH, _FED)
        tensors[f"{block}.ffn_down.bias"] = np.zeros(_WIDTH)
    return write_gguf(path, metadata, tensors)


class _Weights:
    """Random matrices that keep the size of what goes through them."""

    def __init__(self, seed: int) -> None:
        self.drawn = np.random.default_rng(seed)

    def matrix(self, rows: int, columns: int) -> np.ndarray:
        return self.drawn.normal(0.0, columns**-0.5, (rows, columns))


def _text(value: str) -> bytes:
    return struct.pack("<Q", len(value.encode())) + value.encode()


def _aligned(data: bytes) -> bytes:
    return data + bytes(-len(data) % _ALIGNED)


def _value(value: Any) -> bytes:
    """Return a value behind its kind: truths, whole numbers, numbers, texts, and lists of one kind."""
    if isinstance(value, list):
        items = [_value(item) for item in value]
        kind = (
            struct.pack("<I", 5) if isinstance(value[0], int) else items[0][:4]
        )  # llama.cpp wants signed ones there
        return (
            struct.pack("<I", 9) + kind + struct.pack("<Q", len(items)) + b"".join(item[4:] for item in items)
        )
    if isinstance(value, bool):
        return struct.pack("<I?", 7, value)
    if isinstance(value, int):
        return struct.pack("<II", 4, value)
    if isinstance(value, float):
        return struct.pack("<If", 6, value)
    return struct.pack("<I", 8) + _text(value)
