"""Measures of collapse over any training loop, as torchmetrics.

:class:`MultiTaskCollapse` streams.  Of each cell j it keeps in float64 the size n_j, a reference point r_j (the first
feature of the cell that was seen) and the sum of the offsets from it; of all cells together the scatter of the offsets:

    o_j = Σ_i (h_i − r_j),   m_j = r_j + o_j/n_j,   R = Σ_i (h_i − r_{j(i)})(h_i − r_{j(i)})ᵀ,
    S = R − Σ_j o_j o_jᵀ/n_j                                  the scatter about the means ("shifted data")

so that a batch costs one product of its own rows, however many cells there are.  States are merged by their means,

    n = n₁ + n₂,   m = (n₁m₁ + n₂m₂)/n,   S = S₁ + S₂ + Σ_j n_{1j}(m_{1j} − m_j)(m_{1j} − m_j)ᵀ + (the same of 2).

Batches, their order and processes do not matter (Chan, Golub & LeVeque, "Algorithms for computing the sample
variance", 1983, has both), and the within-cell variance keeps its digits when features have nearly collapsed, where a
difference of raw second moments has none left: as r_j is a feature of its cell, what is subtracted is at most n_j times
what remains.  The definitions are those of :mod:`theory.geometry`.

    metric = MultiTaskCollapse(problem, network.heads)
    for images, labels in loader:
        metric.update(network(images), labels)
    measures = metric.compute()

Nearest-centre disagreement (NC5) compares features with class means that are known only after a pass, so it is a
metric of its own, for a second pass: ``NearestCentre(problem, network.heads, metric.class_means())``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import torch
from torch import nn
from torchmetrics import Metric

from empirical.networks import linear_heads, stacked_heads
from theory import geometry
from theory.labels import FloatArray, LabelDesign
from theory.model import UFM


class CellIndex:
    """The cell of every row of labels: the inverse of a design's ``labels``.

    Rows are matched label by label (a prefix of labels becomes one number), so that nothing overflows however
    many tasks there are.
    """

    def __init__(self, design: LabelDesign) -> None:
        self.classes = design.classes
        self.steps: list[torch.Tensor] = []
        prefix = np.zeros(design.cells, dtype=np.int64)
        for t in range(design.tasks):
            codes = prefix * (design.classes[t] + 1) + design.labels[t] + 1
            known, prefix = np.unique(codes, return_inverse=True)
            self.steps.append(torch.from_numpy(known))
        if len(np.unique(prefix)) < design.cells:
            raise ValueError("design: two cells carry the same labels; give the cells of the samples, not labels")
        self.cell = torch.from_numpy(np.argsort(prefix))
        self._placed: dict[torch.device, tuple[list[torch.Tensor], torch.Tensor]] = {}

    def __call__(self, labels: torch.Tensor) -> torch.Tensor:
        """``(B, T)`` labels to ``(B,)`` cells, on the labels' device.  ``ValueError`` for labels not in the design."""
        cell, wrong = self.look_up(labels)
        if wrong.any():
            raise self.error(labels, wrong)
        return cell

    def look_up(self, labels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Cells ``(B,)``, and which of them are none ``(B,)``: nothing is read back from the device."""
        if labels.ndim != 2 or labels.shape[1] != len(self.steps):
            raise ValueError(f"labels: shape {tuple(labels.shape)}; expected (samples, {len(self.steps)} tasks)")
        labels = labels.detach().long()
        steps, cells = self._on(labels.device)
        prefix = torch.zeros(len(labels), dtype=torch.long, device=labels.device)
        wrong = torch.zeros(len(labels), dtype=torch.bool, device=labels.device)
        for t, known in enumerate(steps):
            column = labels[:, t]
            codes = prefix * (self.classes[t] + 1) + column + 1
            prefix = torch.searchsorted(known, codes).clamp(max=len(known) - 1)
            wrong |= (known[prefix] != codes) | (column < -1) | (column >= self.classes[t])
        return cells[prefix], wrong

    def error(self, labels: torch.Tensor, wrong: torch.Tensor) -> ValueError:
        """What to raise for the first of the ``wrong`` labels."""
        return ValueError(f"labels: {labels[int(wrong.nonzero()[0])].tolist()} is no cell of the design")

    def _on(self, device: torch.device) -> tuple[list[torch.Tensor], torch.Tensor]:
        if device not in self._placed:
            self._placed[device] = ([known.to(device) for known in self.steps], self.cell.to(device))
        return self._placed[device]


def about_means(states: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Sizes ``(..., C)``, means ``(..., C, d)`` and scatter about them ``(..., d, d)`` of states.

    A state ``(C + d, 1 + 2d)`` holds in its first C rows size, reference point and sum of offsets of every cell, and
    in its last d rows (between a column and d columns of zeros) the scatter about the reference points.
    """
    d = (states.shape[-1] - 1) // 2
    size, reference = states[..., :-d, 0], states[..., :-d, 1 : 1 + d]
    off = states[..., :-d, 1 + d :] / size.clamp(min=1)[..., None]
    weighted = off * size.sqrt()[..., None]
    return size, reference + off, states[..., -d:, 1 : 1 + d] - weighted.mT @ weighted


def pool_moments(parts: torch.Tensor) -> torch.Tensor:
    """One state of several: ``(P, C + d, 1 + 2d)`` to ``(C + d, 1 + 2d)``, by the formula above; its means are its
    reference points.  It is one tensor because its parts can only be merged together, while torchmetrics reduces states
    one by one.
    """
    d = (parts.shape[2] - 1) // 2
    sizes, means, scatters = about_means(parts)
    size = sizes.sum(dim=0)
    mean = (sizes[..., None] * means).sum(dim=0) / size.clamp(min=1)[:, None]
    off = (means - mean) * sizes.sqrt()[..., None]
    out = torch.zeros_like(parts[0])
    out[:-d, 0] = size
    out[:-d, 1 : 1 + d] = mean
    out[-d:, 1 : 1 + d] = scatters.sum(dim=0) + torch.einsum("pcd,pce->de", off, off)
    return out


class MultiTaskCollapse(Metric):
    """NC1 to NC4, balance and accuracy of one network over a stream of features.

    Parameters
    ----------
    problem : the :class:`UFM` whose cells, decays and classes the measures refer to.
    heads : one ``torch.nn.Linear`` a task, not copied: they must stay as they are from the first update to
        ``compute``, as the features of a pass belong to one state of the network.

    ``compute`` returns a dictionary of float64 tensors; NaN where a measure has no meaning (a zero head has no
    shape).  See :meth:`compute` for formulas and sources.
    """

    full_state_update = False
    higher_is_better = None
    moments: torch.Tensor
    correct: torch.Tensor
    labelled: torch.Tensor

    def __init__(self, problem: UFM, heads: Iterable[nn.Module], **options: Any) -> None:
        super().__init__(**options)
        self.problem = problem
        # in a tuple: the heads belong to the network, not to the metric's own modules
        self._heads = tuple(linear_heads(heads))
        if len(self._heads) != problem.design.tasks:
            raise ValueError(f"heads: {len(self._heads)} for {problem.design.tasks} tasks")
        W, _ = stacked_heads(self._heads)
        if len(W) != problem.design.rows:
            raise ValueError(f"heads: {len(W)} rows in all; the problem's classes make {problem.design.rows}")
        self._index = CellIndex(problem.design)
        d, cells, tasks = W.shape[1], problem.design.cells, problem.design.tasks
        self.add_state("moments", torch.zeros(cells + d, 1 + 2 * d, dtype=torch.float64), dist_reduce_fx=pool_moments)
        self.add_state("correct", torch.zeros(tasks, dtype=torch.long), dist_reduce_fx="sum")
        self.add_state("labelled", torch.zeros(tasks, dtype=torch.long), dist_reduce_fx="sum")

    def update(self, features: torch.Tensor, labels: torch.Tensor) -> None:
        """Take in ``features`` (B, d) with ``labels`` (B, T), −1 where missing; B may be 1.

        Raises ``ValueError`` for a wrong shape, features that are not finite, or labels that are no cell.
        """
        d, cells = self.dimension, self.problem.design.cells
        if features.ndim != 2 or features.shape != (len(labels), d):
            raise ValueError(f"features: shape {tuple(features.shape)}; expected ({len(labels)} samples, {d})")
        if len(labels) == 0:
            return
        cell, wrong = self._index.look_up(labels)
        cell, h = cell.to(features.device), features.detach().double()
        size, reference, offsets = self.moments[:cells].split([1, d, d], dim=1)
        new = size[:, 0][cell] == 0
        # one reading from the device: the price of an error that is raised where it is made
        ends = torch.stack(h.aminmax())  # what is not a number is an end of them all
        unknown, infinite, fresh = torch.stack(
            [wrong.to(h.device).any(), ~torch.isfinite(ends).all(), new.any()]
        ).tolist()
        if unknown:
            raise self._index.error(labels, wrong)
        if infinite:
            raise ValueError("features: hold a number that is not finite")
        if fresh:
            self._set_references(cell, h, new, reference)
        off = h - reference[cell]
        size.index_add_(0, cell, torch.ones_like(h[:, :1]))
        # summed apart: adding to scattered rows of a wide state is several times slower
        offsets += torch.zeros(cells, d, dtype=h.dtype, device=h.device).index_add_(0, cell, off)
        self.moments[cells:, 1 : 1 + d].addmm_(off.T, off)
        logits = h @ torch.cat([head.weight.detach() for head in self._heads]).double().T
        target = labels.to(h.device)
        for t, z in enumerate(logits.split(self.problem.design.classes, dim=1)):
            bias = self._heads[t].bias
            guess = (z if bias is None else z + bias.detach().double()).argmax(dim=1)
            self.correct[t] += ((guess == target[:, t]) & (target[:, t] >= 0)).sum()
            self.labelled[t] += (target[:, t] >= 0).sum()

    @staticmethod
    def _set_references(cell: torch.Tensor, h: torch.Tensor, new: torch.Tensor, reference: torch.Tensor) -> None:
        """The reference point of every cell that is seen for the first time: its first feature in the batch."""
        number = new.nonzero()[:, 0]
        number = number[torch.argsort(cell[number], stable=True)]
        first = torch.ones_like(number, dtype=torch.bool)
        first[1:] = cell[number[1:]] != cell[number[:-1]]
        reference[cell[number[first]]] = h[number[first]]

    @property
    def dimension(self) -> int:
        """d, the number of features."""
        return (self.moments.shape[1] - 1) // 2

    def cell_means(self) -> FloatArray:
        """``(d, C)`` means over cells, NaN columns for empty ones, float64."""
        size, means, _ = (part.cpu().numpy() for part in about_means(self.moments))
        return np.where(size > 0, means.T, np.nan)

    def class_means(self) -> list[FloatArray]:
        """For every task ``(K_t, d)``: means over the samples of a class; NaN rows for absent classes."""
        design, out = self.problem.design, []
        sizes, means, _ = (part.cpu().numpy() for part in about_means(self.moments))
        for t, k in enumerate(design.classes):
            member = (design.labels[t] == np.arange(k)[:, None]) * sizes
            with np.errstate(invalid="ignore", divide="ignore"):
                out.append(np.asarray(member @ means / member.sum(axis=1, keepdims=True)))
        return out

    def compute(self) -> dict[str, torch.Tensor]:
        """The measures, in the definitions of :mod:`theory.geometry` (NC1 to NC4: Wang et al., ICLR 2026).

        within_cell       tr(Σ_W Σ_B⁺)/C, Σ_B truncated at rank Σ(K_t − 1)                        NC1
        etf               (T,): ‖W_tW_tᵀ/‖·‖_F − (I − J/K_t)/√(K_t−1)‖_F                            NC2
        cross_task        max over pairs of ‖W_sW_tᵀ‖_F/√(‖W_sW_sᵀ‖_F ‖W_tW_tᵀ‖_F)                 NC3
        sum_rule          √(1 − cos²) between cell means and Σ_t √(λ_{W,t}K_t/(λ_H N_t)) w_{t,y_t}   NC4, weighted (T4)
        sum_rule_plain    the same against the published, unweighted Σ_t w_{t,y_t}
        balance           ‖Σ_t λ_{W,t}W_tᵀW_t − λ_H H̃H̃ᵀ‖_F over the larger of the two                T3
        accuracy          (T,): share of labelled samples whose largest logit is their class
        """
        problem, design = self.problem, self.problem.design
        if not self.labelled.any():
            raise ValueError("no sample was taken in; call update with features and labels first")
        W, _ = stacked_heads(self._heads)
        means = self.cell_means()
        size, _, scatter = about_means(self.moments)
        within = scatter.cpu().numpy() / float(size.sum())
        rank = sum(k - 1 for k in design.classes)
        etf = [geometry.etf_deviation(W[rows]) for _, rows in design.blocks()]
        overlap = geometry.largest_overlap(problem, W)
        whole = bool(np.isfinite(means).all())  # the sum rule and the balance are about all cells of the problem
        values: dict[str, float | list[float] | FloatArray] = {
            "within_cell": geometry.variability_ratio(means, within, rank),
            "etf": etf,
            "cross_task": float("nan") if overlap is None else overlap,
            "sum_rule": geometry.sum_rule_deviation(problem, W, means) if whole else float("nan"),
            "sum_rule_plain": geometry.sum_rule_deviation(problem, W, means, weighted=False) if whole else float("nan"),
            "balance": geometry.balance_deviation(problem, W, means) if whole else float("nan"),
            "accuracy": (self.correct.double() / self.labelled.double()).cpu().numpy(),
        }
        return {name: torch.as_tensor(value, dtype=torch.float64) for name, value in values.items()}


class NearestCentre(Metric):
    """NC5: for every task, the share of labelled samples whose nearest class mean is not the argmax class.

    ``class_means`` are those of :meth:`MultiTaskCollapse.class_means` after a pass over the same features; an
    absent class (NaN) is nobody's nearest.  Source: Papyan, Han & Donoho (2020), task by task; the definition is
    :func:`theory.geometry.nearest_centre_disagreement`.
    """

    full_state_update = False
    higher_is_better = False
    differing: torch.Tensor
    labelled: torch.Tensor

    def __init__(
        self,
        problem: UFM,
        heads: Iterable[nn.Module],
        class_means: Sequence[FloatArray],
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self._heads = tuple(linear_heads(heads))
        self._means = [torch.from_numpy(np.asarray(means, dtype=np.float64)) for means in class_means]
        tasks = problem.design.tasks
        if len(self._heads) != tasks or len(self._means) != tasks:
            raise ValueError(f"expected {tasks} heads and class means, got {len(self._heads)} and {len(self._means)}")
        self.add_state("differing", torch.zeros(tasks, dtype=torch.long), dist_reduce_fx="sum")
        self.add_state("labelled", torch.zeros(tasks, dtype=torch.long), dist_reduce_fx="sum")

    def update(self, features: torch.Tensor, labels: torch.Tensor) -> None:
        """Take in ``features`` (B, d) with ``labels`` (B, T), −1 where missing."""
        h = features.detach().double()
        for t, (head, means) in enumerate(zip(self._heads, self._means, strict=True)):
            keep = labels[:, t].to(h.device) >= 0
            centres = means.to(h.device)
            distance = centres.square().sum(dim=1) - 2 * h[keep] @ centres.T
            nearest = torch.where(distance.isnan(), torch.inf, distance).argmin(dim=1)
            bias = None if head.bias is None else head.bias.detach().double()
            guess = nn.functional.linear(h[keep], head.weight.detach().double(), bias).argmax(dim=1)
            self.differing[t] += (nearest != guess).sum()
            self.labelled[t] += keep.sum()

    def compute(self) -> torch.Tensor:
        """``(T,)`` shares, float64; NaN for a task without a labelled sample."""
        return self.differing.double() / self.labelled.double()
