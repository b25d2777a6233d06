"""The language of filters: its forms, its meaning, and full lists in the order of brute force."""

from __future__ import annotations

import datetime as dt
import string
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from llama_index.core.vector_stores import FilterCondition, MetadataFilter, MetadataFilters

from xmrag_plugin.errors import UnsupportedFilter
from xmrag_plugin.storage.catalog import Catalog
from xmrag_plugin.storage.chroma.collections import ChromaCollections
from xmrag_plugin.storage.filters import parse
from xmrag_plugin.types import Key, NodeRecord


@pytest.mark.parametrize(
    ("where", "holds"),
    [
        ({"page": 3}, True),
        ({"page": [1, 2]}, False),
        ({"page": {"$gte": 3, "$lt": 4}}, True),
        ({"page": {">=": 4}}, False),
        ({"page": {"$not": {"$gt": 2}}}, False),
        ({"page": range(2, 5)}, True),
        ({"$or": [{"page": 9}, {"source": "a.pdf"}]}, True),
        ({"$and": [{"page": 3}, {"$not": {"source": "a.pdf"}}]}, False),
        ({"$not": [{"page": 9}, {"page": 8}]}, True),
        ({"lacking": None}, True),
        ({"lacking": {"$ne": 1}}, True),
        ({"lacking": {"$exists": True}}, False),
        ({"title": {"$contains": "tide"}}, True),
        ({"title": {"$not_contains": "tide"}}, False),
        ({"title": {"$text_match_insensitive": "TIDE"}}, True),
        ({"tags": {"$any": ["sea", "air"]}}, True),
        ({"tags": {"$all": ["sea", "air"]}}, False),
        ({"day": dt.date(2024, 3, 1)}, True),
        ({"day": {"$gte": "2024-02-28", "$lte": "2024-03-01"}}, True),
        ({"day": {"$lt": dt.datetime(2024, 3, 1, 9)}}, False),
        ({"day": {"$lt": dt.datetime(2024, 3, 1, 12, tzinfo=dt.timezone(dt.timedelta(hours=1)))}}, True),
        ({"page": {"$gt": "2"}}, False),  # another kind does not compare
        (lambda record: record.page == 3, True),
        (MetadataFilters(filters=[MetadataFilter(key="page", value=3)]), True),
        (MetadataFilter(key="page", value=4), False),
        (
            MetadataFilters(
                filters=[
                    MetadataFilter(key="page", value=2, operator=">"),
                    MetadataFilters(
                        filters=[MetadataFilter(key="page", value=3)], condition=FilterCondition.NOT
                    ),
                ]
            ),
            False,
        ),
    ],
)
def test_each_form_means_what_it_says(where: Any, holds: bool) -> None:
    metadata = {"page": 3, "title": "The tides", "tags": ["sea"], "day": "2024-03-01T10:30:00Z"}
    record = NodeRecord("n", "a.pdf", 0, "text", "words", "words", "k", metadata)
    condition = parse(where)
    assert condition is not None
    assert condition(record) is holds


@pytest.mark.parametrize("nothing", [None, {}, MetadataFilters(filters=[])])
def test_no_condition_restricts_nothing(nothing: Any) -> None:
    assert parse(nothing) is None


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ({"page": {"$around": 3}}, "around"),
        ({"page": {}}, "page"),
        ({"$xor": [{"page": 1}]}, "xor"),
        ({"$and": []}, "join"),
        ({"page": {"$in": 3}}, "list"),
        ({"page": {"$gte": [3]}}, "number"),
        ({"page": {"$gt": True}}, "number"),
        ({"page": {"$exists": "yes"}}, "True or False"),
        ({3: 3}, "field"),
        ("page = 3", "condition"),
        ([{"page": 3}], "condition"),
    ],
)
def test_what_is_not_understood_is_refused(where: Any, said: str) -> None:
    with pytest.raises(UnsupportedFilter, match=said):
        parse(where)


# -- against brute force ---------------------------------------------------------------------------------

_KEYS = ("page", "source", "modality", "kind", "day", "score")
_SOURCES = ("a.pdf", "b.pdf", "c.md")
_DAYS = ("2023-12-31", "2024-01-01", "2024-01-01T12:00:00", "2024-06-30")
_VALUES: dict[str, st.SearchStrategy[Any]] = {
    "page": st.integers(1, 6),
    "source": st.sampled_from(_SOURCES),
    "modality": st.sampled_from(("text", "table", "image")),
    "kind": st.sampled_from(("paragraph", "list", "table", "")),
    "day": st.sampled_from(_DAYS),
    "score": st.sampled_from((0.5, 1, 2.25, True)),
}


@st.composite
def leaves(draw: st.DrawFn) -> dict[str, Any]:
    key = draw(st.sampled_from(_KEYS))
    value = _VALUES[key]
    operator = draw(
        st.sampled_from(
            ("eq", "$eq", "$ne", "$in", "$nin", "$gt", "$gte", "$lt", "$lte", "$exists", "$contains")
        )
    )
    if operator == "eq":
        return {key: draw(st.one_of(value, st.lists(value, min_size=1, max_size=3), st.none()))}
    if operator in ("$in", "$nin"):
        return {key: {operator: draw(st.lists(value, min_size=1, max_size=3))}}
    if operator == "$exists":
        return {key: {operator: draw(st.booleans())}}
    if operator == "$contains":
        return {key: {operator: draw(st.text(string.ascii_lowercase, min_size=1, max_size=2))}}
    wanted = draw(value)
    return {key: {operator: 1 if wanted is True and operator.startswith(("$g", "$l")) else wanted}}


wheres = st.recursive(
    leaves(),
    lambda inner: st.one_of(
        st.builds(
            lambda how, parts: {how: parts},
            st.sampled_from(("$and", "$or", "$not")),
            st.lists(inner, min_size=1, max_size=3),
        ),
        st.builds(lambda a, b: {**a, **b}, inner, inner),
    ),
    max_leaves=6,
)


class Stored:
    """600 nodes with vectors and words, as a knowledge base keeps them."""

    def __init__(self, folder: Path) -> None:
        rng = np.random.default_rng(5)
        self.catalog = Catalog(folder / "catalog.sqlite")
        self.collections = ChromaCollections(folder / "chroma")
        self.records: list[NodeRecord] = []
        for source in _SOURCES:
            own = []
            for order in range(200):
                modality = str(rng.choice(["text", "text", "table", "image"]))
                metadata = {
                    "page": int(rng.integers(1, 6)),
                    "kind": str(rng.choice(["paragraph", "list", "table"])),
                }
                if rng.random() < 0.6:
                    metadata["day"] = str(rng.choice(_DAYS))
                if rng.random() < 0.6:
                    metadata["score"] = [0.5, 1, 2.25, True, float("nan")][int(rng.integers(0, 5))]
                text = " ".join(rng.choice(["tide", "wave", "wind", "salt", "moon"], int(rng.integers(2, 9))))
                own.append(
                    NodeRecord(f"{source}-{order}", source, order, modality, text, text, f"{order}", metadata)
                )
            self.catalog.begin_source(f"/f/{source}", "/f", source)
            row = self.catalog.source_at(f"/f/{source}")
            assert row is not None
            self.catalog.finish_source(row, own)
            self.records += own
        self.vectors = rng.normal(size=(len(self.records), 24)).astype(np.float32)
        self.vectors /= np.linalg.norm(self.vectors, axis=1, keepdims=True)
        for kind in ("text", "image"):
            rows = [
                i for i, record in enumerate(self.records) if record.kind == kind and i % 20
            ]  # some have none
            self.collections.upsert("text", kind, [self.records[i].node_id for i in rows], self.vectors[rows])


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Stored:
    return Stored(tmp_path_factory.mktemp("filters"))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(where=wheres, question=st.integers(0, 599), k=st.sampled_from((1, 10, 60, 600)))
def test_lists_are_full_and_in_the_order_of_brute_force(
    stored: Stored, where: dict[str, Any], question: int, k: int
) -> None:
    condition = parse(where)
    assert condition is not None
    meant = [i for i, record in enumerate(stored.records) if condition(record)]
    allowed = stored.catalog.allowed(condition)
    assert sorted(allowed.ids) == sorted(stored.records[i].node_id for i in meant)
    vector = stored.vectors[question]
    for kind in ("text", "image"):
        rows = [i for i in meant if stored.records[i].kind == kind and i % 20]
        expected = sorted(rows, key=lambda i: -float(stored.vectors[i] @ vector))[:k]
        found = stored.collections.query("text", kind, vector, k, ids=allowed.of_kind(kind))
        assert [name for name, _ in found] == [stored.records[i].node_id for i in expected]
    matches = stored.catalog.lexical_matches("moon wave")
    every = matches.best(600)
    ids = set(allowed.ids)
    assert list(matches.best(k, allowed).items()) == [(n, s) for n, s in every.items() if n in ids][:k]


def test_a_choice_is_made_anew_when_the_catalog_changes(stored: Stored, tmp_path: Path) -> None:
    catalog = Catalog(tmp_path / "catalog.sqlite")
    condition = parse({Key.SOURCE: "a.md"})
    assert len(catalog.allowed(condition)) == 0
    catalog.begin_source("/f/a.md", "/f", "a.md")
    row = catalog.source_at("/f/a.md")
    assert row is not None
    catalog.finish_source(row, [NodeRecord("n", "a.md", 0, "text", "w", "w", "k")])
    assert catalog.allowed(condition).ids == ["n"]
    assert catalog.allowed(condition, ["image"]).ids == []
    assert catalog.allowed(parse(lambda record: record.text == "w")).ids == ["n"]
    catalog.close()
