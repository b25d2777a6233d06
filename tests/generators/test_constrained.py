"""Replies held to a form: what is sent to each kind of generator, and what a mask lets through."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import tiny_models
from llama_index.core.llms import ChatMessage
from scripted_llm import ScriptedLLM, failure

from xmrag_plugin import FallbackLLM
from xmrag_plugin.generators.capability import Capability, capability_of
from xmrag_plugin.generators.constrained import CitedForm
from xmrag_plugin.generators.transformers_text import TransformersTextLLM

FORM = CitedForm((2, 13))
ASKED = [ChatMessage(role="user", content="Which quotation says so?")]


@pytest.mark.parametrize(
    ("reply", "read"),
    [
        ('{"sentence": "It is 16 m.", "quotation": 2}', "It is 16 m. [2]"),
        ('```json\n{"sentence": "It is 16 m.", "quotation": 2}\n```', "It is 16 m. [2]"),
        ('{"sentence": "It is \\"so\\".", "quota', 'It is "so".'),
        ("It is 16 m. [2]", "It is 16 m. [2]"),
        ("{}", "{}"),
        ("", ""),
    ],
)
def test_replies_are_read_in_and_out_of_the_form(reply: str, read: str) -> None:
    assert FORM.read(reply) == read


@pytest.mark.parametrize(
    ("status", "words"), [(400, "response_format is not supported"), (500, "validation error")]
)
def test_a_server_that_fails_at_the_schema_is_asked_without_it_and_not_again(status: int, words: str) -> None:
    with ScriptedLLM("It is so [2].") as server:
        server.acts.append(failure(status, words))
        llm = FallbackLLM([f"openai:tiny-100m@{server.url}"])
        for _ in range(2):
            assert llm.chat(ASKED, form=FORM).message.content == "It is so [2]."
        bodies = [body for path, _, body in server.requests if path.endswith("completions")]
        assert ["response_format" in body for body in bodies] == [True, False, False]
        schema = bodies[0]["response_format"]["json_schema"]["schema"]
        assert schema["properties"]["quotation"]["enum"] == [2, 13]
        assert all(body["max_tokens"] == FORM.max_tokens for body in bodies)


def test_a_limit_of_tokens_is_always_sent() -> None:
    with ScriptedLLM("So it is.") as server:
        FallbackLLM([f"openai:tiny-vl@{server.url}"]).chat(ASKED)
        FallbackLLM([f"ollama:tiny-vl@{server.url.removesuffix('/v1')}"]).chat(ASKED)
        bodies = [body for _, _, body in server.requests if body and "messages" in body]
        limits = [body.get("max_tokens") or body["options"]["num_predict"] for body in bodies]
        assert len(limits) == 2
        assert all(0 < limit <= 4096 for limit in limits)


def test_a_mask_lets_no_citation_of_nothing_through(tmp_path: Path) -> None:
    import torch

    from xmrag_plugin.generators.local.citation_mask import CitationMask

    llm = TransformersTextLLM(tiny_models.build("llama", tmp_path / "llama"), max_new_tokens=8)
    tokenizer = llm.load().tokenizer
    mask = CitationMask(tokenizer, FORM)
    prompt = tokenizer("So", add_special_tokens=False)["input_ids"]
    mask(torch.tensor([prompt]), torch.zeros(1, len(tokenizer)))
    for written, wanted in (("It is so [", {"2", "1"}), ("It is so [1", {"3"}), ("It is so [13", {"]"})):
        tokens = tokenizer(written, add_special_tokens=False)["input_ids"]
        scores = mask(torch.tensor([[*prompt, *tokens]]), torch.zeros(1, len(tokenizer)))
        left = {tokenizer.decode([i])[:1] for i in torch.isfinite(scores[0]).nonzero().flatten().tolist()}
        assert left == wanted, (written, left)
    assert llm.chat(ASKED, form=FORM).raw["finish_reason"]


def test_what_is_known_of_a_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("XMRAG_CACHE_DIR", raising=False)
    llm = TransformersTextLLM(tiny_models.build("llama", tmp_path / "llama"), max_new_tokens=8)
    found = capability_of(llm)
    assert found.weak
    assert found.parameters == llm.checkpoint.parameters
    assert found.instructed is llm.checkpoint.has_chat_template
    if found.instructed:
        assert found.passed == 0
        kept = json.loads((tmp_path / "xmrag" / "generators" / "probes.json").read_text())
        assert list(kept.values()) == [0]
    assert not Capability("unsized").weak
    assert not Capability("small-0.5b", 5e8, passed=3).weak
    assert Capability("middling-2b", 2e9, passed=1).weak
    assert not Capability("middling-2b", 2e9, passed=2).weak
    assert Capability("base-7b", 7e9, instructed=False).weak
