r"""The trusted part: a rigorous enclosure of a problem's global minimum, from a certificate file and nothing else.

    python relaxations/check.py FILE            python -m relaxations.check FILE
    python -m relaxations.check --point FILE    judge the point: certify it, or refute it by a way down

A certificate states a problem in exact rationals, a point (W, H, b) and predictions q in float64 (each
an exact rational); its format is described in ``certificate.py``.  Whoever wrote it need not be trusted:

    upper   f(W, H, b) = Σ_{t,j} ω_{t,j} ℓ(W_t h_j + b_t, y_{t,j})
                         + Σ_t λ_{W,t}/2 ‖W_t‖² + λ_H/2 Σ_j n_j ‖h_j‖² + Σ_t λ_{b,t}/2 ‖b_t‖²
    lower   D(q) = Σ_{t,j} ω_{t,j} [Φ*(y_{t,j}) − Φ*(q_{t,j})] − Σ_t ‖r_t‖²/(2 λ_{b,t}),
            r_t = Σ_j ω_{t,j}(y_{t,j} − q_{t,j}), for every q in dom Φ* with r_t = 0 under a free bias and
            V Vᵀ ⪯ λ_H diag(λ_{W,t} I),   V_{t,j} = ω_{t,j}(y_{t,j} − q_{t,j})/√n_j,

where ℓ(z, y) = Φ(z) + Φ*(y) − ⟨y, z⟩ ≥ 0.  Why the second is below every value of f, for every feature
dimension: Φ(z) ≥ ⟨q, z⟩ − Φ*(q) makes the loss at least Σ ω [Φ*(y) − Φ*(q)] − Σ ω ⟨y − q, z⟩; with
W'_t = √λ_{W,t} W_t, H̃_j = √n_j h_j and U'_{t,j} = V_{t,j}/√λ_{W,t} the last sum is ⟨U', W'H̃⟩ + Σ_t ⟨r_t, b_t⟩, and
‖U'‖ ≤ √λ_H makes ½‖W'‖² + ½λ_H‖H̃‖² ≥ √λ_H ‖W'H̃‖_* ≥ ⟨U', W'H̃⟩.

All arithmetic is on rationals (fmpq) or on balls (arb): a ball encloses the exact number that the
formula defines, whatever was rounded on the way.  Needs Python and python-flint alone; nothing of the
project is imported, and no bound that a file may state is read.

Two more levels of trust: ``check_exact.py`` finds the same bounds again for small files, in rationals and without
python-flint; ``check_float.py`` takes larger ones, in float64, under assumptions that its verdict names.  A refutation
needs no trust in how its direction was found: it is two values of f, in balls.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import hashlib
import json
import math
import re
import sys
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flint import arb, arb_mat, ctx, fmpq, fmpz

MAX_FILE = 256 * 2**20  # bytes
MAX_TEXT = 1600  # characters of one rational
MAX_ROWS = 1000  # R = Σ K_t: the matrix inequality has this size
MAX_ENTRIES = 20_000_000  # R·C
MAX_WORK = 20_000_000_000  # R·C·(R + d), multiplications
WORTH = 2.0**-40  # of f: a smaller decrease is within what a float64 solver leaves, and refutes nothing
MAX_BITS = 13_000  # exponent of a bound that is written out in decimal
CHUNK = 256  # cells held as balls at one time
MAX_COMMON = 16384  # bits of the common denominator of a task's targets
PRECISION = 128  # bits of a ball's midpoint
DIGITS = 20  # of the printed bounds

LEVEL = "ball arithmetic (python-flint), proved without assumptions on floating point"

ZERO = arb(0)


class MalformedError(ValueError):
    """The file is no certificate, or of a problem that is none; the message says where."""


@dataclass(frozen=True)
class Limits:
    """Sizes that a level of arithmetic takes: bytes of the file, rows R, entries R·C, products R·C·(R + d)."""

    file: int = MAX_FILE
    rows: int = MAX_ROWS
    entries: int = MAX_ENTRIES
    work: int = MAX_WORK
    name: str = "balls are"
    beyond: str = "beyond, python -m relaxations.check_float"


BALL_LIMITS = Limits()


def require(condition: bool, message: str) -> None:
    """Raise :class:`MalformedError` with ``message`` unless ``condition``."""
    if not condition:
        raise MalformedError(message)


# --------------------------------------------------------------------------- reading JSON


def parse(text: str) -> Any:
    """Strict JSON: no repeated key, no NaN or Infinity, no absurd nesting or number."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        out = dict(pairs)
        if len(out) != len(pairs):
            names = [name for name, _ in pairs]
            raise MalformedError(f"key {next(n for n in names if names.count(n) > 1)!r:.60} occurs twice")
        return out

    def no_constant(name: str) -> Any:
        raise MalformedError(f"{name} is no number of JSON")

    try:
        return json.loads(text, object_pairs_hook=unique, parse_constant=no_constant)
    except MalformedError:
        raise
    except RecursionError:
        raise MalformedError("nested too deep") from None
    except ValueError as error:
        raise MalformedError(f"not JSON: {error}") from None


def read_file(path: str, limits: Limits = BALL_LIMITS) -> Any:
    """The JSON in a file of at most ``limits.file`` bytes."""
    try:
        with open(path, "rb") as stream:
            raw = stream.read(limits.file + 1)
    except (OSError, ValueError) as error:
        raise MalformedError(f"cannot be read: {getattr(error, 'strerror', None) or error}") from None
    require(len(raw) <= limits.file, f"larger than {limits.file} bytes; {limits.beyond}")
    try:
        return parse(raw.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise MalformedError(f"not UTF-8 text: {error.reason} at byte {error.start}") from None


def fields(value: Any, keys: set[str], where: str) -> dict[str, Any]:
    """``value`` if it is an object with exactly these keys."""
    require(isinstance(value, dict), f"{where}: expected an object, got {type(value).__name__}")
    unknown, absent = sorted(set(value) - keys), sorted(keys - set(value))
    require(not unknown, f"{where}: unknown key {unknown[:1]!s:.80}; expected {sorted(keys)}")
    require(not absent, f"{where}: key {absent[:1]} is missing")
    return dict(value)


def entries(value: Any, length: int | None, where: str) -> list[Any]:
    """``value`` if it is a list, not empty and of the given length."""
    require(isinstance(value, list), f"{where}: expected a list, got {type(value).__name__}")
    require(len(value) > 0, f"{where}: empty")
    require(length is None or len(value) == length, f"{where}: {len(value)} entries; expected {length}")
    return list(value)


def integer(value: Any, low: int, high: int, where: str) -> int:
    """``value`` if it is a whole number in [low, high]; ``true`` and 3.0 are none."""
    require(type(value) is int, f"{where}: expected a whole number, got {value!r:.60}")
    require(low <= value <= high, f"{where}: expected {low} to {high}, got {value if abs(value) < 2**64 else 'more'}")
    return int(value)


def integers(value: Any, length: int, low: int, high: int, where: str) -> list[int]:
    """A list of ``length`` whole numbers in [low, high]."""
    return [integer(entry, low, high, where) for entry in entries(value, length, where)]


RATIONAL = re.compile(r"(?P<p>[+-]?[0-9]+)/(?P<q>[0-9]+)")
DECIMAL = re.compile(r"(?P<i>[+-]?[0-9]+)(\.(?P<f>[0-9]*))?([eE](?P<e>[+-]?[0-9]{1,3}))?")


def rational(value: Any, where: str) -> fmpq:
    """The rational that a text such as ``"3/100"`` or ``"0.03"`` spells, or a whole number.

    A JSON number with a point is refused: it would be ambiguous whether the decimal or its float is meant.
    """
    text = str(value) if type(value) is int else value
    require(isinstance(text, str), f"{where}: expected a rational as text, like '3/100', got {value!r:.60}")
    require(len(text) <= MAX_TEXT, f"{where}: a number of {len(text)} characters; expected at most {MAX_TEXT}")
    if match := RATIONAL.fullmatch(text):
        require(int(match["q"]) != 0, f"{where}: division by zero in {text!r:.60}")
        return fmpq(int(match["p"]), int(match["q"]))
    match = DECIMAL.fullmatch(text)
    if match is None:
        raise MalformedError(f"{where}: {text!r:.60} is no rational number")
    fraction = match["f"] or ""
    return fmpq(int(match["i"] + fraction)) * fmpq(10) ** (int(match["e"] or 0) - len(fraction))


# --------------------------------------------------------------------------- losses


@dataclass(frozen=True)
class BallLoss:
    """A Fenchel–Young loss in balls: Φ, Φ*, and whether dom Φ* is the simplex (else all of R^K).

    ``conjugate`` is only called at points of the domain: the caller has proved that the exact numbers inside
    the balls lie there.  ``predict`` is ∇Φ in floats: it proposes dual points and directions, and proves nothing.
    """

    phi: Callable[[Sequence[arb]], arb]
    conjugate: Callable[[Sequence[arb]], arb]
    predict: Callable[[Sequence[float]], list[float]]
    simplex: bool


def log_sum_exp(z: Sequence[arb]) -> arb:
    """log Σ exp z_k, about the largest midpoint so that nothing overflows."""
    top = max((x.mid() for x in z), key=lambda m: m)
    return top + sum(((x - top).exp() for x in z), ZERO).log()


def negative_entropy(q: Sequence[arb]) -> arb:
    """Σ q log q of probabilities, 0 log 0 = 0."""
    total = ZERO
    for x in q:
        if x > 0:
            total += x * x.log()
        elif not x.is_zero():
            # the exact probability lies in [0, top], where x log x is between 0 and its least value on it
            top = x.upper()
            low = top * top.log() if 0 < top < 0.36 else arb(-1)
            total += low.union(ZERO)
    return total


def half_square(z: Sequence[arb]) -> arb:
    """½‖z‖², its own conjugate."""
    return sum((x * x for x in z), ZERO) / 2


def greatest_simplex_gain(z: Sequence[arb]) -> arb:
    """max ⟨q, z⟩ − ½‖q‖² over the simplex: at least its value at any q there, at most τ + ½ Σ (z − τ)_+² for any τ.

    (The second is the dual of the first.)  τ is guessed from midpoints, q is (z − τ)_+ scaled to sum to 1: a bad
    guess, at ties for instance, would only widen the ball.
    """
    ordered = sorted((x.mid() for x in z), reverse=True)
    guess, total = ordered[0] - 1, ZERO
    for size, x in enumerate(ordered, 1):
        total += x
        candidate = ((total - 1) / size).mid()
        if not x > candidate:
            break
        guess = candidate
    positive = [x - guess if x > guess else ZERO if x < guess else ZERO.union((x - guess).upper().max(0)) for x in z]
    above = guess + sum((p * p for p in positive), ZERO) / 2
    scale = sum((p.mid() for p in positive), ZERO)
    q = [p.mid() / scale for p in positive]
    below = sum((p * x for p, x in zip(q, z, strict=True)), ZERO) - half_square(q)
    return below.union(above)


def softmax(z: Sequence[float]) -> list[float]:
    """∇ log Σ exp."""
    top = max(z)
    weights = [math.exp(x - top) for x in z]
    total = sum(weights)
    return [w / total for w in weights]


def projection(z: Sequence[float]) -> list[float]:
    """The point of the simplex nearest to z: (z − τ)_+."""
    total, tau = 0.0, max(z) - 1
    for size, x in enumerate(sorted(z, reverse=True), 1):
        total += x
        if x <= (total - 1) / size:
            break
        tau = (total - 1) / size
    return [max(x - tau, 0.0) for x in z]


#: Losses by name; one entry makes a loss known to the checker.
LOSSES = {
    "ce": BallLoss(log_sum_exp, negative_entropy, softmax, simplex=True),
    "mse": BallLoss(half_square, half_square, list, simplex=False),
    "sparsemax": BallLoss(greatest_simplex_gain, half_square, projection, simplex=True),
}


# --------------------------------------------------------------------------- the problem

#: Is the loss a mean, have the penalties halves, does the task weight multiply the decay as well?
CONVENTIONS = {
    "mean-halves": (True, True, False),
    "sum-halves": (False, True, False),
    "paper-mean": (True, False, True),
    "paper-sum": (False, False, True),
    "paper-mean-plain-decay": (True, False, False),
    "paper-sum-plain-decay": (False, False, False),
}

PROBLEM_KEYS = {
    "scenario", "loss", "convention", "classes", "targets", "labels", "counts", "sample_weights",
    "task_weights", "weight_decay", "feature_decay", "bias", "dimension",
}  # fmt: skip


@dataclass(frozen=True)
class Task:
    """One task in canonical numbers: ω_j = α m_j/N on cell j, decays λ_W and λ_b.

    rows : its rows of the stacked matrices.
    targets : table of targets, points of the simplex.
    labels : for every cell a row of ``targets``.
    masses : for every cell m_j = v_j n_j, sample weight times samples; 0 where the task does not weigh in.
    total : N = Σ_j m_j.
    lambda_b : ``None`` without a bias, 0 for a free one.
    """

    rows: slice
    targets: list[list[fmpq]]
    labels: list[int]
    masses: list[int]
    total: int
    alpha: fmpq
    lambda_w: fmpq
    lambda_b: fmpq | None

    @property
    def cells(self) -> list[int]:
        """The cells on which the task weighs in."""
        return [j for j, mass in enumerate(self.masses) if mass]

    def mean_target(self) -> list[fmpq]:
        """ȳ = Σ_j m_j y_j/N, exactly."""
        share = [0] * len(self.targets)
        for j in self.cells:
            share[self.labels[j]] += self.masses[j]
        columns = zip(*self.targets, strict=True)
        return [sum((y * m for y, m in zip(column, share, strict=True)), fmpq(0)) / self.total for column in columns]


@dataclass(frozen=True)
class Problem:
    """A stated problem, validated, in canonical numbers; ``id`` is the SHA-256 of its canonical text."""

    id: str
    summary: str
    loss_name: str
    loss: BallLoss
    tasks: list[Task]
    counts: list[int]
    lambda_h: fmpq
    dimension: int

    @property
    def rows(self) -> int:
        """R = Σ K_t."""
        return self.tasks[-1].rows.stop

    @property
    def cells(self) -> int:
        """C."""
        return len(self.counts)


def read_problem(value: Any, limits: Limits = BALL_LIMITS) -> Problem:
    """The problem that a JSON value states; every number is checked and kept exactly."""
    data = fields(value, PROBLEM_KEYS, "problem")
    for key in ("scenario", "loss", "convention"):
        require(isinstance(data[key], str) and len(data[key]) <= MAX_TEXT, f"problem.{key}: expected a short text")
    for key, known in (("loss", list(LOSSES)), ("convention", list(CONVENTIONS))):
        require(data[key] in known, f"problem.{key}: {data[key]!r:.60} is unknown; expected one of {', '.join(known)}")
    classes = [integer(k, 2, MAX_ROWS, "problem.classes") for k in entries(data["classes"], None, "problem.classes")]
    counts = [integer(n, 1, 2**53, "problem.counts") for n in entries(data["counts"], None, "problem.counts")]
    T, R, C = len(classes), sum(classes), len(counts)
    practical = f"{limits.name} practical to"
    require(R <= limits.rows, f"problem.classes: {R} in all; {practical} {limits.rows}")
    too_many = f"problem: {R} rows and {C} cells; {practical} {limits.entries} entries; {limits.beyond}"
    require(R * C <= limits.entries, too_many)

    targets = []
    for k, table in zip(classes, entries(data["targets"], T, "problem.targets"), strict=True):
        rows = [entries(row, k, "problem.targets") for row in entries(table, None, "problem.targets")]
        targets.append([[rational(y, "problem.targets") for y in row] for row in rows])
        good = all(sum(row, fmpq(0)) == 1 and min(row) >= 0 for row in targets[-1])
        require(good, "problem.targets: a row is no probability vector")
        common = fmpz(1)
        for y in (y for row in targets[-1] for y in row):
            common = common.lcm(y.q)
            require(common.bit_length() <= MAX_COMMON, "problem.targets: a common denominator out of proportion")
    rows = entries(data["labels"], T, "problem.labels")
    labels = [integers(row, C, -1, len(table) - 1, "problem.labels") for row, table in zip(rows, targets, strict=True)]
    weights = [[int(label >= 0) for label in row] for row in labels]
    if data["sample_weights"] is not None:
        rows = entries(data["sample_weights"], T, "problem.sample_weights")
        stated = [integers(row, C, 0, 2**53, "problem.sample_weights") for row in rows]
        weights = [[v * s for v, s in zip(a, b, strict=True)] for a, b in zip(weights, stated, strict=True)]
    masses = [[v * n for v, n in zip(row, counts, strict=True)] for row in weights]
    require(all(map(sum, masses)), "problem.labels: a task weighs in on no sample")

    def per_task(key: str) -> list[fmpq]:
        return [rational(number, f"problem.{key}") for number in entries(data[key], T, f"problem.{key}")]

    task_weights, decays = per_task("task_weights"), per_task("weight_decay")
    feature_decay = rational(data["feature_decay"], "problem.feature_decay")
    bias = None if data["bias"] is None else per_task("bias")
    require(min(*task_weights, *decays, feature_decay) > 0, "problem: a task weight or a decay is not positive")
    if bias is not None:
        kinds = {(b > 0) - (b < 0) for b in bias}
        require(kinds in ({0}, {1}), "problem.bias: expected a positive decay for every task, or 0 (free) for each")
    dimension = integer(data["dimension"], 1, 1_000_000, "problem.dimension")

    # the canonical text of theory.model.UFM.identity, from the values that were read
    canonical = {
        **data, "targets": [[[str(y) for y in row] for row in table] for table in targets],
        "sample_weights": None if data["sample_weights"] is None else weights,
        "task_weights": [str(c) for c in task_weights], "weight_decay": [str(w) for w in decays],
        "feature_decay": str(feature_decay), "bias": None if bias is None else [str(b) for b in bias],
    }  # fmt: skip
    text = json.dumps(canonical, sort_keys=True, separators=(",", ":"))
    sizes = f"classes {','.join(map(str, classes)):.60}, {C} cells, {sum(counts)} samples, dimension {dimension}"

    mean, halves, weighted = CONVENTIONS[data["convention"]]
    factor, start, tasks = fmpq(1 if halves else 2), 0, []
    for t, k in enumerate(classes):
        total, on_head = sum(masses[t]), factor * (task_weights[t] if weighted else 1)
        alpha = task_weights[t] * (1 if mean else total)
        lambda_b = None if bias is None else on_head * bias[t]
        rows_of = slice(start, start + k)
        task = Task(rows_of, targets[t], labels[t], masses[t], total, alpha, on_head * decays[t], lambda_b)
        if lambda_b == 0 and LOSSES[data["loss"]].simplex:
            require(
                min(task.mean_target()) > 0, f"problem.bias: free, and a class of task {t} has no sample: no minimum"
            )
        tasks.append(task)
        start += k
    return Problem(
        id=hashlib.sha256(text.encode("ascii")).hexdigest(),
        summary=f"{ascii(data['scenario'])[1:-1]:.40}, {data['loss']}, {data['convention']}, {sizes}",
        loss_name=data["loss"],
        loss=LOSSES[data["loss"]],
        tasks=tasks,
        counts=counts,
        lambda_h=factor * feature_decay,
        dimension=dimension,
    )


# --------------------------------------------------------------------------- the certificate


@dataclass(frozen=True)
class Block:
    """A matrix of float64, row-major; every entry finite."""

    rows: int
    columns: int
    data: array[float]

    def row(self, i: int, start: int = 0, stop: int | None = None) -> list[float]:
        """Entries [start, stop) of row i."""
        end = self.columns if stop is None else stop
        return self.data[i * self.columns + start : i * self.columns + end].tolist()

    def column(self, j: int, rows: slice) -> list[float]:
        """The entries of column j in these rows."""
        return self.data[rows.start * self.columns + j : rows.stop * self.columns : self.columns].tolist()


def read_block(value: Any, where: str) -> Block:
    """``{"shape", "dtype": "<f8", "data": base64}``; a vector is a matrix of one column."""
    data = fields(value, {"shape", "dtype", "data"}, where)
    require(data["dtype"] == "<f8", f"{where}.dtype: {data['dtype']!r:.40}; expected '<f8'")
    shape = [integer(n, 0, 10**9, f"{where}.shape") for n in entries(data["shape"], None, f"{where}.shape")]
    require(len(shape) <= 2, f"{where}.shape: {len(shape)} axes; expected one or two")
    require(isinstance(data["data"], str), f"{where}.data: expected base64 text")
    try:
        raw = base64.b64decode(data["data"].encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise MalformedError(f"{where}.data: not base64: {error}") from None
    size = math.prod(shape)
    require(len(raw) == 8 * size, f"{where}.data: {len(raw)} bytes; shape {shape} needs {8 * size}")
    numbers = array("d", raw)
    if sys.byteorder == "big":
        numbers.byteswap()
    require(all(map(math.isfinite, numbers)), f"{where}: holds a number that is not finite")
    return Block(shape[0], shape[1] if len(shape) == 2 else 1, numbers)


@dataclass(frozen=True)
class Contents:
    """What is read of a certificate: the problem, the point, the predictions."""

    problem: Problem
    W: Block
    H: Block
    b: Block | None
    q: Block


def read_certificate(value: Any, limits: Limits = BALL_LIMITS) -> Contents:
    """The contents of a certificate; the identity of its problem is recomputed and compared."""
    keys = {"format", "version", "problem", "problem_id", "point", "dual", "solver"}
    require(isinstance(value, dict) and value.get("format") == "multitask-collapse certificate", "no certificate")
    require(type(value.get("version")) is int and value["version"] == 1, "a version that this checker does not read")
    data = fields(value, keys, "certificate")
    problem = read_problem(data["problem"], limits)
    require(data["problem_id"] == problem.id, "problem_id: not that of the problem stated in the file")
    point = fields(data["point"], {"W", "H", "b"}, "point")
    W, H = read_block(point["W"], "point.W"), read_block(point["H"], "point.H")
    q = read_block(fields(data["dual"], {"q"}, "dual")["q"], "dual.q")
    b = None if point["b"] is None else read_block(point["b"], "point.b")
    R, C, d = problem.rows, problem.cells, W.columns
    require(W.rows == R, f"point.W: {W.rows} rows; expected {R}, one a class")
    require(d <= problem.dimension, f"point.W: feature dimension {d} exceeds the problem's {problem.dimension}")
    require((H.rows, H.columns) == (d, C), f"point.H: {H.rows} by {H.columns}; expected {d} by {C}")
    require((q.rows, q.columns) == (R, C), f"dual.q: {q.rows} by {q.columns}; expected {R} by {C}")
    require(b is None or problem.tasks[0].lambda_b is not None, "point.b: the problem has no bias")
    require(b is None or (b.rows, b.columns) == (R, 1), f"point.b: expected {R} numbers")
    too_much = f"{R} rows and {C} cells in dimension {d}: more than {limits.name} practical for; {limits.beyond}"
    require(R * C * (R + d) <= limits.work, too_much)
    return Contents(problem, W, H, b, q)


# --------------------------------------------------------------------------- the upper bound


def target_balls(problem: Problem, task: Task) -> list[tuple[list[arb], arb]]:
    """For every row y of the task's table: balls of y, and Φ*(y)."""
    tables = [[arb(y) for y in row] for row in task.targets]
    return [(y, problem.loss.conjugate(y)) for y in tables]


def upper_bound(contents: Contents) -> arb:
    """f(W, H, b), every sample of a cell at the feature of its cell."""
    problem, W, H, b = contents.problem, contents.W, contents.H, contents.b
    targets = [target_balls(problem, task) for task in problem.tasks]
    heads = arb_mat(W.rows, W.columns, W.data.tolist())
    bias = [ZERO] * W.rows if b is None else [arb(x) for x in b.data]
    total = ZERO
    for start in range(0, problem.cells, CHUNK):
        counts = problem.counts[start : start + CHUNK]
        features = [H.row(i, start, start + len(counts)) for i in range(H.rows)]
        logits = (heads * arb_mat(H.rows, len(counts), [x for row in features for x in row])).transpose().tolist()
        for task, table in zip(problem.tasks, targets, strict=True):
            loss = ZERO
            for j, column in enumerate(logits, start):
                if mass := task.masses[j]:
                    z = [x + c for x, c in zip(column[task.rows], bias[task.rows], strict=True)]
                    y, conjugate = table[task.labels[j]]
                    inner = sum((a * x for a, x in zip(y, z, strict=True) if not a.is_zero()), ZERO)
                    loss += (problem.loss.phi(z) + conjugate - inner) * mass
            total += loss * arb(task.alpha / task.total)
        squares = sum((arb(x) ** 2 * n for row in features for x, n in zip(row, counts, strict=True) if x), ZERO)
        total += squares * arb(problem.lambda_h / 2)
    for task in problem.tasks:
        rows = range(task.rows.start, task.rows.stop)
        total += sum((arb(x) ** 2 for i in rows for x in W.row(i)), ZERO) * arb(task.lambda_w / 2)
        if task.lambda_b is not None:
            total += sum((x**2 for x in bias[task.rows]), ZERO) * arb(task.lambda_b / 2)
    return total


# --------------------------------------------------------------------------- the lower bound


class TaskDual:
    """The dual point q̂ of one task that floats q define, exactly, and its balls.

    1. Simplex losses: p_j = max(q_j, 0)/Σ max(q_j, 0), or the target where nothing is positive; else p_j = q_j.
    2. Free bias: p_j + ȳ − p̄ with p̄ = Σ_j m_j p_j/N, so that r = 0 and, p summing to 1, the sum stays 1:
       identities between rationals.  Where an entry might be negative (simplex losses): the mixture
       (1 − τ)(p_j + ȳ − p̄) + τ ȳ, whose r is 0 as well, with the least τ of a ladder that is proved to do.
    Where the task does not weigh in on a cell, q is not read.
    """

    def __init__(self, problem: Problem, task: Task, q: Block) -> None:
        self.task, self.q, self.loss = task, q, problem.loss
        self.targets = target_balls(problem, task)
        self.mean = [arb(y) for y in task.mean_target()]
        self.shift: list[arb] | None = None
        self.mix = fmpq(0)
        #: ȳ − p̄ = r/α
        self.imbalance: list[arb] = []
        if task.lambda_b is not None:
            weighted = ([x * task.masses[j] for x in self.prediction(j)] for j in task.cells)
            total = [sum(column, ZERO) for column in zip(*weighted, strict=True)]
            self.imbalance = [y - p / task.total for y, p in zip(self.mean, total, strict=True)]
            if task.lambda_b == 0:
                self.shift = self.imbalance
                if self.loss.simplex:
                    self.mix = self._mixture()

    def target(self, j: int) -> tuple[list[arb], arb]:
        """Balls of y_j, and Φ*(y_j)."""
        return self.targets[self.task.labels[j]]

    def prediction(self, j: int) -> list[arb]:
        """Balls of q̂_j."""
        p = [arb(x) for x in self.q.column(j, self.task.rows)]
        if self.loss.simplex:
            p = [x if x > 0 else ZERO for x in p]
            total = sum(p, ZERO)
            p = [x / total for x in p] if total > 0 else self.target(j)[0]
        if self.shift is not None:
            p = [x + c for x, c in zip(p, self.shift, strict=True)]
        if self.mix > 0:
            p = [(1 - arb(self.mix)) * x + arb(self.mix) * y for x, y in zip(p, self.mean, strict=True)]
        return p

    def _mixture(self) -> fmpq:
        """The least τ of 0, 2^-100, ..., 1/2, 1 for which no entry is negative; at 1 q̂ is the mean target."""
        lows = ([x.lower() for x in self.prediction(j)] for j in self.task.cells)
        least = [min(column) for column in zip(*lows, strict=True)]
        for tau in [fmpq(0), *(fmpq(1, 2**k) for k in range(100, 0, -1))]:
            if all((1 - arb(tau)) * a + arb(tau) * y >= 0 for a, y in zip(least, self.mean, strict=True)):
                return tau
        return fmpq(1)

    def residual(self, j: int) -> list[arb]:
        """ω_j(y_j − q̂_j)."""
        omega = arb(self.task.alpha * self.task.masses[j] / self.task.total)
        return [omega * (y - q) for y, q in zip(self.target(j)[0], self.prediction(j), strict=True)]

    def value(self, s: fmpq) -> arb:
        """The task's share of D(y + s(q̂ − y)): r scales by s."""
        total, keep, shrink = ZERO, arb(1 - s), arb(s)
        for j in self.task.cells:
            y, conjugate = self.target(j)
            q = self.prediction(j)
            if s != 1:
                q = [keep * a + shrink * b for a, b in zip(y, q, strict=True)]
            total += (conjugate - self.loss.conjugate(q)) * self.task.masses[j]
        total *= arb(self.task.alpha / self.task.total)
        if self.task.lambda_b:
            square = sum((x * x for x in self.imbalance), ZERO)
            total -= square * arb((s * self.task.alpha) ** 2 / (2 * self.task.lambda_b))
        return total


def gram(problem: Problem, duals: Sequence[TaskDual]) -> arb_mat:
    """V Vᵀ = Σ_j g_j g_jᵀ/n_j, g_j the stacked residuals of cell j: no root is needed; R × R."""
    out = arb_mat(problem.rows, problem.rows)
    for start in range(0, problem.cells, CHUNK):
        counts = problem.counts[start : start + CHUNK]
        residuals = [[ZERO] * problem.rows for _ in counts]
        for dual in duals:
            for j, g in enumerate(residuals, start):
                if dual.task.masses[j]:
                    g[dual.task.rows] = dual.residual(j)
        shares = [g if n == 1 else [x / n for x in g] for g, n in zip(residuals, counts, strict=True)]
        out += arb_mat(residuals).transpose() * arb_mat(shares)
    return out


def positive_definite(matrix: arb_mat) -> bool:
    """Is every symmetric matrix in these balls positive definite?  ``False`` where that is not proved.

    Leading block and its Schur complement positive definite ⟺ the whole is (Haynsworth 1968), recursively.
    """
    n = matrix.nrows()
    if n == 1:
        return bool(matrix[0, 0] > 0)
    half, rows = n // 2, matrix.tolist()
    lead = arb_mat([row[:half] for row in rows[:half]])
    side = arb_mat([row[half:] for row in rows[:half]])
    rest = arb_mat([row[half:] for row in rows[half:]])
    if not positive_definite(lead):
        return False
    try:
        solved = lead.solve(side)
    except ZeroDivisionError:  # python-flint's word for "not proved regular"
        return False
    return positive_definite(rest - side.transpose() * solved)


def largest_scale(problem: Problem, gram: arb_mat) -> fmpq:
    """A large s in [0, 1] for which s² V Vᵀ ⪯ λ_H diag(λ_{W,t} I) is proved; s = 0 always is.

    Bisection on the ladder 1, 1 − 2^-60, ..., 1/2, ..., 2^-60, 0, then between two rungs.
    """
    limit = arb_mat(problem.rows, problem.rows)
    for task in problem.tasks:
        for i in range(task.rows.start, task.rows.stop):
            limit[i, i] = arb(problem.lambda_h * task.lambda_w)

    def feasible(s: fmpq) -> bool:
        return s == 0 or positive_definite(limit - gram * arb(s * s))

    rungs = [fmpq(1), *(1 - fmpq(1, 2**k) for k in range(60, 0, -1)), *(fmpq(1, 2**k) for k in range(2, 61)), fmpq(0)]
    if feasible(rungs[0]):
        return rungs[0]
    bad, good = 0, len(rungs) - 1
    while good - bad > 1:
        middle = (bad + good) // 2
        bad, good = (bad, middle) if feasible(rungs[middle]) else (middle, good)
    too_large, s = rungs[bad], rungs[good]
    for _ in range(8):
        middle_rung = (too_large + s) / 2
        too_large, s = (too_large, middle_rung) if feasible(middle_rung) else (middle_rung, s)
    return s


# --------------------------------------------------------------------------- the refutation


@dataclass(frozen=True)
class Direction:
    """A direction at a point, and the step to try first; ``W`` and ``H`` may have one column (row) more."""

    kind: str
    W: Block
    H: Block
    b: Block | None
    first: float


def float_of(x: arb) -> float:
    """The midpoint of a ball as a float."""
    return float(x.mid())


def linearised(contents: Contents) -> tuple[Block, Block]:
    """(q, G) in floats, untrusted: q_j = ∇Φ(W h_j + b), and the residuals g_j = ω_j(y_j − q_j); R × C each."""
    problem, W, H, b = contents.problem, contents.W, contents.H, contents.b
    heads, C = arb_mat(W.rows, W.columns, W.data.tolist()), problem.cells
    targets = [[[int(y.p) / int(y.q) for y in row] for row in task.targets] for task in problem.tasks]
    weights = [float_of(arb(task.alpha / task.total)) for task in problem.tasks]
    q, g = array("d", bytes(8 * W.rows * C)), array("d", bytes(8 * W.rows * C))
    for start in range(0, C, CHUNK):
        stop = min(start + CHUNK, C)
        features = [x for i in range(H.rows) for x in H.row(i, start, stop)]
        logits = (heads * arb_mat(H.rows, stop - start, features)).transpose().tolist()
        for j, column in enumerate(logits, start):
            z = [float_of(x) + (0.0 if b is None else b.data[i]) for i, x in enumerate(column)]
            for task, table, weight in zip(problem.tasks, targets, weights, strict=True):
                if task.masses[j]:
                    p, y = problem.loss.predict(z[task.rows]), table[task.labels[j]]
                    own = slice(task.rows.start * C + j, (task.rows.stop - 1) * C + j + 1, C)
                    q[own] = array("d", p)
                    g[own] = array("d", [weight * task.masses[j] * (a - x) for a, x in zip(y, p, strict=True)])
    return Block(W.rows, C, q), Block(W.rows, C, g)


def descent_direction(contents: Contents, residuals: Block, value: float) -> Direction:
    """−∇f: δW_t = Σ_j g_j h_jᵀ − λ_W W_t, δh = Wᵀg_j/n_j − λ_H h (one sample's), δb = Σ_j g_j − λ_b b."""
    problem, W, H, b = contents.problem, contents.W, contents.H, contents.b
    G, features = (arb_mat(m.rows, m.columns, m.data.tolist()) for m in (residuals, H))
    heads = arb_mat(W.rows, W.columns, W.data.tolist())
    to_heads, to_features = (G * features.transpose()).tolist(), (heads.transpose() * G).tolist()
    dW, dH, db = array("d"), array("d"), array("d")
    for task in problem.tasks:
        decay, decay_b = float_of(arb(task.lambda_w)), float_of(arb(task.lambda_b or 0))
        for i in range(task.rows.start, task.rows.stop):
            dW.extend(float_of(x) - decay * w for x, w in zip(to_heads[i], W.row(i), strict=True))
            db.append(math.fsum(residuals.row(i)) - (0.0 if b is None else decay_b * b.data[i]))
    decay, counts = float_of(arb(problem.lambda_h)), problem.counts
    for i, row in enumerate(to_features):
        dH.extend(float_of(x) / n - decay * h for x, n, h in zip(row, counts, H.row(i), strict=True))
    biased = problem.tasks[0].lambda_b is not None
    square = math.fsum(x * x for x in dW) + math.fsum(x * x * n for x, n in zip(dH, counts * H.rows, strict=True))
    square += math.fsum(x * x for x in db) if biased else 0.0
    first = 4 * value / square if square > 0 else 0.0  # f >= 0 cannot fall by more than itself
    bias = Block(W.rows, 1, db) if biased else None
    return Direction("negative gradient", Block(W.rows, W.columns, dW), Block(H.rows, H.columns, dH), bias, first)


def curvature_direction(contents: Contents, residuals: Block, value: float) -> Direction | None:
    """Where ‖U'‖ = σ > √λ_H: δW_t = λ_H^¼ u_t rᵀ/√λ_{W,t}, δh_j = λ_H^-¼ r v_j/√n_j, r ⟂ (W, H), (u, v) the top pair.

    At a critical point a step ε changes f by −ε²(σ − √λ_H)(1 + o(1)) (Haeffele and Vidal 2015; Zhu et al. 2021).
    r is a coordinate that the point does not use yet, or a null vector of WᵀW + HHᵀ; ``None`` where there is none.
    """
    problem, W, H = contents.problem, contents.W, contents.H
    R, C, d = W.rows, problem.cells, W.columns
    roots = [math.sqrt(float_of(arb(task.lambda_w))) for task in problem.tasks for _ in range(*task.rows.indices(R))]
    scales = [math.sqrt(n) for n in problem.counts]
    U = arb_mat(R, C, [residuals.data[i * C + j] / (roots[i] * scales[j]) for i in range(R) for j in range(C)])
    square, u = (U * U.transpose()).mid(), arb_mat(R, 1, [1 + i / (R + 1) for i in range(R)])
    for _ in range(100):
        u = (square * u).mid()
        size = math.sqrt(sum(float_of(x) ** 2 for x in u.entries()))
        if not 0 < size < math.inf:
            return None
        u = (u * arb(1 / size)).mid()
    v = [float_of(x) for x in (u.transpose() * U).entries()]
    sigma, limit = math.sqrt(math.fsum(x * x for x in v)), math.sqrt(float_of(arb(problem.lambda_h)))
    if sigma <= limit:
        return None
    r = [0.0] * d + [1.0] if d < problem.dimension else unused_direction(W, H)
    if r is None:
        return None
    quarter = math.sqrt(limit)
    dW = array("d", [quarter * float_of(x) / roots[i] * c for i, x in enumerate(u.entries()) for c in r])
    dH = array("d", [c * x / (sigma * quarter * scales[j]) for c in r for j, x in enumerate(v)])
    first = 2 * math.sqrt(value / (sigma - limit))
    return Direction("negative curvature", Block(R, len(r), dW), Block(len(r), C, dH), None, first)


def unused_direction(W: Block, H: Block) -> list[float] | None:
    """A unit vector nearly orthogonal to the rows of W and the columns of H, by inverse iteration; ``None`` without."""
    d = W.columns
    heads, features = (arb_mat(m.rows, m.columns, m.data.tolist()) for m in (W, H))
    used = (heads.transpose() * heads + features * features.transpose()).mid()
    size = sum((used[i, i] for i in range(d)), ZERO)
    shift = size * 2.0**-60 + 2.0**-1000
    shifted = used + arb_mat([[shift if i == k else ZERO for k in range(d)] for i in range(d)])
    r = arb_mat(d, 1, [1 + i / (d + 1) for i in range(d)])
    for _ in range(4):
        try:
            r = shifted.solve(r).mid()
        except ZeroDivisionError:
            return None
        r = (r * (1 / (r.transpose() * r)[0, 0].sqrt())).mid()
    return [float_of(x) for x in r.entries()] if (r.transpose() * used * r)[0, 0] <= size * 2.0**-40 else None


def moved(block: Block | None, direction: Block, step: float) -> Block:
    """The float64 nearest to block + step · direction, entry by entry; the block has zeros where it is smaller."""
    data = array("d")
    for i in range(direction.rows):
        old = block.row(i) if block is not None and i < block.rows else []
        old += [0.0] * (direction.columns - len(old))
        data.extend(x + step * y for x, y in zip(old, direction.row(i), strict=True))
    return Block(direction.rows, direction.columns, data)


def block_data(block: Block) -> dict[str, Any]:
    """A block as :func:`read_block` reads it."""
    numbers = array("d", block.data)
    if sys.byteorder == "big":
        numbers.byteswap()
    text = base64.b64encode(numbers.tobytes()).decode("ascii")
    return {"shape": [block.rows, block.columns], "dtype": "<f8", "data": text}


def line_search(contents: Contents, direction: Direction, before: fmpq) -> tuple[fmpq, float, fmpq] | None:
    """(proven decrease, step, a number that f is at most after it): steps shrink while that pays."""
    best: tuple[fmpq, float, fmpq] | None = None
    for k in range(40):
        step = direction.first * 2.0**-k
        W, H = moved(contents.W, direction.W, step), moved(contents.H, direction.H, step)
        b = contents.b if direction.b is None else moved(contents.b, direction.b, step)
        if not all(map(math.isfinite, (*W.data, *H.data, *(b.data if b else ())))):
            continue
        after = endpoint(upper_bound(replace(contents, W=W, H=H, b=b)).upper())
        if after is not None and before - after > (best[0] if best else 0):
            best = before - after, step, after
        elif best is not None:
            break
    return best


def refute(contents: Contents, residuals: Block) -> dict[str, Any] | None:
    """A witness that the point is no minimum, or ``None``: a direction, a step, and the proven decrease of f.

    {"kind", "step", "decrease", "from", "to", "direction": {"W", "H", "b"}}: f at the point is at least ``from``; f at
    the float64 nearest to point + step · direction is at most ``to``; ``decrease`` is their difference (decimals).
    Whatever proposed the direction, two evaluations of f in balls prove it.
    """
    before = endpoint(upper_bound(contents).lower())
    if before is None or before <= 0:
        return None
    value = int(before.p) / int(before.q)
    found: list[tuple[fmpq, float, fmpq, Direction]] = []
    for propose in (curvature_direction, descent_direction):
        direction = propose(contents, residuals, value)
        if direction is not None and 0 < direction.first < math.inf:
            result = line_search(contents, direction, before)
            found += [] if result is None else [(*result, direction)]
    if not found:
        return None
    decrease, step, after, direction = max(found, key=lambda entry: entry[0])
    if decrease <= before * fmpq(*WORTH.as_integer_ratio()):
        return None
    low, high = decimal(before, up=False), decimal(after, up=True)
    parts = {"W": direction.W, "H": direction.H, "b": direction.b}
    return {
        "kind": direction.kind,
        "step": step,
        "decrease": decimal(rational(low, "from") - rational(high, "to"), up=False),
        "from": low,
        "to": high,
        "direction": {name: None if part is None else block_data(part) for name, part in parts.items()},
    }


# --------------------------------------------------------------------------- the verdict


@dataclass(frozen=True)
class Verdict:
    """What is proved: the global minimum of the problem ``problem_id`` lies in [lower, upper].

    status : ``certified`` (proven relative width at most the tolerance), ``inconclusive`` (the enclosure holds
        but is wider), ``mismatch`` (a certificate of another problem than asked for) or ``malformed``; where the
        point was asked about, also ``refuted`` (f is proved to fall along ``witness``; the enclosure holds).
    reason : one sentence.
    lower, upper : decimal texts, rounded outward; ``upper`` is ``None`` if no finite bound was found.
    gap, relative_gap : upper − lower and that over max(upper, 1e-300), rounded up.
    scale : the s by which the residual of q was shrunk; 1 if q was feasible as it stood.
    level : what the proof rests on: the arithmetic, and its assumptions if it makes any.
    witness : of a refutation, see :func:`refute`.
    """

    status: str
    reason: str
    problem_id: str | None = None
    problem: str | None = None
    lower: str | None = None
    upper: str | None = None
    gap: float | None = None
    relative_gap: float | None = None
    scale: float | None = None
    level: str | None = None
    witness: dict[str, Any] | None = None

    @property
    def certified(self) -> bool:
        """Is the status ``certified``?"""
        return self.status == "certified"


def endpoint(value: arb) -> fmpq | None:
    """The exact dyadic number that a ball of radius 0 is; ``None`` if it is none or out of proportion."""
    if not value.is_finite():
        return None
    mantissa, exponent = value.man_exp()
    return fmpq(mantissa) * fmpq(2) ** int(exponent) if abs(int(exponent)) <= MAX_BITS else None


def decimal(value: fmpq, up: bool, digits: int = DIGITS) -> str:
    """``value`` to so many significant digits, rounded up or down (and never the other way)."""
    if value == 0:
        return "0"
    size, away = abs(value), up == (value > 0)
    exponent = len(str(int(size.p))) - len(str(int(size.q)))
    while fmpq(10) ** exponent > size:
        exponent -= 1
    scaled = size * fmpq(10) ** (digits - 1 - exponent)
    number = int(scaled.ceil() if away else scaled.floor())
    if number == 10**digits:
        number, exponent = 10 ** (digits - 1), exponent + 1
    text = str(number)
    if -5 <= exponent < digits:
        body = "0" * -exponent + text
        point = max(exponent, 0) + 1
        out = f"{body[:point]}.{body[point:]}".rstrip("0").rstrip(".")
    else:
        out = f"{text[0]}.{text[1:]}".rstrip("0").rstrip(".") + f"e{exponent:+d}"
    return ("-" if value < 0 else "") + out


def float_up(value: fmpq) -> float:
    """A float64 at least as large as ``value`` >= 0."""
    try:
        return math.nextafter(int(value.p) / int(value.q), math.inf) if value > 0 else 0.0
    except OverflowError:
        return math.inf


def position(verdict: Verdict, value: arb) -> str:
    """Where a ball lies against the enclosure: proved ``"inside"``, proved ``"outside"``, or ``"overlaps"`` an end."""
    middle, radius = endpoint(value.mid()), endpoint(value.rad())
    if verdict.lower is None or middle is None or radius is None:
        return "overlaps"
    low, high = middle - radius, middle + radius
    lower = rational(verdict.lower, "lower")
    upper = None if verdict.upper is None else rational(verdict.upper, "upper")
    if high < lower or (upper is not None and low > upper):
        return "outside"
    return "inside" if lower <= low and (upper is None or high <= upper) else "overlaps"


@dataclass(frozen=True)
class Method:
    """A level of trust: what it rests on, the sizes it takes, and its bounds.

    ``bounds`` gives rationals (low, high, s) with low <= min f <= high, each ``None`` where there is none, and the
    scale of the dual point.
    """

    level: str
    limits: Limits
    bounds: Callable[[Contents], tuple[fmpq | None, fmpq | None, fmpq]]


def ball_bounds(contents: Contents) -> tuple[fmpq | None, fmpq | None, fmpq]:
    """The enclosure of the minimum in balls."""
    precision = ctx.prec
    try:
        ctx.prec = PRECISION
        duals = [TaskDual(contents.problem, task, contents.q) for task in contents.problem.tasks]
        s = largest_scale(contents.problem, gram(contents.problem, duals))
        # 2^-100 outward: a value equal to an end in exact arithmetic then lies inside by more than rounding
        low = endpoint((sum((dual.value(s) for dual in duals), ZERO) * arb(1, 2.0**-100)).lower())
        high = endpoint((upper_bound(contents) * arb(1, 2.0**-100)).upper())
        return low, high, s
    finally:
        ctx.prec = precision


BALLS = Method(LEVEL, BALL_LIMITS, ball_bounds)


def check_certificate(
    data: Any, tolerance: str = "1e-8", problem: Any = None, method: Method | None = None, point: bool = False
) -> Verdict:
    """The verdict on a certificate as parsed by :func:`parse`.

    ``tolerance`` is a positive decimal; ``problem`` (the data of a problem, or of a certificate that states it)
    is the problem that the certificate must be of; ``method`` is :data:`BALLS` or another level.  ``point`` asks
    whether the point is optimal, whatever q the file has: the predictions of the point itself are tried as well, and
    where neither certifies, a direction that lowers f.  Never raises for bad data: ``malformed`` says what is wrong.
    """
    method = method or BALLS
    try:
        contents = read_certificate(data, method.limits)
        if problem is not None:
            stated = problem["problem"] if isinstance(problem, dict) and "point" in problem else problem
            wanted = read_problem(stated, method.limits)
            if wanted.id != contents.problem.id:
                why = f"the certificate is of problem {contents.problem.id[:16]}..., not of {wanted.id[:16]}..."
                return Verdict("mismatch", why, contents.problem.id, contents.problem.summary)
        verdict = _verdict(contents, rational(tolerance, "tolerance"), method)
        return _point_verdict(contents, verdict, tolerance, method) if point and not verdict.certified else verdict
    except MalformedError as error:
        return Verdict("malformed", str(error))
    except (RecursionError, MemoryError, OverflowError) as error:
        return Verdict("malformed", f"out of proportion: {type(error).__name__}")


def _point_verdict(contents: Contents, verdict: Verdict, tolerance: str, method: Method) -> Verdict:
    """The verdict on the point of a certificate whose q did not certify it."""
    precision = ctx.prec
    try:
        ctx.prec = PRECISION
        q, residuals = linearised(contents)
        if not all(map(math.isfinite, (*q.data, *residuals.data))):
            return verdict
        own = _verdict(replace(contents, q=q), rational(tolerance, "tolerance"), method)
        if own.lower is not None and rational(own.lower, "lower") > rational(verdict.lower or "0", "lower"):
            verdict = own
        witness = None if verdict.certified else refute(contents, residuals)
    except (ValueError, ZeroDivisionError):  # floats out of range while proposing
        return verdict
    finally:
        ctx.prec = precision
    if witness is None:
        return verdict
    why = f"no minimum: f falls by at least {float(witness['decrease']):.3g} along the {witness['kind']}"
    return replace(verdict, status="refuted", reason=why, witness=witness)


def _verdict(contents: Contents, tolerance: fmpq, method: Method) -> Verdict:
    problem = contents.problem
    low, high, s = method.bounds(contents)
    # f >= 0, for ℓ >= 0
    lower = "0" if low is None or low <= 0 else decimal(low, up=False)
    proved = Verdict("inconclusive", "", problem.id, problem.summary, lower, level=method.level)
    proved = replace(proved, scale=int(s.p) / int(s.q))
    if high is None:
        return replace(proved, reason="f has no finite value in range at the point")
    upper = decimal(high, up=True)
    # from the texts, so that the verdict is about what is printed
    width, top = rational(upper, "upper") - rational(lower, "lower"), rational(upper, "upper")
    if width < 0:
        return Verdict("inconclusive", "the bounds contradict each other: a fault of this checker", problem.id)
    relative, within = width / max(top, fmpq(1, 10**300)), f"{int(tolerance.p) / int(tolerance.q):.3g}"
    proved = replace(proved, upper=upper, gap=float_up(width), relative_gap=float_up(relative))
    if relative <= tolerance:
        return replace(
            proved, status="certified", reason=f"proven relative width {proved.relative_gap:.3g}, within {within}"
        )
    return replace(proved, reason=f"proven relative width {proved.relative_gap:.3g} exceeds the tolerance {within}")


def check_file(
    path: str,
    tolerance: str = "1e-8",
    problem: str | None = None,
    method: Method | None = None,
    point: bool = False,
) -> Verdict:
    """The verdict on the certificate at ``path``; ``problem`` is the path of the problem it must be of."""
    limits = (method or BALLS).limits
    try:
        wanted = None if problem is None else read_file(problem, limits)
    except MalformedError as error:
        return Verdict("malformed", f"{problem}: {error}")
    try:
        return check_certificate(read_file(path, limits), tolerance, wanted, method, point)
    except (MalformedError, MemoryError) as error:
        return Verdict("malformed", str(error) or "out of memory")


# --------------------------------------------------------------------------- command line


def print_witness(witness: dict[str, Any], most: int = 12) -> None:
    """A witness in words, with the first rows of its direction."""
    print(f"witness    {witness['kind']}, step {witness['step']:.6g}: f falls from {witness['from']}")
    print(f"           to {witness['to']}, by at least {witness['decrease']}")
    for name, data in witness["direction"].items():
        if data is not None:
            block = read_block(data, name)
            for i in range(min(block.rows, most)):
                row = [f"{x: .4g}" for x in block.row(i)[:most]] + ["..."] * (block.columns > most)
                print(f"{'' if i else 'd' + name:<10} {' '.join(row)}")
            if block.rows > most:
                print(f"{'':<10} ... {block.rows} rows; in full with --json")


def main(arguments: Sequence[str] | None = None, method: Method | None = None, prog: str = "check") -> int:
    """``check.py [--point] FILE [--problem FILE] [--tolerance X] [--json]``: exit 0 certified, 1 not, 2 usage."""
    parser = argparse.ArgumentParser(
        prog=prog, description="Prove from a certificate file alone between which numbers a global minimum lies."
    )
    parser.add_argument("file", help="the certificate")
    parser.add_argument("--point", action="store_true", help="judge the point: certify it, or print a way down from it")
    parser.add_argument("--problem", metavar="FILE", help="refuse a certificate of another problem than FILE states")
    parser.add_argument("--tolerance", default="1e-8", metavar="X", help="relative width that is enough (default 1e-8)")
    parser.add_argument("--json", action="store_true", help="print the verdict as one JSON object")
    options = parser.parse_args(arguments)
    try:
        if rational(options.tolerance, "--tolerance") <= 0:
            parser.error(f"--tolerance: {options.tolerance}; expected a positive number")
    except MalformedError as error:
        parser.error(str(error))
    verdict = check_file(options.file, options.tolerance, options.problem, method, options.point)
    if options.json:
        clean = {k: v for k, v in vars(verdict).items() if not (isinstance(v, float) and math.isinf(v))}
        print(json.dumps({**dict.fromkeys(vars(verdict)), **clean}))
    elif verdict.lower is None:
        print(f"{verdict.status}: {verdict.reason}", file=sys.stderr)
    else:
        print(f"{verdict.status}: {verdict.reason}")
        print(f"minimum in [{verdict.lower}, {verdict.upper or 'unbounded'}]")
        if verdict.gap is not None:
            print(f"width      {verdict.gap:.3g}, relative {verdict.relative_gap:.3g}")
        print(f"level      {verdict.level}")
        if verdict.witness is not None:
            print_witness(verdict.witness)
        print(f"problem    {verdict.problem_id}\n           {verdict.problem}")
    return 0 if verdict.certified else 1


if __name__ == "__main__":
    sys.exit(main())
