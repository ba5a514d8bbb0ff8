"""The table published condition / exact condition / counterexample, generated from the claims' own expressions.

    for row in published_table():
        print(row.part, row.published, row.exact, row.verdict, row.counterexamples)

``proof`` names the steps (``"claim::step"``) that show the exact condition; a test runs each of them.
"""

from __future__ import annotations

from dataclasses import dataclass

from theory.claims import correlation, thresholds
from theory.claims import published as claim
from theory.counterexamples import dead_name
from theory.proof import Claim, Step
from theory.proof.alphabet import Condition
from theory.proof.rendering import condition_latex, condition_plain, text_latex

EXACT, SUFFICIENT, WEAK, STRONG = "exact", "sufficient", "too weak", "too strong"
DERIVED = "derived afresh"


@dataclass(frozen=True)
class PublishedRow:
    """One condition of a published theorem.

    theorem, part : e.g. "Theorem 3.1", "NC4".
    reading : how the objective or the statement is read ("" if it does not matter).
    published, exact : the conditions as plain text; ``*_latex`` as LaTeX text with its mathematics in dollars.
    verdict : ``exact`` (true, and cannot be weakened), ``sufficient`` (true as stated), ``too weak`` (admits
        problems where the conclusion fails), ``too strong`` (the conclusion holds beyond it), or ``derived afresh``
        (the published formula was not at hand).
    proof : steps that show the exact condition, ``"claim::step"``.
    counterexamples : names in :data:`theory.counterexamples.COUNTEREXAMPLES`.
    """

    theorem: str
    part: str
    reading: str
    published: str
    published_latex: str
    exact: str
    exact_latex: str
    verdict: str
    proof: tuple[str, ...]
    counterexamples: tuple[str, ...] = ()


def _plain(condition: Condition) -> str:
    return condition_plain(condition).replace("λ'", "λ")


def _latex(condition: Condition) -> str:
    return _without_primes(f"${condition_latex(condition, thresholds.x)}$")


def _without_primes(formula: str) -> str:
    """The primes that tell published decays from canonical ones dropped: in this table all are published ones."""
    return formula.replace(r"\lambda'", r"\lambda")


def _decay_rows(multi_source: bool) -> list[PublishedRow]:
    theorem, said = ("Theorem 3.2", "n_t/4") if multi_source else ("Theorem 3.1", "N/(4K)")
    published = claim.published_condition(multi_source)
    rows = []
    for convention in claim.READINGS:
        exact = claim.exact_condition(convention, multi_source)
        least = claim.LEAST_WEIGHT[convention.name]
        enough = Condition("", claim.c, ">=", least.subs(claim.N, claim.n * claim.K) if multi_source else least)
        rows.append(
            PublishedRow(
                theorem,
                "decays",
                claim.reading(convention),
                _plain(published),
                _latex(published),
                f"{_plain(exact)} for every task; the published condition suffices iff {_plain(enough)}",
                f"{_latex(exact)} for every task; the published condition suffices iff {_latex(enough)}",
                WEAK,
                (
                    f"published::limit of λ_W λ_H: {convention.describe()}",
                    f"published::the published {said} suffices: {convention.describe()}",
                ),
                (dead_name(convention, multi_source),),
            )
        )
    return rows


def _words(
    theorem: str,
    part: str,
    reading: str,
    published: str,
    exact: str,
    verdict: str,
    proof: tuple[str, ...],
    counterexamples: tuple[str, ...] = (),
) -> PublishedRow:
    return PublishedRow(
        theorem, part, reading, published, text_latex(published), exact, text_latex(exact), verdict, proof,
        counterexamples,
    )  # fmt: skip


def _nearest_centre(theorem: str) -> PublishedRow:
    return _words(
        theorem,
        "nearest centre",
        "",
        "balanced data",
        "follows from NC2 to NC4 with any weights of the sum; class means are those of the task",
        SUFFICIENT,
        (
            "nearest_centre::nearest class mean and largest logit",
            "nearest_centre::the right class wins on training samples",
        ),
    )


def _correlation_rows() -> list[PublishedRow]:
    """Theorem 5.1: the formula was not at hand; ours in the readings with c_t on the decay."""
    cosine = _step(correlation.CLAIM, "cosine")
    rows = []
    for convention in claim.READINGS:
        name = f"coupling, {convention.describe()}"
        if not any(step.name == name for step in correlation.CLAIM.steps):
            continue
        coupling = _step(correlation.CLAIM, name)
        (one, one_latex), (two, two_latex) = (_texts(correlation.CLAIM, step) for step in (cosine, coupling))
        said = "a closed form of the cosine of two binary tasks (not at hand)"
        rows.append(
            PublishedRow(
                "Theorem 5.1",
                "correlation",
                claim.reading(convention),
                said,
                text_latex(said),
                f"{one} with {two}",
                f"{one_latex} with {two_latex}",
                DERIVED,
                ("correlation::cosine", f"correlation::{name}"),
                ("identical tasks", "balanced marginally"),
            )
        )
    return rows


def _step(of: Claim, name: str) -> Step:
    return next(step for step in of.steps if step.name == name)


def _texts(of: Claim, step: Step) -> tuple[str, str]:
    context = of.context(step)
    return step.plain(context).replace("λ'", "λ"), _without_primes(f"${step.latex(context)}$")


def published_table() -> tuple[PublishedRow, ...]:
    """All rows, Theorem 3.1 first."""
    single, multi = "Theorem 3.1", "Theorem 3.2"
    return (
        *_decay_rows(multi_source=False),
        _words(
            single, "feature dimension", "", "d ≥ ΣK_t − T", "d ≥ Σ (K_t − 1) over living tasks", EXACT,
            ("single_source::the dimension cannot be smaller",
             "published::the published width is the exact one, single source"),
            ("feature dimension below Σ(K_t − 1)",),
        ),
        _words(
            single, "NC1", "", "the theorem's hypotheses",
            "any labels, any d, any decay; samples of equal labels and equal weight", STRONG,
            ("cells::collapse within the cell",), ("samples of unequal weight",),
        ),
        _words(
            single, "NC2", "balance task by task", "balanced data",
            "uniform marginals, pairwise independent labels and a living task suffice; uniform marginals alone do not",
            WEAK, ("single_source::NC2: simplex ETF", "single_source::a dead head is 0"),
            ("minority collapse", "asymmetric correlation", "large decay"),
        ),
        _words(
            single, "NC3", "balance task by task", "balanced data", "uniform marginals and pairwise independent labels",
            WEAK,
            ("independence::heads are orthogonal", "independence_converse::orthogonal heads: independent labels"),
            ("balanced marginally", "identical tasks", "missing label pairs"),
        ),
        _words(
            single, "NC3", "balance of label tuples", "all label tuples equally frequent",
            "uniform marginals and pairwise independent labels", STRONG,
            ("independence::heads are orthogonal", "single_source::NC3: heads are orthogonal"),
            ("joint balance is not needed",),
        ),
        _words(
            single, "NC4", "c_t also on the decay", "h ∝ Σ_t w_t of its labels",
            "h = Σ_t β_t w_t with β_t² ∝ c_t K_t; unweighted iff c_t K_t is one number for all living tasks", WEAK,
            ("single_source::NC4: weighted sum rule", "published::an unweighted sum along one head",
             f"published::weight of the sum rule: {claim.READINGS[0].describe()}"),
            ("unweighted sum, K = (2, 4)",),
        ),
        _words(
            single, "NC4", "c_t on the loss alone", "h ∝ Σ_t w_t of its labels",
            "h = Σ_t β_t w_t with β_t² ∝ K_t; unweighted iff K_t is one number for all living tasks", WEAK,
            ("single_source::NC4: weighted sum rule", "published::an unweighted sum along one head",
             f"published::weight of the sum rule: {claim.READINGS[1].describe()}"),
            ("unweighted sum, K = (2, 4)",),
        ),
        _words(
            single, "NC4", "normalised rows", "h ∝ Σ_t w_t/‖w_t‖ of its labels",
            "unweighted iff √(λ_{W,t}/K_t) (K_t − 1) a_t is one number for all living tasks", WEAK,
            ("published::normalised rows",), ("sum of normalised rows, K = (2, 4)",),
        ),
        _nearest_centre(single),
        *_decay_rows(multi_source=True),
        _words(
            multi, "feature dimension", "", "d ≥ max K_t − 1", "d ≥ max (K_t − 1) over living tasks", EXACT,
            ("multi_source::the smallest width", "published::the published width is the exact one, multi source"),
        ),
        _words(
            multi, "NC1", "", "the theorem's hypotheses",
            "any labels, any d, any decay; samples of equal labels and equal weight", STRONG,
            ("cells::collapse within the cell",), ("samples of unequal weight",),
        ),
        _words(
            multi, "NC2 and self-duality", "", "balanced classes in every task",
            "balanced classes, living task; h = β_t w_{t,y}; the relative position of the heads is free", SUFFICIENT,
            ("multi_source::every optimal head is in the family", "multi_source::every contraction: cross block"),
        ),
        _nearest_centre(multi),
        *_correlation_rows(),
    )  # fmt: skip
