"""GGUF files: their headers, how they are named where llama.cpp is missing, and a real one where it is at hand."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import pytest

from xmrag_plugin.errors import MissingExtra, ModelUnavailable
from xmrag_plugin.generators import load_llm, split_spec
from xmrag_plugin.generators.constrained import CitedForm
from xmrag_plugin.generators.local.gguf_file import read_gguf


def text(value: str) -> bytes:
    return struct.pack("<Q", len(value.encode())) + value.encode()


def gguf(path: Path, *, architecture: str = "llama", template: str = "{{ messages }}") -> Path:
    """A file with a header like a real one's: scalars, texts, lists, two tensors."""
    pairs = [
        text("general.architecture") + struct.pack("<I", 8) + text(architecture),
        text("general.file_type") + struct.pack("<II", 4, 15),
        text(f"{architecture}.context_length") + struct.pack("<II", 4, 4096),
        text("tokenizer.ggml.tokens")
        + struct.pack("<IIQ", 9, 8, 3)
        + text("a")
        + text("bc")
        + text("<|end|>"),
        text("tokenizer.ggml.scores") + struct.pack("<IIQ", 9, 6, 3) + struct.pack("<3f", 1, 2, 3),
    ]
    if template:
        pairs.append(text("tokenizer.chat_template") + struct.pack("<I", 8) + text(template))
    tensors = [
        text("embedding") + struct.pack("<IQQIQ", 2, 500_000, 200, 0, 0),
        text("norm") + struct.pack("<IQIQ", 1, 200, 0, 0),
    ]
    header = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(pairs))
    path.write_bytes(header + b"".join(pairs) + b"".join(tensors) + bytes(64))
    return path


def test_a_header_tells_what_a_file_is(tmp_path: Path) -> None:
    found = read_gguf(gguf(tmp_path / "Small-100M.Q4_K_M.gguf"))
    assert found.described == "Small-100M.Q4_K_M (llama, 100 million parameters, Q4_K_M)"
    assert (found.parameters, found.context_window, found.has_chat_template) == (100_000_200, 4096, True)
    assert found.projector is None
    assert not read_gguf(gguf(tmp_path / "base.gguf", template="")).has_chat_template
    gguf(tmp_path / "mmproj-small.gguf", architecture="clip")
    assert read_gguf(tmp_path / "base.gguf").projector == tmp_path / "mmproj-small.gguf"
    with pytest.raises(ModelUnavailable, match="projector"):
        read_gguf(tmp_path / "mmproj-small.gguf")


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
    with pytest.raises(MissingExtra, match="100 million parameters") as caught:
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
