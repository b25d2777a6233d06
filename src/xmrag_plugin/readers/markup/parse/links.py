"""Links to pictures as documents write them, resolved to files or bytes."""

from __future__ import annotations

import base64
import binascii
import re
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import unquote, unquote_to_bytes, urlsplit

from ....types import Picture
from ...context import ReadContext

__all__ = ["PictureLinks", "Resolver"]

Resolver = Callable[[str], "bytes | Path | None"]
"""Finds what a link means inside a container (a mail's ``cid:``, an archive's part); None if it is not there."""

_DATA_URI = re.compile(r"data:(?P<mime>[\w.+/-]*)(?P<parameters>(?:;[^,;]*)*?)(?P<base64>;base64)?,", re.I)
_ANCESTORS_SEARCHED = 6
_FETCH_LIMIT_BYTES = 64 << 20
_FETCH_TIMEOUT_S = 20


class PictureLinks:
    """Finds the pictures that one document links to.

    Args:
        document: The document's file; links are relative to its folder. None when it is nowhere.
        context: ``depends`` is told each file used, ``skip`` and ``warn`` what cannot be had.
        resolve: Asked first, for documents inside a container.
        base: The document's ``<base href>``, if any.
    """

    def __init__(
        self,
        document: Path | None,
        context: ReadContext,
        *,
        resolve: Resolver | None = None,
        base: str = "",
        name: str = "",
    ) -> None:
        self.document = document
        self.context = context
        self.resolve = resolve
        self.base = base
        self.name = name or (document.name if document is not None else "The document")
        self._listings: dict[Path, dict[str, str]] = {}

    def find(self, candidates: Sequence[str]) -> Picture | None:
        """The first of several links to the same picture that leads to one.

        Returns:
            A picture with ``data`` or ``path`` and ``reference``, or None after the reason was told.
        """
        candidates = [link.strip() for link in candidates if link and link.strip()]
        for link in candidates:
            found = self._look_up(link)
            if isinstance(found, Path):
                self.context.on_dependency(found)
                return Picture(path=found, reference=link)
            if found is not None:
                return Picture(data=found, reference="" if link.startswith("data:") else link)
        if not candidates:
            return None
        self._report(candidates[0])
        return None

    def _look_up(self, link: str) -> bytes | Path | None:
        if link[:5].lower() == "data:":
            return _bytes_of_data_uri(link)
        if self.resolve is not None:
            found = self.resolve(link)
            if found is not None:
                return found
        if is_remote(link):
            return self._fetch(link) if self.context.allow_fetch else None
        if self.document is None:
            return None
        local = self._local(link)
        if local is None and is_remote(self.base) and self.context.allow_fetch:
            from urllib.parse import urljoin

            return self._fetch(urljoin(self.base, link))
        return local

    def _report(self, link: str) -> None:
        if link[:5].lower() == "data:":
            self.context.on_skip("damaged")
            self.context.on_warning(
                f"{self.name}: an embedded picture (data URI) cannot be decoded.", "Export the page again."
            )
        elif is_remote(link) or is_remote(self.base):
            self.context.on_skip("remote")
        else:
            self.context.on_skip("missing")
            self.context.on_warning(
                f"{self.name}: the linked picture {link[:200]!r} is not there.",
                "Put the file where the link points, or mend the link.",
            )

    def _local(self, link: str) -> Path | None:
        if self.document is None:
            return None
        for reference in _spellings(link):
            if reference.startswith("/"):
                direct = Path(reference)
                if link[:7].lower() == "file://" and direct.is_file():
                    return direct
                reference = reference.lstrip("/")
                places = [self.document.parent, *self.document.parent.parents[:_ANCESTORS_SEARCHED]]
            else:
                places = [self.document.parent]
                base = urlsplit(self.base).path if self.base and not is_remote(self.base) else ""
                if base:
                    places.insert(0, self.document.parent / unquote(base).rpartition("/")[0].lstrip("/"))
            for place in places:
                found = self._file_below(place, reference)
                if found is not None:
                    return found
        return None

    def _file_below(self, folder: Path, reference: str) -> Path | None:
        """The file, by its exact name or by one that differs in case or Unicode form alone."""
        try:
            exact = folder / reference
            if exact.is_file():
                return exact.resolve()
        except (OSError, ValueError):
            return None
        here = folder
        for part in reference.split("/"):
            if part in ("", "."):
                continue
            if part == "..":
                here = here / ".."
                continue
            name = self._listing(here).get(_folded(part))
            if name is None:
                return None
            here = here / name
        return here.resolve() if here.is_file() else None

    def _listing(self, folder: Path) -> dict[str, str]:
        if folder not in self._listings:
            try:
                self._listings[folder] = {_folded(entry.name): entry.name for entry in folder.iterdir()}
            except OSError:
                self._listings[folder] = {}
        return self._listings[folder]

    def _fetch(self, url: str) -> bytes | None:
        import urllib.error
        import urllib.request

        if url.startswith("//"):
            url = "https:" + url
        request = urllib.request.Request(url, headers={"User-Agent": "xmrag-plugin"})
        try:
            with urllib.request.urlopen(request, timeout=_FETCH_TIMEOUT_S) as answer:
                data = answer.read(_FETCH_LIMIT_BYTES + 1)
        except (urllib.error.URLError, OSError, ValueError) as error:
            self.context.on_warning(
                f"{self.name}: {url} cannot be fetched: {error}.", "Check the network and the link."
            )
            return None
        return data if isinstance(data, bytes) and 0 < len(data) <= _FETCH_LIMIT_BYTES else None


def is_remote(link: str) -> bool:
    """Whether a link leads to the network."""
    return link[:8].lower().startswith(("http://", "https://", "//", "ftp://"))


def _spellings(link: str) -> list[str]:
    """A local link as a path: percent-decoded, without query and fragment, then as it stands."""
    if link[:7].lower() == "file://":
        return [unquote(urlsplit(link).path)]
    plain = link.replace("\\", "/")
    short = re.split(r"[?#]", plain, maxsplit=1)[0]
    spelt = [unquote(short), short, unquote(plain), plain]
    return [spelling for spelling in dict.fromkeys(spelt) if spelling and "\0" not in spelling]


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _bytes_of_data_uri(link: str) -> bytes | None:
    match = _DATA_URI.match(link)
    if match is None:
        return None
    payload = link[match.end() :]
    if match["base64"] is None:
        return unquote_to_bytes(payload)
    compact = (
        re.sub(r"[^A-Za-z0-9+/=_-]", "", unquote(payload)).replace("-", "+").replace("_", "/").rstrip("=")
    )
    try:
        return base64.b64decode(compact + "=" * (-len(compact) % 4)) or None
    except (binascii.Error, ValueError):
        return None
