"""The split of the decays against the numerical optimum: product exact, rows of the wanted norm."""

from fractions import Fraction

import numpy as np
import pytest

from empirical.compare import row_norms
from empirical.decays import split_decays
from relaxations.solve import solve
from theory import UFM, LabelDesign

DESIGNS = {
    "single source": LabelDesign.factorial((3, 3), 4),
    "multi source": LabelDesign.multi_source((4, 4), 5),
    "one task": LabelDesign.factorial((5,), 7),
}


@pytest.mark.parametrize("design", DESIGNS.values(), ids=DESIGNS)
@pytest.mark.parametrize("norm", [1.0, 0.3])
def test_rows_of_the_optimum_have_the_wanted_norm(design, norm):
    decays = split_decays(design, "0.03", norm)
    solution = solve(UFM(design, decays.lambda_w, decays.lambda_h), "proximal")
    assert np.linalg.norm(solution.W, axis=1) == pytest.approx(norm, rel=1e-5)


def test_product_is_the_exact_fraction_of_the_smallest_threshold():
    design = LabelDesign.factorial((2, 5), 3)
    decays = split_decays(design, "0.03", task_weights=("1/3", "2/3"))
    # alpha^2/(N K): 1/9/(30*2) = 1/540 and 4/9/(30*5) = 4/1350
    assert decays.smallest_threshold == Fraction(1, 540)
    assert decays.lambda_w * decays.lambda_h == Fraction(3, 100) / 540


def test_unequal_tasks_share_a_geometric_mean():
    design = LabelDesign.factorial((2, 6), 2)
    decays = split_decays(design, "0.03")
    problem = UFM(design, decays.lambda_w, decays.lambda_h)
    norms = row_norms(problem, solve(problem, "proximal").W)
    assert np.prod(norms) == pytest.approx(1, rel=1e-5)
    assert abs(norms[0] - norms[1]) > 0.03


@pytest.mark.parametrize("fraction", ["0", "1", "-0.1", 2])
def test_fractions_out_of_range_are_refused(fraction):
    with pytest.raises(ValueError, match="fraction"):
        split_decays(DESIGNS["one task"], fraction)


@pytest.mark.parametrize("norm", [0.0, -1.0, float("nan"), float("inf")])
def test_norms_out_of_range_are_refused(norm):
    with pytest.raises(ValueError, match="row_norm"):
        split_decays(DESIGNS["one task"], "0.03", norm)
