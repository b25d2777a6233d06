"""Documents of random structure in eleven formats: every word, picture, caption and number is read, in order.

A short run each time; ``XMRAG_FUZZ_DOCUMENTS=200 pytest tests/readers/test_structure_fuzz.py`` reads 200 a kind.
"""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from random_documents import (
    Box,
    Figure,
    Heading,
    Items,
    Paragraph,
    Table,
    Tree,
    trees,
)
from random_kinds import FEATURES, NUMBERED, WRITERS

from xmrag_plugin.readers import ReadContext, read_file

DOCUMENTS = int(os.environ.get("XMRAG_FUZZ_DOCUMENTS", "0"))
ABOVE = {"asciidoc": False, "restructured_text": False}  # their figures have one place for captions
FUZZ = settings(
    max_examples=DOCUMENTS or 10,
    deadline=None,
    derandomize=not DOCUMENTS,
    database=None,
    suppress_health_check=list(HealthCheck),
)


def expected(tree: Tree) -> list[str]:
    """The words in order; a picture stands as ``#1``, its caption with it."""
    found: list[str] = []
    for block in tree.blocks:
        if isinstance(block, Figure):
            found.append(f"#{block.number}")
        elif isinstance(block, Items):
            found += [word for words, inner in block.items for part in (words, *inner) for word in part]
        elif isinstance(block, Table):
            for table in filter(None, (block, block.inner)):
                found += [word for row in table.rows for cell in row for word in cell]
        elif isinstance(block, (Heading, Paragraph, Box)):
            found += [*block.words, *getattr(block, "note", ())]
    return found


@pytest.mark.parametrize("kind", sorted(WRITERS))
def test_every_word_picture_caption_and_number_in_order(kind):
    @FUZZ
    @given(trees(captions_above=ABOVE.get(kind), features=FEATURES[kind]))
    def check(tree: Tree) -> None:
        with tempfile.TemporaryDirectory() as folder:
            warnings: list[str] = []
            context = ReadContext(on_warning=lambda message, hint: warnings.append(message))
            elements = list(read_file(WRITERS[kind](tree, Path(folder)), context))
        merged = {
            word
            for block in tree.blocks
            if isinstance(block, Table)
            for table in filter(None, (block, block.inner))
            for place in table.spans
            for word in table.rows[place[0]][place[1]]
        }
        captions = {word for figure in tree.pictures for word in figure.caption}
        found: list[str] = []
        shown = 0
        for element in elements:
            if element.picture is not None:
                shown += 1
                found.append(f"#{shown}")
                own = set(re.findall(r"x[a-z]*a\b", element.picture.caption))
                assert own == set(tree.pictures[shown - 1].caption), (element.picture.caption, tree)
                continue
            found += [
                word for word in re.findall(r"\bx[b-df-hj-np-tv-z]+a\b", element.text) if word not in captions
            ]
        found = [word for place, word in enumerate(found) if word not in merged or word not in found[:place]]
        assert found == expected(tree), (elements, tree)
        assert warnings == []
        if kind in NUMBERED:
            text = "\n".join(element.text for element in elements)
            for block in tree.blocks:
                for number, (words, _) in enumerate(
                    block.items if isinstance(block, Items) else (), getattr(block, "start", 0)
                ):
                    mark = block.mark(number)
                    assert re.search(rf"^\s*{re.escape(mark)} {words[0]}\b", text, re.M), (text, tree)

    check()
