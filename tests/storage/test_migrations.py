"""A knowledge base that release 0.1 (format 1) wrote: read as it is, migrated once by the first writer, whole after kills."""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from xmrag_plugin import CrossModalIndex
from xmrag_plugin.errors import KnowledgeBaseNewer
from xmrag_plugin.storage.catalog import Catalog
from xmrag_plugin.storage.chroma.collections import ChromaCollections
from xmrag_plugin.storage.manifest import FORMAT

NODES = {
    "208030c2-5ab6-5df1-a4b8-1a5bec6654c0": "note.txt",
    "25be72a8-fb9c-5336-be59-b3e286822284": "seals.html",
    "af289a18-b8bf-52ae-92f1-520168b7c361": "seals.html",
    "a6573898-607c-56e7-9eac-ede82dc4badd": "tides.md",
    "f059e829-b6c0-5952-8fe5-72434813b233": "tides.md",
}


@pytest.fixture
def old(tmp_path: Path) -> Path:
    with tarfile.open(Path(__file__).parent / "fixtures" / "kb_format_1.tar.xz") as archive:
        archive.extractall(tmp_path, filter="data") if hasattr(
            tarfile, "data_filter"
        ) else archive.extractall(tmp_path)
    return tmp_path / "kb"


def check(kb: Path, nodes: set[str]) -> None:
    """Whether catalog, index, vectors and media agree on these nodes."""
    manifest = json.loads((kb / "manifest.json").read_text())
    catalog = Catalog(kb / "catalog.sqlite")
    collections = ChromaCollections(kb / manifest.get("vectors", "chroma"))
    try:
        assert {record.node_id for record in catalog.iter_nodes()} == nodes
        assert {i for kind in ("text", "image") for i in collections.ids("text", kind)} == nodes
        assert collections.check() == {}
        assert [catalog.nodes([i])[i].source for i, _ in catalog.lexical_search("turbines", 1)] == [
            "tides.md"
        ]
        assert [catalog.nodes([i])[i].source for i, _ in catalog.lexical_search("发电站", 1)] == ["tides.md"]
        for record in catalog.iter_nodes():
            assert not record.text or record.text in record.embed_text or record.modality == "table"
    finally:
        collections.close()
        catalog.close()


def holds(kb: Path, word: bytes) -> list[str]:
    return [str(path) for path in kb.rglob("*") if path.is_file() and word in path.read_bytes().lower()]


def test_it_is_read_as_it_is(old: Path) -> None:
    with CrossModalIndex(old, create=False) as index:
        assert index.status()["format"] == 1
        hits = index.search("bar chart of energy by quarter", k=5)
        assert {hit.node_id: hit.source for hit in hits} == NODES
        [figure] = [hit for hit in hits if hit.modality == "image"]
        assert Path(figure.media_file or "").is_file()
    check(old, set(NODES))


def test_the_first_writer_migrates_it_once_and_what_is_removed_is_gone(old: Path) -> None:
    before = sum(path.stat().st_size for path in old.rglob("*") if path.is_file())
    assert holds(old, b"zanzibar")
    reader = CrossModalIndex(old, create=False)
    assert reader.search("zanzibar marker", k=1)[0].source == "note.txt"
    with CrossModalIndex(old, create=False, ocr="off") as index:
        assert index.remove("note.txt") == ["note.txt"]
        assert index.status()["format"] == FORMAT
        folder = index.kb.manifest.vectors
        assert index.purge() >= 0
        with index.kb.writing():
            assert index.kb.manifest.vectors != folder  # by the purge; no second migration
        assert index.search("How fast is the current at spring tide?", k=1)[0].source == "tides.md"
    assert reader.search("grey seals", k=1)[0].source == "seals.html"  # a reader that was open goes on
    reader.close()
    assert holds(old, b"zanzibar") == []
    assert [path.name for path in old.glob("chroma*")] == [index.kb.manifest.vectors]
    gone = {node for node, source in NODES.items() if source == "note.txt"}
    check(old, set(NODES) - gone)
    # Of a base this small the empty pages of the newer tables take what the texts kept once give back.
    assert sum(path.stat().st_size for path in old.rglob("*") if path.is_file()) < 1.05 * before
    catalog = Catalog(old / "catalog.sqlite")
    assert list(catalog.faults()) == []
    catalog.close()


KILLED = """
import os, shutil, sys
from pathlib import Path
from xmrag_plugin.storage import catalog, knowledge_base, manifest
from xmrag_plugin.storage.chroma import collections
from xmrag_plugin.settings import Settings
left = int(sys.argv[2])
def die_before_and_after(owner, name):
    act = getattr(owner, name)
    def acted(*given, **named):
        step(); result = act(*given, **named); step()
        return result
    setattr(owner, name, acted)
def step():
    global left
    left -= 1
    if left < 0:
        os._exit(9)
for owner, name in ((catalog.Catalog, "store_once"), (catalog.Catalog, "vacuum"), (manifest.Manifest, "save"),
                    (collections.ChromaCollections, "upsert"), (knowledge_base.shutil, "rmtree")):
    die_before_and_after(owner, name)
with knowledge_base.KnowledgeBase(Path(sys.argv[1]), Settings(), create=False).writing():
    pass
"""


def test_a_kill_at_any_step_does_no_harm(old: Path) -> None:
    """One knowledge base killed at ever later steps: each run begins where the last one broke off."""
    for step in range(40):
        done = subprocess.run([sys.executable, "-c", KILLED, str(old), str(step)], timeout=120, check=False)
        check(old, set(NODES))
        if done.returncode == 0:
            break
        assert done.returncode == 9
    else:
        pytest.fail("the migration never ended")
    assert step > 8
    assert json.loads((old / "manifest.json").read_text())["format"] == FORMAT
    assert len(list(old.glob("chroma*"))) == 1


def test_a_newer_format_is_refused(old: Path) -> None:
    manifest = json.loads((old / "manifest.json").read_text())
    (old / "manifest.json").write_text(json.dumps({**manifest, "format": FORMAT + 1}))
    with pytest.raises(KnowledgeBaseNewer, match=str(FORMAT + 1)):
        CrossModalIndex(old)
