r"""The published theorems on multi-task collapse, 3.1 (SSMTC) and 3.2 (MSMTC): when exactly they are true.

Hypotheses  cross-entropy, hard labels, Σ_t c_t CE + λ_H‖H‖² + λ_W Σ_t c_t‖W_t‖² (+ bias) as published: the loss a sum
            or a mean over samples, c_t on the decay as printed or on the loss alone.  Everything else as in claims
            ``single_source`` and ``multi_source``, to which the decays are converted exactly.
Statement   The condition λ_H λ_W < N/(4K_t) (single source), n_t/4 (multi source with n_t samples a class) keeps task t
            alive at every decay that it admits iff c_t ≥ 1 for a sum; for a mean it would take c_t ≥ N² (c_t ≥ N
            with c_t on the loss alone).  Task weights that add up to 1 are below 1: the condition then admits dead
            tasks, W_t = 0, in every reading.  d ≥ Σ (K_t − 1) (single source) is exact.  NC4 with the *sum* of rows
            holds iff √(λ_{W,t} K_t) is one number for all living tasks, so iff c_t K_t is (as printed) or K_t is (c_t
            on the loss alone); with normalised rows iff √(λ_{W,t}/K_t) (K_t − 1) a_t is one number.  Elsewhere h is
            a weighted sum.
Source      Wang et al. (2026), Theorems 3.1 and 3.2; exact conditions: this suite.  NC1 needs none of the hypotheses
            (claim ``cells``); NC3 needs pairwise independent labels and not joint balance, and needs them (claims
            ``independence``, ``independence_converse``).  Theorem 5.1 is derived afresh in claim ``correlation``.

The table of conditions with their counterexamples is :func:`theory.published_table.published_table`.
"""

from __future__ import annotations

import sympy as sp

from theory import closed_forms as forms
from theory.claims import SYMBOLIC as ON
from theory.claims import _balanced_tasks as balanced
from theory.claims import multi_source as multi
from theory.claims import single_source as single
from theory.claims import thresholds as limits
from theory.model import CONVENTIONS, Convention
from theory.proof import Claim, Equivalence, Given, Identity, Inequality, Let, Named, Products, Sum, Using
from theory.proof.alphabet import Alphabet, Condition
from theory.proof.traces import identity, letter

K, N, n, c = limits.K, limits.N, limits.n, limits.c
said_w, said_h = limits.said_w, limits.said_h

y = Alphabet()
lam_ws, K_s, c_s = y.positive("λ_W,s", latex=r"\lambda_{W,s}"), y.integer("K_s", least=2), y.positive("c_s")
a = y.nonnegative("a")
mu = y.positive("μ_t", latex=r"\mu_t")
beta_s, beta_t = y.positive("β_s", latex=r"\beta_s"), y.positive("β_t", latex=r"\beta_t")
square_s = y.positive("‖w_s‖²", latex=r"\|w_s\|^2")
square_t = y.positive("‖w_t‖²", latex=r"\|w_t\|^2")
kappa = y.real("κ", latex=r"\kappa")

alive = Condition("task t is alive", limits.lam_w * limits.lam_h, "<", forms.threshold(limits.alpha, N, K))

#: the readings of the published objective
READINGS = tuple(
    CONVENTIONS[name] for name in ("paper-sum", "paper-sum-plain-decay", "paper-mean", "paper-mean-plain-decay")
)
PUBLISHED_SINGLE = N / (4 * K)
PUBLISHED_MULTI = n / 4
_n_a_class = Let(N, n * K, "n_t samples a class")

#: the least c_t for which the published condition suffices, single source
LEAST_WEIGHT = {
    "paper-sum": sp.Integer(1),
    "paper-sum-plain-decay": sp.Integer(1),
    "paper-mean": N**2,
    "paper-mean-plain-decay": N,
}


def exact_limit(convention: Convention, multi_source: bool = False) -> sp.Expr:
    """The stated λ_W λ_H at which task t dies: c_t N/(4K_t), ..., with n_t K_t for N in the multi-source case."""
    stated = sp.sympify(limits.STATED[convention.name])
    return stated.subs(N, n * K) if multi_source else stated


def reading(convention: Convention) -> str:
    """How the published objective is read, in words."""
    decay = "c_t also on the decay" if convention.weighted_decay else "c_t on the loss alone"
    return f"{'mean' if convention.mean else 'sum'} loss, {decay}"


def exact_condition(convention: Convention, multi_source: bool = False) -> Condition:
    """λ_W λ_H below that limit."""
    return Condition("exact", said_h * said_w, "<", exact_limit(convention, multi_source))


def published_condition(multi_source: bool = False) -> Condition:
    """λ_W λ_H below N/(4K), or n_t/4."""
    return Condition("published", said_h * said_w, "<", PUBLISHED_MULTI if multi_source else PUBLISHED_SINGLE)


def _conversion(convention: Convention) -> sp.Expr:
    """What the product of the stated decays is multiplied by."""
    return sp.sympify(convention.decay_factor(c, True) * convention.decay_factor(sp.Integer(1), False))


def _limit(convention: Convention) -> Identity:
    canonical = forms.threshold(limits.alpha, N, K)
    return Identity(
        name=f"limit of λ_W λ_H: {convention.describe()}",
        lhs=Named(
            "limit of λ_W λ_H",
            r"\sup\{\lambda_W\lambda_H : \text{task } t \text{ alive}\}",
            canonical / _conversion(convention),
            by=f"thresholds::threshold, {convention.describe()}",
        ),
        rhs=exact_limit(convention),
        where=limits.canonical(convention)[:1],
        because="a task is alive iff canonical λ_W,t λ_H < α_t²/(N K_t); multi source: N_t = n_t K_t for N",
        concludes=True,
    )


def _suffices(convention: Convention, multi_source: bool) -> Equivalence:
    least = LEAST_WEIGHT[convention.name]
    published = PUBLISHED_MULTI if multi_source else PUBLISHED_SINGLE
    gap = exact_limit(convention, multi_source) - published
    least = least.subs(N, n * K) if multi_source else least
    return Equivalence(
        name=f"the published {'n_t/4' if multi_source else 'N/(4K)'} suffices: {convention.describe()}",
        left=Condition("published limit within the exact one", published, "<=", exact_limit(convention, multi_source)),
        right=Condition("task weight", c, ">=", least),
        factor=sp.cancel(gap / (c - least)),
        because="every admitted λ_W λ_H is below the published limit, and comes arbitrarily close to it",
        concludes=True,
    )


def _admits_dead(convention: Convention) -> Inequality:
    exact = exact_limit(convention)
    power = 1 if convention.weighted_decay else 2
    below = Condition("two tasks or more, weights that add up to 1", c, "<", sp.Integer(1))
    where: tuple[Condition, ...] = (below,)
    by: Products = ((1 - c, (1 + c) ** (power - 1), N / (4 * K)),)
    if convention.mean:
        where = (below, Condition("a sample", N, ">=", sp.Integer(1)))
        by = ((N - 1, N + 1, 1 / (4 * N * K)), (1 - c, (1 + c) ** (power - 1), 1 / (4 * N * K)))
    return Inequality(
        name=f"weights below 1 admit dead tasks: {convention.describe()}",
        lhs=PUBLISHED_SINGLE,
        op=">",
        rhs=exact,
        by=by,
        where=where,
        because="decays between the two limits satisfy the published condition, and W_t = 0 at every optimum "
        "(claim single_source, a dead head is 0)",
    )


# ------------------------------------------------------------------ NC4: which sums

w_s = letter("w_s", "d", "1")
r_s = letter("Σ_{t≠s} w_t", "d", "1", r"\textstyle\sum_{t\ne s} w_t")
rho_s = letter("Σ_{t≠s} β_t w_t", "d", "1", r"\textstyle\sum_{t\ne s}\beta_t w_t")
h = letter("h", "d", "1")
zero = 0 * identity("1")

beta = forms.sum_rule_weight(K, N, limits.lam_w, limits.lam_h, ON)
row_square = forms.head_gram_scale(K, N, limits.lam_w, limits.lam_h, a, ON) * (K - 1) / K
total, weighted_total = square_s + square_t, beta_s**2 * square_s + beta_t**2 * square_t
pair_cosine = forms.sum_cosine((beta_s, beta_t), (square_s, square_t), ON)


def _weight_in(convention: Convention) -> Identity:
    lets = limits.canonical(convention)[1:3]
    ratio = (c * K if convention.weighted_decay else K) * said_w / (said_h * N)
    return Identity(
        name=f"weight of the sum rule: {convention.describe()}",
        lhs=Named("β_t²", r"\beta_t^2", beta**2, by="single_source::NC4: weighted sum rule"),
        rhs=ratio,
        where=(alive, *lets),
        because="λ_W,t = 2 c_t λ_W and λ_H → 2 λ_H" if convention.weighted_decay else "λ_W,t = 2 λ_W and λ_H → 2 λ_H",
        concludes=True,
    )


SUM_RULE = (
    Identity(
        name="an unweighted sum along one head",
        lhs=(beta_s - kappa) * identity("1"),
        rhs=zero,
        using=(
            Using("NC4 as published", left=w_s.T, times=1 / square_s),
            Using("NC4: weighted sum", left=w_s.T, times=-1 / square_s),
            Using("NC3: rows of s against the other rows", times=kappa / square_s),
            Using("NC3: rows of s against the others' sum", times=-1 / square_s),
            Using("norm of a row", times=-(beta_s - kappa) / square_s),
        ),
        because="w_sᵀh = β_s‖w_s‖² and w_sᵀ(κ Σ_t w_t) = κ‖w_s‖² > 0: so β_s = κ for every living task; conversely "
        "equal weights make the sum rule the published one",
        concludes=True,
    ),
    Identity(
        name="normalised rows",
        lhs=Named("β_t² ‖w_t‖²", r"\beta_t^2\|w_t\|^2", beta**2 * row_square, by="single_source::NC2: simplex ETF"),
        rhs=sp.sqrt(limits.lam_w / (limits.lam_h * N)) * a * (K - 1) / sp.sqrt(K),
        where=(alive,),
        because="h = Σ_t β_t‖w_t‖ (w_t/‖w_t‖): with normalised rows the published rule needs this to be one number",
        concludes=True,
    ),
    Identity(
        name="cosine of two tasks' sums",
        lhs=1 - pair_cosine**2,
        rhs=square_s * square_t * (beta_s - beta_t) ** 2 / (total * weighted_total),
        because="Lagrange's identity: h and the unweighted sum are parallel iff β_s = β_t",
        concludes=True,
    ),
    Inequality(
        name="the unweighted rule fails at unequal weights",
        lhs=1 - pair_cosine**2,
        op=">",
        rhs=sp.Integer(0),
        by=((beta_t - beta_s, beta_t - beta_s, square_s * square_t / (total * weighted_total)),),
        where=(Condition("unequal weights", beta_s, "<", beta_t),),
        because="β_t ∝ √K_t at equal λ_W,t: every pair of tasks with K_s < K_t",
        concludes=True,
    ),
    *(_weight_in(convention) for convention in READINGS if not convention.mean),
)

WIDTH = (
    Identity(
        name="the published width is the exact one, single source",
        lhs=Named(
            "least d", r"d_{\min}", Sum("t alive", balanced.K - 1), by="single_source::the dimension cannot be smaller"
        ),
        rhs=Sum("t alive", K - 1),
        because="d ≥ ΣK_t − T, with T and the sum over living tasks",
        concludes=True,
    ),
    Identity(
        name="the published width is the exact one, multi source",
        lhs=Named("least d for task t", r"d_{\min,t}", multi.K - 1, by="multi_source::the smallest width"),
        rhs=K - 1,
        because="d ≥ max_t K_t − 1 over living tasks",
        concludes=True,
    ),
    Identity(
        name="the self-duality of Theorem 3.2",
        lhs=Named(
            "β_t g_t",
            r"\beta_t g_t",
            multi.weight * multi.scale,
            by="multi_source::every optimal head is in the family",
        ),
        rhs=multi.a,
        because="h = β_t w_{t,y} with β_t = √(λ_W,t K_t/(λ_H N_t)): a multiple of its row, by a factor of its own",
    ),
)

LIMITS = (
    *(_limit(convention) for convention in READINGS),
    *(_suffices(convention, multi_source) for convention in READINGS for multi_source in (False, True)),
    *(_admits_dead(convention) for convention in READINGS),
)

CLAIM = Claim(
    name="published",
    title="The published Theorems 3.1 and 3.2: the hypotheses under which they are true",
    alphabet=limits.x.joined(y).joined(multi.x),
    hypotheses=(
        "cross-entropy, hard labels; objective Σ_t c_t CE + λ_H‖H‖² + λ_W Σ_t c_t‖W_t‖² without halves",
        "otherwise those of claims single_source (Theorem 3.1) and multi_source (Theorem 3.2)",
        "w_t is a row of a living head, h the feature of a sample with that label tuple",
        Given("NC4: weighted sum", h, beta_s * w_s + rho_s),
        Given("NC4 as published", h, kappa * (w_s + r_s)),
        Given("NC3: rows of s against the other rows", w_s.T @ r_s, zero),
        Given("NC3: rows of s against the others' sum", w_s.T @ rho_s, zero),
        Given("norm of a row", w_s.T @ w_s, square_s * identity("1")),
    ),
    steps=LIMITS + WIDTH + SUM_RULE,
    source="Wang et al. (2026), Theorems 3.1 and 3.2; where they are true, exactly: this suite",
    relies_on=(single.CLAIM, multi.CLAIM, limits.CLAIM),
)
