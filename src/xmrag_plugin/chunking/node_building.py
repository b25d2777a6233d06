"""Build LlamaIndex nodes that know one another from the pieces of a document."""

from __future__ import annotations

import base64
import hashlib
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from llama_index.core.schema import (
    ImageNode,
    MetadataMode,
    NodeRelationship,
    ObjectType,
    RelatedNodeInfo,
    TextNode,
)

from ..images.intake import hash_of
from ..text.sentences import word_count
from ..types import Element, Key, Modality, Picture, figure_words, format_bbox, join_ids, shift_line_boxes
from .chunks import headings_of
from .figure_links import FigureLinks, FigurePlace, Passage, context_of, link_figures
from .pieces import Piece

__all__ = ["OWN_KEYS", "Hidden", "build_nodes"]

OWN_KEYS = frozenset(value for name, value in vars(Key).items() if name.isupper())
"""The metadata keys that this package sets; all others are the user's."""

_ANCHOR, _CITES = "anchor", "cites"  # what readers of markup say about links within a document
_NAMESPACE = uuid.UUID("7b0e6f5c-3c1e-5d0a-9f53-6d1a0c0f2b11")
_MIN_OWN_WORDS = 10  # of a figure that is embedded without the passages around it
_PROSE = ("paragraph", "list", "speech", "note")
_TEXT_LABELS = {Key.HEADING_PATH: "Section"}
_FIGURE_LABELS = {
    Key.HEADING_PATH: "Section",
    Key.CAPTION: "Caption",
    Key.ALT: "Alternative text",
    Key.DESCRIPTION: "Description",
    Key.OCR: "Lettering",
    Key.CITED_BY: "Text that refers to it",
}


class Hidden(NamedTuple):
    """The user's metadata keys that are kept from the embedding and from the LLM."""

    embed: frozenset[str] = frozenset()
    llm: frozenset[str] = frozenset()


def build_nodes(
    elements: Sequence[Element],
    pieces: Sequence[Piece],
    *,
    document_id: str,
    common: Mapping[str, Any],
    context_words: int = 120,
    chained: bool = True,
    name: Callable[[int], str] | None = None,
    hidden: Hidden | None = None,
    legend: bool = True,
) -> list[TextNode]:
    """Return the nodes of one document, in reading order.

    Args:
        elements: The document.
        pieces: What :func:`xmrag_plugin.chunking.chunks.chunk_elements` cut it into.
        document_id: What ``ref_doc_id`` says, and what node ids are made of.
        common: Metadata of every node.
        context_words: Bound of the passages kept with a figure.
        chained: Whether to set previous and next.
        name: Gives the nth node its id; by default ids are functions of document and content.
        hidden: The user's metadata that are not embedded, and not shown.
        legend: Whether nodes carry what an LLM is shown beside them, for stores and engines that know
            LlamaIndex's nodes only.
    """
    nodes = _Builder(document_id, dict(common), elements, name).build(pieces, context_words)
    users = set(common) - OWN_KEYS
    for node in nodes:
        node.metadata = {key: value for key, value in node.metadata.items() if value is not None}
        _set_exclusions(node, hidden or Hidden(), users, legend=legend)
    _chain(nodes, document_id, chained=chained)
    return nodes


class _Builder:
    """Make the nodes of one document."""

    def __init__(
        self,
        document_id: str,
        common: dict[str, Any],
        elements: Sequence[Element],
        name: Callable[[int], str] | None,
    ) -> None:
        self.document_id = document_id
        self.name = name
        self.common = common
        self.elements = elements
        self.counts: dict[str, int] = {}

    def build(self, pieces: Sequence[Piece], context_words: int) -> list[TextNode]:
        links = self._links(pieces)
        nodes: list[TextNode] = []
        ids_of_element: dict[int, list[str]] = {}
        figures: dict[str, tuple[ImageNode, list[FigureLinks]]] = {}
        figure_at: dict[int, str] = {}
        for number, piece in enumerate(pieces):
            if piece.kind != "figure":
                node = self._text_node(piece)
                nodes.append(node)
                for index in piece.indexes:
                    ids_of_element.setdefault(index, []).append(node.node_id)
            if piece.picture is not None and piece.indexes[0] not in figure_at:
                key = _picture_key(piece.picture)
                if key in figures:
                    _join_words(figures[key][0], piece.picture)
                    figures[key][1].append(links[number])
                else:
                    image = self._image_node(piece, key)
                    nodes.append(image)
                    figures[key] = (image, [links[number]])
                figure_at[piece.indexes[0]] = figures[key][0].node_id
        for order, node in enumerate(nodes):
            node.metadata[Key.ORDER] = order
        self._cross_link(nodes, figures, figure_at, ids_of_element, links, pieces, context_words)
        return nodes

    def _links(self, pieces: Sequence[Piece]) -> dict[int, FigureLinks]:
        """Return the passages of each figure and table, by the piece's number."""
        numbers = [i for i, piece in enumerate(pieces) if piece.kind != "text"]
        if not numbers:
            return {}
        paths = headings_of(self.elements)
        passages = [
            Passage(index, element.text, path, element.page, _cites(element), element.start_s, element.end_s)
            for index, (element, path) in enumerate(zip(self.elements, paths, strict=True))
            if element.text.strip()
            and (element.kind in _PROSE or (element.kind == "table" and _cites(element)))
        ]
        places = [
            FigurePlace(
                index=pieces[i].indexes[0],
                label=_label_of(pieces[i]),
                anchor=str(pieces[i].metadata.get(_ANCHOR, "")),
                words=_words_of(pieces[i].picture) or pieces[i].text[:200],
                section=pieces[i].path,
                page=pieces[i].page,
                table=pieces[i].kind == "table",
                start_s=pieces[i].start_s,
                end_s=pieces[i].end_s,
            )
            for i in numbers
        ]
        return dict(zip(numbers, link_figures(places, passages), strict=True))

    def _cross_link(
        self,
        nodes: Sequence[TextNode],
        figures: Mapping[str, tuple[ImageNode, list[FigureLinks]]],
        figure_at: Mapping[int, str],
        ids_of_element: Mapping[int, list[str]],
        links: Mapping[int, FigureLinks],
        pieces: Sequence[Piece],
        context_words: int,
    ) -> None:
        mentioned: dict[str, list[str]] = {}
        by_id = {node.node_id: node for node in nodes}

        def chunks_of(found: FigureLinks) -> list[str]:
            offsets = {passage.index: offset for passage, offset in found.citing}
            chosen: list[str] = []
            for passage in found.passages():
                ids = ids_of_element.get(passage.index, [])
                if len(ids) > 1:
                    mention = passage.text[offsets.get(passage.index, 0) :][:24]
                    ids = [i for i in ids if mention in by_id[i].text] or ids[-1:]
                chosen += ids
            return chosen

        for image, several in figures.values():
            ids = [node_id for found in several for node_id in chunks_of(found)]
            image.metadata[Key.PASSAGES] = join_ids(ids)
            for node_id in ids:
                mentioned.setdefault(node_id, []).append(image.node_id)
            share = min(context_words, max(context_words // len(several), 30))
            contexts = [context for found in several[:4] if (context := context_of(found, share))]
            image.metadata[Key.CITED_BY] = "\n".join(dict.fromkeys(contexts)) or None
        table_ids = {
            piece.indexes[0]: ids_of_element[piece.indexes[0]] for piece in pieces if piece.kind == "table"
        }
        for number, piece in enumerate(pieces):
            if piece.kind == "table":
                for own in table_ids[piece.indexes[0]]:
                    if piece.indexes[0] in figure_at:
                        mentioned.setdefault(own, []).append(figure_at[piece.indexes[0]])
                    by_id[own].metadata[Key.PASSAGES] = join_ids(chunks_of(links[number]))
                    for node_id in chunks_of(links[number]):
                        mentioned.setdefault(node_id, []).append(own)
        for node in nodes:
            if node.node_id in mentioned:
                node.metadata[Key.FIGURES] = join_ids(mentioned[node.node_id])

    def _text_node(self, piece: Piece) -> TextNode:
        table = piece.kind == "table"
        caption = (piece.picture.caption if piece.picture else "") or str(piece.metadata.get(Key.CAPTION, ""))
        text = piece.text
        metadata = self._metadata(piece, Modality.TABLE if table else Modality.TEXT)
        if table and caption and caption not in text:
            text = f"{caption}\n\n{text}"
            shifted = shift_line_boxes(metadata.get(Key.LINE_BOXES), len(caption) + 2)
            metadata[Key.LINE_BOXES] = shifted
        if table:
            metadata |= {Key.CAPTION: caption or None, Key.LABEL: _label_of(piece) or None}
        return TextNode(
            id_=self._id(piece.kind, text),
            text=text,
            metadata=metadata,
            text_template="{metadata_str}\n\n{content}",
        )

    def _image_node(self, piece: Piece, key: str) -> ImageNode:
        picture = piece.picture or Picture()
        metadata = self._metadata(piece, Modality.IMAGE)
        metadata |= {
            Key.KIND: self.elements[piece.indexes[0]].kind,
            Key.CAPTION: picture.caption or None,
            Key.ALT: picture.alt or None,
            Key.LABEL: picture.label or None,
            Key.OCR: picture.ocr or None,
            Key.DESCRIPTION: picture.description or None,
            Key.MEDIA: picture.media,
            Key.MEDIA_HASH: key if len(key) == 64 else None,
        }
        return ImageNode(
            id_=self._id("figure", key),
            text=_words_of(picture),
            metadata=metadata,
            text_template="{content}\n\n{metadata_str}",
            image=base64.b64encode(picture.data).decode() if picture.data is not None else None,
            image_path=str(picture.path) if picture.path is not None and picture.data is None else None,
            image_mimetype=picture.mime or None,
        )

    def _metadata(self, piece: Piece, modality: str) -> dict[str, Any]:
        linking = {_ANCHOR, _CITES, Key.CAPTION, Key.LABEL}
        linking |= {Key.LINE_BOXES} if modality == Modality.IMAGE else set()
        own = {key: value for key, value in piece.metadata.items() if key not in linking}
        return {
            **self.common,
            **own,
            Key.MODALITY: own.get(Key.MODALITY, modality) if piece.kind == "text" else modality,
            Key.KIND: piece.element,
            Key.PAGE: piece.page,
            Key.BBOX: format_bbox(piece.bbox),
            Key.START_S: piece.start_s,
            Key.END_S: piece.end_s,
            Key.HEADING_PATH: " > ".join(piece.path) or None,
        }

    def _id(self, kind: str, content: str) -> str:
        """Return an id that the same content of a document always gets; the nth copy of a text is numbered."""
        if self.name is not None:
            self.counts[""] = self.counts.get("", -1) + 1
            return self.name(self.counts[""])
        key = hashlib.sha256(f"{kind}\0{content}".encode("utf-8", "surrogatepass")).hexdigest()
        nth = self.counts.get(key, 0)
        self.counts[key] = nth + 1
        return str(uuid.uuid5(_NAMESPACE, f"{self.document_id}\0{key}\0{nth}"))


def _cites(element: Element) -> tuple[str, ...]:
    cites = str(element.metadata.get(_CITES) or "")
    return tuple(cites.split(",")) if cites else ()


def _words_of(picture: Picture | None) -> str:
    if picture is None:
        return ""
    return figure_words(
        caption=picture.caption,
        alt=picture.alt,
        description=picture.description,
        words=picture.words,
        ocr=picture.ocr,
    )


def _label_of(piece: Piece) -> str:
    if piece.picture is not None and piece.picture.label:
        return piece.picture.label
    if piece.metadata.get(Key.LABEL):
        return str(piece.metadata[Key.LABEL])
    caption = piece.picture.caption if piece.picture is not None else piece.metadata.get(Key.CAPTION)
    return str(caption or "")[:80] if piece.kind == "table" else ""


def _picture_key(picture: Picture) -> str:
    """Return the sha256 of the encoded bytes, hex; where they cannot be had, the place they should be at."""
    if known := hash_of(picture):
        return known
    return (
        f"path:{picture.path}"
        if picture.path is not None
        else f"reference:{picture.reference}:{picture.caption}"
    )


def _join_words(image: ImageNode, picture: Picture) -> None:
    """Add what a second occurrence of the same picture says."""
    for key in (Key.CAPTION, Key.ALT):
        more = (picture.caption if key == Key.CAPTION else picture.alt).strip()
        known = str(image.metadata.get(key) or "")
        if more and more not in known:
            image.metadata[key] = f"{known}\n{more}" if known else more
    image.text = figure_words(
        caption=str(image.metadata.get(Key.CAPTION) or ""),
        alt=str(image.metadata.get(Key.ALT) or ""),
        description=str(image.metadata.get(Key.DESCRIPTION) or ""),
        words=picture.words,
        ocr=str(image.metadata.get(Key.OCR) or ""),
    )


def _set_exclusions(node: TextNode, hidden: Hidden, users: set[str], *, legend: bool) -> None:
    """Return what is embedded: the heading path, and the passages of a figure that says little itself.

    A figure with a caption of its own is found better by that alone (figures by their description,
    R@10 .88 against .81 with the passages in the vector); the lexical index has the passages anyway.
    Values are embedded bare (against "heading_path: …", the dense MRR of questions and descriptions
    rose by .005 to .02), so what an LLM reads stands, with its labels, in one value of its own.
    """
    embedded = {Key.HEADING_PATH}
    own_words = " ".join(str(node.metadata.get(key) or "") for key in (Key.CAPTION, Key.ALT, Key.DESCRIPTION))
    if isinstance(node, ImageNode) and word_count(own_words) < _MIN_OWN_WORDS:
        embedded.add(Key.CITED_BY)
    if legend:
        node.metadata[Key.LEGEND] = _legend(node, hidden)
    shown = {Key.LEGEND} if legend else {Key.SOURCE, Key.HEADING_PATH}
    embedded |= users - hidden.embed
    node.metadata_template = "{value}"
    node.excluded_embed_metadata_keys = [key for key in node.metadata if key not in embedded]
    node.excluded_llm_metadata_keys = [key for key in node.metadata if key not in shown]
    if not node.get_content(metadata_mode=MetadataMode.EMBED).strip():
        # LlamaIndex's indexes drop a node that says nothing; the name of its file says a little.
        name = Key.MEDIA if node.metadata.get(Key.MEDIA) else Key.SOURCE
        node.excluded_embed_metadata_keys.remove(name)


def _legend(node: TextNode, hidden: Hidden) -> str:
    """Return what an LLM reads beside a node's words; a picture's words too, for its blocks have no text."""
    values = node.metadata
    place = str(values.get(Key.SOURCE, ""))
    if Key.PAGE in values:
        place += f", page {values[Key.PAGE]}"
    if Key.START_S in values:
        place += f", {values[Key.START_S]:.0f}–{values.get(Key.END_S, values[Key.START_S]):.0f} s"
    lines = [f"Source: {place}"]
    labels = _FIGURE_LABELS if isinstance(node, ImageNode) else _TEXT_LABELS
    lines += [f"{label}: {values[key]}" for key, label in labels.items() if values.get(key)]
    lines += [f"{key}: {value}" for key, value in values.items() if key not in OWN_KEYS | hidden.llm]
    return "\n".join(lines)


def _chain(nodes: Sequence[TextNode], document_id: str, *, chained: bool) -> None:
    document = RelatedNodeInfo(node_id=document_id, node_type=ObjectType.DOCUMENT)
    for before, node in zip([None, *nodes], nodes, strict=False):
        node.relationships[NodeRelationship.SOURCE] = document
        if chained and before is not None:
            node.relationships[NodeRelationship.PREVIOUS] = _reference(before)
            before.relationships[NodeRelationship.NEXT] = _reference(node)


def _reference(node: TextNode) -> RelatedNodeInfo:
    return RelatedNodeInfo(node_id=node.node_id, node_type=node.get_type())
