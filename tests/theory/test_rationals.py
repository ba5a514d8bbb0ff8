from fractions import Fraction

import pytest

from theory.rationals import exact, exact_per_task


def test_a_text_is_the_rational_that_it_spells():
    assert exact("0.1") == Fraction(1, 10)
    assert exact(" 3/100 ") == Fraction(3, 100)
    assert exact("5e-2") == Fraction(1, 20)


def test_a_float_is_its_dyadic_value():
    assert exact(0.1) == Fraction(3602879701896397, 2**55)
    assert exact(0.1) != exact("0.1")


@pytest.mark.parametrize("value", ["", "abc", "1/0", "nan", "inf", "1e999999", "9" * 500, float("nan"), float("inf")])
def test_what_is_no_number_is_refused_by_name(value):
    with pytest.raises(ValueError, match="weight_decay"):
        exact(value, "weight_decay")


@pytest.mark.parametrize("value", [True, None, [1], object()])
def test_other_types_are_refused_by_name(value):
    with pytest.raises(TypeError, match="alpha"):
        exact(value, "alpha")


def test_one_number_serves_every_task_and_a_list_must_fit():
    assert exact_per_task("1/3", 2, "x") == (Fraction(1, 3),) * 2
    assert exact_per_task([1, "0.5"], 2, "x") == (Fraction(1), Fraction(1, 2))
    with pytest.raises(ValueError, match="3 numbers for 2 tasks"):
        exact_per_task([1, 2, 3], 2, "x")
