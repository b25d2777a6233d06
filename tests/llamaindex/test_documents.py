from __future__ import annotations

import hashlib
import io

import pytest
from llama_index.core import SimpleDirectoryReader
from llama_index.core.schema import Document, ImageDocument
from PIL import Image, ImageDraw

from xmrag_plugin.errors import SourceMissing
from xmrag_plugin.llamaindex.documents import (
    CrossModalReader,
    document_from_element,
    element_from_document,
    elements_from_documents,
)
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
