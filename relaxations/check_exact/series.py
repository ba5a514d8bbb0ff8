"""exp and log from below and above, by rational series with bounded remainders; no float takes part.

log x = e log 2 + 2 Σ_k u^{2k+1}/(2k+1),  x = m 2^e, 1 ≤ m < 2, u = (m − 1)/(m + 1) ≤ 1/3,
        remainder after n terms at most 2 u^{2n+1}/((2n + 1)(1 − u²));
exp(−t) = (1/exp(t/2^k))^{2^k},  exp(v) = Σ v^i/i!, v ≤ 1/2, remainder after n terms at most 2 v^n/n!.
"""

from __future__ import annotations

import math
from fractions import Fraction

BITS = 128  # absolute error of exp and log: a few 2^-BITS

UNIT = 1 << BITS
ZERO, ONE = Fraction(0), Fraction(1)


def _artanh(low: int, high: int) -> tuple[int, int]:
    """Bounds of 2 artanh(u)·2^BITS for 0 ≤ low/2^BITS ≤ u ≤ high/2^BITS ≤ 0.34."""

    def series(u: int, up: bool) -> int:
        square, power, total, k = u * u, u, 0, 1
        while power:
            total += -(-power // k) if up else power // k
            power = -(-power * square // UNIT**2) if up else power * square // UNIT**2
            k += 2
            if up and power <= 1:  # what follows sums to less than power/(1 − u²) < 2
                total += 2
                break
        return 2 * total

    return series(low, False), series(high, True)


LOG2 = _artanh(UNIT // 3, UNIT // 3 + 1)


def log_bounds(x: Fraction) -> tuple[Fraction, Fraction]:
    """Rationals on both sides of log x, x > 0."""
    e = x.numerator.bit_length() - x.denominator.bit_length()
    m = x / Fraction(2) ** e
    if m < 1:
        e, m = e - 1, m * 2
    u = (m - 1) / (m + 1) * UNIT
    low, high = _artanh(math.floor(u), math.ceil(u))
    shift = (e * LOG2[0], e * LOG2[1]) if e >= 0 else (e * LOG2[1], e * LOG2[0])
    return Fraction(low + shift[0], UNIT), Fraction(high + shift[1], UNIT)


def exp_bounds(x: Fraction) -> tuple[Fraction, Fraction]:
    """Rationals on both sides of exp x, x ≤ 0."""
    t = -x
    if t > BITS:  # exp(−t) < 2^−t
        return ZERO, Fraction(1, UNIT)
    halvings = 1
    while t > Fraction(1 << halvings, 2):
        halvings += 1
    v = t / (1 << halvings) * UNIT

    def series(v: int, up: bool) -> int:
        term, total, i = UNIT, 0, 0
        while term > 1:
            total += term
            i += 1
            term = -(-term * v // (UNIT * i)) if up else term * v // (UNIT * i)
        return total + (2 if up else 0)  # what follows the first term below 2^-BITS sums to less than twice that

    low, high = UNIT * UNIT // series(math.ceil(v), True), -(-UNIT * UNIT // series(math.floor(v), False))
    for _ in range(halvings):
        low, high = low * low // UNIT, -(-high * high // UNIT)
    return Fraction(low, UNIT), Fraction(high, UNIT)
