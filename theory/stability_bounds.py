r"""Stability: what a gap ε = f − D(q) says of the geometry of *every* point with that gap, with constants (T14).

Needed of a certificate: the gap ε, the feasible dual point q behind it, and an upper bound of f.  Not the point: the
bounds hold for every (W, H, b) of every dimension with f(W, H, b) − D(q) <= ε.  With U' the scaled residual of q:

    predictions   TV(q_{t,j}, p_{t,j}) <= √(ε/(2ω_{t,j}))                                    (Pinsker)
    margins       every z_k − z_l within 2η of log q_k − log q_l, η = −log(1 − TV/q_min)
    logits        Σ_j λ_{W,t} n_j ‖z_{t,j} − z°_{t,j}‖² <= Δ_t² up to constants, z° = log q centred
    heads         ‖W'_sW'_tᵀ − G°_{st}‖ <= ρ_{st} = 2w√(2ε) + 2ε + √λ_H Δ_s,     G°_{st} = Z°_s U'_tᵀ,  w² = 2f
    features      Σ_i ‖h_i − h̄_{j(i)}‖² <= 2ε/λ_H,   ‖H̃ − W'ᵀU'/λ_H‖ <= 2√(2ε/λ_H)

(claim ``stability``), so ETF deviations, cross-task overlaps and cosines of the heads are those of G° up to a few ρ.
For squared error z° = q, Δ_t² = 2ε max_j λ_{W,t} n_j/ω_{t,j} and ρ_{st} = w√(2ε) + √λ_H Δ_s.  G°_{st} needs
the logits of task s wherever task t is labelled; where neither of two tasks has the other's cells but they have some in
common, :func:`common_cells_radius`.  :mod:`theory.optimum_geometry` puts these constants together.

Every function takes an :class:`~theory.closed_forms.Arithmetic`: in balls the bounds are proved.
"""

from __future__ import annotations

from typing import Any

from theory.closed_forms import FLOAT, Arithmetic


def total_variation(gap: Any, weight: Any, on: Arithmetic = FLOAT) -> Any:
    """TV(q, p) = ½ Σ_k |q_k − p_k| of one cell of total weight ω: at most √(ε/(2ω))."""
    return on.sqrt(gap / (2 * weight))


def log_ratio(variation: Any, least: Any, on: Arithmetic = FLOAT) -> Any:
    """η: |log p_k − log q_k| <= −log(1 − TV/q_min) for every class, if TV < q_min = ``least``."""
    return -on.log(1 - variation / least)


def convexity(ratio: Any) -> Any:
    """c with KL(q ‖ p) >= c q_min ‖z − z°‖² where log-ratios are at most η = ``ratio``: ½ − η/3."""
    return (3 - 2 * ratio) / 6


def logit_square(gap: Any, scale: Any, least: Any, convex: Any) -> Any:
    """Δ² = ε max_j λ_W n_j/ω_j/(q_min c), cross-entropy; ``scale`` is max_j λ_W n_j/ω_j."""
    return gap * scale / (least * convex)


def logit_square_squared_error(gap: Any, scale: Any) -> Any:
    """Δ² = 2ε max_j λ_W n_j/ω_j, squared error."""
    return 2 * gap * scale


def duality_radius(gap: Any, on: Arithmetic = FLOAT) -> Any:
    """‖W' − U'H̃ᵀ‖ <= √(2ε)."""
    return on.sqrt(2 * gap)


def head_norm(upper: Any, on: Arithmetic = FLOAT) -> Any:
    """‖W'‖ <= √(2f)."""
    return on.sqrt(2 * upper)


def gram_radius(
    gap: Any, head: Any, logits: Any, lambda_h: Any, centred: bool, bias: Any = 0, on: Arithmetic = FLOAT
) -> Any:
    """ρ: distance of a block of W'W'ᵀ from G°, in the Frobenius norm.

    head : ‖W'‖;  logits : Δ_s;  centred : cross-entropy, whose residuals are centred within tasks;
    bias : what a decayed bias adds (:func:`bias_radius`), 0 without a bias and under a free one.
    """
    e = duality_radius(gap, on)
    own = head * e + (e * (head + e) if centred else 0)
    return own + on.sqrt(lambda_h) * logits + bias


def bias_radius(gap: Any, ratio: Any, pull: Any, on: Arithmetic = FLOAT) -> Any:
    """√(λ_{W,s}/λ_{b,s}) √(2ε) ‖r_t/√λ_{W,t}‖: ``ratio`` is λ_W/λ_b of task s, ``pull`` the last norm."""
    return on.sqrt(ratio) * duality_radius(gap, on) * pull


def common_cells_radius(
    gap: Any, head: Any, logits: Any, lambda_h: Any, size: Any, miss: Any, means: Any, bias: Any = 0,
    on: Arithmetic = FLOAT,
) -> Any:  # fmt: skip
    """Distance of W'_sW'_tᵀ from λ_H Z°_sQ, Q any matrix on the cells of task s, in the Frobenius norm.

    head : w;  logits : Δ_s;  size : ‖Q‖_op;  miss : ‖S_tᵀP − U'Q‖, P centring (or I);
    means : ‖(I − P)W'_s‖ + ‖(I − P)W'_t‖, as far as centred (:func:`means_of_rows`);
    bias : what the bias of s adds: :func:`bias_radius` with λ_H ‖sᵀQ‖ for ``pull`` (decayed), or that times
    :func:`free_bias_norm` (free).
    """
    through = logits + head * feature_radius(gap, lambda_h, on)
    return head * head * miss + lambda_h * through * size + head * means + bias


def means_of_rows(gap: Any, head: Any, stray: Any, lambda_h: Any, on: Arithmetic = FLOAT) -> Any:
    """‖(I − P)W'_t‖ <= √(2ε) + w ‖(I − P)U'_t‖/√λ_H; ``stray`` is the last norm, 0 for cross-entropy."""
    return duality_radius(gap, on) + head * stray / on.sqrt(lambda_h)


def free_bias_norm(centre: Any, logits: Any, head: Any, lambda_h: Any, counts: Any, on: Arithmetic = FLOAT) -> Any:
    """‖P√λ_{W,s} b_s‖ <= (‖Z°_s‖ + Δ_s + w²/√λ_H)/‖s‖ of a free bias; ``counts`` is ‖s‖, s = [√n_j]."""
    return (centre + logits + head * head / on.sqrt(lambda_h)) / counts


def overlap_bound(
    cross: Any, first: Any, second: Any, radius: Any, own: tuple[Any, Any], on: Arithmetic = FLOAT
) -> Any:
    """‖W_sW_tᵀ‖/√(‖W_sW_sᵀ‖‖W_tW_tᵀ‖) of norms of blocks of G°; ``own`` are the radii of the diagonal blocks."""
    return (cross + radius) / on.sqrt((first - own[0]) * (second - own[1]))


def etf_bound(deviation: Any, norm: Any, radius: Any) -> Any:
    """‖W Wᵀ/‖·‖ − ETF‖ <= deviation of G° + 2ρ/‖G°‖."""
    return deviation + 2 * radius / norm


def cosine_radius(
    inner: Any, first: Any, second: Any, radius: Any, own: tuple[Any, Any], on: Arithmetic = FLOAT
) -> Any:
    """How far cos(w_k, w_l) is from inner/√(first second); ``inner`` >= 0 its size, ``first``, ``second`` squares."""
    least = on.sqrt((first - own[0]) * (second - own[1]))
    return radius / least + inner * (1 / least - 1 / on.sqrt(first * second))


def within_cell_bound(gap: Any, lambda_h: Any) -> Any:
    """Σ_i ‖h_i − h̄_{j(i)}‖² <= 2ε/λ_H (NC1)."""
    return 2 * gap / lambda_h


def feature_radius(gap: Any, lambda_h: Any, on: Arithmetic = FLOAT) -> Any:
    """‖H̃ − W'ᵀU'/λ_H‖ <= 2√(2ε/λ_H): features are that sum of head rows."""
    return 2 * on.sqrt(2 * gap / lambda_h)
