"""The mutation test: what kills a mutant, what does not, and the figures over the theory."""

import json
import random
from collections import Counter

import flint
import pytest
import sympy as sp

from theory.claims import all_claims, gap_anatomy, thresholds
from theory.mutation.__main__ import main
from theory.mutation.assertions import assertion
from theory.mutation.equivalents import follows
from theory.mutation.hunt import hunt
from theory.mutation.operators import OPERATORS, SCALAR, mutate
from theory.mutation.points import contradicted, points, semidefinite
from theory.mutation.reduction import reduced
from theory.mutation.run import run, try_step
from theory.mutation.search import find_world
from theory.mutation.worlds import World
from theory.proof import Claim, Context, Equivalence, Given, Identity, Inequality, Using
from theory.proof.alphabet import Alphabet, Condition
from theory.proof.traces import Word, identity, letter

x = Alphabet()
K, a, lam, z = x.integer("K", least=2), x.nonnegative("a"), x.positive("λ"), x.real("z")
P, A, B = letter("P", "m", "r"), letter("A", "m", "n"), letter("B", "n", "m")
KILLED = ("point", "enclosure")
CLAIMS = {c.name: c for c in all_claims()}


def claim_of(*steps, hypotheses=()):
    return Claim("test", "test", x, hypotheses, steps, "here")


def fates(step, hypotheses=()):
    return Counter(m.fate for m in try_step(claim_of(step, hypotheses=hypotheses), step))


# --------------------------------------------------------------------------- operators


def test_every_scalar_operator_makes_a_mutant():
    expression = lam * z**2 * K * (K - 1) + sp.sqrt(lam) * a + 5 * K**2 * z
    other = x.joined(Alphabet())
    found = {name for name, _ in mutate(expression + a * other.positive("β") * lam, other)}
    assert found == set(SCALAR)


def test_no_mutant_is_the_term_itself():
    expression = (K - 1) * lam + sp.exp(-a) / K
    assert all(m != expression for _, m in mutate(expression, x))


def test_mutants_of_named_examples():
    found = {m for _, m in mutate(K - 1, x)}
    assert {K, K - 2, 2 * K - 2, -K - 1, K + 1} <= found
    assert {lam, lam**3, lam**4} <= {m for _, m in mutate(lam**2, x)}


# --------------------------------------------------------------------------- worlds


def test_a_world_satisfies_its_equations_exactly():
    equations = [P.T @ P - identity("r"), A - P @ P.T @ A]
    for seed in range(20):
        world = find_world(equations, [lam * A], x, random.Random(seed))
        p, m = (next(v for k, v in world.matrices.items() if k.name == n) for n in "PA")
        unit = flint.fmpq_mat(p.ncols(), p.ncols(), [int(i % (p.ncols() + 1) == 0) for i in range(p.ncols() ** 2)])
        assert p.transpose() * p == unit
        assert p * p.transpose() * m == m
        assert all(v > 0 for v in world.scalars.values())


def test_equations_that_contradict_have_no_world():
    assert find_world([P.T @ P - identity("r"), P.T @ P - 2 * identity("r")], [], x, random.Random(0), 50) is None


def test_semidefinite_is_decided_exactly():
    M = letter("M", "n", "n", symmetric=True)
    one = next(iter(M.letters))
    for entries, expected in (([1, 2, 2, 4], True), ([1, 2, 2, 3], False), ([0, 0, 0, -1], False)):
        assert semidefinite(World({}, {one: flint.fmpq_mat(2, 2, entries)}, {"n": 2}), M) is expected


# --------------------------------------------------------------------------- what kills, what does not


def test_false_variants_of_an_identity_are_killed_by_points():
    step = Identity(name="true", lhs=(K - 1) * lam / K, rhs=lam - lam / K, concludes=True)
    found = try_step(claim_of(step), step)
    assert Counter(m.fate for m in found)["survived"] == 0
    assert all(m.point for m in found if m.fate in KILLED)
    assert sum(m.fate in KILLED for m in found) >= 20


def test_undecided_does_not_kill():
    """A variant that SymPy does not simplify and that no point contradicts is not killed."""
    step = Identity(name="true", lhs=sp.cosh(a) ** 2 - sp.sinh(a) ** 2, rhs=sp.Integer(1), concludes=True)
    asserted = assertion(step, Context(x))
    same = asserted.replaced(rhs=sp.cosh(2 * a) - 2 * sp.sinh(a) ** 2)
    assert not any(contradicted(same, w) for w in points(asserted, x, random.Random(0)))


def test_a_step_that_is_false_is_noticed():
    step = Identity(name="false", lhs=lam, rhs=2 * lam, concludes=True)
    with pytest.raises(AssertionError, match="fails where its premises hold"):
        list(points(assertion(step, Context(x)), x, random.Random(0)))


def test_dropped_premise_is_killed_where_the_conclusion_fails():
    given = Given("orthonormal", P.T @ P, identity("r"))
    step = Identity(
        name="norm", lhs=P @ P.T @ P, rhs=P, using=(Using("orthonormal", left=P),), concludes=True
    )  # fmt: skip
    found = [m for m in try_step(claim_of(step, hypotheses=(given,)), step) if m.operator == "premise dropped"]
    assert [m.fate for m in found] == ["point"]
    assert "P" in found[0].point


def test_dropped_condition_is_killed_or_proved_superfluous():
    needed = Condition("large", lam, ">", sp.Integer(1))
    step = Inequality(name="needs it", lhs=lam, op=">", rhs=sp.Integer(1), where=(needed,), concludes=True)
    assert {m.fate for m in try_step(claim_of(step), step) if m.operator == "condition dropped"} == {"point"}
    idle = Identity(name="does not", lhs=lam + lam, rhs=2 * lam, where=(needed,), concludes=True)
    found = [m for m in try_step(claim_of(idle), idle) if m.operator == "condition dropped"]
    assert [(m.fate, m.reason) for m in found] == [("not used", "the same proof goes through without it")]


def test_weaker_inequalities_are_shown_to_follow():
    step = Inequality(name="square", lhs=z**2 + lam, op=">=", rhs=lam, by=((z**2,),), equality="z = 0", concludes=True)
    asserted = assertion(step, Context(x))
    assert follows(asserted.replaced(rhs=lam / 2), asserted, x)[0] == "implied"
    assert follows(asserted.replaced(rhs=2 * lam), asserted, x) == ("", "")
    assert hunt(asserted.replaced(rhs=2 * lam), x) is not None
    assert hunt(asserted.replaced(rhs=lam / 2), x) is None


def test_a_wrong_threshold_is_hunted_down():
    left, right = Condition("left", lam, "<", K / a), Condition("right", a * lam, "<", sp.Integer(1) * K)
    step = Equivalence(name="threshold", left=left, right=right, factor=1 / a, concludes=True)
    asserted = assertion(step, Context(x))
    for wrong in (K - 1, K + 1, 2 * K, K**2):
        found = hunt(asserted.replaced(rhs=Condition("wrong", a * lam, "<", wrong)), x)
        assert found is not None
        point = found.scalars
        assert (point[a] * point[lam] < int(point[K])) != (point[a] * point[lam] < int(wrong.subs(K, int(point[K]))))


def test_reduction_modulo_premises():
    premise = P.T @ P - identity("r")
    assert not reduced(A.T @ P @ P.T @ P - A.T @ P, [premise]).coefficients()
    assert reduced(A.T @ P @ P.T, [premise]).coefficients()
    assert isinstance(reduced(P, []), Word)


# --------------------------------------------------------------------------- the theory


@pytest.mark.slow
def test_thresholds_and_anatomy():
    """Every mutant of the thresholds in six conventions is contradicted by a point, or the same statement."""
    tally = run((thresholds.CLAIM,))
    assert not tally.survivors
    assert tally.killed > 500
    assert tally.count("point", "enclosure", "equivalent", claim="thresholds") == len(tally.mutants)
    step = next(s for s in gap_anatomy.CLAIM.steps if s.name == "alignment and balance without singular values")
    assert fates_of(gap_anatomy.CLAIM, step)["survived"] == 0


@pytest.mark.slow
@pytest.mark.parametrize(("name", "killed"), [("stationarity", 550), ("latent_features", 380), ("cells", 280)])
def test_whole_claims_have_no_survivor(name, killed):
    tally = run((CLAIMS[name],))

    assert not tally.survivors
    assert tally.killed >= killed


def fates_of(claim, step):
    return Counter(m.fate for m in try_step(claim, step))


def test_command(capsys, tmp_path):
    assert main(["--claim", "cells", "--json", str(tmp_path / "out.json")]) == 0
    out = capsys.readouterr().out
    assert all(f"  {name} " in out for name in OPERATORS)
    assert "0 survivors" in out
    record = json.loads((tmp_path / "out.json").read_text())
    left = sum(record["result"]["counts"][fate] for fate in ("equivalent", "implied", "not used", "survived"))
    assert 0 < left == len(record["result"]["uncontradicted"])
    assert main(["--claim", "latent_features", "--json", str(tmp_path / "out.json")]) == 0
    assert set(json.loads((tmp_path / "out.json").read_text())["result"]["fates"]) == {"latent_features", "cells"}
    with pytest.raises(SystemExit) as error:
        main(["--claim", "no such claim"])
    assert error.value.code == 2


@pytest.mark.parametrize("text", ["my notes", '{"kind": "experiment"}', "[1, 2]"])
def test_a_file_that_is_something_else_is_not_written_over(capsys, tmp_path, text):
    path = tmp_path / "notes.json"
    path.write_text(text)
    with pytest.raises(SystemExit) as error:
        main(["--claim", "cells", "--json", str(path)])
    assert error.value.code == 2
    assert path.read_text() == text
    assert "--fresh" in capsys.readouterr().err
