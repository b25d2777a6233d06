"""Whether the source denies what a claim says, clause by clause, in five languages."""

from __future__ import annotations

import pytest

from xmrag_plugin.answers.checking.check import Claim, ClaimChecker
from xmrag_plugin.answers.context import Evidence


def verdict(claim: str, source: str) -> str:
    return ClaimChecker([Evidence(1, "a", "a.md", source)]).check(Claim(claim, 0, 0, (1,))).kind


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        (  # another sentence is near enough by its words, but the one that says it denies it
            "We may be able to accurately forecast our growth rate.",
            "We may not be able to accurately forecast our growth rate. We base our expense levels and investment plans on "
            "sales estimates. We may not be able to adjust our spending quickly enough if our sales are less than expected.",
        ),
        (  # a denial elsewhere in the source is not this one
            "The acquired companies were not consolidated into our financial statements.",
            "The acquired companies were consolidated into our financial statements. No other company was acquired.",
        ),
        (  # both deny something, but not the same clause
            "A group that we don’t belong to, or an out-group, is not a group that we view as different from us.",
            "A group that we don’t belong to, or an out-group, is a group that we view as different from us.",
        ),
        ("Der Turm ist offen, die Halle ist nicht offen.", "Die Halle ist offen, der Turm ist nicht offen."),
        (
            "La tour est ouverte, la halle n'est pas ouverte.",
            "La halle est ouverte, la tour n'est pas ouverte.",
        ),
    ],
)
def test_a_denied_clause_is_contradicted(claim: str, source: str) -> None:
    assert verdict(claim, source) == "contradicted"
    assert verdict(source.split(". ")[0].rstrip(".") + ".", source) == "supported"


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("The group meets on Monday and does not meet on Friday.", "The group does not meet on Friday, but it meets on Monday."),
        ("Without a permit nobody may enter the tower.", "Nobody may enter the tower without a permit."),
        ("Der Turm ist nicht offen, die Halle schon.", "Die Halle ist offen, der Turm ist nicht offen."),
        ("La torre no está abierta; el faro sí.", "El faro está abierto, la torre no está abierta."),
        ("塔不开放,大厅开放。", "大厅开放,塔不开放。"),
    ],
)  # fmt: skip
def test_the_same_denial_in_another_order_is_supported(claim: str, source: str) -> None:
    assert verdict(claim, source) == "supported"
