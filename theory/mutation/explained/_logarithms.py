"""Logarithms compared by what they are taken of."""

from __future__ import annotations

import sympy as sp

from theory.lemmas import EXPONENTIAL_INCREASING
from theory.proof import Cited, Inequality, Step


def logarithms(name: str, larger: sp.Expr, smaller: sp.Expr) -> tuple[Step, Step]:
    """log ``larger`` >= log ``smaller``, called ``name``, from ``larger`` >= ``smaller``."""
    within = f"{name}: what they are taken of"
    return (
        Inequality(name=within, lhs=larger, op=">=", rhs=smaller),
        Cited(
            name=name,
            lemma=EXPONENTIAL_INCREASING,
            roles={"larger": sp.log(larger), "smaller": sp.log(smaller)},
            premises=(within,),
        ),
    )
