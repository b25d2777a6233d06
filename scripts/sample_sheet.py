"""A sheet to draw on: coordinates in final pixels, drawn three times as large and scaled down."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

Point = tuple[float, float]

NAVY, TEAL, CORAL, GOLD = "#16324a", "#1f8a8a", "#dd6447", "#e0a83a"
SKY, SEA, DEEP, SAND, GRASS, STONE, PAPER = (
    "#dcecf3",
    "#8cc4d4",
    "#3f87a6",
    "#ead9b0",
    "#a9c08a",
    "#9aa3a8",
    "#fbfaf6",
)
GREY, LIGHT = "#5f6b73", "#d9dee1"

_SCALE = 3


class Sheet:
    """A picture of ``width`` × ``height`` pixels with anti-aliased shapes and lettering."""

    def __init__(self, width: int, height: int, background: str = PAPER) -> None:
        self.size = (width, height)
        self._image = Image.new("RGB", (width * _SCALE, height * _SCALE), background)
        self._draw = ImageDraw.Draw(self._image)

    def polygon(self, points: Sequence[Point], fill: str) -> None:
        self._draw.polygon(_scaled(points), fill=fill)

    def line(self, points: Sequence[Point], colour: str = NAVY, width: float = 2) -> None:
        self._draw.line(_scaled(points), fill=colour, width=round(width * _SCALE), joint="curve")

    def box(
        self, x0: float, y0: float, x1: float, y1: float, fill: str, *, edge: str = "", round_px: float = 0
    ) -> None:
        self._draw.rounded_rectangle(
            [v * _SCALE for v in (x0, y0, x1, y1)],
            radius=round_px * _SCALE,
            fill=fill,
            outline=edge or None,
            width=2 * _SCALE if edge else 0,
        )

    def disc(
        self, x: float, y: float, rx: float, ry: float | None = None, fill: str = NAVY, edge: str = ""
    ) -> None:
        ry = rx if ry is None else ry
        self._draw.ellipse(
            [v * _SCALE for v in (x - rx, y - ry, x + rx, y + ry)],
            fill=fill,
            outline=edge or None,
            width=2 * _SCALE if edge else 0,
        )

    def arrow(self, start: Point, end: Point, colour: str = NAVY, width: float = 2) -> None:
        self.line([start, end], colour, width)
        angle = math.atan2(end[1] - start[1], end[0] - start[0])
        head = 5 + 2.5 * width
        self.polygon(
            [end]
            + [
                (end[0] - head * math.cos(angle + turn), end[1] - head * math.sin(angle + turn))
                for turn in (0.4, -0.4)
            ],
            colour,
        )

    def text(
        self, x: float, y: float, words: str, size: int = 18, colour: str = NAVY, at: str = "mm"
    ) -> None:
        """Lettering; ``at`` is Pillow's anchor ("mm" middle, "lm" left, "rm" right)."""
        font = ImageFont.load_default(size * _SCALE)
        self._draw.text((x * _SCALE, y * _SCALE), words, font=font, fill=colour, anchor=at)

    def save(self, path: Path) -> None:
        small = self._image.resize(self.size, Image.Resampling.LANCZOS)
        small.quantize(128, dither=Image.Dither.NONE).save(path, optimize=True)


def points(text: str) -> list[Point]:
    """Points written as ``"x,y x,y …"``."""
    return [(float(x), float(y)) for x, y in (pair.split(",") for pair in text.split())]


def curve(knots: Sequence[Point], *, closed: bool = False, steps: int = 14) -> list[Point]:
    """A smooth curve through points (Catmull–Rom)."""
    n = len(knots)
    out: list[Point] = []
    for i in range(n if closed else n - 1):
        p = [knots[(i + j) % n] if closed else knots[min(max(i + j, 0), n - 1)] for j in (-1, 0, 1, 2)]
        for s in range(steps):
            t = s / steps
            out.append(
                tuple(  # type: ignore[arg-type]
                    0.5
                    * (
                        2 * p[1][a]
                        + (p[2][a] - p[0][a]) * t
                        + (2 * p[0][a] - 5 * p[1][a] + 4 * p[2][a] - p[3][a]) * t**2
                        + (3 * p[1][a] - p[0][a] - 3 * p[2][a] + p[3][a]) * t**3
                    )
                    for a in (0, 1)
                )
            )
    if not closed:
        out.append(knots[-1])
    return out


def _scaled(points: Sequence[Point]) -> list[Point]:
    return [(x * _SCALE, y * _SCALE) for x, y in points]
