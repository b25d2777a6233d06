"""Read the sources of one run, several at once, and hand them over in their order."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from ..errors import ReadError
from ..readers import Reader
from ..storage.catalog import SourceRow
from ..storage.knowledge_base import KnowledgeBase
from .near_duplicates import NearDuplicates
from .read import FileReader, Reading
from .scan import Found, fingerprint_file, text_of
from .workers import shared_workers

if TYPE_CHECKING:
    from ..describers.ocr import OcrDescriber

__all__ = ["Source", "SourceReader", "begin", "is_whole", "take_fingerprint"]

_AHEAD = 64  # files that are read before they are asked for

Source = tuple[Found, Reader, SourceRow | None, str]
"""A file, its reader, its row if it is known, and its recipe."""


class SourceReader:
    """Reads the sources of one run.

    Args:
        kb: Where pictures go, and where copies are looked for.
        describer: Reads scanned pages; None leaves them unread.
        options: Further plain fields of :class:`~xmrag_plugin.readers.ReadContext`.
        progress: Told how far a long file is read.
        workers: Files read at once; one a core by default.
        metadata: The user's, for every node, for readers that embed too; None leaves each file those that it has.
    """

    def __init__(
        self,
        kb: KnowledgeBase,
        describer: OcrDescriber | None,
        options: dict[str, Any],
        progress: Callable[[str, int, int], None],
        workers: int | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        self.kb = kb
        self.files = FileReader(kb.settings, kb.media, describer, options, progress)
        self.workers = workers or kb.settings.workers
        self.bound, self.metadata = workers, metadata
        self.changing = set[str]()  # paths of files that are read now: what is stored of them will not stay
        self._read_whole: dict[tuple[str, str], tuple[str, Future[Reading]]] = {}
        self._near_duplicates = NearDuplicates(kb)
        self.dropped_media = False

    def read_all(self, sources: Iterable[Source]) -> Generator[tuple[Reading, bool]]:
        """Read sources, several at once, and yield them in their order.

        Yields:
            The reading, and whether the next one is there already; what went wrong is in its ``failure``.
        """
        ahead: deque[Future[Reading]] = deque()
        waiting = iter(sources)
        pool = ThreadPoolExecutor(self.workers, thread_name_prefix="xmrag-read")
        try:
            while True:
                while len(ahead) < _AHEAD and (source := next(waiting, None)) is not None:
                    ahead.append(self._submit(pool, begin(*source)))
                if not ahead:
                    return
                reading = ahead.popleft().result()
                self.settle(reading)
                yield reading, bool(ahead) and ahead[0].done()
        finally:
            if ahead:  # broken off
                pool.shutdown(wait=False, cancel_futures=True)
                shared_workers.end_of(self.files)
            pool.shutdown()

    def _submit(self, pool: ThreadPoolExecutor, reading: Reading) -> Future[Reading]:
        """Have a source read, or wait for a file with the same bytes that is being read."""
        row = reading.row
        take_fingerprint(reading)
        if reading.failure is not None or self.is_stored(reading):
            return pool.submit(lambda: reading)
        first = self._read_whole.get((row.sha256, row.recipe))
        future = pool.submit(self._read, reading, first)
        self._read_whole.setdefault((row.sha256, row.recipe), (row.path, future))
        return future

    def _read(self, reading: Reading, first: tuple[str, Future[Reading]] | None) -> Reading:
        if first is not None and is_whole(first[1].result()):
            reading.twin = first[0]
        else:
            self.files.read(reading)
        return reading

    def close(self) -> None:
        """Let go of what the run has started."""

    def is_stored(self, reading: Reading) -> bool:
        """Return whether a file with the same bytes is stored, and stays so, whose nodes serve for this one too."""
        row = reading.row
        stored = self.kb.catalog.twin(row.sha256, row.recipe, exclude=reading.found.key)
        if stored is None or stored.path in self.changing:
            return False
        reading.twin = stored.path
        return True

    def settle(self, reading: Reading) -> None:
        """Show a stored picture in the place of one inside a document that looks the same.

        Done in the order of the sources, so that the outcome does not depend on which is read first.
        """
        for element, value in reading.embedded:
            picture = element.picture
            if picture is None:
                continue
            other = self._near_duplicates.stored_like(picture.media_hash, value, reading.hashes)
            if other:
                picture.media_hash = other
                reading.skip("near-duplicate")
                self.dropped_media = True
        reading.embedded.clear()
        self.dropped_media |= reading.failure is not None


def begin(found: Found, reader: Reader, known: SourceRow | None, recipe: str) -> Reading:
    """Return a source that is about to be read."""
    row = known or SourceRow(0, found.key, text_of(found.root), found.source)
    row.root, row.source, row.recipe = text_of(found.root), found.source, recipe
    row.alias_of = None
    row.read_ns = time.time_ns()
    return Reading(row, found, reader, known=known is not None and known.sha256 != "")


def take_fingerprint(reading: Reading) -> None:
    """Note the hash, size and time of the file as it is; that it cannot be read is its ``failure``."""
    row = reading.row
    row.read_ns = time.time_ns()
    try:
        row.sha256, state = fingerprint_file(reading.found.path)
    except ReadError as error:
        reading.failure = error
    else:
        row.size, row.mtime_ns = state.st_size, state.st_mtime_ns


def is_whole(reading: Reading) -> bool:
    """Return whether the nodes of a source serve for each file with the same bytes."""
    return reading.failure is None and not reading.dependencies
