"""LlamaIndex's events of questions and answers, in both of its ways: instrumentation and callbacks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from llama_index.core.callbacks.schema import CBEventType, EventPayload
from llama_index.core.instrumentation import get_dispatcher  # type: ignore[attr-defined]
from llama_index.core.instrumentation.events.query import QueryEndEvent, QueryStartEvent
from llama_index.core.instrumentation.events.synthesis import SynthesizeEndEvent, SynthesizeStartEvent
from llama_index.core.schema import QueryBundle
from llama_index.core.settings import Settings as HostSettings

if TYPE_CHECKING:
    from llama_index.core.callbacks.base import CallbackManager

__all__ = ["query_events", "synthesis_events"]

dispatcher = get_dispatcher(__name__)


@contextmanager
def query_events(query: str) -> Iterator[Callable[[Any], None]]:
    """Announce a question that is asked past LlamaIndex's query engines; yields what takes its response."""
    manager = HostSettings.callback_manager
    with (
        manager.as_trace("query"),
        _announced(CBEventType.QUERY, QueryStartEvent, QueryEndEvent, query, manager) as done,
    ):
        yield done


@contextmanager
def synthesis_events(
    query: str | QueryBundle, manager: CallbackManager | None = None
) -> Iterator[Callable[[Any], None]]:
    """Announce that an answer is made; yields what takes the response.

    Args:
        query: The question.
        manager: Whose callbacks are called; LlamaIndex's own ``Settings`` say it otherwise.
    """
    manager = manager or HostSettings.callback_manager
    with _announced(CBEventType.SYNTHESIZE, SynthesizeStartEvent, SynthesizeEndEvent, query, manager) as done:
        yield done


@contextmanager
def _announced(
    kind: CBEventType, start: Any, end: Any, query: str | QueryBundle, manager: CallbackManager
) -> Iterator[Callable[[Any], None]]:
    dispatcher.event(start(query=query))
    words = query if isinstance(query, str) else query.query_str
    with manager.event(kind, payload={EventPayload.QUERY_STR: words}) as event:

        def done(response: Any) -> None:
            event.on_end(payload={EventPayload.RESPONSE: response})
            dispatcher.event(end(query=query, response=response))

        yield done
