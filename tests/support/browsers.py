"""The system's Chromium for Playwright, whose own is not fetched."""

from __future__ import annotations

import os
import shutil

import pytest


def chromium() -> str:
    """Return the program; skip the test where there is none."""
    named = os.environ.get("XMRAG_CHROMIUM", "")
    for name in filter(None, (named, "chromium", "chromium-browser", "google-chrome")):
        if path := shutil.which(name):
            return path
    pytest.skip("no chromium: install it, or name it in XMRAG_CHROMIUM")
