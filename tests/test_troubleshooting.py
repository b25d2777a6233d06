"""The messages on the page of troubles are those of the code."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
OWN_WORDS = {"Nothing was found, and I know that it is there", "The first search is slow"}


def literals() -> str:
    """All that the package's string literals say, ``…`` for what is filled in."""
    found = []
    for path in (ROOT / "src" / "xmrag_plugin").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                parts = (part.value if isinstance(part, ast.Constant) else "…" for part in node.values)
                found.append("".join(map(str, parts)))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(node.value)
    return "\n".join(found)


def test_every_message_is_one_that_the_code_gives() -> None:
    messages = [line.removeprefix("## ") for line in PAGE.splitlines() if line.startswith("## ")]
    assert len(messages) > 15
    said = literals()
    for message in messages:
        if message in OWN_WORDS or message.startswith("It says that"):
            continue
        for part in filter(None, (part.strip(" .:") for part in message.split("…"))):
            assert part in said, message
