"""Plans: rows are judged by their worst seed, and predictions agree with certified optima."""

import dataclasses
import math

import numpy as np
import pytest
import torch

from empirical.compare import row_norms
from empirical.decays import split_decays
from empirical.experiment import Experiment
from empirical.experiments import collapse, correlation, dissection, thresholds, unequal
from empirical.experiments.catalogue import PLANS, plan_named
from empirical.experiments.plan import Plan, Row, problem_of
from empirical.experiments.shapes import FREE_GAP, free, on_digits
from empirical.presets import Preset
from empirical.training import Optimisation
from relaxations.solve import solve
from theory import UFM, LabelDesign, geometry

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def row(kind, predicted, tolerance, *values):
    return Row("variant", "quantity", kind, predicted, tolerance, values, "claim").to_dict()


def test_every_seed_must_hold():
    assert row("equals", 1.0, 0.1, 1.05, 0.95)["passed"]
    missed = row("equals", 1.0, 0.1, 1.0, 1.0, 1.2)
    assert not missed["passed"]  # the mean, 1.07, would have
    assert missed["deviation"] == pytest.approx(0.2)
    assert missed["mean"] == pytest.approx(3.2 / 3)
    assert missed["spread"] == pytest.approx(math.sqrt((2 * (0.2 / 3) ** 2 + (0.4 / 3) ** 2) / 2))
    assert row("at_most", 0.0, 0.1, 0.05, 0.1)["passed"]
    assert not row("at_most", 0.0, 0.1, 0.05, 0.11)["passed"]
    assert row("at_least", None, 0.9, 0.9, 1.0)["passed"]
    assert not row("at_least", None, 0.9, 0.89, 1.0)["passed"]
    assert row("varies", None, 0.1, 0.2, 0.35)["passed"]
    assert not row("varies", None, 0.1, 0.2, 0.25)["passed"]
    assert not row("varies", None, 0.0, 0.2)["passed"]  # one seed shows no variation
    assert row("equals", 1.0, 0.1, 1.0)["spread"] is None


@pytest.mark.parametrize("value", [None, float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("kind", ["equals", "at_most", "at_least", "varies"])
def test_what_has_no_value_fails(kind, value):
    judged = row(kind, 0.0, -100.0 if kind == "at_least" else 100.0, 0.0, value)
    assert not judged["passed"]
    assert judged["values"] == [0.0, None]
    assert judged["mean"] is None


def test_rows_that_say_nothing_are_refused():
    with pytest.raises(ValueError, match="unknown"):
        row("near", 0.0, 1.0, 0.0)
    with pytest.raises(ValueError, match="nothing predicted"):
        row("equals", None, 1.0, 0.0)
    with pytest.raises(ValueError, match="nothing predicted"):
        row("equals", float("nan"), 1.0, 0.0)
    with pytest.raises(ValueError, match="no seed"):
        row("at_most", 0.0, 1.0)
    preset = free("a", "", {"factorial": [2, 2]})
    with pytest.raises(ValueError, match="one name"):
        Plan("p", "", "", (preset, preset), lambda results: [])


# --------------------------------------------------------------------------- predictions against certified optima


def optimum_of(design, fraction, **options):
    weights = options.get("task_weights", "1")
    decays = split_decays(design, fraction, 0.5, weights, deaths=True)
    problem = UFM(design, decays.lambda_w, decays.lambda_h, **options)
    return problem, solve(problem, "proximal")


@pytest.mark.parametrize("fraction", ["0.03", "0.8", "1.4", "3"])
@pytest.mark.parametrize("weights", ["1", ("2", "1")])
def test_norms_margins_and_the_angle_of_the_plain_sum(fraction, weights):
    problem, solution = optimum_of(LabelDesign.factorial((2, 5), 3), fraction, task_weights=weights)
    norms = row_norms(problem, solution.W)
    for t in range(2):
        assert collapse.predicted_row_norm(problem, t) == pytest.approx(norms[t], rel=1e-5, abs=1e-5)
        margin = thresholds.measured_margin(problem, t, norms[t])
        assert margin == pytest.approx(collapse.predicted_margin(problem, t), rel=1e-5, abs=1e-5)
    if all(norm > 0.01 for norm in norms):
        plain = geometry.sum_rule_deviation(problem, solution.W, solution.H, weighted=False)
        assert unequal.predicted_plain_deviation(problem) == pytest.approx(plain, abs=1e-5)
        assert plain > 0.05


def test_multi_source_norms_count_their_own_samples():
    problem, solution = optimum_of(LabelDesign.multi_source((3, 4), (5, 7)), "0.1")
    norms = row_norms(problem, solution.W)
    assert [collapse.predicted_row_norm(problem, t) for t in range(2)] == pytest.approx(norms, rel=1e-5)


@pytest.mark.parametrize(("classes", "rho"), [(2, -80), (2, 30), (2, 80), (3, -45), (3, 60), (3, 80)])
def test_the_correlation_law_at_certified_optima(classes, rho):
    design = LabelDesign.from_joint(correlation.table(classes, rho, 20))
    problem, solution = optimum_of(design, correlation.FRACTION)
    found = correlation.cosines(solution.W @ solution.W.T, classes)
    assert correlation.law_of(problem).cosine == pytest.approx(found, abs=1e-5)


def test_the_grids_lie_on_both_sides_of_the_merging_transition():
    phases = {}
    for variant in PLANS["correlation"].variants:
        if variant.name.startswith("free-K2"):
            design, _ = variant.images().design()
            decays = split_decays(design, variant.fraction)
            phases[variant.name] = correlation.law_of(UFM(design, decays.lambda_w, decays.lambda_h)).phase
    assert phases["free-K2-rho+0.65"] == phases["free-K2-rho-0.65"] == "alive"
    assert phases["free-K2-rho+0.75"] == "merged"
    assert phases["free-K2-rho-0.75"] == "opposed"


def test_tables_that_are_not_whole_and_other_problems_are_refused():
    with pytest.raises(ValueError, match="whole"):
        correlation.table(2, 33, 10)
    problem, _ = optimum_of(LabelDesign.from_joint([[3, 1], [1, 4]]), "0.3")
    with pytest.raises(ValueError, match="correlation law"):
        correlation.law_of(problem)
    with pytest.raises(ValueError, match="different problems"):
        problem_of([{"problem": {"id": "a"}}, {"problem": {"id": "b"}}])


# --------------------------------------------------------------------------- the presets of the plans


@pytest.mark.parametrize("name", PLANS)
def test_every_plan_is_well_formed(name):
    plan = plan_named(name)
    assert plan.name == name
    assert plan.question.endswith("?")
    for variant in plan.variants:
        assert isinstance(variant, Preset)
        # on one thread a record repeats bit for bit; on a GPU it is not meant to
        assert variant.threads == 1 or (plan.accelerator and not variant.deterministic)
        if variant.backbone == "free":
            assert variant.precision == "float64"
            assert variant.images().design()[0].samples <= 2000


def test_unknown_experiments_are_named():
    with pytest.raises(ValueError, match="single-source"):
        plan_named("everything")


@pytest.mark.parametrize("variant", [PLANS["correlation"].variants[3], PLANS["thresholds"].variants[4]])
def test_free_features_reach_the_certified_value(variant):
    run = Experiment(variant, CPU)
    run.run()
    result = run.result()
    assert result["certificate"]["status"] == "certified"
    assert abs(result["final"]["relative_gap"]) <= FREE_GAP
    assert result["history"][0]["relative_gap"] > 0.1
    rows = PLANS["correlation" if "rho" in variant.name else "thresholds"].rows({variant.name: [result]})
    assert len(rows) == 3
    assert all(one.to_dict()["passed"] for one in rows)
    # the initial point fails
    wrong = {**result, "final": {**result["history"][0], "gram": np.eye(len(result["final"]["gram"])).tolist()}}
    plan = PLANS["correlation" if "rho" in variant.name else "thresholds"]
    assert not any(one.to_dict()["passed"] for one in plan.rows({variant.name: [wrong]}))


def test_a_run_of_free_features_resumes_bit_for_bit(tmp_path):
    variant = dataclasses.replace(
        PLANS["correlation"].variants[0],
        optimisation=Optimisation(epochs=4, batch=1, step=1.0, head_step=1.0, optimiser="lbfgs"),
    )
    whole = Experiment(variant, CPU)
    whole.run()
    half = Experiment(variant, CPU)
    half._measure()
    for _ in range(2):
        half.trainer.run_epoch()
        half._measure()
    half.save(tmp_path / "c.pt")
    again = Experiment(variant, CPU)
    again.resume(tmp_path / "c.pt")
    again.run()
    assert again.result() == whole.result()


# --------------------------------------------------------------------------- dissection


def test_dissection_of_an_additive_network_and_of_one_that_is_not():
    variant = on_digits("x", "", {"factorial": [3, 3], "repetitions": 1}, dimension=6)
    run = Experiment(variant, CPU)
    # every class is one image, bright in a pixel of its own: nothing varies within a class
    images = torch.zeros(9, 1, 16, 16)
    for i, (left, right) in enumerate(run.data.labels):
        images[i, 0, left, 0] = 1.0
        images[i, 0, 15 - right, 15] = 1.0
    run.images = images
    exact = torch.linalg.svd(torch.eye(3) - 1 / 3)[0][:, :2]  # rows of an ETF
    weight = torch.zeros(6, 256)
    for k in range(3):
        weight[:2, 16 * k] = exact[k]
        weight[2:4, 16 * (15 - k) + 15] = exact[k]
    run.network.backbone = torch.nn.Flatten()
    run.network.features = torch.nn.Linear(256, 6, bias=False)
    with torch.no_grad():
        run.network.features.weight.copy_(weight)
        for t, head in enumerate(run.network.linear_heads()):
            head.weight.zero_()
            head.weight[:, 2 * t : 2 * t + 2] = exact
    found = dissection.dissect(run)
    assert found["own_accuracy"] == [1, 1]
    assert max(*found["nc1"], *found["nc2"], *found["nc3"], *found["outside"], found["sum"]) < 1e-6
    with torch.no_grad():
        run.network.linear_heads()[1].weight[:, :2] = exact  # now reads the other digit as well
    turned = dissection.dissect(run)
    assert turned["nc3"][1] > 0.5
    assert turned["outside"][1] > 0.1
    mixed = torch.nn.Linear(6, 6, bias=False)
    torch.nn.init.orthogonal_(mixed.weight, generator=torch.Generator().manual_seed(0))
    run.network.features = torch.nn.Sequential(run.network.features, mixed, torch.nn.Softplus(beta=2.0))
    assert dissection.dissect(run)["sum"] > 1e-3
