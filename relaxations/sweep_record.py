"""All points of a sweep in one record, small enough to keep and enough to draw its curves."""

from __future__ import annotations

import json
import math
from fractions import Fraction
from pathlib import Path
from typing import Any

from relaxations.records import provenance, read_record, record
from relaxations.sweep_points import Point

#: The kinds of the record of a point, and of all points together.
KIND, GATHERED = "sweep point", "sweep"
#: Whose versions a record names.
PACKAGES = ("numpy", "scipy", "python-flint")


def gathered(folder: Path) -> dict[str, Any]:
    """One record of all points in ``folder``, in the order of classes, correlation and the rest.

    A point has ``config`` (the options that were given), ``problem_id``, ``error``, and unless that says why not:
    ``classes``, ``samples``, ``cells``, ``weight_decay``, ``feature_decay``, ``mu`` (√(N λ_{W,t} λ_H)/α_t, a number a
    task), ``rho`` (or ``None``), ``status``, ``lower``, ``upper`` (texts), ``relative_gap``, ``rank``, ``deviations``
    and ``cosines``.  Files that are no points are left out.
    """
    default, points, seconds = Point().config(), [], 0.0
    for path in sorted(folder.glob("*.json")):
        try:
            data = read_record(path, KIND)
            point = Point(**data["result"]["config"])
        except (ValueError, TypeError, KeyError):
            continue
        result, config = data["result"], point.config()
        seconds += float(data["provenance"]["seconds"])
        entry: dict[str, Any] = {
            "config": {name: value for name, value in config.items() if value != default[name]},
            "problem_id": result["problem_id"],
            "error": result["error"],
        }
        if result["error"] is None:
            answer, problem = result["certified"], point.problem()
            squares = [problem.design.samples * float(w * problem.lambda_h) for w in problem.lambda_w]
            entry |= {
                **{name: answer["problem"][name] for name in ("classes", "samples", "weight_decay", "feature_decay")},
                **{name: answer[name] for name in ("status", "lower", "upper", "relative_gap", "rank", "deviations")},
                "cells": problem.design.cells,
                "mu": [math.sqrt(s) / float(a) for s, a in zip(squares, problem.alpha, strict=True)],
                "rho": None if point.correlation is None else float(Fraction(point.correlation)),
                "cosines": result["cosines"],
            }
        points.append(entry)
    points.sort(key=_place)
    return record(GATHERED, {"points": points}, provenance(PACKAGES, seconds=seconds))


def _place(entry: dict[str, Any]) -> tuple[Any, ...]:
    """Where a point stands among the others: numbers as numbers, then the text of the rest; last what is no problem."""
    rho = entry.get("rho")
    mu, classes = entry.get("mu", [math.inf]), entry.get("classes", [])
    share = entry["config"].get("share")
    failed = entry["error"] is not None
    return (
        failed,
        classes,
        "" if share is None else share,
        math.inf if rho is None else rho,
        mu,
        json.dumps(entry["config"]),
    )
