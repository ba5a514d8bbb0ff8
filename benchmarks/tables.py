"""The tables of a benchmark: each measurement a process of its own (:mod:`benchmarks.measure`), printed as it comes.

Processor seconds on one thread, but for the audit, whose figures are wall time beside that of a plain product.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from typing import Any

import numpy as np

from benchmarks.measure import LIMIT, MEMORY
from benchmarks.training import TARGETS

PEER_CASES = ("random:3x3x3:0", "random:4x4x4:0", "random:10x10:0", "random:5x5x5:0")
PEERS = (("sdp", "clarabel"), ("sdp", "scs"), ("entropy-dual", "clarabel"), ("entropy-dual", "scs"))
TRAINING_CASE = "random:10x10x10:0"
#: (case, level, symmetries).
RIGOROUS_CASES = (
    ("factorial:10x10x10", "balls", "on"),
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
SYMMETRY_CASES = ("factorial:10x10x10", "factorial:100x100", "factorial:10x10x10x10", "factorial:40x40x40")
ABLATION_CASES = ("random:10x10x10:0", "random:10x10x10:0@1e-5", "random:10x10x10x10:0@1e-4")
ABLATION_VARIANTS = ("whole", "no Newton", "first-order bound", "warm")
#: The smallest gap that is asked of ours: below, rounding decides.
SMALLEST_GAP = 4e-15
#: Free disk that the file of the audit needs, in bytes.
AUDIT_DISK = 3 * 2**30
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
    """Conic peers; a peer that failed on one problem is not started on a larger one, and the row says so."""
    print("\nConic peers: seconds (certified relative gap); ours is a whole solve with its bounds")
    show("case", "ours", *(f"{program}:{conic}" for program, conic in PEERS), "fastest / ours")
    rows: list[dict[str, Any]] = []
    failed: dict[str, str] = {}
    for case in PEER_CASES:
        row: dict[str, Any] = {"case": case, "peers": {}, "ratio": None, "fastest": None, "equal_gap": None}
        for program, conic in PEERS:
            name = f"{program}:{conic}"
            row["peers"][name] = {"failure": failed[name]} if name in failed else measure("peer", case, program, conic)
            if "failure" in row["peers"][name]:
                failed.setdefault(name, f"{row['peers'][name]['failure']} at {case.split(':')[1]}")
        done = {name: peer for name, peer in row["peers"].items() if "seconds" in peer}
        if done:
            # ours at the gap that is certified of what the fastest peer found
            row["fastest"] = min(done, key=lambda name: float(done[name]["seconds"]))
            row["equal_gap"] = max(SMALLEST_GAP, min(1e-12, done[row["fastest"]]["gap"]))
        row["ours"] = measure("ours", case, *([row["equal_gap"]] if done else []))
        if done and "seconds" in row["ours"]:
            row["ratio"] = done[row["fastest"]]["seconds"] / row["ours"]["seconds"]
        rows.append(row)
        ratio = "–" if row["ratio"] is None else f"{row['ratio']:.0f}"
        show(case, _with_gap(row["ours"]), *map(_with_gap, row["peers"].values()), ratio)
    return rows


def against_training() -> dict[str, Any]:
    """Training."""
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
    """Rigour."""
    print("\nRigorous to 1e-8, check included (level: balls, or float64 with bounded rounding)")
    show("case", "level", "seconds", "solve", "write", "check", "proven width", "peak memory")
    rows = []
    for case, level, *symmetry in RIGOROUS_CASES:
        row = {"case": case, "level": level, "symmetry": bool(symmetry), **measure("rigorous", case, level, *symmetry)}
        rows.append(row)
        words = f"{level}, symmetry" if symmetry else level
        if "failure" in row:
            show(case, words, row["failure"])
            continue
        stages = (f"{row[k]:.2f}" for k in ("seconds", "solve", "write", "check"))
        show(case, words, *stages, f"{row['gap']:.0e} {row['status']}", f"{row['peak_mb']:.0f} MB")
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
    """Scaling."""
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


def symmetry() -> list[dict[str, Any]]:
    """One cell an orbit against all cells."""
    print("\nSymmetric designs: one cell an orbit (looking for symmetries included) against all cells")
    show("case", "cells", "orbits", "seconds", "finding them", "all cells", "ratio", "gap")
    rows = []
    for case in SYMMETRY_CASES:
        mine, plain = measure("symmetric", case), measure("ours", case)
        row = {"case": case, **mine, "seconds_without": plain.get("seconds"), "ratio": None}
        if "seconds" in mine and "seconds" in plain:
            row["ratio"] = plain["seconds"] / mine["seconds"]
        rows.append(row)
        if "failure" in mine:
            show(case, mine["failure"])
            continue
        others = (f"{plain['seconds']:.3f}", f"{row['ratio']:.1f}") if "seconds" in plain else (plain["failure"], "–")
        times = (f"{mine['seconds']:.4f}", f"{mine['detection_seconds']:.4f}")
        show(case, mine["cells"], mine["orbits"], *times, *others, f"{mine['gap']:.0e}")
    return rows


def ablation() -> list[dict[str, Any]]:
    """What the parts of the solver are worth."""
    print("\nParts of the solver: seconds (steps) to a certified relative gap of 1e-9")
    show("case", *ABLATION_VARIANTS)
    rows = []
    for case in ABLATION_CASES:
        row = [{"case": case, "variant": name, **measure("ablation", case, name)} for name in ABLATION_VARIANTS]
        show(case, *(r.get("failure") or f"{r['seconds']:.3f} ({r['steps']})" for r in row))
        rows += row
    return rows


def audit() -> dict[str, Any]:
    """The audit of a million samples beside a plain product of the same run."""
    print("\nAudit of N = 1,000,000, d = 512, K = 30 in float32, beside the product H W' of the same run, best of 3")
    if shutil.disk_usage(tempfile.gettempdir()).free < AUDIT_DISK:
        print(f"  {tempfile.gettempdir()} has no 3 GB free")
        return {"failure": "no 3 GB of free disk"}
    command = [sys.executable, "-m", "benchmarks.audit", "--json"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    except subprocess.TimeoutExpired:
        print(f"  > {PATIENCE} s")
        return {"failure": f"> {PATIENCE} s of wall time"}
    if done.returncode:
        failure = (done.stderr.strip().splitlines() or [f"exit {done.returncode}"])[-1][:60]
        print(f"  {failure}")
        return {"failure": failure}
    out = dict(json.loads(done.stdout.strip().splitlines()[-1]))
    show("", "wall seconds", "processor seconds", "ratio (wall)", "ratio (processor)", "goal")
    for row in out["rows"]:
        ratios = f"{row['ratio']:.2f}", f"{row['processor_ratio']:.2f}"
        show(row["name"], f"{row['wall']:.2f}", f"{row['processor']:.2f}", *ratios, row["goal"] or "–")
    print(f"  largest memory {out['largest_memory_mb']:.0f} MB beside the mapped file")
    return out


def _with_gap(row: dict[str, Any]) -> str:
    return str(row.get("failure")) if "failure" in row else f"{row['seconds']:.3f} ({row['gap']:.0e})"


def _keys() -> list[str]:
    return [f"{epsilon:.0e}" for epsilon in TARGETS]
