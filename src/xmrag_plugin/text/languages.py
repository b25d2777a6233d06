"""Which language a text is in, and what languages are called.

Documents and passages are told by py3langid (Lui and Baldwin, *langid.py*, ACL 2012) among those named here; a question is too short for that: see :func:`~xmrag_plugin.text.stop_words.language_of`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from .scripts import SPACELESS

__all__ = ["UNKNOWN", "detect", "languages_of_passages", "name_of"]

UNKNOWN = ""

_SURE = 0.4
_MIN_LETTERS, _MIN_SPACELESS = 40, 12
"""Letters from which on a text tells its language: a name, a code or a label tells none. A sign of Chinese says as
much as three letters."""

_MOST = 600  # letters: more make it no surer
_SAMPLES, _LETTERS_EACH = 24, 120
_NO_LETTER = re.compile(r"[\W\d_]+")
_SPACELESS_SIGN = re.compile(f"[{SPACELESS}]")
_ONE_CODE = {"nb": "no", "nn": "no"}
_NAMES = (
    "ar Arabic bg Bulgarian bn Bengali ca Catalan cs Czech da Danish de German el Greek en English es Spanish "
    "et Estonian eu Basque fa Persian fi Finnish fr French ga Irish he Hebrew hi Hindi hr Croatian hu Hungarian "
    "hy Armenian id Indonesian it Italian ja Japanese ko Korean lt Lithuanian lv Latvian ms Malay nl Dutch "
    "no Norwegian pl Polish pt Portuguese ro Romanian ru Russian sk Slovak sl Slovenian sr Serbian sv Swedish "
    "ta Tamil th Thai tr Turkish uk Ukrainian ur Urdu vi Vietnamese zh Chinese"
)
_NAME_OF = dict(zip(_NAMES.split()[::2], _NAMES.split()[1::2], strict=True))


def name_of(language: str) -> str:
    """Return the English name of an ISO 639-1 code; the code where it is not known here."""
    return _NAME_OF.get(language, language)


def detect(text: str) -> str:
    """Return the ISO 639-1 code of a text's language, :data:`UNKNOWN` where it is too short or not sure."""
    letters = _NO_LETTER.sub(" ", text[: 3 * _MOST]).strip()[:_MOST]
    enough = len(letters) >= _MIN_LETTERS or len(_SPACELESS_SIGN.findall(letters)) >= _MIN_SPACELESS
    if not enough:
        return UNKNOWN
    code, chance = _identifier().classify(letters)
    return _ONE_CODE.get(code, str(code)) if chance >= _SURE else UNKNOWN


def languages_of_passages(texts: Sequence[str]) -> list[str]:
    """Return the language of each passage of one document; one that does not tell has that of the document."""
    document = detect(_sample(texts)) if texts else UNKNOWN
    return [detect(text) or document for text in texts]


def _sample(texts: Sequence[str]) -> str:
    """Return beginnings of passages from all over a document."""
    some: Iterable[str] = texts[:: max(1, len(texts) // _SAMPLES)]
    return " ".join(text[:_LETTERS_EACH] for text in some)


@lru_cache(maxsize=1)
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    # Pidgins and small neighbours of the large languages draw tables and lists of names.
    identifier.set_languages([code for code in identifier.labels if _ONE_CODE.get(code, code) in _NAME_OF])
    return identifier
