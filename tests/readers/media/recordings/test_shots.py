from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from xmrag_plugin.errors import SourceDamaged
from xmrag_plugin.readers.media.recordings import find_shots

from .conftest import scene

Make = Callable[..., Path]


def test_shots_begin_where_the_picture_changes(tmp_path: Path, make_video: Make) -> None:
    video = make_video(tmp_path / "v.mp4", [(1, 2.0), (2, 3.5), (3, 1.5)])
    shots = list(find_shots(video))
    assert [(round(s.start_s, 1), round(s.end_s, 1)) for s in shots] == [(0.0, 2.0), (2.0, 5.5), (5.5, 7.0)]
    for seed, shot in enumerate(shots, 1):
        image = Image.open(io.BytesIO(shot.picture))
        assert image.size == (320, 180)
        assert shot.start_s <= shot.at_s <= shot.end_s
        assert np.abs(np.asarray(image).astype(int) - scene(seed)).mean() < 12


def test_a_picture_that_was_there_before_is_not_stored_again(tmp_path: Path, make_video: Make) -> None:
    video = make_video(tmp_path / "v.mp4", [(1, 2.0), (2, 2.0), (1, 2.0), (2, 2.0)])
    skipped: list[str] = []
    shots = list(find_shots(video, skip=skipped.append))
    assert [(round(s.start_s, 1), round(s.end_s, 1)) for s in shots] == [(0.0, 2.0), (2.0, 4.0)]
    assert skipped == ["duplicate", "duplicate"]


def test_a_flash_does_not_end_a_shot(tmp_path: Path, make_video: Make) -> None:
    video = make_video(tmp_path / "v.mp4", [(1, 3.0), (9, 0.1), (1, 3.0)])
    shots = list(find_shots(video))
    assert [(round(s.start_s, 1), round(s.end_s, 1)) for s in shots] == [(0.0, 6.1)]


def test_a_black_screen_is_no_key_picture(tmp_path: Path, make_video: Make) -> None:
    import av

    path = tmp_path / "v.mp4"
    with av.open(str(path), "w") as output:
        stream = output.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        for i in range(60):
            picture = np.zeros((180, 320, 3), np.uint8) if i < 30 else scene(5)
            output.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        output.mux(stream.encode())
    skipped: list[str] = []
    shots = list(find_shots(path, skip=skipped.append))
    assert [(round(s.start_s, 1), round(s.end_s, 1)) for s in shots] == [(3.0, 6.0)]
    assert skipped == ["blank"]


def test_a_slow_dissolve_is_two_shots(tmp_path: Path) -> None:
    import av

    path = tmp_path / "v.mp4"
    with av.open(str(path), "w") as output:
        stream = output.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = 320, 180, "yuv420p", 2_000_000
        for i in range(100):
            share = min(1.0, max(0.0, (i - 30) / 40))
            picture = ((1 - share) * scene(1) + share * scene(2)).astype(np.uint8)
            output.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        output.mux(stream.encode())
    shots = list(find_shots(path))
    assert 2 <= len(shots) <= 3
    assert shots[0].start_s == 0
    assert 3 < shots[-1].start_s < 8
    assert shots[-1].end_s == pytest.approx(10, abs=0.2)


def test_key_pictures_are_upright_and_bounded(tmp_path: Path, make_video: Make) -> None:
    turned = make_video(tmp_path / "t.mp4", [(1, 1.5)], rotation=90)
    (shot,) = find_shots(turned)
    assert Image.open(io.BytesIO(shot.picture)).size == (180, 320)
    (shot,) = find_shots(turned, longest_px=160)
    assert max(Image.open(io.BytesIO(shot.picture)).size) == 160


def test_what_is_no_video_says_so(tmp_path: Path) -> None:
    path = tmp_path / "v.mp4"
    path.write_bytes(b"\x00\x00\x00\x18ftypmp42" + bytes(200))
    with pytest.raises(SourceDamaged, match=r"v\.mp4"):
        list(find_shots(path))


def test_a_cut_off_video_gives_what_it_has(tmp_path: Path, make_video: Make) -> None:
    whole = make_video(tmp_path / "w.mkv", [(1, 3.0), (2, 3.0)])
    path = tmp_path / "v.mkv"
    path.write_bytes(whole.read_bytes()[: whole.stat().st_size * 3 // 4])
    shots = list(find_shots(path))
    assert shots[0].start_s == 0.0
    assert 3.0 < shots[-1].end_s < 6.0


_PEAK = """
import resource, sys
from pathlib import Path
from xmrag_plugin.readers.media.recordings import find_shots
count = sum(1 for _ in find_shots(Path(sys.argv[1])))
print(count, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak memory as Linux reports it")
def test_an_hour_goes_through_in_bounded_memory(tmp_path: Path, make_video: Make) -> None:
    short = make_video(tmp_path / "short.mp4", [(i, 10.0) for i in range(6)], fps=1, size=(160, 90))
    hour = make_video(tmp_path / "hour.mp4", [(i, 10.0) for i in range(360)], fps=1, size=(160, 90))
    found = []
    for path in (short, hour):
        run = subprocess.run(
            [sys.executable, "-c", _PEAK, str(path)], capture_output=True, text=True, check=True
        )
        found.append([int(value) for value in run.stdout.split()])
    (few, small), (many, large) = found
    assert few == 6
    assert many >= 350
    assert large - small < 60, f"{large - small} MB more for an hour than for a minute"
