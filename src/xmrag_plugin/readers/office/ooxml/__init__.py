"""Office Open XML (ECMA-376): what Word, PowerPoint and Excel files have in common."""

from __future__ import annotations

from .chart_pictures import draw_chart
from .charts import Chart, read_chart
from .drawings import (
    DrawingSource,
    block_of_chart,
    diagram_lines,
    picture_of_blip,
    plain_description,
    text_body_lines,
)
from .names import XDR, A, C, M, P, R, S, W, local, whole

__all__ = [
    "XDR",
    "A",
    "C",
    "Chart",
    "DrawingSource",
    "M",
    "P",
    "R",
    "S",
    "W",
    "block_of_chart",
    "diagram_lines",
    "draw_chart",
    "local",
    "picture_of_blip",
    "plain_description",
    "read_chart",
    "text_body_lines",
    "whole",
]
