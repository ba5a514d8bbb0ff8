"""Hypothesis strategy of problems as a command line states them: every named family, loss, bias and convention."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import event
from hypothesis import strategies as st

from relaxations.design_options import DesignOptions
from relaxations.problems import with_default_decays
from theory.model import CONVENTIONS

FAMILIES = {
    "imbalanced": st.builds(
        lambda rows: {"frequencies": ";".join(",".join(map(str, row)) for row in rows)},
        st.lists(st.lists(st.integers(1, 5), min_size=2, max_size=3), min_size=1, max_size=3),
    ),
    "correlated": st.builds(
        lambda rho, k, t: {
            "correlation": str(rho if rho >= 0 or t > 2 else rho / (k - 1)),
            "classes": str(k),
            "tasks": t,
        },
        st.fractions(0, 1, max_denominator=5) | st.fractions(-1, 0, max_denominator=5),
        st.integers(2, 3),
        st.integers(2, 3),
    ).filter(lambda options: Fraction(options["correlation"]) >= 0 or options["tasks"] == 2),
    "array": st.sampled_from([{"scenario": "xor"}, {"scenario": "oa", "tasks": 3}, {"scenario": "oa", "classes": "2"}]),
    "joint": st.sampled_from([{"joint": "[[3,1],[0,2]]"}, {"joint": "[[[1,0],[2,1]],[[0,5],[1,1]]]"}]),
    "factorial": st.sampled_from([{"classes": "2,3"}, {"classes": "2,2,2"}]),
}


@st.composite
def stated_problems(draw, losses=("ce", "ce", "mse", "sparsemax")):
    """A problem as the command line would state it, decays at or on both sides of the default."""
    family = draw(st.sampled_from(sorted(FAMILIES)))
    event(family)
    options = draw(FAMILIES[family])
    noise = draw(st.sampled_from([{}, {}, {"label_noise": "0.1"}, {"smoothing": "0.2"}]))
    annotation = draw(st.sampled_from([{}, {"annotated": "0"}, {"annotated": "1/3"}, {"annotated": "1"}]))
    design = DesignOptions(**options, **noise, **annotation).build().design
    each = st.sampled_from([Fraction(1), Fraction(1, 2), Fraction(3)])
    weights = tuple(draw(each) for _ in range(design.tasks))
    decays = draw(st.none() | st.tuples(*[st.sampled_from([Fraction(1, 200), Fraction(1, 20)])] * design.tasks))
    bias = draw(st.sampled_from([None, Fraction(0), Fraction(1, 50), Fraction(2)]))
    loss = draw(st.sampled_from(losses))
    convention = draw(st.sampled_from(sorted(CONVENTIONS)))
    return with_default_decays(design, decays, None, weights, bias, loss, None, convention)
