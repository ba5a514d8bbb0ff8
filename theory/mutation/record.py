"""The record of a mutation test: counts of the mutants that points contradict, and every other mutant one by one.

    operators      what each one does
    counts         fate -> how many
    identities     claim -> step -> digest of what was perturbed
    fates          claim -> step -> operator -> fate -> how many
    uncontradicted what no point contradicts: claim, step, operator, text, fate, reason
    contradicted   only on request: the same of the others, each with its point

A mutant is found again by its seed, so that its point need not be kept.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from theory.mutation.fates import FATES, KILLED, Mutant
from theory.mutation.operators import OPERATORS

#: step -> operator -> fate -> how many, and the mutants that no point contradicts.
ByStep = dict[str, dict[str, dict[str, int]]]


class Outcome:
    """What became of the mutants of one claim."""

    def __init__(self, fates: ByStep, uncontradicted: list[dict[str, str]], contradicted: Sequence[Any] = ()):
        self.fates, self.uncontradicted, self.contradicted = fates, uncontradicted, list(contradicted)

    @classmethod
    def of(cls, mutants: Iterable[Mutant]) -> Outcome:
        """Counted."""
        fates: ByStep = {}
        uncontradicted, contradicted = [], []
        for m in mutants:
            by_operator = fates.setdefault(m.step, {}).setdefault(m.operator, {})
            by_operator[m.fate] = by_operator.get(m.fate, 0) + 1
            told = {"step": m.step, "operator": m.operator, "text": m.text, "fate": m.fate, "reason": m.reason}
            if m.fate in KILLED:
                contradicted.append({**told, "point": m.point})
            else:
                uncontradicted.append(told)
        return cls(fates, uncontradicted, contradicted)

    @property
    def counts(self) -> dict[str, int]:
        """By fate."""
        total: Counter[str] = Counter()
        for by_operator in self.fates.values():
            for by_fate in by_operator.values():
                total.update(by_fate)
        return {fate: total[fate] for fate in FATES}

    def those(self, fate: str) -> list[dict[str, str]]:
        """The uncontradicted mutants of a fate."""
        return [m for m in self.uncontradicted if m["fate"] == fate]


def result_of(
    outcomes: Mapping[str, Outcome], identities: Mapping[str, Mapping[str, str]], points: bool = False
) -> dict[str, Any]:
    """The deterministic part of the record."""
    counts = {fate: sum(o.counts[fate] for o in outcomes.values()) for fate in FATES}
    result = {
        "operators": OPERATORS,
        "counts": counts,
        "identities": {name: dict(identities[name]) for name in outcomes},
        "fates": {name: o.fates for name, o in outcomes.items()},
        "uncontradicted": [{"claim": name, **m} for name, o in outcomes.items() for m in o.uncontradicted],
    }
    if points:
        result["contradicted"] = [{"claim": name, **m} for name, o in outcomes.items() for m in o.contradicted]
    return result


def kept(path: Path, now: Mapping[str, Mapping[str, str]], chosen: Sequence[str], again: bool) -> dict[str, Outcome]:
    """What a record says of claims whose steps are what they were, by name; empty if there is no record.

    Of the ``chosen`` ones only those that had no survivors, and none if they are to be tried ``again``.  Raises
    ``ValueError`` for a file that is something else: it is not to be written over.
    """
    if not path.is_file():
        return {}
    data = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(data, dict) or data.get("kind") != "mutation":
        raise ValueError(f"{path}: no record of a mutation test")
    result = data.get("result", {})
    if "uncontradicted" not in result:  # of an earlier form
        return {}
    out = {}
    for name, fates in result["fates"].items():
        told = [{k: v for k, v in m.items() if k != "claim"} for m in result["uncontradicted"] if m["claim"] == name]
        outcome = Outcome(fates, told)
        tried = name in chosen and (again or outcome.counts["survived"] > 0)
        if result["identities"].get(name) == now.get(name) and not tried:
            out[name] = outcome
    return out
