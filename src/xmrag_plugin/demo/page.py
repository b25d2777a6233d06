"""The answers of the demo as one self-contained HTML page."""

from __future__ import annotations

import html
from collections.abc import Sequence

from ..answers.html_page import html_page
from ..answers.rendering import answer_html
from . import Answered

__all__ = ["answers_page"]


def answers_page(answers: Sequence[Answered], *, title: str, summary: str) -> str:
    """Render questions, answers with ``[n]``, figures and sources; pictures are in the page itself.

    The page loads nothing and runs nothing; it follows the reader's light or dark setting.
    """
    articles = "\n".join(_article(number, answered) for number, answered in enumerate(answers, 1))
    footer = "Everything in this collection is invented. Written by <code>xmrag demo</code>."
    return html_page(title, summary, articles, footer)


def _article(number: int, answered: Answered) -> str:
    response = answered.response
    body = answer_html(
        response.response or "", response.citations, response.evidence, embed=True, anchor=f"q{number}"
    )
    style = ' class="abstained"' if response.abstained else ""
    return (
        f"<article{style}>\n"
        f'<p class="shows">{html.escape(answered.question.shows)}</p>\n'
        f"<h2>{html.escape(answered.question.text)}</h2>\n"
        f"{body}\n</article>"
    )
