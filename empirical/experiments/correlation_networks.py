"""Experiment 5, its open end: networks on images with correlated labels of three and of ten classes.

The law, the tables of labels and the rows are those of :mod:`empirical.experiments.correlation`, whose networks have
two classes: cos(w¹_k, w²_k) on the curve of claim ``correlation_classes`` and at the certified optimum of every single
problem, below the merging transition at ρ = 0.7 and above it.
"""

from __future__ import annotations

from empirical.experiments.correlation import networks, rows_of_the_law
from empirical.experiments.plan import Plan
from empirical.training import Optimisation

#: K to ρ in hundredths, n (nK² canvases), and epochs: a hundred cells take longer.
GRIDS: dict[int, tuple[tuple[int, ...], int, int]] = {
    3: ((-40, -15, 30, 60, 80), 40, 160),
    10: ((-10, 30, 60, 80), 10, 320),
}

CORRELATION_NETWORKS = Plan(
    name="correlation-networks",
    question="Do convolutions on images follow the law of correlated labels with three and with ten classes?",
    theory=(
        "the cosine is the law's, and that of the certified optimum, at every correlation; above ρ = 0.7 the tasks "
        "have merged into one head"
    ),
    variants=tuple(
        preset
        for k, (grid, n, epochs) in GRIDS.items()
        for preset in networks(
            k, grid, n, width=32, optimisation=Optimisation(epochs=epochs, batch=50, step=4e-3, head_step=5e-3)
        )
    ),
    rows=rows_of_the_law,
    curves=("relative_gap",),
)
