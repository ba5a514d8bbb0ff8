"""The classical lemmas that proofs may cite: each with a reference, and a numeric trial that could fail.

A :class:`Lemma` makes the relation that it concludes from expressions for its roles, so that a citation
cannot misquote it.  ``trial(rng)`` draws an instance and returns by how much the lemma is violated there,
relative to the size of its terms (rounding makes about 1e-15); the tests run it on many instances.

One module a subject; a new lemma goes into the one that fits, and is found by :data:`LEMMAS`.
"""

from __future__ import annotations

from theory.lemmas import analysis, convexity, factors, information, norms
from theory.lemmas.analysis import (
    CHAIN_RULE,
    COERCIVE,
    EXPONENTIAL_INCREASING,
    EXPONENTIAL_SERIES,
    FERMAT,
    INCREASING,
    LOG1P_LOWER,
    LOG1P_UPPER,
)
from theory.lemmas.convexity import (
    CONVEX_OPTIMALITY,
    DESCENT,
    FENCHEL_YOUNG,
    FENCHEL_YOUNG_EQUALITY,
    FENCHEL_YOUNG_ZERO,
    INVARIANT_MINIMISER,
    JENSEN,
    NORM_SUBGRADIENT,
    TANGENT,
)
from theory.lemmas.factors import (
    GRAM_DETERMINES,
    GRAM_EXISTS,
    INVERSE_ROOT,
    LEFT_FACTOR,
    ORTHOGONAL_PROJECTION,
    POSITIVE_PART,
    PROJECTION_RANK,
    RANK_NULLITY,
    RANK_OF_GRAM,
    RANK_OF_PRODUCT,
    SINGULAR_VALUES,
)
from theory.lemmas.information import LOG_SUM_EXP_CURVATURE, PINSKER, SELF_CONCORDANCE, SOFTMAX_INVERTIBLE
from theory.lemmas.lemma import Lemma, Relation
from theory.lemmas.norms import (
    CAUCHY_SCHWARZ,
    CONTRACTION,
    EQUAL_GRAMS,
    NORM_DUALITY,
    NUCLEAR_VARIATIONAL,
    ORTHOGONAL_ADDITION,
    ORTHOGONAL_BLOCKS,
    PRODUCT_NORM,
    SEMIDEFINITE,
    TRIANGLE,
    UNITARY_INVARIANCE,
)

#: Every lemma that a claim may cite, by name.
LEMMAS: dict[str, Lemma] = {
    lemma.name: lemma
    for subject in (convexity, information, norms, factors, analysis)
    for lemma in vars(subject).values()
    if isinstance(lemma, Lemma)
}

__all__ = [
    "CAUCHY_SCHWARZ",
    "CHAIN_RULE",
    "COERCIVE",
    "CONTRACTION",
    "CONVEX_OPTIMALITY",
    "DESCENT",
    "EQUAL_GRAMS",
    "EXPONENTIAL_INCREASING",
    "EXPONENTIAL_SERIES",
    "FENCHEL_YOUNG",
    "FENCHEL_YOUNG_EQUALITY",
    "FENCHEL_YOUNG_ZERO",
    "FERMAT",
    "GRAM_DETERMINES",
    "GRAM_EXISTS",
    "INCREASING",
    "INVARIANT_MINIMISER",
    "INVERSE_ROOT",
    "JENSEN",
    "LEFT_FACTOR",
    "LEMMAS",
    "LOG1P_LOWER",
    "LOG1P_UPPER",
    "LOG_SUM_EXP_CURVATURE",
    "NORM_DUALITY",
    "NORM_SUBGRADIENT",
    "NUCLEAR_VARIATIONAL",
    "ORTHOGONAL_ADDITION",
    "ORTHOGONAL_BLOCKS",
    "ORTHOGONAL_PROJECTION",
    "PINSKER",
    "POSITIVE_PART",
    "PRODUCT_NORM",
    "PROJECTION_RANK",
    "RANK_NULLITY",
    "RANK_OF_GRAM",
    "RANK_OF_PRODUCT",
    "SELF_CONCORDANCE",
    "SEMIDEFINITE",
    "SINGULAR_VALUES",
    "SOFTMAX_INVERTIBLE",
    "TANGENT",
    "TRIANGLE",
    "UNITARY_INVARIANCE",
    "Lemma",
    "Relation",
]  # fmt: skip
