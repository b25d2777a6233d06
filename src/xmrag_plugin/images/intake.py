"""Pictures in all the forms in which callers hand them over."""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Union

from ..errors import PictureError, UsageError

if TYPE_CHECKING:
    from PIL.Image import Image

    from ..types import Picture

__all__ = [
    "PictureInput",
    "as_picture",
    "decode",
    "decode_base64",
    "decode_data_uri",
    "fetch_picture",
    "hash_of",
    "picture_hash",
    "picture_key",
    "picture_name",
    "words_of_name",
]

PictureInput = Union["str", "os.PathLike[str]", bytes, Any]
"""A file, bytes, a stream, a PIL image, base64 or a data URI, an ImageNode, ImageDocument or ImageBlock."""

_BASE64 = re.compile(r"^[A-Za-z0-9+/\s_-]+={0,2}\s*$")
_FETCH_TIMEOUT_S = 30
_MAX_FETCHED_BYTES = 64 << 20
_MAX_SIDE_PX = 2048  # pixels; models that take pictures of any size shrink them further themselves
_MIN_BASE64 = 40  # characters; shorter strings are paths


def as_picture(source: PictureInput, *, allow_fetch: bool = False) -> bytes | Path | Image:
    """Return a picture as encoded bytes, a file that exists, or a decoded image.

    Args:
        source: See :data:`PictureInput`; a URL only where fetching is allowed.
        allow_fetch: Whether a URL may be fetched.

    Raises:
        PictureError: If the file is missing, what is given is no picture, or a URL must not be fetched.
        UsageError: If it is of an unknown kind.
    """
    if isinstance(source, (bytes, bytearray, memoryview)):
        return _from_bytes(bytes(source))
    if isinstance(source, str):
        return _from_text(source, allow_fetch)
    if isinstance(source, os.PathLike):
        return _file(Path(os.fsdecode(source)))
    if hasattr(source, "getexif") and hasattr(source, "convert"):  # a PIL image
        image: Image = source
        return image
    if hasattr(source, "read"):
        return _from_stream(source)
    held = _nested_source(source)
    if held is not None:
        return as_picture(held, allow_fetch=allow_fetch)
    raise UsageError(
        f"{type(source).__name__} holds no picture.",
        hint="Give a file, bytes, a stream, a PIL image, base64, a data URI or an ImageNode with a picture.",
    )


def decode(picture: bytes | Path | Image, max_px: int, *, edge: int = 0) -> Image:
    """Decode a picture upright, in RGB, and no larger than a model makes use of.

    Args:
        picture: Encoded bytes, a file or a decoded image.
        max_px: Refused above this many pixels.
        edge: The shorter edge at which the model takes it, in pixels; 0 when it takes any size.

    Raises:
        PictureError: If it cannot be decoded or is too large.
    """
    from .decode import open_picture, probe, show_on_paper

    if isinstance(picture, (bytes, Path)):
        width, height, _ = probe(picture)
        side = _MAX_SIDE_PX
        if edge:
            side = min(side, 3 * edge * max(width, height) // max(1, min(width, height)))
        return open_picture(picture, max_px, side=max(side, 32))
    from PIL import ImageOps

    return show_on_paper(ImageOps.exif_transpose(picture))


def picture_key(picture: bytes | Path | Image) -> str:
    """Return what tells one picture from another: the sha256 of its bytes, hex (of its pixels, once decoded).

    Raises:
        PictureError: If the file cannot be read.
    """
    if isinstance(picture, bytes):
        return hashlib.sha256(picture).hexdigest()
    if isinstance(picture, Path):
        try:
            return hashlib.sha256(picture.read_bytes()).hexdigest()
        except OSError as error:
            raise PictureError(
                f"{picture} cannot be read: {error.strerror}.", hint="Check the path and permissions."
            ) from error
    shape = f"{picture.mode} {picture.size} {picture.getexif().get(0x0112)}".encode()
    return hashlib.sha256(shape + picture.tobytes()).hexdigest()


def picture_name(source: PictureInput) -> str:
    """Return what to call a picture in events and messages; never its bytes."""
    if isinstance(source, (bytes, bytearray, memoryview)):
        return f"picture of {len(source):,} bytes"
    if isinstance(source, str):
        return source if len(source) <= 300 and not source.startswith("data:") else "picture in base64"
    if isinstance(source, os.PathLike):
        return os.fsdecode(source)
    node_id = getattr(source, "node_id", None)
    if node_id is not None:
        return str(
            getattr(source, "image_path", None) or getattr(source, "image_url", None) or f"node {node_id}"
        )
    return str(getattr(source, "filename", "") or getattr(source, "name", "") or type(source).__name__)


def words_of_name(source: PictureInput) -> str:
    """Return the words of a picture's file name, where it has one: all that can be said of a damaged picture."""
    stem = Path(picture_name(source)).stem
    return " ".join(re.findall(r"[^\W\d_]{2,}", stem)) or "picture"


def _nested_source(source: Any) -> Any:
    """Return the picture that a LlamaIndex node, document or block holds; None when it holds none."""
    for name in ("image", "image_path", "data", "path"):
        value = getattr(source, name, None)
        if value:
            return value
    resource = getattr(source, "image_resource", None)
    if resource is not None and resource is not source:
        held = _nested_source(resource)
        if held is not None:
            return held
    url = getattr(source, "image_url", None) or getattr(source, "url", None)
    return str(url) if url else None


def _from_text(text: str, allow_fetch: bool) -> bytes | Path:
    if text.startswith("data:"):
        return decode_data_uri(text)
    if text.startswith(("http://", "https://")):
        return fetch_picture(text, allow_fetch=allow_fetch)
    if text.startswith("file://"):
        from urllib.parse import unquote, urlsplit

        return _file(Path(unquote(urlsplit(text).path)))
    if len(text) >= _MIN_BASE64 and _BASE64.match(text) and not _is_file(text):
        return decode_base64(text)
    return _file(Path(text).expanduser())


def decode_base64(data: str | bytes) -> bytes:
    """Return the bytes that LlamaIndex keeps as base64 in a node or block, with or without a data URI's head.

    Bytes that are an encoded picture already are returned as they are.

    Raises:
        PictureError: If it is no base64.
    """
    if isinstance(data, bytes):
        from .decode import raster_mime

        if raster_mime(data[:64]):
            return data
        data = data.decode("latin-1")
    if data.startswith("data:"):
        return decode_data_uri(data)
    plain = "".join(data.split()).replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise PictureError(
            f"The picture is no base64: {error}.", hint="Give encoded bytes, or data:image/png;base64,…"
        ) from error


def decode_data_uri(uri: str) -> bytes:
    """Return the bytes of a ``data:`` URI, in base64 or percent-encoded (RFC 2397).

    Raises:
        PictureError: If it has no data, or damaged base64.
    """
    from urllib.parse import unquote, unquote_to_bytes

    header, comma, body = uri.partition(",")
    if not comma:
        raise PictureError("The data URI has no data.", hint="Give data:image/png;base64,…")
    if not header.rstrip().lower().endswith(";base64"):
        return unquote_to_bytes(body)
    return decode_base64(unquote(body) if "%" in body else body)


def _from_bytes(data: bytes) -> bytes:
    """Return the bytes; decoded first when they are base64, as in LlamaIndex's ImageBlock and MediaResource."""
    if not re.match(rb"^[A-Za-z0-9+/=\s]{40}", data):
        return data
    try:
        return decode_base64(data)
    except PictureError:
        return data


def _is_file(text: str) -> bool:
    try:
        return Path(text).is_file()
    except (OSError, ValueError):
        return False


def _file(path: Path) -> Path:
    if not _is_file(str(path)):
        raise PictureError(f"There is no picture {str(path)!r}.", hint="Check the path.")
    return path


def _from_stream(stream: Any) -> bytes:
    if hasattr(stream, "seek"):
        stream.seek(0)  # it may have been read before, as LlamaIndex's streams are
    data = stream.read()
    if not isinstance(data, bytes):
        raise PictureError("The stream gives text, not the bytes of a picture.", hint="Open it in mode 'rb'.")
    return _from_bytes(data)


def fetch_picture(url: str, *, allow_fetch: bool, timeout_s: float = _FETCH_TIMEOUT_S) -> bytes:
    """Fetch a picture of at most 64 MiB.

    Raises:
        PictureError: If fetching is not allowed, fails, or gives nothing or more.
    """
    if not allow_fetch:
        raise PictureError(
            f"The picture {url!r} would have to be fetched, and nothing is fetched unasked.",
            hint="Give allow_fetch=True, or a file.",
        )
    import urllib.error
    import urllib.request

    if url.startswith("//"):
        url = f"https:{url}"
    request = urllib.request.Request(url, headers={"User-Agent": "xmrag-plugin"})
    try:
        with urllib.request.urlopen(request, timeout=timeout_s) as answer:
            data: bytes = answer.read(_MAX_FETCHED_BYTES + 1)
    except (urllib.error.URLError, OSError, ValueError) as error:
        raise PictureError(
            f"The picture {url!r} cannot be fetched: {error}.", hint="Check the network and the address."
        ) from error
    if not 0 < len(data) <= _MAX_FETCHED_BYTES:
        raise PictureError(
            f"The picture {url!r} is {'empty' if not data else 'larger than 64 MiB'}.",
            hint="Check the address.",
        )
    return data


def picture_hash(data: bytes) -> str:
    """Return the sha256 of the encoded bytes, in hex: the name of a picture in media store and memory."""
    return hashlib.sha256(data).hexdigest()


def hash_of(picture: Picture) -> str | None:
    """Return the sha256 of an element's encoded picture, in hex; None where neither bytes nor file can be had."""
    if picture.media_hash or picture.data is not None:
        return picture.media_hash or picture_hash(picture.data or b"")
    try:
        return picture_hash(Path(picture.path).read_bytes()) if picture.path is not None else None
    except OSError:
        return None
