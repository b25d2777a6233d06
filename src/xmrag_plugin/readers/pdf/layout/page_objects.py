"""Pictures, paths and shadings of a page with their boxes as shown, forms entered."""

from __future__ import annotations

import ctypes
import hashlib
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ....types import BBox
from . import measures as m
from .boxes import Frame, area, gap, height, union, width
from .pdfium_calls import address_of, as_object, plain
from .text_objects import is_layered

__all__ = ["PageImage", "PageObjects", "Shape", "read_objects"]

_TEXT, _PATH, _IMAGE, _SHADING, _FORM = 1, 2, 3, 4, 5
_MAX_DEPTH = 8
_MAX_SEGMENTS, _MAX_PARTS, _MAX_RULE_SEGMENTS, _MAX_CLIP_POINTS = 400, 80, 8, 500
_MAX_TILES = 400  # pictures of a page that are compared each with each
_MAX_HASHED = 64_000_000  # bytes of a picture's data
_WHITE, _TRANSPARENT, _OPAQUE = 250, 8, 250  # levels of a colour and of its opacity
Matrix = tuple[float, float, float, float, float, float]
_IDENTITY: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)


@dataclass(slots=True)
class PageImage:
    """A raster picture as it stands on the page.

    Attributes:
        box: As shown, cut to its clip and the page.
        pixels: ``(width, height)`` of its data.
        key: Identifies its data within the document.
        raw: PDFium's handle, good while the page is open; None for one joined from strips.
        whole: Whether nothing of it is clipped away.
        content: Marked-content id, for tagged documents; -1 for none.
    """

    box: BBox
    pixels: tuple[int, int]
    key: str
    raw: Any
    whole: bool = True
    content: int = -1


@dataclass(slots=True)
class Shape:
    """A path or shading.

    Attributes:
        box: As shown, cut to its clip and the page.
        segments: Number of path segments; 0 for a shading.
        curved: Whether it has curves or slanted lines.
        fill: ``(r, g, b, a)`` or None when it is not filled.
        stroke: Likewise.
        lines: Its straight axis-parallel lines as boxes of no thickness, for ruled tables.
        content: Marked-content id, for tagged documents; -1 for none.
    """

    box: BBox
    segments: int = 0
    curved: bool = False
    fill: tuple[int, int, int, int] | None = None
    stroke: tuple[int, int, int, int] | None = None
    lines: tuple[BBox, ...] = ()
    content: int = -1


@dataclass(slots=True)
class PageObjects:
    """All that is drawn on a page, apart from text.

    Attributes:
        images: Raster pictures.
        shapes: Paths and shadings that can be seen on white.
        opaque: What hides whatever was drawn before it: its place in the order of drawing, and its box.
        places: Place in that order by the address of a text object.
        doubtful: Addresses of text objects that may not be seen: clipped, or in a form that lies in a layer.
    """

    images: list[PageImage] = field(default_factory=list)
    shapes: list[Shape] = field(default_factory=list)
    opaque: list[tuple[int, BBox]] = field(default_factory=list)
    places: dict[int, int] = field(default_factory=dict)
    doubtful: set[int] = field(default_factory=set)


def read_objects(page: Any, frame: Frame) -> PageObjects:
    """Return the pictures, paths and shadings that can be seen; pictures cut into tiles come as one.

    Args:
        page: A ``pypdfium2.PdfPage``; must stay open while the handles are used.
        frame: How it is shown.
    """
    found = _Walk(page, frame).result
    found.images = _join_tiles(_join_strips(_join_strips(found.images, 1), 0))
    return found


def _join_strips(images: list[PageImage], axis: int) -> list[PageImage]:
    """Return pictures that a program cut into strips as one each.

    Args:
        images: In content order.
        axis: 1 for strips one below the other, 0 for strips side by side.
    """
    other = 1 - axis
    ordered = sorted(images, key=lambda image: (round(image.box[other]), image.box[axis]))
    joined: list[PageImage] = []
    for image in ordered:
        last = joined[-1] if joined else None
        if (
            last is not None
            and abs(last.box[other] - image.box[other]) < m.TILE_GAP
            and abs(last.box[other + 2] - image.box[other + 2]) < m.TILE_GAP
            and abs(last.box[axis + 2] - image.box[axis]) < m.TILE_GAP
        ):
            joined[-1] = _joined([last, image])
        else:
            joined.append(image)
    return joined


def _join_tiles(images: list[PageImage]) -> list[PageImage]:
    """Return touching pictures that fill a rectangle together, however it is cut, as one."""
    if not 2 < len(images) <= _MAX_TILES:
        return images
    groups: list[list[PageImage]] = []
    for image in images:
        touching = [
            group for group in groups if any(max(gap(image.box, other.box)) < m.TILE_GAP for other in group)
        ]
        groups = [group for group in groups if group not in touching]
        groups.append([*itertools.chain.from_iterable(touching), image])
    joined: list[PageImage] = []
    for group in groups:
        whole = area(union(image.box for image in group))
        fills = abs(sum(area(image.box) for image in group) - whole) <= (1 - m.TILE_FILL) * whole
        joined += [_joined(group)] if len(group) > 1 and fills else group
    return joined


def _joined(tiles: Sequence[PageImage]) -> PageImage:
    box = union(tile.box for tile in tiles)
    pixels = []
    for axis, side in enumerate((width(box), height(box))):
        finest = max(tile.pixels[axis] / max(1.0, tile.box[axis + 2] - tile.box[axis]) for tile in tiles)
        pixels.append(max(1, round(finest * side)))
    key = hashlib.sha1("".join(tile.key for tile in tiles).encode(), usedforsecurity=False).hexdigest()
    return PageImage(box, (pixels[0], pixels[1]), key, None, False, tiles[0].content)


class _Walk:
    def __init__(self, page: Any, frame: Frame) -> None:
        import pypdfium2.raw as pdfium

        self.pdfium = pdfium
        self.page = page
        self.frame = frame
        self.result = PageObjects()
        self.place = 0
        self._floats = [ctypes.c_float() for _ in range(4)]
        self._uints = [ctypes.c_uint() for _ in range(4)]
        self._get_clip, self._count_paths = plain("FPDFPageObj_GetClipPath"), plain("FPDFClipPath_CountPaths")
        self.content = -1
        self._walk(page.raw, _IDENTITY, 0)

    def _walk(
        self, container: Any, matrix: Matrix, depth: int, content: int = -1, *, layered: bool = False
    ) -> None:
        pdfium = self.pdfium
        count = pdfium.FPDFFormObj_CountObjects if depth else pdfium.FPDFPage_CountObjects
        get = plain("FPDFFormObj_GetObject" if depth else "FPDFPage_GetObject")
        get_type, holder = plain("FPDFPageObj_GetType"), address_of(container)
        for index in range(count(container)):
            address = get(holder, index)
            if not address:
                continue
            kind = get_type(address)
            self.place += 1
            if kind == _TEXT:
                self.result.places[address] = self.place
                if layered or self._is_clipped(address, matrix):
                    self.result.doubtful.add(address)
                continue
            raw = as_object(address)
            self.content = content if depth else pdfium.FPDFPageObj_GetMarkedContentID(raw)
            if kind == _FORM:
                if depth < _MAX_DEPTH:
                    own = pdfium.FS_MATRIX()
                    if pdfium.FPDFPageObj_GetMatrix(raw, own):
                        inner = _multiply((own.a, own.b, own.c, own.d, own.e, own.f), matrix)
                        within = layered or is_layered(raw)
                        self._walk(raw, inner, depth + 1, self.content, layered=within)
                continue
            box = self._bounds(raw, matrix)
            if box is None:
                continue
            if kind == _IMAGE:
                self._image(raw, box, matrix)
            elif kind == _PATH:
                self._path(raw, box, matrix)
            elif kind == _SHADING:
                clipped = self._clipped(raw, box, matrix)
                if clipped is not None:
                    self._add(Shape(clipped, curved=True, fill=(128, 128, 128, 255)))

    def _shown(self, left: float, bottom: float, right: float, top: float, matrix: Matrix) -> BBox:
        if matrix is not _IDENTITY:
            points = [_apply(matrix, x, y) for x in (left, right) for y in (bottom, top)]
            left, right = min(x for x, _ in points), max(x for x, _ in points)
            bottom, top = min(y for _, y in points), max(y for _, y in points)
        return self.frame.rect(left, bottom, right, top)

    def _bounds(self, raw: Any, matrix: Matrix) -> BBox | None:
        left, bottom, right, top = self._floats
        if not self.pdfium.FPDFPageObj_GetBounds(raw, left, bottom, right, top):
            return None
        return _cut(self._shown(left.value, bottom.value, right.value, top.value, matrix), self.frame.box)

    def _clipped(self, raw: Any, box: BBox, matrix: Matrix) -> BBox | None:
        """Return the box cut to the clip path's own box; None when nothing is left."""
        pdfium = self.pdfium
        clip = pdfium.FPDFPageObj_GetClipPath(raw)
        if not clip:
            return box
        x, y = ctypes.c_float(), ctypes.c_float()
        kept: BBox | None = box
        for path in range(max(0, pdfium.FPDFClipPath_CountPaths(clip))):
            xs: list[float] = []
            ys: list[float] = []
            for index in range(
                max(0, min(_MAX_CLIP_POINTS, pdfium.FPDFClipPath_CountPathSegments(clip, path)))
            ):
                segment = pdfium.FPDFClipPath_GetPathSegment(clip, path, index)
                if segment and pdfium.FPDFPathSegment_GetPoint(segment, x, y):
                    xs.append(x.value)
                    ys.append(y.value)
            if xs and kept is not None:
                kept = _cut(kept, self._shown(min(xs), min(ys), max(xs), max(ys), matrix))
        return kept

    def _is_clipped(self, address: int, matrix: Matrix) -> bool:
        """Return whether the clip path cuts off a part of an object."""
        clip = self._get_clip(address)
        if not clip or self._count_paths(clip) <= 0:
            return False
        raw = as_object(address)
        box = self._bounds(raw, matrix)
        clipped = self._clipped(raw, box, matrix) if box is not None else None
        return box is not None and (clipped is None or area(clipped) < m.UNCLIPPED_TEXT_SHARE * area(box))

    def _image(self, raw: Any, box: BBox, matrix: Matrix) -> None:
        pdfium = self.pdfium
        clipped = self._clipped(raw, box, matrix)
        if clipped is None:
            return
        wide, high = ctypes.c_uint(), ctypes.c_uint()
        if not pdfium.FPDFImageObj_GetImagePixelSize(raw, wide, high):
            return
        length = pdfium.FPDFImageObj_GetImageDataRaw(raw, None, 0)
        digest = hashlib.sha1(f"{wide.value}x{high.value}:{length}".encode(), usedforsecurity=False)
        if 0 < length <= _MAX_HASHED:
            buffer = ctypes.create_string_buffer(length)
            pdfium.FPDFImageObj_GetImageDataRaw(raw, buffer, length)
            digest.update(buffer.raw)
        whole = area(clipped) > m.WHOLE_PICTURE_SHARE * area(box)
        key, pixels = digest.hexdigest(), (wide.value, high.value)
        self.result.opaque.append((self.place, clipped))
        self.result.images.append(PageImage(clipped, pixels, key, raw, whole, self.content))

    def _path(self, raw: Any, box: BBox, matrix: Matrix) -> None:
        pdfium = self.pdfium
        fill_mode, stroke_mode = ctypes.c_int(), ctypes.c_int()
        if not pdfium.FPDFPath_GetDrawMode(raw, fill_mode, stroke_mode):
            return
        fill = self._color(pdfium.FPDFPageObj_GetFillColor, raw) if fill_mode.value else None
        stroke = self._color(pdfium.FPDFPageObj_GetStrokeColor, raw) if stroke_mode.value else None
        covers = fill is not None and fill[3] >= _OPAQUE and min(width(box), height(box)) > m.MAX_RULE
        if not covers and not _visible(fill) and not _visible(stroke):
            return
        clipped = self._clipped(raw, box, matrix)
        if clipped is None:
            return
        if covers:
            self.result.opaque.append((self.place, clipped))
            if not _visible(fill) and not _visible(stroke):
                return
        segments = pdfium.FPDFPath_CountSegments(raw)
        if min(width(clipped), height(clipped)) <= m.MAX_RULE and segments <= _MAX_RULE_SEGMENTS:
            self._add(Shape(clipped, segments, False, fill, stroke, (_middle(clipped),)))
            return
        parts = self._parts(raw, segments, matrix) if segments <= _MAX_SEGMENTS else None
        if parts is None or len(parts) > _MAX_PARTS:
            self._add(Shape(clipped, segments, True, fill, stroke))
            return
        for part in parts:
            seen = _cut(_bounds_of(part), clipped)
            if seen is not None:
                self._add(Shape(seen, len(part), False, fill, stroke, tuple(_lines_of(part))))

    def _add(self, shape: Shape) -> None:
        shape.content = self.content
        self.result.shapes.append(shape)

    def _color(self, getter: Any, raw: Any) -> tuple[int, int, int, int] | None:
        red, green, blue, alpha = self._uints
        if not getter(raw, red, green, blue, alpha):
            return (0, 0, 0, 255)
        return (red.value, green.value, blue.value, alpha.value)

    def _parts(self, raw: Any, segments: int, matrix: Matrix) -> list[list[tuple[float, float]]] | None:
        """Return the corners of a path's parts as shown; None when it has curves or slanted lines."""
        pdfium = self.pdfium
        transform = _IDENTITY
        own = pdfium.FS_MATRIX()
        if pdfium.FPDFPageObj_GetMatrix(raw, own):
            transform = (own.a, own.b, own.c, own.d, own.e, own.f)
        full = _multiply(transform, matrix)
        x, y = ctypes.c_float(), ctypes.c_float()
        parts: list[list[tuple[float, float]]] = []
        for index in range(segments):
            segment = pdfium.FPDFPath_GetPathSegment(raw, index)
            if not segment or not pdfium.FPDFPathSegment_GetPoint(segment, x, y):
                continue
            point = self.frame.point(*_apply(full, x.value, y.value))
            kind = pdfium.FPDFPathSegment_GetType(segment)
            if kind == pdfium.FPDF_SEGMENT_BEZIERTO:
                return None
            if kind == pdfium.FPDF_SEGMENT_MOVETO or not parts:
                parts.append([point])
                continue
            if _slanted(parts[-1][-1], point):
                return None
            parts[-1].append(point)
            if pdfium.FPDFPathSegment_GetClose(segment):
                if _slanted(point, parts[-1][0]):
                    return None
                parts[-1].append(parts[-1][0])
        return [part for part in parts if len(part) > 1]


def _slanted(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return min(abs(one[0] - other[0]), abs(one[1] - other[1])) > m.MAX_SLANT


def _bounds_of(points: list[tuple[float, float]]) -> BBox:
    return union((x, y, x, y) for x, y in points)


def _middle(box: BBox) -> BBox:
    """Return a thin box as a line."""
    x0, y0, x1, y1 = box
    if width(box) >= height(box):
        return (x0, (y0 + y1) / 2, x1, (y0 + y1) / 2)
    return ((x0 + x1) / 2, y0, (x0 + x1) / 2, y1)


def _lines_of(corners: list[tuple[float, float]]) -> list[BBox]:
    """Return the sides of a path part as lines, those too short to rule anything left out."""
    box = _bounds_of(corners)
    if min(width(box), height(box)) <= m.MAX_RULE:
        return [_middle(box)] if max(width(box), height(box)) > m.MIN_SIDE else []
    lines: list[BBox] = []
    for one, other in itertools.pairwise(corners):
        side = (min(one[0], other[0]), min(one[1], other[1]), max(one[0], other[0]), max(one[1], other[1]))
        if max(width(side), height(side)) > m.MIN_SIDE:
            lines.append(_middle(side))
    return lines


def _visible(color: tuple[int, int, int, int] | None) -> bool:
    return color is not None and color[3] > _TRANSPARENT and min(color[:3]) < _WHITE


def _cut(box: BBox, to: BBox) -> BBox | None:
    cut = (max(box[0], to[0]), max(box[1], to[1]), min(box[2], to[2]), min(box[3], to[3]))
    return cut if cut[0] <= cut[2] and cut[1] <= cut[3] else None


def _apply(matrix: Matrix, x: float, y: float) -> tuple[float, float]:
    a, b, c, d, e, f = matrix
    return (a * x + c * y + e, b * x + d * y + f)


def _multiply(one: Matrix, other: Matrix) -> Matrix:
    """Return the change that is first ``one``, then ``other``."""
    a, b, c, d, e, f = one
    g, h, i, j, k, m = other
    return (a * g + b * i, a * h + b * j, c * g + d * i, c * h + d * j, e * g + f * i + k, e * h + f * j + m)
