"""Ask a weak model for a sentence about quotations, and keep of it only what the quotations bear out.

A model of a few hundred million parameters loses its way in a long prompt and does not cite by itself: with the whole
context it answers worse than the extractive answer. It is given the quotations of that answer instead, numbered; a
claim that fails the check gives way to its quotation, and an answer of which nothing holds falls back to quoting.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Sequence

from llama_index.core.base.llms.types import ChatMessage, MessageRole

from ..errors import ReplyUnusable
from ..generators.reply_faults import reply_fault
from ..text.untrusted import one_line, quoted_lines, without_chat_tokens
from .checking.check import ClaimChecker, claims_in
from .citation_marks import has_marks, plain_marks, without_marks
from .citations import attributed
from .context import Evidence
from .response_modes import Call, Outcome, Reply

__all__ = ["is_weak", "parameters_of", "reworded"]

MAX_WEAK_PARAMETERS = 1e9
"""A model of fewer parameters is weak (SmolLM2-135M, Qwen2.5-0.5B, Gemma 3 270M; not Llama 3.2 1B)."""

MAX_QUOTE_CHARS = 400
"""A quotation is shown to a weak model up to here."""

SYSTEM = (
    "Answer the question in one short sentence. Use only the numbered quotations, and put the number of the quotation "
    "that you used after the sentence, like this: [1]"
)
_SIZE = re.compile(r"(?<![a-z0-9.])(\d+(?:\.\d+)?)(m|b)(?![a-z0-9])")


def parameters_of(name: str) -> float | None:
    """Read the count of parameters off a model's name: 1.35e8 for ``SmolLM2-135M-Instruct``; None where it says none."""
    match = _SIZE.search(name.lower())
    return float(match[1]) * (1e6 if match[2] == "m" else 1e9) if match else None


def is_weak(name: str) -> bool:
    """Whether a model is weak by the size that its name tells; one that tells none is not."""
    size = parameters_of(name)
    return size is not None and size < MAX_WEAK_PARAMETERS


def reworded(
    question: str,
    quotes: Sequence[tuple[int, str]],
    evidence: Sequence[Evidence],
    *,
    name: str,
    system_role: MessageRole = MessageRole.SYSTEM,
) -> Generator[list[Call], list[Reply], Outcome]:
    """Yield the call that puts quotations into a sentence, and return what of the reply holds.

    Args:
        question: Its words.
        quotes: ``(number, quotation)``, the best first.
        evidence: The context that the numbers are of.
        name: The model's, for errors.
        system_role: Its role of instructions.

    Raises:
        ReplyUnusable: If the quotations bear nothing of the reply out.
    """
    shown = "\n".join(
        f"[{n}] {quoted_lines(without_chat_tokens(one_line(quote, MAX_QUOTE_CHARS)))}" for n, quote in quotes
    )
    messages = [
        ChatMessage(role=system_role, content=SYSTEM),
        ChatMessage(role=MessageRole.USER, content=f"Quotations:\n{shown}\n\nQuestion: {question}"),
    ]
    (reply,) = yield [Call(messages)]
    if fault := reply_fault(reply.text, SYSTEM):
        raise ReplyUnusable(f"{name} gave no answer: {fault}.", hint="Use a larger model.")
    quoted = [item for item in evidence if item.n in {n for n, _ in quotes}]
    text = plain_marks(reply.text.strip())
    text = text if has_marks(text) else attributed(text, quoted)
    checker = ClaimChecker(quoted)
    kept: list[str] = []
    held = False
    for claim in claims_in(text):
        verdict = checker.check(claim)
        if claim.numbers and verdict.kind == "supported" and not verdict.reason:
            held = True
            said = claim.text.strip().rstrip(".。")
            kept.append(f"{said} {''.join(f'[{n}]' for n in verdict.numbers)}.")
        else:
            kept += [
                f"“{one_line(quote, MAX_QUOTE_CHARS)}” [{n}]" for n, quote in quotes if n in claim.numbers
            ]
    if not held or _repeats(text, question):
        raise ReplyUnusable(
            f"{name} wrote what the sources do not say: “{one_line(reply.text, 120)}”.",
            hint="Use a larger model.",
        )
    return Outcome(" ".join(dict.fromkeys(kept)), [], reply.raw)


def _repeats(text: str, question: str) -> bool:
    """Whether a reply is the question over again."""
    said = re.findall(r"\w+", without_marks(text).casefold())
    return bool(said) and set(said) <= set(re.findall(r"\w+", question.casefold()))
