"""Pictures made ready in threads, ahead of the model that sees them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from ...errors import PictureError

__all__ = ["decoded_ahead"]

Picture = TypeVar("Picture")


def decoded_ahead(
    images: Sequence[Picture],
    decode: Callable[[Picture], Any],
    *,
    batch: int,
    workers: int,
    on_error: Callable[[int, PictureError], None] | None = None,
) -> Iterator[tuple[list[int], list[Any]]]:
    """Return batches of (places, decoded pictures); the next batch is decoded while one is used.

    Args:
        images: What is decoded.
        decode: Makes one ready.
        batch: Pictures in a batch.
        workers: Threads.
        on_error: Told the place and the error of each that cannot be decoded; the others go on.

    Raises:
        PictureError: If one cannot be decoded and ``on_error`` is not given.
    """
    with ThreadPoolExecutor(workers, thread_name_prefix="xmrag-decode") as pool:
        ahead: list[Future[Any]] = [pool.submit(decode, image) for image in images[: 2 * batch]]
        for start in range(0, len(images), batch):
            places, pictures = [], []
            for place in range(start, min(start + batch, len(images))):
                try:
                    pictures.append(ahead.pop(0).result())
                except PictureError as error:
                    if on_error is None:
                        pool.shutdown(wait=False, cancel_futures=True)
                        raise
                    on_error(place, error)
                    continue
                places.append(place)
            following = start + 2 * batch
            ahead += [pool.submit(decode, image) for image in images[following : following + batch]]
            if pictures:
                yield places, pictures
