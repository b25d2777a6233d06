from __future__ import annotations

import pytest

from xmrag_plugin.text.filename_context import with_name


@pytest.mark.parametrize(
    ("source", "text", "embedded"),
    [
        ("reports/AMAZON_2017_10K.pdf", "Net sales rose.", "AMAZON 2017\nNet sales rose."),
        ("AMAZON_2017_10K.pdf", "Amazon, 2017: net sales rose.", "Amazon, 2017: net sales rose."),
        ("annualReport-2021.docx", "The report says so.", "annual 2021\nThe report says so."),
        ("m82103.md", "Sleep.", "Sleep."),
        ("a5879805d70c854ea4361e43a84e3bb2.pdf", "The court.", "The court."),
        ("1022454332_6af2c1449a.txt", "A dog.", "A dog."),
        ("2312.04350v3.pdf", "Causes.", "Causes."),
        ("收入报告.pdf", "第二年下降了。", "收入报告\n第二年下降了。"),
    ],
)
def test_what_a_name_says_stands_before_the_passage(source: str, text: str, embedded: str) -> None:
    assert with_name(text, source) == embedded
