"""How llama.cpp holds weights here, tried in real processes: some read a prompt, some are ended by a signal."""

from __future__ import annotations

from pathlib import Path

import pytest

from xmrag_plugin.errors import ModelUnsound
from xmrag_plugin.generators.local import llama_trial
from xmrag_plugin.generators.local.gguf_file import GgufFile

RUNS = "pass"
DIES = "import os, signal; os.kill(os.getpid(), signal.SIGILL)"
DIES_REPACKED = f"import sys\nif sys.argv[2] == '1': {DIES}"
FAILS = "raise SystemExit(3)"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> GgufFile:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return GgufFile(tmp_path / "a.gguf", "a", "llama", 10, 100, "Q4_1", 512, True, None)


@pytest.mark.parametrize(("program", "repacks"), [(RUNS, True), (DIES_REPACKED, False)])
def test_a_way_that_ends_the_process_is_not_taken(
    file: GgufFile, monkeypatch: pytest.MonkeyPatch, program: str, *, repacks: bool
) -> None:
    monkeypatch.setattr(llama_trial, "_PROGRAM", program)
    assert llama_trial.may_repack(file, threads=1) is repacks
    monkeypatch.setattr(llama_trial, "_PROGRAM", DIES)  # not tried a second time
    assert llama_trial.may_repack(file, threads=1) is repacks


def test_a_machine_that_llama_cpp_cannot_run_on_is_named(
    file: GgufFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(llama_trial, "_PROGRAM", DIES)
    with pytest.raises(ModelUnsound, match="SIGILL") as caught:
        llama_trial.may_repack(file, threads=1)
    assert "GGML_NATIVE=OFF" in str(caught.value)


def test_an_error_with_words_is_left_to_the_loading_that_shows_them(
    file: GgufFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(llama_trial, "_PROGRAM", FAILS)
    assert llama_trial.may_repack(file, threads=1)
    monkeypatch.setattr(llama_trial, "_PROGRAM", DIES_REPACKED)  # nothing was learnt, so it is tried again
    assert not llama_trial.may_repack(file, threads=1)
