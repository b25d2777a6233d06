"""Running a model on an accelerator without letting it wait: batches by length, made ready ahead, pinned.

A processor's work (tokenising, decoding, scaling) is done in threads while the accelerator computes, what it makes is
laid into pinned memory, and the vectors are fetched once, at the end: until then nothing waits for the accelerator.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Prepared", "by_length", "run_ahead"]

_AHEAD = 2  # batches that are ready or being made, beside one for each thread

Prepared = tuple[Sequence[int], dict[str, Any]]


def by_length(lengths: Sequence[int], *, total: int, most: int) -> list[list[int]]:
    """Return places in batches of like length, the longest first: the first batch takes the most memory.

    Args:
        lengths: Length of each input, in any unit.
        total: The longest length times the inputs of a batch is at most this.
        most: Inputs of a batch.
    """
    found: list[list[int]] = []
    for place in sorted(range(len(lengths)), key=lengths.__getitem__, reverse=True):
        last = found[-1] if found else None
        if last is not None and len(last) < most and (len(last) + 1) * lengths[last[0]] <= total:
            last.append(place)
        else:
            found.append([place])
    return found


def run_ahead(
    model: Any,
    batches: Sequence[Sequence[int]],
    prepare: Callable[[Sequence[int]], Prepared | None],
    *,
    workers: int,
    task: str,
    dimension: int = 0,
) -> tuple[list[int], NDArray[np.float32]]:
    """Return the places that were encoded and their vectors, ``(len(places), dimension)``, not normalised.

    Args:
        model: A ``SentenceTransformer``.
        batches: Places of the inputs of each batch.
        prepare: Returns those places of a batch that can be encoded, and their features, tensors in main memory; None
            where there are none. Called in a thread.
        workers: Threads; 1 where ``prepare`` cannot run beside itself.
        task: ``query`` or ``document``, for models that treat them apart.
        dimension: What the vectors are cut to; 0 for all.

    Raises:
        torch.OutOfMemoryError: If one input alone does not fit into the accelerator's memory.
    """
    import numpy as np
    import torch

    device, pinned = model.device, model.device.type == "cuda"

    def ready(places: Sequence[int]) -> Prepared | None:
        prepared = prepare(places)
        return (prepared[0], _laid_out(prepared[1], model.dtype, pinned)) if prepared else None

    done: list[int] = []
    made: list[Any] = []
    waiting: deque[Future[Prepared | None]] = deque()
    coming = iter(batches)
    with ThreadPoolExecutor(workers, thread_name_prefix="xmrag-prepare") as pool, torch.inference_mode():
        try:
            while True:
                while len(waiting) < _AHEAD + workers and (places := next(coming, None)) is not None:
                    waiting.append(pool.submit(ready, places))
                if not waiting:
                    break
                if (prepared := waiting.popleft().result()) is not None:
                    made += _run(model, prepared[1], device, task, dimension)
                    done += prepared[0]
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
        if not made:
            return [], np.empty((0, dimension), dtype=np.float32)
        return done, torch.cat(made).float().cpu().numpy()


def _laid_out(features: dict[str, Any], dtype: Any, pinned: bool) -> dict[str, Any]:
    """Return features in the model's precision, and in memory that an accelerator reads by itself."""
    import torch

    found = {}
    for name, value in features.items():
        if isinstance(value, torch.Tensor):
            if value.is_floating_point():
                value = value.to(dtype)
            value = value.pin_memory() if pinned else value
        found[name] = value
    return found


def _run(model: Any, features: dict[str, Any], device: Any, task: str, dimension: int) -> list[Any]:
    """Return the vectors of a batch, on the device; a batch that does not fit is run in halves."""
    import torch

    rows = {name: value for name, value in features.items() if isinstance(value, torch.Tensor)}
    try:
        moved = {name: value.to(device, non_blocking=True) for name, value in rows.items()}
        vectors = model({**features, **moved}, task=task)["sentence_embedding"]
        return [vectors[:, :dimension] if dimension else vectors]
    except torch.OutOfMemoryError:
        count = _rows(rows)
        if count < 2:
            raise
    torch.cuda.empty_cache()
    halves = ({**features, **{n: v[part] for n, v in rows.items()}} for part in _halves(count))
    return [vectors for half in halves for vectors in _run(model, half, device, task, dimension)]


def _rows(rows: dict[str, Any]) -> int:
    """Return how many inputs a batch has, 0 where its tensors are not a row an input and cannot be parted."""
    counts = {int(value.shape[0]) if value.ndim else 0 for value in rows.values()}
    return counts.pop() if len(counts) == 1 else 0


def _halves(count: int) -> tuple[slice, slice]:
    return slice(0, count // 2), slice(count // 2, count)
