"""Describers: words for media that carry none. ``ocr`` reads the lettering of pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .ocr import OcrDescriber, OcrLine, OcrResult

__all__ = ["OcrDescriber", "OcrLine", "OcrResult"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from . import ocr

        return getattr(ocr, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
