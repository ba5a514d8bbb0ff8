"""Thousands of forged files: never a false verdict, never a traceback, bounded time and memory.

pytest tests/relaxations/test_attacks.py                    300 attacks
ATTACKS=10000 pytest tests/relaxations/test_attacks.py      10,000
"""

import json
import math
import os
import resource
import subprocess
import sys
import time
from collections import Counter
from fractions import Fraction

import attacks
import numpy as np
import pytest
from flint import arb

from relaxations import check, check_exact, check_float

NUMBER = int(os.environ.get("ATTACKS", "300"))
CHECKERS = {"balls": check.main, "exact": check_exact.main, "float64": check_float.main}
STATUSES = {"certified", "inconclusive", "refuted", "malformed", "mismatch"}
SECONDS = 20  # for one file of this size, under load


def assert_true(verdict, raw):
    """What a verdict claims of the problem that the file states, held against independent solvers."""
    lower, upper = Fraction(verdict["lower"]), verdict["upper"]
    known = attacks.stated(raw)
    if known is None:
        # decays of 1e-999, say, which NumPy cannot hold: rationals can
        exact = check_exact.judge(check.parse(raw.decode()))
        assert exact["upper"] is None or lower <= Fraction(exact["upper"])
        assert upper is None or exact["lower"] is None or Fraction(exact["lower"]) <= Fraction(upper)
        return
    problem, W, H, b = known
    assert verdict["problem_id"] == problem.identity
    text = json.dumps(problem.to_dict())
    with np.errstate(all="ignore"):
        best = attacks.minimum(text, 1)
        value = problem.objective(W, H, b)
        if upper is not None and verdict["status"] == "certified" and best > Fraction(upper) * (1 + Fraction(1, 10**6)):
            best = min(best, attacks.minimum(text, 8))
    assert lower <= Fraction(best) * (1 + Fraction(1, 10**9)) + Fraction(1, 10**14)
    if upper is not None and math.isfinite(value):
        assert Fraction(value) * (1 - Fraction(1, 10**9)) <= Fraction(upper) + Fraction(1, 10**14)
    if verdict["status"] == "certified":
        assert best <= Fraction(upper) * (1 + Fraction(1, 10**6))
        assert Fraction(upper) - lower <= Fraction(upper) / 1000


@pytest.mark.slow
def test_attacks(tmp_path, capsys, record_property):
    outcomes, kinds, slowest, told = Counter(), Counter(), 0.0, 0
    path = tmp_path / "forged.json"
    begun = time.perf_counter()
    for seed in range(NUMBER):
        kind, raw = attacks.attack(seed)
        path.write_bytes(raw)
        name = ("balls", "balls", "exact", "float64")[seed // len(attacks.ATTACKS) % 4]
        options = ["--point"] if name != "exact" and seed % 5 == 0 else []
        started = time.process_time()
        code = CHECKERS[name]([str(path), "--json", "--tolerance", "1e-3", *options])
        slowest = max(slowest, time.process_time() - started)
        verdict = json.loads(capsys.readouterr().out)
        about = f"seed {seed}, {kind}, {name}: {verdict}"
        assert verdict["status"] in STATUSES, about
        assert (code == 0) == (verdict["status"] == "certified"), about
        outcomes[verdict["status"]] += 1
        kinds[kind] += 1
        if verdict["lower"] is None:
            assert verdict["status"] in ("malformed", "mismatch"), about
            assert len(verdict["reason"]) < 2000, about
        else:
            told += 1
            try:
                assert_true(verdict, raw)
            except Exception as error:
                raise AssertionError(about) from error
        if seed % 7 == 0:  # in words as well: whatever is in the file can be printed
            CHECKERS[name]([str(path)])
            printed = capsys.readouterr()
            assert (printed.out + printed.err).startswith(tuple(f"{status}: " for status in STATUSES)), about
            assert "\x1b" not in printed.out + printed.err, about
    assert slowest < SECONDS
    # the forgeries reach every verdict, so that the assertions were put to the test
    assert {"certified", "inconclusive", "malformed", "refuted"} <= set(outcomes)
    counted = ", ".join(f"{n} {status}" for status, n in outcomes.most_common())
    record_property(
        "figure",
        f"Attacks: {NUMBER} forged files of {len(kinds)} kinds: {counted}; {told} enclosures, all true of the problem "
        f"that the file states; slowest {slowest:.2f} s, {time.perf_counter() - begun:.0f} s in all",
    )


def test_the_truth_convicts_a_liar():
    for name in attacks.PROBLEMS:
        raw = attacks.certificate_text(name).encode()
        verdict = vars(check.check_certificate(json.loads(raw), "1e-6"))
        assert verdict["status"] == "certified"
        assert_true(verdict, raw)
        lower, upper = float(verdict["lower"]), float(verdict["upper"])
        for lie in ({"lower": str(lower * 1.001)}, {"upper": str(upper * 0.999)}, {"problem_id": "0" * 64}):
            with pytest.raises(AssertionError):
                assert_true({**verdict, **lie}, raw)


@pytest.mark.parametrize(
    ("module", "name", "broken"),
    [
        (check.lower, "positive_definite", lambda matrix: True),
        (check.levels, "upper_bound", lambda point: arb(0)),
        (check_exact.bounds, "semidefinite", lambda matrix: True),
        (check_float, "feasible_scale", lambda problem, norm: 1.0),
    ],
)
def test_the_attacks_find_a_broken_checker(module, name, broken, monkeypatch):
    monkeypatch.setattr(module, name, broken)
    method = check_float.FLOATS if module is check_float else None
    convicted = 0
    for seed in range(attacks.ATTACKS.index(attacks.lifted_dual), 20 * len(attacks.ATTACKS), len(attacks.ATTACKS)):
        _, raw = attacks.attack(seed)
        data = json.loads(raw)
        judged = (
            check_exact.judge(data)
            if module is check_exact.bounds
            else vars(check.check_certificate(data, method=method))
        )
        try:
            # bounds that contradict each other are noticed by the checker itself
            convicted += judged["lower"] is None and "contradict" in judged["reason"]
            if judged["lower"] is not None:
                assert_true(judged, raw)
        except AssertionError:
            convicted += 1
    assert convicted >= 5


def test_every_attack_is_deterministic_and_changes_the_file():
    for seed in range(3 * len(attacks.ATTACKS)):
        kind, raw = attacks.attack(seed)
        assert attacks.attack(seed) == (kind, raw)
        assert raw.decode("latin-1") not in {attacks.certificate_text(name) for name in attacks.PROBLEMS}


# --------------------------------------------------------------------------- size

MEMORY = 2 * 2**30  # bytes of address space
COUNT = 100_000_000
MODULES = {"balls": "check", "exact": "check_exact", "float64": "check_float"}


def whole(part):
    """A certificate in which ``part`` says where 100 MB are put."""
    text = attacks.certificate_text("no bias")
    return {
        "a number": text.replace('"dimension":4', '"dimension":@'),
        "a rational": text.replace('"feature_decay":"1/10"', '"feature_decay":"@"'),
        "a block": text.replace('"dual":{"q":{"data":"', '"dual":{"q":{"data":"@'),
        "nothing else": "@",
    }[part]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "part", "character"),
    [
        ("balls", "a number", b"7"),
        ("balls", "a rational", b"7"),
        ("balls", "a block", b"7"),
        ("balls", "nothing else", b"["),
        ("exact", "a rational", b"7"),
        ("float64", "a number", b"7"),
    ],
)
def test_a_hundred_megabytes(name, part, character, tmp_path):
    path = tmp_path / "large.json"
    before, after = whole(part).encode().split(b"@")
    with open(path, "wb") as stream:
        stream.write(before)
        for _ in range(100):
            stream.write(character * (COUNT // 100))
        stream.write(after)

    def limited():
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (60, 60))

    done = subprocess.run(
        [sys.executable, "-m", f"relaxations.{MODULES[name]}", str(path)],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=limited,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
    )
    path.unlink()
    assert done.returncode == 1, done.stderr[-500:]
    assert done.stdout == ""
    assert done.stderr.startswith("malformed: ")
    assert len(done.stderr) < 1000
