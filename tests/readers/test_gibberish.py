"""What is no words is no passage."""

from __future__ import annotations

import base64

import pytest
from sample_files import draw

from xmrag_plugin.readers.gibberish import is_gibberish


@pytest.mark.parametrize(
    "text",
    [
        "港の灯台は三十年前に建てられた。高さは四十二メートルである。",
        "Привет, мир! Это обычный текст на русском языке и English words.",
        "السلام عليكم ورحمة الله وبركاته هذه فقرة قصيرة",
        "한국어 문장과 日本語の文章과 中文 섞인 텍스트를 모두 읽는다",
        "हिन्दी में लिखा हुआ एक साधारण वाक्य है जो लंबा है",
        "α + β = γ, ∑ ∞ √ ∂ ℝ → ⇒ ⊂ ∀ ∃ λ μ ν ξ π ρ σ τ",
        "🎉🎊🥳👍🎉🎊🥳👍🎉🎊🥳👍🎉🎊🥳👍🎉🎊🥳👍🎉🎊🥳👍",
    ],
)
def test_languages_are_words(text):
    assert not is_gibberish(text)


def test_bytes_are_none():
    data = draw(300, 200, "JPEG")
    assert is_gibberish(data.decode("utf-16-le", "replace"))
    assert is_gibberish(data.decode("latin-1"))


def test_encoded_data_is_left_out_of_a_text_and_told(tmp_path, read):
    encoded = base64.encodebytes(draw(300, 200, "JPEG")).decode()
    path = tmp_path / "a.txt"
    path.write_text(
        f"Words before.\n\n{encoded}\n\nWords after.\n\n{'-' * 300}\n\n{'The-longest_name/of/a/path' * 9}\n"
    )
    reading = read(path)
    assert "Words before." in reading.words()
    assert "Words after." in reading.words()
    assert encoded[100:160] not in reading.words()
    assert "The-longest" in reading.words()
    assert "encoded data" in reading.warnings[0][0]
