"""For which sizes a claim is proved is read from its terms."""

import sympy as sp

from theory.__main__ import main
from theory.claims import all_claims
from theory.proof import Alphabet, Claim, Given, Identity, Using
from theory.proof.scope import scope

CLAIMS = {c.name: c for c in all_claims()}


def toy(lhs, rhs, x):
    step = Identity(name="toy", lhs=lhs, rhs=rhs, concludes=True)
    return Claim("toy", "A toy.", x, (), (step,), "here")


def test_sizes_of_the_claims():
    assert "K_t ≥ 2" in scope(CLAIMS["single_source"]).text
    assert "R" in scope(CLAIMS["gap_anatomy"]).shapes
    assert "t" in scope(CLAIMS["price_of_sharing"]).indices
    assert scope(CLAIMS["label_simplex_failure"]).kind == "one instance"
    assert scope(CLAIMS["correlation"]).kind == "fixed sizes"
    assert [n for n in scope(CLAIMS["landscape"]).explicit if n.startswith("narrow counterexample")]


def test_an_integer_symbol_makes_all_sizes():
    x = Alphabet()
    K = x.integer("K", least=2)
    assert scope(toy((K - 1) ** 2, K**2 - 2 * K + 1, x)).text == "for all sizes: K ≥ 2"


def test_real_symbols_leave_the_sizes_fixed():
    x = Alphabet()
    a = x.real("a")
    assert scope(toy((a - 1) ** 2, a**2 - 2 * a + 1, x)).kind == "fixed sizes"


def test_numbers_are_one_instance():
    assert scope(toy(sp.Integer(4), sp.Integer(2) ** 2, Alphabet())).kind == "one instance"


def test_what_is_not_proved_is_only_at_instances():
    """True under the hypothesis, but used with the wrong multiple: nothing refutes it, nothing proves it."""
    x = Alphabet()
    a, b = x.real("a"), x.real("b")
    step = Identity(name="cubes", lhs=a**3, rhs=b**3, using=(Using("equal", times=a),), concludes=True)
    claim = Claim("toy", "A toy.", x, (Given("equal", a, b),), (step,), "here")
    assert claim.status == "checked at instances"
    assert scope(claim).text == "only at instances: cubes"


def test_the_table_says_it(capsys):
    assert main(["--claim", "thresholds", "--claim", "label_simplex_failure"]) == 0
    printed = capsys.readouterr().out
    assert "scope       for all sizes: K_t ≥ 2" in printed
    assert "Scope: 1 all sizes, 1 one instance." in printed
