r"""Partial annotation: what tilted heads cost, and why few common labels hold them only weakly.

Hypotheses  those of claim ``partial_annotation``; heads with the Gram blocks γ_t (I − J/K_t) and any block
            B = W_sW_tᵀ whose rows and columns sum to 0, features by the sum rule h = Σ_t β_t w_{t,y_t}.
Statement   f − f* = Σ ω KL(q ‖ softmax z) exactly, and to second order in B

                ½ [ω_s β_t² (1−δ_s²) + ω_t β_s² (1−δ_t²)] N_st/(K_sK_t) ‖B‖²,      δ = q_{k,k} − q_{k,l}:

            proportional to the number N_st of samples annotated for both.
Source      this suite.

The step for s is shown; that for t is the same with the letters exchanged.
"""

from __future__ import annotations

import sympy as sp

from theory import annotation
from theory import closed_forms as forms
from theory.claims import SYMBOLIC as ON
from theory.claims import gap_anatomy as anatomy
from theory.lemmas import (
    LOG_SUM_EXP_CURVATURE,
)
from theory.proof import Cited, Claim, Given, Identity, Named, Using
from theory.proof.alphabet import Alphabet
from theory.proof.symmetric import centring, identity, ones
from theory.proof.traces import Trace

x = Alphabet()
K, K_s, d = x.integer("K_t", least=2, latex="K_t"), x.integer("K_s", least=2, latex="K_s"), x.integer("d")
n, common = x.positive("N_t", latex="N_t"), x.nonnegative("N_st", latex="N_{st}")
lam_h = anatomy.lam
eps, a = x.unit("ε", latex=r"\varepsilon"), x.nonnegative("a_t", latex="a_t")
weight_s, beta = x.positive("ω_s", latex=r"\omega_s"), x.positive("β_t", latex=r"\beta_t")
delta = x.unit("δ_s", latex=r"\delta_s")
block = x.nonnegative("‖B‖²", latex=r"\|B\|^2")
variance, kl = x.real("Var_q", latex=r"\operatorname{Var}_q"), x.real("KL₂", latex=r"\mathrm{KL}_2")
P, P_s = centring(K), centring(K_s)
W_, H_, U_ = anatomy.W_, anatomy.H_, anatomy.U_
half = sp.Rational(1, 2)
f = anatomy.objective + half * (anatomy.B @ anatomy.b).square()
dual = Trace({}) + anatomy.dual_data - half * anatomy.v.square()

STIFFNESS = (
    Identity(
        name="excess along the face",
        lhs=f - dual,
        rhs=Trace({}) + anatomy.prediction,
        using=(
            Using("gap_anatomy::gap anatomy"),
            Using("gap_anatomy::alignment and balance without singular values"),
            Using("completion: W' = U'H̃ᵀ", times=half, left=(W_ - U_ @ H_.T).T),
            Using("completion: H̃ᵀ from the residual", times=half, left=H_),
            Using("completion: one feature a cell", times=half * lam_h, left=(anatomy.H - H_ @ anatomy.E).T),
            Using("completion: no bias needed", times=half, left=(anatomy.B @ anatomy.b - anatomy.v).T),
        ),
        because="heads with the blocks γ_t(I − J/K_t) and any block B = W_sW_tᵀ, features by NC4: only the "
        "predictions differ, and Φ(z) + Φ*(q) − ⟨q, z⟩ = KL(q ‖ softmax z)",
        concludes=True,
    ),
    Cited(
        name="curvature of the loss",
        lemma=LOG_SUM_EXP_CURVATURE,
        roles={"divergence": kl, "variance": variance},
        because="KL₂ is the second-order part in B; the logits of s move by β_t B e_{y_t}",
    ),
    Identity(
        name="sum of the covariances over the labels of s",
        lhs=Named(
            "Σ_k (diag q_k − q_k q_kᵀ)",
            r"\textstyle\sum_k \bigl(\operatorname{diag} q_k - q_k q_k^{\top}\bigr)",
            identity(K_s)
            - (delta * identity(K_s) + (1 - delta) / K_s * ones(K_s))
            @ (delta * identity(K_s) + (1 - delta) / K_s * ones(K_s)),
        ),
        rhs=(1 - delta**2) * P_s,
        because="q_k is the prediction at label k, δ_s = q_{k,k} − q_{k,l}: the q_k are the columns of δ_s I + (1 − "
        "δ_s) J/K_s, whose rows sum to 1",
    ),
    Identity(
        name="δ at the margin",
        lhs=annotation.spread(a, K, ON),
        rhs=1 - (1 - K * forms.wrong_probability(a, K, ON)) ** 2,
        because="δ = (e^a − 1) p = 1 − K p",
    ),
    Identity(
        name="stiffness",
        lhs=Named(
            "½ Σ ω_s Var_q(β_t B e_{y_t})",
            r"\tfrac12\textstyle\sum \omega_s \operatorname{Var}_q(\beta_t B e_{y_t})",
            half * weight_s * common / (K_s * K) * beta**2 * (1 - delta**2) * block,
            by="sum of the covariances over the labels of s",
        ),
        rhs=annotation.stiffness(weight_s, common, K_s, K, beta, 1 - delta**2) * block,
        because="N_st/(K_sK_t) samples for each pair of labels, and Σ_l ‖B e_l‖² = ‖B‖²; plus the same for t",
        concludes=True,
    ),
)

CLAIM = Claim(
    name="annotation_stiffness",
    title="Partial annotation: the excess grows with the common samples",
    alphabet=x.joined(anatomy.x),
    hypotheses=(
        "those of claim partial_annotation",
        "W has the Gram blocks γ_t (I − J/K_t) and any block W_sW_tᵀ = B with BJ = 0, JB = 0; h = Σ_t β_t w_{t,y_t}",
        Given("completion: W' = U'H̃ᵀ", W_, U_ @ H_.T),
        Given("completion: H̃ᵀ from the residual", lam_h * H_.T, U_.T @ U_ @ H_.T),
        Given("completion: one feature a cell", anatomy.H, H_ @ anatomy.E),
        Given("completion: no bias needed", anatomy.B @ anatomy.b, anatomy.v),
    ),
    steps=STIFFNESS,
    source="this suite",
    relies_on=(anatomy.CLAIM,),
)
