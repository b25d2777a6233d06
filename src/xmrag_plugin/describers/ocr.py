"""Words read off pictures, by RapidOCR (PP-OCR models that come in its wheel; no network)."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import PictureError, require
from ..schema import BBox
from ..settings import Settings

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["OcrDescriber", "OcrLine", "OcrResult", "looks_lettered"]

_MIN_CONFIDENCE = 0.5
_MAX_SIDE = 2000


@dataclass(frozen=True, slots=True)
class OcrLine:
    """One line of lettering.

    Attributes:
        text: Its words.
        bbox: Its upright box in pixels of the picture as shown.
        confidence: Between 0 and 1.
    """

    text: str
    bbox: BBox
    confidence: float


@dataclass(frozen=True, slots=True)
class OcrResult:
    """What a picture says.

    Attributes:
        text: The lines in reading order, those of one row joined by spaces.
        lines: The lines in reading order.
    """

    text: str = ""
    lines: list[OcrLine] = field(default_factory=list)


class OcrDescriber:
    """Reads the lettering of pictures. Safe to share between threads.

    Args:
        settings: ``workers`` engines at most work at once; ``max_picture_px`` bounds a picture.
        first_look: Whether pictures that show no lettering at a glance are passed over.

    Example:
        >>> OcrDescriber(Settings()).read(Path("receipt.jpg")).text  # doctest: +SKIP
        'TOTAL 12.50'

    Raises:
        MissingExtra: If rapidocr is not installed.
    """

    def __init__(self, settings: Settings | None = None, *, first_look: bool = True) -> None:
        self._settings = settings or Settings.load()
        self._first_look = first_look
        package = require("rapidocr", "offline", purpose="Reading the lettering of pictures")
        from importlib.metadata import version

        self.name = f"rapidocr-{version('rapidocr')}/1"
        self._package = package
        self._engines: queue.LifoQueue[Any] = queue.LifoQueue()
        self._made = 0
        self._making = threading.Lock()

    def read(self, picture: bytes | Path | Image) -> OcrResult:
        """The words of one picture; empty when it has none.

        Raises:
            PictureError: If it cannot be decoded.
        """
        import numpy as np

        image = self._open(picture)
        if self._first_look and not looks_lettered(image):
            return OcrResult()
        pixels = np.asarray(image)[:, :, ::-1]
        with self._engine() as engine:
            found = engine(np.ascontiguousarray(pixels))
        return _in_order(found)

    def read_many(self, pictures: Iterable[bytes | Path]) -> Iterator[OcrResult | PictureError]:
        """The words of many pictures, in the order given; all cores are kept busy.

        A picture that cannot be decoded gives its error in its place.
        """
        from collections import deque
        from concurrent.futures import Future, ThreadPoolExecutor

        def attempt(picture: bytes | Path) -> OcrResult | PictureError:
            try:
                return self.read(picture)
            except PictureError as error:
                return error

        workers = self._settings.workers
        with ThreadPoolExecutor(workers, thread_name_prefix="xmrag-ocr") as pool:
            ahead: deque[Future[OcrResult | PictureError]] = deque()
            for picture in pictures:
                ahead.append(pool.submit(attempt, picture))
                if len(ahead) > 2 * workers:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()

    def _open(self, picture: bytes | Path | Image) -> Image:
        from ..pictures import open_picture, show_on_paper

        if isinstance(picture, (bytes, Path)):
            return open_picture(picture, self._settings.max_picture_px)
        from PIL import ImageOps

        return show_on_paper(ImageOps.exif_transpose(picture))

    @contextmanager
    def _engine(self) -> Iterator[Any]:
        """An engine of one's own for a while; made when all are busy and the limit is not reached."""
        try:
            engine = self._engines.get_nowait()
        except queue.Empty:
            with self._making:
                make = self._made < self._settings.workers
                self._made += make
            engine = self._make() if make else self._engines.get()
        try:
            yield engine
        finally:
            self._engines.put(engine)

    def _make(self) -> Any:
        engine = self._package.RapidOCR(
            params={
                "Global.log_level": "critical",
                "Global.text_score": _MIN_CONFIDENCE,
                "Global.max_side_len": _MAX_SIDE,
                "EngineConfig.onnxruntime.intra_op_num_threads": 1,
                "EngineConfig.onnxruntime.inter_op_num_threads": 1,
            }
        )
        logging.getLogger("RapidOCR").setLevel(logging.CRITICAL)
        return engine


def looks_lettered(image: Image) -> bool:
    """Whether a picture may hold lettering: a cheap first look."""
    return min(image.size) >= 8


def _in_order(found: Any) -> OcrResult:
    """RapidOCR's output as lines top to bottom, and left to right within a row."""
    if found.boxes is None or found.txts is None:
        return OcrResult()
    lines = [
        OcrLine(
            text=str(text).strip(),
            bbox=(
                float(box[:, 0].min()),
                float(box[:, 1].min()),
                float(box[:, 0].max()),
                float(box[:, 1].max()),
            ),
            confidence=float(score),
        )
        for box, text, score in zip(found.boxes, found.txts, found.scores, strict=True)
        if str(text).strip() and score >= _MIN_CONFIDENCE
    ]
    rows = _rows(lines)
    return OcrResult(
        text="\n".join(" ".join(line.text for line in row) for row in rows),
        lines=[line for row in rows for line in row],
    )


def _rows(lines: Sequence[OcrLine]) -> list[list[OcrLine]]:
    """Lines that stand side by side, as rows from top to bottom."""
    rows: list[list[OcrLine]] = []
    for line in sorted(lines, key=lambda line: (line.bbox[1] + line.bbox[3], line.bbox[0])):
        middle = (line.bbox[1] + line.bbox[3]) / 2
        row = rows[-1] if rows else None
        if row is not None and row[-1].bbox[1] <= middle <= row[-1].bbox[3]:
            row.append(line)
        else:
            rows.append([line])
    return [sorted(row, key=lambda line: line.bbox[0]) for row in rows]
