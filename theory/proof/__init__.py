r"""A proof is data: claims, and steps that can fail.

A :class:`Claim` has hypotheses, steps and a statement *generated from* the steps that conclude part of
it.  A step holds expressions (scalars, symmetric matrices of symbolic size, polynomials in matrices and
their traces, sums over a generic index) and is checked by machine:

    Identity       lhs = rhs: the difference reduces to 0, where needed modulo earlier steps (``using``)
    Inequality     lhs >= rhs: the difference is a sum of products of factors each certified >= 0
    EqualityCase   an inequality that holds with equality makes each summand of its decomposition vanish
    Equivalence    one condition holds iff another does: the slacks differ by a certified positive factor
    Cases          what two earlier steps show, each in a case of its own, one of which holds
    Derivative     a derivative, by SymPy and against finite differences at rational points
    Cited          an instance of a named classical lemma (:mod:`theory.lemmas`); the lemma makes the relation

The outcome of a step is ``proved``, ``refuted`` (with a rational point at which it provably fails) or
``undecided``.  That SymPy cannot simplify a difference refutes nothing.  A claim is ``proved`` iff every
step is; ``refuted`` if one is; otherwise ``checked at instances``: no counterexample was found.
"""

from __future__ import annotations

from theory.proof.alphabet import Alphabet, Condition
from theory.proof.claim import Claim
from theory.proof.instances import Instance
from theory.proof.rendering import Named
from theory.proof.steps.base import (
    Context,
    Given,
    Let,
    Outcome,
    Semidefinite,
    Slack,
    Square,
    Step,
    Termwise,
    Using,
    Verdict,
)
from theory.proof.steps.cases import Cases
from theory.proof.steps.cited import Cited
from theory.proof.steps.derivative import Derivative
from theory.proof.steps.equivalence import Equivalence
from theory.proof.steps.identity import Identity
from theory.proof.steps.inequality import EqualityCase, Inequality, Products
from theory.proof.steps.vanishing import POINTS, SEED, difference, scalars_of, value_of, vanish
from theory.proof.sums import Sum
from theory.proof.symmetric import Symmetric

__all__ = [
    "POINTS", "SEED", "Alphabet", "Cases", "Cited", "Claim", "Condition", "Context", "Derivative", "EqualityCase",
    "Equivalence", "Given", "Identity", "Inequality", "Instance", "Let", "Named", "Outcome", "Products", "Semidefinite",
    "Slack", "Square", "Step", "Sum", "Symmetric", "Termwise", "Using", "Verdict", "difference", "scalars_of",
    "value_of", "vanish",
]  # fmt: skip
