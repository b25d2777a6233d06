"""Pictures in every form in which a caller may hand them over."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import pytest
from llama_index.core.base.llms.types import ImageBlock
from llama_index.core.schema import ImageDocument, ImageNode, MediaResource
from PIL import Image

from xmrag_plugin.errors import PictureError, UsageError
from xmrag_plugin.images.intake import as_picture, picture_key, picture_name, words_of_name


@pytest.fixture
def path(tmp_path: Path) -> Path:
    target = tmp_path / "red_boat-2.png"
    Image.new("RGB", (30, 20), "red").save(target)
    return target


def test_all_forms_give_the_same_bytes(path: Path) -> None:
    data = path.read_bytes()
    text = base64.b64encode(data).decode()
    stream = io.BytesIO(data)
    stream.read()
    forms = [
        data,
        bytearray(data),
        stream,
        text,
        text.rstrip("="),
        f"data:image/png;base64,{text}",
        ImageNode(image=text),
        ImageDocument(image=text),
        ImageBlock(image=data),
        MediaResource(data=data),
    ]
    assert all(as_picture(form) == data for form in forms)
    for form in (path, str(path), path.as_uri(), ImageNode(image_path=str(path)), MediaResource(path=path)):
        assert as_picture(form) == path
    assert picture_key(path) == picture_key(data)


def test_a_decoded_picture_is_told_by_its_pixels(path: Path) -> None:
    image = Image.open(path)
    assert as_picture(image) is image
    other = Image.new("RGB", (30, 20), "blue")
    assert picture_key(image) == picture_key(Image.open(path)) != picture_key(other)


@pytest.mark.parametrize(
    "given",
    [
        "no/such/file.png",
        "data:image/png;base64,???",
        "data:image/png",
        "https://example.org/a.png",
        io.StringIO("x"),
    ],
)
def test_what_is_no_picture_is_refused(given: object) -> None:
    with pytest.raises(PictureError):
        as_picture(given)


def test_what_holds_no_picture_is_refused() -> None:
    for given in (12, ImageNode(text="words only")):
        with pytest.raises(UsageError, match="holds no picture"):
            as_picture(given)


def test_names_never_hold_the_bytes(path: Path) -> None:
    text = base64.b64encode(path.read_bytes() * 10).decode()
    assert picture_name(text) == "picture in base64"
    assert picture_name(f"data:image/png;base64,{text[:80]}") == "picture in base64"
    assert picture_name(path.read_bytes()).startswith("picture of ")
    assert picture_name(path) == picture_name(str(path)) == str(path)
    assert picture_name(ImageNode(image=text, id_="7")) == "node 7"
    assert words_of_name(path) == "red boat"
    assert words_of_name(b"12") == "picture of bytes"
