"""The audit of a trained network as the report takes it: terms of the gap, measures, and a sentence on each.

BUILD/audits/RUN/ is what ``python -m relaxations.audit LAST_LAYER --out`` leaves: a record, the certificate of the
labels' problem and that of the network alone.  Both certificates are proved again.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from relaxations.records import read_record
from reports.checked import CheckedCertificate, check, reading

#: The terms of the gap, in the order in which they are printed.
TERMS = ("prediction", "alignment", "balance", "within_cell", "bias")


@dataclass(frozen=True)
class Term:
    """A term of the gap: its value, its share of f(0) − lower, its share of the gap itself, and what it means."""

    name: str
    value: float
    share: float | None
    of_gap: float | None
    meaning: str


@dataclass(frozen=True, eq=False)
class AuditedNetwork:
    """An audit; ``bound`` and ``network`` are the two certificates, ``result`` the record's other numbers."""

    name: str
    bound: CheckedCertificate
    network: CheckedCertificate
    terms: tuple[Term, ...]
    result: dict[str, Any]
    seconds: float | None

    @property
    def measures(self) -> list[tuple[str, float, str]]:
        """``(name, value, what it means)`` of the measures that are one number."""
        found = self.result["measures"] or {}
        meanings = self.result["measure_meanings"]
        return [
            (name, value, meanings[name]) for name, value in found.items() if name in meanings and value is not None
        ]


def read_audits(folder: Path) -> tuple[AuditedNetwork, ...]:
    """Every audit below ``folder``, by name; none where there is no such folder.  Raises ``InputError``."""
    out = []
    for path in sorted(folder.glob("*/record.json")):
        with reading(path, f"make it again: delete {path.parent} and run make report"):
            out.append(_audit(path))
    return tuple(out)


def _audit(path: Path) -> AuditedNetwork:
    data = read_record(path, "audit")
    result = data["result"]
    bound = check(path.parent / "certificate.json")
    network = check(path.parent / "network.certificate.json", bound.problem)
    if bound.problem.identity != result["problem"]["id"]:
        raise ValueError("problem.id is not that of the certificate beside it")
    total = result["anatomy"]["total"]
    parts = [result["anatomy"][name] for name in TERMS]
    if not math.isclose(sum(parts), total, rel_tol=1e-9, abs_tol=1e-12):
        raise ValueError(f"the terms of the gap add up to {sum(parts)!r}, not to {total!r}")
    terms = tuple(
        Term(name, value, result["shares"][name], value / total if total > 0 else None, result["meanings"][name])
        for name, value in zip(TERMS, parts, strict=True)
    )
    seconds = data["provenance"].get("seconds")
    total_seconds = seconds.get("total") if isinstance(seconds, dict) else seconds
    return AuditedNetwork(path.parent.name, bound, network, terms, result, total_seconds)
