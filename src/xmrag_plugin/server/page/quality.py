"""The tab of quality: questions made of the collection itself, how well they were answered, and what went wrong."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Sequence
from typing import TYPE_CHECKING, Any

import gradio as gr

from ...text.untrusted import one_line
from ..service import Service, source_link
from ..turns import about_error, public
from .markup import error_html, place, progress_html, words

if TYPE_CHECKING:
    from ...evaluation import Outcome, QualityReport

__all__ = ["quality_tab"]

_TICK_S = 0.2
_FAILURES = 30
_THUMBNAIL_PX = 320
_INTRO = (
    '<p class="xm-intro">Questions are made of the collection’s own headings, captions and numbers, so that the answer '
    "to each is known. They are easier than what people ask: they show what fails, and what a change of settings "
    "does. <code>xmrag eval --generate 100</code> does the same, and compares two settings.</p>"
)
_SHOWN = {
    "recall@1": "Found first",
    "recall@10": "Found among ten",
    "wrong_picture": "Wrong picture first",
    "answer_right": "Answer right",
    "citation_precision": "Citations at the right place",
    "citation_supported": "Citations that hold",
    "box_overlap": "Overlap of regions",
    "refused": "Refused wrongly",
}
"""What is shown of the figures, in the words of the page; those in milliseconds come after them."""


def quality_tab(service: Service) -> None:
    """Lay out the tab.

    Args:
        service: The index and its limits.
    """
    with gr.Column(elem_classes="xm-quality"):
        gr.HTML(_INTRO, apply_default_css=False)
        with gr.Row(elem_classes="xm-ask-row"):
            count = gr.Slider(label="Questions", minimum=10, maximum=200, step=10, value=30, scale=4)
            go = gr.Button("Measure", variant="primary", scale=1, min_width=130)
        shown = gr.HTML(apply_default_css=False, elem_id="xm-quality")

    async def measured(count: float) -> AsyncIterator[str]:
        async for part in _measured(service, int(count)):
            yield part

    go.click(measured, count, shown, api_visibility="private", concurrency_limit=None, show_progress="hidden")


async def _measured(service: Service, count: int) -> AsyncIterator[str]:
    """Make questions and ask them; yield how far it is, then the figures."""

    def work(tell: Callable[[str, int, int], None]) -> QualityReport:
        from ...evaluation import QualityReport, generate_questions, measure

        queries = generate_questions(
            service.index, count, progress=lambda done, total: tell("Making questions", done, total)
        )
        return QualityReport(
            measure(
                service.index, queries, progress=lambda _, done, total: tell("Asking questions", done, total)
            )
        )

    shown_at = 0.0
    yield _progress("Making questions", 0, count)
    try:
        async for step in service.run_with_progress("quality", work):
            if not isinstance(step, tuple):
                yield _report(step)
            elif time.monotonic() - shown_at > _TICK_S:
                shown_at = time.monotonic()
                yield _progress(*step)
    except Exception as error:
        yield error_html(about_error(error))


def _progress(stage: str, done: int, total: int) -> str:
    return progress_html(stage, stage, f"{done:,} of {total:,}", done / max(total, 1))


def _report(report: QualityReport) -> str:
    figures = report.figures()
    cards = "".join(
        f"<div><dt>{name}</dt><dd>{figures[key]['mean']:.0%}<span>{_range(figures[key]['interval'])}, "
        f"{figures[key]['n']:,} questions</span></dd></div>"
        for key, name in _SHOWN.items()
        if key in figures
    )
    times = "".join(
        f"<div><dt>{name}</dt><dd>{_time(figures[key]['mean'])}<span>on average</span></dd></div>"
        for key, name in (("search_ms", "Search"), ("answer_ms", "Answer"))
        if key in figures
    )
    failures = report.failures
    return (
        f'<div role="status"><h2>{len(report.outcomes):,} questions</h2><dl class="xm-figures">{cards}{times}</dl>'
        f"{_groups(report)}{_failures(failures)}</div>"
    )


def _range(interval: Sequence[float]) -> str:
    return f"{interval[0]:.0%} – {interval[1]:.0%}"


def _time(milliseconds: float) -> str:
    return f"{milliseconds:.0f} ms" if milliseconds < 1000 else f"{milliseconds / 1000:.1f} s"


def _groups(report: QualityReport) -> str:
    """Return how well each kind of thing was found, as a table."""
    data: dict[str, Any] = report.retrieval.as_json()
    rows = "".join(
        f'<tr><th scope="row">{words(group)}</th><td>{row["n"]:,}</td><td>{row["recall@1"]:.0%}</td>'
        f"<td>{row['recall@10']:.0%}</td></tr>"
        for name in ("by_modality", "by_kind")
        for group, row in data.get(name, {}).items()
    )
    return (
        '<div class="xm-wide" tabindex="0" role="region" aria-label="By modality and kind of question"><table><thead><tr>'
        '<th scope="col">Asked for, and how</th><th scope="col">Questions</th><th scope="col">Found first</th>'
        f'<th scope="col">Among ten</th></tr></thead><tbody>{rows}</tbody></table></div>'
    )


def _failures(failures: Sequence[Outcome]) -> str:
    if not failures:
        return "<h2>Nothing went wrong</h2>"
    items = "".join(_failure(outcome) for outcome in failures[:_FAILURES])
    more = f"<p>and {len(failures) - _FAILURES:,} more: see <code>xmrag eval --html</code>.</p>"
    return (
        f'<h2>{len(failures):,} with a failure</h2><ul class="xm-failures">{items}</ul>'
        f"{more if len(failures) > _FAILURES else ''}"
    )


def _failure(outcome: Outcome) -> str:
    """Return what was asked, what went wrong, and what was found, with its pictures."""
    found = []
    for hit in outcome.hits[:3]:
        row = public(hit.as_json())
        picture = ""
        if str(row["media_type"] or "").startswith("image/"):
            picture = (
                f'<img src="/api/media/{row["media_hash"]}?width={_THUMBNAIL_PX}" alt="" loading="lazy">'
            )
        found.append(
            f'<li><a href="{words(source_link("", row))}">{picture}<span>{words(place(row))}</span></a></li>'
        )
    wanted = ", ".join(sorted({words(item.source) for item in outcome.query.relevant if item.source}))
    return (
        f"<li><h3>{words(one_line(outcome.query.text, 300))}</h3>"
        f'<p class="xm-why">{words("; ".join(outcome.failures))}</p>'
        f"<p>{f'Stands in {wanted}. ' if wanted else ''}{words(one_line(outcome.answer, 300))}</p>"
        f'<p class="xm-quiet">Found first:</p><ol class="xm-found">{"".join(found)}</ol></li>'
    )
