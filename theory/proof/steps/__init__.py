"""The kinds of steps of a proof, one a module; :mod:`theory.proof` gathers them."""
