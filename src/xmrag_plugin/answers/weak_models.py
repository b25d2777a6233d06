"""Ask a weak model to word quotations, and keep of its words only what the quotations bear out.

A model of a few hundred million parameters loses its way in a long prompt and does not cite by itself: with the whole
context it answers worse than the extractive answer. It is given the quotations of that answer instead, short and
numbered, and its reply is held to one sentence with a number. It words the answer and does not choose it: a quotation
gives way to a sentence only where the sentence holds and answers as well, so that no answer is worse than quoting.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Sequence

from llama_index.core.base.llms.types import ChatMessage, MessageRole

from ..errors import ReplyUnusable
from ..generators.constrained import CitedForm
from ..generators.reply_faults import reply_fault
from ..text.terms import content_terms, terms
from ..text.untrusted import one_line, quoted_lines, without_chat_tokens
from .checking.check import Claim, ClaimChecker, claims_in
from .checking.fact import Fact
from .checking.facts import facts_of, holds_fact
from .citation_marks import has_marks, plain_marks, without_marks
from .citations import attributed
from .context import Evidence
from .extractive.question_type import AskedFor, holds_answer_type, read_question, without_quantity
from .response_modes import Call, Outcome, Reply

__all__ = ["reworded", "worth_rewriting"]

MAX_QUOTE_CHARS = 400
"""A quotation is shown to a weak model up to here."""

MIN_KEPT_TERMS = 0.6
"""A sentence takes the place of a quotation in answer to a question without a type when it keeps so many of its terms."""

EXAMPLE = (
    "Quotations:\n[1] Bridge: Orvel · Length: 212 metres · Opened: 1904\n[2] The bridge of Tamsin was painted red.\n\n"
    "Question: How long is the bridge of Orvel?",
    "The bridge of Orvel is 212 metres long. [1]",
)
"""Small models follow an example better than instructions."""

SYSTEM = (
    "Answer the question in one short sentence. Use only the numbered quotations, and put the number of the quotation "
    "that you used after the sentence, like this: [1]"
)


def worth_rewriting(question: str) -> bool:
    """Whether an answer gains by a sentence: steps and figures are shown as they stand."""
    return bool(question.strip()) and read_question(question).kind not in ("steps", "figure")


def reworded(
    question: str,
    quotes: Sequence[tuple[int, str]],
    evidence: Sequence[Evidence],
    *,
    name: str,
    system_role: MessageRole = MessageRole.SYSTEM,
) -> Generator[list[Call], list[Reply], Outcome]:
    """Yield the call that puts quotations into a sentence, and return what of the reply holds, with the rest quoted.

    Args:
        question: Its words.
        quotes: ``(number, quotation)``, the best first.
        evidence: The context that the numbers are of.
        name: The model's, for errors.
        system_role: Its role of instructions.

    Raises:
        ReplyUnusable: If no sentence of the reply may stand for a quotation; says why.
    """
    shown = "\n".join(
        f"[{n}] {quoted_lines(without_chat_tokens(one_line(quote, MAX_QUOTE_CHARS)))}" for n, quote in quotes
    )
    messages = [
        ChatMessage(role=system_role, content=SYSTEM),
        ChatMessage(role=MessageRole.USER, content=EXAMPLE[0]),
        ChatMessage(role=MessageRole.ASSISTANT, content=EXAMPLE[1]),
        ChatMessage(role=MessageRole.USER, content=f"Quotations:\n{shown}\n\nQuestion: {question}"),
    ]
    form = CitedForm(tuple(dict.fromkeys(n for n, _ in quotes)))
    (reply,) = yield [Call(messages, form=form)]
    written = form.read(reply.text)
    if fault := reply_fault(written, SYSTEM):
        raise ReplyUnusable(f"{name} gave no answer: {fault}.", hint="Use a larger model.")
    quoted = [item for item in evidence if item.n in {n for n, _ in quotes}]
    text = plain_marks(written.strip())
    text = text if has_marks(text) else attributed(text, quoted)
    asked = read_question(question)
    checker = ClaimChecker(quoted, question)
    worded: dict[int, list[str]] = {}
    failed: set[int] = set()
    reasons: list[str] = []
    for claim in claims_in(text):
        verdict = checker.check(claim)
        if not claim.numbers or verdict.kind != "supported" or verdict.reason:
            reasons.append(verdict.reason or "the sources do not say it")
            failed.update(claim.numbers)
            continue
        place = _stands_for(claim, verdict.numbers, quotes, question, asked)
        if place is None:
            reasons.append("it does not answer the question")
            continue
        said = claim.text.strip().rstrip(".。")
        worded.setdefault(place, []).append(f"{said} {''.join(f'[{n}]' for n in verdict.numbers)}.")
    if not worded:
        why = dict.fromkeys(reasons) or ["it says nothing that could be looked up"]
        raise ReplyUnusable(
            f"{name} wrote “{one_line(written, 120)}”: {', '.join(why)}.", hint="Use a larger model."
        )
    parts: list[str] = []
    for place, (n, quote) in enumerate(quotes):
        parts += worded.get(place, [])
        if place not in worded or n in failed:
            parts.append(f"“{one_line(quote, MAX_QUOTE_CHARS)}” [{n}]")
    return Outcome(" ".join(dict.fromkeys(parts)), [], reply.raw)


def _stands_for(
    claim: Claim,
    numbers: Sequence[int],
    quotes: Sequence[tuple[int, str]],
    question: str,
    asked: AskedFor,
) -> int | None:
    """The place of the quotation that a sentence may stand for: it says what is asked as well; None where none is."""
    sentence = without_marks(claim.text)
    said = set(terms(sentence, asked.language))
    wanted = set(content_terms(without_quantity(question), asked.language))
    if said <= set(terms(question, asked.language)):
        return None  # the question over again
    answers = _answers(sentence, question)
    for place, (n, quote) in enumerate(quotes):
        held = set(terms(quote, asked.language))
        if n not in numbers or len(wanted & said) < len(wanted & held):
            continue
        typed = holds_answer_type(asked, quote)
        if typed and holds_answer_type(asked, _without(sentence, question)) >= typed:
            return place
        kept = len(held & said) / len(held) if held else 0.0
        if kept >= MIN_KEPT_TERMS and all(
            any(holds_fact(fact, other) for other in answers) for fact in _answers(quote, question)
        ):
            return place
    return None


def _answers(text: str, question: str) -> list[Fact]:
    """What of a text may be an answer: its numbers, dates and times, but for those that the question holds."""
    given = facts_of(question, names=False)
    return [
        fact
        for fact in facts_of(text, names=False)
        if fact.kind in ("number", "date", "time", "ordinal")
        and not any(holds_fact(fact, one) for one in given)
    ]


def _without(sentence: str, question: str) -> str:
    """A sentence without the numbers that the question itself holds: they answer nothing."""
    for number in set(re.findall(r"\d[\d.,:]*\d|\d", question)):
        sentence = re.sub(rf"(?<![\d.,:]){re.escape(number)}(?![\d.,:]?\d)", " ", sentence)
    return sentence
