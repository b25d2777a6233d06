"""Recordings as elements in order of time: a card, chapters, what is said, key pictures."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ....errors import XmragError
from ....types import Element, Key, Modality, Picture
from ...context import ReadContext, accept_picture
from ...transcripts import Cue, find_sidecar, parse_transcript, speech_elements
from ..speech import RATE
from .clips import clip_elements
from .contents import Contents, contents_of, embedded_cues
from .shots import Shot, find_shots
from .sound import sound_blocks

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["cues_of_file", "elements_of_recording", "spoken_words"]

_TAG_LABELS = {
    "artist": "Artist", "album_artist": "Artist", "performer": "Performer", "composer": "Composer",
    "album": "Album", "show": "Show", "genre": "Genre", "date": "Date", "description": "Description",
    "synopsis": "Synopsis", "comment": "Comment", "keywords": "Keywords", "location": "Location",
    "publisher": "Publisher",
}  # fmt: skip
_SITE = re.compile(r"(?:https?://)?(?:[\w-]+\.)+[a-z]{2,6}/?", re.IGNORECASE)
_SPACED = re.compile(r"[_\s]+|(?<=[a-z])(?=[A-Z])|-(?=\D)|(?<=\D)-")


def elements_of_recording(path: Path, context: ReadContext) -> Iterator[Element]:
    """Yield a sound or video file as elements, in order of time.

    First its title as a heading and a card (``sound``) with its name, tags and length; then chapters as
    headings, speech with its times, for a video a key picture a shot, and where ``context.keep_sound`` says
    so, clips of the sound itself. What is said comes from, in
    order: a transcript beside the file, a stream of text subtitles, ``context.transcribe``. Where there is
    none of these, ``context.on_warning`` says what would make it heard.

    Raises:
        MissingExtra: If PyAV is not installed.
        SourceDamaged: If it cannot be decoded, or holds neither sound nor pictures.
    """
    contents = contents_of(path)
    if not contents.sound and not contents.video:
        from ....errors import SourceDamaged

        if contents.too_slow:
            raise SourceDamaged(
                f"{path.name} says that it has {contents.too_slow} samples of sound a second: too few to hear.",
                hint="Its header is damaged: save it again from where it was made.",
            )
        raise SourceDamaged(
            f"{path.name} holds neither sound nor moving pictures.",
            hint="Play it to see whether it is whole.",
        )
    if contents.too_slow and not contents.sound:
        context.on_warning(
            f"{path.name}: its sound has {contents.too_slow} samples a second, too few to hear.",
            "Its header is damaged: save it again from where it was made.",
        )
    modality = Modality.VIDEO if contents.video else Modality.AUDIO
    cues = _known_cues(path, contents, context)
    yield Element("heading", _title(path, contents), level=1)
    yield _card(path, contents, modality)
    if contents.cover:
        cover = accept_picture(
            Picture(data=contents.cover, alt=f"Cover of {path.name}"), context, document=path.name
        )
        if cover is not None:
            yield Element("picture", picture=cover)
    progress = _Progress(context, contents, hears=cues is None and context.transcribe is not None)
    spoken: Iterator[Cue] = (
        iter(cues) if cues is not None else _transcribed(path, contents, context, progress.heard)
    )
    speech = speech_elements(spoken, modality)
    shots = find_shots(path, skip=context.on_skip, reached=progress.seen) if contents.video else iter(())
    pictures = _picture_elements(path, shots, context)
    chapters = iter(
        [Element("heading", title, level=2, start_s=start) for start, title in contents.chapters if title]
    )
    clips = clip_elements(path, context) if contents.sound and context.keep_sound else iter(())
    yield from _by_time(chapters, pictures, speech, clips)
    progress.ended()


class _Progress:
    """Report how many seconds of a recording are done, whether watched, listened to or both.

    Both go on beside each other and take their time: a second is done half when it was seen only.
    """

    def __init__(self, context: ReadContext, contents: Contents, *, hears: bool) -> None:
        self._progress = context.on_progress
        self._length = round(contents.duration_s or 0)
        self._reached = {
            name: 0.0 for name, is_done in (("seen", contents.video), ("heard", hears)) if is_done
        }
        self._reported = -1

    def seen(self, second: float) -> None:
        self._report("seen", second)

    def heard(self, second: float) -> None:
        self._report("heard", second)

    def ended(self) -> None:
        for name in self._reached or ("read",):
            self._report(name, float(self._length))

    def _report(self, name: str, second: float) -> None:
        self._reached[name] = max(second, self._reached.get(name, 0.0))
        done = min(self._length, round(sum(self._reached.values()) / len(self._reached)))
        if done > self._reported:
            self._reported = done
            self._progress(done, self._length)


def spoken_words(path: Path, context: ReadContext) -> str:
    """Return what is said in a recording, as one text; from the same sources as in :func:`elements_of_recording`.

    Raises:
        MissingExtra: If PyAV is not installed.
        SourceDamaged: If it cannot be decoded.
    """
    contents = contents_of(path)
    cues = _known_cues(path, contents, context)
    spoken = cues if cues is not None else _transcribed(path, contents, context, lambda second: None)
    return " ".join(" ".join(cue.text for cue in spoken).split())


def cues_of_file(path: Path, context: ReadContext) -> list[Cue] | None:
    """Return the cues of a transcript file; None, with a warning, where it holds none."""
    from ...markup.parse import read_text

    try:
        return parse_transcript(read_text(path, context), path.suffix.lower())
    except (ValueError, XmragError) as error:
        context.on_warning(f"The transcript {path.name} cannot be used: {error}", "Correct or remove it.")
        return None


def _known_cues(path: Path, contents: Contents, context: ReadContext) -> list[Cue] | None:
    """Return the cues of a transcript that exists already."""
    sidecar = find_sidecar(path)
    if sidecar is not None:
        context.on_dependency(sidecar)
        cues = cues_of_file(sidecar, context)
        if cues:
            return cues
    if contents.subtitles:
        cues = embedded_cues(path)
        if cues:
            return cues
    return None if contents.sound else []


def _transcribed(
    path: Path, contents: Contents, context: ReadContext, heard: Callable[[float], None]
) -> Iterator[Cue]:
    if context.transcribe is None:
        also = " Its subtitles are pictures, which are not read." if contents.drawn_subtitles else ""
        context.on_warning(
            f"What is said in {path.name} is not known: there is no transcript and no recogniser.{also}",
            f"Put a transcript beside it ({path.stem}.srt, .vtt or Whisper's .json), or install a recogniser: "
            "pip install 'xmrag-plugin[media]' brings a small one for English, 'xmrag-plugin[whisper]' uses "
            "a Whisper model on disk.",
        )
        return
    yield from context.transcribe(_followed(sound_blocks(path), heard), language=contents.language)


def _followed(
    blocks: Iterator[NDArray[np.float32]], heard: Callable[[float], None]
) -> Iterator[NDArray[np.float32]]:
    """Yield the blocks, telling how many seconds of them are behind."""
    samples = 0
    for block in blocks:
        yield block
        samples += len(block)
        heard(samples / RATE)


def _card(path: Path, contents: Contents, modality: str) -> Element:
    """Return what the file is, as words; it is the node that stands for the whole of it."""
    kind = "Video" if contents.video else "Sound recording"
    facts = [_length(contents.duration_s)] if contents.duration_s else []
    if contents.video:
        facts.append(f"{contents.width} × {contents.height} pixels")
    lines = [f"{kind} {path.name}" + (f" ({', '.join(facts)})" if facts else "")]
    tags: dict[str, None] = {}
    for tag, label in _TAG_LABELS.items():
        if contents.tags.get(tag):
            tags[f"{label}: {contents.tags[tag]}"] = None
    lines += tags
    titles = [title for _, title in contents.chapters if title]
    if titles:
        lines.append("Chapters: " + "; ".join(titles))
    return Element(
        "sound", "\n".join(lines), start_s=0.0, end_s=contents.duration_s, metadata={Key.MODALITY: modality}
    )


def _title(path: Path, contents: Contents) -> str:
    """Return the title tag, unless it only names the site that wrote the file."""
    title = contents.tags.get("title", "")
    return title if title and not _SITE.fullmatch(title) else _spaced(path.stem)


def _picture_elements(path: Path, shots: Iterator[Shot], context: ReadContext) -> Iterator[Element]:
    for shot in shots:
        picture = accept_picture(
            Picture(data=shot.picture, mime="image/jpeg", reference=f"{path.name}#t={shot.at_s:.1f}"),
            context,
            document=path.name,
        )
        if picture is not None:
            yield Element(
                "picture",
                picture=picture,
                start_s=round(shot.start_s, 2),
                end_s=round(shot.end_s, 2),
                metadata={"key_s": round(shot.at_s, 2)},
            )


def _by_time(*streams: Iterator[Element]) -> Iterator[Element]:
    """Merge streams that are each in order of time; elements without a time come where they stand."""
    heads = [(next(stream, None), stream) for stream in streams]
    while any(head is not None for head, _ in heads):
        at = min(
            (i for i, (head, _) in enumerate(heads) if head is not None),
            key=lambda i: heads[i][0].start_s or 0.0,  # type: ignore[union-attr]
        )
        head, stream = heads[at]
        if head is not None:
            yield head
        heads[at] = (next(stream, None), stream)


def _length(seconds: float) -> str:
    whole = round(seconds)
    if whole < 60:
        return f"{max(whole, 1)} s"
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {whole % 60} s"


def _spaced(stem: str) -> str:
    return " ".join(_SPACED.sub(" ", stem).split()) or stem
