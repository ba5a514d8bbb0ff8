"""Nearest class mean against argmax (NC5), and latent features (T13): false variants and numerical optima."""

from dataclasses import replace
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
import sympy as sp
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from strategies import class_numbers, problems

from relaxations.solve import solve
from theory import UFM, LabelDesign
from theory import closed_forms as forms
from theory.claims import latent_features as latent
from theory.claims import nearest_centre as centres
from theory.known_optimum import known_optimum
from theory.proof import Condition, Verdict
from theory.proof.instances import Instance, refute

STEPS = {s.name: s for s in centres.CLAIM.steps}
LATENT = {s.name: s for s in latent.CLAIM.steps}


def two_binary_tasks(g: int = 8, g_s: int = 2, beta: int = 3, beta_s: int = 5) -> Instance:
    """An exact optimum's geometry: W_t rows ±(√(g/2), 0), W_s rows ±(0, √(g_s/2)); four cells, d = 2."""
    root, root_s = sp.sqrt(sp.Rational(g, 2)), sp.sqrt(sp.Rational(g_s, 2))
    head, head_s = sp.Matrix([[root, 0], [-root, 0]]), sp.Matrix([[0, root_s], [0, -root_s]])
    W = sp.Matrix.vstack(head, head_s)
    P = sp.eye(2) - sp.ones(2, 2) / 2
    Y = sp.Matrix([[1, 1, 0, 0], [0, 0, 1, 1], [1, 0, 1, 0], [0, 1, 0, 1]])
    labels = sp.diag(P, P) * Y
    weights = sp.diag(beta, beta, beta_s, beta_s)
    h = sp.Matrix([2, -7])
    v = head.T * sp.Matrix([1, 0]) * beta
    return Instance(
        {
            "W": W, "W_t": head, "W_s": head_s, "H": W.T * weights * labels, "Ē": labels, "β": weights,
            "Γ": sp.diag(g, g, g_s, g_s), "Γ⁻¹": sp.diag(g, g, g_s, g_s).inv(), "Π": sp.diag(P, P),
            "L_t": sp.eye(4)[:, :2], "Y_t": Y[:2, :], "P_t": P, "1": sp.ones(2, 1), "1_s": sp.ones(2, 1),
            "b_t": 4 * sp.ones(2, 1), "e_k": sp.Matrix([1, 0]), "e_l": sp.Matrix([0, 1]), "h": h,
            "ē_j": labels[:, 0], "ē_i": labels[:, 3], "v": v, "G_t": P * sp.Matrix([1, 0]),
        },
        {centres.g: g, latent.g_s: g_s, centres.beta: beta, centres.K: 2, centres.N: 4, centres.constant: 4,
         latent.uniform: 0, latent.kappa: 1, centres.a: beta * g, latent.lam_h: sp.Rational(1, beta)},
        {"R": 4, "d": 2, "N": 4, "K_t": 2, "K_s": 2},
    )  # fmt: skip


def test_the_claims_are_proved():
    assert centres.CLAIM.status == "proved"
    assert latent.CLAIM.status == "proved"


@pytest.mark.parametrize("claim", [centres.CLAIM, latent.CLAIM], ids=["nearest_centre", "latent_features"])
def test_every_step_in_matrices_holds_at_an_exact_optimum(claim):
    checked = 0
    for step in claim.steps:
        if step.kind == "Identity" and getattr(step, "using", ()):
            assert refute(claim, step, two_binary_tasks()).verdict is Verdict.UNDECIDED
            checked += 1
    assert checked >= 4


def test_scalar_variants_are_refuted():
    flipped = replace(
        STEPS["nearest class mean and largest logit"], right=Condition("smaller logit", centres.z_k, "<", centres.z_l)
    )
    outcome = flipped.check(centres.CLAIM.context(STEPS[flipped.name]))
    assert outcome.verdict is Verdict.REFUTED
    unscaled = replace(STEPS["labels against their own"], rhs=centres.N * centres.P)
    assert unscaled.check(centres.CLAIM.context(STEPS[unscaled.name])).verdict is Verdict.REFUTED
    heavy = replace(LATENT["scale of the latent feature"], rhs=latent.a)
    assert heavy.check(latent.CLAIM.context(LATENT[heavy.name])).verdict is Verdict.REFUTED


FALSE = {
    "one β for two": (
        centres.CLAIM,
        replace(
            STEPS["distances against logits"], rhs=centres.beta * (centres.logit_l - centres.logit_k)
        ),
    ),
    "class means without weights": (centres.CLAIM, replace(STEPS["class means"], rhs=centres.W_t.T)),
    "latent features of unit scale": (
        latent.CLAIM,
        replace(LATENT["the latent feature is a simplex ETF"], rhs=latent.g * latent.P_t),
    ),
    "latent features with another task's weight": (
        latent.CLAIM,
        replace(
            LATENT["the latent feature depends on one label"],
            rhs=5 * (latent.W_t.T @ latent.L_t.T @ latent.labels_),
        ),
    ),
    "the latent feature is the whole feature": (
        latent.CLAIM,
        replace(LATENT["the latent feature depends on one label"], rhs=latent.H),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FALSE)
def test_false_variants_are_refuted_at_an_exact_optimum(name):
    claim, step = FALSE[name]
    outcome = refute(claim, step, two_binary_tasks())
    assert outcome.verdict is Verdict.REFUTED
    assert outcome.point


# --------------------------------------------------------------------------- numeric shadow


def living_problems() -> st.SearchStrategy[UFM]:
    designs = st.builds(LabelDesign.factorial, class_numbers(max_cells=40, max_tasks=3), st.integers(1, 2))
    return problems(designs=designs, losses=("ce",))


def optimum(problem: UFM):
    """(W, H, b, known) of a numerical optimum; assumes that every task is well alive."""
    known = known_optimum(problem)
    assume(all(task.alive and task.margin > 0.3 for task in known.tasks))
    solution = solve(problem, "proximal")
    b = np.zeros(problem.design.rows) if solution.b is None else solution.b
    return solution.W, solution.H, b, known


@settings(max_examples=30)
@given(living_problems(), st.integers(0, 2**32 - 1))
def test_nearest_centre_is_argmax_for_random_inputs(problem, seed):
    W, H, b, _ = optimum(problem)
    design = problem.design
    inputs = np.random.default_rng(seed).standard_normal((H.shape[0], 50)) * np.abs(H).max()
    winners = []
    for t, rows in design.blocks():
        k, labels = design.classes[t], design.labels[t]
        means = np.stack([H[:, labels == c].mean(axis=1) for c in range(k)])
        distance = ((inputs.T[:, None, :] - means) ** 2).sum(axis=2)
        logits = (W[rows] @ inputs + b[rows, None]).T
        beta = forms.sum_rule_weight(k, design.samples, float(problem.lambda_w[t]), float(problem.lambda_h))
        # differences of squared distances are −2β times those of logits: the same order, whatever the input
        left = distance - distance[:, :1]
        right = -2 * beta * (logits - logits[:, :1])
        assert left == pytest.approx(right, abs=1e-3 * (1e-3 + np.abs(right).max()))
        winners.append(logits.argmax(axis=1))
        own = (W[rows] @ H + b[rows, None]).T
        assert (own.argmax(axis=1) == labels).all()
    # and the nearest feature of all tuples has the largest logit in every task, ties within rounding apart
    nearest = ((inputs.T[:, None, :] - H.T) ** 2).sum(axis=2).argmin(axis=1)
    agree = [(design.labels[t][nearest] == winners[t]).mean() for t in range(design.tasks)]
    assert min(agree) >= 0.96


@settings(max_examples=30)
@given(living_problems())
def test_latent_features_of_a_numerical_optimum(problem):
    W, H, _, known = optimum(problem)
    design, total = problem.design, np.zeros_like(H)
    for t, rows in design.blocks():
        k, decay, lam = design.classes[t], float(problem.lambda_w[t]), float(problem.lambda_h)
        projected = np.linalg.pinv(W[rows], rcond=1e-3) @ W[rows] @ H
        beta = forms.sum_rule_weight(k, design.samples, decay, lam)
        scale = np.abs(projected).max()
        assert projected == pytest.approx(beta * W[rows][design.labels[t]].T, abs=2e-3 * scale)
        classes = np.stack([projected[:, design.labels[t] == c][:, 0] for c in range(k)])
        gram = beta * known.tasks[t].margin * (np.eye(k) - 1 / k)
        assert classes @ classes.T == pytest.approx(gram, abs=5e-3 * np.abs(gram).max())
        total += projected
    assert total == pytest.approx(H, abs=5e-3 * np.abs(H).max())


def test_a_sample_with_one_label_has_the_latent_feature_of_the_others():
    """Three-class tasks: nine cells with both labels, and three cells a task with one label only."""
    both = np.array(list(product(range(3), repeat=2))).T
    only = np.concatenate([np.stack([np.arange(3), -np.ones(3)]), np.stack([-np.ones(3), np.arange(3)])], axis=1)
    labels = np.concatenate([both, only.astype(int)], axis=1)
    design = LabelDesign((3, 3), labels, np.full(15, 2))
    solution = solve(UFM(design, Fraction(1, 60), Fraction(1, 60)), "proximal")
    W, H = solution.W, solution.H
    head = W[:3]
    projection = np.linalg.pinv(head, rcond=1e-6) @ head
    for k in range(3):
        alone = H[:, 9 + k]
        for j in np.flatnonzero(both[0] == k):
            assert projection @ H[:, j] == pytest.approx(alone, abs=1e-4 * np.abs(alone).max())
    assert np.abs(head @ W[3:].T).max() < 1e-4 * np.abs(head @ head.T).max()
