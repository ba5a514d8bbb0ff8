"""The streamed measures against theory.geometry on all samples at once, and against exact arithmetic."""

from fractions import Fraction

import numpy as np
import pytest
import torch
from torch import nn

from empirical.metrics import CellIndex, MultiTaskCollapse, NearestCentre, about_means
from empirical.networks import stacked_heads
from theory import UFM, LabelDesign, geometry

D = 6
RNG = np.random.default_rng(7)
FULL = np.indices((3, 4)).reshape(2, -1).T.repeat(RNG.integers(1, 5, 12), axis=0)
PARTIAL = np.concatenate([FULL, np.stack([RNG.integers(0, 3, 9), np.full(9, -1)], axis=1), [[-1, 2], [-1, 3]]])
SETS = {"single source": FULL, "partial": PARTIAL, "multi source": PARTIAL[len(FULL) :]}


def setting(labels, seed=0, bias=False):
    torch.manual_seed(seed)
    labels = np.asarray(labels)
    design, cell_of = LabelDesign.from_labels(labels, (3, 4))
    problem = UFM(design, ("0.1", "0.2"), "0.03", bias=0.1 if bias else None)
    heads = nn.ModuleList([nn.Linear(D, k, bias=bias) for k in (3, 4)])
    centres = 2 * torch.randn(design.cells, D, dtype=torch.float64)
    features = centres[cell_of] + torch.randn(len(labels), D, dtype=torch.float64)
    return problem, cell_of, heads, features, torch.from_numpy(labels)


def streamed(metric, features, labels, sizes):
    start = 0
    while start < len(features):
        stop = start + next(sizes)
        metric.update(features[start:stop], labels[start:stop])
        start = stop
    return metric.compute()


def forever(*sizes):
    while True:
        yield from sizes


@pytest.mark.parametrize("labels", SETS.values(), ids=SETS)
@pytest.mark.parametrize("bias", [False, True])
def test_measures_are_those_of_the_geometry_module(labels, bias):
    problem, cell_of, heads, features, targets = setting(labels, bias=bias)
    metric = MultiTaskCollapse(problem, heads)
    got = streamed(metric, features, targets, forever(len(features)))
    W, b = stacked_heads(heads)
    H = features.numpy().T
    means = geometry.cell_means(H, cell_of, problem.design.cells)
    blocks = [rows for _, rows in problem.design.blocks()]
    expected = {
        "within_cell": geometry.within_cell_variability(H, cell_of, problem.design.cells, rank=5),
        "etf": [geometry.etf_deviation(W[rows]) for rows in blocks],
        "cross_task": geometry.cross_task_overlap(W[:3], W[3:]),
        "sum_rule": geometry.sum_rule_deviation(problem, W, means),
        "sum_rule_plain": geometry.sum_rule_deviation(problem, W, means, weighted=False),
        "balance": geometry.balance_deviation(problem, W, means),
        "accuracy": [
            np.mean((W[rows] @ H + b[rows, None]).argmax(axis=0)[labels[:, t] >= 0] == labels[labels[:, t] >= 0, t])
            for t, rows in enumerate(blocks)
        ],
    }
    assert set(got) == set(expected)
    for name, value in expected.items():
        assert got[name].numpy() == pytest.approx(np.asarray(value), rel=1e-10), name
        assert got[name].dtype == torch.float64
    nearest = NearestCentre(problem, heads, metric.class_means())
    shares = streamed(nearest, features, targets, forever(4))
    assert shares.tolist() == geometry.nearest_centre_disagreement(problem, W, H, b, cell_of)
    assert 0 < shares.min()  # a disagreement that is there to be found


@pytest.mark.parametrize("labels", SETS.values(), ids=SETS)
def test_batches_their_sizes_and_their_order_do_not_matter(labels):
    problem, _, heads, features, targets = setting(labels)
    whole = streamed(MultiTaskCollapse(problem, heads), features, targets, forever(len(features)))
    order = torch.randperm(len(features))
    for sizes in ((1,), (2, 5, 1), (7,)):
        parts = streamed(MultiTaskCollapse(problem, heads), features[order], targets[order], forever(*sizes))
        for name, value in whole.items():
            torch.testing.assert_close(parts[name], value, rtol=1e-11, atol=1e-14, equal_nan=True)


def test_a_scatter_far_below_the_means_keeps_its_digits():
    # raw second moments of numbers near 1000 have an error of 1e-10: the scatter here is 1e-12 in all
    rng = np.random.default_rng(0)
    labels = np.indices((3, 4)).reshape(2, -1).T.repeat(50, axis=0)
    problem, cell_of, heads, _, targets = setting(labels)
    means = 1000 * rng.standard_normal((12, D))
    features = means[cell_of] + 1e-7 * rng.standard_normal((len(labels), D))
    metric = MultiTaskCollapse(problem, heads)
    streamed(metric, torch.from_numpy(features), targets, forever(7, 1, 64))
    trace = float(torch.diagonal(about_means(metric.moments)[2]).sum())
    exact = Fraction(0)
    for j in range(12):
        rows = [[Fraction(x) for x in row] for row in features[cell_of == j].tolist()]
        for column in zip(*rows, strict=True):
            mean = sum(column) / len(column)
            exact += sum((x - mean) ** 2 for x in column)
    assert trace == pytest.approx(float(exact), rel=1e-5)


def test_processes_merge_like_batches():
    problem, _, heads, features, targets = setting(PARTIAL)
    whole = streamed(MultiTaskCollapse(problem, heads), features, targets, forever(len(features)))
    # the collective operation of two processes, without the processes: rank 0 sees both states
    half = len(features) // 3
    other = MultiTaskCollapse(problem, heads)
    other.update(features[half:], targets[half:])
    states = iter([other.moments, other.correct, other.labelled])
    first = MultiTaskCollapse(
        problem,
        heads,
        dist_sync_fn=lambda state, group: [state, next(states)],
        distributed_available_fn=lambda: True,
    )
    first.update(features[:half], targets[:half])
    for name, value in first.compute().items():
        torch.testing.assert_close(value, whole[name], rtol=1e-11, atol=1e-14)
    merged = MultiTaskCollapse(problem, heads)
    merged.update(features[:half], targets[:half])
    merged.merge_state(other)
    torch.testing.assert_close(merged.compute()["within_cell"], whole["within_cell"], rtol=1e-11, atol=1e-14)


def test_forward_gives_the_measures_of_the_batch_and_keeps_the_sum():
    problem, _, heads, features, targets = setting(FULL)
    alone = MultiTaskCollapse(problem, heads)
    alone.update(features[:20], targets[:20])
    metric = MultiTaskCollapse(problem, heads)
    metric.update(features[20:], targets[20:])
    of_batch = metric(features[:20], targets[:20])
    torch.testing.assert_close(of_batch["accuracy"], alone.compute()["accuracy"])
    whole = streamed(MultiTaskCollapse(problem, heads), features, targets, forever(len(features)))
    torch.testing.assert_close(metric.compute()["within_cell"], whole["within_cell"], rtol=1e-11, atol=1e-14)


def test_reset_forgets_and_half_precision_of_the_model_does_not_matter():
    problem, _, heads, features, targets = setting(FULL)
    metric = MultiTaskCollapse(problem, heads)
    metric.update(features + 3, targets)
    metric.reset()
    metric.half()
    metric.update(features, targets)
    fresh = streamed(MultiTaskCollapse(problem, heads), features, targets, forever(50))
    torch.testing.assert_close(metric.compute()["within_cell"], fresh["within_cell"], rtol=1e-11, atol=1e-14)


def test_cells_without_samples_are_left_out_and_what_needs_them_is_nan():
    problem, cell_of, heads, features, targets = setting(FULL)
    keep = cell_of != 3
    got = streamed(MultiTaskCollapse(problem, heads), features[keep], targets[keep], forever(5))
    H = features.numpy().T[:, keep]
    expected = geometry.within_cell_variability(H, cell_of[keep], 12, rank=5)
    assert got["within_cell"].item() == pytest.approx(expected, rel=1e-10)
    assert got["etf"].isfinite().all()
    assert got["sum_rule"].isnan()
    assert got["balance"].isnan()


def test_a_zero_head_has_no_shape():
    problem, _, heads, features, targets = setting(FULL)
    nn.init.zeros_(heads[0].weight)
    got = streamed(MultiTaskCollapse(problem, heads), features, targets, forever(9))
    assert got["etf"][0].isnan()
    assert got["etf"][1].isfinite()
    assert got["cross_task"].isnan()


def test_bad_input_is_refused():
    problem, _, heads, features, targets = setting(FULL)
    metric = MultiTaskCollapse(problem, heads)
    with pytest.raises(ValueError, match="no cell"):
        metric.update(features[:1], torch.tensor([[0, -1]]))
    with pytest.raises(ValueError, match="no cell"):
        metric.update(features[:1], torch.tensor([[3, 0]]))
    with pytest.raises(ValueError, match="shape"):
        metric.update(features[:2], targets[:3])
    with pytest.raises(ValueError, match="shape"):
        metric.update(features[:2, :-1], targets[:2])
    with pytest.raises(ValueError, match="2 tasks"):
        metric.update(features[:2], targets[:2, :1])
    for wrong in ("nan", "inf", "-inf"):
        broken = features[:3].clone()
        broken[1, 2] = float(wrong)
        with pytest.raises(ValueError, match="finite"):
            metric.update(broken, targets[:3])
    metric.update(features[:0], targets[:0])  # a batch of none is none
    assert metric.moments.abs().max() == 0
    with pytest.raises(ValueError, match="no sample"), pytest.warns(UserWarning, match="compute"):
        MultiTaskCollapse(problem, heads).compute()
    with pytest.raises(ValueError, match="heads"):
        MultiTaskCollapse(problem, heads[:1])
    with pytest.raises(TypeError, match="is a ReLU"):
        MultiTaskCollapse(problem, [heads[0], nn.ReLU()])


@pytest.mark.parametrize("tasks", [1, 2, 5, 60])
def test_cells_are_found_for_any_number_of_tasks(tasks):
    # 60 binary tasks with missing labels: 3^60 combinations do not fit an int64
    rng = np.random.default_rng(tasks)
    labels = rng.integers(-1, 2, (200, tasks))
    labels[(labels < 0).all(axis=1)] = 0
    labels[0], labels[1] = 0, 1
    design, cell_of = LabelDesign.from_labels(labels)
    assert CellIndex(design)(torch.from_numpy(labels)).tolist() == cell_of.tolist()


def test_cells_that_labels_do_not_tell_apart_are_refused():
    design, _ = LabelDesign.from_labels([[0], [1], [1]], merge=False)
    with pytest.raises(ValueError, match="two cells"):
        CellIndex(design)


def test_covariances_of_low_rank_and_single_samples():
    # features in a plane: both covariances have rank at most 2, their truncated pseudo-inverse 5 at most
    problem, cell_of, heads, features, targets = setting(FULL)
    flat = features.clone()
    flat[:, 2:] = 0
    got = streamed(MultiTaskCollapse(problem, heads), flat, targets, forever(1))
    expected = geometry.within_cell_variability(flat.numpy().T, cell_of, 12, rank=5)
    assert got["within_cell"].item() == pytest.approx(expected, rel=1e-9)
    assert np.isfinite(expected)
    # one sample a cell, one at a time: nothing varies within cells
    first = [int(np.flatnonzero(cell_of == j)[0]) for j in range(12)]
    alone = streamed(MultiTaskCollapse(problem, heads), flat[first], targets[first], forever(1))
    assert alone["within_cell"].item() == 0


def test_a_first_feature_far_from_its_cell_costs_no_digits():
    # the reference point of a cell is its first feature: here one a million times further off than the others' spread
    problem, _, heads, _, _ = setting(FULL)
    labels = torch.zeros(40, 2, dtype=torch.long)
    features = torch.from_numpy(np.random.default_rng(1).standard_normal((40, D)))
    features[0] += 1e6
    metric = MultiTaskCollapse(problem, heads)
    streamed(metric, features, labels, forever(3))
    scatter = about_means(metric.moments)[2].numpy()
    exact = np.cov(features.numpy().T, bias=True) * 40
    np.testing.assert_allclose(scatter, exact, rtol=1e-12)
