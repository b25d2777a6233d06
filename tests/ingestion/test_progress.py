"""Progress in a real terminal: one bar that moves, and nothing of it left behind."""

from __future__ import annotations

import io
import os
import re
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from xmrag_plugin.errors import UsageError
from xmrag_plugin.ingestion.progress import _Bar, _pace, progress_bar

SCRIPT = """
import sys, time
from xmrag_plugin.ingestion.progress import progress_bar
with progress_bar("auto") as show:
    show("files", 0, 3)
    for page in range(1, 9):
        show("read: long\\x1b[2J.pdf", page, 8)
        time.sleep(0.15)
    for number in range(1, 4):
        show("read", number, 3)
        show("embed text", number, 3)
        time.sleep(0.15)
    show("files", 3, 3)
    time.sleep(0.15)
print("Result of it")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
@pytest.mark.parametrize("size", [(24, 110), (0, 110), (0, 0)])
def test_one_bar_moves_and_leaves_the_result_whole(tmp_path: Path, size: tuple[int, int]) -> None:
    import fcntl
    import pty
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
    process = subprocess.Popen([sys.executable, "-c", SCRIPT], stdout=theirs, stderr=theirs, stdin=theirs)
    os.close(theirs)
    drawn = b""
    while True:
        try:
            piece = os.read(ours, 4096)
        except OSError:  # the other end is closed
            break
        drawn += piece
    os.close(ours)
    assert process.wait() == 0
    frames = drawn.decode().split("\r")
    shares = [int(share) for share in re.findall(r"(\d+)%\|", drawn.decode())]
    assert shares == sorted(shares)
    assert len(set(shares)) > 5
    assert shares[-1] == 100
    assert any("1 of" in frame or "0 of 3 files" in frame for frame in frames)
    assert any("read: long�[2J.pdf 4/8" in frame for frame in frames)
    assert "\n\x1b[A" not in drawn.decode()  # a second bar below the first
    assert drawn.decode().rstrip().rsplit("\r\x1b[K", 1)[1] == "Result of it"


def test_a_notebook_shows_a_bar_without_widgets_and_keeps_nothing_of_it() -> None:
    pytest.importorskip("ipykernel")
    started = pytest.importorskip("jupyter_client.manager").start_new_kernel(startup_timeout=300)
    told: list[dict[str, Any]] = []
    try:
        code = f"{SCRIPT}\nimport tqdm.auto  # as LlamaIndex does"
        started[1].execute_interactive(code, timeout=300, output_hook=told.append)
    finally:
        started[1].stop_channels()
        started[0].shutdown_kernel(now=True)
    shown = [message for message in told if message["msg_type"].endswith("display_data")]
    assert [message["msg_type"] for message in shown].count("display_data") == 1  # the others replace it
    bars = [message["content"]["data"]["text/html"] for message in shown]
    places = [
        float(place) for bar in bars for place in re.findall(r'<progress value="([\d.]+)" max="3"', bar)
    ]
    assert places == sorted(places)
    assert len(set(places)) > 5
    assert any("1 of 3 files" in bar or "0 of 3 files" in bar for bar in bars)
    assert bars[-1] == ""
    written = [message["content"] for message in told if message["msg_type"] == "stream"]
    assert written == [{"name": "stdout", "text": "Result of it\n"}]


def test_elsewhere_it_is_silent_or_calls_back(capsys: pytest.CaptureFixture[str]) -> None:
    told: list[tuple[str, int, int]] = []
    for option in ("auto", True, False):
        with progress_bar(option) as show:
            show("files", 1, 2)
    with progress_bar(lambda *stage: told.append(stage)) as show:
        show("files", 1, 2)
    assert told == [("files", 1, 2)]
    assert capsys.readouterr().err == ""
    with pytest.raises(UsageError), progress_bar("never"):  # type: ignore[arg-type]
        pass


def test_a_program_without_a_console_has_no_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = io.StringIO()
    closed.close()
    for stream in (None, closed):
        monkeypatch.setattr(sys, "stderr", stream)
        with progress_bar("auto") as show:
            assert show("read", 1, 2) is None  # type: ignore[func-returns-value]
        assert sys.stderr is stream, "nothing was put in its place to draw on"


def test_the_time_left_goes_by_the_whole_run(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stderr", Terminal())
    bar = _Bar()
    bar.show("files", 0, 100)
    assert bar._bar is not None
    bar._bar.start_t -= 3600  # as if an hour had passed
    for done in (10, 24, 25):  # a burst, then a slow one
        bar.show("files", done, 100)
    times = re.search(r"<(\d+):(\d\d):\d\d", str(bar._bar))
    assert times, str(bar._bar)
    assert abs(60 * int(times[1]) + int(times[2]) - 180) < 10, "a quarter in an hour leaves three hours"
    assert bar._bar.desc == "25 of 100 files, 25 an hour"
    bar.close()


@pytest.mark.parametrize(("files", "pace"), [(640, "3.2 a second"), (40, "12 a minute"), (0, "0 an hour")])
def test_a_pace_is_told_in_a_unit_that_shows_it(files: int, pace: str) -> None:
    assert _pace(files, 200.0) == pace
