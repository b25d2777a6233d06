"""Tools for LlamaIndex agents: they return text and picture blocks, each with its source."""

from __future__ import annotations

import difflib
import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from llama_index.core.base.llms.types import ImageBlock, TextBlock
from llama_index.core.bridge.pydantic import BaseModel, ConfigDict, Field, ValidationError
from llama_index.core.tools import FunctionTool
from llama_index.core.tools.tool_spec.base import SPEC_FUNCTION_TYPE, BaseToolSpec
from llama_index.core.tools.types import ToolMetadata

from ..answers.context import Evidence, evidence_from_hits
from ..answers.injection import Budget, inject
from ..errors import UsageError
from ..images.decode import open_picture, picture_bytes
from ..images.resize import prepare_picture
from ..images.token_cost import image_cost
from ..types import Modality

if TYPE_CHECKING:
    from llama_index.core.llms import LLM

    from ..search.collection import Collection

__all__ = ["CrossModalToolSpec"]

Block = TextBlock | ImageBlock

_LOOK_TOKENS = 3000
_CITED_PICTURES = 4
_MAX_NAMED = 5  # documents named in an error


class _Arguments(BaseModel):
    model_config = ConfigDict(extra="forbid", coerce_numbers_to_str=True, str_strip_whitespace=True)


class SearchArguments(_Arguments):
    """Arguments of the tool ``search``."""

    query: str = Field(min_length=1, description="What to look for, in plain words.")
    kind: Literal["any", "text", "image", "table"] = Field(
        default="any", description="Only passages of text, only pictures, only tables, or any of them."
    )
    count: int = Field(default=6, ge=1, le=30, description="How many results.")
    source: str = Field(default="", description="Only this document, by its name as results show it.")


class LookArguments(_Arguments):
    """Arguments of the tool ``look_at``."""

    node_id: str = Field(min_length=1, description="The id of a search result.")
    zoom: str = Field(
        default="",
        description="Part of the picture: left,top,right,bottom as fractions of its size, e.g. 0,0,0.5,0.5.",
    )


class AskArguments(_Arguments):
    """Arguments of the tool ``ask``."""

    question: str = Field(min_length=1, description="A question that the documents may answer.")


class CrossModalToolSpec(BaseToolSpec):
    """Search, look at and ask a :class:`~xmrag_plugin.CrossModalIndex`, for agents.

    The tools return lists of ``TextBlock`` and ``ImageBlock``, so that an agent whose LLM sees gets the
    pictures, and one whose LLM does not gets their captions, alternative texts and lettering.

    Args:
        index: The index.
        llm: What ``ask`` answers with; the index's own when not given.
        budget: How much one result may bring, in words and pixels.
        pictures: Whether picture blocks are returned at all.

    Example:
        >>> tools = CrossModalToolSpec(index).to_tool_list()   # doctest: +SKIP
        >>> agent = FunctionAgent(tools=tools, llm=llm)        # doctest: +SKIP
    """

    spec_functions: list[SPEC_FUNCTION_TYPE] = ["search", "look_at", "ask"]  # noqa: RUF012 - the base's name

    def __init__(
        self,
        index: Collection,
        *,
        llm: LLM | str | None = None,
        budget: Budget | None = None,
        pictures: bool = True,
    ) -> None:
        self.index = index
        self.llm = llm
        self.budget = budget or Budget(text_tokens=2500, image_tokens=3500, max_images=4)
        self.pictures = pictures

    def to_tool_list(
        self,
        spec_functions: list[SPEC_FUNCTION_TYPE] | None = None,
        func_to_metadata_mapping: dict[str, ToolMetadata] | None = None,
    ) -> list[FunctionTool]:
        """Return the tools, described for the LLM.

        Arguments are coerced by each tool's schema; what does not fit is told to the LLM as a sentence.

        Args:
            spec_functions: Names of the tools wanted; all of them when not given.
            func_to_metadata_mapping: Overrides descriptions, by name.

        Raises:
            UsageError: If a name is no tool.
        """
        described = {
            "search": ToolMetadata(
                name="search",
                description="Find passages, tables and pictures in the documents. Each result comes with its "
                "source, its id and, for a picture, the picture.",
                fn_schema=SearchArguments,
            ),
            "look_at": ToolMetadata(
                name="look_at",
                description="See one search result in full: a picture large or a part of it enlarged, with "
                "all that the document says of it, or a passage with what stands around it.",
                fn_schema=LookArguments,
            ),
            "ask": ToolMetadata(
                name="ask",
                description="Answer a question from the documents, with citations and the figures cited.",
                fn_schema=AskArguments,
            ),
            **(func_to_metadata_mapping or {}),
        }
        tools = []
        for name in spec_functions or self.spec_functions:
            if not isinstance(name, str) or name not in self.spec_functions:
                raise UsageError(f"There is no tool {name!r}.", hint="Known: search, look_at, ask.")
            tools.append(
                FunctionTool.from_defaults(
                    fn=_validated(getattr(self, name), _SCHEMAS[name]), tool_metadata=described[name]
                )
            )
        return tools

    def search(self, query: str, kind: str = "any", count: int = 6, source: str = "") -> list[Block]:
        """Return the best results in one list, numbered, each with its source, its id and its picture.

        Args:
            query: What to look for.
            kind: ``"any"`` or a modality.
            count: How many.
            source: Only this document.
        """
        if source:
            self._check_source(source)
        hits = self.index.search(
            query,
            k=count,
            modality=None if kind == "any" else kind,
            where={"source": source} if source else None,
        )
        if not hits:
            return [TextBlock(text=f"Nothing was found for {query!r}.")]
        return self._shown(evidence_from_hits(hits))

    def look_at(self, node_id: str, zoom: str = "") -> list[Block]:
        """One result in full: its words, what cites or surrounds it, and its picture, enlarged if asked.

        Args:
            node_id: As ``search`` gives it.
            zoom: ``"left,top,right,bottom"`` in fractions of the picture.

        Raises:
            UsageError: If there is no such result, or it has no such part.
        """
        record = self.index.kb.catalog.nodes([node_id]).get(node_id)
        if record is None:
            raise UsageError(f"There is no result {node_id!r}.", hint="Give an id from a search.")
        media_file = str(self.index.kb.media.path(record.media_hash)) if record.media_hash else None
        item = Evidence(
            1,
            node_id,
            record.source,
            record.text,
            modality=record.modality,
            media_file=media_file,
            metadata=record.metadata,
        )
        lines = [
            f"Source: {item.place}" + (f" — {item.heading}" if item.heading else ""),
            record.text.strip(),
        ]
        if item.is_figure and item.cited_by:
            lines.append(f"What the document says of it:\n{item.cited_by}")
        elif not item.is_figure:
            lines += self._around(record.relationships)
        blocks: list[Block] = [TextBlock(text="\n".join(line for line in lines if line))]
        if media_file and self.pictures:
            blocks.append(_picture(Path(media_file), _fractions(zoom)))
        elif zoom:
            raise UsageError(f"The result {node_id!r} has no picture.", hint="Leave zoom out.")
        return blocks

    def ask(self, question: str) -> list[Block]:
        """Return an answer with ``[n]`` citations, the sources they name, and the figures among them.

        Args:
            question: What to answer.
        """
        response = self.index.as_query_engine(self.llm).query(question)
        citations = list((response.metadata or {}).get("citations") or [])
        lines = [str(response).strip()]
        if citations:
            lines += ["", "Sources:"]
            lines += [_cited(citation) for citation in citations]
        blocks: list[Block] = [TextBlock(text="\n".join(lines))]
        files = dict.fromkeys(citation["media_file"] for citation in citations if citation.get("media_file"))
        for file in list(files)[:_CITED_PICTURES] if self.pictures else ():
            blocks.append(_picture(Path(file), None, tokens=_LOOK_TOKENS // _CITED_PICTURES))
        return blocks

    def _check_source(self, source: str) -> None:
        """Refuse a document that is not there, naming the nearest."""
        if self.index.kb.catalog.source_named(source):
            return
        names = [row.source for row in self.index.kb.catalog.sources()]
        near = [name for name in names if source.lower() in name.lower()][:_MAX_NAMED]
        near = near or difflib.get_close_matches(source, names, n=_MAX_NAMED, cutoff=0.5)
        hint = (
            f"Did you mean {', '.join(near)}?" if near else f"There are: {', '.join(names[:_MAX_NAMED])}, …"
        )
        raise UsageError(f"There is no document {source!r}.", hint=hint)

    def _shown(self, evidence: Sequence[Evidence]) -> list[Block]:
        injected = inject(evidence, self.budget, takes_pictures=self.pictures, show_ids=True)
        return [block for block in injected.blocks if isinstance(block, (TextBlock, ImageBlock))]

    def _around(self, relationships: dict[str, str]) -> list[str]:
        """Return the passages before and after one."""
        names = [relationships[key] for key in ("previous", "next") if relationships.get(key)]
        beside = self.index.kb.catalog.nodes(names)
        around = []
        for key, words in (("previous", "Before it"), ("next", "After it")):
            record = beside.get(relationships.get(key, ""))
            if record is not None and record.modality != Modality.IMAGE and record.text.strip():
                around.append(f"{words}:\n{record.text.strip()}")
        return around


_SCHEMAS: dict[str, type[_Arguments]] = {
    "search": SearchArguments,
    "look_at": LookArguments,
    "ask": AskArguments,
}


def _validated(tool: Callable[..., list[Block]], schema: type[_Arguments]) -> Callable[..., list[Block]]:
    """Return a tool whose arguments are coerced by its schema.

    Raises:
        UsageError: From the call, saying which argument does not fit and what would.
    """

    @functools.wraps(tool)
    def call(**values: Any) -> list[Block]:
        try:
            arguments = schema.model_validate(values)
        except ValidationError as error:
            faults = [f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors()]
            raise UsageError(
                f"The arguments of {tool.__name__} do not fit: {'; '.join(faults)}.",
                hint=f"It takes {', '.join(schema.model_fields)}.",
            ) from None
        return tool(**arguments.model_dump())

    return call


def _picture(
    path: Path, part: tuple[float, float, float, float] | None, tokens: int = _LOOK_TOKENS
) -> ImageBlock:
    """Return a picture, or a part of it, as a block of bounded size."""
    source: bytes | Path = path
    if part is not None:
        frame = open_picture(path)
        left, top, right, bottom = part
        frame = frame.crop(
            (
                int(left * frame.width),
                int(top * frame.height),
                max(int(right * frame.width), int(left * frame.width) + 1),
                max(int(bottom * frame.height), int(top * frame.height) + 1),
            )
        )
        source = picture_bytes(frame)
    prepared = prepare_picture(source, cost=image_cost(""), tokens=tokens, crop="page")
    return ImageBlock(image=prepared.data, image_mimetype=prepared.mime)


def _fractions(zoom: str) -> tuple[float, float, float, float] | None:
    if not zoom.strip():
        return None
    try:
        left, top, right, bottom = (float(part) for part in zoom.split(","))
    except ValueError as error:
        raise UsageError(f"{zoom!r} is no part of a picture.", hint="Give left,top,right,bottom.") from error
    if not (0 <= left < right <= 1 and 0 <= top < bottom <= 1):
        raise UsageError(
            f"{zoom!r} is no part of a picture.", hint="Give fractions from 0 to 1, left before right."
        )
    return left, top, right, bottom


def _cited(citation: dict[str, Any]) -> str:
    parts = [f"[{citation['n']}] {citation['source']}"]
    if citation.get("page"):
        parts.append(f"page {citation['page']}")
    if citation.get("quote"):
        parts.append(f"“{citation['quote']}”")
    if not citation.get("supported", True):
        parts.append("(not borne out by this source)")
    return ", ".join(parts)
