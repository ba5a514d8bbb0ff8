"""From the inputs to the source of the report: a pure function, so equal inputs make equal bytes.

One set of templates makes two sources: LaTeX for TeX, and for pandoc, which makes a page of it, the same without what
TeX alone understands (``web``).  Templates are Jinja2 with delimiters that LaTeX does not use: ``<< value >>``,
``<% block %>``, ``<# comment #>``.  Every value is escaped unless it is :class:`reports.latex.Latex`; an unknown name
is an error.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any

import jinja2
from matplotlib.figure import Figure

from reports import comparison, evidence, latex, measured, published, views
from reports.bibliography import BIBLIOGRAPHY, cite
from reports.collect import Inputs
from reports.figures import correlation, course, experiments, gram, phases
from reports.figures.particular import PARTICULAR
from reports.figures.style import saved
from reports.latex import Latex
from theory.model import CONVENTIONS
from theory.version import VERSION

#: Every figure of a run: name, what draws it.
OF_A_RUN = {"way": gram.way, "anatomy": course.anatomy, "measures": course.measures}


def render(inputs: Inputs, web: bool = False, quick: bool = False) -> dict[str, bytes]:
    """The report's source files by name: ``verification.tex``, ``references.bib`` and the figures.

    ``web``: for pandoc, with figures in SVG;  ``quick``: without proofs, lemmas and details.
    """
    pictures: dict[Any, str] = {}
    files: dict[str, bytes] = {"references.bib": BIBLIOGRAPHY.read_bytes()}
    form = "svg" if web else "pdf"

    def picture(key: Any, stem: str, draw: Callable[[], Figure]) -> None:
        pictures[key] = f"figures/{stem}.{form}"
        files[pictures[key]] = saved(draw(), form)

    if not inputs.alone:
        _pictures(inputs, picture)
    environment = _environment(web)
    environment.filters["prose"] = views.prose_with_theorems([c.name for c in inputs.claims])
    text = environment.get_template("verification.tex.j2").render(
        version=VERSION,
        quick=quick,
        alone=inputs.alone,
        pictures=pictures,
        claims=inputs.claims,
        lemmas=inputs.lemmas,
        instances=inputs.instances,
        runs=inputs.runs,
        audits=inputs.audits,
        phases=inputs.phases,
        phases_right=sum(p.alive == p.predicted for p in inputs.phases),
        narrow=inputs.narrow,
        sweep=inputs.sweep,
        sweep_points=sum(len(c.points) for c in inputs.sweep),
        sweep_trained=correlation.overlaid(inputs.sweep, _trained(inputs)),
        mutation=inputs.mutation,
        published=published.rows(inputs),
        counterexamples=inputs.counterexamples,
        counterexample_labels=published.counterexample_labels(inputs.counterexamples),
        cells_of=published.cells,
        numbers_of=published.numbers_of,
        theorems_of=lambda names: published.references(names, {c.name: c for c in inputs.claims}),
        experiments=inputs.experiments,
        particular={name: one.caption for name, one in PARTICULAR.items()},
        correlated_names={e.name for e in inputs.experiments if measured.correlated(e)},
        particular_captions={name: one.caption for name, one in PARTICULAR.items()},
        worst_strain=views.worst_strain,
        predictions_held=measured.held(inputs.experiments),
        benchmarks=inputs.benchmarks,
        peers_head=views.peers_head,
        levels_head=views.levels_head,
        timing=views.timing,
        faults=inputs.faults(),
        summary=evidence.summary(inputs),
        verdicts=views.verdicts(inputs),
        conventions=[(c, *views.conversion(c)) for c in CONVENTIONS.values()],
        lemma_labels={lemma.name: f"lemma:{k}" for k, lemma in enumerate(inputs.lemmas, start=1)},
        claim_names={c.name for c in inputs.claims},
        run_decays={r.name: (r.problem.lambda_w, float(r.problem.lambda_h)) for r in inputs.runs},
        tasks_of=views.tasks_of,
        comparison=comparison.comparison,
        enclosure=lambda checked: latex.proved_enclosure(checked.verdict),
        names_itself=views.names_itself,
        hypotheses_of=views.hypotheses_of,
        conclusion_number=views.conclusion_number,
        kind_of=lambda step: views.KINDS.get(step.kind, step.kind.lower()),
        environment_of=views.environment_of,
        count=latex.count,
    )  # fmt: skip
    return {"verification.tex": _tidy(text).encode("utf-8"), **files}


def _trained(inputs: Inputs) -> list[measured.CorrelatedVariant]:
    return [point for one in inputs.experiments for point in measured.correlated(one)]


def _pictures(inputs: Inputs, picture: Callable[[Any, str, Callable[[], Figure]], None]) -> None:
    """Draw every figure whose data are there."""
    for k, run in enumerate(inputs.runs, start=1):
        for name, draw in OF_A_RUN.items():
            picture((run.name, name), f"run{k}-{name}", partial(draw, run))
    if inputs.phases:
        picture("phases", "phases", partial(phases.living, inputs.phases))
    if inputs.narrow:
        picture("interval", "interval", partial(phases.interval, inputs.narrow))
    if inputs.sweep:
        picture("correlation", "correlation", partial(correlation.swept, inputs.sweep, _trained(inputs)))
    for one in inputs.experiments:
        points = measured.correlated(one)
        shown = partial(correlation.cosines, points) if points else partial(experiments.experiment, one)
        if one.name in PARTICULAR:
            shown = partial(PARTICULAR[one.name].draw, one)
        picture(("experiment", one.name), f"experiment-{published.label(one.name)}", shown)


def _environment(web: bool) -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("reports"),
        block_start_string="<%", block_end_string="%>",
        variable_start_string="<<", variable_end_string=">>",
        comment_start_string="<#", comment_end_string="#>",
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined, finalize=latex.finalize, autoescape=False,
    )  # fmt: skip
    environment.globals["web"] = web
    environment.filters.update(
        cite=cite, number=latex.number, percent=latex.percent, rational=latex.rational,
        code=latex.code, name=latex.name, hexadecimal=latex.hexadecimal, escape=latex.escape,
        display=latex.web_display if web else latex.display, inline=latex.web_inline if web else latex.inline,
        listing=latex.listing, at_least=latex.at_least, label=published.label, latex=Latex,
        capital=views.capital, capital_text=lambda text: views.capital(latex.escape(text)),
        small=lambda text: Latex(text[:1].lower() + text[1:] if text[1:2].islower() else text),
        webspec=lambda spec: Latex(re.sub(r"L\{[^}]*\}", "l", spec)),
    )  # fmt: skip
    return environment


def _tidy(text: str) -> str:
    """No blank line twice; none inside a table's row, where TeX would see a paragraph."""
    return re.sub(r"\n\s*\n(?:\s*\n)+", "\n\n", text)
