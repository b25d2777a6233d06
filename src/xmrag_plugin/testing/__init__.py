"""Contract suites for adapters that others write, shipped with the package."""

from __future__ import annotations

from .reader_contract import READER_CHECKS, ReaderBroken

__all__ = ["READER_CHECKS", "ReaderBroken"]
