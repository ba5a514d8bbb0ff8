"""What certificates and training say of each claim: the two right columns of the report's summary matrix.

Certified: instances whose theorem bears the claim's name, counterexamples that rest on it, the sweep for the law of
correlation.  Trained: the predictions of experiments whose source it is.  A claim that has more to show, at an instance
or in a trained network, gets an entry in :data:`EVIDENCE`.  Each function returns LaTeX lines, short enough that the
matrix fits a page; none where there is nothing to say.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from reports.collect import Inputs
from reports.figures.course import worst
from reports.instances import CertifiedInstance
from reports.latex import Latex, count, number, percent
from reports.proofs import ProvedClaim
from reports.runs import TrainedRun

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
        out = [Latex(f"{inside}/{len(mine)} inside")]
        return out + (_below("ETF to", _largest([e for i in mine for e in i.etf])) if name != "squared_error" else [])

    return lines


def _enclosures(instances: Sequence[CertifiedInstance]) -> Lines:
    closed = sum(i.checked.verdict.certified for i in instances)
    return [Latex(f"{closed}/{len(instances)} enclosures closed")] if instances else []


def _bounds(instances: Sequence[CertifiedInstance]) -> Lines:
    return [Latex(f"{len(instances)} bounds $D(q)$ proved")] if instances else []


def _dead(instances: Sequence[CertifiedInstance]) -> Lines:
    alive = dead = wrong = 0
    for instance in instances:
        known = instance.checked.known
        if known is None or instance.checked.problem.loss != "ce":
            continue
        for task, etf in zip(known.tasks, instance.etf, strict=True):
            alive, dead = alive + task.alive, dead + (not task.alive)
            wrong += task.alive != (etf is not None)  # a head that is zero has no shape to measure
    if wrong:
        return [Latex(rf"\bad{{{count(wrong, 'task')} against the prediction}}")]
    return [Latex(f"{alive} tasks alive, {dead} dead")] if alive + dead else []


def _within_cells(run: TrainedRun) -> Lines:
    return _below("variability", worst(run.final["within_cell"]))


def _gap(run: TrainedRun) -> Lines:
    return [Latex(f"gap {percent(run.final['relative_gap'])}")]


def _adds_up(run: TrainedRun) -> Lines:
    lower = run.checked.verdict.lower
    assert lower is not None  # ``check`` refuses such a certificate
    gap, total = run.final["objective"] - float(lower), run.final["anatomy"]["total"]
    return [Latex(f"terms {number(total, 3)}, gap {number(gap, 3)}")]


def _geometry(run: TrainedRun) -> Lines:
    linked = any(len(tasks) > 1 for tasks, _ in run.problem.design.components())
    return [
        *_below("ETF", worst(run.final["etf"])),
        *(_below("cross-task", run.final["cross_task"]) if linked else []),
    ]


def _alive(run: TrainedRun) -> Lines:
    share = run.share_of_threshold()
    if share is None:
        return []
    return [Latex(f"alive at {percent(float(share), 2)}")]


EVIDENCE: dict[str, Evidence] = {
    "stationarity": Evidence(_nothing, lambda run: _below("imbalance", worst(run.final["balance"]))),
    "nearest_centre": Evidence(_nothing, lambda run: _below("disagreement", worst(run.final["nearest_centre"]))),
    "cells": Evidence(_nothing, _within_cells),
    "relaxation": Evidence(_enclosures, _gap),
    "gap_anatomy": Evidence(_bounds, _adds_up),
    "single_source": Evidence(_theorem("single_source"), _geometry),
    "thresholds": Evidence(_dead, _alive),
}


@dataclass(frozen=True)
class SummaryRow:
    """A row of the matrix: the claim, and what each kind of evidence says of it."""

    claim: ProvedClaim
    certified: Latex
    trained: Latex


def summary(inputs: Inputs) -> list[SummaryRow]:
    """The matrix, claim by claim."""
    return [SummaryRow(c, _joined(certified(c, inputs)), _joined(trained(c, inputs))) for c in inputs.claims]


def _joined(lines: Lines) -> Latex:
    return Latex("; ".join(lines) if lines else r"\faint{--}")


def certified(claim: ProvedClaim, inputs: Inputs) -> Lines:
    """The certificates' word on ``claim``."""
    rule = EVIDENCE.get(claim.name)
    out = (rule.certified if rule else _theorem(claim.name))(inputs.instances)
    if claim.name in LAWS:
        curves = [c for c in inputs.sweep if LAWS[claim.name](c.classes)]
        if points := sum(len(c.points) for c in curves):
            out.append(Latex(f"sweep: {sum(c.certified for c in curves)}/{points} closed"))
            out += _below("cosine to", _largest([c.worst for c in curves]))
    if against := sum(claim.name in one.example.claims and one.holds for one in inputs.counterexamples):
        out.append(Latex(f"{against} c.e."))
    return out


#: Claims that the sweep over the correlation is a sweep of, with the numbers of classes that they are about.
LAWS: dict[str, Callable[[int], bool]] = {"correlation": lambda k: k == 2, "correlation_classes": lambda k: k > 2}


def trained(claim: ProvedClaim, inputs: Inputs) -> Lines:
    """The runs' and the experiments' word on ``claim``."""
    rule = EVIDENCE.get(claim.name)
    out = [line for run in inputs.runs for line in rule.trained(run)] if rule else []
    rows = [row for one in inputs.experiments for row in one.table if row.source == claim.name]
    if rows:
        held = sum(row.holds for row in rows)
        text = f"{held}/{len(rows)} predictions"
        out.append(Latex(text if held == len(rows) else rf"\bad{{{text}}}"))
    return out
