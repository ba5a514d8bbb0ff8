"""Class activation maps against the papers' formulas, and on networks whose maps are known."""

import dataclasses

import numpy as np
import pytest
import torch
from torch import nn

from empirical import saliency
from empirical.experiment import Experiment
from empirical.experiments.correlation import law_of
from empirical.experiments.saliency import LAYER, SALIENCY, decided_by_the_other, look
from empirical.networks import MultiTaskNetwork
from empirical.training import Optimisation
from relaxations.solve import solve

pytestmark = [
    # MONAI's own import warns of what it uses
    pytest.mark.filterwarnings("ignore"),
]
CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def small_network(seed=0):
    torch.manual_seed(seed)
    layers = nn.Sequential(
        nn.Conv2d(1, 3, 3, stride=2, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(3 * 16, 5), nn.Tanh()
    )
    return MultiTaskNetwork(layers, 5, 4, (2, 3))


def test_gradcampp_is_the_papers_formula():
    pytest.importorskip("monai", reason="MONAI is an optional extra")
    network, images = small_network(), torch.rand(4, 1, 8, 8)  # as many images as columns of the map
    classes = np.array([0, 2, 1, 1])
    found = saliency.gradcampp(network, images, 1, classes, "backbone.1")
    assert found.shape == (4, 4, 4)
    for image, label, maps in zip(images, classes, found, strict=True):
        A = network.backbone[1](network.backbone[0](image[None])).detach().requires_grad_()
        z = network.logits(network.features(network.backbone[2:](A)))[1][0, label]
        g = torch.autograd.grad(z, A)[0][0]
        alpha = g**2 / (2 * g**2 + (A[0] * g**3).sum(dim=(1, 2), keepdim=True) + 1e-7)
        w = (alpha * (z.exp() * g).relu()).sum(dim=(1, 2), keepdim=True)
        expected = (w * A[0]).sum(dim=0).relu().detach().numpy()
        np.testing.assert_allclose(maps, expected, rtol=1e-3, atol=1e-6)
    assert all(p.grad is None or not p.grad.any() for p in network.parameters())


def test_hirescam_keeps_places_and_adds_up_to_the_logit():
    network, images = small_network(), torch.rand(5, 1, 8, 8)
    classes = np.array([0, 1, 2, 0, 1])
    # a linear read-out with positive weights: nothing is cut off, so the map adds up to the logit
    network.backbone = nn.Sequential(network.backbone[0], nn.ReLU(), nn.Flatten())
    network.features = nn.Linear(48, 4, bias=False)
    for parameter in (network.features.weight, network.heads[1].weight):
        nn.init.uniform_(parameter, 0.1, 1.0)
    found = saliency.hirescam(network, images, 1, classes, "backbone.1")
    logits = network.heads[1](network(images)).detach().double().numpy()
    np.testing.assert_allclose(found.sum(axis=(1, 2)), logits[np.arange(5), classes], rtol=1e-5)


def test_gradients_at_their_places_and_gradients_pooled():
    pytest.importorskip("monai", reason="MONAI is an optional extra")
    # one channel that shows the image as it is; the head reads the top left quarter alone
    network = MultiTaskNetwork(nn.Sequential(nn.Conv2d(1, 1, 1, bias=False), nn.ReLU(), nn.Flatten()), 16, 2, (2,))
    nn.init.ones_(network.backbone[0].weight)
    with torch.no_grad():
        reads = torch.zeros(4, 4)
        reads[:2, :2] = 1
        network.features.weight.copy_(torch.stack([reads.flatten(), -reads.flatten()]))
        network.heads[0].weight.copy_(torch.eye(2))
    images = torch.zeros(1, 1, 4, 4)
    images[0, 0, :2, :2] = images[0, 0, 2:, 2:] = 0.5
    shares = {
        name: saliency.shares(draw(network, images, 0, np.array([0]), "backbone.1"), 2)[0].tolist()
        for name, draw in saliency.MAPS.items()
    }
    assert shares["hirescam"] == [1, 0]
    assert shares["gradcampp"] == pytest.approx([0.5, 0.5])


def test_shares_by_hand():
    maps = np.zeros((3, 4, 4))
    maps[0, 0, 0], maps[0, 3, 3], maps[0, 0, 3] = 3, 1, 7  # top right is the place of a third task
    maps[1, 2, 2] = 2
    found = saliency.shares(maps, 2)
    assert found[0].tolist() == [0.75, 0.25]
    assert found[1].tolist() == [0, 1]
    assert np.isnan(found[2]).all()
    np.testing.assert_allclose(saliency.shares(maps, 3)[0], np.array([3, 1, 7]) / 11)
    with pytest.raises(ValueError, match="even"):
        saliency.shares(np.ones((1, 3, 4)), 2)


def test_an_unknown_layer_is_named():
    for draw in saliency.MAPS.values():
        with pytest.raises(ValueError, match=r"backbone\.9.*backbone\.1"):
            draw(small_network(), torch.rand(1, 1, 8, 8), 0, np.array([0]), "backbone.9")


# --------------------------------------------------------------------------- the experiment


def short(name, epochs=1):
    found = next(v for v in SALIENCY.variants if v.name == name)
    return dataclasses.replace(
        found, optimisation=Optimisation(epochs=epochs, batch=50, step=2e-3, head_step=5e-3), measurements=1
    )


@pytest.mark.parametrize("variant", SALIENCY.variants, ids=lambda v: v.name)
def test_what_the_other_image_decides_at_the_certified_optimum(variant):
    run = Experiment(short(variant.name), CPU)
    solution = solve(run.problem, "proximal")
    labels = run.problem.design.labels
    optimum = law_of(run.problem)
    for t, rows in run.problem.design.blocks():
        z = (solution.W @ solution.H)[rows]
        margins = np.array([z[y, j] - z[1 - y, j] for j, y in enumerate(labels[t])])
        agree = labels[0] == labels[1]
        share = decided_by_the_other(margins[agree].mean(), margins[~agree].mean())
        assert share == pytest.approx(decided_by_the_other(optimum.a, optimum.b), abs=1e-4)


def test_a_look_at_a_network_of_one_head_for_both_tasks():
    pytest.importorskip("monai", reason="MONAI is an optional extra")
    run = Experiment(short("cnn-rho+0.80"), CPU)
    with torch.no_grad():
        first, second = run.network.linear_heads()
        second.weight.copy_(first.weight)
    found = look(run)
    for name in saliency.MAPS:
        assert np.mean(found[f"{name}_same"]) == pytest.approx(0.5, abs=1e-5)
        assert found[f"{name}_empty"][0] < 100  # of 400 maps
    assert LAYER in dict(run.network.named_modules())
    with torch.no_grad():
        second.weight.copy_(-first.weight + 0.5 * torch.randn(first.weight.shape))
    assert abs(np.mean(look(run)["hirescam_same"]) - 0.5) > 1e-4


def probe(decided, hirescam, gradcampp=0.5, same=0.5):
    return {
        "decided": [decided] * 2,
        **{"hirescam": [hirescam] * 2, "gradcampp": [gradcampp] * 2},
        **{"hirescam_same": [same] * 2, "gradcampp_same": [same] * 2},
    }


def test_rows_refuse_what_does_not_follow_the_law():
    runs = {rho: Experiment(short(f"cnn-rho{rho}"), CPU) for rho in ("+0.00", "+0.30", "+0.80")}
    for run in runs.values():
        run._measure()
    exact = {rho: decided_by_the_other(law_of(r.problem).a, law_of(r.problem).b) for rho, r in runs.items()}

    def judged(**changes):
        probes = {rho: probe(share, 0.1 + 0.8 * share) for rho, share in exact.items()} | changes
        results = {f"cnn-rho{rho}": [{**run.result(), "probe": probes[rho]}] for rho, run in runs.items()}
        rows = [row.to_dict() for row in SALIENCY.rows(results)]
        return {(row["variant"], row["quantity"]) for row in rows if not row["passed"] and "gap" not in row["quantity"]}

    assert judged() == set()
    assert len(judged(**{"+0.30": probe(0.3, 0.25)})) == 2  # decided, both tasks
    assert len(judged(**{"+0.30": probe(exact["+0.30"], 0.05)})) == 2  # a share that falls
    assert len(judged(**{"+0.80": probe(0.5, 0.9, gradcampp=0.7, same=0.6)})) == 3
    blind = {**probe(0.5, 0.9), "hirescam": [None, 0.5]}
    assert judged(**{"+0.80": blind})
