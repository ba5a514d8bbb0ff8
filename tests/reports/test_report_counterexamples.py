"""Counterexamples of the report: proved from certificates alone, refused without them, printed rounded down."""

import dataclasses
import shutil
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from relaxations.certificate import Certificate
from relaxations.check import check_certificate
from relaxations.solve import solve
from reports import counterexamples, latex, published
from reports.checked import InputError
from reports.counterexamples import app, evidence_of, kept, path_of, read_counterexamples
from theory.claims import all_claims
from theory.counterexamples import COUNTEREXAMPLES, counterexample
from theory.model import UFM
from theory.published_table import published_table

run = CliRunner().invoke


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("counterexamples")
    assert run(app, ["--out", str(folder)]).exit_code == 0
    return folder


@pytest.fixture
def copied(made, tmp_path):
    return shutil.copytree(made, tmp_path / "copy")


def test_every_violation_is_proved_from_the_files(made):
    found = read_counterexamples(made)
    assert [one.example for one in found] == list(COUNTEREXAMPLES)
    for one in found:
        assert one.holds
        assert one.deviation > 0.01
        assert one.checked.problem.identity == one.example.problem.identity
    compared = {one.example.name: len(one.others) for one in found}
    assert compared["identical tasks"] == 1  # both tasks alone are one problem
    assert compared["large decay"] == 0


def test_a_second_run_keeps_the_files_and_a_lost_one_is_made_again(copied):
    before = {path.name: path.read_bytes() for path in copied.iterdir()}
    stamps = {path: path.stat().st_mtime_ns for path in copied.iterdir()}
    assert run(app, ["--out", str(copied)]).exit_code == 0
    assert {path: path.stat().st_mtime_ns for path in copied.iterdir()} == stamps
    lost = path_of(copied, counterexample("identical tasks").problem)
    lost.unlink()
    assert kept(copied, counterexample("identical tasks")) is None
    assert run(app, ["--out", str(copied)]).exit_code == 0
    assert before.keys() == {path.name for path in copied.iterdir()}
    assert lost.exists()


@pytest.mark.parametrize("damage", [lambda p, other: p.unlink(), lambda p, other: shutil.copy(other, p)])
def test_a_missing_certificate_or_one_of_another_problem_is_refused(copied, damage):
    damage(
        path_of(copied, counterexample("balanced marginally").problem),
        path_of(copied, counterexample("identical tasks").problem),
    )
    with pytest.raises(InputError, match=r"python -m reports\.counterexamples"):
        read_counterexamples(copied)


def test_a_violation_below_its_margin_is_a_fault(made, monkeypatch):
    weak = dataclasses.replace(counterexample("identical tasks"), margin=Fraction(1, 2))
    monkeypatch.setattr(counterexamples, "COUNTEREXAMPLES", (weak,))
    (one,) = read_counterexamples(made)
    assert not one.holds
    assert run(app, ["--out", str(made)]).exit_code == 1


def test_a_folder_that_cannot_be_written_is_bad_usage(tmp_path):
    (tmp_path / "file").write_text("")
    result = run(app, ["--out", str(tmp_path / "file")])
    assert result.exit_code == 2
    assert "counterexamples:" in result.output


def test_the_shift_of_predictions_covers_their_normalisation():
    """Predictions whose columns miss the sum 1 by 1e-6 are proved after scaling: they may have moved that far."""
    problem = counterexample("asymmetric correlation").problem
    solution = solve(problem, "proximal")
    certificate = dataclasses.replace(Certificate.from_solution(solution), q=solution.q * (1 + 1e-6))
    verdict = check_certificate(certificate.to_dict())
    assert evidence_of(certificate, verdict).shift >= 1e-6
    with pytest.raises(ValueError, match="encloses no minimum"):
        evidence_of(certificate, dataclasses.replace(verdict, upper=None))


@given(st.fractions("1e-9", "1e9"))
def test_a_printed_bound_is_proved(value):
    text = latex.at_least(value).strip("$").replace(r"\times10^{", "e").rstrip("}")
    printed = Fraction(text)
    assert printed <= value
    assert value - printed <= value / 100


def test_references_lead_to_what_is_printed(made):
    """Every proof of the table is a step of a claim, and a concluding one is referred to by its equation."""
    claims = {c.name: c for c in all_claims()}
    for row in published_table():
        for entry in row.proof:
            name, _, step = entry.partition("::")
            assert step in {s.name for s in claims[name].steps}, entry
        assert set(row.counterexamples) <= {c.name for c in COUNTEREXAMPLES}
    assert published.references(("cells::collapse within the cell",), {}) == r"\texttt{cells}"


def test_cells_are_written_out_where_they_are_few():
    marginal = counterexample("balanced marginally").problem
    assert published.cells(marginal) == r"$(1,1)^{2},\allowbreak\ (1,2),\allowbreak\ (2,1),\allowbreak\ (2,2)^{2}$"
    missing = counterexample("dead under n_t/4: sum loss, c_t on the loss alone").problem
    assert "(1,-)^{3}" in published.cells(missing)
    assert "task" not in published.numbers_of(marginal)
    assert "c=0.5" in published.numbers_of(missing)
    assert "with a bias" in published.numbers_of(UFM(marginal.design, "0.1", "0.1", bias=1))
