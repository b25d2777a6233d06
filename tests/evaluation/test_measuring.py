"""What a right answer, a wrong picture and an overlap are."""

from __future__ import annotations

import pytest

from xmrag_plugin.evaluation import EvalQuery, Outcome, Relevant
from xmrag_plugin.evaluation.measuring import _holds, _overlap, _wrong_picture
from xmrag_plugin.types import Hit, NodeRecord

PICTURE, OTHER = "a" * 64, "b" * 64


def hit(modality: str, media_hash: str = "", text: str = "", heading: str = "") -> Hit:
    metadata = {"media_hash": media_hash or None, "heading_path": heading or None, "page": 2}
    return Hit(1, 1.0, None, NodeRecord("", "a.pdf", 0, modality, text, "", "", metadata))


@pytest.mark.parametrize(
    ("answer", "expected", "right"),
    [
        ("It stored 4200 litres [1].", "4,200 litres", True),
        ("It stored 4,200 kg [1].", "4,200 litres", False),
        ("It stored 42 litres.", "4,200 litres", False),
        ("The Alba turbine.", "Alba", True),
        ("The Bree turbine.", "Alba", False),
    ],
)
def test_an_answer_has_the_number_or_the_words(answer: str, expected: str, right: bool) -> None:
    assert _holds(answer, expected) is right


def test_the_first_picture_is_the_one_wanted_or_another() -> None:
    wanted = [Relevant("a.pdf", 2, media_hash=PICTURE, made_of="image")]
    assert _wrong_picture([hit("text"), hit("image", PICTURE)], wanted) == 0
    assert _wrong_picture([hit("image", OTHER), hit("image", PICTURE)], wanted) == 1
    assert _wrong_picture([hit("text")], wanted) is None
    assert _wrong_picture([hit("image", OTHER)], [Relevant("a.pdf")]) is None


def test_overlap() -> None:
    assert _overlap((0, 0, 2, 2), (0, 0, 2, 2)) == 1
    assert _overlap((0, 0, 2, 2), (1, 0, 3, 2)) == pytest.approx(1 / 3)
    assert _overlap((0, 0, 1, 1), (2, 2, 3, 3)) == 0


def test_a_passage_is_known_by_its_words_or_its_section() -> None:
    item = Relevant("a.pdf", 2, holds="Lamp oil of 1928")
    assert item.matches(hit("text", text="They had lamp oil (of 1928)."))
    assert item.matches(hit("text", heading="Stores > Lamp oil of 1928", text="Barrels."))
    assert not item.matches(hit("text", text="They had lamp oil of 19280."))
    assert Relevant("b.pdf", media_hash=PICTURE).matches(hit("image", PICTURE))


def test_failures_say_what_went_wrong() -> None:
    query = EvalQuery("q", "How many?", None, "number", (Relevant("a.pdf"),), expects="3 barrels")
    found = {"recall@10": 1.0}
    assert not Outcome(query, figures=found).failures
    assert Outcome(query, figures={**found, "answer_right": 0.0}).failures == ["the answer has no 3 barrels"]
    assert Outcome(query, abstained=True, figures=found).failures == [
        "refused, though the collection holds it"
    ]
    foreign = EvalQuery("f", "How many?", None, "number", ())
    assert Outcome(foreign).failures == ["answered, though the collection does not hold it"]
    assert not Outcome(foreign, abstained=True).failures
