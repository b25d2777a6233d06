"""A writer that is killed, or finds no room, leaves nothing that the next run does not put right."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SWEEP = Path(__file__).resolve().parents[2] / "benchmarks" / "crash" / "run.py"
ONLY = "add with vision,vision,sound,prune,remove,migrate"


@pytest.mark.skipif(sys.platform == "win32", reason="the sweep forks")
@pytest.mark.parametrize("fault", ["kill", "full"])
def test_one_repetition_equals_an_unbroken_run(fault: str) -> None:
    command = [sys.executable, str(SWEEP), "--points", "2", "--only", ONLY]
    done = subprocess.run([*command, "--fault", fault], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "12 points    12 equal" in done.stdout
