"""Words as the lexical index takes them."""

from __future__ import annotations

import pytest

from xmrag_plugin.text.search_terms import index_words, query_terms


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
