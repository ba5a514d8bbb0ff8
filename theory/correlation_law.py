r"""The correlation law: two tasks of K classes whose labels agree more, or less, often than by chance.

P(y¹ = y²) = (1 + (K−1)ρ)/K, uniform otherwise, −1/(K−1) ≤ ρ ≤ 1; cross-entropy with hard labels, ω = α/N for both
tasks, one λ_W for both; μ = √(N λ_W λ_H) and m = μ/α.  With A = 1 + (K−1)ρ and B = 1 − ρ the optimal logits are

    y¹ = y² = k:           M¹ = M² = a ē_k                          (ē_k = e_k − 1/K)
    y¹ = k, y² = l ≠ k:    M¹ = b ē_k + c ē_l,   M² = b ē_l + c ē_k

and the sum and the difference of the tasks are two *directions* with singular values

    σ_+ = √(2A a² + (K−2)B (b+c)²)/K,        σ_− = (b−c) √(B/K)            (each K−1 times, in units √(N λ_W))

    W_t W_tᵀ = (μ/2λ_W)(σ_+ + σ_−)(I − J/K),    W_1 W_2ᵀ = (μ/2λ_W)(σ_+ − σ_−)(I − J/K),
    cos(w¹_k, w²_k) = (σ_+ − σ_−)/(σ_+ + σ_−).

A direction is alive where its singular value is positive.  The tasks are *merged* (one head, cos = 1) where the
difference is dead and the sum alive, *opposed* (cos = −1) the other way round.

For K = 2 this is a closed form (claim ``correlation``), with c = 0: each direction is a balanced binary task of its own
whose mass is r = 1 ± ρ.  For K > 2 the three numbers solve a convex problem (claim ``correlation_classes``).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from theory import closed_forms as forms
from theory.closed_forms import FLOAT, Arithmetic
from theory.labels import FloatArray, IntArray, LabelDesign

# --------------------------------------------------------------------------- directions, any K


def sigma_plus(a: Any, g: Any, classes: Any, rho: Any, on: Arithmetic = FLOAT) -> Any:
    """σ_+ = √(2A a² + (K−2)B g²)/K with g = b + c."""
    agree, differ = 1 + (classes - 1) * rho, 1 - rho
    return on.sqrt(2 * agree * a**2 + (classes - 2) * differ * g**2) / classes


def sigma_minus(difference: Any, classes: Any, rho: Any, on: Arithmetic = FLOAT) -> Any:
    """σ_− = (b − c)√(B/K)."""
    return difference * on.sqrt((1 - rho) / classes)


def cosine(plus: Any, minus: Any) -> Any:
    """cos(w¹_k, w²_k) = (σ_+ − σ_−)/(σ_+ + σ_−); not both may be 0."""
    return (plus - minus) / (plus + minus)


def vanishing_cosine(rho: Any, on: Arithmetic = FLOAT) -> Any:
    """The limit of the cosine as μ → 0, for every K: (1 − √(1−ρ²))/ρ, and 0 at ρ = 0."""
    return rho / (1 + on.sqrt(1 - rho**2))


def loss(a: Any, b: Any, c: Any, classes: Any, rho: Any, on: Arithmetic = FLOAT) -> Any:
    """Loss of both tasks together at weight α = 1: agreeing cells and differing cells by their frequencies."""
    agree, differ = (1 + (classes - 1) * rho) / classes, (classes - 1) * (1 - rho) / classes
    same = on.log(1 + (classes - 1) * on.exp(-a))
    other = on.log(on.exp(b) + on.exp(c) + classes - 2) - b
    return 2 * (agree * same + differ * other)


def reduced_objective(
    a: Any, b: Any, c: Any, classes: Any, rho: Any, alpha: Any, mu: Any, on: Arithmetic = FLOAT
) -> Any:
    """f at the point of the ansatz: α loss + μ(K−1)(σ_+ + σ_−); its minimum over (a, b, c) with b ≥ c is f*."""
    size = sigma_plus(a, b + c, classes, rho, on) + sigma_minus(b - c, classes, rho, on)
    return alpha * loss(a, b, c, classes, rho, on) + mu * (classes - 1) * size


# --------------------------------------------------------------------------- two classes: closed form


def direction_threshold(alpha: Any, mass: Any, classes: Any = 2) -> Any:
    """μ² at which a direction of mass r = 1 ± ρ dies where it is a balanced task of its own: α² r/K.

    For K = 2 always; for K > 2 the difference always (r = 1 − ρ), the sum where the difference is dead.
    """
    return alpha**2 * mass / classes


def direction_margin(alpha: Any, mu: Any, mass: Any, on: Arithmetic = FLOAT) -> Any:
    """a_± of a *living* direction of mass r = 1 ± ρ, K = 2: log(1/s − 1), s = (μ/2α)√(2/r).

    The margin of a balanced binary task whose coupling is μ/√r.
    """
    return forms.margin(alpha, on.number(Fraction(2)), mu / on.sqrt(mass), on)


def direction_size(a: Any, mass: Any, on: Arithmetic = FLOAT) -> Any:
    """S_± = (a_±/2)√(2r), K = 2: the singular value σ_± in units √(N λ_W)."""
    return a * on.sqrt(2 * mass) / 2


def direction_value(alpha: Any, mu: Any, mass: Any, a: Any, on: Arithmetic = FLOAT) -> Any:
    """Share of a direction in f*, K = 2: r times the value of a balanced binary task of coupling μ/√r."""
    return mass * forms.task_value(alpha, on.number(Fraction(2)), mu / on.sqrt(mass), a, on)


# --------------------------------------------------------------------------- phases


def _root(classes: int, rho: float, m: float) -> float:
    """y = e^b of a dead sum and a living difference: m' y² − (1−m')(K−2)y − (2−m') = 0, m' = m√(K/B)."""
    share = m * math.sqrt(classes / (1 - rho))
    half = (1 - share) * (classes - 2) / 2
    return (half + math.sqrt(half**2 + share * (2 - share))) / share


def sum_threshold(classes: int, rho: float, m: float) -> float:
    """m² below which the sum direction lives, given m = μ/α (it depends on m where the difference lives).

    With the difference dead (m² ≥ B/K) it is (1+ρ)/K; with it alive 2A/K² + B E²/(K−2), E = (K−2)/(y + 1/y + K−2),
    y the positive root of m'y² − (1−m')(K−2)y − (2−m') = 0 and m' = m√(K/B).
    """
    if m**2 * classes >= 1 - rho:
        return (1 + rho) / classes
    y = _root(classes, rho, m)
    share = 1 / (y + 1 / y + classes - 2)
    return 2 * (1 + (classes - 1) * rho) / classes**2 + (1 - rho) * (classes - 2) * share**2


def phase(classes: int, rho: float, m: float) -> str:
    """``"dead"``, ``"merged"``, ``"opposed"`` or ``"alive"`` (both directions), at m = μ/α > 0.

    Raises ``ValueError`` outside K ≥ 2, −1/(K−1) ≤ ρ ≤ 1, m > 0.
    """
    _check(classes, rho, m)
    difference = m**2 * classes < 1 - rho
    together = m**2 < sum_threshold(classes, rho, m)
    return {(0, 0): "dead", (1, 0): "opposed", (0, 1): "merged", (1, 1): "alive"}[difference, together]


def _check(classes: int, rho: float, m: float) -> None:
    if classes < 2:
        raise ValueError(f"classes: {classes}; expected at least 2")
    if not -1 / (classes - 1) - 1e-15 <= rho <= 1:
        raise ValueError(f"correlation: {rho}; expected -1/(K-1) = {-1 / (classes - 1):.6g} to 1")
    if not m > 0:
        raise ValueError(f"coupling: {m}; expected μ/α > 0")


# --------------------------------------------------------------------------- the optimum, float64


@dataclass(frozen=True)
class CorrelatedOptimum:
    """The optimum of the reduced problem in float64, at α = 1 and coupling m = μ/α.

    a, b, c : margins (see the module); value : f*/α.
    plus, minus : σ_+ and σ_−; phase : see :func:`phase`.
    """

    a: float
    b: float
    c: float
    plus: float
    minus: float
    value: float
    phase: str

    @property
    def cosine(self) -> float:
        """cos(w¹_k, w²_k); NaN where both tasks are dead."""
        return cosine(self.plus, self.minus) if self.plus + self.minus > 0 else float("nan")


def correlated_optimum(classes: int, rho: float, m: float, iterations: int = 100) -> CorrelatedOptimum:
    """Minimise the reduced objective: closed form for K = 2, else damped Newton on what is alive.

    The living directions are known from :func:`phase`, so that the objective is smooth where it is minimised.
    Raises ``ValueError`` as :func:`phase` does, and ``RuntimeError`` if Newton does not settle.
    """
    state = phase(classes, rho, m)
    plus_alive, minus_alive = state in ("alive", "merged"), state in ("alive", "opposed")
    if classes == 2:
        a = direction_margin(1, m, 1 + rho) if plus_alive else 0.0
        b, c = (direction_margin(1, m, 1 - rho) if minus_alive else 0.0), 0.0
    elif state == "dead":
        a = b = c = 0.0
    elif state == "opposed":
        a, b = 0.0, math.log(_root(classes, rho, m))
        c = -b
    else:
        a, b, c = _newton(classes, rho, m, merged=not minus_alive, iterations=iterations)
    plus = sigma_plus(a, 0.0 if classes == 2 else b + c, classes, rho) if plus_alive else 0.0
    minus = sigma_minus(b - c, classes, rho) if minus_alive else 0.0
    return CorrelatedOptimum(
        a, b, c, plus, minus, loss(a, b, c, classes, rho) + m * (classes - 1) * (plus + minus), state
    )


def _newton(classes: int, rho: float, m: float, merged: bool, iterations: int) -> tuple[float, float, float]:
    """(a, b, c) with σ_+ > 0; ``merged`` fixes b = c.  In the variables (a, g, d), g = b + c and d = b − c."""
    agree, differ = 2 * (1 + (classes - 1) * rho), (classes - 2) * (1 - rho)
    scale = np.array([agree, differ, classes * (1 - rho)]) * (classes - 1) / classes**2

    def value(x: FloatArray) -> float:
        a, g, d = x
        size = math.sqrt(agree * a * a + differ * g * g) / classes + abs(d) * math.sqrt((1 - rho) / classes)
        b, c = (g + d) / 2, (g - d) / 2
        same = math.log1p((classes - 1) * math.exp(-a))
        other = math.log1p((math.exp(c) + classes - 2) * math.exp(-b))
        return float(
            agree / classes * same + 2 * (classes - 1) * (1 - rho) / classes * other + m * (classes - 1) * size
        )

    def slope(x: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Gradient and Hessian."""
        a, g, d = x
        b, c = (g + d) / 2, (g - d) / 2
        sigma = math.sqrt(agree * a * a + differ * g * g) / classes
        wrong = 1 / (math.exp(a) + classes - 1)
        total = math.exp(b) + math.exp(c) + classes - 2
        q = np.array([math.exp(b), math.exp(c)]) / total
        residual = np.array([classes * wrong, classes / total, (2 * math.exp(c) + classes - 2) / total])
        pull = m * np.array([a / sigma, g / sigma, math.sqrt(classes / (1 - rho)) if not merged else 1.0])
        gradient = scale * (pull - residual)
        kept = np.array([math.exp(c) + classes - 2, total - math.exp(c)]) / total  # 1 − q, without cancellation
        curve = np.array([[q[0] * kept[0], -q[0] * q[1]], [-q[0] * q[1], q[1] * kept[1]]])
        turn = np.array([[0.5, 0.5], [0.5, -0.5]])
        hessian = np.zeros((3, 3))
        hessian[0, 0] = agree / classes * (classes - 1) * wrong * math.exp(a) * wrong
        hessian[1:, 1:] = 2 * (classes - 1) * (1 - rho) / classes * (turn @ curve @ turn)
        direction = np.array([agree * a, differ * g]) / (classes**2 * sigma)
        curvature = (np.diag([agree, differ]) / classes**2 - np.outer(direction, direction)) / sigma
        hessian[:2, :2] += m * (classes - 1) * curvature
        return gradient, hessian

    keep = [k for k in range(3) if scale[k] > 0 and not (merged and k == 2)]
    x = np.array([1.0, 1.0, 0.0 if merged else 1.0])
    x[[k for k in range(3) if k not in keep]] = 0.0
    for _ in range(iterations):
        gradient, hessian = slope(x)
        step = np.zeros(3)
        # scaled by the weights of the variables, so that a nearly absent kind of cell does no harm
        root = np.sqrt(scale[keep])
        curvature = hessian[np.ix_(keep, keep)] / np.outer(root, root)
        step[keep] = -np.linalg.solve(curvature + 1e-14 * m * np.eye(len(keep)), gradient[keep] / root) / root
        if np.abs(gradient[keep] / scale[keep]).max() < 1e-14 * m:
            break
        now, length = value(x), 1.0
        while length > 1e-12 and not (
            value(x + length * step) <= now + 1e-4 * length * float(gradient @ step) + 1e-15 * now
            and (merged or (x + length * step)[2] > 0)
            and (x + length * step)[0] ** 2 + (x + length * step)[1] ** 2 > 0
        ):
            length /= 2
        x = x + length * step
    gradient, _ = slope(x)
    if np.abs(gradient[keep] / scale[keep]).max() > 1e-8 * m:
        raise RuntimeError(f"the reduced problem at K = {classes}, ρ = {rho}, μ/α = {m} did not settle")
    return float(x[0]), float(x[1] + x[2]) / 2, float(x[1] - x[2]) / 2


# --------------------------------------------------------------------------- recognising it


def correlation_of(design: LabelDesign, tasks: tuple[int, ...], cells: IntArray) -> Fraction | None:
    """ρ if the two ``tasks`` agree with probability (1+(K−1)ρ)/K on these cells and are uniform otherwise.

    Decided in integers from the joint counts; ``None`` for any other table, number of tasks or missing labels.
    """
    if len(tasks) != 2 or not design.labelled[list(tasks)][:, cells].all():
        return None
    size = design.classes[tasks[0]]
    if design.classes[tasks[1]] != size or any(len(design.targets[t]) != size for t in tasks):
        return None
    joint = np.zeros((size, size), dtype=np.int64)
    np.add.at(joint, (design.labels[tasks[0], cells], design.labels[tasks[1], cells]), design.counts[cells])
    same, other = joint[0, 0], joint[0, 1]
    if (joint != np.where(np.eye(size, dtype=bool), same, other)).any():
        return None
    agreement = Fraction(int(size * same), int(joint.sum()))
    return (size * agreement - 1) / (size - 1)


def joint_table(classes: int, agree: int, differ: int) -> IntArray:
    """Counts ``agree`` on the diagonal and ``differ`` off it; ρ = (agree − differ)/(agree + (K−1) differ)."""
    return np.where(np.eye(classes, dtype=bool), agree, differ).astype(np.int64)
