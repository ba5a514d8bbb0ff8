r"""Steps that open every proof of necessity: what gap 0 says of an optimum, for any labels.

An optimum (W, H, b) attains the least value f*.  Let q be dual feasible and (W°, H°) a point that meets its value:

    D(q) <= f* <= f(W°, H°) = D(q),

so f* = D(q), every term of the gap anatomy of the optimum vanishes, and

    q = ∇Φ(z),      W' = U'H̃ᵀ,      λ_H H̃ᵀ = U'ᵀU'H̃ᵀ = U'ᵀW',      h equal within cells,      W'W'ᵀ = U'Z'ᵀ.

A claim that takes :data:`STEPS` has :data:`HYPOTHESES` among its own, relies on claim ``gap_anatomy``, shows before
that q is feasible ("dual feasibility as a matrix inequality") and that the point meets it (a step or hypothesis
:data:`MEETS`: f(W°, H°) = D(q)).  f and D are counted without Σ ω Φ*(y), which is 0 for hard labels.
"""

from __future__ import annotations

from typing import Any

import sympy as sp

from theory.claims import gap_anatomy as anatomy
from theory.lemmas import FENCHEL_YOUNG, FENCHEL_YOUNG_ZERO, ORTHOGONAL_BLOCKS, SEMIDEFINITE
from theory.proof import (
    Cited,
    EqualityCase,
    Given,
    Identity,
    Inequality,
    Let,
    Named,
    Slack,
    Square,
    Step,
    Termwise,
    Using,
)
from theory.proof.alphabet import Alphabet, Condition
from theory.proof.sums import Sum
from theory.proof.traces import Trace

x = Alphabet().joined(anatomy.x)
W_, H_, U_ = anatomy.W_, anatomy.H_, anatomy.U_
lam_h = anatomy.lam
#: f*, f at the point that is constructed, and the value of its dual point, without Σ ω Φ*(y)
least, attained = x.real("f∗", latex="f^*"), x.real("f(W°, H°)", latex=r"f(W_\circ, H_\circ)")
dual = x.real("D(q)", latex="D(q)")

#: The name of the step, or hypothesis, that a claim must have: ``attained`` = ``dual``.
MEETS = "the point meets the dual value"

_half = sp.Rational(1, 2)
_bias = anatomy.B @ anatomy.b - anatomy.v
_positive = x.positive("w", latex=r"\omega")
_every_sample = Let(anatomy.omega, _positive, "a labelled sample has positive weight")
#: Σ ω Φ*(y)
targets = Sum(anatomy.SAMPLES, anatomy.omega * anatomy.conj_y)
_vanish_by = (
    (Termwise(anatomy.SAMPLES, (anatomy.omega, Slack("prediction gap of one sample"))),),
    (_half, anatomy.duality),
    (_half, anatomy.closeness),
    (_half * lam_h, anatomy.within),
    (_half, Square(_bias)),
)
_prediction = x.real("q_{t,j}", latex="q_{t,j}")
_softmax = x.real("∇Φ(z_{t,j})", latex=r"\nabla\Phi(z_{t,j})")
_is_least = Condition("f* is the least value", least, "<=", attained)
_weak, _above = "weak duality", "the point is no better than an optimum"


def vanishing(name: str, summand: int, because: str, concludes: bool = False) -> EqualityCase:
    """One term of the gap anatomy is 0 at an optimum: 0 prediction, 1 and 2 the squares, 3 scatter, 4 bias."""
    return EqualityCase(
        name=name,
        of="an optimum has gap 0",
        by=_vanish_by,
        summand=summand,
        where=(_every_sample,),
        because=because,
        concludes=concludes,
    )


#: What the claim assumes: the point attains the least value; D(q) is the value of the dual point.
HYPOTHESES = (
    _is_least,
    Given(
        "the point is an optimum",
        anatomy.objective + _half * (anatomy.B @ anatomy.b).square(),
        Trace({}) + targets + least,
    ),
    Given(
        "dual value",
        Trace({}) + Sum(anatomy.SAMPLES, -anatomy.omega * anatomy.conj_q) - _half * anatomy.v.square(),
        Trace({}) + dual,
    ),
)

#: The residual's norm bound in the form that the gap anatomy takes.
AS_A_MATRIX = Cited(
    name="dual feasibility as a matrix inequality",
    lemma=SEMIDEFINITE,
    roles={"matrix": anatomy.semidefinite.matrix},
    premises=("dual feasibility",),
)


def feasible_blocks(*premises: str) -> tuple[Step, ...]:
    """‖U'‖_op <= √λ_H from orthogonal blocks, each of norm at most √λ_H by the ``premises``."""
    blocks = Cited(
        name="dual feasibility",
        lemma=ORTHOGONAL_BLOCKS,
        roles={"limit": sp.sqrt(lam_h), "stack": anatomy.operator},
        premises=premises,
        because="every block has norm at most √λ_H",
    )
    return blocks, AS_A_MATRIX


def meets(*using: Using, because: str, where: tuple[Let, ...] = ()) -> Identity:
    """The step :data:`MEETS`."""
    return Identity(name=MEETS, lhs=attained, rhs=dual, using=using, where=where, because=because)


def optimal_value(value: Any, *using: Using, because: str = "f* = D(q)") -> Identity:
    """f* = ``value``, concluded from f* = D(q) and what ``using`` says of D(q)."""
    return Identity(
        name="optimal value",
        lhs=Named("f*", "f^*", least),
        rhs=value,
        using=(Using("strong duality"), *using),
        because=because,
        concludes=True,
    )


#: f* = D(q): the two bounds meet.
STRONG_DUALITY: tuple[Step, ...] = (
    Cited(
        name="prediction gap of one sample",
        lemma=FENCHEL_YOUNG,
        roles={"phi": anatomy.phi, "conjugate": anatomy.conj_q, "inner": anatomy.qz},
    ),
    Inequality(
        name=_weak,
        lhs=Named("f*", "f^*", Trace({}) + least),
        op=">=",
        rhs=Named("D(q)", "D(q)", Trace({}) + dual),
        by=_vanish_by,
        using=(
            Using("the point is an optimum", times=-1),
            Using("dual value"),
            Using("gap_anatomy::gap anatomy"),
            Using("gap_anatomy::alignment and balance without singular values"),
        ),
        because="f − D(q) is a sum of non-negative terms at every point, so at the optimum",
    ),
    Inequality(
        name=_above,
        lhs=attained,
        op=">=",
        rhs=least,
        by=((_is_least.slack,),),
        where=(_is_least,),
        because="f* is the least value",
    ),
    Identity(
        name="no duality gap",
        lhs=Named(
            "(f* − D(q)) + (f(W°, H°) − f*)",
            r"(f^* - D(q)) + (f(W_\circ, H_\circ) - f^*)",
            Trace({}) + (least - dual) + (attained - least),
        ),
        rhs=Trace({}),
        using=(Using(MEETS),),
        because="f(W°, H°) = D(q)",
    ),
    EqualityCase(
        name="strong duality",
        of="no duality gap",
        by=((Slack(_weak),), (Slack(_above),)),
        summand=0,
        because="two terms ≥ 0 that add up to 0",
    ),
)

STEPS: tuple[Step, ...] = (
    *STRONG_DUALITY,
    Identity(
        name="an optimum has gap 0",
        lhs=Trace({})
        + anatomy.prediction
        + anatomy.shared_terms
        + _half * lam_h * anatomy.within.value
        + _half * _bias.square(),
        rhs=Trace({}),
        using=(
            Using("the point is an optimum"),
            Using("strong duality"),
            Using("dual value", times=-1),
            Using("gap_anatomy::gap anatomy", times=-1),
            Using("gap_anatomy::alignment and balance without singular values", times=-1),
        ),
        because="f = f* = D(q), and the gap anatomy of f − D(q)",
    ),
    vanishing("Fenchel–Young with equality", 0, "every term of the gap anatomy is ≥ 0 and they add up to 0"),
    vanishing("heads are dual to features", 1, "a square that is 0"),
    vanishing("features live where the residual has full norm", 2, "tr H̃ S H̃ᵀ = 0 for S = λ_H I − U'ᵀU' ⪰ 0"),
    Cited(
        name="predictions are the dual point",
        lemma=FENCHEL_YOUNG_ZERO,
        roles={"prediction": _prediction, "gradient": _softmax},
        premises=("Fenchel–Young with equality",),
    ),
    Identity(
        name="features from heads and residual",
        lhs=lam_h * H_.T,
        rhs=U_.T @ W_,
        using=(
            Using("features live where the residual has full norm"),
            Using("heads are dual to features", times=-1, left=U_.T),
        ),
        because="λ_H H̃ᵀ = U'ᵀU'H̃ᵀ = U'ᵀW'",
    ),
    Identity(
        name="Gram matrix of the heads",
        lhs=W_ @ W_.T,
        rhs=U_ @ (W_ @ H_).T,
        using=(Using("heads are dual to features", right=W_.T),),
        because="W'W'ᵀ = U'H̃ᵀW'ᵀ = U'Z'ᵀ",
    ),
)
