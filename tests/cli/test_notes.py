"""What the terminal says beside the result: what cannot be found, who did not answer, where a file lies."""

from __future__ import annotations

import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from PIL import Image
from scripted_llm import ScriptedLLM, failure, unused_url

from xmrag_plugin.cli.output import duration
from xmrag_plugin.storage.catalog import Catalog

from .conftest import xmrag

QUESTION = "How hot is the kiln fired?"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("notes")
    (folder / "docs").mkdir()
    (folder / "docs" / "kiln.md").write_text(
        "# Kiln\n\nThe kiln is fired at 1,280 °C.\n\n![The kiln at dusk](kiln.png)\n", encoding="utf-8"
    )
    Image.effect_noise((320, 240), 60).convert("RGB").save(folder / "docs" / "kiln.png")
    Image.effect_noise((320, 240), 90).convert("RGB").save(folder / "docs" / "IMG_0001.png")
    added = xmrag("add", "docs", "--kb", "kb", cwd=folder, XMRAG_OCR="off")
    assert added.code == 0
    assert "1 picture has no words" in added.err
    return folder


@pytest.mark.parametrize("verb", [["status"], ["search", "a boat"]])
def test_pictures_without_words_are_told_with_the_two_commands(folder: Path, verb: list[str]) -> None:
    said = xmrag(*verb, "--kb", "kb", cwd=folder).err
    assert "1 picture has no words" in said
    assert "xmrag models pull siglip2\n" in said
    assert "xmrag add --vision siglip2 --kb kb\n" in said


def test_the_users_own_file_is_shown_and_the_stores_in_the_json(folder: Path) -> None:
    arguments = ["search", "the kiln at dusk", "--modality", "image", "-k", "1", "--kb", "kb"]
    shown = xmrag(*arguments, cwd=folder)
    assert "    docs/kiln.png\n" in shown.out
    assert "/media/" not in shown.out
    assert "/media/" in xmrag(*arguments, "--json", cwd=folder).json["hits"][0]["media_file"]
    assert "/media/" not in xmrag("ask", "Show the kiln at dusk", "--kb", "kb", cwd=folder).out


def test_a_model_that_was_named_and_fails_is_an_error(folder: Path) -> None:
    for verb in (["ask", QUESTION], ["summarize", "kiln.md"]):
        ran = xmrag(*verb, "--kb", "kb", "--llm", f"openai:tiny-vl@{unused_url()}", cwd=folder)
        assert ran.code == 1, ran
        assert "tiny-vl" in ran.err
        assert ran.out == ""


def test_with_auto_the_fallback_is_one_line(folder: Path) -> None:
    with ScriptedLLM() as server:
        server.script(*[failure(500, "boom")] * 4)
        ran = xmrag("ask", QUESTION, "--kb", "kb", "--llm", "auto", cwd=folder, OPENAI_BASE_URL=server.url,
                    OPENAI_API_KEY="k", OLLAMA_HOST="http://127.0.0.1:9")  # fmt: skip
    assert ran.code == 0
    assert "1,280" in ran.out
    (line,) = [line for line in ran.err.splitlines() if line.startswith("note: fallback")]
    assert "quoted from the sources" in line
    assert "500" in line


def test_an_unfinished_collection_says_so(folder: Path) -> None:
    shutil.copytree(folder / "kb", folder / "begun")
    with closing(Catalog(folder / "begun" / "catalog.sqlite")) as catalog, catalog.transaction():
        catalog.begin_source(str(folder / "docs" / "later.md"), str(folder / "docs"), "later.md")
    for verb in ("search", "ask"):
        ran = xmrag(verb, QUESTION, "--kb", "begun", "--json", cwd=folder)
        assert "1 source is still to be added" in ran.err
        assert ran.json["unfinished"] == 1


@pytest.mark.skipif(sys.platform == "win32", reason="a shell closes the stream")
@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_a_stream_that_is_closed_costs_what_it_would_have_shown(folder: Path, closed: str) -> None:
    command = [
        sys.executable,
        "-c",
        "import sys; from xmrag_plugin.cli.main import main; sys.exit(main(sys.argv[1:]))",
        "search",
        "kiln",
        "--kb",
        "kb",
    ]
    done = subprocess.run(
        ["sh", "-c", f'exec "$@" {closed}', "sh", *command],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert bool(done.stdout) == closed.startswith("2")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(8.24, "8.2 s"), (250.4, "4 min 10 s"), (3599.7, "1 h 0 min"), (3784.7, "1 h 3 min")],
)
def test_times_are_told_as_people_say_them(seconds: float, words: str) -> None:
    assert duration(seconds) == words
