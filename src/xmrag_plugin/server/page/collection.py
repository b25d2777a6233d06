"""The tab of the collection: files dropped in with progress and outcome, what it holds, and what is missing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import gradio as gr

from ...errors import SourceMissing
from ...ingestion.progress import Measure, stage_words
from ...types import FileFailure, IngestionReport
from ..service import Service
from ..turns import about_error, keep_upload, upload_names
from .markup import error_html, progress_html, words
from .missing import missing_html

__all__ = ["collection_tab"]

_LISTED = 300
_TICK_S = 0.15
_ON_LOAD = """
element.addEventListener('click', event => {
  const button = event.target.closest('button[data-source]');
  if (!button) return;
  const source = button.dataset.source;
  if (button.dataset.act === 'again') trigger('again', {source});
  else if (confirm(`Remove ${source} from the collection?`)) trigger('remove', {source});
});
"""
_STATES = {"ready": "Ready", "pending": "Unfinished", "failed": "Failed"}


def collection_tab(page: gr.Blocks, tab: gr.Tab, service: Service, *, write: bool) -> None:
    """Lay out the tab.

    Args:
        page: The page that it belongs to.
        tab: The tab itself: what it shows is looked up when it is opened.
        service: The index and its limits.
        write: Whether sources may be added and removed.
    """
    with gr.Column(elem_classes="xm-collection"):
        if write:
            files = gr.File(
                label="Add documents, pictures, recordings",
                file_count="multiple",
                type="filepath",
                height=170,
                elem_id="xm-add",
            )
        outcome = gr.HTML(apply_default_css=False, elem_id="xm-outcome")
        with gr.Row(elem_classes="xm-ask-row"):
            named = gr.Textbox(
                label="Show sources named", show_label=False, placeholder="Find a source by its name"
            )
        held = gr.HTML(apply_default_css=False, elem_id="xm-sources", js_on_load=_ON_LOAD)
        missing = gr.HTML(apply_default_css=False, elem_id="xm-missing")

    async def look(named: str) -> tuple[str, str]:
        return (
            await asyncio.to_thread(_sources, service, named, write),
            await asyncio.to_thread(missing_html, service.index),
        )

    async def listed(named: str) -> str:
        return await asyncio.to_thread(_sources, service, named, write)

    async def add(files: Sequence[str] | None) -> AsyncIterator[tuple[Any, Any]]:
        async for shown in _add(service, [Path(str(file)) for file in files or ()]):
            yield shown, gr.skip()
        yield gr.skip(), None

    async def again(event: gr.EventData) -> AsyncIterator[str]:
        async for shown in _read_again(service, str(event.source)):
            yield shown

    async def remove(event: gr.EventData) -> str:
        return await _remove(service, str(event.source))

    options: dict[str, Any] = {
        "api_visibility": "private",
        "concurrency_limit": None,
        "show_progress": "hidden",
    }
    page.load(look, named, [held, missing], **options)
    tab.select(look, named, [held, missing], **options)
    named.input(listed, named, held, **{**options, "trigger_mode": "always_last"})
    if write:
        for event in (
            files.upload(add, files, [outcome, files], **options),
            held.again(again, None, outcome, **options),
            held.remove(remove, None, outcome, **options),
        ):
            event.then(look, named, [held, missing], **options)


async def _add(service: Service, files: Sequence[Path]) -> AsyncIterator[str]:
    """Add uploaded files; yield how far it is, then what became of each."""
    try:
        names = upload_names(service, [file.name for file in files])
        kept = [
            await asyncio.to_thread(_kept, service, name, file)
            for name, file in zip(names, files, strict=True)
        ]
    except Exception as error:
        yield error_html(about_error(error))
        return
    finally:
        for file in files:  # the copy that was uploaded
            file.unlink(missing_ok=True)
    async for shown in _added(service, kept):
        yield shown


def _kept(service: Service, name: str, file: Path) -> Path:
    with file.open("rb") as stream:
        return keep_upload(service.uploads, name, stream)


async def _read_again(service: Service, source: str) -> AsyncIterator[str]:
    """Read a source again from where it was added."""
    rows = await asyncio.to_thread(service.index.kb.catalog.source_named, source)
    if not rows or not Path(rows[0].path).is_file():
        where = rows[0].path if rows else "the collection"
        gone = SourceMissing(f"{source} is not at {where} any more.", hint="Add it from where it is now.")
        yield error_html(about_error(gone))
        return
    async for shown in _added(service, [Path(rows[0].path)]):
        yield shown


async def _added(service: Service, paths: Sequence[Path]) -> AsyncIterator[str]:
    measure = Measure()
    shown_at = 0.0
    yield _progress(measure, "Waiting to be read")
    try:
        async for step in service.run_with_progress(
            "add", lambda tell: service.index.add(*paths, progress=tell), writing=True
        ):
            if isinstance(step, IngestionReport):
                yield _report(step)
                return
            measure.count(*step)
            if time.monotonic() - shown_at > _TICK_S:
                shown_at = time.monotonic()
                yield _progress(measure, stage_words(*step))
    except Exception as error:
        yield error_html(about_error(error))


async def _remove(service: Service, source: str) -> str:
    try:
        removed = await service.work("remove", lambda: service.remove(source), writing=True)
    except Exception as error:
        return error_html(about_error(error))
    return f'<p class="xm-done" role="status">Removed {words(", ".join(removed))}.</p>'


def _progress(measure: Measure, stage: str) -> str:
    share = measure.at / measure.total if measure.total else 0.0
    files = f"{measure.done:,} of {measure.total:,} files" if measure.total else "Reading"
    return progress_html("Adding files", files, stage, share)


def _report(report: IngestionReport) -> str:
    """Return what became of each file; what went wrong stands first."""
    rows = [(failure.source, "Failed", _reason_of(failure)) for failure in report.failed]
    rows += [(warning.source, "Note", _reason_of(warning)) for warning in report.warnings]
    for outcome, sources in (
        ("Added", report.added),
        ("Updated", report.updated),
        ("Removed", report.removed),
        ("Unchanged", report.unchanged),
    ):
        rows += [(source, outcome, "") for source in sources]
    listed = "".join(
        f'<li data-outcome="{outcome.lower()}"><span class="xm-state">{outcome}</span>'
        f"<span><strong>{words(source)}</strong>{f' {why}' if why else ''}</span></li>"
        for source, outcome, why in rows[:_LISTED]
    )
    more = f"<p>and {len(rows) - _LISTED:,} more.</p>" if len(rows) > _LISTED else ""
    ignored = ", ".join(f"{count:,} {words(reason)}" for reason, count in report.ignored.items())
    passed = f"<p>Passed over: {ignored}.</p>" if ignored else ""
    seconds = report.seconds.get("total", sum(report.seconds.values()))
    return (
        f'<div class="xm-report" role="status"><p>{_summary(report)} in {seconds:.1f} s</p>'
        f"<ul>{listed}</ul>{more}{passed}</div>"
    )


def _summary(report: IngestionReport) -> str:
    counts: dict[str, Sequence[object]] = {
        "added": report.added,
        "updated": report.updated,
        "unchanged": report.unchanged,
        "removed": report.removed,
        "failed": report.failed,
    }
    return ", ".join(f"{len(rows):,} {name}" for name, rows in counts.items() if rows) or "Nothing to add"


def _reason_of(failure: FileFailure) -> str:
    hint = f" {words(failure.hint)}" if failure.hint else ""
    return f"{words(failure.error)}{hint}"


def _sources(service: Service, named: str, write: bool) -> str:
    """Return the list of sources, each with its state."""
    wanted = (named or "").strip().lower()
    rows = service.index.kb.catalog.sources()
    found = [row for row in rows if wanted in row.source.lower()]
    count = f"{len(found):,} of {len(rows):,} sources" if wanted else f"{len(rows):,} sources"
    if not rows:
        return '<p class="xm-empty">The collection is empty. Drop files above to add them.</p>'
    items = []
    for row in found[:_LISTED]:
        name = words(row.source)
        why = f'<p class="xm-why">{words(row.error)} {words(row.hint)}</p>' if row.error else ""
        acts = (
            f'<span class="xm-acts"><button type="button" class="xm-small" data-act="again" data-source="{name}" '
            f'aria-label="Read {name} again">Read again</button><button type="button" class="xm-small" '
            f'data-act="remove" data-source="{name}" aria-label="Remove {name}">Remove</button></span>'
            if write
            else ""
        )
        items.append(
            f'<li data-outcome="{words(row.state)}"><span class="xm-state">{_STATES.get(row.state, row.state)}</span>'
            f'<span class="xm-name"><a href="/source/{_quoted(row.source)}">{name}</a>{why}</span>{acts}</li>'
        )
    more = f"<p>and {len(found) - _LISTED:,} more: find them by name.</p>" if len(found) > _LISTED else ""
    return f'<h2 class="xm-count">{count}</h2><ul class="xm-list">{"".join(items)}</ul>{more}'


def _quoted(source: str) -> str:
    return words(quote(source))
