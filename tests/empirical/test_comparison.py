"""Measures of networks whose distance from the optimum is known: planted at it, at zero, and in between."""

import dataclasses

import numpy as np
import pytest
import torch
from torch import nn

from empirical.compare import certified_optimum, measure, trained_gram
from empirical.decays import split_decays
from empirical.networks import MultiTaskNetwork
from empirical.presets import PRESETS
from theory import UFM, LabelDesign
from theory.closed_forms import FLOAT
from theory.known_optimum import known_optimum

DESIGNS = {
    "ssmtc": (LabelDesign.factorial((3, 4), 2), None),
    "ssmtc, free bias": (LabelDesign.factorial((3, 4), 2), 0),
    "msmtc": (LabelDesign.multi_source((4, 3), 5), None),
    "partial": (LabelDesign.from_labels([[0, 1], [1, -1], [2, 0], [-1, 1], [1, 0], [0, 1], [1, -1]], (3, 2))[0], "0.1"),
}


def planted(design, bias):
    """A "network" that reads the cell off a one-hot image and has the solver's features and heads."""
    decays = split_decays(design, "0.03")
    problem = UFM(design, decays.lambda_w, decays.lambda_h, bias=bias)
    optimum = certified_optimum(problem)
    solution = optimum.solution
    d = solution.W.shape[1]
    network = MultiTaskNetwork(nn.Flatten(), design.cells, d, design.classes, bias=problem.has_bias).double()
    with torch.no_grad():
        network.features.weight.copy_(torch.from_numpy(solution.H))
        network.features.bias.zero_()
        for t, rows in design.blocks():
            network.heads[t].weight.copy_(torch.from_numpy(solution.W[rows]))
            if problem.has_bias:
                network.heads[t].bias.copy_(torch.from_numpy(solution.b[rows]))
    cell_of = np.repeat(np.arange(design.cells), design.counts)
    images = torch.eye(design.cells, dtype=torch.float64)[cell_of][:, None, None, :]
    return network, (images, design.labels.T[cell_of], cell_of, optimum)


@pytest.mark.parametrize(("design", "bias"), DESIGNS.values(), ids=DESIGNS)
def test_the_optimum_measures_as_the_optimum(design, bias):
    network, setting = planted(design, bias)
    optimum = setting[-1]
    got = measure(network, *setting)
    assert optimum.verdict.certified
    assert abs(got["relative_gap"]) < 1e-9
    assert all(abs(term) < 1e-8 for term in got["anatomy"].values())
    assert got["within_cell"] < 1e-20
    assert got["balance"] < 1e-6
    if known_optimum(optimum.problem) is not None:
        assert max(got["etf"]) < 1e-6
        assert got["sum_rule"] < 1e-6
        assert got["nearest_centre"] == [0, 0]
        assert got["accuracy"] == [1, 1]
        assert optimum.lower <= known_optimum(optimum.problem).value(FLOAT) * (1 + 1e-14)
    assert np.array(trained_gram(network)) == pytest.approx(np.array(optimum.to_dict()["gram"]), abs=1e-14)
    assert got["row_norms"] == pytest.approx(optimum.to_dict()["row_norms"])


@pytest.mark.parametrize(("design", "bias"), DESIGNS.values(), ids=DESIGNS)
def test_the_anatomy_accounts_for_the_gap_of_a_disturbed_network(design, bias):
    network, (images, labels, cell_of, optimum) = planted(design, bias)
    torch.manual_seed(0)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter += 0.1 * torch.randn_like(parameter)
    # images of one cell now differ
    images = images + 0.05 * torch.rand_like(images)
    got = measure(network, images, labels, cell_of, optimum)
    gap = got["objective"] - optimum.lower
    assert got["relative_gap"] > 1e-4
    assert got["anatomy"]["total"] == pytest.approx(gap, rel=1e-6)
    terms = {k: v for k, v in got["anatomy"].items() if k != "total"}
    assert sum(terms.values()) == pytest.approx(gap, rel=1e-6)
    assert min(terms.values()) >= 0
    assert terms["within_cell"] > 0


def test_the_zero_network_is_at_one_and_has_no_geometry():
    network, setting = planted(*DESIGNS["ssmtc"])
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.zero_()
    got = measure(network, *setting)
    assert got["relative_gap"] == pytest.approx(1, abs=1e-12)
    assert got["etf"] == [None, None]
    assert got["cross_task"] is None
    assert got["accuracy"] == [pytest.approx(1 / 3), pytest.approx(1 / 4)]
    for preset in PRESETS.values():
        assert not any(gate.judge(got)["passed"] for gate in preset.gates)


def test_an_optimum_without_a_proved_bound_is_refused(monkeypatch):
    import empirical.compare as module

    real = module.check_certificate
    monkeypatch.setattr(
        module, "check_certificate", lambda *a, **k: dataclasses.replace(real(*a, **k), lower=None, status="malformed")
    )
    with pytest.raises(RuntimeError, match="no lower bound"):
        planted(*DESIGNS["ssmtc"])
