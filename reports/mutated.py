"""The mutation test of the proofs, as the report takes it: how many perturbed statements the machinery refused.

``python -m theory.mutation --json FILE`` (kind "mutation") counts the mutants by claim, step, operator and fate —
contradicted at a point or by an enclosure, equivalent, implied, not used (each shown by machine), or survived — and
keeps all but the contradicted ones with their text and the reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from relaxations.records import read_record

#: Columns of the tables.
ORDER = ("point", "enclosure", "equivalent", "implied", "not used", "survived")
#: How the reason of a mutant begins that was proved by hand.
BY_HAND = "proved by hand"


@dataclass(frozen=True)
class Survivor:
    """A perturbed statement that nothing contradicted."""

    claim: str
    step: str
    operator: str
    text: str


@dataclass(frozen=True)
class MutationTest:
    """Counts of ``fates`` by operator (with what it does) and by claim; the survivors one by one.

    ``by_hand`` of those that were shown true have a proof of their own, written by hand and checked by machine.
    """

    fates: tuple[str, ...]
    operators: tuple[tuple[str, str, Mapping[str, int]], ...]
    claims: tuple[tuple[str, Mapping[str, int]], ...]
    counts: Mapping[str, int]
    survivors: tuple[Survivor, ...]
    by_hand: int
    suite: str

    @property
    def total(self) -> int:
        """How many mutants there were."""
        return sum(self.counts.values())


def read_mutation(path: Path) -> MutationTest:
    """The mutation test of a record.  Raises ``ValueError`` and what a malformed record causes."""
    data = read_record(path, "mutation")
    result = data["result"]
    fates = tuple(sorted(result["counts"], key=lambda fate: ORDER.index(fate) if fate in ORDER else len(ORDER)))
    counted = [
        (claim, operator, fate, int(count))
        for claim, steps in result["fates"].items()
        for operators in steps.values()
        for operator, by_fate in operators.items()
        for fate, count in by_fate.items()
    ]
    if any(fate not in fates for *_, fate, _ in counted):
        raise ValueError(f"a mutant has a fate beside {', '.join(fates)}")

    def total(key: int, name: str) -> dict[str, int]:
        return {fate: sum(row[3] for row in counted if row[key] == name and row[2] == fate) for fate in fates}

    counts = {fate: sum(row[3] for row in counted if row[2] == fate) for fate in fates}
    told = Counter(m["fate"] for m in result["uncontradicted"])
    if counts != result["counts"] or any(counts[fate] != n for fate, n in told.items()):
        raise ValueError("the counts contradict the mutants")
    return MutationTest(
        fates=fates,
        operators=tuple((name, what, total(1, name)) for name, what in result["operators"].items()),
        claims=tuple((name, total(0, name)) for name in result["fates"]),
        counts=counts,
        survivors=tuple(
            Survivor(m["claim"], m["step"], m["operator"], m["text"])
            for m in result["uncontradicted"]
            if m["fate"] == "survived"
        ),
        by_hand=sum(m["reason"].startswith(BY_HAND) for m in result["uncontradicted"]),
        suite=data["provenance"]["suite"],
    )
