"""A knowledge base against a dictionary: whatever is done to it, and wherever it is killed, it holds what the folder held."""

from __future__ import annotations

import importlib.util
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from xmrag_plugin import CrossModalIndex, Settings, encoders
from xmrag_plugin.ingestion.check import check_knowledge_base

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="kills are made in forks")

NAMES = st.sampled_from(["a.txt", "b.txt", "sub/c.txt", "d.txt"])
WORDS = st.sampled_from(["otter", "harbour", "turbine", "bread", "weir"])


def _sweep() -> ModuleType:
    path = Path(__file__).resolve().parents[2] / "benchmarks" / "crash" / "run.py"
    spec = importlib.util.spec_from_file_location("kill_sweep", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["kill_sweep"] = module
    spec.loader.exec_module(module)
    return module


SWEEP = _sweep()


class KnowledgeBaseMachine(RuleBasedStateMachine):
    """``files`` is what lies in the folder; ``held`` what the knowledge base has been told of it."""

    compared = 0  # how often a knowledge base was held against its dictionary

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="xmrag-machine-"))
        self.docs, self.kb = self.folder / "docs", self.folder / "kb"
        self.docs.mkdir()
        self.files: dict[str, str] = {}
        self.held: dict[str, str] = {}

    def teardown(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def index(self) -> CrossModalIndex:
        return CrossModalIndex(self.kb, ocr="off", jobs=1)

    @rule(name=NAMES, word=WORDS, number=st.integers(0, 99))
    def write(self, name: str, word: str, number: int) -> None:
        self.files[name] = f"The {word} of number {number} is in {name}."
        (self.docs / name).parent.mkdir(exist_ok=True)
        (self.docs / name).write_text(self.files[name])

    @precondition(lambda self: self.files)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.files)))
        del self.files[name]
        (self.docs / name).unlink()

    def _add(self, *, prune: bool) -> None:
        with self.index() as index:
            index.add(self.docs, prune=prune, progress=False)

    def _told(self, prune: bool) -> None:
        """Files that are gone are only removed where that is asked for; what came from memory has none."""
        kept = {name: text for name, text in self.held.items() if not prune or name == "memory.txt"}
        self.held = {**kept, **self.files}

    @rule(prune=st.booleans())
    def add(self, prune: bool) -> None:
        self._add(prune=prune)
        self._told(prune)

    @rule(prune=st.booleans(), at=st.integers(1, 120))
    def kill_and_repeat(self, prune: bool, at: int) -> None:
        def broken() -> None:
            SWEEP.Faults(self.kb, at).install()
            self._add(prune=prune)

        SWEEP.in_child(broken)
        self._add(prune=prune)
        self._told(prune)

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.held)))
        with self.index() as index:
            assert index.remove(name) == [name]
        del self.held[name]

    @rule(text=st.sampled_from(["The otter came from memory.", "Bread came from memory."]))
    def add_from_memory(self, text: str) -> None:
        with self.index() as index:
            index.add(text.encode(), name="memory.txt", progress=False)
        self.held["memory.txt"] = text

    @invariant()
    def holds_what_it_was_told(self) -> None:
        if not (self.kb / "catalog.sqlite").exists():
            assert not self.held
            return
        with self.index() as index:
            texts: dict[str, str] = {}
            copies = {
                row.source: row.alias_of for row in index.kb.catalog.sources() if row.alias_of is not None
            }
            for node in index.kb.catalog.iter_nodes():
                texts[node.source] = node.text
            assert sorted({*texts, *copies}) == sorted(self.held)
            type(self).compared += 1
            assert all(self.held[name] == text for name, text in texts.items())
            for name, text in texts.items():
                assert name in {hit.source for hit in index.search(text, k=10)}

    @invariant()
    def is_healthy(self) -> None:
        if self.held:
            findings = check_knowledge_base(self.kb, Settings(kb=str(self.kb), ocr="off"))
            assert [f"{f.check}: {f.what}" for f in findings if f.state == "problem"] == []


def test_a_knowledge_base_is_a_dictionary(monkeypatch: pytest.MonkeyPatch) -> None:
    from hypothesis.stateful import run_state_machine_as_test

    hashed: Callable[..., object] = lambda *_, **__: SWEEP.HashEncoder()  # noqa: E731
    monkeypatch.setattr(encoders, "load_text_encoder", hashed)
    monkeypatch.setattr(encoders, "identity", lambda *_: "hash/1")
    run_state_machine_as_test(
        KnowledgeBaseMachine,
        settings=settings(
            max_examples=4,
            stateful_step_count=8,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert KnowledgeBaseMachine.compared > 0
