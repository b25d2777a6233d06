from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from xmrag_plugin.readers import ReadContext
from xmrag_plugin.readers.pdf.reader import PdfReader
from xmrag_plugin.types import Element


@pytest.fixture
def read() -> Callable[..., list[Element]]:
    """Reads a PDF with the fields of a ``ReadContext`` that are given."""

    def reading(path: Path, **context: object) -> list[Element]:
        return list(PdfReader().read(path, ReadContext(**context)))

    return reading
