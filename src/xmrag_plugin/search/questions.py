"""What users ask, in all the forms they may use, as one Question."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Union

from ..errors import PictureError, UsageError
from ..text.untrusted import encodable
from ..types import Question
from .spoken import SoundLike, SpokenWords, is_sound

if TYPE_CHECKING:
    from ..settings import Settings

__all__ = ["PictureLike", "QuestionLike", "as_question", "check_weight", "picture_bytes"]

PictureLike = Union["str", "os.PathLike[str]", bytes, "io.BytesIO", Any]
"""A file, bytes, a stream, a PIL image, base64 or a data URI, an ImageNode, ImageDocument or ImageBlock, or
(where fetching is allowed) a URL."""

QuestionLike = Union["str", Mapping[Any, float], Question, Any]
"""A text, a picture, weighted texts, pictures and sounds, or a Question."""

_PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".heic", ".avif", ".svg")


def as_question(
    query: QuestionLike,
    *,
    images: Sequence[PictureLike] = (),
    audio: Sequence[SoundLike] = (),
    without: Sequence[str] = (),
    settings: Settings,
    spoken: SpokenWords | None = None,
    by_sound: bool = False,
) -> Question:
    """Turn what was asked into a question.

    In a mapping, a key that names an existing picture or sound file (or has a picture's suffix), bytes and
    PIL images are pictures and sounds; other keys are texts.

    Args:
        query: A text, a picture, weighted texts, pictures and sounds, or a Question.
        images: Pictures to ask with.
        audio: Recordings to ask with: by the words said in them and, with ``by_sound``, by what they sound like.
        without: Texts to stay away from.
        settings: Limits of pictures, and whether they may be fetched.
        spoken: Transcribes recordings; one of these settings when not given.
        by_sound: Whether there is a sound space; a recording then needs no words.

    Raises:
        UsageError: If a weight is no number, a part is of an unknown kind, or no words are known of a recording and
            there is no sound space.
        PictureError: If a picture is missing or cannot be decoded.
    """
    question = Question()
    recordings = [(sound, 1.0) for sound in audio]
    if isinstance(query, Question):
        question.texts = list(query.texts)
        question.images = list(query.images)
        question.sounds, question.said = list(query.sounds), list(query.said)
    elif isinstance(query, Mapping):
        for part, weight in query.items():
            check_weight(part, weight)
            if is_sound(part):
                recordings.append((part, float(weight)))
            elif weight and _is_picture(part):
                question.images.append((picture_bytes(part, settings), float(weight)))
            elif weight:
                question.texts.append((str(part), float(weight)))
    elif isinstance(query, str):
        if query.strip():
            question.texts.append((query.strip(), 1.0))
    elif query is not None:
        question.images.append((picture_bytes(query, settings), 1.0))
    question.images += [(picture_bytes(image, settings), 1.0) for image in images]
    question.texts += [(text, -0.5) for text in without if text.strip()]
    for sound, weight in recordings:
        if weight:
            words, given = (spoken or SpokenWords(settings)).asked(sound, by_sound=by_sound)
            if words:
                question.texts.append((words, weight))
                question.said.append(words)
            if by_sound:
                question.sounds.append((given, weight))
    question.texts = [(encodable(text), weight) for text, weight in question.texts]
    return question


def check_weight(part: Any, weight: Any) -> None:
    """Refuse a weight that is no number.

    Raises:
        UsageError: If it is no number.
    """
    if not isinstance(weight, (int, float)) or isinstance(weight, bool):
        raise UsageError(
            f"The weight of {part!r} is {weight!r}.", hint="Give a number, negative to stay away."
        )


def _is_picture(part: Any) -> bool:
    if isinstance(part, str):
        lowered = part.lower()
        if lowered.startswith("data:image/"):
            return True
        return lowered.endswith(_PICTURES) and (" " not in part or Path(part).is_file())
    return True


def picture_bytes(picture: PictureLike, settings: Settings) -> bytes:
    """Return a picture, given in any form, as encoded bytes.

    Raises:
        PictureError: If the file is missing, it cannot be decoded, is too large, or a URL must not be fetched.
        UsageError: If it is of an unknown kind.
    """
    from ..images.decode import probe
    from ..images.intake import as_picture

    found = as_picture(picture, allow_fetch=settings.allow_fetch)
    if isinstance(found, bytes):
        data = found
    elif isinstance(found, Path):
        data = found.read_bytes()
    else:
        buffer = io.BytesIO()
        plain = found if found.mode in ("RGB", "RGBA", "L", "P") else found.convert("RGB")
        plain.save(buffer, format="PNG")
        data = buffer.getvalue()
    width, height, _ = probe(data)
    if width * height > settings.max_picture_px:
        raise PictureError(
            f"The picture asked with has {width}×{height} pixels, more than {settings.max_picture_px:,}.",
            hint="Make it smaller, or raise the setting max_picture_px.",
        )
    return data
