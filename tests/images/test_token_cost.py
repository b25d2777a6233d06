"""Image token accounting against the providers' own worked examples."""

from __future__ import annotations

import pytest

from xmrag_plugin.images.token_cost import image_cost


@pytest.mark.parametrize(
    ("model", "size", "tokens"),
    [
        ("gpt-4o", (1024, 1024), 85 + 170 * 4),  # 768×768: four tiles
        ("gpt-4o", (2048, 4096), 85 + 170 * 6),  # 1024×2048 → 768×1536
        ("gpt-4o", (512, 512), 85 + 170),
        ("gpt-4o-mini", (512, 512), 2833 + 5667),
        ("gpt-4.1-mini", (1024, 1024), 1659),  # 32·32 = 1024 patches × 1.62
        ("gpt-5-nano", (1024, 1024), 2520),
        ("claude-sonnet-4-5", (1000, 1000), 1334),
        ("claude-sonnet-4-5", (8000, 6000), 1600),
        ("gemini-2.5-flash", (384, 384), 258),
        ("gemini-2.5-flash", (1920, 1080), 258 * 6),
        ("Qwen/Qwen2.5-VL-7B-Instruct", (560, 280), 20 * 10 + 2),
        ("Qwen/Qwen3-VL-2B-Instruct", (640, 320), 20 * 10 + 2),
        ("google/gemma-3-4b-it", (4000, 3000), 260),
        ("some-model", (280, 280), 100),
    ],
)
def test_published_examples(model: str, size: tuple[int, int], tokens: int) -> None:
    assert image_cost(model).tokens(*size) == tokens


@pytest.mark.parametrize(
    "model", ["gpt-4o", "gpt-4.1-mini", "claude-x", "gemini-2.5", "qwen2.5-vl", "other", "SmolVLM2"]
)
@pytest.mark.parametrize("tokens", [300, 800, 1500])
def test_fit_keeps_the_budget_and_the_shape(model: str, tokens: int) -> None:
    cost = image_cost(model)
    width, height = cost.fit(4000, 3000, tokens=tokens, max_edge=2000)
    assert cost.tokens(width, height) <= tokens
    assert max(width, height) <= 2000
    assert abs(width / height - 4 / 3) < 0.05


def test_small_pictures_are_not_blown_up() -> None:
    assert image_cost("gpt-4o").fit(120, 80, tokens=5000) == (120, 80)


def test_provider_decides_when_the_name_says_nothing() -> None:
    assert image_cost("my-deployment", "openai_llm").name == "openai-tiles"
    assert image_cost("my-deployment", "Anthropic_LLM").name == "claude"
    assert image_cost("my-deployment", "OpenAILike").name == "generic"
