from __future__ import annotations

from itertools import pairwise

import pytest

from xmrag_plugin.text.sentences import excerpt, sentence_spans, split_sentences, word_count


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("Dr. Smith met Mr. J. R. Jones at 3.5 p.m. on Monday. They left.", None),
        ("As Fig. 3 shows, it fell by 2.5 % (cf. Table 4). Then it rose.", None),
        ("It was no. 5 of them. No. That is wrong.", ["It was no. 5 of them.", "No.", "That is wrong."]),
        ('He said "Stop." Then he left.', ['He said "Stop."', "Then he left."]),
        ("See e.g. the U.S. Army et al. for more. End.", ["See e.g. the U.S. Army et al. for more.", "End."]),
        ("Wait... what? Yes.", ["Wait... what?", "Yes."]),
        ("图3显示了收入。第二年下降了！为什么？", ["图3显示了收入。", "第二年下降了！", "为什么？"]),
        ("「行こう。」と言った。帰った。", ["「行こう。」", "と言った。", "帰った。"]),
        ("Title without stop\n\nBody here.", ["Title without stop", "Body here."]),
        ("", []),
        ("   ", []),
        ("no stop at all", ["no stop at all"]),
    ],
)
def test_sentences(text: str, sentences: list[str] | None) -> None:
    found = split_sentences(text)
    if sentences is None:
        assert len(found) == 2
    else:
        assert found == sentences


def test_spans_are_the_text_itself() -> None:
    text = "  A first one.  A second (with Fig. 2) one!\n\nThird"
    spans = sentence_spans(text)
    assert "".join(text[a:b] for a, b in spans).replace(" ", "") == text.replace(" ", "").replace("\n", "")
    assert all(b <= c for (_, b), (c, _) in pairwise(spans))


def test_word_count_weighs_scripts_and_unbroken_strings() -> None:
    assert word_count("three small words") == 3
    assert word_count("图" * 100) == 75
    assert word_count("x" * 1000) == 100
    assert word_count("mixed 图图图图 words") == 5


def test_excerpt_keeps_whole_sentences_around_a_place() -> None:
    text = "One two three. Four five six. The map shows seven. Eight nine ten. Eleven twelve."
    assert excerpt(text, 100) == text
    assert excerpt(text, 4, at=text.index("map")) == "The map shows seven."
    assert excerpt(text, 8, at=text.index("map")) == "The map shows seven. Eight nine ten."
    assert excerpt("word " * 50, 10).endswith("…")
    assert len(excerpt("字" * 500, 60)) <= 100
