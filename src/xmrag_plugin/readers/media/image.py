"""Picture files: one picture each, one a page of a TIFF, one a shot of an animation."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from ...errors import PictureError, SourceDamaged, SourceTooLarge
from ...images.decode import RASTER_SUFFIXES, frame_count, open_frames, picture_bytes, probe, raster_mime
from ...types import Element, Picture
from .. import ReadContext, Reader, accept_picture, accept_sole_picture

__all__ = ["ImageReader"]

_ANIMATED = frozenset({"image/gif", "image/webp", "image/png", "image/apng", "image/avif"})
_THUMB = 64
_CHANGE = 12  # of 255, on average
_CHANGED_PIXEL, _CHANGED_SHARE = 40, 0.01  # a line of other words
_LEGIBLE_S = 0.4
_MAX_FRAMES, _MAX_FRAMES_PX = (
    2000,
    2_000_000_000,
)  # frames of an animation that are looked at, and their pixels
_MAX_SHOTS = 12


class ImageReader(Reader):
    """Read PNG, JPEG, WebP, GIF, BMP, TIFF, AVIF, HEIC, JPEG 2000 and Netpbm pictures."""

    name: ClassVar[str] = "image"
    self_contained: ClassVar[bool] = True
    version: ClassVar[int] = 3
    suffixes: ClassVar[tuple[str, ...]] = tuple(RASTER_SUFFIXES)

    @classmethod
    def sniff(cls, head: bytes, path: Path) -> bool:
        """Accept by the formats' signatures."""
        return raster_mime(head) != ""

    def read(self, path: Path, context: ReadContext) -> Iterator[Element]:
        """Yield the picture as one element; nothing when it is tiny or blank (counted as skipped).

        Raises:
            SourceDamaged: If it cannot be decoded.
            SourceTooLarge: If it has more pixels than ``context.max_picture_px``.
        """
        try:
            width, height, mime = probe(path)
        except PictureError as error:
            raise SourceDamaged(error.message, hint=error.hint) from error
        if width * height > context.max_picture_px:
            raise SourceTooLarge(
                f"{path.name} has {width} × {height} = {width * height:,} pixels; "
                f"the limit is {context.max_picture_px:,}.",
                hint="Scale it down or cut it into parts, or raise max_picture_px.",
            )
        count = frame_count(path)
        if count > 1 and mime == "image/tiff":
            yield from _pages(path, context)
            return
        if count > 1 and mime in _ANIMATED:
            yield from _shots(path, context)
            return
        picture = accept_sole_picture(path, context)
        if picture is not None:
            yield Element(kind="picture", picture=picture)


def _pages(path: Path, context: ReadContext) -> Iterator[Element]:
    """Yield the pages of a TIFF, one picture each."""
    for number, _, frame in _readable_frames(path, context):
        picture = Picture(data=picture_bytes(frame), path=path.resolve(), reference=path.name)
        if accept_picture(picture, context, document=path.name) is not None:
            yield Element(kind="picture", picture=picture, page=number + 1)


def _shots(path: Path, context: ReadContext) -> Iterator[Element]:
    """Yield the pictures of an animation that differ from each other, with their times."""
    shots: list[tuple[float, bytes]] = []
    last: bytes | None = None
    seconds = 0.0
    looked = count = 0
    every = 1  # of the shots; thinned out as they come, so that no more than a few are held
    for number, shown, frame in _readable_frames(path, context):
        looked += frame.width * frame.height
        small = frame.convert("L").resize((_THUMB, _THUMB)).tobytes()
        if last is None or _is_another(small, last, shown):
            if count % every == 0:
                shots.append((seconds, picture_bytes(frame)))
            count += 1
            last = small
            if len(shots) > 2 * _MAX_SHOTS:
                shots, every = shots[::2], 2 * every
        seconds += shown
        if number >= _MAX_FRAMES or looked > _MAX_FRAMES_PX:
            context.on_warning(
                f"{path.name}: {number + 1:,} frames of it were looked at, and no further ones.",
                "Cut it into parts, or add it as a video.",
            )
            break
    step = -(-len(shots) // _MAX_SHOTS) if shots else 1
    kept = shots[::step]
    for index, (start, data) in enumerate(kept):
        end = kept[index + 1][0] if index + 1 < len(kept) else seconds
        picture = Picture(data=data, path=path.resolve(), reference=path.name)
        if accept_picture(picture, context, document=path.name) is not None:
            yield Element(
                kind="picture", picture=picture, start_s=round(start, 3), end_s=round(max(end, start), 3)
            )


def _is_another(small: bytes, last: bytes, shown_s: float) -> bool:
    """Return whether a frame differs from the last one kept: as a whole, or in a part when it stands long enough to be read."""
    changes = [abs(a - b) for a, b in zip(small, last, strict=True)]
    if sum(changes) > _CHANGE * len(changes):
        return True
    changed = sum(change > _CHANGED_PIXEL for change in changes)
    return shown_s >= _LEGIBLE_S and changed > _CHANGED_SHARE * len(changes)


def _readable_frames(path: Path, context: ReadContext) -> Iterator[tuple[int, float, Any]]:
    """Yield frames up to the first damaged one, which is told; a file without any good one is damaged."""
    good = 0
    try:
        for number, shown, frame in open_frames(path, context.max_picture_px):
            good += 1
            yield number, shown, frame
    except PictureError as error:
        if not good:
            raise SourceDamaged(error.message, hint=error.hint) from error
        context.on_skip("damaged")
        context.on_warning(error.message, error.hint)
