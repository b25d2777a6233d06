"""The pages say what the code does."""

from __future__ import annotations

import argparse
import dataclasses
import pkgutil
import re
from pathlib import Path

import pytest

from xmrag_plugin.cli.main import build_parser
from xmrag_plugin.settings import Settings

ROOT = Path(__file__).resolve().parents[1]


def test_every_setting_is_described_with_its_default() -> None:
    page = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \| [^|]* \| ([^|]*) \|", page, re.MULTILINE))
    settings = Settings()
    assert set(rows) == {field.name for field in dataclasses.fields(Settings)}
    for name, shown in rows.items():
        value = getattr(settings, name)
        if value != "":
            assert shown == f"`{str(value).lower() if isinstance(value, bool) else value}`", name
        assert f"XMRAG_{name.upper()}" in page


def test_every_verb_and_option_is_described() -> None:
    page = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    verbs = next(
        action for action in build_parser()._actions if isinstance(action, argparse._SubParsersAction)
    )
    for verb, parser in verbs.choices.items():
        row = "\n".join(line for line in page.splitlines() if line.startswith(f"| `xmrag {verb}"))
        assert row, verb
        for action in parser._actions:
            for option in action.option_strings[-1:]:
                assert option in row or f"`{option}" in page, f"{verb} {option}"


PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]


def test_the_functions_and_rooms_that_the_architecture_names_are_there() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    steps = re.findall(r"^\| \d+ \| `([\w.]+)` \|", page, re.MULTILINE)
    assert len(steps) > 30
    for step in steps:
        assert callable(pkgutil.resolve_name(_as_name(step))), step
    rooms = set(re.findall(r"^\| `(\w+)(?:/|\.py)` \|", page, re.MULTILINE))
    package = ROOT / "src" / "xmrag_plugin"
    assert rooms == {path.stem for path in package.iterdir() if not path.name.startswith(("_", "py.typed"))}


def _as_name(step: str) -> str:
    """Return ``module:attributes`` of a dotted name: the module is what is there as a file."""
    parts = step.split(".")
    for end in range(len(parts) - 1, 0, -1):
        path = (ROOT / "src" / "xmrag_plugin").joinpath(*parts[:end])
        if path.with_suffix(".py").is_file() or (path / "__init__.py").is_file():
            return f"xmrag_plugin.{'.'.join(parts[:end])}:{'.'.join(parts[end:])}"
    raise AssertionError(f"no module of {step} is there")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for link in re.findall(r"\]\(([^)#\s]+)", text):
        if "://" not in link:
            assert (page.parent / link).exists(), link
