"""The classical lower bound: false constants refuted, the bound below f everywhere and met at the optimum."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
from flint import arb, ctx, fmpq
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import log_softmax
from strategies import class_numbers, problems, random_point

from relaxations.certificate import Certificate
from relaxations.check import check_certificate, position
from relaxations.solve import solve
from theory import UFM, LabelDesign
from theory import closed_forms as forms
from theory.claims import lower_bound as claim
from theory.closed_forms import Arithmetic
from theory.known_optimum import known_optimum
from theory.proof import Verdict
from theory.proof.instances import Instance, refute

CLAIM = claim.CLAIM
STEPS = {s.name: s for s in CLAIM.steps}
BALLS = Arithmetic(
    number=lambda x: arb(fmpq(x.numerator, x.denominator)),
    exp=lambda x: arb(x).exp(),
    log=lambda x: arb(x).log(),
    sqrt=lambda x: arb(x).sqrt(),
)


def test_the_claim_is_proved():
    assert CLAIM.status == "proved"


K, c, a = claim.K, claim.c, claim.a
FALSE = {
    "best c without K − 1": replace(STEPS["margin of q(c)"], where=(claim.Let(c, sp.exp(a) / K),)),
    "constant with c and 1/c exchanged": replace(
        STEPS["tight at its best c"],
        lhs=-a / (1 + claim.best) + forms.uncertainty_entropy(1 / claim.best, K, claim.ON),
    ),
    "value without √K": replace(
        STEPS["the bound is the value of the geometry"],
        rhs=claim.Sum("t", forms.task_value(claim.alpha, K, claim.coupling * sp.sqrt(K), a, claim.ON)),
    ),
    "threshold without K": replace(
        STEPS["c of a dead task is admissible"],
        rhs=claim.alpha**2 / claim.N,
        by=(),
    ),
    "ETF of the wrong scale": replace(
        STEPS["simplex ETF"],
        rhs=forms.head_gram_scale(K, claim.N, claim.lam_h, claim.lam_w, a, claim.ON) * claim.P,
    ),
    "a constant that rises": replace(STEPS["the constant falls"], op="<="),
}


@pytest.mark.parametrize("name", FALSE)
def test_false_variants_are_refuted_at_a_rational_point(name):
    outcome = FALSE[name].check(CLAIM.context(STEPS[FALSE[name].name]))
    assert outcome.verdict is Verdict.REFUTED
    assert outcome.point


def test_a_gram_matrix_without_independence_is_refuted():
    """Two identical binary tasks meet the other hypotheses; ĒĒᵀ = FΠ fails, and the instance is turned away."""
    half = sp.Rational(1, 2)
    labels = sp.Matrix([[half, -half], [-half, half]] * 2)
    block = sp.Matrix([[half, -half], [-half, half]])
    projection = sp.diag(block, block)
    matrices = {"Ē": labels, "F": sp.eye(4), "Π": projection, "W": sp.ones(4, 1), "κ": sp.eye(4), "H": sp.ones(1, 2)}
    at = Instance(matrices, {claim.lam_h: 1}, {"R": 4, "N": 2, "d": 1})
    with pytest.raises(ValueError, match=r"labels of two tasks|features"):
        refute(CLAIM, STEPS["features against labels"], at)


# --------------------------------------------------------------------------- numeric shadow


@given(st.integers(2, 9), st.integers(0, 2**32 - 1), st.floats(0.01, 100))
def test_one_sample_is_above_its_tangent_plane_and_touches_it(classes, seed, odds):
    z = 3 * np.random.default_rng(seed).standard_normal(classes)
    bound = forms.uncertainty_entropy(odds, classes)
    loss = -float(log_softmax(z)[0])
    slack = loss - (z.sum() - classes * z[0]) / ((1 + odds) * (classes - 1)) - bound
    assert slack >= -1e-12 * (1 + abs(loss))
    touching = np.zeros(classes)
    touching[0] = np.log(odds * (classes - 1))
    loss = -float(log_softmax(touching)[0])
    assert loss - (touching.sum() - classes * touching[0]) / ((1 + odds) * (classes - 1)) == pytest.approx(
        bound, rel=1e-9, abs=1e-12
    )


def balanced(max_cells: int = 60) -> st.SearchStrategy[LabelDesign]:
    return st.builds(LabelDesign.factorial, class_numbers(max_cells=max_cells), st.integers(1, 3))


def chain_bound(problem: UFM, on: Arithmetic):
    """Σ_t α_t C(c_t) at the best c_t."""
    known, total = known_optimum(problem), on.number(Fraction(0))
    for t, k in enumerate(problem.design.classes):
        alpha, w, h = (on.number(v) for v in (problem.alpha[t], problem.lambda_w[t], problem.lambda_h))
        mu = forms.coupling(problem.design.samples, w, h, on)
        margin = forms.margin(alpha, k, mu, on) if known.tasks[t].alive else on.number(Fraction(0))
        total += alpha * forms.uncertainty_entropy(forms.best_uncertainty(margin, k, on), k, on)
    return total


@settings(max_examples=40)
@given(problems(designs=balanced(), losses=("ce",)), st.integers(0, 2**32 - 1), st.floats(1, 30))
def test_every_admissible_c_gives_a_bound_and_the_best_one_is_the_value(problem, seed, factor):
    known = known_optimum(problem)
    verdict = check_certificate(Certificate.from_solution(solve(problem, "proximal")).to_dict())
    with ctx.workprec(200):
        best = chain_bound(problem, BALLS)
        assert position(verdict, best) == "inside"
    looser = sum(
        float(alpha) * forms.uncertainty_entropy(factor * forms.best_uncertainty(task.margin, k), k)
        for alpha, k, task in zip(problem.alpha, problem.design.classes, known.tasks, strict=True)
    )
    assert looser <= float(Fraction(verdict.upper)) * (1 + 1e-12)
    W, H, b = random_point(problem, seed, scale=0.3)
    assert problem.objective(W, H, b) >= float(best) * (1 - 1e-12)


@settings(max_examples=25)
@given(problems(designs=balanced(max_cells=24), losses=("ce",)))
def test_the_equality_conditions_hold_at_the_numerical_optimum(problem):
    solution, known = solve(problem, "proximal"), known_optimum(problem)
    if problem.dimension < known.dimension_needed:
        return
    design, N = problem.design, problem.design.samples
    W, H, lam = solution.W, solution.H, float(problem.lambda_h)
    predicted = np.zeros_like(H)
    for t, rows in design.blocks():
        k = design.classes[t]
        odds = forms.best_uncertainty(known.tasks[t].margin, k)
        centred = design.target_matrix[rows] - 1 / k
        kappa = float(problem.alpha[t]) * k / (N * (1 + odds) * (k - 1))
        predicted += kappa * W[rows].T @ centred / lam
        tolerance = 1e-3 * (1 + np.abs(W[rows]).max())  # at a threshold the optimum is flat: gap 1e-8 is 1e-4 in W
        assert np.abs(W[rows].sum(axis=0)).max() < tolerance
        gram = lam * known.tasks[t].margin / kappa * (np.eye(k) - 1 / k)
        assert W[rows] @ W[rows].T == pytest.approx(gram, abs=1e-3 * (1 + np.abs(gram).max()))
    assert H == pytest.approx(predicted, abs=1e-3 * (1 + np.abs(predicted).max()))


def test_dependent_labels_break_the_bound():
    """Identical tasks: the value lies below Σ_t α_t C(c_t), so pairwise independence is needed."""
    once = LabelDesign((2, 2), np.array([[0, 1], [0, 1]]), np.array([2, 2]))
    problem = UFM(once, Fraction(1, 40), Fraction(1, 40))
    verdict = check_certificate(Certificate.from_solution(solve(problem, "proximal")).to_dict())
    mu = forms.coupling(4, 1 / 40, 1 / 40)
    odds = forms.best_uncertainty(forms.margin(1.0, 2, mu), 2)
    assert verdict.certified
    assert float(Fraction(verdict.upper)) < 2 * forms.uncertainty_entropy(odds, 2) - 1e-3
