"""What the command lines of training show: progress, a table at the end, lists."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from empirical.experiments.catalogue import PLANS
from empirical.presets import PRESETS


@contextmanager
def progress(console: Console, epochs: int) -> Iterator[Callable[[int, dict[str, Any]], None]]:
    """A bar on a terminal, a plain line for every tenth of the epochs elsewhere."""
    if not console.is_terminal or console.quiet:
        step = max(1, epochs // 10)

        def line(epoch: int, latest: dict[str, Any]) -> None:
            if epoch % step == 0 or epoch == epochs:
                console.print(f"epoch {epoch}/{epochs}: {_brief(latest)}", markup=False)

        yield line
        return
    columns = (TextColumn("epoch {task.completed}/{task.total}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, TextColumn("{task.description}"), console=console) as bar:
        task = bar.add_task("", total=epochs)

        def advance(epoch: int, latest: dict[str, Any]) -> None:
            bar.update(task, completed=epoch, description=f"gap {_gap(latest)}")

        yield advance


def summary(console: Console, result: dict[str, Any], seconds: float, throughput: dict[str, float] | None) -> None:
    """The gates of a run and whether they were passed."""
    table = Table("measure", "bound", "value", "", box=None)
    for gate in result["gates"]:
        value = "none" if gate["value"] is None else f"{gate['value']:.3g}"
        limits = _bound(gate["at_most"], gate["at_least"])
        table.add_row(gate["measure"], limits, value, "passed" if gate["passed"] else "FAILED")
    console.print(table)
    if throughput is not None:
        console.print(
            f"{throughput['loop']:.0f} samples/s, {throughput['ratio']:.1%} of bare steps ({throughput['bare']:.0f}/s)"
        )
    console.print(f"{'all gates passed' if result['passed'] else 'a gate FAILED'} in {seconds:.1f} s")


def table_of(console: Console, summary: dict[str, Any]) -> None:
    """The table of an experiment: predicted beside measured."""
    table = Table("variant", "quantity", "predicted", "measured", "tolerance", "", box=None)
    for row in summary["table"]:
        mean, spread = row["mean"], row["spread"]
        measured = "none" if mean is None else f"{mean:.5g}" + ("" if spread is None else f" ± {spread:.1e}")
        predicted = "free" if row["predicted"] is None else f"{row['predicted']:.5g}"
        limits = f"{row['kind']} {row['tolerance']:.2g}"
        table.add_row(
            row["variant"], row["quantity"], predicted, measured, limits, "passed" if row["passed"] else "FAILED"
        )
    console.print(table)


def lists(console: Console) -> None:
    """All presets and experiments."""
    table = Table("preset", "what", "gates", box=None)
    for preset in PRESETS.values():
        gates = ", ".join(f"{gate.measure} {_bound(gate.at_most, gate.at_least)}" for gate in preset.gates)
        table.add_row(preset.name, preset.description, gates)
    console.print(table)
    plans = Table("experiment", "question", "variants", "seeds", box=None)
    for plan in PLANS.values():
        plans.add_row(plan.name, plan.question, str(len(plan.variants)), str(plan.seeds))
    console.print(plans)


def _bound(at_most: float | None, at_least: float | None) -> str:
    return f"<= {at_most:g}" if at_most is not None else f">= {at_least:g}"


def _brief(measures: dict[str, Any]) -> str:
    cross, etf = measures["cross_task"], measures["etf"]
    parts = [f"gap {_gap(measures)}"]
    parts += [] if any(v is None for v in etf) else [f"ETF {max(etf):.1e}"]
    parts += [] if cross is None else [f"cross {cross:.1e}"]
    return ", ".join([*parts, f"accuracy {min(measures['accuracy']):.1%}"])


def _gap(measures: dict[str, Any]) -> str:
    return "none" if measures["relative_gap"] is None else f"{measures['relative_gap']:.1e}"
