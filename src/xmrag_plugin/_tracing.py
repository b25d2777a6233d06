"""OpenTelemetry spans, where an application traces: no import and no cost where it does not.

The package's API is used only where something has imported it already, since who sets up a tracer provider has; and a
span that nobody records is let go at once. No words of questions, documents or answers are written into a span.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Mapping
from typing import Any, ParamSpec, TypeVar

__all__ = ["Span", "begin_span", "traced"]

P = ParamSpec("P")
T = TypeVar("T")
Attributes = Mapping[str, Any]

_NAME = "xmrag_plugin"


class Span:
    """A span that is recorded; :meth:`end` it."""

    def __init__(self, span: Any, api: Any) -> None:
        self._span, self._api = span, api

    def set(self, attributes: Attributes) -> None:
        """Set attributes; those that are None are left out."""
        self._span.set_attributes({name: value for name, value in attributes.items() if value is not None})

    def fail(self, error: BaseException) -> None:
        """Mark it as failed; of the error its kind is told, not its words."""
        self._span.set_status(self._api.Status(self._api.StatusCode.ERROR, type(error).__name__))
        self.set({"error.type": type(error).__name__})

    def end(self) -> None:
        """End it now."""
        self._span.end()


def begin_span(name: str, *, under: Span | None = None) -> Span | None:
    """Begin a span that is not made the current one, so that generators and event loops may carry it.

    Args:
        name: Its name.
        under: Its parent; the current span by default.

    Returns:
        None where nobody records.
    """
    api = sys.modules.get("opentelemetry.trace")
    if api is None or not hasattr(api, "get_tracer"):
        return None
    context = api.set_span_in_context(under._span) if under is not None else None
    span = api.get_tracer(_NAME).start_span(name, context=context)
    return Span(span, api) if span.is_recording() else None


def traced(name: str, told: Callable[[T], Attributes]) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Decorate a function, so that a call of it is a span, the current one meanwhile.

    Args:
        name: Of the span.
        told: Its attributes, of what the function returns.
    """

    def decorate(function: Callable[P, T]) -> Callable[P, T]:
        @functools.wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> T:
            span = begin_span(name)
            if span is None:
                return function(*args, **kwargs)
            try:
                with span._api.use_span(span._span, record_exception=False, set_status_on_exception=False):
                    result = function(*args, **kwargs)
                span.set(told(result))
                return result
            except BaseException as error:
                span.fail(error)
                raise
            finally:
                span.end()

        return call

    return decorate
