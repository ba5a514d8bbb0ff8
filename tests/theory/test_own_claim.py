"""``theory/claims/__init__.py`` says how to prove a claim of your own: the example runs, and is refuted if broken."""

import importlib.util
import textwrap

import pytest

import theory.claims
from theory.proof.report_data import claim_text
from theory.proof.scope import scope


def example() -> str:
    """The module of the example, as written there."""
    text = (theory.claims.__doc__ or "").split("::\n\n", 1)[1]
    indent = " " * 8
    lines = []
    for line in text.splitlines():
        if line.strip() and not line.startswith(indent):
            break
        lines.append(line)
    return textwrap.dedent("\n".join(lines)).replace("'''", '"""')


def claim_of(text, folder):
    path = folder / "my_claim.py"
    path.write_text(text, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("my_claim", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.CLAIM


def test_the_example_is_proved_for_every_number_of_classes(tmp_path):
    claim = claim_of(example(), tmp_path)
    assert claim.status == "proved"
    assert scope(claim).text == "for all sizes: K ≥ 2"
    assert "1/(K + exp(a) - 1) ≤ 1/K   (equality: a = 0)" in claim_text(claim)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("rhs=1 / K,", "rhs=1 / (K + 1),"),
        ("rhs=sp.Integer(1),", "rhs=sp.Integer(2),"),
        ('op="<=",', 'op=">=",'),
        ("(K - 1) * p + sp.exp(a) * p", "K * p + sp.exp(a) * p"),
    ],
    ids=["constant", "sum", "direction", "one class too many"],
)
def test_a_false_variant_is_refuted_at_a_point(tmp_path, right, wrong):
    text = example()
    assert text.count(right) == 1
    claim = claim_of(text.replace(right, wrong), tmp_path)
    assert claim.status == "refuted"
    refuted = [o for o in claim.outcomes if o.point]
    assert refuted
    assert {"K", "a"} >= set(refuted[0].point)


def test_a_wrong_decomposition_proves_nothing(tmp_path):
    claim = claim_of(example().replace("(sp.exp(a) - 1) * p / K", "(sp.exp(a) - 1) * p"), tmp_path)
    assert claim.status != "proved"


def test_the_kinds_of_steps_that_the_text_names_exist():
    import theory.proof

    for name in ("Using", "Square", "EqualityCase", "Cases", "Cited", "Given", "Let"):
        assert hasattr(theory.proof, name)
        assert name in (theory.claims.__doc__ or "")
