"""From the inputs to the LaTeX source: a pure function, so equal inputs make equal bytes.

Templates are Jinja2 with delimiters that LaTeX does not use: ``<< value >>``, ``<% block %>``, ``<# comment #>``.
Every value is escaped unless it is :class:`reports.latex.Latex`; an unknown name is an error.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import jinja2

from reports import evidence, figures, latex, measured, published
from reports.bibliography import BIBLIOGRAPHY, cite
from reports.checked import CheckedCertificate
from reports.collect import Inputs, ProofStep, ProvedClaim, TrainedRun
from reports.latex import Latex
from theory.known_optimum import known_optimum
from theory.model import CONVENTIONS, UFM, Convention
from theory.proof.prose import text_latex
from theory.version import VERSION


def render(inputs: Inputs) -> dict[str, bytes]:
    """The report's source files by name: ``verification.tex``, ``references.bib`` and the figures."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("reports"),
        block_start_string="<%", block_end_string="%>",
        variable_start_string="<<", variable_end_string=">>",
        comment_start_string="<#", comment_end_string="#>",
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined, finalize=latex.finalize, autoescape=False,
    )  # fmt: skip
    environment.filters.update(
        prose=_prose, cite=cite, number=latex.number, percent=latex.percent, rational=latex.rational,
        code=latex.code, name=latex.name, hexadecimal=latex.hexadecimal, display=latex.display,
        inline=lambda formula: latex.display(formula, inline=True), listing=latex.listing,
        at_least=latex.at_least, label=published.label, latex=Latex,
        capital=_capital, capital_text=lambda text: _capital(latex.escape(text)),
    )  # fmt: skip
    out = {"references.bib": BIBLIOGRAPHY.read_bytes()}
    pictures: dict[tuple[str, str], str] = {}
    for k, run in enumerate(inputs.runs, start=1):
        for name, draw in figures.OF_A_RUN.items():
            pictures[run.name, name] = f"figures/run{k}-{name}.pdf"
            out[pictures[run.name, name]] = draw(run)
    curves: dict[str, str] = {}
    for experiment in inputs.experiments:
        if points := measured.correlated(experiment):
            curves[experiment.name] = f"figures/experiment-{published.label(experiment.name)}.pdf"
            out[curves[experiment.name]] = figures.cosines(points)
    text = environment.get_template("verification.tex.j2").render(
        version=VERSION,
        claims=inputs.claims,
        lemmas=inputs.lemmas,
        instances=inputs.instances,
        runs=inputs.runs,
        published=published.rows(inputs),
        counterexamples=inputs.counterexamples,
        counterexample_labels=published.counterexample_labels(inputs.counterexamples),
        cells_of=published.cells,
        numbers_of=published.numbers_of,
        theorems_of=lambda names: published.references(names, {c.name: c for c in inputs.claims}),
        experiments=inputs.experiments,
        experiment_figures=curves,
        predictions_held=measured.held(inputs.experiments),
        benchmarks=inputs.benchmarks,
        timing=_timing,
        faults=inputs.faults(),
        summary=[
            (c, _hypotheses_in_short(c), evidence.certified(c, inputs), evidence.trained(c, inputs))
            for c in inputs.claims
        ],
        verdicts=_verdicts(inputs),
        conventions=[(c, *_conversion(c)) for c in CONVENTIONS.values()],
        lemma_labels={lemma.name: f"lemma:{k}" for k, lemma in enumerate(inputs.lemmas, start=1)},
        claim_names={c.name for c in inputs.claims},
        tasks_of=_tasks,
        comparison=comparison,
        enclosure=enclosure,
        names_itself=_names_itself,
        conclusion_number=_conclusion_number,
        kind_of=lambda step: _KINDS.get(step.kind, step.kind.lower()),
        environment_of=_environment,
        picture=lambda run, name: pictures[run.name, name],
        count=latex.count,
    )
    return {"verification.tex": text.encode("utf-8"), **out}


# --------------------------------------------------------------------------- views


def _prose(text: str) -> Latex:
    return Latex(text_latex(text))


def _names_itself(words: str) -> bool:
    """Is a hypothesis called by its own equation, so that its words would only repeat the relation?"""
    return "=" in words and not re.search("[a-z]{3}", words)


#: Kinds of steps in words.
_KINDS = {"EqualityCase": "equality case", "Cited": "cited"}


def _conclusion_number(claim: ProvedClaim, step: ProofStep) -> int:
    """Which of the claim's conclusions the step shows, from 1."""
    return 1 + [name for name, _ in claim.conclusions].index(step.name)


def _capital(text: str) -> Latex:
    return Latex(text[:1].upper() + text[1:])


def _hypotheses_in_short(claim: ProvedClaim) -> Latex:
    """The hypotheses that are stated in words alone, cut to a few lines; the claim itself has them all."""
    return Latex(
        text_latex(shortened("; ".join(words for words, relation in claim.hypotheses if not relation))) or "--"
    )


def shortened(text: str, longest: int = 90) -> str:
    """``text`` cut after a comma, semicolon or colon outside of brackets, with dots, if it is longer than that."""
    if len(text) <= longest:
        return text
    depth, end = 0, 0
    for k, character in enumerate(text[:longest]):
        depth += (character in "({⟨") - (character in ")}⟩")
        if character in ",;:" and depth == 0:
            end = k
    return (text[:end] if end else text[:longest].rsplit(" ", 1)[0]) + ", \N{HORIZONTAL ELLIPSIS}"


def _verdicts(inputs: Inputs) -> dict[str, Any]:
    """The figures of the abstract."""
    claims, instances = inputs.claims, inputs.instances
    certified = [i for i in instances if i.checked.verdict.certified]
    theorems = [i for i in instances if i.checked.known is not None]
    return {
        "steps": sum(len(c.steps) for c in claims),
        "proved": sum(c.proved for c in claims),
        "unproved": [c for c in claims if not c.proved],
        "certified": len(certified),
        "open": [i for i in instances if not i.checked.verdict.certified],
        "widest": max((i.checked.verdict.relative_gap or 0.0 for i in certified), default=0.0),
        "theorems": len(theorems),
        "inside": sum(i.checked.place == "inside" for i in theorems),
    }


def _conversion(convention: Convention) -> tuple[Latex, Latex, Latex]:
    """(α_t, λ_{W,t}, λ_H) in canonical numbers, as functions of the stated c_t, λ_W, λ_H."""
    two = "" if convention.halves else "2"
    weight = "c_t" if convention.weighted_decay else ""
    return (
        Latex("$c_t$" if convention.mean else "$c_t N_t$"),
        Latex(rf"${two}{weight}\lambda_{{W,t}}$"),
        Latex(rf"${two}\lambda_H$"),
    )


def enclosure(checked: CheckedCertificate) -> Latex:
    """The proved enclosure of the minimum."""
    assert checked.verdict.lower is not None  # ``collect.check`` refuses such a certificate
    return latex.enclosure(checked.verdict.lower, checked.verdict.upper)


def _timing(entry: dict[str, Any]) -> Latex:
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


def _tasks(problem: UFM) -> Iterator[tuple[int, int, Latex, Latex, Latex]]:
    """(number, K_t, share of the threshold, alive or dead, margin) of every task, by the theorem."""
    known = known_optimum(problem)
    for t, k in enumerate(problem.design.classes):
        alive, margin = Latex("--"), Latex("--")
        if known is not None:
            alive = Latex("alive" if known.tasks[t].alive else "dead")
            margin = latex.number(known.tasks[t].margin, 6)
        yield t + 1, k, _share(problem, t), alive, margin


def _environment(inputs_with_provenance: Any) -> Latex:
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


@dataclass(frozen=True)
class Compared:
    """A line of the table of a run: what theory predicts, the network untrained and trained, the gate if any."""

    quantity: Latex
    predicted: Latex
    untrained: Latex
    trained: Latex
    gate: Latex


def comparison(run: TrainedRun) -> list[Compared]:
    """Predicted beside measured, line by line; predictions come from the certificate or the theorem."""
    first, last = run.history[0], run.final
    gates = {g["measure"]: g for g in run.gates}
    known = run.checked.known
    linked = any(len(tasks) > 1 for tasks, _ in run.problem.design.components())

    def gate(key: str) -> Latex:
        g = gates.get(key)
        if g is None:
            return Latex("")
        sign, bound = (r"\le", g["at_most"]) if g["at_most"] is not None else (r"\ge", g["at_least"])
        mark = r"\passed" if g["passed"] else r"\failed"
        return Latex(rf"${sign}$ {_bound(bound)} {mark}")

    def line(quantity: str, predicted: Latex, key: str, digits: int = 3) -> Compared:
        a = latex.listing(_entries(first[key]), latex.number)
        b = latex.listing(_entries(last[key]), lambda v: latex.number(v, digits))
        return Compared(Latex(quantity), predicted, a, b, gate(key))

    zero = Latex("$0$")
    one = Latex("$1$")
    lines = [
        line("objective $f$", enclosure(run.checked), "objective", 8),
        line(r"relative gap $(f-\underline f)/(f(0)-\underline f)$", zero, "relative_gap"),
    ]
    if known is not None and run.margins is not None and run.problem.loss == "ce":
        predicted = latex.listing([t.margin for t in known.tasks], lambda v: latex.number(v, 6))
        trained = r", ".join(f"{latex.number(m, 6)} $\\pm$ {latex.number(s, 1)}" for m, s in run.margins)
        lines.append(
            Compared(Latex("margin $a_t$ (mean $\\pm$ s.d.)"), predicted, Latex("--"), Latex(trained), Latex(""))
        )
    lines += [
        line(
            "norm of the rows of $W_t$",
            latex.listing(run.certified_row_norms, lambda v: latex.number(v, 6)),
            "row_norms",
            6,
        ),
        line("within-cell variability (NC1)", zero, "within_cell"),
        line("ETF deviation (NC2)", zero, "etf"),
        line("cross-task overlap (NC3)", zero if linked else Latex("free"), "cross_task"),
        line("sum rule, weighted (NC4)", zero, "sum_rule"),
        line("sum rule, unweighted", Latex(""), "sum_rule_plain"),
        line("nearest-centre disagreement (NC5)", zero, "nearest_centre"),
        line("imbalance of the factors", zero, "balance"),
        line("training accuracy", one, "accuracy"),
    ]
    return lines


def _bound(value: float) -> Latex:
    """A round number as it was meant: ``0.0002``, ``1``."""
    return Latex(f"${value:g}$") if 1e-4 <= abs(value) < 1e5 else latex.number(value, 1)


def _entries(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
