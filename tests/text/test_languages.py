"""Languages are told by passages and documents, and what does not tell is not guessed."""

from __future__ import annotations

from pathlib import Path

import pytest

from xmrag_plugin.text.languages import UNKNOWN, detect, languages_of_passages, name_of

SET = Path(__file__).parents[2] / "benchmarks" / "languages" / "passages.txt"


def test_the_passages_of_ten_languages_are_told_apart() -> None:
    rows = [line.split(" | ") for line in SET.read_text(encoding="utf-8").splitlines() if line[0] != "#"]
    assert len({row[0] for row in rows}) == 10
    told = [detect(row[2]) for row in rows]
    assert [(row[0], language) for row, language in zip(rows, told, strict=True) if language != row[0]] == []


@pytest.mark.parametrize("text", ["", "Introduction", "RJ-45", "12.5 | 17 | 2019 | 44", "Müller"])
def test_too_little_tells_nothing(text: str) -> None:
    assert detect(text) == UNKNOWN


def test_a_passage_that_does_not_tell_has_the_language_of_its_document() -> None:
    german = "Die blauen Tonnen für Altpapier werden jeden zweiten Dienstag geleert."
    french = "La bibliothèque municipale prête les romans pendant quatre semaines."
    assert languages_of_passages([german, "Tabelle 3", french, german]) == ["de", "de", "fr", "de"]
    assert languages_of_passages([]) == []
    assert (name_of("de"), name_of("xx")) == ("German", "xx")
