"""The command's frame: options, exit codes, and what goes to which stream."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from xmrag_plugin.cli import main as cli
from xmrag_plugin.cli.main import build_parser, main

VERBS = (
    *("add", "adopt", "backup", "search", "ask", "chat", "describe", "summarize"),
    *(
        "status",
        "remove",
        "purge",
        "restore",
        "doctor",
        "completion",
        "eval",
        "models",
        "demo",
        "show",
        "serve",
        "mcp",
        "watch",
    ),
)


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the knowledge base or the settings of whoever runs it."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("XMRAG_")]:
        if name not in ("XMRAG_CACHE_DIR", "XMRAG_TWO_TOWER"):
            monkeypatch.delenv(name)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([verb, "--help"]) == 0
    assert f"xmrag {verb}" in capsys.readouterr().out


def test_the_verbs_are_those_of_the_contract(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    listed = re.findall(r"^ {4}(\w+)", capsys.readouterr().out, re.MULTILINE)
    assert set(listed) == set(VERBS)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["find"], "Invalid choice: 'find'"),
        (["serch", "a"], "Did you mean 'search'?"),
        (["search", "a", "--visoin", "clip"], "Did you mean '--vision'?"),
        (["add", "a", "--ocr", "off"], "'ocr' is a setting: XMRAG_OCR=… before the command"),
        (["ask", "a", "--no-allow-fetch"], "'allow_fetch' is a setting: XMRAG_ALLOW_FETCH=…"),
        (["add"], "no knowledge base"),
        (["search", "a", "-k", "0"], "'0' is not a number from 1"),
        (["search", "a", "-k", "ten"], "'ten' is not a number from 1"),
        (["search", "a", "--modality", "smell"], "invalid choice: 'smell'"),
        (["search", "a", "--mod", "text"], "Unrecognized arguments: --mod text. Did you mean '--modality'?"),
        (["search", "--frobnicate", "a"], "nrecognized arguments: --frobnicate"),
        (["eval", "--generate", "none"], "number from 1"),
        (["models", "pull"], "No model is named"),
        (["models", "pull", "siglp2"], "siglip2"),
    ],
)
def test_wrong_use_is_named_and_exits_2(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert says in captured.err
    assert captured.out == ""
    assert "Traceback" not in captured.err


def test_the_bare_command_gets_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert "xmrag add docs/ pictures/" in capsys.readouterr().out


def test_wrong_use_is_one_object_with_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["search", "--json", "-k", "none"]) == 2
    data = json.loads(capsys.readouterr().out)
    assert data["type"] == "UsageError"
    assert "'none' is not a number" in data["error"]
    assert data["hint"] == "See: xmrag search --help"


@pytest.mark.parametrize("arguments", [["search", "a"], ["ask", "a"], ["status"], ["remove", "a"], ["chat"]])
def test_only_add_makes_a_knowledge_base(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert f"no knowledge base at {tmp_path / 'xmrag-kb'}" in error
    assert "xmrag add" in error
    assert list(tmp_path.iterdir()) == []


def test_the_knowledge_base_is_named_by_option_environment_or_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XMRAG_KB", "from-environment")
    main(["status"])
    assert str(tmp_path / "from-environment") in capsys.readouterr().err
    main(["status", "--kb", "from-option"])
    assert str(tmp_path / "from-option") in capsys.readouterr().err


def test_a_surprise_is_one_line_and_a_traceback_only_on_demand(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def surprise(name: str, package: str | None = None) -> None:
        raise RuntimeError("the disk\nis full")

    monkeypatch.setattr(cli.importlib, "import_module", surprise)
    assert main(["models", "--json"]) == 1
    captured = capsys.readouterr()
    assert captured.err.splitlines()[0] == "xmrag: RuntimeError: the disk is full"
    assert "Traceback" not in captured.err
    assert json.loads(captured.out)["error"] == "RuntimeError: the disk is full"
    assert main(["models", "--debug"]) == 1
    assert "Traceback" in capsys.readouterr().err
    monkeypatch.setenv("XMRAG_DEBUG", "1")
    assert main(["models"]) == 1
    assert "Traceback" in capsys.readouterr().err


def test_an_interruption_says_how_to_go_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(name: str, package: str | None = None) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli.importlib, "import_module", interrupt)
    assert main(["models"]) == 130
    assert "goes on from there" in capsys.readouterr().err


def test_json_is_all_there_is_on_stdout_whoever_prints() -> None:
    """Python's print, the C library's file descriptor and a child process, all meanwhile."""
    code = """
import os, subprocess, sys
from xmrag_plugin.cli.console import open_console
with open_console(json=True) as console:
    print("from a library")
    os.write(1, b"from C\\n")
    subprocess.run([sys.executable, "-c", "print('from a child')"], check=True)
    console.say("for people")
    console.emit({"text": "\\u6f6e\\u6c50"})
print("afterwards")
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        timeout=60,
        check=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )
    assert done.stdout.decode().splitlines() == ['{"text": "潮汐"}', "afterwards"]
    for words in ("from a library", "from C", "from a child"):
        assert words in done.stderr.decode()


def test_a_closed_pipe_is_no_traceback() -> None:
    command = f'"{sys.executable}" -m xmrag_plugin.cli.main models --json | true'
    done = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=60, check=False)
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


def test_bad_settings_file_is_a_usage_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "xmrag.toml").write_text('[xmrag]\ncolour = "red"\n', encoding="utf-8")
    assert main(["status"]) == 2
    assert "'colour'" in capsys.readouterr().err


def test_models_lists_licence_size_and_whether_on_disk(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "--json"]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)["models"]}
    assert {"licence", "size_mb", "on_disk"} <= rows["minilm"].keys()
    assert main(["models"]) == 0
    table = capsys.readouterr().out
    assert "licence" in table.splitlines()[0]
    assert "Apache-2.0" in table


def test_options_of_the_contract() -> None:
    parser = build_parser()
    args = parser.parse_args(
        [
            "search",
            "a",
            "b",
            "--image",
            "1.png",
            "--image",
            "2.png",
            "--not",
            "c",
            "-k",
            "3",
            "--modality",
            "image",
        ]
    )
    assert (args.words, args.image, args.negative, args.k, args.modality) == (
        ["a", "b"],
        ["1.png", "2.png"],
        ["c"],
        3,
        "image",
    )
    args = parser.parse_args(["add", "x", "y", "--prune", "--jobs", "2", "--vision", "siglip2"])
    assert (args.paths, args.prune, args.jobs, args.vision) == (["x", "y"], True, 2, "siglip2")
