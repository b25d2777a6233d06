"""Fusions against numbers computed by hand."""

from __future__ import annotations

import numpy as np
import pytest

from xmrag_plugin.errors import UsageError
from xmrag_plugin.search.calibration import Calibration, SpaceStatistics
from xmrag_plugin.search.fusion import Background, Candidates, fusion_names, load_fusion
from xmrag_plugin.search.fusion.calibrated import Level, combine, probabilities

NAN = float("nan")


def candidates() -> Candidates:
    return Candidates(
        ids=["t1", "t2", "i1", "i2"],
        kinds=np.array(["text", "text", "image", "image"]),
        similarity={
            "text": np.array([0.8, 0.4, 0.5, NAN], dtype=np.float32),
            "vision": np.array([NAN, NAN, 0.3, 0.4], dtype=np.float32),
            "lexical": np.array([10.0, 0.0, 5.0, 0.0], dtype=np.float32),
        },
        hubness={"text": np.zeros(4, np.float32), "vision": np.array([NAN, NAN, 0.2, 0.2], np.float32)},
        background={
            ("text", "text"): Background(0.2, 0.1, 100),
            ("text", "image"): Background(0.2, 0.1, 100),
            ("vision", "image"): Background(0.0, 0.1, 100),
        },
    )


def test_reciprocal_rank_fusion():
    # text space: texts t1, t2; pictures i1. vision: pictures i2, i1. lexical: t1, i1.
    scores = load_fusion("rrf", k=60).fuse(candidates()).scores
    assert scores == pytest.approx([1 / 61 + 1 / 61, 1 / 62, 1 / 61 + 1 / 62 + 1 / 62, 1 / 61])


def test_weighted_sum():
    # lexical is scaled to its best and weighs a half; a channel that does not know a node has no say
    scores = load_fusion("weighted").fuse(candidates()).scores
    expected = [(0.8 + 0.5) / 1.5, 0.4 / 1.5, (0.5 + 0.3 + 0.25) / 2.5, 0.4 / 1.5]
    assert scores == pytest.approx(expected)


def test_stock_order_puts_texts_first():
    scores = load_fusion("stock").fuse(candidates()).scores
    assert list(np.argsort(-scores)) == [0, 1, 3, 2]


def test_one_channel_alone():
    scores = load_fusion("vision").fuse(candidates()).scores
    assert list(np.argsort(-scores)[:2]) == [3, 2]
    with pytest.raises(UsageError, match="no channel"):
        load_fusion("vision").fuse(Candidates(["a"], np.array(["text"]), {}))


def test_calibrated_scores_by_hand():
    calibration = Calibration(levels={"text": Level(2.0, 0.5, 100), "image": Level(1.0, 0.5, 100)})
    fused = load_fusion("calibrated", calibration=calibration).fuse(candidates())
    # standard scores: (0.8-0.2)/0.1 = 6, 2; picture: 3 in the text space, (0.3-0.5*0.2)/0.1 = 2 in vision
    assert fused.scores == pytest.approx(
        [6 + 0.12 * 10 - 2, 2 - 2, 0.55 * 3 + 0.45 * 2 + 0.12 * 5 - 1, 3.0 - 1], abs=1e-5
    )
    assert fused.probabilities is not None
    assert list(np.argsort(-fused.probabilities)) == list(np.argsort(-fused.scores))


def test_a_question_for_a_picture_raises_pictures():
    asked = candidates()
    asked.picture_asked = True
    plain = load_fusion("calibrated", calibration=Calibration()).fuse(candidates()).scores
    raised = load_fusion("calibrated", calibration=Calibration()).fuse(asked).scores
    assert (raised - plain) == pytest.approx([0, 0, 2.5, 2.5])


def test_a_missing_view_leaves_its_share_to_the_other():
    columns = {"text": np.array([4.0, NAN]), "vision": np.array([2.0, 2.0])}
    assert combine(columns, "image") == pytest.approx([0.55 * 4 + 0.45 * 2, 2.0])


def test_probabilities_fall_with_rivals_and_stay_within_bounds():
    alone = probabilities(np.array([3.0, -3.0]), np.array([3.0, -3.0]))
    crowded = probabilities(np.full(40, 3.0), np.full(40, 3.0))
    assert 0 < crowded[0] < alone[0] < 1
    assert len(probabilities(np.array([]), np.array([]))) == 0


def test_unknown_fusions_name_the_known():
    with pytest.raises(UsageError, match="calibrated"):
        load_fusion("calibratd")
    assert {"calibrated", "weighted", "rrf", "stock"} <= set(fusion_names())


def test_sounds_by_hand():
    def heard(at_large: tuple[float, float] | None) -> Candidates:
        return Candidates(
            ids=["t", "s1", "s2"],
            kinds=np.array(["text", "sound", "sound"]),
            similarity={
                "text": np.array([0.5, NAN, NAN], np.float32),
                "sound": np.array([NAN, 0.4, 0.1], np.float32),
            },
            hubness={"text": np.zeros(3, np.float32), "sound": np.array([NAN, 0.1, 0.1], np.float32)},
            background={
                ("text", "text"): Background(0.2, 0.1, 100),
                ("sound", "sound"): Background(0.05, 0.1, 50, 0.1, at_large),
            },
        )

    calibration = Calibration(levels={"text": Level(1.0, 0.5, 100), "sound": Level(0.5, 0.5, 50)})
    fusion = load_fusion("calibrated", calibration=calibration)
    # among this question's sounds: (0.4-0.5*0.1-0.05)/0.1 = 3, 0; among questions: (0.4-0.3)/0.1 = 1, -2
    assert fusion.fuse(heard(None)).scores == pytest.approx([2.0, 2.5, -0.5], abs=1e-5)
    assert fusion.fuse(heard((0.3, 0.1))).scores == pytest.approx([2.0, 0.5, -2.5], abs=1e-5)
    assert load_fusion("rrf").fuse(heard(None)).scores == pytest.approx([1 / 61, 1 / 61, 1 / 62])
    assert list(np.argsort(-load_fusion("sound").fuse(heard(None)).scores)) == [1, 2, 0]


def test_similarities_at_large_are_those_of_all_questions_to_all_nodes():
    rng = np.random.default_rng(0)
    nodes, questions = (rng.normal(size=(count, 8)).astype(np.float32) for count in (200, 20))
    statistics = SpaceStatistics(
        count=200,
        mean=nodes.mean(0),
        covariance=np.cov(nodes.T, bias=True).astype(np.float32),
        hub_mean=0.0,
        hub_variance=0.0,
        hub_covariance=np.zeros(8, np.float32),
        usual_std=0.1,
    )
    calibration = Calibration({("sound", "sound"): statistics}, questions={"sound": questions})
    near = questions @ nodes.T
    expected = (float(near.mean()), float(near.std()))
    assert calibration.at_large("sound", "sound") == pytest.approx(expected, rel=1e-3)
