"""Candidates as dictionaries and back, for ``FallbackLLM.to_dict`` and ``from_dict``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ...errors import UsageError
from .. import load_llm
from ..keyless import without_secrets
from .candidate import Candidate

if TYPE_CHECKING:
    from llama_index.core.llms import LLM

__all__ = ["candidate_as_dict", "candidate_from_dict"]

_HOMES = {
    "OpenAIServer": "xmrag_plugin.generators.openai",
    "OllamaServer": "xmrag_plugin.generators.ollama",
    "TransformersVisionLLM": "xmrag_plugin.generators.transformers_vision",
    "TransformersTextLLM": "xmrag_plugin.generators.transformers_text",
    "GgufLLM": "xmrag_plugin.generators.gguf",
    "Ollama_llm": "llama_index.llms.ollama",
    "openai_multi_modal_llm": "llama_index.multi_modal_llms.openai",
}
_CLASSES = {"Ollama_llm": "Ollama", "openai_multi_modal_llm": "OpenAIMultiModal"}


def candidate_as_dict(candidate: Candidate) -> dict[str, Any]:
    """Return a candidate's name with its spec, or with its LLM's fields but for keys, tokens and headers."""
    common = {"name": candidate.name, "sees": candidate.takes_pictures}
    if candidate.spec:
        return {**common, "spec": candidate.spec}
    return {**common, "llm": without_secrets(candidate.llm.to_dict())}


def candidate_from_dict(data: Mapping[str, Any]) -> Candidate:
    """Return the candidate of :func:`candidate_as_dict`; keys are taken from the environment.

    Raises:
        UsageError: If its LLM is of a class that cannot be found by its name.
    """
    name, takes_pictures = str(data["name"]), data.get("sees")
    spec = str(data.get("spec", ""))
    if spec:
        return Candidate(
            name,
            load=lambda: load_llm(spec),
            model=spec.partition(":")[2],
            takes_pictures=takes_pictures,
            spec=spec,
        )
    return Candidate(name, llm=_llm_from_dict(data["llm"]), takes_pictures=takes_pictures)


def _llm_from_dict(data: Mapping[str, Any]) -> LLM:
    import importlib

    from llama_index.core.llms.loading import RECOGNIZED_LLMS

    kind = str(data.get("class_name", ""))
    known: Any = RECOGNIZED_LLMS.get(kind)
    if known is None and kind in _HOMES:
        known = getattr(importlib.import_module(_HOMES[kind]), _CLASSES.get(kind, kind))
    if known is None:
        raise UsageError(
            f"An LLM of the class {kind!r} cannot be rebuilt from its name.",
            hint="Make it yourself and give FallbackLLM([…]).",
        )
    llm: LLM = known.from_dict(dict(data))
    return llm
