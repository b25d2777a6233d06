"""Hold the citations that a transformers model writes to numbers that exist, token by token."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from ..constrained import CitedForm

__all__ = ["CitationMask"]

_TAIL_TOKENS = 12  # of what was written, in which an open bracket is looked for


class CitationMask:
    """A logits processor: behind ``[`` only the numbers of the form and ``]`` can be written.

    Args:
        tokenizer: The model's.
        form: What the answer is held to.
    """

    def __init__(self, tokenizer: Any, form: CitedForm) -> None:
        self._tokenizer = tokenizer
        self._allowed = tuple(f"[{number}]" for number in form.numbers)
        self._brackets, self._short = _tokens_of(tokenizer)
        self._prompt: int | None = None

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        """Forbid each token that would begin or go on with a citation of no source."""
        if self._prompt is None:
            self._prompt = int(input_ids.shape[-1])
        written = input_ids[0, max(self._prompt, input_ids.shape[-1] - _TAIL_TOKENS) :].tolist()
        text = self._tokenizer.decode(written, skip_special_tokens=True)
        held = text[text.rfind("[") :] if "[" in text and "]" not in text[text.rfind("[") :] else ""
        if held:
            kept = [token for token, said in self._short.items() if self._fits(held + said)]
            if kept:
                masked = scores.clone().fill_(float("-inf"))
                masked[:, kept] = scores[:, kept]
                return masked
            return scores
        barred = [token for token, said in self._brackets.items() if not self._fits(said[said.index("[") :])]
        if barred:
            scores = scores.clone()
            scores[:, barred] = float("-inf")
        return scores

    def _fits(self, written: str) -> bool:
        """Whether a text from its bracket on begins a citation that exists, or holds a whole one."""
        return any(one.startswith(written) or written.startswith(one) for one in self._allowed)


@lru_cache(maxsize=8)
def _tokens_of(tokenizer: Any) -> tuple[dict[int, str], dict[int, str]]:
    """Return the tokens that hold ``[``, and those that could stand behind one: digits and ``]``."""
    brackets, short = {}, {}
    special = set(tokenizer.all_special_ids)
    for token in range(len(tokenizer)):
        if token in special:
            continue
        said = tokenizer.decode([token])
        if "[" in said:
            brackets[token] = said
        elif said and set(said[:3]) <= set("0123456789]"):
            short[token] = said
    return brackets, short
