"""Media by hash: names, doubles, damage, thumbnails, collection, local and remote roots."""

from __future__ import annotations

import hashlib
import io
import os
import pickle
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest
from PIL import Image

from xmrag_plugin.errors import KnowledgeBaseDamaged, PictureError, StoreError, UsageError
from xmrag_plugin.images.media_types import media_suffix
from xmrag_plugin.storage.media_store import MediaStore


def picture(color: str = "red", size: tuple[int, int] = (80, 40), kind: str = "PNG") -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", size, color).save(stream, kind)
    return stream.getvalue()


@pytest.fixture(params=["local", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MediaStore]:
    if request.param == "local":
        yield MediaStore(tmp_path / "media")
    else:
        yield MediaStore(f"memory://{tmp_path.name}", cache_dir=tmp_path / "cache")
        fsspec.filesystem("memory").store.clear()


def test_what_is_put_is_read_and_lies_at_the_name_of_its_hash(store: MediaStore) -> None:
    data = picture()
    digest = store.put(data)
    assert digest == hashlib.sha256(data).hexdigest()
    assert store.read(digest) == data
    path = store.path(digest)
    assert path.is_absolute()
    assert (path.parent.name, path.name) == (digest[:2], f"{digest}.png")
    assert store.has(digest)
    assert not store.has("0" * 64)


def test_putting_twice_keeps_one_file_whatever_type_is_claimed(store: MediaStore) -> None:
    first = store.put(picture(), "image/png")
    assert store.put(picture(), "image/jpeg") == first
    assert list(store.hashes()) == [first]
    assert store.size_bytes() == len(picture())


def test_a_new_store_over_the_same_root_finds_everything(tmp_path: Path) -> None:
    digest = MediaStore(tmp_path).put(picture())
    other = MediaStore(tmp_path)
    assert other.path(digest) == MediaStore(tmp_path).path(digest)
    again = pickle.loads(pickle.dumps(other))
    assert again.read(digest) == picture()


def test_the_folder_may_be_moved(tmp_path: Path) -> None:
    digest = MediaStore(tmp_path / "a").put(picture())
    (tmp_path / "a").rename(tmp_path / "b")
    assert MediaStore(tmp_path / "b").read(digest) == picture()


@pytest.mark.parametrize(
    ("head", "mime", "suffix"),
    [
        (picture(kind="JPEG"), "", ".jpg"),
        (picture(kind="WEBP"), "image/png", ".webp"),
        (b"GIF89a......", "", ".gif"),
        (b"%PDF-1.7", "", ".pdf"),
        (b"\0\0\0\x20ftypisom", "", ".mp4"),
        (b"ID3\x04", "", ".mp3"),
        (b"RIFF....WAVEfmt ", "", ".wav"),
        (b'<?xml version="1.0"?><svg xmlns="x">', "", ".svg"),
        ("\ufeffhello".encode("utf-16"), "text/plain", ".txt"),
        (b"anything", "", ".bin"),
        (b"anything", "no/such-type", ".bin"),
    ],
)
def test_the_suffix_follows_from_the_content(head: bytes, mime: str, suffix: str) -> None:
    assert media_suffix(head, mime) == suffix


def test_a_file_is_stored_by_blocks_without_being_held_whole(tmp_path: Path) -> None:
    source = tmp_path / "film.mp4"
    source.write_bytes(b"\0\0\0\x20ftypisom" + os.urandom(9 << 20))
    store = MediaStore(tmp_path / "media")
    digest = store.put(source)
    assert digest == hashlib.sha256(source.read_bytes()).hexdigest()
    assert store.path(digest).suffix == ".mp4"
    assert store.put(source) == digest
    assert store.put(source.read_bytes()) == digest
    assert [path.name for path in (tmp_path / "media").iterdir()] == [digest[:2]]


def test_a_file_that_a_power_cut_left_short_is_mended_by_the_next_put(tmp_path: Path) -> None:
    store = MediaStore(tmp_path, durable=True)
    digest = store.put(picture())
    store.path(digest).write_bytes(b"")
    assert store.put(picture()) == digest
    assert store.read(digest) == picture()


def test_changed_bytes_and_missing_media_are_named(store: MediaStore) -> None:
    digest = store.put(picture())
    store.path(digest).write_bytes(b"something else")
    with pytest.raises(KnowledgeBaseDamaged, match="no longer has the bytes"):
        store.read(digest)
    with pytest.raises(KnowledgeBaseDamaged, match="No medium"):
        store.path("f" * 64)


def test_a_file_that_someone_else_deleted_is_noticed(tmp_path: Path) -> None:
    store = MediaStore(tmp_path)
    digest = store.put(picture())
    store.path(digest).unlink()
    assert not store.has(digest)
    assert store.put(picture()) == digest
    assert store.has(digest)


@pytest.mark.parametrize("name", ["../../etc/passwd", "abc", "", "G" * 64])
def test_what_is_no_hash_is_refused(store: MediaStore, name: str) -> None:
    with pytest.raises(UsageError, match="sha256"):
        store.path(name)


def test_nothing_is_no_medium(store: MediaStore) -> None:
    with pytest.raises(UsageError, match="empty"):
        store.put(b"")


def test_thumbnails_are_made_once_and_never_enlarge(store: MediaStore) -> None:
    digest = store.put(picture(size=(800, 200)))
    small = store.thumbnail(digest, 100)
    with Image.open(small) as image:
        assert image.size == (100, 25)
    made = small.stat().st_mtime_ns
    assert store.thumbnail(digest, 100).stat().st_mtime_ns == made
    with Image.open(store.thumbnail(digest, 2000)) as image:
        assert image.size == (800, 200)
    assert set(store.hashes()) == {digest}


def test_a_thumbnail_of_what_is_no_picture_is_an_error(store: MediaStore) -> None:
    with pytest.raises(PictureError):
        store.thumbnail(store.put(b"\x89PNG\r\n\x1a\n but no more"))


def test_collect_keeps_what_is_live_and_removes_the_rest_with_thumbnails(store: MediaStore) -> None:
    live, dead = store.put(picture("green")), store.put(picture("blue"))
    kept, gone = store.thumbnail(live), store.thumbnail(dead)
    assert store.collect([live]) == 1
    assert list(store.hashes()) == [live]
    assert kept.exists()
    assert not gone.exists()
    assert store.collect([live]) == 0
    assert store.read(live) == picture("green")


def test_collect_removes_what_a_kill_left_half_written(tmp_path: Path) -> None:
    store = MediaStore(tmp_path)
    digest = store.put(picture())
    (tmp_path / digest[:2] / ".tmp-deadbeef").write_bytes(b"half")
    (tmp_path / ".tmp-cafe").write_bytes(b"half a film")
    assert store.collect([digest]) == 2
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == [f"{digest}.png"]


def test_delete_counts_what_was_there(store: MediaStore) -> None:
    digest = store.put(picture())
    assert store.delete([digest, "0" * 64]) == 1
    assert not store.has(digest)


def test_remote_media_are_copied_once_and_come_back_after_the_cache_is_lost(tmp_path: Path) -> None:
    store = MediaStore(f"memory://{tmp_path.name}-remote", cache_dir=tmp_path / "cache")
    digest = store.put(picture())
    store.path(digest).unlink()
    assert store.read(digest) == picture()
    store.drop()
    assert not store.has(digest)


def test_an_unwritable_root_is_an_error_with_a_way_out(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match="cannot be written"):
        MediaStore(tmp_path / "file").put(picture())
