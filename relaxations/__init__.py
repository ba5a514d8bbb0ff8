"""What is optimal: solvers propose, a small independent checker decides.  Kept empty: the checker drags nothing in."""
