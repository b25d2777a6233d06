from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from xmrag_plugin.describers.transcript import load_transcriber, local_speech_models, transcriber_name
from xmrag_plugin.errors import ModelUnavailable, UnknownModel
from xmrag_plugin.readers.media.speech import RATE, speech_windows, two_letters
from xmrag_plugin.settings import Settings

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
from tiny_speech import ENDS_S, SENTENCE, write_whisper


def voice(*parts: tuple[float, float]) -> NDArray[np.float32]:
    """Seconds of a warbling tone at a loudness, one after the other, over a little noise."""
    rng = np.random.default_rng(0)
    pieces = []
    for seconds, loudness in parts:
        time = np.arange(int(seconds * RATE)) / RATE
        tone = loudness * np.sin(2 * np.pi * 220 * time) * (0.6 + 0.4 * np.sin(2 * np.pi * 4 * time))
        pieces.append(tone + 0.0005 * rng.standard_normal(len(time)))
    return np.concatenate(pieces).astype(np.float32)


def blocks(sound: NDArray[np.float32], seconds: float = 1.0) -> Iterator[NDArray[np.float32]]:
    size = int(seconds * RATE)
    return (sound[start : start + size] for start in range(0, len(sound), size))


def spans(
    sound: NDArray[np.float32], longest_s: float = 20, block_s: float = 1.0
) -> list[tuple[float, float]]:
    windows = speech_windows(blocks(sound, block_s), longest_s=longest_s)
    return [(round(start, 1), round(start + len(part) / RATE, 1)) for start, part in windows]


def test_windows_are_what_is_louder_than_the_noise() -> None:
    sound = voice((3, 0.0), (2, 0.3), (5, 0.0), (1, 0.3), (3, 0.0))
    (first, second) = spans(sound)
    assert first[0] == pytest.approx(3.0, abs=0.3)
    assert 5.0 <= first[1] <= 7.2
    assert second[0] == pytest.approx(10.0, abs=0.3)
    assert np.array(spans(sound, block_s=0.37)) == pytest.approx(np.array([first, second]), abs=0.3)


def test_long_speech_is_cut_at_its_quietest_place() -> None:
    sound = voice((1, 0.0), (14, 0.3), (0.3, 0.01), (14, 0.3), (3, 0.0))
    found = spans(sound, longest_s=20)
    assert found[0][1] == found[1][0] == pytest.approx(15.2, abs=0.4)
    assert all(end - start <= 20.1 for start, end in found)


def test_silence_has_no_windows() -> None:
    assert spans(np.zeros(5 * RATE, np.float32)) == []
    assert spans(np.zeros(0, np.float32)) == []


def test_windows_hold_the_very_samples() -> None:
    sound = voice((2, 0.0), (2, 0.3), (3, 0.0))
    ((start, part),) = speech_windows(blocks(sound), longest_s=20)
    at = round(start * RATE)
    assert np.array_equal(part, sound[at : at + len(part)])


def test_languages() -> None:
    assert [two_letters(code) for code in ("deu", "ger", "en", "zho", "xyz", "")] == [
        "de",
        "de",
        "en",
        "zh",
        "",
        "",
    ]


@pytest.fixture(scope="module")
def whisper(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("transformers")
    return write_whisper(tmp_path_factory.mktemp("models") / "tiny-whisper")


def test_a_whisper_on_disk_gives_words_with_times(whisper: Path) -> None:
    settings = Settings(speech=str(whisper), device="cpu")
    transcriber = load_transcriber(settings)
    assert transcriber is not None
    assert transcriber.name == transcriber_name(settings) == "transformers/tiny-whisper"
    sound = voice((2, 0.0), (1.2, 0.3), (8, 0.0), (1.2, 0.3), (3, 0.0))
    cues = list(transcriber.transcribe(blocks(sound), language="eng"))
    assert {cue.text for cue in cues} == {SENTENCE}
    starts = [cue.start_s for cue in cues if cue.start_s is not None]
    assert starts[0] == pytest.approx(1.8, abs=0.2)
    assert any(start == pytest.approx(11.0, abs=0.3) for start in starts)
    for cue in cues:
        assert cue.start_s is not None
        assert cue.end_s is not None
        assert cue.start_s < cue.end_s <= cue.start_s + ENDS_S + 0.01


def test_models_in_the_hubs_cache_are_found(
    whisper: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    assert local_speech_models() == []
    shutil.copytree(whisper, tmp_path / "models--openai--whisper-tiny" / "snapshots" / "abc")
    other = tmp_path / "models--someone--text-model" / "snapshots" / "def"
    other.mkdir(parents=True)
    (other / "config.json").write_text('{"model_type": "bert"}', encoding="utf-8")
    (found,) = local_speech_models()
    assert found.name == "abc"
    assert transcriber_name(Settings(speech="auto")) == "transformers/openai/whisper-tiny"
    assert transcriber_name(Settings(speech="openai/whisper-tiny")) == "transformers/openai/whisper-tiny"
    assert transcriber_name(Settings(speech="none")) == ""
    assert load_transcriber(Settings(speech="none")) is None
    with pytest.raises(UnknownModel):
        load_transcriber(Settings(speech=str(other)))


def test_a_model_that_is_not_here_is_not_fetched() -> None:
    with pytest.raises(ModelUnavailable, match="whisper-gigantic") as caught:
        load_transcriber(Settings(speech="openai/whisper-gigantic"))
    assert "xmrag-plugin[whisper]" in caught.value.hint


def test_pocketsphinx_hears_no_words_in_a_tone() -> None:
    pytest.importorskip("pocketsphinx")
    transcriber = load_transcriber(Settings(speech="pocketsphinx"))
    assert transcriber is not None
    assert list(transcriber.transcribe(blocks(voice((1, 0.0), (3, 0.3), (1, 0.0))))) == []
    assert list(transcriber.transcribe(blocks(voice((1, 0.0), (3, 0.3))), language="deu")) == []


def test_pocketsphinx_hears_clear_speech(tmp_path: Path) -> None:
    pytest.importorskip("pocketsphinx")
    av = pytest.importorskip("av")
    speaker = shutil.which("espeak-ng") or shutil.which("espeak")
    if speaker is None:
        pytest.skip("no espeak-ng to speak a sentence")
    from xmrag_plugin.readers.media.recordings import sound_blocks

    path = tmp_path / "said.wav"
    subprocess.run(
        [speaker, "-v", "en-us", "-s", "130", "-w", str(path), "one two three four five six seven"],
        check=True,
    )
    assert av.open(str(path)).streams.audio
    transcriber = load_transcriber(Settings(speech="pocketsphinx"))
    assert transcriber is not None
    words = " ".join(cue.text for cue in transcriber.transcribe(sound_blocks(path))).lower()
    assert sum(number in words for number in ("one", "two", "three", "four", "five", "six", "seven")) >= 3
