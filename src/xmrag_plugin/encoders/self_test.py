"""A self-test of encoders: finite, repeatable, blind to nothing that it should tell apart.

Models load half, or with weights left at random, without a word; what they then return looks like
vectors. The test takes a dozen texts and drawn pictures or made sounds, once for each model and device.
"""

from __future__ import annotations

import itertools
import json
import os
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ..errors import ModelUnsound

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

__all__ = [
    "WeakSoundModelWarning",
    "WeakVisionModelWarning",
    "check",
    "drawn_pairs",
    "made_sounds",
    "separation",
]

_VERSION = 1
_MIN_COSINE = 0.99  # between the same input encoded twice, alone and in company
_MIN_SEPARATION = 0.7  # chance is 0.5: of 2,000 draws of random vectors 98 in 100 lay below 0.69
_MIN_HEARING = 0.6  # of random vectors three in four lie below; what has learnt sounds lies well above
_RATE = 48_000
_SOUND_S = 3
_PICTURE_PX = 224
_COLOURS = ("red", "green", "blue", "yellow", "black", "white")
_SHAPES = ("circle", "square")
_TEXTS = (
    "A cat sits on the mat.",
    "Quarterly revenue by region, in millions of dollars.",
    "How do plants turn light into energy, and where in the cell does it happen?",
    "word",
)


class WeakVisionModelWarning(UserWarning):
    """A vision encoder cannot tell a red circle from a blue square."""


class WeakSoundModelWarning(UserWarning):
    """A sound encoder cannot tell a steady tone from noise."""


class _Encodes(Protocol):
    name: str
    dimension: int
    fingerprint: str
    sees: bool

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]: ...

    def encode_images(self, images: Sequence[Any]) -> NDArray[np.float32]: ...


def check(
    encoder: _Encodes, memory: Path | None = None, *, variant: str = "", texts_only: bool = False
) -> None:
    """Refuse an encoder that cannot be trusted; warn of one that seems untrained.

    Args:
        encoder: The encoder.
        memory: Folder that remembers what has passed, so that it is tested once.
        variant: Device and dtype: what passed on one may fail on another.
        texts_only: Whether pictures and sounds are left out.

    Raises:
        ModelUnsound: If vectors are not finite, all alike, or differ when computed again.
    """
    note = memory / f"{encoder.fingerprint}-{variant or 'default'}-{_VERSION}.json" if memory else None
    found = _remembered(note)
    if found is None:
        found = _examine(encoder, texts_only)
        _remember(note, found)
    score = found.get("separation")
    if score is not None and score < _MIN_SEPARATION:
        warnings.warn(
            f"{encoder.name} may be untrained: it orders simple pictures and their names hardly better than "
            f"chance ({score:.2f}; chance is 0.50). Its weights may not have loaded.",
            WeakVisionModelWarning,
            stacklevel=3,
        )
    heard = found.get("hearing")
    if heard is not None and heard < _MIN_HEARING:
        warnings.warn(
            f"{encoder.name} may be untrained: it orders simple sounds and their names hardly better than "
            f"chance ({heard:.2f}; chance is 0.50). Its weights may not have loaded.",
            WeakSoundModelWarning,
            stacklevel=3,
        )


def _examine(encoder: _Encodes, texts_only: bool) -> dict[str, float]:
    import numpy as np

    texts = encoder.encode_texts(_TEXTS)
    _hold("texts", encoder, texts, len(_TEXTS))
    again = np.concatenate([encoder.encode_texts([text]) for text in reversed(_TEXTS)])[::-1]
    _compare("text", encoder.name, texts, again)
    if texts_only:
        return {}
    if getattr(encoder, "hears", False):
        return {"hearing": _examine_hearing(encoder)}
    if not encoder.sees:
        return {}
    pictures, names = drawn_pairs()
    seen = encoder.encode_images(pictures)
    _hold("pictures", encoder, seen, len(pictures))
    _compare(
        "picture", encoder.name, seen[:3], np.concatenate([encoder.encode_images([p]) for p in pictures[:3]])
    )
    return {"separation": separation(seen, encoder.encode_texts(names))}


def _examine_hearing(encoder: Any) -> float:
    import numpy as np

    sounds, names = made_sounds()
    heard = encoder.encode_sounds(sounds)
    _hold("sounds", encoder, heard, len(sounds))
    again = np.concatenate([encoder.encode_sounds([sound]) for sound in sounds[:3]])
    _compare("sound", encoder.name, heard[:3], again)
    return separation(heard, encoder.encode_texts(names))


def made_sounds() -> tuple[list[tuple[NDArray[np.float32], int]], list[str]]:
    """Return simple sounds as ``(samples, samples a second)``, and what each is called."""
    import numpy as np

    rng = np.random.default_rng(0)
    t = np.arange(_SOUND_S * _RATE) / _RATE
    noise = rng.normal(size=len(t)) * 0.2
    rumble = np.convolve(noise, np.ones(400) / 20, mode="same")
    sounds: dict[str, NDArray[np.float64]] = {
        "a steady high-pitched beep": np.sin(2 * np.pi * 2000 * t),
        "a low electric hum": np.sin(2 * np.pi * 100 * t) + 0.5 * np.sin(2 * np.pi * 200 * t),
        "white noise, the hiss of static": noise,
        "a deep rumble": rumble,
        "a ticking clock": noise * np.exp(-80 * (t % 0.5)),
        "a siren": np.sin(2 * np.pi * (900 * t - 300 / np.pi * np.cos(np.pi * t))),
        "a ringing bell": np.sin(2 * np.pi * 880 * t) * np.exp(-3 * (t % 1.5)),
        "a chord on an organ": np.sin(2 * np.pi * np.outer((262, 330, 392, 523), t)).sum(axis=0),
    }
    made = [np.asarray(0.5 * wave / abs(wave).max(), dtype=np.float32) for wave in sounds.values()]
    return [(wave, _RATE) for wave in made], list(sounds)


def separation(pictures: NDArray[np.float32], texts: NDArray[np.float32]) -> float:
    """Return how well rows of pictures and texts that belong together find each other: chance 0.5, best 1.

    The mean, over both directions, of the share of others that the right partner is ranked above,
    after each row and column has been centred, so that a text near to everything gains nothing.
    """
    import numpy as np

    similarity = pictures @ texts.T
    centred = similarity - similarity.mean(0, keepdims=True) - similarity.mean(1, keepdims=True)
    right = np.diag(centred)
    others = len(centred) - 1
    by_picture = (centred < right[:, None]).sum(1) / others
    by_text = (centred < right[None, :]).sum(0) / others
    return float((by_picture.mean() + by_text.mean()) / 2)


def drawn_pairs() -> tuple[list[Image], list[str]]:
    """Return coloured shapes, and what each is called."""
    from PIL import Image, ImageDraw

    side = _PICTURE_PX
    pictures, names = [], []
    for colour, shape in itertools.product(_COLOURS, _SHAPES):
        picture = Image.new("RGB", (side, side), "lightgrey")
        pen = ImageDraw.Draw(picture)
        box = (side // 5, side // 5, side - side // 5, side - side // 5)
        if shape == "circle":
            pen.ellipse(box, fill=colour)
        else:
            pen.rectangle(box, fill=colour)
        pictures.append(picture)
        names.append(f"a {colour} {shape}")
    return pictures, names


def _hold(what: str, encoder: _Encodes, vectors: NDArray[np.float32], count: int) -> None:
    import numpy as np

    name, shape = encoder.name, (count, encoder.dimension)
    if getattr(vectors, "shape", None) != shape:
        raise ModelUnsound(
            f"{name} gives {count} {what} as {getattr(vectors, 'shape', type(vectors).__name__)}, not as an array "
            f"of shape {shape}.",
            hint="encode_texts, encode_images and encode_sounds return one row for each, of `dimension` numbers.",
        )
    if not np.isfinite(vectors).all():
        raise ModelUnsound(
            f"{name} gives vectors of {what} that are not finite.",
            hint="Load it in float32 (?dtype=float32), or name another model.",
        )
    if float(np.ptp(vectors, axis=0).max()) < 1e-6:
        raise ModelUnsound(
            f"{name} gives the same vector for all {what}.",
            hint="Its weights did not load; fetch it again or name another model.",
        )


def _compare(what: str, name: str, once: NDArray[np.float32], again: NDArray[np.float32]) -> None:
    least = float((once * again).sum(1).min())
    if not least >= _MIN_COSINE:
        raise ModelUnsound(
            f"{name} gives another vector when the same {what} is encoded again (cosine {least:.3f}).",
            hint="It is random or depends on its batch; load it in float32, or name another model.",
        )


def _remembered(note: Path | None) -> dict[str, float] | None:
    if note is None:
        return None
    try:
        found = json.loads(note.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _remember(note: Path | None, found: dict[str, float]) -> None:
    if note is None:
        return
    note.parent.mkdir(parents=True, exist_ok=True)
    fresh = note.with_suffix(f".{os.getpid()}.tmp")
    fresh.write_text(json.dumps(found), encoding="utf-8")
    os.replace(fresh, note)
