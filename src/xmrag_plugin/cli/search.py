"""``xmrag search`` and ``xmrag ask``: questions to a knowledge base."""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING

from ..errors import UsageError
from ..index import CrossModalIndex
from ..search.questions import as_question
from ..settings import Settings
from ..types import Hit, Question
from .add import open_index
from .console import Console

if TYPE_CHECKING:
    from ..answers.response import CrossModalResponse
    from ..search.searcher import SearchResult

__all__ = ["ask", "print_answer", "search"]


def search(args: argparse.Namespace, settings: Settings, console: Console) -> int:
    """Print the texts and pictures that answer best, in one list."""
    started = time.perf_counter()
    _check(args)
    with open_index(args, settings) as index:
        opened = time.perf_counter()
        question = _question(args, index)
        words = question.text
        result = index.find(question, k=args.k, modality=args.modality)
        unseen = not result.hits and bool(question.images) and index.kb.vectors.count("vision") == 0
    timings = {"open": 1000 * (opened - started), **result.timings_ms}
    timings["total"] = 1000 * (time.perf_counter() - started)
    console.emit(
        {
            "query": words,
            "hits": [hit.as_json() for hit in result.hits],
            "timings_ms": {stage: round(spent, 2) for stage, spent in timings.items()},
        }
    )
    for hit in result.hits:
        _print_hit(hit, console)
    if not result.hits:
        console.say("nothing found")
        if unseen:
            console.say(
                "The knowledge base holds no pictures, and no texts that its vision encoder can hold whole. Make "
                "the vision space with the setting passages_in_vision on, and pictures find passages too."
            )
    return 0


def ask(args: argparse.Namespace, settings: Settings, console: Console) -> int:
    """Print an answer with its citations."""
    started = time.perf_counter()
    _check(args)
    with open_index(args, settings) as index:
        opened = time.perf_counter()
        question = _question(args, index)
        result = index.find(question, k=args.k, modality=args.modality)
        found = time.perf_counter()
        response = _answer(args, index, question.text, result)
    metadata = response.metadata or {}
    timings = {"open": 1000 * (opened - started), **result.timings_ms}
    timings["answer"] = 1000 * (time.perf_counter() - found)
    timings["total"] = 1000 * (time.perf_counter() - started)
    console.emit(
        {
            "answer": response.answer_words(),
            "abstained": response.abstained,
            "citations": response.citations,
            "generator": metadata["generator"],
            "hits": [hit.as_json() for hit in result.hits],
            "timings_ms": {stage: round(spent, 2) for stage, spent in timings.items()},
        }
    )
    print_answer(response, console)
    return 0


def _check(args: argparse.Namespace) -> None:
    if not " ".join(args.words).strip() and not args.image and not args.audio:
        raise UsageError("Nothing was asked.", hint="Give a text, --image FILE, --audio FILE, or several.")


def _question(args: argparse.Namespace, index: CrossModalIndex) -> Question:
    """What is asked: words typed, words said in the recordings, pictures, and sounds where they are heard."""
    return as_question(
        " ".join(args.words).strip(),
        images=args.image,
        audio=args.audio,
        without=args.negative,
        settings=index.settings,
        by_sound="sound" in index.kb.manifest.spaces,
    )


def _answer(
    args: argparse.Namespace, index: CrossModalIndex, words: str, result: SearchResult
) -> CrossModalResponse:
    """The answer from what was found, so that ``hits`` are the evidence that was shown."""
    from llama_index.core.schema import NodeWithScore, QueryBundle

    from ..answers.response import CrossModalResponse
    from ..answers.source_nodes import node_of
    from ..llamaindex.synthesizer import CrossModalSynthesizer
    from ..search.questions import picture_bytes

    synthesizer = CrossModalSynthesizer(
        index.generator(),
        abstention_threshold=index.abstention_threshold,
        encoder=index.encoder("text"),
    )
    nodes = [
        NodeWithScore(node=node_of(hit), score=hit.score if hit.probability is None else hit.probability)
        for hit in result.hits
    ]
    pictures = [picture_bytes(image, index.settings) for image in args.image]
    response = synthesizer.synthesize(QueryBundle(words), nodes, images=pictures)
    if not isinstance(response, CrossModalResponse):
        raise TypeError(f"not a whole answer: {type(response).__name__}")
    return response


def _print_hit(hit: Hit, console: Console) -> None:
    place = hit.source
    if hit.page is not None:
        place += f", p. {hit.page}"
    if hit.start_s is not None:
        place += f", {hit.start_s:.0f} s"
    certainty = f"{hit.probability:.2f}" if hit.probability is not None else f"{hit.score:.3f}"
    console.say(f"{hit.rank:>2}. {certainty}  {hit.modality:<6} {place}")
    console.say_wrapped(hit.caption or hit.text or hit.media or "", indent=4, lines=2)
    if hit.media_file:
        console.say(f"    {hit.media_file}")


def print_answer(response: CrossModalResponse, console: Console) -> None:
    """An answer for people: its text, its sources and figures, and who wrote it."""
    from ..answers.rendering import answer_text

    console.say(answer_text(response.answer_words(), response.citations))
    generator = (response.metadata or {}).get("generator") or {}
    if generator.get("name") and generator["name"] != "extractive":
        model = f" ({generator['model']})" if generator.get("model") else ""
        console.say(f"\nanswered by {generator['name']}{model}")
