"""What stands on a page for the site's sake: navigation, consent banners, language lists."""

from __future__ import annotations

import re
from typing import Any

__all__ = ["hide_marks", "is_boilerplate", "main_part"]

_ROLES = frozenset({"navigation", "search", "menubar", "menu", "toolbar", "banner"})
_NAMES = re.compile(
    r"(?:^|[\s_-])(?:nav|navbar|navigation|breadcrumbs?|cookie|cookies|consent|skip-?link|site-footer|"
    r"social-share|share-buttons|mw-editsection|headerlink|noprint|sr-only|screen-reader-text)(?:$|[\s_-])",
    re.I,
)
_PERMALINK = re.compile(r"[\s¶#§🔗\u200b\ufeff]*")
_MARKS = re.compile(
    r"(?:^|\s)(?:headerlink|hash-link|anchor-?link|anchorjs-link|mw-editsection|mw-cite-backlink)(?:$|\s)"
)
_NUMBERED = re.compile(
    r"(?:^|[\s_-])(?:linenos?|linenodiv|linenumbers?|line-numbers?|ln-num(?:bers?)?|gutter|blob-num)(?:$|[\s_-])",
    re.I,
)
_LINE_NUMBERS = re.compile(r"[\d\s|:.]*")
_MIN_CHARACTERS = 400
_MIN_SHARE = 0.4


def is_boilerplate(node: Any) -> bool:
    """Return whether a node is the site's, not the page's."""
    if node.tag == "nav" or node.get("role") in _ROLES:
        return True
    name = f"{node.get('class') or ''} {node.get('id') or ''}"
    return len(name) > 1 and node.tag not in ("body", "main", "article") and _NAMES.search(name) is not None


def hide_marks(root: Any) -> None:
    """Hide what stands among a page's words for the page's sake: links to a heading itself, numbers of a listing's lines."""
    for node in root.iter("a", "span", "sup", "td", "th", "div", "pre", "code"):
        name = node.get("class") or ""
        links_to_itself = node.tag == "a" and (node.get("href") or "").startswith("#") and not len(node)
        if _MARKS.search(name) or (
            links_to_itself and (node.text or "").strip() and _PERMALINK.fullmatch(node.text)
        ):
            node.set("hidden", "hidden")
        elif name and _NUMBERED.search(name) and _LINE_NUMBERS.fullmatch("".join(node.itertext())):
            node.text, node[:] = None, []


def main_part(body: Any) -> Any:
    """Return the node that the page itself declares to be its content, when that is most of it; else the body."""
    declared = [node for node in body.iter("main") if node.get("hidden") is None]
    declared = declared or body.xpath(".//*[@role='main']")
    if len(declared) == 1:
        inside = len("".join(declared[0].itertext()).strip())
        whole = len(" ".join(_seen(body)).strip())
        if inside >= _MIN_CHARACTERS and inside >= _MIN_SHARE * whole:
            return declared[0]
    return body


def _seen(body: Any) -> list[str]:
    return [
        text
        for node in body.iter()
        if isinstance(node.tag, str)
        for text in (
            (node.text or "").strip() if node.tag not in ("script", "style") else "",
            (node.tail or "").strip(),
        )
        if text
    ]
