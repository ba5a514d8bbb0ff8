"""``python -m relaxations.check_float FILE``."""

import sys

from relaxations.check_float import main

if __name__ == "__main__":
    sys.exit(main())
