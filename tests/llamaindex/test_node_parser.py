from __future__ import annotations

import asyncio
import base64
import io
import pickle
from itertools import pairwise
from pathlib import Path

import pytest
from llama_index.core import Document, SimpleDirectoryReader
from llama_index.core.ingestion import IngestionCache, IngestionPipeline
from llama_index.core.schema import (
    ImageDocument,
    ImageNode,
    MediaResource,
    MetadataMode,
    NodeRelationship,
    TextNode,
)
from PIL import Image
from pydantic import ValidationError

from xmrag_plugin import CrossModalNodeParser
from xmrag_plugin.chunking.chunks import split_table
from xmrag_plugin.text.sentences import word_count
from xmrag_plugin.types import Element, Key, Modality, Picture, split_ids


def png(colour: tuple[int, int, int], size: int = 80) -> bytes:
    image = Image.effect_noise((size, size), 40).convert("RGB")
    image.paste(colour, (10, 10, size - 10, size - 30))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def heading(text: str, level: int = 1, **more: object) -> Element:
    return Element("heading", text, level=level, **more)  # type: ignore[arg-type]


def paragraph(text: str, **more: object) -> Element:
    return Element("paragraph", text, **more)  # type: ignore[arg-type]


def figure(data: bytes, **more: object) -> Element:
    return Element("picture", picture=Picture(data=data, mime="image/png", **more))  # type: ignore[arg-type]


def parse(*elements: Element, **options: object) -> list[TextNode]:
    parser = CrossModalNodeParser(**options)
    return parser.nodes_from_elements(elements, source="a.md", file_path="/d/a.md", document_id="doc")


def prose(words: int, start: str = "Word") -> str:
    """Sentences of ten words, all different."""
    return " ".join(
        f"{start} {i} of this text says a thing or two here." for i in range(max(1, round(words / 11)))
    )


def texts(nodes: list[TextNode]) -> list[TextNode]:
    return [node for node in nodes if node.metadata[Key.MODALITY] == Modality.TEXT]


def figures(nodes: list[TextNode]) -> list[ImageNode]:
    return [node for node in nodes if isinstance(node, ImageNode)]


# chunks --------------------------------------------------------------------------------------


def test_chunks_are_whole_sentences_of_even_length() -> None:
    text = prose(1000)
    nodes = parse(heading("Title"), paragraph(text), chunk_words=170)
    lengths = [word_count(node.text) for node in nodes]
    assert all(node.text.endswith(".") for node in nodes)
    assert " ".join(node.text for node in nodes) == text
    assert max(lengths) <= 200
    assert min(lengths) >= 100


def test_paragraphs_are_not_cut_without_need() -> None:
    paragraphs = [prose(90, f"P{i}") for i in range(6)]
    nodes = parse(*map(paragraph, paragraphs), chunk_words=170)
    assert [node.text for node in nodes] == ["\n\n".join(paragraphs[i : i + 2]) for i in range(0, 6, 2)]


def test_a_chunk_does_not_cross_a_chapter() -> None:
    nodes = parse(heading("One"), paragraph("A b c."), heading("Two"), paragraph("D e f."))
    assert [(n.metadata[Key.HEADING_PATH], n.text) for n in nodes] == [("One", "A b c."), ("Two", "D e f.")]


def test_tiny_sections_share_a_chunk_under_their_parent() -> None:
    nodes = parse(
        heading("Guide"),
        heading("Install", 2),
        paragraph("Run it."),
        heading("Remove", 2),
        paragraph("Delete it."),
    )
    assert len(nodes) == 1
    assert nodes[0].metadata[Key.HEADING_PATH] == "Guide"
    assert nodes[0].text == "Install\nRun it.\n\nRemove\nDelete it."


def test_sections_of_different_parents_stay_apart() -> None:
    nodes = parse(
        heading("Guide"),
        heading("Charging", 2),
        heading("Battery level", 3),
        paragraph("Swipe down to see it."),
        heading("Power", 2),
        heading("Turning on", 3),
        paragraph("Hold the upper button."),
        heading("Note", 4),
        paragraph("Charge it first."),
        heading("Turning off", 3),
        paragraph("Hold it again."),
    )
    assert [(node.metadata[Key.HEADING_PATH], node.text) for node in nodes] == [
        ("Guide > Charging > Battery level", "Swipe down to see it."),
        (
            "Guide > Power",
            "Turning on\nHold the upper button.\n\nTurning on > Note\nCharge it first.\n\nTurning off\nHold it again.",
        ),
    ]


def test_large_sections_stay_apart_and_nothing_is_lost() -> None:
    elements = [heading("Book"), heading("Empty", 2), heading("First", 2), paragraph(prose(160, "A"))]
    elements += [heading("Second", 2), paragraph(prose(160, "B")), heading("Last, empty", 2)]
    nodes = parse(*elements)
    paths = [node.metadata[Key.HEADING_PATH] for node in nodes]
    together = "\n".join(node.get_content(MetadataMode.EMBED) for node in nodes)
    for words in ("Empty", "First", "Second", "Last, empty"):
        assert words in together
    assert paths == ["Book > First", "Book > Second"]
    assert nodes[0].text.startswith("Empty\n\nFirst\nA 0 of")
    assert nodes[1].text.endswith("\n\nLast, empty")


def test_a_chunk_ends_with_its_page() -> None:
    nodes = parse(
        paragraph(prose(100, "A"), page=1, bbox=(10, 10, 50, 50)),
        paragraph(prose(40, "B"), page=2, bbox=(1, 1, 2, 2)),
        heading("On the next page"),
        paragraph(prose(40, "C"), page=3, bbox=(1, 5, 2, 9)),
        paragraph(prose(20, "D"), page=3, bbox=(1, 9, 2, 10)),
    )
    assert [node.metadata[Key.PAGE] for node in nodes] == [1, 2, 3]
    assert nodes[0].metadata[Key.BBOX] == "10,10,50,50"
    assert nodes[1].metadata[Key.BBOX] == "1,1,2,2"


def test_scripts_without_spaces_are_cut_at_their_own_stops() -> None:
    text = "这是一个关于图像检索的句子，里面有一些词语。" * 60
    nodes = parse(paragraph(text))
    assert len(nodes) > 3
    assert all(node.text.endswith("。") for node in nodes)
    assert sum(len(node.text) for node in nodes) >= len(text)


def test_a_text_without_any_stop_is_cut_all_the_same() -> None:
    nodes = parse(paragraph("word " * 2000))
    assert max(word_count(node.text) for node in nodes) <= 200
    assert sum(word_count(node.text) for node in nodes) == 2000
    nodes = parse(paragraph("x" * 20_000))
    assert "".join(node.text for node in nodes) == "x" * 20_000


def test_code_and_lists_keep_their_lines() -> None:
    code = "def f():\n    return 1\n"
    nodes = parse(paragraph("Do this:"), Element("code", code), Element("list", "one\ntwo"))
    assert "def f():\n    return 1" in nodes[0].text
    assert nodes[0].text.endswith("one\ntwo")
    long = "\n".join(f"- item {i} with a few more words in it" for i in range(100))
    for node in parse(Element("list", long)):
        assert all(line.startswith("- item") for line in node.text.splitlines())


def test_overlap_repeats_sentences_within_a_section() -> None:
    nodes = parse(paragraph(prose(500)), overlap_sentences=1)
    for before, after in pairwise(nodes):
        assert after.text.startswith(before.text.rsplit(". ", 1)[1].rstrip(".")[:12])


def test_speech_keeps_its_times_and_ends_at_a_pause() -> None:
    turns = [
        Element("speech", f"Sentence number {i}.", start_s=float(5 * i), end_s=5 * i + 4.0) for i in range(6)
    ]
    turns += [Element("speech", "After a long silence.", start_s=100.0, end_s=102.0)]
    nodes = parse(*turns)
    assert [(n.metadata[Key.START_S], n.metadata[Key.END_S]) for n in nodes] == [(0.0, 29.0), (100.0, 102.0)]
    assert nodes[0].metadata[Key.KIND] == "speech"
    assert nodes[0].text.startswith("Sentence number 0. Sentence number 1.")


def test_long_speech_is_cut_by_time() -> None:
    turns = [
        Element("speech", "A few words are said.", start_s=10.0 * i, end_s=10.0 * i + 10) for i in range(30)
    ]
    nodes = parse(*turns)
    assert all(n.metadata[Key.END_S] - n.metadata[Key.START_S] <= 80 for n in nodes)


# tables --------------------------------------------------------------------------------------


def test_a_table_is_a_node_of_its_own() -> None:
    table = "| a | b |\n|---|---|\n| 1 | 2 |"
    element = Element("table", table, metadata={Key.CAPTION: "Table 2: Sums", Key.LABEL: "Table 2"})
    nodes = parse(heading("H"), paragraph("As Table 2 shows, sums add up."), element)
    chunk, node = nodes
    assert node.metadata[Key.MODALITY] == Modality.TABLE
    assert node.text == f"Table 2: Sums\n\n{table}"
    assert node.metadata[Key.PASSAGES] == chunk.node_id
    assert chunk.metadata[Key.FIGURES] == node.node_id
    assert "|" not in chunk.text


def test_a_huge_table_is_cut_by_rows_under_its_header() -> None:
    rows = [f"| {i} | some words in row {i} |" for i in range(300)]
    parts = split_table("\n".join(["| n | text |", "|---|---|", *rows]), 200)
    assert len(parts) > 3
    assert all(part.startswith("| n | text |\n|---|---|\n") for part in parts)
    assert [line for part in parts for line in part.splitlines()[2:]] == rows


def test_a_table_with_its_picture_is_two_linked_nodes() -> None:
    element = Element("table", "| a |\n|---|\n| 1 |", picture=Picture(data=png((1, 2, 3)), caption="Table 1"))
    table, image = parse(element)
    assert table.metadata[Key.FIGURES] == image.node_id
    assert image.metadata[Key.KIND] == "table"
    assert image.metadata[Key.MODALITY] == Modality.IMAGE


# figures -------------------------------------------------------------------------------------


def test_a_figure_knows_its_words_and_passages() -> None:
    data = png((200, 0, 0))
    nodes = parse(
        heading("Report"),
        paragraph("Long ago, Figure 1 was drawn by hand."),
        heading("Sales", 2),
        paragraph("Sales rose."),
        figure(data, caption="Figure 1: Sales", alt="A bar chart", label="Figure 1", ocr="2021 40%"),
        paragraph("Then they fell."),
        heading("Costs"),
        paragraph("Costs are elsewhere."),
    )
    (image,) = figures(nodes)
    assert image.text == "Figure 1: Sales\nA bar chart\n2021 40%"
    assert image.metadata[Key.CITED_BY].splitlines() == [
        "Long ago, Figure 1 was drawn by hand.",
        "Sales rose.",
        "Then they fell.",
    ]
    assert image.metadata[Key.HEADING_PATH] == "Report > Sales"
    assert len(image.metadata[Key.MEDIA_HASH]) == 64
    embedded = image.get_content(MetadataMode.EMBED)
    assert embedded.startswith(image.text)
    assert embedded.index("Report > Sales") < embedded.index("Long ago")
    assert "media_hash" not in embedded
    assert base64.b64decode(image.image or "") == data
    for chunk in texts(nodes):
        assert "A bar chart" not in chunk.text
        linked = image.node_id in split_ids(chunk.metadata.get(Key.FIGURES))
        assert linked == (chunk.node_id in split_ids(image.metadata[Key.PASSAGES]))


def test_an_llm_is_shown_a_figure_with_labels() -> None:
    """Stock engines send an ImageNode's metadata and picture, never its text."""
    elements = [
        heading("Sales"),
        paragraph("See Figure 1.", page=3),
        figure(png((1, 0, 0)), caption="Figure 1: Sales", ocr="40%"),
    ]
    text, image = CrossModalNodeParser().nodes_from_elements(
        elements, source="a.pdf", document_id="d", metadata={"year": 2024}, legend=True
    )
    words, picture = image.get_content_blocks(MetadataMode.LLM)
    assert words.text.splitlines() == [  # type: ignore[union-attr]
        "Source: a.pdf",
        "Section: Sales",
        "Caption: Figure 1: Sales",
        "Lettering: 40%",
        "Text that refers to it: See Figure 1.",
        "year: 2024",
    ]
    assert picture.block_type == "image"
    assert text.get_content(MetadataMode.LLM).startswith("Source: a.pdf, page 3\nSection: Sales")
    assert "2024" not in text.get_content(MetadataMode.EMBED)


def test_an_uncited_figure_goes_with_its_neighbours() -> None:
    nodes = parse(paragraph("Before it."), figure(png((0, 0, 9))), paragraph("After it."))
    (image,) = figures(nodes)
    assert image.metadata[Key.CITED_BY] == "Before it.\nAfter it."
    assert image.metadata[Key.PASSAGES] == texts(nodes)[0].node_id
    assert Key.FIGURES in texts(nodes)[0].metadata


def test_the_same_picture_twice_is_one_node_with_both_contexts() -> None:
    same = png((9, 9, 9))
    nodes = parse(
        heading("A"),
        paragraph("The first place."),
        figure(same, caption="One caption"),
        heading("B"),
        paragraph("The second place."),
        figure(same, caption="Another caption"),
    )
    (image,) = figures(nodes)
    assert image.text == "One caption\nAnother caption"
    assert "first place" in image.metadata[Key.CITED_BY]
    assert "second place" in image.metadata[Key.CITED_BY]
    assert len(split_ids(image.metadata[Key.PASSAGES])) == 2


def test_context_is_bounded() -> None:
    nodes = parse(paragraph(prose(300)), figure(png((0, 9, 0))), paragraph(prose(300)), context_words=60)
    assert word_count(figures(nodes)[0].metadata[Key.CITED_BY]) <= 65
    nodes = parse(paragraph("Text."), figure(png((0, 9, 0))), context_words=0)
    assert Key.CITED_BY not in figures(nodes)[0].metadata


def test_a_stored_picture_keeps_its_hash_and_needs_no_bytes() -> None:
    picture = Picture(media_hash="a" * 64, media="images/x.png", caption="X")
    (image,) = parse(Element("picture", picture=picture))
    assert isinstance(image, ImageNode)
    assert image.metadata[Key.MEDIA_HASH] == "a" * 64
    assert image.metadata[Key.MEDIA] == "images/x.png"
    assert image.image is None


# ids, links, order ---------------------------------------------------------------------------


def test_ids_are_functions_of_content() -> None:
    elements = [paragraph("Twice."), figure(png((3, 3, 3))), heading("H"), paragraph("Twice.")]
    first, again = parse(*elements), parse(*elements)
    assert [node.node_id for node in first] == [node.node_id for node in again]
    assert len({node.node_id for node in first}) == len(first) == 3
    other = CrossModalNodeParser().nodes_from_elements(elements, source="b.md", document_id="other")
    assert not {node.node_id for node in first} & {node.node_id for node in other}


def test_ids_of_ones_own() -> None:
    parser = CrossModalNodeParser(id_func=lambda nth, document: f"{document.node_id}-{nth}")
    nodes = parser.nodes_from_elements([paragraph("A."), figure(png((1, 1, 1)))], source="s", document_id="d")
    assert [node.node_id for node in nodes] == ["d-0", "d-1"]
    assert nodes[0].metadata[Key.FIGURES] == "d-1"


def test_nodes_are_chained_and_know_their_document() -> None:
    nodes = parse(paragraph(prose(400)), figure(png((5, 5, 5))), paragraph("End."))
    assert [node.metadata[Key.ORDER] for node in nodes] == list(range(len(nodes)))
    assert all(node.ref_doc_id == "doc" for node in nodes)
    for before, after in pairwise(nodes):
        assert before.next_node is not None
        assert after.prev_node is not None
        assert before.next_node.node_id == after.node_id
        assert after.prev_node.node_id == before.node_id
        assert before.next_node.metadata == {}
    assert parse(paragraph("A."), include_prev_next_rel=False)[0].next_node is None


def test_metadata_are_flat() -> None:
    nodes = parse(heading("H"), paragraph("T.", page=1, bbox=(0, 0, 1, 1)), figure(png((1, 1, 1))))
    for node in nodes:
        assert all(isinstance(value, str | int | float) for value in node.metadata.values())


# LlamaIndex ----------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "map.png").write_bytes(png((0, 120, 0)))
    (tmp_path / "trip.md").write_text(
        "# Trip\n\nWe went far (see the map).\n\n![A map](images/map.png)\n\n*The way we took*\n\nIt rained.\n",
        encoding="utf-8",
    )
    (tmp_path / "notes.txt").write_text("Plain words.\n\nMore of them.", encoding="utf-8")
    return tmp_path


def test_plain_documents_of_a_directory_reader(folder: Path) -> None:
    documents = SimpleDirectoryReader(str(folder), required_exts=[".md", ".txt"]).load_data()
    nodes = CrossModalNodeParser().get_nodes_from_documents(documents)
    (image,) = [node for node in nodes if isinstance(node, ImageNode)]
    assert image.image_path
    assert Path(image.image_path).read_bytes() == (folder / "images" / "map.png").read_bytes()
    assert "The way we took" in image.text
    assert "We went far" in image.metadata[Key.CITED_BY]
    by_id = {document.node_id: document for document in documents}
    assert all(node.ref_doc_id in by_id for node in nodes)
    assert {by_id[node.ref_doc_id or ""].metadata["file_name"] for node in nodes} == {"trip.md", "notes.txt"}
    assert all(node.metadata["file_type"] for node in nodes)
    hidden = {"file_size", "creation_date"}
    assert all(not hidden & _shown(node, MetadataMode.EMBED) for node in nodes)
    assert all(not hidden & _shown(node, MetadataMode.LLM) for node in nodes)


def _shown(node: TextNode, mode: MetadataMode) -> set[str]:
    hidden = (
        node.excluded_embed_metadata_keys if mode == MetadataMode.EMBED else node.excluded_llm_metadata_keys
    )
    return set(node.metadata) - set(hidden)


def test_the_readers_own_documents_come_together_again(folder: Path) -> None:
    from xmrag_plugin.llamaindex.documents import CrossModalReader

    documents = SimpleDirectoryReader(
        str(folder), required_exts=[".md"], file_extractor={".md": CrossModalReader()}
    ).load_data()
    assert len(documents) > 2
    nodes = CrossModalNodeParser().get_nodes_from_documents(documents)
    assert [type(node).__name__ for node in nodes] == ["TextNode", "ImageNode"]
    assert nodes[0].text == "We went far (see the map).\n\nIt rained."


def test_a_resource_that_is_a_data_uri_is_a_figure(folder: Path) -> None:
    data = base64.b64encode(next(folder.rglob("*.png")).read_bytes()).decode()
    resource = MediaResource(url=f"data:image/png;base64,{data}")
    (node,) = CrossModalNodeParser().get_nodes_from_documents(
        [Document(text="a map", image_resource=resource)]
    )
    assert isinstance(node, ImageNode)
    assert node.metadata[Key.CAPTION] == "a map"


def test_users_metadata_are_embedded_and_shown_as_the_document_says() -> None:
    document = Document(
        text="Some words.",
        metadata={"author": "Ada", "secret": "s", "draft": 1},
        excluded_embed_metadata_keys=["secret", "draft"],
        excluded_llm_metadata_keys=["secret"],
    )
    (node,) = CrossModalNodeParser().get_nodes_from_documents([document])
    assert "Ada" in node.get_content(MetadataMode.EMBED)
    assert "secret" not in node.get_content(MetadataMode.EMBED)
    shown = node.get_content(MetadataMode.LLM)
    assert "author: Ada" in shown
    assert "draft: 1" in shown
    assert "secret" not in shown
    (bare,) = CrossModalNodeParser(include_metadata=False).get_nodes_from_documents([document])
    assert "author" not in bare.metadata


def test_an_image_document_is_a_figure() -> None:
    data = png((8, 0, 8))
    document = ImageDocument(
        image_resource=MediaResource(data=base64.b64encode(data), mimetype="image/png"), text="A flag"
    )
    (node,) = CrossModalNodeParser().get_nodes_from_documents([document])
    assert isinstance(node, ImageNode)
    assert "A flag" in node.text
    assert base64.b64decode(node.image or "") == data
    assert node.ref_doc_id == document.node_id


def test_character_positions_and_the_source_of_a_part() -> None:
    whole = Document(text="The whole.")
    part = Document(text="First one.\n\nSecond one.", relationships={})
    part.relationships[NodeRelationship.SOURCE] = whole.as_related_node_info()
    (node,) = CrossModalNodeParser().get_nodes_from_documents([part])
    assert (node.start_char_idx, node.end_char_idx) == (0, len(part.text))
    assert node.ref_doc_id == whole.node_id


def test_in_a_pipeline_with_a_cache(folder: Path) -> None:
    cache = IngestionCache()
    pipeline = IngestionPipeline(transformations=[CrossModalNodeParser()], cache=cache)
    documents = SimpleDirectoryReader(str(folder), required_exts=[".md"]).load_data()
    first = pipeline.run(documents=documents)
    again = pipeline.run(documents=documents)
    assert [node.node_id for node in first] == [node.node_id for node in again]
    hashes = [node.metadata.get(Key.MEDIA_HASH) for node in again]
    assert sum(value is not None for value in hashes) == 1


def test_pictures_with_the_same_words_are_told_apart(folder: Path) -> None:
    nodes = parse(figure(png((1, 0, 0)), caption="Same"), figure(png((0, 1, 0)), caption="Same"))
    contents = {node.get_content(MetadataMode.ALL) for node in nodes}
    assert len(contents) == 2


def test_serialisation_and_pickle() -> None:
    parser = CrossModalNodeParser(chunk_words=80, overlap_sentences=1)
    again = CrossModalNodeParser.from_dict(parser.to_dict())
    assert isinstance(again, CrossModalNodeParser)
    assert (again.chunk_words, again.overlap_sentences, again.recipe) == (80, 1, parser.recipe)
    assert pickle.loads(pickle.dumps(parser)).recipe == parser.recipe
    assert CrossModalNodeParser.from_json(parser.to_json()).recipe == parser.recipe


def test_misspelt_and_senseless_options_are_refused() -> None:
    with pytest.raises(ValidationError):
        CrossModalNodeParser(chunk_word=100)
    with pytest.raises(ValidationError):
        CrossModalNodeParser(chunk_words=0)


def test_async_and_callbacks() -> None:
    from llama_index.core.callbacks import CallbackManager, LlamaDebugHandler
    from llama_index.core.callbacks.schema import CBEventType

    handler = LlamaDebugHandler(print_trace_on_end=False)
    parser = CrossModalNodeParser.from_defaults(callback_manager=CallbackManager([handler]))
    nodes = asyncio.run(parser.aget_nodes_from_documents([Document(text="A word.")]))
    assert nodes[0].text == "A word."
    assert handler.get_event_pairs(CBEventType.NODE_PARSING)


def test_nothing_in_nothing_out() -> None:
    assert parse() == []
    assert CrossModalNodeParser().get_nodes_from_documents([Document(text="")]) == []
    assert [node.text for node in parse(heading("Only a heading"))] == ["Only a heading"]
