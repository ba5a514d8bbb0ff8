"""Which checker judges: balls, which assume nothing, or float64 with a-priori rounding bounds, which take more.

balls     :mod:`relaxations.check`: ball arithmetic
floats    :mod:`relaxations.check_float`: the second level of trust, named by its verdict
auto      balls up to :data:`PRACTICAL` products, floats beyond
"""

from __future__ import annotations

from typing import Any

from relaxations import check_float
from relaxations.check import BALLS, Method, Verdict, check_certificate
from theory.model import UFM

#: Levels of trust by name.
LEVELS: dict[str, Method] = {"balls": BALLS, "floats": check_float.FLOATS}
TRUST = ("auto", *LEVELS)

#: Products R·C·(R + d') that balls take about half a minute for; 1000 cells of 30 rows are 0.002 of it.
PRACTICAL = 1_000_000_000


def level_for(problem: UFM, trust: str) -> str:
    """The level that ``trust`` means for the problem: ``"balls"`` or ``"floats"``.

    Raises ``ValueError`` for an unknown name and for a problem too large for the level, before anything is solved.
    """
    if trust not in TRUST:
        raise ValueError(f"trust: {trust!r} is unknown; expected one of {', '.join(TRUST)}")
    R, C = problem.design.rows, problem.design.cells

    def within(name: str) -> bool:
        limits = LEVELS[name].limits
        return R <= limits.rows and R * C <= limits.entries

    # every task has at least one class more than its head has rank: d' <= R
    name = ("balls" if within("balls") and 2 * R * R * C <= PRACTICAL else "floats") if trust == "auto" else trust
    if not within(name):
        limits, further = LEVELS[name].limits, "; take --trust floats" if name == "balls" and within("floats") else ""
        raise ValueError(
            f"design: {R} rows and {C} cells; {limits.name} practical to {limits.rows} rows and "
            f"{limits.entries} entries{further}"
        )
    return name


def check_at(level: str, data: Any, tolerance: str) -> Verdict:
    """The verdict of the checker of a level on a certificate as parsed."""
    return check_certificate(data, tolerance, method=LEVELS[level])
