"""Ask a model about claims: the one that answers, or a cross-encoder for entailment."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, Protocol

from ...errors import UsageError, require
from ...text.untrusted import for_models
from .check import Verdict
from .compare import VerdictKind

if TYPE_CHECKING:
    from ..context import Evidence

__all__ = ["Check", "CrossEncoderJudge", "EntailmentJudge", "ask_about", "read_verdicts", "settled"]

Check = Literal["rules", "model", "both"]
"""Who checks claims. ``rules``: the rules alone. ``model``: a model is asked about those that the rules do not find.
``both``: a claim holds only when the rules and the model say so."""

MAX_PREMISE_CHARS = 4000
"""A cited source is shown to the checking model up to here."""

SYSTEM = (
    "You compare statements with sources. For each numbered statement, say whether its sources support it, contradict "
    "it, or do not say. Numbers, names, dates and negations must agree. Reply with one line for each statement, its "
    "number and one word: 1: supported, 2: contradicted, 3: unknown. Write nothing else."
)
_LINE = re.compile(
    r"(?im)^\W*(\d{1,3})\W+\**\s*(support|entail|contradict|refut|unknown|not|neutral|unsupport|no)\w*"
)


class EntailmentJudge(Protocol):
    """What tells whether a text bears a statement out."""

    def judge(self, pairs: Sequence[tuple[str, str]]) -> Sequence[VerdictKind]:
        """Judge pairs of (source text, statement)."""
        ...


@dataclass(frozen=True, slots=True)
class CrossEncoderJudge:
    """A sentence-transformers ``CrossEncoder`` trained on natural language inference.

    Attributes:
        model: Folder or hub id, such as ``cross-encoder/nli-deberta-v3-base`` (Apache-2.0).
    """

    model: str

    def judge(self, pairs: Sequence[tuple[str, str]]) -> list[VerdictKind]:
        """Judge pairs of (source text, statement).

        Raises:
            UsageError: If the model is no model of entailment.
        """
        encoder, labels = _cross_encoder(self.model)
        scores = encoder.predict([(premise[:MAX_PREMISE_CHARS], claim) for premise, claim in pairs])
        return [labels[int(row.argmax())] for row in scores]


@lru_cache(maxsize=2)
def _cross_encoder(model: str) -> tuple[Any, dict[int, VerdictKind]]:
    encoder = require("sentence_transformers", "models", purpose="Checking by a model").CrossEncoder(model)
    kinds: dict[str, VerdictKind] = {"entail": "supported", "contra": "contradicted", "neutral": "not found"}
    labels: dict[int, VerdictKind] = {}
    for place, name in dict(encoder.config.id2label).items():
        kind = next((kind for start, kind in kinds.items() if str(name).lower().startswith(start)), None)
        if kind is not None:
            labels[int(place)] = kind
    if len(labels) != 3:
        raise UsageError(
            f"{model} does not tell entailment, contradiction and neutral apart.",
            hint="Name a cross-encoder for natural language inference.",
        )
    return encoder, labels


def ask_about(verdicts: Sequence[Verdict], by_number: dict[int, Evidence]) -> str:
    """Write the question to an LLM about claims: each with the words of the sources that it cites."""
    parts = []
    for place, verdict in enumerate(verdicts, 1):
        sources = "\n".join(premise_of(verdict, by_number).splitlines())
        parts.append(
            f"Statement {place}: {verdict.claim.text.strip()}\nSources of statement {place}:\n{sources}"
        )
    return "\n\n".join(parts)


def premise_of(verdict: Verdict, by_number: dict[int, Evidence]) -> str:
    """Return the words of the sources that a claim cites, made harmless for a prompt."""
    texts = [by_number[n].words for n in verdict.numbers if n in by_number]
    return for_models("\n".join(texts))[:MAX_PREMISE_CHARS]


def read_verdicts(reply: str, count: int) -> list[VerdictKind | None]:
    """Read an LLM's verdicts; None for a statement that it leaves out."""
    found: list[VerdictKind | None] = [None] * count
    for match in _LINE.finditer(reply):
        place, word = int(match[1]) - 1, match[2].lower()
        if 0 <= place < count:
            found[place] = (
                "supported"
                if word in ("support", "entail")
                else "contradicted"
                if word in ("contradict", "refut")
                else "not found"
            )
    return found


def settled(verdict: Verdict, said: VerdictKind | None, check: Check) -> Verdict:
    """Join the verdict of the rules with a model's.

    A model never lifts a claim whose numbers, dates or names the source lacks or gives otherwise.
    """
    if said is None:
        return verdict
    if check == "both" and verdict.kind == "supported" and said != "supported":
        return Verdict(
            verdict.claim,
            said,
            verdict.claim.numbers,
            verdict.passage,
            "a model does not find it",
            by="model",
        )
    if verdict.kind == "not found" and said != "not found" and verdict.words_only:
        return Verdict(
            verdict.claim, said, verdict.claim.numbers, verdict.passage, by="model", passages=verdict.passages
        )
    return verdict
