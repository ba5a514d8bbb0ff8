"""Plans on imbalance, partial annotation, relative position and narrow features: predictions and what they refuse."""

import math

import numpy as np
import pytest
import torch

from empirical.decays import split_decays
from empirical.experiment import Experiment
from empirical.experiments import annotation, blocks, correlation, imbalance, narrow, position
from empirical.experiments.catalogue import plan_named
from empirical.experiments.shapes import FREE_GAP
from empirical.sources.stated import design_of
from relaxations.data_term import DataTerm
from relaxations.solve import solve
from theory import UFM, LabelDesign, geometry
from theory.additivity import single_task_problem
from theory.duality import scaled_residual
from theory.landscape import narrow_problem

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def problem_of(preset):
    design, _ = preset.images().design()
    decays = split_decays(design, preset.fraction, preset.row_norm, preset.task_weights, preset.deaths)
    return UFM(design, decays.lambda_w, decays.lambda_h, bias=preset.bias, loss=preset.loss, dimension=preset.dimension)


def results_of(plan, preset, **measured):
    """The result of the untrained network, with ``measured`` in place of what it measures."""
    run = Experiment(preset, CPU)
    run._measure()
    result = run.result()
    if plan.probe is not None:
        result["probe"] = plan.probe(run)
    return {preset.name: [{**result, "final": {**result["final"], **measured}}]}


def variant(plan, name):
    return next(v for v in plan.variants if v.name == name)


def test_blocks_are_those_of_the_heads():
    rng = np.random.default_rng(0)
    design = LabelDesign.factorial((2, 3, 4))
    W = rng.standard_normal((9, 5))
    gram = W @ W.T
    rows = [design.rows_of(t) for t in range(3)]
    np.testing.assert_allclose(blocks.block(gram, design, 0, 2), W[rows[0]] @ W[rows[2]].T)
    for s, t in ((0, 1), (1, 2)):
        expected = geometry.cross_task_overlap(W[rows[s]], W[rows[t]])
        assert blocks.overlap(gram, design, s, t) == pytest.approx(expected)
    assert blocks.largest_overlap(gram, design) == pytest.approx(geometry.largest_overlap(UFM(design, "0.1", "0.1"), W))
    assert math.isnan(blocks.overlap(np.zeros_like(gram), design, 0, 1))
    assert blocks.mismatch(1.1 * gram, gram) == pytest.approx(0.1)


# --------------------------------------------------------------------------- imbalance


@pytest.mark.parametrize("name", imbalance.CASES)
def test_single_task_optima_add_up_in_the_covered_cases_alone(name):
    problem = problem_of(variant(imbalance.IMBALANCE, f"free-{name}"))
    whole = solve(problem, "proximal")
    parts = [solve(single_task_problem(problem, t), "proximal") for t in range(problem.design.tasks)]
    together = sum(part.value for part in parts)
    assert [one.solution.value for one in imbalance.additive(problem)] == pytest.approx([p.value for p in parts])
    span = problem.value_at_zero() - whole.value
    overlap = blocks.largest_overlap(whole.W @ whole.W.T, problem.design)
    if name in ("free-bias", "one-balanced", "xor"):
        assert abs(together - whole.value) < 1e-9 * span
        assert overlap < 1e-5
    else:
        assert (together - whole.value) / span > 1e-3
        assert overlap > 0.05


def test_rows_of_imbalance_refuse_a_network_that_has_not_learned():
    plan = plan_named("imbalance")
    for name in ("free-free-bias", "free-dependent"):
        rows = plan.rows(results_of(plan, variant(plan, name)))
        assert len(rows) >= 4
        assert not any(row.to_dict()["passed"] for row in rows)


# --------------------------------------------------------------------------- partial annotation


@pytest.mark.parametrize("name", ["free-p0.33", "free-p0.05", "free-unequal", "free-chain"])
def test_the_value_does_not_depend_on_who_is_annotated_together(name):
    problem = problem_of(variant(annotation.ANNOTATION, name))
    assert annotation.predicted_value(problem) == pytest.approx(solve(problem, "proximal").value, rel=1e-10)


@pytest.mark.parametrize("name", ["free-p0.33", "free-p0.05", "free-unequal"])
def test_the_resistance_along_the_face_of_nearly_optimal_points(name):
    problem = problem_of(variant(annotation.ANNOTATION, name))
    solution, design = solve(problem, "proximal"), problem.design
    root = math.sqrt(float(problem.lambda_h))
    U = scaled_residual(problem, solution.q)
    W = np.sqrt(problem.lambda_w_rows)[:, None] * solution.W
    X = W @ W.T / root  # Z' = X U'/√λ_H, ‖Z'‖_* = tr X
    rng = np.random.default_rng(0)
    A, C = (X[design.rows_of(t), design.rows_of(t)] for t in range(2))
    data = DataTerm(problem)

    def value(cross):
        Y = X.copy()
        Y[design.rows_of(0), design.rows_of(1)], Y[design.rows_of(1), design.rows_of(0)] = cross, cross.T
        zero = np.zeros(design.rows)
        return data.value(data.logits(Y @ U / root, zero), zero) + root * np.trace(Y)

    best = value(np.zeros(design.classes))
    assert best == pytest.approx(solution.value, rel=1e-9)
    cross = A @ rng.standard_normal(design.classes) @ C
    cross *= 0.02 * math.sqrt(np.linalg.norm(A) * np.linalg.norm(C)) / np.linalg.norm(cross)
    heads = root * cross / math.sqrt(float(problem.lambda_w[0] * problem.lambda_w[1]))
    expected = annotation.resistance(problem) * float((heads**2).sum())
    # odd orders cancel between the two signs
    found = (value(cross) + value(-cross)) / 2 - best
    assert found == pytest.approx(expected, rel=0.02)
    # the overlap that this excess allows is that of these heads
    span = problem.value_at_zero() - best
    own = [np.linalg.norm(solution.W[design.rows_of(t)] @ solution.W[design.rows_of(t)].T) for t in range(2)]
    allowed = annotation.allowed_overlap(problem, expected / span)
    assert allowed == pytest.approx(np.linalg.norm(heads) / math.sqrt(own[0] * own[1]), rel=1e-3)


def test_without_common_samples_the_overlap_is_free_and_with_them_it_is_not():
    plan = plan_named("partial-annotation")
    kinds = {}
    for name in ("free-p0.00", "free-p0.05"):
        rows = plan.rows(results_of(plan, variant(plan, name)))
        (row,) = [r for r in rows if "overlap" in r.quantity]
        kinds[name] = (row.kind, row.to_dict()["passed"])
    assert kinds == {"free-p0.00": ("varies", False), "free-p0.05": ("at_most", False)}
    rows = plan.rows(results_of(plan, variant(plan, "free-chain-narrow")))
    assert [(r.kind, r.predicted) for r in rows if "overlap" in r.quantity] == [
        ("at_most", 0.0),
        ("equals", 1.0),
        ("at_most", 0.0),
    ]
    assert not any(r.to_dict()["passed"] for r in rows)


# --------------------------------------------------------------------------- relative position


def test_distance_of_blocks_sees_rotated_heads():
    design = LabelDesign.multi_source((3, 3))
    rng = np.random.default_rng(0)
    W = rng.standard_normal((6, 4))
    turned = W.copy()
    turned[3:] = W[3:] @ np.linalg.qr(rng.standard_normal((4, 4)))[0]
    one, other = W @ W.T, turned @ turned.T
    assert position.distance(one, other, design, 0, 0) < 1e-15
    assert position.distance(one, other, design, 1, 1) < 1e-14
    assert position.distance(one, other, design, 0, 1) > 0.1
    plan = plan_named("relative-position")
    (runs,) = results_of(plan, variant(plan, "free")).values()
    both = plan.rows({"free": runs * 2})  # two seeds that agree: nothing is free there
    free_rows = [row.to_dict() for row in both if "(free)" in row.quantity]
    assert len(free_rows) == 2
    assert not any(row["passed"] for row in free_rows)


# --------------------------------------------------------------------------- narrow features


def test_local_minima_of_a_problem_known_in_closed_form():
    problem = narrow_problem()  # global minimum 7/16, ‖U'‖/√λ_H = 2
    (value, W, H), *_ = narrow.local_minima(problem)
    assert value == pytest.approx(7 / 16, abs=1e-12)
    assert problem.objective(W, H) == pytest.approx(value, abs=1e-12)
    assert narrow.residual_norm(problem, W, H) == pytest.approx(2, abs=1e-6)
    assert narrow.truncated_value(problem) == pytest.approx(7 / 16, abs=1e-12)
    with pytest.raises(ValueError, match="without one"):
        narrow.local_minima(UFM(LabelDesign.factorial((2, 2)), "0.1", "0.1", bias=0))


@pytest.mark.parametrize("d", [1, 2, 3, 4, 5, 6])
def test_squared_error_in_any_dimension(d):
    problem = UFM(LabelDesign.factorial((3, 4), 2), "0.02", "0.01", loss="mse", dimension=d)
    values = [value for value, _, _ in narrow.local_minima(problem, starts=6)]
    assert values[0] == pytest.approx(narrow.truncated_value(problem), rel=1e-9)
    wide = UFM(problem.design, "0.02", "0.01", loss="mse", dimension=7)
    assert narrow.truncated_value(problem) >= narrow.truncated_value(wide) - 1e-12


def test_the_interval_of_a_narrow_problem_and_spurious_minima():
    design = design_of({"factorial": [3, 3], "repetitions": 5})
    decays = split_decays(design, "0.03")
    problem = UFM(design, decays.lambda_w, decays.lambda_h, dimension=2)
    minima = narrow.local_minima(problem)
    values = [value for value, _, _ in minima]
    assert values == sorted(values)
    assert len(values) == 2  # one of them spurious
    lower = solve(problem, "proximal").lower
    assert values[0] > lower
    for _, W, H in minima:
        assert narrow.residual_norm(problem, W, H) > 1.1


def test_rows_of_narrow_features_refuse_what_is_not_there():
    plan = plan_named("narrow")
    preset = variant(plan, "free-mse-3x4-d2")
    assert not any(row.to_dict()["passed"] for row in plan.rows(results_of(plan, preset)))
    run = Experiment(preset, CPU)
    run.run()
    result = {**run.result(), "probe": plan.probe(run)}
    assert result["certificate"]["status"] == "inconclusive"  # an interval, not a point
    rows = [row.to_dict() for row in plan.rows({preset.name: [result]})]
    assert all(row["passed"] for row in rows)
    assert rows[0]["predicted"] > 0.1
    assert rows[0]["tolerance"] == FREE_GAP


# --------------------------------------------------------------------------- correlation of more than two classes


def test_networks_of_more_classes_stand_on_both_sides_of_the_transition():
    plan = plan_named("correlation-networks")
    phases = {}
    for preset in plan.variants:
        design = design_of(preset.source_options["design"])
        decays = split_decays(design, preset.fraction)
        phases[preset.name] = correlation.law_of(UFM(design, decays.lambda_w, decays.lambda_h)).phase
        assert preset.dimension >= sum(k - 1 for k in design.classes)
    for k in (3, 10):
        assert {name[-5:]: phase for name, phase in phases.items() if f"K{k}-" in name and "+" in name} == {
            "+0.30": "alive",
            "+0.60": "alive",
            "+0.80": "merged",
        }
