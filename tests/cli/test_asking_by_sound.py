"""Questions by recordings: ``--audio``, and sound files in Python's questions."""

from __future__ import annotations

import wave
from pathlib import Path

import pytest

from xmrag_plugin import CrossModalIndex
from xmrag_plugin.errors import SourceMissing, UsageError

from .conftest import Sample

pytest.importorskip("av", reason="recordings are read by the extra 'media'")

SAID = "1\n00:00:00,000 --> 00:00:01,000\nHow strong is the current\n"


@pytest.fixture
def spoken(tmp_path: Path) -> Path:
    """A second of silence whose transcript lies beside it."""
    path = silence(tmp_path / "question.wav")
    path.with_suffix(".srt").write_text(SAID, encoding="utf-8")
    return path


def silence(path: Path) -> Path:
    with wave.open(str(path), "wb") as sound:
        sound.setparams((1, 2, 16_000, 0, "NONE", ""))
        sound.writeframes(bytes(32_000))
    return path


def test_search_by_what_is_said(sample: Sample, spoken: Path) -> None:
    ran = sample.run("search", "--audio", str(spoken), "--json")
    assert ran.code == 0, ran.err
    assert ran.json["query"] == "How strong is the current"
    typed = sample.run("search", "How strong is the current", "--json").json["hits"]
    assert [hit["node_id"] for hit in ran.json["hits"]] == [hit["node_id"] for hit in typed]
    more = sample.run("search", "in spring", "--audio", str(spoken), "--json")
    assert more.json["query"] == "in spring How strong is the current"


def test_ask_by_what_is_said(sample: Sample, spoken: Path) -> None:
    spoken.with_suffix(".srt").write_text(SAID.replace("strong", "fast"), encoding="utf-8")
    ran = sample.run("ask", "--audio", str(spoken), "--json")
    assert ran.code == 0, ran.err
    assert "metres per second" in ran.json["answer"]


def test_what_cannot_be_heard_is_told(sample: Sample, tmp_path: Path) -> None:
    ran = sample.run("search", "--audio", str(silence(tmp_path / "mute.wav")), "--json")
    assert ran.code == 2
    assert "mute.wav" in ran.json["error"]
    assert "transcript" in ran.json["hint"]
    ran = sample.run("search", "--audio", "none.wav")
    assert ran.code == 1
    assert "none.wav" in ran.err


def test_sounds_in_python(sample: Sample, spoken: Path) -> None:
    with CrossModalIndex(sample.kb, create=False, speech="none") as index:
        typed = [hit.node_id for hit in index.search("How strong is the current")]
        assert [hit.node_id for hit in index.search(audio=[spoken])] == typed
        assert [hit.node_id for hit in index.search({str(spoken): 1.0})] == typed
        nodes = index.as_retriever().retrieve_composed({spoken: 1.0, "bread": -0.2})
        assert nodes[0].node.node_id == typed[0]
        with pytest.raises(UsageError, match="recogniser"):
            index.search(audio=[silence(spoken.parent / "mute.wav").read_bytes()])
        with pytest.raises(SourceMissing):
            index.search(audio=["none.wav"])
