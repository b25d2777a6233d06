"""What users ask, in all the forms they may use, as one Question."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Union

from ..errors import PictureError, SourceMissing, UsageError
from ..schema import Question

if TYPE_CHECKING:
    from ..settings import Settings

__all__ = ["PictureLike", "QuestionLike", "as_question", "picture_bytes"]

PictureLike = Union["str", "os.PathLike[str]", bytes, "io.BytesIO", Any]
"""A file, a data URI, bytes, a stream, a PIL image, or (where fetching is allowed) a URL."""

QuestionLike = Union["str", Mapping[Any, float], Question, Any]
"""A text, a picture, weighted texts and pictures, or a Question."""

_PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".heic", ".avif", ".svg")


def as_question(
    query: QuestionLike,
    *,
    images: Sequence[PictureLike] = (),
    without: Sequence[str] = (),
    settings: Settings,
) -> Question:
    """Turn what was asked into a question.

    In a mapping, a key that names an existing picture file (or has a picture's suffix), bytes and
    PIL images are pictures; other keys are texts.

    Raises:
        UsageError: If a weight is no number, or a part is of an unknown kind.
        SourceMissing: If a picture file is missing.
        PictureError: If a picture cannot be decoded.
    """
    question = Question()
    if isinstance(query, Question):
        question.texts = list(query.texts)
        question.images = list(query.images)
    elif isinstance(query, Mapping):
        for part, weight in query.items():
            if not isinstance(weight, (int, float)) or isinstance(weight, bool):
                raise UsageError(
                    f"The weight of {part!r} is {weight!r}.", hint="Give a number, negative to stay away."
                )
            if weight and _is_picture(part):
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
    return question


def _is_picture(part: Any) -> bool:
    if isinstance(part, str):
        lowered = part.lower()
        if lowered.startswith("data:image/"):
            return True
        return lowered.endswith(_PICTURES) and (" " not in part or Path(part).is_file())
    return True


def picture_bytes(picture: PictureLike, settings: Settings) -> bytes:
    """A picture, given in any form, as encoded bytes.

    Raises:
        SourceMissing: If the file is missing.
        PictureError: If it cannot be decoded, or is too large.
        UsageError: If it is of an unknown kind, or a URL that must not be fetched.
    """
    from ..formats.pictures import probe

    data = _raw_bytes(picture, settings)
    width, height, _ = probe(data)
    if width * height > settings.max_picture_px:
        raise PictureError(
            f"The picture asked with has {width}×{height} pixels, more than {settings.max_picture_px:,}.",
            hint="Make it smaller, or raise the setting max_picture_px.",
        )
    return data


def _raw_bytes(picture: PictureLike, settings: Settings) -> bytes:
    if isinstance(picture, (bytes, bytearray, memoryview)):
        return bytes(picture)
    if hasattr(picture, "read"):
        return bytes(picture.read())
    if hasattr(picture, "save") and hasattr(picture, "mode"):  # a PIL image
        buffer = io.BytesIO()
        image: Any = picture
        (image if image.mode in ("RGB", "RGBA", "L", "P") else image.convert("RGB")).save(
            buffer, format="PNG"
        )
        return buffer.getvalue()
    if hasattr(picture, "resolve_image"):  # a LlamaIndex ImageNode or ImageBlock
        return bytes(picture.resolve_image().read())
    if isinstance(picture, (str, os.PathLike)):
        text = os.fspath(picture)
        if isinstance(text, str) and text.startswith("data:"):
            import base64
            import binascii

            try:
                return base64.b64decode(text.partition(",")[2], validate=True)
            except binascii.Error as error:
                raise PictureError(
                    "The data URI is not base64.", hint="Give data:image/png;base64,…"
                ) from error
        if isinstance(text, str) and text.startswith(("http://", "https://")):
            return _fetch(text, settings)
        path = Path(os.fsdecode(text)).expanduser()
        if not path.is_file():
            raise SourceMissing(f"There is no picture {str(picture)!r}.", hint="Check the path.")
        return path.read_bytes()
    raise UsageError(
        f"{type(picture).__name__} is no picture.", hint="Give a file, bytes, a PIL image or a data URI."
    )


def _fetch(url: str, settings: Settings) -> bytes:
    if not settings.allow_fetch:
        raise UsageError(
            f"The picture {url!r} would have to be fetched.",
            hint="Allow it with the setting allow_fetch, or give a file.",
        )
    import urllib.error
    import urllib.request

    try:
        with urllib.request.urlopen(url, timeout=30) as response:
            data: bytes = response.read(64 << 20)
            return data
    except (urllib.error.URLError, OSError, ValueError) as error:
        raise SourceMissing(
            f"The picture {url!r} cannot be fetched: {error}.", hint="Check the URL."
        ) from error
