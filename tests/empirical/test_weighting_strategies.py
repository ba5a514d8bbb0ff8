"""Strategies against the papers' formulas by hand, closed forms, a quadratic program, and TorchJD's own scalarizers."""

import dataclasses
import itertools
import sys

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from empirical.experiment import Experiment
from empirical.experiments.shapes import free, on_digits
from empirical.networks import FreeFeatures
from empirical.objective import OBJECTIVES, AdaptiveObjective, UFMObjective
from empirical.training import Optimisation, Trainer
from empirical.weightings.objective import WeightedObjective
from empirical.weightings.strategies import STRATEGIES, strategy_named
from theory import UFM, LabelDesign

scalarization = pytest.importorskip("torchjd.scalarization", reason="TorchJD is an optional extra")

CPU = torch.device("cpu")
LOSSES = torch.tensor([0.7, 0.2], dtype=torch.float64)


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def gram_of(*vectors):
    stacked = torch.from_numpy(np.array(vectors, dtype=np.float64))
    return stacked @ stacked.T


def chosen(name, gram):
    strategy = strategy_named(name, len(gram)).double()
    return strategy.weights(torch.ones(len(gram), dtype=torch.float64), gram)


# --------------------------------------------------------------------------- those that look at losses


def test_equal():
    assert strategy_named("equal", 3).weights(torch.rand(3), None).tolist() == [1, 1, 1]


def test_uncertainty_and_its_gradient():
    ours, theirs = strategy_named("uncertainty", 2).double(), scalarization.UW(2).double()
    start = torch.tensor([0.3, -1.1], dtype=torch.float64)
    with torch.no_grad():
        ours.s.copy_(start)
        theirs.log_var.copy_(start)
    value = (ours.weights(LOSSES, None) * LOSSES).sum() + ours.penalty()
    assert value.item() == pytest.approx(theirs(LOSSES).item(), rel=1e-14)
    (gradient,) = torch.autograd.grad(value, ours.s)
    torch.testing.assert_close(gradient, 0.5 - 0.5 * torch.exp(-start) * LOSSES)
    # s is best at α = 1/(2L)
    with torch.no_grad():
        ours.s.copy_(LOSSES.log())
    value = (ours.weights(LOSSES, None) * LOSSES).sum() + ours.penalty()
    assert torch.autograd.grad(value, ours.s)[0].abs().max() < 1e-15
    torch.testing.assert_close(ours.weights(LOSSES, None).detach(), 0.5 / LOSSES)


def test_dynamic_averages_by_hand_and_by_torchjd():
    ours, theirs = strategy_named("dwa", 2).double(), scalarization.DWA(2.0)
    epochs = torch.rand(4, 3, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) + 0.1
    for number, epoch in enumerate(epochs):
        for losses in epoch:
            weights = ours.weights(losses, None)
            assert theirs(losses).item() == pytest.approx(float(weights @ losses), rel=1e-14)
            if number < 2:
                assert weights.tolist() == [1, 1]
            else:
                ratio = epochs[number - 1].mean(dim=0) / epochs[number - 2].mean(dim=0)
                powers = [np.exp(float(r) / 2) for r in ratio]
                assert weights.tolist() == pytest.approx([2 * p / sum(powers) for p in powers], rel=1e-12)
        ours.after_epoch()
        theirs.step()


def test_famo_by_hand_and_by_torchjd():
    ours, theirs = strategy_named("famo", 3).double(), scalarization.FAMO(3).double()
    draws = torch.rand(20, 2, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1)) + 0.05
    for number, (before, after) in enumerate(draws):
        variable = before.clone().requires_grad_()
        (gradient,) = torch.autograd.grad(theirs(variable), variable)
        weights = ours.weights(before, None)
        # theirs are a convex combination, ours have sum T
        torch.testing.assert_close(weights, 3 * gradient / gradient.sum(), rtol=1e-7, atol=0)
        assert weights.sum().item() == pytest.approx(3)
        if number == 0:
            torch.testing.assert_close(weights * before / (weights * before)[0], torch.ones(3, dtype=torch.float64))
        ours.after_step(before, after)
        theirs.update(after)
        if number == 0:
            # the first step of Adam has size 0.025 whatever the gradient: away from the tasks that fell most
            fallen = before.log() - after.log()
            expected = -0.025 * torch.sign(fallen - fallen.mean())
            torch.testing.assert_close(ours.logits, expected, rtol=1e-3, atol=0)


# --------------------------------------------------------------------------- those that look at gradients


@pytest.mark.parametrize("seed", range(5))
def test_mgda_of_two_tasks_is_the_closed_form(seed):
    g = np.random.default_rng(seed).normal(size=(2, 4)) * [[1], [3]]
    a, b, c = g[0] @ g[0], g[0] @ g[1], g[1] @ g[1]
    share = min(max((c - b) / (a + c - 2 * b), 0), 1)
    assert chosen("mgda", gram_of(*g)).tolist() == pytest.approx([2 * share, 2 - 2 * share], abs=1e-9)


def test_mgda_where_one_gradient_is_the_shortest_vector():
    # the second lies in the direction of the first and is longer
    assert chosen("mgda", gram_of([1.0, 0.0], [2.0, 0.5])).tolist() == pytest.approx([2, 0], abs=1e-9)


def test_mgda_of_three_tasks_is_nearly_the_quadratic_program():
    # the Frank-Wolfe method, exact for two tasks, has only come near after its 250 steps
    g = np.random.default_rng(3).normal(size=(3, 5))
    weights = chosen("mgda", gram_of(*g)).numpy() / 3
    best = minimize(
        lambda w: ((w @ g) ** 2).sum(),
        np.ones(3) / 3,
        bounds=[(0, 1)] * 3,
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1},
        options={"ftol": 1e-15},
    )
    assert weights.sum() == pytest.approx(1)
    assert weights.min() >= 0
    assert ((weights @ g) ** 2).sum() == pytest.approx(best.fun, rel=0.02)


def projected(g, orders):
    """Yu et al., algorithm 1, on the vectors themselves."""
    out = np.zeros_like(g[0])
    for i, order in enumerate(orders):
        mine = g[i].copy()
        for j in order:
            if mine @ g[j] < 0:
                mine -= mine @ g[j] / (g[j] @ g[j]) * g[j]
        out += mine
    return out


def test_pcgrad_projects_conflicts_away():
    g = np.array([[1.0, 0.2], [-1.0, 1.0]])
    weights = chosen("pcgrad", gram_of(*g)).numpy()
    np.testing.assert_allclose(weights @ g, projected(g, [[1], [0]]), atol=1e-12)
    assert weights.min() > 1  # each gets its part of the other's projection
    agreeing = np.array([[1.0, 0.2], [1.0, 1.0]])
    assert chosen("pcgrad", gram_of(*agreeing)).tolist() == [1, 1]


def test_pcgrad_of_three_tasks_is_one_of_the_orders_and_repeats():
    g = np.random.default_rng(7).normal(size=(3, 2)) + np.array([[0, 0], [-1, 0], [0, -1]])
    possible = [
        projected(g, orders) for orders in itertools.product(*([[(1, 2), (2, 1)], [(0, 2), (2, 0)], [(0, 1), (1, 0)]]))
    ]
    first = chosen("pcgrad", gram_of(*g))
    assert min(np.abs(first.numpy() @ g - one).max() for one in possible) < 1e-10
    torch.rand(5)  # others draw numbers too
    before = torch.get_rng_state()
    assert chosen("pcgrad", gram_of(*g)).tolist() == first.tolist()
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("seed", range(3))
def test_fairgrad_solves_its_equation(seed):
    g = np.random.default_rng(seed).normal(size=(3, 6)) * [[1], [10], [0.1]]
    weights = chosen("fairgrad", gram_of(*g)).numpy()
    products = weights * (g @ g.T @ weights)  # the same number for all, up to the scale of the weights
    np.testing.assert_allclose(products / products.mean(), 1, rtol=1e-3)
    assert weights.sum() == pytest.approx(3)
    orthogonal = chosen("fairgrad", gram_of([2.0, 0.0], [0.0, 0.5])).tolist()
    assert orthogonal == pytest.approx([0.4, 1.6], rel=1e-5)  # as 1/‖g‖


def test_gradients_of_zero_and_missing_ones():
    assert chosen("mgda", torch.zeros(2, 2, dtype=torch.float64)).tolist() == [1, 1]
    with pytest.raises(ValueError, match="looks at gradients"):
        strategy_named("mgda", 2).weights(LOSSES, None)


def test_unknown_strategies_and_a_missing_library(monkeypatch):
    with pytest.raises(ValueError, match="fairgrad"):
        strategy_named("best", 2)
    monkeypatch.setitem(sys.modules, "torchjd", None)
    with pytest.raises(ModuleNotFoundError, match=r"multitask-collapse\[weightings\]"):
        strategy_named("mgda", 2)
    assert strategy_named("famo", 2).tasks == 2


# --------------------------------------------------------------------------- the objective


def problem_with_missing_labels():
    design = LabelDesign((2, 3), [[0, 1, -1, 0], [1, 2, 0, -1]], [3, 2, 4, 1])
    return UFM(design, "0.01", "0.002", dimension=4), np.repeat(np.arange(4), design.counts)


def test_equal_weights_give_the_plain_objective():
    problem, cell_of = problem_with_missing_labels()
    torch.manual_seed(0)
    network = FreeFeatures(10, 4, (2, 3)).double()
    index = torch.tensor([0, 3, 4, 9, 7])
    images = torch.arange(10.0, dtype=torch.float64).reshape(-1, 1, 1, 1)
    values, gradients = [], []
    for objective in (
        UFMObjective(problem, cell_of, torch.float64),
        WeightedObjective(problem, cell_of, "equal", torch.float64),
    ):
        value = objective(network, network(images[index]), index)
        values.append(value.item())
        gradients.append(torch.cat([g.flatten() for g in torch.autograd.grad(value, list(network.parameters()))]))
    assert values[0] == pytest.approx(values[1], rel=1e-14)
    torch.testing.assert_close(gradients[0], gradients[1])
    assert not isinstance(UFMObjective(problem, cell_of), AdaptiveObjective)
    assert isinstance(OBJECTIVES["weights-dwa"](problem, cell_of), AdaptiveObjective)


def test_gram_matrices_of_features_and_of_parameters():
    problem, cell_of = problem_with_missing_labels()
    torch.manual_seed(1)
    network = FreeFeatures(10, 4, (2, 3)).double()
    index = torch.arange(10)
    images = index.double().reshape(-1, 1, 1, 1)
    found = []
    for name in ("mgda", "mgda-parameters"):
        objective = WeightedObjective(problem, cell_of, name, torch.float64)
        features = network(images)
        found.append(objective._gram(network, features, objective.task_losses(network, features, index)))
    # features are the only shared parameters here
    torch.testing.assert_close(found[0], found[1])
    # finite differences of L_t along random directions against Gram entries: ⟨g_s, g_t⟩ = d/dε L_s(H + ε g_t)
    plain = WeightedObjective(problem, cell_of, "equal", torch.float64)

    def losses(variables):
        with torch.no_grad():
            network.variables.copy_(variables)
            return plain.task_losses(network, network(images), index)

    start = network.variables.detach().clone()
    eps = 1e-5
    for t in range(2):
        direction = torch.autograd.grad(plain.task_losses(network, network(images), index)[t], network.variables)[0]
        slope = (losses(start + eps * direction) - losses(start - eps * direction)) / (2 * eps)
        losses(start)
        torch.testing.assert_close(slope, found[0][:, t], rtol=1e-6, atol=1e-12)


def test_what_an_objective_of_changing_weights_refuses():
    problem, cell_of = problem_with_missing_labels()
    weighted = UFM(problem.design, "0.01", "0.002", task_weights=("1", "2"), dimension=4)
    with pytest.raises(ValueError, match="the strategy chooses"):
        WeightedObjective(weighted, cell_of, "mgda")
    network = FreeFeatures(10, 4, (2, 3))
    settings = Optimisation(epochs=1, batch=1, step=1.0, head_step=1.0, optimiser="lbfgs")
    with pytest.raises(ValueError, match="lbfgs"):
        Trainer(network, torch.zeros(10, 1, 1, 1), WeightedObjective(problem, cell_of, "dwa"), settings, 0)


@pytest.mark.parametrize("strategy", ["uncertainty", "dwa", "famo", "pcgrad", "mgda-parameters"])
def test_a_run_resumes_bit_for_bit(strategy, tmp_path):
    variant = on_digits(
        "x",
        "",
        {"factorial": [2, 3], "repetitions": 4},
        backbone_options={"width": 8, "depth": 1},
        dimension=6,
        objective=f"weights-{strategy}",
        optimisation=Optimisation(epochs=6, batch=8, step=1e-2, head_step=1e-2),
        measurements=2,
    )
    whole = Experiment(variant, CPU)
    whole.run()
    half = Experiment(variant, CPU)
    half.run(checkpoint=tmp_path / "c.pt", every=3, on_epoch=lambda epoch, latest: None)
    again = Experiment(variant, CPU)
    again.resume(tmp_path / "c.pt")
    assert again.trainer.epoch == 3
    again.run()
    assert again.result() == whole.result()
    objective = again.trainer.objective
    assert objective.current_weights().tolist() == whole.trainer.objective.current_weights().tolist()
    if strategy in ("uncertainty", "famo", "dwa"):
        assert max(abs(objective.current_weights() - (0.5 if strategy == "uncertainty" else 1))) > 1e-3


def test_every_strategy_is_an_objective_by_name():
    assert {f"weights-{name}" for name in STRATEGIES} <= set(OBJECTIVES)
    preset = dataclasses.replace(free("a", "", {"factorial": [2, 2]}), objective="weights-best")
    with pytest.raises((KeyError, ValueError), match="best"):
        Experiment(preset, CPU)
