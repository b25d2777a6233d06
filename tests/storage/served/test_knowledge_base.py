"""A knowledge base on servers does what one in a folder does, for several writers, through outages."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from servers import Proxy

from xmrag_plugin import CrossModalIndex
from xmrag_plugin.cli.main import main
from xmrag_plugin.errors import (
    KnowledgeBaseMissing,
    MissingExtra,
    ModelMismatch,
    ServerUnreachable,
    StoreError,
    UsageError,
)
from xmrag_plugin.ingestion.check import check_knowledge_base
from xmrag_plugin.types import kinds_in

from .conftest import Served, drawn

pytestmark = pytest.mark.service

QUESTIONS: tuple[dict[str, Any], ...] = (
    {"query": "herring before dawn"},
    {"query": "harbour of basin 3", "k": 25},
    {"query": "pier RJ-42", "where": {"source": "harbour2.md"}},
    {"query": "plan of harbour 3", "modality": "image"},
    {"query": "cod3 boats", "where": {"$not": [{"source": "harbour3.md"}]}, "mmr": 0.5},
    {"query": "boats", "fusion": "rrf", "neighbours": 2},
    {"query": "whales"},
)


def hits(index: CrossModalIndex) -> list[Any]:
    """What is found, in order; scores within rounding."""
    return [
        [
            (hit.node_id, pytest.approx(hit.score, abs=1e-4), bool(hit.media_file))
            for hit in index.search(**asked)
        ]
        for asked in QUESTIONS
    ]


def scored(index: CrossModalIndex) -> list[Any]:
    return [
        [(hit.node_id, hit.score, bool(hit.media_file)) for hit in index.search(**asked)]
        for asked in QUESTIONS
    ]


def held(index: CrossModalIndex) -> dict[str, Any]:
    """All that stands in a knowledge base, but for when it was written."""
    kb = index.kb
    nodes = {
        node.node_id: (node.source, node.text, node.embed_text, node.metadata)
        for node in kb.catalog.iter_nodes()
    }
    vectors = {
        (space, kind): {
            key: row.round(5).tolist()
            for key, row in kb.vectors.vectors(space, kind, kb.vectors.ids(space, kind)).items()
        }
        for space in kb.manifest.spaces
        for kind in kinds_in(space)
    }
    sources = sorted((row.source, row.state, row.alias_of is None) for row in kb.catalog.sources())
    return {"nodes": nodes, "vectors": vectors, "sources": sources, "media": set(kb.media.hashes())}


def near(index: CrossModalIndex) -> list[dict[str, float]]:
    """Return the nearest texts of each question, which do not depend on who came first, as ties and samples do."""
    vectors = index.kb.encoder("text").encode_texts([asked["query"] for asked in QUESTIONS])  # type: ignore[union-attr]
    return [dict(index.kb.vectors.query("text", "text", vector, 10)) for vector in vectors]


def assert_equal(one: CrossModalIndex, other: CrossModalIndex, *, in_order: bool = True) -> None:
    left, right = held(one), held(other)
    for name in left:
        assert left[name] == right[name], name
    if in_order:
        assert scored(one) == hits(other)
    for asked, nearest, same in zip(QUESTIONS, near(one), near(other), strict=True):
        assert same == pytest.approx(nearest, abs=1e-5)
        words = [dict(index.kb.catalog.lexical_search(asked["query"], 99)) for index in (one, other)]
        assert words[0] == words[1]
    for index in (one, other):
        assert not index.kb.catalog.is_unfinished()
        assert index.kb.loss() == ""
        problems = [
            f for f in check_knowledge_base(index.kb.place, index.kb.settings) if f.state == "problem"
        ]
        assert problems == []


@pytest.fixture
def folder(tmp_path: Path, served: Served) -> Iterator[CrossModalIndex]:
    with CrossModalIndex(tmp_path / "kb", ocr="off") as index:
        yield index


def test_it_holds_and_finds_what_a_folder_does(served: Served, folder: CrossModalIndex, docs: Path) -> None:
    remote = served.new(vision="hash")
    folder = CrossModalIndex(folder.kb.path, folder.settings.replace(vision="hash"))
    both = (folder, remote)
    reports = [index.add(docs, metadata={"year": 1999}, progress=False) for index in both]
    assert reports[0].as_json().keys() == reports[1].as_json().keys()
    assert sorted(reports[0].added) == sorted(reports[1].added) != []
    assert_equal(*both)
    for index in both:
        assert len(index.add(docs, progress=False).unchanged) == 8
        assert index.remove("harbour4.md") == ["harbour4.md"]
    assert_equal(*both)
    (docs / "harbour5.md").unlink()
    (docs / "harbour0.md").write_text("# Whales\n\nA whale was seen off the pier.")
    (docs / "harbour1.md").unlink()  # its copy is read in its place
    drawn(8).save(docs / "plan2.png")
    for index in both:
        report = index.add(docs, prune=True, progress=False)
        assert sorted(report.removed) == ["harbour1.md", "harbour5.md"]
        assert index.search("whale off the pier")[0].source == "harbour0.md"
    assert_equal(*both)
    picture = docs / "plan3.png"
    assert [h.node_id for h in remote.search(picture)] == [h.node_id for h in folder.search(picture)]
    answers = [str(index.as_query_engine(llm="none").query("What was seen off the pier?")) for index in both]
    assert answers[0] == answers[1] != ""
    for index in both:
        index.drop_space("vision")
        index.purge()
    assert held(remote) == held(folder)
    assert scored(remote) == hits(folder)
    told = [index.status() for index in both]
    assert all(told[0][name] == told[1][name] for name in ("sources", "nodes", "pictures", "spaces"))
    assert told[1]["kb"] == remote.kb.place
    folder.close()


def test_the_verbs_take_an_address(
    served: Served,
    docs: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    place = f"http://ann:hidden@127.0.0.1:{served.chroma.port}/verbs"
    for name, value in {
        "KB": place, "POSTGRES": served.postgres.url, "MEDIA": str(tmp_path / "m"), "CACHE_DIR": str(tmp_path / "c"),
        "OCR": "off", "LLM": "none", "CHROMA_TENANT": "ann", "CHROMA_DATABASE": "library",
    }.items():  # fmt: skip
        monkeypatch.setenv(f"XMRAG_{name}", value)

    def run(*arguments: str) -> tuple[int, Any]:
        code = main([*arguments, "--json"])
        printed = capsys.readouterr()
        assert "hidden" not in printed.out + printed.err
        assert "secret-word" not in printed.out + printed.err
        return code, json.loads(printed.out)

    assert run("status")[0] == 2
    assert len(run("add", str(docs))[1]["added"]) == 8
    assert run("status")[1]["sources"] == {"ready": 8}
    assert run("search", "cod2 at pier RJ-43", "-k", "3")[1]["hits"][0]["source"] == "harbour2.md"
    assert run("ask", "How many boats does the harbour of basin 2 moor?")[0] == 0
    assert run("doctor")[1]["healthy"]
    assert run("remove", "harbour2.md")[1]["removed"] == ["harbour2.md"]
    (docs / "harbour3.md").unlink()
    assert run("add", str(docs), "--prune")[1]["removed"] == ["harbour3.md"]
    assert run("eval", "--generate", "4")[0] == 0
    for refused in (
        ("backup", str(tmp_path / "b.tar")),
        ("restore", str(tmp_path / "b.tar")),
        ("adopt", str(tmp_path)),
    ):
        code, told = run(*refused)
        assert code != 0
        assert told["hint"]
    assert not list(tmp_path.glob("b.tar"))


def test_what_is_not_there_is_not_made_by_reading(served: Served) -> None:
    with pytest.raises(KnowledgeBaseMissing):
        served.new(create=False)


def test_another_model_is_refused(served: Served, docs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from hash_encoder import HashEncoder

    served.new().add(docs / "harbour1.md", progress=False)
    other = served.open(served.opened[-1].kb.address.name)  # type: ignore[attr-defined]
    monkeypatch.setattr(HashEncoder, "fingerprint", "hash/2")
    with pytest.raises(ModelMismatch):
        other.search("herring")


def test_media_lie_on_any_file_system(served: Served, docs: Path) -> None:
    index = served.new(media="memory://xmrag-test/media")
    index.add(docs, progress=False)
    (hit, *_) = index.search("plan of harbour 3", modality="image")
    assert Path(str(hit.media_file)).read_bytes() == (docs / hit.record.metadata["media"]).read_bytes()
    index.remove(*index.sources())
    assert list(index.kb.media.hashes()) == []
    with pytest.raises(MissingExtra) as missing:
        served.new(media="gs://ann:hidden@bucket/media").add(docs, progress=False)
    assert "hidden" not in str(missing.value)


def test_two_knowledge_bases_do_not_share_their_media(served: Served, docs: Path) -> None:
    shared = str(served.folder / "shared")
    first = served.new(media=shared)
    first.add(docs / "harbour1.md", progress=False)
    with pytest.raises(UsageError, match="of another knowledge base"):
        served.new(media=shared).add(
            docs / "harbour2.md", progress=False
        )  # it would clear up what it does not know
    (hit, *_) = first.search("plan of harbour 1", modality="image")
    assert hit.media_file


def test_writers_that_begin_at_once_are_one_owner_of_the_media(served: Served) -> None:
    first = served.new(media=str(served.folder / "begun"))
    name = first.kb.address.name  # type: ignore[attr-defined]
    writers = [first, *(served.open(name, media=first.settings.media) for _ in range(3))]
    begun, owners, failed = threading.Barrier(len(writers)), set[bytes](), list[Exception]()

    def write(index: CrossModalIndex) -> None:
        begun.wait(60)
        try:
            with index.kb.writing():
                owners.add(index.kb._named_owner())  # type: ignore[attr-defined]
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=write, args=(index,)) for index in writers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert failed == []
    assert len(owners) == 1


WRITER = """
import sys
from hash_encoder import use_hash_encoders
from xmrag_plugin import CrossModalIndex

use_hash_encoders()
with CrossModalIndex(sys.argv[1]) as index:
    report = index.add(*sys.argv[2:], progress=False)
    assert not report.failed, report.failed
"""


def environment(served: Served, index: CrossModalIndex) -> dict[str, str]:
    support = str(Path(__file__).parents[2] / "support")
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([support, os.environ.get("PYTHONPATH", "")]),
        "XMRAG_POSTGRES": served.postgres.url,
        "XMRAG_MEDIA": str(index.kb.settings.media),
        "XMRAG_CACHE_DIR": str(served.folder / "cache"),
        "XMRAG_OCR": "off",
    }


def test_two_writers_at_once_write_what_one_does(served: Served, folder: CrossModalIndex, docs: Path) -> None:
    index = served.new()
    (docs / "copy.md").unlink()  # which of two files is the copy is decided by who comes first
    halves = [
        [*map(str, docs.glob("harbour[0-3]*"))],
        [*map(str, docs.glob("harbour[2-5]*")), str(docs / "alone.png")],
    ]
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, index.kb.place, *half], env=environment(served, index)
        )
        for half in halves
    ]
    while any(writer.poll() is None for writer in writers):
        index.search("herring before dawn")
        time.sleep(0.2)
    assert [writer.returncode for writer in writers] == [0, 0]
    folder.add(*sorted({*halves[0], *halves[1]}), progress=False)
    index.add(*sorted({*halves[0], *halves[1]}), progress=False)  # the last of several has cleared up
    assert_equal(folder, index, in_order=False)


@pytest.mark.parametrize("which", ["chroma", "postgres"])
def test_a_killed_server_loses_nothing(
    served: Served, folder: CrossModalIndex, docs: Path, which: str
) -> None:
    server = served.chroma if which == "chroma" else served.postgres
    index = served.new()
    reader = served.open(index.kb.address.name)  # type: ignore[attr-defined]
    index.add(docs / "harbour0.md", progress=False)
    told: list[BaseException] = []
    killed = threading.Event()
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            try:
                reader.search("herring before dawn")
            except Exception as error:
                told.append(error)

    def restart() -> None:
        for _ in range(2):
            time.sleep(0.4)
            server.kill()
            killed.set()
            time.sleep(0.3)
            server.start()

    threads = [threading.Thread(target=read), threading.Thread(target=restart)]
    for thread in threads:
        thread.start()
    try:
        index.add(docs, progress=False)
        killed.wait(30)
        (docs / "harbour0.md").write_text("# Whales\n\nA whale was seen off the pier.")
        index.add(docs, progress=False)
        index.remove("harbour4.md")
        threads[1].join()
    finally:
        done.set()
        threads[0].join()
    assert [error for error in told if not getattr(error, "retryable", False)] == []
    folder.add(docs, progress=False)
    folder.remove("harbour4.md")
    assert_equal(folder, index, in_order=False)  # it was fitted at other moments
    assert scored(reader) == hits(index)


@pytest.mark.parametrize("which", ["chroma", "postgres"])
def test_a_server_that_falls_silent_is_not_waited_for(served: Served, docs: Path, which: str) -> None:
    proxy = Proxy(getattr(served, which).port)
    name = served.new().kb.address.name  # type: ignore[attr-defined]
    index = served.open(name, **{f"{which}_port": proxy.port}, server_timeout_s=4, server_patience_s=1)
    index.add(docs / "harbour0.md", progress=False)
    assert index.search("herring before dawn")
    proxy.fall_silent()
    for act in (lambda: index.search("cod0 at the pier"), lambda: index.add(docs, progress=False)):
        started = time.monotonic()
        with pytest.raises(ServerUnreachable) as told:
            act()
        assert time.monotonic() - started < 60  # it would be minutes with the system's own patience
        assert "secret-word" not in str(told.value)
        assert told.value.retryable
    proxy.recover()
    time.sleep(0.2)
    assert index.search("herring before dawn")
    assert not index.add(docs, progress=False).failed
    proxy.close()


def test_a_wrong_password_is_told_without_it(served: Served) -> None:
    with pytest.raises(StoreError) as refused:
        served.new(postgres=served.postgres.url.replace("secret-word", "hidden"), server_timeout_s=2)
    assert "password" in refused.value.message
    assert "hidden" not in str(refused.value) + repr(refused.value.__cause__)
    with pytest.raises(StoreError) as refused:
        served.new(postgres="postgresql://ann:hidden@h:port/x")
    assert "hidden" not in str(refused.value) + repr(refused.value.__cause__)


def test_a_vector_that_the_server_lost_is_made_anew(served: Served, docs: Path) -> None:
    index = served.new()
    index.add(docs, progress=False)
    lost = index.kb.vectors.ids("text", "text")[:3]
    index.kb.vectors.delete(lost)
    index.kb.catalog.keep_media_words("touch", {"": ""})  # so that what is there is counted anew
    with pytest.raises(StoreError, match="lost 3 vectors"):
        index.search("herring")
    index.add(docs, progress=False)
    assert set(lost) <= set(index.kb.vectors.ids("text", "text"))
    assert index.search("herring before dawn")
