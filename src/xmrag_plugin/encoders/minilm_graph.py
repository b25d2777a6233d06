"""MiniLM's arithmetic as an ONNX graph, written from its weights alone: neither torch, transformers nor onnx takes part.

BERT (Devlin et al., NAACL 2019) with mean pooling and normalisation at its end. Attention, layer norms with their
residuals, and GELU with its bias are onnxruntime's own fused operators, which its optimiser would make of them anyway.
A graph is a protocol buffer of few kinds of messages (``onnx.proto``), whose fields are named by the numbers below.
Its weights stay in the file they came in, which onnxruntime maps into memory: no copy of them is written.
"""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["make_graph"]

_FUSED = "com.microsoft"
_KINDS = {"F32": np.float32, "F16": np.float16, "I64": np.int64, "I32": np.int32}
_FLOAT, _INT32, _INT64 = 1, 6, 7
"""Types of values, as ONNX numbers them."""

_EXTERNAL = 1
"""Where a tensor's values are, as ONNX numbers it: in a file of their own."""


def _placed(path: Path) -> dict[str, tuple[NDArray[Any], int]]:
    """Return the arrays of a safetensors file, mapped into memory, each with the byte of the file where it begins.

    The file begins with the length of a JSON header, which says of each array its type, shape and place.
    """
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header: dict[str, Any] = json.loads(file.read(length))
    data = np.memmap(path, np.uint8, "r", offset=8 + length)
    header.pop("__metadata__", None)
    found = {}
    for name, said in header.items():
        start, end = said["data_offsets"]
        array = np.frombuffer(data[start:end], _KINDS[said["dtype"]]).reshape(said["shape"])
        found[name] = (array, 8 + length + start)
    return found


def make_graph(weights: Path, *, whole: bool = False) -> bytes:
    """Return the graph of a folder's BERT: ``input_ids`` and ``attention_mask`` to unit ``vectors``.

    Args:
        weights: Folder with ``model.safetensors``, of 32 bits, and ``config.json``.
        whole: Whether the weights stand in the graph, turned to what a plain ``MatMul`` takes, which is what
            onnxruntime quantises; else it refers to those in the file, by the name the file really has.
    """
    config = json.loads((weights / "config.json").read_text(encoding="utf-8"))
    file = (weights / "model.safetensors").resolve()  # the hub's cache has links
    graph = _Graph(_placed(file), float(config["layer_norm_eps"]), "" if whole else file.name)
    states = graph.embedded()
    for layer in range(config["num_hidden_layers"]):
        states = graph.layer(states, f"encoder.layer.{layer}.", config["num_attention_heads"])
    graph.pooled(states)
    return graph.written()


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


def _tensor_in(file: str, start: int, name: str, array: NDArray[Any]) -> bytes:
    """Return a tensor whose values are in a file, from a byte on."""
    shape = [(1, length) for length in array.shape]
    said = (("location", file), ("offset", str(start)), ("length", str(array.nbytes)))
    where = [(13, _message((1, key), (2, value))) for key, value in said]
    return _message(*shape, (2, _FLOAT), (8, name), *where, (14, _EXTERNAL))


def _value(name: str, kind: int, *shape: str) -> bytes:
    """Return what comes in or out: a matrix whose sides are named, since they differ from run to run."""
    sides = _message(*((1, _message((2, side))) for side in shape))
    return _message((1, name), (2, _message((1, _message((1, kind), (2, sides))))))


class _Graph:
    """A graph that is being written; values are known by name."""

    def __init__(self, placed: dict[str, tuple[NDArray[Any], int]], epsilon: float, file: str) -> None:
        self.placed, self.epsilon, self.file = placed, epsilon, file
        self.nodes: dict[str, bytes] = {}  # by what comes out of them
        self.kept: dict[str, bytes] = {}

    def array(self, name: str) -> NDArray[Any]:
        return self.placed[name][0]

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
        self.kept[name] = _tensor(name, array)
        return name

    def weight(self, name: str) -> str:
        array, start = self.placed[name]
        self.kept[name] = _tensor_in(self.file, start, name, array) if self.file else _tensor(name, array)
        return name

    def embedded(self) -> str:
        """Add words, places and the one token type, normalised."""
        zero, one = self.keep("zero", np.array([0])), self.keep("one", np.array([1]))
        width = self.add("Slice", [self.add("Shape", ["input_ids"]), one, self.keep("two", np.array([2]))])
        places = self.add("Slice", [self.weight("embeddings.position_embeddings.weight"), zero, width, zero])
        words = self.add("Gather", [self.weight("embeddings.word_embeddings.weight"), "input_ids"])
        kind = self.keep("kind", self.array("embeddings.token_type_embeddings.weight")[0])
        total = self.add("Add", [words, self.add("Add", [places, kind])])
        norm = [self.weight(f"embeddings.LayerNorm.{part}") for part in ("weight", "bias")]
        return self.add("LayerNormalization", [total, *norm], axis=-1, epsilon=self.epsilon)

    def layer(self, states: str, name: str, heads: int) -> str:
        """Add a layer: attention and the two dense layers, each with its residual and norm."""
        own = [f"{name}attention.self.{part}" for part in ("query", "key", "value")]
        together = np.concatenate([self.array(f"{part}.weight").T for part in own], axis=1)
        biases = np.concatenate([self.array(f"{part}.bias") for part in own])
        mixed = self.add(
            "Attention",
            [
                states,
                self.keep(f"{name}qkv.weight", together),
                self.keep(f"{name}qkv.bias", biases),
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
        """Multiply by a dense layer's weights, which lie in the file with a row for each output."""
        if not self.file:
            return self.add("MatMul", [states, self.keep(f"{name}.weight", self.array(f"{name}.weight").T)])
        return self.add("FusedMatMul", [states, self.weight(f"{name}.weight")], domain=_FUSED, transB=1)

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

    def written(self) -> bytes:
        graph = _message(
            *((1, node) for node in self.nodes.values()),
            (2, "minilm"),
            *((5, tensor) for tensor in self.kept.values()),
            *((11, _value(name, _INT64, "texts", "tokens")) for name in ("input_ids", "attention_mask")),
            (12, _value("vectors", _FLOAT, "texts", "width")),
        )
        opsets = [(8, _message((1, domain), (2, version))) for domain, version in (("", 17), (_FUSED, 1))]
        return _message((1, 8), (7, graph), *opsets)
