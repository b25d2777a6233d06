from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from xmrag_plugin.errors import SourceDamaged
from xmrag_plugin.readers import find_reader, read_file
from xmrag_plugin.readers.context import ReadOptions
from xmrag_plugin.readers.media.recordings import contents_of, embedded_cues, is_recording, sound_blocks
from xmrag_plugin.readers.transcripts import Cue
from xmrag_plugin.types import Element, Key, Modality

Make = Callable[..., Path]

SRT = "1\n00:00:00,500 --> 00:00:01,500\nFirst words.\n\n2\n00:00:02,500 --> 00:00:03,500\nSecond words.\n"


def read(path: Path, **options: object) -> tuple[list[Element], list[tuple[str, str]], list[Path]]:
    warnings: list[tuple[str, str]] = []
    used: list[Path] = []
    given = ReadOptions(
        warn=lambda message, hint: warnings.append((message, hint)),
        depends=used.append,
        **options,  # type: ignore[arg-type]
    )
    return list(read_file(path, given)), warnings, used


def with_subtitles(video: Path, srt: Path, target: Path) -> Path:
    """A Matroska file with a stream of subtitles, copied packet by packet."""
    import av

    with av.open(str(video)) as pictures, av.open(str(srt)) as words, av.open(str(target), "w") as output:
        streams = [output.add_stream_from_template(pictures.streams.video[0])]
        streams.append(output.add_stream_from_template(words.streams.subtitles[0]))
        for source, stream in zip((pictures, words), streams, strict=True):
            for packet in source.demux():
                if packet.dts is not None:
                    packet.stream = stream
                    output.mux(packet)
    return target


def test_sound_is_numbers_at_their_times(tmp_path: Path, make_sound: Make) -> None:
    path = make_sound(tmp_path / "a.wav", 2.5)
    blocks = list(sound_blocks(path, block_s=1.0))
    assert [len(block) for block in blocks[:2]] == [16_000, 16_000]
    whole = np.concatenate(blocks)
    assert len(whole) == pytest.approx(40_000, abs=50)
    assert 0.25 < np.abs(whole).max() < 0.35
    spectrum = np.abs(np.fft.rfft(whole[:16_000]))
    assert spectrum.argmax() == pytest.approx(440, abs=2)


def test_contents(tmp_path: Path, make_sound: Make, make_video: Make) -> None:
    sound = contents_of(make_sound(tmp_path / "a.mp3", 2.0, title="A tone", artist="Ada", genre="Test"))
    assert (sound.sound, sound.video) == (True, False)
    assert sound.duration_s == pytest.approx(2.0, abs=0.1)
    assert sound.tags == {"title": "A tone", "artist": "Ada", "genre": "Test"}
    video = contents_of(make_video(tmp_path / "v.mp4", [(1, 1.0)], sound=True))
    assert (video.sound, video.video, video.width, video.height) == (True, True, 320, 180)


def test_what_is_not_heard_is_kept_and_the_way_out_is_named(tmp_path: Path, make_sound: Make) -> None:
    path = make_sound(tmp_path / "carHorn_2.flac", title="", artist="Ada", comment="In the street")
    elements, warnings, _ = read(path)
    assert [element.kind for element in elements] == ["heading", "sound"]
    assert elements[0].text == "car Horn 2"
    assert "carHorn_2.flac (2 s)" in elements[1].text
    assert "Artist: Ada" in elements[1].text
    assert "In the street" in elements[1].text
    assert elements[1].metadata[Key.MODALITY] == Modality.AUDIO
    assert (elements[1].start_s, elements[1].end_s) == (0.0, pytest.approx(2.0, abs=0.05))
    ((message, hint),) = warnings
    assert "carHorn_2.flac" in message
    assert "carHorn_2.srt" in hint
    assert "xmrag-plugin[media]" in hint


def test_a_transcript_beside_it_is_what_is_said(tmp_path: Path, make_sound: Make) -> None:
    path = make_sound(tmp_path / "talk.wav", 4.0)
    (tmp_path / "talk.srt").write_text(SRT, encoding="utf-8")
    elements, warnings, used = read(path)
    speech = [(e.text, e.start_s, e.end_s) for e in elements if e.kind == "speech"]
    assert speech == [("First words.", 0.5, 1.5), ("Second words.", 2.5, 3.5)]
    assert used == [tmp_path / "talk.srt"]
    assert not warnings
    assert read(tmp_path / "talk.srt")[0] == []


def test_a_transcript_beside_a_damaged_recording_is_read_by_itself(tmp_path: Path, make_sound: Make) -> None:
    path = make_sound(tmp_path / "talk.wav", 4.0)
    (tmp_path / "talk.srt").write_text(SRT, encoding="utf-8")
    path.write_bytes(path.read_bytes()[:20] + bytes(24))
    elements, _, used = read(tmp_path / "talk.srt")
    assert [e.text for e in elements] == ["First words.", "Second words."]
    assert used == [path]


def test_a_useless_transcript_is_named_and_passed_over(tmp_path: Path, make_sound: Make) -> None:
    path = make_sound(tmp_path / "talk.wav")
    (tmp_path / "talk.srt").write_text("nothing timed here", encoding="utf-8")
    elements, _, _ = read(path, transcribe=lambda blocks, language="": iter([Cue("Heard.", 0.0, 1.0)]))
    assert [e.text for e in elements if e.kind == "speech"] == ["Heard."]


def test_subtitles_alone_are_a_transcript(tmp_path: Path) -> None:
    path = tmp_path / "lecture.srt"
    path.write_text(SRT, encoding="utf-8")
    assert find_reader(path).name == "subtitle"
    elements, _, _ = read(path)
    assert [(e.kind, e.text) for e in elements] == [("speech", "First words."), ("speech", "Second words.")]


def test_embedded_subtitles(tmp_path: Path, make_video: Make) -> None:
    video = make_video(tmp_path / "v.mkv", [(1, 2.0), (2, 2.0)])
    (tmp_path / "s.srt").write_text(SRT, encoding="utf-8")
    path = with_subtitles(video, tmp_path / "s.srt", tmp_path / "both.mkv")
    assert embedded_cues(path) == [Cue("First words.", 0.5, 1.5), Cue("Second words.", 2.5, 3.5)]
    elements, warnings, _ = read(path)
    assert [(e.kind, e.start_s) for e in elements if e.kind in ("picture", "speech")] == [
        ("picture", 0.0),
        ("speech", 0.5),
        ("picture", 2.0),
        ("speech", 2.5),
    ]
    assert not warnings


def test_a_video_is_pictures_and_speech_in_order_of_time(tmp_path: Path, make_video: Make) -> None:
    from xmrag_plugin import CrossModalNodeParser
    from xmrag_plugin.types import split_ids

    path = make_video(tmp_path / "My clip.mp4", [(1, 2.0), (2, 2.0)], sound=True)
    asked: list[str] = []

    def transcribe(blocks: object, language: str = "") -> object:
        asked.append(language)
        assert sum(len(block) for block in blocks) == pytest.approx(64_000, abs=3000)  # type: ignore[attr-defined]
        yield Cue("A tone begins.", 0.2, 1.4)
        yield Cue("It goes on.", 2.6, 3.8)

    elements, warnings, _ = read(path, transcribe=transcribe)
    assert not warnings
    assert asked == [""]
    kinds = [(e.kind, e.start_s) for e in elements]
    assert kinds == [
        ("heading", None),
        ("sound", 0.0),
        ("picture", 0.0),
        ("speech", 0.2),
        ("picture", 2.0),
        ("speech", 2.6),
    ]
    nodes = CrossModalNodeParser().nodes_from_elements(elements, source=path.name, document_id="d")
    by_kind: dict[str, list] = {}
    for node in nodes:
        by_kind.setdefault(node.metadata[Key.KIND], []).append(node)
    first, second = by_kind["picture"]
    (said,) = by_kind["speech"]
    assert by_kind["sound"][0].metadata[Key.MODALITY] == Modality.VIDEO
    assert (first.metadata[Key.START_S], first.metadata[Key.END_S]) == (0.0, 2.0)
    assert first.metadata[Key.CITED_BY] == "A tone begins."
    assert second.metadata[Key.CITED_BY] == "It goes on."
    assert first.metadata[Key.HEADING_PATH] == "My clip"
    assert split_ids(said.metadata[Key.FIGURES]) == [first.node_id, second.node_id]
    assert said.metadata[Key.MODALITY] == Modality.VIDEO


def test_a_silent_video_needs_no_recogniser(tmp_path: Path, make_video: Make) -> None:
    elements, warnings, _ = read(make_video(tmp_path / "v.mp4", [(1, 1.5)]))
    assert [e.kind for e in elements] == ["heading", "sound", "picture"]
    assert not warnings


def test_files_are_known_by_their_content(tmp_path: Path, make_sound: Make, make_video: Make) -> None:
    for name, reader in (("a.mp3", "audio"), ("a.wav", "audio"), ("a.flac", "audio"), ("a.m4a", "audio")):
        path = make_sound(tmp_path / name, 0.5)
        hidden = path.rename(tmp_path / "hidden.bin")
        assert find_reader(hidden).name == reader, name
    for name in ("v.mp4", "v.mkv", "v.avi"):
        hidden = make_video(tmp_path / name, [(1, 0.5)]).rename(tmp_path / "hidden.dat")
        assert find_reader(hidden).name == "video", name
    script = tmp_path / "code.ts"
    script.write_text("export const a: number = 1;\n", encoding="utf-8")
    assert find_reader(script).name != "video"


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\x00\x00\x00\x18ftypheic", ""),
        (b"\x00\x00\x00\x18ftypavif", ""),
        (b"\xff\xfeh\x00i\x00", ""),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", ""),
        (b"RIFF\x00\x00\x00\x00WAVEfmt ", "sound"),
        (b"\xff\xfb\x90\x64" + bytes(64), "sound"),
        (b"\xff\xd8\xff\xe0", ""),
        (b"GIF89a", ""),
        (b"", ""),
    ],
)
def test_first_bytes(head: bytes, kind: str) -> None:
    assert is_recording(head) == kind


def test_a_header_that_lies_makes_no_hours_of_sound(tmp_path: Path, make_sound: Make) -> None:
    path = tmp_path / "slow.wav"
    data = bytearray(make_sound(tmp_path / "whole.wav").read_bytes())
    data[24:28] = (1).to_bytes(4, "little")  # samples a second
    path.write_bytes(data)
    with pytest.raises(SourceDamaged, match="1 samples of sound a second"):
        read(path, transcribe=lambda blocks, **_: pytest.fail("nothing is listened to"))


def test_damage_is_named(tmp_path: Path, make_sound: Make) -> None:
    path = tmp_path / "broken.wav"
    path.write_bytes(make_sound(tmp_path / "whole.wav").read_bytes()[:30])
    with pytest.raises(SourceDamaged, match=r"broken\.wav"):
        read(path)
