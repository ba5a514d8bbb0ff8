r"""One theorem a module.  How to state and prove a claim of your own:

1.  Make ``theory/claims/my_claim.py``, with a docstring (hypotheses, statement, source) and a ``CLAIM``::

        '''A wrong class is never the likelier one.

        Hypotheses  cross-entropy; the logits a(e_y − 1/K), a ≥ 0.
        Statement   p ≤ 1/K for the probability p of every wrong class.
        Source      here.
        '''

        import sympy as sp

        from theory import closed_forms
        from theory.claims import SYMBOLIC
        from theory.proof import Claim, Identity, Inequality
        from theory.proof.alphabet import Alphabet

        x = Alphabet()
        K = x.integer("K", least=2)
        a = x.nonnegative("a")
        p = closed_forms.wrong_probability(a, K, SYMBOLIC)

        CLAIM = Claim(
            name="my_claim",
            title="A wrong class is never the likelier one",
            alphabet=x,
            hypotheses=("cross-entropy", "the logits are a(e_y − 1/K), a ≥ 0"),
            steps=(
                Identity(
                    name="probabilities add up",
                    lhs=(K - 1) * p + sp.exp(a) * p,
                    rhs=sp.Integer(1),
                    because="softmax of a(e_y − 1/K)",
                ),
                Inequality(
                    name="a wrong class",
                    lhs=p,
                    op="<=",
                    rhs=1 / K,
                    by=(((sp.exp(a) - 1) * p / K,),),
                    because="e^a ≥ 1",
                    equality="a = 0",
                    concludes=True,
                ),
            ),
            source="here",
        )

    It is found by :func:`all_claims`, run by ``pytest theory/``, and printed by ``python -m theory --claim my_claim``
    with its status and the sizes for which it is proved (:mod:`theory.proof.scope`).

2.  Symbols have domains: a false step is refuted at a rational point of them.  Formulas that the suite runs are
    taken from :mod:`theory.closed_forms` and its neighbours, in the arithmetic :data:`SYMBOLIC`.

3.  A step holds expressions and can fail.  The kinds are listed in :mod:`theory.proof`; the statement is generated from
    the steps with ``concludes=True``.  ``where=(condition, Let(symbol, value))`` restricts a step, or changes variables
    in it.  Matrices of symbolic size: :mod:`theory.proof.symmetric`; of any size: :mod:`theory.proof.traces`; sums over
    any number of tasks: :mod:`theory.proof.sums`.  An equation shown before enters by
    ``using=(Using("its name", left=A, right=B),)``; a sum of squares by ``Square``; an equality case by
    ``EqualityCase``; two cases, one of which holds, by ``Cases``; a step of another claim by
    :class:`theory.proof.applied.Applied`.  What gap 0 says of an optimum: ``theory/claims/_at_an_optimum.py``.

4.  Classical results are cited, never assumed silently: ``Cited(name=..., lemma=JENSEN, roles={...})`` from
    :mod:`theory.lemmas`, where each has a reference and a numeric trial.  A hypothesis that another step shows names
    it: ``Given(..., shown_by="claim::step")``.

5.  ``pytest theory/ -k my_claim -v``.  Then break it: with ``rhs=1 / (K + 1)`` it must come out ``refuted``, with the
    point at which it fails.
"""

from __future__ import annotations

import importlib
import pkgutil

import sympy as sp

from theory.closed_forms import Arithmetic
from theory.proof import Claim

#: The arithmetic in which the claims evaluate :mod:`theory.closed_forms`: what they prove is what is run.
SYMBOLIC = Arithmetic(number=lambda f: sp.Rational(f.numerator, f.denominator), exp=sp.exp, log=sp.log, sqrt=sp.sqrt)


def all_claims() -> tuple[Claim, ...]:
    """The ``CLAIM`` of every module of this package, sorted by ``ORDER`` below and then by name."""
    names = sorted(m.name for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_"))
    modules = [importlib.import_module(f"{__name__}.{name}") for name in names]
    without = [m.__name__ for m in modules if not isinstance(getattr(m, "CLAIM", None), Claim)]
    if without:
        raise TypeError(f"{without[0]} has no CLAIM; give it one, or a name that begins with an underscore")
    claims = [m.CLAIM for m in modules]
    rank = {name: k for k, name in enumerate(ORDER)}
    return tuple(sorted(claims, key=lambda c: (rank.get(c.name, len(ORDER)), c.name)))


#: The order in which a reader meets the claims; others follow alphabetically.
ORDER = (
    "cells", "stationarity", "relaxation", "gap_anatomy", "single_source", "thresholds", "lower_bound",
    "nearest_centre", "latent_features", "multi_source", "independence", "independence_converse",
    "correlation_reduced", "correlation_classes", "correlation",
    "correlation_motion", "correlation_phases", "squared_error", "squared_error_balanced",
    "vanishing_decay", "label_simplex_limit", "label_simplex_failure", "landscape", "stability", "published",
    "minority_collapse", "partial_annotation", "annotation_stiffness", "price_of_sharing",
)  # fmt: skip
