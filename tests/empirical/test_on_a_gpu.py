"""What runs on a GPU gives what a CPU gives; needs one."""

import dataclasses

import numpy as np
import pytest
import torch
from torch import nn

from empirical import machine, throughput
from empirical.augmentation import Augmentation, moved
from empirical.experiment import Experiment
from empirical.experiments.shapes import on_digits
from empirical.metrics import MultiTaskCollapse, about_means
from empirical.resident import Canvases
from empirical.training import Optimisation
from theory import UFM, LabelDesign

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
GPU = torch.device("cuda")


@pytest.fixture(autouse=True)
def restored():
    before = torch.get_num_threads()
    yield
    torch.use_deterministic_algorithms(False)
    torch.backends.cudnn.benchmark = False
    torch.set_num_threads(before)


def test_canvases_and_moves():
    generator = torch.Generator().manual_seed(0)
    pool = torch.randint(0, 256, (9, 3, 8, 8), dtype=torch.uint8, generator=generator)
    chosen = torch.randint(-1, 9, (50, 2), generator=generator)
    here = Canvases(pool, chosen, mirrors=True)
    there = here.to(GPU, torch.float32)
    index = torch.arange(0, 50, 3)
    moves = Augmentation(shift=2, flip=True).draw(len(index), 2, generator)
    assert there[index.to(GPU)].device.type == "cuda"
    assert torch.equal(there[index.to(GPU)].cpu(), here[index])
    assert torch.equal(there.moved(index.to(GPU), moves.to(GPU)).cpu(), here.moved(index, moves))
    assert torch.equal(moved(pool.to(GPU), moves[:9, 0].to(GPU)).cpu(), moved(pool, moves[:9, 0]))


def test_measures():
    machine.make_deterministic(1)
    design = LabelDesign.factorial((3, 4), 20)
    problem = UFM(design, "0.1", "0.01", dimension=16)
    torch.manual_seed(0)
    heads = nn.ModuleList([nn.Linear(16, k, bias=False) for k in design.classes])
    labels = torch.from_numpy(design.labels.T.copy()).repeat_interleave(20, dim=0)
    features = torch.randn(len(labels), 16)
    found = []
    for device in (torch.device("cpu"), GPU):
        metric = MultiTaskCollapse(problem, heads.to(device)).to(device)
        for part, target in zip(features.split(37), labels.split(37), strict=True):
            metric.update(part.to(device), target.to(device))
        found.append((about_means(metric.moments)[2].cpu().numpy(), metric.compute()))
    np.testing.assert_allclose(found[1][0], found[0][0], rtol=1e-10, atol=1e-10)
    for name, value in found[0][1].items():
        torch.testing.assert_close(found[1][1][name], value, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("compiled", [False, True])
def test_mixed_precision_reaches_the_certified_value(monkeypatch, compiled):
    monkeypatch.setattr(throughput, "SECONDS", 0.2)
    preset = dataclasses.replace(
        on_digits("x", "", {"factorial": [3, 3], "repetitions": 20}, backbone="cnn", backbone_options={"width": 16}),
        optimisation=Optimisation(epochs=60, batch=30, step=2e-3, head_step=5e-3),
        precision="mixed",
        full_precision=0.1,
        deterministic=False,
        compiled=compiled,
        throughput=True,
        measured_in="float32",
    )
    machine.make_fast(1)
    run = Experiment(preset, GPU, fabric=machine.launch(GPU))
    assert run.run()
    assert run.history[-1]["relative_gap"] < 5e-3
    assert run.throughput is not None
    assert 0 < run.throughput["ratio"] < 1.5
