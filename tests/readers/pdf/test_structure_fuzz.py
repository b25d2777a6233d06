"""PDFs of random structure: every word, picture, caption and cell is read, in order, at any size of type.

A short run each time; ``XMRAG_FUZZ_DOCUMENTS=200 pytest tests/readers/pdf/test_structure_fuzz.py`` reads 200.
"""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from random_documents import Figure, Heading, Items, Paragraph, Table, Tree, trees
from random_pdf import pdf

from xmrag_plugin.readers import ReadContext, read_file
from xmrag_plugin.types import Key, parse_line_boxes

DOCUMENTS = int(os.environ.get("XMRAG_FUZZ_DOCUMENTS", "0"))
FUZZ = settings(
    max_examples=DOCUMENTS or 15,
    deadline=None,
    derandomize=not DOCUMENTS,
    database=None,
    suppress_health_check=list(HealthCheck),
)
WORD = re.compile(r"\bx[b-df-hj-np-tv-z]+a\b")


def expected(tree: Tree) -> list[str]:
    """The words in order; a picture stands as ``#`` with its caption's words."""
    found: list[str] = []
    for block in tree.blocks:
        if isinstance(block, Figure):
            found += ["#", *block.caption]
        elif isinstance(block, Items):
            found += [word for words, inner in block.items for part in (words, *inner) for word in part]
        elif isinstance(block, Table):
            found += [word for row in block.rows for cell in row for word in cell]
        elif isinstance(block, (Heading, Paragraph)):
            found += block.words
    return found


@FUZZ
@given(trees(), st.sampled_from([7.0, 11.0, 12.5]))
def test_every_word_picture_caption_and_cell_in_order(tree: Tree, size: float) -> None:
    with tempfile.TemporaryDirectory() as folder:
        warnings: list[str] = []
        context = ReadContext(on_warning=lambda message, hint: warnings.append(message))
        elements = list(read_file(pdf(tree, Path(folder), size=size), context))
    found: list[str] = []
    for element in elements:
        if element.picture is not None and element.kind == "picture":
            found += ["#", *WORD.findall(element.picture.caption)]
        found += WORD.findall(element.text)
        for start, end, *_ in parse_line_boxes(element.metadata.get(Key.LINE_BOXES)):
            assert element.text[start:end] == element.text[start:end].strip() != ""
    assert found == expected(tree), elements
    assert warnings == []
    tables = [element for element in elements if element.kind == "table"]
    wanted = [block for block in tree.blocks if isinstance(block, Table)]
    assert [len(table.text.splitlines()) - 1 for table in tables] == [len(block.rows) for block in wanted]
