"""Processes that fork: what was used before works in the child, too."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import chromadb
import pytest
from llama_index.core.schema import TextNode

from xmrag_plugin import CrossModalVectorStore
from xmrag_plugin.storage.catalog import Catalog
from xmrag_plugin.storage.chroma.collections import ChromaCollections
from xmrag_plugin.storage.writers import writer_of
from xmrag_plugin.types import NodeRecord

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")


def in_child(act: Callable[[], object], wait_s: float = 60.0) -> str:
    """What ``act`` says in a forked process."""
    read_end, write_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            said = str(act())
        except BaseException as error:
            said = f"{type(error).__name__}: {error}"
        os.write(write_end, said.encode()[:4000])
        os._exit(0)
    os.close(write_end)
    deadline = time.monotonic() + wait_s
    while os.waitpid(pid, os.WNOHANG) == (0, 0):
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            pytest.fail("the child hung")
        time.sleep(0.02)
    with os.fdopen(read_end) as pipe:
        return pipe.read()


def test_vectors_are_read_and_written_on_both_sides(tmp_path: Path) -> None:
    collections = ChromaCollections(tmp_path / "chroma")
    collections.upsert("text", "text", ["a", "b"], [[1, 0], [0, 1]])
    assert collections.query("text", "text", [1, 0], 1)[0][0] == "a"
    assert in_child(lambda: collections.query("text", "text", [0, 1], 1)[0][0]) == "b"
    assert in_child(lambda: collections.upsert("text", "text", ["c"], [[-1, 0]])) == "None"
    assert collections.query("text", "text", [-1, 0], 1)[0][0] == "c"  # the parent sees the child's
    nested = in_child(lambda: in_child(lambda: collections.count()))
    assert nested == "3"


def test_the_catalog_is_opened_anew(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path / "catalog.sqlite")
    catalog.begin_source("/f/a.md", "/f", "a.md")
    row = catalog.source_at("/f/a.md")
    assert row is not None
    catalog.finish_source(row, [NodeRecord("n", "a.md", 0, "text", "the tide", "the tide", "k")])
    assert catalog.lexical_search("tide", 5)
    assert in_child(lambda: [name for name, _ in catalog.lexical_search("tide", 5)]) == "['n']"
    assert in_child(lambda: catalog.begin_source("/f/b.md", "/f", "b.md")) == "2"
    assert len(catalog.sources()) == 2


def test_a_lock_that_another_thread_held_is_free(tmp_path: Path) -> None:
    held, done = threading.Event(), threading.Event()

    def write() -> None:
        with writer_of(tmp_path, 0):
            held.set()
            done.wait(60)

    thread = threading.Thread(target=write)
    thread.start()
    held.wait(60)

    def wait_for_the_parent() -> str:
        try:
            with writer_of(tmp_path, 0):
                return "entered"
        except Exception as error:
            return type(error).__name__

    assert in_child(wait_for_the_parent) == "KnowledgeBaseLocked"  # the parent's process still holds it
    done.set()
    thread.join()
    assert in_child(wait_for_the_parent) == "entered"


def test_a_store_over_a_collection_that_the_application_made(tmp_path: Path) -> None:
    client = chromadb.PersistentClient(str(tmp_path / "c"))
    store = CrossModalVectorStore.from_collection(client.get_or_create_collection("docs"))
    store.add([TextNode(id_="a", text="t", embedding=[1.0, 0.0])])
    assert in_child(lambda: [node.node_id for node in store.get_nodes()]) == "['a']"
    memory = CrossModalVectorStore.from_collection(
        chromadb.EphemeralClient().get_or_create_collection("in-memory")
    )
    memory.add([TextNode(id_="a", text="t", embedding=[1.0, 0.0])])
    assert "memory of the process that was forked" in in_child(memory.get_nodes)


def test_a_store_on_a_server_gets_a_session_of_its_own(chroma_server: tuple[str, int]) -> None:
    host, port = chroma_server
    store = CrossModalVectorStore.from_params("forked", host=host, port=port)
    store.add([TextNode(id_="a", text="t", embedding=[1.0, 0.0])])
    parent = store._table.chroma.client.client  # type: ignore[union-attr]

    def ask() -> list[object]:
        return [[node.node_id for node in store.get_nodes()], store._table.chroma.client.client is parent]  # type: ignore[union-attr]

    assert in_child(ask) == "[['a'], False]"
    assert sys.modules["chromadb"]
