"""Images with labels: one module a source, one interface."""
