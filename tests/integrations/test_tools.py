"""The tools themselves, and agents with them."""

from __future__ import annotations

import io
from typing import Any

import pytest
from llama_index.core.agent.workflow import AgentWorkflow, FunctionAgent, ReActAgent
from llama_index.core.base.llms.types import ImageBlock, TextBlock
from llama_index.llms.openai import OpenAI
from PIL import Image
from scripted_llm import Act, ScriptedLLM
from tool_calls import call

from xmrag_plugin import CrossModalFunctionAgent, CrossModalIndex, CrossModalReActAgent, CrossModalToolSpec
from xmrag_plugin.errors import UsageError


def words(blocks: list[Any]) -> str:
    return "\n".join(block.text for block in blocks if isinstance(block, TextBlock))


def pictures(blocks: list[Any]) -> list[Image.Image]:
    return [
        Image.open(io.BytesIO(block.resolve_image().read()))
        for block in blocks
        if isinstance(block, ImageBlock)
    ]


def test_search_returns_text_and_pictures_with_sources_and_ids(index: CrossModalIndex) -> None:
    blocks = CrossModalToolSpec(index).search("crates of apples by orchard", count=3)
    assert "harvest.md" in words(blocks)
    assert "the north slope leads with 900" in words(blocks)
    assert len(pictures(blocks)) >= 1
    ids = [
        block.text.split("(id ")[1].split(")")[0] for block in blocks if "(id " in getattr(block, "text", "")
    ]
    assert len(ids) == 3
    assert set(ids) <= set(index.kb.catalog.nodes(ids))


def test_search_may_be_narrowed(index: CrossModalIndex) -> None:
    spec = CrossModalToolSpec(index)
    assert "harvest.md" not in words(spec.search("apples", kind="any", source="seals.md"))
    only = spec.search("map of the seals", kind="image", count=1)
    assert len(pictures(only)) == 1
    with pytest.raises(UsageError, match=r"no document 'none\.md'.*(Did you mean|There are)"):
        spec.search("anything", source="none.md")
    assert pictures(CrossModalToolSpec(index, pictures=False).search("apples")) == []


@pytest.mark.parametrize(
    ("tool", "given", "told"),
    [
        ("search", {"query": "apples", "count": "3"}, "harvest.md"),
        ("search", {"query": 2031, "kind": "text"}, "id "),
        ("search", {"query": "apples", "kind": "picture"}, "kind: Input should be 'any', 'text', 'image' or 'table'"),
        ("search", {"query": "apples", "count": 0}, "count: "),
        ("search", {"q": "apples"}, "It takes query, kind, count, source."),
        ("ask", {"question": "  "}, "question: "),
        ("look_at", {"node_id": "x", "zoom": None}, "zoom: "),
    ],
)  # fmt: skip
def test_arguments_are_coerced_or_told(
    index: CrossModalIndex, tool: str, given: dict[str, Any], told: str
) -> None:
    (called,) = (each for each in index.as_tools() if each.metadata.name == tool)
    try:
        answer = words(called.call(**given).blocks)
    except UsageError as error:
        answer = str(error)
    assert told in answer


def test_look_at_shows_a_picture_large_and_its_parts(index: CrossModalIndex) -> None:
    spec = CrossModalToolSpec(index)
    (hit,) = index.search("crates by orchard", modality="image", k=1)
    whole = spec.look_at(hit.node_id)
    assert "as Figure 1 shows" in words(whole)
    assert pictures(whole)[0].size == (640, 480)
    part = spec.look_at(hit.node_id, zoom="0, 0, 0.5, 0.25")
    width, height = pictures(part)[0].size
    assert width / height == pytest.approx(640 / 2 / (480 / 4), rel=0.02)
    for wrong in ("1,2", "0,0,2,1", "0.5,0,0.5,1", "a,b,c,d"):
        with pytest.raises(UsageError, match="no part"):
            spec.look_at(hit.node_id, zoom=wrong)
    with pytest.raises(UsageError, match="no result"):
        spec.look_at("nothing")


def test_look_at_shows_a_passage_with_its_neighbours(index: CrossModalIndex) -> None:
    spec = CrossModalToolSpec(index)
    (hit,) = index.search("pressure valve", modality="text", k=1)
    assert "three bar" in words(spec.look_at(hit.node_id))
    with pytest.raises(UsageError, match="no picture"):
        spec.look_at(hit.node_id, zoom="0,0,1,1")


def test_ask_answers_with_sources(index: CrossModalIndex) -> None:
    blocks = CrossModalToolSpec(index).ask("At what pressure does the valve of the boiler open?")
    assert "three bar" in words(blocks)
    assert "boiler.txt" in words(blocks)


def test_the_tools_describe_their_arguments(index: CrossModalIndex) -> None:
    tools = {tool.metadata.name: tool for tool in CrossModalToolSpec(index).to_tool_list()}
    assert set(tools) == {"search", "look_at", "ask"}
    schema = tools["search"].metadata.get_parameters_dict()
    assert schema["required"] == ["query"]
    assert schema["properties"]["kind"]["enum"] == ["any", "text", "image", "table"]
    assert "fractions" in tools["look_at"].metadata.get_parameters_dict()["properties"]["zoom"]["description"]
    output = tools["search"].call(query="apples", count=2)
    assert {type(block) for block in output.blocks} == {TextBlock, ImageBlock}
    assert len(index.as_tools()) == 3


async def test_a_function_agent_is_given_pictures(
    index: CrossModalIndex, llm: OpenAI, server: ScriptedLLM
) -> None:
    server.script(call("search", query="crates of apples by orchard", count=2), Act(text="900 crates."))
    agent = FunctionAgent(tools=CrossModalToolSpec(index).to_tool_list(), llm=llm, streaming=False)
    response = await agent.run("How many crates did the north slope give?")
    assert str(response) == "900 crates."
    assert [tool.tool_name for tool in response.tool_calls] == ["search"]
    assert any(isinstance(block, ImageBlock) for block in response.tool_calls[0].tool_output.blocks)
    assert "harvest.md" in server.words()


async def test_a_workflow_of_agents_and_a_tool_that_fails(
    index: CrossModalIndex, llm: OpenAI, server: ScriptedLLM
) -> None:
    server.script(
        call("look_at", node_id="wrong"), call("ask", question="When are pups born?"), Act(text="In October.")
    )
    agent = FunctionAgent(
        name="reader", description="Reads.", tools=index.as_tools(), llm=llm, streaming=False
    )
    response = await AgentWorkflow(agents=[agent], root_agent="reader").run("When are pups born?")
    assert str(response) == "In October."
    assert "There is no result 'wrong'" in server.words()
    assert "October" in server.words()


async def test_a_react_agent_reads_the_words(
    index: CrossModalIndex, llm: OpenAI, server: ScriptedLLM
) -> None:
    step = 'Thought: I need to search.\nAction: search\nAction Input: {"query": "grey seals map", "count": 2}'
    done = "Thought: I can answer without using any more tools.\nAnswer: On the skerries."
    server.script(Act(text=step), Act(text=done))
    agent = ReActAgent(tools=index.as_tools(), llm=llm, streaming=False)
    response = await agent.run("Where do seals rest?")
    assert str(response) == "On the skerries."
    assert "seals.md" in server.words()


async def test_our_function_agent_shows_the_pictures_to_its_llm(
    index: CrossModalIndex, llm: OpenAI, server: ScriptedLLM
) -> None:
    script = (call("search", query="crates of apples by orchard", count=2), Act(text="900 crates."))
    server.script(*script)
    stock = FunctionAgent(tools=index.as_tools(), llm=llm, streaming=False)
    await stock.run("How many?")
    assert server.pictures() == []  # when this fails, the stock agent shows them too
    server.requests.clear()
    server.script(*script)
    response = await CrossModalFunctionAgent(tools=index.as_tools(), llm=llm, streaming=False).run(
        "How many?"
    )
    assert str(response) == "900 crates."
    roles = [message["role"] for message in server.requests[-1][2]["messages"]]
    assert roles[-3:] == ["assistant", "tool", "user"]
    assert min(Image.open(io.BytesIO(server.pictures()[0])).size) > 400
    assert "Picture that search returned: [1]" in server.words()


async def test_our_react_agent_shows_the_pictures_to_its_llm(
    index: CrossModalIndex, llm: OpenAI, server: ScriptedLLM
) -> None:
    step = 'Thought: I search.\nAction: search\nAction Input: {"query": "crates by orchard", "count": 2}'
    done = "Thought: I can answer without using any more tools.\nAnswer: 900."
    server.script(Act(text=step), Act(text=done))
    agent = CrossModalReActAgent(tools=index.as_tools(), llm=llm, streaming=False)
    assert str(await agent.run("How many?")) == "900."
    assert len(server.pictures()) >= 1
    server.requests.clear()
    server.script(Act(text=done))
    await agent.run("And again?")
    assert server.pictures() == []
