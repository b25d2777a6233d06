"""Chroma's compiled core in a forked process: its threads do not survive the fork, and it hangs without them.

The core of chromadb 1.5.9 keeps its threads for the whole process, and neither a new client nor a new
folder gets others. A second instance of the same library, loaded from a copy of its file, starts threads of
its own (measured: 0.15 to 0.3 s, once a process).
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import shutil
import sys
import tempfile
import threading
from pathlib import Path

from ...errors import StoreError
from ..forks import abandon, renew_after_fork

__all__ = ["renew_core"]

_PACKAGE = "chromadb_rust_bindings"


class _Core:
    """Whether the core that is loaded belongs to the parent process."""

    def __init__(self) -> None:
        self.of_parent = False
        self.lock = threading.Lock()
        renew_after_fork(self)

    def _after_fork(self) -> None:
        self.of_parent = _PACKAGE in sys.modules
        self.lock = threading.Lock()
        if self.of_parent:
            _forget_clients()


def _forget_clients() -> None:
    """Let Chroma forget the clients of the core that is dead here, lest it gives them out again."""
    from chromadb.api.shared_system_client import SharedSystemClient as Shared

    Shared._refcount_lock = threading.Lock()
    for place, system in list(Shared._identifier_to_system.items()):
        if str(system.settings.chroma_api_impl).endswith("RustBindingsAPI"):
            abandon(Shared._identifier_to_system.pop(place))
            Shared._identifier_to_refcount.pop(place, None)


_core = _Core()


def renew_core() -> None:
    """Load Chroma's core once more where the one that is loaded is a parent process's.

    Raises:
        StoreError: If that fails.
    """
    with _core.lock:
        if not _core.of_parent:
            return
        import chromadb.api.rust as users
        import chromadb_rust_bindings as package

        name = f"{_PACKAGE}.{_PACKAGE}"
        try:
            library = Path(sys.modules[name].__file__ or "")
            with tempfile.TemporaryDirectory(prefix="xmrag-core-", ignore_cleanup_errors=True) as folder:
                copied = Path(folder, library.name)
                shutil.copyfile(library, copied)
                loader = importlib.machinery.ExtensionFileLoader(name, str(copied))
                spec = importlib.machinery.ModuleSpec(name, loader, origin=str(copied))
                module = importlib.util.module_from_spec(spec)
                loader.exec_module(module)
        except (ImportError, KeyError, OSError) as error:
            raise StoreError(
                f"Chroma cannot be used in a forked process: {error}.",
                hint="Open the knowledge base after the fork, or start processes by 'spawn'.",
            ) from error
        abandon(package)
        users.chromadb_rust_bindings = module
        _core.of_parent = False
