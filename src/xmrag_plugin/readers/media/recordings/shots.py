"""A video's shots, cut by content, with one key picture each; one frame is held at a time."""

from __future__ import annotations

import io
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ....errors import require
from .contents import open_recording

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Thumb = NDArray[np.uint8]

__all__ = ["Shot", "find_shots"]

_THUMB = (64, 36)
_ANALYSED_FPS = 10.0
_CUT_LEAST = 0.14  # distance that is a cut in still pictures (a new slide)
_CUT_RATIO = 3.0  # times the distances around it, where things move
_NEIGHBOURS = 2  # frames to each side that a distance is compared with
_DRIFT = 0.5  # distance from the shot's beginning that makes another shot: pans, dissolves
_DRIFT_LASTS_S = 1.0
_PIXEL_CHANGED = 20  # of 255, in the thumbnail
_SAME_SHARE = 0.004  # of the thumbnail's pixels: below this two pictures are the same
_SHARPNESS_EVERY_S = 0.5
_SETTLED_S = 0.3  # key pictures are not taken right after a cut
_LONG_VIDEO_S = 600.0
_KEYFRAMES_APART_S = 4.0
_BLANK_SPREAD = 4.0


@dataclass(slots=True)
class Shot:
    """From one cut to the next.

    Attributes:
        start_s: Its beginning, in seconds from the start of the file.
        end_s: Its end.
        picture: Its key picture, a JPEG, upright and with square pixels.
        at_s: When the key picture is seen.
    """

    start_s: float
    end_s: float
    picture: bytes
    at_s: float


@dataclass(slots=True)
class _Open:
    """A shot that goes on."""

    start_s: float
    first: NDArray[Any]
    drifting_since: float | None = None
    key: Any = None
    key_thumb: NDArray[Any] | None = None
    key_s: float = 0.0
    sharpness: float = -1.0
    looked_s: float = -10.0


def find_shots(
    path: Path,
    *,
    longest_px: int = 1280,
    least_s: float = 1.0,
    skip: Callable[[str], None] | None = None,
    reached: Callable[[float], None] | None = None,
) -> Iterator[Shot]:
    """Cut a video where its content changes.

    Frames are compared as thumbnails, by colour histogram and by the share of blocks that changed. A cut
    is a distance that stands out of those around it (as in PySceneDetect's adaptive detector); a slow change (dissolve, pan) is one when the picture has become another than at the
    shot's beginning. Each shot's sharpest frame is its key picture. A key picture that was there before
    is not yielded again: the shot before goes on when it is its own, else it is counted as ``duplicate``.

    Long videos whose key frames lie close are read by these alone, others with the frames on which no
    other depends left out.

    Args:
        path: The video.
        longest_px: Longer side of a key picture, at most.
        least_s: Shorter shots are joined to the one before.
        skip: Told ``duplicate`` or ``blank`` for each key picture that is left out.
        reached: Told the second that is looked at, as it goes on; a shot may last an hour.

    Raises:
        MissingExtra: If PyAV is not installed.
        SourceDamaged: If the file cannot be opened.
    """
    finder = _Finder(longest_px, least_s, skip or (lambda reason: None), reached or (lambda second: None))
    held: Shot | None = None
    for shot in finder.run(path):
        if shot.picture:
            if held is not None:
                yield held
            held = shot
        elif held is not None:  # the same picture goes on
            held.end_s = shot.end_s
    if held is not None:
        yield held


class _Finder:
    def __init__(
        self, longest_px: int, least_s: float, skip: Callable[[str], None], reached: Callable[[float], None]
    ) -> None:
        self.longest_px = longest_px
        self.least_s = least_s
        self.skip = skip
        self.reached = reached
        self.seen: list[NDArray[Any]] = []
        self.aspect = 1.0
        self.reached_s = -1.0  # the end of the last shot that was kept
        av: Any = require("av", "media", purpose="Reading video")
        self._small = av.video.reformatter.VideoReformatter()  # one for each size: they keep their tables
        self._middle = av.video.reformatter.VideoReformatter()
        self._alone = {"threads": 1} if int(av.__version__.split(".")[0]) >= 18 else {}

    def run(self, path: Path) -> Iterator[Shot]:
        shot: _Open | None = None
        now = step = 0.0
        for now, step, frame, thumb, stands_out in self._compared(path):  # noqa: B007
            if shot is None:
                shot = _Open(now, thumb)
            elif now - shot.start_s >= self.least_s and (stands_out or self._drifted(shot, thumb, now)):
                yield from self._close(shot, now)
                shot = _Open(now, thumb)
            self._consider(shot, frame, thumb, now)
            self.reached(now)
        if shot is not None and self.reached_s == shot.start_s and now + step - shot.start_s < self.least_s:
            yield Shot(shot.start_s, now + step, b"", shot.key_s)
        elif shot is not None:
            yield from self._close(shot, now + step)

    def _compared(self, path: Path) -> Iterator[tuple[float, float, Any, NDArray[Any], bool]]:
        """Yield each frame with its thumbnail, and whether its distance from the one before stands out."""
        window: deque[tuple[float, float, Any, NDArray[Any]]] = deque()
        distances: deque[float] = deque(maxlen=2 * _NEIGHBOURS + 1)
        previous: NDArray[Any] | None = None
        for now, step, frame in self._frames(path):
            thumb = self._thumb(frame)
            window.append((now, step, frame, thumb))
            distances.append(_distance(thumb, previous) if previous is not None else 0.0)
            previous = thumb
            if len(window) > _NEIGHBOURS:
                yield (*window.popleft(), _stands_out(distances, len(distances) - 1 - _NEIGHBOURS))
        while window:
            yield (*window.popleft(), _stands_out(distances, len(distances) - 1 - len(window)))

    def _drifted(self, shot: _Open, thumb: NDArray[Any], now: float) -> bool:
        if _distance(thumb, shot.first) < _DRIFT:
            shot.drifting_since = None
        elif shot.drifting_since is None:
            shot.drifting_since = now
        return shot.drifting_since is not None and now - shot.drifting_since >= _DRIFT_LASTS_S

    def _consider(self, shot: _Open, frame: Any, thumb: NDArray[Any], now: float) -> None:
        """Keep the frame as the key picture if it is the sharpest so far."""
        settled = now - shot.start_s >= _SETTLED_S
        if shot.key is not None and (not settled or now - shot.looked_s < _SHARPNESS_EVERY_S):
            return
        shot.looked_s = now
        sharpness = self._sharpness(frame) if settled else 0.0
        if sharpness > shot.sharpness * 1.05:
            shot.sharpness, shot.key, shot.key_thumb, shot.key_s = sharpness, frame, thumb, now

    def _close(self, shot: _Open, end_s: float) -> Iterator[Shot]:
        thumb = shot.key_thumb
        if thumb is None:
            return
        if float(thumb.std()) < _BLANK_SPREAD:
            self.skip("blank")
            return
        same = self._same(thumb)
        if same is None:
            self.seen.append(_grey(thumb))
            self.reached_s = end_s
            yield Shot(shot.start_s, end_s, self._encode(shot.key), shot.key_s)
        elif same == len(self.seen) - 1 and self.reached_s == shot.start_s:
            self.reached_s = end_s
            yield Shot(shot.start_s, end_s, b"", shot.key_s)
        else:
            self.skip("duplicate")

    def _same(self, thumb: NDArray[Any]) -> int | None:
        """Return the last earlier key picture that looks the same."""
        import numpy as np

        if not self.seen:
            return None
        grey = _grey(thumb)
        for start in range(len(self.seen), 0, -256):
            low = max(0, start - 256)
            earlier = np.stack(self.seen[low:start])
            changed = (np.abs(earlier - grey) > _PIXEL_CHANGED).mean(axis=(1, 2))
            places = np.flatnonzero(changed < _SAME_SHARE)
            if len(places):
                return low + int(places[-1])
        return None

    def _thumb(self, frame: Any) -> NDArray[Any]:
        width, height = _THUMB
        small = self._small.reformat(frame, width, height, "rgb24", interpolation="AREA", **self._alone)
        pixels: NDArray[Any] = small.to_ndarray().astype("int16")
        return pixels

    def _sharpness(self, frame: Any) -> float:
        """Return the variance of the Laplacian of the luminance at 320 × 180."""
        middle = self._middle.reformat(frame, 320, 180, "gray", interpolation="AREA", **self._alone)
        grey = middle.to_ndarray().astype("float32")
        around = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:]
        return float((around - 4 * grey[1:-1, 1:-1]).var())

    def _encode(self, frame: Any) -> bytes:
        width, height = frame.width * max(self.aspect, 1.0), frame.height / min(self.aspect, 1.0)
        scale = min(1.0, self.longest_px / max(width, height))
        size = max(1, round(width * scale)), max(1, round(height * scale))
        image = frame.reformat(width=size[0], height=size[1], format="rgb24", interpolation="AREA").to_image()
        rotation = getattr(frame, "rotation", 0) or 0
        if rotation:
            image = image.rotate(rotation, expand=True)
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=88)
        return buffer.getvalue()

    def _frames(self, path: Path) -> Iterator[tuple[float, float, Any]]:
        """Yield ``(seconds, seconds to the next one, frame)``, about ten a second."""
        av: Any = require("av", "media", purpose="Reading video")
        with open_recording(path) as container:
            moving = [s for s in container.streams.video if "attached_pic" not in str(s.disposition).lower()]
            if not moving:
                return
            stream: Any = moving[0]
            stream.thread_type = "AUTO"
            self.aspect = float(stream.sample_aspect_ratio or 1) or 1.0
            stream.codec_context.skip_frame = _skipping(container, stream)
            origin = float(container.start_time or 0) / 1_000_000
            rate = float(stream.average_rate or stream.guessed_rate or 25) or 25.0
            step, last, count = 1 / min(rate, _ANALYSED_FPS), -1.0, 0
            for packet in container.demux(stream):
                try:
                    frames = packet.decode()
                except av.error.InvalidDataError:
                    continue
                for frame in frames:
                    count += 1
                    now = frame.time - origin if frame.time is not None else count / rate
                    if last < 0 or now - last >= step * 0.95 or now < last:
                        last = now
                        yield max(0.0, now), 1 / rate, frame


def _skipping(container: Any, stream: Any) -> str:
    """Return which frames the decoder may leave out: those between key frames that lie close, in a long video."""
    length = container.duration / 1_000_000 if container.duration else 0.0
    if length < _LONG_VIDEO_S:
        return "DEFAULT"
    keys = [
        entry.timestamp * stream.time_base
        for entry in getattr(stream, "index_entries", ())
        if entry.is_keyframe
    ]
    gaps = sorted(float(after - before) for before, after in pairwise(keys))
    if len(gaps) > length / (2 * _KEYFRAMES_APART_S) and gaps[int(len(gaps) * 0.95)] <= _KEYFRAMES_APART_S:
        return "NONKEY"
    return "NONREF"


def _grey(thumb: NDArray[Any]) -> NDArray[Any]:
    grey: NDArray[Any] = (thumb @ [0.299, 0.587, 0.114]).astype("int16")
    return grey


def _distance(one: NDArray[Any], other: NDArray[Any]) -> float:
    """Return 0 for the same picture, about 1 for pictures that have nothing in common."""
    import numpy as np

    height, width = one.shape[0] // 4, one.shape[1] // 4
    blocks = np.abs(one - other).reshape(height, 4, width, 4, 3).mean(axis=(1, 3, 4))
    changed = float((blocks > 14).mean())
    histograms = [
        np.bincount(((p >> 6) @ [16, 4, 1]).reshape(-1), minlength=64) / (p.shape[0] * p.shape[1])
        for p in (one, other)
    ]
    colour = float(np.abs(histograms[0] - histograms[1]).sum()) / 2
    return 0.5 * colour + 0.5 * changed


def _stands_out(distances: Sequence[float], at: int) -> bool:
    """Return whether a distance is a cut: several times those around it (a shake is not)."""
    around = [distance for i, distance in enumerate(distances) if i != at and abs(i - at) <= _NEIGHBOURS]
    usual = sum(around) / len(around) if around else 0.0
    return distances[at] > max(_CUT_LEAST, _CUT_RATIO * usual)
