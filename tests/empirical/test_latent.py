"""Latent features: exact on the certified optimum, and away from it the violations that were put in."""

import numpy as np
import pytest

from empirical.latent import latent_collapse, projections
from relaxations.solve import solve
from theory import UFM, LabelDesign

DESIGN = LabelDesign.factorial((3, 4), 2)


@pytest.fixture(scope="module")
def optimum():
    solution = solve(UFM(DESIGN, "0.01", "0.01"), "proximal")
    cell_of = np.repeat(np.arange(DESIGN.cells), DESIGN.counts)
    # a sixth dimension that no head reads
    W, H = np.pad(solution.W, ((0, 0), (0, 1))), np.pad(solution.H, ((0, 1), (0, 0)))
    return W, H[:, cell_of], DESIGN.labels[:, cell_of].T


def test_the_certified_optimum_has_collapsed_latent_features(optimum):
    W, H, labels = optimum
    found = latent_collapse(DESIGN, W, H, labels)
    assert max(*found["latent_within"], *found["latent_etf"], found["latent_sum"]) < 1e-6


def test_projections_are_those_of_the_heads(optimum):
    W, _, _ = optimum
    for part, (t, rows) in zip(projections(DESIGN, W), DESIGN.blocks(), strict=True):
        assert part @ part == pytest.approx(part)
        assert np.trace(part) == pytest.approx(DESIGN.classes[t] - 1)
        assert W[rows] @ part == pytest.approx(W[rows], abs=1e-6)


def test_what_is_put_in_is_found(optimum):
    W, H, labels = optimum
    rng = np.random.default_rng(0)
    noisy = H + 0.3 * np.abs(H).max() * rng.standard_normal(H.shape)
    found = latent_collapse(DESIGN, W, noisy, labels)
    assert min(found["latent_within"]) > 0.05
    # a direction that no head reads is in no latent feature
    outside = np.eye(W.shape[1])[-1]
    assert (W @ outside == 0).all()
    size = np.linalg.norm(H) / np.sqrt(H.shape[1])
    found = latent_collapse(DESIGN, W, H + size * outside[:, None], labels)
    assert found["latent_sum"] == pytest.approx(np.sqrt(0.5), rel=1e-6)
    # swapping the heads' labels: the features of one task say nothing of the other's label
    swapped = latent_collapse(DESIGN, W, H, np.stack([labels[:, 0], (labels[:, 0] + labels[:, 1]) % 4], axis=1))
    assert swapped["latent_within"][1] > 0.3


def test_no_meaning_is_nan_and_not_zero(optimum):
    W, H, labels = optimum
    zero = W.copy()
    zero[:3] = 0
    found = latent_collapse(DESIGN, zero, H, labels)
    assert np.isnan([found["latent_within"][0], found["latent_etf"][0], found["latent_sum"]]).all()
    assert np.isfinite(found["latent_within"][1])
    few = labels[:, 0] > 0
    assert np.isnan(latent_collapse(DESIGN, W, H[:, few], labels[few])["latent_within"][0])
    assert np.isnan(latent_collapse(DESIGN, W, 0 * H, labels)["latent_within"]).all()
