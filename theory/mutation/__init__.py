"""Are the proofs able to fail?  Statements perturbed by a fixed list of operators must be contradicted by a point."""
