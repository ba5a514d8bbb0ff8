from dataclasses import FrozenInstanceError
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import log_softmax
from strategies import free_designs, problems, random_point

from theory import UFM, LabelDesign
from theory.model import CONVENTIONS


def objective_by_hand(design, convention, c, lam_w, lam_h, lam_b, loss, W, H, b):
    """f as a paper writes it, sample by sample, from the stated numbers alone."""
    labels = np.repeat(design.labels, design.counts, axis=1)
    features = np.repeat(H, design.counts, axis=1)
    half = 0.5 if convention.halves else 1.0
    total = half * lam_h * (features**2).sum()
    for t, rows in design.blocks():
        keep = labels[t] >= 0
        value = 0.0
        for label, h in zip(labels[t][keep], features.T[keep], strict=True):
            z = W[rows] @ h + b[rows]
            target = np.eye(design.classes[t])[label]
            value += -log_softmax(z)[label] if loss == "ce" else 0.5 * ((z - target) ** 2).sum()
        total += c[t] * (value / keep.sum() if convention.mean else value)
        on_decay = c[t] if convention.weighted_decay else 1.0
        total += half * on_decay * (lam_w[t] * (W[rows] ** 2).sum() + lam_b * (b[rows] ** 2).sum())
    return total


@pytest.mark.parametrize("convention", CONVENTIONS.values(), ids=CONVENTIONS)
@given(free_designs(), st.sampled_from(["ce", "mse"]), st.integers(0, 1000))
def test_objective_is_the_formula_of_every_convention(convention, design, loss, seed):
    c, lam_w = [0.5 + t for t in range(design.tasks)], [0.1 + 0.2 * t for t in range(design.tasks)]
    problem = UFM(design, lam_w, 0.03, c, bias=0.7, loss=loss, convention=convention.name)
    W, H, b = random_point(problem, seed)
    expected = objective_by_hand(design, convention, c, lam_w, 0.03, 0.7, loss, W, H, b)
    assert problem.objective(W, H, b) == pytest.approx(expected, rel=1e-12)


@given(problems(designs=free_designs()), st.integers(0, 1000))
def test_samples_one_by_one_and_cell_by_cell_agree(problem, seed):
    W, H, b = random_point(problem, seed)
    cell_of = np.repeat(np.arange(problem.design.cells), problem.design.counts)
    assert problem.objective(W, H[:, cell_of], b, cell_of) == pytest.approx(problem.objective(W, H, b), rel=1e-12)


@given(problems())
def test_a_problem_survives_its_own_text(problem):
    again = UFM.from_dict(problem.to_dict())
    assert again.identity == problem.identity
    assert again.to_dict() == problem.to_dict()


def test_every_number_takes_part_in_the_identity():
    base = {"weight_decay": "0.1", "feature_decay": "0.2"}
    design = LabelDesign.factorial((2, 3))
    changes = [
        {"weight_decay": ["0.1", "0.1000001"]}, {"feature_decay": "0.21"}, {"task_weights": [1, 2]}, {"bias": 0},
        {"bias": "0.1"}, {"loss": "mse"}, {"dimension": 4}, {"convention": "paper-sum"},
    ]  # fmt: skip
    identities = {UFM(design, **base).identity} | {UFM(design, **{**base, **c}).identity for c in changes}
    identities.add(UFM(LabelDesign.factorial((3, 2)), **base).identity)
    identities.add(UFM(LabelDesign.factorial((2, 3), 2), **base).identity)
    identities.add(UFM(design.smoothed("0.1"), **base).identity)
    assert len(identities) == 1 + len(changes) + 3


def test_numbers_are_exact():
    problem = UFM(LabelDesign.factorial((2, 3)), "0.1", "0.3", task_weights=["1/3", 1], convention="paper-mean")
    assert problem.lambda_w == (Fraction(2, 30), Fraction(1, 5))
    assert problem.lambda_h == Fraction(3, 5)
    canonical = problem.lambda_w[0] * problem.lambda_h
    assert problem.stated_product(canonical, 0) == Fraction(1, 10) * Fraction(3, 10)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"weight_decay": -1}, "weight_decay: -1; expected a positive"),
        ({"weight_decay": [1, 1, 1]}, "3 numbers for 2 tasks"),
        ({"feature_decay": 0}, "feature_decay: 0; expected a positive"),
        ({"feature_decay": float("nan")}, "not finite"),
        ({"feature_decay": "1e-200"}, "out of proportion"),
        ({"task_weights": 0}, "task_weights"),
        ({"bias": -1}, "bias: -1"),
        ({"bias": [0, 1]}, "choose one kind"),
        ({"loss": "hinge"}, "unknown; expected one of ce"),
        ({"dimension": 0}, "dimension: 0"),
        ({"dimension": 10**12}, "is always enough"),
        ({"convention": "mine"}, "unknown; expected one of mean-halves"),
    ],
)
def test_bad_numbers_are_refused_with_the_reason(change, message):
    with pytest.raises(ValueError, match=message):
        UFM(LabelDesign.factorial((2, 3)), **{"weight_decay": 1, "feature_decay": 1, **change})


def test_bad_types_are_refused():
    design = LabelDesign.factorial((2, 3))
    with pytest.raises(TypeError, match="LabelDesign"):
        UFM([[0, 1]], 1, 1)
    with pytest.raises(TypeError, match="whole number"):
        UFM(design, 1, 1, dimension=2.5)
    with pytest.raises(TypeError, match="weight_decay"):
        UFM(design, None, 1)


def test_a_class_without_samples_has_no_minimum_under_a_free_bias():
    design = LabelDesign((3,), [[0, 1]], [1, 1])
    UFM(design, 1, 1)
    UFM(design, 1, 1, bias="0.1")
    with pytest.raises(ValueError, match="infimum is not attained"):
        UFM(design, 1, 1, bias=0)


def test_points_of_the_wrong_shape_are_refused():
    problem = UFM(LabelDesign.factorial((2, 3)), 1, 1, dimension=3)
    W, H = np.zeros((5, 3)), np.zeros((3, 6))
    for bad, message in [
        ((W[:4], H), "W: shape"), ((W, H[:, :5]), "H: shape"), ((np.zeros((5, 4)), np.zeros((4, 6))), "exceeds"),
        ((W, H, np.ones(5)), "no bias"), ((W, H, np.ones(4)), "b: shape"), ((W * np.nan, H), "not finite"),
    ]:  # fmt: skip
        with pytest.raises(ValueError, match=message):
            problem.objective(*bad)


def test_problems_are_frozen():
    problem = UFM(LabelDesign.factorial((2,)), 1, 1)
    with pytest.raises(FrozenInstanceError):
        problem.loss = "mse"
    with pytest.raises(ValueError, match="read-only"):
        problem.design.counts[0] = 3


def test_from_dict_refuses_other_keys():
    data = UFM(LabelDesign.factorial((2,)), 1, 1).to_dict()
    with pytest.raises(ValueError, match="exactly the keys"):
        UFM.from_dict({**data, "extra": 1})
    with pytest.raises(ValueError, match="exactly the keys"):
        UFM.from_dict({k: v for k, v in data.items() if k != "bias"})
