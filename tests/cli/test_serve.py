"""``xmrag serve``: what it says of itself, with the page and without."""

from __future__ import annotations

import subprocess
import sys

import pytest

from .conftest import Sample

SERVE = """
import sys
{without}
import uvicorn
from xmrag_plugin.cli.main import main
paths = lambda app: [getattr(route, "path", None) for route in app.routes]
uvicorn.run = lambda app, **_: print([path for path in ("/docs", "") if path in paths(app)])
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize(
    ("without", "options", "told", "served"),
    [
        ("", ["--no-page"], "http://127.0.0.1:8765/docs (HTTP)", ["/docs"]),
        ("sys.modules['gradio'] = None", [], "pip install 'xmrag-plugin[page]'", ["/docs"]),
        ("", [], "http://127.0.0.1:8765/ (the page)", ["/docs", ""]),
    ],
)
def test_the_address_is_told_with_or_without_the_page(
    sample: Sample, without: str, options: list[str], told: str, served: list[str]
) -> None:
    if "" in served:
        pytest.importorskip("gradio", reason="the extra page is not installed")
    command = [sys.executable, "-c", SERVE.format(without=without), "serve", "--kb", "kb", *options]
    ran = subprocess.run(command, cwd=sample.folder, capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stderr
    assert told in ran.stderr
    assert ran.stdout.strip() == str(served)
