"""The batch objective against theory.UFM.objective: value, mean over batches, gradients by finite differences."""

import numpy as np
import pytest
import torch
from torch import nn

from empirical.networks import MultiTaskNetwork
from empirical.objective import UFMObjective
from theory import UFM, LabelDesign

PARTIAL = np.array([[0, 1], [1, -1], [2, 0], [-1, 1], [0, 1], [1, 0], [1, -1], [-1, 0]])
CASES = {
    "ssmtc": {"labels": np.indices((3, 2)).reshape(2, -1).T.repeat(2, axis=0)},
    "partial": {"labels": PARTIAL},
    "partial, squared error": {"labels": PARTIAL, "loss": "mse"},
    "partial, sparsemax": {"labels": PARTIAL, "loss": "sparsemax"},
    "smoothed": {"labels": PARTIAL, "smoothing": "0.1"},
    "free bias": {"labels": PARTIAL, "bias": 0},
    "decayed bias": {"labels": PARTIAL, "bias": ("0.3", "0.1")},
    "weights": {"labels": PARTIAL, "task_weights": (1, 3), "weight_decay": ("0.2", "0.05")},
    "another convention": {"labels": PARTIAL, "convention": "paper-sum"},
}
D = 4


def setting(labels, smoothing=None, **options):
    design, cell_of = LabelDesign.from_labels(labels, (3, 2))
    design = design if smoothing is None else design.smoothed(smoothing)
    problem = UFM(design, **{"weight_decay": "0.1", "feature_decay": "0.02", "dimension": D, **options})
    torch.manual_seed(5)
    network = MultiTaskNetwork(nn.Identity(), D, D, (3, 2), bias=problem.has_bias).double()
    features = torch.randn(len(labels), D, dtype=torch.float64)
    return problem, cell_of, network, features


def value(problem, cell_of, network, features):
    W, b = network.stacked_heads()
    return problem.objective(W, features.detach().numpy().T, b if problem.has_bias else None, cell_of)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_all_samples_give_the_objective_of_the_theory(case):
    problem, cell_of, network, features = setting(**case)
    objective = UFMObjective(problem, cell_of, torch.float64)
    got = objective(network, features, torch.arange(len(features)))
    assert got.item() == pytest.approx(value(problem, cell_of, network, features), rel=1e-12)
    # float32, in which training runs
    single = UFMObjective(problem, cell_of)(network.float(), features.float(), torch.arange(len(features)))
    assert single.item() == pytest.approx(got.item(), rel=1e-6)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_batches_of_one_size_average_to_the_objective(case):
    problem, cell_of, network, features = setting(**case)
    objective = UFMObjective(problem, cell_of, torch.float64)
    order = torch.randperm(len(features))
    parts = [objective(network, features[index], index).item() for index in order.split(2)]
    assert np.mean(parts) == pytest.approx(value(problem, cell_of, network, features), rel=1e-12)
    assert np.ptp(parts) > 1e-3  # each batch is an estimate of its own


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_gradients_are_those_of_the_theory_by_finite_differences(case):
    problem, cell_of, network, features = setting(**case)
    features.requires_grad_()
    UFMObjective(problem, cell_of, torch.float64)(network, features, torch.arange(len(features))).backward()
    rng = np.random.default_rng(0)
    for parameter in (features, *network.heads.parameters()):
        for _ in range(3):
            direction = torch.from_numpy(rng.standard_normal(tuple(parameter.shape)))
            ends = []
            for step in (1e-5, -2e-5):
                parameter.data += step * direction
                ends.append(value(problem, cell_of, network, features))
            parameter.data += 1e-5 * direction
            slope = (ends[0] - ends[1]) / 2e-5
            assert (parameter.grad * direction).sum().item() == pytest.approx(slope, rel=1e-6, abs=1e-8)


def test_a_missing_label_does_not_pull():
    problem, cell_of, network, features = setting(PARTIAL)
    features.requires_grad_()
    only_second = torch.tensor([3])  # labels (-1, 1)
    UFMObjective(problem, cell_of, torch.float64)(network, features[only_second], only_second).backward()
    first, second = network.linear_heads()
    # decay alone
    assert torch.allclose(first.weight.grad, 0.1 * first.weight, rtol=1e-12)
    assert not torch.allclose(second.weight.grad, 0.1 * second.weight, rtol=1e-2)


def test_cells_of_other_sizes_are_refused():
    problem, cell_of, _, _ = setting(PARTIAL)
    with pytest.raises(ValueError, match="sizes of the cells"):
        UFMObjective(problem, cell_of[:-1])
