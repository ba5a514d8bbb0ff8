"""``python -m relaxations.certify``."""

from relaxations.certify import app

if __name__ == "__main__":
    app()
