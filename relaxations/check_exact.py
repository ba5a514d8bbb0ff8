r"""A second witness: the enclosure of ``check.py`` once more, slowly, by other means and the standard library alone.

    python -I relaxations/check_exact.py FILE            python -m relaxations.check_exact FILE

It proves the two bounds that ``check.py`` states (upper: f at a point; lower: D(q) at a feasible q) and shares no
line with it: its own reading of the file, numbers of ``fractions`` throughout, positive semidefiniteness by exact
elimination, so that no rounding enters except in exp and log, which are bounded by rational series on both sides:

    log x = e log 2 + 2 Σ_k u^{2k+1}/(2k+1),  x = m 2^e, 1 ≤ m < 2, u = (m − 1)/(m + 1) ≤ 1/3,
            remainder after n terms at most 2 u^{2n+1}/((2n + 1)(1 − u²));
    exp(−t) = (1/exp(t/2^k))^{2^k},  exp(v) = Σ v^i/i!, v ≤ 1/2, remainder after n terms at most 2 v^n/n!.

The dual point is one that the floats q define, near that of ``check.py`` but not the same: probabilities are
rounded down to multiples of 2^-96, and the largest takes what is left, so that all denominators stay small.
Two programs that agree on a file share a mistake only if two people made it.  For small files: see the limits.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import math
import struct
import sys
from collections.abc import Callable, Iterable, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from fractions import Fraction
from typing import Any

LEVEL = "exact rational arithmetic, exp and log by rational series with bounded remainders"
MAX_FILE = 4 * 2**20  # bytes
MAX_ROWS = 40  # R
MAX_WORK = 2_000_000  # R·C·(R + d), products of rationals
MAX_COMMON = 4096  # bits of a common denominator of targets, or multiple of counts
MAX_MINOR = 60_000  # R times the bits of an entry of the matrix inequality
BITS = 128  # absolute error of exp and log: a few 2^-BITS
GRID = 96  # bits of a probability
DIGITS = 20  # of the printed bounds

UNIT = 1 << BITS
ZERO, ONE, HALF = Fraction(0), Fraction(1), Fraction(1, 2)
Vector = list[Fraction]
Matrix = list[Vector]


class RefusedError(ValueError):
    """The file is no certificate that this checker reads; the message says why."""


def need(condition: bool, message: str) -> None:
    """Refuse unless ``condition``."""
    if not condition:
        raise RefusedError(message)


# --------------------------------------------------------------------------- exp and log, from below and above


def _artanh(low: int, high: int) -> tuple[int, int]:
    """Bounds of 2 artanh(u)·2^BITS for 0 ≤ low/2^BITS ≤ u ≤ high/2^BITS ≤ 0.34."""

    def series(u: int, up: bool) -> int:
        square, power, total, k = u * u, u, 0, 1
        while power:
            total += -(-power // k) if up else power // k
            power = -(-power * square // UNIT**2) if up else power * square // UNIT**2
            k += 2
            if up and power <= 1:  # what follows sums to less than power/(1 − u²) < 2
                total += 2
                break
        return 2 * total

    return series(low, False), series(high, True)


LOG2 = _artanh(UNIT // 3, UNIT // 3 + 1)


def log_bounds(x: Fraction) -> tuple[Fraction, Fraction]:
    """Rationals on both sides of log x, x > 0."""
    e = x.numerator.bit_length() - x.denominator.bit_length()
    m = x / Fraction(2) ** e
    if m < 1:
        e, m = e - 1, m * 2
    u = (m - 1) / (m + 1) * UNIT
    low, high = _artanh(math.floor(u), math.ceil(u))
    shift = (e * LOG2[0], e * LOG2[1]) if e >= 0 else (e * LOG2[1], e * LOG2[0])
    return Fraction(low + shift[0], UNIT), Fraction(high + shift[1], UNIT)


def exp_bounds(x: Fraction) -> tuple[Fraction, Fraction]:
    """Rationals on both sides of exp x, x ≤ 0."""
    t = -x
    if t > BITS:  # exp(−t) < 2^−t
        return ZERO, Fraction(1, UNIT)
    halvings = 1
    while t > Fraction(1 << halvings, 2):
        halvings += 1
    v = t / (1 << halvings) * UNIT

    def series(v: int, up: bool) -> int:
        term, total, i = UNIT, 0, 0
        while term > 1:
            total += term
            i += 1
            term = -(-term * v // (UNIT * i)) if up else term * v // (UNIT * i)
        return total + (2 if up else 0)  # what follows the first term below 2^-BITS sums to less than twice that

    low, high = UNIT * UNIT // series(math.ceil(v), True), -(-UNIT * UNIT // series(math.floor(v), False))
    for _ in range(halvings):
        low, high = low * low // UNIT, -(-high * high // UNIT)
    return Fraction(low, UNIT), Fraction(high, UNIT)


# --------------------------------------------------------------------------- losses: (from below, from above)


def _entropy(q: Vector) -> tuple[Fraction, Fraction]:
    """Σ q log q, 0 log 0 = 0."""
    bounds = [(x * low, x * high) for x in q if x for low, high in (log_bounds(x),)]
    return sum((low for low, _ in bounds), ZERO), sum((high for _, high in bounds), ZERO)


def _log_sum_exp(z: Vector) -> tuple[Fraction, Fraction]:
    """log Σ exp z_k about the largest."""
    top = max(z)
    bounds = [exp_bounds(x - top) for x in z]
    low, high = (log_bounds(sum(side, ZERO))[i] for i, side in enumerate(zip(*bounds, strict=True)))
    return top + low, top + high


def _half_square(z: Vector) -> tuple[Fraction, Fraction]:
    value = sum((x * x for x in z), ZERO) / 2
    return value, value


def _simplex_gain(z: Vector) -> tuple[Fraction, Fraction]:
    """max ⟨q, z⟩ − ½‖q‖² over the simplex, attained at the projection (z − τ)_+ of z."""
    total, tau = ZERO, ZERO
    for size, x in enumerate(sorted(z, reverse=True), 1):
        total += x
        if size * x <= total - 1:
            break
        tau = (total - 1) / size
    q = [max(x - tau, ZERO) for x in z]
    value = sum((p * x for p, x in zip(q, z, strict=True)), ZERO) - _half_square(q)[0]
    return value, value


#: Φ, Φ*, and whether dom Φ* is the simplex.
Bounds = Callable[[Vector], tuple[Fraction, Fraction]]
LOSSES: dict[str, tuple[Bounds, Bounds, bool]] = {
    "ce": (_log_sum_exp, _entropy, True),
    "mse": (_half_square, _half_square, False),
    "sparsemax": (_simplex_gain, _half_square, True),
}

# --------------------------------------------------------------------------- the file

#: Mean loss; halves in the penalties; task weight also on the decay.
CONVENTIONS = {
    "mean-halves": (1, 1, 0), "sum-halves": (0, 1, 0), "paper-mean": (1, 0, 1), "paper-sum": (0, 0, 1),
    "paper-mean-plain-decay": (1, 0, 0), "paper-sum-plain-decay": (0, 0, 0),
}  # fmt: skip


def load(path: str) -> Any:
    """Strict JSON of at most :data:`MAX_FILE` bytes: no key twice, no NaN."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        need(len(dict(pairs)) == len(pairs), "a key occurs twice")
        return dict(pairs)

    def never(name: str) -> Any:
        raise RefusedError(f"{name} is no number of JSON")

    try:
        with open(path, "rb") as stream:
            raw = stream.read(MAX_FILE + 1)
        need(
            len(raw) <= MAX_FILE, f"larger than {MAX_FILE} bytes: too large for exact rationals; use relaxations.check"
        )
        return json.loads(raw.decode("utf-8"), object_pairs_hook=once, parse_constant=never)
    except RefusedError:
        raise
    except RecursionError:
        raise RefusedError("nested too deep") from None
    except OSError as error:
        raise RefusedError(f"cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise RefusedError(f"not JSON: {error!s:.200}") from None


def member(data: Any, where: str, *keys: str) -> list[Any]:
    """The values of an object that has exactly these keys."""
    need(isinstance(data, dict) and set(data) == set(keys), f"{where}: expected an object of {', '.join(keys)}")
    return [data[key] for key in keys]


def listing(data: Any, where: str, length: int | None = None) -> list[Any]:
    """A list, not empty, of ``length``."""
    need(isinstance(data, list) and len(data) > 0, f"{where}: expected a list")
    need(length is None or len(data) == length, f"{where}: expected {length} entries, got {len(data)}")
    return list(data)


def whole(data: Any, where: str, low: int, high: int) -> int:
    """A whole number in [low, high]."""
    need(isinstance(data, int) and not isinstance(data, bool), f"{where}: expected a whole number")
    need(low <= data <= high, f"{where}: expected {low} to {high}")
    return int(data)


def number(data: Any, where: str) -> Fraction:
    """A rational, spelt like "3/100" or "0.03" with ASCII digits, or a whole number."""
    if type(data) is int:
        need(abs(data) < 10**1600, f"{where}: too many digits")
        return Fraction(data)
    need(isinstance(data, str) and data.isascii() and len(data) <= 1600, f"{where}: expected a rational as text")
    need("_" not in data and data == "".join(data.split()), f"{where}: {data!r:.60} is no rational number")
    mantissa, _, exponent = data.lower().partition("e")
    need(len(exponent.lstrip("+-")) <= 3 and mantissa[-1:] != "/", f"{where}: {data!r:.60} is no rational number")
    try:
        return Fraction(data)
    except (ValueError, ZeroDivisionError):
        raise RefusedError(f"{where}: {data!r:.60} is no rational number") from None


def block(data: Any, where: str, rows: int | None, columns: int) -> Matrix:
    """A matrix of float64 as exact rationals."""
    shape, kind, text = member(data, where, "shape", "dtype", "data")
    sizes = [whole(n, f"{where}.shape", 0, 10**6) for n in listing(shape, f"{where}.shape")]
    need(len(sizes) <= 2 and kind == "<f8" and isinstance(text, str), f"{where}: expected one or two axes of '<f8'")
    r, c = sizes[0], sizes[1] if len(sizes) == 2 else 1
    need(c == columns and r == (r if rows is None else rows), f"{where}: shape {sizes} does not fit the problem")
    try:
        raw = base64.b64decode(text, validate=True)
    except ValueError:
        raise RefusedError(f"{where}.data: not base64") from None
    need(len(raw) == 8 * r * c, f"{where}.data: {len(raw)} bytes; shape {sizes} needs {8 * r * c}")
    numbers = struct.unpack(f"<{r * c}d", raw)
    need(all(map(math.isfinite, numbers)), f"{where}: holds a number that is not finite")
    return [[Fraction(x) for x in numbers[i * c : (i + 1) * c]] for i in range(r)]


class Task:
    """One task: ω_j on every cell, its targets, decays λ_W and λ_b (``None``: no bias), its rows."""

    omega: Vector
    y: list[Vector]
    lambda_w: Fraction
    lambda_b: Fraction | None
    rows: slice
    mean: Vector  #: ȳ = Σ ω_j y_j / Σ ω_j

    def average(self, q: Sequence[Vector]) -> Vector:
        """Σ_j ω_j q_j / Σ_j ω_j."""
        weight = sum(self.omega, ZERO)
        pairs = [(w, p) for w, p in zip(self.omega, q, strict=True) if w]
        return [sum((w * p[k] for w, p in pairs), ZERO) / weight for k in range(len(self.y[0]))]


class Problem:
    """The problem that a JSON value states, in canonical rationals."""

    def __init__(self, data: Any) -> None:
        keys = (
            "scenario", "loss", "convention", "classes", "targets", "labels", "counts", "sample_weights",
            "task_weights", "weight_decay", "feature_decay", "bias", "dimension",
        )  # fmt: skip
        (
            scenario, loss, convention, classes, targets, labels, counts, sample_weights,
            task_weights, weight_decay, feature_decay, bias, dimension,
        ) = member(data, "problem", *keys)  # fmt: skip
        need(isinstance(scenario, str) and len(scenario) <= 1600, "problem.scenario: expected a short text")
        need(isinstance(loss, str) and loss in LOSSES, "problem.loss: unknown")
        need(isinstance(convention, str) and convention in CONVENTIONS, "problem.convention: unknown")
        sizes = [whole(k, "problem.classes", 2, 1000) for k in listing(classes, "problem.classes")]
        self.counts = [whole(n, "problem.counts", 1, 2**53) for n in listing(counts, "problem.counts")]
        self.rows, T, C = sum(sizes), len(sizes), len(self.counts)
        small = self.rows <= MAX_ROWS and self.rows**2 * C <= MAX_WORK
        need(small, f"{self.rows} rows, {C} cells: too large for exact rationals; use relaxations.check")
        tables = [
            [[number(x, "problem.targets") for x in listing(row, "targets", k)] for row in listing(table, "targets")]
            for k, table in zip(sizes, listing(targets, "problem.targets", T), strict=True)
        ]
        good = all(sum(row) == 1 and min(row) >= 0 for table in tables for row in table)
        need(good, "problem.targets: a row is no probability vector")
        common = 1
        for x in (x for table in tables for row in table for x in row):
            common = math.lcm(common, x.denominator)
            need(common.bit_length() <= MAX_COMMON, "problem.targets: denominators too large for exact rationals")
        common = 1
        for n in self.counts:
            common = math.lcm(common, n)
            need(common.bit_length() <= MAX_COMMON, "problem.counts: too unlike for exact rationals")
        index = [
            [whole(x, "problem.labels", -1, len(table) - 1) for x in listing(row, "problem.labels", C)]
            for row, table in zip(listing(labels, "problem.labels", T), tables, strict=True)
        ]
        weights = [[1] * C for _ in sizes]
        if sample_weights is not None:
            lists = listing(sample_weights, "problem.sample_weights", T)
            weights = [[whole(v, "sample_weights", 0, 2**53) for v in listing(r, "sample_weights", C)] for r in lists]
        weights = [[v if k >= 0 else 0 for v, k in zip(a, b, strict=True)] for a, b in zip(weights, index, strict=True)]
        c, w = ([number(x, "problem") for x in listing(v, "problem", T)] for v in (task_weights, weight_decay))
        h = number(feature_decay, "problem.feature_decay")
        b = None if bias is None else [number(x, "problem.bias") for x in listing(bias, "problem.bias", T)]
        need(min(*c, *w, h) > 0, "problem: a task weight or a decay is not positive")
        need(b is None or not any(b) or min(b) > 0, "problem.bias: expected decays, all positive or all 0")
        self.dimension = whole(dimension, "problem.dimension", 1, 10**6)

        canonical = dict(zip(keys, member(data, "problem", *keys), strict=True))
        canonical.update(
            targets=[[[str(x) for x in row] for row in table] for table in tables],
            sample_weights=None if sample_weights is None else weights,
            task_weights=[str(x) for x in c], weight_decay=[str(x) for x in w], feature_decay=str(h),
            bias=None if b is None else [str(x) for x in b],
        )  # fmt: skip
        text = json.dumps(canonical, sort_keys=True, separators=(",", ":"))
        self.id = hashlib.sha256(text.encode("ascii")).hexdigest()
        sizes_in_words = f"{self.rows} rows, {C} cells, dimension {self.dimension}"
        self.summary = f"{ascii(scenario)[1:-1]:.40}, {loss}, {convention}, {sizes_in_words}"

        mean, halves, weighted = CONVENTIONS[convention]
        self.phi, self.conjugate, self.simplex = LOSSES[loss]
        self.lambda_h = h * (1 if halves else 2)
        self.tasks: list[Task] = []
        for t in range(T):
            task, factor = Task(), (1 if halves else 2) * (c[t] if weighted else 1)
            masses = [v * n for v, n in zip(weights[t], self.counts, strict=True)]
            need(any(masses), f"problem.labels: task {t} weighs in on no sample")
            task.omega = [c[t] * m / (sum(masses) if mean else 1) for m in masses]
            task.y = [tables[t][i] for i in index[t]]
            task.lambda_w, task.lambda_b = factor * w[t], None if b is None else factor * b[t]
            task.rows = slice(sum(sizes[:t]), sum(sizes[: t + 1]))
            task.mean = task.average(task.y)
            lost = task.lambda_b == 0 and self.simplex and min(task.mean) == 0
            need(not lost, f"problem.bias: free, and a class of task {t} has no sample: no minimum")
            self.tasks.append(task)


# --------------------------------------------------------------------------- the bounds


def upper_bound(problem: Problem, W: Matrix, H: Matrix, b: Vector) -> Fraction:
    """A rational at least f(W, H, b)."""
    total = ZERO
    for j, n in enumerate(problem.counts):
        h = [row[j] for row in H]
        z = [sum((x * y for x, y in zip(w, h, strict=True)), c) for w, c in zip(W, b, strict=True)]
        for task in problem.tasks:
            if task.omega[j]:
                own, y = z[task.rows], task.y[j]
                inner = sum((a * x for a, x in zip(y, own, strict=True)), ZERO)
                total += task.omega[j] * (problem.phi(own)[1] + problem.conjugate(y)[1] - inner)
        total += problem.lambda_h / 2 * n * sum((x * x for x in h), ZERO)
    for task in problem.tasks:
        total += task.lambda_w / 2 * sum((x * x for row in W[task.rows] for x in row), ZERO)
        total += (task.lambda_b or ZERO) / 2 * sum((x * x for x in b[task.rows]), ZERO)
    return total


def on_grid(q: Vector) -> Vector:
    """Rounded down to multiples of 2^-GRID."""
    return [Fraction(math.floor(x * (1 << GRID)), 1 << GRID) for x in q]


def feasible_predictions(problem: Problem, task: Task, q: Matrix) -> list[Vector]:
    """Points of dom Φ*, one a cell, near the columns of q; their r is 0 under a free bias."""
    out = []
    for y, column in zip(task.y, zip(*q[task.rows], strict=True), strict=True):
        p = list(column)
        if problem.simplex:
            positive = [max(x, ZERO) for x in p]
            p = on_grid([x / sum(positive) for x in positive]) if any(positive) else list(y)
            p[p.index(max(p))] += 1 - sum(p)
        else:
            p = on_grid(p)
        out.append(p)
    if task.lambda_b == 0:
        shift = [a - x for a, x in zip(task.mean, task.average(out), strict=True)]
        out = [[x + c for x, c in zip(p, shift, strict=True)] for p in out]
        if problem.simplex:
            used = [p for p, w in zip(out, task.omega, strict=True) if w]
            # (1 − τ)p + τȳ ≥ 0 ⟺ τ ≥ −p/(ȳ − p); rounded up to a short number
            tau = max((-x / (y - x) for p in used for x, y in zip(p, task.mean, strict=True) if x < 0), default=ZERO)
            tau = min(ONE, Fraction(math.ceil(tau * (1 << GRID)), 1 << GRID))
            out = [[(1 - tau) * x + tau * y for x, y in zip(p, task.mean, strict=True)] for p in out]
    return out


def semidefinite(matrix: Matrix) -> bool:
    """Is a symmetric rational matrix positive semidefinite?  LDLᵀ by fraction-free elimination (Bareiss 1968).

    A zero pivot is admissible only if its row is zero; every entry met is a minor, so that divisions are exact.
    """
    common = math.lcm(*(x.denominator for row in matrix for x in row))
    a = [[int(x * common) for x in row] for row in matrix]
    size = len(a) * max(abs(x).bit_length() for row in a for x in row)
    need(size <= MAX_MINOR, "the matrix inequality has numbers too long for exact elimination; use relaxations.check")
    previous, rest = 1, list(range(len(a)))
    while rest:
        k, *rest = rest
        if a[k][k] < 0 or (a[k][k] == 0 and any(a[k][j] for j in rest)):
            return False
        if a[k][k]:
            for n, i in enumerate(rest):
                for j in rest[n:]:
                    a[i][j] = a[j][i] = (a[k][k] * a[i][j] - a[i][k] * a[k][j]) // previous
            previous = a[k][k]
    return True


def lower_bound(problem: Problem, q: Matrix) -> tuple[Fraction, Fraction]:
    """(a rational at most the minimum, the scale s of the residual)."""
    R = problem.rows
    predictions = [feasible_predictions(problem, task, q) for task in problem.tasks]
    gram = [[ZERO] * R for _ in range(R)]
    for j, n in enumerate(problem.counts):
        g: Vector = []
        for task, points in zip(problem.tasks, predictions, strict=True):
            g += [task.omega[j] * (y - x) for y, x in zip(task.y[j], points[j], strict=True)]
        for i in range(R):
            if g[i]:
                share = g[i] / n
                for k in range(i + 1):
                    gram[i][k] += share * g[k]
    for i in range(R):
        for k in range(i):
            gram[k][i] = gram[i][k]
    limits = [problem.lambda_h * task.lambda_w for task in problem.tasks for _ in task.y[0]]

    def feasible(s: Fraction) -> bool:
        return semidefinite([[(limits[i] if i == k else 0) - s * s * gram[i][k] for k in range(R)] for i in range(R)])

    rungs = [
        ONE,
        *(1 - Fraction(1, 2**k) for k in range(70, 0, -3)),
        *(Fraction(1, 2**k) for k in range(2, 64, 4)),
        ZERO,
    ]
    good, bad = (0, 0) if feasible(ONE) else (len(rungs) - 1, 0)
    while good - bad > 1:
        middle = (good + bad) // 2
        good, bad = (middle, bad) if feasible(rungs[middle]) else (good, middle)
    s, beyond = rungs[good], rungs[bad]
    for _ in range(7 if s < 1 else 0):
        middle_rung = (s + beyond) / 2
        s, beyond = (middle_rung, beyond) if feasible(middle_rung) else (s, middle_rung)

    total = ZERO
    for task, points in zip(problem.tasks, predictions, strict=True):
        for weight, y, p in zip(task.omega, task.y, points, strict=True):
            if weight:
                mixed = [a + s * (x - a) for a, x in zip(y, p, strict=True)]
                total += weight * (problem.conjugate(y)[0] - problem.conjugate(mixed)[1])
        if task.lambda_b:
            imbalance = zip(task.mean, task.average(points), strict=True)
            r = [s * sum(task.omega, ZERO) * (y - x) for y, x in imbalance]
            total -= sum((x * x for x in r), ZERO) / (2 * task.lambda_b)
    return max(total, ZERO), s


# --------------------------------------------------------------------------- the verdict


def written(value: Fraction, up: bool) -> str:
    """``value`` as a decimal of so many digits, rounded outward."""
    context = Context(prec=DIGITS, rounding=ROUND_CEILING if up else ROUND_FLOOR)
    return str(context.divide(Decimal(value.numerator), Decimal(value.denominator)))


def above(value: Fraction) -> float:
    """A float at least ``value`` ≥ 0."""
    try:
        return math.nextafter(value.numerator / value.denominator, math.inf)
    except OverflowError:
        return math.inf


def judge(data: Any, tolerance: str = "1e-8", problem: Any = None) -> dict[str, Any]:
    """The verdict on a certificate as parsed JSON, with the keys of ``check.Verdict``."""
    keys = ("status", "reason", "problem_id", "problem", "lower", "upper", "gap", "relative_gap", "scale")
    out: dict[str, Any] = {**dict.fromkeys(keys), "status": "malformed", "level": LEVEL}
    try:
        whole_file = ("format", "version", "problem", "problem_id", "point", "dual", "solver")
        name, version, stated, identity, point, dual, _ = member(data, "certificate", *whole_file)
        need(name == "multitask-collapse certificate" and type(version) is int and version == 1, "no certificate")
        read = Problem(stated)
        need(identity == read.id, "problem_id: not that of the problem stated in the file")
        out.update(problem_id=read.id, problem=read.summary)
        if problem is not None:
            wanted = Problem(problem["problem"] if isinstance(problem, dict) and "point" in problem else problem)
            if wanted.id != read.id:
                return {**out, "status": "mismatch", "reason": f"of problem {read.id[:16]}..., not {wanted.id[:16]}..."}
        R, C = read.rows, len(read.counts)
        heads, features, bias = member(point, "point", "W", "H", "b")
        H = block(features, "point.H", None, C)
        need(len(H) <= read.dimension, f"point: dimension {len(H)} exceeds the problem's {read.dimension}")
        need(R * C * (R + len(H)) <= MAX_WORK, "too large for exact rationals; use relaxations.check")
        W = block(heads, "point.W", R, len(H))
        need(bias is None or read.tasks[0].lambda_b is not None, "point.b: the problem has no bias")
        b = [ZERO] * R if bias is None else [row[0] for row in block(bias, "point.b", R, 1)]
        q = block(member(dual, "dual", "q")[0], "dual.q", R, C)
        upper = upper_bound(read, W, H, b)
        lower, scale = lower_bound(read, q)
    except RefusedError as error:
        return {**out, "problem_id": None, "problem": None, "reason": str(error)}
    except (RecursionError, MemoryError, OverflowError) as error:
        return {**out, "problem_id": None, "problem": None, "reason": f"out of proportion: {type(error).__name__}"}
    texts = written(lower, up=False), written(upper, up=True)
    width = Fraction(texts[1]) - Fraction(texts[0])
    if width < 0:
        return {**out, "status": "inconclusive", "reason": "the bounds contradict each other: a fault of this checker"}
    relative = width / max(Fraction(texts[1]), Fraction(1, 10**300))
    certified = relative <= Fraction(tolerance)
    says = f"within {tolerance}" if certified else f"exceeds the tolerance {tolerance}"
    return {
        **out, "status": "certified" if certified else "inconclusive",
        "reason": f"proven relative width {above(relative):.3g}, {says}", "lower": texts[0], "upper": texts[1],
        "gap": above(width), "relative_gap": above(relative), "scale": float(scale),
    }  # fmt: skip


def judge_file(path: str, tolerance: str = "1e-8", problem: str | None = None) -> dict[str, Any]:
    """The verdict on the file at ``path``; ``problem``, if given, is the path of the problem it must be of."""
    try:
        return judge(load(path), tolerance, None if problem is None else load(problem))
    except (RefusedError, MemoryError) as error:
        return {**judge(None), "reason": str(error) or "out of memory"}


def main(arguments: Iterable[str] | None = None) -> int:
    """``check_exact.py FILE [--problem FILE] [--tolerance X] [--json]``: exit 0 certified, 1 not, 2 usage."""
    parser = argparse.ArgumentParser(prog="check_exact", description="Check a small certificate in exact rationals.")
    parser.add_argument("file", help="the certificate")
    parser.add_argument("--problem", metavar="FILE", help="refuse a certificate of another problem than FILE states")
    parser.add_argument("--tolerance", default="1e-8", metavar="X", help="relative width that is enough (default 1e-8)")
    parser.add_argument("--json", action="store_true", help="print the verdict as one JSON object")
    options = parser.parse_args(None if arguments is None else list(arguments))
    try:
        if number(options.tolerance, "--tolerance") <= 0:
            parser.error(f"--tolerance: {options.tolerance}; expected a positive number")
    except RefusedError as error:
        parser.error(str(error))
    verdict = judge_file(options.file, options.tolerance, options.problem)
    if options.json:
        finite = {k: None if isinstance(v, float) and math.isinf(v) else v for k, v in verdict.items()}
        print(json.dumps(finite))
    elif verdict["lower"] is None:
        print(f"{verdict['status']}: {verdict['reason']}", file=sys.stderr)
    else:
        print(f"{verdict['status']}: {verdict['reason']}")
        print(f"minimum in [{verdict['lower']}, {verdict['upper']}]")
        print(f"width      {verdict['gap']:.3g}, relative {verdict['relative_gap']:.3g}")
        print(f"level      {LEVEL}")
        print(f"problem    {verdict['problem_id']}\n           {verdict['problem']}")
    return 0 if verdict["status"] == "certified" else 1


if __name__ == "__main__":
    sys.exit(main())
