"""Claims are checked against the sentence, row or line that says them, in five languages."""

from __future__ import annotations

from pathlib import Path

import pytest

import xmrag_plugin.demo
from xmrag_plugin.answers.checking.check import Claim, ClaimChecker, claims_in
from xmrag_plugin.answers.context import Evidence
from xmrag_plugin.types import Key, Modality

COLLECTION = Path(xmrag_plugin.demo.__file__).parent / "collection"
GENERATION = """In its second full year the station delivered 11,340 megawatt-hours, six per cent more than in 2030. \
The third quarter was the best: the equinox brought the strongest tides.

Figure 8 also shows the dent that the repair of Bree left in the second quarter: while its gearbox was ashore, Alba and \
Corrie carried the island alone.

| Use | Megawatt-hours |
| --- | --- |
| Households of Vessay | 2,950 |
| Harbour, ice plant and school | 1,120 |
| Ferry, charged at Skarva | 640 |
| Sent to the mainland | 6,630 |"""
VISITING = """A guided tour lasts fifty minutes and costs nothing; groups of more than twelve should write a week ahead.

| From Port Luan | At Skarva harbour | Days |
| --- | --- | --- |
| 08:15 | 08:55 | daily |
| 12:40 | 13:20 | daily except Sunday |

The lighthouse was built in 1871 and has 143 steps."""
GERMAN = "Der Leuchtturm wurde 1871 gebaut und hat 143 Stufen. Im dritten Quartal lieferte Alba 3,5 Millionen Kilowattstunden."
FRENCH = "Le phare a été construit en 1871 et compte 143 marches. La station appartient à une coopérative."
SPANISH = "El faro se construyó en 1871 y tiene 143 escalones. El tercer trimestre fue el mejor del año."
RECEIPT = "CAFE LUAN\nDate: 12/03/2031\nTOTAL 18.90\nCASH 20.00\nCHANGE 1.10"


@pytest.fixture(scope="module")
def checker() -> ClaimChecker:
    texts = [
        ("generation-2031.html", GENERATION),
        ("overview.md", (COLLECTION / "overview.md").read_text(encoding="utf-8")),
        ("visiting.html", VISITING),
        ("blades.zh.md", (COLLECTION / "blades.zh.md").read_text(encoding="utf-8")),
        ("turbine.md", (COLLECTION / "turbine.md").read_text(encoding="utf-8")),
        ("de.md", GERMAN),
        ("fr.md", FRENCH),
        ("es.md", SPANISH),
    ]
    context = [Evidence(n, f"n{n}", source, text) for n, (source, text) in enumerate(texts, 1)]
    receipt = Evidence(9, "n9", "receipt.jpg", RECEIPT, Modality.IMAGE, metadata={Key.OCR: RECEIPT})
    return ClaimChecker([*context, receipt])


TRUE = [
    (1, "The third quarter was the best"),
    (1, "The station delivered 11,340 MWh in 2031, 6% more than in 2030"),
    (1, "The ferry used 640 MWh"),
    (1, "Alba and Corrie carried the island alone"),
    (1, "Most of the electricity, 6,630 MWh, was sent to the mainland"),
    (2, "Alba delivered its first electricity in March 2029"),
    (2, "Corrie delivered its first electricity in September 2029"),
    (2, "Alba began in March 2029, Bree in May 2029 and Corrie in September 2029"),
    (2, "The colour of Bree's buoy is yellow"),
    (2, "It supplies 410 households"),
    (2, "The station belongs to a cooperative"),
    (2, "Die Station gehört einer Genossenschaft"),
    (3, "The lighthouse has 143 steps"),
    (3, "A tour takes 50 minutes and costs nothing"),
    (3, "Der Leuchtturm hat 143 Stufen"),
    (4, "叶片长 7.5 米"),
    (4, "A 层每六年重涂一次"),
    (4, "更换的叶片属于科里号涡轮机"),
    (5, "The nacelle weighs 62 tonnes"),
    (5, "The nacelle weighs 62,000 kg"),
    (5, "The rotor diameter is 16 metres"),
    (6, "Der Leuchtturm hat 143 Stufen"),
    (6, "Im 3. Quartal lieferte Alba 3,5 Millionen Kilowattstunden"),
    (7, "Le phare compte 143 marches"),
    (8, "El faro tiene 143 escalones"),
    (9, "The total is 18.90"),
    (9, "The date on the receipt is 12 March 2031"),
]
FALSE = [
    (1, "The second quarter was the best"),
    (1, "The station delivered 11,340 MWh in 2031, 6% less than in 2030"),
    (1, "The harbour used 640 MWh"),
    (1, "Alba and Bree carried the island alone"),
    (1, "It supplies 640 households"),
    (1, "The The The"),
    (2, "Corrie delivered its first electricity in March 2029"),
    (2, "Alba began in March 2029, Bree in September 2029 and Corrie in May 2029"),
    (2, "The buoy of Bree is red"),
    (2, "It supplies 640 households"),
    (2, "The station does not belong to a cooperative"),
    (2, "The piles were driven in the winter of 2028"),
    (2, "The islanders voted for the station in 2024 because the mayor had promised free beer"),
    (3, "The lighthouse was built in 1817"),
    (3, "A guided tour lasts an hour and costs nothing"),
    (3, "The ferry arrives at Skarva harbour at 08:15"),
    (3, "Der Leuchtturm hat 134 Stufen"),
    (4, "叶片长八米"),
    (4, "A 层每八年重涂一次"),
    (4, "更换的叶片不属于科里号涡轮机"),
    (5, "The nacelle weighs 9.5 tonnes"),
    (5, "The rotor diameter is 2.4 metres"),
    (5, "The rotor diameter is 16 kilometres"),
    (6, "Der Leuchtturm hat 134 Stufen"),
    (6, "Im zweiten Quartal lieferte Alba 3,5 Millionen Kilowattstunden"),
    (7, "Le phare compte 134 marches"),
    (7, "La station n'appartient pas à une coopérative"),
    (8, "El faro no tiene 143 escalones"),
    (8, "El segundo trimestre fue el mejor del año"),
    (9, "The total is 20.00"),
    (9, "The date on the receipt is 12 May 2031"),
]


TIDE = """The current at spring tide reaches 3.6 metres per second, twice as fast as at neap tide. The ebb is slower.

The turbines start to turn at 0.9 metres per second and reach their full output at 2.8. They stand still for seventy minutes.

Die Strömung erreicht bei Springflut 4,1 Meter pro Sekunde. Die Rotoren laufen bei 1,2 Metern pro Sekunde an."""


@pytest.mark.parametrize(
    ("claim", "kind"),
    [
        ("The current reaches 3.6 metres per second", "supported"),
        ("The current reaches 0.9 metres per second", "contradicted"),
        ("The turbines start to turn at 0.9 metres per second", "supported"),
        ("The turbines start to turn at 2.8 metres per second", "contradicted"),
        ("The turbines reach their full output at 2.8 metres per second", "supported"),
        ("The turbines reach their full output at 0.9 metres per second", "contradicted"),
        ("Die Strömung erreicht 4,1 Meter pro Sekunde", "supported"),
        ("Die Strömung erreicht 1,2 Meter pro Sekunde", "contradicted"),
    ],
)
def test_a_number_is_of_what_stands_with_it(claim: str, kind: str) -> None:
    checker = ClaimChecker(
        [Evidence(1, "n1", "tides.md", TIDE, metadata={Key.HEADING_PATH: "Tides and currents"})]
    )
    assert checker.check(Claim(claim, 0, 0, (1,))).kind == kind


@pytest.mark.parametrize(("n", "claim"), TRUE)
def test_what_the_source_says_is_supported(checker: ClaimChecker, n: int, claim: str) -> None:
    verdict = checker.check(Claim(claim, 0, 0, (n,)))
    assert verdict.kind == "supported", verdict.reason
    assert n in verdict.numbers


@pytest.mark.parametrize(("n", "claim"), FALSE)
def test_what_it_does_not_say_is_not_passed(checker: ClaimChecker, n: int, claim: str) -> None:
    verdict = checker.check(Claim(claim, 0, 0, (n,)))
    assert verdict.kind != "supported", (verdict.numbers, verdict.passage and verdict.passage.text)


def test_a_contradiction_says_what_the_source_says(checker: ClaimChecker) -> None:
    verdict = checker.check(Claim("The lighthouse was built in 1817", 0, 0, (3,)))
    assert verdict.kind == "contradicted"
    assert "1871" in verdict.as_json()["source_says"]


def test_a_claim_cited_to_the_wrong_source_is_moved_to_the_one_that_holds_it(checker: ClaimChecker) -> None:
    verdict = checker.check(Claim("It supplies 410 households", 0, 0, (1,)))
    assert (verdict.kind, verdict.numbers, verdict.moved_from) == ("supported", (2,), (1,))
    assert checker.check(Claim("It supplies 410 households", 0, 0, (1,)), elsewhere=False).kind != "supported"


def test_the_passage_is_the_row_that_says_it(checker: ClaimChecker) -> None:
    verdict = checker.check(Claim("The ferry used 640 MWh", 0, 0, (1,)))
    assert verdict.passage is not None
    assert verdict.passage.text == "| Ferry, charged at Skarva | 640 |"
    assert verdict.passage.span is not None
    assert GENERATION[slice(*verdict.passage.span)] == verdict.passage.text


def test_claims_of_an_answer() -> None:
    found = claims_in("It rose [1]. It fell, [2] then stood. [3]\n\n- One [1][2]\n- Two\n\n```\nx[4]\n```")
    assert [(claim.text.strip(" ,."), claim.numbers) for claim in found] == [
        ("It rose", (1,)), ("It fell", (2,)), ("then stood", (3,)), ("- One", (1, 2)), ("- Two", ()),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("claim", "verdict"),
    [
        ("It reaches 3.6 metres per second", "supported"),
        ("It reaches 3.7 metres per second", "contradicted"),
        ("The break lasts 30 seconds", "supported"),
    ],
)
def test_seconds_are_no_ordinals_before_a_noun(claim: str, verdict: str) -> None:
    text = (
        "The current reaches 3.6 metres per second three hours after low water.\n\n"
        "The turbines start to turn at 0.9 metres per second.\n\nAfter a 30-second break it turns."
    )
    checker = ClaimChecker([Evidence(1, "n1", "currents.md", text)])
    assert checker.check(Claim(claim, 0, 0, (1,))).kind == verdict
