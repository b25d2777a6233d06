"""GGUF files: their headers, how they are named where llama.cpp is missing, and a real one where it is at hand."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.gguf_models import write_gguf
from xmrag_plugin.errors import MissingExtra, ModelUnavailable
from xmrag_plugin.generators import load_llm, split_spec
from xmrag_plugin.generators.constrained import CitedForm
from xmrag_plugin.generators.local.gguf_file import read_gguf


def gguf(path: Path, *, architecture: str = "llama", template: str = "{{ messages }}") -> Path:
    """A file with a header like a real one's: numbers, texts, lists, two tensors."""
    metadata: dict[str, Any] = {
        "general.architecture": architecture,
        "general.file_type": 15,
        f"{architecture}.context_length": 4096,
        "tokenizer.ggml.tokens": ["a", "bc", "<|end|>"],
        "tokenizer.ggml.scores": [1.0, 2.0, 3.0],
    }
    if template:
        metadata["tokenizer.chat_template"] = template
    return write_gguf(path, metadata, {"embedding": np.zeros((20, 50)), "norm": np.zeros(20)})


def test_a_header_tells_what_a_file_is(tmp_path: Path) -> None:
    found = read_gguf(gguf(tmp_path / "Small-1K.Q4_K_M.gguf"))
    assert found.described == "Small-1K.Q4_K_M (llama, 0 million parameters, Q4_K_M)"
    assert (found.parameters, found.context_window, found.has_chat_template) == (1020, 4096, True)
    assert found.projector is None
    assert not read_gguf(gguf(tmp_path / "base.gguf", template="")).has_chat_template
    gguf(tmp_path / "mmproj-small.gguf", architecture="clip")
    with pytest.raises(ModelUnavailable, match="projector"):
        read_gguf(tmp_path / "mmproj-small.gguf")


@pytest.mark.parametrize(
    ("model", "beside", "taken"),
    [
        ("Vision-2B-Instruct-Q4_K_M", ["mmproj-F16"], "mmproj-F16"),
        ("Vision-2B-Instruct-Q4_K_M", ["mmproj-Vision-2B-Instruct-f16"], "mmproj-Vision-2B-Instruct-f16"),
        ("vision-2b.Q8_0", ["mmproj-Other-7B-f16", "vision-2b.mmproj-Q8_0"], "vision-2b.mmproj-Q8_0"),
        ("Small-135M-Instruct.Q4_1", ["mmproj-Vision-2B-Instruct-f16"], None),
        ("Small-135M-Instruct.Q4_1", [], None),
    ],
)
def test_the_projector_is_that_of_the_model(
    tmp_path: Path, model: str, beside: list[str], taken: str | None
) -> None:
    for name in beside:
        gguf(tmp_path / f"{name}.gguf", architecture="clip")
    found = read_gguf(gguf(tmp_path / f"{model}.gguf")).projector
    assert found == (tmp_path / f"{taken}.gguf" if taken else None)
    assert read_gguf(gguf(tmp_path / f"{model}.gguf", template="")).projector is None, (
        "no way to write a prompt"
    )


@pytest.mark.parametrize("kept", [2, 20, 60, 150])
def test_a_file_that_is_cut_off_is_named(tmp_path: Path, kept: int) -> None:
    path = gguf(tmp_path / "cut.gguf")
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(ModelUnavailable, match=r"cut\.gguf cannot be read"):
        read_gguf(path)


def test_specs_name_files_by_what_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = gguf(tmp_path / "sha256-blob")
    assert split_spec(str(path)) == ("gguf", str(path))
    assert split_spec(f"gguf:{path}") == ("gguf", str(path))
    assert split_spec("missing.gguf")[0] == "gguf"
    monkeypatch.setattr("xmrag_plugin.generators.find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match="0 million parameters") as caught:
        load_llm(str(path))
    assert "llama-server -m" in str(caught.value)
    assert "ollama create" in str(caught.value)
    gguf(tmp_path / "in-a-folder.gguf")
    with pytest.raises(ModelUnavailable, match="holds GGUF"):
        load_llm(str(tmp_path))


MODEL = os.environ.get("XMRAG_TEST_GGUF", "")


@pytest.mark.model
@pytest.mark.skipif(not MODEL, reason="XMRAG_TEST_GGUF names no small instructed model")
def test_a_real_file_answers_in_the_form_and_stops() -> None:
    pytest.importorskip("llama_cpp")
    llm = load_llm(f"gguf:{MODEL}")
    asked = "Quotations:\n[1] The rotor is 16 metres wide.\n\nQuestion: How wide is the rotor?"
    reply = llm.complete(asked, form=CitedForm((1,)))
    assert reply.text.endswith("[1]")
    assert reply.raw["usage"]["prompt_tokens"] > 20
    pieces = list(llm.stream_complete("Count from one to ten.", max_tokens=20))
    assert pieces[-1].raw["finish_reason"] in ("stop", "length")
    assert "<|im_start|>" not in pieces[-1].text
