"""What a machine can check of a citation: do the roles, and the premises, have the form that the lemma asks for?

    norm bound as a matrix inequality    the matrix is c² I − UᵀU, and a premise says that a norm is at most c
    rank of a projection                 a premise says P P = P, and the trace is that of P
    orthogonal projections               the matrix is symmetric, and a premise says that it is idempotent
    existence of a Gram factor           the matrix is the one that is wanted, and its eigenvalues are certified >= 0
    variational form of the nuclear norm a‖A‖² + b‖B‖² against 2√(ab) times a norm
    positive part                        both matrices are one word; premises: an inequality X − A >= 0, X(X − A) = 0
    norm of orthogonal blocks            a premise says that the product of two blocks is 0
    equal Gram matrices, equal norms     a premise equates two symmetric matrices
    vanishing Fenchel–Young loss         a premise says that the gap of an earlier citation is 0
    softmax is one-to-one                a premise is the equality of predictions that such a citation concludes
    mean value theorem                   a premise gives a derivative or a sign
    logarithm                            the functions and the ranges of their arguments
    the exponential is increasing        a premise compares c e^u with c e^v, and v − u is the difference of the roles
    norms                                are certified >= 0

Other lemmas that have hypotheses (:data:`NEEDS_PREMISES`) must name what provides them; that this is what the lemma
asks for is for the reader to see.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sympy as sp

from theory import lemmas
from theory.lemmas import Lemma, Relation
from theory.proof.normal_form import POSITIVE, residue, sign
from theory.proof.steps.base import Context, Step
from theory.proof.steps.vanishing import difference, eliminate, scalars_of, value_of
from theory.proof.sums import Sum
from theory.proof.symmetric import Symmetric
from theory.proof.traces import Trace, Word

#: What a check says of roles that it takes as they are read.
READ = "read"
#: Roles, relations of the premises, context, step to what is wrong: "" if nothing is, or :data:`READ`.
RoleCheck = Callable[[Mapping[str, Any], Sequence[Relation], Context, Step], str]

#: Lemmas that hold under hypotheses which a citation must name, beyond those with a check of their own.
NEEDS_PREMISES = (
    lemmas.CONTRACTION, lemmas.GRAM_DETERMINES, lemmas.LEFT_FACTOR, lemmas.ORTHOGONAL_ADDITION, lemmas.INVERSE_ROOT,
    lemmas.CHAIN_RULE,
)  # fmt: skip


def _zero(term: Any, context: Context) -> bool:
    """Does the term vanish identically?"""
    return all(residue(c, context.alphabet) == 0 for c in scalars_of(term))


def _same(one: Any, other: Any, context: Context) -> bool:
    try:
        return _zero(difference(one, other), context)
    except (ValueError, TypeError, AttributeError):
        return False


def _nonnegative(e: sp.Expr, context: Context, step: Step) -> bool:
    return sign(eliminate(sp.sympify(e), step.lets), context.alphabet) is not None


def _positive(e: sp.Expr, context: Context, step: Step) -> bool:
    return sign(eliminate(sp.sympify(e), step.lets), context.alphabet) == POSITIVE


def _semidefinite(roles: Mapping[str, Any], premises: Sequence[Relation], context: Context, step: Step) -> str:
    matrix = value_of(roles["matrix"])
    products = {p: c for p, c in matrix.terms.items() if p}
    if len(products) != 1 or () not in matrix.terms:
        return "the matrix is not c² I − UᵀU"
    (product, coefficient), square = next(iter(products.items())), matrix.terms[()]
    half = len(product) // 2
    turned = tuple((one, not flip and not one.symmetric) for one, flip in reversed(product[half:]))
    if coefficient != -1 or len(product) % 2 or turned != product[:half]:
        return "the matrix is not c² I − UᵀU"
    bounds = [side for lhs, op, rhs in premises if op in (">=", "<=") for side in (lhs, rhs)]
    bounds += [side for lhs, op, rhs in premises if op == "=" for side in (lhs, rhs)]
    able = [b for b in map(value_of, bounds) if isinstance(b, sp.Expr)]
    if not any(b.is_Symbol for b in able):
        return "no premise bounds a norm"
    limits = [b for b in able if not b.is_Symbol]
    # the bound itself, or a rotation of what an earlier step bounded
    return "" if not limits or any(_same(b**2, square, context) for b in limits) else "the premise has another bound"


def _projection_rank(roles: Mapping[str, Any], premises: Sequence[Relation], context: Context, step: Step) -> str:
    for lhs, op, rhs in premises:
        left, right = value_of(lhs), value_of(rhs)
        idempotent = op == "=" and isinstance(right, Symmetric) and _same(left, right, context)
        if idempotent and _same(right @ right, right, context) and _same(right.trace(), roles["trace"], context):
            return ""
    return "no premise says P P = P for a matrix of this trace"


def _orthogonal_projection(roles: Mapping[str, Any], premises: Sequence[Relation], context: Context, step: Step) -> str:
    matrix = value_of(roles["matrix"])
    if not _same(matrix, matrix.T, context):
        return "the matrix is not symmetric"
    idempotent = any(
        op == "=" and _same(lhs, matrix @ matrix, context) and _same(rhs, matrix, context) for lhs, op, rhs in premises
    )
    return "" if idempotent else "no premise says that the matrix is idempotent"


def _gram_exists(roles: Mapping[str, Any], premises: Sequence[Relation], context: Context, step: Step) -> str:
    gram, wanted = value_of(roles["gram"]), value_of(roles["wanted"])
    if not _same(gram, wanted, context):
        return "the Gram matrix is not the one that is wanted"
    if not isinstance(gram, Symmetric) or not all(_nonnegative(e, context, step) for e, _ in gram.eigenvalues()):
        return "its eigenvalues are not certified >= 0"
    return ""


def _nuclear_variational(roles: Mapping[str, Any], premises: Sequence[Relation], context: Context, step: Step) -> str:
    halves = value_of(roles["half_squares"])
    nuclear = sp.sympify(value_of(roles["nuclear"]))
    norm = [s for s in nuclear.free_symbols if str(s).startswith("‖") and "_" in str(s)]
    coefficients = list(halves.terms.values()) if isinstance(halves, Trace) else []
    if len(coefficients) != 2 or len(norm) != 1:
        return "expected a‖A‖² + b‖B‖² and a multiple of a nuclear norm"
    return (
        "" if _same(nuclear, 2 * sp.sqrt(coefficients[0] * coefficients[1]) * norm[0], context) else "not 2√(ab)‖AB‖_*"
    )


def _positive_part(roles: Mapping[str, Any], premises: Sequence[Relation], context: Context, step: Step) -> str:
    if not _same(roles["matrix"], roles["positive_part"], context):
        return "the two matrices differ"
    if not any(op == ">=" and value_of(rhs) == 0 for _, op, rhs in premises):
        return "no premise says X − A >= 0"
    matrix = value_of(roles["matrix"])
    zero = [value_of(lhs) for lhs, op, rhs in premises if op == "=" and isinstance(value_of(rhs), Word)]
    complementary = any((w.rows, w.columns) == (matrix.rows, matrix.columns) for w in zero if isinstance(w, Word))
    return "" if complementary else "no premise says X(X − A) = 0"


def _increasing(roles: Mapping[str, Any], premises: Sequence[Relation], context: Context, step: Step) -> str:
    derivative = any(op == "=" and hasattr(lhs, "by") for lhs, op, _ in premises)
    signed = any(op in (">", ">=") for _, op, _ in premises)
    return "" if derivative or signed else "no premise gives the sign of the derivative"


def _log1p(roles: Mapping[str, Any], argument: sp.Expr, context: Context) -> str:
    logarithm = sp.sympify(value_of(roles["logarithm"]))
    if logarithm.is_Symbol:  # by name
        return ""
    return "" if _same(logarithm, sp.log(1 + argument), context) else "the logarithm is not log(1 + x)"


def _log1p_upper(roles: Mapping[str, Any], premises: Sequence[Relation], context: Context, step: Step) -> str:
    x = sp.sympify(value_of(roles["x"]))
    return _log1p(roles, x, context) if _positive(x, context, step) else "x is not certified > 0"


def _log1p_lower(roles: Mapping[str, Any], premises: Sequence[Relation], context: Context, step: Step) -> str:
    x = sp.sympify(value_of(roles["chord"])) / sp.log(2)
    inside = _nonnegative(x, context, step) and _nonnegative(1 - x, context, step)
    return _log1p(roles, x, context) if inside else "x is not certified to lie in [0, 1]"


def _series(roles: Mapping[str, Any], premises: Sequence[Relation], context: Context, step: Step) -> str:
    exponential = sp.sympify(value_of(roles["exponential"]))
    if not isinstance(exponential, sp.exp) or not _nonnegative(-exponential.args[0], context, step):
        return "expected e^{−x}, x certified >= 0"
    x = -exponential.args[0]
    return "" if _same(roles["series"], 1 - x + x**2 / 2 - x**3 / 6, context) else "not 1 − x + x²/2 − x³/6"


def _fenchel_young_zero(roles: Mapping[str, Any], premises: Sequence[Relation], context: Context, step: Step) -> str:
    gaps = [other.relation(context)[0] for other in _citations(lemmas.FENCHEL_YOUNG, context)]
    met = any(op == "=" and _same(difference(lhs, rhs), gap, context) for lhs, op, rhs in premises for gap in gaps)
    return "" if met else "no premise says that a Fenchel–Young gap is 0"


def _softmax_invertible(roles: Mapping[str, Any], premises: Sequence[Relation], context: Context, step: Step) -> str:
    shown = [other.relation(context) for other in _citations(lemmas.FENCHEL_YOUNG_ZERO, context)]
    equal = any(
        _same(lhs, left, context) and _same(rhs, right, context) for lhs, _, rhs in premises for left, _, right in shown
    )
    return "" if equal else "no premise says that the predictions are equal"


def _orthogonal_blocks(roles: Mapping[str, Any], premises: Sequence[Relation], context: Context, step: Step) -> str:
    blocks = [(value_of(lhs), value_of(rhs)) for lhs, op, rhs in premises if op == "="]
    zero = any(isinstance(rhs, (Symmetric, Word)) and _zero(rhs, context) for _, rhs in blocks)
    return "" if zero else "no premise says that two blocks are orthogonal"


def _equal_grams(roles: Mapping[str, Any], premises: Sequence[Relation], context: Context, step: Step) -> str:
    grams = [(value_of(lhs), value_of(rhs)) for lhs, op, rhs in premises if op == "="]
    words = [(one, other) for one, other in grams if isinstance(one, Word) and isinstance(other, Word)]
    symmetric = any(_same(one, one.T, context) and _same(other, other.T, context) for one, other in words)
    return "" if symmetric else "no premise says that two Gram matrices are equal"


def _norms(*names: str) -> RoleCheck:
    """The roles of these names are certified >= 0, as norms are."""

    def check(roles: Mapping[str, Any], premises: Sequence[Relation], context: Context, step: Step) -> str:
        bad = [n for n in names if not _nonnegative(value_of(roles[n]), context, step)]
        return f"the {bad[0]} norm is not certified >= 0" if bad else ""

    return check


def _exponential(roles: Mapping[str, Any], premises: Sequence[Relation], context: Context, step: Step) -> str:
    """A premise c e^u <= c e^v with v − u = larger − smaller; where the exponentials are read, some inequality."""
    compared = [(lhs, rhs) if op in ("<=", "<") else (rhs, lhs) for lhs, op, rhs in premises if op in _COMPARED]
    if not compared:
        return "no premise compares exponentials"
    change = sp.exp(sp.sympify(value_of(roles["larger"])) - sp.sympify(value_of(roles["smaller"])))
    for smaller, larger in ((_scalar(a), _scalar(b)) for a, b in compared):
        if smaller is not None and larger is not None and _same(change * smaller, larger, context):
            return ""
    return READ


_COMPARED = (">=", "<=", ">", "<")


def _scalar(side: Any) -> sp.Expr | None:
    """A side that is a scalar, or a sum of no terms beside one."""
    value = value_of(side)
    if isinstance(value, Sum) and value.summand == 0:
        value = value.constant
    return value if isinstance(value, sp.Expr) else None


def _citations(lemma: Lemma, context: Context) -> list[Step]:
    return [other for other in context.earlier.values() if getattr(other, "lemma", None) is lemma]


CHECKS: dict[Lemma, RoleCheck] = {
    lemmas.SEMIDEFINITE: _semidefinite,
    lemmas.PROJECTION_RANK: _projection_rank,
    lemmas.ORTHOGONAL_PROJECTION: _orthogonal_projection,
    lemmas.GRAM_EXISTS: _gram_exists,
    lemmas.NUCLEAR_VARIATIONAL: _nuclear_variational,
    lemmas.POSITIVE_PART: _positive_part,
    lemmas.INCREASING: _increasing,
    lemmas.LOG1P_UPPER: _log1p_upper,
    lemmas.LOG1P_LOWER: _log1p_lower,
    lemmas.EXPONENTIAL_SERIES: _series,
    lemmas.EXPONENTIAL_INCREASING: _exponential,
    lemmas.FENCHEL_YOUNG_ZERO: _fenchel_young_zero,
    lemmas.SOFTMAX_INVERTIBLE: _softmax_invertible,
    lemmas.ORTHOGONAL_BLOCKS: _orthogonal_blocks,
    lemmas.EQUAL_GRAMS: _equal_grams,
    lemmas.NORM_DUALITY: _norms("operator", "nuclear"),
    lemmas.TRIANGLE: _norms("bound", "norm"),
    lemmas.PRODUCT_NORM: _norms("bound", "norm"),
}
