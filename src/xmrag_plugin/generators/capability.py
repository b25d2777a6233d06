"""What a model can be trusted with, known before it is asked: size, window, template, pictures, and three probes.

Size and window are read off the file, asked of the server, or taken from the name. A model in this process whose size
leaves it in doubt is asked three short questions once (:func:`probe`); what came of them is kept in the user's cache.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from llama_index.core.base.llms.types import ChatMessage, MessageRole

from .kept import KeptNumbers

__all__ = ["Capability", "capability_of", "parameters_of", "probe"]

MAX_WEAK_PARAMETERS = 1e9
"""A model of fewer parameters is weak (SmolLM2-135M, Qwen2.5-0.5B, Gemma 3 270M) unless it passes all probes."""

MAX_PROBED_PARAMETERS = 4e9
"""A larger model needs no probe; one between the two bounds is weak when it fails two of the three."""

_KEPT = KeptNumbers("probes.json")
_SIZE = re.compile(r"(?<![a-z0-9.])(\d+(?:\.\d+)?)(m|b)(?![a-z0-9])")
_PROBE_TOKENS = 48
_SYSTEM = (
    "Answer from the numbered sources in one short sentence, and put the number of the source in square brackets "
    "after it, such as [1]. If they do not hold the answer, reply with exactly: The sources do not hold it."
)
_PROBES = (
    (
        "[1] The bridge of Orvel is 212 metres long.\n[2] The bridge of Tamsin is 87 metres long.",
        "How long is the bridge of Tamsin?",
        r"^(?!.*212)(?=.*\b87\b).*\[2\]",
    ),
    (
        "[1] The harvest begins in March.\n[2] The mill was opened in 1904 by two sisters.",
        "Who opened the mill?",
        r"^(?!.*March)(?=.*\bsisters\b).*\[2\]",
    ),
    (
        "[1] The library has forty seats.\n[2] The reading room is on the first floor.",
        "In which year was the library built?",
        r"^\W*The sources do not hold it\W*$",
    ),
)


@dataclass(frozen=True, slots=True)
class Capability:
    """What is known of a model.

    Attributes:
        name: The model's.
        parameters: Number of weights; None where nothing tells.
        context_window: Tokens that prompt and answer share.
        instructed: Whether it has a chat template; None where a server keeps that to itself.
        takes_pictures: Whether it takes pictures; None where only trying tells.
        passed: How many of the three probes it passed; None where it was not probed.
    """

    name: str
    parameters: float | None = None
    context_window: int | None = None
    instructed: bool | None = None
    takes_pictures: bool | None = None
    passed: int | None = None

    @property
    def weak(self) -> bool:
        """Whether it is given quotations only, to put into a sentence."""
        if self.instructed is False:
            return True
        if self.parameters is not None and self.parameters < MAX_WEAK_PARAMETERS:
            return self.passed != len(_PROBES)
        return self.passed is not None and self.passed < len(_PROBES) - 1

    @property
    def in_doubt(self) -> bool:
        """Whether its size alone does not say what it can be trusted with."""
        return self.passed is None and self.parameters is not None and self.parameters < MAX_PROBED_PARAMETERS

    def as_json(self) -> dict[str, Any]:
        """Return it for ``xmrag models probe --json``."""
        return {
            "name": self.name,
            "parameters": self.parameters,
            "context_window": self.context_window,
            "instructed": self.instructed,
            "takes_pictures": self.takes_pictures,
            "probes_passed": self.passed,
            "weak": self.weak,
        }


def parameters_of(name: str) -> float | None:
    """Read the count of parameters off a model's name: 1.35e8 for ``SmolLM2-135M-Instruct``; None where it says none."""
    match = _SIZE.search(name.lower())
    return float(match[1]) * (1e6 if match[2] == "m" else 1e9) if match else None


def capability_of(llm: Any, *, probing: bool = True) -> Capability:
    """Find out what is known of an LLM.

    Args:
        llm: A LlamaIndex LLM. Those of this package tell their size; of others the name is read.
        probing: Whether a model of this process that is in doubt, and was never probed, is probed now.
    """
    metadata = llm.metadata
    name = str(metadata.model_name)
    held = getattr(llm, "file", None) or getattr(llm, "checkpoint", None)
    parameters = getattr(held, "parameters", None) or getattr(llm, "parameters", None) or parameters_of(name)
    known = Capability(
        name,
        float(parameters) if parameters else None,
        metadata.context_window,
        getattr(held, "has_chat_template", None),
        getattr(llm, "takes_pictures", None),
        _KEPT.all().get(_key(name, parameters)),
    )
    if probing and held is not None and known.in_doubt and known.instructed:
        return probe(llm, known)
    return known


def probe(llm: Any, known: Capability | None = None) -> Capability:
    """Ask a model three short questions, and keep how many it answered as told.

    Args:
        llm: A LlamaIndex LLM.
        known: What is known of it already.
    """
    known = known or capability_of(llm, probing=False)
    passed = 0
    for sources, question, wanted in _PROBES:
        messages = [
            ChatMessage(role=MessageRole.SYSTEM, content=_SYSTEM),
            ChatMessage(role=MessageRole.USER, content=f"Sources:\n{sources}\n\nQuestion: {question}"),
        ]
        reply = llm.chat(messages, max_tokens=_PROBE_TOKENS).message.content or ""
        passed += bool(re.search(wanted, " ".join(reply.split())))
    found = Capability(
        known.name, known.parameters, known.context_window, known.instructed, known.takes_pictures, passed
    )
    _KEPT.put(_key(known.name, known.parameters), passed)
    return found


def _key(name: str, parameters: float | None) -> str:
    return f"{name} {int(parameters or 0)}"
