"""What mkdocs does besides: pages that are files of the repository's root, with their links set right."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PAGES = {
    "README.md": "index.md",
    "README.zh.md": "zh.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
}
_LINK = re.compile(r"\[([^\]]*)\]\(([^)\s]+)\)")


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Put the root's file in the place of a page that names it, and drop links to what is not on the site."""
    root_file = page.meta.get("file")
    if root_file:
        return _LINK.sub(_from_root, (ROOT / root_file).read_text(encoding="utf-8"))
    return _LINK.sub(_from_docs, markdown)


def _from_root(match: re.Match[str]) -> str:
    """Return a link of a root file as the site has it: pages by their place there, other files as words."""
    words, link = match.groups()
    if "://" in link or link.startswith("#"):
        return match.group()
    path, _, anchor = link.partition("#")
    page = PAGES.get(path) or (path.removeprefix("docs/") if path.startswith("docs/") else "")
    return f"[{words}]({page}{'#' + anchor if anchor else ''})" if page else words


def _from_docs(match: re.Match[str]) -> str:
    """Return a link of a page: one that leaves ``docs`` leads to the root's page, or is words."""
    words, link = match.groups()
    if not link.startswith("../") or (ROOT / "docs" / "how-to" / link).resolve().is_relative_to(
        ROOT / "docs"
    ):
        return match.group()
    page = PAGES.get(link.removeprefix("../"))
    return f"[{words}]({page})" if page else words
