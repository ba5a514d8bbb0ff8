"""Reading what a stranger wrote: strict JSON, whole numbers, rationals, blocks of float64.

Every function either returns what it was asked for or raises :class:`MalformedError` with the place and what is wrong.
Nothing here is believed of a file beyond its own numbers, and no number is read that is larger than the limits.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
import sys
from array import array
from dataclasses import dataclass
from typing import Any

from flint import fmpq

MAX_FILE = 256 * 2**20  # bytes
MAX_TEXT = 1600  # characters of one rational
MAX_ROWS = 1000  # R = Σ K_t: the matrix inequality has this size
MAX_ENTRIES = 20_000_000  # R·C
MAX_WORK = 20_000_000_000  # R·C·(R + d), multiplications


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


def float64(value: Any, where: str) -> float:
    """The float64 that a rational text spells exactly: 1/4096 is one, 1/3 is none."""
    number = rational(value, where)
    try:
        out = int(number.p) / int(number.q)
    except OverflowError:
        out = math.inf
    exact = math.isfinite(out) and fmpq(*out.as_integer_ratio()) == number
    require(exact, f"{where}: {value!r:.60} is no float64")
    return out


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


def block_data(block: Block) -> dict[str, Any]:
    """A block as :func:`read_block` reads it."""
    numbers = array("d", block.data)
    if sys.byteorder == "big":
        numbers.byteswap()
    text = base64.b64encode(numbers.tobytes()).decode("ascii")
    return {"shape": [block.rows, block.columns], "dtype": "<f8", "data": text}
