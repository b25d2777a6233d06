"""The setting ``pdf_parser``: docling where it is installed, a clear word where it or its models are not."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from xmrag_plugin import CrossModalIndex
from xmrag_plugin.errors import MissingExtra, ModelUnavailable, UsageError
from xmrag_plugin.readers import ReadOptions, read_file
from xmrag_plugin.readers.pdf.docling import check_pdf_parser

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
from pdf_writing import PageSpec, lines, write_pdf

INSTALLED = find_spec("docling") is not None


@pytest.fixture
def report(tmp_path: Path) -> Path:
    words = ["The harbour was dredged twice before the wall was finished."]
    return write_pdf(tmp_path / "report.pdf", [PageSpec(lines(72, 700, words))])


def test_an_unknown_parser_is_named(tmp_path: Path, report: Path) -> None:
    with pytest.raises(UsageError, match="'pdfminer'") as caught:
        check_pdf_parser("pdfminer")
    assert "pdfium or docling" in caught.value.hint
    with (
        CrossModalIndex(tmp_path / "kb", ocr="off", pdf_parser="pdfminer") as index,
        pytest.raises(UsageError),
    ):
        index.add(report)


@pytest.mark.skipif(INSTALLED, reason="docling is installed here")
def test_docling_that_is_missing_says_how_to_get_it(tmp_path: Path, report: Path) -> None:
    with pytest.raises(MissingExtra) as caught:
        list(read_file(report, ReadOptions(pdf_parser="docling")))
    assert "xmrag-plugin[docling]" in caught.value.hint
    with (
        CrossModalIndex(tmp_path / "kb", ocr="off", pdf_parser="docling") as index,
        pytest.raises(MissingExtra),
    ):
        index.add(report)


@pytest.mark.model
@pytest.mark.skipif(not INSTALLED, reason="docling is not installed: pip install 'xmrag-plugin[docling]'")
def test_docling_reads_the_words(report: Path) -> None:
    try:
        check_pdf_parser("docling")
    except ModelUnavailable as error:
        pytest.skip(error.message)
    elements = list(read_file(report, ReadOptions(pdf_parser="docling")))
    assert "dredged twice" in " ".join(element.text for element in elements)
    assert elements[0].page == 1
