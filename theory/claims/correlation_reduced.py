r"""The reduced problem of two correlated tasks has a solution, and its optimality conditions are those of the optimum.

Hypotheses  K ≥ 2, A, B > 0 (−1/(K−1) < ρ < 1), α, m > 0; F(a, b, c) = α loss + μ(K−1)(σ_+ + σ_−) as in
            :mod:`theory.correlation_law`.
Statement   F attains its minimum, at a point with u = m a/σ_+, v = m(b+c)/σ_+ where σ_+ > 0, else
            2A u² + (K−2)B v² ≤ m²K²; and w = m(b−c)/σ_− where b ≠ c, else K B w² ≤ m²K²: the system of claim
            ``correlation_classes``, with u, v, w the residuals of softmax there.
Source      this suite.
"""

from __future__ import annotations

import sympy as sp

from theory import correlation_law as law
from theory.claims import SYMBOLIC as ON
from theory.claims import _correlated_tasks as classes
from theory.claims.correlation_classes import CLAIM as CLASSES
from theory.lemmas import COERCIVE, CONVEX_OPTIMALITY, NORM_SUBGRADIENT
from theory.proof import Cited, Claim, Derivative, Given, Identity, Named
from theory.proof.alphabet import Alphabet

K, alpha, m, A, B, rho = classes.K, classes.alpha, classes.m, classes.A, classes.B, classes.rho
a, b, c, u, v, w, mu = classes.a, classes.b, classes.c, classes.u, classes.v, classes.w, classes.mu
plus, minus = classes.plus, classes.minus
u_of, v_of, w_of = classes.u_of, classes.v_of, classes.w_of
x = Alphabet().joined(classes.x)

smooth = alpha * law.loss(a, b, c, K, rho, ON)
size = x.nonnegative("‖(a,b,c)‖", latex=r"\|(a,b,c)\|")
value_at = x.nonnegative("F(a,b,c)", latex="F(a,b,c)")

# slopes of the loss in a, in g = b + c and in b − c
slope_a = 2 * alpha * A * (K - 1) / K**2 * u
slope_g = alpha * (K - 1) * B * (K - 2) / K**2 * v
slope_d = alpha * (K - 1) * B / K * w

EXISTENCE = (
    Derivative(
        name="gradient in a",
        of=smooth,
        by=a,
        equals=-2 * alpha * A * (K - 1) / K**2 * u_of,
        because="against μ(K−1) ∂σ_+/∂a = 2αA(K−1)/K² · m a/σ_+",
    ),
    Derivative(
        name="gradient in b",
        of=smooth,
        by=b,
        equals=-2 * alpha * (K - 1) * B / K * ((v_of + w_of) / 2 - v_of / K),
        because="b and c through b + c and b − c",
    ),
    Derivative(
        name="gradient in c",
        of=smooth,
        by=c,
        equals=-2 * alpha * (K - 1) * B / K * ((v_of - w_of) / 2 - v_of / K),
    ),
    Derivative(name="slope of σ_+ in a", of=plus, by=a, equals=2 * A * a / (K**2 * plus)),
    Derivative(name="slope of σ_+ in b", of=plus, by=b, equals=(K - 2) * B * (b + c) / (K**2 * plus)),
    Derivative(name="slope of σ_− in b", of=minus, by=b, equals=B * (b - c) / (K * minus)),
    Identity(
        name="stationarity in b − c and b + c",
        concludes=True,
        lhs=Named(
            "∂F/∂b",
            r"\partial F/\partial b",
            -2 * alpha * (K - 1) * B / K * ((v + w) / 2 - v / K)
            + alpha * m * (K - 1) * ((K - 2) * B * (b + c) / (K**2 * plus) + B * (b - c) / (K * minus)),
            by="gradient in b",
        ),
        rhs=Named(
            "α(K−1)B/K [(K−2)/K (m(b + c)/σ_+ − v) + (m(b − c)/σ_− − w)]",
            r"\tfrac{\alpha(K-1)B}{K} \bigl[\tfrac{K-2}{K} \bigl(m\tfrac{b+c}{\sigma_+} - v\bigr)"
            r" + \bigl(m\tfrac{b-c}{\sigma_-} - w\bigr)\bigr]",
            alpha * (K - 1) * B / K * ((K - 2) / K * (m * (b + c) / plus - v) + (m * (b - c) / minus - w)),
        ),
        because="the derivative in b; that in c has the other sign before the second bracket: both brackets vanish",
    ),
    Cited(
        name="the reduced problem attains its minimum",
        concludes=True,
        lemma=COERCIVE,
        roles={"value": value_at, "bound": alpha * m * (K - 1) * size},
        because="the loss is ≥ 0 and σ_+ + σ_− is a norm of (a, b, c) where A, B > 0 and K > 2 (K = 2: of (a, b − c))",
    ),
    Cited(
        name="its minimiser is stationary",
        lemma=CONVEX_OPTIMALITY,
        roles={"gradient": -2 * alpha * A * (K - 1) / K**2 * u_of + 2 * alpha * A * (K - 1) / K**2 * (m * a / plus)},
        premises=("stationarity in b − c and b + c", "gradient in a", "the reduced problem attains its minimum"),
        because="the reduced objective is convex: logsumexp and norms of linear functions",
    ),
    Identity(
        name="slope of the loss against a dead sum",
        lhs=Named(
            "(slope in a)²/(2A/K²) + (slope in b + c)²/((K−2)B/K²)",
            r"\Bigl(\tfrac{\partial \ell}{\partial a}\Bigr)^{2} \Big/ \tfrac{2A}{K^2}"
            r" + \Bigl(\tfrac{\partial \ell}{\partial (b + c)}\Bigr)^{2} \Big/ \tfrac{(K-2)B}{K^2}",
            slope_a**2 / (2 * A / K**2) + slope_g**2 / ((K - 2) * B / K**2),
        ),
        rhs=(alpha * (K - 1) / K) ** 2 * (2 * A * u**2 + (K - 2) * B * v**2),
        because="the dual of σ_+ = √(2A a² + (K−2)B g²)/K at the slopes in a and g; K > 2",
    ),
    Identity(
        name="slope of the loss against a dead difference",
        lhs=Named(
            "(slope in b − c)²/(B/K)",
            r"\Bigl(\tfrac{\partial \ell}{\partial (b - c)}\Bigr)^{2} \Big/ \tfrac{B}{K}",
            slope_d**2 / (B / K),
        ),
        rhs=(alpha * (K - 1) / K) ** 2 * (K * B * w**2),
        because="the dual of σ_− = |b − c|√(B/K)",
    ),
    Cited(
        name="a dead direction",
        lemma=NORM_SUBGRADIENT,
        roles={"dual_norm": alpha * (K - 1) / K * sp.sqrt(2 * A * u**2 + (K - 2) * B * v**2), "limit": mu * (K - 1)},
        premises=("its minimiser is stationary", "slope of the loss against a dead sum"),
        concludes=True,
        because="at a = b + c = 0 the subgradients of μ(K−1)σ_+ are a dual ball",
    ),
    Cited(
        name="a dead difference",
        lemma=NORM_SUBGRADIENT,
        roles={"dual_norm": alpha * (K - 1) / K * sp.sqrt(K * B * w**2), "limit": mu * (K - 1)},
        premises=("its minimiser is stationary", "slope of the loss against a dead difference"),
        concludes=True,
        because="at b = c the subgradients of μ(K−1)σ_− are an interval",
    ),
)

CLAIM = Claim(
    name="correlation_reduced",
    title="The reduced problem of two correlated tasks",
    alphabet=x.joined(CLASSES.alphabet.part(classes.lam_h)),
    hypotheses=(
        "K ≥ 2 and −1/(K−1) < ρ < 1: A, B > 0; for K = 2 set c = 0, and only b − c enters",
        "F is the reduced objective 2α[A/K log(1 + (K−1)e^{−a}) + (K−1)B/K (log(e^b + e^c + K − 2) − b)] + "
        "μ(K−1)(σ_+ + σ_−), μ = αm",
        Given("definition of σ_+", classes.s_plus, plus),
        Given("definition of σ_−", classes.s_minus, minus),
        "u, v, w are the residuals of softmax at (a, b, c): claim correlation_classes",
    ),
    steps=EXISTENCE,
    source="this suite",
)
