"""The metrics against numbers computed by hand."""

from __future__ import annotations

import pytest

from xmrag_plugin.evaluation.dataset import Relevant
from xmrag_plugin.evaluation.metrics import (
    METRICS,
    area_covered,
    first_ranks,
    interval,
    ndcg,
    page_recall,
    recall,
    reciprocal_rank,
    score,
    score_pages,
)
from xmrag_plugin.types import BBox, Hit, NodeRecord


def hit(source: str, page: int | None = None, media: str | None = None, bbox: BBox | None = None) -> Hit:
    box = ",".join(map(str, bbox)) if bbox else None
    metadata = {"page": page, "bbox": box, "media": media}
    return Hit(1, 1.0, None, NodeRecord("", source, 0, "text", "", "", "", metadata))


def test_two_items_at_ranks_two_and_five() -> None:
    hits = [hit("x"), hit("a"), hit("a"), hit("y"), hit("b")]
    ranks = first_ranks(hits, [Relevant("a"), Relevant("b")])
    assert ranks == [2, 5]  # the second "a" at rank 3 brings nothing
    assert recall(ranks, 1) == 0
    assert recall(ranks, 2) == 0.5
    assert recall(ranks, 5) == 1
    assert reciprocal_rank(ranks, 10) == 0.5
    # (1/log2 3 + 1/log2 6) / (1/log2 2 + 1/log2 3) = (0.630930 + 0.386853) / 1.630930
    assert ndcg(ranks, 10) == pytest.approx(0.624051, abs=1e-6)


def test_a_duplicate_takes_a_place_in_the_list() -> None:
    together = [hit("a"), hit("b")]
    apart = [hit("a"), hit("a"), hit("b")]
    items = [Relevant("a"), Relevant("b")]
    assert score(together, items)["ndcg@10"] == 1
    # (1 + 1/log2 4) / (1 + 1/log2 3) = 1.5 / 1.630930
    assert score(apart, items)["ndcg@10"] == pytest.approx(0.919721, abs=1e-6)


def test_one_item_at_rank_three() -> None:
    row = score([hit("x"), hit("y"), hit("a")], [Relevant("a")])
    assert row == {
        "recall@1": 0.0,
        "recall@5": 1.0,
        "recall@10": 1.0,
        "ndcg@10": pytest.approx(0.5),  # 1/log2 4
        "mrr": pytest.approx(1 / 3),
    }


def test_nothing_found() -> None:
    assert score([], [Relevant("a")]) == dict.fromkeys(METRICS, 0.0)


def test_more_items_than_places() -> None:
    items = [Relevant("a", page) for page in range(1, 21)]
    row = score([hit("a", page) for page in range(1, 11)], items)
    assert row["recall@10"] == 0.5
    assert row["ndcg@10"] == pytest.approx(1)


def test_page_source_and_media() -> None:
    assert first_ranks([hit("a", 2), hit("a", 3)], [Relevant("a", 3)]) == [2]
    assert first_ranks([hit("a.md", media="pictures/p.png")], [Relevant("pictures/p.png")]) == [1]
    both = [Relevant("a.md"), Relevant("pictures/p.png")]
    assert score([hit("a.md", media="pictures/p.png")], both)["ndcg@10"] == 1  # capped


def test_intervals() -> None:
    ones = [dict.fromkeys(METRICS, 1.0)] * 5
    assert interval(ones) == {name: [1.0, 1.0] for name in METRICS}
    # The mean of four draws from {0, 1} is 0 in 1/16 of the resamples, above 2.5 %: hence [0, 1].
    halves = [dict.fromkeys(METRICS, value) for value in (0.0, 1.0, 0.0, 1.0)]
    assert interval(halves)["mrr"] == [0.0, 1.0]
    # 100 draws: 0.5 ± 1.96 × 0.05
    low, high = interval(halves * 25)["mrr"]
    assert low == pytest.approx(0.402, abs=0.015)
    assert high == pytest.approx(0.598, abs=0.015)
    assert interval(halves * 25) == interval(halves * 25)


def test_pages_count_once_in_the_order_of_the_list() -> None:
    hits = [hit("a", 4), hit("a", 4), hit("a", 2), hit("b", 7), hit("a"), hit("a", 9)]
    gold = [Relevant("a", 2), Relevant("a", 9), Relevant("a", 9, (0, 0, 1, 1))]
    assert [page_recall(hits, gold, k) for k in (1, 2, 3, 4)] == [0, 0.5, 0.5, 1]


def test_area_is_what_boxes_cover_together() -> None:
    # a gold box of 10 × 10: the left half, a quarter that overlaps it by half, and a box of another page
    gold = [Relevant("a", 1, (0, 0, 10, 10)), Relevant("a", 2, (0, 0, 10, 10))]
    hits = [
        hit("a", 1, bbox=(-5, -5, 5, 20)),
        hit("a", 1, bbox=(2.5, 0, 7.5, 5)),
        hit("a", 3, bbox=(0, 0, 10, 10)),
        hit("b", 2, bbox=(0, 0, 10, 10)),
        hit("a", 2),
    ]
    assert area_covered(hits, gold, 10) == pytest.approx((50 + 12.5) / 200)
    assert area_covered(hits, gold, 1) == pytest.approx(0.25)
    assert area_covered(hits, [Relevant("a", 1)], 10) is None
    assert score_pages(hits, hits, gold)["area@10"] == pytest.approx(0.3125)
    assert "area@10" not in score_pages(hits, hits, [Relevant("a", 1)])
