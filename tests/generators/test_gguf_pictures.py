"""GGUF models that see, in this process: real llama.cpp, a tiny model and a projector of random weights.

What it answers means nothing; that a picture goes through the projector into the prompt is told by its tokens, and by
another answer to another picture.
"""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest
from llama_index.core.llms import LLM, ChatMessage, ImageBlock, MessageRole, TextBlock
from PIL import Image

from tests.support.gguf_models import CHATML, write_model, write_projector
from xmrag_plugin.errors import CapabilityMissing, ModelUnsound
from xmrag_plugin.generators import load_llm

pytest.importorskip("llama_cpp", reason="llama-cpp-python is not installed (extra 'gguf')")
try:
    import llama_cpp.mtmd_cpp  # noqa: F401
except (ImportError, OSError, RuntimeError) as error:
    pytest.skip(f"llama-cpp-python was built without pictures: {error}", allow_module_level=True)

PARTS = CHATML.replace("message['content'] is string", "false")
WORDS = "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>\n' }}{% endfor %}"
TOKENS = 16  # of a picture: 4 by 4 patches
MOST = 8  # of a reply


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


def seeing(folder: Path, template: str = CHATML) -> LLM:
    write_projector(folder / "mmproj-tiny.gguf")
    return load_llm(f"gguf:{write_model(folder / 'tiny.gguf', template=template)}")


def asked(llm: LLM, *parts: str | tuple[int, int, int], system: str = "") -> tuple[str, int]:
    """The reply and the tokens of the prompt; a colour is a picture of it."""
    blocks: list[TextBlock | ImageBlock] = []
    for part in parts:
        if isinstance(part, str):
            blocks.append(TextBlock(text=part))
        else:
            data = io.BytesIO()
            Image.new("RGB", (60, 40), part).save(data, "PNG")
            blocks.append(ImageBlock(image=data.getvalue()))
    messages = [ChatMessage(role=MessageRole.SYSTEM, content=system)] if system else []
    reply = llm.chat([*messages, ChatMessage(role=MessageRole.USER, blocks=blocks)], max_tokens=MOST)
    return reply.message.content or "", reply.raw["usage"]["prompt_tokens"]


RED, BLUE = (255, 0, 0), (0, 0, 255)


@pytest.mark.parametrize("template", [CHATML, PARTS, WORDS], ids=["either", "parts", "words"])
def test_a_picture_goes_through_the_projector_into_the_prompt(folder: Path, template: str) -> None:
    llm = seeing(folder, template)
    words, length = asked(llm, "What colour?")
    red, seen = asked(llm, "What colour?", RED)
    assert abs(seen - length - TOKENS) < MOST
    assert len({words, red, asked(llm, "What colour?", BLUE)[0]}) == 3
    assert asked(llm, "What colour?", RED)[0] == red
    assert asked(llm, "One:", RED, "Two:", BLUE)[1] > 2 * TOKENS


def test_words_that_stand_for_a_picture_are_words(folder: Path) -> None:
    llm = seeing(folder)
    mark = "The mark <__media__> stands here."
    assert asked(llm, mark, RED)[1] > asked(llm, mark)[1] + MOST


def test_no_prompt_is_written_to_standard_error(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    asked(seeing(folder), "What colour?", RED)
    assert capfd.readouterr().err == ""


def test_a_prompt_that_is_too_long_is_told_with_and_without_a_picture(folder: Path) -> None:
    llm = seeing(folder)
    for picture in ([], [RED]):
        with pytest.raises(CapabilityMissing, match="longer than the context window"):
            asked(llm, "x" * 600, *picture)


def test_a_projector_that_does_not_fit_is_named_with_the_reason(folder: Path) -> None:
    llm = seeing(folder)
    write_projector(folder / "mmproj-tiny.gguf", width=48)
    with pytest.raises(ModelUnsound, match=r"mmproj-tiny\.gguf, the projector beside tiny.*n_embd = 48"):
        asked(llm, "What colour?", RED)


def test_a_program_that_asked_ends_without_a_word(folder: Path) -> None:
    """At the end of the interpreter llama.cpp's own clearing up wrote a traceback."""
    seeing(folder)
    program = "import sys; from xmrag_plugin.generators import load_llm; llm = load_llm(f'gguf:{sys.argv[1]}'); llm.load()"
    done = subprocess.run(
        [sys.executable, "-c", program, str(folder / "tiny.gguf")], capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
