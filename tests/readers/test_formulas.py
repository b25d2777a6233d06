"""MathML and OMML say the same in LaTeX."""

from __future__ import annotations

import pytest
from lxml import etree, html

from xmrag_plugin.readers.formulas import tex_of

M = "http://schemas.openxmlformats.org/officeDocument/2006/math"


def run(text: str) -> str:
    return f"<m:r><m:t>{text}</m:t></m:r>"


@pytest.mark.parametrize(
    ("mathml", "omml", "tex"),
    [
        ("<mfrac><mn>3</mn><mn>4</mn></mfrac>", f"<m:f><m:num>{run('3')}</m:num><m:den>{run('4')}</m:den></m:f>", r"\frac{3}{4}"),
        ("<msqrt><mn>17</mn></msqrt>", f"<m:rad><m:deg/><m:e>{run('17')}</m:e></m:rad>", r"\sqrt{17}"),
        ("<mroot><mi>x</mi><mn>3</mn></mroot>", f"<m:rad><m:deg>{run('3')}</m:deg><m:e>{run('x')}</m:e></m:rad>", r"\sqrt[3]{x}"),
        ("<msup><mi>c</mi><mn>2</mn></msup>", f"<m:sSup><m:e>{run('c')}</m:e><m:sup>{run('2')}</m:sup></m:sSup>", "c^{2}"),
        ("<msubsup><mi>a</mi><mi>i</mi><mn>2</mn></msubsup>",
         f"<m:sSubSup><m:e>{run('a')}</m:e><m:sub>{run('i')}</m:sub><m:sup>{run('2')}</m:sup></m:sSubSup>", "a_{i}^{2}"),
        ("<mover><mi>x</mi><mo>¯</mo></mover>",
         f"<m:acc><m:accPr><m:chr m:val='\u0305'/></m:accPr><m:e>{run('x')}</m:e></m:acc>", r"\bar{x}"),
        ("<munder><mi>lim</mi><mrow><mi>n</mi><mo>→</mo><mi>∞</mi></mrow></munder>",
         f"<m:limLow><m:e>{run('lim')}</m:e><m:lim>{run('n→∞')}</m:lim></m:limLow>", r"\lim_{n\to \infty}"),
        ("<mfenced open='[' close=']'><mi>a</mi></mfenced>",
         f"<m:d><m:dPr><m:begChr m:val='['/><m:endChr m:val=']'/></m:dPr><m:e>{run('a')}</m:e></m:d>", "[a]"),
        ("<mtable><mtr><mtd><mn>1</mn></mtd><mtd><mn>2</mn></mtd></mtr></mtable>",
         f"<m:m><m:mr><m:e>{run('1')}</m:e><m:e>{run('2')}</m:e></m:mr></m:m>", r"\begin{matrix}1 & 2\end{matrix}"),
        ("", "", ""),
    ],
)  # fmt: skip
def test_one_conversion(mathml, omml, tex):
    assert tex_of(html.fromstring(f"<math>{mathml}</math>")) == tex
    assert tex_of(etree.fromstring(f"<m:oMath xmlns:m='{M}'>{omml}</m:oMath>")) == tex


def test_operators_with_limits_functions_words_and_unknown_elements():
    page = html.fromstring(
        "<math><munderover><mo>∑</mo><mrow><mi>i</mi><mo>=</mo><mn>1</mn></mrow><mi>n</mi></munderover><mi>sin</mi>"
        "<mi>α</mi><mtext>if dry</mtext><mstyle><mn>7</mn></mstyle><foo><mn>8</mn></foo></math>"
    )
    assert tex_of(page) == r"\sum_{i=1}^{n}\sin \alpha \text{if dry}78"


def test_what_is_nested_without_end_is_said_flat():
    deep = "<mrow>" * 2000 + "<mi>x</mi>" + "</mrow>" * 2000
    parser = etree.XMLParser(huge_tree=True)
    assert tex_of(etree.fromstring(f"<math>{deep}</math>", parser)) == "x"
