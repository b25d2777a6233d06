"""Module paths of earlier releases lead to the modules that took their place."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

from xmrag_plugin._moved import MOVED


@pytest.mark.parametrize("old", sorted(MOVED))
def test_an_old_path_is_the_new_module(old: str) -> None:
    # In a process of its own: aliases stay in sys.modules.
    code = (
        "import importlib, warnings\n"
        "warnings.simplefilter('error', ImportWarning)\n"
        f"old = importlib.import_module('xmrag_plugin.{old}')\n"
        f"new = importlib.import_module('xmrag_plugin.{MOVED[old]}')\n"
        "assert old is new\n"
        "assert new.__spec__.name == new.__name__\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_path_that_never_was_is_an_error() -> None:
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("xmrag_plugin.nothing_of_the_kind")
