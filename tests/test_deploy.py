"""The files of a deployment fit each other and the command that they start."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from xmrag_plugin.cli.main import build_parser

ROOT = Path(__file__).parents[1]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
UNIT = ROOT / "deploy" / "xmrag.service"


def test_the_image_copies_only_what_its_context_has() -> None:
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line[:1] == "!"}
    copied = {
        name for line in re.findall(r"^COPY (.*) \S+$", DOCKERFILE, re.MULTILINE) for name in line.split()
    }
    assert copied == kept
    assert all((ROOT / name).exists() for name in copied)


def test_what_is_started_is_a_command_of_ours() -> None:
    (command,) = re.findall(r"^CMD (\[.*\])$", DOCKERFILE, re.MULTILINE)
    assert build_parser().parse_args(json.loads(command)[1:]).host == "0.0.0.0"
    (start,) = re.findall(r"^ExecStart=(.*)$", UNIT.read_text(encoding="utf-8"), re.MULTILINE)
    assert build_parser().parse_args(shlex.split(start)[1:]).host == "127.0.0.1"


def test_compose_is_yaml_and_asks_for_a_token() -> None:
    yaml = pytest.importorskip("yaml")
    services = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text(encoding="utf-8"))["services"]
    assert ":?" in services["xmrag"]["environment"]["XMRAG_TOKEN"]
    assert services["xmrag"]["ports"] == ["127.0.0.1:8765:8765"]
    assert services["chroma"]["image"].startswith("chromadb/chroma:1.5")


def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not on this machine")
    unit = tmp_path / "xmrag.service"
    there = UNIT.read_text(encoding="utf-8").replace("/opt/xmrag/bin/xmrag", "/bin/true")
    unit.write_text(there, encoding="utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
