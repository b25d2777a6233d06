"""What another distribution adds and does not work is named, and costs no more than itself."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from xmrag_plugin.encoders import load_text_encoder, load_vision_encoder
from xmrag_plugin.errors import ModelUnsound, PluginBroken, UnknownModel, UsageError
from xmrag_plugin.generators import load_llm
from xmrag_plugin.readers import Reader, find_reader, known_readers
from xmrag_plugin.search.fusion import Candidates, Fused, fuse, fusion_names, load_fusion
from xmrag_plugin.settings import Settings

TWO = Candidates(["a", "b"], np.array(["text", "text"]), {"text": np.zeros(2, dtype=np.float32)})


class Encoder:
    """Fits, but for what a test changes."""

    name, dimension, fingerprint, max_text_tokens, sees = "mine", 3, "mine 1", 100, False

    def __init__(self, vectors: Any) -> None:
        self.vectors = vectors

    def encode_texts(self, texts: list[str], *, role: str = "document") -> Any:
        return self.vectors([len(text) for text in texts])


class Seeing(Encoder):
    """Has not heard of unreadable pictures."""

    sees = True

    def encode_images(self, images: list[Any]) -> Any:
        return self.vectors([0 for _ in images])


class Touchy(Reader):
    """Fails on names that it did not think of."""

    name = "touchy"
    suffixes = (".touchy",)

    @classmethod
    def sniff(cls, head: bytes, path: Path) -> bool:
        return path.suffixes[7] == ".touchy"

    def read(self, path: Path, context: Any) -> Any:
        yield from ()


def rows(lengths: list[int]) -> Any:
    return np.eye(3, dtype=np.float32)[np.array(lengths) % 3]


POINTS: dict[str, Any] = {
    "good": lambda *_: SimpleNamespace(fuse=lambda given: Fused(np.zeros(len(given.ids)))),
    "short": lambda *_: SimpleNamespace(fuse=lambda given: Fused(np.zeros(1))),
    "nan": lambda *_: SimpleNamespace(fuse=lambda given: Fused(np.full(2, np.nan))),
    "nothing": lambda *_: None,
    "list": lambda *_: Encoder(lambda lengths: rows(lengths).tolist()),
    "narrow": lambda *_: Encoder(lambda lengths: rows(lengths)[:, :2]),
    "blind": lambda *_: Seeing(rows),
    "said": lambda *_: load_fusion("no such"),
}


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    class Point(EntryPoint):
        def load(self) -> Any:
            return POINTS[self.name] if self.name in POINTS else __import__("no_such_package")

    def entry_points(group: str, name: str | None = None) -> list[EntryPoint]:
        names = [*POINTS, "gone"] if name is None else [name] if name in (*POINTS, "gone") else []
        return [Point(each, f"mine:{each}", group) for each in names]

    monkeypatch.setattr("importlib.metadata.entry_points", entry_points)


@pytest.mark.parametrize(
    ("load", "said"),
    [
        (lambda: load_fusion("gone"), "fusion 'gone'.*mine:gone.*no_such_package"),
        (lambda: load_fusion("nothing"), "NoneType has no method fuse"),
        (lambda: fuse("short", TWO), "'short' does not give each of 2 candidates"),
        (lambda: fuse("nan", TWO), "'nan' does not give each of 2 candidates"),
        (lambda: load_llm("gone:x", Settings()), "generator 'gone'.*no_such_package"),
        (lambda: load_llm("nothing:", Settings()), "makes a NoneType, no LLM"),
        (lambda: load_text_encoder("gone:"), "encoder 'gone'.*no_such_package"),
        (lambda: load_text_encoder("nothing:"), "NoneType lacks name, dimension"),
        (lambda: load_vision_encoder("blind:"), "on_error"),
    ],
)
def test_what_does_not_work_is_named(load: Any, said: str) -> None:
    with pytest.raises(PluginBroken, match=said) as caught:
        load()
    assert caught.value.hint


@pytest.mark.parametrize(("spec", "said"), [("list:", "as list"), ("narrow:", r"\(4, 2\).*\(4, 3\)")])
def test_vectors_of_another_shape_are_refused(spec: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(ModelUnsound, match=said):
        load_text_encoder(spec, settings=Settings(cache_dir=str(tmp_path)))


def test_what_works_is_used_and_what_it_says_itself_is_passed_on() -> None:
    assert list(fuse("good", TWO).scores) == [0, 0]
    with pytest.raises(UsageError, match="no such"):
        load_fusion("said")


def test_a_name_without_its_colon_is_told() -> None:
    with pytest.raises(UnknownModel, match="'narrow:'"):
        load_text_encoder("narrow")
    with pytest.raises(UnknownModel, match="nothing:"):
        load_llm("nothin", Settings())
    assert "good" in fusion_names()


def test_a_reader_that_cannot_tell_costs_itself_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    point = SimpleNamespace(value="mine:Touchy", load=lambda: Touchy)
    monkeypatch.setattr("importlib.metadata.entry_points", lambda group: [point])
    known_readers.cache_clear()
    try:
        (tmp_path / "a.md").write_text("# Words\n")
        assert find_reader(tmp_path / "a.md").name == "markdown"
    finally:
        monkeypatch.undo()
        known_readers.cache_clear()
    assert "a.md: reader 'touchy'" in caplog.text
