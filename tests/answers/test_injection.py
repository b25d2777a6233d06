"""Evidence becomes blocks within the budget: order, shares, pictures, duplicates, report."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from xmrag_plugin.answers.context import Evidence
from xmrag_plugin.answers.context_order import arrange
from xmrag_plugin.answers.injection import Budget, inject
from xmrag_plugin.images.resize import prepare_picture
from xmrag_plugin.images.token_cost import image_cost
from xmrag_plugin.types import Key, Modality


def text(n: int, words: str, probability: float | None = 0.5, **metadata: object) -> Evidence:
    return Evidence(n, f"t{n}", f"doc{n}.md", words, probability=probability, metadata=dict(metadata))


def figure(
    n: int, path: Path, words: str = "a figure", probability: float = 0.5, **metadata: object
) -> Evidence:
    return Evidence(
        n,
        f"f{n}",
        "doc.md",
        words,
        Modality.IMAGE,
        probability,
        media_file=str(path),
        metadata=dict(metadata),
    )


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    noise = np.random.default_rng(0).integers(0, 255, (900, 1200, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "photo.png")
    return tmp_path / "photo.png"


def long(word: str, sentences: int = 60) -> str:
    return " ".join(f"{word.capitalize()} number {i} says something of its own." for i in range(sentences))


def test_order_by_probability_and_numbering() -> None:
    kept, _ = arrange([text(1, "alpha beta", 0.2), text(2, "gamma delta", 0.9)])
    assert [(item.n, item.node_id) for item in kept] == [(1, "t2"), (2, "t1")]


def test_order_of_the_retriever_without_probabilities() -> None:
    kept, _ = arrange([text(1, "alpha", None), text(2, "beta", None)])
    assert [item.node_id for item in kept] == ["t1", "t2"]


def test_figure_stands_next_to_its_words(photo: Path) -> None:
    kept, _ = arrange(
        [
            text(1, "the passage on growth", 0.9, **{Key.FIGURES: "f3"}),
            text(2, "something else entirely", 0.8),
            figure(3, photo, probability=0.3),
        ]
    )
    assert [item.node_id for item in kept] == ["t1", "f3", "t2"]


def test_duplicates_go(photo: Path) -> None:
    kept, dropped = arrange(
        [
            text(1, "The quick brown fox jumps over the lazy dog today", 0.9),
            text(2, "The quick brown fox jumps over the lazy dog today.", 0.8),
            figure(3, photo, "one", 0.7, **{Key.MEDIA_HASH: "aa"}),
            figure(4, photo, "two", 0.6, **{Key.MEDIA_HASH: "aa"}),
        ]
    )
    assert [item.node_id for item in kept] == ["t1", "f3"]
    assert dropped == [("t2", "same words"), ("f4", "same picture")]


def test_text_is_apportioned_by_probability() -> None:
    kept, _ = arrange([text(1, long("apple"), 0.8), text(2, long("pear"), 0.2), text(3, "Short one.", 0.1)])
    injection = inject(kept, Budget(text_tokens=500), takes_pictures=False)
    by_id = {row.node_id: row for row in injection.report}
    assert by_id["t1"].truncated
    assert by_id["t2"].truncated
    assert not by_id["t3"].truncated
    assert 2.5 < by_id["t1"].text_tokens / by_id["t2"].text_tokens < 5.5
    assert injection.as_json()["text_tokens"] < 650


def test_blocks_are_numbered_with_source_lines_and_pictures_behind_their_words(photo: Path) -> None:
    kept, _ = arrange(
        [figure(1, photo, "Figure 2: Noise", 0.9, **{Key.PAGE: 4}), text(2, "Plain words.", 0.5)]
    )
    blocks = inject(kept, Budget(), takes_pictures=True).blocks
    assert [block.block_type for block in blocks] == ["text", "image", "text", "text"]
    assert blocks[0].text.splitlines()[1].startswith("[1] Source: doc.md, p. 4")
    assert blocks[3].text.splitlines()[1].startswith("[2] Source: doc2.md")


def test_a_model_without_pictures_gets_words_only(photo: Path) -> None:
    injection = inject(arrange([figure(1, photo, "Figure 2: Noise", 0.9)])[0], Budget(), takes_pictures=False)
    assert [block.block_type for block in injection.blocks] == ["text"]
    assert injection.report[0].picture_left_out


@pytest.mark.parametrize("model", ["gpt-4o", "claude-sonnet", "qwen2.5-vl", "unknown"])
def test_image_budget_is_kept_and_shared_by_probability(photo: Path, model: str) -> None:
    kept = [figure(n, photo, f"figure {n}", p) for n, p in ((1, 0.8), (2, 0.4), (3, 0.1))]
    budget = Budget(image_tokens=1600, max_images=2)
    report = inject(kept, budget, takes_pictures=True, cost=image_cost(model)).as_json()
    assert report["image_tokens"] <= 1600
    assert report["images"] <= 2
    assert report["evidence"][2]["picture_left_out"] == "more than 2 pictures"
    shown = [row["picture"] for row in report["evidence"] if row["picture"]]
    assert shown[0]["tokens"] >= shown[-1]["tokens"]


def test_question_picture_takes_its_part_first(photo: Path) -> None:
    injection = inject(
        [figure(1, photo)],
        Budget(image_tokens=1000),
        takes_pictures=True,
        question_pictures=[photo.read_bytes()],
    )
    assert [block.block_type for block in injection.blocks] == ["text", "image", "text", "text", "image"]
    assert injection.as_json()["image_tokens"] <= 1000


def test_unreadable_picture_costs_only_itself(tmp_path: Path, photo: Path) -> None:
    (tmp_path / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\n nothing")
    injection = inject(
        [figure(1, tmp_path / "bad.png"), figure(2, photo), figure(3, tmp_path / "gone.png")],
        Budget(),
        takes_pictures=True,
    )
    rows = injection.as_json()["evidence"]
    assert rows[0]["picture"] is None
    assert "cannot be read" in rows[0]["picture_left_out"]
    assert rows[1]["picture"] is not None
    assert "cannot be read" in rows[2]["picture_left_out"]


def test_a_27_mb_picture_goes_out_small(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (3000, 3000, 3), dtype=np.uint8)
    path = tmp_path / "huge.png"
    Image.fromarray(noise).save(path, compress_level=1)
    assert path.stat().st_size > 26_000_000
    (_, block, _) = inject([figure(1, path)], Budget(), takes_pictures=True).blocks
    encoded = block.image if isinstance(block.image, bytes) else block.image.encode()
    assert len(encoded) < 1_500_000 * 4 / 3
    assert len(base64.b64decode(encoded)) < 1_500_000
    assert max(Image.open(io.BytesIO(base64.b64decode(encoded))).size) <= 1568


def test_crop_to_the_figure_or_keep_the_page(tmp_path: Path) -> None:
    page = Image.new("RGB", (1000, 1400), "white")
    page.paste(Image.effect_noise((300, 200), 90), (400, 600))
    page.save(tmp_path / "page.png")
    generic = image_cost("")
    cut = prepare_picture(tmp_path / "page.png", cost=generic, tokens=5000)
    assert cut.cropped
    assert (cut.width, cut.height) < (420, 320)
    whole = prepare_picture(tmp_path / "page.png", cost=generic, tokens=5000, crop="page")
    assert (whole.width, whole.height) == (1000, 1400)
    boxed = prepare_picture(
        tmp_path / "page.png", cost=generic, tokens=5000, bbox=(400.0, 600.0, 500.0, 700.0)
    )
    assert boxed.width < 120


def test_metadata_of_the_picture_stays_here(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x010E] = "secret place"
    Image.effect_noise((400, 300), 60).convert("RGB").save(tmp_path / "a.jpg", exif=exif)
    assert b"secret place" in (tmp_path / "a.jpg").read_bytes()
    assert b"secret place" not in prepare_picture(tmp_path / "a.jpg", cost=image_cost(""), tokens=999).data


def test_budget_leaves_the_model_room() -> None:
    class Small:
        class metadata:
            context_window = 4096
            num_output = 512

    budget = Budget.for_llm(Small(), max_images=3)
    assert budget.text_tokens + budget.image_tokens < 4096 - 512
    assert budget.max_images == 3


@pytest.mark.parametrize(
    "model", ["gpt-4o-mini", "gpt-4o", "llama-3.2-vision", "moondream2", "gpt-5-nano", "unknown"]
)
def test_the_best_picture_always_goes_in_and_what_is_left_out_is_told(photo: Path, model: str) -> None:
    kept = [figure(n, photo, f"figure {n}", p) for n, p in ((1, 0.6), (2, 0.5), (3, 0.4))]
    report = inject(kept, Budget(image_tokens=500), takes_pictures=True, cost=image_cost(model)).as_json()
    best, *others = report["evidence"]
    assert max(best["picture"]["width"], best["picture"]["height"]) >= 224
    assert all(row["picture"] or "no room" in row["picture_left_out"] for row in others)


def test_a_picture_that_the_window_cannot_hold_stays_out_and_a_dear_one_takes_room_of_the_words(
    photo: Path,
) -> None:
    kept = [figure(1, photo, long("apple"), 0.9)]
    cost = image_cost("gpt-4o-mini")
    small = inject(kept, Budget(room=3000), takes_pictures=True, cost=cost)
    assert "window" in small.report[0].picture_left_out
    tight = inject(kept, Budget(text_tokens=4000, room=9300), takes_pictures=True, cost=cost)
    assert tight.report[0].picture
    assert tight.report[0].text_tokens + tight.as_json()["image_tokens"] <= 9310
    none = inject(kept, Budget(image_tokens=0), takes_pictures=True, cost=cost)
    assert none.report[0].picture is None
