"""Writes small PDF files for the tests, byte by byte, so that each construct is there on purpose."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

_PAD = bytes.fromhex("28BF4E5E4E758A4164004E56FFFA01082E2E00B6D0683E802F0CA9FE6453697A")
FONTS = {"F1": "Helvetica", "F2": "Helvetica-Bold", "F3": "Courier", "F4": "Times-Roman"}


@dataclass
class PageSpec:
    """One page: a content stream and what it refers to.

    Attributes:
        content: Operators.
        images: Name to ``(width, height, RGB bytes)`` or to encoded JPEG bytes.
        rotate: ``/Rotate``.
        size: Width and height in points.
        annots: Annotation dictionaries, as PDF source.
        extra: Further entries of the page dictionary.
        fonts: Further fonts by name, as references ("100 0 R").
    """

    content: str = ""
    images: dict[str, tuple[int, int, bytes] | bytes] = field(default_factory=dict)
    rotate: int = 0
    size: tuple[float, float] = (612, 792)
    annots: list[str] = field(default_factory=list)
    extra: str = ""
    fonts: dict[str, str] = field(default_factory=dict)


def text(x: float, y: float, words: str, *, size: float = 11, font: str = "F1", turned: bool = False) -> str:
    """Operators that show words with their baseline starting at (x, y), y from the bottom."""
    words = words.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
    matrix = f"0 1 -1 0 {x} {y}" if turned else f"1 0 0 1 {x} {y}"
    return f"BT /{font} {size} Tf {matrix} Tm ({words}) Tj ET\n"


def lines(
    x: float, y: float, rows: Sequence[str], *, size: float = 11, step: float = 13, font: str = "F1"
) -> str:
    """Several lines of text, downwards."""
    return "".join(text(x, y - step * number, row, size=size, font=font) for number, row in enumerate(rows))


def mapped_font(glyphs: Sequence[str], number: int, *, is_mapped: bool = True) -> list[str]:
    """A font whose nth glyph, code 33 + n, means the nth text: two objects, numbered from ``number``.

    Args:
        glyphs: What each glyph means; several characters for a ligature.
        number: Of the first object.
        is_mapped: Whether the file says what they mean; if not, codes are all that there is.
    """
    pairs = "".join(
        f"<{33 + n:02X}> <{glyph.encode('utf-16-be').hex().upper()}>\n" for n, glyph in enumerate(glyphs)
    )
    cmap = (
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapType 2 def\n"
        "1 begincodespacerange <00> <FF> endcodespacerange\n"
        f"{len(glyphs)} beginbfchar\n{pairs}endbfchar endcmap end end"
    )
    widths = " ".join(["1000"] * len(glyphs))
    meaning = f"/ToUnicode {number + 1} 0 R " if is_mapped else ""
    font = (
        f"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /FirstChar 33 /LastChar {32 + len(glyphs)} "
        f"/Widths [{widths}] {meaning}>>"
    )
    return [font, f"<< /Length {len(cmap)} >>\nstream\n{cmap}\nendstream"]


def glyph_text(x: float, y: float, codes: Sequence[int], *, size: float = 11, font: str = "F9") -> str:
    """Operators that show glyphs of a :func:`mapped_font`, by their number in it."""
    shown = "".join(f"{33 + code:02X}" for code in codes)
    return f"BT /{font} {size} Tf 1 0 0 1 {x} {y} Tm <{shown}> Tj ET\n"


def write_pdf(
    path: Path,
    pages: Sequence[PageSpec],
    *,
    password: str | None = None,
    catalog: str = "",
    more: Sequence[str] = (),
) -> Path:
    """Write a PDF 1.4 file.

    Args:
        path: Where to.
        pages: Its pages.
        password: When given, the file is encrypted (RC4, 40 bit) and opens with this user password.
        catalog: Further entries of the catalog; objects of ``more`` are numbered from 100.
        more: Further objects, as PDF source.
    """
    objects: dict[int, bytes] = {}
    number = 200
    for name, base in FONTS.items():
        objects[10 + int(name[1:])] = (
            f"<< /Type /Font /Subtype /Type1 /BaseFont /{base} /Encoding /WinAnsiEncoding >>".encode()
        )
    for index, source in enumerate(more):
        objects[100 + index] = source.encode("latin-1")
    kids: list[int] = []
    for page in pages:
        names: list[str] = []
        for name, image in page.images.items():
            number += 1
            names.append(f"/{name} {number} 0 R")
            objects[number] = _image(image)
        number += 2
        kids.append(number)
        objects[number - 1] = _stream(page.content.encode("cp1252"))
        fonts = " ".join(f"/{name} {10 + int(name[1:])} 0 R" for name in FONTS)
        fonts += "".join(f" /{name} {reference}" for name, reference in page.fonts.items())
        annots = f"/Annots [{' '.join(page.annots)}]" if page.annots else ""
        objects[number] = (
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {page.size[0]} {page.size[1]}] /Rotate {page.rotate} "
            f"/Contents {number - 1} 0 R /Resources << /Font << {fonts} >> /XObject << {' '.join(names)} >> >> "
            f"{annots} {page.extra} >>"
        ).encode()
    objects[1] = f"<< /Type /Catalog /Pages 2 0 R {catalog} >>".encode()
    objects[2] = (
        f"<< /Type /Pages /Count {len(kids)} /Kids [{' '.join(f'{kid} 0 R' for kid in kids)}] >>".encode()
    )
    path.write_bytes(_file(objects, password))
    return path


def _image(image: tuple[int, int, bytes] | bytes) -> bytes:
    if isinstance(image, bytes):
        width, height = _jpeg_size(image)
        head = f"/Filter /DCTDecode /Width {width} /Height {height}"
        data = image
    else:
        width, height, pixels = image
        head = f"/Filter /FlateDecode /Width {width} /Height {height}"
        data = zlib.compress(pixels)
    return (
        (
            f"<< /Type /XObject /Subtype /Image /ColorSpace /DeviceRGB /BitsPerComponent 8 {head} /Length {len(data)} >>\nstream\n"
        ).encode()
        + data
        + b"\nendstream"
    )


def _jpeg_size(data: bytes) -> tuple[int, int]:
    import io

    from PIL import Image

    with Image.open(io.BytesIO(data)) as image:
        return image.size


def _stream(data: bytes) -> bytes:
    return f"<< /Length {len(data)} >>\nstream\n".encode() + data + b"\nendstream"


def _file(objects: dict[int, bytes], password: str | None) -> bytes:
    trailer = ""
    if password is not None:
        identity = b"0123456789abcdef"
        owner = _rc4(hashlib.md5(_padded(password)).digest()[:5], _padded(password))
        key = hashlib.md5(
            _padded(password) + owner + (-4 & 0xFFFFFFFF).to_bytes(4, "little") + identity
        ).digest()[:5]
        user = _rc4(key, _PAD)
        trailer = (
            f"/Encrypt << /Filter /Standard /V 1 /R 2 /O <{owner.hex()}> /U <{user.hex()}> /P -4 >> "
            f"/ID [<{identity.hex()}> <{identity.hex()}>]"
        )
        objects = {number: _encrypted(number, body, key) for number, body in objects.items()}
    out = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    offsets: dict[int, int] = {}
    for number in sorted(objects):
        offsets[number] = len(out)
        out += f"{number} 0 obj\n".encode() + objects[number] + b"\nendobj\n"
    start = len(out)
    count = max(objects) + 1
    out += f"xref\n0 {count}\n".encode()
    for number in range(count):
        out += (
            f"{offsets[number]:010d} 00000 n \n".encode() if number in offsets else b"0000000000 65535 f \n"
        )
    out += f"trailer\n<< /Size {count} /Root 1 0 R {trailer} >>\nstartxref\n{start}\n%%EOF\n".encode()
    return bytes(out)


def _padded(password: str) -> bytes:
    return (password.encode("latin-1") + _PAD)[:32]


def _encrypted(number: int, body: bytes, key: bytes) -> bytes:
    head, mark, rest = body.partition(b"\nstream\n")
    if not mark:
        return body
    data = rest.removesuffix(b"\nendstream")
    own = hashlib.md5(key + number.to_bytes(3, "little") + b"\0\0").digest()[:10]
    return head + mark + _rc4(own, data) + b"\nendstream"


def _rc4(key: bytes, data: bytes) -> bytes:
    state = list(range(256))
    j = 0
    for i in range(256):
        j = (j + state[i] + key[i % len(key)]) % 256
        state[i], state[j] = state[j], state[i]
    out = bytearray()
    i = j = 0
    for byte in data:
        i = (i + 1) % 256
        j = (j + state[i]) % 256
        state[i], state[j] = state[j], state[i]
        out.append(byte ^ state[(state[i] + state[j]) % 256])
    return bytes(out)
