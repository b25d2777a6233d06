from __future__ import annotations

import json
from pathlib import Path

import pytest

from xmrag_plugin.readers.transcripts import (
    Cue,
    cues_of_ass_line,
    find_sidecar,
    looks_like_subtitles,
    parse_transcript,
)

SRT = "1\n00:00:01,000 --> 00:00:02,500\nHello <i>there</i>,\nfriend.\n\n2\n00:01:00,000 --> 00:01:02,000\n{\\an8}Bye &amp; good luck.\n"


def rows(cues: list[Cue]) -> list[tuple[str, float | None, float | None]]:
    return [(cue.text, cue.start_s, cue.end_s) for cue in cues]


def test_subrip() -> None:
    expected = [("Hello there, friend.", 1.0, 2.5), ("Bye & good luck.", 60.0, 62.0)]
    assert rows(parse_transcript(SRT)) == expected
    assert rows(parse_transcript("\ufeff" + SRT.replace("\n", "\r\n"), ".srt")) == expected


def test_webvtt_with_notes_settings_voices_and_hours() -> None:
    text = (
        "WEBVTT - A talk\n\nSTYLE\n::cue { color: red }\n\nNOTE not said\n\nintro\n"
        "00:05.000 --> 00:07.000 align:start position:0%\n<v Ada>It <c.yellow>works</c>.\n\n"
        "01:00:00.000 --> 01:00:01.250\nThe end"
    )
    assert rows(parse_transcript(text, ".vtt")) == [
        ("Ada: It works.", 5.0, 7.0),
        ("The end", 3600.0, 3601.25),
    ]


def test_rolling_captions_are_said_once() -> None:
    text = (
        "WEBVTT\n\n00:00.000 --> 00:02.000\nfirst line\n\n00:02.000 --> 00:02.010\nfirst line\n\n"
        "00:02.010 --> 00:04.000\nfirst line\nsecond<00:00:03.000><c> line</c>\n"
    )
    assert rows(parse_transcript(text)) == [("first line", 0.0, 2.01), ("second line", 2.01, 4.0)]


def test_substation_alpha() -> None:
    text = (
        "[Script Info]\nTitle: x\n\n[Events]\n"
        "Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"
        "Comment: 0,0:00:00.00,0:00:01.00,Default,,0,0,0,,not shown\n"
        "Dialogue: 0,0:01:02.50,0:01:04.00,Default,,0,0,0,,{\\i1}Well,\\Nwell.\n"
    )
    assert rows(parse_transcript(text, ".ass")) == [("Well, well.", 62.5, 64.0)]
    assert cues_of_ass_line("0,0,Default,,0,0,0,,One, two\\Nthree") == "One, two\nthree"


@pytest.mark.parametrize(
    "value",
    [
        {"text": "One. Two.", "segments": [{"start": 0, "end": 1.5, "text": " One."}, {"start": 1.5, "end": 3, "text": "Two."}]},
        {"chunks": [{"timestamp": [0.0, 1.5], "text": " One."}, {"timestamp": [1.5, 3.0], "text": " Two."}]},
        {"transcription": [{"offsets": {"from": 0, "to": 1500}, "text": " One."}, {"offsets": {"from": 1500, "to": 3000}, "text": "Two."}]},
        [{"start": 0.0, "end": 1.5, "text": "One."}, {"start": 1.5, "end": 3.0, "text": "Two."}],
    ],
    ids=["whisper", "transformers", "whisper.cpp", "rows"],
)  # fmt: skip
def test_json_of_recognisers(value: object) -> None:
    assert rows(parse_transcript(json.dumps(value), ".json")) == [("One.", 0.0, 1.5), ("Two.", 1.5, 3.0)]


def test_json_of_something_else_is_refused() -> None:
    with pytest.raises(ValueError, match="segments"):
        parse_transcript('{"title": "x"}', ".json")
    with pytest.raises(ValueError, match="Expecting"):
        parse_transcript("not json", ".json")


def test_plain_text_has_no_times() -> None:
    assert rows(parse_transcript("One\nline.\n\nTwo.", ".txt")) == [
        ("One line.", None, None),
        ("Two.", None, None),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "[00:00:05] Ann: The tide turns.\n[00:01:10] Bob: So it does.\n",
        "Meeting of Monday\n\n0:05 Ann: The tide\nturns.\n1:10 - Bob: So it does.\n",
        "Ann  00:05\nThe tide turns.\n\nBob  01:10\nSo it does.\n",
        "Ann (0:05):\nThe tide turns.\nBob (1:10):\nSo it does.",
    ],
)
def test_text_with_a_time_at_each_line(text: str) -> None:
    assert rows(parse_transcript(text, ".txt")) == [
        ("Ann: The tide turns.", 5.0, 70.0),
        ("Bob: So it does.", 70.0, 70.0),
    ]


def test_times_that_are_talked_about_are_no_stamps() -> None:
    for said in (
        "Out at 12:30\nand back at 9:15\nor later.",
        "The first ship sails at 9:15\nand is back at about 12:30",
    ):
        assert rows(parse_transcript(said, ".txt"))[0][1] is None


def test_what_looks_like_subtitles() -> None:
    assert looks_like_subtitles(SRT)
    assert looks_like_subtitles("WEBVTT\n")
    assert looks_like_subtitles("00:01.000 --> 00:02.000\nx")
    assert not looks_like_subtitles("We go from 10:00 --> 11:00 each day.\n")
    assert not looks_like_subtitles("")


def test_the_sidecar_of_a_recording(tmp_path: Path) -> None:
    talk = tmp_path / "talk.mp4"
    for name in ("talk.mp4", "talk.txt", "talk.de.srt", "talker.srt", "talk.notes here.vtt", "other.vtt"):
        (tmp_path / name).write_text("x", encoding="utf-8")
    assert find_sidecar(talk) == tmp_path / "talk.de.srt"
    (tmp_path / "talk.json").write_text('{"title": "no transcript"}', encoding="utf-8")
    (tmp_path / "talk.srt").write_text(SRT, encoding="utf-8")
    assert find_sidecar(talk) == tmp_path / "talk.srt"
    assert find_sidecar(tmp_path / "alone.mp3") is None
    (tmp_path / "alone.mp3.json").write_text('[{"start": 0, "end": 1, "text": "x"}]', encoding="utf-8")
    assert find_sidecar(tmp_path / "alone.mp3") == tmp_path / "alone.mp3.json"


@pytest.mark.parametrize(
    ("text", "suffix"),
    [
        ("0:00:01.000,0:00:03.000\nOpen the lock\n\n0:00:03.000,0:00:05.000\nIt[br]fills\n", ".sbv"),
        ("[ti:Lock]\n[00:01.00]Open the lock\n[00:03.00]It <00:03.5>fills\n[00:05.00]\n", ".lrc"),
        ("{1}{1}25.000\n{25}{75}Open the lock\n{75}{125}{y:i}It|fills\n", ".sub"),
        (
            '<tt xmlns="http://www.w3.org/ns/ttml" xmlns:p="http://www.w3.org/ns/ttml#parameter" p:frameRate="25"><body begin="1s"><div>'
            '<p begin="0s" dur="2s">Open the lock</p><p begin="00:00:02" end="00:00:04:00">It<br/>fills</p></div></body></tt>',
            ".ttml",
        ),
        (
            "<SAMI><BODY>\n<SYNC Start=1000><P>Open the lock\n<SYNC Start=3000><P>It<br>fills\n<SYNC Start=5000><P>&nbsp;\n",
            ".smi",
        ),
    ],
    ids=["sbv", "lrc", "frames", "ttml", "sami"],
)
def test_further_forms_of_subtitles(text: str, suffix: str) -> None:
    assert looks_like_subtitles(text)
    found = [(cue.text, cue.start_s, cue.end_s) for cue in parse_transcript(text, suffix)]
    assert found == [("Open the lock", 1.0, 3.0), ("It fills", 3.0, 5.0)]


def test_drawings_of_substation_alpha_are_no_words() -> None:
    line = "Dialogue: 0,0:00:01.00,0:00:02.00,D,,0,0,0,,{}\n"
    text = (
        "[Script Info]\n[Events]\n"
        + line.format("{\\p1}m 0 0 l 100 0{\\p0}")
        + line.format("{\\i1}Seen{\\i0}")
    )
    assert [cue.text for cue in parse_transcript(text)] == ["Seen"]


@pytest.mark.parametrize(
    ("text", "suffix"),
    [
        (
            '<?xml version="1.0" encoding="utf-8" ?><timedtext format="3"><head><pen id="1"/></head><body>'
            '<p t="1000" d="2000" w="1"><s>Open</s><s t="300"> the</s> lock</p><p t="3000" d="2000">It fills</p></body></timedtext>',
            ".srv3",
        ),
        (
            '<transcript><text start="1.0" dur="2">Open the lock</text><text start="3" dur="2.0">It &amp;#102;ills</text></transcript>',
            ".xml",
        ),
        (
            json.dumps(
                {
                    "events": [
                        {
                            "tStartMs": 1000,
                            "dDurationMs": 2000,
                            "segs": [{"utf8": "Open"}, {"utf8": " the lock"}],
                        },
                        {"tStartMs": 2990, "segs": [{"utf8": "\n"}]},
                        {"tStartMs": 3000, "dDurationMs": 2000, "segs": [{"utf8": "It fills"}]},
                        {"tStartMs": "x", "segs": 3},
                    ]
                }
            ),
            ".json3",
        ),
    ],
)
def test_captions_of_youtube(text: str, suffix: str) -> None:
    assert looks_like_subtitles(text)
    assert rows(parse_transcript(text, suffix)) == [("Open the lock", 1.0, 3.0), ("It fills", 3.0, 5.0)]


def test_other_trees_are_no_captions() -> None:
    assert not looks_like_subtitles("<transcript><person>Ann</person></transcript>")
    assert not looks_like_subtitles('{"events": []}')


def test_lines_as_whisper_prints_them() -> None:
    text = "[00:00.000 --> 00:04.000]   The lamp is lit.\n[00:04.000 --> 01:08.500]   It burns.\n"
    assert looks_like_subtitles(text)
    assert rows(parse_transcript(text, ".txt")) == [("The lamp is lit.", 0.0, 4.0), ("It burns.", 4.0, 68.5)]


def test_ttml_of_2006_and_signs_that_nobody_sees() -> None:
    text = '<tt xmlns="http://www.w3.org/2006/10/ttaf1"><body><div><p begin="0:00:01" dur="2s">Fish &amp; chips</p></div></body></tt>'
    text = text.replace("0:00:01", "00:00:01")
    assert looks_like_subtitles(text)
    assert rows(parse_transcript(text, ".dfxp")) == [("Fish & chips", 1.0, 3.0)]
    cue = "WEBVTT\n\n00:00.000 --> 00:01.000\n\u200b\u200b \u200bWe are\u200b \u200b\nhere\u200b\n"
    assert rows(parse_transcript(cue, ".vtt")) == [("We are here", 0.0, 1.0)]
