"""Fixtures that several rooms share."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

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
def chroma_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, int]]:
    """A real ``chroma run`` on the loopback: its host and port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder = tmp_path_factory.mktemp("chroma-server")
    command = [str(Path(sys.executable).with_name("chroma")), "run", "--host", "127.0.0.1"]
    server = subprocess.Popen(
        [*command, "--port", str(port), "--path", str(folder)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "ANONYMIZED_TELEMETRY": "False"},
    )
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and server.poll() is None:
        with socket.socket() as probe:
            probe.settimeout(1)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.1)
    else:
        server.kill()
        pytest.fail("`chroma run` did not answer within a minute")
    yield "127.0.0.1", port
    server.terminate()
    server.wait(timeout=20)


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
