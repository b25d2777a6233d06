"""Models of sentence-transformers from a folder: quietly, on the right device, in the right precision."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

from ...errors import ModelUnavailable, UsageError, require

__all__ = ["ModelKind", "load_model", "pick_device", "pick_dtype"]

ModelKind = Literal["SentenceTransformer", "CrossEncoder"]

_DTYPES = ("float32", "bfloat16", "float16")
_FLOAT16_OVERFLOWS = ("gemma", "embedding_gemma", "embeddinggemma", "t5", "mt5", "umt5")


def load_model(
    kind: ModelKind,
    folder: Path,
    *,
    name: str,
    device: str = "auto",
    dtype: str = "auto",
    backend: str = "torch",
    float16_forbidden: bool = False,
    **more: Any,
) -> Any:
    """Load a model from a folder; nothing is fetched, and no code of the folder is run.

    Args:
        kind: The class of sentence-transformers.
        folder: The model's folder.
        name: What to call it in errors.
        device: ``auto``, ``cpu``, ``cuda``, ``mps`` or a torch device.
        dtype: ``auto``, ``float32``, ``bfloat16`` or ``float16``.
        backend: ``torch``, ``onnx`` or ``openvino``.
        float16_forbidden: Whether it is known to overflow in FP16.
        more: Further arguments of the class.

    Raises:
        ModelUnavailable: If it does not load.
        UsageError: If FP16 was asked of a model that overflows in it.
    """
    package = require("sentence_transformers", "models", purpose=f"The model {name}")
    from transformers.utils import logging as transformers_logging

    device = pick_device(device)
    if backend == "torch":
        chosen = pick_dtype(folder, device, dtype, float16_forbidden=float16_forbidden)
        more["model_kwargs"] = {"dtype": chosen, **more.get("model_kwargs", {})}
    verbosity = transformers_logging.get_verbosity()
    transformers_logging.disable_progress_bar()
    transformers_logging.set_verbosity_error()
    try:
        model = getattr(package, kind)(
            str(folder),
            device=device,
            local_files_only=True,
            trust_remote_code=False,
            backend=backend,
            **more,
        )
    except ImportError as error:
        first = str(error).strip().splitlines()[0]
        raise ModelUnavailable(
            f"{name} needs a package that is not installed: {first}",
            hint="Pictures in some models need torchvision: pip install 'xmrag-plugin[torchvision]'; "
            "other backends: pip install 'sentence-transformers[onnx]' or [openvino].",
        ) from error
    except Exception as error:
        raise ModelUnavailable(
            f"{name} does not load from {folder}: {type(error).__name__}: {error}",
            hint="Give a folder that sentence-transformers can load without code of its own.",
        ) from error
    finally:
        transformers_logging.enable_progress_bar()
        transformers_logging.set_verbosity(verbosity)
    return model.eval()


def pick_device(wanted: str) -> str:
    """Return ``auto`` as what this machine has, best first; anything else as it is."""
    if wanted != "auto":
        return wanted
    import torch

    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def pick_dtype(folder: Path, device: str, wanted: str = "auto", *, float16_forbidden: bool = False) -> str:
    """Return float32 for a processor, BF16 for an accelerator that computes in it, else what is stored.

    FP16 is never returned where it overflows. BF16 rounds vectors; ``dtype=float32`` keeps them as on a processor.

    Raises:
        UsageError: If the type is unknown, or FP16 was asked of a model that overflows in it.
    """
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        config = {}
    forbidden = float16_forbidden or str(config.get("model_type", "")).startswith(_FLOAT16_OVERFLOWS)
    if wanted != "auto":
        if wanted not in _DTYPES:
            raise UsageError(f"The dtype {wanted!r} is unknown.", hint=f"Known: {', '.join(_DTYPES)}.")
        if wanted == "float16" and forbidden:
            raise UsageError("This model overflows in float16.", hint="Use bfloat16 or float32.")
        return wanted
    if device.startswith("cpu"):
        return "float32"
    if device.startswith("cuda") and _computes_bfloat16():
        return "bfloat16"
    stored = str(config.get("dtype") or config.get("torch_dtype") or "float32")
    if stored == "float16" and forbidden:
        return "bfloat16"
    return stored if stored in _DTYPES else "float32"


def _computes_bfloat16() -> bool:
    import torch

    return bool(torch.cuda.is_available() and torch.cuda.is_bf16_supported(including_emulation=False))
