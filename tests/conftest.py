"""Fixtures that several rooms share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def two_tower() -> Path:
    """A small real image-text encoder that lies beside the project, where there is one."""
    path = Path(os.environ.get("XMRAG_TWO_TOWER", ROOT.parent / "shared" / "models" / "two-tower"))
    if not (path / "config.json").is_file():
        pytest.skip("no image-text encoder: set XMRAG_TWO_TOWER to a VisionTextDualEncoder folder")
    return path
