"""Multivectors on disk: kept, found, dropped, and whole after a kill."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from xmrag_plugin.errors import KnowledgeBaseDamaged, ModelMismatch
from xmrag_plugin.storage.multivectors import Multivectors


def rows(seed: int, count: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, 8)).astype(np.float32)


def opened(folder: Path) -> Multivectors:
    return Multivectors(folder, dimension=8, fingerprint="model")


def test_what_is_put_is_got_also_by_another(tmp_path: Path) -> None:
    store = opened(tmp_path)
    store.put({"a": rows(1, 5), "b": rows(2, 1)})
    store.put({"c": rows(3, 7), "a": rows(9, 2)})
    for reader in (store, opened(tmp_path)):
        assert len(reader) == 3
        found = reader.get(["c", "a", "nothing"])
        assert set(found) == {"c", "a"}
        assert np.allclose(found["a"], rows(1, 5), atol=2e-3)
        assert np.allclose(found["c"], rows(3, 7), atol=4e-3)
        assert reader.missing(["b", "x", "x", "y"]) == ["x", "y"]


def test_a_reader_sees_what_is_added_meanwhile(tmp_path: Path) -> None:
    writer, reader = opened(tmp_path), opened(tmp_path)
    writer.put({"a": rows(1, 2)})
    assert set(reader.get(["a", "b"])) == {"a"}
    writer.put({"b": rows(2, 3)})
    assert np.allclose(reader.get(["a", "b"])["b"], rows(2, 3), atol=4e-3)


def test_dropping_gives_room_back_and_keeps_the_others(tmp_path: Path) -> None:
    store, reader = opened(tmp_path), opened(tmp_path)
    store.put({str(number): rows(number, number + 1) for number in range(20)})
    reader.get(["3"])
    before = sum(file.stat().st_size for file in tmp_path.glob("*.f16"))
    assert store.keep_only(["3", "7", "unknown"]) == 18
    assert sum(file.stat().st_size for file in tmp_path.glob("*.f16")) == (4 + 8) * 16 < before
    for each in (store, reader):
        assert np.allclose(each.get(["7"])["7"], rows(7, 8), atol=4e-3)
    store.put({"new": rows(50, 2)})
    assert np.allclose(reader.get(["new"])["new"], rows(50, 2), atol=4e-3)


def test_a_torn_row_is_cut_off(tmp_path: Path) -> None:
    store = opened(tmp_path)
    store.put({"a": rows(1, 2)})
    with (tmp_path / "vectors-0.f16").open("ab") as file:
        file.write(b"\1" * 21)
    store.put({"b": rows(2, 2)})
    assert np.allclose(store.get(["b"])["b"], rows(2, 2), atol=4e-3)
    assert np.allclose(opened(tmp_path).get(["a"])["a"], rows(1, 2), atol=4e-3)


KILLED = """
import os, sys
import numpy as np
from pathlib import Path
from xmrag_plugin.storage.multivectors import Multivectors
store = Multivectors(Path(sys.argv[1]), dimension=8, fingerprint="model")
sys.stdout.write("ready"); sys.stdout.flush()
for number in range(10**6):
    store.put({f"key {number}": np.full((3, 8), number % 50, dtype=np.float32)})
"""


def test_a_kill_leaves_what_was_entered_whole(tmp_path: Path) -> None:
    writer = subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE)
    assert writer.stdout is not None
    assert writer.stdout.read(5) == b"ready"
    while len(opened(tmp_path)) < 5:
        assert writer.poll() is None
    os.kill(writer.pid, 9)
    writer.wait()
    writer.stdout.close()
    store = opened(tmp_path)
    for number in range(len(store)):
        assert (store.get([f"key {number}"])[f"key {number}"] == number % 50).all()
    store.put({"after": rows(1, 2)})
    assert np.allclose(store.get(["after"])["after"], rows(1, 2), atol=4e-3)


def test_another_models_folder_is_refused(tmp_path: Path) -> None:
    opened(tmp_path)
    with pytest.raises(ModelMismatch):
        Multivectors(tmp_path, dimension=8, fingerprint="another")


def test_a_cut_file_is_told(tmp_path: Path) -> None:
    store = opened(tmp_path)
    store.put({"a": rows(1, 4)})
    os.truncate(tmp_path / "vectors-0.f16", 16)
    with pytest.raises(KnowledgeBaseDamaged, match="1 of 4 rows"):
        opened(tmp_path).get(["a"])
