"""torch on the factored problem: seconds until a training run comes near a value that it is told."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from relaxations.data_term import DataTerm
from theory import UFM

#: Relative distances from the optimum at which a training run notes the time.
TARGETS = (1e-4, 1e-6, 1e-8)


def train(problem: UFM, optimiser: str, value: str, limit: str = "20") -> dict[str, Any]:
    """torch on f(A, B) = F(AB) + √λ_H/2 (‖A‖² + ‖B‖²) in float64, d = R; seconds to value·(1 + ε) for each ε.

    Adam decays its rate by a cosine over the ``limit`` seconds from the best of three starting rates; L-BFGS has the
    strong Wolfe search and 20 pairs.  Neither knows when it is done: the value is told.
    """
    import torch

    torch.manual_seed(0)
    design, data = problem.design, DataTerm(problem)
    target, omega = torch.tensor(design.target_matrix), torch.tensor(problem.omega)
    inverse = torch.tensor(data.inverse)
    entropy = float((problem.omega * np.stack([
        problem.loss_function.conjugate(design.target_matrix[rows]) for _, rows in design.blocks()
    ])).sum())  # fmt: skip

    def start() -> list[torch.Tensor]:
        torch.manual_seed(0)
        R, C = data.inverse.shape
        spread = data.unit / np.sqrt(R + C)
        return [(spread * torch.randn(*shape, dtype=torch.float64)).requires_grad_(True) for shape in ((R, R), (R, C))]

    def f(A: torch.Tensor, B: torch.Tensor) -> torch.Tensor:
        logits = (A @ B) * inverse
        total = 0.5 * data.gamma * (A.square().sum() + B.square().sum()) + entropy
        for t, rows in design.blocks():
            log_p = torch.log_softmax(logits[rows], dim=0)
            total = total - (omega[t] * (target[rows] * log_p).sum(dim=0)).sum()
        return total

    wanted, patience = float(value), float(limit)
    best: dict[str, Any] = {"distance": np.inf, "reached": {}}
    for rate in (0.1, 0.03, 0.01) if optimiser == "adam" else (1.0,):
        x = start()
        typical = float(data.unit / np.sqrt(sum(data.inverse.shape)))
        algorithm: torch.optim.Optimizer
        if optimiser == "adam":
            algorithm = torch.optim.Adam(x, lr=rate * typical)
        else:
            algorithm = torch.optim.LBFGS(
                x, lr=rate, max_iter=20, history_size=20, line_search_fn="strong_wolfe",
                tolerance_grad=0.0, tolerance_change=0.0,
            )  # fmt: skip
        reached: dict[str, float] = {}
        lowest, evaluations, begun = np.inf, 0, time.process_time()

        def closure(algorithm: torch.optim.Optimizer = algorithm, x: list[torch.Tensor] = x) -> float:
            nonlocal lowest, evaluations
            algorithm.zero_grad()
            loss = f(*x)
            loss.backward()
            evaluations += 1
            lowest = min(lowest, loss.item())
            return loss.item()

        while (elapsed := time.process_time() - begun) < patience and len(reached) < len(TARGETS):
            if optimiser == "adam":
                for group in algorithm.param_groups:
                    group["lr"] = rate * typical * 0.5 * (1 + np.cos(np.pi * elapsed / patience))
            algorithm.step(closure)
            for epsilon in TARGETS:
                if lowest <= wanted * (1 + epsilon):
                    reached.setdefault(f"{epsilon:.0e}", time.process_time() - begun)
        distance = lowest / wanted - 1
        if distance < best["distance"]:
            best = {"distance": distance, "reached": reached, "evaluations": evaluations, "rate": rate}
    return {"limit": patience, **best}
