"""The gate for words: what a reader yields as text and is none (encoded data, bytes, a font without a map) is left out."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator

from ..types import Element
from .context import ReadContext

__all__ = ["is_gibberish", "without_gibberish"]

_ENCODED = re.compile(
    r"(?:data:[\w/+.-]{3,60};base64,)?(?:[A-Za-z0-9+/_-]{60,}={0,2}\s*){2,}|[A-Za-z0-9+/_-]{200,}={0,2}"
)
_LEAST_ENCODED = 60
_BEYOND_LATIN = re.compile(r"[\u0250-\U0010ffff]")
_WORDLESS = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ufffd\ufffe\uffff]")
_MIN_JUDGED = 24  # characters; less is left to the reader
_MAX_WORDLESS = 0.1
_MAX_FOREIGN = 0.35
_MAX_SCRIPTS = 5


def without_gibberish(elements: Iterator[Element], context: ReadContext, name: str) -> Iterator[Element]:
    """Yield elements without encoded data and without text that no language writes; tell once what was left out.

    Args:
        elements: As a reader yields them.
        context: ``on_warning`` is told.
        name: The document's name, for the warning.
    """
    left_out = 0
    for element in elements:
        text = element.text
        if len(text) >= _MIN_JUDGED and element.kind != "heading":
            if not text.isascii() and is_gibberish(text):
                left_out += 1
                continue
            if max(map(len, text.split()), default=0) >= _LEAST_ENCODED and _ENCODED.search(text) is not None:
                element.text = _ENCODED.sub(_kept, text)
                left_out += element.text != text
                if not element.text.strip():
                    continue
        yield element
    if left_out:
        context.on_warning(
            f"{name}: {left_out} passages are encoded data or bytes, no words, and were left out.",
            "Export the document again with its text; save what is encoded in it as files of their own.",
        )


def _kept(match: re.Match[str]) -> str:
    """Return what a long run of letters is replaced by: itself where it may be words, else nothing."""
    run = match[0]
    mixed = sum(any(map(test, run)) for test in (str.isupper, str.islower, str.isdigit))
    turns = len(re.findall(r"[a-z][A-Z]|[A-Za-z]\d|\d[A-Za-z]", run))
    return "" if mixed == 3 and turns > len(run) / 12 else run


def is_gibberish(text: str) -> bool:
    """Return whether a text is no words of any language: control characters, unassigned ones, scripts at random."""
    if len(_WORDLESS.findall(text)) > _MAX_WORDLESS * len(text):
        return True
    sample = _BEYOND_LATIN.findall(text, 0, 2000)
    if len(sample) < _MIN_JUDGED or len(sample) < _MAX_FOREIGN * len(text[:2000]):
        return False
    categories = Counter(unicodedata.category(character) for character in sample)
    if categories["Cn"] + categories["Co"] > _MAX_WORDLESS * len(sample):
        return True
    scripts = Counter(
        unicodedata.name(c, "?").split(" ")[0] for c in sample if unicodedata.category(c)[0] == "L"
    )
    often = [script for script, count in scripts.items() if count > 0.02 * len(sample)]
    return len(often) > _MAX_SCRIPTS
