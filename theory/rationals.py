"""Exact numbers: what a user typed is what is proved.

A decimal text is the rational that it spells (``"0.1"`` is 1/10); a Python float is the exact dyadic
number that it holds (``0.1`` is 3602879701896397/2**55).  Every number of a problem is kept as a
:class:`fractions.Fraction`, so that a certificate speaks of exactly the stated problem.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from fractions import Fraction
from numbers import Rational

#: What a problem accepts wherever it wants a number.
Number = int | float | str | Fraction

#: A decimal text longer than this, or with a larger exponent, is refused: it is no measured quantity,
#: and an exponent of a million would take a million digits to write down.
MAX_TEXT = 400
MAX_EXPONENT = 400
#: The longest fraction "p/q": what such a decimal becomes when it is written down exactly.
MAX_FRACTION = 2 * (MAX_TEXT + MAX_EXPONENT)


def exact(value: Number, name: str = "number") -> Fraction:
    """The rational that ``value`` stands for.

    Raises
    ------
    TypeError   if ``value`` is neither a number nor a text (``bool`` is no number here).
    ValueError  if it is not finite, or a text that spells no rational or one out of all proportion.
    """
    if isinstance(value, bool):
        raise TypeError(f"{name}: expected a number, got the truth value {value!r}")
    if isinstance(value, (int, Rational)):
        return Fraction(value)
    if isinstance(value, str):
        text = value.strip()
        exponent = text.lower().partition("e")[2]
        digits = exponent.lstrip("+-")
        longest = MAX_FRACTION if "/" in text else MAX_TEXT
        if len(text) > longest or (digits.isdigit() and int(digits) > MAX_EXPONENT):
            raise ValueError(
                f"{name}: {text[:30]!r}... is out of proportion; expected a number of at most {longest} "
                f"characters with an exponent within ±{MAX_EXPONENT}"
            )
        try:
            return Fraction(text)
        except (ValueError, ZeroDivisionError):
            raise ValueError(f"{name}: {value!r} is no number; write it like 0.05, 5e-2 or 1/20") from None
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise TypeError(f"{name}: expected a number, got {type(value).__name__} {value!r}") from None
    if not math.isfinite(number):
        raise ValueError(f"{name}: {value!r} is not finite; expected an ordinary number")
    return Fraction(number)


def exact_per_task(value: Number | Sequence[Number] | Iterable[Number], tasks: int, name: str) -> tuple[Fraction, ...]:
    """One rational a task: a single number is repeated, a sequence must have ``tasks`` entries.

    Raises ``ValueError`` for a sequence of another length, and what :func:`exact` raises.
    """
    if isinstance(value, (str, int, float, Fraction)) or not isinstance(value, Iterable):
        return (exact(value, name),) * tasks
    entries = tuple(exact(entry, name) for entry in value)
    if len(entries) != tasks:
        raise ValueError(f"{name}: {len(entries)} numbers for {tasks} tasks; give one, or one a task")
    return entries
