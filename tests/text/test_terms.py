"""Terms: one tokeniser, stop list and stemmer for many languages."""

from __future__ import annotations

import pytest

from xmrag_plugin.text.quantities import dates
from xmrag_plugin.text.sentences import sentences
from xmrag_plugin.text.stop_words import language_of
from xmrag_plugin.text.terms import content_terms, index_words, query_terms, terms


def test_cjk_runs_become_overlapping_pairs():
    assert index_words("潮汐发电站").split() == ["潮汐", "汐发", "发电", "电站", "站"]


def test_latin_words_stay_and_compounds_are_added():
    words = index_words("Dated 25/12/2018 by MR D.I.Y.")
    assert words.split()[-2:] == ["25122018", "DIY"]
    assert words.startswith("Dated 25/12/2018 by MR D.I.Y.")


@pytest.mark.parametrize(
    ("question", "terms"),
    [
        ("What is the tide?", ["tide"]),
        ("潮汐发电", ["潮汐", "汐发", "发电"]),
        ("潮", ["潮*"]),
        ("the RJ-45 plug", ["rj", "45", "plug", "rj45"]),
        ("what is it", ["what", "is", "it"]),
        ("", []),
    ],
)
def test_query_terms(question: str, terms: list[str]):
    assert query_terms(question) == terms


@pytest.mark.parametrize(
    ("question", "language", "content"),
    [
        ("Wie hoch ist der Endbetrag der Rechnung?", "de", ["endbetrag", "rechnung"]),
        ("Quel est le montant total de la facture ?", "fr", ["montant", "total", "facture"]),
        ("¿Cuál es el importe de la factura?", "es", ["importe", "factura"]),
        ("账单的总额是多少？", "zh", ["账单", "总额"]),
        ("合計はいくらですか", "ja", ["合計"]),
        ("Сколько это стоит?", "ru", ["стоит"]),
        ("What were the totals?", "en", ["totals"]),
    ],
)
def test_function_words_are_left_out_in_the_language_of_the_question(question, language, content):
    assert language_of(question) == language
    assert query_terms(question)[: len(content)] == content


def test_terms_meet_in_other_inflections_of_the_language_and_without_accents():
    assert set(content_terms("Rechnungen", "de")) == set(terms("Rechnung", "de"))
    assert set(terms("montants", "fr")) == set(terms("montant", "fr"))
    assert set(terms("período", "es")) == set(terms("periodo", "es"))


@pytest.mark.parametrize("character", [".", "1", "a", "。", "'", "-", "a.", "1-", ". ", ".)"])
def test_text_of_one_character_costs_time_in_proportion_to_its_length(character):
    """Quadratic expressions take minutes on these, and end in the run's time limit."""
    text = character * 40_000
    assert sum(len(sentence.strip()) for sentence in sentences(text)) <= len(text)
    index_words(text)
    query_terms(text)
    dates(text)
