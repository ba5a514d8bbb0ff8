"""Experiment 7: imbalanced labels, independent or not, with and without a bias.

Where the labels of every two tasks are independent and of every two tasks one has r_t = 0 at its own optimum (uniform
marginals, or a free bias), single-task optima add up, whatever the marginals (claim ``independence``):

    f* = Σ_t f_t*,      W_s W_tᵀ = 0,      W_t W_tᵀ as if task t were alone

XOR is an instance: its three labels are independent in pairs and dependent together.  Without a bias, or with a decayed
one, two imbalanced tasks share a direction and f* is *less* than the sum; so it is where labels depend on each other.
There no formula is known, and the numbers predicted are those of the certified optimum of the very problem.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from empirical.compare import CertifiedOptimum, certified_optimum
from empirical.experiments.blocks import block, largest_overlap, mismatch
from empirical.experiments.plan import Plan, Results, Row, equals, final, grams, problem_of, vanishes
from empirical.experiments.shapes import FREE_GAP, NETWORK_GAP, free, on_digits
from empirical.training import Optimisation
from theory.additivity import single_task_problem
from theory.model import UFM

#: Imbalanced marginals of a task of three and one of two classes, as counts.
MARGINALS = [[4, 2, 1], [3, 1]]
#: With the same marginals (in 56), labels that depend on each other.
DEPENDENT = [[27, 5], [14, 2], [1, 7]]
#: Three binary labels, the third the exclusive or of the others.
XOR = [[[1, 0], [0, 1]], [[0, 1], [1, 0]]]

#: Variant to design and bias decay (``None``: no bias).
CASES: dict[str, tuple[str, dict[str, Any], str | None]] = {
    "free-bias": ("independent, imbalanced, a free bias", {"frequencies": MARGINALS, "repetitions": 2}, "0"),
    "no-bias": ("independent, imbalanced, no bias", {"frequencies": MARGINALS, "repetitions": 2}, None),
    "decayed-bias": ("independent, imbalanced, a decayed bias", {"frequencies": MARGINALS, "repetitions": 2}, "0.1"),
    "one-balanced": (
        "independent, one of the tasks balanced, no bias",
        {"frequencies": [[4, 2, 1], [1, 1]], "repetitions": 4},
        None,
    ),
    "xor": ("independent in pairs, not together", {"joint": [[[16 * n for n in row] for row in m] for m in XOR]}, None),
    "dependent": ("dependent labels with the same marginals, a free bias", {"joint": DEPENDENT}, "0"),
}


def additive(problem: UFM) -> list[CertifiedOptimum]:
    """The certified single-task optima, whose sum is f* under the hypotheses of the module."""
    return [certified_optimum(single_task_problem(problem, t)) for t in range(problem.design.tasks)]


def _rows(results: Results) -> list[Row]:
    out: list[Row] = []
    for variant, runs in results.items():
        problem = problem_of(runs)
        design = problem.design
        exactly = variant.startswith("free")
        gap, shape = (FREE_GAP, 1e-4) if exactly else (NETWORK_GAP, 0.03)
        certificate = runs[0]["certificate"]
        optimal, trained = np.array(certificate["gram"]), grams(runs)
        alone = additive(problem)
        together = sum(one.solution.value for one in alone)
        # (Σ f_t* − f)/(f(0) − f*): nothing where the hypotheses hold
        span = problem.value_at_zero() - float(certificate["lower"])
        saved = (together - float(certificate["lower"])) / span
        measured = [(together - result["final"]["objective"]) / span for result in runs]
        sums = _sums(variant)
        out.append(vanishes(variant, "relative gap", final(runs, "relative_gap"), gap, "lower_bound"))
        quantity = "sum of single-task optima less the value"
        if sums:
            out.append(equals(variant, quantity, 0.0, measured, 2 * gap, "independence"))
            overlaps = [largest_overlap(gram, design) for gram in trained]
            out.append(vanishes(variant, "cross-task overlap", overlaps, shape, "independence"))
            for t in range(design.tasks):
                head = alone[t].solution.W
                found = [mismatch(block(gram, design, t, t), head @ head.T) for gram in trained]
                out.append(vanishes(variant, f"head {t} against that of its task alone", found, shape, "independence"))
        else:
            out.append(equals(variant, quantity, saved, measured, 2 * gap, "certified optimum"))
            overlaps = [largest_overlap(gram, design) for gram in trained]
            expected = largest_overlap(optimal, design)
            out.append(equals(variant, "cross-task overlap", expected, overlaps, shape, "certified optimum"))
        whole = [mismatch(gram, optimal) for gram in trained]
        out.append(vanishes(variant, "Gram matrix of all heads", whole, shape, "certified optimum"))
    return out


def _sums(variant: str) -> bool:
    """Does the claim cover the variant?"""
    return variant.partition("-")[2] in ("free-bias", "one-balanced", "xor")


def _times(design: dict[str, Any], factor: int) -> dict[str, Any]:
    """The same frequencies on ``factor`` times as many samples."""
    if "joint" in design:
        return {"joint": (factor * np.array(design["joint"])).tolist()}
    return {**design, "repetitions": factor * design["repetitions"]}


IMBALANCE = Plan(
    name="imbalance",
    question="Do imbalanced tasks with independent labels keep out of each other's way?",
    theory=(
        "with a free bias, or one of two tasks balanced, heads are orthogonal, each as if its task were alone, and "
        "optima add up; without a bias, with a decayed one, or where labels depend on each other, heads overlap as "
        "the certified optimum says, and share what the sum exceeds it by"
    ),
    variants=(
        *(
            free(
                f"free-{name}",
                f"free features, {text}",
                design,
                bias=bias,
                dimension=8,
                optimisation=Optimisation(epochs=30, batch=1, step=1.0, head_step=1.0, optimiser="lbfgs"),
            )
            for name, (text, design, bias) in CASES.items()
        ),
        *(
            on_digits(
                f"mlp-{name}",
                f"a network, {CASES[name][0]}",
                _times(CASES[name][1], 8),
                bias=CASES[name][2],
                dimension=8,
                fraction="0.1",
                # a free bias has no decay to pull it: it settles last, and sooner with larger steps
                optimisation=Optimisation(epochs=300, batch=100, step=2e-3, head_step=2e-2),
            )
            for name in ("free-bias", "no-bias", "dependent")
        ),
    ),
    rows=_rows,
    curves=("relative_gap", "cross_task"),
)
