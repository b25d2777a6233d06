"""Pictures as readers and describers look at them: size without decoding, safe decoding, blankness.

Only raster formats that are safe to open on a stranger's file are opened (no PostScript); a header
that announces more pixels than the limit is refused before any of them is decoded.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from ..errors import PictureError
from ..types import MAX_PICTURE_PX

if TYPE_CHECKING:
    from PIL.Image import Image as Frame

__all__ = [
    "MAX_PICTURE_PX",
    "RASTER_SUFFIXES",
    "crop_picture",
    "frame_count",
    "looks_blank",
    "open_frames",
    "open_picture",
    "picture_bytes",
    "probe",
    "raster_mime",
    "show_on_paper",
    "size_in_cm",
]

RASTER_SUFFIXES: dict[str, str] = {
    ".png": "image/png",
    ".apng": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".jpe": "image/jpeg",
    ".jfif": "image/jpeg",
    ".webp": "image/webp",
    ".gif": "image/gif",
    ".bmp": "image/bmp",
    ".dib": "image/bmp",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
    ".avif": "image/avif",
    ".heic": "image/heic",
    ".heif": "image/heif",
    ".jp2": "image/jp2",
    ".j2k": "image/jp2",
    ".ppm": "image/x-portable-pixmap",
    ".pgm": "image/x-portable-pixmap",
    ".pbm": "image/x-portable-pixmap",
    ".ico": "image/x-icon",
}
"""File suffixes of raster pictures and their media types."""

_FORMATS = (
    "PNG", "JPEG", "WEBP", "GIF", "BMP", "DIB", "TIFF", "AVIF", "HEIF", "JPEG2000", "PPM", "ICO",
)  # fmt: skip
_MIME_OF_FORMAT = {"MPO": "image/jpeg", "DIB": "image/bmp", "HEIF": "image/heic", "ICO": "image/x-icon"}
_HEIF_BRANDS = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1")
_TIFF_SUBFILE = 254
_SIDEWAYS = (5, 6, 7, 8)
_EXIF_ORIENTATION = 0x0112

_USUAL_DPI, _CM_PER_INCH = 96.0, 2.54

_PALE_LEVEL, _PALE_SHARE = 232, 0.98
"""A drawing is nearly white, and shown on dark, where this share of its ink is of this grey level or lighter."""

_FLAT_DEVIATION, _MARK_LEVELS, _DUST_SHARE = 2.0, 24, 0.0004
"""A picture is blank where grey levels deviate by no more than this, and less than this share of it differs from its
commonest level by so many: a pale line of 1 px across 512 is five times as much."""

_MIN_CROP = 0.002
"""A smaller share of a side is rounding, not cropping."""


def raster_mime(head: bytes) -> str:
    """Return the media type that the first bytes of a file announce, ``""`` for no raster picture known here.

    Args:
        head: At least the first 16 bytes.
    """
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head[:6] in (b"GIF87a", b"GIF89a"):
        return "image/gif"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return "image/tiff"
    if head[4:8] == b"ftyp" and head[8:12] in (b"avif", b"avis"):
        return "image/avif"
    if head[4:8] == b"ftyp" and head[8:12] in _HEIF_BRANDS:
        return "image/avif" if b"avif" in head[8:32] else "image/heic"
    if head.startswith((b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51")):
        return "image/jp2"
    if head[:2] == b"BM" and len(head) >= 14 and head[6:10] == b"\0\0\0\0":
        return "image/bmp"
    if len(head) > 2 and head[:1] == b"P" and head[1:2] in b"123456" and head[2:3] in b" \t\r\n":
        return "image/x-portable-pixmap"
    if head[:4] == b"\0\0\1\0" and len(head) >= 6 and 0 < head[4] < 64 and head[5] == 0:
        return "image/x-icon"
    return ""


def probe(source: bytes | Path) -> tuple[int, int, str]:
    """Return the size as shown (orientation applied) and media type of a raster picture, from its header alone.

    Returns:
        ``(width, height, media type)``, pixels.

    Raises:
        PictureError: If it is no raster picture that can be opened.
    """
    with _stream(source) as stream, _open(stream, source) as image:
        width, height = image.size
        if _orientation(image) in _SIDEWAYS:
            width, height = height, width
        return width, height, _mime(image)


def size_in_cm(data: bytes) -> tuple[float, float] | None:
    """Return the size that a picture's resolution gives it (96 dots an inch by default); None where it cannot be opened."""
    try:
        with _stream(data) as stream, _open(stream, data) as image:
            across, down = image.info.get("dpi") or (_USUAL_DPI, _USUAL_DPI)
            per_cm = [(float(dots) or _USUAL_DPI) / _CM_PER_INCH for dots in (across, down)]
            return image.width / per_cm[0], image.height / per_cm[1]
    except (PictureError, TypeError, ValueError):
        return None


def open_picture(source: bytes | Path, max_px: int = MAX_PICTURE_PX, *, side: int | None = None) -> Frame:
    """Decode a picture: upright, RGB, transparency laid on paper; the first frame of several.

    Args:
        source: Encoded bytes, or a picture file.
        max_px: Refused above this many pixels, before decoding.
        side: When given, the longer side is brought down to at most this many pixels, which is
            several times cheaper than decoding a large JPEG whole.

    Raises:
        PictureError: If it cannot be opened, is truncated, or has more than ``max_px`` pixels.
    """
    with _stream(source) as stream, _open(stream, source) as image:
        width, height = image.size
        _refuse_large(source, width, height, max_px)
        orientation = _orientation(image)
        try:
            if side is not None and max(width, height) > side:
                image.draft("RGB", (side, side))
            image.load()
            frame = show_on_paper(image)
            if side is not None and max(frame.size) > side:
                frame.thumbnail((side, side), reducing_gap=2.0)
        except Exception as error:  # decoders raise whatever they like on damaged data
            raise PictureError(
                f"{_name_of(source)} cannot be decoded: {error}.",
                hint="It is truncated or damaged; replace the file.",
            ) from error
    return _upright(frame, orientation)


def frame_count(source: bytes | Path) -> int:
    """Return how many frames or pages a picture file holds.

    Raises:
        PictureError: If it is no picture that can be opened.
    """
    with _stream(source) as stream, _open(stream, source) as image:
        try:
            return int(getattr(image, "n_frames", 1))
        except Exception:  # as above
            return 1


def open_frames(source: bytes | Path, max_px: int = MAX_PICTURE_PX) -> Iterator[tuple[int, float, Frame]]:
    """Decode the frames of an animation or the pages of a TIFF: ``(number from 0, seconds shown, picture)``.

    Reduced copies that a TIFF holds of its pages are left out.

    Raises:
        PictureError: At the first frame that cannot be decoded or has more than ``max_px`` pixels.
    """
    with _stream(source) as stream, _open(stream, source) as image:
        for number in range(int(getattr(image, "n_frames", 1))):
            try:
                image.seek(number)
                if getattr(image, "tag_v2", None) is not None and image.tag_v2.get(_TIFF_SUBFILE, 0) & 1:
                    continue
                _refuse_large(source, image.width, image.height, max_px, f": frame {number + 1}")
                image.load()
                frame = _upright(show_on_paper(image), _orientation(image))
                seconds = float(image.info.get("duration") or 0) / 1000
            except PictureError:
                raise
            except Exception as error:  # decoders raise whatever they like on damaged data
                raise PictureError(
                    f"{_name_of(source)}: frame {number + 1} cannot be decoded: {error}.",
                    hint="It is truncated or damaged; replace the file.",
                ) from error
            yield number, seconds, frame


def show_on_paper(image: Frame) -> Frame:
    """Return any mode as RGB; transparent parts become white, or dark where the drawing itself is nearly white."""
    from PIL import Image

    if image.mode in ("I", "I;16", "I;16B", "I;16L", "F"):
        if image.mode == "F":
            image = _measured(image)
        low, high = image.getextrema()
        scale = 255.0 / ((float(high) - float(low)) or 1.0)  # type: ignore[arg-type]
        levels = image.convert("F").point(lambda value: value * scale - float(low) * scale)  # type: ignore[arg-type]
        return levels.convert("L").convert("RGB")
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        layered = image.convert("RGBA")
        alpha = layered.getchannel("A")
        if alpha.getextrema() == (255, 255):
            return layered.convert("RGB")
        inked = layered.convert("L").histogram(
            alpha.point(lambda value: 255 if value > 128 else 0).convert("1")
        )
        pale = sum(inked) > 0 and sum(inked[_PALE_LEVEL:]) >= _PALE_SHARE * sum(inked)
        paper = Image.new("RGBA", layered.size, (32, 32, 32, 255) if pale else (255, 255, 255, 255))
        return Image.alpha_composite(paper, layered).convert("RGB")
    return image.convert("RGB")


def _measured(image: Frame) -> Frame:
    """Return a picture of measured values without the places that were not measured: NaN or infinite, shown as the least."""
    import numpy as np
    from PIL import Image

    values = np.array(image)
    known = np.isfinite(values)
    if known.all() or not known.any():
        return image
    values[~known] = values[known].min()
    return Image.fromarray(values)


def looks_blank(image: Frame) -> bool:
    """Return whether nothing is to be seen: one flat colour, or paper with a little dust.

    Looks at the picture reduced to 512 px a side; a thin pale line on paper still counts as something.
    """
    from PIL import ImageStat

    small = image.convert("RGB")
    if max(small.size) > 512:
        factor = -(-max(small.size) // 512)
        small = small.reduce(factor)
    if all(high - low <= 10 for low, high in small.getextrema()):  # type: ignore[misc]
        return True
    if any(deviation > _FLAT_DEVIATION for deviation in ImageStat.Stat(small).stddev):
        return False
    grey = small.convert("L")
    counts = grey.histogram()
    middle = max(range(256), key=counts.__getitem__)
    marked = sum(count for level, count in enumerate(counts) if abs(level - middle) > _MARK_LEVELS)
    return marked < _DUST_SHARE * sum(counts)


def crop_picture(data: bytes, left: float, top: float, right: float, bottom: float) -> bytes:
    """Return the part of a picture that is shown, as PNG; the picture itself where nothing is cut off or it cannot be.

    Args:
        data: The encoded picture.
        left: Share of the width that is cut off on this side, 0 to 1; less than 0 adds nothing.
        top: Likewise of the height.
        right: Likewise of the width.
        bottom: Likewise of the height.
    """
    left, top, right, bottom = (max(0.0, side) for side in (left, top, right, bottom))
    if max(left, top, right, bottom) < _MIN_CROP or left + right >= 1 or top + bottom >= 1:
        return data
    try:
        frame = open_picture(data)
    except PictureError:
        return data
    width, height = frame.size
    box = (
        round(left * width),
        round(top * height),
        round(width - right * width),
        round(height - bottom * height),
    )
    return picture_bytes(frame.crop(box)) if box[0] < box[2] and box[1] < box[3] else data


def picture_bytes(image: Frame, *, mime: str = "image/png") -> bytes:
    """Encode a decoded picture as PNG, or as JPEG at quality 90."""
    buffer = io.BytesIO()
    if mime == "image/jpeg":
        image.convert("RGB").save(buffer, "JPEG", quality=90)
    else:
        image.save(buffer, "PNG")
    return buffer.getvalue()


def _stream(source: bytes | Path) -> IO[bytes]:
    if isinstance(source, bytes):
        return io.BytesIO(source)
    try:
        return source.open("rb")
    except OSError as error:
        raise PictureError(
            f"{source} cannot be opened: {error.strerror}.", hint="Check the path and permissions."
        ) from error


def _open(stream: IO[bytes], source: bytes | Path) -> Any:
    """Return an undecoded picture of a permitted format.

    Pillow's ``Image.open`` judges the size by a process-wide limit and a warning; here the caller's
    own limit counts, so the format plugins are asked directly.
    """
    head = stream.read(64)
    stream.seek(0)
    if not head:
        raise PictureError(f"{_name_of(source)} is empty.", hint="Replace the file.")
    mime = raster_mime(head)
    if mime == "image/heic" or (mime == "image/avif" and "AVIF" not in _plugins()):
        _register_heif(source)
    plugins = _plugins()
    problem = ""
    for name in _FORMATS:
        if name not in plugins:
            continue
        factory, accepts = plugins[name]
        accepted = accepts(head[:16].ljust(16, b"\0")) if accepts is not None else True
        if not accepted or isinstance(accepted, str):
            continue
        try:
            stream.seek(0)
            return factory(stream, "")
        except Exception as error:  # as above
            problem = str(error)
            stream.seek(0)
    if head.startswith((b"%!PS", b"\xc5\xd0\xd3\xc6")):
        raise PictureError(
            f"{_name_of(source)} is PostScript (EPS), which is a program and is not run.",
            hint="Convert it to PDF, SVG or PNG, for example with epstopdf, and put that beside it.",
        )
    raise PictureError(
        f"{_name_of(source)} is no picture that can be opened{': ' + problem if problem else ''}.",
        hint="It is damaged or of another kind; export it as PNG or JPEG.",
    )


def _plugins() -> dict[str, Any]:
    from PIL import Image

    Image.init()
    return Image.OPEN


def _register_heif(source: bytes | Path) -> None:
    from ..errors import require

    heif = require("pillow_heif", "office", purpose=f"Opening {_name_of(source)} (HEIC)")
    heif.register_heif_opener()


def _mime(image: Any) -> str:
    name = str(image.format or "")
    return _MIME_OF_FORMAT.get(name, "") or str(image.get_format_mimetype() or f"image/{name.lower()}")


def _orientation(image: Any) -> int:
    try:
        return int(image.getexif().get(_EXIF_ORIENTATION, 1))
    except Exception:  # as above
        return 1


def _upright(frame: Frame, orientation: int) -> Frame:
    from PIL.Image import Transpose

    turns = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }
    turn = turns.get(orientation)
    return frame if turn is None else frame.transpose(turn)


def _refuse_large(source: bytes | Path, width: int, height: int, max_px: int, part: str = "") -> None:
    if width * height > max_px:
        raise PictureError(
            f"{_name_of(source)}{part} has {width} × {height} = {width * height:,} pixels; the limit is {max_px:,}.",
            hint="Scale it down, or raise max_picture_px.",
        )


def _name_of(source: bytes | Path) -> str:
    return "The picture" if isinstance(source, bytes) else source.name
