"""Views for the section on published conditions: rows with their references, counterexamples with their problems.

A row of :func:`theory.published_table.published_table` names proofs as ``"claim::step"`` and counterexamples by name;
here they become references into the report: a concluding step to its equation, any other step to its theorem.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from reports import latex
from reports.collect import Inputs
from reports.counterexamples import ProvedCounterexample
from reports.latex import Latex
from reports.proofs import ProvedClaim
from theory.model import UFM
from theory.proof.prose import text_latex, without_unicode
from theory.published_table import published_table

#: Cells are written out where there are no more.
CELLS = 9


@dataclass(frozen=True)
class TypesetRow:
    """A row of the table, in LaTeX; ``references`` lead to the proof, ``counterexamples`` to the list below it."""

    part: Latex
    reading: Latex
    published: Latex
    exact: Latex
    verdict: str
    references: Latex
    counterexamples: Latex


def label(name: str) -> Latex:
    """A name as part of a LaTeX label: what is neither letter nor digit becomes a dash."""
    return Latex("".join(c if c.isascii() and c.isalnum() else "-" for c in name))


def counterexample_labels(examples: Sequence[ProvedCounterexample]) -> dict[str, str]:
    """The LaTeX label of every counterexample by its name."""
    return {one.example.name: f"counterexample:{k}" for k, one in enumerate(examples, start=1)}


def rows(inputs: Inputs) -> list[tuple[Latex, list[TypesetRow]]]:
    """The table, theorem by theorem."""
    labels = counterexample_labels(inputs.counterexamples)
    claims = {claim.name: claim for claim in inputs.claims}
    return [
        (
            latex.escape(theorem),
            [
                TypesetRow(
                    part=Latex(text_latex(row.part[:1].upper() + row.part[1:])),
                    reading=Latex(text_latex(row.reading)),
                    published=Latex(without_unicode(row.published_latex)),
                    exact=Latex(without_unicode(row.exact_latex)),
                    verdict=row.verdict,
                    references=references(row.proof, claims),
                    counterexamples=Latex(
                        ", ".join(
                            rf"\ref{{{labels[n]}}}" if n in labels else latex.name(n) for n in row.counterexamples
                        )
                    ),
                )
                for row in group
            ],
        )
        for theorem, group in groupby(published_table(), lambda row: row.theorem)
    ]


def references(proof: Sequence[str], claims: dict[str, ProvedClaim]) -> Latex:
    """``"claim::step"`` texts as references: ``Theorem 5, (6.12)``; a claim that the report lacks by its name."""
    equations: dict[str, list[str]] = {}
    for entry in proof:
        name, _, step = entry.partition("::")
        found = equations.setdefault(name, [])
        concluded = [words for words, _ in claims[name].conclusions] if name in claims else []
        if step in concluded:
            found.append(rf"\eqref{{eq:{label(name)}:{1 + concluded.index(step)}}}")
    return Latex(
        "; ".join(
            ", ".join([rf"Theorem~\ref{{claim:{label(name)}}}" if name in claims else latex.name(name), *found])
            for name, found in equations.items()
        )
    )


def cells(problem: UFM) -> Latex:
    """The label tuples of a problem with their numbers of samples, or only how many there are."""
    design = problem.design
    if design.cells > CELLS:
        return latex.count(design.cells, "cell")
    out = []
    for labels, count in zip(design.labels.T, design.counts, strict=True):
        text = ",".join("-" if y < 0 else str(y + 1) for y in labels)
        out.append(f"({text})" + (rf"^{{{count}}}" if count > 1 else ""))
    return Latex("$" + r",\allowbreak\ ".join(out) + "$")


def numbers_of(problem: UFM) -> Latex:
    """Loss, bias, decays and task weights as stated, in the problem's own convention."""
    stated = [("\\lambda_W", problem.weight_decay), ("\\lambda_H", [problem.feature_decay])]
    stated += [("c", problem.task_weights)] if set(problem.task_weights) != {1} else []
    parts = [
        Latex("squared error" if problem.loss == "mse" else "cross-entropy" if problem.loss == "ce" else problem.loss),
        Latex("with a bias" if problem.has_bias else "no bias"),
        *(Latex(rf"${sign}={latex.listing(values, latex.rational).replace('$', '')}$") for sign, values in stated),
    ]
    return Latex(", ".join(parts))
