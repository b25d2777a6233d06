"""Encoders of texts and sounds: CLAP's real architecture in small."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
from tiny_clap import NAMES, RATE, make, write_wav

from xmrag_plugin.encoders import HearingEncoder, load_sound_encoder
from xmrag_plugin.encoders.self_test import WeakSoundModelWarning, made_sounds, separation
from xmrag_plugin.errors import ModelUnavailable, ModelUnsound, SourceDamaged, UsageError
from xmrag_plugin.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(cache_dir=str(tmp_path / "cache"), device="cpu")


@pytest.fixture
def encoder(learnt_clap: Path, settings: Settings) -> HearingEncoder:
    return load_sound_encoder(str(learnt_clap), settings=settings)


def test_sounds_and_their_names_are_near(encoder: HearingEncoder) -> None:
    sounds = encoder.encode_sounds([(make(kind, 7, seed=3), RATE) for kind in NAMES])
    names = encoder.encode_texts([each[0] for each in NAMES.values()], role="query")
    assert sounds.shape == names.shape == (4, encoder.dimension)
    assert np.allclose(np.linalg.norm(sounds, axis=1), 1, atol=1e-5)
    assert ((sounds @ names.T).argmax(axis=1) == np.arange(4)).all()
    assert (encoder.hears, encoder.sees) == (True, False)


def test_a_sound_in_any_form_is_the_same(encoder: HearingEncoder, tmp_path: Path) -> None:
    samples = make("clicks", 5, seed=4)
    path = write_wav(tmp_path / "a.wav", samples)
    twice = np.repeat(samples, 2)  # held twice as long, at twice the rate
    given = [path, path.read_bytes(), (samples, RATE), (twice, 2 * RATE), (0.2 * samples, RATE)]
    rows = encoder.encode_sounds(given)
    assert float((rows @ rows[0]).min()) > 0.99


def test_batches_do_not_change_vectors(encoder: HearingEncoder) -> None:
    sounds = [(make(kind, seconds, seed=6), RATE) for kind in NAMES for seconds in (1, 4, 13)]
    together = encoder.encode_sounds(sounds)
    alone = np.concatenate([encoder.encode_sounds([sound]) for sound in sounds])
    assert np.allclose(together, alone, atol=1e-4)


def test_a_long_sound_is_the_mean_of_its_windows(encoder: HearingEncoder) -> None:
    hum, noise = make("hum", 10, seed=1), make("noise", 10, seed=2)
    rows = encoder.encode_sounds([(np.concatenate([hum, noise]), RATE), (hum, RATE), (noise, RATE)])
    mean = rows[1] + rows[2]
    assert float(rows[0] @ mean / np.linalg.norm(mean)) > 0.99


def test_a_very_long_sound_is_sampled_evenly(encoder: HearingEncoder) -> None:
    hum, noise = np.tile(make("hum", 10, seed=1), 36), np.tile(make("noise", 10, seed=2), 36)
    row, first, second = encoder.encode_sounds(
        [(np.concatenate([hum, noise]), RATE), (hum, RATE), (noise, RATE)]
    )
    assert float(row @ first) == pytest.approx(float(row @ second), abs=0.25)


def test_a_damaged_sound_costs_itself(encoder: HearingEncoder, tmp_path: Path) -> None:
    path = write_wav(tmp_path / "a.wav", make("noise", 2))
    told: list[int] = []
    rows = encoder.encode_sounds([b"no sound", path], on_error=lambda place, _: told.append(place))
    assert told == [0]
    assert not rows[0].any()
    assert np.linalg.norm(rows[1]) == pytest.approx(1, abs=1e-5)
    with pytest.raises(SourceDamaged):
        encoder.encode_sounds([path, b"no sound"])
    with pytest.raises(UsageError, match="one channel"):
        encoder.encode_sounds([(np.zeros((2, 100), np.float32), RATE)])
    assert encoder.encode_sounds([]).shape == encoder.encode_texts([]).shape == (0, encoder.dimension)


def test_long_texts_are_cut(encoder: HearingEncoder) -> None:
    assert encoder.max_text_tokens == 24
    assert np.isfinite(encoder.encode_texts(["a ticking clock " * 200, ""])).all()
    with pytest.raises(UsageError, match="list"):
        encoder.encode_texts("a ticking clock")
    with pytest.raises(UsageError, match="sounds only"):
        encoder.encode_images([b""])


def test_it_is_shared_and_pickled(encoder: HearingEncoder, learnt_clap: Path, settings: Settings) -> None:
    assert load_sound_encoder(str(learnt_clap), settings=settings) is encoder
    assert pickle.loads(pickle.dumps(encoder)) is encoder


def test_what_has_learnt_nothing_seems_deaf(learnt_clap: Path, random_clap: Path, settings: Settings) -> None:
    with pytest.warns(WeakSoundModelWarning, match="chance"):
        other = load_sound_encoder(str(random_clap), settings=settings)
    encoder = load_sound_encoder(str(learnt_clap), settings=settings)
    assert encoder.fingerprint != other.fingerprint
    sounds = [(make(kind, 5, seed=9), RATE) for kind in NAMES]
    names = [each[0] for each in NAMES.values()]
    assert separation(encoder.encode_sounds(sounds), encoder.encode_texts(names)) == 1.0


def test_the_made_sounds_differ() -> None:
    sounds, names = made_sounds()
    assert len(sounds) == len(set(names)) == 8
    spectra = np.stack([abs(np.fft.rfft(wave)) for wave, _ in sounds])
    spectra /= np.linalg.norm(spectra, axis=1, keepdims=True)
    assert float((spectra @ spectra.T - np.eye(8)).max()) < 0.9
    assert all(0.4 < float(abs(wave).max()) <= 0.5 for wave, _ in sounds)


def test_broken_weights_are_refused(random_clap: Path, settings: Settings, tmp_path: Path) -> None:
    import shutil

    from safetensors.numpy import load_file, save_file

    shutil.copytree(random_clap, tmp_path / "broken")
    weights = load_file(tmp_path / "broken" / "model.safetensors")
    name = next(name for name in weights if "audio_projection" in name and name.endswith("weight"))
    weights[name] = np.full_like(weights[name], np.nan)
    save_file(weights, tmp_path / "broken" / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelUnsound):
        load_sound_encoder(str(tmp_path / "broken"), settings=settings)


@pytest.mark.parametrize("spec", ["none", "auto", "minilm", "siglip2"])
def test_what_does_not_hear_is_refused(spec: str, settings: Settings) -> None:
    with pytest.raises(UsageError):
        load_sound_encoder(spec, settings=settings)


def test_a_model_of_texts_alone_is_refused(settings: Settings, tmp_path: Path) -> None:
    import tiny_encoders

    folder = tiny_encoders.clip(tmp_path / "clip")
    with pytest.raises(UsageError, match="texts and sounds"):
        load_sound_encoder(str(folder), settings=settings)


def test_options_and_presets(learnt_clap: Path, settings: Settings) -> None:
    with pytest.raises(UsageError, match="dim"):
        load_sound_encoder(f"{learnt_clap}?dim=8", settings=settings)
    with pytest.raises(ModelUnavailable) as raised:
        load_sound_encoder("clap", settings=settings)
    assert "xmrag models pull clap" in raised.value.hint
