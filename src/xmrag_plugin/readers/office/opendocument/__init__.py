"""OpenDocument (ISO/IEC 26300): what LibreOffice's texts, sheets and presentations have in common."""

from __future__ import annotations

from .body import OpenBody
from .sheets import open_sheets

__all__ = ["OpenBody", "open_sheets"]
