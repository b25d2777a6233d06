"""Read the words off pictures, by RapidOCR (PP-OCR models that come in its wheel; no network).

Reading a picture is the dearest step of ingestion, so three things keep it short: photographs are
first looked at by the text detector at 320 px and passed over when it sees nothing; pictures are
brought to a size at which the detector finds small lettering and no larger; lines are recognised one
by one, each in its own width, which costs half of padded batches and makes the result independent of
what else is read at the same time. A long strip (a screenshot of a whole page, a panorama) is read
piece by piece: brought to that size as a whole, nothing of it could be read.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import PictureError, require
from ..images.chart_values import chart_lines
from ..images.lettering import OcrLine, OcrResult, in_columns, in_rows, level_box, tilt_of, turned_back
from ..settings import Settings
from ..types import BBox

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

    Pixels = NDArray[np.uint8]

__all__ = ["OcrDescriber", "OcrLine", "OcrResult", "ocr_wanted"]

_VERSION = 5  # raise when the same picture would be read differently: stored readings are keyed by it
_LOOK_SIDE = 320
_MIN_SIDE, _EASY_SIDE, _MAX_SIDE = 800, 1280, 2000  # longer side, in pixels, at which it is read
_STRIP, _MAX_PIECES = 4.0, 40  # longer to shorter side from which a picture is a strip; pieces of one
_CUT_WITHIN = 0.25  # of a piece, at its end, in which the emptiest place is cut
_GROWTH, _MAX_GROWTH = 1.3, 4.0  # by which a picture is enlarged to be read
_DETECTOR_SIDE = 1600
_DRAWN_FLATNESS = 0.6  # share of flat pixels from which a picture is taken for a drawing or a page
_MIN_CONFIDENCE, _SURE_CONFIDENCE = 0.5, 0.8
_MAX_DOUBTED = 2  # lines as short as this count only when sure
_TALL = 1.5  # height to width from which a line is taken to be turned
_TURNED_LINES, _TURNED_SHARE = 3, 0.6  # lines that must lie sideways for the whole picture to be turned
_BETTER = 0.1  # confidence that a line must gain on its head for the picture to be turned
_SURE_LOOK, _SURE_BOX = 0.3, 0.5  # least score of a detected line, at the first look and when reading
_FLAT_LEVELS = 2  # of 255 that neighbouring pixels of a flat area may differ
_DOUBTFUL = 0.85  # upright lines of a legible page lie above, lines on their head below


@dataclass(frozen=True, slots=True)
class _Reading:
    """A recognised line, by how many quarter turns anticlockwise it stands upright, and the corners of its slanted box."""

    line: OcrLine
    turns: int
    corners: NDArray[np.float32]


def ocr_wanted(settings: Settings) -> bool:
    """Return whether pictures are to be read, and can be where it was left open."""
    return settings.ocr == "on" or (settings.ocr == "auto" and find_spec("rapidocr") is not None)


class OcrDescriber:
    """Read the lettering of pictures; safe to share between threads.

    Args:
        settings: ``workers`` engines at most work at once; ``max_picture_px`` bounds a picture.
        first_look: Whether photographs that show no lettering at a glance are passed over.

    Attributes:
        name: What read, with its version: results may be kept under it and the media hash.

    Example:
        >>> OcrDescriber(Settings()).read(Path("receipt.jpg")).text  # doctest: +SKIP
        'TOTAL 12.50'

    Raises:
        MissingExtra: If rapidocr is not installed.
    """

    def __init__(self, settings: Settings | None = None, *, first_look: bool = True) -> None:
        self._settings = settings or Settings.load()
        self._first_look = first_look
        self._package = require("rapidocr", "offline", purpose="Reading the lettering of pictures")
        from importlib.metadata import version

        self.name = f"rapidocr-{version('rapidocr')}/{_VERSION}{'' if first_look else '-all'}"
        self._idle: queue.LifoQueue[Any] = queue.LifoQueue()
        self._made = 0
        self._making = threading.Lock()

    def read(self, picture: bytes | Path | Image) -> OcrResult:
        """Return the words of one picture; empty when it has none.

        Raises:
            PictureError: If it cannot be decoded.
        """
        image, scale = self._open(picture)
        if min(image.size) < 2:
            return OcrResult()
        lines: list[list[OcrLine]] = []
        with self._engine() as engine:
            for left, top, piece in _pieces(_to_array(image)):
                if self._first_look and not _shows_lettering(engine, piece):
                    continue
                pixels, grown = _at_reading_size(piece)
                for row in _read_upright(engine, pixels):
                    lines.append([])
                    for line in row:
                        box = _placed(line.bbox, scale, grown, left, top)
                        lines[-1].append(OcrLine(line.text, box, round(line.confidence, 4)))
        if image.width > _STRIP * image.height:  # its rows run through all pieces
            every = [line for row in lines for line in row]
            lines = in_rows(every, [line.bbox for line in every])
        every = [line for row in lines for line in row]
        rows = [" ".join(line.text for line in row) for row in lines]
        charted = chart_lines([(line.text, line.bbox) for line in every])
        return OcrResult(text="\n".join((*rows, *charted)), lines=every)

    def read_many(self, pictures: Iterable[bytes | Path | Image]) -> Iterator[OcrResult | PictureError]:
        """Yield the words of many pictures, in the order given, with all workers busy.

        Pictures are taken from the iterable a few ahead of the reading. One that cannot be decoded
        gives its error in its place; the others are read all the same.
        """

        def attempt(picture: bytes | Path | Image) -> OcrResult | PictureError:
            try:
                return self.read(picture)
            except PictureError as error:
                return error

        workers = self._settings.workers
        ahead: deque[Future[OcrResult | PictureError]] = deque()
        pool = ThreadPoolExecutor(workers, thread_name_prefix="xmrag-ocr")
        try:
            for picture in pictures:
                ahead.append(pool.submit(attempt, picture))
                if len(ahead) > 4 * workers:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def _open(self, picture: bytes | Path | Image) -> tuple[Image, float]:
        """Return the decoded picture, and pixels as shown per pixel of it."""
        from ..images.decode import open_picture, probe, show_on_paper

        if isinstance(picture, (bytes, Path)):
            width, height, _ = probe(picture)
            side = _side_to_read(width, height)
            image = open_picture(picture, self._settings.max_picture_px, side=side)
            return image, width / image.width
        from PIL import ImageOps

        upright = ImageOps.exif_transpose(picture)
        image = show_on_paper(upright)
        side = _side_to_read(*image.size)
        image.thumbnail((side, side))
        return image, upright.width / image.width

    @contextmanager
    def _engine(self) -> Iterator[Any]:
        """Lend an engine for a while; one is made when all are busy and there may be more."""
        try:
            engine = self._idle.get_nowait()
        except queue.Empty:
            with self._making:
                make = self._made < self._settings.workers
                self._made += make
            try:
                engine = _make_engine(self._package) if make else self._idle.get()
            except BaseException:
                with self._making:
                    self._made -= make
                raise
        try:
            yield engine
        finally:
            self._idle.put(engine)


def _make_engine(package: Any) -> Any:
    engine = package.RapidOCR(
        params={
            "Global.log_level": "critical",
            "Global.use_preprocess_img": False,
            "EngineConfig.onnxruntime.intra_op_num_threads": 1,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
            "EngineConfig.onnxruntime.enable_cpu_mem_arena": False,
            "Det.limit_type": "max",
            "Det.limit_side_len": _DETECTOR_SIDE,
            "Rec.rec_batch_num": 1,
            "Rec.rec_img_shape": [3, 48, 48],
        }
    )
    logging.getLogger("RapidOCR").setLevel(logging.CRITICAL)
    return engine


def _shows_lettering(engine: Any, pixels: Pixels) -> bool:
    """Return whether OCR is worth its time; drawings and pages always pass, for small lettering."""
    import cv2
    import numpy as np

    height, width = pixels.shape[:2]
    shrink = _LOOK_SIDE / max(height, width)
    size = (max(32, round(width * shrink)), max(32, round(height * shrink)))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA if shrink < 1 else cv2.INTER_CUBIC)
    grey = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY).astype(np.int16)
    flat = float(np.mean(np.abs(np.diff(grey, axis=1)) <= _FLAT_LEVELS))
    return flat >= _DRAWN_FLATNESS or bool(_boxes(engine, small, least=_SURE_LOOK))


def _side_to_read(width: int, height: int) -> int:
    """Return the longer side at which a picture is read: of a strip, so many pixels that its shorter one can be read."""
    short, long = sorted((max(1, width), max(1, height)))
    if long <= _STRIP * short:
        return _MAX_SIDE
    return max(_MAX_SIDE, round(min(_MAX_PIECES * _MAX_SIDE, long * min(1.0, _EASY_SIDE / short))))


def _pieces(pixels: Pixels) -> Iterator[tuple[int, int, Pixels]]:
    """Yield the pieces of a strip, cut where it is emptiest, each with its left and top; any other picture whole."""
    import numpy as np

    axis = int(pixels.shape[1] > pixels.shape[0])
    length, at = pixels.shape[axis], 0
    if length <= _STRIP * pixels.shape[1 - axis]:
        yield 0, 0, pixels
        return
    while length - at > _MAX_SIDE:
        first = at + round((1 - _CUT_WITHIN) * _MAX_SIDE)
        cut = first + _emptiest(
            np.take(pixels, range(first, at + _MAX_SIDE), axis=axis).std(axis=(1 - axis, 2))
        )
        yield (at, 0, pixels[:, at:cut]) if axis else (0, at, pixels[at:cut])
        at = cut
    yield (at, 0, pixels[:, at:]) if axis else (0, at, pixels[at:])


def _emptiest(spread: NDArray[np.float64]) -> int:
    """Return the middle of the widest space in which levels spread least."""
    widest, start = (0, 0), 0
    for place, quiet in enumerate([*(spread <= spread.min() + _FLAT_LEVELS), False]):
        if not quiet:
            widest, start = max(widest, (place - start, start)), place + 1
    return widest[1] + widest[0] // 2


def _at_reading_size(pixels: Pixels) -> tuple[Pixels, float]:
    """Return small pictures enlarged, so that their lettering is found; and by how much."""
    import cv2
    import numpy as np

    side = max(pixels.shape[:2])
    factor = min(_MAX_GROWTH, min(_EASY_SIDE, max(_MIN_SIDE, _GROWTH * side)) / side)
    if factor <= 1:
        return pixels, 1.0
    larger = cv2.resize(pixels, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
    return np.asarray(larger, dtype=np.uint8), factor


def _read_upright(engine: Any, pixels: Pixels) -> list[list[OcrLine]]:
    """Return the rows of lines in reading order; a picture that lies or stands on its head is turned first."""
    import numpy as np

    readings = _readings(engine, pixels)
    turns = _turns_of(engine, pixels, readings)
    if turns:
        readings = _readings(engine, np.ascontiguousarray(np.rot90(pixels, turns)))
    credible = [reading for reading in readings if _is_credible(reading.line)]
    level = [
        OcrLine(r.line.text, box, r.line.confidence)
        for r, box in zip(credible, _levelled(credible), strict=True)
    ]
    lines = {id(one): reading.line for one, reading in zip(level, credible, strict=True)}
    rows = [
        [lines[id(one)] for one in row]
        for column in in_columns(level)
        for row in in_rows(column, [one.bbox for one in column])
    ]
    if not turns:
        return rows
    height, width = pixels.shape[:2]
    return [
        [OcrLine(line.text, turned_back(line.bbox, turns, width, height), line.confidence) for line in row]
        for row in rows
    ]


def _levelled(readings: Sequence[_Reading]) -> list[BBox]:
    """Return the boxes of lines as they are when the paper lies straight: a photographed receipt seldom does."""
    tilt = tilt_of([reading.corners.tolist() for reading in readings if not reading.turns])
    return [level_box(reading.corners.tolist(), tilt) if tilt else reading.line.bbox for reading in readings]


def _readings(engine: Any, pixels: Pixels) -> list[_Reading]:
    import numpy as np

    readings = []
    for box in _boxes(engine, pixels):
        crop = _crop(pixels, box)
        if crop.shape[0] >= _TALL * crop.shape[1]:
            # A tall box is a turned line, as on the side of a chart, or a column of characters.
            candidates = [(turns, *_recognise(engine, np.rot90(crop, turns))) for turns in (3, 1)]
            turns, text, confidence = max(candidates, key=lambda candidate: candidate[2])
        else:
            turns, (text, confidence) = 0, _recognise(engine, crop)
        corners = (box[:, 0].min(), box[:, 1].min(), box[:, 0].max(), box[:, 1].max())
        x0, y0, x1, y1 = (float(corner) for corner in corners)
        if text:
            readings.append(_Reading(OcrLine(text, (x0, y0, x1, y1), confidence), turns, box))
    return readings


def _turns_of(engine: Any, pixels: Pixels, readings: Sequence[_Reading]) -> int:
    """Return the quarter turns anticlockwise that bring a whole page upright; 0 for nearly all pictures."""
    if len(readings) < _TURNED_LINES:
        return 0
    sideways = [reading.turns for reading in readings if reading.turns and len(reading.line.text) > 3]
    if len(sideways) >= max(_TURNED_LINES, _TURNED_SHARE * len(readings)):
        return max((1, 3), key=sideways.count)
    doubtful = sorted(reading.line.confidence for reading in readings)[len(readings) // 2] < _DOUBTFUL
    if not doubtful:
        return 0
    import numpy as np

    better = []
    longest = sorted(readings, key=lambda reading: -len(reading.line.text))[:5]
    for reading in longest:
        x0, y0, x1, y1 = (int(edge) for edge in reading.line.bbox)
        crop = np.ascontiguousarray(pixels[y0 : y1 + 1, x0 : x1 + 1][::-1, ::-1])
        better.append(_recognise(engine, crop)[1] > reading.line.confidence + _BETTER)
    return 2 if sum(better) > len(better) / 2 else 0


def _boxes(engine: Any, pixels: Pixels, *, least: float = _SURE_BOX) -> list[NDArray[np.float32]]:
    """Return the corners of the lines that the detector is at least so sure of: clockwise from the top left."""
    import numpy as np

    found = engine(pixels, use_det=True, use_cls=False, use_rec=False, box_thresh=least)
    boxes = getattr(found, "boxes", None)
    return [] if boxes is None else [np.asarray(box, dtype=np.float32) for box in boxes]


def _crop(pixels: Pixels, box: NDArray[np.float32]) -> Pixels:
    """Return the line within a slanted box, straightened."""
    import cv2
    import numpy as np

    def apart(one: int, other: int) -> float:
        return float(np.linalg.norm(box[one] - box[other]))

    width = int(max(apart(0, 1), apart(2, 3), 1))
    height = int(max(apart(0, 3), apart(1, 2), 1))
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float32)
    straight = cv2.warpPerspective(
        pixels,
        cv2.getPerspectiveTransform(box, corners),
        (width, height),
        borderMode=cv2.BORDER_REPLICATE,
        flags=cv2.INTER_CUBIC,
    )
    return np.asarray(straight, dtype=np.uint8)


def _recognise(engine: Any, crop: Pixels) -> tuple[str, float]:
    """Return the words of one upright line, and how sure they are."""
    import numpy as np

    found = engine(np.ascontiguousarray(crop), use_det=False, use_cls=False, use_rec=True)
    if not found.txts:
        return "", 0.0
    return str(found.txts[0]).strip(), float(found.scores[0])


def _is_credible(line: OcrLine) -> bool:
    """Return whether a line is lettering rather than a texture mistaken for a character."""
    characters = sum(character.isalnum() for character in line.text)
    if not characters:
        return False
    return line.confidence >= (_SURE_CONFIDENCE if characters <= _MAX_DOUBTED else _MIN_CONFIDENCE)


def _to_array(image: Image) -> Pixels:
    import numpy as np

    return np.ascontiguousarray(np.asarray(image.convert("RGB"))[:, :, ::-1])


def _placed(bbox: BBox, scale: float, grown: float, left: int, top: int) -> BBox:
    """Return a box of an enlarged piece in pixels of the picture as shown."""
    x0, y0, x1, y1 = (
        round((edge / grown + place) * scale, 1)
        for edge, place in zip(bbox, (left, top, left, top), strict=True)
    )
    return (x0, y0, x1, y1)
