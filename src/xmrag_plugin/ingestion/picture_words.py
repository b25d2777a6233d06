"""Words for pictures at ingestion: read off them, or a model's; each picture once, whatever happens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ..errors import GenerationError, XmragError
from ..storage.knowledge_base import KnowledgeBase
from ..text.table_embedding_text import words_of_table
from ..types import FileFailure, IngestionReport, Key, Picture
from .read import Reading

if TYPE_CHECKING:
    from ..describers.caption import CaptionDescriber
    from ..describers.ocr import OcrDescriber

__all__ = ["PictureWords"]

_KEEP_EVERY = 8


class PictureWords:
    """Gives the pictures of a window of sources their words; results are kept by media hash.

    Args:
        kb: Where results are kept.
        describer: Reads words off pictures; None leaves them unread.
        captioner: Describes pictures by a generator; set to None when that gives out.
        report: Told what describing cost.
        progress: Told how far it is.
    """

    def __init__(
        self,
        kb: KnowledgeBase,
        describer: OcrDescriber | None,
        captioner: CaptionDescriber | None,
        report: IngestionReport,
        progress: Callable[[str, int, int], None],
    ) -> None:
        self.kb = kb
        self.describer = describer
        self.captioner = captioner
        self.report = report
        self.progress = progress

    def describe(self, window: Sequence[Reading]) -> None:
        """Words for the pictures: those read off them, and a model's, each picture once.

        Pictures of whole pages are not read: their words stand in the page's text. Nor are those of tables
        that are there as text: they get the table's words.
        """
        by_hash: dict[str, list[Picture]] = {}
        unread: dict[str, list[Picture]] = {}
        for reading in window:
            for element in reading.elements:
                if element.picture is not None:
                    media_hash = element.picture.media_hash
                    by_hash.setdefault(media_hash, []).append(element.picture)
                    if element.kind == "table" and element.text.strip():
                        element.picture.words = element.picture.words or words_of_table(element.text)
                    elif not element.metadata.get(Key.WHOLE_PAGE):
                        unread.setdefault(media_hash, []).append(element.picture)
        if self.describer is not None:
            with self.report.timed("ocr"):
                words = self._words("ocr", self.describer, list(unread))
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
        """Descriptions; where the generator gives out, the rest is left for the next run."""
        try:
            words = self._words("describe", captioner, hashes)
        except GenerationError as error:
            self.captioner = None
            self.report.warnings.append(
                FileFailure(
                    window[0].row.source,
                    f"Pictures are not described any further: {error.message}",
                    error.hint or "Add the folder again; what was described is kept.",
                )
            )
            for reading in window:  # without the captioner's name they are taken up again
                reading.row.recipe = reading.row.recipe.replace(captioner.name, "").strip()
            words = self._known_words(captioner.name, hashes)
        spent = captioner.spent
        self.report.described = {
            "pictures": spent.pictures,
            "failed": spent.failed,
            "prompt_tokens": spent.prompt_tokens,
            "completion_tokens": spent.completion_tokens,
        }
        return words

    def _known_words(self, name: str, hashes: Sequence[str]) -> dict[str, str]:
        return {
            media_hash: words
            for media_hash in hashes
            if (words := self.kb.catalog.media_words(media_hash, name)) is not None
        }

    def _words(
        self, stage: str, describer: OcrDescriber | CaptionDescriber, hashes: Sequence[str]
    ) -> dict[str, str]:
        """Words by media hash; a picture that was read before is not read again."""
        known = self._known_words(describer.name, hashes)
        unread = [media_hash for media_hash in hashes if media_hash not in known]
        results = describer.read_many([self.kb.media.path(h) for h in unread])
        fresh: dict[str, str] = {}
        for done, (media_hash, result) in enumerate(zip(unread, results, strict=True), start=1):
            fresh[media_hash] = "" if isinstance(result, XmragError) else result.text
            if len(fresh) == _KEEP_EVERY or done == len(unread):
                self.kb.catalog.keep_media_words(describer.name, fresh)
                known.update(fresh)
                fresh = {}
                self.progress(stage, done, len(unread))
        return known
