"""Speech in sound: where it is, and what whoever recognises it must offer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Protocol, TypeAlias

from ..transcripts import Cue

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["RATE", "Block", "Transcriber", "speech_windows", "two_letters"]

Block: TypeAlias = "NDArray[np.float32]"
"""One channel of sound, of shape ``(samples,)``, with values between -1 and 1."""

RATE = 16_000
"""Samples a second that recognisers listen at."""

_FRAME = RATE // 50  # 20 ms
_ABOVE_NOISE_DB = 8.0
_MIN_DB = -55.0  # of full scale; below this there is silence
_HANGOVER = 100  # frames that speech goes on after it was last heard: recognisers like context
_LEAD = 10  # frames before it that are kept


class Transcriber(Protocol):
    """Turn sound into words with times.

    Attributes:
        name: What it is, as in reports; another name means that recordings are heard again.
    """

    name: str

    def transcribe(self, blocks: Iterable[Block], *, language: str = "") -> Iterator[Cue]:
        """Return the cues of a recording, in order, while it is decoded.

        Args:
            blocks: One channel at :data:`RATE`, each of shape ``(samples,)``, in order.
            language: What is spoken, as a two- or three-letter code, where that is known.
        """
        ...


def speech_windows(blocks: Iterable[Block], *, longest_s: float) -> Iterator[tuple[float, Block]]:
    """Yield the parts of a recording where something is heard above its noise: ``(start in seconds, samples)``.

    A part ends at a pause; one that grows beyond ``longest_s`` is cut at its quietest place. The noise is
    the tenth percentile of the level in the last half minute.
    """
    import numpy as np

    noise: list[float] = []
    held: list[Block] = []  # 20 ms each
    loud: list[float] = []
    position = quiet = 0
    heard = False
    rest = np.zeros(0, np.float32)
    longest = int(longest_s * 50)

    def window(frames: int) -> tuple[float, Block]:
        return (position - len(held)) * _FRAME / RATE, np.concatenate(held[:frames])

    for block in blocks:
        samples = np.concatenate([rest, block]) if len(rest) else block
        whole = len(samples) // _FRAME
        rest = samples[whole * _FRAME :]
        if not whole:
            continue
        frames = samples[: whole * _FRAME].reshape(whole, _FRAME)
        levels = 10 * np.log10((frames.astype(np.float64) ** 2).mean(axis=1) + 1e-10)
        noise = [*noise, *levels.tolist()][-1500:]
        threshold = max(float(np.percentile(noise, 10)) + _ABOVE_NOISE_DB, _MIN_DB)
        for frame, level in zip(frames, levels.tolist(), strict=True):
            position += 1
            held.append(frame)
            loud.append(level)
            if level >= threshold:
                heard, quiet = True, 0
            elif heard:
                quiet += 1
                if quiet > _HANGOVER:
                    yield window(len(held))
                    held, loud, heard = [], [], False
            elif len(held) > _LEAD:
                del held[0], loud[0]
            if heard and len(held) >= longest:
                first = len(held) * 3 // 5
                cut = first + int(np.argmin(loud[first:])) + 1
                yield window(cut)
                held, loud = held[cut:], loud[cut:]
    if heard:
        yield window(len(held))


@cache
def _alpha2() -> dict[str, str]:
    """Return the two-letter codes of the languages that recordings are most often tagged with."""
    pairs = """
        ara:ar ben:bn bul:bg cat:ca ces:cs cze:cs dan:da deu:de ger:de ell:el gre:el eng:en est:et fas:fa
        per:fa fin:fi fra:fr fre:fr heb:he hin:hi hrv:hr hun:hu ind:id isl:is ita:it jpn:ja kor:ko lav:lv
        lit:lt msa:ms nld:nl dut:nl nor:no pol:pl por:pt ron:ro rum:ro rus:ru slk:sk slo:sk slv:sl spa:es
        srp:sr swe:sv tam:ta tel:te tha:th tur:tr ukr:uk urd:ur vie:vi zho:zh chi:zh
    """
    return dict(pair.split(":") for pair in pairs.split())


def two_letters(language: str) -> str:
    """Return a language's two-letter code for its two- or three-letter one; ``""`` where it is not known here."""
    return language if len(language) == 2 else _alpha2().get(language, "")
