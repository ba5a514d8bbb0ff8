"""The instances of the mutation test for two correlated tasks are optima: the float64 solver finds the same."""

from __future__ import annotations

import random

import pytest
import sympy as sp

from theory.correlation_law import correlated_optimum
from theory.mutation.instances.correlation_classes import scalars


def test_drawn_numbers_are_the_optimum_in_every_phase() -> None:
    rng = random.Random(7)
    seen = set()
    for _ in range(60):
        at = scalars(rng).scalars
        K, m, alpha = int(at["K"]), float(at["m"]), float(at["α"])
        expected = correlated_optimum(K, float(1 - at["B"]), m)
        assert float(at["f(W°, H°)"]) == pytest.approx(alpha * expected.value, rel=1e-12)
        assert float(at["D(q)"]) == pytest.approx(alpha * expected.value, rel=1e-12)
        assert float(at["σ_+"]) == pytest.approx(expected.plus, rel=1e-12, abs=1e-12)
        assert float(at["σ_−"]) == pytest.approx(expected.minus, rel=1e-12, abs=1e-12)
        assert float(sp.sqrt(at["N"] * at["λ_W"] * at["λ_H"])) == pytest.approx(m * alpha, rel=1e-12)
        seen.add((K, expected.phase))
    assert seen == {(2, "alive"), (2, "merged"), (2, "opposed"), (3, "opposed"), (3, "dead"), (4, "alive")}
