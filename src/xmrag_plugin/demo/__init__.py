"""A sample collection about an invented tidal station, five questions about it, and their answers.

The collection is the project's own: eleven pages in Markdown, HTML and PDF, one of them in
Chinese, with charts, diagrams and drawings (``scripts/make_sample.py`` draws them).
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..answers.response import CrossModalResponse
    from ..index import CrossModalIndex

__all__ = ["COLLECTION", "QUESTIONS", "Answered", "SampleQuestion", "answer_all", "copy_collection"]

COLLECTION = Path(__file__).parent / "collection"


@dataclass(frozen=True, slots=True)
class SampleQuestion:
    """A question, and what its answer is there to show."""

    text: str
    shows: str


QUESTIONS = (
    SampleQuestion(
        "Which quarter of 2031 was the best for the station?",
        "Words and the chart that belongs to them, from a web page",
    ),
    SampleQuestion(
        "How fast is the current in the Kelda Sound at spring tide?",
        "A page of a PDF, with its figure",
    ),
    SampleQuestion(
        "What is the serial number on the rating plate of the spare generator?",
        "Read off a picture: it stands in no text of the collection",
    ),
    SampleQuestion("涡轮机的叶片用几层材料粘合而成?", "A question in Chinese, a page in Chinese"),
    SampleQuestion(
        "Who composed the anthem of the kingdom of Bhutan?",
        "Not in the collection: nothing is made up",
    ),
)


@dataclass(slots=True)
class Answered:
    """A question with its answer and the seconds that it took."""

    question: SampleQuestion
    response: CrossModalResponse
    seconds: float


def copy_collection(folder: Path) -> None:
    """Put the sample collection into a folder, where it can be looked at and changed."""
    shutil.copytree(COLLECTION, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))


def answer_all(index: CrossModalIndex) -> Iterator[Answered]:
    """Ask the five questions of a knowledge base, one after another."""
    from ..answers.response import CrossModalResponse

    engine = index.as_query_engine()
    for question in QUESTIONS:
        started = time.perf_counter()
        response = engine.query(question.text)
        if not isinstance(response, CrossModalResponse):
            raise TypeError(f"not a whole answer: {type(response).__name__}")
        yield Answered(question, response, time.perf_counter() - started)
