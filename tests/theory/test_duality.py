import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference import local_minimum
from strategies import balanced_designs, free_designs, problems, random_point

from theory import UFM, LabelDesign
from theory.duality import bias_residual, dual_value, feasible_dual, gap_anatomy, scaled_residual, spectral_norm

SEEDS = st.integers(0, 2**32 - 1)
ANY = problems(designs=st.one_of(free_designs(), balanced_designs(max_cells=20)))


@given(ANY, SEEDS)
def test_a_feasible_dual_is_feasible_and_below_every_point(problem, seed):
    W, H, b = random_point(problem, seed, scale=0.5)
    q = problem.predictions(W @ H + (0 if b is None else b[:, None]))
    dual = feasible_dual(problem, q, b)
    assert spectral_norm(scaled_residual(problem, dual.q)) <= np.sqrt(float(problem.lambda_h)) * (1 + 1e-9)
    if problem.free_bias:
        scale = np.abs(problem.omega).sum()
        assert np.abs(bias_residual(problem, dual.q)).max() < 1e-12 * scale
    if problem.loss == "ce":
        for t, rows in problem.design.blocks():
            block = dual.q[rows][:, problem.design.labelled[t]]
            assert block.min() >= 0
            assert block.sum(axis=0) == pytest.approx(np.ones(block.shape[1]))
    for other in range(5):
        point = random_point(problem, seed + other, scale=0.3 * other)
        assert dual.value <= problem.objective(*point) + 1e-9


@given(ANY, SEEDS, SEEDS)
def test_the_anatomy_adds_up_and_no_term_is_negative(problem, seed, other):
    W, H, b, cell_of = random_point(problem, seed, samples=True)
    V, G, c = random_point(problem, other)
    dual = feasible_dual(problem, problem.predictions(V @ G + (0 if c is None else c[:, None])), c)
    anatomy = gap_anatomy(problem, W, H, dual.q, b, cell_of)
    gap = problem.objective(W, H, b, cell_of) - dual_value(problem, dual.q)
    assert anatomy.total == pytest.approx(gap, rel=1e-9)
    for term in (anatomy.prediction, anatomy.alignment, anatomy.balance, anatomy.within_cell, anatomy.bias):
        assert term >= -1e-9 * gap


def test_the_line_search_finds_the_best_point_of_the_segment():
    """Targets mixed far past the best: the value must beat a fine grid of scales."""
    problem = UFM(LabelDesign.factorial((3, 2), 2), "0.02", "0.02", bias="0.05")
    W, H, b = random_point(problem, 7, scale=2.0)
    q = problem.predictions(W @ H + b[:, None])
    dual = feasible_dual(problem, q)
    Y = problem.design.target_matrix
    shifted = Y + (dual.q - Y) / dual.scale
    grid = [dual_value(problem, Y + s * (shifted - Y)) for s in np.linspace(0, dual.scale, 200)]
    assert dual.value >= max(grid) - 1e-12


def test_strong_duality_at_a_numerical_optimum():
    """An optimum found by a general-purpose minimiser closes the gap: nothing of the bound is lost."""
    design = LabelDesign((2, 3), [[0, 1, 1, 0, -1], [0, 1, 2, 2, 1]], [2, 1, 3, 1, 2])
    for loss in ("ce", "mse"):
        for bias in (None, 0, "0.1"):
            problem = UFM(design, "0.05", "0.02", bias=bias, loss=loss)
            value, (W, H, b) = local_minimum(problem, seed=0)
            b = np.zeros(5) if b is None else b
            dual = feasible_dual(problem, problem.predictions(W @ H + b[:, None]), b)
            assert 0 <= value - dual.value < 1e-6 * value


def test_the_anatomy_needs_every_sample():
    problem = UFM(LabelDesign.factorial((2,), 3), 1, 1)
    W, H, _, cell_of = random_point(problem, 0, samples=True)
    q = problem.design.target_matrix
    with pytest.raises(ValueError, match="not all there"):
        gap_anatomy(problem, W, H[:, 1:], q, cell_of=cell_of[1:])
