"""The hand-made points of the balanced claims are what they are said to be: the objective is computed from scratch."""

import random
from functools import partial

import numpy as np
import pytest

from theory.mutation.instances import in_turn, lower_bound, single_source

DRAWS = 12


def objective_and_bound(at):
    """Cross-entropy of the logits WH + b1ᵀ and the penalties; and Σ_t α_t C(c_t)."""
    W, H, b, labels, D, B = (np.array(at.matrices[n], dtype=float) for n in ("W", "H", "b", "Ē", "D_W", "B"))
    K, N, alpha, lam, c = (float(at.scalars[n]) for n in ("K_t", "N", "α_t", "λ_H", "c_t"))
    K = int(K)
    logits, loss = W @ H + b, 0.0
    for rows in range(0, len(W), K):
        block, told = logits[rows : rows + K], labels[rows : rows + K]
        for j in np.flatnonzero(np.abs(told).sum(axis=0)):
            loss += np.log(np.exp(block[:, j]).sum()) - block[told[:, j].argmax(), j]
    f = alpha / N * loss + ((D @ W) ** 2).sum() / 2 + lam * (H**2).sum() / 2 + ((B @ b) ** 2).sum() / 2
    constant = np.log((1 + c) * (K - 1)) / (1 + c) + c / (1 + c) * np.log((1 + c) / c)
    return f, len(W) // K * alpha * constant


def drawn(**kind):
    rng = random.Random(5)
    return [lower_bound.attained(rng, **kind) for _ in range(DRAWS)]


@pytest.mark.parametrize("dead", [False, True])
def test_the_bound_is_attained_at_the_best_c_and_by_log_sum_exp_nowhere_else(dead):
    best = [at for at in drawn(dead=dead) if dead or not at.scalars["c_t"].is_Rational]
    assert len(best) > 3
    for at in best:
        f, bound = objective_and_bound(at)
        assert f == pytest.approx(bound, rel=1e-12)
    others = [at for at in drawn() if at.scalars["c_t"].is_Rational]
    assert others
    for at in others:
        f, bound = objective_and_bound(at)
        assert f > bound + 1e-6


@pytest.mark.parametrize("kind", [{"every": 2}, {"stretch": 2}, {"twice": True}], ids=str)
def test_designs_that_break_a_hypothesis_fall_below_the_bound(kind):
    for at in drawn(**kind):
        if not at.scalars["c_t"].is_Rational:
            f, bound = objective_and_bound(at)
            assert f < bound - 1e-6


def test_one_class_falls_below_the_bound():
    f, bound = objective_and_bound(lower_bound.one_class(random.Random(1)))
    assert f < bound


def test_a_decayed_bias_costs_its_penalty():
    for at in drawn(paid=True):
        b, B = (np.array(at.matrices[n], dtype=float) for n in ("b", "B"))
        if not at.scalars["c_t"].is_Rational:
            f, bound = objective_and_bound(at)
            assert f - bound == pytest.approx(((B @ b) ** 2).sum() / 2, rel=1e-9)


def test_point_and_dual_point_have_one_value_where_the_margin_fits():
    rng = random.Random(3)
    for _ in range(DRAWS):
        at = single_source.optimum(rng)
        f, dual, least = (float(at.scalars[n]) for n in ("f(W°, H°)", "D(q)", "f∗"))
        assert [dual, least] == pytest.approx([f, f], rel=1e-12)
        U = np.array(at.matrices["U'"], dtype=float)
        assert np.linalg.norm(U, 2) <= float(at.scalars["λ_H"]) ** 0.5 * (1 + 1e-12)
        assert np.abs(U @ np.array(at.matrices["s"], dtype=float)).max() < 1e-12


def test_a_point_with_too_large_a_margin_has_a_larger_value_than_its_dual_point():
    rng = random.Random(3)
    seen = 0
    for at in (single_source.optimum(rng, excess=2) for _ in range(DRAWS)):
        f, dual = (float(at.scalars[n]) for n in ("f(W°, H°)", "D(q)"))
        if at.scalars["a_t"] > 0:
            seen += 1
            assert f > dual + 1e-6
    assert seen


def test_kinds_take_turns_anew_with_every_source():
    draw = in_turn(*(partial(lambda k, rng: k, k) for k in "abc"))
    first, second = random.Random(1), random.Random(1)
    assert [draw(first) for _ in range(4)] == list("abca")
    assert [draw(second) for _ in range(2)] == list("ab")
