"""What recognisers write as JSON is speech, in whatever form they write it; other JSON is none."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from xmrag_plugin.readers.recognised_json import said_in_json

WORDS = [
    ("The", 0.0, 0.3),
    ("lamp", 0.3, 0.6),
    ("is", 0.6, 0.8),
    ("lit.", 0.8, 1.0),
    ("It", 1.2, 1.4),
    ("burns.", 1.4, 2.0),
]
SAID = [("The lamp is lit.", 0.0, 1.0), ("It burns.", 1.2, 2.0)]


def amazon() -> dict[str, Any]:
    items: list[dict[str, Any]] = []
    for word, start, end in WORDS:
        content = {"alternatives": [{"content": word.rstrip("."), "confidence": "0.9"}]}
        items.append({"type": "pronunciation", "start_time": str(start), "end_time": str(end), **content})
        if word.endswith("."):
            items.append({"type": "punctuation", "alternatives": [{"content": "."}]})
    return {
        "jobName": "x",
        "results": {"transcripts": [{"transcript": "The lamp is lit. It burns."}], "items": items},
    }


def deepgram() -> dict[str, Any]:
    words = [{"word": w.lower().rstrip("."), "punctuated_word": w, "start": s, "end": e} for w, s, e in WORDS]
    return {
        "metadata": {},
        "results": {"channels": [{"alternatives": [{"transcript": "…", "words": words}]}]},
    }


def google() -> dict[str, Any]:
    words = [{"word": w, "startTime": f"{s}s", "endTime": f"{e}s"} for w, s, e in WORDS]
    return {"results": [{"alternatives": [{"transcript": "…", "words": words}], "languageCode": "en-us"}]}


def azure() -> dict[str, Any]:
    phrases = [
        {
            "offsetInTicks": int(start * 1e7),
            "durationInTicks": int((end - start) * 1e7),
            "nBest": [{"display": text}],
        }
        for text, start, end in SAID
    ]
    return {"combinedRecognizedPhrases": [{"display": "…"}], "recognizedPhrases": phrases}


FORMS: dict[str, Any] = {
    "whisper": {"text": "…", "language": "en", "segments": [{"id": 0, "start": s, "end": e, "text": f" {t}", "tokens": [1]} for t, s, e in SAID]},
    "whisper.cpp": {"transcription": [{"offsets": {"from": int(s * 1000), "to": int(e * 1000)}, "text": t} for t, s, e in SAID]},
    "transformers": {"text": "…", "chunks": [{"timestamp": [s, e], "text": t} for t, s, e in SAID]},
    "a bare list": [{"text": t, "start": s, "duration": e - s} for t, s, e in SAID],
    "AssemblyAI": {"audio_duration": 2, "utterances": [{"text": t, "start": s * 1000, "end": e * 1000} for t, s, e in SAID]},
    "Amazon": amazon(), "Deepgram": deepgram(), "Google": google(), "Azure": azure(),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_each_form_is_read_with_its_times(form: str) -> None:
    found = said_in_json(json.loads(json.dumps(FORMS[form])), alone=True)
    assert [text for text, _, _ in found or ()] == [text for text, _, _ in SAID]
    times = [time for _, start, end in found or () for time in (start, end)]
    assert times == pytest.approx([time for _, start, end in SAID for time in (start, end)])


def test_speakers_are_told() -> None:
    rows = [
        {"start": 0.0, "end": 1.0, "text": " Who lights it?", "speaker": "SPEAKER_00"},
        {"start": 1.0, "end": 2.0, "text": " I do.", "speaker": 1},
    ]
    assert [text for text, _, _ in said_in_json({"segments": rows}) or ()] == [
        "SPEAKER_00: Who lights it?",
        "Speaker 1: I do.",
    ]


@pytest.mark.parametrize(
    "value",
    [
        [],
        {"segments": []},
        {"results": [{"title": "A page", "url": "x"}]},
        {"results": {"items": [{"name": "rope"}]}},
        [
            {"text": "Oslo", "start": 0, "end": 4, "label": "GPE"}
        ],  # entities, by the characters that they span
        {"segments": [{"text": "no times"}]},
    ],
)
def test_other_json_is_none(value: Any) -> None:
    assert said_in_json(value, alone=True) is None


def test_a_file_of_its_own_is_speech(tmp_path: Path, read: Callable[..., Any]) -> None:
    path = tmp_path / "talk.json"
    path.write_text(json.dumps(FORMS["whisper"]))
    assert [(e.kind, e.text, e.start_s) for e in read(path).elements] == [
        ("speech", t, s) for t, s, _ in SAID
    ]
