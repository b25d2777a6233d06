"""What a model folder holds, read from its JSON and weight headers alone (no torch, no transformers)."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ...errors import ModelUnavailable, UnknownModel
from .gguf_file import read_gguf, ways_to_run

__all__ = ["Checkpoint", "Kind", "checkpoints_on_disk", "read_checkpoint"]

Kind = Literal["vision", "text", "caption"]

_CAPTIONERS = frozenset({"florence2", "blip", "blip-2", "git", "vision-encoder-decoder"})
_GENERATING = ("ForConditionalGeneration", "ForCausalLM", "LMHeadModel", "ForVision2Seq", "Text2Text")
_NOT_GENERATORS = ("embed", "rerank", "guard", "reward")
_BYTES = {
    "F64": 8,
    "F32": 4,
    "F16": 2,
    "BF16": 2,
    "F8_E4M3": 1,
    "F8_E5M2": 1,
    "I64": 8,
    "I32": 4,
    "I16": 2,
    "I8": 1,
    "U8": 1,
    "BOOL": 1,
}
_DTYPES = {"F32": "float32", "F16": "float16", "BF16": "bfloat16", "F64": "float32"}


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A model on disk that writes text.

    Attributes:
        name: What to call it: a hub id or the folder's name.
        folder: Where its files lie.
        model_type: As ``config.json`` says.
        kind: ``vision`` chats about pictures, ``text`` chats, ``caption`` describes one picture.
        parameters: Number of weights.
        stored_bytes: Size of its weights on disk.
        stored_dtype: ``float32``, ``float16``, ``bfloat16`` or, quantised, ``quantized``.
        context_window: Tokens that prompt and answer share; None when the file leaves it to defaults.
        cache_bytes_per_token: Size of one token in a 16-bit key-value cache.
        has_chat_template: Whether it says how a conversation is written.
    """

    name: str
    folder: Path
    model_type: str
    kind: Kind
    parameters: int
    stored_bytes: int
    stored_dtype: str
    context_window: int | None
    cache_bytes_per_token: int
    has_chat_template: bool

    @property
    def takes_pictures(self) -> bool:
        """Whether it takes pictures."""
        return self.kind != "text"


def read_checkpoint(folder: Path, name: str = "") -> Checkpoint:
    """Describe the model in a folder.

    Raises:
        ModelUnavailable: If there is no model, or some of its weight files are missing.
        UnknownModel: If it is a model that does not write text.
    """
    config = _json(folder / "config.json")
    if config is None:
        if files := sorted(path for path in folder.glob("*.gguf") if "mmproj" not in path.name.lower()):
            raise ModelUnavailable(
                f"The folder {folder} holds GGUF, which transformers does not run: "
                f"{', '.join(read_gguf(path).described for path in files[:3])}.",
                hint=ways_to_run(files[0]),
            )
        raise ModelUnavailable(
            f"The folder {folder} holds no model: config.json is missing or unreadable.",
            hint="Give the folder that holds config.json and *.safetensors.",
        )
    model_type = str(config.get("model_type", ""))
    files = _weight_files(folder)
    parameters, stored_bytes, dtype = _weights(files, config)
    text = _text_config(config)
    return Checkpoint(
        name=name or folder.resolve().name,
        folder=folder,
        model_type=model_type,
        kind=_kind(config, folder),
        parameters=parameters,
        stored_bytes=stored_bytes,
        stored_dtype="quantized" if "quantization_config" in config else dtype,
        context_window=_first_int(text, "max_position_embeddings", "n_positions", "max_sequence_length"),
        cache_bytes_per_token=_cache_bytes(text),
        has_chat_template=_has_chat_template(folder),
    )


def checkpoints_on_disk() -> list[Checkpoint]:
    """Return the generators in the hub's cache whose weights are complete, larger ones first.

    Embedding, reranking and guard models, which share architectures with generators, are left out.
    """
    from huggingface_hub.constants import HF_HUB_CACHE

    found = []
    for repository in sorted(Path(HF_HUB_CACHE).glob("models--*")):
        name = repository.name.removeprefix("models--").replace("--", "/", 1)
        if any(word in name.lower() for word in _NOT_GENERATORS):
            continue
        snapshot = _snapshot(repository)
        if snapshot is None or (snapshot / "modules.json").exists():
            continue
        try:
            found.append(read_checkpoint(snapshot, name))
        except (ModelUnavailable, UnknownModel):
            continue
    return sorted(found, key=lambda checkpoint: -checkpoint.parameters)


def _snapshot(repository: Path) -> Path | None:
    """Return the snapshot that ``main`` points at, or else the newest."""
    snapshots = repository / "snapshots"
    try:
        commit = (repository / "refs" / "main").read_text(encoding="utf-8").strip()
    except OSError:
        commit = ""
    if commit and (snapshots / commit / "config.json").exists():
        return snapshots / commit
    complete = [folder for folder in snapshots.glob("*") if (folder / "config.json").exists()]
    return max(complete, key=lambda folder: folder.stat().st_mtime, default=None)


def _kind(config: dict[str, Any], folder: Path) -> Kind:
    model_type = str(config.get("model_type", ""))
    architectures = [str(name) for name in config.get("architectures") or []]
    if model_type in _CAPTIONERS:
        return "caption"
    generating = any(name.endswith(_GENERATING) for name in architectures)
    if generating and ("vision_config" in config or "visual" in config):
        return "vision"
    if generating and any(name.endswith(("ForCausalLM", "LMHeadModel")) for name in architectures):
        return "text"
    what = ", ".join(architectures) or model_type or "of an unknown kind"
    raise UnknownModel(
        f"The model in {folder} ({what}) does not write text from pictures or text.",
        hint="Name a vision-language model, a causal language model or a captioner.",
    )


def _weight_files(folder: Path) -> list[Path]:
    """Return the files that hold the weights, once each.

    Raises:
        ModelUnavailable: If there are none, or an index names files that are not there.
    """
    for stem, suffix in (("model", ".safetensors"), ("pytorch_model", ".bin")):
        index = _json(folder / f"{stem}{suffix}.index.json")
        if index is not None:
            names = sorted(set(dict(index.get("weight_map", {})).values()))
            missing = [name for name in names if not (folder / name).is_file()]
            if missing:
                raise ModelUnavailable(
                    f"The model in {folder} is incomplete: {len(missing)} of {len(names)} weight files "
                    f"are missing ({missing[0]}).",
                    hint="Fetch it again.",
                )
            return [folder / name for name in names]
        if (folder / f"{stem}{suffix}").is_file():
            return [folder / f"{stem}{suffix}"]
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        raise ModelUnavailable(
            f"The folder {folder} holds no weights (*.safetensors).", hint="Fetch the model first."
        )
    return files


def _weights(files: list[Path], config: dict[str, Any]) -> tuple[int, int, str]:
    """Return ``(number of weights, bytes, dtype)`` from the headers of safetensors files."""
    counts: dict[str, int] = {}
    stored = 0
    for file in files:
        stored += file.stat().st_size
        for dtype, count in _tensors(file):
            counts[dtype] = counts.get(dtype, 0) + count
    floating = {dtype: count for dtype, count in counts.items() if dtype in _DTYPES}
    if counts:
        main = max(floating or counts, key=lambda dtype: counts[dtype])
        return sum(counts.values()), stored, _DTYPES.get(main, "float32")
    named = str(config.get("dtype") or config.get("torch_dtype") or "float32").removeprefix("torch.")
    width = 4 if named == "float32" else 2
    return stored // width, stored, named


def _tensors(file: Path) -> Iterator[tuple[str, int]]:
    if file.suffix != ".safetensors":
        return
    try:
        with file.open("rb") as stream:
            (length,) = struct.unpack("<Q", stream.read(8))
            header = json.loads(stream.read(length)) if length < 100_000_000 else {}
    except (OSError, ValueError, struct.error) as error:
        raise ModelUnavailable(
            f"The weights {file} cannot be read: {error}.", hint="The file is damaged; fetch it again."
        ) from error
    for name, tensor in header.items():
        if name != "__metadata__":
            count = 1
            for extent in tensor["shape"]:
                count *= extent
            yield tensor["dtype"], count


def _text_config(config: dict[str, Any]) -> dict[str, Any]:
    for key in ("text_config", "llm_config", "language_config", "decoder"):
        section = config.get(key)
        if isinstance(section, dict):
            return {**config, **section}
    return config


def _cache_bytes(text: dict[str, Any]) -> int:
    layers = _first_int(text, "num_hidden_layers", "decoder_layers", "n_layer") or 24
    heads = _first_int(text, "num_attention_heads", "decoder_attention_heads", "n_head") or 16
    hidden = _first_int(text, "hidden_size", "d_model", "n_embd") or 1024
    key_heads = _first_int(text, "num_key_value_heads") or heads
    width = _first_int(text, "head_dim") or hidden // max(heads, 1)
    return 2 * 2 * layers * key_heads * width


def _has_chat_template(folder: Path) -> bool:
    if (folder / "chat_template.jinja").is_file() or (folder / "chat_template.json").is_file():
        return True
    for file in ("tokenizer_config.json", "processor_config.json"):
        if (_json(folder / file) or {}).get("chat_template"):
            return True
    return False


def _first_int(section: dict[str, Any], *names: str) -> int | None:
    for name in names:
        value = section.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and value > 0:
            return value
    return None


def _json(path: Path) -> dict[str, Any] | None:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) else None
