"""The catalog: sources and their state, nodes, the lexical index."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from xmrag_plugin.errors import KnowledgeBaseDamaged
from xmrag_plugin.storage.catalog import Catalog, Dependency
from xmrag_plugin.types import Key, NodeRecord


def record(node_id: str, text: str, order: int = 0, **metadata: object) -> NodeRecord:
    return NodeRecord(
        node_id=node_id,
        source="a.md",
        order=order,
        modality=str(metadata.pop("modality", "text")),
        text=text,
        embed_text=text,
        content_key=f"key of {text}",
        metadata=dict(metadata),
        relationships={"previous": "x"},
    )


@pytest.fixture
def catalog(tmp_path: Path):
    catalog = Catalog(tmp_path / "catalog.sqlite")
    yield catalog
    catalog.close()


def fill(catalog: Catalog, path: str, records: list[NodeRecord], **row: object) -> list[str]:
    source_id = catalog.begin_source(path, "/folder", Path(path).name)
    source = catalog.source_at(path)
    assert source is not None
    assert source.source_id == source_id
    for name, value in row.items():
        setattr(source, name, value)
    return catalog.finish_source(source, records)


def test_a_source_is_pending_until_its_nodes_stand(catalog: Catalog):
    catalog.begin_source("/folder/a.md", "/folder", "a.md")
    assert [row.state for row in catalog.sources()] == ["pending"]
    fill(catalog, "/folder/a.md", [record("1", "tides"), record("2", "waves", 1)])
    assert [row.state for row in catalog.sources()] == ["ready"]
    assert catalog.node_ids(1) == ["1", "2"]
    assert catalog.nodes(["2", "none"])["2"].relationships == {"previous": "x"}


def test_what_was_intended_and_never_finished_is_named(catalog: Catalog):
    fill(catalog, "/folder/a.md", [record("1", "tides")])
    catalog.intend(["1", "lost"])
    assert catalog.unfinished() == ["lost"]
    catalog.forget(["lost"])
    assert catalog.unfinished() == []


def test_replacing_names_the_stale_nodes(catalog: Catalog):
    fill(catalog, "/folder/a.md", [record("1", "tides"), record("2", "waves")])
    assert fill(catalog, "/folder/a.md", [record("2", "waves"), record("3", "wind")]) == ["1"]
    assert catalog.unfinished() == ["1"]
    assert catalog.lexical_search("tides", 5) == []
    assert [node_id for node_id, _ in catalog.lexical_search("wind", 5)] == ["3"]


def test_removing_leaves_nothing(catalog: Catalog):
    fill(catalog, "/folder/a.md", [record("1", "tides")], sha256="f", recipe="r")
    fill(catalog, "/folder/b.md", [], alias_of=1)
    assert catalog.remove_source(1) == ["1"]
    assert catalog.node_count == 0
    [copy] = catalog.sources()
    assert (copy.state, copy.alias_of) == ("pending", None)


def test_lexical_search_stems_ranks_and_finds_chinese(catalog: Catalog):
    fill(
        catalog,
        "/folder/a.md",
        [
            record("en", "The turbine turns when tides are running."),
            record("zh", "潮汐发电站位于海湾的北岸。"),
            record("head", "Nothing here.", **{Key.HEADING_PATH: "Turbines"}),
        ],
    )
    assert {i for i, _ in catalog.lexical_search("turbine", 5)} == {"en", "head"}
    assert catalog.lexical_search("turbines", 5)[0][0] == "head"
    assert [i for i, _ in catalog.lexical_search("发电站", 5)] == ["zh"]
    assert [i for i, _ in catalog.lexical_search("岸", 5)] == ["zh"]
    scores = catalog.lexical_matches("turbine").of(["en", "zh", "nobody"])
    assert scores["en"] > 0
    assert scores["zh"] == scores["nobody"] == 0
    assert catalog.shared_terms("the turbine of the Baltic", "en") == (1, 2)


def test_lexical_scores_are_those_of_fts5(catalog: Catalog):
    words = ["tides", *(f"word{number}" for number in range(60))]
    dice = random.Random(0)
    records = [record(str(i), " ".join(dice.choices(words, k=dice.randint(3, 40)))) for i in range(80)]
    fill(
        catalog, "/folder/a.md", [*records, record("rare", "kelp at the shore", **{Key.HEADING_PATH: "Kelp"})]
    )
    with closing(sqlite3.connect(catalog.path)) as db:
        rows = db.execute(
            "SELECT node_id, -bm25(words, 2.0, 1.0, 0.6) FROM words JOIN nodes ON nodes.rowid = words.rowid WHERE words MATCH ?",
            ("kelp OR tide",),
        )
        theirs = dict(rows.fetchall())
    ours = dict(catalog.lexical_search("kelp in tides", 100))
    assert ours == pytest.approx(theirs, rel=1e-3)
    assert next(iter(ours)) == "rare"


def test_what_another_connection_writes_is_found(catalog: Catalog):
    fill(catalog, "/folder/a.md", [record("1", "tides")])
    assert catalog.lexical_search("kelp", 5) == []
    with closing(Catalog(catalog.path)) as other:
        fill(other, "/folder/b.md", [record("2", "kelp")])
    assert [name for name, _ in catalog.lexical_search("kelp", 5)] == ["2"]


@pytest.mark.parametrize(
    "text", ['"', "AND OR NOT (", "ti*", "x^2 - {y}", "'; DROP TABLE nodes; --", "½ ²", ""]
)
def test_signs_of_a_query_language_are_just_signs(catalog: Catalog, text: str):
    fill(catalog, "/folder/a.md", [record("1", "tides")])
    assert catalog.lexical_search(text, 5) == []


def test_depended_files_are_known(catalog: Catalog):
    catalog.begin_source("/folder/a.md", "/folder", "a.md")
    row = catalog.source_at("/folder/a.md")
    assert row is not None
    catalog.finish_source(row, [], [Dependency("/folder/p.png", "h", 3, 4)])
    assert catalog.depended_paths() == {"/folder/p.png"}
    assert catalog.dependencies(row.source_id) == [Dependency("/folder/p.png", "h", 3, 4)]


def test_media_words_are_kept_by_describer(catalog: Catalog):
    catalog.keep_media_words("ocr/1", {"h": "TOTAL 9.00"})
    assert catalog.media_words("h", "ocr/1") == "TOTAL 9.00"
    assert catalog.media_words("h", "ocr/2") is None


def test_what_is_no_catalog_is_said_so(tmp_path: Path):
    (tmp_path / "catalog.sqlite").write_text("this is no database, but long enough to look at" * 100)
    with pytest.raises(KnowledgeBaseDamaged, match="cannot be opened"):
        Catalog(tmp_path / "catalog.sqlite")
