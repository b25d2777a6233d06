"""Load a checkpoint into memory, once for all that ask for the same one, and check that its numbers are finite."""

from __future__ import annotations

import logging
import threading
import weakref
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from ...errors import GeneratorOutOfMemory, MissingExtra, ModelUnsound
from .checkpoint import Checkpoint
from .processors import load_processor

if TYPE_CHECKING:
    from .placement import Placement

__all__ = ["LoadedModel", "is_out_of_memory", "load_model"]

_log = logging.getLogger(__name__)
_DEFAULT_WINDOW = 2048


@dataclass(eq=False)
class LoadedModel:
    """A model in memory.

    Attributes:
        checkpoint: What was loaded.
        placement: Where it runs.
        model: The transformers model.
        processor: Its processor; the tokenizer for a text-only model.
        tokenizer: Its tokenizer.
        context_window: Tokens that prompt and answer share, by the model's own configuration.
        turn: Held by the one caller whose prompt is being run.
    """

    checkpoint: Checkpoint
    placement: Placement
    model: Any
    processor: Any
    tokenizer: Any
    context_window: int
    turn: threading.Lock = field(default_factory=threading.Lock)


_loaded: weakref.WeakValueDictionary[tuple[str, str, str], LoadedModel] = weakref.WeakValueDictionary()
_loading = threading.Lock()


def load_model(checkpoint: Checkpoint, placement: Placement) -> LoadedModel:
    """Load a checkpoint, or hand out the one that is already loaded so.

    Raises:
        GeneratorOutOfMemory: If the device has no room after all.
        ModelUnsound: If weights are missing, do not fit the architecture, or give no finite numbers.
        MissingExtra: If a package is missing.
    """
    key = (str(checkpoint.folder.resolve()), placement.device, placement.dtype)
    with _loading:
        loaded = _loaded.get(key)
        if loaded is None:
            _log.info("loading %s: %s", checkpoint.name, placement.why)
            loaded = _load(checkpoint, placement)
            _loaded[key] = loaded
        return loaded


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an error of torch, of the allocator or of Python says that there is no room."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    words = str(error).lower()
    return isinstance(error, RuntimeError) and (
        "out of memory" in words or "can't allocate memory" in words or "not enough memory" in words
    )


def _load(checkpoint: Checkpoint, placement: Placement) -> LoadedModel:
    try:
        return _load_parts(checkpoint, placement)
    except MissingExtra:
        raise
    except ImportError as error:
        raise _import_failure(checkpoint, error) from error
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise ModelUnsound(
                f"{checkpoint.name} cannot be loaded: {str(error).splitlines()[0]}",
                hint="Its weights do not fit its configuration; fetch it again.",
            ) from error
        raise GeneratorOutOfMemory(
            f"{placement.device} has no room for {checkpoint.name} in {placement.dtype}.",
            hint="Choose a smaller model, or free some memory.",
        ) from error


def _import_failure(checkpoint: Checkpoint, error: ImportError) -> MissingExtra:
    """Translate an import error of transformers: a package is missing, or does not fit."""
    root: BaseException = error
    while root.__cause__ is not None:
        root = root.__cause__
    told = str(root).strip().splitlines()[0] if str(root).strip() else type(root).__name__
    if "torchvision" in told and not isinstance(root, ImportError):
        return MissingExtra(
            f"{checkpoint.name} cannot be loaded: the installed torchvision does not fit the installed "
            f"torch ({told}).",
            hint="Install the torchvision that belongs to it, or do without: pip uninstall torchvision",
        )
    return MissingExtra(
        f"{checkpoint.name} needs a package that is not installed: {told}",
        hint="Install it with: pip install 'xmrag-plugin[local]', or what the message names.",
    )


def _load_parts(checkpoint: Checkpoint, placement: Placement) -> LoadedModel:
    from transformers import AutoTokenizer

    if checkpoint.kind == "text":
        tokenizer = AutoTokenizer.from_pretrained(checkpoint.folder, local_files_only=True)
        processor = tokenizer
    else:
        processor = load_processor(checkpoint.folder, checkpoint.model_type)
        tokenizer = getattr(processor, "tokenizer", processor)
    model = _weights(checkpoint, placement)
    _check_finite(model, tokenizer, checkpoint)
    return LoadedModel(
        checkpoint=checkpoint,
        placement=placement,
        model=model,
        processor=processor,
        tokenizer=tokenizer,
        context_window=_window(model, tokenizer, checkpoint),
    )


def _weights(checkpoint: Checkpoint, placement: Placement) -> Any:
    """Load the model with its weights, in evaluation mode on its device."""
    import torch
    import transformers

    kind = (
        transformers.AutoModelForCausalLM
        if checkpoint.kind == "text"
        else transformers.AutoModelForImageTextToText
    )
    dtype: Any = "auto" if placement.dtype == "quantized" else getattr(torch, placement.dtype)
    direct = placement.dtype == "quantized" or (placement.device != "cpu" and _has_accelerate())
    where = {"device_map": placement.device} if direct else {}
    try:
        model, report = kind.from_pretrained(
            checkpoint.folder, dtype=dtype, local_files_only=True, output_loading_info=True, **where
        )
    except (OSError, ValueError, KeyError) as error:
        raise ModelUnsound(
            f"{checkpoint.name} cannot be loaded: {str(error).splitlines()[0]}",
            hint="It may need a newer transformers, or code of its own, which is never run here.",
        ) from error
    missing = sorted(report.get("missing_keys") or [])
    if missing or report.get("mismatched_keys"):
        what = missing[0] if missing else str(next(iter(report["mismatched_keys"])))
        raise ModelUnsound(
            f"{checkpoint.name} loads only in part: {len(missing) or 'some'} weights are not in the files "
            f"or have another shape (first: {what}).",
            hint="Half of it would be random. Fetch it again, or change the release of transformers.",
        )
    return (model if where else model.to(placement.device)).eval()


def _has_accelerate() -> bool:
    """Return whether weights can go to an accelerator without a stop in main memory."""
    return find_spec("accelerate") is not None


def _check_finite(model: Any, tokenizer: Any, checkpoint: Checkpoint) -> None:
    """Refuse a model whose weights are damaged or whose numbers overflow.

    The weights are looked at as well as one short forward pass, since fused attention can turn
    damaged rows into zeros.
    """
    import torch

    for name, value in model.named_parameters():
        if value.is_floating_point() and value.dtype.itemsize > 1 and bool(torch.isnan(value.detach()).any()):
            raise ModelUnsound(
                f"{checkpoint.name} holds weights that are not finite ({name}).", hint="Fetch it again."
            )
    if checkpoint.kind == "caption":
        return
    tokens = tokenizer("The picture shows", return_tensors="pt")["input_ids"].to(model.device)
    with torch.inference_mode():
        logits = model(input_ids=tokens).logits
    if not bool(torch.isfinite(logits).all()):
        raise ModelUnsound(
            f"{checkpoint.name} gives numbers that are not finite in {model.dtype} on {model.device}.",
            hint="Give dtype='float32' or 'bfloat16'.",
        )


def _window(model: Any, tokenizer: Any, checkpoint: Checkpoint) -> int:
    """Return the smaller of what the configuration and the tokenizer allow."""
    config = model.config
    text = config.get_text_config() if hasattr(config, "get_text_config") else config
    allowed = [
        value
        for value in (
            getattr(text, "max_position_embeddings", None),
            getattr(text, "n_positions", None),
            checkpoint.context_window,
            getattr(tokenizer, "model_max_length", None),
        )
        if isinstance(value, int) and 0 < value < 2**31
    ]
    return min(allowed, default=_DEFAULT_WINDOW)
