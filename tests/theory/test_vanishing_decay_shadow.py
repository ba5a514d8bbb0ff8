"""Vanishing decay: dual certificates against conic optima, and the counterexample verified in rationals."""

import dataclasses
from fractions import Fraction

import cvxpy as cp
import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from relaxations.certificate import Certificate
from relaxations.check import check_certificate
from relaxations.solve import solve
from theory import UFM, LabelDesign, label_simplex
from theory.claims import label_simplex_failure as failure
from theory.claims import label_simplex_limit as certificate
from theory.claims import vanishing_decay as limit
from theory.proof import Verdict


def least_norm(design, decays=None):
    """min ‖Z'‖_* with margins >= 1, by a conic solver: an independent ground truth."""
    root = np.sqrt(np.repeat(np.ones(design.tasks) if decays is None else decays, design.classes))
    M = cp.Variable((design.rows, design.cells))
    constraints = []
    for _, rows in design.blocks():
        y = design.target_matrix[rows]
        for j in range(design.cells):
            right = int(y[:, j].argmax())
            constraints += [M[rows.start + right, j] - M[rows.start + k, j] >= 1 for k in range(len(y)) if k != right]
    Z = cp.multiply(np.outer(root, np.sqrt(design.counts)), M)
    problem = cp.Problem(cp.Minimize(cp.normNuc(Z)), constraints)
    problem.solve(solver="CLARABEL")
    assert problem.status == "optimal"
    return float(problem.value)


def nuclear(matrix):
    return float(np.linalg.svd(matrix, compute_uv=False).sum())


decay_values = st.sampled_from([1.0, 0.3, 4.0])


@st.composite
def certified_designs(draw):
    """One task of any frequencies, two binary tasks of any table, two correlated tasks, a factorial design."""
    kind = draw(st.sampled_from(["one", "binary", "correlated", "factorial"]))
    if kind == "one":
        return LabelDesign.from_joint(draw(hnp.arrays(np.int64, draw(st.integers(2, 5)), elements=st.integers(1, 9))))
    if kind == "binary":
        table = draw(hnp.arrays(np.int64, (2, 2), elements=st.integers(1, 9)))
        return LabelDesign.from_joint(table)
    k = draw(st.integers(2, 4))
    if kind == "correlated":
        same, other = draw(st.integers(0, 4)), draw(st.integers(1, 4))
        table = np.full((k, k), other) + same * np.eye(k, dtype=np.int64)
        if draw(st.booleans()):
            table = np.full((k, k), same + other) - same * np.eye(k, dtype=np.int64)
        return LabelDesign.from_joint(table)
    return LabelDesign.from_joint(np.outer(draw(st.sampled_from([[1, 1, 1], [1, 2, 4]])), np.ones(k, dtype=np.int64)))


@settings(max_examples=25)
@given(certified_designs(), decay_values)
def test_label_simplices_have_the_least_norm_where_the_certificate_is_strict(design, second):
    decays = (1.0, second)[: design.tasks]
    E = label_simplex.label_simplex(design, decays)
    B = label_simplex.polar_factor(E)
    assert label_simplex.largest_wrong_entry(design, B) < -1e-9
    assert max(np.abs(B[rows].sum(axis=0)).max() for _, rows in design.blocks()) < 1e-9
    assert nuclear(E) == pytest.approx(least_norm(design, np.array(decays)), rel=1e-6)


@given(st.integers(2, 6), st.floats(-0.99, 0.99), st.floats(0.1, 10))
def test_two_task_entries_are_those_of_the_polar_factor(k, rho, other):
    rho = max(rho, -1 / (k - 1) * 0.999)
    gram = np.array([[1.0, rho * np.sqrt(other)], [rho * np.sqrt(other), other]])
    values, vectors = np.linalg.eigh(gram)
    root = vectors / np.sqrt(values) @ vectors.T
    delta = np.sqrt(other * (1 - rho**2))
    unit = delta * np.sqrt(1 + other + 2 * delta)
    for same in (True, False):
        hit = (1 if same else 0) - 1 / k
        direct = root[0, 0] * (-1 / k) + root[0, 1] * np.sqrt(other) * hit
        assert label_simplex.two_task_certificate(k, other, rho, delta, same) == pytest.approx(direct * unit, rel=1e-6)


# --------------------------------------------------------------------------- the counterexample, exactly


def matrix_product(a, b):
    return [[sum(x * y for x, y in zip(row, column, strict=True)) for column in zip(*b, strict=True)] for row in a]


def positive_semidefinite(m):
    """Exactly: LDLᵀ in rationals without pivoting (a zero pivot needs a zero column)."""
    m = [row[:] for row in m]
    for k in range(len(m)):
        if m[k][k] < 0 or (m[k][k] == 0 and any(m[i][k] for i in range(k, len(m)))):
            return False
        if m[k][k] == 0:
            continue
        for i in range(k + 1, len(m)):
            factor = m[i][k] / m[k][k]
            m[i] = [a - factor * b for a, b in zip(m[i], m[k], strict=True)]
    return True


def rationals(matrix, digits=10**6):
    return [[Fraction(round(float(v) * digits), digits) for v in row] for row in matrix]


def test_label_simplices_lose_for_fine_and_coarse_labels_in_rational_arithmetic():
    """‖E‖_* >= ⟨B, E⟩ by a rational contraction B; ‖competitor‖_* <= ½‖A‖² + ½‖C‖² by rational factors AC."""
    E = [list(row) for row in label_simplex.fine_coarse_logits(Fraction(1, 3), Fraction(1, 2))]
    floats = np.array(E, dtype=float)
    np.testing.assert_allclose(floats, label_simplex.label_simplex(label_simplex.fine_coarse()))
    B = rationals(label_simplex.polar_factor(floats) * (1 - 1e-5))
    gram = matrix_product([list(c) for c in zip(*B, strict=True)], B)
    assert positive_semidefinite([[Fraction(int(i == j)) - gram[i][j] for j in range(3)] for i in range(3)])
    lower = sum(b * e for row, other in zip(B, E, strict=True) for b, e in zip(row, other, strict=True))

    competitor = [list(row) for row in label_simplex.fine_coarse_logits(*label_simplex.COMPETITOR)]
    for j, labels in enumerate(label_simplex.FINE_COARSE_CELLS):
        for start, size, label in ((0, 3, labels[0]), (3, 2, labels[1])):
            margins = [competitor[start + label][j] - competitor[start + k][j] for k in range(size) if k != label]
            assert min(margins) >= 1
    _, s, vt = np.linalg.svd(np.array(competitor, dtype=float), full_matrices=False)
    C = rationals(np.sqrt(s)[:, None] * vt)
    inverse = sp.Matrix(C).inv()
    A = [[Fraction(int(v.p), int(v.q)) for v in (sp.Matrix(competitor) * inverse).row(i)] for i in range(5)]
    assert matrix_product(A, C) == competitor
    upper = sum(v * v for m in (A, C) for row in m for v in row) / 2
    assert upper < lower
    assert float(upper / lower) < 0.9985
    assert least_norm(label_simplex.fine_coarse()) == pytest.approx(1 + np.sqrt(5 / 3 + 2 * np.sqrt(2 / 3)), rel=1e-6)
    assert label_simplex.largest_wrong_entry(label_simplex.fine_coarse(), np.array(B, dtype=float)) > 0.04


def test_a_certified_optimum_at_small_decay_leaves_the_label_simplices():
    """The margin of a fine class over the one with the other coarse label stays above the other fine margin."""
    problem = UFM(label_simplex.fine_coarse(), "1/100000", "1/100000")
    solution = solve(problem, "proximal")
    assert check_certificate(Certificate.from_solution(solution).to_dict()).certified
    M = solution.W @ solution.H
    assert M[0, 0] - M[2, 0] > 1.05 * (M[0, 0] - M[1, 0])


def test_zero_column_sums_cannot_be_dropped():
    """Some UVᵀ + Q has wrong entries < 0, but not zero sums within tasks, where label simplices are no solution."""
    design = label_simplex.too_weak_condition()
    E = label_simplex.label_simplex(design)
    u, s, vt = np.linalg.svd(E)
    rank = int((s > 1e-9).sum())
    X = cp.Variable((len(u) - rank, len(vt) - rank))
    B = u[:, :rank] @ vt[:rank] + u[:, rank:] @ X @ vt[rank:]
    wrong = (design.target_matrix == 0).astype(float)
    least = cp.Problem(cp.Minimize(cp.max(cp.multiply(wrong, B))), [cp.sigma_max(X) <= 1])
    largest = cp.Problem(cp.Minimize(cp.max(cp.multiply(wrong, B) - 10 * (1 - wrong))), [cp.sigma_max(X) <= 1])
    assert least.solve(solver="CLARABEL") < 1e-6
    assert largest.solve(solver="CLARABEL") < -0.1
    assert least_norm(design) < nuclear(E) * (1 - 1e-5)


# --------------------------------------------------------------------------- the limit


@pytest.mark.parametrize("exponent", [2, 4, 6, 8])
def test_the_norm_at_margin_one_is_within_the_stated_bound(exponent):
    """n̂ <= N/γ <= n̂ s/(s − a) at proven optima: balanced labels, c = 10^{−exponent}."""
    design = LabelDesign.factorial((2, 3))
    problem = UFM(design, Fraction(1, 10**exponent), Fraction(1, 10**exponent))
    solution = solve(problem, "proximal")
    M = solution.W @ solution.H
    gamma = label_simplex.smallest_margin(design, M)
    least = nuclear(label_simplex.label_simplex(design))
    s = nuclear(M * np.sqrt(design.counts)) / least
    total = sum(float(problem.omega[t].sum()) * (k - 1) for t, k in enumerate(design.classes))
    a = np.log(total / (problem.omega.min() * np.log(2)))
    assert gamma <= s * (1 + 1e-9)
    assert gamma >= s - a
    assert s > {2: 1, 4: 5, 6: 9, 8: 14}[exponent]


# --------------------------------------------------------------------------- false variants


def wrong():
    c = certificate
    yield failure, "fine and coarse labels: margins of the competitor", {"rhs": sp.Rational(11, 10)}
    yield failure, "fine and coarse labels: least norm of the family", {"rhs": 4, "by": ()}
    yield c, "two tasks, ρ ≥ 0: the other task's class", {"lhs": c.wrong_entry(-c.rho, True)}
    yield c, "two tasks, ρ < 0: the other task's class", {"where": (), "by": ()}
    yield c, "two tasks: inverse root, diagonal", {"lhs": c.product[0, 0] * c.delta}
    yield limit, "norm at margin 1", {"rhs": limit.n_hat}
    yield failure, "fine and coarse labels: nuclear norm", {"rhs": failure.pair_sum}


@pytest.mark.parametrize(("of", "name", "change"), list(wrong()), ids=lambda v: v if isinstance(v, str) else "")
def test_false_variants_are_refuted_at_a_point(of, name, change):
    true = next(s for s in of.CLAIM.steps if s.name == name)
    assert of.CLAIM.check(true).proved
    outcome = dataclasses.replace(true, **change).check(of.CLAIM.context(true))
    assert outcome.verdict is Verdict.REFUTED, outcome
