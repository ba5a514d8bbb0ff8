"""The figures of the report, each also alone: ``python -m reports.figures NAME --out FILE.pdf``."""
