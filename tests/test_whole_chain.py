"""Theory, solvers and checker against one another over random dimensions: the claim that the suite makes of itself."""

import json
from fractions import Fraction

import numpy as np
import pytest
from flint import arb, ctx, fmpq
from hypothesis import event, given, settings
from hypothesis import strategies as st
from reference import local_minimum
from strategies import balanced_designs, free_designs, problems, random_point

from relaxations.certificate import Certificate
from relaxations.check import check_certificate, parse, position
from relaxations.solve import solve
from theory import UFM
from theory.closed_forms import Arithmetic
from theory.duality import gap_anatomy
from theory.known_optimum import known_optimum

BALLS = Arithmetic(
    number=lambda x: arb(fmpq(x.numerator, x.denominator)),
    exp=lambda x: arb(x).exp(),
    log=lambda x: arb(x).log(),
    sqrt=lambda x: arb(x).sqrt(),
)


def with_dimension(problem: UFM, dimension: int) -> UFM:
    return UFM.from_dict({**problem.to_dict(), "dimension": dimension})


@settings(max_examples=250)
@given(problems(designs=balanced_designs(max_cells=150)))
def test_closed_forms_lie_inside_the_proven_enclosure(problem):
    solution = solve(problem, "proximal")
    verdict = check_certificate(parse(Certificate.from_solution(solution).to_text()), tolerance="1e-8")
    assert verdict.certified, verdict.reason
    known = known_optimum(problem)
    event(f"{problem.loss}, covered by a theorem: {known is not None}")
    if known is None:
        assert problem.loss == "mse"
        return
    with ctx.workprec(200):
        assert position(verdict, known.value(BALLS)) == "inside"
    if solution.rank > 0 and problem.loss == "ce":
        assert solution.rank == known.dimension_needed


@settings(max_examples=600)
@given(
    problems(designs=st.one_of(balanced_designs(max_cells=24), free_designs())), st.integers(0, 2**32 - 1), st.data()
)
def test_no_point_is_below_the_proven_bound_and_its_anatomy_adds_up(problem, seed, data):
    full = solve(problem, "proximal")
    cut = with_dimension(problem, data.draw(st.integers(1, problem.design.rows), label="dimension"))
    solution = solve(cut, "proximal")
    verdict = check_certificate(parse(Certificate.from_solution(solution).to_text()))
    lower, upper = float(Fraction(verdict.lower)), float(Fraction(verdict.upper))
    assert solution.W.shape[1] <= cut.dimension
    # a narrower feature can only cost
    assert upper >= full.lower - 1e-12 * full.value
    if full.rank <= cut.dimension:
        assert verdict.certified, verdict.reason
    for scale in (0.1, 0.5, 2.0):
        W, H, b = random_point(cut, seed, scale=scale)
        value = cut.objective(W, H, b)
        assert value >= lower * (1 - 1e-12)
        anatomy = gap_anatomy(cut, W, H, solution.q, b)
        assert anatomy.total == pytest.approx(value - solution.lower, rel=1e-9, abs=1e-12)
        assert min(vars(anatomy).values()) >= -1e-9 * value


@settings(max_examples=60)
@given(problems(designs=free_designs(max_cells=8)))
def test_an_independent_minimiser_agrees(problem):
    verdict = check_certificate(Certificate.from_solution(solve(problem, "proximal")).to_dict())
    lower, upper = float(Fraction(verdict.lower)), float(Fraction(verdict.upper))
    best = np.inf
    for seed in range(5):  # a local method may stop at a saddle (W = H = 0 is one)
        best = min(best, local_minimum(problem, seed)[0])
        if best <= upper * (1 + 1e-6):
            break
    assert lower * (1 - 1e-12) <= best <= upper * (1 + 1e-6)


@pytest.mark.slow
@settings(max_examples=15)
@given(problems(designs=st.one_of(balanced_designs(max_cells=9), free_designs(max_cells=5))))
def test_every_solver_proves_the_same_minimum(problem):
    values = {}
    for solver in ("sdp", "sdp:scs", "nuclear", "entropy-dual", "proximal"):
        verdict = check_certificate(Certificate.from_solution(solve(problem, solver)).to_dict())
        assert verdict.certified, f"{solver}: {verdict.reason}"
        values[solver] = (Fraction(verdict.lower), Fraction(verdict.upper))
    # intervals that each contain one number meet
    assert max(low for low, _ in values.values()) <= min(high for _, high in values.values())


@given(problem=problems(designs=st.one_of(balanced_designs(max_cells=12), free_designs())))
def test_saving_and_loading_changes_nothing(problem, tmp_path_factory):
    certificate = Certificate.from_solution(solve(problem, "proximal"))
    path = tmp_path_factory.mktemp("certificates") / "c.json"
    certificate.save(path)
    again = Certificate.load(path)
    assert again.problem.identity == problem.identity
    for name in ("W", "H", "b", "q"):
        before, after = getattr(certificate, name), getattr(again, name)
        assert (before is None and after is None) or np.array_equal(before, after)
    assert check_certificate(json.loads(path.read_text())) == check_certificate(certificate.to_dict())
