"""``xmrag demo``: from a folder of documents to cited answers, on a sample collection."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from ..answers.rendering import answer_text
from ..demo import COLLECTION, Answered, answer_all, copy_collection
from ..demo.page import answers_page
from ..errors import UsageError
from ..index import CrossModalIndex
from ..settings import Settings
from .console import Console
from .output import report_failures

__all__ = ["run"]

_TITLE = "Vessay Tidal Station: five questions"


def run(args: argparse.Namespace, settings: Settings, console: Console) -> int:
    """Copy the collection to ``--out``, add it, ask the five questions, write the page."""
    out = Path(args.out).expanduser().absolute()
    if COLLECTION.is_relative_to(out):
        raise UsageError(f"{out} holds the package itself.", hint="Name another folder with --out.")
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out} is a file.", hint="Name a folder with --out.")
    documents, kb, page = out / "collection", out / "kb", out / "answers.html"
    copy_collection(documents)
    console.say(f"The sample collection lies in {documents}.")
    with CrossModalIndex(kb, settings, text=args.text, vision=args.vision, llm=args.llm) as index:
        report = index.add(documents)
        sources = len(report.added) + len(report.updated) + len(report.unchanged)
        seconds = report.seconds.get("total", 0.0)
        console.say(
            f"{sources} documents with {report.pictures_stored} pictures went into {kb} in {seconds:.1f} s.\n"
        )
        answers = []
        for answered in answer_all(index):
            answers.append(answered)
            response = answered.response
            console.say(f"{len(answers)}. {answered.question.text}")
            console.say(f"   ({answered.question.shows}; {answered.seconds:.2f} s)")
            console.say(_indented(answer_text(response.response or "", response.citations)) + "\n")
    summary = f"{sources} documents, {report.pictures_stored} pictures. {_generators_in_words(answers)}"
    page.write_text(answers_page(answers, title=_TITLE, summary=summary), encoding="utf-8")
    console.say(f"The answers with their figures: {page}")
    console.say(f'Ask more: xmrag ask "How many seals were counted in 2031?" --kb {kb}')
    console.say(f"In the browser, with the cited page and its region: xmrag serve --kb {kb}")
    console.emit(
        {
            "kb": str(kb),
            "page": str(page),
            "added": report.as_json(),
            "answers": [
                {
                    "question": answered.question.text,
                    "answer": answered.response.response,
                    "abstained": answered.response.abstained,
                    "citations": answered.response.citations,
                    "seconds": round(answered.seconds, 3),
                }
                for answered in answers
            ],
        }
    )
    return report_failures(report, console)


def _generators_in_words(answers: Sequence[Answered]) -> str:
    """Return how the answers were made, for the head of the page."""
    metadata = [answered.response.metadata or {} for answered in answers]
    names = sorted({row["generator"]["name"] for row in metadata if not row.get("abstained")})
    if names == ["extractive"]:
        return (
            "No network, no key: each answer is quoted from the collection, with its figures and its sources."
        )
    return f"Answered by {', '.join(names)}, each with its figures and its sources."


def _indented(text: str) -> str:
    return "\n".join(f"   {line}" if line else "" for line in text.splitlines())
