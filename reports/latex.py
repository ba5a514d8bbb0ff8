r"""LaTeX text from strings and numbers: escaping, numbers as a paper prints them, formulas that break.

Whatever reaches a template is escaped unless it is a :class:`Latex`, which only this package makes: a string
that a user gave (a path, a scenario's name, a device) cannot become a command.  Numbers are written here and
not by a LaTeX package, so that what is printed is decided, and tested, in one place.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal, localcontext
from fractions import Fraction
from typing import Any

from relaxations.check import Verdict
from theory.proof.prose import escape as escaped


class Latex(str):
    """Text that is LaTeX already."""

    __slots__ = ()


def escape(text: str) -> Latex:
    """``text`` so that LaTeX prints it letter by letter (:func:`theory.proof.prose.escape`)."""
    return Latex(escaped(text))


def finalize(value: Any) -> str:
    """What a template prints for ``value``: Latex as it is, everything else escaped."""
    return value if isinstance(value, Latex) else escape(str(value))


def code(text: str) -> Latex:
    """``text`` as a command or path: typewriter, breakable at spaces and after ``/`` or ``=``."""
    pieces = (escape(piece) for piece in re.split("(?<=[/=])", text))
    return Latex(r"\texttt{" + r"\allowbreak{}".join(pieces) + "}")


def name(text: str) -> Latex:
    """``text`` as an identifier: typewriter, breakable after a dash or underscore too (no command to be copied)."""
    pieces = (escape(piece) for piece in re.split(r"(?<=[-_/])(?=[A-Za-z0-9])|(?<=\.)(?=[A-Za-z])", text))
    return Latex(r"\texttt{" + r"\allowbreak{}".join(pieces) + "}")


def hexadecimal(text: str, group: int = 8) -> Latex:
    """A digest in groups, so that it can be compared by eye and broken over lines."""
    return Latex(
        r"\texttt{" + r"\allowbreak{}".join(escape(text[i : i + group]) for i in range(0, len(text), group)) + "}"
    )


# --------------------------------------------------------------------------- numbers


def number(value: Any, digits: int = 3) -> Latex:
    r"""A measured number to ``digits`` significant digits: ``0.0123``, ``1.2\times10^{-9}``, an en dash for none."""
    if value is None or (isinstance(value, float) and value != value):
        return Latex("--")
    if isinstance(value, bool):
        raise TypeError(f"number: expected a number, got the truth value {value!r}")
    if isinstance(value, int):
        return Latex(f"${value:,}$".replace(",", "{,}"))
    if value in (float("inf"), float("-inf")):
        return Latex(r"$\infty$" if value > 0 else r"$-\infty$")
    if value == 0:
        return Latex("$0$")
    mantissa, exponent = f"{float(value):.{digits - 1}e}".split("e")
    power = int(exponent)
    if -4 <= power < 6:
        return Latex(f"${float(value):.{max(0, digits - 1 - power)}f}$")
    return Latex(rf"${mantissa}\times10^{{{power}}}$")


def at_least(value: Fraction, digits: int = 3) -> Latex:
    """A proved lower bound, rounded down to so many significant digits, so that what is printed is proved."""
    if value == 0:
        return Latex("$0$")
    with localcontext() as context:
        context.prec, context.rounding = digits, ROUND_FLOOR
        rounded = Decimal(value.numerator) / Decimal(value.denominator)
    if -4 <= rounded.adjusted() < 6:
        return Latex(f"${format(rounded, 'f')}$")
    mantissa = rounded.scaleb(-rounded.adjusted())
    return Latex(rf"${format(mantissa, 'f')}\times10^{{{rounded.adjusted()}}}$")


def percent(value: float | None, digits: int = 2) -> Latex:
    """A share as per cent to so many significant digits."""
    return Latex(number(None if value is None else 100 * value, digits) + ("" if value is None else r"\,\%"))


def rational(value: Fraction | str | int, longest: int = 12) -> Latex:
    """An exact rational: as a terminating decimal if that is short, else as a fraction, else rounded and marked ≈."""
    exact = Fraction(value)
    rest = exact.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    if rest == 1:
        with localcontext() as context:
            context.prec = 2000
            decimal = Decimal(exact.numerator) / Decimal(exact.denominator)
        text = format(decimal.normalize(), "f")
        if len(text) <= longest:
            return Latex(f"${text}$")
    if len(str(exact.numerator)) + len(str(exact.denominator)) <= longest:
        return Latex(f"${exact.numerator}/{exact.denominator}$")
    return Latex(r"$\approx " + number(float(exact), 6).strip("$") + "$")


def enclosure(lower: str, upper: str | None, extra: int = 2) -> Latex:
    r"""[lower, upper] as the digits that both have, then the ends: ``0.72348\,{}^{34}_{12}``.

    The ends keep ``extra`` digits after the common ones and are rounded outward, so that what is printed
    is implied by the texts.  Where there is no common digit, the interval in brackets.
    """
    if upper is None:
        return Latex(rf"$[{_plain(lower)},\ \infty)$")
    low, high = Decimal(lower), Decimal(upper)
    if low > high:
        raise ValueError(f"enclosure: lower {lower} exceeds upper {upper}")
    if low == high:
        return Latex(f"${_plain(lower)}$")
    with localcontext() as context:
        context.prec = 60
        context.Emax, context.Emin = 999999, -999999
        magnitude = (high - low).adjusted()  # the first digit in which they can differ by one
        step = Decimal(1).scaleb(magnitude - extra + 1)
        if magnitude > 20 or magnitude < -40 or (high != 0 and high.adjusted() < magnitude + 1):
            places = Decimal(1).scaleb(high.adjusted() - extra)
            low, high = low.quantize(places, ROUND_FLOOR), high.quantize(places, ROUND_CEILING)
            return Latex(rf"$[{_plain(str(low))},\ {_plain(str(high))}]$")
        first, second = (format(x.quantize(step, r), "f") for x, r in ((low, ROUND_FLOOR), (high, ROUND_CEILING)))
    common = 0
    if len(first) == len(second):
        while common < len(first) and first[common] == second[common]:
            common += 1
    if common < 3 or "." not in first[:common]:  # a sign, "0." or nothing in common
        return Latex(rf"$[{first},\ {second}]$")
    return Latex(rf"${first[:common]}\,{{}}_{{{first[common:]}}}^{{{second[common:]}}}$")


def proved_enclosure(verdict: Verdict) -> Latex:
    """The proved enclosure of a minimum."""
    if verdict.lower is None:
        raise ValueError(f"nothing is enclosed: {verdict.reason}")
    return enclosure(verdict.lower, verdict.upper)


def _plain(text: str) -> str:
    """A decimal text in mathematics: an exponent as a power of ten."""
    mantissa, _, exponent = text.lower().partition("e")
    return rf"{mantissa}\times10^{{{int(exponent)}}}" if exponent else mantissa


def listing(values: Any, each: Any = number) -> Latex:
    """Numbers separated by commas; one number if all are the same."""
    texts = [each(v) for v in values]
    if not texts:
        return Latex("--")
    return Latex(texts[0] if len(set(texts)) == 1 else r", ".join(texts))


def words(parts: list[str]) -> Latex:
    """A list in a sentence: ``a, b and c`` (Latex parts as they are, others escaped)."""
    texts = [finalize(p) for p in parts]
    if len(texts) < 2:
        return Latex("".join(texts))
    return Latex(", ".join(texts[:-1]) + " and " + texts[-1])


def count(n: int, singular: str, plural: str | None = None) -> Latex:
    """``1 claim``, ``4 claims``."""
    return Latex(f"{number(n)} {escape(singular if n == 1 else plural or singular + 's')}")


# --------------------------------------------------------------------------- formulas that break


_OPENERS, _CLOSERS = ("{", r"\left", "[", "("), ("}", r"\right", "]", ")")
_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|.", re.DOTALL)


def split_sum(formula: str) -> list[str]:
    """``formula`` cut before each binary ``+`` or ``-`` outside of all brackets; one piece if there is none."""
    depth, pieces, current, operand = 0, [], "", False
    tokens = _TOKEN.findall(formula)
    for token in tokens:
        if token in ("+", "-") and depth == 0 and operand:
            pieces.append(current)
            current = ""
        current += token
        if token in _OPENERS:
            depth += 1
        elif token in _CLOSERS:
            depth -= 1
        if not token.isspace():
            # after an operator, a relation or an opening bracket a sign is unary
            operand = token not in ("+", "-", "=", "<", ">", ",", *_OPENERS)
    return [p for p in [*pieces, current] if p.strip()]


#: A left-hand side of so few signs stays on a line with the relation.
SHORT = 14


def display(relation: str, label: str = "", conditions: Sequence[str] = (), name: str = "") -> Latex:
    r"""A displayed relation that breaks only if it must: ``\fitted{one line}{broken at the relation and at terms}``.

    ``relation`` is LaTeX mathematics without dollars, and so are the ``conditions`` under which it holds; with a
    ``label`` it is numbered, and ``name`` (LaTeX text) stands beside it.  The preamble's ``\fitted`` measures: one
    line where that fits, else the broken form, and a form that is still too wide is scaled.
    """
    whole, broken = _forms(relation, conditions)
    if label:
        return Latex(rf"\fittedequation{{{name}}}{{{whole}}}{{{broken}}}{{\label{{{label}}}}}")
    return Latex(rf"\fitted{{{whole}}}{{{broken}}}")


def inline(relation: str) -> Latex:
    """A relation in the running text if it is short, else displayed."""
    whole, broken = _forms(relation, ())
    return Latex(rf"\fittedinline{{{whole}}}{{{broken}}}")


#: A page of unknown width breaks formulas of more signs than this.
WEB = 66


def web_display(relation: str, label: str = "", conditions: Sequence[str] = (), name: str = "") -> Latex:
    r"""The same for a page that cannot measure: broken if the formula has many signs, numbered by an environment."""
    whole, broken = _forms(relation, conditions)
    formula = rf"\[{whole if _signs(whole) <= WEB else broken}\]"
    if not label:
        return Latex(formula)
    said = rf"\begin{{said}}{name}\end{{said}}" if name else ""
    return Latex(rf"\begin{{numbered}}\label{{{label}}}{said}{formula}\end{{numbered}}")


def web_inline(relation: str) -> Latex:
    """:func:`inline` for a page that cannot measure."""
    return Latex(f"${relation}$") if _signs(relation) <= WEB // 2 else web_display(relation)


def _forms(relation: str, conditions: Sequence[str]) -> tuple[str, str]:
    """A relation on one line, and broken at its sign, at the terms of sums and before its conditions."""
    left, sign, right = split_relation(relation)
    condition = r"\text{if } " + r",\ ".join(conditions) if conditions else ""
    if not sign:
        lines = [f"&{line}" for line in _filled(split_sum(relation))]
    else:
        lines = [f"&{line}" for line in _filled(split_sum(left))]
        first, *rest = _filled(split_sum(right))
        if _signs(left) <= SHORT:
            lines[0] += f" {sign} {first}"
        else:
            lines.append(rf"&\quad {sign} {first}")
        lines += [rf"&\qquad {{}} {line}" for line in rest]
    lines += [rf"&\qquad \text{{{'and' if k else 'if'} }} {c}" for k, c in enumerate(conditions)]
    whole = rf"{relation} \qquad {condition}" if condition else relation
    return whole, r"\begin{aligned}" + r"\\ ".join(lines) + r"\end{aligned}"


def _filled(terms: list[str], width: int = 62) -> list[str]:
    """Terms joined into lines of about ``width`` signs."""
    lines: list[str] = []
    for term in terms:
        if lines and _signs(lines[-1]) + _signs(term) <= width:
            lines[-1] += " " + term
        else:
            lines.append(term)
    return lines or [""]


def _signs(formula: str) -> int:
    """About how many signs a formula shows: commands are one, brackets of grouping and scripts' marks none."""
    bare = re.sub(
        r"\\(left|right|operatorname|mathrm|mathbf|frac|tfrac|,|!|tilde|bar|hat)(?![A-Za-z])|[{}^_\s]", "", formula
    )
    return len(re.sub(r"\\[A-Za-z]+|\\.", "x", bare))


_RELATIONS = {"=", "<", ">", r"\le", r"\leq", r"\ge", r"\geq", r"\iff", r"\succeq", r"\preceq"}


def split_relation(formula: str) -> tuple[str, str, str]:
    r"""(left, sign, right) at the outermost relation (``\iff`` before ``=``); sign ``""`` if there is none."""
    depth, found = 0, []
    position = 0
    for token in _TOKEN.findall(formula):
        if token in _OPENERS:
            depth += 1
        elif token in _CLOSERS:
            depth -= 1
        elif depth == 0 and token in _RELATIONS:
            found.append((token != r"\iff", position, token))
        position += len(token)
    if not found:
        return formula, "", ""
    _, at, sign = min(found)
    return formula[:at].strip(), sign, formula[at + len(sign) :].strip()
