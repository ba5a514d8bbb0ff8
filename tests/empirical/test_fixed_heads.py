"""Frozen heads: the theorem's geometry, and the best features for any heads."""

import dataclasses

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from empirical.compare import certified_optimum
from empirical.decays import split_decays
from empirical.experiment import Experiment
from empirical.experiments.catalogue import PLANS
from empirical.experiments.fixed_heads import FIXED_HEADS
from empirical.experiments.shapes import on_digits
from empirical.fixed_heads import best_features, centred_basis, orthogonal_etfs, random_heads
from empirical.training import Optimisation
from theory import UFM, LabelDesign


def problem_of(design, **options):
    decays = split_decays(design, "0.05")
    return UFM(design, decays.lambda_w, decays.lambda_h, dimension=12, **options)


@pytest.mark.parametrize("k", [2, 3, 7])
def test_contrasts_are_an_orthonormal_basis_of_what_sums_to_zero(k):
    E = centred_basis(k)
    np.testing.assert_allclose(E @ E.T, np.eye(k) - 1 / k, atol=1e-14)
    np.testing.assert_allclose(E.T @ E, np.eye(k - 1), atol=1e-14)


@pytest.mark.parametrize(
    "design",
    [LabelDesign.factorial((3, 4), 2), LabelDesign.factorial((2, 2, 3)), LabelDesign.multi_source((3, 5), 4)],
)
def test_fixed_heads_are_half_of_a_certified_optimum(design):
    problem = problem_of(design)
    optimum = certified_optimum(problem)
    heads = orthogonal_etfs(problem, 12, seed=3)
    for t, W in enumerate(heads):
        k = design.classes[t]
        gram = W @ W.T
        np.testing.assert_allclose(gram, gram[0, 0] * k / (k - 1) * (np.eye(k) - 1 / k), atol=1e-12)
        for s in range(t):
            np.testing.assert_allclose(heads[s] @ W.T, 0, atol=1e-12)
    W = np.concatenate(heads)
    value = problem.objective(W, best_features(problem, W))
    assert optimum.lower <= value <= optimum.lower * (1 + 1e-9)
    # the control: heads of the same norms, which no features make optimal
    V = np.concatenate(random_heads(problem, 12, seed=3))
    for _, rows in design.blocks():
        assert np.linalg.norm(V[rows]) == pytest.approx(np.linalg.norm(W[rows]))
    worse = problem.objective(V, best_features(problem, V))
    assert worse > value * 1.001
    assert not np.allclose(orthogonal_etfs(problem, 12, seed=4)[0], heads[0])


def test_best_features_are_what_a_general_solver_finds():
    design = LabelDesign.factorial((2, 3), 2)
    problem = problem_of(design)
    W = np.random.default_rng(0).standard_normal((5, 4))

    def f(flat):
        return problem.objective(W, flat.reshape(4, design.cells))

    found = minimize(f, np.zeros(4 * design.cells), method="BFGS", options={"gtol": 1e-9})
    H = best_features(problem, W)
    assert problem.objective(W, H) <= found.fun + 1e-12
    np.testing.assert_allclose(H.ravel(), found.x, atol=1e-4)
    with pytest.raises(ValueError, match="expected 'ce'"):
        best_features(problem_of(design, loss="mse"), W)


def test_what_the_theorem_does_not_cover_is_refused():
    with pytest.raises(ValueError, match="equally frequent"):
        orthogonal_etfs(problem_of(LabelDesign.from_joint([[2, 1], [1, 2]], scenario="ssmtc")), 12, 0)
    with pytest.raises(ValueError, match="need 5"):
        orthogonal_etfs(problem_of(LabelDesign.factorial((3, 4))), 4, 0)
    with pytest.raises(ValueError, match="heads"):
        on_digits("x", "", {"factorial": [2, 2]}, heads="frozen")


def test_frozen_heads_stay_where_they_are_and_the_rest_learns():
    preset = on_digits("x", "", {"factorial": [3, 3], "repetitions": 2}, heads="fixed", dimension=6)
    preset = dataclasses.replace(preset, optimisation=Optimisation(epochs=4, batch=6, step=5e-3, head_step=1e-2))
    run = Experiment(preset, torch.device("cpu"))
    before, _ = run.network.stacked_heads()
    run.run()
    after, _ = run.network.stacked_heads()
    np.testing.assert_array_equal(after, before)
    expected = np.concatenate(orthogonal_etfs(run.problem, 6, preset.seed))
    np.testing.assert_allclose(before, expected, atol=1e-6)
    assert run.history[-1]["relative_gap"] < run.history[0]["relative_gap"]
    learned = Experiment(dataclasses.replace(preset, heads="learned"), torch.device("cpu"))
    assert learned.trained_parameters() - run.trained_parameters() == 6 * 6


def test_the_plan_tells_fixed_heads_from_random_ones():
    assert PLANS["fixed-heads"] is FIXED_HEADS
    # what a run would leave behind, with the numbers that the theory says
    results = {}
    for variant in FIXED_HEADS.variants:
        run = Experiment(variant, torch.device("cpu"))
        run._measure()
        result = run.result() | {"probe": FIXED_HEADS.probe(run)}
        result["final"] |= {"relative_gap": 0.0, "accuracy": [1.0, 1.0]}
        if variant.heads == "random":
            result["final"]["relative_gap"] = result["probe"]["best_gap"]
        result["probe"]["held_out_accuracy"] = 0.95
        results[variant.name] = [result]
    rows = {(row.variant, row.quantity): row for row in FIXED_HEADS.rows(results)}
    assert all(row.to_dict()["passed"] for row in rows.values()), [
        r for r in rows.values() if not r.to_dict()["passed"]
    ]
    saved = rows["fixed-64", "parameters fewer than with learned heads"]
    assert (saved.predicted, saved.values) == (20 * 64, (20 * 64,))
    # heads that are anything else have a gap of their own, and are refused
    results["fixed-64"][0]["probe"] = results["random-64"][0]["probe"]
    results["random-64"][0]["final"]["relative_gap"] = 0.0
    wrong = {(row.variant, row.quantity) for row in FIXED_HEADS.rows(results) if not row.to_dict()["passed"]}
    assert wrong == {
        ("fixed-64", "gap of the best features for these heads"),
        ("random-64", "gap less that"),
    }
