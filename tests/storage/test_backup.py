"""One archive of a knowledge base, and the knowledge base that it makes."""

from __future__ import annotations

import io
import tarfile
import threading
from pathlib import Path

import pytest

from xmrag_plugin import CrossModalIndex
from xmrag_plugin.errors import KnowledgeBaseDamaged, UsageError
from xmrag_plugin.storage.backup import backup, restore


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> CrossModalIndex:
    folder = tmp_path_factory.mktemp("backup")
    docs = folder / "docs"
    docs.mkdir()
    for name, text in (
        ("a", "The spring tide runs at 3.6 knots."),
        ("b", "Grey seals rest on the skerries."),
    ):
        (docs / f"{name}.md").write_text(f"# {name}\n\n{text}\n")
    index = CrossModalIndex(folder / "kb", ocr="off")
    index.add(docs)
    return index


@pytest.mark.parametrize("name", ["kb.tar", "kb.tar.gz"])
def test_it_comes_back_as_it_was_while_others_search(
    index: CrossModalIndex, tmp_path: Path, name: str
) -> None:
    done = threading.Event()
    failed: list[BaseException] = []

    def search() -> None:
        while not done.is_set():
            try:
                assert index.search("seals", k=1)[0].source == "b.md"
            except BaseException as error:
                failed.append(error)
                return

    thread = threading.Thread(target=search)
    thread.start()
    try:
        assert backup(index.kb, tmp_path / name) == (tmp_path / name).stat().st_size
    finally:
        done.set()
        thread.join()
    assert not failed
    restore(tmp_path / name, tmp_path / "again")
    with CrossModalIndex(tmp_path / "again", create=False) as again:
        for question in ("spring tide", "skerries"):
            ours, theirs = again.search(question), index.search(question)
            assert [(hit.node_id, hit.score) for hit in ours] == [(hit.node_id, hit.score) for hit in theirs]
        assert again.kb.catalog.check_index()
        assert again.remove("a.md") == ["a.md"]
    with pytest.raises(UsageError, match="there already"):
        restore(tmp_path / name, tmp_path / "again")
    with pytest.raises(UsageError, match="itself"):
        backup(index.kb, index.kb.path / "kb.tar")


def test_what_is_no_whole_backup_makes_nothing(index: CrossModalIndex, tmp_path: Path) -> None:
    backup(index.kb, tmp_path / "kb.tar")
    data = (tmp_path / "kb.tar").read_bytes()
    (tmp_path / "cut.tar").write_bytes(data[: len(data) // 3])
    (tmp_path / "none.tar").write_bytes(b"no archive")
    with tarfile.open(tmp_path / "evil.tar", "w") as evil:
        member = tarfile.TarInfo("../outside")
        member.size = 2
        evil.addfile(member, io.BytesIO(b"hi"))
    for name in ("cut", "none", "evil"):
        with pytest.raises(KnowledgeBaseDamaged):
            restore(tmp_path / f"{name}.tar", tmp_path / "made")
        assert not (tmp_path / "made").exists()
    assert not (tmp_path / "outside").exists()
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]
