"""Ours beside the peers, in one run: ``python -m benchmarks [--out build/bench]``, or ``make bench``.

Every goal is printed beside the figure that this run reached (:mod:`benchmarks.goals`), after the tables that the
figures come from (:mod:`benchmarks.tables`), each measurement a process of its own:

    peers       {Clarabel, SCS} × {primal: the matrix inequality, dual: maximum entropy} on random joint tables
    training    torch on the factored problem, to the same value; it certifies nothing and does not know when it is done
    rigorous    from the problem to a verdict on a certificate, in balls up to 10,000 cells, in bounded float64 beyond
    gradients   solve time in evaluations of f with its gradient, beside which nothing can be faster than one
    scaling     seconds against cells at R = 30, with the exponent of a least-squares fit in logarithms
    symmetry    one cell an orbit, against all cells
    ablation    what the parts of the solver are worth
    audit       the audit of a million samples beside one plain product (wall time, both cores; needs 2 GB of disk)

``--only peers,audit`` runs some of them.  Writes ``bench.json``, a record (:mod:`relaxations.records`): measured
numbers change from run to run, so they are the record's ``provenance`` as much as its result.
"""

from __future__ import annotations

import argparse
import math
import os
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks import tables
from benchmarks.goals import goals_reached, print_goals
from benchmarks.measure import LIMIT
from relaxations.records import provenance, record, write_json

#: The parts of a run in their order.
PARTS = {
    "peers": tables.against_peers,
    "training": tables.against_training,
    "rigorous": tables.rigour,
    "gradients": tables.units,
    "scaling": tables.scaling,
    "symmetry": tables.symmetry,
    "ablation": tables.ablation,
    "audit": tables.audit,
}
#: What one would like to compare with and cannot be had here.
ABSENT = (("mosek", "MOSEK, commercial: exponential and semidefinite cones"),)
PACKAGES = ("numpy", "scipy", "cvxpy", "clarabel", "scs", "torch", "python-flint")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="benchmarks", description="Ours beside the peers, in one run.")
    parser.add_argument("--out", type=Path, default=Path("build/bench"), help="folder of the record")
    parser.add_argument("--only", default=",".join(PARTS), help="parts to run, separated by commas (default: all)")
    options = parser.parse_args()
    chosen = [name.strip() for name in options.only.split(",")]
    if unknown := sorted(set(chosen) - set(PARTS)):
        parser.error(f"--only: {', '.join(unknown)}; expected some of {', '.join(PARTS)}")
    begun = time.perf_counter()
    load = math.nan if not hasattr(os, "getloadavg") else os.getloadavg()[1]
    missing = [what for package, what in ABSENT if find_spec(package) is None]
    for what in missing:
        print(f"not installed, so not compared: {what}")
    if load > 0.5:
        print(f"load {load:.1f} before this run: processor seconds count, and still they are longer on a busy machine")
    result: dict[str, Any] = {name: part() for name, part in PARTS.items() if name in chosen}
    result["goals"] = goals_reached(result)
    print_goals(result["goals"])
    result |= {"limit_seconds": LIMIT, "not_installed": missing}
    seconds = time.perf_counter() - begun
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / "bench.json"
    write_json(path, record("bench", result, provenance(PACKAGES, seconds=seconds, threads=1, load=load)))
    print(f"\n{seconds:.0f} s; record: {path}")


if __name__ == "__main__":
    main()
