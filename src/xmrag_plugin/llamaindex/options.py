"""Take LlamaIndex's own arguments at xmrag's engines, or refuse them and name what does the same."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from ..errors import UsageError

__all__ = ["check_options", "translate_options"]

_EQUIVALENTS = {
    "context_prompt": "prompt=AnswerPrompt(question='… {question}') puts the question after the evidence",
    "context_refine_prompt": "prompt=AnswerPrompt(refine='… {question} … {answer}') puts it with an earlier answer",
    "condense_prompt": "condense='… {message}' makes a message stand alone",
    "condense_question_prompt": "condense='… {message}' makes a message stand alone",
    "skip_condense": "as_query_engine() takes each message as it is",
    "prefix_messages": "system_prompt='…' adds instructions",
    "chat_history": "as_chat_engine(chat_history=[…]) and chat(message, chat_history=[…]) take up a conversation",
    "text_qa_template": "prompt=AnswerPrompt(question='… {question}') puts the question after the evidence",
    "refine_template": "prompt=AnswerPrompt(refine='… {question} … {answer}') puts it with an earlier answer",
    "summary_template": "index.summarize(source) sums up a document",
    "simple_template": "prompt=AnswerPrompt(system='…') gives the instructions",
    "image_qa_template": "prompt=AnswerPrompt(question='… {question}') holds for pictures too",
    "chat_content_qa_template": "prompt=AnswerPrompt(question='… {question}') holds for pictures too",
    "chat_content_refine_template": "prompt=AnswerPrompt(refine='…') holds for pictures too",
    "use_async": "aquery() and achat() run on the event loop",
    "image_node_postprocessors": "node_postprocessors=[…] gets texts and pictures in one list",
    "multi_modal_llm": "llm= takes any LlamaIndex LLM that takes pictures",
    "filters": "where=… at search() takes the same conditions",
    "k": "similarity_top_k=… is the length of the list",
    "where": "filters=… takes the same conditions",
    "similarity_top_k": "k=… at search() is the length of the list",
    "service_context": "llm= and Settings take its place",
    "embed_model": "CrossModalIndex(text=…, vision=…) names the encoders",
}
"""Arguments of LlamaIndex's engines that have another name here."""

_SET_BY_THE_ENGINE = {"self", "cls", "index", "llm", "callback_manager", "kwargs", "args"}
_RESPONSE_MODES = ("compact", "refine")
_CHAT_MODES = ("best", "condense_plus_context", "context", "condense_question")
"""What the chat engine does in any case: it makes the message stand alone, retrieves and answers."""


def translate_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options with LlamaIndex's names turned into ours where there is an equal.

    Raises:
        UsageError: For ``response_mode`` and ``chat_mode`` that have no equal here.
    """
    found = dict(options)
    mode = found.pop("response_mode", None)
    if mode is not None:
        name = str(getattr(mode, "value", mode))
        if name not in _RESPONSE_MODES:
            raise UsageError(
                f"response_mode={name!r} is not one of this engine.",
                hint="Use mode='compact', 'refine' or 'marginal'; index.summarize(source) sums up a document.",
            )
        found.setdefault("mode", name)
    mode = found.pop("chat_mode", None)
    if mode is not None and (name := str(getattr(mode, "value", mode))) not in _CHAT_MODES:
        raise UsageError(
            f"chat_mode={name!r} is not one of this engine, which condenses, retrieves and answers.",
            hint="For an agent: CrossModalFunctionAgent(tools=index.as_tools(), llm=llm).",
        )
    if not found.pop("multimodal", True):
        raise UsageError("multimodal=False is not one of this engine.", hint="Use modality='text'.")
    instructions = found.pop("system_prompt", None)
    if instructions:
        from ..answers.prompt import AnswerPrompt

        prompt = found.get("prompt") or AnswerPrompt()
        found["prompt"] = replace(prompt, system=f"{prompt.system}\n\n{instructions}")
    return found


@lru_cache(maxsize=64)
def _parameters(taker: Callable[..., Any]) -> frozenset[str]:
    return frozenset(inspect.signature(taker).parameters)


def check_options(
    options: Mapping[str, Any], *takers: Callable[..., Any], also: Collection[str] = ()
) -> None:
    """Refuse an argument that none of the takers has.

    Args:
        options: The arguments.
        takers: What takes them: classes, by their constructors, or functions.
        also: Further names that are known.

    Raises:
        UsageError: Naming what does the same, the nearest name, or all those that there are.
    """
    taken = frozenset[str]().union(*map(_parameters, takers)) - _SET_BY_THE_ENGINE
    known = sorted(taken | set(also))
    for name in options:
        if name in known:
            continue
        if name in _EQUIVALENTS:
            raise UsageError(f"There is no option {name!r} here.", hint=f"{_EQUIVALENTS[name]}.")
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
        guess = f" Did you mean {near[0]!r}?" if near else ""
        raise UsageError(f"There is no option {name!r}.{guess}", hint=f"Known: {', '.join(known)}.")
