"""The examples of CONTRIBUTING work as they are printed, installed as a package where they say so."""

from __future__ import annotations

import re
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from PIL import Image
from scripted_llm import ScriptedLLM, failure, unused_url

from xmrag_plugin import CrossModalIndex, FallbackLLM
from xmrag_plugin.encoders import load_text_encoder
from xmrag_plugin.errors import PictureError, ReadError
from xmrag_plugin.readers import ReadContext, Reader, find_reader, known_readers
from xmrag_plugin.readers.contract import READER_CHECKS
from xmrag_plugin.search.fusion import Candidates
from xmrag_plugin.settings import Settings

PAGE = (Path(__file__).resolve().parents[1] / "CONTRIBUTING.md").read_text(encoding="utf-8")
Install = Callable[..., ModuleType]


def code(section: str, number: int = 0) -> str:
    """Return the code of a section."""
    words = re.search(rf"^## {section}$(.*?)(?=^## )", PAGE, re.DOTALL | re.MULTILINE)
    assert words is not None, section
    return re.findall(r"```python\n(.*?)```", words[1], re.DOTALL)[number]


@pytest.fixture
def install(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Install code as a distribution of its own, with the entry point that its first line names."""

    def made(source: str, package: str = "my_package", point: str = "") -> ModuleType:
        folder = tmp_path_factory.mktemp("site")
        named = re.search(r'"(xmrag_plugin\.\w+)"\] (\w+) = "my_package(:\w+)"', point or source)
        assert named is not None
        (folder / f"{package}.py").write_text(source, encoding="utf-8")
        info = folder / f"{package}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[{named[1]}]\n{named[2]} = {package}{named[3]}\n")
        monkeypatch.syspath_prepend(str(folder))
        monkeypatch.delitem(sys.modules, package, raising=False)
        return __import__(package)

    return made


def run(source: str) -> dict[str, Any]:
    names: dict[str, Any] = {"__name__": "example"}
    exec(source, names)
    return names


def test_the_reader(tmp_path: Path) -> None:
    reader = run(code("How to add a reader"))["PropertiesReader"]
    assert issubclass(reader, Reader)
    file = tmp_path / "app.properties"
    file.write_text("# comment\nport = 8080\nhost=localhost\n", encoding="latin-1")
    (table,) = reader().read(file, ReadContext())
    assert table.text.splitlines()[2:] == ["| port | 8080 |", "| host | localhost |"]
    for check in READER_CHECKS:
        check(reader, file)


def test_the_reader_of_pictures(tmp_path: Path, install: Install) -> None:
    reader = install(code("How to add a reader", 1)).ComicReader
    Image.effect_noise((200, 300), 80).save(tmp_path / "page.png")
    comic = tmp_path / "strip.cbz"
    with zipfile.ZipFile(comic, "w") as archive:
        archive.write(tmp_path / "page.png", "02.png")
        archive.writestr("01.png", b"no picture")
    for check in READER_CHECKS:
        check(reader, comic)
    skipped: list[str] = []
    (page,) = reader().read(comic, ReadContext(on_skip=skipped.append))
    assert (page.page, skipped) == (2, ["damaged"])
    known_readers.cache_clear()
    try:
        assert type(find_reader(comic)).__name__ == "ComicReader"
    finally:
        known_readers.cache_clear()
    comic.write_bytes(b"PK")
    with pytest.raises(ReadError, match="no comic"):
        list(reader().read(comic, ReadContext()))


def test_the_encoder(install: Install, tmp_path: Path) -> None:
    install(code("How to add an encoder"))
    encoder = load_text_encoder("letters:", settings=Settings(cache_dir=str(tmp_path)))
    vectors = encoder.encode_texts(["abba", "abb"], role="query")
    assert vectors.shape == (2, encoder.dimension)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1.0)
    assert encoder.encode_texts([]).shape == (0, encoder.dimension)
    told: list[int] = []
    pictures = [b"no picture", Image.new("RGB", (9, 9), "red")]
    rows = encoder.encode_images(pictures, on_error=lambda place, error: told.append(place))
    assert told == [0]
    assert np.linalg.norm(rows, axis=1) == pytest.approx([0, 1])
    with pytest.raises(PictureError):
        encoder.encode_images(pictures)


def test_the_fusion() -> None:
    fusion = run(code("How to add a fusion"))["CombMNZ"]()
    nan = float("nan")
    columns = {"text": [0.8, 0.4, 0.6, nan], "lexical": [10.0, 0.0, 5.0, 8.0]}
    similarity = {name: np.array(column, dtype=np.float32) for name, column in columns.items()}
    fused = fusion.fuse(Candidates(list("abcd"), np.array(["text"] * 3 + ["image"]), similarity))
    assert fused.scores == pytest.approx([(1 + 1) * 2, 0, (0.5 + 0) * 2, 0.6])
    assert fused.probabilities is None


def test_all_of_them_in_one_knowledge_base(install: Install, tmp_path: Path) -> None:
    install(code("How to add an encoder"), "my_encoder")
    install(code("How to add a generator"), "my_generator")
    point = re.search(r'`(combmnz = "my_package:\w+")`', PAGE)
    assert point is not None
    install(code("How to add a fusion"), "my_fusion", point=f'"xmrag_plugin.fusions"] {point[1]}')
    (tmp_path / "a.md").write_text("# Tides\n\nThe tide of Marwick comes twice a day, and falls as often.\n")
    (tmp_path / "b.md").write_text("# Birds\n\nPuffins breed on the cliffs of Hermaness.\n")
    index = CrossModalIndex(tmp_path / "kb", text="letters:", llm="first:4", ocr="off")
    assert not index.add([tmp_path / "a.md", tmp_path / "b.md"]).failed
    hits = index.search("How often does the tide come?", fusion="combmnz")
    assert (hits[0].source, hits[0].probability) == ("a.md", None)
    retriever = index.as_retriever(fusion="combmnz")
    assert retriever.retrieve("tide of Marwick")[0].metadata["source"] == "a.md"
    answer = index.ask("How often does the tide of Marwick come?")
    assert answer.metadata["generator"]["name"] == "first"
    assert str(answer) == "The tide of Marwick [1]."


def test_the_generator_of_a_server(install: Install) -> None:
    from llama_index.core.llms import ChatMessage, ImageBlock, TextBlock

    install(code("How to add a generator"), "my_generator")
    point = 'xmrag: "xmrag_plugin.generators"] house = "my_package:load"'
    install(code("How to add a generator", 1), "my_house", point=point)
    picture = ImageBlock(image=b"\x89PNG\r\n\x1a\n", image_mimetype="image/png")
    asked = [ChatMessage(role="user", blocks=[TextBlock(text="[1] a.md\nOne two three four"), picture])]
    with ScriptedLLM("It grew [1].") as server:
        chain = FallbackLLM([f"house:m@{server.url}", "first:3"])
        assert chain.chat(asked).message.content == "It grew [1]."
        assert len(server.pictures()) == 1
        assert [piece.message.content for piece in chain.stream_chat(asked)][-1] == "It grew [1]."
        assert chain.complete("Did it?").text == "It grew [1]."
        server.script(failure(400, "this model does not support image input"))
        assert chain.chat(asked).message.content == "It grew [1]."  # without the picture
        server.script(*[failure(503, "busy")] * 4)
        assert "One two" in str(chain.chat(asked).message.content)
    assert "One two" in str(FallbackLLM([f"house:m@{unused_url()}", "first:3"]).chat(asked).message.content)
