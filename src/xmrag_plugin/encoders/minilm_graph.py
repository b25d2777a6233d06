"""MiniLM's arithmetic as an ONNX graph, written from its weights alone: neither torch, transformers nor onnx takes part.

BERT (Devlin et al., NAACL 2019) with mean pooling and normalisation at its end. Attention, layer norms with their
residuals, and GELU with its bias are onnxruntime's own fused operators, which its optimiser would make of them anyway.
A graph is a protocol buffer of few kinds of messages (``onnx.proto``), whose fields are named by the numbers below.
"""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["read_safetensors", "write_graph"]

_FUSED = "com.microsoft"
_KINDS = {"F32": np.float32, "F16": np.float16, "I64": np.int64, "I32": np.int32}
_FLOAT, _INT32, _INT64 = 1, 6, 7
"""Types of values, as ONNX numbers them."""


def read_safetensors(path: Path) -> dict[str, NDArray[Any]]:
    """Return the arrays of a safetensors file by name, mapped into memory.

    The file begins with the length of a JSON header, which says of each array its type, shape and place.
    """
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header: dict[str, Any] = json.loads(file.read(length))
    data = np.memmap(path, np.uint8, "r", offset=8 + length)
    header.pop("__metadata__", None)
    arrays = {}
    for name, said in header.items():
        start, end = said["data_offsets"]
        arrays[name] = np.frombuffer(data[start:end], _KINDS[said["dtype"]]).reshape(said["shape"])
    return arrays


def write_graph(weights: Path, target: Path) -> None:
    """Write the graph of a folder's BERT: ``input_ids`` and ``attention_mask`` to unit ``vectors``.

    Args:
        weights: Folder with ``model.safetensors`` and ``config.json``.
        target: The ONNX file.
    """
    config = json.loads((weights / "config.json").read_text(encoding="utf-8"))
    graph = _Graph(read_safetensors(weights / "model.safetensors"), float(config["layer_norm_eps"]))
    states = graph.embedded()
    for layer in range(config["num_hidden_layers"]):
        states = graph.layer(states, f"encoder.layer.{layer}.", config["num_attention_heads"])
    graph.pooled(states)
    graph.save(target)


def _number(value: int) -> bytes:
    """Return a number in groups of seven bits, the lowest first."""
    value &= (1 << 64) - 1
    groups = [value & 127]
    while value := value >> 7:
        groups.append(value & 127)
    return bytes([*(group | 128 for group in groups[:-1]), groups[-1]])


def _message(*fields: tuple[int, int | float | str | bytes]) -> bytes:
    """Return a message of a protocol buffer: each field with its number, in the form of its value."""
    parts = []
    for field, value in fields:
        if isinstance(value, float):
            parts += [_number(field << 3 | 5), struct.pack("<f", value)]
        elif isinstance(value, int):
            parts += [_number(field << 3), _number(value)]
        else:
            data = value.encode() if isinstance(value, str) else value
            parts += [_number(field << 3 | 2), _number(len(data)), data]
    return b"".join(parts)


def _option(name: str, value: float) -> bytes:
    """Return an attribute of a node: a number, or a whole number."""
    whole = isinstance(value, int)
    return _message((1, name), (3 if whole else 2, value), (20, 2 if whole else 1))


def _tensor(name: str, array: NDArray[Any]) -> bytes:
    kind = {np.dtype(np.float32): _FLOAT, np.dtype(np.int64): _INT64}[array.dtype]
    shape = [(1, length) for length in array.shape]
    return _message(*shape, (2, kind), (8, name), (9, array.astype(array.dtype.newbyteorder("<")).tobytes()))


def _value(name: str, kind: int, *shape: str) -> bytes:
    """Return what comes in or out: a matrix whose sides are named, since they differ from run to run."""
    sides = _message(*((1, _message((2, side))) for side in shape))
    return _message((1, name), (2, _message((1, _message((1, kind), (2, sides))))))


class _Graph:
    """A graph that is being written; values are known by name."""

    def __init__(self, arrays: dict[str, NDArray[Any]], epsilon: float) -> None:
        self.arrays, self.epsilon = arrays, epsilon
        self.nodes: dict[str, bytes] = {}  # by what comes out of them
        self.kept: dict[str, NDArray[Any]] = {}

    def add(self, kind: str, inputs: list[str], output: str = "", domain: str = "", **options: float) -> str:
        output = output or f"v{len(self.nodes)}"
        self.nodes[output] = _message(
            *((1, name) for name in inputs),
            (2, output),
            (4, kind),
            *((5, _option(*option)) for option in options.items()),
            (7, domain),
        )
        return output

    def keep(self, name: str, array: NDArray[Any]) -> str:
        self.kept[name] = np.ascontiguousarray(array)
        return name

    def weight(self, name: str) -> str:
        return self.keep(name, self.arrays[name].astype(np.float32))

    def embedded(self) -> str:
        """Add words, places and the one token type, normalised."""
        zero, one = self.keep("zero", np.array([0])), self.keep("one", np.array([1]))
        width = self.add("Slice", [self.add("Shape", ["input_ids"]), one, self.keep("two", np.array([2]))])
        places = self.add("Slice", [self.weight("embeddings.position_embeddings.weight"), zero, width, zero])
        words = self.add("Gather", [self.weight("embeddings.word_embeddings.weight"), "input_ids"])
        kind = self.keep("kind", self.arrays["embeddings.token_type_embeddings.weight"][0].astype(np.float32))
        total = self.add("Add", [words, self.add("Add", [places, kind])])
        norm = [self.weight(f"embeddings.LayerNorm.{part}") for part in ("weight", "bias")]
        return self.add("LayerNormalization", [total, *norm], axis=-1, epsilon=self.epsilon)

    def layer(self, states: str, name: str, heads: int) -> str:
        """Add a layer: attention and the two dense layers, each with its residual and norm."""
        own = [f"{name}attention.self.{part}" for part in ("query", "key", "value")]
        together = np.concatenate([self.arrays[f"{part}.weight"].T for part in own], axis=1)
        biases = np.concatenate([self.arrays[f"{part}.bias"] for part in own])
        mixed = self.add(
            "Attention",
            [
                states,
                self.keep(f"{name}qkv.weight", together.astype(np.float32)),
                self.keep(f"{name}qkv.bias", biases.astype(np.float32)),
                self.mask(),
            ],
            domain=_FUSED,
            num_heads=heads,
        )
        states = self.residual(
            self.times(mixed, f"{name}attention.output.dense"), states, f"{name}attention.output."
        )
        inner = self.times(states, f"{name}intermediate.dense")
        bent = self.add("BiasGelu", [inner, self.weight(f"{name}intermediate.dense.bias")], domain=_FUSED)
        return self.residual(self.times(bent, f"{name}output.dense"), states, f"{name}output.")

    def mask(self) -> str:
        return "mask" if "mask" in self.nodes else self.add("Cast", ["attention_mask"], "mask", to=_INT32)

    def times(self, states: str, name: str) -> str:
        held = self.keep(f"{name}.weight", self.arrays[f"{name}.weight"].T.astype(np.float32))
        return self.add("MatMul", [states, held])

    def residual(self, states: str, before: str, name: str) -> str:
        norm = [self.weight(f"{name}LayerNorm.{part}") for part in ("weight", "bias")]
        inputs = [states, before, *norm, self.weight(f"{name}dense.bias")]
        return self.add("SkipLayerNormalization", inputs, domain=_FUSED, epsilon=self.epsilon)

    def pooled(self, states: str) -> None:
        """Add the mean over the tokens that the mask names, as a unit vector."""
        last, tokens = self.keep("last", np.array([2])), self.keep("tokens", np.array([1]))
        counted = self.add("Cast", ["attention_mask"], to=_FLOAT)
        weights = self.add("Unsqueeze", [counted, last])
        total = self.add("ReduceSum", [self.add("Mul", [states, weights]), tokens], keepdims=0)
        count = self.add(
            "Max",
            [
                self.add("ReduceSum", [weights, tokens], keepdims=0),
                self.keep("few", np.array([1e-9], dtype=np.float32)),
            ],
        )
        self.add("LpNormalization", [self.add("Div", [total, count])], "vectors", axis=1, p=2)

    def save(self, target: Path) -> None:
        graph = _message(
            *((1, node) for node in self.nodes.values()),
            (2, "minilm"),
            *((5, _tensor(name, array)) for name, array in self.kept.items()),
            *((11, _value(name, _INT64, "texts", "tokens")) for name in ("input_ids", "attention_mask")),
            (12, _value("vectors", _FLOAT, "texts", "width")),
        )
        opsets = [(8, _message((1, domain), (2, version))) for domain, version in (("", 17), (_FUSED, 1))]
        target.write_bytes(_message((1, 8), (7, graph), *opsets))
