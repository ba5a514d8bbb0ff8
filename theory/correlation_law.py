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
from scipy.optimize import brentq

from theory import closed_forms as forms
from theory.closed_forms import FLOAT, Arithmetic
from theory.labels import IntArray, LabelDesign

#: Relative accuracy asked of a bracketed root: four units in the last place, the least that SciPy takes.
TIGHT = 4 * float(np.finfo(float).eps)

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


def correlated_optimum(classes: int, rho: float, m: float) -> CorrelatedOptimum:
    """The optimum: closed form for K = 2 and where the sum is dead, else a root of the stationarity system.

    The living directions are known from :func:`phase`.  Raises ``ValueError`` as :func:`phase` does.
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
        a, b, c = _living_sum(classes, rho, m, merged=not minus_alive)
    plus = sigma_plus(a, 0.0 if classes == 2 else b + c, classes, rho) if plus_alive else 0.0
    minus = sigma_minus(b - c, classes, rho) if minus_alive else 0.0
    return CorrelatedOptimum(
        a, b, c, plus, minus, loss(a, b, c, classes, rho) + m * (classes - 1) * (plus + minus), state
    )


def _living_sum(classes: int, rho: float, m: float, merged: bool) -> tuple[float, float, float]:
    """(a, b, c) with σ_+ > 0; ``merged`` has b = c.

    With D = e^b + e^c + K − 2 for unknown: b and c follow from w(D) (:func:`_differing`), σ_+ = m g D/K from v = K/D,
    a from u = m a/σ_+, and what is left, 2A u² + (K−2)B v² = m²K², decreases in D.  Two nested bracketed roots.
    """
    agree, differ = 2 * (1 + (classes - 1) * rho), (classes - 2) * (1 - rho)
    if differ == 0:  # labels always agree: only a enters
        return _margin_of(m * classes / math.sqrt(agree), classes), 0.0, 0.0
    share = None if merged else m * math.sqrt(classes / (1 - rho))

    def first(total: float) -> float:
        """A at D: s(a) = m a (e^a + K − 1)/K increases and must be σ_+."""
        sigma = max(0.0, m * sum(_differing(total, classes, share)) * total / classes)
        high = 1.0
        while m * high * (math.exp(high) + classes - 1) / classes < sigma:
            high *= 2
        root = brentq(
            lambda a: m * a * (math.exp(a) + classes - 1) / classes - sigma, 0.0, high, xtol=1e-300, rtol=TIGHT
        )
        return float(root)

    def excess(total: float) -> float:
        u = classes / (math.exp(first(total)) + classes - 1) if agree > 0 else 0.0
        return (agree * u**2 + differ * (classes / total) ** 2) / (m * classes) ** 2 - 1

    y = 1.0 if merged else _root(classes, rho, m)
    low = y + 1 / y + classes - 2
    high = 2 * low
    while excess(high) > 0:
        high *= 2
    if excess(low) <= 0:  # at the threshold, to rounding
        high = low
    total = low if high == low else float(brentq(excess, low, high, xtol=1e-300, rtol=TIGHT))
    return (first(total) if agree > 0 else 0.0, *_differing(total, classes, share))


def _differing(total: float, classes: int, share: float | None) -> tuple[float, float]:
    """(b, c) from D: b = c where ``share`` is ``None``, else 2e^c + K − 2 = m'D with m' = ``share``."""
    if share is None:
        half = math.log((total - classes + 2) / 2)
        return half, half
    second = (share * total - classes + 2) / 2
    return math.log(total - second - classes + 2), math.log(second)


def _margin_of(u: float, classes: int) -> float:
    """A from u = K/(e^a + K − 1)."""
    return math.log(classes / u - classes + 1)


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
