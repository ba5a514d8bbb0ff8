import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import free_designs, problems, random_point

from theory import UFM, LabelDesign
from theory import geometry as g

SEEDS = st.integers(0, 2**32 - 1)


def simplex_rows(classes, dimension, rng, scale=1.0):
    """K rows of a simplex ETF in a random (K-1)-dimensional subspace of R^d."""
    frame = np.linalg.qr(rng.standard_normal((dimension, classes)))[0]
    return scale * (np.eye(classes) - 1 / classes) @ frame.T


@given(SEEDS, st.integers(2, 8), st.floats(1e-3, 1e3))
def test_a_simplex_frame_deviates_by_nothing_whatever_its_size_and_rotation(seed, classes, scale):
    rng = np.random.default_rng(seed)
    assert g.etf_deviation(simplex_rows(classes, classes + 2, rng, scale)) < 1e-12


def test_etf_deviation_of_known_frames():
    # orthonormal rows: I/√K against (I − J/K)/√(K−1), inner product √((K−1)/K)
    for k in (2, 3, 7):
        assert g.etf_deviation(np.eye(k)) == pytest.approx(np.sqrt(2 - 2 * np.sqrt((k - 1) / k)))
    assert np.isnan(g.etf_deviation(np.zeros((3, 2))))


@given(SEEDS)
def test_overlap_is_zero_for_orthogonal_heads_and_one_for_equal_ones(seed):
    rng = np.random.default_rng(seed)
    V, W = rng.standard_normal((3, 4)), rng.standard_normal((5, 4))
    assert g.cross_task_overlap(np.hstack([V, 0 * V]), np.hstack([0 * W, W])) == 0.0
    assert g.cross_task_overlap(V, 3 * V) == pytest.approx(1.0)
    pairs = [[float(v @ w) for w in W] for v in V]
    norms = [np.linalg.norm([[float(a @ b) for a in X] for b in X]) for X in (V, W)]
    assert g.cross_task_overlap(V, W) == pytest.approx(np.linalg.norm(pairs) / np.sqrt(norms[0] * norms[1]))
    assert 0 <= g.cross_task_overlap(V, W) <= 1 + 1e-12


def test_the_mean_signed_cosine_would_be_blind_where_the_overlap_is_not():
    head = simplex_rows(4, 6, np.random.default_rng(0))
    assert abs((head @ head.T).mean()) < 1e-15
    assert g.cross_task_overlap(head, head) == pytest.approx(1.0)


def test_sum_rule_weighted_and_not():
    """Features built by the weighted rule: the unweighted one misses them by what T4 predicts at K = (2, 4)."""
    rng = np.random.default_rng(1)
    problem = UFM(LabelDesign.factorial((2, 4)), "0.01", "0.02")
    frame = np.linalg.qr(rng.standard_normal((6, 6)))[0]
    W = np.vstack([(np.eye(2) - 0.5) @ frame[:2], (np.eye(4) - 0.25) @ frame[2:]])
    H = np.zeros((6, 8))
    for j, (y1, y2) in enumerate(problem.design.labels.T):
        H[:, j] = 5 * (np.sqrt(2) * W[y1] + np.sqrt(4) * W[2 + y2])
    assert g.sum_rule_deviation(problem, W, H) < 1e-14
    # squared norms of the two centred rows: 1/2 and 3/4
    a, b = 0.5, 0.75
    cosine = (np.sqrt(2) * a + 2 * b) / np.sqrt((2 * a + 4 * b) * (a + b))
    assert g.sum_rule_deviation(problem, W, H, weighted=False) == pytest.approx(np.sqrt(1 - cosine**2))
    assert np.isnan(g.sum_rule_deviation(problem, W, 0 * H))


@given(free_designs(), st.integers(0, 1000))
def test_cell_means_against_a_loop(design, seed):
    rng = np.random.default_rng(seed)
    cell_of = np.repeat(np.arange(design.cells), design.counts)
    rng.shuffle(cell_of)
    H = rng.standard_normal((3, len(cell_of)))
    for j in range(design.cells):
        np.testing.assert_allclose(g.cell_means(H, cell_of, design.cells)[:, j], H[:, cell_of == j].mean(axis=1))


def test_an_empty_cell_has_no_mean_rather_than_a_zero_one():
    means = g.cell_means(np.ones((2, 3)), np.array([0, 0, 2]), 3)
    assert np.isnan(means[:, 1]).all()
    assert (means[:, [0, 2]] == 1).all()


def test_within_cell_variability_against_the_plain_formula():
    rng = np.random.default_rng(2)
    cell_of = np.repeat(np.arange(6), 7)
    H = rng.standard_normal((4, 6))[:, cell_of] + 0.1 * rng.standard_normal((4, 42))
    means = np.stack([H[:, cell_of == j].mean(axis=1) for j in range(6)], axis=1)
    scatter = H - means[:, cell_of]
    within = scatter @ scatter.T / 42
    between = (means - means.mean(axis=1, keepdims=True)) @ (means - means.mean(axis=1, keepdims=True)).T / 6
    assert g.within_cell_variability(H, cell_of, 6, rank=4) == pytest.approx(
        np.trace(within @ np.linalg.pinv(between)) / 6
    )
    assert g.within_cell_variability(means[:, cell_of], cell_of, 6, rank=4) == pytest.approx(0, abs=1e-25)


def test_truncation_keeps_noise_directions_out_of_the_inverse():
    """Means in a plane plus a whiff of noise elsewhere: the untruncated inverse explodes, the truncated does not."""
    rng = np.random.default_rng(3)
    means = np.zeros((5, 6))
    means[:2] = rng.standard_normal((2, 6))
    means[2:] = 1e-6 * rng.standard_normal((3, 6))
    cell_of = np.repeat(np.arange(6), 4)
    noise = 0.01 * rng.standard_normal((5, 24))
    H = means[:, cell_of] + noise - g.cell_means(noise, cell_of, 6)[:, cell_of]
    assert g.within_cell_variability(H, cell_of, 6, rank=2) < 1e-2
    assert g.within_cell_variability(H, cell_of, 6, rank=5) > 1e3


def test_constant_features_have_no_between_cell_variability():
    assert np.isnan(g.within_cell_variability(np.ones((2, 4)), np.array([0, 0, 1, 1]), 2, rank=1))


def test_nearest_centre_against_a_loop():
    design = LabelDesign((2, 3), [[0, 1, 1, -1], [2, 1, 0, 2]], [3, 2, 2, 4])
    problem = UFM(design, 1, 1, bias=0)
    W, H, b, cell_of = random_point(problem, 5, samples=True)
    expected = []
    for t, rows in design.blocks():
        label = design.labels[t][cell_of]
        wrong = []
        for i in np.flatnonzero(label >= 0):
            means = [H[:, label == k].mean(axis=1) for k in range(design.classes[t])]
            nearest = int(np.argmin([np.linalg.norm(H[:, i] - m) for m in means]))
            wrong.append(nearest != int(np.argmax(W[rows] @ H[:, i] + b[rows])))
        expected.append(np.mean(wrong))
    assert g.nearest_centre_disagreement(problem, W, H, b, cell_of) == pytest.approx(expected)


@given(problems(designs=free_designs()), SEEDS)
def test_balance_holds_for_balanced_factors_of_any_matrix(problem, seed):
    """Z' = P S Qᵀ factorised evenly satisfies Σ λ_t W_tᵀW_t = λ_H H̃H̃ᵀ; a rescaled pair does not."""
    rng = np.random.default_rng(seed)
    P, S, Qt = np.linalg.svd(rng.standard_normal((problem.design.rows, problem.design.cells)), full_matrices=False)
    keep = slice(0, min(problem.dimension, len(S)))
    fourth = float(problem.lambda_h) ** 0.25
    W = fourth * P[:, keep] * np.sqrt(S[keep]) / np.sqrt(problem.lambda_w_rows)[:, None]
    H = np.sqrt(S[keep])[:, None] * Qt[keep] / fourth / problem.sqrt_counts
    assert g.balance_deviation(problem, W, H) < 1e-12
    assert g.balance_deviation(problem, 2 * W, H / 2) > 0.5


def test_largest_cosine_is_over_tasks_that_share_a_cell():
    W = np.array([[3.0, 0.0], [0.0, 2.0], [1.0, 1.0], [0.0, 0.0], [5.0, 0.0], [0.0, 0.0]])
    labels = np.array([[0, 1, -1, -1], [0, 1, -1, -1], [-1, -1, 0, 1]])
    apart = UFM(LabelDesign((2, 2, 2), labels, np.ones(4, dtype=int)), "0.1", "0.1")
    assert g.largest_cosine(apart, W) == pytest.approx(np.sqrt(0.5))
    assert g.largest_overlap(apart, W, sharing=True) == g.cross_task_overlap(W[:2], W[2:4])
    together = UFM(LabelDesign.factorial((2, 2, 2)), "0.1", "0.1")
    assert g.largest_cosine(together, W) == 1
    assert g.largest_cosine(UFM(LabelDesign.factorial((2, 2, 2)), "0.1", "0.1"), 0 * W) is None
