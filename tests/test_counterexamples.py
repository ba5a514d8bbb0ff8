"""Every counterexample with its certificate: proven to fail at every optimum, and measured at the one found."""

from fractions import Fraction
from functools import cache

import numpy as np
import pytest
from flint import arb

from relaxations.certificate import Certificate
from relaxations.check import check_certificate
from relaxations.solve import solve
from theory import UFM, LabelDesign
from theory.claims import all_claims
from theory.closed_forms import FLOAT
from theory.counterexample import Evidence, all_dead, excess, head_gram, parts
from theory.counterexamples import COUNTEREXAMPLES, counterexample, sum_rule_gap
from theory.known_optimum import known_optimum


@cache
def solved(problem):
    solution = solve(problem, "proximal")
    return solution, check_certificate(Certificate.from_solution(solution).to_dict(), tolerance="1e-8")


def evidence(problem):
    """What the checker proves of the problem, from its certificate."""
    solution, verdict = solved(problem)
    assert verdict.upper is not None, verdict.reason
    # the checker shrinks the residual of q by its scale and makes columns add up to 1
    return Evidence(Fraction(verdict.lower), Fraction(verdict.upper), solution.q, 1 - verdict.scale + 1e-13)


@pytest.mark.parametrize("example", COUNTEREXAMPLES, ids=lambda c: c.name)
def test_the_statement_fails_at_every_optimum(example):
    assert example.violation(evidence) >= example.margin > 0
    solution, verdict = solved(example.problem)
    if example.problem.dimension == example.problem.design.rows:
        assert verdict.certified, verdict.reason
    assert example.deviation(example.problem, solution.W, solution.H) > 0.01


def test_names_are_unique_and_the_claims_are_proved():
    claims = {c.name: c for c in all_claims()}
    assert len({c.name for c in COUNTEREXAMPLES}) == len(COUNTEREXAMPLES)
    for example in COUNTEREXAMPLES:
        for name in example.claims:
            assert claims[name].status == "proved", (example.name, name)
    with pytest.raises(KeyError, match="identical tasks"):
        counterexample("no such")


def test_a_true_statement_is_not_refuted():
    """The same routes on problems where the statement holds: none proves a violation."""
    fine = UFM(LabelDesign.factorial((2, 2)), "0.02", "0.02")
    assert excess(fine, parts(fine))(evidence) <= 0
    assert all_dead(fine) < 0
    gram = head_gram(fine, 0, evidence(fine))
    assert abs(1 - gram[1][1] / gram[0][0]).contains(0)


def test_the_gram_ball_holds_the_closed_form():
    problem = UFM(LabelDesign.factorial((2, 3)), "0.02", "0.03", ("1/2", 2))
    known = known_optimum(problem)
    for t, k in enumerate(problem.design.classes):
        gram = head_gram(problem, t, evidence(problem))
        lam_w, lam_h = float(problem.lambda_w[t]), float(problem.lambda_h)
        scale = lam_w * np.sqrt(lam_h / lam_w) * known.tasks[t].margin * np.sqrt(problem.design.samples / k)
        for a in range(k):
            for b in range(k):
                assert gram[a][b].overlaps(arb(scale * ((a == b) - 1 / k), 1e-13))
                assert float(gram[a][b].rad()) < 1e-3
    with pytest.raises(ValueError, match="without bias"):
        head_gram(UFM(problem.design, "0.02", "0.03", bias=0), 0, evidence(problem))


def test_identical_tasks_share_one_head():
    example = counterexample("identical tasks")
    solution, _ = solved(example.problem)
    assert solution.rank == 2
    assert np.allclose(solution.W[:3], solution.W[3:], atol=1e-6)
    assert example.deviation(example.problem, solution.W, solution.H) == pytest.approx(1, abs=1e-9)


def test_the_published_cosine_at_two_and_four_classes():
    """0.986 in the limit of vanishing decay, where living margins become equal."""
    problem = UFM(LabelDesign.factorial((2, 4)), "1e-90", "1e-90")
    example = counterexample("unweighted sum, K = (2, 4)")
    assert np.sqrt(1 - sum_rule_gap(problem, normalised=False)(FLOAT)) == pytest.approx(0.986, abs=1e-3)
    solution, _ = solved(example.problem)
    measured = example.deviation(example.problem, solution.W, solution.H) ** 2
    assert float(example.violation(evidence)) == pytest.approx(measured, rel=1e-5)
