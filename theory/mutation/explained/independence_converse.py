"""The number of samples need not be told: labels that are counted by σ, with heads as in the claim, say σᵀσ = N."""

from __future__ import annotations

from dataclasses import replace

from theory.claims.independence_converse import CLAIM, E_s, E_t, N, one_s, one_t, sigma
from theory.mutation.explained import Explanation
from theory.proof import EqualityCase, Identity, Square, Using
from theory.proof.traces import Trace, identity

STEP = next(s for s in CLAIM.steps if isinstance(s, Identity) and s.name == "orthogonal heads: independent labels")
COUNTED = "labels of s and t"
PLAIN, SQUARE = "as many samples as σ counts", "twice over all classes"
size, n_s, n_t = sigma.T @ sigma, E_s @ sigma, E_t @ sigma
missing = sigma @ (N * identity("1") - size)
weights = (N * identity("1") - size) @ (N * identity("1") - size)

EXPLAINED = (
    Explanation(
        STEP.name,
        (
            replace(
                STEP,
                name=PLAIN,
                rhs=2 * N * n_s @ n_t.T - n_s @ size @ n_t.T,
                using=tuple(u for u in STEP.using if u.equation != COUNTED),
            ),
            Identity(
                name=SQUARE,
                lhs=missing.square(),
                rhs=Trace({}),
                using=(
                    Using(PLAIN, left=one_s.T, right=one_t),
                    Using(
                        "labels of s", times=-1, right=(N**2 * E_t.T - (2 * N * sigma - sigma @ size) @ n_t.T) @ one_t
                    ),
                    Using("labels of t", times=-1, left=weights @ sigma.T, transposed=True),
                ),
                because="N² E_sE_tᵀ = (2N − σᵀσ) n_sn_tᵀ between vectors of ones: σᵀσ (N − σᵀσ)² = 0",
            ),
            EqualityCase(name="σ = 0 or σᵀσ = N", of=SQUARE, by=((Square(missing),),), summand=0),
            replace(
                STEP,
                name="whatever σᵀσ",
                using=(Using(PLAIN), Using("σ = 0 or σᵀσ = N", left=E_s, right=n_t.T)),
                because="σᵀσ = N, or no label at all",
            ),
        ),
        without=COUNTED,
    ),
)
