"""What shows a mutant true: signs where facts hold, comparison part by part, squares, reduction.  And what must not."""

import random
import time

import flint
import numpy as np
import pytest
import sympy as sp

from theory.mutation.assertions import Assertion, assertion
from theory.mutation.certificates import decomposed
from theory.mutation.comparison import larger
from theory.mutation.equivalents import follows, holds
from theory.mutation.facts import Facts, from_the_left
from theory.mutation.hunt import hunt
from theory.mutation.limits import Expired, limited
from theory.mutation.line import positive_on_line
from theory.mutation.reduction import multiplied, reduced, vanishes_by
from theory.mutation.repair import varied
from theory.mutation.search import find_world
from theory.mutation.several import written_out
from theory.mutation.undefined import no_value
from theory.mutation.worlds import World
from theory.proof import Context, Equivalence, Identity, Inequality, Sum
from theory.proof.alphabet import Alphabet, Condition
from theory.proof.sums import varies
from theory.proof.traces import identity, letter, trace

x = Alphabet()
K, N = x.integer("K", least=2), x.integer("N")
a, lam, mu, rho = x.nonnegative("a"), x.positive("λ"), x.positive("μ"), x.unit("ρ")
z, m, d_k, mean = x.real("z"), x.real("m"), x.real("d_k"), x.real("d̄")
q_k, q = x.positive("q_k"), x.positive("q_min")
A, B, P = letter("A", "m", "n"), letter("B", "m", "n"), letter("P", "m", "r")
FREE = Facts(x)


# --------------------------------------------------------------------------- signs


def test_facts_are_used():
    above = Facts(x, [(lam - mu, False)])
    assert above.sign(lam**2 - mu**2) == ">="
    assert Facts(x, [(lam - mu, True)]).sign(lam**2 - mu**2) == ">"
    assert FREE.sign(lam**2 - mu**2) is None
    assert above.sign(mu - lam) is None


def test_a_bounded_symbol_keeps_both_bounds():
    below = Facts(x, [(1 - lam, True)])
    assert below.sign(lam - lam**2) == ">"
    assert below.sign(lam - 2 * lam**2) is None


@pytest.mark.parametrize(
    ("true", "false"),
    [
        (sp.exp(-lam) - 1 + lam, sp.exp(-lam) - 1 + lam / 2),
        (lam - sp.log(1 + lam), lam / 2 - sp.log(1 + lam)),
        (sp.exp(-lam) - 1 + lam - lam**2 / 2 + lam**3 / 6, sp.exp(-lam) - 1 + lam - lam**2 / 2),
        (sp.exp(-(lam**2)) - 1 + lam - lam**2 / 2 + lam**3 / 6, sp.exp(-(lam**2)) - 1 + lam / 2),
    ],
)
def test_functions_of_one_variable(true, false):
    assert FREE.sign(true) == ">"
    assert FREE.sign(false) is None
    points = np.linspace(0.01, 9, 400)
    values = sp.lambdify(lam, [true, false], "numpy")(points)
    assert np.min(values[0]) > 0
    assert np.min(values[1]) < 0


def test_the_half_line_is_for_one_positive_variable():
    assert positive_on_line(lam**2 - lam + sp.Rational(1, 3), x)
    assert not positive_on_line(lam**2 - lam + sp.Rational(1, 5), x)
    assert not positive_on_line(lam + mu, x)
    assert from_the_left(sp.exp(-lam) - 1, x) is None


def test_comparison_part_by_part():
    p, s = sp.sqrt(1 + rho), sp.sqrt(1 - rho)
    assert larger(1 / (p + s), 1 / (p + sp.sqrt(2 - rho)), FREE) == ">="
    assert larger(lam * (1 + rho) ** sp.Rational(1, 4), lam * p, FREE) == "<="
    assert larger(-lam * p, -lam, FREE) == "<="
    assert larger(lam, mu, FREE) is None
    assert larger(z * p, z, FREE) is None  # z has no sign


# --------------------------------------------------------------------------- squares and reduction


def test_squares_are_found_and_not_invented():
    gap = A.square() + lam * B.square() + 2 * sp.sqrt(lam) * trace(A.T @ B)
    parts = [((A + sp.sqrt(lam) * B).square(), False)]
    assert decomposed(gap, parts, [], FREE)
    assert not decomposed(gap - B.square(), parts, [], FREE)
    assert not decomposed(gap, parts, [], FREE, strict=True)


def test_reduction_does_not_take_the_trace_of_a_unit_matrix_for_one():
    """tr PᵀP = r, which an empty product cannot say: it must stay as it is."""
    orthonormal = P.T @ P - identity("r")
    assert reduced(P.square(), [orthonormal]).terms == P.square().terms
    assert not reduced(P @ P.T @ P - P, [orthonormal]).coefficients()


def test_a_product_with_its_transpose_that_is_zero():
    """A BᵀB = 0 gives B Aᵀ = 0 though no equation says it."""
    assert vanishes_by(A @ B.T, [A @ B.T @ B], x)
    assert not vanishes_by(A @ B.T, [A @ B.T @ P], x)
    assert any(len(p.terms) == 1 for p in multiplied([A @ B.T]))


def test_an_instance_of_a_step_is_implied():
    step = Inequality(name="any m", lhs=(z - m) ** 2 + lam, op=">=", rhs=lam, by=(((z - m) ** 2,),), concludes=True)
    asserted = assertion(step, Context(x))
    fate, reason = follows(asserted.replaced(lhs=(z - 2 * m) ** 2 + lam), asserted, x)
    assert fate == "implied"
    assert reason
    assert follows(asserted.replaced(lhs=(z - m) ** 2 + lam / 2), asserted, x) == ("", "")


def test_the_same_threshold_in_other_words():
    step = Equivalence(
        name="t",
        left=Condition("l", lam, "<", mu),
        right=Condition("r", 2 * lam, "<", 2 * mu),
        factor=2,
        concludes=True,
    )
    asserted = assertion(step, Context(x))
    assert follows(asserted.replaced(rhs=Condition("r", lam**2, "<", mu**2)), asserted, x)[0] == "equivalent"
    assert follows(asserted.replaced(rhs=Condition("r", lam**2, "<", mu)), asserted, x) == ("", "")


def test_a_hypothesis_that_is_not_needed_is_told_from_one_that_is():
    needed = Assertion(lam, ">", sp.Integer(1), conditions=(Condition("large", lam, ">", sp.Integer(1)),))
    assert holds(needed, x)
    assert not holds(needed.replaced(conditions=()), x)
    assert hunt(needed.replaced(conditions=()), x) is not None


# --------------------------------------------------------------------------- points


def test_equality_at_the_boundary_contradicts_a_strict_relation():
    sharp = Assertion((lam - mu) ** 2, ">", sp.Integer(0))
    found = hunt(sharp, x)
    assert found is not None
    assert found.scalars[lam] == found.scalars[mu]
    assert hunt(sharp.replaced(op=">="), x) is None


def test_a_root_of_a_negative_number_is_no_value():
    original = Assertion(sp.sqrt(lam), ">=", sp.Integer(0))
    found = hunt(original.replaced(lhs=sp.sqrt(lam - 1)), x, original)
    assert found is not None
    assert found.scalars[lam] < 1
    world = World({lam: flint.fmpq(1)}, {}, {})
    assert no_value(sp.log(lam - 1), world)
    assert no_value(1 / (lam - 1), world)
    assert not no_value(sp.sqrt(lam - 1), world)


def test_sums_are_written_out_with_terms_that_differ():
    """Σ q_k (d_k − m)² >= q Σ (d_k − d̄)² needs q <= q_k; with equal terms the right side would be 0."""
    given = ("mean", Sum("k", d_k - mean))
    least = Condition("least", q_k, ">=", q)
    claim = Assertion(
        Sum("k", q_k * (d_k - m) ** 2), ">=", Sum("k", q * (d_k - mean) ** 2), premises=(given,), conditions=(least,)
    )
    assert hunt(claim, x) is None
    assert hunt(claim.replaced(conditions=()), x) is not None
    out = written_out(claim, x)
    assert out is not None
    assert len(out[0].conditions) == 3
    assert varies(q_k, "k")
    assert not varies(q, "k")
    assert not varies(m, "k")


def test_worlds_are_varied_and_mended():
    C = letter("C", "m", "n")
    equations = [C - A - B]
    base = find_world(equations, [], x, random.Random(1))
    assert base is not None
    rng, seen = random.Random(2), set()
    for _ in range(40):
        world = varied(base, equations, x, rng)
        if world is not None:
            values = {one.name: matrix for one, matrix in world.matrices.items()}
            assert values["C"] == values["A"] + values["B"]
            seen.add(str(values))
    assert len(seen) > 5


def test_exponents_that_would_be_high_degrees_are_not_reduced():
    """e^{−p/q} with a large numerator is a power of e^{1/q}; not shown to vanish is what may be said, and at once."""
    gap = sp.log(1 + sp.exp(-lam)) - sp.exp(-lam)
    started = time.process_time()
    assert not World({lam: flint.fmpq(123457, 1024)}, {}, {}).vanishes(gap)
    assert time.process_time() - started < 5
    assert World({lam: flint.fmpq(7, 2)}, {}, {}).vanishes(
        sp.log(sp.exp(-lam) + sp.exp(-2 * lam)) - sp.log(1 + sp.exp(lam)) + 2 * lam
    )


def test_a_limit_ends_a_search_and_nothing_else():
    done = False
    with limited(0.05):
        while True:
            sum(range(1000))
    with limited(60):
        done = True
    assert done
    started = time.process_time()
    with limited(0.05), limited(60):
        while True:
            sum(range(1000))
    assert time.process_time() - started < 2
    with pytest.raises(Expired):
        raise Expired
    with pytest.raises(ValueError, match="mine"), limited(60):
        raise ValueError("mine")


def test_identities_need_no_decomposition():
    step = Identity(name="same", lhs=lam * (K - 1), rhs=lam * K - lam, concludes=True)
    assert holds(assertion(step, Context(x)), x)
