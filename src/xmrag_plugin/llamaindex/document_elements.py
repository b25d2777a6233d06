"""Documents of any origin as elements, those of one file put together: what the node parser works on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from llama_index.core.schema import BaseNode

from ..errors import SourceUnsupported
from ..images.intake import hash_of
from ..readers import ReadContext
from ..text.binary import is_binary
from ..text.listing import first_of
from ..types import Element, Key, Picture
from .documents import element_from_document, picture_of, text_of, users_metadata

__all__ = ["DocumentElements", "elements_from_documents"]

_MARKDOWN = frozenset({".md", ".markdown", ".mdx", ".mkd"})
_HTML = frozenset({".html", ".htm", ".xhtml"})


@dataclass(slots=True)
class DocumentElements:
    """The elements of one source document, in reading order.

    Attributes:
        source: Its name: the path relative to the added folder, or the file's name.
        file_path: Absolute path, where it is a file.
        document_id: Id of the (first) LlamaIndex document it came from.
        metadata: The user's own metadata, that all its documents share.
        elements: Its elements.
    """

    source: str
    file_path: str | None
    document_id: str
    metadata: dict[str, Any] = field(default_factory=dict)
    elements: list[Element] = field(default_factory=list)


def elements_from_documents(documents: Iterable[BaseNode]) -> list[DocumentElements]:
    """Turn documents of any origin into elements, those of one file put together in reading order.

    Documents made here turn back into their elements. A plain Document is read by what it is: Markdown
    (with the pictures that it links to, relative to ``metadata["file_path"]``), HTML, or paragraphs of
    plain text. An ImageDocument or ImageNode is a picture; one that another of the documents shows is left to it.

    Raises:
        SourceUnsupported: If the text of a document is no text, but the bytes of a file.
    """
    documents = list(documents)
    _refuse_bytes(documents)
    found: list[DocumentElements] = []
    open_sets: dict[tuple[str, str | None], DocumentElements] = {}
    for document in documents:
        element = element_from_document(document)
        if element is not None:
            name = (str(document.metadata[Key.SOURCE]), document.metadata.get(Key.FILE_PATH))
            group = open_sets.get(name)
            if group is None:
                group = DocumentElements(name[0], name[1], document.node_id, users_metadata(document))
                open_sets[name] = group
                found.append(group)
            else:
                users = group.metadata.items()
                group.metadata = {key: value for key, value in users if document.metadata.get(key) == value}
            group.elements.append(element)
            continue
        file_path = document.metadata.get(Key.FILE_PATH)
        name_given = document.metadata.get(Key.SOURCE) or document.metadata.get("file_name")
        source = str(name_given or (Path(file_path).name if file_path else document.node_id))
        group = DocumentElements(source, file_path, document.node_id, dict(document.metadata))
        group.elements.extend(_elements_of_plain(document))
        found.append(group)
    return _without_copies(found)


def _without_copies(groups: list[DocumentElements]) -> list[DocumentElements]:
    """Leave out picture files without a caption that another source shows: one picture is one node."""
    alone = [group for group in groups if len(group.elements) == 1 and _is_bare(group.elements[0])]
    if not alone or len(alone) == len(groups):
        return groups
    shown: set[str] = set()
    for group in groups:
        if not any(group is each for each in alone):
            for element in group.elements:
                shown |= _identities(element.picture)
    copies = [
        group
        for group in alone
        if _identities(group.elements[0].picture) & shown or str(group.file_path) in shown
    ]
    return [group for group in groups if not any(group is copy for copy in copies)]


def _is_bare(element: Element) -> bool:
    return element.kind == "picture" and element.picture is not None and not element.picture.caption


def _identities(picture: Picture | None) -> set[str]:
    """Return what tells a picture: its hash, and its file where it has one (stock readers encode it anew)."""
    if picture is None:
        return set()
    found = {hash_of(picture), str(picture.path.resolve()) if picture.path else None}
    return {name for name in found if name}


def _refuse_bytes(documents: Sequence[BaseNode]) -> None:
    """Refuse documents whose text is a file's bytes, as a reader gives them that does not know its kind.

    Raises:
        SourceUnsupported: Naming them, with the way out.
    """
    refused = [
        str(document.metadata.get(Key.FILE_PATH) or document.metadata.get("file_name") or document.node_id)
        for document in documents
        if is_binary(text_of(document))
    ]
    if refused:
        names = first_of(list(dict.fromkeys(Path(name).name for name in refused)))
        raise SourceUnsupported(
            f"The text of {names} is no text, but the bytes of a file.",
            hint="Read it with its pictures: SimpleDirectoryReader(…, file_extractor=CrossModalReader.file_extractor()); "
            "or leave it out with exclude=[…].",
        )


def _elements_of_plain(document: BaseNode) -> Iterator[Element]:
    from ..readers.markup.parse import (
        elements_of_html,
        elements_of_markdown,
        elements_of_text,
        looks_like_markdown,
    )

    picture = picture_of(document)
    text = text_of(document)
    if picture is not None:
        picture.caption = picture.caption or text
        yield Element(kind="picture", picture=picture, page=_page_label(document))
        return
    if not text.strip():
        return
    file_path = document.metadata.get(Key.FILE_PATH)
    path = Path(file_path) if file_path else None
    suffix, context = path.suffix.lower() if path else "", ReadContext()
    if suffix in _HTML:
        elements = elements_of_html(text, path, context)
    elif suffix in _MARKDOWN or looks_like_markdown(text):
        elements = elements_of_markdown(text, path, context)
    else:
        elements = elements_of_text(text)
    page = _page_label(document)
    for element in elements:
        element.page = element.page or page
        yield element


def _page_label(document: BaseNode) -> int | None:
    """Return the page number; LlamaIndex's PDF readers say ``page_label``, sometimes in Roman numerals."""
    label = str(document.metadata.get("page_label") or document.metadata.get(Key.PAGE) or "")
    return int(label) if label.isdecimal() else None
