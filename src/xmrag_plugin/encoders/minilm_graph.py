"""MiniLM's arithmetic as an ONNX graph, written from its weights alone: neither torch nor transformers takes part.

BERT (Devlin et al., NAACL 2019) with mean pooling and normalisation at its end. Attention, layer norms with their
residuals, and GELU with its bias are onnxruntime's own fused operators, which its optimiser would make of them anyway.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import require

__all__ = ["read_safetensors", "write_graph"]

_FUSED = "com.microsoft"
_KINDS = {"F32": np.float32, "F16": np.float16, "I64": np.int64, "I32": np.int32}


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

    Raises:
        MissingExtra: If the package ``onnx`` is missing.
    """
    onnx = require("onnx", "light", purpose="Exporting the default text encoder")
    config = json.loads((weights / "config.json").read_text(encoding="utf-8"))
    graph = _Graph(onnx, read_safetensors(weights / "model.safetensors"), float(config["layer_norm_eps"]))
    states = graph.embedded()
    for layer in range(config["num_hidden_layers"]):
        states = graph.layer(states, f"encoder.layer.{layer}.", config["num_attention_heads"])
    graph.pooled(states)
    graph.save(target)


class _Graph:
    """A graph that is being written; values are known by name."""

    def __init__(self, onnx: Any, arrays: dict[str, NDArray[Any]], epsilon: float) -> None:
        self.onnx, self.arrays, self.epsilon = onnx, arrays, epsilon
        self.nodes: list[Any] = []
        self.kept: dict[str, NDArray[Any]] = {}

    def add(self, kind: str, inputs: list[str], output: str = "", domain: str = "", **options: Any) -> str:
        output = output or f"v{len(self.nodes)}"
        self.nodes.append(self.onnx.helper.make_node(kind, inputs, [output], domain=domain, **options))
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
        if "mask" not in {output for node in self.nodes for output in node.output}:
            self.add("Cast", ["attention_mask"], "mask", to=self.onnx.TensorProto.INT32)
        return "mask"

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
        counted = self.add("Cast", ["attention_mask"], to=self.onnx.TensorProto.FLOAT)
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
        helper, kinds = self.onnx.helper, self.onnx.TensorProto
        shape = ["texts", "tokens"]
        graph = helper.make_graph(
            self.nodes,
            "minilm",
            [
                helper.make_tensor_value_info(name, kinds.INT64, shape)
                for name in ("input_ids", "attention_mask")
            ],
            [helper.make_tensor_value_info("vectors", kinds.FLOAT, ["texts", None])],
            [self.onnx.numpy_helper.from_array(array, name) for name, array in self.kept.items()],
        )
        opsets = [helper.make_opsetid("", 17), helper.make_opsetid(_FUSED, 1)]
        self.onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), str(target))
