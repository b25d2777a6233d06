"""What another encoder would do better: languages that the text encoder does not read, pages as pictures."""

from __future__ import annotations

import shlex

from ..encoders.presets import PRESETS, preset_of
from ..storage.knowledge_base import KnowledgeBase
from ..text.languages import UNKNOWN, name_of
from ..text.listing import first_of
from ..text.stop_words import DEFAULT_LANGUAGE
from ..types import FileFailure

__all__ = ["better_text_encoder", "languages_in_words", "pages_advice", "unread_languages"]

_READS_MORE = "granite-97m"
# Of another language, from which on an encoder that does not read it is a loss:
_MIN_SHARE, _MIN_PASSAGES = 0.1, 3
_SHOWN = 3
_CAPTION_TOKENS = 77
"""Encoders whose texts end here were made for captions and photographs: CLIP, SigLIP and their like."""


def languages_in_words(languages: dict[str, int]) -> str:
    """Return the languages of a collection in words, the most frequent first; "" where none tells."""
    known = {language: count for language, count in languages.items() if language != UNKNOWN}
    total = sum(known.values())
    shares = [(name_of(language), round(100 * count / total)) for language, count in known.items()]
    return first_of([f"{name} {share} %" for name, share in shares if share], _SHOWN)


def unread_languages(kb: KnowledgeBase) -> FileFailure | None:
    """Return a warning where passages are in languages that the text encoder was not made for, with the cure."""
    space = kb.manifest.spaces.get("text")
    made_for = preset_of(space.spec) or preset_of(space.model) if space is not None else None
    if made_for is None or made_for.multilingual:
        return None
    languages = kb.catalog.languages()
    foreign = {name: count for name, count in languages.items() if name not in (UNKNOWN, DEFAULT_LANGUAGE)}
    total = sum(count for name, count in languages.items() if name != UNKNOWN)
    count = sum(foreign.values())
    if count < _MIN_PASSAGES or count < _MIN_SHARE * total:
        return None
    much = f"{count:,} of {total:,} passages" if 2 * count < total else "Most passages"
    named = ", ".join(name_of(language) for language in list(foreign)[:_SHOWN])
    where = shlex.quote(kb.place)
    return FileFailure(
        "the text space",
        f"{much} are in {named}, which {made_for.name} was not made for: they are found by shared words more than "
        "by meaning.",
        f"A multilingual encoder finds more: xmrag models pull {_READS_MORE}, then "
        f"xmrag add --kb {where} --text {_READS_MORE}",
    )


def pages_advice(kb: KnowledgeBase) -> FileFailure | None:
    """Return a warning where pages are pictured for an encoder that was made for captions and photographs."""
    encoder = kb.encoder("vision")
    if encoder is None or encoder.max_text_tokens > _CAPTION_TOKENS:
        return None
    return FileFailure(
        "pages as pictures",
        f"{encoder.name} was made for photographs and captions: it finds pages less well than their words do "
        "(ViDoRe v3.1, nDCG@10: SigLIP on pages 17.2, BM25 on the text read off them 25.9).",
        "Leave --pages out, or name an encoder that reads pages: --vision qwen3-vl-embedding",
    )


def better_text_encoder(kb: KnowledgeBase) -> str:
    """Return what to say of an encoder that finds more than the one that ``auto`` found on this machine; "" if none."""
    space = kb.manifest.spaces.get("text")
    chosen = preset_of(space.spec) if space is not None else None
    best = max(PRESETS.values(), key=lambda preset: preset.english)
    if chosen is None or chosen.english >= best.english or unread_languages(kb) is not None:
        return ""
    return (
        f"texts are embedded with {chosen.name}. {best.name} ({best.size_mb} MB) finds more in English (nDCG@10 "
        f"{best.english} against {chosen.english}, MTEB): xmrag models pull {best.name}, then "
        f"xmrag add --kb {shlex.quote(kb.place)} --text {best.name}"
    )
