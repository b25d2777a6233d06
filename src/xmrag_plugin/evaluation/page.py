"""The report of an evaluation as one page that stands alone, its failures shown as pictures."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..answers.context import Evidence, evidence_from_hits
from ..answers.html_page import html_page
from ..answers.rendering import picture_uri
from ..answers.source_view import view_source
from ..errors import XmragError
from ..text.untrusted import one_line
from ..types import Hit
from .dataset import Relevant
from .measuring import FIGURES, Outcome
from .quality import Comparison, QualityReport

if TYPE_CHECKING:
    from ..index import CrossModalIndex

__all__ = ["quality_page"]

_MAX_FAILURES = 40
_FOUND = 3
_THUMBNAIL_PX, _PAGE_PX = 200, 520
_STYLE = """
main, header, footer { max-width: 72rem; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; font-variant-numeric: tabular-nums; }
.wide { overflow-x: auto; }
th, td { text-align: left; padding: .35rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; }
td.number { white-space: nowrap; }
.failure { color: var(--doubt); font-weight: 600; font-size: .87rem; }
.sides { display: grid; grid-template-columns: repeat(auto-fit, minmax(16rem, 1fr)); gap: 1.25rem; }
.sides h3 { font-size: .87rem; color: var(--quiet); margin: 0 0 .4rem; }
.sides figure { margin: 0 0 .8rem; } .sides figcaption { text-align: left; overflow-wrap: anywhere; }
.sides img { max-width: 100%; margin: 0; }
.better { color: var(--accent); font-weight: 600; } .worse { color: var(--doubt); font-weight: 600; }
"""


def quality_page(
    report: QualityReport, index: CrossModalIndex, *, comparison: Comparison | None = None
) -> str:
    """Write a report with its figures, and the questions that went wrong with what was wanted and what was found.

    Args:
        report: What was measured.
        index: The knowledge base that it was measured on, for its pictures.
        comparison: With another setting.
    """
    failures = report.failures
    own = sum(bool(outcome.query.relevant) for outcome in report.outcomes)
    summary = (
        f"{own} questions of the collection, {len(report.outcomes) - own} of another one; {len(failures)} with a failure. "
        f"{report.setting}"
    )
    parts = [_figures(report), _groups(report)]
    if comparison is not None:
        parts.append(_compared(comparison))
    parts += [_failure(outcome, index) for outcome in failures[:_MAX_FAILURES]]
    footer = "Written by <code>xmrag eval</code>."
    if len(failures) > _MAX_FAILURES:
        footer = f"{len(failures) - _MAX_FAILURES} more failures stand in the JSON. {footer}"
    return html_page("Quality of the collection", summary, "\n".join(parts), footer, style=_STYLE)


def _figures(report: QualityReport) -> str:
    rows = []
    for name, row in report.figures().items():
        mean, (low, high) = row["mean"], row["interval"]
        values = (
            [f"{mean:.0f}", f"{low:.0f} – {high:.0f}"]
            if name.endswith("_ms")
            else [f"{mean:.3f}", f"{low:.3f} – {high:.3f}"]
        )
        rows.append([name, str(row["n"]), *values, FIGURES[name][0]])
    said = ""
    if refusal := report.refusal():
        said += "<p>Refusal: " + ", ".join(f"{name} {value}" for name, value in refusal.items()) + ".</p>"
    for stage, times in report.latency().items():
        said += f"<p>{stage}: median {times['median']:.0f} ms, 95th percentile {times['p95']:.0f} ms.</p>"
    table = _table(["figure", "questions", "mean", "95 % interval", "what it is"], rows)
    return f"<article><h2>Figures</h2>{table}{said}</article>"


def _groups(report: QualityReport) -> str:
    data = report.retrieval.as_json()
    rows = [
        [
            f"{name.removeprefix('by_')}: {group}",
            str(row["n"]),
            *(f"{row[f'recall@{k}']:.3f}" for k in (1, 5, 10)),
        ]
        for name in ("by_modality", "by_kind", "by_evidence")
        for group, row in data.get(name, {}).items()
    ]
    table = _table(["", "questions", "recall@1", "recall@5", "recall@10"], rows)
    return f"<article><h2>By modality and kind</h2>{table}</article>"


def _compared(comparison: Comparison) -> str:
    rows = [
        [
            d.name,
            str(d.n),
            f"{d.first:.3f}",
            f"{d.second:.3f}",
            f"{d.interval[0]:+.3f} – {d.interval[1]:+.3f}",
            f"{d.p:.3f}",
            d.verdict,
        ]
        for d in comparison.differences
    ]
    table = _table(["figure", "questions", "first", "second", "95 % interval", "p", "the second is"], rows)
    settings = "".join(
        f"<p>{name}: {html.escape(report.setting)}</p>"
        for name, report in (("First", comparison.first), ("Second", comparison.second))
    )
    return f"<article><h2>Two settings</h2>{settings}{table}</article>"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    def cell(text: str) -> str:
        style = ' class="number"' if text[:1].isdigit() or text[:1] in "+-" else ""
        style = f' class="{text}"' if text in ("better", "worse") else style
        return f"<td{style}>{html.escape(text)}</td>"

    body = "".join("<tr>" + "".join(map(cell, row)) + "</tr>" for row in rows)
    heads = "".join(f'<th scope="col">{html.escape(name)}</th>' for name in head)
    return f'<div class="wide"><table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div>'


def _failure(outcome: Outcome, index: CrossModalIndex) -> str:
    query = outcome.query
    wanted = "".join(_wanted(item, index) for item in query.relevant) or "<p>Nothing in this collection.</p>"
    found = "".join(_found(hit) for hit in outcome.hits[:_FOUND]) or "<p>Nothing.</p>"
    asked = f"<p>{_picture(Evidence(1, '', '', '', media_file=str(query.image)))}</p>" if query.image else ""
    return (
        f'<article><p class="shows">{html.escape(query.kind)}</p><h2>{html.escape(query.text)}</h2>{asked}'
        f'<p class="failure">{html.escape("; ".join(outcome.failures))}</p>'
        f'<div class="sides"><div><h3>What answers it</h3>{wanted}</div><div><h3>What was found</h3>{found}</div>'
        f"<div><h3>The answer</h3><p>{html.escape(one_line(outcome.answer, 600) or '–')}</p></div></div></article>"
    )


def _wanted(item: Relevant, index: CrossModalIndex) -> str:
    """Show the place that answers: its page with the region marked, the picture, or the words."""
    place = item.source + (f", p. {item.page}" if item.page is not None else "")
    nodes = index.kb.catalog.nodes_with_media(item.media_hash) if item.media_hash else []
    shown = ""
    try:
        if item.page is not None:
            view = view_source(
                index.kb, {"source": item.source, "page": item.page, "bbox": item.bbox and list(item.bbox)}
            )
            shown = _image(view.png, place) if view.png else ""
        elif nodes:
            file = str(index.kb.media.path(item.media_hash))
            shown = _picture(evidence_from_hits([Hit(1, 1.0, None, nodes[0], file)])[0])
    except XmragError:
        shown = ""  # a file that is gone: its words are shown
    words = html.escape(one_line(item.holds, 300))
    return f"<figure>{shown}<figcaption>{html.escape(place)} {f'<q>{words}</q>' if words else ''}</figcaption></figure>"


def _found(hit: Hit) -> str:
    place = hit.source + (f", p. {hit.page}" if hit.page is not None else "")
    words = one_line(hit.caption or hit.text or hit.media or "", 200)
    certainty = f"{hit.probability:.2f}" if hit.probability is not None else f"{hit.score:.3f}"
    return (
        f"<figure>{_picture(evidence_from_hits([hit])[0])}<figcaption>{hit.rank}. {certainty} "
        f"{html.escape(place)} {html.escape(words)}</figcaption></figure>"
    )


def _picture(item: Evidence) -> str:
    """Return an item's picture as a thumbnail; nothing where it has none."""
    uri = picture_uri(item, embed=True, max_px=_THUMBNAIL_PX)
    label = html.escape(one_line(item.caption or item.text or item.source, 120), quote=True)
    return f'<img src="{uri}" alt="{label}">' if uri else ""


def _image(png: bytes, alt: str) -> str:
    """Return a drawn page, small enough for a page with many."""
    from PIL import Image

    picture = Image.open(io.BytesIO(png)).convert("RGB")
    picture.thumbnail((_PAGE_PX, _PAGE_PX))
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=80)
    uri = f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}"
    return f'<img src="{uri}" alt="{html.escape(alt, quote=True)}">'
