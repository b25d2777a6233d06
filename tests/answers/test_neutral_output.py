"""What documents and models say is shown as words wherever it comes out: a hundred payloads, six ways out."""

from __future__ import annotations

import io
import json
import re
from typing import Any

import pytest
from lxml import html as lxml_html
from markdown_it import MarkdownIt
from payloads import CHAT_TOKENS, PAYLOADS, invisible

from xmrag_plugin.answers.context import Evidence
from xmrag_plugin.answers.injection import Budget, inject
from xmrag_plugin.answers.neutral_markdown import neutral_markdown
from xmrag_plugin.answers.prompt import AnswerPrompt
from xmrag_plugin.answers.rendering import answer_html, answer_markdown, answer_text
from xmrag_plugin.answers.response import CrossModalResponse
from xmrag_plugin.cli.console import Console
from xmrag_plugin.types import Key


def test_there_are_a_hundred() -> None:
    assert len(set(PAYLOADS)) >= 100


def shown(payload: str) -> tuple[str, list[dict[str, Any]], list[Evidence]]:
    """An answer that quotes the payload, cited to a document that is called so, too."""
    item = Evidence(
        1,
        "n1",
        f"{payload}.md",
        f"The tide. {payload}",
        metadata={Key.CAPTION: payload, Key.HEADING_PATH: payload},
    )
    return f"“{payload}” [1]", [item.citation(payload).as_json()], [item]


@pytest.mark.parametrize("payload", PAYLOADS)
def test_terminal_and_json(payload: str) -> None:
    answer, citations, _ = shown(payload)
    assert invisible(answer_text(answer, citations)) == []
    for as_json in (False, True):
        out, err = io.StringIO(), io.StringIO()
        console = Console(out, err, json=as_json)
        console.say(answer)
        console.piece(answer)
        console.note(answer)
        console.emit({"answer": answer, "citations": citations})
        assert invisible(out.getvalue() + err.getvalue()) == []
        if as_json and not re.search("[\ud800-\udfff]", answer):
            assert json.loads(out.getvalue())["answer"] == answer


@pytest.mark.parametrize("payload", PAYLOADS)
def test_markdown_and_html(payload: str) -> None:
    answer, citations, evidence = shown(payload)
    response = CrossModalResponse(answer, [], {"citations": citations})
    parser = MarkdownIt("commonmark").enable("table")
    parser.validateLink = lambda url: True  # type: ignore[method-assign]
    for text in (
        answer_markdown(answer, citations, evidence),
        answer_markdown(payload, citations, evidence),
        response.markdown(),
    ):
        env: dict[str, Any] = {}
        rendered = parser.render(text, env)
        assert not env.get("references")
        code_free = re.sub(r"(?s)<(code|pre)\b.*?</\1>", "", rendered)
        assert not re.search(
            r"<(?!/?(?:p|em|strong|ul|ol|li|h\d|blockquote|br|hr|table|thead|tbody|tr|th|td|pre|code)\b)\S",
            code_free,
        )
        assert not re.search(
            r"(?i)(?<!\\)\bhttps?:/|\bwww\.|\w@\w", re.sub(r"(?s)```.*", "", re.sub(r"`[^`]*`", "", text))
        )
        assert invisible(text) == []
    for page in (answer_html(answer, citations, evidence), response.html(), response._repr_html_()):
        tree = lxml_html.fromstring(page)
        assert {node.tag for node in tree.iter()} <= {"div", "p", "a", "br", "ol", "li", "q", "em"}
        assert all(node.get("href", "#").startswith("#") for node in tree.iter())
        assert not any(name.startswith("on") for node in tree.iter() for name in node.attrib)
        assert invisible(page) == []


@pytest.mark.parametrize("payload", PAYLOADS)
def test_prompt(payload: str) -> None:
    _, _, evidence = shown(payload)
    injection = inject(evidence, Budget(), takes_pictures=False)
    (block,) = injection.blocks
    lines = block.text.strip().split("\n")
    assert lines[0] == f"<source-{injection.mark}>"
    assert lines[-1] == f"</source-{injection.mark}>"
    inside = "\n".join(lines[2:-1])
    assert injection.mark not in inside
    assert not CHAT_TOKENS.search(block.text)
    assert not re.search(
        r"(?im)^\s*(?:\[\d+\]\s*source|</?source|question:|sources:|human:|assistant:|user:|system:)", inside
    )
    assert invisible(block.text) == []


def test_each_request_has_its_own_mark_and_the_prompt_names_it() -> None:
    _, _, evidence = shown("x")
    first, second = (inject(evidence, Budget(), takes_pictures=False) for _ in range(2))
    assert first.mark != second.mark
    user = AnswerPrompt().messages("Why?", first)[-1].content or ""
    assert user.count(first.mark) == 4


DRAWN = [
    "```mermaid\ngraph LR; A-->B; click A \"http://evil\"\n```", "~~~ mermaid\nclick A href \"javascript:alert(1)\"\n~~~",
    "> ```{mermaid}\n> click A \"http://evil\"\n> ```", "- ```geojson\n  {}\n  ```", "````plantuml\n!include http://evil\n````", "```svg\n<svg/>\n```",
    "```vega-lite\n{\"data\": {\"url\": \"http://evil\"}}\n```", "```dot\ndigraph { a [URL=\"http://evil\"] }\n```",
    r"$\href{javascript:alert(1)}{x}$", r"$$\href {http://evil}{x}$$", r"\(\url{http://evil}\)", r"$\includegraphics[width=1em]{http://evil/x.png}$",
    r"$\htmlData{x=y}{z}$", r"$\require{html}\style{position:fixed}{x}$", r"$\htmlClass{x}{y}$",
]  # fmt: skip
"""What is no link to a parser of Markdown, and becomes one in what draws its fences and formulas."""


@pytest.mark.parametrize("payload", DRAWN)
def test_what_is_drawn_later_is_words(payload: str) -> None:
    text = neutral_markdown(f"Before.\n\n{payload}\n\nAfter.")
    infos = [
        token.info.strip().split(" ")[0]
        for token in MarkdownIt("commonmark").parse(text)
        if token.type == "fence"
    ]
    assert set(infos) <= {"text"}
    assert not re.search(r"\\(?:href|url|includegraphics|html\w*|require|style)\b", text)


def test_code_and_formulas_that_do_nothing_stay() -> None:
    text = "```python\nprint(1)\n```\n\n$\\frac{a}{b} \\dots$ costs $5; `dot` and mermaid are words.\n"
    assert neutral_markdown(text) == text
