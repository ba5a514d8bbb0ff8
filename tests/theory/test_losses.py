import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import logsumexp, rel_entr, softmax

from theory.losses import LOSSES, fenchel_young, loss_named

SEEDS = st.integers(0, 2**32 - 1)


def draw(seed, classes=4, columns=3):
    rng = np.random.default_rng(seed)
    return 3 * rng.standard_normal((classes, columns)), rng.dirichlet(np.ones(classes), columns).T


@given(SEEDS)
def test_cross_entropy_is_the_divergence_from_target_to_softmax(seed):
    z, y = draw(seed)
    expected = rel_entr(y, softmax(z, axis=0)).sum(axis=0)
    np.testing.assert_allclose(fenchel_young(LOSSES["ce"], z, y), expected, rtol=1e-9, atol=1e-12)


@given(SEEDS)
def test_one_hot_cross_entropy_is_the_framework_value(seed):
    z, _ = draw(seed)
    y = np.eye(4)[:, :3]
    np.testing.assert_allclose(fenchel_young(LOSSES["ce"], z, y), logsumexp(z, axis=0) - np.diag(z), rtol=1e-12)


def test_squared_error_is_half_the_squared_distance():
    z, y = draw(0)
    np.testing.assert_allclose(fenchel_young(LOSSES["mse"], z, y), 0.5 * ((z - y) ** 2).sum(axis=0))


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
@given(SEEDS)
def test_gradient_and_hessian_by_differences(loss, seed):
    z, v = draw(seed)
    step = 1e-5
    slope = (loss.phi(z + step * v) - loss.phi(z - step * v)) / (2 * step)
    np.testing.assert_allclose((loss.gradient(z) * v).sum(axis=0), slope, atol=1e-8)
    bend = (loss.gradient(z + step * v) - loss.gradient(z - step * v)) / (2 * step)
    np.testing.assert_allclose(loss.hessian_product(loss.gradient(z), v), bend, atol=1e-8)


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
@pytest.mark.parametrize("seed", range(3))
def test_conjugate_is_the_supremum_of_the_linear_minus_phi(loss, seed):
    q = draw(seed)[1][:, 0]
    best = minimize(lambda z: float(loss.phi(z[:, None])[0] - q @ z), np.zeros(4), tol=1e-12)
    assert float(loss.conjugate(q[:, None])[0]) == pytest.approx(-best.fun, abs=1e-8)


def test_the_entropy_of_a_vertex_is_zero_and_large_logits_do_not_overflow():
    assert LOSSES["ce"].conjugate(np.eye(3)).tolist() == [0.0, 0.0, 0.0]
    assert LOSSES["ce"].phi(np.array([[1000.0], [0.0]]))[0] == 1000.0


def test_unknown_losses_are_named():
    with pytest.raises(ValueError, match=r"'hinge' is unknown; expected one of ce, mse"):
        loss_named("hinge")
