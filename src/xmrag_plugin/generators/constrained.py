"""Hold a reply to a form: one short sentence with the number of its quotation, as each kind of generator allows it.

Weak models lose the thread in free text. In this process a grammar (llama.cpp) or a mask over the next token
(transformers) lets nothing but the form through; a server is sent a JSON schema, and strings that end the reply.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

__all__ = ["CitedForm", "form_options"]

MAX_SENTENCE_CHARS = 320
_STOPS = ("\n\n", "\nQuestion:", "\nQuotations:", "\nQuotation")


@dataclass(frozen=True, slots=True)
class CitedForm:
    """One sentence, and the numbers that it may cite.

    Attributes:
        numbers: Of the quotations.
        max_tokens: Most tokens of the reply.
    """

    numbers: tuple[int, ...]
    max_tokens: int = 96

    @property
    def stops(self) -> list[str]:
        """Strings at which a reply ends."""
        return list(_STOPS)

    def grammar(self) -> str:
        """Return it as llama.cpp's GBNF."""
        numbers = " | ".join(f'"{number}"' for number in self.numbers)
        plain = r"[^\[\]\n\r{}<>|.!?]"
        # A full stop inside is one of a number or an abbreviation: no space stands behind it.
        return (
            'root ::= sentence [.!?]? " [" number "]"\n'
            f"number ::= {numbers}\n"
            f"sentence ::= {plain} ({plain} | [.!?] [^ \\[\\]\\n\\r]){{7,{MAX_SENTENCE_CHARS}}}\n"
        )

    def schema(self) -> dict[str, Any]:
        """Return it as a JSON schema."""
        return {
            "type": "object",
            "properties": {
                "sentence": {"type": "string", "maxLength": MAX_SENTENCE_CHARS},
                "quotation": {"type": "integer", "enum": list(self.numbers)},
            },
            "required": ["sentence", "quotation"],
            "additionalProperties": False,
        }

    def read(self, reply: str) -> str:
        """Return a reply as a sentence with ``[n]``; one that is no JSON as it is.

        >>> CitedForm((1, 2)).read('{"sentence": "It was built in 1903.", "quotation": 2}')
        'It was built in 1903. [2]'
        """
        text = re.sub(r"^```(?:json)?\s*|\s*```$", "", reply.strip())
        try:
            told = json.loads(text)
        except ValueError:
            # Cut off by the limit of tokens: the sentence may be whole all the same.
            cut = re.match(r'\{\s*"sentence"\s*:\s*("(?:[^"\\]|\\.)*")', text)
            told = {"sentence": json.loads(cut[1])} if cut else None
        if not isinstance(told, dict) or not isinstance(told.get("sentence"), str):
            return reply
        number = told.get("quotation")
        return str(told["sentence"]).strip() + (f" [{number}]" if isinstance(number, int) else "")


def form_options(llm: Any, form: CitedForm) -> list[dict[str, Any]]:
    """Return the keywords that hold this LLM's ``chat`` to a form; the next ones are for a server that refuses them.

    An LLM that is not known here is given none: whatever it writes is read and checked all the same.
    """
    kind = llm.class_name()
    short = {"max_tokens": form.max_tokens, "stop": form.stops}
    if kind in ("GgufLLM", "TransformersTextLLM", "TransformersVisionLLM"):
        return [{**short, "form": form}]
    if kind == "OllamaServer":
        return [{**short, "format": form.schema()}, short]
    if kind == "OpenAIServer":
        schema = {
            "type": "json_schema",
            "json_schema": {"name": "cited", "schema": form.schema(), "strict": True},
        }
        return [{**short, "response_format": schema}, short, {"max_tokens": form.max_tokens}]
    return [{}]
