"""Keep the keys of LLMs out of pickles, and out of the errors of their servers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from llama_index.core.llms import LLM

__all__ = ["Keyless", "is_secret", "redact", "secrets_of", "without_secrets"]

_SECRET = re.compile(r"key$|token$|secret|password|headers|authorization", re.IGNORECASE)
_SHORTEST = 6  # characters; a shorter value is no key, and might be any word of a message


def is_secret(name: object) -> bool:
    """Return whether a field's name says that it holds a key, a token or headers.

    >>> [is_secret(name) for name in ("api_key", "default_headers", "max_tokens")]
    [True, True, False]
    """
    return isinstance(name, str) and _SECRET.search(name) is not None


class Keyless:
    """Stand for an LLM in a pickle: it is pickled without keys and headers, and unpickled as the LLM.

    Its class looks its keys up in the environment there, as when it is made without any. A copy in this
    process shares the LLM.

    Attributes:
        llm: The LLM.
    """

    def __init__(self, llm: LLM) -> None:
        self.llm = llm

    def __reduce__(self) -> tuple[Any, ...]:
        held = self.llm.__dict__
        keys = [name for name in held if is_secret(name) and isinstance(held[name], str) and held[name]]
        return _rebuilt, (type(self.llm), without_secrets(self.llm.__getstate__()), keys)

    def __copy__(self) -> Keyless:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Keyless:
        return self

    @staticmethod
    def opened(held: Any) -> Any:
        """Return the LLM, from a copy of this process or from a pickle."""
        return held.llm if isinstance(held, Keyless) else held


def _rebuilt(kind: type[LLM], state: Any, keys: Sequence[str]) -> LLM:
    llm: LLM = kind.__new__(kind)
    llm.__setstate__(state)
    held = llm.__dict__
    for name in set(kind.model_fields) - set(held):  # of a class that cannot be made without its key
        held[name] = None
    for name in keys:  # a server that wants no key is asked with any; another says that this one is wrong
        held[name] = held.get(name) or "none"
    return llm


def without_secrets(value: Any) -> Any:
    """Return a dictionary without what :func:`is_secret` names, at any depth; other values as they are."""
    if isinstance(value, dict):
        return {name: without_secrets(held) for name, held in value.items() if not is_secret(name)}
    return value


def secrets_of(llm: Any) -> set[str]:
    """Return the keys and headers that an LLM holds."""
    return {text for text in _texts(getattr(llm, "__dict__", {}), False) if len(text) >= _SHORTEST}


def _texts(value: Any, secret: bool) -> Iterator[str]:
    if isinstance(value, dict):
        for name, held in value.items():
            yield from _texts(held, secret or is_secret(name))
    elif secret and hasattr(value, "get_secret_value"):
        yield str(value.get_secret_value())
    elif secret and isinstance(value, str):
        yield value
        yield value.removeprefix("Bearer ").strip()  # with a line end it is shown escaped


def redact(error: BaseException, secrets: Iterable[str]) -> None:
    """Take secrets out of what an exception says, and out of those that it came from."""
    found = sorted(secrets, key=len, reverse=True)
    if not found:
        return

    def clean(value: Any) -> Any:
        if isinstance(value, str):
            for secret in found:
                value = value.replace(secret, "[key]")
        elif isinstance(value, dict):
            return {name: clean(held) for name, held in value.items()}
        elif isinstance(value, (list, tuple)):
            return type(value)(clean(held) for held in value)
        return value

    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        each = waiting.pop()
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        each.args = clean(each.args)
        for name in ("message", "body", "error", "hint"):
            held = getattr(each, name, None)
            if isinstance(held, (str, dict, list)) and (said := clean(held)) != held:
                setattr(each, name, said)
        waiting += [each.__cause__, each.__context__]
