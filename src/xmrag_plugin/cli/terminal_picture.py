"""Pictures in terminals that draw them: kitty's protocol, iTerm2's, or sixels."""

from __future__ import annotations

import base64
import io
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["picture_protocol", "terminal_picture"]

_CHUNK = 4096
_SIXEL_COLOURS = 64
_SIXEL_TERMS = ("foot", "mlterm", "yaft", "contour", "sixel")


def picture_protocol(environment: Mapping[str, str] = os.environ) -> str:
    """Return how this terminal draws pictures, ``kitty``, ``iterm`` or ``sixel``; empty where it does not.

    Told by the variables that these terminals set; a terminal is not asked, since its reply would mix with input.
    """
    term, program = environment.get("TERM", ""), environment.get("TERM_PROGRAM", "")
    if environment.get("TMUX") or term.startswith(("screen", "tmux")):
        return ""  # the multiplexer swallows what it does not know
    if environment.get("KITTY_WINDOW_ID") or term in ("xterm-kitty", "xterm-ghostty"):
        return "kitty"
    if program in ("iTerm.app", "WezTerm", "vscode"):
        return "iterm"
    return "sixel" if program == "mintty" or any(name in term for name in _SIXEL_TERMS) else ""


def terminal_picture(picture: Image, protocol: str) -> str:
    """Return the escape sequence that draws a picture.

    Args:
        picture: Of the size that it is to have, in pixels.
        protocol: One of :func:`picture_protocol`.
    """
    if protocol == "sixel":
        return _sixels(picture)
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    encoded = base64.b64encode(buffer.getvalue()).decode()
    if protocol == "iterm":
        return f"\x1b]1337;File=inline=1;size={len(buffer.getvalue())};width=auto:{encoded}\x07"
    chunks = [encoded[i : i + _CHUNK] for i in range(0, len(encoded), _CHUNK)]
    return "".join(
        f"\x1b_G{'a=T,f=100,' if i == 0 else ''}m={int(i < len(chunks) - 1)};{chunk}\x1b\\"
        for i, chunk in enumerate(chunks)
    )


def _sixels(picture: Image) -> str:
    """Return a picture in sixels (DEC, "VT330/VT340 Programmer Reference Manual", volume 2, chapter 14).

    Rows are drawn by six, colour by colour; a character holds the six pixels of a column.
    """
    import numpy as np

    reduced = picture.convert("RGB").quantize(_SIXEL_COLOURS)
    palette = reduced.getpalette() or []
    pixels = np.asarray(reduced)
    used = np.unique(pixels)
    parts = [f'\x1bPq"1;1;{pixels.shape[1]};{pixels.shape[0]}']
    parts += [
        "#{};2;{};{};{}".format(n, *(round(c * 100 / 255) for c in palette[3 * n : 3 * n + 3])) for n in used
    ]
    for top in range(0, len(pixels), 6):
        band = pixels[top : top + 6]
        weights = (1 << np.arange(len(band)))[:, None]
        for number in np.unique(band):
            columns = ((band == number) * weights).sum(axis=0)
            starts = np.flatnonzero(np.diff(columns, prepend=-1))
            lengths = np.diff(starts, append=len(columns))
            runs = (
                f"!{n}{chr(63 + columns[start])}" if n > 3 else chr(63 + columns[start]) * n
                for start, n in zip(starts.tolist(), lengths.tolist(), strict=True)
            )
            parts.append(f"#{number}{''.join(runs)}$")
        parts.append("-")
    return "".join([*parts, "\x1b\\"])
