"""OpenAI's protocol spoken by a real model server: ``transformers serve`` with a small model that sees."""

from __future__ import annotations

import asyncio
import io
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import tiny_models
from llama_index.core.llms import ChatMessage, ImageBlock, TextBlock
from PIL import Image

from xmrag_plugin.generators import load_llm
from xmrag_plugin.generators.fallback.llm import FallbackLLM
from xmrag_plugin.settings import Settings

pytestmark = pytest.mark.service

for needed in ("fastapi", "uvicorn", "accelerate", "llama_index.llms.openai"):
    pytest.importorskip(needed, reason="transformers serve needs transformers[serving] and accelerate")


@pytest.fixture(scope="module")
def address(colour_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = tmp_path_factory.mktemp("serve") / "log.txt"
    command = [str(Path(sys.executable).with_name("transformers")), "serve", str(colour_model)]
    with log.open("wb") as output:
        server = subprocess.Popen(
            [*command, "--device", "cpu", "--host", "127.0.0.1", "--port", str(port)],
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, "HF_HUB_OFFLINE": "1"},
        )
        try:
            deadline = time.monotonic() + 180
            while time.monotonic() < deadline and server.poll() is None:
                with socket.socket() as probe:
                    probe.settimeout(1)
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.2)
            else:
                pytest.fail(f"transformers serve did not start: {log.read_text()[-1000:]}")
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            server.terminate()
            server.wait(20)


def _question(colour: str) -> list[ChatMessage]:
    buffer = io.BytesIO()
    Image.new("RGB", (80, 60), tiny_models.COLOURS[colour]).save(buffer, "PNG")
    blocks = [TextBlock(text=tiny_models.QUESTION), ImageBlock(image=buffer.getvalue())]
    return [ChatMessage(role="user", blocks=blocks)]


@pytest.mark.parametrize("colour", tiny_models.COLOURS)
def test_a_served_model_sees_the_picture(address: str, colour_model: Path, colour: str) -> None:
    llm = FallbackLLM([load_llm(f"openai:{colour_model}@{address}", Settings(llm_timeout_s=120))])
    wanted = f"the picture is {colour}"
    reply = llm.chat(_question(colour), temperature=0, max_tokens=20)
    assert reply.message.content == wanted
    assert reply.additional_kwargs["generator"]["name"] == "openai"
    pieces = [piece.delta or "" for piece in llm.stream_chat(_question(colour), temperature=0, max_tokens=20)]
    assert "".join(pieces) == wanted
    replied = asyncio.run(llm.achat(_question(colour), temperature=0, max_tokens=20))
    assert replied.message.content == wanted
