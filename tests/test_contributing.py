"""The examples of CONTRIBUTING work as they are printed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from xmrag_plugin.readers import ReadContext, Reader
from xmrag_plugin.readers.contract import READER_CHECKS
from xmrag_plugin.settings import Settings

PAGE = (Path(__file__).resolve().parents[1] / "CONTRIBUTING.md").read_text(encoding="utf-8")


def example(section: str) -> dict[str, Any]:
    """Run the code of a section; return the names that it defines."""
    code = re.search(rf"^## {section}$.*?```python\n(.*?)```", PAGE, re.DOTALL | re.MULTILINE)
    assert code is not None, section
    names: dict[str, Any] = {"__name__": "example"}
    exec(code.group(1), names)
    return names


def test_the_reader(tmp_path: Path) -> None:
    reader = example("How to add a reader")["PropertiesReader"]
    assert issubclass(reader, Reader)
    file = tmp_path / "app.properties"
    file.write_text("# comment\nport = 8080\nhost=localhost\n", encoding="latin-1")
    assert reader.sniff(file.read_bytes(), file)
    (table,) = reader().read(file, ReadContext())
    assert table.text.splitlines()[2:] == ["| port | 8080 |", "| host | localhost |"]
    assert READER_CHECKS


def test_the_encoder() -> None:
    encoder = example("How to add an encoder")["load"]("", Settings())
    vectors = encoder.encode_texts(["abba", "abb"], role="query")
    assert vectors.shape == (2, encoder.dimension)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1.0)
