r"""Steps that open every proof of necessity: what gap 0 says of an optimum, for any labels.

Where a feasible dual point q has D(q) = f*, every term of the gap anatomy of an optimum vanishes:

    q = ∇Φ(z),      W' = U'H̃ᵀ,      λ_H H̃ᵀ = U'ᵀU'H̃ᵀ = U'ᵀW',      h equal within cells,      W'W'ᵀ = U'Z'ᵀ.

A claim that takes :data:`STEPS` must have :data:`HYPOTHESES` among its own and rely on claim ``gap_anatomy``.
"""

from __future__ import annotations

import sympy as sp

from theory.claims import gap_anatomy as anatomy
from theory.lemmas import FENCHEL_YOUNG, FENCHEL_YOUNG_ZERO
from theory.proof import Cited, EqualityCase, Given, Identity, Let, Slack, Square, Step, Termwise, Using
from theory.proof.alphabet import Alphabet
from theory.proof.traces import Trace, Word

x = Alphabet().joined(anatomy.x)
W_, H_, U_ = anatomy.W_, anatomy.H_, anatomy.U_
lam_h = anatomy.lam

_half = sp.Rational(1, 2)
_bias = anatomy.B @ anatomy.b - anatomy.v
_positive = x.positive("w", latex=r"\omega")
_every_sample = Let(anatomy.omega, _positive, "a labelled sample has positive weight")
_vanish_by = (
    (Termwise(anatomy.SAMPLES, (anatomy.omega, Slack("prediction gap of one sample"))),),
    (_half, anatomy.duality),
    (_half, anatomy.closeness),
    (_half * lam_h, anatomy.within),
    (_half, Square(_bias)),
)
_prediction = x.real("q_{t,j}", latex="q_{t,j}")
_softmax = x.real("∇Φ(z_{t,j})", latex=r"\nabla\Phi(z_{t,j})")


def nothing(word: Word) -> Word:
    """The zero polynomial of the shape of ``word``."""
    return Word({}, word.rows, word.columns)


def _vanishing(name: str, summand: int, because: str) -> EqualityCase:
    return EqualityCase(
        name=name,
        of="an optimum has gap 0",
        by=_vanish_by,
        summand=summand,
        where=(_every_sample,),
        because=because,
    )


#: What the claim assumes: the point attains the dual value of a feasible q.
HYPOTHESES = (
    Given(
        "the point is an optimum",
        anatomy.objective + _half * (anatomy.B @ anatomy.b).square(),
        Trace({}) + anatomy.dual_data - _half * anatomy.v.square(),
    ),
    anatomy.semidefinite,
)

STEPS: tuple[Step, ...] = (
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
            Using("gap_anatomy::gap anatomy", times=-1),
            Using("gap_anatomy::alignment and balance without singular values", times=-1),
        ),
        because="f = f* = D(q), and the gap anatomy of f − D(q)",
    ),
    Cited(
        name="prediction gap of one sample",
        lemma=FENCHEL_YOUNG,
        roles={"phi": anatomy.phi, "conjugate": anatomy.conj_q, "inner": anatomy.qz},
    ),
    _vanishing("Fenchel–Young with equality", 0, "every term of the gap anatomy is ≥ 0 and they add up to 0"),
    _vanishing("heads are dual to features", 1, "a square that is 0"),
    _vanishing("features live where the residual has full norm", 2, "tr H̃ S H̃ᵀ = 0 for S = λ_H I − U'ᵀU' ⪰ 0"),
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
