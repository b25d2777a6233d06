"""Transcripts with times: subtitles in all usual forms, and the JSON that speech recognisers write."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from .. import _xml
from ..types import Element, Key
from .recognised_json import said_in_json
from .timed_text import captions_of_json, captions_of_xml, looks_like_timed_text

__all__ = [
    "SIDECAR_SUFFIXES",
    "SUBTITLE_SUFFIXES",
    "Cue",
    "cues_of_ass_line",
    "find_sidecar",
    "looks_like_subtitles",
    "parse_transcript",
    "speech_elements",
    "tidy_cues",
]

SUBTITLE_SUFFIXES = (
    ".srt", ".vtt", ".ass", ".ssa", ".ttml", ".dfxp", ".sbv", ".lrc", ".smi", ".sub", ".scc", ".srv1", ".srv2", ".srv3", ".json3",
)  # fmt: skip
SIDECAR_SUFFIXES = (*SUBTITLE_SUFFIXES, ".json", ".txt")
"""Suffixes of a transcript beside a recording, best first."""

_TIME = r"(?:(?P<{0}h>\d{{1,3}}):)?(?P<{0}m>\d{{1,2}}):(?P<{0}s>\d{{1,2}}(?:[.,]\d{{1,3}})?)"
_RANGE = re.compile(_TIME.format("a") + r"\s*-->\s*" + _TIME.format("b"))
_STAMPED_RANGE = re.compile(r"^\[(" + re.sub(r"\?P<[^>]*>", "?:", _RANGE.pattern) + r")\][ \t]*", re.M)
_STAMP = re.compile(
    rf"^\s*[\[(]?{_TIME.format('a')}[\])]?\s*[-–—:|]?\s*(?P<said>.*)$"
    rf"|^\s*(?P<who>[^\d\[(]{{1,50}}?)\s*[\[(]?{_TIME.format('b')}[\])]?:?\s*$"
)
"""A line that begins with a time, or names a speaker and ends with one."""
_SBV_LINE = re.compile(r"^(\d{1,3}:\d{2}:\d{2}\.\d{1,3}),(\d{1,3}:\d{2}:\d{2}\.\d{1,3})[ \t]*$", re.M)
_LYRIC = re.compile(r"^\s*((?:\[\d{1,3}:\d{2}\.\d{1,3}\])+)(.*)$")
_FRAMES = re.compile(r"^\{(\d{1,9})\}\{(\d{0,9})\}(.*)$")
_FRAMES_A_SECOND = 23.976  # where a file that counts frames does not say
_TTML = re.compile(r"<(?:\w+:)?tt[\s>]")
_TTML_NAMES = ("ttml", "ttaf1")  # in the names of its namespaces, of now and of 2006
_SYNC = re.compile(r"<sync\s+start\s*=\s*[\"']?(\d{1,12})[^>]*>", re.I)
_DRAWN = re.compile(r"\{[^{}]*\\p[1-9][^{}]*\}[^{]*")
_NAME_WORDS = 4
_MAX_JSON = 200_000_000  # bytes of a transcript
_UNSEEN = re.compile("[\u200b-\u200f\u2060\ufeff]")
_MIN_OVERLAP, _MAX_OVERLAP = 3, 60  # words
_TAG = re.compile(r"<[^<>\n]*>|\{\\[^{}]*\}")
_VOICE = re.compile(r"<v(?:\.[^\s>]*)?\s+([^>]+)>")
_ASS_TIME = re.compile(r"(\d+):(\d{1,2}):(\d{1,2}(?:\.\d+)?)")


@dataclass(slots=True)
class Cue:
    """Words that are said or shown from one time to another.

    Attributes:
        text: The words, on one line.
        start_s: Start in seconds; None when the transcript has no times.
        end_s: End in seconds.
    """

    text: str
    start_s: float | None = None
    end_s: float | None = None


def find_sidecar(recording: Path) -> Path | None:
    """Return the transcript beside a recording: ``talk.srt``, ``talk.en.vtt``, ``talk.mp4.json`` for ``talk.mp4``.

    Times are worth more than none, a plain name more than one with a language.
    """
    stem, name = recording.stem.lower(), recording.name.lower()
    found: list[tuple[int, int, str, Path]] = []
    for path in recording.parent.iterdir():
        suffix, own = path.suffix.lower(), path.stem.lower()
        if suffix not in SIDECAR_SUFFIXES or path == recording or not path.is_file():
            continue
        rank = 0 if own in (stem, name) else 1
        language = own.removeprefix(f"{stem}.")
        if rank and not (
            own.startswith(f"{stem}.") and re.fullmatch(r"[a-z]{2,3}([-_][a-z0-9]+)*", language)
        ):
            continue
        if suffix == ".json" and not _is_transcript(path):
            continue
        found.append((SIDECAR_SUFFIXES.index(suffix), rank, path.name, path))
    return min(found)[-1] if found else None


def speech_elements(cues: Iterable[Cue], modality: str) -> Iterator[Element]:
    """Yield cues as elements; cues without times are paragraphs of a transcript."""
    for cue in cues:
        yield Element(
            "speech", cue.text, start_s=cue.start_s, end_s=cue.end_s, metadata={Key.MODALITY: modality}
        )


def looks_like_subtitles(text: str) -> bool:
    """Return whether a text is subtitles of some form, whatever the file is called."""
    head = text[:4096].lstrip("\ufeff \t\r\n")
    if len(_STAMPED_RANGE.findall(head)) > 1 and _STAMPED_RANGE.match(head):
        return True
    if head.startswith(("WEBVTT", "[Script Info]", "<SAMI>", "<sami>")):
        return True
    if looks_like_timed_text(head):
        return True
    if head.startswith("<"):
        return _TTML.search(head) is not None and any(mark in head for mark in _TTML_NAMES)
    lines = [line.strip() for line in head.splitlines()[:12]]
    if any(sum(form.match(line) is not None for line in lines) >= 2 for form in (_LYRIC, _FRAMES)):
        return True
    lines = lines[:4]
    if lines and _SBV_LINE.match(lines[0]):
        return True
    return any(_RANGE.match(line) for line in lines) and (
        not lines or lines[0].isdigit() or "-->" in lines[0]
    )


def parse_transcript(text: str, suffix: str = "") -> list[Cue]:
    """Return the cues of a transcript, in order of time, without markup and repeated lines.

    Args:
        text: What the file holds.
        suffix: Its suffix; the content decides where it can.

    Raises:
        ValueError: If it is JSON of a kind that no recogniser known here writes.
    """
    text = _STAMPED_RANGE.sub(
        r"\n\1\n", text.lstrip("\ufeff")
    )  # "[00:01.0 --> 00:02.5]  as Whisper prints it"
    if text.lstrip().startswith("[Script Info]") or suffix in (".ass", ".ssa"):
        return tidy_cues(_ass(text))
    if suffix == ".json3" or (text.lstrip().startswith("{") and looks_like_timed_text(text[:4096].lstrip())):
        return tidy_cues(Cue(*each) for each in captions_of_json(json.loads(text)))
    if looks_like_subtitles(text) or suffix in SUBTITLE_SUFFIXES:
        return tidy_cues(_subtitles(text))
    if suffix == ".json":
        found = said_in_json(json.loads(text))
        if found is None:
            raise ValueError("no transcript: it has no list of segments with text and times")
        return tidy_cues(Cue(*each) for each in found)
    stamped = list(_stamped(text))
    if stamped:
        return tidy_cues(stamped)
    paragraphs = re.split(r"\n\s*\n", text)
    return [Cue(" ".join(words.split())) for words in paragraphs if words.strip()]


def tidy_cues(cues: Iterable[Cue]) -> list[Cue]:
    """Return cues in order of time; what rolling captions repeat, whole lines or their beginnings, is kept once."""
    ordered = sorted(cues, key=lambda cue: (cue.start_s or 0.0, cue.end_s or 0.0))
    tidy: list[Cue] = []
    shown: list[str] = []
    for cue in ordered:
        lines = [" ".join(line.split()) for line in cue.text.splitlines()]
        lines = [line for line in lines if line]
        fresh = [line for line in lines if line not in shown]
        text = _without_overlap(" ".join(fresh), " ".join(shown))
        if not text and lines and tidy and tidy[-1].end_s is not None and cue.end_s is not None:
            tidy[-1].end_s = max(tidy[-1].end_s, cue.end_s)
        elif text:
            tidy.append(Cue(text, cue.start_s, cue.end_s))
        shown = lines or shown
    return tidy


def _without_overlap(text: str, before: str) -> str:
    """Return a text without the words that it begins with and the one before ended with."""
    words, last = text.split(), before.split()[-_MAX_OVERLAP:]
    folded, ended = ([re.sub(r"\W", "", word).casefold() for word in each] for each in (words, last))
    least = min(_MIN_OVERLAP, max(2, len(ended)))
    for length in range(min(len(folded), len(ended)), least - 1, -1):
        if folded[:length] == ended[-length:]:
            return " ".join(words[length:])
    return text


def cues_of_ass_line(line: str) -> str:
    """Return the words of one SubStation Alpha dialogue line, as decoders give it (text is the last field)."""
    body = line.split(":", 1)[1] if line.startswith("Dialogue:") else line
    fields = body.split(",", 9 if line.startswith("Dialogue:") else 8)
    words = fields[-1]
    return _plain(words.replace("\\N", "\n").replace("\\n", "\n").replace("\\h", " "))


def _plain(text: str) -> str:
    text = html.unescape(_TAG.sub("", _VOICE.sub(r"\1: ", text)))
    return (text if text.isascii() else _UNSEEN.sub("", text)).strip()


def _subtitles(text: str) -> Iterator[Cue]:
    """Read subtitles by what their lines look like."""
    head = text[:4096]
    if looks_like_timed_text(head.lstrip()):
        return (Cue(*each) for each in captions_of_xml(text))
    if _TTML.search(head):
        return _ttml(text)
    if head.lstrip()[:6].lower() == "<sami>":
        return _sami(text)
    lines = text.splitlines()
    for form, reader in ((_LYRIC, _lyrics), (_FRAMES, _counted_frames)):
        if sum(form.match(line) is not None for line in lines[:200]) >= 2:
            return reader(lines)
    return _ranges(_SBV_LINE.sub(r"\1 --> \2", text).replace("[br]", "\n"))


def _ttml(text: str) -> Iterator[Cue]:
    """Read TTML (DFXP): paragraphs with the times that they, or what holds them, begin and end."""
    root = _xml.parse(text.encode(), resolve_entities=False)
    if root is None:
        return
    rate = next((float(v) for k, v in root.attrib.items() if k.endswith("frameRate") and v.isdecimal()), 30.0)
    ticks = next((float(v) for k, v in root.attrib.items() if k.endswith("tickRate") and v.isdecimal()), rate)
    for node in root.iter("{*}p"):
        begins = [_clock(each.get("begin"), rate, ticks) for each in (node, *node.iterancestors())]
        start = sum(time for time in begins if time is not None)
        length, end = (_clock(node.get(name), rate, ticks) for name in ("dur", "end"))
        for line in node.iter("{*}br"):
            line.tail = f"\n{line.tail or ''}"
        words = "".join(node.itertext()).strip()
        outer = start - (begins[0] or 0.0)
        if words and begins[0] is not None:
            yield Cue(
                words,
                start,
                start + length if length is not None else outer + end if end is not None else start,
            )


def _clock(text: str | None, rate: float, ticks: float) -> float | None:
    """Return a time of TTML in seconds: ``00:01:02.5``, ``00:01:02:12`` (frames), ``62.5s``, ``1500ms``, ``12f``, ``90t``."""
    match = re.fullmatch(r"\s*(\d{1,9}(?:\.\d{1,9})?)(h|m|s|ms|f|t)\s*", text or "")
    if match is not None:
        unit = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001, "f": 1 / (rate or 1), "t": 1 / (ticks or 1)}[
            match[2]
        ]
        return float(match[1]) * unit
    match = re.fullmatch(r"\s*(\d{1,4}):(\d{2}):(\d{2}(?:\.\d{1,9})?)(?::(\d{1,3}))?\s*", text or "")
    if match is None:
        return None
    return int(match[1]) * 3600 + int(match[2]) * 60 + float(match[3]) + int(match[4] or 0) / (rate or 1)


def _sami(text: str) -> Iterator[Cue]:
    """Read SAMI: what is shown from one ``SYNC`` to the next."""
    marks = [*_SYNC.finditer(text)]
    ends = [*(mark.start() for mark in marks[1:]), len(text)]
    times = [int(mark[1]) / 1000 for mark in marks]
    for mark, end, start, until in zip(marks, ends, times, [*times[1:], *times[-1:]], strict=True):
        words = _plain(re.sub(r"(?i)<br\s*/?>", "\n", text[mark.end() : end]).replace("&nbsp;", " "))
        if words:
            yield Cue(words, start, until)


def _lyrics(lines: list[str]) -> Iterator[Cue]:
    """Read LRC: lines with one or more times before them."""
    said: list[tuple[float, str]] = []
    for match in filter(None, map(_LYRIC.match, lines)):
        for minutes, seconds in re.findall(r"\[(\d+):(\d+\.\d+)\]", match[1]):
            said.append((int(minutes) * 60 + float(seconds), _plain(match[2])))
    said.sort()
    for (start, words), (end, _) in pairwise([*said, *said[-1:]]):
        if words:
            yield Cue(words, start, end)


def _counted_frames(lines: list[str]) -> Iterator[Cue]:
    """Read MicroDVD: the first and the last frame of each line; the file may begin with its frames a second."""
    rate = _FRAMES_A_SECOND
    for match in filter(None, map(_FRAMES.match, lines)):
        first, last = int(match[1]), int(match[2] or match[1])
        if first <= 1 and last <= 1 and re.fullmatch(r"\d{1,3}(?:\.\d{1,3})?", match[3].strip()):
            rate = float(match[3]) or rate
            continue
        words = _plain(re.sub(r"\{[A-Za-z]:[^{}]*\}|^/", "", match[3]).replace("|", "\n"))
        if words:
            yield Cue(words, first / rate, last / rate)


def _ranges(text: str) -> Iterator[Cue]:
    """Read SubRip and WebVTT: a line of times, then words up to an empty line."""
    times: re.Match[str] | None = None
    words: list[str] = []
    skipping = False
    for line in [*text.splitlines(), ""]:
        match = _RANGE.search(line)
        if match:
            if times is not None and words and words[-1].strip().isdigit():
                words.pop()  # the number of this cue, where the empty line is missing
            yield from _cue(times, words)
            times, words, skipping = match, [], False
        elif not line.strip():
            yield from _cue(times, words)
            times, words, skipping = None, [], False
        elif times is None and line.startswith(("NOTE", "STYLE", "REGION")):
            skipping = True
        elif times is not None and not skipping:
            words.append(line)


def _cue(times: re.Match[str] | None, words: list[str]) -> Iterator[Cue]:
    text = _plain("\n".join(words))
    if times is not None and text:
        yield Cue(text, _seconds(times, "a"), _seconds(times, "b"))


def _seconds(match: re.Match[str], which: str) -> float:
    hours, minutes, seconds = match[f"{which}h"], match[f"{which}m"], match[f"{which}s"]
    return int(hours or 0) * 3600 + int(minutes) * 60 + float(seconds.replace(",", "."))


def _stamped(text: str) -> Iterator[Cue]:
    """Yield text whose lines begin with times that go up, as meeting programs write it; nothing for other text."""
    found: list[tuple[float, list[str]]] = []
    unstamped = 0
    for line in filter(str.strip, text.splitlines()):
        match = _STAMP.match(line)
        if match is None or len((match["who"] or "").split()) > _NAME_WORDS:
            unstamped += not found
            if found:
                found[-1][1].append(line.strip())
            continue
        start = _seconds(match, "a" if match["am"] else "b")
        found.append((start, [match["said"] if match["am"] else f"{match['who'].strip(' -–,:')}:"]))
    starts = [start for start, _ in found]
    if len(found) < 2 or starts != sorted(starts) or unstamped > len(found):
        return
    for (start, words), end in zip(found, [*starts[1:], starts[-1]], strict=True):
        spoken = " ".join(filter(None, words))
        if spoken:
            yield Cue(spoken, start, end)


def _ass(text: str) -> Iterator[Cue]:
    order = ["layer", "start", "end", "style", "name", "marginl", "marginr", "marginv", "effect", "text"]
    for line in text.splitlines():
        kind, _, body = line.partition(":")
        if kind == "Format" and "text" in body.lower():
            order = [name.strip().lower() for name in body.split(",")]
        elif kind == "Dialogue":
            values = dict(zip(order, body.split(",", len(order) - 1), strict=False))
            start, end = (_ASS_TIME.search(values.get(name, "")) for name in ("start", "end"))
            words = _plain(
                _DRAWN.sub("", values.get("text", ""))
                .replace("\\N", "\n")
                .replace("\\n", "\n")
                .replace("\\h", " ")
            )
            if start and end and words:
                yield Cue(words, *(int(t[1]) * 3600 + int(t[2]) * 60 + float(t[3]) for t in (start, end)))


def _is_transcript(path: Path) -> bool:
    """Return whether a JSON file beside a recording is a transcript of it, and not something else's."""
    try:
        return path.stat().st_size <= _MAX_JSON and said_in_json(json.loads(path.read_bytes())) is not None
    except (OSError, ValueError):
        return False
