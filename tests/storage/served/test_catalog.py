"""The catalog in Postgres is the one in a file: the same nodes, scores and order, whatever has settled."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from servers import PostgresProcess

from xmrag_plugin.errors import KnowledgeBaseMissing
from xmrag_plugin.settings import Secret
from xmrag_plugin.storage.catalog import Catalog, SourceRow
from xmrag_plugin.storage.served.catalog import ServedCatalog
from xmrag_plugin.storage.served.postgres import Postgres
from xmrag_plugin.types import Key, NodeRecord

pytestmark = pytest.mark.service

WORDS = [
    f"{a}{b}" for a in ("tide", "kelp", "gull", "sand", "größe", "发电") for b in ("", "s", "ly", "x", "12")
]


def records(path: str, first: int, count: int, dice: random.Random) -> list[NodeRecord]:
    chance = [1 / (n + 1) for n in range(len(WORDS))]
    found = []
    for number in range(first, first + count):
        text = " ".join(dice.choices(WORDS, chance, k=dice.randint(1, 30))) + f" only{number}"
        metadata = {
            Key.SOURCE: path,
            Key.PAGE: number % 7 + 1,
            "odd": float("nan") if number == 3 else number,
        }
        if number % 3 == 0:
            metadata[Key.HEADING_PATH] = dice.choice(WORDS)
        found.append(
            NodeRecord(
                f"n{number}", path, number, "text", text, f"{path}\x00\x1a {text}", f"k{number}", metadata
            )
        )
    return found


def fill(catalog: Catalog, path: str, held: list[NodeRecord]) -> None:
    catalog.begin_source(f"/{path}", "/", path)
    row = catalog.source_at(f"/{path}")
    assert row is not None
    catalog.intend(record.node_id for record in held)
    catalog.finish_source(row, held)
    catalog.settle(100)


@pytest.fixture
def pair(tmp_path: Path, postgres_process: PostgresProcess) -> Iterator[tuple[Catalog, ServedCatalog]]:
    served = ServedCatalog(Postgres(Secret(postgres_process.url), f"xmrag_{tmp_path.name}".lower()[:40], 20))
    served.make()
    served.make()  # what is there is left
    embedded = Catalog(tmp_path / "catalog.sqlite")
    yield embedded, served
    embedded.close()
    served.close()


def assert_equal(embedded: Catalog, served: Catalog, dice: random.Random) -> None:
    for _ in range(25):
        asked = " ".join(dice.choices(WORDS, k=dice.randint(1, 4)))
        assert served.lexical_search(asked, 40) == embedded.lexical_search(asked, 40), asked
    assert served.lexical_search("only7", 5) == embedded.lexical_search("only7", 5)
    assert list(served.iter_nodes()) == list(embedded.iter_nodes()) or str(list(served.iter_nodes())) == str(
        list(embedded.iter_nodes())  # NaN is unlike itself
    )
    for told in ("counts", "languages", "sources_by_state", "indexed_count", "depended_paths", "mean_terms"):
        values = [getattr(each, told) for each in (embedded, served)]
        one, other = (value() if callable(value) else value for value in values)
        assert other == pytest.approx(one) if isinstance(one, float) else other == one, told
    assert list(served.faults()) == []
    assert sorted(served.unfinished()) == sorted(embedded.unfinished())


def test_it_holds_and_ranks_what_a_file_does(pair: tuple[Catalog, ServedCatalog]) -> None:
    embedded, served = pair
    for catalog in pair:
        dice = random.Random(1)
        for number in range(12):
            fill(catalog, f"{number}.md", records(f"{number}.md", 30 * number, 30, dice))
    assert_equal(embedded, served, random.Random(2))
    for catalog in pair:
        for name in ("3.md", "11.md"):
            (row,) = catalog.source_named(name)
            catalog.remove_source(row.source_id)
        fill(catalog, "5.md", records("5.md", 160, 15, random.Random(3)))
    assert_equal(embedded, served, random.Random(4))
    for catalog in pair:
        catalog.settle(1)
        catalog.forget_removed()
        catalog.vacuum()
    assert_equal(embedded, served, random.Random(5))
    for catalog in pair:
        catalog.rebuild_text_index()
    assert_equal(embedded, served, random.Random(6))


def test_a_transaction_is_whole_or_not_at_all(pair: tuple[Catalog, ServedCatalog]) -> None:
    _, served = pair
    fill(served, "a.md", records("a.md", 0, 5, random.Random(1)))
    state = served.state

    def fail() -> None:
        with served.transaction():
            served.keep_media_words("ocr", {"m": "words"})
            served.remove_source(1)
            assert served.node_count == 0
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert served.node_count == 5
    assert served.media_words("m", "ocr") is None
    assert served.state == state
    served.keep_media_words("ocr", {"m": "words"})
    assert served.state != state


def test_a_source_that_another_writer_removes_meanwhile_is_there_again(
    pair: tuple[Catalog, ServedCatalog],
) -> None:
    _, served = pair
    held = records("a.md", 0, 5, random.Random(1))
    row = SourceRow(served.begin_source("/docs/a.md", "/docs", "a.md"), "/docs/a.md", "/docs", "a.md")
    served.remove_source(row.source_id)
    served.finish_source(row, held)
    (kept,) = served.sources()
    assert (kept.source, kept.state, kept.source_id) == ("a.md", "ready", row.source_id)
    assert [record.node_id for record in served.iter_nodes()] == [record.node_id for record in held]
    assert served.counts() == {"text": 5}


def test_words_that_are_indexed_anew_are_read_anew(pair: tuple[Catalog, ServedCatalog]) -> None:
    _, served = pair
    fill(served, "a.md", records("a.md", 0, 5, random.Random(1)))
    assert served.lexical_search("only3", 5)
    served._db.execute("UPDATE nodes SET text = 'nothing'")
    served.rebuild_text_index()
    assert not served.lexical_search("only3", 5)
    assert len(served.lexical_search("nothing", 9)) == 5


def test_tables_that_are_gone_are_said_to_be(pair: tuple[Catalog, ServedCatalog]) -> None:
    _, served = pair
    served._db.execute("DROP TABLE nodes CASCADE")
    with pytest.raises(KnowledgeBaseMissing, match="no more"):
        served.nodes(["a"])


def test_files_are_kept(pair: tuple[Catalog, ServedCatalog]) -> None:
    _, served = pair
    served.write_file("a", bytes(range(256)))
    served.write_file("a", b"\x00\x01")
    assert (served.read_file("a"), served.has_file("a"), served.read_file("b")) == (b"\x00\x01", True, None)
    served.write_file("a", None)
    assert not served.has_file("a")
