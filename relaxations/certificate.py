"""What a certificate file holds, and how it is written and read.

A certificate is UTF-8 JSON (strict: no key twice, no NaN or Infinity, no other keys than these)::

    {"format": "multitask-collapse certificate", "version": 1,
     "problem":    the problem, in exact numbers, below,
     "problem_id": SHA-256 of the problem's canonical text, hexadecimal,
     "point":      {"W": block (R, d'), "H": block (d', C), "b": block (R,) or null},
     "dual":       {"q": block (R, C)},
     "solver":     {...}   for people: who found the point; never read by a checker}

    block = {"shape": [rows, columns] or [rows], "dtype": "<f8", "data": base64 of little-endian float64, row-major}

Every number of a block is finite and stands for exactly the rational that it is.  The point is any (W, H, b) with one
feature a cell and d' at most the problem's dimension (``b`` null where there is no bias): its value bounds the minimum
from above.  The predictions q bound it from below; they need not be feasible, see ``check``, which derives both
bounds and trusts none that a file states.

**Problem** (R = Σ K_t rows, C cells, T tasks)::

    {"scenario": a name, "loss": "ce" | "mse" | "sparsemax", "convention": a name of theory.model.CONVENTIONS,
     "classes": [K_t], "dimension": d, "counts": [n_j],
     "targets": for every task a table of probability vectors, "labels": T × C rows of those tables, −1 unlabelled,
     "sample_weights": T × C whole numbers or null (all 1), "task_weights": [c_t], "weight_decay": [λ_{W,t}],
     "feature_decay": λ_H, "bias": null (none), or decays [λ_{b,t}], all positive or all "0" (free)}

Rationals are text ("3/100", "0.03", "3e-2") or whole numbers; a JSON number with a point is refused, for it would be
ambiguous whether the decimal or its float is meant.  Sizes, labels, counts and sample weights are whole numbers.

**Refutation.**  What shows that a point is *no* minimum is a file of its own (``--point FILE --save-refutation FILE``),
the same but for its format and for a witness in place of the dual::

    {"format": "multitask-collapse refutation", ...,
     "witness": {"step": a rational that is a float64, "direction": {"W": block, "H": block, "b": block or null}}}

It states that f is smaller at point + step · direction (the float64 numbers nearest to that for ``check``, exactly that
for ``check_exact``); the direction may have more columns than the point, up to the problem's dimension.  By how much f
falls is proved by the checker, not stated.

**Canonical text and id.**  Every rational in lowest terms ("3/100", "2"), sample weights 0 where a label is −1, keys
sorted, no blanks, other characters than ASCII escaped; its SHA-256 is the id.  The same problem spelt otherwise has
the same id; any number changed, or another scenario's name, gives another.  The id is recomputed, never believed.

**Version.**  A whole number, raised whenever a file that an old checker accepts would mean something else, or a new
file would be refused by an old one; readers refuse versions that they do not know.  This is version 1.

**Checkers and what they take** (a refusal names the next one)::

    check_exact   exact rationals, standard library    4 MiB,    40 rows,      2·10^6 products R·C·(R + d')
    check         balls (python-flint)               256 MiB, 1,000 rows,      2·10^7 entries R·C, 2·10^10 products
    check_float   float64, a-priori rounding bounds    1 GiB, 4,000 rows,      10^8 entries, 2·10^13 products

A rational has at most 1,600 characters and exponents of three digits, counts and weights are at most 2^53, and a
task's targets have a common denominator of at most 16,384 bits (4,096 in ``check_exact``).

Files are written whole or not at all (:func:`relaxations.records.write_text`), and never unpickled.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from relaxations.check import MalformedError, fields, parse, read_block, read_file
from relaxations.check_float import LIMITS
from relaxations.records import write_text
from theory.labels import FloatArray
from theory.model import UFM

if TYPE_CHECKING:
    from relaxations.solve import Solution

FORMAT = "multitask-collapse certificate"
VERSION = 1


@dataclass(frozen=True, eq=False)
class Certificate:
    """A problem with a point and predictions that enclose its minimum.

    Attributes
    ----------
    problem : the :class:`theory.model.UFM`.
    W, H, b : the point: ``(R, d')``, cell features ``(d', C)``, ``(R,)`` or ``None``.
    q : ``(R, C)`` predictions.
    solver : informational; plain JSON data.

    Raises ``ValueError`` for wrong shapes or numbers that are not finite.
    """

    problem: UFM
    W: FloatArray
    H: FloatArray
    b: FloatArray | None
    q: FloatArray
    solver: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        W, H, bias = self.problem.checked_point(self.W, self.H, self.b)
        q = np.asarray(self.q, dtype=np.float64)
        shape = (self.problem.design.rows, self.problem.design.cells)
        if q.shape != shape:
            raise ValueError(f"q: shape {q.shape}; expected {shape}, one column of predictions a cell")
        if not np.isfinite(q).all():
            raise ValueError("q: holds a number that is not finite")
        # a bias of zeros where there is none is no bias; where there is one, none is zero
        b = bias if self.problem.has_bias else None
        for name, value in (("W", W), ("H", H), ("b", b), ("q", q)):
            object.__setattr__(self, name, value)

    @classmethod
    def from_solution(cls, solution: Solution) -> Certificate:
        """The certificate of what a solver found."""
        about = {
            "name": solution.solver,
            "status": solution.status,
            "iterations": None if solution.iterations is None else int(solution.iterations),
            "seconds": float(solution.seconds),
            "rank": int(solution.rank),
        }
        return cls(solution.problem, solution.W, solution.H, solution.b, solution.q, about)

    def to_dict(self) -> dict[str, Any]:
        """The certificate as plain data."""
        return {
            "format": FORMAT,
            "version": VERSION,
            "problem": self.problem.to_dict(),
            "problem_id": self.problem.identity,
            "point": {"W": block(self.W), "H": block(self.H), "b": None if self.b is None else block(self.b)},
            "dual": {"q": block(self.q)},
            "solver": self.solver,
        }

    def to_text(self) -> str:
        """The text of the file."""
        return json.dumps(self.to_dict(), sort_keys=True, allow_nan=False, separators=(",", ":")) + "\n"

    @classmethod
    def from_dict(cls, data: Any) -> Certificate:
        """The certificate that :meth:`to_dict` wrote.  Raises ``ValueError`` that says what is wrong."""
        if not isinstance(data, dict) or data.get("format") != FORMAT:
            raise ValueError(f"no certificate: expected an object with format {FORMAT!r}")
        if data.get("version") != VERSION:
            raise ValueError(f"certificate of version {data.get('version')!r:.20}; this suite reads {VERSION}")
        data = fields(data, {"format", "version", "problem", "problem_id", "point", "dual", "solver"}, "certificate")
        try:
            problem = UFM.from_dict(data["problem"])
        except (TypeError, KeyError, AttributeError, OverflowError) as error:
            raise ValueError(f"problem: {error}") from None
        if data["problem_id"] != problem.identity:
            raise ValueError("problem_id: not that of the problem stated in the file")
        point, dual = fields(data["point"], {"W", "H", "b"}, "point"), fields(data["dual"], {"q"}, "dual")
        return cls(
            problem,
            _array(point["W"], "point.W"),
            _array(point["H"], "point.H"),
            None if point["b"] is None else _array(point["b"], "point.b").reshape(-1),
            _array(dual["q"], "dual.q"),
            data["solver"],
        )

    def save(self, path: Path | str) -> None:
        """Write the file, whole or not at all."""
        write_text(path, self.to_text())

    @classmethod
    def load(cls, path: Path | str) -> Certificate:
        """The certificate at ``path``.  Raises ``ValueError`` with the path and what is wrong."""
        try:
            return cls.from_dict(read_file(str(path), LIMITS))
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from None

    @classmethod
    def from_text(cls, text: str) -> Certificate:
        """The certificate in a text.  Raises ``ValueError``."""
        return cls.from_dict(parse(text))


def block(values: FloatArray) -> dict[str, Any]:
    """An array as ``{"shape", "dtype", "data"}``: float64, little-endian, row-major, base64."""
    array = np.ascontiguousarray(values, dtype="<f8")
    text = base64.b64encode(array.tobytes()).decode("ascii")
    return {"shape": list(array.shape), "dtype": "<f8", "data": text}


def _array(data: Any, where: str) -> FloatArray:
    """The array of a block."""
    try:
        read = read_block(data, where)
    except MalformedError as error:
        raise ValueError(str(error)) from None
    return np.array(read.data, dtype=np.float64).reshape(read.rows, read.columns)
