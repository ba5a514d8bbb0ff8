"""The second checker against mpmath, against the first, and against what it must refuse."""

import ast
import json
import math
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import mpmath
import numpy as np
import pytest
from flint import fmpq, fmpq_mat
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import local_minimum
from strategies import balanced_designs, free_designs, problems, random_point

from relaxations import check, check_exact
from relaxations.certificate import Certificate
from theory import UFM, LabelDesign
from theory.duality import feasible_dual
from theory.model import CONVENTIONS

EXACT = Path(check_exact.__file__).parent
SEEDS = st.integers(0, 2**32 - 1)
TINY = problems(
    designs=st.one_of(free_designs(max_cells=6), balanced_designs(max_cells=8)), losses=("ce", "mse", "sparsemax")
)

mp = mpmath.mp.clone()
mp.dps = 80


def number(x):
    return mp.mpf(x.numerator) / x.denominator


def optimal_certificate(problem):
    _, (W, H, b) = min((local_minimum(problem, seed) for seed in range(3)), key=lambda pair: pair[0])
    q = problem.predictions(W @ H + (0 if b is None else b[:, None]))
    return Certificate(problem, W, H, b, feasible_dual(problem, q, b).q)


# --------------------------------------------------------------------------- exp, log, semidefiniteness


@given(st.fractions(min_value=0), st.integers(-400, 400))
def test_log_is_enclosed(x, exponent):
    x = (x + Fraction(1, 10**9)) * Fraction(2) ** exponent
    low, high = check_exact.log_bounds(x)
    assert number(low) <= mp.log(number(x)) <= number(high)
    assert high - low < Fraction(300 * (2 + abs(math.ceil(mp.log(number(x), 2)))), 2**check_exact.BITS)


@pytest.mark.parametrize(
    "x", [Fraction(1), Fraction(2), Fraction(1, 2), 1 - Fraction(1, 2**300), 2 - Fraction(1, 9**99)]
)
def test_log_at_the_seams(x):
    low, high = check_exact.log_bounds(x)
    assert number(low) - mp.mpf(2) ** -120 <= mp.log(number(x)) <= number(high)
    assert low <= (0 if x == 1 else low) <= high


@given(st.fractions(max_value=0, min_value=-300))
def test_exp_is_enclosed(x):
    low, high = check_exact.exp_bounds(x)
    assert number(low) <= mp.exp(number(x)) <= number(high)
    assert high - low < Fraction(200, 2**check_exact.BITS)


@given(st.lists(st.fractions(-40, 40), min_size=2, max_size=6))
def test_potentials_are_enclosed(z):
    low, high = check_exact.LOSSES["ce"][0](z)
    assert number(low) <= mp.log(mp.fsum(mp.exp(number(x)) for x in z)) <= number(high)
    # the greatest ⟨q, z⟩ − ½‖q‖²: no vertex and no pair of vertices does better
    gain = check_exact.LOSSES["sparsemax"][0](z)[0]
    assert gain >= max(z) - Fraction(1, 2)
    for i, a in enumerate(z):
        for b in z[:i]:
            share = min(max((1 + a - b) / 2, Fraction(0)), Fraction(1))
            assert gain >= share * a + (1 - share) * b - (share**2 + (1 - share) ** 2) / 2
    if len(z) == 2:
        share = min(max((1 + z[0] - z[1]) / 2, Fraction(0)), Fraction(1))
        assert gain == share * z[0] + (1 - share) * z[1] - (share**2 + (1 - share) ** 2) / 2


@given(st.integers(1, 6), st.integers(0, 5), SEEDS)
def test_semidefinite_is_what_the_characteristic_polynomial_says(n, rank_loss, seed):
    rng = np.random.default_rng(seed)
    factor = rng.integers(-3, 4, size=(n, max(n - rank_loss, 1)))
    matrix = (factor @ factor.T - int(rng.integers(0, 2)) * np.diag(rng.integers(0, 2, size=n))).tolist()
    # all roots of a symmetric matrix are non-negative iff the coefficients of det(xI − A) alternate in sign
    coefficients = fmpq_mat(matrix).charpoly().coeffs()
    truth = all(c * (-1) ** (n - k) >= 0 for k, c in enumerate(coefficients))
    assert check_exact.semidefinite([[Fraction(x, 7) for x in row] for row in matrix]) == truth


def test_semidefinite_at_the_edge():
    assert check_exact.semidefinite([[Fraction(0)]])
    assert check_exact.semidefinite([[Fraction(1), Fraction(1)], [Fraction(1), Fraction(1)]])
    assert not check_exact.semidefinite([[Fraction(0), Fraction(1)], [Fraction(1), Fraction(5)]])
    just_below = 1 - Fraction(1, 10**200)
    assert not check_exact.semidefinite([[Fraction(1), Fraction(1)], [Fraction(1), just_below]])


# --------------------------------------------------------------------------- beside the first checker


def assert_agreement(data):
    """Both verdicts; their enclosures overlap and their upper bounds are one number to 19 digits."""
    first, second = check.check_certificate(data), check_exact.judge(data)
    assert second["problem_id"] == first.problem_id
    assert Fraction(second["lower"]) <= Fraction(first.upper)
    assert Fraction(first.lower) <= Fraction(second["upper"])
    assert Fraction(second["upper"]) == pytest.approx(Fraction(first.upper), rel=1e-18)
    return first, second


@settings(max_examples=60)
@given(TINY, SEEDS, st.sampled_from([0.1, 1.0, 6.0]), st.sampled_from(sorted(CONVENTIONS)))
def test_any_point_and_any_predictions(problem, seed, scale, convention):
    problem = UFM.from_dict({**problem.to_dict(), "convention": convention})
    W, H, b = random_point(problem, seed, scale)
    V, G, _ = random_point(problem, seed + 1, scale)
    data = Certificate(problem, W, H, b, problem.predictions(V @ G)).to_dict()
    first, second = assert_agreement(data)
    # neither bisection ends at the largest s: the bounds differ by about the last step of each
    assert float(second["lower"]) == pytest.approx(float(first.lower), rel=0.05, abs=0.02 * float(first.upper))


BIASES = {"none": None, "free": 0, "decayed": "1/20"}
ZOO = LabelDesign((3, 2), np.array([[0, 1, 2, 0, -1], [0, 1, 0, -1, 1]]), np.array([3, 2, 1, 2, 4]))


@pytest.mark.parametrize("loss", ["ce", "mse", "sparsemax"])
@pytest.mark.parametrize("bias", BIASES)
def test_both_certify_the_same_enclosure(loss, bias):
    for design in (ZOO, ZOO.smoothed("1/10"), LabelDesign.factorial([2, 3])):
        problem = UFM(design, "1/20", "1/10", task_weights=[1, 2], bias=BIASES[bias], loss=loss)
        data = optimal_certificate(problem).to_dict()
        first, second = check.check_certificate(data, "1e-6"), check_exact.judge(data, "1e-6")
        assert first.certified
        assert second["status"] == "certified"
        assert_agreement(data)
        assert Fraction(second["lower"]) == pytest.approx(Fraction(first.lower), rel=1e-9)


def test_sample_weights_and_points_out_of_all_proportion():
    design = LabelDesign(
        (2, 2), np.array([[0, 1, 1], [1, 0, -1]]), np.array([1, 2, 3]), sample_weights=np.array([[2, 1, 3], [1, 0, 5]])
    )
    problem = UFM(design, "1/10", "1/10", bias="1/10")
    assert_agreement(optimal_certificate(problem).to_dict())
    # where balls know nothing any more, rationals still do
    W, H, b = random_point(problem, 0, 1e200)
    data = Certificate(problem, W, H, b, np.full((4, 3), 1e300)).to_dict()
    assert check.check_certificate(data).upper is None
    assert Fraction(check_exact.judge(data)["upper"]) > 10**398


# --------------------------------------------------------------------------- what it must refuse


def test_an_infeasible_dual_point_is_shrunk_not_believed():
    problem = UFM(LabelDesign.factorial([2, 2]), "1/100", "1/100", loss="mse")
    data = Certificate(problem, np.zeros((4, 1)), np.zeros((1, 4)), None, np.zeros((4, 4))).to_dict()
    verdict = check_exact.judge(data)
    assert verdict["status"] == "inconclusive"
    assert verdict["scale"] < 1
    assert float(verdict["lower"]) < local_minimum(problem, 0)[0] < float(verdict["upper"])


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    path = tmp_path_factory.mktemp("exact") / "certificate.json"
    optimal_certificate(UFM(LabelDesign.factorial([2, 3]), "1/30", "1/30", bias=0)).save(path)
    return path


def test_it_imports_the_standard_library_alone():
    imported, sources = set(), sorted(EXACT.glob("*.py"))
    assert len(sources) > 5
    for source in sources:
        for node in ast.walk(ast.parse(source.read_text())):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                assert node.level <= 1, f"{source}: leaves the folder of the checker"
                imported |= set() if node.level else {node.module.split(".")[0]}
    assert imported <= set(sys.stdlib_module_names)


def test_it_runs_alone(saved):
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(EXACT), str(saved)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("certified: ")
    assert "level      exact rational arithmetic" in done.stdout


def test_exit_codes_and_json(saved, tmp_path, capsys):
    assert check_exact.main([str(saved), "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert check.main([str(saved), "--json"]) == 0
    assert set(printed) <= set(json.loads(capsys.readouterr().out)) | {"level"}
    assert printed["status"] == "certified"
    assert check_exact.main([str(saved), "--tolerance", "1e-19"]) == 1
    assert capsys.readouterr().out.startswith("inconclusive: ")
    assert check_exact.main([str(saved), "--problem", str(saved)]) == 0
    other = tmp_path / "other.json"
    other.write_text(json.dumps({**json.loads(saved.read_text())["problem"], "feature_decay": "1/31"}))
    assert check_exact.main([str(saved), "--problem", str(other)]) == 1
    assert check_exact.main([str(tmp_path / "absent")]) == 1
    capsys.readouterr()
    for usage in ([], [str(saved), "--tolerance", "0"], [str(saved), "--tolerance", "x"]):
        with pytest.raises(SystemExit) as stop:
            check_exact.main(usage)
        assert stop.value.code == 2


def test_large_files_are_sent_to_the_first_checker(tmp_path):
    wide = UFM(LabelDesign.factorial([50]), "1/100", "1/100")
    data = Certificate(wide, np.zeros((50, 1)), np.zeros((1, 50)), None, np.full((50, 50), 0.02)).to_dict()
    assert "use relaxations.check" in check_exact.judge(data)["reason"]
    path = tmp_path / "large"
    path.write_bytes(b" " * (check_exact.MAX_FILE + 1))
    assert "use relaxations.check" in check_exact.judge_file(str(path))["reason"]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("targets", [[[f"{i}/{10**1500 + i}", f"{10**1500}/{10**1500 + i}"] for i in range(1, 300)]]),
        ("counts", [2**53 - k for k in range(300)]),
    ],
)
def test_numbers_whose_sums_explode_are_refused_at_once(key, value):
    problem = UFM(LabelDesign((2,), np.arange(300)[None] % 2, np.ones(300, dtype=np.int64)), "1/9", "1/9").to_dict()
    assert "problem." + key in check_exact.judge(
        {
            "format": "multitask-collapse certificate", "version": 1, "problem": {**problem, key: value},
            "problem_id": "", "point": {}, "dual": {}, "solver": {},
        }
    )["reason"]  # fmt: skip


@given(st.text("0123456789+-/.eE_ ١", max_size=9))
def test_numbers_are_read_as_the_first_checker_reads_them(text):
    try:
        read = check_exact.number(text, "x")
    except check_exact.RefusedError:
        read = None
    try:
        first = check.rational(text, "x")
    except check.MalformedError:
        return  # a spelling like ".5" that only one of them takes states no other number
    assert read == Fraction(int(first.p), int(first.q))
    assert fmpq(read.numerator, read.denominator) == first
