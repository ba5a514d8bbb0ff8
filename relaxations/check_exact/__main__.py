"""``python -m relaxations.check_exact FILE``; alone, ``python relaxations/check_exact FILE``."""

import sys

if not __package__:  # run as a folder: python put the folder itself on the path, and its parent is wanted
    from pathlib import Path

    sys.path[0] = str(Path(__file__).resolve().parent.parent)
    __package__ = Path(__file__).resolve().parent.name

from importlib import import_module

if __name__ == "__main__":
    sys.exit(import_module(".command", __package__).main())
