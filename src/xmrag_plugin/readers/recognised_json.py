"""What recognisers of speech write as JSON: Whisper and its kin, and the services of Amazon, Google, Azure, Deepgram, AssemblyAI."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["said_in_json"]

Said = tuple[str, float | None, float | None]
"""Words, and when they begin and end, in seconds; None where the last end is not known."""
_SEGMENTS = ("segments", "chunks", "transcription", "utterances", "results")
_TEXT = ("text", "sentence", "transcript")
_OF_A_SEGMENT = frozenset(
    (*_TEXT, "start", "end", "duration", "dur", "timestamp", "offsets", "speaker", "id", "confidence", "words", "language")
)  # fmt: skip
_TICKS = 10_000_000  # of Azure, in a second
_MAX_WORDS = 60  # of a sentence that is put together of single words


def said_in_json(value: Any, *, alone: bool = False) -> list[Said] | None:
    """Return what is said, sentence by sentence or as the recogniser parted it; None where it is no transcript.

    Args:
        value: What the file holds.
        alone: Whether no recording beside it says what it is, so that a bare list must hold nothing else.
    """
    if isinstance(value, Mapping):
        for reader in (_of_amazon, _of_azure, _of_alternatives):
            found = list(reader(value))
            if found:
                return found
        results = value.get("results")
        if isinstance(results, Mapping) and "utterances" in results:  # Deepgram
            return said_in_json({"utterances": results["utterances"]})
        rows = next(
            (value[name] for name in _SEGMENTS if isinstance(value.get(name), list) and value[name]), None
        )
        scale = 1000.0 if "audio_duration" in value else 1.0  # AssemblyAI counts milliseconds
        return _of_segments(rows, scale)
    if (
        alone
        and isinstance(value, list)
        and not all(isinstance(row, Mapping) and row.keys() <= _OF_A_SEGMENT for row in value)
    ):
        return None
    return _of_segments(value, 1.0)


def _of_segments(rows: Any, scale: float) -> list[Said] | None:
    """Return segments with text and times, all of which must have both."""
    if not isinstance(rows, list) or not rows:
        return None
    said: list[Said] = []
    for row in rows:
        name = next((name for name in _TEXT if isinstance(row, Mapping) and name in row), None)
        start, end = _times(row) if name else (None, None)
        if name is None or start is None:
            return None
        if text := str(row[name] or "").strip():
            said.append((_with_speaker(text, row.get("speaker")), start / scale, (end or start) / scale))
    return said


def _times(row: Mapping[str, Any]) -> tuple[float | None, float | None]:
    pair = row.get("timestamp")
    if isinstance(pair, list | tuple) and len(pair) == 2:
        start, end = pair
    elif isinstance(row.get("offsets"), Mapping):  # whisper.cpp, in milliseconds
        start, end = (_number(row["offsets"].get(name)) for name in ("from", "to"))
        start, end = (None if time is None else time / 1000 for time in (start, end))
    else:
        start, end = row.get("start"), row.get("end")
        length = row.get("duration", row.get("dur"))
        if end is None and isinstance(start, int | float) and isinstance(length, int | float):
            end = start + length
    if not isinstance(start, int | float):
        return None, None
    return float(start), float(end) if isinstance(end, int | float) else float(start)


def _of_amazon(value: Mapping[str, Any]) -> Iterator[Said]:
    results = value.get("results")
    items = results.get("items") if isinstance(results, Mapping) and "transcripts" in results else None
    words = []
    for item in items if isinstance(items, list) else ():
        content = _first(item, "alternatives").get("content")
        if isinstance(content, str):
            words.append((content, *_span(item, "start_time", "end_time"), item.get("speaker_label")))
    yield from _sentences(words)


def _of_azure(value: Mapping[str, Any]) -> Iterator[Said]:
    phrases = value.get("recognizedPhrases")
    for phrase in phrases if isinstance(phrases, list) else ():
        text, start = _first(phrase, "nBest").get("display"), _number(_get(phrase, "offsetInTicks"))
        if isinstance(text, str) and text.strip() and start is not None:
            end = start + (_number(_get(phrase, "durationInTicks")) or 0.0)
            yield _with_speaker(text.strip(), phrase.get("speaker")), start / _TICKS, end / _TICKS


def _of_alternatives(value: Mapping[str, Any]) -> Iterator[Said]:
    """Yield what Google writes, and Deepgram where it parted nothing: alternatives, the best of which has words."""
    results = value.get("results")
    if isinstance(results, Mapping):
        results = None if "utterances" in results else results.get("channels")
    for result in results if isinstance(results, list) else ():
        best = _first(result, "alternatives")
        rows = best.get("words")
        words = [
            (
                str(row.get("punctuated_word") or row.get("word")),
                *_span(row, "start", "end"),
                row.get("speaker"),
            )
            for row in (rows if isinstance(rows, list) else ())
            if isinstance(row, Mapping) and row.get("word")
        ]
        if words:
            yield from _sentences(words)
        elif isinstance(best.get("transcript"), str) and best["transcript"].strip():
            yield best["transcript"].strip(), None, None


def _sentences(words: list[tuple[str, float | None, float | None, Any]]) -> Iterator[Said]:
    """Yield words as sentences of one speaker."""
    text, begun, until, who = "", None, None, None
    count = 0
    for word, start, end, speaker in words:
        speaker = who if speaker is None else speaker
        if (
            text
            and start is not None
            and (re.search(r"[.?!。？！]$", text) or speaker != who or count >= _MAX_WORDS)
        ):
            yield _with_speaker(text, who), begun, until
            text, begun, count = "", None, 0
        text += word if not text or start is None else f" {word}"  # what has no time is a sign after a word
        begun, until, who, count = (
            start if begun is None else begun,
            until if end is None else end,
            speaker,
            count + 1,
        )
    if text:
        yield _with_speaker(text, who), begun, until


def _with_speaker(text: str, speaker: Any) -> str:
    if isinstance(speaker, int) and not isinstance(speaker, bool):
        return f"Speaker {speaker}: {text}"
    return f"{speaker}: {text}" if isinstance(speaker, str) and speaker else text


def _span(row: Any, first: str, last: str) -> tuple[float | None, float | None]:
    """Return times under names in any of their spellings: ``start``, ``startTime``, "0.3s", "0.3"."""
    start, end = (
        _number(_get(row, name) if _get(row, name) is not None else _get(row, f"{name}Time"))
        for name in (first, last)
    )
    return start, end


def _get(row: Any, name: str) -> Any:
    return row.get(name) if isinstance(row, Mapping) else None


def _first(row: Any, name: str) -> Mapping[str, Any]:
    """Return the first of a list of objects; an empty one where there is none."""
    rows = _get(row, name)
    return rows[0] if isinstance(rows, list) and rows and isinstance(rows[0], Mapping) else {}


def _number(value: Any) -> float | None:
    if isinstance(value, str) and re.fullmatch(r"\d{1,9}(?:\.\d{1,9})?s?", value):
        return float(value.rstrip("s"))
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
