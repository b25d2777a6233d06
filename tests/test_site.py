"""The documentation as a site: it builds without a warning, and no page of it loads anything from elsewhere."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

pytest.importorskip("material", reason="mkdocs-material comes with the extra 'docs'")
pytest.importorskip("mkdocstrings", reason="mkdocstrings comes with the extra 'docs'")

ROOT = Path(__file__).parents[1]
_LOADED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "audio": "src", "video": "src"}
_LINK_KINDS = {"stylesheet", "icon", "preload", "preconnect", "dns-prefetch", "modulepreload"}


class Loads(HTMLParser):
    """What a browser loads by itself when it shows a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.anchors: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in _LOADED:
            self.found.append(given.get(_LOADED[tag]) or "")
        if tag == "link" and set((given.get("rel") or "").split()) & _LINK_KINDS:
            self.found.append(given.get("href") or "")
        if given.get("id"):
            self.anchors.add(str(given["id"]))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(made)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    return made


def test_every_page_is_there_and_has_words(site: Path) -> None:
    pages = {path.relative_to(site).as_posix() for path in site.rglob("*.html")}
    for name in ("index", "tutorial/index", "how-to/models/index", "reference/errors/index", "zh/index"):
        assert f"{name}.html" in pages
    assert "Cross-modal RAG for LlamaIndex" in (site / "index.html").read_text(encoding="utf-8")


def test_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        loads = Loads()
        loads.feed(text)
        outside = [url for url in loads.found if re.match(r"(?:[a-z]+:)?//", url)]
        assert not outside, page
        assert 'class="mermaid"' not in text, page  # the theme would fetch the library that draws it
    for sheet in site.rglob("*.css"):
        outside = re.findall(
            r"(?:@import|url\()\s*['\"]?((?:https?:)?//[^'\")\s]+)", sheet.read_text("utf-8")
        )
        assert not outside, sheet


def test_the_reference_is_made_of_the_docstrings(site: Path) -> None:
    from xmrag_plugin import errors

    page = (site / "reference" / "errors" / "index.html").read_text(encoding="utf-8")
    assert all(f'id="xmrag_plugin.errors.{name}"' in page for name in errors.__all__)
    index = (site / "reference" / "index.html").read_text(encoding="utf-8")
    assert "Add or update files and folders; unchanged ones cost next to nothing." in index
