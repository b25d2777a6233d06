"""The answer as LlamaIndex hands it on: a ``Response`` that knows its citations and shows its figures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from llama_index.core.base.response.schema import Response

from .evidence import Evidence, evidence_from_nodes
from .rendering import answer_html, answer_markdown

__all__ = ["CrossModalResponse"]


@dataclass
class CrossModalResponse(Response):
    """A response whose ``metadata`` holds ``citations``, ``abstained``, ``generator`` and ``injection``.

    ``source_nodes[n - 1]`` is what ``[n]`` cites, with its original id. In a notebook it shows itself
    with the cited figures.
    """

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

    def markdown(self, *, embed: bool = False) -> str:
        """The answer in Markdown, each cited figure after the paragraph that first cites it.

        Args:
            embed: Put the pictures in as data URIs, so that the text stands alone.
        """
        return answer_markdown(self.response or "", self.citations, self.evidence, embed=embed)

    def html(self, *, embed: bool = True) -> str:
        """The answer as an HTML fragment; all words from documents and models are escaped."""
        return answer_html(self.response or "", self.citations, self.evidence, embed=embed)

    def _repr_markdown_(self) -> str:
        return self.markdown(embed=True)

    def _repr_html_(self) -> str:
        return self.html(embed=True)
