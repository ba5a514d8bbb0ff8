"""Positive definiteness of a matrix of balls, proved or not claimed."""

from __future__ import annotations

from flint import arb_mat


def positive_definite(matrix: arb_mat) -> bool:
    """Is every symmetric matrix in these balls positive definite?  ``False`` where that is not proved.

    Leading block and its Schur complement positive definite ⟺ the whole is (Haynsworth 1968), recursively.
    """
    n = matrix.nrows()
    if n == 1:
        return bool(matrix[0, 0] > 0)
    half, rows = n // 2, matrix.tolist()
    lead = arb_mat([row[:half] for row in rows[:half]])
    side = arb_mat([row[half:] for row in rows[:half]])
    rest = arb_mat([row[half:] for row in rows[half:]])
    if not positive_definite(lead):
        return False
    try:
        solved = lead.solve(side)
    except ZeroDivisionError:  # python-flint's word for "not proved regular"
        return False
    return positive_definite(rest - side.transpose() * solved)
