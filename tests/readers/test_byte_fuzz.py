"""Mutants of a sample of each reader, read as ``add`` reads: nothing escapes, crashes, or is told in a library's words.

``benchmarks/fuzz/run.py`` does the same at length.
"""

from __future__ import annotations

import importlib.util
import random
import sys
from pathlib import Path

import pytest
from sample_files import SAMPLES

from xmrag_plugin.ingestion.worker import Limits

RUN = Path(__file__).resolve().parents[2] / "benchmarks" / "fuzz" / "run.py"
MUTANTS = 8
SECONDS = 20


@pytest.fixture(scope="module")
def fuzz():
    spec = importlib.util.spec_from_file_location("fuzz_run", RUN)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["fuzz_run"] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", SAMPLES)
def test_mutants_are_read_or_refused(fuzz, name: str, tmp_path: Path) -> None:
    seed = SAMPLES[name](tmp_path)
    found = {}
    for number in range(MUTANTS):
        path = tmp_path / f"mutant{number}{seed.suffix}"
        fuzz.mutant(seed, random.Random(f"{name}/{number}"), seed, path)
        said, spent = fuzz.outcome(path, Limits(SECONDS, 1500))
        found[number] = said
        assert spent < 1.1 * SECONDS + 5
    assert set(found.values()) <= {"read", "refused", "over a limit"}, found
