"""The presets, trained for real: they reach their gates within the time promised."""

import dataclasses
import time

import pytest
import torch

from empirical.experiment import Experiment
from empirical.gates import Gate
from empirical.machine import make_deterministic
from empirical.presets import PRESETS


@pytest.fixture(autouse=True)
def restored():
    before = torch.get_num_threads()
    yield
    torch.use_deterministic_algorithms(False)
    torch.set_num_threads(before)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["small", "small-msmtc"])
def test_trained_networks_land_on_the_certified_geometry(name):
    preset = PRESETS[name]
    make_deterministic(preset.threads)
    begun = time.process_time()
    experiment = Experiment(preset, torch.device("cpu"))
    experiment.run()
    seconds = time.process_time() - begun
    result = experiment.result()
    assert result["certificate"]["status"] == "certified"
    assert result["passed"], result["gates"]
    promised = {"relative_gap": 2e-3, "etf": 5e-3} | ({"cross_task": 5e-3} if name == "small" else {})
    for measure, bound in promised.items():
        assert Gate(measure, at_most=bound).judge(result["final"])["passed"]
    final = result["final"]
    assert final["accuracy"] == [1, 1]
    assert final["nearest_centre"] == [0, 0]
    assert final["relative_gap"] > 0  # no network is below the proven bound
    assert final["row_norms"] == pytest.approx(result["certificate"]["row_norms"], rel=1e-2)
    assert seconds < 60
    # the same network before training fails each of its gates
    assert not any(gate.judge(result["history"][0])["passed"] for gate in preset.gates)
    # and so does the zero network
    with torch.no_grad():
        for parameter in experiment.network.parameters():
            parameter.zero_()
    experiment._measure()
    zero = experiment.history[-1]
    assert zero["relative_gap"] == pytest.approx(1)
    assert not any(gate.judge(zero)["passed"] for gate in preset.gates)
    assert dataclasses.asdict(preset)["fraction"] == "0.03"


@pytest.mark.parametrize("name", ["ufm", "ufm-msmtc"])
def test_variables_reach_the_optimum_to_rounding(name):
    experiment = Experiment(PRESETS[name], torch.device("cpu"))
    experiment.run()
    result = experiment.result()
    assert result["passed"], result["gates"]
    assert 0 <= result["final"]["relative_gap"] <= 1e-6
    assert not any(gate.judge(result["history"][0])["passed"] for gate in PRESETS[name].gates[:2])
