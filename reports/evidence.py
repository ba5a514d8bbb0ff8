"""What certificates and training say of each claim: the two right columns of the report's summary.

A claim that needs more than the general rule gets an entry in :data:`EVIDENCE`; every other is matched with the
certificates whose theorem bears its name.  Each function returns LaTeX lines, none where there is nothing to say.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from reports.collect import CertifiedInstance, Inputs, ProvedClaim, TrainedRun
from reports.figures import worst
from reports.latex import Latex, count, number, percent

Lines = list[Latex]


@dataclass(frozen=True)
class Evidence:
    """How a claim is reflected: in the certified instances, and in one trained run."""

    certified: Callable[[Sequence[CertifiedInstance]], Lines]
    trained: Callable[[TrainedRun], Lines]


def _nothing(_: object) -> Lines:
    return []


def _largest(values: Sequence[float | None]) -> float | None:
    return max((v for v in values if v is not None), default=None)


def _below(what: str, value: float | None) -> Lines:
    return [] if value is None or value != value else [Latex(f"{what} {number(value, 2)}")]


def _theorem(name: str) -> Callable[[Sequence[CertifiedInstance]], Lines]:
    """Certificates of problems that theorem ``name`` covers: is its value inside, how far is the geometry off?"""

    def lines(instances: Sequence[CertifiedInstance]) -> Lines:
        mine = [i for i in instances if i.checked.known is not None and i.checked.known.theorem == name]
        if not mine:
            return []
        inside = sum(i.checked.place == "inside" for i in mine)
        out = [Latex(f"value inside {inside} of {len(mine)} enclosures")]
        if name != "squared_error":
            out += _below("ETF to", _largest([e for i in mine for e in i.etf]))
            out += _below("sum rule to", _largest([i.sum_rule for i in mine]))
        return out

    return lines


def _enclosures(instances: Sequence[CertifiedInstance]) -> Lines:
    closed = sum(i.checked.verdict.certified for i in instances)
    return [Latex(f"{closed} of {count(len(instances), 'enclosure')} closed")]


def _bounds(instances: Sequence[CertifiedInstance]) -> Lines:
    return [Latex(f"{count(len(instances), 'lower bound')} $D(q)$ proved")]


def _dead(instances: Sequence[CertifiedInstance]) -> Lines:
    alive = dead = wrong = 0
    for instance in instances:
        known = instance.checked.known
        if known is None or instance.checked.problem.loss != "ce":
            continue
        for task, etf in zip(known.tasks, instance.etf, strict=True):
            alive, dead = alive + task.alive, dead + (not task.alive)
            wrong += task.alive != (etf is not None)  # a head that is zero has no shape to measure
    out = [Latex(f"{count(alive, 'task')} alive, {number(dead)} dead, as predicted")]
    return out if not wrong else [Latex(f"{count(wrong, 'task')} against the prediction")]


def _within_cells(run: TrainedRun) -> Lines:
    return _below("variability", worst(run.final["within_cell"]))


def _gap(run: TrainedRun) -> Lines:
    return [Latex(f"{percent(run.final['relative_gap'])} above the bound")]


def _adds_up(run: TrainedRun) -> Lines:
    lower = run.checked.verdict.lower
    assert lower is not None  # ``check`` refuses such a certificate
    gap, total = run.final["objective"] - float(lower), run.final["anatomy"]["total"]
    return [Latex(f"terms add up to {number(total, 4)}, the gap is {number(gap, 4)}")]


def _geometry(run: TrainedRun) -> Lines:
    linked = any(len(tasks) > 1 for tasks, _ in run.problem.design.components())
    return [
        *_below("ETF", worst(run.final["etf"])),
        *(_below("cross-task", run.final["cross_task"]) if linked else []),
        *_below("sum rule", run.final["sum_rule"]),
    ]


def _alive(run: TrainedRun) -> Lines:
    share = run.share_of_threshold()
    if share is None:
        return []
    return [Latex(f"alive at {percent(float(share), 2)} of the threshold")]


EVIDENCE: dict[str, Evidence] = {
    "stationarity": Evidence(_nothing, lambda run: _below("imbalance", worst(run.final["balance"]))),
    "nearest_centre": Evidence(_nothing, lambda run: _below("disagreement", worst(run.final["nearest_centre"]))),
    "cells": Evidence(_nothing, _within_cells),
    "relaxation": Evidence(_enclosures, _gap),
    "gap_anatomy": Evidence(_bounds, _adds_up),
    "single_source": Evidence(_theorem("single_source"), _geometry),
    "thresholds": Evidence(_dead, _alive),
}


def certified(claim: ProvedClaim, inputs: Inputs) -> Lines:
    """The certificates' word on ``claim``."""
    rule = EVIDENCE.get(claim.name)
    return (rule.certified if rule else _theorem(claim.name))(inputs.instances)


def trained(claim: ProvedClaim, inputs: Inputs) -> Lines:
    """The runs' word on ``claim``, each line with the run's name where there are several."""
    rule = EVIDENCE.get(claim.name)
    if rule is None:
        return []
    out = []
    for run in inputs.runs:
        out += rule.trained(run)
    return out
