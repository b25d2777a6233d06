"""A large collection is fitted to a part of it, in memory that does not grow, with what the whole would give."""

from __future__ import annotations

import random
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from xmrag_plugin import CrossModalIndex, encoders
from xmrag_plugin.search import calibration_fit, sample_questions

PLACES = ("harbour", "quarry", "orchard", "foundry", "archive", "bakery", "glacier", "theatre")


class Hashed:
    name, dimension, max_text_tokens, sees = "hashed", 96, 512, False
    fingerprint = "hashed"

    def encode_texts(self, texts: Sequence[str], *, role: str = "document") -> np.ndarray:
        rows = []
        for text in texts:
            words = [
                np.random.default_rng(zlib.crc32(w.encode())).standard_normal(96)
                for w in text.lower().split()
            ]
            rows.append(np.sum(words or [np.ones(96)], axis=0))
        table = np.array(rows, dtype=np.float32).reshape(-1, 96)
        return table / np.linalg.norm(table, axis=1, keepdims=True)


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CrossModalIndex:
    monkeypatch.setattr(encoders, "make_added", lambda *_, **__: Hashed())
    dice = random.Random(0)
    words = [f"{place}{end}" for place in PLACES for end in ("", "man", "ward", "lore", "gate", "s")]
    sections = [
        f"## {dice.choice(words)} {number}\n\nThe {' '.join(dice.choices(words, k=12))} of {number} {dice.choice(words)}."
        for number in range(500)
    ]
    (tmp_path / "a.md").write_text("\n\n".join(sections))
    made = CrossModalIndex(tmp_path / "kb", text="hashed:", ocr="off")
    made.add(tmp_path / "a.md", progress=False)
    return made


def test_a_part_tells_what_the_whole_does(index: CrossModalIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    assert index.kb.catalog.node_count == 500
    with index.kb.writing():
        whole = calibration_fit.fit(index.kb)
        read: list[int] = []
        look_up = index.kb.vectors.vectors

        def counted(space: str, kind: str, ids: Sequence[str]) -> dict[str, np.ndarray]:
            read.append(len(ids))
            return look_up(space, kind, ids)

        monkeypatch.setattr(calibration_fit, "_NODES", 120)
        monkeypatch.setattr(sample_questions, "_QUESTIONS", 40)
        monkeypatch.setattr(calibration_fit, "_NEAR", 4)
        monkeypatch.setattr(index.kb.vectors, "vectors", counted)
        part = calibration_fit.fit(index.kb)
    assert max(read) < 500, "not all vectors were read"
    ours, theirs = part.statistics["text", "text"], whole.statistics["text", "text"]
    assert ours.count == pytest.approx(120, abs=1)
    assert ours.usual_std == pytest.approx(theirs.usual_std, rel=0.15)
    assert ours.reliability == pytest.approx(theirs.reliability, rel=0.25)
    assert float(ours.mean @ theirs.mean) > 0.9 * float(theirs.mean @ theirs.mean)
    assert part.levels["words"] == pytest.approx(whole.levels["words"], rel=0.25)
    assert part.answer_level == pytest.approx(whole.answer_level, abs=0.1)
    assert part.lexical_weight == pytest.approx(whole.lexical_weight, rel=0.1)


def test_what_another_writer_removes_meanwhile_counts_no_more(index: CrossModalIndex, tmp_path: Path) -> None:
    (tmp_path / "b.md").write_text("## Tides\n\nThe tide of the northern harbour turns at noon.")
    index.add(tmp_path / "b.md", progress=False)
    begun = calibration_fit._Fit(index.kb)
    index.remove("a.md")
    calibration = begun.run()
    assert calibration.statistics["text", "text"].count == 1
    assert 0 <= calibration.further_answers <= 1


def test_counts_and_draws_follow_the_nodes(index: CrossModalIndex) -> None:
    catalog = index.kb.catalog
    assert catalog.counts() == {"text": 500}
    drawn = catalog.drawn(50)
    assert len(drawn) == 50
    orders = [record.order for record in catalog.nodes(drawn).values()]
    assert max(b - a for a, b in zip(sorted(orders), sorted(orders)[1:], strict=False)) < 25, "evenly"
    assert catalog.sources_by_state() == {"ready": 1}
    index.remove("a.md")
    assert catalog.counts() == {}
    assert catalog.drawn(5) == []
