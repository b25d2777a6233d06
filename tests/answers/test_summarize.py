"""Summaries by quoting: documents, and recordings with their times."""

from __future__ import annotations

from xmrag_plugin.answers.context import Evidence
from xmrag_plugin.answers.summarize import _quoted, central_sentences
from xmrag_plugin.types import Key, Modality

SPEECH = (
    "the tide turns four times a day in the sound and the turbines turn with it one after the other while the "
    "operator in the net loft reads the dials and writes each reduction of power into the log with its reason so "
    "that the cooperative can see later why a turbine gave less than the tide had promised on that day of the year"
)


def part(n: int, text: str, start: float | None = None) -> Evidence:
    times = {} if start is None else {Key.START_S: start, Key.END_S: start + 30.0}
    return Evidence(n, f"n{n}", "talk.mp4", text, Modality.VIDEO if times else Modality.TEXT, metadata=times)


def test_recordings_are_summed_up_with_times_as_citations() -> None:
    answered = _quoted([part(1, SPEECH, 0.0), part(2, SPEECH.replace("tide", "current"), 65.0)], 3, "", None)
    assert answered.text.startswith("0:00 “")
    assert "1:05 “" in answered.text or len(answered.metadata["citations"]) == 1
    assert all(citation["start_s"] is not None for citation in answered.metadata["citations"])
    held = f"{SPEECH} {SPEECH.replace('tide', 'current')}"
    assert all(citation["quote"] in held for citation in answered.metadata["citations"])


def test_speech_without_punctuation_is_cut_into_parts() -> None:
    quotes = [quote for _, quote in central_sentences([part(1, SPEECH, 0.0)], 2)]
    assert len(quotes) == 2
    assert all(len(quote.split()) <= 25 for quote in quotes)


def test_documents_have_no_times_and_repeat_nothing() -> None:
    text = "Clay holds water well in summer. Clay holds water well in summer. Sand drains quickly after rain."
    answered = _quoted([part(1, text)], 3, "", None)
    assert answered.text.count("Clay holds water") == 1
    assert answered.text.startswith("“")


def test_nothing_to_sum_up_is_said() -> None:
    assert _quoted([], 3, "", None).metadata["abstained"]
