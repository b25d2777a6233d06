"""Keep module paths of release 0.1 importable: each is an alias of the module that took its place.

Nothing is imported until an old path is asked for.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec  # importlib.abc would cost as much as the whole import
from types import ModuleType
from typing import Any

__all__ = ["MOVED", "install"]

MOVED = {
    "agents": "llamaindex.agents",
    "apps.cli": "cli.main",
    "chat_engine": "llamaindex.chat.engine",
    "documents": "llamaindex.documents",
    "embeddings": "llamaindex.embeddings",
    "embeddings.cross_modal": "llamaindex.embeddings.cross_modal",
    "embeddings.fused": "llamaindex.embeddings.fused",
    "fusion": "search.fusion",
    "fusion.calibrated": "search.fusion.calibrated",
    "fusion.rrf": "search.fusion.rrf",
    "fusion.single": "search.fusion.single",
    "fusion.stock": "search.fusion.stock",
    "fusion.weighted": "search.fusion.weighted",
    "formats.read_options": "readers.context",
    "generators.extractive": "answers.extractive.answerer",
    "ladder": "generators.fallback.llm",
    "langchain": "llamaindex.langchain",
    "node_parser": "llamaindex.node_parser",
    "providers.servers": "generators.served.discovery",
    "query_engine": "llamaindex.query_engine",
    "registration": "llamaindex.registration",
    "reranker": "llamaindex.reranker",
    "retrieval.calibration": "search.calibration",
    "retrieval.search": "search.searcher",
    "retriever": "llamaindex.retriever",
    "schema": "types",
    "storage.figure_node": "answers.figure_node",
    "synthesizer": "llamaindex.synthesizer",
    "tasks.description": "answers.describe",
    "tasks.summary": "answers.summarize",
    "testing": "readers.contract",
    "testing.reader_contract": "readers.contract",
    "tools": "llamaindex.tools",
    "vector_store": "llamaindex.vector_store",
}
"""Old module path → the present one, both below ``xmrag_plugin``."""

_PACKAGE = __name__.rpartition(".")[0]
_FOLDERS = {old.rpartition(".")[0] for old in MOVED if "." in old} - {"generators", "storage"}


class _Alias:
    """Hand out a module that exists under another name."""

    def __init__(self, target: str) -> None:
        self.target = target

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        if not self.target:  # a folder that only held others
            return ModuleType(spec.name)
        module = importlib.import_module(self.target)
        self._own_spec = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        if self.target:  # the import system has put the alias's spec in its place
            module.__spec__ = self._own_spec
        else:
            module.__path__ = []


class _MovedFinder:
    """Find old module paths where nothing else does."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        package, _, old = fullname.partition(".")
        if package != _PACKAGE:
            return None
        if old in MOVED:
            loader: Any = _Alias(f"{_PACKAGE}.{MOVED[old]}")
            return ModuleSpec(fullname, loader, is_package=old in _FOLDERS)
        if old in _FOLDERS:
            loader = _Alias("")
            return ModuleSpec(fullname, loader, is_package=True)
        return None


def install() -> None:
    """Register the finder, once.

    It stands before Python's own, which would load a second copy of a module through the path of an
    aliased folder.
    """
    if not any(isinstance(finder, _MovedFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _MovedFinder())
