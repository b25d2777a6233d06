"""What is text, and what is a file's bytes."""

from __future__ import annotations

import random

import pytest

from xmrag_plugin.text.binary import is_binary


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Plain words.\n\tIndented, with a form feed.\f",
        "潮汐涡轮机的叶片用四层材料粘合而成。" * 20,
        "Überschwemmung – naïve café, 1,280 °C ✓ 🌊\ufeff",
        "A word with one bad letter: caf\ufffd.",
        "a page that was read wrongly " * 30 + "\ufffd\ufffd\ufffd",
        "PDF is a file format. %PDF-1.7 stands at its beginning.",
        "\x1b[31mred\x1b[0m " + "log line " * 50,
    ],
)
def test_texts(text: str) -> None:
    assert not is_binary(text)


@pytest.mark.parametrize("errors", ["ignore", "replace"])
def test_bytes(errors: str) -> None:
    noise = random.Random(0).randbytes(20_000)
    assert is_binary(noise.decode("utf-8", errors))
    assert is_binary(("words " * 800).encode().decode() + noise.decode("utf-8", errors) * 3)
    assert is_binary("{\\rtf1\\ansi A word.}")
    assert is_binary("%PDF-1.7\n%âãÏÓ\n")
