"""Do single-task optima add up?  The single-task problems of a multi-task one, and problems where they do not.

Where every sample carries all labels, f* ≤ Σ_t f_t* in enough dimensions, whatever the labels (claim
``independence``, orthogonal sum).  Heads that are pairwise orthogonal at a global optimum give f* = Σ_t f_t*
(claim ``independence_converse``): so an upper bound of f* below the sum of lower bounds of the f_t* proves that
heads are orthogonal at *no* global optimum.  :data:`NOT_ADDITIVE` holds such problems.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from theory.labels import LabelDesign
from theory.model import UFM


def single_task_problem(problem: UFM, task: int) -> UFM:
    """The problem of one task alone, on the samples that carry its label, in canonical numbers.

    Raises ``ValueError`` for designs with sample weights (cells of one label would then differ).
    """
    design = problem.design
    if design.sample_weights is not None:
        raise ValueError("sample_weights: the single-task problem of a weighted design is not its marginal")
    size = len(design.targets[task])
    keep = design.labelled[task]
    counts = np.bincount(design.labels[task, keep], weights=design.counts[keep], minlength=size).astype(np.int64)
    labels = np.flatnonzero(counts)
    marginal = LabelDesign((design.classes[task],), labels[None], counts[labels], (design.targets[task],))
    return UFM(
        marginal,
        problem.lambda_w[task],
        problem.lambda_h,
        problem.alpha[task],
        None if problem.lambda_b is None else problem.lambda_b[task],
        problem.loss,
    )


@dataclass(frozen=True, eq=False)
class NotAdditive:
    """A problem with independent labels whose optimum is below the sum of its single-task optima.

    dropped : the hypothesis of claim ``independence`` that it lacks.
    problem : the problem; its parts are :func:`single_task_problem`.
    """

    name: str
    dropped: str
    problem: UFM

    @property
    def parts(self) -> tuple[UFM, ...]:
        """The single-task problems."""
        return tuple(single_task_problem(self.problem, t) for t in range(self.problem.design.tasks))


#: two independent binary labels, each with marginals (3/4, 1/4)
_IMBALANCED = LabelDesign.from_joint([[9, 3], [3, 1]])
_BALANCED = LabelDesign.factorial((2, 2))

NOT_ADDITIVE = (
    NotAdditive(
        "decayed bias, imbalanced",
        "of every two tasks one has uniform marginals, or the bias is free",
        UFM(_IMBALANCED, "0.02", "0.02", bias="0.05"),
    ),
    NotAdditive(
        "no bias, imbalanced",
        "of every two tasks one has uniform marginals, or the bias is free",
        UFM(_IMBALANCED, "0.02", "0.02"),
    ),
    NotAdditive(
        "squared error without bias",
        "cross-entropy, or a free bias (uniform marginals alone leave r = 0 false: the mean of the targets is shared)",
        UFM(_BALANCED, "0.1", "0.1", loss="mse"),
    ),
)
