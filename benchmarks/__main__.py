"""Ours beside the peers, in one run: ``python -m benchmarks [--out build/bench]``, or ``make bench``.

Four tables, each measurement a process of its own (:mod:`benchmarks.measure`), one thread, processor seconds:

1. conic peers: {Clarabel, SCS} × {primal: the matrix inequality, dual: maximum entropy} on random joint tables;
2. torch on the factored problem, to the same value; it certifies nothing and does not know when it is done;
3. rigorous: from the problem to a verdict on a certificate, in balls up to 10,000 cells, in bounded float64 beyond;
4. scaling: seconds against cells at R = 30, with the exponent of a least-squares fit in logarithms.

Writes ``bench.json``, a record (:mod:`relaxations.records`): measured numbers change from run to run, so they are the
record's ``provenance`` as much as its result.  Takes five to ten minutes.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.measure import LIMIT, MEMORY, TARGETS
from relaxations.records import provenance, record, write_json

PEER_CASES = ("random:3x3x3:0", "random:4x4x4:0", "random:10x10:0", "random:5x5x5:0")
PEERS = (("sdp", "clarabel"), ("sdp", "scs"), ("entropy-dual", "clarabel"), ("entropy-dual", "scs"))
TRAINING_CASE = "random:10x10x10:0"
RIGOROUS_CASES = (
    ("factorial:10x10x10", "balls"),
    ("random:10x10x10:0", "balls"),
    ("random:10x10x10x10:0", "balls"),
    ("random:100x100:0", "balls"),
    ("random:10x10x10x10:0", "float"),
    ("random:100x100:0", "float"),
    ("random:40x40x40:0", "float"),
    ("confidence:3x10x5:100000:0", "float"),
)
UNIT_CASES = (
    "factorial:10x10x10",
    "factorial:100x100",
    "random:10x10x10:0",
    "random:10x10x10x10:0",
    "random:100x100:0",
)
SCALING_CELLS = (1000, 3162, 10_000, 31_623, 100_000)
#: What one would like to compare with and cannot be had here.
ABSENT = (("mosek", "MOSEK, commercial: exponential and semidefinite cones"),)
#: A measurement may wait so long for a busy machine, in wall seconds.
PATIENCE = 300


def measure(*arguments: object) -> dict[str, Any]:
    """The JSON that ``benchmarks.measure`` prints, or ``{"failure": why}``."""
    command = [sys.executable, "-m", "benchmarks.measure", *map(str, arguments)]
    one_thread = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "RAYON")}
    try:
        done = subprocess.run(
            command, env={**os.environ, **one_thread}, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
    except subprocess.TimeoutExpired:
        return {"failure": f"> {PATIENCE} s of wall time"}
    if done.returncode == -signal.SIGXCPU or done.returncode == -signal.SIGKILL:
        return {"failure": f"> {LIMIT} s"}
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or [f"exit {done.returncode}"]
        memory = "MemoryError" in done.stderr or "alloc" in done.stderr
        return {"failure": f"> {MEMORY / 2**30:.0f} GiB" if memory else last[0][:60]}
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))


def show(*cells: object) -> None:
    """One line of a table."""
    print("  ".join(str(c).rjust(22) if i else str(c).ljust(28) for i, c in enumerate(cells)), flush=True)


def against_peers() -> list[dict[str, Any]]:
    """Table 1; a peer that failed on one problem is not started on a larger one, and the row says so."""
    print("\nConic peers: seconds (certified relative gap); ours is a whole solve with its bounds")
    show("case", "ours", *(f"{program}:{conic}" for program, conic in PEERS), "fastest / ours")
    rows: list[dict[str, Any]] = []
    failed: dict[str, str] = {}
    for case in PEER_CASES:
        row: dict[str, Any] = {"case": case, "ours": measure("ours", case), "peers": {}}
        for program, conic in PEERS:
            name = f"{program}:{conic}"
            row["peers"][name] = {"failure": failed[name]} if name in failed else measure("peer", case, program, conic)
            if "failure" in row["peers"][name]:
                failed.setdefault(name, f"{row['peers'][name]['failure']} at {case.split(':')[1]}")
        times = [p["seconds"] for p in row["peers"].values() if "seconds" in p]
        row["ratio"] = min(times) / row["ours"]["seconds"] if times and "seconds" in row["ours"] else None
        rows.append(row)
        ratio = "–" if row["ratio"] is None else f"{row['ratio']:.0f}"
        show(case, _with_gap(row["ours"]), *map(_with_gap, row["peers"].values()), ratio)
    return rows


def against_training() -> dict[str, Any]:
    """Table 2."""
    ours = measure("ours", TRAINING_CASE)
    out: dict[str, Any] = {"case": TRAINING_CASE, "ours": ours}
    print(f"\nTraining the factors of {TRAINING_CASE}: seconds to the optimal value times 1 + ε; nothing is certified")
    if find_spec("torch") is None:
        print("  torch is not installed")
        return {**out, "failure": "torch is not installed"}
    show("", *(f"ε = {epsilon:.0e}" for epsilon in TARGETS))
    for optimiser in ("adam", "lbfgs"):
        out[optimiser] = measure("train", TRAINING_CASE, optimiser, ours["value"])
        reached = out[optimiser].get("reached", {})
        late = out[optimiser].get("failure") or f"> {out[optimiser]['limit']:.0f} s"
        show(f"torch {optimiser}", *(f"{reached[k]:.2f}" if k in reached else late for k in _keys()))
    show(f"ours, gap {ours['gap']:.0e}, proved", *(f"{ours['seconds']:.2f}" for _ in TARGETS))
    return out


def rigour() -> list[dict[str, Any]]:
    """Table 3."""
    print("\nRigorous to 1e-8, check included (level: balls, or float64 with bounded rounding)")
    show("case", "level", "seconds", "solve", "write", "check", "proven width", "peak memory")
    rows = []
    for case, level in RIGOROUS_CASES:
        row = {"case": case, "level": level, **measure("rigorous", case, level)}
        rows.append(row)
        if "failure" in row:
            show(case, level, row["failure"])
            continue
        stages = (f"{row[k]:.2f}" for k in ("seconds", "solve", "write", "check"))
        show(case, level, *stages, f"{row['gap']:.0e} {row['status']}", f"{row['peak_mb']:.0f} MB")
    return rows


def units() -> list[dict[str, Any]]:
    """Solve time in evaluations of f with its gradient."""
    print("\nSolve time in units of one evaluation of f(W, H) with its gradient")
    show("case", "seconds", "gradients", "steps", "gap")
    rows = []
    for case in UNIT_CASES:
        row = {"case": case, **measure("ours", case)}
        rows.append(row)
        if "failure" in row:
            show(case, row["failure"])
        else:
            show(case, f"{row['seconds']:.3f}", f"{row['gradients']:.0f}", row["steps"], f"{row['gap']:.0e}")
    return rows


def scaling() -> dict[str, Any]:
    """Table 4."""
    print("\nSeconds against cells at R = 30 (three tasks of 10 classes, labels of several levels of confidence)")
    show("cells", "seconds", "gradients", "steps", "gap", "peak memory")
    rows = []
    for cells in SCALING_CELLS:
        row = {"cells": cells, **measure("ours", f"confidence:3x10x5:{cells}:0")}
        rows.append(row)
        if "failure" in row:
            show(cells, row["failure"])
            continue
        numbers = (f"{row['seconds']:.2f}", f"{row['gradients']:.0f}", row["steps"], f"{row['gap']:.0e}")
        show(cells, *numbers, f"{row['peak_mb']:.0f} MB")
    done = [row for row in rows if "seconds" in row]
    exponent = None
    if len(done) > 1:
        x, y = (np.log([row[key] for row in done]) for key in ("cells", "seconds"))
        exponent = float(np.polyfit(x, y, 1)[0])
        print(f"  fitted exponent {exponent:.2f}; the limit is 1, every cell being read")
    return {"rows": rows, "exponent": exponent}


def _with_gap(row: dict[str, Any]) -> str:
    return str(row.get("failure")) if "failure" in row else f"{row['seconds']:.3f} ({row['gap']:.0e})"


def _keys() -> list[str]:
    return [f"{epsilon:.0e}" for epsilon in TARGETS]


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks", description="Ours beside the peers, in one run.")
    parser.add_argument("--out", type=Path, default=Path("build/bench"), help="folder of the record")
    options = parser.parse_args()
    begun = time.perf_counter()
    for package, what in ABSENT:
        if find_spec(package) is None:
            print(f"not installed, so not compared: {what}")
    result = {
        "peers": against_peers(),
        "training": against_training(),
        "rigorous": rigour(),
        "gradients": units(),
        "scaling": scaling(),
        "limit_seconds": LIMIT,
        "not_installed": [what for package, what in ABSENT if find_spec(package) is None],
    }
    seconds = time.perf_counter() - begun
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / "bench.json"
    packages = ("numpy", "scipy", "cvxpy", "clarabel", "scs", "torch", "python-flint")
    load = math.nan if not hasattr(os, "getloadavg") else os.getloadavg()[2]
    write_json(path, record("bench", result, provenance(packages, seconds=seconds, threads=1, load=load)))
    print(f"\n{seconds:.0f} s; record: {path}")


if __name__ == "__main__":
    main()
