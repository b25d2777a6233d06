"""What chat templates take: words, parts, a system role; and what is made of a conversation for each."""

from __future__ import annotations

from typing import Any

import pytest
from jinja2 import Environment
from PIL import Image

from xmrag_plugin.generators.local.chat_shape import ChatShape, chat_shape, template_messages
from xmrag_plugin.generators.local.prompting import Turn

WORDS = "{% for m in messages %}{{ m.role + ': ' + m.content + '\n' }}{% endfor %}"
WRITTEN = "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}"  # a list as Python writes it
PARTS = "{% for m in messages %}{{ m.role }}: {% for p in m.content %}{{ p.text }}{% endfor %}\n{% endfor %}"
EITHER = (
    "{% for m in messages %}{% if m.content is string %}{{ m.content }}{% else %}"
    "{% for p in m.content %}{{ p.text }}{% endfor %}{% endif %}{% endfor %}"
)
REFUSING = "{% if messages[0].role == 'system' %}{{ refuse() }}{% endif %}" + WORDS
DROPPING = "{% for m in messages if m.role != 'system' %}{{ m.content }}{% endfor %}"
BROKEN = "{{ messages.none.at.all }}"


def render(template: str, messages: list[dict[str, Any]]) -> str:
    def refuse() -> str:
        raise ValueError("there is no system role")

    return Environment(autoescape=False).from_string(template).render(messages=messages, refuse=refuse)


@pytest.mark.parametrize(
    ("template", "shape"),
    [
        (WORDS, ChatShape(words=True, parts=False, system=True)),
        (WRITTEN, ChatShape(words=True, parts=False, system=True)),
        (PARTS, ChatShape(words=False, parts=True, system=True)),
        (EITHER, ChatShape(words=True, parts=True, system=True)),
        (REFUSING, ChatShape(words=True, parts=False, system=False)),
        (DROPPING, ChatShape(words=True, parts=False, system=False)),
        (BROKEN, ChatShape(words=True, parts=False, system=False)),
    ],
)
def test_a_template_tells_what_it_takes(template: str, shape: ChatShape) -> None:
    assert chat_shape(lambda messages: render(template, messages)) == shape


@pytest.mark.parametrize("template", [WORDS, PARTS, EITHER, REFUSING, DROPPING])
def test_all_words_reach_the_prompt(template: str) -> None:
    turns = [Turn("system", ["Be brief."]), Turn("user", ["How wide?"]), Turn("assistant", ["16 metres."])]
    messages = template_messages(turns, chat_shape(lambda probe: render(template, probe)))
    written = render(template, messages)
    assert all(turn.text in written for turn in turns)


def test_pictures_are_parts_in_their_place() -> None:
    turn = Turn("user", ["Before <__media__>", Image.new("RGB", (4, 4)), "after"])
    (message,) = template_messages([turn], ChatShape(words=True, parts=False))
    kinds = [part["type"] for part in message["content"]]
    assert kinds == ["text", "image_url", "text"]
    assert message["content"][0]["text"] == "Before < __media__>", "words that stand for a picture stay words"
