"""Hits and reports as notebooks show them: tables with thumbnails. All words from documents are escaped."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping, Sequence

from ..text.untrusted import without_controls
from ..types import FileFailure, Hit, Hits, IngestionReport, notebook_html
from .context import evidence_from_hits
from .rendering import picture_uri

__all__ = ["hits_html", "report_html"]

_THUMBNAIL_PX = 160
_MAX_WORDS = 240  # characters of a hit's text
_MAX_LISTED = 20  # failures and warnings
_CURE = (
    ": there is no vision space, and only their file names find them; <code>xmrag models pull siglip2</code>, "
    "then <code>CrossModalIndex(…, vision='siglip2').add()</code>"
)
_CELL = "text-align:left;vertical-align:top;padding:.3em .6em"


@notebook_html.register
def _hit(value: Hit) -> str:
    return hits_html([value])


@notebook_html.register
def _hits(value: Hits) -> str:
    return hits_html(value)


def hits_html(value: Sequence[Hit]) -> str:
    """Return hits as a table: rank, probability, place, thumbnail and words."""
    if not value:
        return "<p>nothing found</p>"
    rows = []
    for hit in value:
        place = _words(hit.source)
        if hit.page is not None:
            place += f", p.&nbsp;{hit.page}"
        if hit.start_s is not None:
            place += f", {hit.start_s:.0f}&nbsp;s"
        words = " ".join((hit.caption or hit.text or hit.media or "").split())
        words = words if len(words) <= _MAX_WORDS else words[: _MAX_WORDS - 1].rstrip() + "…"
        uri = picture_uri(evidence_from_hits([hit])[0], embed=True, max_px=_THUMBNAIL_PX)
        picture = f'<img src="{_words(uri)}" alt="" style="max-width:{_THUMBNAIL_PX}px">' if uri else ""
        certainty = f"{hit.probability:.2f}" if hit.probability is not None else f"{hit.score:.3f}"
        rows.append([str(hit.rank), certainty, _words(hit.modality), place, picture, _words(words)])
    return _table(["", "p(relevant)", "kind", "source", "", "words"], rows)


@notebook_html.register
def report_html(value: IngestionReport) -> str:
    """Return what an ``add`` did as a table, with what failed and why."""
    done = {
        "added": len(value.added),
        "updated": len(value.updated),
        "unchanged": len(value.unchanged),
        "removed": len(value.removed),
        "failed": len(value.failed),
    }
    rows = [[name, f"{count:,}"] for name, count in done.items() if count]
    rows.append(["nodes", _counts(value.nodes)])
    rows.append(["pictures", f"{value.pictures_stored:,}"])
    if value.pictures_unfindable:
        rows.append(["pictures without words", f"{value.pictures_unfindable:,}{_CURE}"])
    if value.pictures_skipped:
        rows.append(["pictures left out", _counts(value.pictures_skipped)])
    if value.ignored:
        rows.append(["files passed over", _counts(value.ignored)])
    if "total" in value.seconds:
        rows.append(["seconds", f"{value.seconds['total']:.1f}"])
    told = _told("failed", value.failed) + _told("warning", value.warnings)
    return _table(["", ""], rows) + (_table(["", "file", "reason"], told) if told else "")


def _told(what: str, faults: Sequence[FileFailure]) -> list[list[str]]:
    rows = [
        [what, _words(fault.source), _words(f"{fault.error} {fault.hint}".strip())]
        for fault in faults[:_MAX_LISTED]
    ]
    if len(faults) > _MAX_LISTED:
        rows.append([what, f"and {len(faults) - _MAX_LISTED:,} more", ""])
    return rows


def _counts(counts: Mapping[str, int]) -> str:
    return _words(", ".join(f"{count:,} {name}" for name, count in sorted(counts.items()))) or "none"


def _words(text: str) -> str:
    return html.escape(without_controls(text))


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    cells = "".join(f'<th style="{_CELL}">{name}</th>' for name in head)
    lines = ["<tr>" + "".join(f'<td style="{_CELL}">{cell}</td>' for cell in row) + "</tr>" for row in rows]
    top = f"<thead><tr>{cells}</tr></thead>" if any(head) else ""
    return f'<table class="xmrag-table">{top}<tbody>{"".join(lines)}</tbody></table>'
