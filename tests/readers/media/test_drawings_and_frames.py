"""Drawings, animations and pages of TIFF."""

from __future__ import annotations

import gzip
import io

import pytest
from PIL import Image, ImageDraw
from sample_files import draw
from sample_files import svg as write_svg

from xmrag_plugin.errors import SourceDamaged


def test_drawings(tmp_path, read):
    path = write_svg(tmp_path)
    picture = read(path).pictures()[0]
    assert picture.path == path.resolve()
    assert picture.data.startswith(b"\x89PNG")
    assert picture.words == "The crane lifts forty tonnes"
    packed = tmp_path / "plan.svgz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert read(packed).pictures()[0].words == picture.words
    path.write_text(
        "<svg xmlns='http://www.w3.org/2000/svg' width='16' height='16'><rect width='9' height='9'/></svg>"
    )
    assert read(path).skipped == {"small": 1}
    path.write_text("<svg xmlns='http://www.w3.org/2000/svg' width='0' height='0'")
    with pytest.raises(SourceDamaged):
        read(path)


def test_pages_of_a_tiff(tmp_path, read):
    first, second = (Image.open(io.BytesIO(draw(120 + n, 90))) for n in (0, 9))
    blank = Image.new("RGB", (200, 200), "white")
    path = tmp_path / "scan.tiff"
    first.save(path, save_all=True, append_images=[blank, second])
    reading = read(path)
    assert [e.page for e in reading.elements] == [1, 3]
    assert reading.skipped == {"blank": 1}
    assert all(picture.path == path.resolve() for picture in reading.pictures())


@pytest.mark.parametrize("suffix", ["gif", "png", "webp", "avif"])
def test_shots_of_an_animation(tmp_path, read, suffix):
    frames = [
        Image.open(io.BytesIO(draw())),
        Image.open(io.BytesIO(draw())),
        Image.open(io.BytesIO(draw())).rotate(180),
    ]
    path = tmp_path / f"crane.{suffix}"
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=500)
    reading = read(path)
    assert [(e.start_s, e.end_s) for e in reading.elements] == [(0.0, 1.0), (1.0, 1.5)]
    assert all(picture.data.startswith(b"\x89PNG") for picture in reading.pictures())


def test_an_animation_of_slides_that_differ_in_a_line(tmp_path, read):
    frames = []
    for words in ("Monday: oats", "Tuesday: barley", "Wednesday: rye"):
        frame = Image.new("L", (320, 200), 255)
        ImageDraw.Draw(frame).text((30, 90), words, fill=0, font_size=28)
        frames.append(frame)
    slow, quick = tmp_path / "slow.gif", tmp_path / "quick.gif"
    frames[0].save(slow, save_all=True, append_images=frames[1:], duration=900)
    frames[0].save(quick, save_all=True, append_images=frames[1:], duration=40)
    assert [element.start_s for element in read(slow).elements] == [0.0, 0.9, 1.8]
    assert len(read(quick).elements) == 1


def test_what_a_drawing_hides_is_no_lettering(tmp_path, read):
    (tmp_path / "a.svg").write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" width="300" height="200"><style>.h, #i {display:none}</style>'
        '<rect width="200" height="90" fill="navy"/><text class="h" y="60">HIDDEN</text><text id="i" y="70">HIDDEN</text>'
        '<text y="90" fill="none">HIDDEN</text><text y="99" style="fill-opacity:0">HIDDEN</text><text y="120">Pump</text></svg>'
    )
    [picture] = read(tmp_path / "a.svg").pictures()
    assert picture.words == "Pump"


def test_lettering_outside_too_small_or_never_used(tmp_path, read):
    (tmp_path / "a.svg").write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 400 300">'
        '<rect width="200" height="90" fill="navy"/><text x="-900" y="9">GONE</text><text x="9" y="900">GONE</text>'
        '<text x="9" y="50" font-size=".2">GONE</text><g transform="translate(1000)"><text x="-900" y="60">Moved in</text></g>'
        '<defs><text id="a">GONE</text><g id="b"><text x="9" y="80">Used</text></g></defs><use xlink:href="#b"/></svg>'
    )
    [picture] = read(tmp_path / "a.svg").pictures()
    assert picture.words.split("\n") == ["Moved in", "Used"]
