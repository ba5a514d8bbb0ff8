"""Reading a stranger's file: strict JSON, rationals, blocks of float64 as exact rationals."""

from __future__ import annotations

import base64
import json
import math
import struct
from fractions import Fraction
from typing import Any

MAX_FILE = 4 * 2**20  # bytes
MAX_ROWS = 40  # R
MAX_WORK = 2_000_000  # R·C·(R + d), products of rationals

Matrix = list[list[Fraction]]


class RefusedError(ValueError):
    """The file is no certificate that this checker reads; the message says why."""


def need(condition: bool, message: str) -> None:
    """Refuse unless ``condition``."""
    if not condition:
        raise RefusedError(message)


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
