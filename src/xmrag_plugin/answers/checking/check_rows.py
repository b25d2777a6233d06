"""Find out whether a claim speaks of another row or column of a table."""

from __future__ import annotations

from ...text.terms import terms
from .facts import facts_of, holds_fact
from .parsed_claim import ParsedClaim, label_stems
from .passages import Passage, Row

__all__ = ["check_row", "label_share"]


def check_row(claim: ParsedClaim, passage: Passage, conflicts: list[str]) -> None:
    """Add a conflict where the claim speaks of another row or column of the table."""
    row = passage.row
    assert row is not None
    said = set(terms(claim.text))
    own = label_stems(row.label)
    for other in passage.siblings:
        if other is row:
            continue
        theirs = label_stems(other.label)
        met = (theirs - own) & said
        if met and not (own - theirs) & said:
            conflicts.append(f"the source says this of {row.label}, not of {other.label}")
            return
    heads = [label_stems(head) for head in row.head]
    named = facts_of(" ; ".join([row.label, *row.head]), names=False)
    for fact in claim.facts:
        if any(holds_fact(fact, held) for held in named):
            continue
        places = [
            place
            for place, cell in row.facts
            if place < len(heads) and any(holds_fact(fact, held) for held in cell)
        ]
        if not places:
            continue
        own_head = set().union(*(heads[place] for place in places))
        for place, head in enumerate(heads):
            if place in places or place >= len(row.cells) or row.cells[place] == row.label:
                continue
            if (
                facts_of(row.cells[place], names=False)
                and (head - own_head) & said
                and not (own_head - head) & said
            ):
                conflicts.append(
                    f"{fact.text}: the source gives it for {row.head[places[0]]}, not {row.head[place]}"
                )
                return


def label_share(claim: ParsedClaim, row: Row) -> float:
    """Return the share of a row's label that the claim has: rows are short, and "weighs" stands for "mass"."""
    label = label_stems(row.label)
    return len(label & set(claim.stems)) / len(label) if label else 0.0
