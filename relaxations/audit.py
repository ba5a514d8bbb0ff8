"""How far is a trained network's last layer from the optimum, and why?

    python -m relaxations.audit FILE --weight-decay 5e-4 [--feature-decay 1e-5] [--json -]

FILE holds features, labels and heads (``last_layer.py``).  The labels make a problem of the unconstrained features
model, whose minimum no features and heads whatever can beat.  Two certified lower bounds of it are given: that of
the structured solver's dual optimum, which is the one all shares refer to, and that of the *network's own*
predictions at its cell means, which costs no solver and is exact at an optimum.  Then

    f(network) − D(q) = prediction + alignment + balance + within-cell + bias,      share = term / (f(0) − lower)

(claim ``gap_anatomy``) says what the network lacks: 0 % is collapsed and optimal, 100 % is as far as the zero network.

Decays are given, or *fitted* to the network, which the answer says.  Features that nobody penalised have no λ_H: at
every stationary point Σ_t λ_{W,t} ‖W_t‖² = λ_H ‖H‖² (claim ``stationarity``), so that λ_H := Σ λ_{W,t}‖W_t‖²/‖H‖².
Without weight decays λ_{W,t} := −⟨W_t, ∂L/∂W_t⟩/‖W_t‖², L the loss without penalties: stationarity in the direction
of the head itself.  Under fitted decays the balance term says only how the rest of the network deviates.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from relaxations import check_float
from relaxations.audit_result import Anatomy, AuditResult, Measures, finite
from relaxations.certificate import Certificate
from relaxations.check import Verdict, check_certificate, parse
from relaxations.last_layer import LastLayer, last_layer_from
from relaxations.moments import Moments, design_of, first_pass, second_pass
from relaxations.solve import solve
from relaxations.workers import Workers, one_thread_each, workers_named
from theory import geometry
from theory.duality import feasible_dual, gap_anatomy
from theory.labels import FloatArray
from theory.model import UFM
from theory.rationals import Number, exact_per_task

__all__ = ["Anatomy", "AuditResult", "Measures", "audit", "audit_network"]

#: Above so many entries R·C a certificate is proved in float64 with rounding bounds: balls would take minutes.
BALL_ENTRIES = 200_000


def audit_network(
    features: Any,
    labels: Any,
    heads: Mapping[str, Any] | Sequence[Any],
    weight_decay: Number | Sequence[Number] | None = None,
    feature_decay: Number | None = None,
    task_weights: Number | Sequence[Number] = 1,
    bias: Number | Sequence[Number] = 0,
    loss: str = "ce",
    convention: str = "mean-halves",
    smoothing: Number = 0,
    measures: bool = True,
    workers: int | None = None,
) -> AuditResult:
    """Audit the last layer of a network that is given as arrays or PyTorch tensors (which are brought to the CPU).

    Parameters
    ----------
    features : (N, d), all samples of the training set;  labels : (N, T), −1 where missing, or (N,).
    heads : one a column of ``labels``, in order: (K, d) weights, (weight, bias) pairs or modules like
        ``torch.nn.Linear``; a mapping names the tasks by its keys.
    weight_decay, feature_decay, task_weights, convention : see :class:`UFM`; a decay of ``None`` is fitted.
    bias : how the heads' bias is penalised: 0 (not at all, the default) or its decay.  Heads without a bias have none.
    smoothing : label smoothing of the targets.
    measures : also take the measures of collapse, which need a second pass over the features.
    workers : threads (default: all cores).

    Raises ``ValueError`` or ``TypeError`` that says what to change.
    """
    with workers_named(None, workers) as team:
        return audit(
            last_layer_from(features, labels, heads), team, weight_decay, feature_decay, task_weights, bias, loss,
            convention, smoothing, measures,
        )  # fmt: skip


def audit(
    layer: LastLayer,
    workers: Workers,
    weight_decay: Number | Sequence[Number] | None = None,
    feature_decay: Number | None = None,
    task_weights: Number | Sequence[Number] = 1,
    bias: Number | Sequence[Number] = 0,
    loss: str = "ce",
    convention: str = "mean-halves",
    smoothing: Number = 0,
    measures: bool = True,
    chunk: int | None = None,
) -> AuditResult:
    """:func:`audit_network` of a :class:`LastLayer` by any :class:`Workers`; ``chunk`` samples are a unit of work."""
    # linear algebra on one thread throughout: the digits do not depend on the number of cores
    with one_thread_each():
        return _audit(
            layer,
            workers,
            weight_decay,
            feature_decay,
            task_weights,
            bias,
            loss,
            convention,
            smoothing,
            measures,
            chunk,
        )


def _audit(
    layer: LastLayer,
    workers: Workers,
    weight_decay: Number | Sequence[Number] | None,
    feature_decay: Number | None,
    task_weights: Number | Sequence[Number],
    bias: Number | Sequence[Number],
    loss: str,
    convention: str,
    smoothing: Number,
    measures: bool,
    chunk: int | None,
) -> AuditResult:
    clock = [time.perf_counter()]
    design = design_of(layer, workers, chunk)
    if smoothing != 0:
        design = design.smoothed(smoothing)
    settings: dict[str, Any] = {
        "task_weights": task_weights,
        "bias": None if layer.b is None else bias,
        "loss": loss,
        "dimension": layer.dimension,
        "convention": convention,
    }
    # a first problem, with decays that stand in for what is fitted, judges the numbers before the features are read
    first = UFM(design, 1 if weight_decay is None else weight_decay, feature_decay or 1, **settings)
    if feature_decay is not None:
        UFM(design, 1, feature_decay, **settings)
    clock.append(time.perf_counter())
    moments = first_pass(layer, design, loss, workers, chunk, with_slopes=weight_decay is None)
    clock.append(time.perf_counter())
    problem, fitted = _with_fitted_decays(first, layer, moments, weight_decay is None, feature_decay is None)

    solution = solve(problem, "proximal")
    certificate = Certificate.from_solution(solution)
    # without the time, the file is the same from every run
    about = {name: value for name, value in certificate.solver.items() if name != "seconds"}
    certificate = dataclasses.replace(certificate, solver=about)
    verdict = prove(certificate)
    network = network_certificate(problem, layer, moments)
    network_verdict = prove(network)
    value = network_value(problem, layer, moments)
    anatomy = network_anatomy(problem, layer, moments, solution.q)
    error = abs(value - solution.lower - anatomy.terms.total) / problem.value_at_zero()
    clock.append(time.perf_counter())
    taken = measures_of(problem, layer, moments, workers, chunk) if measures else None
    clock.append(time.perf_counter())
    names = ("labels", "first_pass", "bounds", "second_pass")
    seconds = {name: b - a for name, a, b in zip(names, clock[:-1], clock[1:], strict=True)}
    return AuditResult(
        problem, layer.names, fitted, value, problem.value_at_zero(), solution, certificate, verdict, network,
        network_verdict, anatomy, taken, error, layer.single, {**seconds, "total": clock[-1] - clock[0]},
    )  # fmt: skip


# --------------------------------------------------------------------------- the parts


def _with_fitted_decays(
    first: UFM, layer: LastLayer, moments: Moments, fit_heads: bool, fit_features: bool
) -> tuple[UFM, tuple[str, ...]]:
    """The problem with the decays that were given and those that stationarity suggests (see the module).

    Fitted numbers are the float64 that they are, in the stated convention.
    """
    factor, design = first.convention_used.decay_factor, first.design
    squares = [float((weight**2).sum()) for weight in layer.weights]
    if min(squares) == 0 and (fit_heads or fit_features):
        raise ValueError(
            f"heads.{layer.names[squares.index(0.0)]}.weight: zero, so no decay can be fitted; give "
            "--weight-decay and --feature-decay"
        )
    decays: list[Number] = list(first.weight_decay)
    if fit_heads:
        bias = np.zeros(design.rows) if layer.b is None else layer.b
        scatter = moments.counts[:, None] * bias  # ⟨y, z⟩ is with the bias, the slope without
        for t, rows in design.blocks():
            weights = first.omega[t] / design.counts
            target = (design.target_matrix[rows].T * (moments.logits - scatter)[:, rows]).sum(axis=1)
            canonical = float(weights @ (target - moments.slopes[:, t])) / squares[t]
            if not canonical > 0:
                raise ValueError(
                    f"heads.{layer.names[t]}.weight: its loss does not grow when it shrinks ({canonical:.3g}): "
                    "no weight decay can be fitted; give --weight-decay"
                )
            decays[t] = Fraction(canonical) / factor(first.task_weights[t], True)
    lam_h: Number = first.feature_decay
    if fit_features:
        stated = exact_per_task(decays, design.tasks, "weight_decay")
        canonical_w = [float(factor(c, True) * w) for c, w in zip(first.task_weights, stated, strict=True)]
        total = sum(w * s for w, s in zip(canonical_w, squares, strict=True))
        size = float(moments.squares.sum())
        if size == 0:
            raise ValueError("features: all zero, so no feature decay can be fitted; give --feature-decay")
        lam_h = Fraction(total / size) / factor(Fraction(1), False)
    problem = UFM(design, decays, lam_h, first.task_weights, first.bias, first.loss, first.dimension, first.convention)
    names = ("weight_decay",) * fit_heads + ("feature_decay",) * fit_features
    return problem, names


def prove(certificate: Certificate) -> Verdict:
    """The checker's verdict on the text of a certificate: in balls, or above :data:`BALL_ENTRIES` in float64 with
    a-priori rounding bounds; ``level`` says which.
    """
    design = certificate.problem.design
    check = check_certificate if design.rows * design.cells <= BALL_ENTRIES else check_float.check_certificate
    return check(parse(certificate.to_text()))


def network_certificate(problem: UFM, layer: LastLayer, moments: Moments) -> Certificate:
    """What the network itself proves: its cell means from above and their predictions from below.

    The point is written in the fewest columns that its logits take: parts of a head that no feature sees, or of a
    feature that no head sees, are left out, which lowers f.
    """
    means, b = moments.means, layer.b
    logits = layer.W @ means + (0.0 if b is None else b[:, None])
    dual = feasible_dual(problem, problem.predictions(logits), b)
    # no more columns than rows: (W R Q, Qᵀ H) is the same point in a smaller dimension
    W, H = layer.W, means
    if layer.dimension > min(W.shape[0], H.shape[1]):
        if W.shape[0] <= H.shape[1]:
            basis = np.linalg.qr(W.T).Q
        else:
            basis = np.linalg.qr(H).Q
        W, H = W @ basis, basis.T @ H
    return Certificate(problem, W, H, b, dual.q, {"name": "network"})


def network_value(problem: UFM, layer: LastLayer, moments: Moments) -> float:
    """f(W, H, b) over all samples, from the moments."""
    loss, design = problem.loss_function, problem.design
    total = 0.0
    for t, rows in design.blocks():
        y = design.target_matrix[rows]
        losses = moments.potentials[:, t] - (y.T * moments.logits[:, rows]).sum(axis=1)
        losses = losses + design.counts * loss.conjugate(y)
        total += float((problem.omega[t] / design.counts) @ np.where(design.labelled[t], losses, 0.0))
    total += 0.5 * float(problem.lambda_w_rows @ (layer.W**2).sum(axis=1))
    total += 0.5 * float(problem.lambda_h) * float(moments.squares.sum())
    return total if layer.b is None else total + 0.5 * float(problem.lambda_b_rows @ layer.b**2)


def network_anatomy(problem: UFM, layer: LastLayer, moments: Moments, q: FloatArray) -> Anatomy:
    """The terms of f − D(q) over all samples, from the moments: those of the cell means, and what samples add."""
    loss, design = problem.loss_function, problem.design
    at_means = gap_anatomy(problem, layer.W, moments.means, q, layer.b)
    per_task = []
    for t, rows in design.blocks():
        gaps = moments.potentials[:, t] - (q[rows].T * moments.logits[:, rows]).sum(axis=1)
        gaps = gaps + design.counts * loss.conjugate(q[rows])
        per_task.append(float((problem.omega[t] / design.counts) @ np.where(design.labelled[t], gaps, 0.0)))
    terms = dataclasses.replace(
        at_means, prediction=sum(per_task), within_cell=0.5 * float(problem.lambda_h) * moments.scatter
    )
    return Anatomy(terms, tuple(per_task))


def measures_of(
    problem: UFM, layer: LastLayer, moments: Moments, workers: Workers, chunk: int | None = None
) -> Measures:
    """The measures of collapse, with a second pass over the features."""
    design, W, means = problem.design, layer.W, moments.means
    directions, roots, cells = geometry.between_directions(means, sum(k - 1 for k in design.classes))
    spread = second_pass(layer, design, moments, directions.T, workers, chunk)
    within = float((spread.variances / roots**2).sum() / design.samples / cells) if roots.size else float("nan")
    labelled = [int(moments.counts[row >= 0].sum()) for row in design.labels]
    pairs = [
        (s, t, finite(geometry.cross_task_overlap(W[rows], W[other])))
        for s, rows in design.blocks()
        for t, other in design.blocks()
        if s < t
    ]
    return Measures(
        within_cell=finite(within),
        etf=tuple(finite(geometry.etf_deviation(W[rows])) for _, rows in design.blocks()),
        cross_task=geometry.largest_overlap(problem, W),
        overlaps=tuple(pairs),
        sum_rule=finite(geometry.sum_rule_deviation(problem, W, means)),
        sum_rule_plain=finite(geometry.sum_rule_deviation(problem, W, means, weighted=False)),
        nearest_centre=tuple(float(n / m) for n, m in zip(spread.disagreements, labelled, strict=True)),
        balance=finite(geometry.balance_deviation(problem, W, means)),
        accuracy=tuple(float(n / m) for n, m in zip(moments.correct, labelled, strict=True)),
        row_norms=tuple(float(np.sqrt((weight**2).sum() / len(weight))) for weight in layer.weights),
    )


if __name__ == "__main__":
    from relaxations.audit_command import app

    app()
