"""Strategies that weigh the tasks of a multi-task loss while it is trained, and the problem that each of them solves.

    strategies     from losses and gradients to weights α_t, step by step
    objective      f with those weights, as the training loop minimises it
    fixed_points   which weights each strategy ends with, predicted from the theorem on single-source geometry
    effective      the weights that a trained network shows, fitted from its heads, and the certificate for them

The penalties stay outside: they belong to the optimiser, as weight decay does in the strategies' own papers.  Whatever
the weights do on their way, a point at which training rests is a critical point of one *weighted* problem,
Σ_t α_t L_t + penalties, and its certificate says how good it is for that one.
"""
