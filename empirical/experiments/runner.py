"""Runs of a plan, one after another, and the record that sums them up.

    DIR/VARIANT/seed-S/record.json     one run (:mod:`empirical.train`), with its certificate and last layer
    DIR/experiment.json                the experiment, written when all runs are there

A run whose record is there with the same configuration is not trained again, so an interrupted experiment goes on
where it stopped.  The record is ``{"kind": "experiment", "version", "result", "provenance"}``; ``result``::

    name, question, theory   from the plan
    seeds                    list
    variants                 list of {name, description, config (the preset as run, without its seed), parameters,
                              samples, problem {id, scenario, classes, samples, dimension, task_weights, loss,
                              lambda_w [T], lambda_h}, certificate {status, lower, upper, row_norms},
                              value_at_zero, relative_gap (one a seed; under ordinary weight decay each seed has a
                              problem of its own, with the λ_H fitted to it, and problem and certificate are the
                              first one's),
                              curves {epoch [E], MEASURE {mean [E], least [E], largest [E]}} over seeds; a measure
                              of several tasks by its worst one, null where it has no meaning}
    table                    list of {variant, quantity, kind, predicted, tolerance, values (one a seed), mean, spread
                              (sample standard deviation), deviation (worst seed), source, passed}
    passed                   whether all rows passed;  failed: how many did not
    verdict                  one sentence

The records of the experiments as last run are committed as reports/records/experiment-NAME.json.

Kinds of rows: :mod:`empirical.experiments.plan`.  ``provenance`` has versions, device, threads and seconds
{runs: sum over all runs, by their own records}.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from empirical.experiments.plan import Plan
from empirical.presets import Preset
from empirical.run import PACKAGES
from relaxations.records import provenance, read_record, record, write_json
from theory.model import UFM

KIND = "experiment"

#: Curves keep about so many epochs, and numbers four digits.
POINTS = 24


def run_folder(out: Path, preset: Preset) -> Path:
    """Where the run of ``preset`` goes."""
    return out / preset.name / f"seed-{preset.seed}"


def is_done(folder: Path, preset: Preset, kind: str) -> bool:
    """Is there a record of this very configuration?"""
    try:
        found = read_record(folder / "record.json", kind)
    except (OSError, ValueError):
        return False
    return bool(found["result"]["config"] == preset.to_dict())


def summarise(plan: Plan, runs: dict[str, list[dict[str, Any]]], seeds: Sequence[int]) -> dict[str, Any]:
    """The result of the experiment from the ``result`` of every run: variant to one a seed."""
    table = [row.to_dict() for row in plan.rows(runs)]
    failed = [row for row in table if not row["passed"]]
    return {
        "name": plan.name,
        "question": plan.question,
        "theory": plan.theory,
        "seeds": list(seeds),
        "variants": [_variant(preset, runs[preset.name], plan.curves) for preset in plan.variants],
        "table": table,
        "passed": not failed,
        "failed": len(failed),
        "verdict": _verdict(table, failed, len(seeds)),
    }


def _verdict(table: list[dict[str, Any]], failed: list[dict[str, Any]], seeds: int) -> str:
    number = f"{len(table)} predictions over {seeds} seed{'s' if seeds > 1 else ''}"
    if not failed:
        return f"All of {number} hold within their tolerances."
    first = failed[0]
    return (
        f"{len(failed)} of {number} fail, the first for {first['variant']}: {first['quantity']}, "
        f"predicted {first['predicted']}, measured {first['values']}."
    )


def _variant(preset: Preset, results: list[dict[str, Any]], measures: Sequence[str]) -> dict[str, Any]:
    first = results[0]
    problem = UFM.from_dict(first["problem"]["statement"])
    config = {key: value for key, value in first["config"].items() if key != "seed"}
    return {
        "name": preset.name,
        "description": preset.description,
        "config": config,
        "parameters": first["parameters"],
        "samples": first["data"]["samples"],
        "problem": {
            "id": first["problem"]["id"],
            "scenario": problem.design.scenario,
            "classes": list(problem.design.classes),
            "samples": problem.design.samples,
            "dimension": problem.dimension,
            "task_weights": [str(a) for a in problem.alpha],
            "loss": problem.loss,
            "lambda_w": [float(w) for w in problem.lambda_w],
            "lambda_h": float(problem.lambda_h),
        },
        "certificate": {key: first["certificate"][key] for key in ("status", "lower", "upper", "row_norms")},
        "value_at_zero": first["value_at_zero"],
        "relative_gap": [result["final"]["relative_gap"] for result in results],
        "curves": _curves([result["history"] for result in results], measures),
    }


def _curves(histories: list[list[dict[str, Any]]], measures: Sequence[str]) -> dict[str, Any]:
    epochs = [entry["epoch"] for entry in histories[0]]
    step = max(1, len(epochs) // POINTS)
    kept = sorted({*range(0, min(4, len(epochs))), *range(0, len(epochs), step), len(epochs) - 1})
    out: dict[str, Any] = {"epoch": [epochs[i] for i in kept]}
    for measure in measures:
        columns = [[_worst(history[i][measure]) for history in histories] for i in kept]
        whole = [None if any(v is None for v in column) else [float(v) for v in column if v is not None]
                 for column in columns]  # fmt: skip
        out[measure] = {
            "mean": [None if c is None else _short(sum(c) / len(c)) for c in whole],
            "least": [None if c is None else _short(min(c)) for c in whole],
            "largest": [None if c is None else _short(max(c)) for c in whole],
        }
    return out


def _worst(value: Any) -> float | None:
    if isinstance(value, list):
        return None if any(v is None for v in value) else max(value)
    return None if value is None else float(value)


def _short(value: float) -> float:
    return float(f"{value:.3e}")


def run_plan(
    plan: Plan,
    variants: Sequence[Preset],
    seeds: Sequence[int],
    out: Path,
    kind: str,
    train: Callable[[Preset, Path], int],
    skipped: Callable[[Preset], None],
) -> dict[str, list[dict[str, Any]]] | int:
    """Train what is missing and give the records of all runs, or the exit code of a run that left none.

    ``variants`` are those of the plan, perhaps with other epochs or threads; ``train(preset, folder)`` trains one and
    leaves ``folder/record.json`` of ``kind``.
    """
    runs: dict[str, list[dict[str, Any]]] = {variant.name: [] for variant in variants}
    # all variants once before any twice: what an interrupted experiment has is a whole one of fewer seeds
    for seed in seeds:
        for variant in variants:
            preset = dataclasses.replace(variant, seed=seed)
            folder = run_folder(out, preset)
            if is_done(folder, preset, kind):
                skipped(preset)
            else:
                code = train(preset, folder)
                if not is_done(folder, preset, kind):
                    return code or 1
            runs[variant.name].append(read_record(folder / "record.json", kind))
    return runs


def write_summary(
    plan: Plan, records: dict[str, list[dict[str, Any]]], seeds: Sequence[int], out: Path, device: dict[str, Any]
) -> tuple[dict[str, Any], float]:
    """Write OUT/experiment.json from the records of all runs; its ``result``, and the seconds of all runs.

    What the rows of the plan are given is the ``result`` of every record, with its ``throughput``.
    """
    results = {
        name: [{**found["result"], "throughput": found["provenance"].get("throughput")} for found in entries]
        for name, entries in records.items()
    }
    summary = summarise(plan, results, seeds)
    spent = sum(found["provenance"]["seconds"]["total"] for entries in records.values() for found in entries)
    about = provenance(PACKAGES, **device, seconds={"runs": spent})
    write_json(out / "experiment.json", record(KIND, summary, about))
    return summary, spent
