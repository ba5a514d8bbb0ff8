"""Small views that the templates print: words and numbers of claims, problems and records as LaTeX."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from reports import latex
from reports.benchmarked import Benchmark
from reports.collect import Inputs
from reports.figures.experiments import strain
from reports.latex import Latex
from reports.measured import MeasuredExperiment
from reports.proofs import ProofStep, ProvedClaim
from reports.published import label
from theory.known_optimum import known_optimum
from theory.model import UFM, Convention
from theory.proof.prose import text_latex


def prose(text: str) -> Latex:
    """Prose with Unicode mathematics as LaTeX."""
    return Latex(text_latex(text))


def prose_with_theorems(names: Sequence[str]) -> Callable[[str], Latex]:
    """:func:`prose` in which ``claim NAME`` is a reference to the theorem, for the claims that the report has."""
    if not names:
        return prose
    either = "|".join(re.escape(latex.escape(name)) for name in sorted(names, key=len, reverse=True))
    pattern = re.compile(rf"\bclaim ({either})(?![A-Za-z\\])")

    def linked(text: str) -> Latex:
        return Latex(
            pattern.sub(lambda m: rf"Theorem~\ref{{claim:{label(m[1].replace(chr(92), ''))}}}", text_latex(text))
        )

    return linked


def names_itself(words: str) -> bool:
    """Is a hypothesis called by its own equation, so that its words would only repeat the relation?"""
    return "=" in words and not re.search("[a-z]{3}", words)


#: Kinds of steps in words.
KINDS = {"EqualityCase": "equality case", "Cited": "cited"}


def conclusion_number(claim: ProvedClaim, step: ProofStep) -> int:
    """Which of the claim's conclusions the step shows, from 1."""
    return 1 + [name for name, _ in claim.conclusions].index(step.name)


def capital(text: str) -> Latex:
    """LaTeX text with a capital first letter."""
    return Latex(text[:1].upper() + text[1:])


def verdicts(inputs: Inputs) -> dict[str, Any]:
    """The figures of the abstract."""
    claims, instances = inputs.claims, inputs.instances
    certified = [i for i in instances if i.checked.verdict.certified]
    theorems = [i for i in instances if i.checked.known is not None]
    readings = [reading for claim in claims for step in claim.steps for reading in step.readings]
    return {
        "steps": sum(len(c.steps) for c in claims),
        "proved": sum(c.proved for c in claims),
        "unproved": [c for c in claims if not c.proved],
        "certified": len(certified),
        "open": [i for i in instances if not i.checked.verdict.certified],
        "widest": max((i.checked.verdict.relative_gap or 0.0 for i in certified), default=0.0),
        "theorems": len(theorems),
        "readings": len(readings),
        "stated": sum(not reading.shown for reading in readings),
        "inside": sum(i.checked.place == "inside" for i in theorems),
    }


def conversion(convention: Convention) -> tuple[Latex, Latex, Latex]:
    """(α_t, λ_{W,t}, λ_H) in canonical numbers, as functions of the stated c_t, λ_W, λ_H."""
    two = "" if convention.halves else "2"
    weight = "c_t" if convention.weighted_decay else ""
    return (
        Latex("$c_t$" if convention.mean else "$c_t N_t$"),
        Latex(rf"${two}{weight}\lambda_{{W,t}}$"),
        Latex(rf"${two}\lambda_H$"),
    )


def timing(entry: dict[str, Any]) -> Latex:
    """Seconds with the certified gap, or why there are none."""
    if "seconds" not in entry:
        return Latex(rf"\faint{{{latex.escape(str(entry['failure']))}}}")
    return Latex(f"{latex.number(entry['seconds'], 2)} ({latex.number(entry['gap'], 1)})")


def _share(problem: UFM, task: int) -> Latex:
    """λ_{W,t} λ_H as a share of the task's threshold."""
    known = known_optimum(problem)
    if known is None:
        return Latex("--")
    return latex.percent(float(problem.lambda_w[task] * problem.lambda_h / known.tasks[task].threshold), 3)


def tasks_of(problem: UFM) -> Iterator[tuple[int, int, Latex, Latex, Latex]]:
    """(number, K_t, share of the threshold, alive or dead, margin) of every task, by the theorem."""
    known = known_optimum(problem)
    for t, k in enumerate(problem.design.classes):
        alive, margin = Latex("--"), Latex("--")
        if known is not None:
            alive = Latex("alive" if known.tasks[t].alive else "dead")
            margin = latex.number(known.tasks[t].margin, 6)
        yield t + 1, k, _share(problem, t), alive, margin


def environment_of(inputs_with_provenance: Any) -> Latex:
    """Suite, Python, packages and machine of a record's provenance, in a line."""
    about = inputs_with_provenance.provenance
    packages = [f"{name} {version}" for name, version in sorted(about["packages"].items()) if version is not None]
    parts = [
        f"suite {about['suite']}",
        f"revision {about['revision'] or 'unknown'}",
        f"Python {about['python']}",
        *packages,
    ]
    return Latex(", ".join(latex.escape(p) for p in parts) + "; " + latex.escape(str(about["machine"])))


def hypotheses_of(claim: ProvedClaim) -> tuple[list[str], list[tuple[str, str]]]:
    """The hypotheses in words alone, and those that are relations with their names."""
    words = [name for name, relation in claim.hypotheses if not relation]
    return words, [(name, relation) for name, relation in claim.hypotheses if relation]


def worst_strain(experiment: MeasuredExperiment) -> float | None:
    """The largest deviation of the experiment in units of its tolerance; ``None`` where a seed has no value."""
    found = [strain(row) for row in experiment.table]
    return None if any(v is None for v in found) else max((v for v in found if v is not None), default=0.0)


def peers_head(benchmark: Benchmark) -> Latex:
    """The head of the table of conic peers."""
    return Latex(" & ".join(["problem", "ours", *map(latex.name, benchmark.peers), "ratio"]))


def levels_head(benchmark: Benchmark) -> Latex:
    """The head of the table of optimisers."""
    return Latex(" & ".join(["", *(latex.number(float(level), 1) for level in benchmark.levels), "evaluations"]))
