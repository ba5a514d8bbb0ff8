"""Label designs that a person brings: a table of labels (CSV), a joint table or confusion matrices (JSON).

A table of labels has a header; every column is a task, but for an optional column ``count``; every row is a sample, or
``count`` of them.  A label is a class index from 0 on, or, where a column holds anything else, a class name (numbered
in sorted order); an empty field is a missing label:

    colour,shape,count
    red,0,3
    blue,,1

Soft labels are JSON: for every task a list of rows of non-negative numbers, one row a sample, scaled to sum to 1;
``null`` is a missing label; an optional list ``count`` says how many samples a row stands for:

    {"colour": [[0.9, 0.1], [0.5, 0.5], null], "shape": [["1/3", "1/3", "1/3"], null, [0, 1, 0]], "count": [3, 1, 1]}

Nothing is guessed: what does not fit is refused with its line.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from theory.labels import MAX_SAMPLES, MISSING, LabelDesign
from theory.rationals import exact

MAX_FILE = 256 * 2**20  # bytes
COUNT = "count"
INDEX = re.compile(r"([+-]?[0-9]{1,9})(?:\.0*)?")


@dataclass(frozen=True)
class NamedDesign:
    """A design with the names that its source gives to tasks and classes (``None`` where they are numbers)."""

    design: LabelDesign
    task_names: tuple[str, ...] | None = None
    class_names: tuple[tuple[str, ...] | None, ...] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Sizes and names as plain data: cells, per task the samples labelled and missing, names."""
        design = self.design
        labelled = [int(design.counts[row].sum()) for row in design.labels >= 0]
        return {
            "cells": design.cells,
            "samples": design.samples,
            "labelled": labelled,
            "missing": [design.samples - n for n in labelled],
            "task_names": None if self.task_names is None else list(self.task_names),
            "class_names": None
            if self.class_names is None
            else [None if names is None else list(names) for names in self.class_names],
        }


def read_text(path: str | Path, name: str) -> str:
    """The UTF-8 text of a file of at most ``MAX_FILE`` bytes; ``ValueError`` that names the file otherwise."""
    try:
        with open(path, "rb") as stream:
            raw = stream.read(MAX_FILE + 1)
        if len(raw) > MAX_FILE:
            raise ValueError(f"{name}: {path} is larger than {MAX_FILE} bytes")
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{name}: {path} is not UTF-8 text ({error.reason} at byte {error.start})") from None
    except OSError as error:
        raise ValueError(f"{name}: {path} cannot be read: {error.strerror or error}") from None


def read_json(text: str, name: str) -> Any:
    """The JSON that ``text`` is, or the JSON in the file that it names.

    Numbers stay as they were typed: those with a point come as text, which :func:`theory.rationals.exact` reads.
    Raises ``ValueError``.
    """
    body = text if text.lstrip().startswith(("[", "{")) else read_text(text, name)

    def refused(constant: str) -> Any:
        raise ValueError(f"{constant} is no number")

    try:
        return json.loads(body, parse_float=str, parse_constant=refused)
    except RecursionError:
        raise ValueError(f"{name}: nested too deep") from None
    except ValueError as error:
        raise ValueError(f"{name}: no JSON: {error}") from None


def read_joint(text: str) -> LabelDesign:
    """The design of a joint table ``[[3, 1], [0, 2]]`` (nested K_1 × ... × K_T whole numbers), given or in a file."""
    table = read_json(text, "joint")
    shape: list[int] = []
    inner = table
    while isinstance(inner, list) and inner:
        shape.append(len(inner))
        inner = inner[0]

    def flat(value: Any, depth: int) -> list[int]:
        if depth == len(shape):
            if type(value) is not int or not 0 <= value <= MAX_SAMPLES:
                raise ValueError(f"joint: entry {value!r:.40}; expected whole numbers from 0 on")
            return [value]
        if not isinstance(value, list) or len(value) != shape[depth]:
            raise ValueError(f"joint: no table of shape {' x '.join(map(str, shape))}; every list needs its length")
        return [entry for part in value for entry in flat(part, depth + 1)]

    if not shape:
        raise ValueError("joint: expected a nested list of whole numbers, one level a task, like [[3,1],[0,2]]")
    return LabelDesign.from_joint(np.array(flat(table, 0), dtype=np.int64).reshape(shape))


def read_soft_labels(text: str) -> NamedDesign:
    """The design of soft labels stated in JSON, given or in a file; see the module.

    Rows are exact: ``0.1`` is 1/10.  Raises ``ValueError`` with the task and the sample for a row that does not fit.
    """
    data = read_json(text, "soft-labels")
    if not isinstance(data, dict) or not set(data) - {COUNT}:
        raise ValueError('soft-labels: expected an object with a list of rows a task, like {"colour": [[0.9, 0.1]]}')
    names = [name for name in data if name != COUNT]
    if not all(isinstance(data[name], list) and data[name] for name in names):
        raise ValueError("soft-labels: every task needs a list of rows, one a sample")
    samples = len(data[names[0]])
    counts = data.get(COUNT, [1] * samples)
    lengths = {name: len(data[name]) for name in names}
    if not isinstance(counts, list) or set(lengths.values()) != {samples} or len(counts) != samples:
        raise ValueError(f"soft-labels: lists of different lengths ({lengths}); expected one row a sample in each")
    if any(type(n) is not int or not 0 < n <= MAX_SAMPLES for n in counts):
        raise ValueError("soft-labels: count: expected whole numbers from 1 on")
    tables, columns = [], []
    for name in names:
        rows = [None if row is None else _distribution(row, name, i) for i, row in enumerate(data[name])]
        distinct = sorted({row for row in rows if row is not None})
        if not distinct:
            raise ValueError(f"soft-labels: task {name!r} labels no sample; leave it out")
        if len({len(row) for row in distinct}) > 1:
            raise ValueError(f"soft-labels: task {name!r} has rows of different lengths")
        number = {row: k for k, row in enumerate(distinct)}
        tables.append(tuple(distinct))
        columns.append([MISSING if row is None else number[row] for row in rows])
    labels = np.array(columns)
    if (labels == MISSING).all(axis=0).any():
        sample = int((labels == MISSING).all(axis=0).argmax())
        raise ValueError(f"soft-labels: sample {sample} carries no label; leave it out")
    cells, cell_of = np.unique(labels, axis=1, return_inverse=True)
    merged = np.zeros(cells.shape[1], dtype=np.int64)
    np.add.at(merged, cell_of.reshape(-1), np.array(counts))
    classes = tuple(len(table[0]) for table in tables)
    return NamedDesign(LabelDesign(classes, cells, merged, tuple(tables), scenario="soft labels"), tuple(names))


def _distribution(row: Any, name: str, sample: int) -> tuple[Fraction, ...]:
    """A row of non-negative numbers, scaled to sum to 1."""
    where = f"soft-labels: task {name!r}, sample {sample}"
    if not isinstance(row, list) or len(row) < 2:
        raise ValueError(f"{where}: {row!r:.40}; expected at least two numbers, or null")
    numbers = [exact(x, where) for x in row]
    if min(numbers) < 0 or sum(numbers) == 0:
        raise ValueError(f"{where}: {row!r:.40}; expected non-negative numbers, not all 0")
    return tuple(x / sum(numbers) for x in numbers)


def read_label_table(path: str | Path, classes: Sequence[int] | None = None) -> NamedDesign:
    """The design of a CSV file; see the module.

    ``classes`` gives K_t where an index column need not hold its last classes; without it every index from 0 to the
    largest must occur.  Raises ``ValueError`` with the line for a row that does not fit.
    """
    text = read_text(path, "design")

    def wrong(line: int, what: str) -> ValueError:
        return ValueError(f"design: {path}, line {line}: {what}")

    first = text.partition("\n")[0]
    delimiter = next((mark for mark in (",", ";", "\t") if mark in first), ",")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: dict[tuple[str, ...], int] = {}
    line_of: dict[tuple[str, ...], int] = {}
    names: list[str] = []
    counted = -1
    try:
        for fields in reader:
            line, row = reader.line_num, [field.strip() for field in fields]
            if not names:
                names, counted = _header(row, lambda what, at=line: wrong(at, what))  # type: ignore[misc]
                continue
            if not row:
                continue
            if len(row) != len(names) + (counted >= 0):
                raise wrong(line, f"{len(row)} fields; expected {len(names) + (counted >= 0)}, as in the header")
            number = 1
            if counted >= 0:
                typed = row.pop(counted)
                if not re.fullmatch(r"\+?[0-9]{1,16}", typed) or not 0 < int(typed) <= MAX_SAMPLES:
                    raise wrong(line, f"count {typed!r:.40}; expected a whole number from 1 on")
                number = int(typed)
            if not any(row):
                raise wrong(line, "no label at all; leave the row out")
            rows[tuple(row)] = rows.get(tuple(row), 0) + number
            line_of.setdefault(tuple(row), line)
    except csv.Error as error:
        raise wrong(reader.line_num, f"{error}") from None
    if not names or not rows:
        raise ValueError(f"design: {path} holds no {'row of labels' if names else 'header'}")
    if classes is not None and len(classes) != len(names):
        raise ValueError(
            f"design: {path} has {len(names)} tasks ({', '.join(names)}); classes are given for {len(classes)}"
        )

    columns, sizes, class_names = [], [], []
    for t, name in enumerate(names):
        entries = {row[t]: line for row, line in reversed(line_of.items()) if row[t]}
        given = None if classes is None else classes[t]
        numbers, known = _numbered(name, entries, given, wrong)
        columns.append([numbers[row[t]] if row[t] else MISSING for row in rows])
        sizes.append(given or (len(known) if known else max(numbers.values()) + 1))
        class_names.append(known)
    labels, counts = np.array(columns), np.array(list(rows.values()))
    # "0" and "0.0" are one class, and the order of rows is no part of the problem
    cells, cell_of = np.unique(labels, axis=1, return_inverse=True)
    merged = np.zeros(cells.shape[1], dtype=np.int64)
    np.add.at(merged, cell_of.reshape(-1), counts)
    design = LabelDesign(tuple(sizes), cells, merged, scenario="labels")
    return NamedDesign(design, tuple(names), tuple(class_names) if any(class_names) else None)


def _header(row: list[str], wrong: Callable[[str], ValueError]) -> tuple[list[str], int]:
    """Names of the tasks, and where the column of counts is (−1 if nowhere)."""
    repeated = next((name for i, name in enumerate(row) if name in row[:i]), None)
    if repeated is not None:
        raise wrong(f"two columns are named {repeated!r}")
    counted = row.index(COUNT) if COUNT in row else -1
    names = [name for i, name in enumerate(row) if i != counted]
    if not names:
        raise wrong("no column of labels")
    if not all(names) or all(INDEX.fullmatch(name) for name in names):
        raise wrong(f"{', '.join(row)!r:.60} is no header; the first line names the tasks (and {COUNT!r})")
    return names, counted


def _numbered(
    name: str, entries: dict[str, int], given: int | None, wrong: Callable[[int, str], ValueError]
) -> tuple[dict[str, int], tuple[str, ...] | None]:
    """The class number of every entry (entry to line) of a column, and the names if they are no indices."""
    if not entries:
        raise ValueError(f"design: task {name!r} labels no sample; leave the column out")
    matches = {entry: INDEX.fullmatch(entry) for entry in entries}
    if not all(matches.values()):
        names = tuple(sorted(entries))
        if len(names) < 2 or given not in (None, len(names)):
            raise ValueError(
                f"design: task {name!r} has {len(names)} class{'es' * (len(names) > 1)} ({', '.join(names)!s:.60}); "
                f"expected {given or 'at least 2'}"
            )
        return {entry: k for k, entry in enumerate(names)}, names
    numbers = {entry: int(match[1]) for entry, match in matches.items() if match}
    for entry, number in numbers.items():
        if number < 0 or (given is not None and number >= given):
            until = " or more" if given is None else f" to {given - 1}"
            raise wrong(entries[entry], f"class {entry} of task {name!r}; expected 0{until}, or nothing if missing")
    top, present = max(numbers.values()), set(numbers.values())
    if given is None and len(present) != top + 1:
        absent = next(k for k in range(top + 1) if k not in present)
        raise ValueError(
            f"design: task {name!r} has classes up to {top}, and no sample of class {absent}; number classes from 0 "
            "on, or state how many there are with --classes"
        )
    if given is None and top == 0:
        raise ValueError(f"design: task {name!r} has a single class; state how many there are with --classes")
    return numbers, None
