"""Chains of linear maps on unit vectors: features are the product of the maps, and weight decay collapses them."""

import dataclasses

import numpy as np
import pytest
import torch

from empirical.decays import split_decays
from empirical.experiment import Experiment
from empirical.experiments import chains, decay
from empirical.experiments.catalogue import plan_named
from empirical.linear_chain import linear_chain
from empirical.training import Optimisation
from theory import UFM, LabelDesign
from theory.deep_linear import chain_point

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("depth", [0, 1, 3])
def test_the_output_is_the_product_of_the_maps(depth):
    torch.manual_seed(0)
    numbers = torch.arange(6, dtype=torch.float64).reshape(-1, 1, 1, 1)
    chain, width = linear_chain(numbers, 4, depth)
    chain = chain.double()
    product = torch.eye(6, dtype=torch.float64)
    for layer in chain:
        if isinstance(layer, torch.nn.Linear):
            assert layer.bias is None
            product = layer.weight @ product
    assert width == (6 if depth == 0 else 4)
    torch.testing.assert_close(chain(numbers), product.T)
    torch.testing.assert_close(chain(numbers[[4, 1]]), product.T[[4, 1]])


def variant(name):
    plan = plan_named("weight-decay")
    found = next(v for v in plan.variants if v.name == name)
    return plan, dataclasses.replace(found, measurements=1)  # λ_H is fitted and certified at every measurement


def result_of(plan, preset):
    run = Experiment(preset, CPU)
    run.run()
    return {**run.result(), "probe": plan.probe(run)}


@pytest.mark.parametrize("name", ["chain-3x3-D2", "chain-2x3-D3"])
def test_weight_decay_ends_where_the_theory_says(name):
    plan, preset = variant(name)
    result = result_of(plan, preset)
    rows = [row.to_dict() for row in plan.rows({name: [result]})]
    assert len(rows) == 7
    assert all(row["passed"] for row in rows)
    # λ_H is that of the fit, and not the nominal one
    assert result["final"]["fitted_feature_decay"] == pytest.approx(decay.predicted(result).feature_decay, rel=1e-4)
    # a run that has not arrived fails every row on values
    short = dataclasses.replace(
        preset, optimisation=Optimisation(epochs=1, batch=1, step=1.0, head_step=1.0, optimiser="lbfgs")
    )
    early = [row.to_dict() for row in plan.rows({name: [result_of(plan, short)]})]
    assert not any(row["passed"] for row in early if "value" in row["quantity"] or "gap" in row["quantity"])


def test_rows_of_networks_fail_where_the_geometry_is_the_certified_one_or_nowhere_near():
    plan, preset = variant("mlp2-5x5")
    run = Experiment(preset, CPU)
    run._measure()
    result = {**run.result(), "probe": plan.probe(run)}
    final = {**result["final"], "etf": [1e-4, 1e-4], "sum_rule": 1e-3, "relative_gap": 0.2, "accuracy": [0.5, 1.0]}
    rows = {row.quantity: row.to_dict() for row in plan.rows({"mlp2-5x5": [{**result, "final": final}]})}
    failing = ("relative gap to the fitted problem", "accuracy", "ETF deviation (not the certified shape)")
    assert not any(rows[name]["passed"] for name in failing)


def chain_problem(classes):
    design = LabelDesign.factorial(classes, 10)
    decays = split_decays(design, "0.0003", 4.3)
    return UFM(design, decays.lambda_w, decays.lambda_h)


def test_the_gradient_of_the_other_solver():
    problem, rng = chain_problem((2, 3)), np.random.default_rng(0)
    factors = [rng.standard_normal(shape) for shape in ((5, 3), (3, 3), (3, 6))]
    c = rng.standard_normal(3)
    _, gradients, last = chains.chain_value(problem, 0.1, factors, c)
    for i in range(3):
        step = rng.standard_normal(factors[i].shape)
        ends = []
        for s in (1e-6, -1e-6):
            moved = [A + s * step if j == i else A for j, A in enumerate(factors)]
            ends.append(chains.chain_value(problem, 0.1, moved, c)[0])
        assert (ends[0] - ends[1]) / 2e-6 == pytest.approx(float((gradients[i] * step).sum()), rel=1e-6)
    step = rng.standard_normal(3)
    ends = [chains.chain_value(problem, 0.1, factors, c + s * step)[0] for s in (1e-6, -1e-6)]
    assert (ends[0] - ends[1]) / 2e-6 == pytest.approx(float(last @ step), rel=1e-6)


@pytest.mark.parametrize(("classes", "matrices", "lower"), [((3, 3), 3, False), ((2, 3), 4, False), ((2, 5), 3, True)])
def test_the_symmetric_point_is_a_minimum_and_not_always_the_best(classes, matrices, lower):
    problem = chain_problem(classes)
    point = chain_point(classes, (1.0, 1.0), problem.design.samples, float(problem.lambda_w[0]), matrices)
    minima = chains.chain_minima(problem, matrices, starts=24)
    assert min(abs(value - point.value) for value in minima) < 1e-8 * point.value
    assert (minima[0] < 0.999 * point.value) is lower
    with pytest.raises(ValueError, match="without one"):
        chains.chain_minima(UFM(problem.design, "0.1", "0.1", bias=0), matrices)
