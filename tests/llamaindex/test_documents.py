from __future__ import annotations

import base64
import hashlib
import io
import pickle

import pytest
from llama_index.core import SimpleDirectoryReader
from llama_index.core.schema import Document, ImageDocument, ImageNode
from PIL import Image, ImageDraw

from xmrag_plugin import CrossModalNodeParser
from xmrag_plugin.errors import SourceMissing, SourceUnsupported
from xmrag_plugin.llamaindex.document_elements import elements_from_documents
from xmrag_plugin.llamaindex.documents import (
    CrossModalReader,
    document_from_element,
    element_from_document,
)
from xmrag_plugin.readers import ReadOptions
from xmrag_plugin.types import Element, Picture

MARKDOWN = "# Tides\n\nWords about tides.\n\n![chart](chart.png)\n\n*Figure 1: A tide.*\n"


@pytest.fixture
def folder(tmp_path):
    image = Image.new("RGB", (100, 80), "white")
    ImageDraw.Draw(image).ellipse((10, 10, 60, 60), fill="blue")
    image.save(tmp_path / "chart.png")
    (tmp_path / "tides.md").write_text(MARKDOWN)
    return tmp_path


def test_elements_survive_the_way_to_documents_and_back():
    buffer = io.BytesIO()
    Image.new("RGB", (9, 9)).save(buffer, "PNG")
    elements = [
        Element("heading", "Tides", level=2, page=3, bbox=(1.0, 2.5, 3.0, 4.0)),
        Element("table", "| a |\n| --- |", metadata={"anchor": "t1"}),
        Element("speech", "hello", start_s=1.5, end_s=2.5),
        Element(
            "picture",
            picture=Picture(
                data=buffer.getvalue(),
                alt="a",
                caption="Figure 1: x",
                label="Figure 1",
                mime="image/png",
                words="w",
            ),
        ),
    ]
    documents = [
        document_from_element(
            element, source="a.md", file_path="/a.md", order=order, metadata={"author": "Ann"}
        )
        for order, element in enumerate(elements)
    ]
    assert isinstance(documents[3], ImageDocument)
    assert documents[3].text == "Figure 1: x\na\nw"
    groups = elements_from_documents(documents)
    assert len(groups) == 1
    assert (groups[0].source, groups[0].file_path, groups[0].metadata) == ("a.md", "/a.md", {"author": "Ann"})
    for before, after in zip(elements, groups[0].elements, strict=True):
        after.metadata.pop("author")
        if before.picture is not None:  # what tells a cache that a picture has changed
            before.picture.media_hash = hashlib.sha256(buffer.getvalue()).hexdigest()
        assert after == before
    again = document_from_element(elements[0], source="a.md", file_path="/a.md", order=0)
    assert again.id_ == documents[0].id_


def test_in_a_directory_reader(folder):
    reader = CrossModalReader()
    documents = SimpleDirectoryReader(
        str(folder), required_exts=[".md"], file_extractor={".md": reader}, raise_on_error=True
    ).load_data()
    assert [type(document).__name__ for document in documents] == ["Document", "Document", "ImageDocument"]
    assert documents[2].metadata["caption"] == "Figure 1: A tide."
    assert documents[2].metadata["source"] == "tides.md"
    assert documents[2].image_path == str((folder / "chart.png").resolve())
    assert documents[0].metadata["file_name"] == "tides.md"
    assert element_from_document(documents[0]) is not None


def test_sources_are_named_from_the_root(folder):
    sub = folder / "sub"
    sub.mkdir()
    (sub / "a.md").write_text("words")
    assert CrossModalReader(root=folder).load_data(sub / "a.md")[0].metadata["source"] == "sub/a.md"
    with pytest.raises(SourceMissing):
        CrossModalReader().load_data(folder / "none.md")


def test_links_lead_to_pictures_below_the_root(folder, tmp_path):
    (tmp_path / "guide").mkdir()
    (tmp_path / "tides.md").unlink()
    (tmp_path / "guide" / "page.md").write_text("# Pump\n\n![The red pump](../chart.png)\n")
    told: list[tuple[str, str]] = []
    options = ReadOptions(on_warning=lambda *words: told.append(words))
    for root, captions in ((None, [""]), (tmp_path, ["The red pump"])):
        extractor = CrossModalReader.file_extractor(options, root=root)
        documents = SimpleDirectoryReader(tmp_path, recursive=True, file_extractor=extractor).load_data()
        pictures = [
            node
            for node in CrossModalNodeParser().get_nodes_from_documents(documents)
            if isinstance(node, ImageNode)
        ]
        assert [node.text for node in pictures] == captions
    ((message, hint),) = told
    assert "leads out of the document's folder" in message
    assert "root=" in hint


def test_plain_documents_are_read_by_what_they_are(folder):
    groups = elements_from_documents(
        [
            Document(text=MARKDOWN, metadata={"file_path": str(folder / "tides.md"), "author": "Ann"}),
            Document(text="Just words.\n\nMore words.", metadata={"page_label": "7", "file_name": "b.pdf"}),
            ImageDocument(image_path=str(folder / "chart.png"), text="A tide"),
        ]
    )
    assert [element.kind for element in groups[0].elements] == ["heading", "paragraph", "picture"]
    assert groups[0].elements[2].picture.path == (folder / "chart.png").resolve()
    assert groups[0].metadata["author"] == "Ann"
    assert [(e.text, e.page) for e in groups[1].elements] == [("Just words.", 7), ("More words.", 7)]
    assert groups[1].source == "b.pdf"
    assert groups[2].elements[0].picture.caption == "A tide"


def test_remote_file_systems(folder):
    from fsspec.implementations.memory import MemoryFileSystem

    fs = MemoryFileSystem()
    fs.pipe_file("/chart.png", (folder / "chart.png").read_bytes())
    documents = CrossModalReader().load_data("/chart.png", fs=fs)
    assert documents[0].image is not None
    assert documents[0].metadata["file_path"] == "/chart.png"


def test_a_folder_read_with_the_file_extractor_keeps_each_picture_once(folder):
    documents = SimpleDirectoryReader(folder, file_extractor=CrossModalReader.file_extractor()).load_data()
    assert {document.metadata["file_name"] for document in documents} == {"chart.png", "tides.md"}
    nodes = CrossModalNodeParser().get_nodes_from_documents(documents)
    (picture,) = [node for node in nodes if isinstance(node, ImageNode)]
    assert picture.metadata["source"] == "tides.md"
    assert picture.metadata["caption"] == "Figure 1: A tide."


def test_a_picture_that_a_stock_reader_encoded_anew_is_known_by_its_file(folder):
    documents = SimpleDirectoryReader(folder, required_exts=[".md"]).load_data()
    path = str(folder / "chart.png")
    buffer = io.BytesIO()
    Image.open(path).convert("RGB").save(buffer, "JPEG")
    documents.append(
        ImageDocument(
            image=base64.b64encode(buffer.getvalue()).decode(), image_path=path, metadata={"file_path": path}
        )
    )
    nodes = CrossModalNodeParser().get_nodes_from_documents(documents)
    assert sum(isinstance(node, ImageNode) for node in nodes) == 1


@pytest.mark.parametrize("name", ["report.pdf", "slides.pptx", "photo.jpg", "random.bin"])
def test_bytes_handed_over_as_text_are_refused_with_the_way_out(tmp_path, name):
    content = {
        "report.pdf": b"%PDF-1.4\n1 0 obj << /Type /Catalog >> endobj\n" * 40,
        "slides.pptx": b"PK\x03\x04" + bytes(range(256)) * 20,
        "photo.jpg": b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01" + bytes(range(256)) * 20,
        "random.bin": hashlib.sha512(b"x").digest() * 200,
    }[name]
    for errors in ("ignore", "replace"):
        text = content.decode("utf-8", errors=errors)
        document = Document(text=text, metadata={"file_path": str(tmp_path / name)})
        with pytest.raises(SourceUnsupported, match=rf"{name} is no text") as told:
            CrossModalNodeParser().get_nodes_from_documents([document])
        assert "CrossModalReader.file_extractor()" in told.value.hint


@pytest.mark.parametrize("setting", ["auto", "off"])
def test_scanned_pages_are_read_as_the_settings_say(tmp_path, monkeypatch, setting):
    pytest.importorskip("rapidocr", reason="the extra offline is not installed")
    monkeypatch.setenv("XMRAG_OCR", setting)
    page = Image.new("RGB", (1240, 800), "white")
    ImageDraw.Draw(page).text((100, 300), "The harbour gate is open", fill="black", font_size=72)
    page.save(tmp_path / "scan.pdf", resolution=150)
    reader = pickle.loads(pickle.dumps(CrossModalReader()))  # SimpleDirectoryReader(num_workers=2) does so
    words = " ".join(document.text for document in reader.load_data(tmp_path / "scan.pdf"))
    assert ("harbour gate" in words) == (setting == "auto")


def test_a_warning_of_a_file_is_given_once(tmp_path):
    told = []
    reader = CrossModalReader(ReadOptions(on_warning=lambda message, hint: told.append(message)))
    for name in ("a.md", "b.md"):
        (tmp_path / name).write_text("![x](gone.png)\n\nWords.\n\n![x](gone.png)\n")
        reader.load_data(tmp_path / name)
    assert len(told) == 2
