"""Knowledge bases that may not be written: searched and asked all the same, and fresh."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from xmrag_plugin import CrossModalIndex, CrossModalVectorStore
from xmrag_plugin.errors import KnowledgeBaseMissing, StoreError
from xmrag_plugin.storage.catalog import Catalog
from xmrag_plugin.storage.chroma import folder as chroma_folder
from xmrag_plugin.storage.chroma.collections import ChromaCollections
from xmrag_plugin.types import NodeRecord

AS_ANOTHER_USER = """
import os, sys
os.setgroups([]); os.setgid(65534); os.setuid(65534); os.environ["HOME"] = "/nonexistent"
exec(sys.argv[1])
"""


def as_another_user(code: str, *arguments: str) -> str:
    """What a program prints that another user runs, who may read but not write."""
    done = subprocess.run(
        [sys.executable, "-c", AS_ANOTHER_USER, code, *arguments], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "a.md").write_text("# Tides\n\nThe spring tide runs at 3.6 knots past the harbour wall.\n")
    return docs


@pytest.fixture
def not_writable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Says of every file that it may not be written, as the system does of a read-only mount."""
    access = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: mode & os.W_OK == 0 and access(path, mode))


def seal(folder: Path) -> dict[Path, bytes]:
    return {
        path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and "sqlite-" not in path.name
    }


def test_it_is_searched_asked_and_left_as_it_is(
    docs: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    with CrossModalIndex(tmp_path / "kb", ocr="off") as index:
        index.add(docs)
    before = seal(tmp_path / "kb")
    request.getfixturevalue("not_writable")
    with CrossModalIndex(tmp_path / "kb", create=False) as index:
        assert index.search("harbour wall", k=1)[0].source == "a.md"
        assert "3.6" in str(index.as_query_engine(llm="none").query("How fast is the spring tide?"))
        status = index.status()
        assert status["read_only"] is True
        assert status["nodes"] == {"text": 1}
        for write in (lambda: index.add(docs), lambda: index.remove("a.md")):
            with pytest.raises(StoreError, match="read-only"):
                write()
    assert seal(tmp_path / "kb") == before


def test_it_is_served_with_conversations_that_nothing_is_written_of(
    docs: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    client = pytest.importorskip("fastapi.testclient", reason="the extra serve is not installed")
    from xmrag_plugin.server import create_app

    with CrossModalIndex(tmp_path / "kb", ocr="off", llm="none") as index:
        index.add(docs)
    before = seal(tmp_path / "kb")
    request.getfixturevalue("not_writable")
    with CrossModalIndex(tmp_path / "kb", create=False, llm="none") as index:
        served = client.TestClient(create_app(index, mcp=False))
        session = served.post("/api/sessions").json()["session"]
        asked = {"text": "How fast is the spring tide?", "session": session}
        assert "3.6" in served.post("/api/ask", json=asked).json()["answer"]
        assert len(served.get(f"/api/sessions/{session}").json()["messages"]) == 2
        assert served.post("/api/add", files={"files": ("n.md", b"# N\n")}).status_code in (404, 405)
    assert seal(tmp_path / "kb") == before


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="only root can act as another user")
def test_another_user_searches_it(docs: Path, tmp_path: Path) -> None:
    with CrossModalIndex(tmp_path / "kb", ocr="off") as index:
        index.add(docs)
    for folder in (tmp_path, *tmp_path.parents):
        if folder != Path(folder.anchor) and folder.stat().st_uid == os.getuid():
            folder.chmod(folder.stat().st_mode | 0o555)
    code = (
        "from xmrag_plugin.storage.knowledge_base import KnowledgeBase\n"
        "from xmrag_plugin.settings import Settings\nfrom pathlib import Path\n"
        "kb = KnowledgeBase(Path(sys.argv[2]), Settings(), create=False)\n"
        "print(kb.read_only, kb.vectors.count(), kb.catalog.lexical_search('harbour', 3) != [])"
    )
    try:
        assert as_another_user(code, str(tmp_path / "kb")) == "True 1 True"
    except AssertionError as error:
        if "No module named" in str(error) or "Permission denied" in str(error):
            pytest.skip("the interpreter is not readable to another user")
        raise


def test_a_log_that_a_killed_writer_left_is_read_too(tmp_path: Path) -> None:
    (tmp_path / "live").mkdir()
    catalog = Catalog(tmp_path / "live" / "catalog.sqlite")
    catalog.begin_source("/f/a.md", "/f", "a.md")
    row = catalog.source_at("/f/a.md")
    assert row is not None
    catalog.finish_source(row, [NodeRecord("n", "a.md", 0, "text", "the tide", "the tide", "k")])
    kept = tmp_path / "kept"
    kept.mkdir()
    for name in ("catalog.sqlite", "catalog.sqlite-wal"):  # as a kill leaves them
        shutil.copy(tmp_path / "live" / name, kept / name)
    catalog.close()
    for name in seal(kept):
        name.chmod(0o444)
    kept.chmod(0o555)
    reader = Catalog(kept / "catalog.sqlite", read_only=True)
    assert list(reader.nodes(["n"])) == ["n"]
    reader.close()
    kept.chmod(0o755)


def test_what_the_owner_adds_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = ChromaCollections(tmp_path / "chroma")
    owner.upsert("text", "text", ["a"], [[1, 0]])
    owner.close()
    reader = ChromaCollections(tmp_path / "chroma")
    reader._client._source.read_only = True  # type: ignore[union-attr]
    reader.refresh()
    assert reader.query("text", "text", [1, 0], 5) == [("a", pytest.approx(1))]
    writer = (
        "import sys; from xmrag_plugin.storage.chroma.collections import ChromaCollections\n"
        "ChromaCollections(sys.argv[1]).upsert('text', 'text', ['b'], [[0, 1]])"
    )
    subprocess.run([sys.executable, "-c", writer, str(tmp_path / "chroma")], check=True, timeout=120)
    assert [name for name, _ in reader.query("text", "text", [0, 1], 1)] == ["b"]
    with pytest.raises(StoreError, match="read-only"):
        reader.upsert("text", "text", ["c"], [[1, 1]])
    copy = reader._client._source._place  # type: ignore[union-attr]
    assert copy != tmp_path / "chroma"
    reader.close()
    assert not copy.exists()


def test_a_vector_store_reads_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from llama_index.core.schema import TextNode

    store = CrossModalVectorStore.from_params("docs", persist_dir=tmp_path / "c")
    store.add([TextNode(id_="a", text="t", embedding=[1.0, 0.0])])
    store._table.chroma.client.close()  # type: ignore[union-attr]
    monkeypatch.setattr(chroma_folder, "is_writable", lambda folder: False)
    reader = CrossModalVectorStore.from_params("docs", persist_dir=tmp_path / "c")
    assert [node.node_id for node in reader.get_nodes()] == ["a"]
    with pytest.raises(StoreError, match="read-only"):
        reader.clear()
    (tmp_path / "empty").mkdir()
    with pytest.raises(KnowledgeBaseMissing, match="read-only"):
        CrossModalVectorStore.from_params("docs", persist_dir=tmp_path / "empty")
