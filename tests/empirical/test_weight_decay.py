"""Ordinary weight decay: every parameter decays, features do not; λ_H is fitted and recorded as fitted."""

import dataclasses
from fractions import Fraction

import numpy as np
import pytest
import torch

from empirical.experiment import Experiment
from empirical.objective import OBJECTIVES, UFMObjective, WeightDecayObjective, fitted_feature_decay
from empirical.presets import SMALL
from empirical.training import Optimisation
from relaxations.solve import solve
from theory import UFM, LabelDesign

CPU = torch.device("cpu")
TINY = dataclasses.replace(
    SMALL,
    source_options={"tasks": 2, "repetitions": 1, "side": 30},
    backbone_options={"width": 12, "depth": 1},
    dimension=18,
    objective="weight-decay",
    optimisation=Optimisation(epochs=4, batch=30, step=2e-3, head_step=5e-3),
)


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def test_every_parameter_decays_and_features_do_not():
    run = Experiment(TINY, CPU)
    problem, network = run.problem, run.network
    ufm, ordinary = (OBJECTIVES[name](problem, run.cell_of) for name in ("ufm", "weight-decay"))
    assert (type(ufm), type(ordinary)) == (UFMObjective, WeightDecayObjective)
    index = torch.arange(len(run.images))
    features = network(run.images)
    difference = ordinary(network, features, index) - ufm(network, features, index)
    rest = sum(p.square().sum() for name, p in network.named_parameters() if not name.startswith("heads."))
    expected = 0.5 * float(problem.lambda_w[0]) * rest - 0.5 * float(problem.lambda_h) * features.square().sum()
    assert difference.item() == pytest.approx(expected.item(), rel=1e-4)


def test_the_fit_is_exact_at_an_optimum():
    design = LabelDesign.factorial((3, 4), 2)
    problem = UFM(design, "0.01", "0.02")
    solution = solve(problem, "proximal")
    H = solution.H[:, np.repeat(np.arange(design.cells), design.counts)]
    assert float(fitted_feature_decay(problem, solution.W, H)) == pytest.approx(0.02, rel=1e-5)
    assert fitted_feature_decay(problem, 2 * solution.W, H) / 4 == pytest.approx(Fraction("0.02"), rel=1e-4)
    with pytest.raises(ValueError, match="no feature decay"):
        fitted_feature_decay(problem, 0 * solution.W, H)


def test_decays_that_differ_are_refused():
    problem = UFM(LabelDesign.factorial((2, 2)), ("0.1", "0.2"), "0.1")
    with pytest.raises(ValueError, match="one number"):
        WeightDecayObjective(problem, np.arange(4))


def test_a_run_is_compared_with_the_problem_of_its_own_fit(tmp_path):
    whole = Experiment(TINY, CPU)
    nominal = whole.problem.identity
    whole.run()
    result = whole.result()
    assert result["config"]["objective"] == "weight-decay"
    assert result["certificate"]["status"] == "certified"
    assert result["problem"]["id"] != nominal
    found = UFM.from_dict(result["problem"]["statement"])
    assert float(found.lambda_h) == result["final"]["fitted_feature_decay"]
    fits = [entry["fitted_feature_decay"] for entry in result["history"]]
    assert len(set(fits)) == len(fits)
    assert all(entry["relative_gap"] > 0 for entry in result["history"])  # nothing is below a proven bound
    # and again, interrupted in the middle
    half = Experiment(TINY, CPU)
    half._measure()
    for _ in range(2):
        half.trainer.run_epoch()
        half._measure()
    half.save(tmp_path / "c.pt")
    again = Experiment(TINY, CPU)
    again.resume(tmp_path / "c.pt")
    again.run()
    assert again.result() == result
