"""Feeds of news (RSS, Atom) and outlines (OPML), as the pages that they would be shown as."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from ..._xml import local_name
from ...types import Element
from .. import ReadContext, Reader
from ..archives import parse_xml
from .parse import elements_of_html, read_text

__all__ = ["FeedReader"]

_ROOT = re.compile(
    r"(?:\s|<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^>\[]*>)*<(?:\w+:)?(?P<root>rss|feed|RDF|opml)\b(?P<rest>[^>]*)",
    re.S,
)
_TITLES = ("title",)
_DATES = ("pubDate", "published", "updated", "date")
_BODIES = ("encoded", "content", "description", "summary")  # the longest form first
_MARKUP = re.compile(r"</?[a-zA-Z][^<>]*>")
_MAX_DEPTH = 100


class FeedReader(Reader):
    """Read each entry with its title, date, author and text; an outline as a list."""

    name: ClassVar[str] = "feed"
    suffixes: ClassVar[tuple[str, ...]] = (".rss", ".atom", ".opml")
    textual: ClassVar[bool] = True

    @classmethod
    def sniff(cls, head: bytes, path: Path) -> bool:
        """Accept XML whose root is a feed's or an outline's."""
        found = _ROOT.match(head.decode("utf-8", "replace").lstrip("\ufeff"))
        if found is None:
            return False
        is_feed = "purl.org/rss" in found["rest"] if found["root"] == "RDF" else True
        return is_feed and (found["root"] != "feed" or "Atom" in found["rest"])

    def read(self, path: Path, context: ReadContext) -> Iterator[Element]:
        """Yield the entries in the order of the feed."""
        text = re.sub(r"^\ufeff?\s*<\?xml[^>]*\?>", "", read_text(path, context, markup=True))
        root = parse_xml(
            text.encode(), path.name, resolve_entities=False, remove_comments=True, remove_pis=True
        )
        page = "".join(_outline(root) if local_name(root) == "opml" else _feed(root))
        yield from elements_of_html(f"<body>{page}</body>", path, context, title=False)


def _feed(root: Any) -> Iterator[str]:
    channel = next((node for node in root if local_name(node) == "channel"), root)
    yield f"<h1>{_line(_first(channel, _TITLES))}</h1>"
    said = _first(channel, ("description", "subtitle"))
    yield f"<p>{_line(said)}</p>"
    parents = (channel,) if channel is root else (channel, root)  # RSS 1.0 has them beside the channel
    for entry in (node for parent in parents for node in parent if local_name(node) in ("item", "entry")):
        yield f"<h2>{_line(_first(entry, _TITLES))}</h2>"
        date, author = _line(_first(entry, _DATES)), _line(_first(entry, ("creator", "author")))
        line = " – ".join(filter(None, (date, author)))
        yield f"<p>{line}</p>" if line else ""
        yield _body(_first(entry, _BODIES))
        for node in entry.iter():
            link = node.get("url") or ""
            kind = node.get("type") or node.get("medium") or ""
            if (
                local_name(node) in ("enclosure", "content", "thumbnail")
                and kind.startswith("image")
                and link
            ):
                yield f'<p><img src="{html.escape(link)}"></p>'


def _first(parent: Any, names: tuple[str, ...]) -> Any:
    """Return the first child of the first name that says something."""
    children = [node for node in parent if isinstance(node.tag, str)]
    found = (node for name in names for node in children if local_name(node) == name)
    return next((node for node in found if "".join(node.itertext()).strip()), None)


def _line(node: Any) -> str:
    """Return the words of an element on one line, as HTML; markup that it writes out is left out."""
    words = " ".join("".join(node.itertext()).split()) if node is not None else ""
    return html.escape(" ".join(_MARKUP.sub(" ", html.unescape(words)).split()))


def _body(node: Any) -> str:
    """Return an entry's text: XHTML as it is, HTML that is written out, or plain words."""
    if node is None:
        return ""
    if len(node):
        from lxml import etree

        inner = "".join(etree.tostring(child, encoding="unicode", method="html") for child in node)
        return f"<div>{re.sub(r'<(/?)[A-Za-z0-9]+:', chr(60) + chr(92) + '1', inner)}</div>"
    words = node.text or ""
    return f"<div>{words}</div>" if _MARKUP.search(words) else f"<p>{html.escape(words)}</p>"


def _outline(root: Any) -> Iterator[str]:
    head, body = (
        next((node for node in root if local_name(node) == name), None) for name in ("head", "body")
    )
    title = _first(head, _TITLES) if head is not None else None
    yield f"<h1>{_line(title)}</h1>"
    yield from _points(body, 0) if body is not None else ()


def _points(parent: Any, depth: int) -> Iterator[str]:
    points = [node for node in parent if local_name(node) == "outline"]
    if not points or depth > _MAX_DEPTH:
        return
    yield "<ul>"
    for point in points:
        said = (point.get(name) or "" for name in ("text", "_note"))
        words = ": ".join(filter(None, (" ".join(_MARKUP.sub(" ", part).split()) for part in said)))
        yield f"<li>{html.escape(words or point.get('title') or '')}"
        yield from _points(point, depth + 1)
        yield "</li>"
    yield "</ul>"
