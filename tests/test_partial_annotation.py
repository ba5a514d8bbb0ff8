"""Partial annotation: values, orthogonality on edges alone, widths and stiffness against enclosures and optima."""

import dataclasses
from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
from flint import ctx
from hypothesis import given, settings
from hypothesis import strategies as st

from relaxations.balls import BALLS
from relaxations.certificate import Certificate
from relaxations.check import check_certificate, position
from relaxations.solve import solve
from theory import UFM, LabelDesign, annotation
from theory import closed_forms as forms
from theory.additivity import single_task_problem
from theory.claims import annotation_stiffness
from theory.claims import partial_annotation as claim
from theory.geometry import cross_task_overlap, etf_deviation
from theory.known_optimum import known_optimum
from theory.proof import Verdict
from theory.proof.symmetric import ones


def annotated(classes, groups):
    """Every group (tasks, repetitions) is a factorial of its tasks; the others' labels are missing."""
    blocks, counts = [], []
    for tasks, repetitions in groups:
        table = np.indices([classes[t] for t in tasks]).reshape(len(tasks), -1)
        block = np.full((len(classes), table.shape[1]), -1)
        block[list(tasks)] = table
        blocks.append(block)
        counts.append(np.full(table.shape[1], repetitions))
    return LabelDesign(tuple(classes), np.concatenate(blocks, axis=1), np.concatenate(counts))


@st.composite
def partial_designs(draw):
    classes = draw(st.lists(st.integers(2, 3), min_size=2, max_size=4))
    every = [s for n in range(1, len(classes) + 1) for s in combinations(range(len(classes)), n)]
    groups = draw(st.lists(st.sampled_from(every), min_size=1, max_size=4, unique=True))
    missing = set(range(len(classes))) - {t for g in groups for t in g}
    groups += [(t,) for t in sorted(missing)]
    return annotated(classes, [(g, draw(st.integers(1, 3))) for g in groups])


@settings(max_examples=60, deadline=None)
@given(
    partial_designs(),
    st.sampled_from(["0.002", "0.02", "0.2"]),
    st.sampled_from([None, 0, "0.01"]),
    st.sampled_from([0, "0.1"]),
    st.sampled_from([(1, 1, 1, 1), (1, "1/2", 2, 1)]),
)
def test_single_task_optima_add_up_and_edges_are_orthogonal(design, decay, bias, smoothing, weights):
    design = design.smoothed(smoothing) if smoothing else design
    problem = UFM(design, decay, "0.03", weights[: design.tasks], bias=bias)
    known = known_optimum(problem)
    assert known is not None  # all graphs on at most four vertices are perfect, and weighted so
    solution = solve(problem, "proximal")
    verdict = check_certificate(Certificate.from_solution(solution).to_dict(), tolerance="1e-8")
    assert verdict.certified, verdict.reason
    with ctx.workprec(200):
        assert position(verdict, known.value(BALLS)) == "inside"
    single = [single_task_problem(problem, t) for t in range(design.tasks)]
    assert float(Fraction(verdict.upper)) == pytest.approx(sum(solve(p, "proximal").value for p in single), rel=1e-7)
    for s, t in annotation.annotation_graph(design):
        if known.tasks[s].alive and known.tasks[t].alive:
            assert cross_task_overlap(solution.W[design.rows_of(s)], solution.W[design.rows_of(t)]) < 1e-4
    for t, rows in design.blocks():
        if known.tasks[t].alive:
            assert etf_deviation(solution.W[rows]) < 1e-4


@settings(max_examples=40, deadline=None)
@given(partial_designs(), st.sampled_from(["0.002", "0.02"]))
def test_the_colouring_attains_the_optimum_in_its_width(design, decay):
    wide = UFM(design, decay, "0.03")
    known = known_optimum(wide)
    problem = UFM(design, decay, "0.03", dimension=max(known.dimension_needed, 1))
    solution = solve(problem, "closed-form")
    assert solution.relative_gap < 1e-12
    assert check_certificate(Certificate.from_solution(solution).to_dict()).certified


def test_a_path_of_three_tasks_needs_two_thirds_of_the_width():
    path = annotated((3, 3, 3), [((0, 1), 1), ((1, 2), 2)])
    problem = UFM(path, "0.02", "0.02")
    known = known_optimum(problem)
    assert known.theorem == "partial_annotation"
    assert known.dimension_needed == 4
    solution = solve(UFM(path, "0.02", "0.02", dimension=4), "closed-form")
    heads = [solution.W[rows] for _, rows in path.blocks()]
    assert cross_task_overlap(heads[0], heads[2]) == pytest.approx(1, abs=1e-9)  # free: here one ETF for both
    assert cross_task_overlap(heads[0], heads[1]) < 1e-12
    narrow = solve(UFM(path, "0.02", "0.02", dimension=3), "proximal")
    assert narrow.value > solution.value + 1e-4


def test_a_cycle_of_five_lies_between_clique_and_colouring():
    edges = [((t, (t + 1) % 5), 1) for t in range(5)]
    design = annotated((2,) * 5, [(tuple(sorted(e)), n) for e, n in edges])
    graph = annotation.annotation_graph(design)
    assert annotation.heaviest_clique([1] * 5, graph) == 2
    assert annotation.colour_cost([1] * 5, annotation.colouring([1] * 5, graph)) == 3
    assert known_optimum(UFM(design, "0.02", "0.02")) is None


def test_many_tasks_are_bounded_without_an_exhaustive_search():
    everyone = frozenset(combinations(range(40), 2))
    assert annotation.heaviest_clique([2] * 40, everyone) == 80
    assert annotation.colour_cost([2] * 40, annotation.colouring([2] * 40, everyone)) == 80
    star = frozenset((0, t) for t in range(1, 40))
    assert annotation.heaviest_clique([1] * 39 + [3], star) == 4
    assert annotation.colour_cost([1] * 39 + [3], annotation.colouring([1] * 39 + [3], star)) == 4


def test_groups_must_be_balanced_and_independent():
    good = annotated((2, 2), [((0, 1), 1), ((0,), 1)])
    assert annotation.balanced_within_groups(good)
    dependent = LabelDesign((2, 2), [[0, 1, 0, 1], [0, 1, -1, -1]], [1] * 4)
    weighted = LabelDesign((2, 2), good.labels, good.counts, sample_weights=np.ones_like(good.labels))
    assert not annotation.balanced_within_groups(dependent)
    assert not annotation.balanced_within_groups(weighted)
    # uniform over all samples, not within the groups: orthogonality need not hold, no theorem is claimed
    crossed = LabelDesign((2, 2), [[0, 0, 1, 1], [0, 1, -1, -1]], [1] * 4)
    assert known_optimum(UFM(crossed, "0.02", "0.02")) is None


def moved_point(problem, contraction):
    """Heads with cross block C of the bases, features by the sum rule; and the weights β."""
    design = problem.design
    basis = [np.linalg.svd(np.eye(k) - 1 / k)[0][:, : k - 1] for k in design.classes]
    known = known_optimum(problem)
    r = [k - 1 for k in design.classes]
    rest = np.linalg.cholesky(np.eye(r[1]) - contraction.T @ contraction).T
    coordinates = [np.hstack([np.eye(r[0]), np.zeros((r[0], r[1]))]), np.hstack([contraction.T, rest.T])]
    W, beta = np.zeros((design.rows, sum(r))), []
    for t, rows in design.blocks():
        numbers = (design.classes[t], design.task_masses[t], float(problem.lambda_w[t]), float(problem.lambda_h))
        scale = forms.head_gram_scale(*numbers, known.tasks[t].margin)
        W[rows] = np.sqrt(scale) * basis[t] @ coordinates[t]
        beta.append(forms.sum_rule_weight(*numbers))
    H = np.zeros((sum(r), design.cells))
    for t, rows in design.blocks():
        keep = design.labelled[t]
        H[:, keep] += beta[t] * W[rows][design.labels[t, keep]].T
    return W, H, beta


@pytest.mark.parametrize("classes", [(2, 2), (3, 2), (3, 4)])
@pytest.mark.parametrize("both", [0, 1, 3])
def test_stiffness_is_proportional_to_the_common_samples(classes, both):
    alone = 12 // classes[0] * 3, 12 // classes[1] * 3
    groups = [((0,), alone[0]), ((1,), alone[1])] + ([((0, 1), both)] if both else [])
    design = annotated(classes, groups)
    problem = UFM(design, "0.01", "0.02")
    known = known_optimum(problem)
    best = known.value(forms.FLOAT)
    direction = np.zeros((classes[0] - 1, classes[1] - 1))
    direction[0, 0] = 1.0
    common = both * classes[0] * classes[1]
    excess = []
    for size in (0.0, 0.05, 0.025):
        W, H, beta = moved_point(problem, size * direction)
        excess.append(problem.objective(W, H) - best)
    W1, W2 = (W[rows] for _, rows in design.blocks())
    block = float(((W1 @ W2.T) ** 2).sum())
    curvature = [annotation.spread(known.tasks[t].margin, classes[t]) for t in (0, 1)]
    omega = [float(problem.alpha[t]) / design.task_masses[t] for t in (0, 1)]
    predicted = annotation.stiffness(omega[0], common, classes[0], classes[1], beta[1], curvature[0])
    predicted += annotation.stiffness(omega[1], common, classes[1], classes[0], beta[0], curvature[1])
    assert abs(excess[0]) < 1e-12
    assert excess[2] == pytest.approx(predicted * block, rel=0.05, abs=1e-12)
    assert (both == 0) == (abs(excess[1]) < 1e-12)


def step_of(name, of=claim):
    return next(s for s in of.CLAIM.steps if s.name == name)


def check(step, of=claim, **changes):
    return dataclasses.replace(step, **changes).check(of.CLAIM.context(step))


def test_false_variants():
    assert claim.CLAIM.status == "proved"
    cross = step_of("residual Gram, two tasks")
    tilted = claim.together + ones(claim.K_s, claim.K)
    assert check(cross, lhs=tilted).verdict is Verdict.REFUTED
    tilt = annotation_stiffness
    assert tilt.CLAIM.status == "proved"
    covariance = step_of("sum of the covariances over the labels of s", tilt)
    assert check(covariance, tilt, rhs=(1 - tilt.delta) * tilt.P_s).verdict is Verdict.REFUTED
    stiffness = step_of("stiffness", tilt)
    assert check(stiffness, tilt, rhs=2 * stiffness.rhs).verdict is Verdict.REFUTED
    together = step_of("tasks annotated together have orthogonal heads")
    assert not check(together, using=together.using[1:]).proved
    own = step_of("NC2: simplex ETF")
    assert check(own, rhs=own.rhs * claim.K).verdict is Verdict.REFUTED
