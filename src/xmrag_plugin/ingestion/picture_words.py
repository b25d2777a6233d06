"""Words for pictures at ingestion: read off them by OCR, or written by a model; each picture once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import GenerationError, XmragError
from ..storage.knowledge_base import KnowledgeBase
from ..text.table_embedding_text import words_of_table
from ..types import Element, FileFailure, IngestionReport, Key, Picture
from .read import Reading

if TYPE_CHECKING:
    from ..describers.caption import CaptionDescriber
    from ..describers.ocr import OcrDescriber

__all__ = ["PictureWords", "lettering", "pictures_to_read"]

_KEEP_EVERY = 8


class PictureWords:
    """Give the pictures of some sources their words; results are kept by media hash.

    ``captioner`` describes pictures by the generator that is named; it is None without one, or when it gives out.

    Args:
        kb: Where results are kept.
        describer: Reads words off pictures; None leaves them unread.
        report: Told what describing cost.
        progress: Told how far it is.
    """

    def __init__(
        self,
        kb: KnowledgeBase,
        describer: OcrDescriber | None,
        report: IngestionReport,
        progress: Callable[[str, int, int], None],
    ) -> None:
        self.kb = kb
        self.describer = describer
        self.captioner: CaptionDescriber | None = None
        if kb.settings.describe != "none":
            from ..describers.caption import CaptionDescriber
            from ..generators import load_llm

            self.captioner = CaptionDescriber(load_llm(kb.settings.describe, kb.settings))
        self.report = report
        self.progress = progress

    def describe(self, window: Sequence[Reading]) -> None:
        """Set ``ocr`` and ``description`` of all pictures that want them."""
        by_hash: dict[str, list[Picture]] = {}
        for reading in window:
            for picture in reading.pictures:
                by_hash.setdefault(picture.media_hash, []).append(picture)
        unread = pictures_to_read(element for reading in window for element in reading.elements)
        if self.describer is not None:
            with self.report.timed("ocr"):
                words = self._lettering(self.describer, list(unread))
            for media_hash, pictures in unread.items():
                for picture in pictures:
                    picture.ocr = words.get(media_hash, "")
        if self.captioner is not None:
            with self.report.timed("describe"):
                words = self._captions(self.captioner, list(by_hash), window)
            for media_hash, pictures in by_hash.items():
                for picture in pictures:
                    picture.description = words.get(media_hash, "")

    def _captions(
        self, captioner: CaptionDescriber, hashes: Sequence[str], window: Sequence[Reading]
    ) -> dict[str, str]:
        """Return descriptions by media hash; each is kept as soon as it is there.

        What is not described is named, and the source that holds it is read again by the next run. Where
        the generator gives out, no more is asked of it in this run.
        """
        words = self._known_words(captioner.name, hashes)
        unread = [media_hash for media_hash in hashes if media_hash not in words]
        places = {
            picture.media_hash: picture.media or f"{reading.row.source} ({picture.label or 'a picture'})"
            for reading in reversed(window)
            for picture in reading.pictures
        }
        try:
            results = captioner.read_each([self.kb.media.path(media_hash) for media_hash in unread])
            for done, (index, result) in enumerate(results, start=1):
                media_hash = unread[index]
                if isinstance(result, XmragError):
                    self._warn(places[media_hash], f"It was not described: {result.message}", result.hint)
                elif not result.text:
                    self._warn(places[media_hash], f"{result.model} had no words for it.", "")
                else:
                    words[media_hash] = result.text
                    self.kb.catalog.keep_media_words(captioner.name, {media_hash: result.text})
                self.progress("describe", done, len(unread))
        except GenerationError as error:
            self.captioner = None
            self._warn(
                window[0].row.source, f"Pictures are not described any further: {error.message}", error.hint
            )
        for reading in window:
            if any(picture.media_hash not in words for picture in reading.pictures):
                # Without the captioner's name in its recipe the source is taken up again.
                reading.row.recipe = reading.row.recipe.replace(captioner.name, "").strip()
        spent = captioner.spent
        self.report.described = {
            "pictures": spent.pictures,
            "failed": spent.failed,
            "prompt_tokens": spent.prompt_tokens,
            "completion_tokens": spent.completion_tokens,
        }
        return words

    def _warn(self, source: str, message: str, hint: str) -> None:
        again = "Add the folder again: what was described is kept, the rest is tried once more."
        self.report.warnings.append(FileFailure(source, message, f"{hint} {again}".strip()))

    def _known_words(self, name: str, hashes: Sequence[str]) -> dict[str, str]:
        return {
            media_hash: words
            for media_hash in hashes
            if (words := self.kb.catalog.media_words(media_hash, name)) is not None
        }

    def _lettering(self, describer: OcrDescriber, hashes: Sequence[str]) -> dict[str, str]:
        """Return the words read off pictures by media hash; a picture that was read before is not read again."""
        known = self._known_words(describer.name, hashes)
        unread = [media_hash for media_hash in hashes if media_hash not in known]
        fresh: dict[str, str] = {}
        read = lettering(describer, {media_hash: self.kb.media.path(media_hash) for media_hash in unread})
        for done, (media_hash, text) in enumerate(read, start=1):
            fresh[media_hash] = text
            if len(fresh) == _KEEP_EVERY or done == len(unread):
                self.kb.catalog.keep_media_words(describer.name, fresh)
                known.update(fresh)
                fresh = {}
                self.progress("ocr", done, len(unread))
        return known


def pictures_to_read(elements: Iterable[Element]) -> dict[str, list[Picture]]:
    """Return the pictures that OCR is for, by media hash.

    Pictures of whole pages are not read: their words stand in the page's text. Nor are those of tables
    that are there as text: they get the table's words.
    """
    unread: dict[str, list[Picture]] = {}
    for element in elements:
        picture = element.picture
        if picture is None:
            continue
        if element.kind == "table" and element.text.strip():
            picture.words = picture.words or words_of_table(element.text)
        elif not element.metadata.get(Key.WHOLE_PAGE):
            unread.setdefault(picture.media_hash, []).append(picture)
    return unread


def lettering(describer: OcrDescriber, pictures: Mapping[str, Path | bytes]) -> Iterator[tuple[str, str]]:
    """Yield the words that are read off pictures, by their names; none of one that cannot be decoded."""
    for name, result in zip(pictures, describer.read_many(pictures.values()), strict=True):
        yield name, "" if isinstance(result, XmragError) else result.text
