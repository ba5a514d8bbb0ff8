"""What we say: the verification report, made from claims, certificates and records."""
