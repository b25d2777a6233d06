"""What a knowledge base should hold, and how much that is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from xmrag_plugin import CrossModalIndex
from xmrag_plugin.storage import stock
from xmrag_plugin.storage.chroma.index_files import vector_counts

_STATUS = """
import sys
from xmrag_plugin import CrossModalIndex
from xmrag_plugin.storage import stock
from xmrag_plugin.storage.chroma.index_files import vector_counts
vectors = CrossModalIndex(sys.argv[1], create=False).status()["spaces"]["text"]["vectors"]
print(vectors, "chromadb" in sys.modules)
"""


def test_a_status_counts_vectors_without_opening_chroma(tmp_path: Path) -> None:
    note = tmp_path / "note.md"
    note.write_text(
        "# Seals\n\nThe grey seal rests on the skerry.\n\n# Otters\n\nThe otter dens by the weir.\n"
    )
    with CrossModalIndex(tmp_path / "kb", ocr="off") as index:
        index.add(note)
        held = index.kb.vectors.count("text")
        assert held == index.status()["spaces"]["text"]["vectors"] == 2
    said = subprocess.run(
        [sys.executable, "-c", _STATUS, str(tmp_path / "kb")], capture_output=True, text=True, check=True
    ).stdout
    assert said.split() == [str(held), "False"]


def test_they_are_counted_while_a_change_is_under_way(tmp_path: Path) -> None:
    note = tmp_path / "note.md"
    note.write_text("# Seals\n\nThe grey seal rests on the skerry.\n")
    with CrossModalIndex(tmp_path / "kb", ocr="off") as index:
        index.add(note)
        [node_id] = index.kb.vectors.ids("text", "text")
        row = index.kb.vectors.vectors("text", "text", [node_id])[node_id]
        index.kb.catalog.begin_task("a test")
        index.kb.vectors.upsert("text", "text", ["another"], row[None])
        assert index.status()["spaces"]["text"]["vectors"] == 2


def test_vectors_are_counted_again_when_another_process_wrote_and_not_else(
    tmp_path: Path, monkeypatch
) -> None:
    note = tmp_path / "note.md"
    note.write_text("# Seals\n\nThe grey seal rests on the skerry.\n")
    counts: list[int] = []

    def counted(database: Path) -> dict[str, int]:
        found = vector_counts(database)
        counts.append(sum(found.values()))
        return found

    monkeypatch.setattr(stock, "vector_counts", counted)
    with CrossModalIndex(tmp_path / "kb", ocr="off") as index:
        index.add(note)
        before = len(counts)
        index.add(note)
        assert len(counts) == before
        [node_id] = index.kb.vectors.ids("text", "text")
        gone = f"from xmrag_plugin.storage.chroma.collections import ChromaCollections as C; C({str(tmp_path / 'kb/chroma')!r}).delete([{node_id!r}])"
        subprocess.run([sys.executable, "-c", gone], check=True)
        report = index.add(note)
        assert counts[before] == 0
        assert any("damaged" in str(warning) for warning in report.warnings)
        assert index.kb.vectors.count("text") == 1
