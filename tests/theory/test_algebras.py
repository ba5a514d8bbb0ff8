"""The algebras of symbolic size against explicit matrices."""

import itertools

import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from theory.labels import LabelDesign
from theory.proof.alphabet import Alphabet
from theory.proof.symmetric import Symmetric, centring, correlated_labels, identity, independent_labels, ones
from theory.proof.traces import Trace, letter, random_matrices, trace

K, L, M = sp.symbols("K L M", integer=True, positive=True)
small = st.integers(-3, 3)
sizes = st.fixed_dictionaries({K: st.integers(2, 5), L: st.integers(2, 5), M: st.integers(2, 5)})


@given(small, small, small, small, sizes)
def test_products_traces_and_eigenvalues(x, y, u, v, at):
    a, b = Symmetric(K, K, x, y), Symmetric(K, K, u, v)
    assert (a @ b).explicit(at) == a.explicit(at) * b.explicit(at)
    assert (a + b).explicit(at) == a.explicit(at) + b.explicit(at)
    assert (a - b).explicit(at) == a.explicit(at) - b.explicit(at)
    assert a.trace().subs(at) == a.explicit(at).trace()
    assert a.inner(b).subs(at) == (a.explicit(at).T * b.explicit(at)).trace()
    wanted: dict = {}
    for value, times in a.eigenvalues():
        wanted[value.subs(at)] = wanted.get(value.subs(at), 0) + int(times.subs(at))
    assert a.explicit(at).eigenvals() == wanted


@given(small, small, small, sizes)
def test_rectangular_blocks(x, y, z, at):
    left, right = Symmetric(K, K, x, y), z * ones(K, L)
    assert (left @ right).explicit(at) == left.explicit(at) * right.explicit(at)
    assert (right @ ones(L, M)).explicit(at) == right.explicit(at) * ones(L, M).explicit(at)
    assert right.T.explicit(at) == right.explicit(at).T


def test_shapes_are_checked():
    with pytest.raises(ValueError, match="identity part"):
        Symmetric(K, L, 1, 0)
    with pytest.raises(ValueError, match="product of"):
        ones(K, L) @ ones(K, L)
    with pytest.raises(ValueError, match="different shapes"):
        ones(K, L) + ones(L, K)
    with pytest.raises(ValueError, match="must be square"):
        ones(K, L).trace()


def test_joint_frequencies_are_those_of_the_factorial_design():
    """A E_s (B E_t)ᵀ against the product of explicit K × C matrices."""
    classes = {"s": sp.Integer(3), "t": sp.Integer(4)}
    design = LabelDesign.factorial((3, 4), repetitions=2)
    labels = independent_labels(sp.Integer(design.samples), classes)
    explicit = {
        name: np.where(np.arange(k)[:, None] == design.labels[row], np.sqrt(design.counts), 0.0)
        for row, (name, k) in enumerate((("s", 3), ("t", 4)))
    }
    for one, other in itertools.product("st", repeat=2):
        block = (centring(classes[one]) @ labels.matrix(one)).gram(3 * labels.matrix(other))
        left = np.array(centring(classes[one]).explicit({}), dtype=float) @ explicit[one]
        assert np.allclose(left @ (3 * explicit[other]).T, np.array(block.explicit({}), dtype=float))


def test_correlated_labels_agree_with_the_stated_probability():
    rho = sp.Rational(1, 4)
    block = correlated_labels(sp.Integer(1), sp.Integer(3), rho, ("1", "2")).frequency("1", "2").explicit({})
    assert sum(block) == 1
    assert block.trace() == (1 + 2 * rho) / 3


A, B = letter("A", "m", "n"), letter("B", "n", "m")
S = letter("S", "m", "m", symmetric=True)


@given(st.randoms(use_true_random=False))
def test_trace_polynomials_evaluate_as_matrices(rng):
    word = A @ B @ S - 2 * S @ S + (A @ B).T
    matrices, shape = random_matrices(word.letters, rng)
    a, b, s = (matrices[x.letters[0]] for x in (A, B, S))
    explicit = a * b * s - 2 * s * s + (a * b).T
    assert word.evaluate(matrices, shape) == explicit
    assert trace(word).evaluate(matrices, shape) == explicit.trace()
    assert word.square().evaluate(matrices, shape) == (explicit * explicit.T).trace()
    assert A.inner(B.T).evaluate(matrices, shape) == (a.T * b.T).trace()


def test_cyclic_and_transposed_words_are_one():
    assert not (trace(A @ B @ S) - trace(B @ S @ A)).coefficients()
    assert not (trace(A @ B @ S) - trace(S @ B.T @ A.T)).coefficients()
    assert (trace(A @ B @ A @ B) - trace(A @ A.T @ B.T @ B)).coefficients()
    assert not (Trace({}) - Trace({})).coefficients()


def test_words_check_shapes():
    with pytest.raises(ValueError, match="product of"):
        A @ A
    with pytest.raises(ValueError, match="do not add"):
        A + B
    with pytest.raises(ValueError, match="trace of a"):
        trace(A)


def test_alphabet_refuses_conditions_that_nothing_satisfies():
    import random

    from theory.proof.alphabet import Condition

    x = Alphabet()
    a = x.positive("a")
    with pytest.raises(ValueError, match="no rational point"):
        x.sample(random.Random(0), {a}, (Condition("impossible", a, "<", sp.Integer(-1)),))
    with pytest.raises(ValueError, match="declared twice"):
        x.real("a")
    assert identity(K).render(str, False) == "1 I"
