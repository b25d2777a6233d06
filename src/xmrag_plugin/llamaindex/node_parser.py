"""Documents → linked nodes: chunks of whole sentences, tables, and figures with the passages that speak of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from llama_index.core.bridge.pydantic import ConfigDict, Field, field_validator
from llama_index.core.callbacks import CallbackManager
from llama_index.core.node_parser import NodeParser
from llama_index.core.node_parser.node_utils import default_id_func
from llama_index.core.schema import BaseNode, Document, ImageNode, NodeRelationship, TextNode
from llama_index.core.utils import get_tqdm_iterable

from ..chunking.chunks import chunk_elements
from ..chunking.figure_links import NODES_VERSION
from ..chunking.node_building import Hidden, build_nodes
from ..chunking.sound_nodes import build_sound_nodes
from ..types import Element, Key

__all__ = ["CrossModalNodeParser"]


class CrossModalNodeParser(NodeParser):
    """Parse documents with text and pictures into nodes that know one another.

    Text becomes chunks of whole sentences, each under its heading path; a table is a node of its own; a
    figure is one ``ImageNode`` whose text is its caption, alternative text, description and lettering, and
    whose metadata holds the passages that cite or surround it. Chunks name their figures
    (``metadata["figures"]``), figures their chunks (``metadata["passages"]``).

    What is embedded is ``node.get_content(MetadataMode.EMBED)``: for text, the heading path and the words;
    for a figure, its own words, then the heading path, then the passages. Ids are functions of the
    document's name and the content, so that parsing twice gives the same nodes.

    Args:
        chunk_words: Target length of a chunk, in words of about 1.3 tokens.
        table_words: A longer table is cut by rows, its header repeated.
        overlap_sentences: Sentences repeated at the start of the next chunk of a section.
        context_words: Bound of the passages kept with a figure.
        id_func: LlamaIndex's naming of nodes, ``(nth, document) -> id``, for who wants other ids.

    Example:
        >>> from llama_index.core import SimpleDirectoryReader
        >>> documents = SimpleDirectoryReader("docs").load_data()            # doctest: +SKIP
        >>> nodes = CrossModalNodeParser().get_nodes_from_documents(documents)  # doctest: +SKIP
    """

    model_config = ConfigDict(arbitrary_types_allowed=True, extra="forbid")

    chunk_words: int = Field(default=170, ge=10, description="Target length of a chunk in words.")
    table_words: int = Field(default=400, ge=20, description="Longer tables are cut by rows.")
    overlap_sentences: int = Field(default=0, ge=0, description="Sentences repeated in the next chunk.")
    context_words: int = Field(default=120, ge=0, description="Bound of a figure's passages in words.")

    @field_validator("id_func", mode="before")
    @classmethod
    def _restore_id_func(cls, value: Any) -> Any:
        """Restore the default function: ``to_dict`` keeps a function's name only; the default one is known by it."""
        named = isinstance(value, dict) and value.get("id_func_name") == default_id_func.__name__
        return default_id_func if named else value

    @classmethod
    def class_name(cls) -> str:
        return "CrossModalNodeParser"

    @classmethod
    def from_defaults(
        cls, callback_manager: CallbackManager | None = None, **values: Any
    ) -> CrossModalNodeParser:
        """Return a parser with its defaults, in LlamaIndex's manner."""
        if callback_manager is not None:
            values["callback_manager"] = callback_manager
        return cls(**values)

    @property
    def recipe(self) -> str:
        """Return what its output depends on besides the document; a stored source with another recipe is parsed again."""
        return (
            f"nodes/{NODES_VERSION} chunk={self.chunk_words} table={self.table_words}"
            f" overlap={self.overlap_sentences} context={self.context_words}"
        )

    # elements ------------------------------------------------------------------------------

    def nodes_from_elements(
        self,
        elements: Iterable[Element],
        *,
        source: str,
        file_path: str | None = None,
        document_id: str,
        metadata: Mapping[str, Any] | None = None,
        legend: bool = False,
    ) -> list[TextNode]:
        """Parse one document.

        Args:
            elements: Its elements in reading order.
            source: Its name, as hits show it.
            file_path: Where it was read, if it is a file.
            document_id: Its id: what ``ref_doc_id`` of the nodes says and what node ids are made of.
            metadata: Further flat values for every node; they are not embedded.
            legend: Whether nodes carry what a stock engine should show an LLM beside them.

        Returns:
            TextNodes (text and tables) and ImageNodes in reading order, linked to each other; behind
            them a recording's clips of sound.
        """
        metadata = {key: value for key, value in (metadata or {}).items() if value is not None}
        return self._build(
            list(elements),
            source=source,
            file_path=file_path,
            document_id=document_id,
            metadata=metadata,
            hidden=Hidden(embed=frozenset(metadata)),
            legend=legend,
        )

    def _build(
        self,
        elements: Sequence[Element],
        *,
        source: str,
        file_path: str | None,
        document_id: str,
        metadata: Mapping[str, Any],
        hidden: Hidden,
        legend: bool,
    ) -> list[TextNode]:
        common = {**metadata, Key.SOURCE: source, Key.FILE_PATH: file_path}
        clips = [element for element in elements if element.clip is not None]
        elements = [element for element in elements if element.clip is None] if clips else elements
        name = self._names(document_id, common)
        nodes = build_nodes(
            elements,
            chunk_elements(
                elements,
                chunk_words=self.chunk_words,
                table_words=self.table_words,
                overlap_sentences=self.overlap_sentences,
            ),
            document_id=document_id,
            common=common,
            context_words=self.context_words,
            chained=self.include_prev_next_rel,
            name=name,
            hidden=hidden,
            legend=legend,
        )
        if clips:
            nodes += build_sound_nodes(clips, nodes, document_id=document_id, common=common, name=name)
        return nodes

    def _names(self, document_id: str, metadata: Mapping[str, Any]) -> Callable[[int], str] | None:
        if self.id_func is default_id_func:
            return None
        document = Document(id_=document_id, text="", metadata=dict(metadata))
        return lambda nth: str(self.id_func(nth, document))

    # LlamaIndex ----------------------------------------------------------------------------

    def _parse_nodes(
        self, nodes: Sequence[BaseNode], show_progress: bool = False, **kwargs: Any
    ) -> list[BaseNode]:
        from .document_elements import elements_from_documents

        parsed: list[BaseNode] = []
        groups = elements_from_documents(nodes)
        by_id = {node.node_id: node for node in nodes}
        for group in get_tqdm_iterable(groups, show_progress, "Parsing nodes"):
            origin = by_id[group.document_id]
            parsed += self._build(
                group.elements,
                source=group.source,
                file_path=group.file_path,
                document_id=group.document_id,
                metadata=group.metadata if self.include_metadata else {},
                hidden=Hidden(
                    frozenset(origin.excluded_embed_metadata_keys),
                    frozenset(origin.excluded_llm_metadata_keys),
                ),
                legend=True,
            )
        return parsed

    def _postprocess_parsed_nodes(
        self, nodes: list[BaseNode], parent_doc_map: dict[str, Document]
    ) -> list[BaseNode]:
        """Set character positions, and the source of a document that is itself a part of one.

        Links are set already; the stock version would copy each neighbour's whole metadata into them.
        """
        reached: dict[str, int] = {}
        for node in nodes:
            document = parent_doc_map.get(node.ref_doc_id or "")
            if document is None:
                continue
            if isinstance(node, TextNode) and not isinstance(node, ImageNode) and node.text:
                start = document.get_content().find(node.text, reached.get(document.node_id, 0))
                if start >= 0:
                    node.start_char_idx, node.end_char_idx = start, start + len(node.text)
                    reached[document.node_id] = start + 1
            if document.source_node is not None:
                node.relationships[NodeRelationship.SOURCE] = document.source_node
        return nodes
