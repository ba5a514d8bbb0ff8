"""Weight decay on linear chains: the symmetric point against finite differences, the certified optimum and T4."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relaxations.closed_form_point import simplex_basis
from relaxations.solve import solve
from theory import UFM, LabelDesign
from theory import closed_forms as forms
from theory.deep_linear import chain_margin, chain_point


def matrices_of(point, classes, samples, depth):
    """(W, [A_1, ..., A_L]) of the point: every factor has σ_t in the directions of task t."""
    labels = np.array(list(itertools.product(*map(range, classes))))
    labels = np.repeat(labels, samples // len(labels), axis=0)
    d = sum(k - 1 for k in classes)
    head, first, diagonal, column, row = np.zeros((sum(classes), d)), np.zeros((d, samples)), np.zeros(d), 0, 0
    for t, (k, size) in enumerate(zip(classes, point.sizes, strict=True)):
        basis = simplex_basis(k)
        own = slice(column, column + k - 1)
        head[row : row + k, own] = size * basis
        first[own] = size * math.sqrt(k / samples) * basis[labels[:, t]].T
        diagonal[own] = size
        column, row = column + k - 1, row + k
    return labels, [head, *[np.diag(diagonal)] * (depth - 1), first]


def objective(factors, labels, classes, weights, decay):
    M = np.linalg.multi_dot(factors)
    total, row = 0.0, 0
    for t, (k, weight) in enumerate(zip(classes, weights, strict=True)):
        z = M[row : row + k]
        total += weight * float(np.mean(np.logaddexp.reduce(z, axis=0) - z[labels[:, t], np.arange(len(labels))]))
        row += k
    return total + decay / 2 * sum(float((A**2).sum()) for A in factors)


CASES = [((3, 3), (1.0, 1.0), 2), ((3, 3), (1.0, 1.0), 4), ((2, 4), (1.0, 2.0), 3), ((2, 3), (1.0, 1.0), 5)]


@pytest.mark.parametrize(("classes", "weights", "matrices"), CASES)
def test_the_point_is_critical_and_has_the_stated_value(classes, weights, matrices):
    samples, decay = 5 * math.prod(classes), 1e-3
    point = chain_point(classes, weights, samples, decay, matrices)
    labels, factors = matrices_of(point, classes, samples, matrices - 1)
    assert len(factors) == matrices
    assert objective(factors, labels, classes, weights, decay) == pytest.approx(point.value, rel=1e-12)
    rng = np.random.default_rng(0)
    for _ in range(5):
        steps = [rng.standard_normal(A.shape) for A in factors]

        def along(s, steps=steps):
            return objective(
                [A + s * step for A, step in zip(factors, steps, strict=True)], labels, classes, weights, decay
            )

        assert abs(along(1e-5) - along(-1e-5)) / 2e-5 < 1e-8
    # and two per cent beside the point the slope is seen
    beside = [1.02 * factors[0], *factors[1:]]
    further = [1.02001 * factors[0], *factors[1:]]
    values = [objective(each, labels, classes, weights, decay) for each in (beside, further)]
    assert values[1] - values[0] > 1e-9
    heads = np.split(factors[0], [classes[0]])
    norms = [np.linalg.norm(head) / math.sqrt(len(head)) for head in heads]
    assert norms == pytest.approx(point.row_norms)


@pytest.mark.parametrize(("classes", "weights", "matrices"), CASES)
def test_the_gap_to_the_certified_optimum_of_the_fitted_decay(classes, weights, matrices):
    design = LabelDesign.factorial(classes, 5)
    point = chain_point(classes, weights, design.samples, 1e-3, matrices)
    labels, factors = matrices_of(point, classes, design.samples, matrices - 1)
    W, H = factors[0], np.linalg.multi_dot(factors[1:]) if matrices > 2 else factors[1]
    fitted = 1e-3 * (W**2).sum() / (H**2).sum()
    assert point.feature_decay == pytest.approx(fitted)
    problem = UFM(design, "0.001", str(fitted), task_weights=[str(a) for a in weights])
    best = solve(problem, "proximal")
    cell = np.array([int(np.flatnonzero((design.labels.T == label).all(axis=1))[0]) for label in labels])
    f = problem.objective(W, H, None, cell)
    gap = (f - best.value) / (problem.value_at_zero() - best.value)
    assert point.gap == pytest.approx(gap, abs=1e-9)
    if classes[0] == classes[1] or matrices == 2:
        assert abs(point.gap) < 1e-12
    else:
        assert point.gap > 1e-6


def test_two_matrices_are_the_unconstrained_features_model():
    for alpha, k, n, decay in ((1.0, 4, 80, 1e-3), (0.5, 7, 140, 2e-4)):
        expected = forms.margin(alpha, k, math.sqrt(n) * decay)
        assert chain_margin(alpha, k, n, decay, 2) == pytest.approx(expected, rel=1e-12)


@given(st.integers(2, 5), st.integers(0, 2**32 - 1))
def test_no_factorisation_is_cheaper_than_the_schatten_quasi_norm(matrices, seed):
    rng = np.random.default_rng(seed)
    factors = [rng.standard_normal((4, 4)) for _ in range(matrices)]
    s = np.linalg.svd(np.linalg.multi_dot(factors), compute_uv=False)
    cheapest = matrices / 2 * (s ** (2 / matrices)).sum()
    assert sum((A**2).sum() for A in factors) / 2 >= cheapest * (1 - 1e-9)


def test_dead_tasks_and_single_matrices():
    assert chain_margin(1.0, 3, 90, 1.0, 3) == 0
    with pytest.raises(ValueError, match="dead"):
        chain_point((3, 3), (1.0, 1.0), 90, 1.0, 3)
    with pytest.raises(ValueError, match="at least 2"):
        chain_margin(1.0, 3, 90, 1e-3, 1)
