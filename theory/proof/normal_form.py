"""Does an expression vanish, and what is its sign?  Symbolically, for all values of its symbols.

:func:`vanishes` brings an expression of +, ·, /, roots, exp and log to a rational function of independent
generators (logarithms are split along positive factors, roots of sums are reduced by their defining
polynomial); a zero numerator is a proof.  A non-zero one proves nothing: radicals may hide relations.

:func:`sign` certifies a sign by *shifting every symbol to the end of its domain* (K = 2 + k, ε = u/(1+u),
e^a = 1 + x for a >= 0): a quotient of polynomials whose coefficients are all >= 0 is >= 0.  The certificate
is sufficient, not necessary: ``None`` means "not certified".
"""

from __future__ import annotations

import sympy as sp

from theory.proof.alphabet import Alphabet

NONNEGATIVE, POSITIVE = ">=", ">"

#: What a new generator stands for: ("root", base, degree), ("exp", exponent, 1) or ("log", argument, 1).
Bounds = dict[sp.Symbol, tuple[str, sp.Expr, int]]


def vanishes(expression: sp.Expr, alphabet: Alphabet) -> bool:
    """Is ``expression`` 0 for all values of its symbols?  ``True`` is a proof, ``False`` is "not shown"."""
    return residue(expression, alphabet) == 0


def residue(expression: sp.Expr, alphabet: Alphabet) -> sp.Expr:
    """What is left of ``expression``: 0 if it was shown to vanish, else a numerator in the generators."""
    expression = sp.sympify(expression)
    if expression == 0:
        return sp.Integer(0)
    rational, relations, _ = _rational_form(expression, alphabet)
    numerator = sp.expand(sp.fraction(sp.together(rational))[0])
    for generator, polynomial in relations:
        if numerator.has(generator):
            numerator = sp.expand(sp.prem(numerator, polynomial, generator))
    return sp.factor_terms(numerator) if numerator != 0 else sp.Integer(0)


def sign(expression: sp.Expr, alphabet: Alphabet) -> str | None:
    """``">"`` or ``">="`` where the expression is certified positive or non-negative, else ``None``."""
    expression = sp.sympify(expression)
    if expression == 0:
        return NONNEGATIVE
    rational, _, bounds = _rational_form(expression, alphabet)
    shifted, positive = _shift(rational, alphabet, bounds)
    top, bottom = sp.fraction(sp.cancel(sp.together(shifted)))
    above, below = _polynomial_sign(top, positive), _polynomial_sign(bottom, positive)
    if above is None or below is None or above[0] * below[0] < 0:
        return None
    return POSITIVE if above[1] else NONNEGATIVE


# --------------------------------------------------------------------------- to rational functions


def _rational_form(expression: sp.Expr, alphabet: Alphabet) -> tuple[sp.Expr, list[tuple[sp.Symbol, sp.Expr]], Bounds]:
    """(rational function of generators, defining polynomials of root generators, bounds of generators).

    The bounds say what every new generator stands for.
    """
    expression = sp.expand_power_exp(expression).replace(sp.Abs, lambda inside: _absolute(inside, alphabet))
    expression = expression.replace(sp.log, lambda argument: _split_logarithm(argument, alphabet))
    bounds: Bounds = {}
    expression = _replace_exponentials(expression, bounds)
    expression = _replace_logarithms(expression, bounds)
    expression = expression.replace(_is_compound_root, lambda root: _split_root(root, alphabet))
    return (*_replace_roots(expression, bounds), bounds)


def _split_logarithm(argument: sp.Expr, alphabet: Alphabet) -> sp.Expr:
    """log of a product along factors that are certified positive; unchanged (but in normal form) otherwise."""
    argument = _simplest(argument, alphabet)
    if isinstance(argument, sp.exp):
        return argument.args[0]
    out, rest = sp.Integer(0), sp.Integer(1)
    for factor in sp.Mul.make_args(argument):
        base, exponent = factor.as_base_exp()
        if isinstance(factor, sp.exp):
            out += factor.args[0]
        elif factor.is_Rational:
            rest *= factor
        elif exponent.is_Rational and _positive(base, alphabet):
            out += exponent * sp.log(base)
        elif exponent.is_Rational and _positive(-base, alphabet) and exponent.is_Integer:
            out += exponent * sp.log(-base)
            rest *= (-1) ** exponent
        else:
            rest *= factor
    if rest == 1:
        return out
    if rest.is_Rational and rest > 0:
        return out + sum(k * sp.log(sp.Integer(p)) for p, k in sp.factorrat(rest).items())
    return out + sp.log(sp.expand(rest))


def _simplest(argument: sp.Expr, alphabet: Alphabet) -> sp.Expr:
    """A quotient of factored polynomials in the generators, written in the symbols again."""
    if argument.has(sp.log):
        return argument
    rational, _, bounds = _rational_form(argument, alphabet)
    back = {
        g: sp.exp(base) if kind == "exp" else base ** sp.Rational(1, degree)
        for g, (kind, base, degree) in bounds.items()
    }
    return sp.factor(sp.cancel(sp.together(rational))).xreplace(back)


def _positive(expression: sp.Expr, alphabet: Alphabet) -> bool:
    if expression.is_positive:
        return True
    if expression.has(sp.log):
        return False
    return sign(expression, alphabet) == POSITIVE


def _absolute(inside: sp.Expr, alphabet: Alphabet) -> sp.Expr:
    """|x| without bars where the sign of x is certified (SymPy writes √(x²) so)."""
    for signed in (inside, -inside):
        if not inside.has(sp.log) and sign(signed, alphabet) is not None:
            return signed
    return sp.Abs(inside)


def _is_compound_root(e: sp.Expr) -> bool:
    return bool(e.is_Pow and e.exp.is_Rational and not e.exp.is_Integer and (e.base.is_Add or e.base.is_Mul))


def _split_root(root: sp.Expr, alphabet: Alphabet) -> sp.Expr:
    """A root of a product along factors that are certified positive: √((1−ε)² x) = (1−ε) √x."""
    out, rest = sp.Integer(1), sp.Integer(1)
    for factor in sp.Mul.make_args(sp.factor(sp.together(root.base))):
        base, exponent = factor.as_base_exp()
        if exponent.is_Rational and not base.has(sp.log) and _positive(base, alphabet):
            out *= base ** (exponent * root.exp)
        elif exponent.is_Integer and not base.has(sp.log) and exponent % 2 == 0 and _positive(-base, alphabet):
            out *= (-base) ** (exponent * root.exp)
        else:
            rest *= factor
    return out * rest**root.exp


def _replace_exponentials(expression: sp.Expr, bounds: Bounds) -> sp.Expr:
    monomials: dict[sp.Expr, list[sp.exp]] = {}
    for e in expression.atoms(sp.exp):
        monomials.setdefault(e.args[0].as_coeff_Mul()[1], []).append(e)
    replacements = {}
    for monomial, exponentials in monomials.items():
        scale = sp.ilcm(*(e.args[0].as_coeff_Mul()[0].q for e in exponentials), 1)
        generator = sp.Dummy("E", positive=True)
        bounds[generator] = ("exp", monomial / scale, 1)
        for e in exponentials:
            replacements[e] = generator ** (e.args[0].as_coeff_Mul()[0] * scale)
    return expression.xreplace(replacements)


def _replace_logarithms(expression: sp.Expr, bounds: Bounds) -> sp.Expr:
    replacements = {}
    for logarithm in sorted(expression.atoms(sp.log), key=sp.default_sort_key):
        generator = sp.Dummy("L", real=True)
        bounds[generator] = ("log", logarithm.args[0], 1)
        replacements[logarithm] = generator
    return expression.xreplace(replacements)


def _replace_roots(expression: sp.Expr, bounds: Bounds) -> tuple[sp.Expr, list[tuple[sp.Symbol, sp.Expr]]]:
    expression = sp.expand_power_base(expression)
    radicals: dict[sp.Expr, int] = {}
    for power in expression.atoms(sp.Pow):
        if power.exp.is_Rational and not power.exp.is_Integer:
            radicals[power.base] = int(sp.ilcm(radicals.get(power.base, 1), power.exp.q))
    relations, symbols, powers = [], {}, {}
    for base, degree in sorted(radicals.items(), key=lambda item: sp.default_sort_key(item[0])):
        generator = sp.Dummy("R", positive=True)
        if isinstance(base, sp.Symbol):
            symbols[base] = generator**degree
            bounds[generator] = ("root", base, degree)
        else:
            top, bottom = sp.fraction(sp.together(base))
            relations.append((generator, bottom * generator**degree - top))
            bounds[generator] = ("root", base, degree)
        for power in expression.atoms(sp.Pow):
            if power.base == base and power.exp.is_Rational and not power.exp.is_Integer:
                powers[power] = generator ** (power.exp * degree)
    out = expression.xreplace(powers).xreplace(symbols)
    return out, [(g, sp.expand(polynomial.xreplace(powers).xreplace(symbols))) for g, polynomial in relations]


# --------------------------------------------------------------------------- signs by shifting


def _shift(rational: sp.Expr, alphabet: Alphabet, bounds: Bounds) -> tuple[sp.Expr, dict[sp.Symbol, bool]]:
    """The expression in shifted variables, and for each whether it is positive (``True``) or only >= 0."""
    replacements: dict[sp.Symbol, sp.Expr] = {}
    positive: dict[sp.Symbol, bool] = {}
    for symbol in rational.free_symbols:
        new = sp.Dummy("s")
        if symbol in bounds:
            kind, argument, _ = bounds[symbol]
            if kind == "root":
                domain = alphabet.domains.get(argument)
                if domain is not None and domain.kind == "integer" and domain.least > 1:
                    replacements[symbol], positive[new] = 1 + new, True
                else:
                    replacements[symbol] = new
                    positive[new] = bool(argument.is_positive) or (domain is not None and domain.kind == "positive")
            elif kind == "exp":
                if argument.is_nonnegative:
                    replacements[symbol], positive[new] = 1 + new, bool(argument.is_positive)
                else:
                    replacements[symbol], positive[new] = new, True
            else:
                # log x >= 0 where x >= 1
                above = None if argument.has(sp.log) else sign(argument - 1, alphabet)
                if above is not None:
                    replacements[symbol], positive[new] = new, above == POSITIVE
            continue
        domain = alphabet.domains.get(symbol)
        if domain is None or domain.kind == "real":
            continue
        if domain.kind == "integer":
            replacements[symbol], positive[new] = domain.least + new, False
        elif domain.kind == "unit":
            replacements[symbol], positive[new] = new / (1 + new), False
        else:
            replacements[symbol], positive[new] = new, domain.kind == "positive"
    return rational.xreplace(replacements), positive


def _polynomial_sign(polynomial: sp.Expr, positive: dict[sp.Symbol, bool]) -> tuple[int, bool] | None:
    """(sign, strict) of a polynomial whose every factor is an even power or has coefficients of one sign."""
    if polynomial == 0:
        return 1, False
    constant, factors = sp.factor_list(polynomial)
    total, strict = (1 if constant > 0 else -1), True
    for factor, multiplicity in factors:
        one = _factor_sign(factor, positive)
        if one is not None:
            total *= one[0] ** multiplicity
            strict = strict and one[1]
        elif multiplicity % 2 == 0:
            strict = False
        else:
            return None
    return total, strict


def _factor_sign(factor: sp.Expr, positive: dict[sp.Symbol, bool]) -> tuple[int, bool] | None:
    polynomial = sp.Poly(factor)
    if any(g not in positive for g in polynomial.gens):
        return None
    coefficients = polynomial.coeffs()
    if not all(c.is_Rational for c in coefficients):
        return None
    if all(c > 0 for c in coefficients):
        total = 1
    elif all(c < 0 for c in coefficients):
        total = -1
    else:
        return None
    strict = any(
        all(positive[g] for g, power in zip(polynomial.gens, monomial, strict=True) if power)
        for monomial in polynomial.monoms()
    )
    return total, strict
