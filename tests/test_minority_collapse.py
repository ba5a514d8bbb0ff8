"""Minority collapse: the threshold against optima, predictions within proven radii; false variants refuted."""

import dataclasses
from fractions import Fraction

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from relaxations.certificate import Certificate
from relaxations.check import check_certificate
from relaxations.solve import solve
from theory import UFM, LabelDesign
from theory.claims import minority_collapse as claim
from theory.minority import clusters
from theory.proof import Verdict


@st.composite
def imbalanced(draw):
    """One task with a cluster of classes of n samples, others of any sizes, beside balanced tasks or none."""
    n, minority = draw(st.integers(1, 3)), draw(st.integers(2, 3))
    rest = draw(st.lists(st.integers(n + 1, 9), min_size=1, max_size=3))
    sizes = np.array([n] * minority + rest)
    table = sizes
    for k in draw(st.lists(st.integers(2, 3), max_size=2)):
        table = np.multiply.outer(table, np.ones(k, dtype=int))
    return LabelDesign.from_joint(table)


@settings(max_examples=60, deadline=None)
@given(
    imbalanced(),
    st.sampled_from([Fraction(1, 20), Fraction(1, 2), Fraction(9, 10), Fraction(11, 10), Fraction(3)]),
    st.sampled_from([None, 0, "0.02"]),
    st.sampled_from([0, "0.1"]),
    st.sampled_from([Fraction(1, 5), Fraction(2)]),
)
def test_the_cluster_merges_at_its_threshold(design, share, bias, smoothing, split):
    design = design.smoothed(smoothing) if smoothing else design
    base = UFM(design, 1, 1, bias=bias)
    small = clusters(base, 0)[0]
    decay = share * small.threshold
    problem = UFM(design, split, decay / split, bias=bias)
    found = clusters(problem, 0)
    assert found[0].merged == (share >= 1)
    solution = solve(problem, "proximal")
    verdict = check_certificate(Certificate.from_solution(solution).to_dict())
    gap = max(float(Fraction(verdict.upper) - Fraction(verdict.lower)), 0.0)
    rows = design.rows_of(0)
    for cluster in found:
        own = solution.W[rows][list(cluster.classes)]
        centred = own - own.mean(axis=0)
        for j in range(design.cells):
            k = int(design.labels[0, j])
            if k not in cluster.classes:
                continue
            other = next(c for c in cluster.classes if c != k)
            # Pinsker: Σ ω KL(q‖q*) ≤ gap for the predictions q* of every optimum
            radius = 2 * np.sqrt(gap / (2 * problem.omega[0, j])) + 2 * (1 - verdict.scale) + 1e-12
            q = solution.q[rows, j]
            assert abs(q[k] - q[other] - cluster.gap) <= radius < 0.05
        if not cluster.merged and share != Fraction(11, 10):
            gram = centred @ centred.T
            k = len(cluster.classes)
            scale = np.trace(gram) / (k - 1)
            assert np.allclose(gram, scale * (np.eye(k) - 1 / k), atol=1e-3 * scale + 1e-6)


def test_other_tasks_and_other_classes_enter_through_n_alone():
    alone = UFM(LabelDesign.from_joint([2, 2, 8]), "0.1", "0.1")
    beside = UFM(LabelDesign.from_joint(np.multiply.outer([2, 2, 8], [1, 1, 1])), "0.1", "0.1")
    assert clusters(beside, 0)[0].threshold == clusters(alone, 0)[0].threshold / 3
    assert clusters(beside, 1)[0].classes == (0, 1, 2)
    assert clusters(UFM(LabelDesign.from_joint([2, 2, 4, 4]), 1, 1), 0)[1].threshold == Fraction(4, 144)


def test_where_the_claim_does_not_apply():
    dependent = LabelDesign.from_joint([[2, 1], [1, 2]])
    two_imbalanced = LabelDesign.from_joint(np.multiply.outer([2, 2, 8], [1, 1, 4]))
    assert clusters(UFM(dependent, 1, 1), 0) is None
    assert clusters(UFM(two_imbalanced, 1, 1), 0) is None
    assert clusters(UFM(two_imbalanced, 1, 1, bias=0), 0) is not None
    assert clusters(UFM(LabelDesign.multi_source((2, 2)), 1, 1), 0) is None
    assert clusters(UFM(LabelDesign.from_joint([1, 1, 3]), 1, 1, loss="mse"), 0) is None


def step_of(name):
    return next(s for s in claim.CLAIM.steps if s.name == name)


def check(step, **changes):
    return dataclasses.replace(step, **changes).check(claim.CLAIM.context(step))


def test_false_thresholds_are_refuted():
    assert claim.CLAIM.status == "proved"
    merged = step_of("merged: x")
    for wrong in (claim.limit * claim.N / claim.n, claim.limit / (1 - claim.eps), claim.limit / claim.K):
        assert check(merged, rhs=wrong).verdict is Verdict.REFUTED
    balanced = step_of("a balanced task is one cluster")
    assert check(balanced, where=(claim.Let(claim.n, claim.N / (claim.K - 1)),)).verdict is Verdict.REFUTED
    apart = step_of("how far apart the predictions are")
    assert check(apart, rhs=apart.rhs + claim.eps).verdict is Verdict.REFUTED
    critical = step_of("the critical imbalance of two clusters")
    wrong = dataclasses.replace(critical.right, rhs=critical.right.rhs + claim.n)
    assert check(critical, right=wrong).verdict is Verdict.REFUTED
