"""Are the proofs able to fail?  Statements perturbed by a fixed list of operators must be contradicted by a point.

    what a step asserts       assertions
    its mutants               operators (on terms), variants (relations and hypotheses)
    points that decide        instances (by hand), search and solving (worlds), repair (worlds from worlds), hunt
                              (scalars), several (sums written out); points says if a relation is false at one
    what is true all the same equivalents, with facts, comparison, certificates, reduction, line (found by machine);
                              explained (proofs by hand); weakening (a hypothesis that is not needed)
    what is told              fates, record, identity (has a step changed since?), run

``python -m theory.mutation`` runs it; nothing else in the suite rests on this package.
"""
