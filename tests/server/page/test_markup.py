"""What the page writes as HTML: links, figures and doubts, and never markup of documents or models."""

from __future__ import annotations

import pytest
from lxml import html

from xmrag_plugin.server.page.markup import answer_html, error_html, hits_html, question_html

HOSTILE = (
    "<script>alert(1)</script> {{value}} ${value} \" ' [x](javascript:alert(1)) ![y](http://e.example/p.png)"
)


def citation(n: int, **more: object) -> dict:
    row = {"n": n, "source": "a b.pdf", "page": 3, "bbox": [1, 2, 3, 4], "node_id": "n1", "quote": "Words."}
    return {**row, "supported": True, "media_hash": None, "media_type": None, **more}


def picture(n: int, **more: object) -> dict:
    return citation(n, media_hash="a" * 64, media_type="image/png", caption="Figure 1: tides", **more)


def test_marks_lead_to_the_place_and_figures_stand_where_they_are_first_cited() -> None:
    made = answer_html("One **bold** [1].\n\nTwo [2] and [2] again.\n\nThree [9].", [citation(1), picture(2)])
    assert 'href="/source/a%20b.pdf?page=3&amp;node=n1&amp;box=1,2,3,4"' in made
    assert "<strong>bold</strong>" in made
    assert made.count("<figure>") == 1
    assert made.index("<figure>") > made.index("again")
    assert made.index("<figure>") < made.index("Three")
    assert "[9]" in made
    assert 'aria-label="Source 1: a b.pdf, page 3"' in made


def test_doubts_are_told() -> None:
    made = answer_html("It is 5 [1?].", [citation(1, supported=False, source_says="It is 4.")])
    assert "not found there" in made
    assert "It says: “It is 4.”" in made


def test_sources_come_with_the_whole_answer_only() -> None:
    assert "xm-sources" not in answer_html("One [1].", [citation(1)], whole=False)
    assert "xm-sources" in answer_html("One [1].", [citation(1)])


def test_who_answered_and_who_did_not() -> None:
    who = {"name": "extractive", "model": "", "skipped": [{"name": "ollama", "reason": "it is down"}]}
    made = answer_html("One.", [], generator=who)
    assert "Quoted from the sources" in made
    assert "<strong>ollama</strong>: it is down" in made
    assert "Answered by m-1" in answer_html(
        "One.", [], generator={"name": "x", "model": "m-1", "skipped": []}
    )


def test_sound_is_played_and_is_no_figure() -> None:
    made = answer_html(
        "One [1].", [citation(1, media_hash="b" * 64, media_type="audio/ogg", page=None, start_s=65)]
    )
    assert "<figure>" not in made
    assert "<audio controls" in made
    assert "a b.pdf, 1:05" in made


@pytest.mark.parametrize("where", ["source", "caption", "quote", "text"])
def test_what_documents_and_models_say_is_shown_and_nothing_else(where: str) -> None:
    row = picture(1) | {"modality": "image", "probability": 0.5, "text": "t", where: HOSTILE}
    asked = question_html(HOSTILE)
    answered = answer_html(
        HOSTILE + " [1]", [row], generator={"name": HOSTILE, "skipped": [{"reason": HOSTILE}]}
    )
    found = hits_html([row], seeing=True)
    failed = error_html({"error": HOSTILE, "hint": HOSTILE})
    for made in (asked, answered, found, failed):
        for element in html.fragment_fromstring(made, create_parent="main").iter():
            assert element.tag not in ("script", "iframe", "style"), made
            for name, value in element.items():
                assert not name.startswith("on"), made
                assert name not in ("href", "src") or value.startswith(("/source/", "/api/media/")), made


def test_a_table_found_shows_its_cells() -> None:
    row = citation(1) | {
        "modality": "table",
        "text": "| Use | MWh |\n| --- | ---: |\n| Ferry | 640 |",
        "probability": 0.2,
    }
    made = hits_html([row], seeing=False)
    assert "Use · MWh · Ferry · 640" in made
    assert "20%" in made
