"""OpenAI's own client against the server."""

from __future__ import annotations

import base64

import pytest
from drawn_pictures import draw

from xmrag_plugin.server.chat_completions import _without_links

from .conftest import Served

openai = pytest.importorskip("openai", reason="the openai package is not installed")

QUESTION = "Which quarter of 2031 was the best for the station?"


@pytest.fixture
def client(served: Served) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{served.url}/v1", api_key="none", max_retries=0)


def test_a_whole_answer_with_links_and_the_extension(client: openai.OpenAI, served: Served) -> None:
    reply = client.chat.completions.create(model="xmrag", messages=[{"role": "user", "content": QUESTION}])
    message = reply.choices[0].message
    assert f"{served.url}/source/generation-2031.html" in message.content
    assert message.xmrag["citations"][0]["source"] == "generation-2031.html"
    assert reply.choices[0].finish_reason == "stop"
    assert reply.usage.total_tokens == reply.usage.prompt_tokens + reply.usage.completion_tokens


def test_a_stream_gives_the_same_words(client: openai.OpenAI) -> None:
    asked = {"model": "xmrag", "messages": [{"role": "user", "content": QUESTION}]}
    whole = client.chat.completions.create(**asked).choices[0].message.content
    pieces = list(
        client.chat.completions.create(**asked, stream=True, stream_options={"include_usage": True})
    )
    assert pieces[0].choices[0].delta.role == "assistant"
    streamed = "".join(piece.choices[0].delta.content or "" for piece in pieces if piece.choices)
    assert streamed == whole
    assert pieces[-1].usage.total_tokens > 0
    assert [p.choices[0].finish_reason for p in pieces if p.choices and p.choices[0].finish_reason] == [
        "stop"
    ]


def test_several_turns(client: openai.OpenAI) -> None:
    reply = client.chat.completions.create(
        model="xmrag",
        messages=[
            {"role": "system", "content": "Be short."},
            {"role": "user", "content": "How fast is the current in the Kelda Sound at spring tide?"},
            {"role": "assistant", "content": "3.6 metres per second."},
            {"role": "user", "content": "And at neap tide?"},
        ],
    )
    assert "neap" in reply.choices[0].message.content


def test_a_picture_comes_in(client: openai.OpenAI) -> None:
    uri = f"data:image/png;base64,{base64.b64encode(draw()).decode()}"
    content = [{"type": "text", "text": "What is this?"}, {"type": "image_url", "image_url": {"url": uri}}]
    reply = client.chat.completions.create(model="xmrag", messages=[{"role": "user", "content": content}])
    assert reply.choices[0].message.content


def test_links_to_pictures_are_never_fetched(client: openai.OpenAI) -> None:
    content = [{"type": "image_url", "image_url": {"url": "http://127.0.0.1:9/a.png"}}]
    with pytest.raises(openai.BadRequestError, match="data URI"):
        client.chat.completions.create(model="xmrag", messages=[{"role": "user", "content": content}])


def test_errors_have_openais_form(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as raised:
        client.chat.completions.create(model="xmrag", messages=[{"role": "assistant", "content": "hi"}])
    assert raised.value.body["type"] == "invalid_request_error"
    with pytest.raises(openai.UnprocessableEntityError):
        client.chat.completions.create(model="xmrag", messages=[])


@pytest.mark.parametrize(
    ("wanted", "param"),
    [
        ({"n": 2}, "n"),
        ({"response_format": {"type": "json_object"}}, "response_format.type"),
        ({"tool_choice": "required", "tools": []}, "tool_choice"),
    ],
)
def test_what_would_leave_a_client_without_what_it_waits_for_is_refused(
    client: openai.OpenAI, wanted: dict, param: str
) -> None:
    asked = [{"role": "user", "content": QUESTION}]
    with pytest.raises(openai.UnprocessableEntityError) as raised:
        client.chat.completions.create(model="xmrag", messages=asked, **wanted)
    assert raised.value.body["param"] == param
    taken = {
        "n": 1,
        "response_format": {"type": "text"},
        "tool_choice": "auto",
        "temperature": 0.2,
        "user": "u",
    }
    assert client.chat.completions.create(model="xmrag", messages=asked, **taken).choices


def test_parts_that_are_not_taken_are_named(client: openai.OpenAI) -> None:
    for part, named in (({"type": "file", "file": {}}, "'file'"), ("words", "messages.1.content.0")):
        messages = [
            {"role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]},
            {"role": "user", "content": [part]},
        ]
        with pytest.raises(openai.UnprocessableEntityError, match=named):
            client.chat.completions.create(model="xmrag", messages=messages)


def test_the_models_are_listed(client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list()] == ["xmrag"]
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("gpt-5")


def test_the_links_of_an_earlier_answer_are_no_part_of_what_was_said(client: openai.OpenAI) -> None:
    asked = {"role": "user", "content": QUESTION}
    said = client.chat.completions.create(model="xmrag", messages=[asked]).choices[0].message.content
    bare = _without_links(said)
    assert bare
    assert said.startswith(bare)
    assert "/source/" in said.removeprefix(bare)
    assert "/source/" not in bare
    for own in (f"{said}\n\nThat is all.", "See\n\n[1] [a page](<http://other/page>)", "", "\n\n"):
        assert _without_links(own) == own


def test_a_route_that_is_not_there_names_those_that_are(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as caught:
        client.completions.create(model="xmrag", prompt=QUESTION)
    assert "/v1/chat/completions" in caught.value.body["hint"]
