"""Lettering read off pictures that the tests draw."""

from __future__ import annotations

import io
import threading
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont

from xmrag_plugin.errors import PictureError
from xmrag_plugin.settings import Settings

pytest.importorskip("rapidocr", reason="the extra 'offline' is not installed")

from xmrag_plugin.describers.ocr import OcrDescriber, OcrResult


@pytest.fixture(scope="module")
def describer() -> OcrDescriber:
    return OcrDescriber(Settings(jobs=2))


def page(*lines: tuple[str, int, int], size: tuple[int, int] = (640, 360), font: int = 30) -> Image.Image:
    image = Image.new("RGB", size, "white")
    pen = ImageDraw.Draw(image)
    for text, x, y in lines:
        pen.text((x, y), text, fill="black", font=ImageFont.load_default(size=font))
    return image


def png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


RECEIPT = page(
    ("Corner Bakery", 40, 30),
    ("Total", 40, 250),
    ("42.50", 460, 250),
    ("Two loaves", 40, 140),
    ("17.00", 460, 140),
)


def squashed(result: OcrResult) -> str:
    return result.text.replace(" ", "").lower()


def test_rows_are_read_top_to_bottom_and_left_to_right(describer: OcrDescriber) -> None:
    result = describer.read(png(RECEIPT))
    assert [row.replace(" ", "").lower() for row in result.text.splitlines()] == [
        "cornerbakery",
        "twoloaves17.00",
        "total42.50",
    ]
    assert all(line.confidence > 0.8 for line in result.lines)


def test_boxes_are_in_pixels_of_the_picture_as_shown(describer: OcrDescriber, tmp_path: Path) -> None:
    large = page(("Harbour", 1200, 2000), size=(2600, 2600), font=120)
    path = tmp_path / "large.png"
    large.save(path)
    x0, y0, x1, y1 = describer.read(path).lines[0].bbox
    assert 1150 < x0 < 1230
    assert 1980 < y0 < 2060
    assert 1500 < x1 < 1760
    assert 2060 < y1 < 2200


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_page_that_lies_or_stands_on_its_head_reads_the_same(describer: OcrDescriber, degrees: int) -> None:
    lines = [(f"The tide table of station {number}", 60, 60 + 70 * number) for number in range(5)]
    upright = page(*lines, size=(800, 500))
    turned = describer.read(upright.rotate(degrees, expand=True))
    assert squashed(turned) == squashed(describer.read(upright))
    first = turned.lines[0].bbox
    width, height = (800, 500) if degrees == 180 else (500, 800)
    assert 0 <= first[0] < first[2] <= width
    assert 0 <= first[1] < first[3] <= height


def test_the_label_of_a_vertical_axis_is_read(describer: OcrDescriber) -> None:
    chart = page(("Month", 300, 300))
    label = page(("Rainfall in mm", 5, 5), size=(230, 44)).rotate(90, expand=True)
    chart.paste(label, (10, 60))
    result = describer.read(chart)
    assert "rainfall" in squashed(result)
    assert "month" in squashed(result)


def test_exif_orientation_is_followed(describer: OcrDescriber) -> None:
    turned = RECEIPT.transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[0x0112] = 6
    buffer = io.BytesIO()
    turned.save(buffer, "JPEG", exif=exif, quality=95)
    result = describer.read(buffer.getvalue())
    assert "cornerbakery" in squashed(result)
    assert result.lines[0].bbox[2] < 640


def test_small_lettering_of_a_drawing_is_read(describer: OcrDescriber) -> None:
    small = page(("valve", 20, 20), ("pump", 120, 90), size=(220, 130), font=13)
    assert {line.text.lower() for line in describer.read(small).lines} == {"valve", "pump"}


@pytest.mark.parametrize("upright", [True, False])
def test_a_long_strip_is_read_piece_by_piece(describer: OcrDescriber, upright: bool) -> None:
    count = 12
    places = [(40, 20 + 460 * n) if upright else (40 + 460 * n, 60) for n in range(count)]
    lines = [(f"Berth {10 + n} pays {200 + 7 * n}", x, y) for n, (x, y) in enumerate(places)]
    size = (480, 460 * count) if upright else (460 * count, 160)
    result = describer.read(page(*lines, size=size, font=24))
    assert [line.text.replace(" ", "") for line in result.lines] == [
        text.replace(" ", "") for text, *_ in lines
    ]
    for line, (x, y) in zip(result.lines, places, strict=True):
        assert abs(line.bbox[0] - x) < 12
        assert abs(line.bbox[1] - y) < 12
    assert len(result.text.splitlines()) == (count if upright else 1)


def test_pictures_without_lettering_give_nothing_and_are_passed_over(describer: OcrDescriber) -> None:
    clouds = Image.effect_noise((32, 24), 60).resize((640, 480), Image.Resampling.BICUBIC).convert("RGB")
    for image in (clouds, Image.new("RGB", (300, 200), "white"), Image.new("RGB", (1, 1))):
        assert describer.read(image) == OcrResult()


def test_many_are_read_in_order_as_one_by_one_and_a_damaged_one_costs_itself_only(
    describer: OcrDescriber,
) -> None:
    pages = [png(page((f"Sheet number {n}", 30, 40), ("end", 30 + 20 * n, 200))) for n in range(7)]
    pages.insert(3, b"\x89PNG\r\n\x1a\nbroken")
    alone: list[OcrResult | None] = [
        None if place == 3 else describer.read(data) for place, data in enumerate(pages)
    ]
    many = list(describer.read_many(iter(pages)))
    assert isinstance(many[3], PictureError)
    assert [result for place, result in enumerate(many) if place != 3] == [
        result for place, result in enumerate(alone) if place != 3
    ]


def test_leaving_off_early_waits_for_no_one(describer: OcrDescriber) -> None:
    taken = []

    def pages() -> object:
        for number in range(1000):
            taken.append(number)
            yield png(page((f"Sheet {number}", 30, 40), size=(200, 120)))

    readings = describer.read_many(pages())  # type: ignore[arg-type]
    next(readings)
    readings.close()  # type: ignore[attr-defined]
    assert len(taken) < 20


def test_nothing_is_printed(describer: OcrDescriber, capfd: pytest.CaptureFixture[str]) -> None:
    OcrDescriber(Settings(jobs=1)).read(RECEIPT)
    describer.read(Image.new("RGB", (400, 300), "white"))
    assert capfd.readouterr() == ("", "")


def test_threads_share_a_describer() -> None:
    describer = OcrDescriber(Settings(jobs=1))
    found: list[str] = []
    threads = [
        threading.Thread(target=lambda: found.append(squashed(describer.read(RECEIPT)))) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    assert len(found) == 3


def test_the_name_tells_versions_apart() -> None:
    assert OcrDescriber(Settings()).name != OcrDescriber(Settings(), first_look=False).name
    assert OcrDescriber(Settings()).name.startswith("rapidocr-")


def test_the_values_of_a_chart_are_told_with_their_labels(describer: OcrDescriber) -> None:
    image = Image.new("RGB", (900, 520), "white")
    pen, font = ImageDraw.Draw(image), ImageFont.load_default(size=26)
    for i, (year, value) in enumerate([("2019", 212), ("2020", 187), ("2021", 231), ("2022", 258)]):
        left, top = 140 + 180 * i, 480 - value
        pen.rectangle((left, top - 30, left + 90, 450), fill="steelblue")
        pen.text((left + 20, top - 64), str(value), fill="black", font=font)
        pen.text((left + 14, 465), year, fill="black", font=font)
    assert describer.read(png(image)).text.splitlines()[-4:] == [
        "2019: 212",
        "2020: 187",
        "2021: 231",
        "2022: 258",
    ]
