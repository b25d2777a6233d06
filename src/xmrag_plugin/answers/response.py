"""The answer as LlamaIndex hands it on: responses that know their citations and show their figures."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from llama_index.core.base.response.schema import (
    AsyncStreamingResponse,
    PydanticResponse,
    Response,
    StreamingResponse,
)

from .citation_marks import renumbered
from .context import Evidence, evidence_from_nodes
from .rendering import answer_html, answer_markdown

if TYPE_CHECKING:
    from llama_index.core.schema import NodeWithScore

_FRAGMENTS = itertools.count(1)

__all__ = [
    "CrossModalAsyncStreamingResponse",
    "CrossModalResponse",
    "CrossModalStreamingResponse",
    "CrossModalStructuredResponse",
    "Shown",
    "unfinished_note",
]


def unfinished_note(count: int) -> str:
    """Return the sentence that says of how many sources an answer does not know yet.

    >>> unfinished_note(1)
    'The collection is unfinished: 1 source is still to be added.'
    """
    some = "1 source is" if count == 1 else f"{count:,} sources are"
    return f"The collection is unfinished: {some} still to be added."


class Shown:
    """What the responses share: citations, evidence, and how they show themselves.

    ``source_nodes[n - 1]`` is what ``[n]`` cites, with its original id; ``metadata`` holds
    ``citations``, ``abstained``, ``generator``, ``injection`` and ``uncited``, and while sources are still to be
    added ``unfinished``, their number, which the answer says too wherever it is shown.
    """

    source_nodes: list[NodeWithScore]
    metadata: dict[str, Any] | None

    def answer_words(self) -> str:
        """Return the answer as text."""
        return str(self)

    def _with_note(self, text: str) -> str:
        """Return a text of the answer with what is to be said of the collection below it."""
        count = (self.metadata or {}).get("unfinished")
        return f"{text}\n\n{unfinished_note(count)}" if count else text

    @property
    def citations(self) -> list[dict[str, Any]]:
        """The citations, as in ``ask --json``."""
        return list((self.metadata or {}).get("citations", []))

    @property
    def abstained(self) -> bool:
        """Whether the answer is that the sources do not hold it."""
        return bool((self.metadata or {}).get("abstained", False))

    @property
    def evidence(self) -> list[Evidence]:
        """The source nodes as numbered evidence."""
        return evidence_from_nodes(self.source_nodes)

    def renumbered(self, first: Sequence[int] = ()) -> CrossModalResponse:
        """Return the answer with its sources numbered in the order of mention; ``source_nodes`` follow.

        ``metadata["injection"]`` keeps the numbers of the prompt.

        Args:
            first: Numbers that come before all others, in this order: those that a stream has shown.
        """
        text, order = renumbered(self.answer_words(), first)
        order = [n for n in order if 1 <= n <= len(self.source_nodes)]
        places = {n: place for place, n in enumerate(order, 1)}
        rest = [n for n in range(1, len(self.source_nodes) + 1) if n not in places]
        places |= {n: place for place, n in enumerate(rest, len(order) + 1)}
        metadata = dict(self.metadata or {})
        rows = [{**citation, "n": places.get(citation["n"], citation["n"])} for citation in self.citations]
        metadata["citations"] = sorted(rows, key=lambda row: row["n"])
        if "claims" in metadata:
            metadata["claims"] = [
                {
                    **row,
                    **{
                        key: [places.get(n, n) for n in row[key]]
                        for key in ("cited", "sources", "moved_from")
                        if key in row
                    },
                }
                for row in metadata["claims"]
            ]
        nodes = [self.source_nodes[n - 1] for n in [*order, *rest]]
        return CrossModalResponse(text, nodes, metadata)

    def markdown(self, *, embed: bool = False) -> str:
        """Return the answer in Markdown, each cited figure after the paragraph that first cites it.

        Args:
            embed: Put the pictures in as data URIs, so that the text stands alone.
        """
        words = self._with_note(self.answer_words())
        return answer_markdown(words, self.citations, self.evidence, embed=embed)

    def html(self, *, embed: bool = True) -> str:
        """Return the answer as an HTML fragment; all words from documents and models are escaped.

        Its ids are like those of no other fragment of this process, so that several stand on one page.
        """
        anchor = f"xmrag-{os.getpid():x}-{next(_FRAGMENTS)}"
        words = self._with_note(self.answer_words())
        return answer_html(words, self.citations, self.evidence, embed=embed, anchor=anchor)

    def __repr__(self) -> str:
        cited = len(self.citations)
        return f"<{type(self).__name__}: {cited} citation{'' if cited == 1 else 's'}, {len(self.source_nodes)} sources>"

    def _repr_markdown_(self) -> str:
        return self.markdown(embed=True)

    def _repr_html_(self) -> str:
        return self.html(embed=True)


@dataclass(repr=False)
class CrossModalResponse(Shown, Response):
    """An answer with checked citations; in a notebook it shows itself with the cited figures."""

    def __str__(self) -> str:
        return self._with_note(self.answer_words())

    def answer_words(self) -> str:
        return self.response or ""


@dataclass(repr=False)
class CrossModalStructuredResponse(Shown, PydanticResponse):
    """An instance of the ``output_cls`` that was asked for, with the citations in its texts checked."""

    @property
    def citations(self) -> list[dict[str, Any]]:
        return list((self.metadata or {}).get("citations", []))


Finish = Callable[[str], "tuple[str, dict[str, Any]]"]
"""``(whole text) → (checked text, metadata)``."""


@dataclass(repr=False)
class CrossModalStreamingResponse(Shown, StreamingResponse):
    """Text as it comes; ``metadata`` and the checked ``response_txt`` are there when it has ended.

    ``print_response_stream``, ``str`` and ``get_response`` read the stream to its end.
    """

    def __str__(self) -> str:
        return self._with_note(self.answer_words())

    def answer_words(self) -> str:
        if self.response_txt is None:
            for _ in self.response_gen:
                continue
        return self.response_txt or ""

    def print_response_stream(self) -> None:
        """Print the text as it comes, and below it what is to be said of the collection."""
        # Not the method of the base: it would put the words as they came in the place of the checked ones.
        if self.response_txt is None:
            for piece in self.response_gen:
                print(piece, end="", flush=True)
            print(self._with_note(""))
        else:
            print(self)

    def get_response(self) -> CrossModalResponse:
        """Return the whole, checked answer."""
        text = self.answer_words()
        return CrossModalResponse(text, self.source_nodes, self.metadata)


@dataclass(repr=False)
class CrossModalAsyncStreamingResponse(Shown, AsyncStreamingResponse):
    """As :class:`CrossModalStreamingResponse`, on the event loop.

    ``checked_txt`` is the checked text once the stream has ended.
    """

    checked_txt: str | None = field(default=None)

    def answer_words(self) -> str:
        return self.checked_txt if self.checked_txt is not None else str(self)

    async def print_response_stream(self) -> None:
        """Print the text as it comes, and below it what is to be said of the collection."""
        async for piece in self._yield_response():
            print(piece, end="", flush=True)
        print(self._with_note(""))

    async def get_response(self) -> CrossModalResponse:
        """Return the whole, checked answer."""
        async for _ in self._yield_response():
            continue
        text = self.checked_txt if self.checked_txt is not None else self.response_txt
        return CrossModalResponse(text, self.source_nodes, self.metadata)
