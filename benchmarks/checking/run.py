"""Measure the checker of claims: how many false claims it catches, and how often it doubts a true one.

    python benchmarks/checking/run.py NAME=KB [NAME=KB …] [--count 40] [--show KIND] [--half tuned|kept|all] [--seed 7]

Each KB is a knowledge base that ``xmrag add`` made. Claims are made by code from its nodes (see claims.py): true ones,
verbatim, with synonyms, reordered, converted and read off tables and receipts; false ones with a changed number, ordinal,
unit, name or negation, a swapped row or column, an addition, or citing a page that does not say it. Half of the nodes, by
the hash of their ids, is kept out of tuning; once a kept half was looked at, another seed makes fresh claims and halves. A false claim is caught when it is not passed as supported by what it cites;
moving the citation of a true claim from a wrong page to the right one counts as caught.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import defaultdict
from pathlib import Path

from claims import MadeClaim, Piece, make_claims, pieces_of

from xmrag_plugin.answers.checking.check import Claim, ClaimChecker
from xmrag_plugin.answers.context import Evidence


def evidence_of(number: int, piece: Piece) -> Evidence:
    """A stored node as a numbered piece of context."""
    return Evidence(
        number, piece.node_id, piece.source, piece.text, piece.modality, metadata=dict(piece.metadata)
    )


def passed(claim: MadeClaim) -> tuple[bool, str]:
    """Whether the checker lets a claim pass as supported by what it cites, and what it says."""
    context = [evidence_of(n, piece) for n, piece in enumerate((claim.cited, *claim.others), 1)]
    verdict = ClaimChecker(context).check(Claim(claim.text, 0, 0, (1,)))
    moved = bool(verdict.moved_from)
    told = f"{verdict.kind} {verdict.numbers} {verdict.reason}"
    if claim.kind == "false: wrong page":
        return verdict.kind == "supported" and not moved, told
    return verdict.kind == "supported", told


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("bases", nargs="+", metavar="NAME=KB")
    parser.add_argument("--count", type=int, default=40, help="claims of a kind from each base")
    parser.add_argument("--half", choices=("tuned", "kept", "all"), default="all")
    parser.add_argument("--seed", type=int, default=7, help="of the claims and of the halves")
    parser.add_argument("--show", default="", help="print the wrong verdicts of kinds that hold this")
    options = parser.parse_args()
    claims: list[MadeClaim] = []
    for base in options.bases:
        name, _, folder = base.partition("=")
        claims += make_claims(name, pieces_of(Path(folder)), options.count, options.seed)
    if options.half != "all":
        claims = [claim for claim in claims if claim.held_out == (options.half == "kept")]
    rows: dict[str, list[bool]] = defaultdict(list)
    started = time.process_time()
    for claim in claims:
        supported, told = passed(claim)
        right = supported == claim.true
        rows[claim.kind].append(right)
        if not right and options.show and options.show in claim.kind:
            print(f"{claim.kind}\n  CLAIM {claim.text}\n  SAID {told}\n  CITED {claim.cited.text[:600]!r}\n")
    spent = time.process_time() - started
    print(f"{len(claims)} claims, {1000 * spent / max(len(claims), 1):.0f} ms each")
    for side, word in (("true", "false alarms"), ("false", "caught")):
        kinds = {kind: right for kind, right in sorted(rows.items()) if kind.startswith(side)}
        every = [right for group in kinds.values() for right in group]
        share = sum(every) / max(len(every), 1)
        print(f"\n{side}: {len(every)} claims, {word} {(1 - share if side == 'true' else share):.3f}")
        for kind, right in kinds.items():
            good = sum(right) / len(right)
            print(f"  {kind:26} {len(right):4}  {(1 - good if side == 'true' else good):.3f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
