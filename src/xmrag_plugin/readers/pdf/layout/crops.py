"""Parts of a page as encoded pictures: as they stand in the file where that is what is seen, else rendered."""

from __future__ import annotations

import ctypes
import io
from typing import Any

from ....images.decode import looks_blank
from ....types import BBox
from . import measures as m
from .boxes import height, width
from .document import PDFIUM_LOCK
from .page_objects import PageImage
from .pages import PageView
from .scans import own_characters

__all__ = ["embedded_jpeg", "encode", "is_backdrop", "render"]

_MAX_SIDE = 2400
_MIN_SIDE_PX = 1.5
_PLAIN_SPREAD = 9.0  # standard deviation of its levels, below which a picture is mere paper
_SAME_LOOK = 9.0  # mean difference of levels, below which two pictures show the same
_JPEG_QUALITY = 90
_PLAIN_PX, _COMPARED_PX = 48, 24  # sides to which pictures are brought to be judged and compared
_GREY_LEVELS = 6  # of 255, by which the channels of a grey picture differ at most
_LOOK_PX = 96  # side at which a picture is compared with what the page shows of it


def render(view: PageView, box: BBox, *, scale: float, max_side: int = _MAX_SIDE) -> Any:
    """Return a box of the page as an RGB ``PIL.Image``, upright, as a person sees it.

    Args:
        view: The page.
        box: In its frame.
        scale: Pixels per point; reduced so that no side has more than ``max_side`` pixels.
        max_side: In pixels.
    """
    from PIL import Image

    shown = view.shown
    _, _, wide, high = shown.in_points(shown.box)
    x0, y0, x1, y1 = shown.in_points(shown.turn_back(box, view.turns))
    x0, y0, x1, y1 = max(0.0, x0), max(0.0, y0), min(wide, x1), min(high, y1)
    scale = min(scale, max_side / max(1.0, x1 - x0, y1 - y0))
    scale = max(scale, _MIN_SIDE_PX / max(0.01, min(x1 - x0, y1 - y0)))
    crop = (x0, high - y1, wide - x1, y0)
    with PDFIUM_LOCK:
        bitmap = view.handle.render(
            scale=scale, crop=crop, draw_annots=True, prefer_bgrx=True, rev_byteorder=True
        )
        try:
            image = bitmap.to_pil().convert("RGB")
        finally:
            bitmap.close()
    if not view.turns or view.vertical:
        return image
    turn = {1: Image.Transpose.ROTATE_270, 2: Image.Transpose.ROTATE_180, 3: Image.Transpose.ROTATE_90}
    return image.transpose(turn[view.turns])


def is_backdrop(view: PageView, image: PageImage) -> bool:
    """Return whether a picture under a page's text is mere paper: one colour, a faint pattern, a soft gradient.

    A scan of a few lines is as even as paper: where the page has hardly a word of its own, dark marks are looked for.
    """
    import pypdfium2
    import pypdfium2.raw as pdfium
    from PIL import Image, ImageStat

    if image.raw is None:
        return False
    with PDFIUM_LOCK:
        bitmap = pdfium.FPDFImageObj_GetRenderedBitmap(view.handle.pdf, view.handle, image.raw)
        if not bitmap:
            return False
        helper = pypdfium2.PdfBitmap.from_raw(bitmap)
        helper.warn_on_close = False  # what is made of it is a copy
        try:
            shown = helper.to_pil().convert("RGBA")
        finally:
            helper.close()
    paper = Image.new("RGBA", shown.size, (255, 255, 255, 255))
    laid = Image.alpha_composite(paper, shown).convert("RGB")
    small = laid.resize((_PLAIN_PX, _PLAIN_PX), Image.Resampling.BOX)
    if max(ImageStat.Stat(small).stddev) >= _PLAIN_SPREAD:
        return False
    return own_characters(view.words, view.frame.box) > m.MAX_CHARACTERS_ON_SCAN or looks_blank(laid)


def encode(image: Any, *, photo: bool) -> tuple[bytes, str]:
    """Return encoded bytes and media type: JPEG for photographs, PNG for drawings, in grey where they have no colour."""
    from PIL import ImageChops

    buffer = io.BytesIO()
    if photo:
        image.save(buffer, "JPEG", quality=_JPEG_QUALITY)
        return buffer.getvalue(), "image/jpeg"
    red, green, blue = image.split()
    if all(_most(ImageChops.difference(red, other)) <= _GREY_LEVELS for other in (green, blue)):
        image = green
    image.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue(), "image/png"


def _most(band: Any) -> int:
    """Return the highest level of a picture of one band."""
    return int(band.getextrema()[1])


def embedded_jpeg(view: PageView, image: PageImage) -> bytes | None:
    """Return the JPEG bytes of a picture, when they look like what the page shows; else None.

    They do not when the page turns, mirrors, masks, inverts or overprints the picture.
    """
    import pypdfium2.raw as pdfium
    from PIL import Image, ImageChops, ImageStat

    if not image.whole or image.raw is None or view.turns:
        return None
    with PDFIUM_LOCK:
        if pdfium.FPDFImageObj_GetImageFilterCount(image.raw) != 1:
            return None
        name = ctypes.create_string_buffer(32)
        pdfium.FPDFImageObj_GetImageFilter(image.raw, 0, name, 32)
        if name.value != b"DCTDecode":
            return None
        length = pdfium.FPDFImageObj_GetImageDataRaw(image.raw, None, 0)
        buffer = ctypes.create_string_buffer(length)
        pdfium.FPDFImageObj_GetImageDataRaw(image.raw, buffer, length)
        data = buffer.raw
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG",)) as opened:
            if opened.mode not in ("RGB", "L") or opened.size != image.pixels:
                return None
            opened.draft("RGB", (64, 64))
            own = opened.convert("RGB").resize((_COMPARED_PX, _COMPARED_PX), Image.Resampling.BOX)
    except (OSError, SyntaxError, ValueError):
        return None
    scale = _LOOK_PX / max(width(image.box), height(image.box)) / view.frame.unit
    shown = render(view, image.box, scale=scale).resize((_COMPARED_PX, _COMPARED_PX), Image.Resampling.BOX)
    difference = ImageStat.Stat(ImageChops.difference(own, shown)).mean
    return data if max(difference) < _SAME_LOOK else None
