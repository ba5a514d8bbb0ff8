"""What ``CONTRIBUTING.md`` asks of an extension: nothing is forgotten, and what is forgotten is named."""

import ast
import importlib
import inspect
import pkgutil
import re
from pathlib import Path

import pytest

import empirical.experiments
import empirical.sources
import theory.claims
import theory.losses
from empirical import presets
from empirical.experiments.catalogue import PLANS
from relaxations import check, check_exact, check_float, design_options
from theory import designs

ROOT = Path(__file__).parents[1]
GUIDE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
TESTS = "\n".join(p.read_text(encoding="utf-8") for p in (ROOT / "tests").rglob("test_*.py") if p != Path(__file__))


def modules(package):
    """The modules of a package that are no helpers."""
    return sorted(m.name for m in pkgutil.iter_modules(package.__path__) if not m.name.startswith("_"))


def forgotten_claims(names, order, tests):
    """What a claim still lacks."""
    out = [f"{n}: enter it in ORDER of theory/claims/__init__.py" for n in names if n not in order]
    out += [f"{n}: in ORDER, but there is no theory/claims/{n}.py" for n in order if n not in names]
    return out + [
        f"{n}: no test names it; hold it against an enclosure, see 'A claim' in CONTRIBUTING.md"
        for n in names
        if not re.search(rf"\b{n}\b", tests)
    ]


def forgotten_losses(known, balls, exact, floats):
    """What a loss still lacks."""
    places = {"relaxations/check/losses": balls, "relaxations/check_exact": exact, "relaxations/check_float": floats}
    out = [
        f"{loss}: the checker {place} has no entry, so that its certificates cannot be checked; see 'A loss'"
        for loss in known
        for place, entries in places.items()
        if loss not in entries
    ]
    return out + [
        f"{loss}: {place} knows it, theory/losses does not"
        for place, e in places.items()
        for loss in e
        if loss not in known
    ]


def forgotten_sources(names, used):
    """What a data source still lacks."""
    return [f"{n}: no entry of SOURCES or FILE_SOURCES in empirical/presets.py uses it" for n in names if n not in used]


def names_in(module):
    """The names that a module's code uses."""
    tree = ast.parse(inspect.getsource(module))
    return {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)} | {
        n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute)
    }


def test_claims():
    assert forgotten_claims(modules(theory.claims), theory.claims.ORDER, TESTS) == []


def test_losses():
    known = theory.losses.LOSSES
    assert forgotten_losses(known, check.LOSSES, check_exact.LOSSES, check_float.LOSSES) == []
    entered = {type(loss).__module__.rpartition(".")[2] for loss in known.values()}
    assert entered == set(modules(theory.losses)) - {"fenchel_young"}, "enter every module in LOSSES"


def test_designs_are_options_or_said_to_be_for_python_alone():
    families = [
        name
        for name, f in inspect.getmembers(designs, inspect.isfunction)
        if f.__module__ == designs.__name__
        and not name.startswith("_")
        and "LabelDesign" in str(f.__annotations__["return"])
    ]
    assert len(families) >= 5
    offered = names_in(design_options)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    lacking = [f for f in families if f not in offered and f"theory.designs.{f}" not in readme]
    assert not lacking, f"{lacking}: no option in relaxations/design_options.py; see 'A design' in CONTRIBUTING.md"


def returns(function):
    """What a function says that it returns; of a cached one too."""
    return str(getattr(inspect.unwrap(function), "__annotations__", {}).get("return"))


def test_data_sources():
    makers = []
    for name in modules(empirical.sources):
        module = importlib.import_module(f"empirical.sources.{name}")
        public = [f for n, f in vars(module).items() if not n.startswith("_") and callable(f)]
        if any(returns(f) == "LabelledImages" and f.__module__ == module.__name__ for f in public):
            makers.append(name)
    assert {"mnist_digits", "cifar", "idx"} <= set(makers)
    assert forgotten_sources(set(makers) - {"labelled", "relabelled"}, names_in(presets)) == []


def test_networks():
    from empirical import backbones

    builders = [
        n
        for n, f in inspect.getmembers(backbones, inspect.isfunction)
        if f.__module__ == backbones.__name__ and not n.startswith("_")
    ]
    entered = {getattr(f, "__name__", "") for f in presets.BACKBONES.values()}
    assert set(builders) <= entered, f"{set(builders) - entered}: enter it in BACKBONES of empirical/presets.py"


def test_experiments():
    planned = set()
    for name in modules(empirical.experiments):
        module = importlib.import_module(f"empirical.experiments.{name}")
        planned |= {v.name for v in vars(module).values() if type(v).__name__ == "Plan"}
    assert planned == set(PLANS), "enter every Plan in PLANS of empirical/experiments/catalogue.py"


@pytest.mark.parametrize(
    ("missing", "told"),
    [
        (
            forgotten_claims(["cells", "mine"], ["cells"], "cells"),
            ["mine: enter it in ORDER", "mine: no test names it"],
        ),
        (
            forgotten_losses({"ce": 0, "hinge": 0}, {"ce": 0}, {"ce": 0, "hinge": 0}, {"ce": 0, "hinge": 0}),
            ["hinge: the checker relaxations/check/losses"],
        ),
        (
            forgotten_losses({"ce": 0}, {"ce": 0}, {"ce": 0, "old": 0}, {"ce": 0}),
            ["old: relaxations/check_exact knows it"],
        ),
        (forgotten_sources(["mine"], {"idx"}), ["mine: no entry of SOURCES"]),
    ],
)
def test_what_is_forgotten_is_named(missing, told):
    assert len(missing) == len(told)
    for line, start in zip(missing, told, strict=True):
        assert line.startswith(start)


def test_every_path_in_the_guide_exists():
    paths = [
        p
        for p in re.findall(r"`((?:theory|relaxations|empirical|reports|tests|benchmarks)/[\w./]+)`", GUIDE)
        if "NAME" not in p
    ]
    assert len(paths) > 8
    assert [p for p in paths if not (ROOT / p).exists()] == []
