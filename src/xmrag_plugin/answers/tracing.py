"""Record an answer as a span (OpenTelemetry), with one below it for each batch of calls to a model."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any

from .._tracing import Span, begin_span
from .postprocess import Answered
from .response_modes import Call, Reply

__all__ = ["traced_course"]


def traced_course(
    course: Generator[list[Call], list[Reply], Answered],
) -> Generator[list[Call], list[Reply], Answered]:
    """Pass a course on as it is, and where somebody records, tell how long it took, who answered and what it cost."""
    span = begin_span("xmrag.answer")
    if span is None:
        return (yield from course)
    tokens = {"input": 0, "output": 0}
    try:
        step = next(course)
        while True:
            asked = begin_span("xmrag.model", under=span)
            try:
                replies = yield step
            except Exception as error:
                if asked is not None:
                    asked.fail(error)
                step = course.throw(error)
            else:
                _count(replies, tokens, asked)
                step = course.send(replies)
            finally:
                if asked is not None:
                    asked.end()
    except StopIteration as stop:
        answered: Answered = stop.value
        span.set({**_told(answered), **_usage(tokens)})
        return answered
    except BaseException as error:
        span.fail(error)
        raise
    finally:
        span.end()


def _told(answered: Answered) -> dict[str, Any]:
    metadata = answered.metadata
    generator = metadata.get("generator") or {}
    return {
        "gen_ai.system": generator.get("name"),
        "gen_ai.request.model": generator.get("model"),
        "xmrag.skipped": [str(each["name"]) for each in generator.get("skipped") or []],
        "xmrag.abstained": bool(metadata.get("abstained")),
        "xmrag.citations": len(metadata.get("citations") or []),
    }


def _usage(tokens: dict[str, int]) -> dict[str, int | None]:
    return {f"gen_ai.usage.{kind}_tokens": count or None for kind, count in tokens.items()}


def _count(replies: Sequence[Reply], tokens: dict[str, int], asked: Span | None) -> None:
    """Add up the tokens that a model says it has read and written, as LlamaIndex's LLMs pass them on."""
    here = {"input": 0, "output": 0}
    for reply in replies:
        usage = getattr(reply.raw, "additional_kwargs", None) or {}
        for kind, name in (("input", "prompt_tokens"), ("output", "completion_tokens")):
            here[kind] += int(usage.get(name) or 0)
    for kind, count in here.items():
        tokens[kind] += count
    if asked is not None:
        asked.set({"xmrag.calls": len(replies), **_usage(here)})
