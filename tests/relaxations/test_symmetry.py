"""Symmetries of designs: found where they are and only there, and the reduced problem is the whole one."""

from fractions import Fraction
from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relaxations import invariant
from relaxations.certificate import Certificate
from relaxations.check import check_certificate, parse
from relaxations.data_term import DataTerm, OrbitTerm
from relaxations.invariant import solve_invariant
from relaxations.proximal import solve_structured
from relaxations.solve import solve
from relaxations.symmetry import exchangeable, on_representatives, orbits_of
from theory import UFM, LabelDesign
from theory.closed_forms import FLOAT
from theory.designs import annotated, correlated, exclusive_or, independent_with, orthogonal_array
from theory.duality import dual_value, feasible_dual, scaled_residual, spectral_norm
from theory.known_optimum import known_optimum


def shuffled(design: LabelDesign, seed: int) -> LabelDesign:
    """The same design with its classes named and its cells listed in another order."""
    rng = np.random.default_rng(seed)
    labels = np.stack(
        [np.append(rng.permutation(k), -1)[row] for k, row in zip(design.classes, design.labels, strict=True)]
    )
    order = rng.permutation(design.cells)
    return LabelDesign(design.classes, labels[:, order], design.counts[order], design.targets, scenario="shuffled")


def orbits_by_force(design: LabelDesign) -> int:
    """The number of orbits of cells under *all* relabellings that keep the table of counts."""
    table = {tuple(c): n for c, n in zip(design.labels.T.tolist(), design.counts.tolist(), strict=True)}
    group = []
    for pis in product(*(list(permutations(range(k))) for k in design.classes)):
        image = {
            tuple(pi[y] if y >= 0 else -1 for pi, y in zip(pis, cell, strict=True)): n for cell, n in table.items()
        }
        if image == table:
            group.append(pis)
    orbits = {
        frozenset(tuple(pi[y] if y >= 0 else -1 for pi, y in zip(pis, c, strict=True)) for pis in group) for c in table
    }
    return len(orbits)


SYMMETRIC = {
    "factorial": (LabelDesign.factorial((2, 3, 4), 2), 1),
    "blocks of frequencies": (independent_with([[5, 1, 1, 1], [2, 2, 2]]), 2),
    "correlated": (correlated(3, "1/3"), 2),
    "three correlated": (correlated(3, "1/4", tasks=3), 5),
    "exclusive or": (exclusive_or(3), 1),
    "orthogonal array": (orthogonal_array(3, 4), 1),
    "partly annotated": (annotated(LabelDesign.factorial((3, 2)), "1/4"), 3),
    "correlated, partly annotated": (annotated(correlated(3, "1/2"), "1/3"), 4),
    "smoothed": (LabelDesign.factorial((3, 3)).smoothed("1/10"), 1),
}


@pytest.mark.parametrize("name", SYMMETRIC)
def test_orbits_are_those_of_the_whole_group(name):
    design, expected = SYMMETRIC[name]
    for seed in range(3):
        found = orbits_of(shuffled(design, seed))
        assert found is not None
        assert len(found) == expected == orbits_by_force(design)
        assert found.sizes.sum() == design.cells
        # sizes and counts agree along an orbit
        counts = shuffled(design, seed).counts
        assert (counts == counts[found.representatives][found.orbit]).all()


@given(st.data())
def test_what_is_found_is_a_symmetry(data):
    classes = data.draw(st.lists(st.integers(2, 3), min_size=1, max_size=3))
    table = data.draw(st.lists(st.integers(0, 2), min_size=int(np.prod(classes)), max_size=int(np.prod(classes))))
    counts = np.array(table).reshape(classes)
    if not counts.any():
        counts[(0,) * len(classes)] = 1
    design = LabelDesign.from_joint(counts)
    found = orbits_of(design)
    if found is not None:
        # a subgroup of all symmetries may be found, which has more orbits, and never fewer
        assert orbits_by_force(design) <= len(found) <= design.cells // 2
        # every entry of an invariant matrix is that of its representative: targets and pairs of rows are invariant
        Y = design.target_matrix
        assert (found.expanded(Y[:, found.representatives]) == Y).all()
        gram = Y * design.counts @ Y.T
        assert np.allclose(found.mean_of_pairs(gram), gram)


def test_designs_without_symmetry_are_taken_as_they_are():
    rng = np.random.default_rng(0)
    assert orbits_of(LabelDesign.from_joint(rng.integers(1, 1000, size=(4, 5, 6)))) is None
    # one sample more, or another weight, and a symmetry is gone
    design = LabelDesign.factorial((2, 2))
    assert len(orbits_of(design)) == 1
    assert orbits_of(LabelDesign((2, 2), design.labels, np.array([1, 2, 3, 5]))) is None
    weights = np.array([[1, 2, 3, 5], [1, 1, 1, 1]])
    assert orbits_of(LabelDesign((2, 2), design.labels, design.counts, sample_weights=weights)) is None
    # a cell that is listed twice, and targets that tell classes apart
    assert orbits_of(LabelDesign((2, 2), design.labels[:, [0, 0, 1, 2, 3]], np.ones(5))) is None
    half = Fraction(1, 2)
    uneven = ((Fraction(1), Fraction(0)), (half, half))
    assert not exchangeable(uneven)
    assert orbits_of(LabelDesign((2,), np.array([[0, 1]]), np.array([1, 1]), (uneven,))) is None
    assert orbits_of(LabelDesign((2, 2), np.array([[0], [1]]), np.array([3]))) is None


@pytest.mark.parametrize("bias", [None, 0, "0.05"])
@pytest.mark.parametrize("loss", ["ce", "mse"])
@pytest.mark.parametrize("name", SYMMETRIC)
def test_the_reduced_problem_is_the_whole_one(name, loss, bias):
    design = shuffled(SYMMETRIC[name][0], 0)
    problem = UFM(design, [f"0.0{t + 2}" for t in range(design.tasks)], "0.005", 1, bias, loss)
    orbits = orbits_of(design)
    reduced = solve_invariant(problem, orbits)
    whole = solve_structured(problem)
    assert reduced.status == "converged"
    assert reduced.factors.value == pytest.approx(whole.factors.value, rel=1e-11)
    # the dual point is feasible for the whole problem, and its value is what the representatives said
    q = reduced.dual.q
    assert spectral_norm(scaled_residual(problem, q)) <= np.sqrt(float(problem.lambda_h)) * (1 + 1e-9)
    assert dual_value(problem, q) == pytest.approx(reduced.dual.value, rel=1e-12)
    # and so is the point's
    factors, data = reduced.factors, DataTerm(problem)
    value = data.value(data.logits(factors.Z, factors.b), factors.b)
    value += data.gamma * np.linalg.norm(factors.Z, "nuc")
    assert value == pytest.approx(factors.value, rel=1e-12)
    assert factors.A.shape[1] == whole.factors.A.shape[1]


def test_means_over_the_group_are_the_sums_of_the_whole():
    design = shuffled(annotated(LabelDesign.factorial((3, 3)), "1/4"), 2)
    problem = UFM(design, "0.02", "0.005", bias="0.1")
    orbits = orbits_of(design)
    term, whole = OrbitTerm(problem, orbits), DataTerm(problem)
    # any invariant matrix: the targets, and what the prox makes of them
    Z, nuclear = term.shrink(term.target * np.sqrt(orbits.sizes), 0.3)
    expanded = term.expanded(Z)
    same, other = whole.shrink(design.target_matrix, 0.3)
    assert np.allclose(expanded, same, atol=1e-13)
    assert nuclear == pytest.approx(other)
    assert term.spectral_norm(Z) == pytest.approx(np.linalg.norm(expanded, 2))
    b = np.zeros(design.rows)
    q, reduced_q = whole.predictions(whole.logits(expanded, b)), term.predictions(term.logits(Z, b))
    assert np.allclose(orbits.expanded(reduced_q), q, atol=1e-13)
    sums = term.mean(term.slope(reduced_q).sum(axis=1))
    assert np.allclose(sums, whole.slope(q).sum(axis=1), atol=1e-14)
    bound = feasible_dual(term.problem, reduced_q, b, term.spectral_norm, term.mean)
    assert bound.value == pytest.approx(feasible_dual(problem, q, b).value, rel=1e-12)
    assert on_representatives(problem, orbits).design.samples == design.samples


def test_solve_uses_symmetry_and_the_checker_certifies_what_it_finds():
    design = shuffled(LabelDesign.factorial((6, 6, 6)), 4)
    problem = UFM(design, "0.003", "0.003")
    mine, plain = solve(problem, "proximal"), solve(problem, "proximal:all-cells")
    assert (mine.orbits, plain.orbits) == (1, None)
    assert mine.value == pytest.approx(plain.value, rel=1e-11)
    assert mine.value == pytest.approx(known_optimum(problem).value(FLOAT), rel=1e-11)
    verdict = check_certificate(parse(Certificate.from_solution(mine).to_text()))
    assert verdict.certified, verdict.reason


def test_a_symmetric_problem_that_proximal_steps_do_not_finish_is_finished_on_all_cells(monkeypatch):
    monkeypatch.setattr(invariant, "MAX_STEPS", 1)
    problem = UFM(correlated(15, "1/3"), "0.0004", "0.0002")
    solution = solve(problem, "proximal")
    assert solution.orbits == 2
    assert solution.status == "converged; 2 columns for 225 cells, by symmetry"
    assert solution.relative_gap <= 1e-11


def test_a_dead_problem_and_one_in_too_few_dimensions():
    design = LabelDesign.factorial((6, 6, 6))
    dead = solve(UFM(design, "1", "1"), "proximal")
    assert (dead.orbits, dead.rank, dead.relative_gap) == (1, 0, 0)
    assert not dead.W.any()
    # below the rank of the relaxation its bound stays, and the point is the best one found
    narrow = UFM(design, "0.003", "0.003", dimension=14)
    mine, plain = solve(narrow, "proximal"), solve(narrow, "proximal:all-cells")
    assert mine.cut
    assert mine.rank == 15
    assert mine.lower == pytest.approx(plain.lower, rel=1e-11)
    assert mine.W.shape[1] == 14
    assert mine.value > mine.lower * (1 + 1e-6)
    assert mine.value == pytest.approx(plain.value, rel=1e-6)


def test_components_that_share_no_cell_have_orbits_of_their_own():
    grid = np.indices((15, 15)).reshape(2, -1)
    nothing = np.full_like(grid, -1)
    labels = np.block([[grid, nothing], [nothing, grid]])
    problem = UFM(LabelDesign((15,) * 4, labels, np.ones(450)), "0.003", "0.003")
    solution = solve(problem, "proximal")
    assert solution.orbits == 2
    assert solution.value == pytest.approx(known_optimum(problem).value(FLOAT), rel=1e-11)
    assert solution.relative_gap <= 1e-11
