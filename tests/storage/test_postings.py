"""Settled postings give what FTS5 gives, are taken out whole, and hold no word of what was removed."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from xmrag_plugin.storage import lexical_index
from xmrag_plugin.storage.catalog import Catalog
from xmrag_plugin.storage.latest_words import lexical_functions
from xmrag_plugin.storage.postings import RANGE_BITS
from xmrag_plugin.text.terms import index_words
from xmrag_plugin.types import Key, NodeRecord

WORDS = [f"{a}{b}" for a in ("tide", "kelp", "gull", "sand", "rope") for b in ("", "s", "ly", "x", "12", "q")]


def record(name: str, text: str, **metadata: object) -> NodeRecord:
    return NodeRecord(
        node_id=name,
        source="a.md",
        order=int(name),
        modality="text",
        text=text,
        embed_text=text,
        content_key=name,
        metadata={Key.SOURCE: "a.md", **metadata},
        relationships={},
    )


def records(first: int, count: int, dice: random.Random) -> list[NodeRecord]:
    chance = [1 / (n + 1) for n in range(len(WORDS))]
    return [
        record(
            str(number),
            " ".join(dice.choices(WORDS, chance, k=dice.randint(1, 30))) + f" only{number}",
            **({Key.HEADING_PATH: dice.choice(WORDS)} if number % 3 == 0 else {}),
        )
        for number in range(first, first + count)
    ]


def fill(catalog: Catalog, path: str, held: list[NodeRecord]) -> None:
    catalog.begin_source(path, "/", path[1:])
    row = catalog.source_at(path)
    assert row is not None
    catalog.finish_source(row, held)


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[Catalog, Catalog]]:
    """A catalog whose words settle early, and one whose words stay in FTS5."""
    catalogs = Catalog(tmp_path / "settled.sqlite"), Catalog(tmp_path / "fresh.sqlite")
    yield catalogs
    for catalog in catalogs:
        catalog.close()


QUESTIONS = [
    "tide",
    "kelp gulls",
    "sandly ropex tides kelp",
    "only17",
    "only4 rope12",
    "tideq gullq sandq kelpq",
]


def same(settled: Catalog, fresh: Catalog) -> None:
    for question in QUESTIONS:
        ours, theirs = (dict(catalog.lexical_search(question, 500)) for catalog in (settled, fresh))
        assert ours == pytest.approx(theirs, rel=1e-4), question
        assert settled.lexical_matches(question).literal() == fresh.lexical_matches(question).literal()
        some = [str(number) for number in range(0, 300, 7)]
        assert settled.lexical_matches(question).of(some) == pytest.approx(
            fresh.lexical_matches(question).of(some), rel=1e-4
        )
        assert settled.shared_terms(question, "17") == fresh.shared_terms(question, "17")
    assert settled.mean_terms() == pytest.approx(fresh.mean_terms(), rel=1e-4)
    assert [fault for catalog in (settled, fresh) for fault in catalog.faults()] == []


def test_what_has_settled_is_found_as_before(pair: tuple[Catalog, Catalog]) -> None:
    settled, fresh = pair
    for catalog in pair:
        dice = random.Random(1)
        for number in range(6):
            fill(catalog, f"/{number}.md", records(50 * number, 50, dice))
            if catalog is settled and number in (1, 3, 4):  # the last ones stay where they are
                catalog.settle(1)
    same(settled, fresh)
    for catalog in pair:  # replaced: settled ones and latest ones
        dice = random.Random(2)
        fill(catalog, "/1.md", records(60, 30, dice))
        fill(catalog, "/5.md", records(250, 40, dice))
        one = catalog.source_at("/2.md")
        assert one is not None
        catalog.remove_source(one.source_id)
    same(settled, fresh)  # while what went is passed over, its row numbers taken by others
    assert settled._db.execute("SELECT count(*) FROM gone").fetchone()[0] > 0
    settled.settle(10**6)
    assert settled._db.execute("SELECT count(*) FROM gone").fetchone()[0] == 0
    same(settled, fresh)
    settled.settle(1)
    same(settled, fresh)
    settled.rebuild_text_index()
    same(settled, fresh)


def test_many_ranges_are_one_index(pair: tuple[Catalog, Catalog]) -> None:
    settled, fresh = pair
    for catalog in pair:
        dice = random.Random(3)
        for number in range(4):
            fill(catalog, f"/{number}.md", records(40 * number, 40, dice))
            with catalog.transaction():  # the next rows lie in another range
                catalog._db.execute(
                    "INSERT INTO nodes (rowid, node_id, source_id, ord, modality, content_key, text, embed_text, "
                    "metadata, relationships) VALUES (?, ?, 1, 0, 'text', '', '', '', '{}', '{}')",
                    ((number + 1) << (RANGE_BITS + number % 2), f"far{number}"),
                )
                catalog.index_nodes(*[(number + 1) << (RANGE_BITS + number % 2)] * 2)
        if catalog is settled:
            catalog.settle(1)
    spans = settled._db.execute("SELECT count(DISTINCT span) FROM settled").fetchone()[0]
    assert spans > 1
    same(settled, fresh)


def test_no_file_holds_a_word_that_was_removed(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path / "catalog.sqlite")
    fill(catalog, "/keep.md", records(0, 40, random.Random(1)))
    fill(catalog, "/gone.md", [record("900", "the quodlibet of tides")])
    fill(catalog, "/changed.md", [record("901", "a zugzwang among gulls")])
    catalog.settle(1)
    fill(catalog, "/late.md", [record("902", "an unsettled palimpsest")])
    row = catalog.source_at("/gone.md")
    assert row is not None
    catalog.remove_source(row.source_id)
    fill(catalog, "/changed.md", [record("901", "nothing among gulls")])
    fill(catalog, "/late.md", [record("902", "an unsettled page")])
    assert catalog.lexical_search("quodlibet zugzwang palimpsest", 5) == []
    catalog.forget_removed()
    catalog.close()
    held = b"".join(path.read_bytes() for path in tmp_path.glob("catalog.sqlite*"))
    assert b"gull" in held
    for word in (b"quodlibet", b"zugzwang", b"palimpsest"):
        assert word not in held


def test_a_cut_row_is_found_and_made_anew(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path / "catalog.sqlite")
    fill(catalog, "/a.md", records(0, 60, random.Random(1)))
    catalog.settle(1)
    wanted = catalog.lexical_search("tides of kelp", 20)
    for damage in (
        "UPDATE postings SET counts = x'01' WHERE posting = (SELECT max(posting) FROM postings WHERE length(counts) > 1)",
        "DELETE FROM settled",
        "UPDATE settled SET places = substr(places, 3), terms = substr(terms, 3)",
        "INSERT INTO words (rowid, heading, body, context) SELECT node, heading, body, context FROM node_words LIMIT 1",
    ):
        with sqlite3.connect(catalog.path) as other:
            for name, function in lexical_functions().items():
                other.create_function(name, function.__code__.co_argcount, function, deterministic=True)
            other.execute(damage)
        other.close()
        assert {kind for kind, _ in catalog.faults()} == {"text index"}, damage
        catalog.rebuild_text_index()
        assert list(catalog.faults()) == []
        catalog.settle(1)
        assert catalog.lexical_search("tides of kelp", 20) == wanted


def test_who_holds_a_word_is_told_of_what_was_scored(pair: tuple[Catalog, Catalog]) -> None:
    held = records(0, 80, random.Random(3))
    for catalog in pair:
        fill(catalog, "/a.md", held)
    pair[0].settle(1)
    for catalog in pair:
        matches = catalog.lexical_matches("kelps gull only7 absent")
        scored = {*matches.best(10), *matches.of([str(number) for number in range(60, 80)])}
        holding = matches.holding()
        assert holding["absent"] == set()
        for word, form in (("kelps", "kelp"), ("gull", "gull"), ("only7", "only7")):
            holders = {r.node_id for r in held if form in index_words(f"{r.text} {r.metadata}").split()}
            assert holding[word] == holders & scored


@pytest.mark.parametrize("limit", [1, 7, 60])
def test_the_best_are_those_of_all(limit: int, tmp_path: Path) -> None:
    catalog, held = Catalog(tmp_path / "catalog.sqlite"), records(0, 400, random.Random(5))
    fill(catalog, "/a.md", held)
    matches = catalog.lexical_matches("sandx tideq gully only7")
    every = matches.best(len(held))
    assert list(every.values()) == sorted(every.values(), reverse=True)
    assert len(every) > limit
    assert list(matches.best(limit).items()) == list(every.items())[:limit]
    catalog.close()


def test_common_words_are_not_read(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path / "catalog.sqlite")
    held = [record(str(n), f"water and stone{n % 7} {'moss' if n == 5 else ''}") for n in range(200)]
    fill(catalog, "/a.md", held)
    catalog.settle(1)
    assert [name for name, _ in catalog.lexical_search("moss in water", 5)] == ["5"]
    assert {stem for stems in catalog._lexicon._standing for stem in stems} == {"moss"}
    assert len(catalog.lexical_search("water", 500)) == 200  # but where there is nothing else
    assert np.isfinite([score for _, score in catalog.lexical_search("water", 500)]).all()


def test_indexing_anew_goes_on_where_it_was_broken_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalog = Catalog(tmp_path / "catalog.sqlite")
    fill(catalog, "/a.md", records(0, 250, random.Random(1)))
    catalog.settle(1)
    wanted = catalog.lexical_search("tides of kelp", 40)
    monkeypatch.setattr(lexical_index, "_SETTLED_AT_ONCE", 40)
    catalog._db.execute("UPDATE about SET value = 'of another release' WHERE name = 'index'")
    catalog._db.commit()
    starts: list[int] = []
    index_after = Catalog.index_after

    def counted(self: Catalog, rowid: int) -> int | None:
        starts.append(rowid)
        if len(starts) == 4:
            raise KeyboardInterrupt
        return index_after(self, rowid)

    monkeypatch.setattr(Catalog, "index_after", counted)
    with pytest.raises(KeyboardInterrupt):
        catalog.renew_index()
    catalog.close()
    catalog = Catalog(tmp_path / "catalog.sqlite")
    assert catalog.indexed_count == 120  # each part counts by itself
    catalog.renew_index()
    assert starts == [0, 40, 80, 120, 120, 160, 200, 240]
    assert list(catalog.faults()) == []
    assert catalog.lexical_search("tides of kelp", 40) == wanted
    catalog.renew_index()
    assert len(starts) == 8
