"""How a network is evaluated in training: bfloat16, full precision at the end, frozen moments, torch.compile."""

from functools import partialmethod
from itertools import pairwise

import pytest
import torch
from torch import nn

from empirical import throughput
from empirical.networks import MultiTaskNetwork
from empirical.throughput import bare_rate
from empirical.training import Arithmetic, Optimisation, Trainer

IMAGES = torch.rand(32, 1, 4, 4, generator=torch.Generator().manual_seed(0))


def trainer(arithmetic, epochs=10, optimiser="adam"):
    torch.manual_seed(0)
    backbone = nn.Sequential(nn.BatchNorm2d(1), nn.Flatten(), nn.Linear(16, 8), nn.ReLU())
    network = MultiTaskNetwork(backbone, 8, 3, (2, 3))

    def objective(network, features, index):
        return sum(z.square().mean() for z in network.logits(features)) + (features - 1).square().mean()

    settings = Optimisation(epochs, 8, 1e-2, 1e-2, optimiser=optimiser)
    return Trainer(network, IMAGES, objective, settings, 0, arithmetic=arithmetic)


def test_bfloat16_until_the_last_epochs():
    mixed, plain = trainer(Arithmetic(mixed=True, full_precision=0.2)), trainer(Arithmetic())
    for run in (mixed, plain):
        run.network.eval()
    exact = plain.features(IMAGES)
    rounded = mixed.features(IMAGES)
    # features are float32, their backbone's three digits show
    assert rounded.dtype == exact.dtype == torch.float32
    error = ((rounded - exact).norm() / exact.norm()).item()
    assert 1e-5 < error < 2e-2
    mixed.epoch = 7
    assert not torch.equal(mixed.features(IMAGES), exact)
    mixed.epoch = 8
    assert torch.equal(mixed.features(IMAGES), exact)


def test_moments_stand_still_in_the_last_epochs():
    run = trainer(Arithmetic(frozen_norm=0.3), epochs=10)
    norm = run.network.backbone[0]
    moments = [norm.running_mean.clone()]
    for _ in range(10):
        run.run_epoch()
        moments.append(norm.running_mean.clone())
    moves = [not torch.equal(a, b) for a, b in pairwise(moments)]
    assert moves == [True] * 7 + [False] * 3
    assert [run.first_arithmetic(epoch) for epoch in range(10)] == [True] * 7 + [False] * 3
    # then training and measuring see the same function
    with torch.no_grad():
        run.epoch = 9
        run.network.train()
        norm.eval()
        trained = run.features(IMAGES)
        assert torch.equal(trained, run.network.eval()(IMAGES))


def test_shares_out_of_range_are_refused():
    for wrong in ({"full_precision": 1.5}, {"frozen_norm": -0.1}):
        with pytest.raises(ValueError, match="share from 0 to 1"):
            Arithmetic(**wrong)


def test_a_compiled_network_takes_the_same_steps(monkeypatch):
    # captured, differentiated and run as graphs; what torch's C++ compiler makes of them is torch's
    monkeypatch.setattr(nn.Module, "compile", partialmethod(nn.Module.compile, backend="aot_eager"))
    compiled, plain = trainer(Arithmetic(compiled=True), epochs=2), trainer(Arithmetic(), epochs=2)
    assert compiled.network._compiled_call_impl is not None
    for run in (compiled, plain):
        for _ in range(2):
            run.run_epoch()
    for a, b in zip(compiled.network.parameters(), plain.network.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("optimiser", ["adam", "sgd"])
def test_the_bare_rate_counts_samples_and_leaves_the_network_alone(monkeypatch, optimiser):
    monkeypatch.setattr(throughput, "SECONDS", 0.05)
    run = trainer(Arithmetic(mixed=True), optimiser=optimiser)
    before = {name: value.clone() for name, value in run.network.state_dict().items()}
    calls = []
    real = run.objective
    run.objective = lambda network, features, index: (calls.append(len(index)), real(network, features, index))[1]
    rate = bare_rate(run)
    timed = sum(calls) - throughput.WARM_UP * 8
    # so many samples in at least so long, and not in much longer
    assert timed / 5 < rate <= timed / throughput.SECONDS
    assert all(torch.equal(before[name], value) for name, value in run.network.state_dict().items())
