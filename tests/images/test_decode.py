from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw

from xmrag_plugin.errors import PictureError
from xmrag_plugin.images.decode import looks_blank, open_picture, picture_bytes, probe
from xmrag_plugin.images.svg import Drawing, is_svg


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def test_probe_reads_the_header_alone_and_turns_sideways_photos(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    photo = encoded(Image.new("RGB", (300, 200), "green"), "JPEG", exif=exif)
    assert probe(photo) == (200, 300, "image/jpeg")
    assert open_picture(photo).size == (200, 300)
    path = tmp_path / "a.png"
    path.write_bytes(encoded(Image.new("RGB", (30, 20)))[:60])
    assert probe(path) == (30, 20, "image/png")


def test_limits_and_damage():
    data = encoded(Image.new("RGB", (200, 100)))
    with pytest.raises(PictureError, match="20,000 pixels") as caught:
        open_picture(data, 10_000)
    assert caught.value.hint
    with pytest.raises(PictureError, match="cannot be decoded"):
        open_picture(encoded(Image.effect_noise((99, 99), 90))[:900])
    for junk in (b"", b"no picture at all", b"\x89PNG\r\n\x1a\n" + b"\0" * 30):
        with pytest.raises(PictureError):
            open_picture(junk)
    with pytest.raises(PictureError):
        open_picture(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n")


def test_measured_values_with_gaps_are_shown():
    values = np.full((40, 60), 0.2, dtype=np.float32)
    values[10:30, 20:40], values[0, 0], values[1, 1] = 0.9, np.nan, np.inf
    shown = open_picture(encoded(Image.fromarray(values), "TIFF"))
    assert shown.getpixel((30, 20)) == (255, 255, 255)
    assert shown.getpixel((5, 35)) == shown.getpixel((0, 0)) == (0, 0, 0)


def test_transparency_lies_on_paper_that_shows_it():
    black = Image.new("RGBA", (50, 50), (0, 0, 0, 0))
    ImageDraw.Draw(black).line((0, 0, 49, 49), fill=(0, 0, 0, 255), width=4)
    assert open_picture(encoded(black)).getpixel((40, 2)) == (255, 255, 255)
    white = Image.new("RGBA", (50, 50), (0, 0, 0, 0))
    ImageDraw.Draw(white).line((0, 0, 49, 49), fill=(255, 255, 255, 255), width=4)
    assert max(open_picture(encoded(white)).getpixel((40, 2))) < 100


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "CMYK", "I;16", "I", "F"])
def test_every_mode_becomes_rgb(mode):
    image = Image.new("L", (40, 40), 10)
    image.paste(200, (10, 10, 30, 30))
    kind = "TIFF" if mode in ("CMYK", "I;16", "I", "F") else "PNG"
    shown = open_picture(
        encoded(image.convert("I").convert(mode) if mode == "I;16" else image.convert(mode), kind)
    )
    assert shown.mode == "RGB"
    assert shown.getpixel((20, 20))[0] > shown.getpixel((1, 1))[0]


def test_smaller_side_is_kept_to():
    photo = encoded(Image.effect_noise((2000, 1000), 60).convert("RGB"), "JPEG")
    assert max(open_picture(photo, side=256).size) <= 256


def test_blankness():
    paper = Image.new("RGB", (800, 1000), (250, 248, 240))
    assert looks_blank(paper)
    ImageDraw.Draw(paper).point((10, 10), fill="black")
    assert looks_blank(paper)
    ImageDraw.Draw(paper).line((100, 100, 700, 900), fill=(180, 180, 180), width=3)
    assert not looks_blank(paper)
    assert picture_bytes(paper).startswith(b"\x89PNG")


def test_drawings_are_rendered_and_their_lettering_kept():
    drawing = (
        b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg' width='100pt' height='50pt' "
        b"viewBox='0 0 100 50'><title>Plan</title><rect width='40' height='40' fill='red'/>"
        b"<text x='5' y='45'>Quay <tspan>7</tspan></text></svg>"
    )
    assert is_svg(drawing)
    assert not is_svg(b"<html><svg></svg>")
    assert Drawing(drawing).words == "Plan\nQuay 7"
    hidden = b'<text display="none">no</text><g style="opacity: 0"><text>no</text></g><text>Shown <tspan visibility="hidden">no</tspan></text>'
    assert Drawing(b'<svg xmlns="http://www.w3.org/2000/svg">' + hidden + b"</svg>").words == "Shown"
    rendered = open_picture(Drawing(drawing).render())
    assert rendered.width == 800
    assert abs(rendered.height - 400) <= 4
    assert rendered.getpixel((100, 100)) == (255, 0, 0)
    with pytest.raises(PictureError):
        Drawing(b"<svg xmlns='http://www.w3.org/2000/svg' width='0' height='0'/>").render()
