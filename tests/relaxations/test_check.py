"""The checker against exact arithmetic, and against what it must not believe."""

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
from flint import arb, arb_mat, ctx, fmpq, fmpq_mat
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import local_minimum
from strategies import balanced_designs, free_designs, problems, random_point

from relaxations import check
from relaxations.certificate import Certificate
from theory import UFM, LabelDesign
from theory.duality import feasible_dual
from theory.model import CONVENTIONS

CHECKER = Path(check.__file__).parent
SEEDS = st.integers(0, 2**32 - 1)
TINY = problems(designs=st.one_of(free_designs(max_cells=6), balanced_designs(max_cells=8)))

mp = mpmath.mp.clone()
mp.dps = 60


def number(x):
    x = Fraction(x)
    return mp.mpf(x.numerator) / x.denominator


def certificate_at(problem, seed, scale=0.5):
    """A certificate from a random point and the predictions of another."""
    W, H, b = random_point(problem, seed, scale)
    V, G, _ = random_point(problem, seed + 1, scale)
    q = problem.predictions(V @ G)
    return Certificate(problem, W, H, b, q)


def good_certificate(problem, seed=0):
    """A certificate from SciPy's L-BFGS on the factored problem: no solver of the suite takes part."""
    value, (W, H, b) = min((local_minimum(problem, seed + i) for i in range(4)), key=lambda pair: pair[0])
    q = problem.predictions(W @ H + (0 if b is None else b[:, None]))
    return Certificate(problem, W, H, b, feasible_dual(problem, q, b).q), value


def omega(problem):
    """ω_{t,j} as fractions."""
    masses = problem.design.masses
    return [[problem.alpha[t] * int(m) / n for m in masses[t]] for t, n in enumerate(problem.design.task_masses)]


def conjugate(loss, q):
    """Φ* of exact probabilities, at 60 digits."""
    if loss == "mse":
        return number(sum(x * x for x in q)) / 2
    return mp.fsum(number(x) * mp.log(number(x)) for x in q if x)


def exact_f(certificate):
    """f at the exact rationals of the point, at 60 digits: written out from the definition."""
    problem, design = certificate.problem, certificate.problem.design
    W = [[Fraction(x) for x in row] for row in certificate.W.tolist()]
    H = [[Fraction(x) for x in row] for row in certificate.H.T.tolist()]
    b = [Fraction(0)] * design.rows if certificate.b is None else [Fraction(x) for x in certificate.b.tolist()]
    weights, total = omega(problem), mp.mpf(0)
    for j, h in enumerate(H):
        z = [sum((x * y for x, y in zip(w, h, strict=True)), c) for w, c in zip(W, b, strict=True)]
        for t, rows in design.blocks():
            if weights[t][j]:
                y, logits = design.targets[t][design.labels[t, j]], z[rows]
                if problem.loss == "ce":
                    phi = mp.log(mp.fsum(mp.exp(number(x)) for x in logits))
                else:
                    phi = number(sum(x * x for x in logits)) / 2
                inner = number(sum(a * x for a, x in zip(y, logits, strict=True)))
                total += number(weights[t][j]) * (phi + conjugate(problem.loss, y) - inner)
        total += number(problem.lambda_h * int(design.counts[j]) * sum(x * x for x in h)) / 2
    for t, rows in design.blocks():
        total += number(problem.lambda_w[t] * sum(x * x for w in W[rows] for x in w)) / 2
        if problem.lambda_b is not None:
            total += number(problem.lambda_b[t] * sum(x * x for x in b[rows])) / 2
    return total


def exact_dual(certificate, mixtures):
    """The exact q̂ of the checker's definition as fractions, by task and cell, from the floats q alone."""
    problem, design = certificate.problem, certificate.problem.design
    out = []
    for t, rows in design.blocks():
        masses, targets = [int(m) for m in design.masses[t]], [design.targets[t][s] for s in design.labels[t]]
        cells = [j for j, m in enumerate(masses) if m]
        q = {j: [Fraction(x) for x in certificate.q[rows, j].tolist()] for j in cells}
        if problem.loss == "ce":
            for j in cells:
                positive = [max(x, Fraction(0)) for x in q[j]]
                q[j] = [x / sum(positive) for x in positive] if any(positive) else list(targets[j])
        if problem.free_bias:
            total = sum(masses)
            mean_y, mean_q = (
                [sum((Fraction(p[j][k]) * masses[j] for j in cells), Fraction(0)) / total for k in range(len(rows_of))]
                for p, rows_of in ((targets, q[cells[0]]), (q, q[cells[0]]))
            )
            tau = mixtures[t]
            for j in cells:
                shifted = [x + y - p for x, y, p in zip(q[j], mean_y, mean_q, strict=True)]
                q[j] = [(1 - tau) * x + tau * y for x, y in zip(shifted, mean_y, strict=True)]
        out.append(q)
    return out


def exact_value_and_slack(certificate, dual, s):
    """D(y + s(q̂ − y)) at 60 digits, Σ ω(y − q̂) of every task, and λ_H Λ − s² V Vᵀ, exactly."""
    problem, design = certificate.problem, certificate.problem.design
    weights, total = omega(problem), mp.mpf(0)
    slack = fmpq_mat(design.rows, design.rows)
    residual = [[Fraction(0)] * design.cells for _ in range(design.rows)]
    sums = []
    for t, rows in design.blocks():
        r = [Fraction(0)] * design.classes[t]
        for j, q in dual[t].items():
            y = design.targets[t][design.labels[t, j]]
            point = [a + s * (x - a) for a, x in zip(y, q, strict=True)]
            assert problem.loss == "mse" or (min(point) >= 0 and sum(point) == 1)
            total += number(weights[t][j]) * (conjugate(problem.loss, y) - conjugate(problem.loss, point))
            for k, (a, x) in enumerate(zip(y, q, strict=True)):
                residual[rows.start + k][j] = weights[t][j] * (a - x)
                r[k] += weights[t][j] * (a - x)
        if problem.lambda_b is not None and not problem.free_bias:
            total -= number(s * s * sum(x * x for x in r) / (2 * problem.lambda_b[t]))
        sums.append(r)
        for i in range(rows.start, rows.stop):
            limit = problem.lambda_h * problem.lambda_w[t]
            slack[i, i] = fmpq(limit.numerator, limit.denominator)
    scaled = fmpq_mat([[fmpq(x.numerator, x.denominator) for x in row] for row in residual])
    shares = fmpq_mat(
        [
            [fmpq(x.numerator, x.denominator) / n for x, n in zip(row, design.counts.tolist(), strict=True)]
            for row in residual
        ]
    )
    ratio = fmpq(s.numerator, s.denominator)
    return total, sums, slack - scaled * shares.transpose() * ratio**2


def contains(ball, value):
    """Does the ball hold a number that is known to about 55 digits?"""
    middle, radius = check.endpoint(ball.mid()), check.endpoint(ball.rad())
    distance = abs(number(Fraction(int(middle.p), int(middle.q))) - value)
    return distance <= number(Fraction(int(radius.p), int(radius.q))) + mp.mpf(10) ** -50 * (1 + abs(value))


def fraction(x):
    return Fraction(int(x.p), int(x.q))


# --------------------------------------------------------------------------- bounds against exact arithmetic


@settings(max_examples=60)
@given(TINY, SEEDS)
def test_the_upper_bound_encloses_the_exact_objective(problem, seed):
    certificate = certificate_at(problem, seed)
    contents = check.read_certificate(certificate.to_dict())
    with ctx.workprec(128):
        ball = check.upper_bound(contents)
    value = exact_f(certificate)
    assert contains(ball, value)
    assert float(ball.rad()) < 1e-30 * (1 + float(value))
    assert problem.objective(certificate.W, certificate.H, certificate.b) == pytest.approx(float(value), rel=1e-12)
    verdict = check.check_certificate(certificate.to_dict())
    assert 0 <= number(verdict.upper) - value < mp.mpf("1e-18") * value


@settings(max_examples=60)
@given(TINY, SEEDS, st.sampled_from([0.1, 1.0, 6.0]), st.booleans())
def test_the_lower_bound_is_the_exact_value_of_an_exactly_feasible_dual_point(problem, seed, scale, spoilt):
    certificate = certificate_at(problem, seed, scale)
    if spoilt:  # a column that predicts nothing, a negative entry
        certificate.q[:, 0] = 0.0
        certificate.q[0, -1] = -0.5
    contents = check.read_certificate(certificate.to_dict())
    with ctx.workprec(128):
        duals = [check.TaskDual(contents.problem, task, contents.q) for task in contents.problem.tasks]
        gram = check.gram(contents.problem, duals)
        s = check.largest_scale(contents.problem, gram)
        ball = sum((dual.value(s) for dual in duals), arb(0))
    dual = exact_dual(certificate, [fraction(d.mix) for d in duals])
    value, sums, slack = exact_value_and_slack(certificate, dual, fraction(s))
    assert contains(ball, value)
    if problem.free_bias:
        assert not any(x for r in sums for x in r)
    # Sylvester, exactly: every leading minor of the slack is positive
    for n in range(1, problem.design.rows + 1):
        assert fmpq_mat([row[:n] for row in slack.tolist()[:n]]).det() > 0
    if s < 1:  # and s is no smaller than it must be, to 1 % of 1 - s
        further = fraction(s) + (1 - fraction(s)) / 50
        worse = exact_value_and_slack(certificate, dual, further)[2].tolist()
        minors = [fmpq_mat([row[:n] for row in worse[:n]]).det() for n in range(1, problem.design.rows + 1)]
        assert min(minors) <= 0
    verdict = check.check_certificate(certificate.to_dict())
    assert number(verdict.lower) <= max(value, 0)
    assert number(verdict.lower) >= value - mp.mpf("1e-18") * abs(value)


@settings(max_examples=40)
@given(TINY, SEEDS, st.data())
def test_no_predictions_whatever_lift_the_bound_above_the_minimum(problem, seed, data):
    good, best = good_certificate(problem, seed % 1000)
    shape = good.q.shape
    kind = data.draw(st.sampled_from(["targets reversed", "noise", "huge", "negative", "zero", "stretched"]))
    rng = np.random.default_rng(seed)
    q = {
        "targets reversed": problem.design.target_matrix[::-1],
        "noise": rng.standard_normal(shape),
        "huge": 1e300 * rng.standard_normal(shape),
        "negative": -rng.random(shape),
        "zero": np.zeros(shape),
        "stretched": problem.design.target_matrix + 3 * (good.q - problem.design.target_matrix),
    }[kind]
    verdict = check.check_certificate(Certificate(problem, good.W, good.H, good.b, q).to_dict())
    assert verdict.status in ("certified", "inconclusive")
    assert 0 <= float(verdict.lower) <= best * (1 + 1e-9)
    assert float(verdict.upper) >= best * (1 - 1e-6)


def test_an_infeasible_dual_point_is_shrunk_not_believed():
    problem = UFM(LabelDesign.factorial([2, 2]), "1/2", "1/2", loss="mse")
    # q = 0 has D = Σ ω ½‖y‖² = f(0), which is the minimum only if both tasks are dead
    certificate = Certificate(problem, np.zeros((4, 1)), np.zeros((1, 4)), None, np.zeros((4, 4)))
    verdict = check.check_certificate(certificate.to_dict())
    assert verdict.certified
    assert verdict.scale == 1
    small = UFM(LabelDesign.factorial([2, 2]), "1/100", "1/100", loss="mse")
    verdict = check.check_certificate(Certificate(small, certificate.W, certificate.H, None, certificate.q).to_dict())
    assert verdict.status == "inconclusive"
    assert verdict.scale < 1
    assert float(verdict.lower) < local_minimum(small, 0)[0] < float(verdict.upper)


def test_a_free_bias_under_imbalance_mixes_and_still_bounds():
    design = LabelDesign((3,), np.array([[0, 1, 2]]), np.array([40, 5, 1]))
    problem = UFM(design, "1/50", "1/50", bias=0)
    q = np.array([[0.05, 0.9, 0.05], [0.05, 0.05, 0.05], [0.9, 0.05, 0.9]])
    certificate = Certificate(problem, np.zeros((3, 1)), np.zeros((1, 3)), np.zeros(3), q)
    contents = check.read_certificate(certificate.to_dict())
    dual = check.TaskDual(contents.problem, contents.problem.tasks[0], contents.q)
    assert dual.mix > 0
    verdict = check.check_certificate(certificate.to_dict())
    assert 0 <= float(verdict.lower) <= local_minimum(problem, 1)[0] * (1 + 1e-9)


def test_good_points_are_certified_and_hold_the_minimum_of_an_independent_minimiser():
    for loss, bias in (("ce", None), ("ce", 0), ("ce", "1/20"), ("mse", None), ("mse", 0)):
        design = LabelDesign((3, 2), np.array([[0, 1, 2, 0, -1], [0, 1, 0, -1, 1]]), np.array([3, 2, 1, 2, 4]))
        certificate, value = good_certificate(UFM(design, "1/20", "1/10", task_weights=[1, 2], bias=bias, loss=loss))
        verdict = check.check_certificate(certificate.to_dict(), tolerance="1e-6")
        assert verdict.certified, verdict.reason
        assert float(verdict.lower) <= value * (1 + 1e-14)
        assert value <= float(verdict.upper) * (1 + 1e-14)


def test_the_answer_does_not_depend_on_the_callers_precision():
    certificate, _ = good_certificate(UFM(LabelDesign.factorial([2, 3]), "1/30", "1/30"))
    data = certificate.to_dict()
    verdict = check.check_certificate(data)
    with ctx.workprec(20):
        assert check.check_certificate(data) == verdict
        assert ctx.prec == 20


# --------------------------------------------------------------------------- pieces


@given(problems(designs=free_designs()), st.sampled_from(sorted(CONVENTIONS)))
def test_the_checker_reads_every_convention_as_the_theory_does(problem, convention):
    data = {**problem.to_dict(), "convention": convention}
    problem = UFM.from_dict(data)
    read = check.read_problem(json.loads(json.dumps(data)))
    assert read.id == problem.identity
    assert [fraction(task.alpha) for task in read.tasks] == list(problem.alpha)
    assert [fraction(task.lambda_w) for task in read.tasks] == list(problem.lambda_w)
    assert fraction(read.lambda_h) == problem.lambda_h
    biases = [task.lambda_b for task in read.tasks]
    assert (None if biases[0] is None else tuple(map(fraction, biases))) == problem.lambda_b
    assert [task.masses for task in read.tasks] == problem.design.masses.tolist()
    assert [task.rows for task in read.tasks] == [rows for _, rows in problem.design.blocks()]


def test_sample_weights_count_and_weigh_nothing_where_no_label_is():
    weights = np.array([[2, 1, 3], [1, 0, 5]])
    design = LabelDesign((2, 2), np.array([[0, 1, 1], [1, 0, -1]]), np.array([1, 2, 3]), sample_weights=weights)
    problem = UFM(design, "1/10", "1/10")
    read = check.read_problem(problem.to_dict())
    assert read.id == problem.identity
    assert [task.masses for task in read.tasks] == [[2, 2, 9], [1, 0, 0]]


def test_a_problem_has_one_identity_however_its_numbers_are_written():
    data = UFM(LabelDesign.factorial([2, 2]), "0.05", "1/10").to_dict()
    other = {**data, "weight_decay": ["5e-2", "0.050"], "feature_decay": "2/20", "task_weights": [1, "1.0"]}
    assert check.read_problem(other).id == check.read_problem(data).id


@given(st.fractions(), st.integers(-900, 900), st.integers(2, 30))
def test_decimals_are_rounded_outward_and_no_further(value, exponent, digits):
    value *= Fraction(10) ** exponent
    exact = fmpq(value.numerator, value.denominator)
    down, up = (Fraction(check.decimal(exact, up=up, digits=digits)) for up in (False, True))
    assert down <= value <= up
    assert up - down <= abs(value) * Fraction(10) ** (1 - digits)
    assert check.rational(check.decimal(exact, up=True, digits=digits), "x") == fmpq(up.numerator, up.denominator)


@given(st.fractions(min_value=0), st.integers(-330, 300))
def test_gaps_are_rounded_up(value, exponent):
    value *= Fraction(10) ** exponent
    rounded = check.float_up(fmpq(value.numerator, value.denominator))
    assert math.isinf(rounded) or Fraction(rounded) >= value


@given(st.integers(1, 6), st.integers(0, 5), SEEDS)
def test_positive_definite_is_what_sylvester_says(n, rank_loss, seed):
    rng = np.random.default_rng(seed)
    factor = rng.integers(-3, 4, size=(n, max(n - rank_loss, 1)))
    matrix = factor @ factor.T - int(rng.integers(0, 2)) * np.diag(rng.integers(0, 2, size=n))
    minors = [fmpq_mat([[int(x) for x in row[:k]] for row in matrix[:k]]).det() for k in range(1, n + 1)]
    with ctx.workprec(128):
        proved = check.positive_definite(arb_mat([[arb(int(x)) for x in row] for row in matrix]))
    assert proved == (min(minors) > 0)


def test_positive_definite_needs_a_proof():
    with ctx.workprec(128):
        assert not check.positive_definite(arb_mat([[arb(1), arb(1)], [arb(1), arb(1)]]))
        assert not check.positive_definite(arb_mat([[arb(1, 2)]]))
        assert not check.positive_definite(arb_mat([[arb(2), arb(0, 3)], [arb(0, 3), arb(2)]]))
        assert not check.positive_definite(arb_mat([[arb("nan")]]))
        assert not check.positive_definite(arb_mat([[arb(0), arb(1)], [arb(1), arb(0)]]))
        assert check.positive_definite(arb_mat([[arb(2), arb(0, 1)], [arb(0, 1), arb(2)]]))


@given(st.fractions(0, 1), st.floats(0, 0.5))
def test_entropy_of_a_ball_holds_the_entropy_of_its_points(p, radius):
    with ctx.workprec(128):
        exact = arb(fmpq(p.numerator, p.denominator))
        ball = check.negative_entropy([exact + arb(0, radius)])
    for point in (p, max(p - Fraction(radius), Fraction(0)), min(p + Fraction(radius), Fraction(1))):
        assert contains(ball, conjugate("ce", [point]))


def test_position_is_decided_by_balls():
    verdict = check.Verdict("certified", "", lower="0.5", upper="0.75")
    assert check.position(verdict, arb(0.625, 0.01)) == "inside"
    assert check.position(verdict, arb(0.5)) == "inside"
    assert check.position(verdict, arb(0.5, 1e-30)) == "overlaps"
    assert check.position(verdict, arb(0.25, 0.2)) == "outside"
    assert check.position(verdict, arb(0.76)) == "outside"
    assert check.position(verdict, arb(0, 10)) == "overlaps"
    assert check.position(verdict, arb("nan")) == "overlaps"
    assert check.position(check.Verdict("malformed", ""), arb(1)) == "overlaps"


def test_points_out_of_all_proportion_bound_or_say_so():
    problem = UFM(LabelDesign.factorial([2, 2]), "1/10", "1/10", bias="1/10")
    for size, finite in ((1e-320, True), (1e10, True), (1e154, False), (1.7e308, False)):
        q = np.full((4, 4), 0.5)
        certificate = Certificate(problem, np.full((4, 2), size), np.full((2, 4), -size), np.full(4, size), q)
        verdict = check.check_certificate(certificate.to_dict())
        assert verdict.status == "inconclusive"
        # logits of 1e308 are known to 1e270 only: no finite bound, and the verdict says that
        assert (verdict.upper is not None) == finite, verdict.reason
        if finite:
            assert number(verdict.upper) >= exact_f(certificate) * (1 - mp.mpf("1e-40"))


# --------------------------------------------------------------------------- on its own


def test_the_checker_imports_the_standard_library_and_flint_alone():
    sources = sorted(CHECKER.rglob("*.py"))
    assert len(sources) > 10
    imported = set()
    for source in sources:
        depth = len(source.relative_to(CHECKER).parts)  # a module of the folder itself: 1
        for node in ast.walk(ast.parse(source.read_text())):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level:
                assert node.level <= depth, f"{source}: leaves the folder of the checker"
            elif isinstance(node, ast.ImportFrom):
                imported.add(node.module.split(".")[0])
            elif isinstance(node, ast.Call) and getattr(node.func, "id", None) in ("__import__", "exec", "eval"):
                raise AssertionError(f"{source}: imports what no reader sees")
    assert imported <= set(sys.stdlib_module_names) | {"flint"}


BARE = """
import runpy, sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"numpy", "scipy", "cvxpy", "sympy", "mpmath", "theory", "relaxations"}:
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Refuse())
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    certificate, _ = good_certificate(UFM(LabelDesign.factorial([2, 3]), "1/30", "1/30", bias=0))
    path = tmp_path_factory.mktemp("certificate") / "certificate.json"
    certificate.save(path)
    return path


@pytest.mark.parametrize("how", [["-I", "-c", BARE, str(CHECKER)], ["-I", str(CHECKER)], ["-m", "relaxations.check"]])
def test_the_checker_runs_alone(how, saved):
    done = subprocess.run([sys.executable, *how, str(saved)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("certified: ")
    assert done.stderr == ""


def test_exit_codes_and_json(saved, tmp_path, capsys):
    data = json.loads(saved.read_text())
    assert check.main([str(saved), "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["status"] == "certified"
    assert printed["problem_id"] == data["problem_id"]
    assert Fraction(printed["lower"]) < Fraction(printed["upper"])
    assert check.main([str(saved), "--tolerance", "1e-19"]) == 1
    assert capsys.readouterr().out.startswith("inconclusive: proven relative width")
    assert check.main([str(tmp_path / "absent.json")]) == 1
    assert "cannot be read" in capsys.readouterr().err
    for usage in ([], [str(saved), "--tolerance", "0"], [str(saved), "--tolerance", "x"], [str(saved), "--what"]):
        with pytest.raises(SystemExit) as stop:
            check.main(usage)
        assert stop.value.code == 2
        assert "usage" in capsys.readouterr().err


def test_the_problem_that_was_asked_for(saved, tmp_path, capsys):
    data = json.loads(saved.read_text())
    same, other = tmp_path / "same.json", tmp_path / "other.json"
    same.write_text(json.dumps({**data["problem"], "feature_decay": "10/300"}))
    other.write_text(json.dumps({**data["problem"], "feature_decay": "1/31"}))
    assert check.main([str(saved), "--problem", str(same)]) == 0
    assert check.main([str(saved), "--problem", str(saved)]) == 0
    capsys.readouterr()
    assert check.main([str(saved), "--problem", str(other)]) == 1
    assert "mismatch: the certificate is of problem" in capsys.readouterr().err
    assert check.main([str(saved), "--problem", str(tmp_path / "absent")]) == 1
