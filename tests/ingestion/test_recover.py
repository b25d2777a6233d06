"""A writer that is killed, or finds no room, leaves nothing that the next run does not put right."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SWEEP = Path(__file__).resolve().parents[2] / "benchmarks" / "crash" / "run.py"
ONLY = "add with vision,vision,sound,prune,remove,migrate,adopt"


@pytest.mark.skipif(sys.platform == "win32", reason="the sweep forks")
def test_one_repetition_equals_an_unbroken_run() -> None:
    command = [sys.executable, str(SWEEP), "--points", "2", "--fault", "kill,full", "--only", ONLY]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "28 points    28 equal" in done.stdout
