"""What ``import xmrag_plugin`` and ``xmrag --help`` cost: little, and nothing heavy."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = (
    "torch",
    "transformers",
    "sentence_transformers",
    "chromadb",
    "llama_index",
    "onnxruntime",
    "numpy",
    "cv2",
    "PIL",
)


def run(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, timeout=120, check=True
    )
    return done.stdout.strip()


def loaded(code: str) -> list[str]:
    """Heavy modules that ``code`` has imported."""
    shown = run(f"{code}\nimport sys\nprint('loaded', *[m for m in {HEAVY!r} if m in sys.modules])")
    return shown.splitlines()[-1].split()[1:]


def milliseconds(imports: str, times: int = 7) -> float:
    """The least processor time that ``imports`` takes in a fresh interpreter."""
    code = f"import time\nstart = time.process_time()\n{imports}\nprint(time.process_time() - start)"
    return 1000 * min(float(run(code)) for _ in range(times))


def test_import_loads_nothing_heavy() -> None:
    assert loaded("import xmrag_plugin") == []


@pytest.mark.parametrize("arguments", [["--help"], ["add", "--help"], ["search", "--help"], ["--version"]])
def test_help_loads_nothing_heavy(arguments: list[str]) -> None:
    assert loaded(f"from xmrag_plugin.cli.main import main\nassert main({arguments!r}) == 0") == []


@pytest.mark.parametrize(
    "module",
    [
        "errors",
        "types",
        "settings",
        "storage.catalog",
        "storage.media_store",
        "readers",
        "encoders",
        "search.fusion",
        "evaluation",
    ],
)
def test_lower_floors_load_nothing_heavy(module: str) -> None:
    assert loaded(f"import xmrag_plugin.{module}") == []


def test_import_is_quick() -> None:
    baseline = milliseconds("import json, sqlite3, dataclasses")
    assert milliseconds("import xmrag_plugin") <= 1.5 * baseline + 50
