"""From the words of a command line to a label design: which family, what noise, who annotates.

One family makes the labels of every sample; then label noise or smoothing, then partial annotation, then repetition:

    --tasks, --classes                      every tuple of labels once              --scenario ssmtc (the default)
    --scenario msmtc                        every class on samples of its own
    --scenario xor | oa                     three binary tasks, the third the exclusive or; orthogonal arrays
    --frequencies "3,1,1;1,1"               independent tasks of these class frequencies
    --correlation R                         two tasks (or more, R >= 0) that agree with probability (1 + (K−1)R)/K
    --agreement P                           the same by the probability P that two tasks agree
    --joint TABLE, --design FILE.csv        any joint table; any table of labels
    --soft-labels FILE.json                 any probabilities, sample by sample
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from relaxations.check_float import LIMITS
from relaxations.design_files import NamedDesign, read_joint, read_json, read_label_table, read_soft_labels
from theory import designs
from theory.labels import LabelDesign
from theory.rationals import exact

SCENARIOS = ("ssmtc", "msmtc", "xor", "oa")


def numbers(text: str, name: str) -> Fraction | tuple[Fraction, ...]:
    """One exact number, or several separated by commas (one a task)."""
    parts = tuple(exact(part, name) for part in text.split(","))
    return parts[0] if len(parts) == 1 else parts


def whole_numbers(text: str, name: str) -> tuple[int, ...]:
    """Whole numbers separated by commas.  Raises ``ValueError`` for anything else."""
    values = numbers(text, name)
    values = values if isinstance(values, tuple) else (values,)
    if any(v.denominator != 1 or abs(v) > 2**53 for v in values):
        raise ValueError(f"{name}: {text!r:.60}; expected whole numbers like 3 or 3,4,5")
    return tuple(int(v) for v in values)


def task_classes(tasks: int | None, classes: str | None) -> tuple[int, ...]:
    """K_t of every task from a number of tasks, the classes (one number, or one a task), or both; default 3."""
    if tasks is None and classes is None:
        raise ValueError("tasks: how many? give --tasks 3, or --classes 3,4,5")
    if tasks is not None and not 1 <= tasks <= LIMITS.rows // 2:
        raise ValueError(f"tasks: {tasks}; expected 1 to {LIMITS.rows // 2}")
    each = whole_numbers(classes, "classes") if classes is not None else (3,)
    if len(each) == 1 and tasks is not None:
        each *= tasks
    if tasks is not None and len(each) != tasks:
        raise ValueError(f"classes: {len(each)} numbers for {tasks} tasks; give one, or one a task")
    if min(each) < 2:
        raise ValueError(f"classes: {min(each)}; every task needs at least 2 classes")
    return each


def balanced_design(classes: Sequence[int], scenario: str = "ssmtc", samples_per_cell: str = "1") -> LabelDesign:
    """A balanced single-source (every tuple of labels) or multi-source (every class on its own) design.

    Raises ``ValueError`` before anything large is made if its certificate would be too large to check.
    """
    if scenario not in SCENARIOS[:2]:
        raise ValueError(f"scenario: {scenario!r} is unknown; expected one of {', '.join(SCENARIOS)}")
    rows, single = sum(classes), scenario == "ssmtc"
    _check_size(rows, math.prod(classes) if single else rows)
    repetitions = whole_numbers(samples_per_cell, "samples-per-cell")
    if single:
        if len(repetitions) != 1:
            raise ValueError("samples-per-cell: one number in the single-source scenario")
        return LabelDesign.factorial(classes, repetitions[0])
    return LabelDesign.multi_source(classes, repetitions[0] if len(repetitions) == 1 else repetitions)


def _check_size(rows: int, cells: int) -> None:
    if rows > LIMITS.rows:
        raise ValueError(f"classes: {rows} in all; a certificate takes at most {LIMITS.rows}")
    if rows * cells > LIMITS.entries:
        raise ValueError(
            f"classes: {float(cells):.3g} cells of {rows} rows; a certificate takes at most {LIMITS.entries} entries; "
            "take fewer tasks or classes"
        )


@dataclass(frozen=True)
class DesignOptions:
    """The options that state a design, as typed; ``None`` for what is not given.  See the module.

    annotated : a fraction p (p of the samples carry every label, the rest one), or shares of groups of tasks
        numbered from 1, ``"1+2:1/4,1:3/8,2:3/8"``.
    label_noise : a rate, one or one a task, or confusion matrices as JSON (a list a task), given or in a file.
    memorised_noise : the noise mixes cells in place of softening targets (:func:`theory.designs.with_label_noise`).
    """

    tasks: int | None = None
    classes: str | None = None
    scenario: str | None = None
    frequencies: str | None = None
    correlation: str | None = None
    joint: str | None = None
    design: str | None = None
    annotated: str | None = None
    label_noise: str | None = None
    memorised_noise: bool = False
    smoothing: str = "0"
    samples_per_cell: str = "1"
    agreement: str | None = None
    soft_labels: str | None = None

    def build(self) -> NamedDesign:
        """The design that the options state.  Raises ``ValueError`` that says what to change."""
        named = self._family()
        design = named.design
        if self.memorised_noise and self.label_noise is None:
            raise ValueError("memorised-noise: of which rate? give --label-noise as well")
        if self.label_noise is not None:
            confusion = _confusion(self.label_noise, design.classes)
            design = designs.with_label_noise(design, confusion, self.memorised_noise)
        if exact(self.smoothing, "smoothing") != 0:
            design = design.smoothed(self.smoothing)
        if self.annotated is not None:
            design = designs.annotated(design, shares_of_groups(self.annotated))
        if self.scenario != "msmtc":
            repetitions = whole_numbers(self.samples_per_cell, "samples-per-cell")
            if len(repetitions) != 1:
                raise ValueError("samples-per-cell: one number, but for --scenario msmtc")
            if repetitions != (1,):
                design = designs.repeated(design, repetitions[0])
        _check_size(design.rows, design.cells)
        return replace(named, design=design)

    def _family(self) -> NamedDesign:
        """The labels before noise, annotation and repetition."""
        families = ("frequencies", "correlation", "agreement", "joint", "design", "soft_labels")
        given = [name.replace("_", "-") for name in families if getattr(self, name) is not None]
        if self.scenario not in (None, *SCENARIOS):
            raise ValueError(f"scenario: {self.scenario!r} is unknown; expected one of {', '.join(SCENARIOS)}")
        if self.scenario not in (None, "ssmtc"):
            given.insert(0, f"scenario {self.scenario}")
        if len(given) > 1:
            hint = "; for one label a sample take --annotated 0" if self.scenario == "msmtc" else ""
            raise ValueError(f"{given[1]}: not together with --{given[0]}; each states a family of designs{hint}")
        if self.design is not None:
            stated = None if self.classes is None else task_classes(self.tasks, self.classes)
            named = read_label_table(self.design, stated)
            self._agree(named.design)
            return named
        if self.soft_labels is not None:
            named = read_soft_labels(self.soft_labels)
            self._agree(named.design)
            return named
        if self.joint is not None:
            return self._stated(read_joint(self.joint))
        if self.frequencies is not None:
            rows = [whole_numbers(row, "frequencies") for row in self.frequencies.split(";")]
            _check_size(sum(map(len, rows)), math.prod(map(len, rows)))
            return self._stated(designs.independent_with(rows))
        if self.correlation is not None or self.agreement is not None:
            size, tasks = self._equal_classes("correlation", 3, lambda size: 2)
            _check_size(size * tasks, size**tasks)
            if self.correlation is not None:
                return NamedDesign(designs.correlated(size, exact(self.correlation, "correlation"), tasks))
            agreement = exact(str(self.agreement), "agreement")
            if not 0 <= agreement <= 1:
                raise ValueError(f"agreement: {self.agreement}; expected a probability, 0 to 1")
            if tasks > 2 and agreement * size < 1:
                raise ValueError(
                    f"agreement: {self.agreement} for {tasks} tasks of {size} classes; more than two tasks agree at "
                    f"least as often as independent ones, 1/{size}"
                )
            return NamedDesign(designs.correlated(size, (size * agreement - 1) / (size - 1), tasks))
        if self.scenario == "xor":
            return self._stated(designs.exclusive_or())
        if self.scenario == "oa":
            prime, tasks = self._equal_classes("oa", 3, lambda size: size + 1)
            _check_size(prime * tasks, prime**2)
            return NamedDesign(designs.orthogonal_array(prime, tasks))
        classes = task_classes(self.tasks, self.classes)
        repetitions = self.samples_per_cell if self.scenario == "msmtc" else "1"
        return NamedDesign(balanced_design(classes, self.scenario or "ssmtc", repetitions))

    def _equal_classes(self, name: str, default: int, tasks: Any) -> tuple[int, int]:
        """(K, T) of a family whose tasks have equally many classes."""
        size = whole_numbers(self.classes, "classes")[0] if self.classes is not None else default
        several = self.classes is not None and "," in self.classes
        classes = task_classes(self.tasks or (None if several else tasks(size)), self.classes)
        if len(set(classes)) > 1:
            raise ValueError(f"{name}: classes {','.join(map(str, classes))}; expected the same number for every task")
        return classes[0], len(classes)

    def _stated(self, design: LabelDesign) -> NamedDesign:
        self._agree(design)
        return NamedDesign(design)

    def _agree(self, design: LabelDesign) -> None:
        """What ``tasks`` and ``classes`` say, if anything, is what the family has."""
        tasks = design.tasks if self.tasks is None else self.tasks
        classes = design.classes if self.classes is None else task_classes(tasks, self.classes)
        if tasks != design.tasks or classes != design.classes:
            stated = ",".join(map(str, classes)) if self.classes is not None else f"{tasks} tasks"
            raise ValueError(
                f"{'tasks' if self.classes is None else 'classes'}: {stated}; the design has "
                f"{','.join(map(str, design.classes))}; leave them out, or make them agree"
            )


def shares_of_groups(text: str) -> Fraction | dict[tuple[int, ...], Fraction]:
    """A fraction, or ``"1+2:1/4,1:3/8,2:3/8"``: groups of tasks numbered from 1, and their shares."""
    if ":" not in text:
        return exact(text, "annotated")
    shares: dict[tuple[int, ...], Fraction] = {}
    for part in text.split(","):
        group, colon, share = part.partition(":")
        tasks = group.split("+")
        if not colon or not all(t.strip().isdecimal() for t in tasks):
            raise ValueError(f"annotated: {part!r:.40}; expected groups like 1+2:1/4, tasks numbered from 1")
        key = tuple(sorted({int(t) - 1 for t in tasks}))
        if key in shares:
            raise ValueError(f"annotated: group {group} occurs twice")
        shares[key] = exact(share, "annotated")
    return shares


def _confusion(text: str, classes: Sequence[int]) -> Sequence[Sequence[Sequence[Any]]]:
    """Confusion matrices from rates, or from JSON (given or in a file)."""
    if text.lstrip().startswith("[") or text.endswith(".json"):
        matrices = read_json(text, "label-noise")
        good = isinstance(matrices, list) and all(
            isinstance(matrix, list) and all(isinstance(row, list) and row for row in matrix) for matrix in matrices
        )
        if not good:
            raise ValueError("label-noise: expected a list of matrices, one a task, each a list of rows")
        return list(matrices)
    rates = numbers(text, "label-noise")
    return designs.uniform_noise(classes, rates)
