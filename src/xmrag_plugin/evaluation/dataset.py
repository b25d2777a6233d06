"""Questions whose answers are known: one JSON object a line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from mimetypes import MimeTypes
from pathlib import Path, PurePosixPath
from typing import Any

from ..errors import UsageError
from ..text.terms import normalised
from ..types import BBox, Hit, Key, Modality

__all__ = ["EvalQuery", "Relevant", "read_queries"]

_TYPES = MimeTypes()  # the table of the standard library, not the machine's
for _type, _suffixes in {
    "image": ".webp .heic .heif .avif .jfif .svgz",
    "audio": ".flac .ogg .oga .opus .m4a .wma .amr",
    "video": ".mkv .flv .wmv .ogv .m4v .3gp",
}.items():
    for _suffix in _suffixes.split():
        _TYPES.add_type(f"{_type}/x-{_suffix[1:]}", _suffix)


@dataclass(frozen=True, slots=True)
class Relevant:
    """One item that answers a question: a document or a picture, and perhaps its page.

    Attributes:
        source: Path relative to the folder that was added, POSIX: of a document, or of a
            picture, sound or video file.
        page: Page from 1, or None when any part of the item will do.
        bbox: Where on the page, in points of ``page_size`` from the top left; None for all of it.
        page_size: Width and height of the page in points; None where it is that of the file.
        media_hash: The picture itself, by the sha256 of its bytes; any other picture of the page is another.
        holds: Words that stand in the passage, or name its section, so that not all of a long document will do.
        made_of: Its modality, where it is known.
    """

    source: str
    page: int | None = None
    bbox: BBox | None = None
    page_size: tuple[float, float] | None = None
    media_hash: str = ""
    holds: str = ""
    made_of: str = ""

    @property
    def modality(self) -> str:
        """What the item is: as given, or by its file's kind ``image``, ``audio``, ``video``, else ``text``.

        A document is ``text`` even where a figure in it holds the answer: the file of
        questions does not say, and a guess from the index would differ from index to index.
        """
        if self.made_of:
            return self.made_of
        kind = (_TYPES.guess_type(PurePosixPath(self.source).name)[0] or "").partition("/")[0]
        return kind if kind in (Modality.IMAGE, Modality.AUDIO, Modality.VIDEO) else Modality.TEXT

    def matches(self, hit: Hit) -> bool:
        """Return whether a hit's ``source`` or ``media`` is this item, and its page, picture and words where named."""
        if self.media_hash:
            return hit.record.media_hash == self.media_hash
        if self.source not in (hit.source, hit.media) or self.page not in (None, hit.page):
            return False
        if not self.holds:
            return True
        held = f"{hit.metadata.get(Key.HEADING_PATH) or ''}\n{hit.text}"
        return f" {normalised(self.holds)} " in f" {normalised(held)} "


@dataclass(frozen=True, slots=True)
class EvalQuery:
    """A question and what answers it; nothing relevant means that the collection does not.

    Attributes:
        id: Its name in the file, or ``line-N``.
        text: The words; may be empty when there is a picture.
        image: A picture to ask with, absolute.
        kind: The kind that the report groups by.
        relevant: What answers it, without repetition.
        evidence: Where the answer stands ("Chart", "Table"), where the file says so.
        within: The condition that the search is confined to, such as ``{"source": "a.pdf"}``.
        expects: A number or words that a right answer has, where the file says so.
    """

    id: str
    text: str
    image: Path | None
    kind: str
    relevant: tuple[Relevant, ...]
    evidence: tuple[str, ...] = ()
    within: Mapping[str, Any] | None = field(default=None, hash=False)
    expects: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the line that :func:`read_queries` reads; what is not set is left out."""
        return {
            "id": self.id,
            "text": self.text,
            **({"image": str(self.image)} if self.image else {}),
            "kind": self.kind,
            **({"within": dict(self.within)} if self.within is not None else {}),
            **({"expects": self.expects} if self.expects else {}),
            **({"evidence": list(self.evidence)} if self.evidence else {}),
            "relevant": [{k: v for k, v in asdict(item).items() if v} for item in self.relevant],
        }


def read_queries(path: str | Path) -> list[EvalQuery]:
    """Read a file of questions.

    Each line is ``{"id", "text", "image"?, "kind", "within"?, "relevant": [{"source", "page"?, "bbox"?,
    "page_size"?, "media_hash"?, "holds"?, "made_of"?}], "expects"?}``; an ``image`` is relative to the file's folder; ``within`` is a condition on metadata that the
    search is confined to; blank lines and further keys are passed over.

    Raises:
        UsageError: When the file is missing, empty or malformed; names the line.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError(
            f"The questions {path} cannot be read: {error.strerror or error}.",
            hint="Name a JSON Lines file, one question a line.",
        ) from error
    except UnicodeDecodeError as error:
        raise UsageError(
            f"The questions {path} are not UTF-8: {error}.", hint="Save them as UTF-8."
        ) from error
    queries = list(_parse(text, path))
    if not queries:
        raise UsageError(f"There are no questions in {path}.", hint="Write one JSON object a line.")
    return queries


def _parse(text: str, path: Path) -> Iterator[EvalQuery]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise UsageError(
                f"{path}, line {number} is not JSON: {error}.", hint="Write one JSON object a line."
            ) from error
        try:
            yield _query(row, number, path.parent)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise UsageError(
                f"{path}, line {number}: {_reason(error)}.",
                hint='Expected {"id", "text", "image"?, "kind", "relevant": [{"source", "page"?}]}.',
            ) from error


def _query(row: dict[str, Any], number: int, folder: Path) -> EvalQuery:
    if not isinstance(row, dict):
        raise TypeError("not a JSON object")
    image = row.get("image")
    text = row.get("text") or ""
    if not isinstance(text, str) or (image is not None and not isinstance(image, str)):
        raise TypeError("'text' and 'image' are strings")
    if not text.strip() and not image:
        raise ValueError("neither 'text' nor 'image' is given")
    evidence = row.get("evidence") or ()
    within = row.get("within")
    if within is not None and not isinstance(within, dict):
        raise TypeError("'within' is a JSON object of metadata")
    return EvalQuery(
        id=str(row.get("id") or f"line-{number}"),
        text=text,
        image=(folder / image).resolve() if image else None,
        kind=str(row.get("kind") or "question"),
        relevant=tuple(dict.fromkeys(_relevant(item) for item in row["relevant"])),
        evidence=(evidence,) if isinstance(evidence, str) else tuple(str(part) for part in evidence),
        within=within,
        expects=str(row.get("expects") or ""),
    )


def _relevant(item: dict[str, Any]) -> Relevant:
    source, page = item["source"], item.get("page")
    if not isinstance(source, str) or not source:
        raise TypeError("'source' is a path")
    if page is not None and (not isinstance(page, int) or isinstance(page, bool) or page < 1):
        raise ValueError(f"page {page!r} is not a number from 1")
    return Relevant(
        PurePosixPath(source).as_posix(),
        page,
        (*_numbers(item, "bbox", 4),) if item.get("bbox") else None,  # type: ignore[arg-type]
        (*_numbers(item, "page_size", 2),) if item.get("page_size") else None,  # type: ignore[arg-type]
        *(str(item.get(key) or "") for key in ("media_hash", "holds", "made_of")),
    )


def _numbers(item: dict[str, Any], key: str, count: int) -> list[float]:
    """Return a key's numbers.

    Raises:
        TypeError: If there are not so many.
    """
    value = item[key]
    if not isinstance(value, list) or len(value) != count:
        raise TypeError(f"{key!r} is not {count} numbers")
    return [float(number) for number in value]


def _reason(error: Exception) -> str:
    return f"the key {error} is missing" if isinstance(error, KeyError) else str(error)
