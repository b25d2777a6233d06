"""Show an answer with its figures: terminal, Markdown, HTML, notebooks. What documents and models say is escaped."""

from __future__ import annotations

import base64
import html
import io
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ..text.untrusted import one_line, without_controls
from .context import Evidence
from .neutral_markdown import literal_markdown, neutral_markdown

__all__ = ["answer_html", "answer_markdown", "answer_text", "picture_uri"]

_MARK = re.compile(r"\\?\[(\d{1,3})(\??)\\?\]")
_EMBED_PX = 900


def answer_text(answer: str, citations: Sequence[Mapping[str, Any]]) -> str:
    """Write the answer with its list of sources below, for a terminal."""
    lines = [without_controls(answer).rstrip()]
    if citations:
        lines.append("")
    for citation in citations:
        doubt = f" ({said})" if (said := _doubt(citation)) else ""
        lines.append(f"[{citation['n']}] {_place(citation)}{doubt}")
        if citation.get("media") and citation["media"] != citation.get("source"):
            lines.append(f"    {one_line(str(citation['media']), 300)}")
    return "\n".join(lines)


def answer_markdown(
    answer: str,
    citations: Sequence[Mapping[str, Any]],
    evidence: Sequence[Evidence],
    *,
    embed: bool = False,
) -> str:
    """Write Markdown with each cited figure after the paragraph that first cites it, and the sources below.

    Args:
        answer: The answer's text with ``[n]``. Its own Markdown is kept, HTML in it is not.
        citations: As in ``response.metadata["citations"]``.
        evidence: What the numbers stand for.
        embed: Pictures as data URIs instead of file links.
    """
    by_number = {item.n: item for item in evidence}
    shown: set[str] = set()
    blocks: list[str] = []
    for paragraph in re.split(r"\n\s*\n", neutral_markdown(answer.strip())):
        blocks.append(paragraph)
        for item in _figures_cited(paragraph, by_number, shown):
            uri = picture_uri(item, embed=embed)
            if uri:
                title = literal_markdown(one_line(item.caption or item.text or item.source))
                blocks.append(f"![{title}](<{uri}>)\n*{title}* [{item.n}]")
    if citations:
        rows = []
        for citation in citations:
            doubt = f" — *{literal_markdown(said)}*" if (said := _doubt(citation)) else ""
            rows.append(f"- [{citation['n']}] {literal_markdown(_place(citation))}{doubt}")
        blocks.append("**Sources**\n\n" + "\n".join(rows))
    return "\n\n".join(blocks) + "\n"


def answer_html(
    answer: str,
    citations: Sequence[Mapping[str, Any]],
    evidence: Sequence[Evidence],
    *,
    embed: bool = True,
    anchor: str = "xmrag",
) -> str:
    """Write an HTML fragment: paragraphs with linked ``[n]``, cited figures in place, sources with quotations.

    Args:
        answer: The answer's text with ``[n]``; shown as text, never as markup.
        citations: As in ``response.metadata["citations"]``.
        evidence: What the numbers stand for.
        embed: Pictures as data URIs (self-contained) instead of file links.
        anchor: Prefix of the ids, for several answers on one page.
    """
    by_number = {item.n: item for item in evidence}
    cited = {int(citation["n"]): citation for citation in citations}
    shown: set[str] = set()
    parts = ['<div class="xmrag-answer">']
    prefix = html.escape(re.sub(r"[^\w-]", "", anchor), quote=True)

    def mark(match: re.Match[str]) -> str:
        number, doubt = int(match[1]), match[2]
        if number not in cited:
            return html.escape(match.group())
        title = html.escape(_place(cited[number]), quote=True)
        style = ' class="xmrag-doubt"' if doubt else ""
        return f'<a href="#{prefix}-{number}" title="{title}"{style}>[{number}{doubt}]</a>'

    for paragraph in re.split(r"\n\s*\n", without_controls(answer).strip()):
        escaped = html.escape(paragraph, quote=False).replace("\n", "<br>\n")
        parts.append(f"<p>{_MARK.sub(mark, escaped)}</p>")
        for item in _figures_cited(paragraph, by_number, shown):
            uri = picture_uri(item, embed=embed)
            if not uri:
                continue
            words = one_line(item.caption or item.text or item.source)
            label = html.escape(words, quote=True)
            parts.append(
                f'<figure><img src="{html.escape(uri, quote=True)}" alt="{label}" loading="lazy" '
                f'style="max-width:100%;max-height:28em"><figcaption>{label} [{item.n}]</figcaption></figure>'
            )
    if citations:
        parts.append('<ol class="xmrag-sources" style="list-style:none;padding:0">')
        for citation in citations:
            quoted = one_line(str(citation.get("quote") or ""), 240)
            doubt = f" <em>({html.escape(said)})</em>" if (said := _doubt(citation)) else ""
            quotation = f" <q>{html.escape(quoted)}</q>" if quoted else ""
            parts.append(
                f'<li id="{prefix}-{int(citation["n"])}">[{int(citation["n"])}] '
                f"{html.escape(_place(citation))}{doubt}{quotation}</li>"
            )
        parts.append("</ol>")
    parts.append("</div>")
    return "\n".join(parts)


def _figures_cited(paragraph: str, by_number: Mapping[int, Evidence], shown: set[str]) -> list[Evidence]:
    found = []
    for match in _MARK.finditer(paragraph):
        item = by_number.get(int(match[1]))
        if item is None or not item.has_picture:
            continue
        key = item.media_hash or item.media_file or item.node_id
        if key not in shown:
            shown.add(key)
            found.append(item)
    return found


def picture_uri(item: Evidence, *, embed: bool, max_px: int = _EMBED_PX) -> str | None:
    """Say where a page finds the picture: a data URI no larger than ``max_px``, or the file's URI.

    None when there is no picture, or when it cannot be read for embedding.
    """
    if not embed and item.media_file:
        return "file://" + quote(Path(item.media_file).absolute().as_posix())
    data = _bounded(item, max_px)
    if data is None:
        return None
    mime, body = data
    return f"data:{mime};base64,{base64.b64encode(body).decode('ascii')}"


def _bounded(item: Evidence, max_px: int) -> tuple[str, bytes] | None:
    from ..errors import PictureError
    from ..images.decode import open_picture

    source: bytes | Path | None = Path(item.media_file) if item.media_file else item.media_data
    if source is None:
        return None
    try:
        picture = open_picture(source)
    except (PictureError, OSError):
        return None
    picture.thumbnail((max_px, max_px))
    buffer = io.BytesIO()
    few_colours = picture.getcolors(maxcolors=4096) is not None
    if few_colours:
        picture.save(buffer, "PNG", optimize=True)
        return "image/png", buffer.getvalue()
    picture.save(buffer, "JPEG", quality=85)
    return "image/jpeg", buffer.getvalue()


def _place(citation: Mapping[str, Any]) -> str:
    place = one_line(str(citation.get("source") or citation.get("media") or ""), 300)
    if citation.get("page") is not None:
        place += f", p. {citation['page']}"
    if citation.get("start_s") is not None:
        place += f", {float(citation['start_s']):.0f} s"
    return place


def _doubt(citation: Mapping[str, Any]) -> str:
    """Return what is said of a citation that does not hold; empty for one that does."""
    if citation.get("supported", True):
        return ""
    says = one_line(str(citation.get("source_says") or ""), 160)
    return f"it says: “{says}”" if says else "not found there"
