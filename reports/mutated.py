"""The mutation test of the proofs, as the report takes it: how many perturbed statements the machinery refused.

``python -m theory.mutation --json FILE`` (kind "mutation") keeps every mutant with its operator and its fate:
contradicted at a point or by an enclosure, equivalent, implied, not used (each shown by machine), or survived.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from relaxations.records import read_record


@dataclass(frozen=True)
class Survivor:
    """A perturbed statement that nothing contradicted."""

    claim: str
    step: str
    operator: str
    text: str


@dataclass(frozen=True)
class MutationTest:
    """Counts of ``fates`` by operator (with what it does) and by claim; the survivors one by one."""

    fates: tuple[str, ...]
    operators: tuple[tuple[str, str, Mapping[str, int]], ...]
    claims: tuple[tuple[str, Mapping[str, int]], ...]
    counts: Mapping[str, int]
    survivors: tuple[Survivor, ...]
    suite: str

    @property
    def total(self) -> int:
        """How many mutants there were."""
        return sum(self.counts.values())


def read_mutation(path: Path) -> MutationTest:
    """The mutation test of a record.  Raises ``ValueError`` and what a malformed record causes."""
    data = read_record(path, "mutation")
    result = data["result"]
    mutants, fates = result["mutants"], tuple(result["counts"])

    def counted(key: str, name: str) -> dict[str, int]:
        return {fate: sum(m["fate"] == fate for m in mutants if m[key] == name) for fate in fates}

    counts = {fate: sum(m["fate"] == fate for m in mutants) for fate in fates}
    if sum(counts.values()) != len(mutants):
        raise ValueError(f"a mutant has a fate beside {', '.join(fates)}")
    if any(counts[fate] != told for fate, told in result["counts"].items()):
        raise ValueError("the counts contradict the mutants")
    claims = dict.fromkeys(m["claim"] for m in mutants)
    return MutationTest(
        fates=fates,
        operators=tuple((name, what, counted("operator", name)) for name, what in result["operators"].items()),
        claims=tuple((name, counted("claim", name)) for name in claims),
        counts=counts,
        survivors=tuple(
            Survivor(m["claim"], m["step"], m["operator"], m["text"]) for m in mutants if m["fate"] == "survived"
        ),
        suite=data["provenance"]["suite"],
    )
