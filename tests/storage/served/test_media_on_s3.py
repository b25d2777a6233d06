"""A knowledge base on servers whose pictures lie in a bucket of a real S3 server."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from servers import MediaProcess, NoServer, Proxy

from xmrag_plugin import CrossModalIndex
from xmrag_plugin.answers.source_view import view_source
from xmrag_plugin.errors import ServerUnreachable, StoreError

from .conftest import Served
from .test_knowledge_base import assert_equal, hits, scored

s3fs = pytest.importorskip("s3fs", reason="s3:// is spoken to by the extra 's3'")
pytestmark = pytest.mark.service

Connect = Callable[..., None]


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MediaProcess]:
    try:
        server = MediaProcess(tmp_path_factory.mktemp("s3"))
    except NoServer as error:
        pytest.skip(str(error))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def connect(bucket: MediaProcess, monkeypatch: pytest.MonkeyPatch) -> Connect:
    """Set what the environment says of the store, as it would be in a new process."""

    def connected(**how: object) -> None:
        for name, value in bucket.client_variables(**how).items():  # type: ignore[arg-type]
            monkeypatch.setenv(name, value)
        s3fs.S3FileSystem.clear_instance_cache()

    connected()
    return connected


@pytest.fixture
def folder(tmp_path: Path, served: Served) -> Iterator[CrossModalIndex]:
    with CrossModalIndex(tmp_path / "kb", ocr="off") as index:
        yield index


def test_it_holds_and_shows_what_a_folder_does(
    served: Served, folder: CrossModalIndex, docs: Path, bucket: MediaProcess, connect: Connect
) -> None:
    media = f"{bucket.url}/whole"
    index = served.new(media=media)
    index.add(docs, progress=False)
    folder.add(docs, progress=False)
    assert_equal(folder, index)
    # another machine: it has no copies, and sees what is added and removed after it has looked
    reader = served.open(index.kb.address.name, media=media, cache_dir=str(served.folder / "elsewhere"))  # type: ignore[attr-defined]
    (hit, *_) = reader.search("plan of harbour 3", modality="image")
    assert Path(str(hit.media_file)).read_bytes() == (docs / hit.record.metadata["media"]).read_bytes()
    assert view_source(reader.kb, hit).png
    answer = reader.as_query_engine(llm=None).query("Show the plan of harbour 3")
    assert any(node.metadata["media"] == "plan3.png" for node in answer.source_nodes)
    before = set(reader.kb.media.hashes())
    (docs / "late.md").write_text("# Late\n\nA plan came late.\n\n![Late plan of the quay](late.png)")
    (docs / "plan0.png").rename(docs / "late.png")
    index.add(docs, progress=False)
    index.remove("harbour3.md")
    assert set(reader.kb.media.hashes()) == index.kb.catalog.media_hashes() != before
    assert scored(reader) == hits(index)
    index.purge()
    index.remove(*index.sources())
    assert list(reader.kb.media.hashes()) == []


def test_an_outage_amid_an_add_loses_nothing(
    served: Served, folder: CrossModalIndex, docs: Path, bucket: MediaProcess, connect: Connect
) -> None:
    index = served.new(media=f"{bucket.url}/outage")
    index.add(docs / "harbour0.md", progress=False)
    bucket.kill()
    tried = threading.Event()
    put = index.kb.media._put

    def noticed(*given: object) -> None:
        try:
            put(*given)  # type: ignore[arg-type]
        except ServerUnreachable:
            tried.set()
            raise

    index.kb.media._put = noticed  # type: ignore[method-assign]
    reports = []
    adding = threading.Thread(target=lambda: reports.append(index.add(docs, progress=False)))
    adding.start()
    assert tried.wait(120)
    bucket.start()
    adding.join()
    assert not reports[0].failed
    folder.add(docs, progress=False)
    assert_equal(folder, index, in_order=False)


def test_a_store_that_is_down_or_silent_is_told_as_retryable(
    served: Served, docs: Path, bucket: MediaProcess, connect: Connect
) -> None:
    proxy = Proxy(bucket.port)
    connect(port=proxy.port)
    media = f"{bucket.url}/silent"
    index = served.new(media=media)
    index.add(docs / "harbour0.md", progress=False)
    fresh = served.open(index.kb.address.name, media=media, cache_dir=str(served.folder / "new"))  # type: ignore[attr-defined]
    stores = [index.kb.media, fresh.kb.media]
    for store in stores:
        store._files.timeout_s, store.patience_s = 2.0, 1.0
    proxy.fall_silent()
    for act in (
        lambda: fresh.search("plan of harbour 0", modality="image"),
        lambda: index.add(docs, progress=False),
    ):
        with pytest.raises(ServerUnreachable, match="media store") as told:
            act()
        assert told.value.retryable
    proxy.recover()
    for store in stores:
        store._files.timeout_s = 60.0
    assert fresh.search("plan of harbour 0", modality="image")[0].media_file
    assert not index.add(docs, progress=False).failed
    proxy.close()


def test_wrong_keys_and_a_missing_bucket_are_told_at_once(
    served: Served, docs: Path, bucket: MediaProcess, connect: Connect
) -> None:
    connect(secret="other-word")
    with pytest.raises(StoreError, match="refuses") as told:
        served.new(media=f"{bucket.url}/keys").add(docs, progress=False)
    assert not told.value.retryable
    assert "other-word" not in str(told.value)
    connect()
    with pytest.raises(StoreError, match=r"is not there|refuses"):
        served.new(media="s3://no-such-bucket/keys").add(docs, progress=False)
