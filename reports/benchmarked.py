"""Benchmarks, as the report takes them: ``reports/records/bench.json``, the record of ``python -m benchmarks``.

Ratios are computed afresh from the seconds, and whether a goal is met from its number and what was reached.  A table
that the record lacks, because it was made by an earlier version, is empty and leaves its place in the report.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from relaxations.records import read_record

Row = dict[str, Any]


@dataclass(frozen=True)
class Goal:
    """A figure that was aimed at: ``sense`` is "at least" or "at most"; ``reached`` ``None`` where not measured."""

    name: str
    sense: str
    goal: float
    reached: float | None
    unit: str
    note: str

    @property
    def met(self) -> bool | None:
        """Is the goal reached?"""
        if self.reached is None:
            return None
        return self.reached >= self.goal if self.sense == "at least" else self.reached <= self.goal


@dataclass(frozen=True, eq=False)
class Benchmark:
    """The tables of the record; ``peers`` holds a row a problem with {seconds, gap} or {failure} for every solver.

    training : {case, ours, then one entry a trained peer: distance, evaluations, reached {gap: seconds}};
    rigorous : from the problem to a verdict;  gradients : a solve in units of one gradient;
    scaling : seconds by cells, with the ``exponent`` of a fit;  audit, symmetry, ablation : of large problems.
    """

    rows: tuple[Row, ...]
    training: Row
    rigorous: tuple[Row, ...]
    gradients: tuple[Row, ...]
    scaling: tuple[Row, ...]
    exponent: float | None
    goals: tuple[Goal, ...]
    audit: Row
    symmetry: tuple[Row, ...]
    ablation: tuple[Row, ...]
    not_installed: tuple[str, ...]
    limit: float | None
    provenance: dict[str, Any]

    @property
    def peers(self) -> tuple[str, ...]:
        """The names of the peers, in the order of the record."""
        return tuple(dict.fromkeys(name for row in self.rows for name in row["peers"]))

    @property
    def trained(self) -> tuple[tuple[str, Row], ...]:
        """The optimisers of the training table by name."""
        return tuple(
            (name, entry) for name, entry in self.training.items() if isinstance(entry, dict) and name != "ours"
        )

    @property
    def levels(self) -> tuple[str, ...]:
        """The gaps at which the optimisers were timed, from the coarse to the fine."""
        found = {level for _, entry in self.trained for level in entry.get("reached", {})}
        return tuple(sorted(found, key=float, reverse=True))


def read_benchmark(path: Path) -> Benchmark:
    """The benchmarks of a record.  Raises ``ValueError`` and what a malformed record causes."""
    data = read_record(path, "bench")
    result = data["result"]
    rows = []
    for row in result["peers"]:
        times = [p["seconds"] for p in row["peers"].values() if "seconds" in p]
        ratio = min(times) / row["ours"]["seconds"] if times and "seconds" in row["ours"] else None
        rows.append({"case": row["case"], "ours": row["ours"], "peers": row["peers"], "ratio": ratio})
    scaling = result.get("scaling") or {}
    return Benchmark(
        rows=tuple(rows),
        training=result.get("training") or {},
        rigorous=tuple(result.get("rigorous") or ()),
        gradients=tuple(result.get("gradients") or ()),
        scaling=tuple(scaling.get("rows") or ()),
        exponent=scaling.get("exponent"),
        goals=tuple(
            Goal(g["name"], g["sense"], g["goal"], g["reached"], g["unit"], g.get("note") or "")
            for g in result.get("goals") or ()
        ),
        audit=result.get("audit") or {},
        symmetry=tuple(result.get("symmetry") or ()),
        ablation=tuple(result.get("ablation") or ()),
        not_installed=tuple(result.get("not_installed") or ()),
        limit=result.get("limit_seconds"),
        provenance=data["provenance"],
    )
