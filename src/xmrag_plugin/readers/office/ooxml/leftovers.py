"""Parts of an Office file that no page showed: what every page repeats is counted, the rest is named."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ....errors import XmragError
from ...archives import MEDIA_SUFFIXES, Archive, warn_of_unused
from ...context import ReadContext

__all__ = ["account_for_parts"]

_REPEATING = re.compile(
    r"/(?:slidelayouts|slidemasters|notesmasters|handoutmasters|theme)/|/(?:header|footer)\d*\.xml"
)
_WITHOUT_OWN_WORDS = (
    "docprops/", "customxml/", "word/glossary/", "xl/pivot", "xl/externallinks/", "thumbnails/",
)  # fmt: skip
_TEXT = re.compile(rb"<(?:\w+:)?t(?:\s[^>]*)?>[^<]*\w")
_MAX_LOOKED_THROUGH = 4 << 20


def account_for_parts(archive: Archive, context: ReadContext) -> None:
    """Hold the parts that exist against those that were read.

    Pictures of masters, layouts, headers and footers count as ``repeated``; other media and parts with words
    are named in a warning.
    """
    repeating = [name for name in archive.names if _REPEATING.search(f"/{name.lower()}")]
    unread = set(archive.unused(MEDIA_SUFFIXES, but=_WITHOUT_OWN_WORDS))
    for target in sorted(unread & _targets(archive, repeating)):
        archive.pass_over(target)
        context.on_skip("repeated")
    for name in archive.unused((".xml",), but=_WITHOUT_OWN_WORDS):
        if name in repeating or not _has_words(archive, name):
            archive.pass_over(name)
    warn_of_unused(archive, context, (*MEDIA_SUFFIXES, ".xml"), but=_WITHOUT_OWN_WORDS)


def _targets(archive: Archive, parts: Iterable[str]) -> set[str]:
    found: set[str] = set()
    for part in parts:
        if not part.lower().endswith(".xml"):
            continue
        try:
            found.update(
                archive.actual(link.target) for link in archive.relations(part).values() if not link.external
            )
        except XmragError:
            continue
    return found


def _has_words(archive: Archive, name: str) -> bool:
    if archive.size(name) > _MAX_LOOKED_THROUGH:
        return True
    try:
        return _TEXT.search(archive.peek(name)) is not None
    except XmragError:
        return False
