"""Where strategies rest: the predictions against certified optima, the strategies themselves and trained features."""

import dataclasses
import math

import numpy as np
import pytest
import torch

from empirical.experiment import Experiment
from empirical.experiments import weightings
from empirical.experiments.weightings import WEIGHTINGS
from empirical.training import Optimisation
from empirical.weightings.effective import effective_problem, fitted_weights, weighted
from empirical.weightings.fixed_points import PREDICTED, Responses, resting_points
from empirical.weightings.strategies import strategy_named
from relaxations.solve import solve
from theory import UFM, LabelDesign

pytest.importorskip("torchjd", reason="TorchJD is an optional extra")

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def factorial(classes, repetitions=1, product="0.00025"):
    return UFM(LabelDesign.factorial(classes, repetitions), "0.05", product)


def optimum(problem, weights):
    return weighted(problem, list(weights)), solve(weighted(problem, list(weights)), "proximal")


def feature_gram(problem, solution):
    """⟨g_s, g_t⟩ of the gradients of the unweighted losses with respect to the features, from the formula."""
    Y, p = problem.design.target_matrix, problem.predictions(solution.W @ solution.H)
    parts = []
    for t, rows in problem.design.blocks():
        mean = problem.omega[t] / float(problem.alpha[t]) / np.sqrt(problem.design.counts)
        # a cell of n samples holds n times the square of one
        parts.append(-solution.W[rows].T @ ((Y[rows] - p[rows]) * mean))
    flat = np.stack([part.ravel() for part in parts])
    return torch.from_numpy(flat @ flat.T)


@pytest.mark.parametrize("weights", [(1.0, 1.0), (1.7, 0.3), (0.05, 4.0)])
def test_responses_are_those_of_certified_optima(weights):
    problem = factorial((3, 4), 2)
    responses = Responses(problem)
    stated, solution = optimum(problem, weights)
    for t, rows in problem.design.blocks():
        energy = float(problem.lambda_w[t]) * float((solution.W[rows] ** 2).sum())
        assert responses.energy(t, weights[t]) == pytest.approx(energy, rel=1e-4, abs=1e-6)
        losses = stated.losses(solution.W @ solution.H)[t]
        assert responses.loss(t, weights[t]) == pytest.approx(float(losses.mean()), rel=1e-4)
    best = problem.objective(*_point(solve(problem, "proximal")))
    gap = (problem.objective(*_point(solution)) - best) / (problem.value_at_zero() - best)
    assert responses.equal_weight_gap(list(weights)) == pytest.approx(gap, abs=1e-6)


def _point(solution):
    return solution.W, solution.H


@pytest.mark.parametrize("strategy", PREDICTED)
@pytest.mark.parametrize("classes", [(3, 5), (4, 4)])
def test_strategies_choose_the_weights_at_whose_optimum_they_are(strategy, classes):
    problem = factorial(classes, 2)
    points = resting_points(problem, strategy)
    assert len(points) == (2 if strategy == "mgda" else 1)
    for point in points:
        assert sum(point) == pytest.approx(2)
        stated, solution = optimum(problem, point)
        gram = feature_gram(stated, solution)
        assert abs(gram[0, 1]) < 1e-6 * math.sqrt(gram[0, 0] * gram[1, 1])
        # off the optimum by rounding, orthogonal gradients look like a tiny conflict
        again = strategy_named(strategy, 2).double().weights(torch.ones(2, dtype=torch.float64), gram)
        assert again.tolist() == pytest.approx(point, rel=2e-3)


def test_equal_weights_of_equal_tasks_are_an_unstable_choice_of_mgda():
    problem = factorial((4, 4), 2)
    _, alike = optimum(problem, (1.0, 1.0))
    mgda = strategy_named("mgda", 2).double()
    ones = torch.ones(2, dtype=torch.float64)
    assert mgda.weights(ones, feature_gram(problem, alike)).tolist() == pytest.approx([1, 1], abs=1e-3)
    for step in (0.02, -0.02):
        stated, moved = optimum(problem, (1 + step, 1 - step))
        answer = mgda.weights(ones, feature_gram(stated, moved)).tolist()
        assert abs(answer[0] - 1) > 1.2 * abs(step)  # further away, on the same side
        assert (answer[0] - 1) * step > 0
    for first, second in resting_points(problem, "mgda"):
        assert abs(first - second) > 1
        closer, at = optimum(problem, (first + 0.005, second - 0.005))
        answer = mgda.weights(ones, feature_gram(closer, at)).tolist()
        assert answer[0] < first + 0.005  # back towards the point


def test_energies_are_equal_at_rest_of_fairgrad_for_any_number_of_tasks():
    problem = factorial((2, 3, 5))
    (point,) = resting_points(problem, "fairgrad")
    responses = Responses(problem)
    energies = [responses.energy(t, a) for t, a in enumerate(point)]
    assert energies == pytest.approx([energies[0]] * 3, rel=1e-9)
    assert sum(point) == pytest.approx(3)
    assert min(point) > 0


def test_uncertainty_rests_nowhere():
    problem = factorial((3, 4))
    assert resting_points(problem, "uncertainty") == resting_points(problem, "famo") == []
    responses = Responses(problem)
    for t in range(2):
        # ½ log L + E as a function of the margin: concave, and unbounded below as 2μ(K−1)/√K < 1
        alphas = [responses.threshold(t) * (1 + 10.0**p) for p in np.linspace(-3, 6, 400)]
        margins = np.array([responses.margin(t, a) for a in alphas])
        values = np.array([0.5 * math.log(responses.loss(t, a)) + responses.energy(t, a) for a in alphas])
        slopes = np.diff(values) / np.diff(margins)
        assert (np.diff(slopes) < 1e-9).all()
        limit = 2 * responses.mu[t] * (problem.design.classes[t] - 1) / math.sqrt(problem.design.classes[t])
        assert limit < 1
        assert slopes[-1] < 0
        assert 2e6 * responses.loss(t, 1e6) == pytest.approx(limit, rel=1e-4)


def test_fitted_weights_are_those_of_the_problem():
    problem = factorial((3, 4), 2)
    cell_of = np.repeat(np.arange(12), 2)
    for weights in ((1.0, 1.0), (1.7, 0.4)):
        _, solution = optimum(problem, weights)
        H = solution.H[:, cell_of]
        assert fitted_weights(problem, solution.W, H, cell_of) == pytest.approx(weights, rel=1e-4)
    dead = solution.W.copy()
    dead[:3] = 0
    with pytest.raises(ValueError, match="task 0"):
        fitted_weights(problem, dead, H, cell_of)
    turned = solution.W.copy()
    turned[3:] = -turned[3:]
    with pytest.raises(ValueError, match="task 1"):
        fitted_weights(problem, turned, H, cell_of)
    with pytest.raises(ValueError, match="weights 1"):
        fitted_weights(weighted(problem, [1.0, 2.0]), solution.W, H, cell_of)


def test_problems_of_which_nothing_is_predicted():
    design = LabelDesign.from_joint([[3, 1], [1, 3]])
    for problem in (
        UFM(design, "0.05", "0.001"),
        UFM(LabelDesign.factorial((2, 2), 1), "0.05", "0.001", bias=0),
        UFM(LabelDesign.factorial((2, 2), 1), "0.05", "0.001", loss="mse"),
        UFM(LabelDesign.multi_source((2, 2), 1), "0.05", "0.001"),
    ):
        with pytest.raises(ValueError, match="every tuple of labels"):
            resting_points(problem, "equal")
    with pytest.raises(ValueError, match="expected 1"):
        Responses(weighted(factorial((2, 2)), [1.0, 2.0]))
    with pytest.raises(ValueError, match="two"):
        resting_points(factorial((2, 2, 2)), "mgda")
    with pytest.raises(ValueError, match="smaller decays"):
        resting_points(factorial((3, 3), 1, "1.5"), "mgda")
    with pytest.raises(ValueError, match="smaller decays"):
        resting_points(factorial((3, 3), 1, "1.5"), "fairgrad")


def short(name, epochs):
    found = next(v for v in WEIGHTINGS.variants if v.name == name)
    step = found.optimisation.step
    settings = Optimisation(epochs=epochs, batch=1000, step=step, head_step=step)
    return dataclasses.replace(found, optimisation=settings, measurements=1)


def test_features_under_mgda_break_the_symmetry_and_its_rows_see_it():
    run = Experiment(short("free-mgda-tasks-alike", 1500), CPU)
    run.run()
    result = {**run.result(), "probe": effective_problem(run)}
    assert result["probe"]["status"] == "certified"
    rows = [row.to_dict() for row in WEIGHTINGS.rows({"free-mgda-tasks-alike": [result]})]
    assert {row["quantity"] for row in rows} >= {"fitted weights, to a stable point", "weights apart"}
    judged = {row["quantity"]: row["passed"] for row in rows}
    assert judged["weights apart"]
    assert judged["fitted weights, to a stable point"]
    assert result["final"]["relative_gap"] > 0.1  # far from the optimum for equal weights
    assert result["probe"]["relative_gap"] < 1e-3
    # without a fit, or with that of equal weights, the rows fail
    nothing = [row.to_dict() for row in WEIGHTINGS.rows({"free-mgda-tasks-alike": [{**result, "probe": {}}]})]
    assert sum(not row["passed"] for row in nothing) >= 5
    equal = {**result["probe"], "fitted": [1.0, 1.0]}
    claimed = [row.to_dict() for row in WEIGHTINGS.rows({"free-mgda-tasks-alike": [{**result, "probe": equal}]})]
    assert not {row["quantity"]: row["passed"] for row in claimed}["weights apart"]


def test_networks_without_weights_to_fit_have_none():
    run = Experiment(short("free-equal", 1), CPU)
    assert weightings.strategy_of(run.preset.to_dict()) == "equal"
    with torch.no_grad():
        for head in run.network.linear_heads():
            head.weight.zero_()
    assert effective_problem(run) == {}
    # small aligned heads: the data holds them up with more than they weigh, a weight at which the task is dead
    solution = run.optimum.solution
    cell_of = torch.from_numpy(run.cell_of)
    with torch.no_grad():
        for rows, head in zip((slice(0, 3), slice(3, 8)), run.network.linear_heads(), strict=True):
            head.weight.zero_()
            head.weight[:, : solution.rank] = 1e-3 * torch.from_numpy(solution.W[rows])
        run.network.variables.zero_()
        run.network.variables[:, : solution.rank] = torch.from_numpy(solution.H).T[cell_of]
    found = effective_problem(run)
    assert max(found["fitted"]) < 0.1
    assert found["relative_gap"] is None
