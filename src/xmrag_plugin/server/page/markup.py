"""What the page shows of answers, hits and reports, as HTML. Words of documents and models are never markup."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from ...answers.context import clock
from ...answers.neutral_markdown import neutral_markdown
from ...text.untrusted import one_line, without_controls
from ...types import Modality
from ..service import source_link

__all__ = ["answer_html", "error_html", "hits_html", "place", "progress_html", "question_html", "words"]

Row = Mapping[str, Any]

_MARK = re.compile(r"\[(\d{1,3})(\??)\]")
_RULES = re.compile(r"(?:[ \t]*\n?\|[ \t:|-]*)+")  # of a table in Markdown
_FIGURE_PX = 1024
_THUMBNAIL_PX = 512
_QUOTED = 280  # characters of a quotation or a hit

_KINDS = {"text": "Text", "table": "Table", "image": "Picture", "audio": "Sound", "video": "Video"}


def words(text: str) -> str:
    """Return words as HTML text, also for attributes."""
    return html.escape(without_controls(text), quote=True)


def place(row: Row) -> str:
    """Return where a hit or a citation stands: ``report.pdf, page 3``."""
    parts = [one_line(str(row.get("source") or row.get("media") or ""), 200)]
    if row.get("page") is not None:
        parts.append(f"page {row['page']}")
    if row.get("start_s") is not None:
        parts.append(clock(float(row["start_s"])))
    return ", ".join(parts)


def question_html(text: str, pictures: Sequence[str] = ()) -> str:
    """Return what a user said.

    Args:
        text: The words.
        pictures: Addresses of small pictures.
    """
    shown = "".join(f'<img src="{words(uri)}" alt="Picture of the question">' for uri in pictures)
    paragraph = f"<p>{words(text)}</p>" if text else ""
    pictured = f'<div class="xm-asked-pictures">{shown}</div>' if shown else ""
    return f'<div class="xm-question"><span class="xm-hidden">You asked:</span>{pictured}{paragraph}</div>'


def answer_html(
    text: str,
    citations: Sequence[Row],
    *,
    generator: Row | None = None,
    abstained: bool = False,
    broken_off: bool = False,
    whole: bool = True,
) -> str:
    """Return an answer: its paragraphs with links for ``[n]``, each figure after the paragraph that first cites it.

    Args:
        text: The answer; its own Markdown is kept.
        citations: Rows as :func:`~xmrag_plugin.server.turns.public` makes them.
        generator: Who answered, and who was left out.
        abstained: Whether it says that the collection does not hold it.
        broken_off: Whether it ends before its end.
        whole: Whether it has ended; the sources stand below it then.
    """
    cited = {int(row["n"]): row for row in citations}
    shown: set[str] = set()
    parts = []
    for block, numbers in _blocks(text, cited):
        parts.append(block)
        for number in numbers:
            figure = cited[number].get("media_hash")
            if figure and figure not in shown and _is_picture(cited[number]):
                shown.add(figure)
                parts.append(_figure(cited[number]))
    if whole:
        parts += [_sources(citations), _model_line(generator or {})]
    if broken_off:
        parts.append('<p class="xm-who">Stopped before its end; what it cites was not checked.</p>')
    style = " xm-abstained" if abstained else ""
    return f'<div class="xm-answer{style}"><span class="xm-hidden">Answer:</span>{"".join(parts)}</div>'


def error_html(error: Mapping[str, str]) -> str:
    """Return an error with the way out."""
    hint = f"<p>{words(error['hint'])}</p>" if error.get("hint") else ""
    return f'<div class="xm-error" role="alert"><p><strong>{words(error["error"])}</strong></p>{hint}</div>'


def progress_html(label: str, head: str, detail: str, share: float) -> str:
    """Return a progress bar.

    Args:
        label: What it measures, for screen readers.
        head: How far it is, in words.
        detail: What is done now.
        share: How much is done, from 0 to 1.
    """
    return (
        f'<div class="xm-progress"><p><strong>{words(head)}</strong> <span>{words(detail)}</span></p>'
        f'<div role="progressbar" aria-label="{words(label)}" aria-valuemin="0" aria-valuemax="100" '
        f'aria-valuenow="{share * 100:.0f}"><div style="width:{share:.1%}"></div></div></div>'
    )


def hits_html(rows: Sequence[Row], *, seeing: bool) -> str:
    """Return hits as cards, each with the way to its source and to what is like it.

    Args:
        rows: Hits as :func:`~xmrag_plugin.server.turns.public` makes them.
        seeing: Whether pictures can be searched with.
    """
    if not rows:
        return '<p class="xm-empty">Nothing was found. Ask in other words, or with fewer filters.</p>'
    cards = "".join(_card(row, seeing) for row in rows)
    found = "1 result" if len(rows) == 1 else f"{len(rows)} results"
    return f'<h2 class="xm-count" aria-live="polite">{found}</h2><ol class="xm-hits">{cards}</ol>'


def _card(row: Row, seeing: bool) -> str:
    link = words(source_link("", dict(row)))
    excerpt = _excerpt(row)
    medium = row.get("media_hash")
    is_picture = bool(medium) and _is_picture(row)
    if is_picture:
        shown = f'<img src="/api/media/{medium}?width={_THUMBNAIL_PX}" alt="{words(excerpt)}" loading="lazy">'
    elif medium:
        shown = ""
    else:
        shown = f'<span class="xm-excerpt" aria-hidden="true">{words(excerpt)}</span>'
    player = (
        f'<audio controls preload="none" src="/api/media/{medium}"></audio>' if medium and not shown else ""
    )
    like = ""
    if (seeing and is_picture) or row.get("text"):
        like = (
            f'<button type="button" class="xm-small" data-like="{words(str(row["node_id"]))}" '
            f'aria-label="More like {words(place(row))}">More like this</button>'
        )
    sure = row.get("probability")
    relevance = f'<span title="Probability that it is relevant">{sure:.0%}</span>' if sure is not None else ""
    return (
        f'<li class="xm-hit" data-kind="{words(str(row["modality"]))}">'
        f'<a class="xm-view" href="{link}" tabindex="-1" aria-hidden="true">{shown}</a>{player}'
        f'<div class="xm-about"><p class="xm-said">{words(excerpt)}</p>'
        f'<p class="xm-place"><a href="{link}">{words(place(row))}</a></p>'
        f'<p class="xm-facts"><span>{_KINDS.get(str(row["modality"]), words(str(row["modality"])))}</span>'
        f"{relevance}{like}</p></div></li>"
    )


def _excerpt(row: Row) -> str:
    """Return the beginning of a hit's words; of a table its cells."""
    text = str(row.get("caption") or row.get("text") or row.get("media") or "")
    if row["modality"] == Modality.TABLE:
        text = _RULES.sub(" · ", text).strip(" ·")
    return one_line(text, _QUOTED)


def _is_picture(row: Row) -> bool:
    return str(row.get("media_type") or "").startswith("image/")


def _figure(row: Row) -> str:
    caption = one_line(str(row.get("caption") or row.get("quote") or place(row)), 400)
    link = words(source_link("", dict(row)))
    return (
        f'<figure><a href="{link}"><img src="/api/media/{row["media_hash"]}?width={_FIGURE_PX}" '
        f'alt="{words(caption)}"></a><figcaption>{words(caption)} {_mark(row, "")}</figcaption></figure>'
    )


def _mark(row: Row, doubt: str) -> str:
    doubted = doubt or ("" if row.get("supported", True) else "?")
    label = f"Source {row['n']}: {place(row)}" + (", not found there" if doubted else "")
    style = "xm-cite xm-doubt" if doubted else "xm-cite"
    link = words(source_link("", dict(row)))
    return f'<a class="{style}" href="{link}" aria-label="{words(label)}" title="{words(label)}">{row["n"]}{doubt}</a>'


def _sources(citations: Sequence[Row]) -> str:
    rows = []
    for row in sorted(citations, key=lambda row: int(row["n"])):
        quoted = one_line(str(row.get("quote") or ""), _QUOTED)
        quotation = f"<q>{words(quoted)}</q>" if quoted else ""
        doubt = ""
        if not row.get("supported", True):
            says = one_line(str(row.get("source_says") or ""), 160)
            doubt = f'<em class="xm-doubt">{f"It says: “{words(says)}”" if says else "Not found there"}</em>'
        sound = ""
        if str(row.get("media_type") or "").startswith("audio/"):
            sound = f'<audio controls preload="none" src="/api/media/{row["media_hash"]}"></audio>'
        link = words(source_link("", dict(row)))
        rows.append(
            f'<li><span class="xm-number" aria-hidden="true">{row["n"]}</span><div>'
            f'<a href="{link}"><span class="xm-hidden">Source {row["n"]}: </span>{words(place(row))}</a> '
            f"{doubt}{quotation}{sound}</div></li>"
        )
    return f'<ol class="xm-sources" aria-label="Sources">{"".join(rows)}</ol>' if rows else ""


def _model_line(generator: Row) -> str:
    """Say which model answered, and why those before it did not."""
    name, model = str(generator.get("name") or ""), str(generator.get("model") or "")
    if not name:
        return ""
    summary = (
        "Quoted from the sources" if name == "extractive" else f"Answered by {one_line(model or name, 80)}"
    )
    skipped = [
        f"<li><strong>{words(str(row.get('name') or 'a model'))}</strong>: {words(str(row.get('reason') or ''))}</li>"
        for row in generator.get("skipped") or ()
    ]
    if name == "extractive" and not skipped:
        skipped = ["<li>No model is set up, so that none was asked. Collection says how to have one.</li>"]
    if not skipped:
        return f'<p class="xm-who">{words(summary)}</p>'
    return (
        f'<details class="xm-who"><summary>{words(summary)} <span>Why not another?</span></summary>'
        f"<ul>{''.join(skipped)}</ul></details>"
    )


def _blocks(text: str, cited: Mapping[int, Row]) -> Iterable[tuple[str, list[int]]]:
    """Yield the blocks of an answer as HTML, each with the numbers that it cites."""
    env: dict[str, Any] = {"cited": cited, "seen": []}
    parser = _parser()
    tokens = parser.parse(neutral_markdown(text.strip()), env)
    begin = depth = 0
    for end, token in enumerate(tokens, 1):
        depth += token.nesting
        if depth == 0:
            env["seen"] = []
            block = parser.renderer.render(tokens[begin:end], parser.options, env)
            if block.startswith("<table"):
                block = f'<div class="xm-wide" tabindex="0" role="region" aria-label="Table">{block}</div>'
            yield block, list(dict.fromkeys(env["seen"]))
            begin = end


@lru_cache(maxsize=1)
def _parser() -> Any:
    from markdown_it import MarkdownIt

    parser: Any = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])

    def text(tokens: Sequence[Any], place: int, options: Any, env: dict[str, Any]) -> str:
        cited = env["cited"]

        def mark(match: re.Match[str]) -> str:
            number = int(match[1])
            if number not in cited:
                return match.group()
            env["seen"].append(number)
            return _mark(cited[number], match[2])

        return _MARK.sub(mark, html.escape(without_controls(tokens[place].content), quote=False))

    parser.renderer.rules["text"] = text
    return parser
