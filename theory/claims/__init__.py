"""One theorem a module."""
