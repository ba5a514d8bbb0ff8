"""Small networks of every architecture, and the rows that hold them against one certificate."""

import dataclasses

import numpy as np
import pytest
import torch

from empirical import backbones
from empirical.experiment import Experiment
from empirical.experiments.architectures import ARCHITECTURES
from empirical.training import Optimisation

pytestmark = [
    # MONAI's own import warns of what it uses
    pytest.mark.filterwarnings("ignore"),
]
CPU = torch.device("cpu")
IMAGES = torch.rand(4, 1, 16, 16, generator=torch.Generator().manual_seed(0))


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def channels(network):
    return [module.out_channels for module in network.modules() if isinstance(module, torch.nn.Conv2d)]


def test_widths_scale_all_channels():
    network, width = backbones.vgg(IMAGES, "small", width=16)
    assert channels(network) == [16, 32, 64, 128]
    assert network(IMAGES).shape == (4, 128) == (4, width)
    network, width = backbones.vgg(torch.rand(2, 3, 32, 32), 11, width=8)
    assert channels(network) == [8, 16, 32, 32, 64, 64, 64, 64]
    assert width == 64
    pytest.importorskip("monai", reason="MONAI is an optional extra")
    for depth, convolutions in ((10, 12), (18, 20)):
        network, width = backbones.resnet(IMAGES, depth, width=8)
        assert max(channels(network)) == 64 == width
        assert len(channels(network)) == convolutions  # three of them on the shortcuts
        assert network(IMAGES).shape == (4, 64)
    assert backbones.resnet(IMAGES, 50, width=4)[1] == 128


def test_sizes_that_are_refused():
    with pytest.raises(ValueError, match="at least 16 x 16"):
        backbones.vgg(torch.rand(2, 1, 8, 8), "small")
    with pytest.raises(ValueError, match="width: 0"):
        backbones.vgg(IMAGES, "small", width=0)
    with pytest.raises(ValueError, match="width: 0"):
        backbones.resnet(IMAGES, 10, width=0)
    with pytest.raises(ValueError, match="small"):
        backbones.vgg(IMAGES, 12)


def test_all_variants_have_one_problem_and_a_gradient_everywhere():
    pytest.importorskip("monai", reason="MONAI is an optional extra")
    problems = set()
    for variant in ARCHITECTURES.variants:
        run = Experiment(variant, CPU)
        problems.add(run.problem.identity)
        index = torch.arange(60)
        run.trainer.objective(run.network, run.network(run.images[index]), index).backward()
        for name, parameter in run.network.named_parameters():
            assert parameter.grad is not None, (variant.name, name)
            assert parameter.grad.abs().max() > 0, (variant.name, name)
    assert len(problems) == 1


def test_rows_refuse_an_untrained_network_and_another_gram_matrix():
    variant = next(v for v in ARCHITECTURES.variants if v.name == "mlp")
    settings = Optimisation(epochs=40, batch=60, step=2e-3, head_step=5e-3)
    run = Experiment(dataclasses.replace(variant, optimisation=settings, measurements=1), CPU)
    run.run()
    result = run.result()
    trained = {row.quantity: row.to_dict() for row in ARCHITECTURES.rows({"mlp": [result]})}
    far = trained["Gram matrix of the heads, relative"]["values"][0]
    certified, found = np.array(result["certificate"]["gram"]), np.array(result["final"]["gram"])
    assert far == pytest.approx(np.sqrt(((found - certified) ** 2).sum() / (certified**2).sum()))
    assert trained["NC5: nearest-centre disagreement"]["passed"]
    start = {**result, "final": {**result["history"][0], "gram": np.zeros((7, 7)).tolist()}}
    judged = {row.quantity: row.to_dict() for row in ARCHITECTURES.rows({"mlp": [start]})}
    assert not any(row["passed"] for row in judged.values())
    assert judged["Gram matrix of the heads, relative"]["values"] == [1.0]
