"""Keep in the user's cache what was found out once about models and this machine."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path

from ..errors import XmragError
from ..settings import Settings

__all__ = ["KeptNumbers"]


class KeptNumbers:
    """Whole numbers by key in a JSON file; one that cannot be read or written is done without.

    Args:
        name: The file's name in the cache's folder for generators.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    @property
    def _path(self) -> Path:
        return Settings.load().cache_path / "generators" / self._name

    def all(self) -> dict[str, int]:
        """Return all that is kept."""
        try:
            told = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError, XmragError):
            return {}
        if not isinstance(told, dict):
            return {}
        return {str(key): int(value) for key, value in told.items() if isinstance(value, int)}

    def put(self, key: str, value: int) -> None:
        """Keep a number."""
        with contextlib.suppress(OSError, XmragError):
            path = self._path
            path.parent.mkdir(parents=True, exist_ok=True)
            draft = path.with_suffix(f".{os.getpid()}.tmp")
            draft.write_text(json.dumps({**self.all(), key: value}, indent=1), encoding="utf-8")
            draft.replace(path)
