"""Features against the weighted sum of the heads, at every point with a gap: a bound in balls.

The sum rule compares H̃ with W'ᵀB̃, B̃_{t,j} = β_t √n_j y_{t,j}/√λ_{W,t}.  With P centring within tasks, three bounds of
the claim, ‖H̃ − W'ᵀU'/λ_H‖ <= 2√(2ε/λ_H), ‖W'‖ <= w = √(2 upper) and ‖W' − U'H̃ᵀ‖ <= √(2ε), with
‖H̃‖ <= √(2 upper/λ_H), make for every number c

    ‖(I − P)W'‖     <= e = √(2ε) + √(2 upper/λ_H) ‖(I − P)U'‖
    ‖H̃ − c W'ᵀB̃‖    <= 2√(2ε/λ_H) + w ‖U'/λ_H − c PB̃‖ + |c| e ‖(I − P)B̃‖
    √λ_H ‖H̃‖        >= ‖W'‖ − √(2ε);

the deviation is the sine of the angle between H̃ and W'ᵀB̃, at most the second over ‖H̃‖.  Where every block of
W'W'ᵀ is known, ‖W'ᵀN‖² = ⟨W'W'ᵀ, NNᵀ⟩ takes the place of w²‖N‖².  ((I − P)U' = 0 for
cross-entropy, and for squared error under a free bias nearly so.)
"""

from __future__ import annotations

from fractions import Fraction
from operator import mul
from typing import Any

from flint import arb, arb_mat

from relaxations.balls import BALLS, nontrivial
from relaxations.rational_dual import RationalDual, count_roots, target_table
from theory import optimum_geometry
from theory import stability_bounds as stability
from theory.model import UFM

#: Products (R · R · C) beyond which the sum rule is bounded without the Gram matrix: further seconds.
MAX_PRODUCTS = 4_000_000


def sum_rule_bound(
    problem: UFM, found: optimum_geometry.GeometryBounds, dual: RationalDual, gap: Any, upper: Any
) -> float | None:
    """The module's bound; ``None`` unless ‖W'‖ is proved to exceed √(2ε)."""
    design = problem.design
    lambda_h, duality = BALLS.number(problem.lambda_h), stability.duality_radius(gap, BALLS)
    squares = arb(0)
    for t, k in enumerate(design.classes):
        block, radius = found.gram[t][t], found.radius[t][t]
        if block is None or radius is None:
            return None
        # |tr E| <= √K ‖E‖
        squares += sum((block[i][i] for i in range(k)), arb(0)) - radius * arb(k).sqrt()
    if not squares > 0:
        return None
    height = squares.sqrt() - duality
    rule, mean = _rule(problem)
    square = _inner(rule, rule)
    if not (height > 0 and square > 0):
        return None
    head = stability.head_norm(upper, BALLS)
    off = duality + head / lambda_h.sqrt() * _norm(_uncentred(problem, dual.residual))
    features = dual.residual * (1 / lambda_h)
    c = (_inner(features, rule) / square).mid()
    distances = [head * _norm(features - rule * c) + abs(c) * off * _norm(mean)]
    gram = _assembled(problem, found) if design.rows**2 * design.cells <= MAX_PRODUCTS else None
    if gram is not None:
        for second, rest in ((rule, mean), (rule + mean, mean * 0)):
            through = _distance_through_gram(problem, gram, features, second)
            if through is not None:
                distances.append(through[1] + abs(through[0]) * off * _norm(rest))
    bounds = [(d + stability.feature_radius(gap, lambda_h, BALLS)) * lambda_h.sqrt() / height for d in distances]
    found_bounds = [bound for bound in (nontrivial(bound, 1.0) for bound in bounds) if bound is not None]
    return min(found_bounds, default=None)


def _assembled(problem: UFM, found: optimum_geometry.GeometryBounds) -> tuple[arb_mat, list[list[Any]]] | None:
    """G° (R, R) and the radii of its blocks; ``None`` unless every block is known."""
    tasks = range(problem.design.tasks)
    gram = arb_mat(problem.design.rows, problem.design.rows)
    radius = [[arb(0) for _ in tasks] for _ in tasks]
    for s in tasks:
        for t in tasks:
            pair = found.block(s, t)
            if pair is None:
                return None
            radius[s][t] = pair[1]
            for i, row in enumerate(pair[0], problem.design.rows_of(s).start):
                for k, value in enumerate(row, problem.design.rows_of(t).start):
                    gram[i, k] = value
    return gram, radius


def _distance_through_gram(
    problem: UFM, known: tuple[arb_mat, list[list[Any]]], a: arb_mat, b: arb_mat
) -> tuple[Any, Any] | None:
    """(c, a bound of ‖W'ᵀ(A − cB)‖) for the c of least bound: √(⟨G°, NNᵀ⟩ + Σ ρ_st ‖(NNᵀ)_st‖), N = A − cB."""
    gram, radius = known
    transposed = gram.transpose()
    crossed, squared = a * b.transpose(), b * b.transpose()
    least = _inner(transposed, squared)
    if not least > 0:
        return None
    c = (_inner(transposed, crossed) / least).mid()
    rest = a * a.transpose() - (crossed + crossed.transpose()) * c + squared * (c * c)
    total = _inner(transposed, rest)
    for s, rows in problem.design.blocks():
        for t, columns in problem.design.blocks():
            block = [rest[i, k] for i in range(rows.start, rows.stop) for k in range(columns.start, columns.stop)]
            total += radius[s][t] * _norm(arb_mat(1, len(block), block))
    # ‖W'ᵀN‖² is not negative, whatever rounding made of its bound
    top = arb(total.upper())
    return c, (top if top > 0 else arb(0)).sqrt()


def _rule(problem: UFM) -> tuple[arb_mat, arb_mat]:
    """P B̃ and (I − P) B̃ in balls, ``(R, C)`` each."""
    design, roots, target = problem.design, count_roots(problem), target_table(problem)
    rule = []
    for t, rows in design.blocks():
        k = design.classes[t]
        # β_t/√λ_W = √(K/(λ_H N_t))
        beta = BALLS.number(Fraction(k) / (problem.lambda_h * design.task_masses[t])).sqrt()
        heights = [beta * n for n in roots]
        for i in range(rows.start, rows.stop):
            rule.append([h * arb(y) for h, y in zip(heights, target[i], strict=True)])
    whole = arb_mat(rule)
    mean = _uncentred(problem, whole)
    return whole - mean, mean


def _uncentred(problem: UFM, matrix: arb_mat) -> arb_mat:
    """(I − P) of a matrix (R, C): the means of its columns within tasks."""
    out, table = [], matrix.tolist()
    for t, rows in problem.design.blocks():
        mean = [sum(column[1:], column[0]) / problem.design.classes[t] for column in zip(*table[rows], strict=True)]
        out += [mean] * problem.design.classes[t]
    return arb_mat(out)


def _inner(a: arb_mat, b: arb_mat) -> Any:
    """⟨A, B⟩."""
    return sum(map(mul, a.entries(), b.entries()), arb(0))


def _norm(matrix: arb_mat) -> Any:
    """A number at least ‖A‖, in the Frobenius norm, and hardly larger."""
    return arb((_inner(matrix, matrix) + arb(2) ** -300).upper()).sqrt()
