"""The SDK's own client against the tools, in process and over HTTP."""

from __future__ import annotations

import base64
import io
import json
import logging
from typing import Any

import pytest
from PIL import Image

pytest.importorskip("mcp", reason="the extra serve is not installed")

from mcp import Client, MCPError

from xmrag_plugin import CrossModalIndex
from xmrag_plugin.server import create_mcp

from .conftest import Served


async def test_the_tools_are_told_apart_by_whether_they_write(sample_index: CrossModalIndex) -> None:
    reading = {"search", "ask", "find_similar", "list_sources", "get_page", "get_figure"}
    async with Client(create_mcp(sample_index)) as client:
        assert {tool.name for tool in (await client.list_tools()).tools} == reading
    async with Client(create_mcp(sample_index, write=True)) as client:
        assert {tool.name for tool in (await client.list_tools()).tools} == reading | {"add"}


def test_the_logging_of_the_application_is_left_alone(
    sample_index: CrossModalIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    level = logging.root.level
    monkeypatch.setattr(logging.root, "handlers", [])
    create_mcp(sample_index)
    assert logging.root.handlers == []
    assert logging.root.level == level


async def test_search_gives_hits_and_pictures(sample_index: CrossModalIndex) -> None:
    async with Client(create_mcp(sample_index)) as client:
        result = await client.call_tool("search", {"query": "energy by quarter", "k": 3})
    hits = json.loads(result.content[0].text)["hits"]
    assert len(hits) == 3
    assert all("media_file" not in hit for hit in hits)
    pictures = [content for content in result.content if content.type == "image"]
    assert pictures
    assert max(_picture(pictures[0]).size) <= 1024


async def test_ask_answers_with_citations(sample_index: CrossModalIndex) -> None:
    async with Client(create_mcp(sample_index)) as client:
        result = await client.call_tool("ask", {"question": "Which quarter of 2031 was the best?"})
    answer = json.loads(result.content[0].text)
    assert answer["citations"]


async def test_a_page_comes_with_its_region_marked(sample_index: CrossModalIndex) -> None:
    async with Client(create_mcp(sample_index)) as client:
        asked = {"source": "survey-2030.pdf", "page": 1}
        plain = await client.call_tool("get_page", asked)
        marked = await client.call_tool("get_page", {**asked, "bbox": [100, 100, 300, 200]})
        refused = await client.call_tool("get_page", {**asked, "page": 99})
    assert _picture(plain.content[1]).size == _picture(marked.content[1]).size
    assert plain.content[1].data != marked.content[1].data
    assert refused.is_error
    assert "no page 99" in refused.content[0].text


async def test_a_figure_comes_with_its_words(sample_index: CrossModalIndex) -> None:
    (hit,) = sample_index.search("energy by quarter", modality="image", k=1)
    async with Client(create_mcp(sample_index)) as client:
        figure = await client.call_tool("get_figure", {"node_id": hit.node_id})
        refused = await client.call_tool("find_similar", {"node_id": hit.node_id, "k": 3})
    assert figure.content[1].type == "image"
    assert refused.is_error, "without a vision space nothing tells what is alike"
    assert "--vision" in refused.content[0].text


async def test_what_is_like_a_picture(seeing_index: CrossModalIndex) -> None:
    (hit,) = seeing_index.search("energy by quarter", modality="image", k=1)
    async with Client(create_mcp(seeing_index)) as client:
        similar = await client.call_tool("find_similar", {"node_id": hit.node_id, "k": 3})
    rows = json.loads(similar.content[0].text)["hits"]
    assert rows
    assert hit.node_id not in {row["node_id"] for row in rows}


async def test_documents_are_resources(sample_index: CrossModalIndex) -> None:
    async with Client(create_mcp(sample_index)) as client:
        listed = (await client.list_resources()).resources
        assert {resource.name for resource in listed} == set(sample_index.sources())
        (turbine,) = [resource.uri for resource in listed if resource.name == "turbine.md"]
        read = await client.read_resource(turbine)
        with pytest.raises(MCPError, match=r"No source is called 'nowhere\.md'"):
            await client.read_resource("xmrag://sources/nowhere.md")
    assert "turbine" in read.contents[0].text.lower()


async def test_a_search_stays_within_a_document(sample_index: CrossModalIndex) -> None:
    async with Client(create_mcp(sample_index)) as client:
        found = await client.call_tool("search", {"query": "the turbines", "source": "survey-2030.pdf"})
    rows = json.loads(found.content[0].text)["hits"]
    assert {row["source"] for row in rows} == {"survey-2030.pdf"}


async def test_the_same_tools_over_http(served: Served) -> None:
    async with Client(f"{served.url}/mcp") as client:
        result = await client.call_tool("list_sources", {})
    assert {"source": "turbine.md", "state": "ready"} in json.loads(result.content[0].text)["sources"]


def _picture(content: Any) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(content.data)))
