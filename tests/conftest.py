"""Fixtures that several rooms share."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from servers import ChromaProcess, NoServer, PostgresProcess

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(autouse=True)
def settings_of_the_host() -> Iterator[None]:
    """LlamaIndex's ``Settings`` are global: every test gives them back as it found them."""

    def held() -> dict[str, Any]:
        module = sys.modules.get("llama_index.core.settings")
        return vars(module.Settings) if module is not None else {}

    before = dict(held())
    yield
    after = held()
    after.clear()
    after.update(before)


@pytest.fixture(scope="session")
def two_tower() -> Path:
    """A small real image-text encoder that lies beside the project, where there is one."""
    path = Path(os.environ.get("XMRAG_TWO_TOWER", ROOT.parent / "shared" / "models" / "two-tower"))
    if not (path / "config.json").is_file():
        pytest.skip("no image-text encoder: set XMRAG_TWO_TOWER to a VisionTextDualEncoder folder")
    return path


@pytest.fixture(scope="session")
def chroma_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChromaProcess]:
    """A real ``chroma run`` on the loopback."""
    server = ChromaProcess(tmp_path_factory.mktemp("chroma-server"))
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def chroma_server(chroma_process: ChromaProcess) -> tuple[str, int]:
    """Its host and port."""
    return "127.0.0.1", chroma_process.port


@pytest.fixture(scope="session")
def postgres_process() -> Iterator[PostgresProcess]:
    """A real Postgres of its own on the loopback, where it is installed."""
    pytest.importorskip("psycopg", reason="Postgres is spoken to by the extra 'postgres'")
    try:
        server = PostgresProcess()
    except NoServer as error:
        pytest.skip(str(error))
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def colour_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small real vision-language model that was taught to tell red pictures from blue ones."""
    pytest.importorskip("transformers")
    from tiny_models import teach_colours

    return teach_colours(tmp_path_factory.mktemp("models") / "colours")


@pytest.fixture(scope="session")
def learnt_clap(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small real CLAP that was taught what whistles, noise, clicks and hums are called."""
    pytest.importorskip("sentence_transformers")
    pytest.importorskip("av", reason="recordings are read by the extra 'media'")
    from tiny_clap import write_clap

    return write_clap(tmp_path_factory.mktemp("models") / "learnt-clap")


@pytest.fixture(scope="session")
def random_clap(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with random weights."""
    pytest.importorskip("sentence_transformers")
    from tiny_clap import write_clap

    return write_clap(tmp_path_factory.mktemp("models") / "random-clap", learn=False)
