"""Descriptions of pictures by any generator."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from scripted_llm import ScriptedLLM, failure

from xmrag_plugin.describers.caption import INSTRUCTION, Caption, CaptionDescriber, tidy
from xmrag_plugin.errors import CapabilityMissing, GenerationError, PictureError, PromptRefused, UsageError
from xmrag_plugin.generators import load_llm
from xmrag_plugin.generators.fallback.llm import FallbackLLM
from xmrag_plugin.settings import Settings

pytest.importorskip("llama_index.llms.openai")


@pytest.fixture
def server() -> Iterator[ScriptedLLM]:
    with ScriptedLLM("A bar chart. The north leads.") as running:
        yield running


def _llm(server: ScriptedLLM) -> object:
    return load_llm(f"openai:tiny-vl@{server.url}", Settings(llm_timeout_s=10))


def _png(size: tuple[int, int] = (40, 30), colour: str = "red") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, colour).save(buffer, "PNG")
    return buffer.getvalue()


def test_a_picture_is_described_and_the_cost_counted(server: ScriptedLLM, tmp_path: Path) -> None:
    describer = CaptionDescriber(_llm(server))
    assert describer.name == "caption-tiny-vl/1"
    file = tmp_path / "a.png"
    file.write_bytes(_png())
    caption = describer.read(file)
    assert caption.text == "A bar chart. The north leads."
    assert (caption.model, caption.prompt_tokens, caption.completion_tokens) == ("tiny-vl", 10, 5)
    describer.read(_png())
    assert (describer.spent.pictures, describer.spent.prompt_tokens) == (2, 20)
    assert INSTRUCTION in server.words()


def test_no_large_picture_leaves_the_process(server: ScriptedLLM) -> None:
    noise = Image.effect_noise((4000, 3000), 90).convert("RGB")
    buffer = io.BytesIO()
    noise.save(buffer, "PNG")
    assert len(buffer.getvalue()) > 10_000_000
    CaptionDescriber(_llm(server)).read(buffer.getvalue())
    (sent,) = server.pictures()
    assert len(sent) < 1_500_000
    assert max(Image.open(io.BytesIO(sent)).size) == 1024


def test_many_in_order_with_errors_in_their_places(server: ScriptedLLM) -> None:
    server.answer = lambda body: f"Picture {Image.open(io.BytesIO(_sent(body))).size[0]}."
    pictures = [_png((width, 20)) for width in range(20, 32)]
    pictures[3] = b"no picture"
    results = list(CaptionDescriber(_llm(server), workers=3).read_many(pictures))
    assert isinstance(results[3], PictureError)
    others = [result.text for result in results if isinstance(result, Caption)]
    assert others == [f"Picture {width}." for width in range(20, 32) if width != 23]


def _sent(body: dict[str, object]) -> bytes:
    import base64

    part = body["messages"][0]["content"][1]  # type: ignore[index]
    return base64.b64decode(part["image_url"]["url"].partition(",")[2])


def test_a_refused_picture_is_one_failure_and_a_dead_server_ends_it(server: ScriptedLLM) -> None:
    describer = CaptionDescriber(_llm(server), workers=1)
    server.script(failure(400, "against our content policy"))
    results = list(describer.read_many([_png(), _png()]))
    assert isinstance(results[0], PromptRefused)
    assert isinstance(results[1], Caption)
    server.script(*(failure(401, "wrong key") for _ in range(9)))
    with pytest.raises(GenerationError):
        list(describer.read_many([_png()] * 3))


def test_a_generator_that_does_not_see_describes_nothing(server: ScriptedLLM, tmp_path: Path) -> None:
    from llama_index.core.llms import MockLLM

    with pytest.raises(UsageError, match="takes no pictures"):
        CaptionDescriber(MockLLM())
    server.script(failure(400, "tiny-vl is not a multimodal model"))
    with pytest.raises(CapabilityMissing):
        CaptionDescriber(FallbackLLM([_llm(server)])).read(_png())


def test_a_local_model_describes(colour_model: Path) -> None:
    from tiny_models import COLOURS

    llm = load_llm(str(colour_model), Settings())
    describer = CaptionDescriber(llm)
    assert describer.read(_png((80, 60), f"rgb{COLOURS['red']}")).text
    assert describer.spent.completion_tokens > 0


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("This image shows a red car.", "A red car."),
        ("Sure! Here it is: a map.\nA map.", "A map."),
        ("One. One. One.", "One."),
        ("**Chart**  of sales", "Chart of sales"),
        ("", ""),
    ],
)
def test_descriptions_are_tidied(written: str, kept: str) -> None:
    assert tidy(written) == kept


def test_a_runaway_description_is_cut() -> None:
    assert len(tidy(" ".join(f"word{n}" for n in range(2000)))) <= 2003
