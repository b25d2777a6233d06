"""Sessions of onnxruntime, and folders of exported models: what both exported encoders stand on."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ...errors import ModelUnavailable
from .accelerated import by_length

__all__ = ["IDENTITY", "batches", "kept_whole", "make_once", "optimise", "sample", "session"]

IDENTITY = "identity.json"

_TOKENS_PER_BATCH = 1024  # what passes between the layers stays in a core's cache: a sixth quicker than 4096
_TEXTS_PER_BATCH = 32


def session(
    graph: Path | bytes, threads: int, *, weights: Path | None = None, convolutional: bool = False
) -> Any:
    """Return an ``InferenceSession`` on the processor, of a graph that is fused already (:func:`optimise`).

    Args:
        graph: The file, or what would stand in it.
        threads: Threads of one run; 0 leaves it to onnxruntime.
        weights: Folder of the files that a graph in memory refers to; they are mapped, not copied.
        convolutional: Whether to lay its values out for this processor's convolutions, which cannot be
            written down and takes some milliseconds here: such a graph runs twice as fast.
    """
    import onnxruntime

    levels = onnxruntime.GraphOptimizationLevel
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = levels.ORT_ENABLE_ALL if convolutional else levels.ORT_DISABLE_ALL
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Waiting threads sleep: spinning takes a third more processor time, from the other encoder for one.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.enable_mem_pattern = False  # batches differ in shape, and a plan for each holds 60 MB for nothing
    options.log_severity_level = 3
    if weights is not None:
        options.add_session_config_entry("session.model_external_initializers_file_folder_path", str(weights))
    model = graph if isinstance(graph, bytes) else str(graph)
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def optimise(plain: Path, target: Path) -> None:
    """Fuse the graph once, so that loading need not (fusions that hold on every processor)."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.optimized_model_filepath = str(target)
    options.log_severity_level = 3
    onnxruntime.InferenceSession(str(plain), options, providers=["CPUExecutionProvider"])
    plain.unlink()


def batches(lengths: Sequence[int]) -> list[list[int]]:
    """Return indices in batches of like length, so that little is padded."""
    return by_length(lengths, total=_TOKENS_PER_BATCH, most=_TEXTS_PER_BATCH)


def sample(path: Path) -> str:
    """Return a hash over a file's size and 64 blocks of it, for telling a cut or scrambled file."""
    size = path.stat().st_size
    digest = hashlib.sha256(str(size).encode())
    with path.open("rb") as file:
        for step in range(64):
            file.seek(max(0, size - 4096) * step // 63)
            digest.update(file.read(4096))
    return digest.hexdigest()


def kept_whole(folder: Path) -> dict[str, Any] | None:
    """Return what a folder says of itself, if its files are what was written: a cheap look, no hash of 90 MB."""
    try:
        found: dict[str, Any] = json.loads((folder / IDENTITY).read_text(encoding="utf-8"))
        whole = all(sample(folder / name) == value for name, value in found["files"].items())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return found if whole else None


def make_once(
    folder: Path,
    make: Callable[[Path], dict[str, Any]],
    *,
    holds: Callable[[dict[str, Any]], bool] = lambda said: True,
) -> dict[str, Any]:
    """Return what :func:`kept_whole` finds, made first where nothing whole is there.

    Args:
        folder: Where it is kept; processes that want it at the same time wait for the first.
        make: Writes files into the folder it is given (made, empty) and returns what is to be said of
            them, to be held as JSON.
        holds: Whether what a whole folder says still holds.

    Raises:
        ModelUnavailable: If nothing may be written there.
    """
    found = kept_whole(folder)
    if found is not None and holds(found):
        return found
    from filelock import FileLock

    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        if not os.access(folder.parent, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        raise ModelUnavailable(
            f"An encoder is written to {folder.parent} once, and cannot be: {error.strerror or error}.",
            hint="Name a folder where you may write: XMRAG_CACHE_DIR, or cache_dir in xmrag.toml.",
        ) from error
    with FileLock(str(folder) + ".lock"):
        found = kept_whole(folder)
        if found is not None and holds(found):
            return found
        with tempfile.TemporaryDirectory(prefix=".export-", dir=folder.parent) as name:
            made = Path(name) / "made"
            made.mkdir()
            found = make(made)
            found["files"] = {path.name: sample(path) for path in sorted(made.iterdir())}
            (made / IDENTITY).write_text(json.dumps(found), encoding="utf-8")
            if folder.exists():
                shutil.rmtree(folder)
            os.replace(made, folder)
    return found
