"""Fusions against numbers computed by hand."""

from __future__ import annotations

import numpy as np
import pytest

from xmrag_plugin.errors import UsageError
from xmrag_plugin.search.calibration import SpaceStatistics
from xmrag_plugin.search.fusion import Background, Candidates, fusion_names, load_fusion
from xmrag_plugin.search.fusion.calibrated import combine, probabilities, standard_scores

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
            ("text", "text"): Background(0.2, 0.1),
            ("text", "image"): Background(0.2, 0.1),
            ("vision", "image"): Background(-0.1, 0.1, 0.5, 0.2),
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
    asked = candidates()
    asked.levels, asked.lexical_weight = {"words": 2.0, "image": 1.0}, 0.12
    fused = load_fusion("calibrated").fuse(asked)
    # text space: (0.8-0.2)/0.1 = 6, 2, 3; vision, less hubness: (0.3-0.1+0.1)/0.1 = 3, 4
    texts = [6 + 0.12 * 10 - 2, 2 - 2]
    picture = 3 + (3 - 1) + 0.12 * 5 - 2
    wanted = 0.5 * (picture - sum(texts) / 2 + 1.2)
    assert fused.scores == pytest.approx([*texts, picture + min(wanted, 1.5), 4 - 1], abs=1e-5)
    assert fused.probabilities is not None
    assert list(np.argsort(-fused.probabilities)) == list(np.argsort(-fused.scores))
    asked.picture_style = -3.0  # it reads like the passages
    against = load_fusion("calibrated").fuse(asked).scores
    expected = [*texts, picture + max(wanted - 1.5, -1.5), 4 - 1]
    assert against == pytest.approx(expected, abs=1e-5), "pictures with words alone are moved"


@pytest.mark.parametrize(("shift", "stretch"), [(0.0, 1.0), (0.75, 0.2), (-0.3, 0.5)])
def test_standard_scores_do_not_depend_on_where_an_encoders_similarities_lie(shift: float, stretch: float):
    near = np.array([[0.1, 0.5, 0.3], [0.0, 0.2, 0.4]])
    mean, std = near.mean(axis=1, keepdims=True), near.std(axis=1, keepdims=True)
    moved = standard_scores(shift + stretch * near, 0.0, shift + stretch * mean, stretch * std)
    assert moved == pytest.approx(standard_scores(near, 0.0, mean, std), abs=1e-5)


def test_a_list_that_pictures_lead_raises_them_and_one_that_texts_lead_lowers_them():
    def gain(best_text: float) -> float:
        asked = candidates()
        asked.similarity = {"text": np.array([best_text, 0.4, 0.5, 0.45], dtype=np.float32)}
        plain = (asked.similarity["text"].astype(float) - 0.2) / 0.1
        return float((load_fusion("calibrated").fuse(asked).scores - plain)[2])

    assert gain(0.3) > 0 > gain(0.9)
    assert gain(0.9) == pytest.approx(0.5 * ((3 + 2.5) / 2 - (7 + 2) / 2 + 1.2), abs=1e-5)
    assert gain(3.0) == pytest.approx(-1.5, abs=1e-5), "within the limit"


def test_a_picture_gains_by_the_best_passage_that_refers_to_it():
    def scores(*linked: tuple[int, int], level: float = 5.0) -> np.ndarray:
        asked = candidates()
        asked.similarity = {"text": np.array([0.8, -0.15, 0.3, np.nan], dtype=np.float32)}
        asked.linked = np.array(linked, dtype=np.int64).reshape(-1, 2)
        asked.levels = {"words": level}
        return load_fusion("calibrated").fuse(asked).scores

    plain = scores()
    assert scores((2, 0), (2, 1)) - plain == pytest.approx([0, 0, 0.45 * (6 - 5 + 3), 0], abs=1e-5)
    assert scores((3, 1)) == pytest.approx(plain), "a passage below the floor takes nothing away"
    few = scores((2, 0), level=1.0) - scores(level=1.0)  # in a small collection chance gives little
    assert few == pytest.approx([0, 0, 0.45 * 6, 0], abs=1e-5)


def test_pictures_gain_where_the_question_speaks_of_one_and_one_stands_near():
    def gain(best_picture: float) -> np.ndarray:
        plain, asked = candidates(), candidates()
        for each in (plain, asked):
            each.similarity["text"] = np.array([0.8, 0.4, best_picture, NAN], dtype=np.float32)
        asked.kind_asked = np.array([False, False, True, True])
        return load_fusion("calibrated").fuse(asked).scores - load_fusion("calibrated").fuse(plain).scores

    assert gain(0.9) == pytest.approx([0, 0, 1.5, 0], abs=1e-5), (
        "a photo without words keeps what it is seen as"
    )
    assert gain(0.3) == pytest.approx([0, 0, 0, 0], abs=1e-5), "the picture of health asks for no picture"


def test_the_best_match_in_words_gains_no_more_than_the_limit():
    asked = candidates()
    asked.similarity = {"text": np.full(4, 0.2, np.float32), "lexical": np.array([100, 50, 0, 0], np.float32)}
    scores = load_fusion("calibrated").fuse(asked).scores
    assert scores[:2] == pytest.approx([5.0, 2.5], abs=1e-5)


def test_what_was_not_calibrated_is_scored_among_the_candidates():
    near = np.array([0.86, 0.84, 0.79, 0.75], dtype=np.float32)
    asked = Candidates(["a", "b", "c", "d"], np.array(["text"] * 4), {"text": near})
    scores = load_fusion("calibrated").fuse(asked).scores
    assert scores == pytest.approx((near - near.mean()) / near.std(), abs=1e-4)


def test_a_missing_view_leaves_its_share_to_the_other():
    views = {"text": np.array([4.0, NAN, 4.0]), "vision": np.array([2.0, 2.0, NAN])}
    assert combine(views, "text") == pytest.approx([0.7 * 4 + 0.3 * 2, 2.0, 4.0])
    assert combine(views, "image") == pytest.approx([4 + (2 - 1), 2.0, 4.0])


def test_probabilities_fall_with_rivals_and_stay_within_bounds():
    alone = probabilities(np.array([3.0, -3.0]))
    crowded = probabilities(np.full(40, 3.0))
    assert 0 < crowded[0] < alone[0] < 1
    assert len(probabilities(np.array([]))) == 0


def test_a_hit_is_the_likelier_the_more_answers_a_question_has_here():
    scores = np.array([3.0, 2.0, 1.0, 0.0])
    one, several = probabilities(scores, 0.0), probabilities(scores, 3.0)
    alone, beside = np.exp(1.2 * scores), np.exp(0.6 * scores)
    assert one == pytest.approx(0.95 * alone / alone.sum())
    assert several == pytest.approx(0.95 * (1 - (1 - beside / beside.sum()) ** 13))
    pictures = np.zeros(4, bool)
    assert probabilities(scores, 3.0, pictures) == pytest.approx(one)
    assert probabilities(scores, 3.0, ~pictures) == pytest.approx(several)


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
            hubness={"sound": np.array([NAN, 0.1, 0.1], np.float32)},
            background={
                ("text", "text"): Background(0.2, 0.1),
                ("sound", "sound"): Background(0.05, 0.1, 0.5, 0.1, at_large),
            },
            levels={"words": 1.0, "sound": 0.5},
        )

    fusion = load_fusion("calibrated")
    # among this question's sounds: (0.4-0.5*0.1-0.05)/0.1 = 3, 0; among questions: (0.4-0.3)/0.1 = 1, -2
    assert fusion.fuse(heard(None)).scores == pytest.approx([2.0, 2.5, -0.5], abs=1e-5)
    assert fusion.fuse(heard((0.3, 0.1))).scores == pytest.approx([2.0, 0.5, -2.5], abs=1e-5)
    assert load_fusion("rrf").fuse(heard(None)).scores == pytest.approx([1 / 61, 1 / 61, 1 / 62])
    assert list(np.argsort(-load_fusion("sound").fuse(heard(None)).scores)) == [1, 2, 0]


def test_a_questions_moments_are_those_of_its_similarities_to_all_nodes():
    rng = np.random.default_rng(0)
    nodes, hubness = rng.normal(size=(2000, 8)).astype(np.float32), rng.normal(size=2000).astype(np.float32)
    question = rng.normal(size=8).astype(np.float32)
    statistics = SpaceStatistics(
        count=2000,
        mean=nodes.mean(0),
        covariance=np.cov(nodes.T, bias=True).astype(np.float32),
        hub_mean=float(hubness.mean()),
        hub_variance=float(hubness.var()),
        hub_covariance=((nodes - nodes.mean(0)) * (hubness - hubness.mean())[:, None]).mean(0),
        hub_weight=0.5,
    )
    corrected = nodes @ question - 0.5 * hubness
    mean, std = statistics.moments(question)
    assert (mean, std) == (
        pytest.approx(corrected.mean(), abs=1e-3),
        pytest.approx(corrected.std(), rel=0.01),
    )
    statistics.reliability = 0.5
    assert statistics.moments(question)[1] == pytest.approx(2 * std)
