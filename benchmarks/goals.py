"""The goals of the suite's speed beside what a run reached: one list, from which the report prints as well.

A goal is ``{"name", "sense", "goal", "reached", "unit", "met", "note"}``: ``sense`` is ``"at least"`` or ``"at most"``,
``reached`` is ``None`` where the run gives no figure (a part left out, a measurement that failed), and then ``met`` is
``None`` for a part left out and ``False`` for a failure, which ``note`` names.
"""

from __future__ import annotations

from typing import Any

Goal = dict[str, Any]

#: Fastest peer over ours at an equal certified gap, by case.
RATIOS = (("random:4x4x4:0", "64 cells", 20), ("random:10x10:0", "100 cells", 50), ("random:5x5x5:0", "125 cells", 50))
#: Seconds from the problem to the verdict, proven to 1e-8: (case, level, words, seconds or None for "done at all").
RIGOROUS = (
    ("factorial:10x10x10", "balls", "1000 cells, factorial", 1.0),
    ("random:10x10x10:0", "balls", "1000 cells, random", 5.0),
    ("random:10x10x10x10:0", "balls", "10,000 cells (T=4, K=10), random", 60.0),
    ("random:100x100:0", "balls", "10,000 cells (T=2, K=100), random", 60.0),
    ("random:40x40x40:0", "float", "64,000 cells (T=3, K=40), random", None),
    ("confidence:3x10x5:100000:0", "float", "100,000 cells, random", None),
)
#: A rigorous width counts if it is below this.
WIDTH = 1e-8
MOST_MEMORY = 4096.0
UNITS = (("factorial", 60), ("random", 400))
EXPONENT = 1.15


def goals_reached(result: dict[str, Any]) -> list[Goal]:
    """All goals, with the figures of a run's ``result`` (parts by name, see :mod:`benchmarks.__main__`)."""
    goals: list[Goal] = []
    peers = {row["case"]: row for row in result.get("peers", ())}
    for case, words, least in RATIOS:
        row = peers.get(case)
        note = "" if row is None else f"fastest: {row['fastest']}, gap {row['equal_gap']:.0e}" if row["ratio"] else "-"
        goals.append(_goal(f"fastest peer / ours, {words}", "at least", least, row, "ratio", "x", note))
    rigorous = {(row["case"], row["level"]): row for row in result.get("rigorous", ()) if not row.get("symmetry")}
    for case, level, words, most in RIGOROUS:
        row = rigorous.get((case, level))
        note = "" if row is None else row.get("failure") or f"{row['status']}, width {row['gap']:.0e}, {level}"
        proved = row is not None and row.get("status") == "certified" and row["gap"] <= WIDTH
        if most is not None:
            goals.append(_goal(f"rigorous, {words}", "at most", most, row, "seconds", "s", note, proved))
        else:
            if row is not None and "failure" not in row:
                note += f", {row['seconds']:.0f} s"
            goals.append(_goal(f"rigorous, {words}", "at most", MOST_MEMORY, row, "peak_mb", "MB", note, proved))
    scaling = result.get("scaling")
    goals.append(_goal("seconds against cells, exponent", "at most", EXPONENT, scaling, "exponent", "", "limit 1"))
    for kind, most in UNITS:
        rows = [row for row in result.get("gradients", ()) if row["case"].startswith(kind)]
        worst = None
        if rows:
            failed = [row for row in rows if "failure" in row]
            worst = failed[0] if failed else max(rows, key=lambda row: float(row["gradients"]))
        note = "" if worst is None else f"worst of {len(rows)}; limit 1"
        goals.append(_goal(f"solve in gradient evaluations, {kind}", "at most", most, worst, "gradients", "", note))
    audit = result.get("audit")
    rows = {} if audit is None else {row["name"]: row for row in audit.get("rows", ())}
    for name, most in (("bound and anatomy", 4), ("all measures", 7)):
        row = None if audit is None else rows.get(name, audit)
        goals.append(
            _goal(f"audit, {name} / plain product", "at most", most, row, "ratio", "x", "wall time, two cores")
        )
    return goals


def _goal(
    name: str, sense: str, goal: float, row: dict[str, Any] | None, key: str, unit: str, note: str, valid: bool = True
) -> Goal:
    reached = None if row is None else row.get(key)
    met: bool | None = None
    if reached is not None:
        met = bool(valid and (reached >= goal if sense == "at least" else reached <= goal))
    elif row is not None:
        met, note = False, str(row.get("failure") or note)
    return {"name": name, "sense": sense, "goal": goal, "reached": reached, "unit": unit, "met": met, "note": note}


def print_goals(goals: list[Goal]) -> None:
    """The table."""
    print("\nGoals beside the figures reached")
    print(f"{'':48}{'goal':>14}{'reached':>14}   ")
    for g in goals:
        bound = f"{'>=' if g['sense'] == 'at least' else '<='} {g['goal']:g} {g['unit']}"
        reached = "-" if g["reached"] is None else f"{g['reached']:.3g} {g['unit']}"
        verdict = {True: "met", False: "MISSED", None: "not run"}[g["met"]]
        print(f"{g['name']:<48}{bound:>14}{reached:>14}   {verdict:<8}{g['note']}", flush=True)
    met, missed = (sum(g["met"] is value for g in goals) for value in (True, False))
    print(f"{met} met, {missed} missed, {len(goals) - met - missed} not run")
