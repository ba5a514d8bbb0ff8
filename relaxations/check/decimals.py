"""From balls to numbers that can be printed: exact end points, decimals rounded outward, floats rounded up."""

from __future__ import annotations

import math

from flint import arb, fmpq

MAX_BITS = 13_000  # exponent of a bound that is written out in decimal
DIGITS = 20  # of the printed bounds


def endpoint(value: arb) -> fmpq | None:
    """The exact dyadic number that a ball of radius 0 is; ``None`` if it is none or out of proportion."""
    if not value.is_finite():
        return None
    mantissa, exponent = value.man_exp()
    return fmpq(mantissa) * fmpq(2) ** int(exponent) if abs(int(exponent)) <= MAX_BITS else None


def decimal(value: fmpq, up: bool, digits: int = DIGITS) -> str:
    """``value`` to so many significant digits, rounded up or down (and never the other way)."""
    if value == 0:
        return "0"
    size, away = abs(value), up == (value > 0)
    exponent = len(str(int(size.p))) - len(str(int(size.q)))
    while fmpq(10) ** exponent > size:
        exponent -= 1
    scaled = size * fmpq(10) ** (digits - 1 - exponent)
    number = int(scaled.ceil() if away else scaled.floor())
    if number == 10**digits:
        number, exponent = 10 ** (digits - 1), exponent + 1
    text = str(number)
    if -5 <= exponent < digits:
        body = "0" * -exponent + text
        point = max(exponent, 0) + 1
        out = f"{body[:point]}.{body[point:]}".rstrip("0").rstrip(".")
    else:
        out = f"{text[0]}.{text[1:]}".rstrip("0").rstrip(".") + f"e{exponent:+d}"
    return ("-" if value < 0 else "") + out


def float_up(value: fmpq) -> float:
    """A float64 at least as large as ``value`` >= 0."""
    try:
        return math.nextafter(int(value.p) / int(value.q), math.inf) if value > 0 else 0.0
    except OverflowError:
        return math.inf
