"""Vectors on Chroma: exactness, batches, other processes, damage, servers."""

from __future__ import annotations

import shutil
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import chromadb
import numpy as np
import pytest
from numpy.typing import NDArray

from xmrag_plugin.errors import (
    KnowledgeBaseDamaged,
    KnowledgeBaseMissing,
    ModelMismatch,
    StoreError,
    UsageError,
)
from xmrag_plugin.storage.chroma.collections import ChromaCollections
from xmrag_plugin.storage.chroma.index_files import clear_unused_rows, index_fault

WRITER = """
import sys, time
import numpy as np
from xmrag_plugin.storage.chroma.collections import ChromaCollections
folder, start, stop, step = sys.argv[1], *map(int, sys.argv[2:5])
collections = ChromaCollections(folder)
vectors = np.random.default_rng(start).normal(size=(stop - start, 16))
for at in range(start, stop, step):
    names = [f"n{i}" for i in range(at, min(at + step, stop))]
    collections.upsert("text", "text", names, vectors[at - start : at - start + step])
    print(at, flush=True)
"""


def write_elsewhere(folder: Path, start: int, stop: int, step: int = 1000) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder), str(start), str(stop), str(step)],
        stdout=subprocess.PIPE,
        text=True,
    )


def vectors_like_sentences(count: int, dimension: int = 384, seed: int = 0) -> NDArray[np.float32]:
    """Vectors of low inner dimension around a common mean, as encoders give them."""
    rng = np.random.default_rng(seed)
    base = np.random.default_rng(99).normal(size=(33, dimension))
    rows = rng.normal(size=(count, 32)) @ base[:32] + 3 * base[32] + rng.normal(size=(count, dimension))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture
def collections(tmp_path: Path) -> ChromaCollections:
    return ChromaCollections(tmp_path / "chroma")


def test_nearest_come_first_with_their_cosine(collections: ChromaCollections) -> None:
    collections.upsert("text", "text", ["x", "y", "xy"], [[2, 0], [0, 5], [1, 1]])
    assert collections.query("text", "text", [10, 0], 5) == [
        ("x", pytest.approx(1)),
        ("xy", pytest.approx(0.70710678)),
        ("y", pytest.approx(0, abs=1e-6)),
    ]
    assert collections.query("text", "text", [-1, 0], 5)[-1] == ("x", pytest.approx(-1))


def test_spaces_and_modalities_do_not_mix(collections: ChromaCollections) -> None:
    collections.upsert("text", "text", ["a"], [[1, 0]])
    collections.upsert("text", "image", ["b"], [[1, 0]])
    collections.upsert("vision", "image", ["b"], [[1, 0, 0]])
    collections.upsert("text-2", "image", ["c"], [[1, 0]])
    assert [name for name, _ in collections.query("text", "image", [1, 0], 9)] == ["b"]
    assert collections.kinds() == [
        ("text", "image"),
        ("text", "text"),
        ("text-2", "image"),
        ("vision", "image"),
    ]
    assert (collections.count(), collections.count("text"), collections.count(None, "image")) == (4, 2, 3)
    collections.drop("text")
    assert collections.kinds() == [("text-2", "image"), ("vision", "image")]


def test_what_is_not_there_holds_nothing(collections: ChromaCollections) -> None:
    assert collections.query("text", "text", [1, 0], 5) == []
    assert collections.vectors("text", "text", ["a"]) == {}
    assert collections.ids("text", "text") == []
    assert collections.count() == 0
    collections.delete(["a"])
    collections.upsert("text", "text", [], np.empty((0, 3)))
    collections.upsert("text", "text", ["a"], [[1, 0]])
    collections.delete(["a"])
    assert collections.query("text", "text", [1, 0], 5) == []
    assert collections.query("text", "text", [1, 0], 0) == []


def test_an_upsert_replaces_the_vector(collections: ChromaCollections) -> None:
    collections.upsert("text", "text", ["a"], [[1, 0]])
    collections.upsert("text", "text", ["a", "b", "a"], [[9, 9], [1, 0], [0, 1]])
    assert collections.count() == 2
    assert collections.query("text", "text", [0, 1], 1) == [("a", pytest.approx(1))]


def test_more_than_chromas_batch_limit_at_once(collections: ChromaCollections) -> None:
    count = 6000
    collections.upsert("text", "text", [f"n{i}" for i in range(count)], vectors_like_sentences(count, 8))
    assert collections.count() == count
    assert len(collections.vectors("text", "text", [f"n{i}" for i in range(count)])) == count
    assert len(collections.query("text", "text", np.ones(8), count * 2)) == count
    collections.delete([f"n{i}" for i in range(1, count)])
    assert collections.ids("text", "text") == ["n0"]


@pytest.mark.parametrize("count", [3, 250])
def test_the_nearest_among_given_ids(collections: ChromaCollections, count: int) -> None:
    table = vectors_like_sentences(300, 12)
    collections.upsert("text", "text", [f"n{i}" for i in range(300)], table)
    ids = [f"n{i}" for i in range(20, 20 + count)]
    expected = sorted(ids, key=lambda name: -float(table[int(name[1:])] @ table[0]))[:10]
    for asked in (ids, [*ids, "gone"]):
        assert [name for name, _ in collections.query("text", "text", table[0], 10, ids=asked)] == expected
    assert collections.query("text", "text", table[0], 10, ids=[]) == []
    assert collections.query("text", "text", table[0], 10, ids=["gone"] * 300) == []


def test_vectors_come_back(collections: ChromaCollections) -> None:
    table = vectors_like_sentences(20, 12) * 3
    collections.upsert("text", "text", [f"n{i}" for i in range(20)], table)
    found = collections.vectors("text", "text", ["n3", "gone", "n3", "n7"])
    assert set(found) == {"n3", "n7"}
    assert found["n3"].dtype == np.float32
    np.testing.assert_allclose(found["n3"], table[3], rtol=1e-4)


@pytest.mark.parametrize(
    ("ids", "vectors"),
    [(["a"], [[0, 0]]), (["a"], [[1, float("nan")]]), (["a", "b"], [[1, 0]]), (["a"], [1, 0])],
)
def test_vectors_without_direction_or_in_wrong_number_are_refused(
    collections: ChromaCollections, ids: list[str], vectors: Any
) -> None:
    with pytest.raises(UsageError):
        collections.upsert("text", "text", ids, vectors)


def test_another_dimension_is_another_model(collections: ChromaCollections) -> None:
    collections.upsert("text", "text", ["a"], [[1, 0]])
    for wrong in (
        lambda: collections.upsert("text", "text", ["b"], [[1, 0, 0]]),
        lambda: collections.query("text", "text", [1, 0, 0], 3),
        lambda: collections.query("text", "text", [1, 0, 0], 3, ids=["a"]),
    ):
        with pytest.raises(ModelMismatch, match="dimension"):
            wrong()


def test_a_name_that_chroma_cannot_bear(collections: ChromaCollections) -> None:
    assert collections.collection_name("org/model v2", "text") == "xmrag-org_model_v2-text"
    with pytest.raises(UsageError, match="cannot name"):
        collections.collection_name("x" * 600, "text")


def test_recall_of_the_index_is_whole() -> None:
    table, questions = vectors_like_sentences(4000), vectors_like_sentences(50, seed=1)
    collections = ChromaCollections(chromadb.EphemeralClient(), prefix="recall")
    collections.upsert("text", "text", [str(i) for i in range(len(table))], table)
    found = [collections.query("text", "text", question, 10) for question in questions]
    exact = np.argsort(-(questions @ table.T), axis=1)[:, :10]
    kept = sum(
        len({int(name) for name, _ in row} & set(best)) for row, best in zip(found, exact, strict=True)
    )
    assert kept / exact.size >= 0.995
    collections.drop("text")


# -- other processes ---------------------------------------------------------------------------------


def test_what_another_process_writes_is_seen_at_once(tmp_path: Path) -> None:
    folder = tmp_path / "chroma"
    write_elsewhere(folder, 0, 50).communicate(timeout=60)
    reader = ChromaCollections(folder)
    assert len(reader.query("text", "text", np.ones(16), 500)) == 50
    write_elsewhere(folder, 50, 300).communicate(timeout=60)
    assert len(reader.query("text", "text", np.ones(16), 500)) == 300
    assert len(reader.vectors("text", "text", [f"n{i}" for i in range(300)])) == 300


def test_the_stock_client_does_not_see_it() -> None:
    """What chroma_client.py works around; when this fails, Chroma has mended it."""
    script = (
        "import chromadb, subprocess, sys, tempfile\n"
        "folder = tempfile.mkdtemp()\n"
        "run = lambda *a: subprocess.run([sys.executable, '-c', sys.argv[1], folder, *a], check=True)\n"
        "run('0', '50', '50')\n"
        "collection = chromadb.PersistentClient(folder).get_collection('xmrag-text-text', embedding_function=None)\n"
        "assert len(collection.query(query_embeddings=[[1.0] * 16], n_results=99)['ids'][0]) == 50\n"
        "run('50', '99', '50')\n"
        "try:\n"
        "    print(len(collection.query(query_embeddings=[[1.0] * 16], n_results=99, include=[])['ids'][0]))\n"
        "    print(len(collection.get(include=['embeddings'])['ids']))\n"
        "except chromadb.errors.InternalError as error:\n"
        "    print(error)\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", script, WRITER], capture_output=True, text=True, timeout=120, check=True
    ).stdout
    assert "99\n99\n" not in told


def test_reading_goes_on_while_another_process_writes(tmp_path: Path) -> None:
    folder = tmp_path / "chroma"
    writer = write_elsewhere(folder, 0, 2000, step=50)
    assert writer.stdout is not None
    writer.stdout.readline()
    reader = ChromaCollections(folder)
    seen = []
    while writer.poll() is None:
        found = reader.query("text", "text", np.ones(16), 10)
        assert len(found) == 10
        assert len(reader.vectors("text", "text", [name for name, _ in found])) == 10
        seen.append(reader.count())
        time.sleep(0.02)
    writer.communicate()
    assert writer.returncode == 0
    assert seen == sorted(seen)
    assert len(set(seen)) > 3
    assert len(reader.query("text", "text", np.ones(16), 9999)) == 2000


def test_threads_of_one_process_share_one_client(tmp_path: Path) -> None:
    writer, reader = ChromaCollections(tmp_path / "c"), ChromaCollections(tmp_path / "c")
    table = vectors_like_sentences(600, 16)
    failures: list[BaseException] = []

    def read() -> None:
        try:
            for _ in range(60):
                for name, _similarity in reader.query("text", "text", table[0], 5):
                    assert reader.vectors("text", "text", [name])
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for start in range(0, 600, 50):
        writer.upsert("text", "text", [f"n{i}" for i in range(start, start + 50)], table[start : start + 50])
    for thread in threads:
        thread.join()
    assert not failures
    writer.close()
    assert reader.count() == 600
    reader.close()
    with pytest.raises(UsageError, match="closed"):
        reader.count()


def test_the_applications_own_client_on_the_same_folder_is_shared(tmp_path: Path) -> None:
    own = chromadb.PersistentClient(str(tmp_path.resolve()))
    collections = ChromaCollections(tmp_path)
    collections.upsert("text", "text", ["a"], [[1, 0]])
    stock = own.get_collection("xmrag-text-text", embedding_function=None)
    assert stock.query(query_embeddings=[[1.0, 0.0]], n_results=1)["ids"] == [["a"]]
    collections.close()
    assert stock.count() == 1
    own.close()


def test_a_server_serves_several_writers(chroma_server: tuple[str, int]) -> None:
    host, port = chroma_server
    first = ChromaCollections(chromadb.HttpClient(host=host, port=port), prefix="two")
    second = ChromaCollections(chromadb.HttpClient(host=host, port=port), prefix="two")
    table = vectors_like_sentences(400, 16)
    first.upsert("text", "text", [f"a{i}" for i in range(200)], table[:200])
    second.upsert("text", "text", [f"b{i}" for i in range(200)], table[200:])
    assert first.count() == second.count() == 400
    assert first.query("text", "text", table[200], 1)[0][0] == "b0"
    assert len(first.vectors("text", "text", second.ids("text", "text"))) == 400
    first.delete([f"a{i}" for i in range(200)])
    assert second.count() == 200
    assert first.check() == {}
    first.drop("text")
    assert second.query("text", "text", table[0], 1) == []
    first.upsert("text", "text", ["c"], table[:1])  # a collection of the same name, but another
    assert second.query("text", "text", table[0], 1)[0][0] == "c"
    first.drop("text")


# -- damage ------------------------------------------------------------------------------------------


def test_a_missing_folder_is_made_or_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(KnowledgeBaseMissing, match="no Chroma database"):
        ChromaCollections(tmp_path / "none", must_exist=True)
    assert not (tmp_path / "none").exists()
    ChromaCollections(tmp_path / "none").close()
    ChromaCollections(tmp_path / "none", must_exist=True).close()


def test_garbage_is_named_as_damage(tmp_path: Path) -> None:
    (tmp_path / "chroma.sqlite3").write_bytes(b"no database " * 500)
    with pytest.raises(KnowledgeBaseDamaged, match="cannot be read by Chroma"):
        ChromaCollections(tmp_path)
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match="cannot be made"):
        ChromaCollections(tmp_path / "file")


@pytest.mark.parametrize("harm", ["emptied", "gone"])
def test_a_damaged_index_is_told_from_a_whole_one(tmp_path: Path, harm: str) -> None:
    write_elsewhere(tmp_path / "sound", 0, 300, 100).communicate(timeout=60)
    folder = shutil.copytree(tmp_path / "sound", tmp_path / "harmed")
    (segment,) = [path.parent for path in folder.rglob("header.bin")]
    if harm == "emptied":
        (segment / "header.bin").write_bytes(b"")
        with pytest.raises(KnowledgeBaseDamaged, match="cannot be read"):
            ChromaCollections(folder).query("text", "text", np.ones(16), 3)
    else:
        shutil.rmtree(segment)
        assert ChromaCollections(folder).check() != {}
    assert ChromaCollections(tmp_path / "sound").check() == {}


def test_vectors_that_no_search_comes_to_are_not_lost(tmp_path: Path) -> None:
    """Around a common direction, at all distances, many stand at the edge: no other is linked to them."""
    chance = np.random.default_rng(0)
    table = 2 * chance.normal(size=384) + chance.normal(size=(600, 384)) * chance.uniform(0.2, 3, (600, 1))
    collections = ChromaCollections(tmp_path)
    collections.upsert("text", "text", [f"n{i}" for i in range(600)], table)
    assert len(collections.query("text", "text", np.ones(384), 600)) < 600
    assert collections.check() == {}
    collections.close()


def test_a_collection_of_someone_elses_distance_is_refused(tmp_path: Path) -> None:
    client = chromadb.PersistentClient(str(tmp_path))
    client.create_collection("xmrag-text-text", embedding_function=None)
    with pytest.raises(KnowledgeBaseDamaged, match="not cosine"):
        ChromaCollections(client).query("text", "text", [1, 0], 1)


def test_room_for_vectors_to_come_is_cleared_in_a_copy(tmp_path: Path) -> None:
    rows = np.random.default_rng(0).normal(size=(130, 8)).astype(np.float32)
    collections = ChromaCollections(tmp_path / "old", "docs")
    collections.upsert("text", "text", [str(number) for number in range(len(rows))], list(rows))
    collections.copy_to(tmp_path / "new")
    before = collections.vectors("text", "text", ["7"])
    collections.close()
    [header] = (tmp_path / "new").glob("*/header.bin")
    count, row_bytes = struct.unpack_from("<iQQQQ", header.read_bytes())[-2:]
    table = header.with_name("data_level0.bin")
    with table.open("ab") as stream:
        stream.write(b"word" * row_bytes * 4)  # as Chroma writes it where the process had words before
    with header.with_name("length.bin").open("ab") as stream:
        stream.write(b"word" * 16)
    clear_unused_rows(tmp_path / "new" / "chroma.sqlite3")
    assert not any(table.read_bytes()[count * row_bytes :])
    assert b"word" not in header.with_name("length.bin").read_bytes()
    assert index_fault(tmp_path / "new" / "chroma.sqlite3", thorough=True) == ""
    copied = ChromaCollections(tmp_path / "new", "docs")
    np.testing.assert_allclose(copied.vectors("text", "text", ["7"])["7"], before["7"])
    copied.close()
