"""Solve a problem, prove between which numbers its minimum lies, hold the theorem against the proof.

    python -m relaxations.certify --tasks 3                 python -m relaxations.certify --classes 3,4,5 --bias free

The solver proposes a point and predictions (``solve.py``), they become a certificate (``certificate.py``), and the
checker alone (``relaxations.check``) derives the enclosure from the certificate's text.  Status:

certified     the proven relative width is within the tolerance and, where a theorem applies, its value, evaluated
              in ball arithmetic, is not outside the enclosure;
refuted       a theorem applies and its value is proven to lie outside the enclosure;
inconclusive  anything else, with the reason.  Below the rank of the relaxation's optimum the lower bound holds
              but need not be attained, so the interval may stay open;
              ``--every-dim`` prints it for every dimension up to that rank.

The verdict names the level of trust at which it was reached (``trust``): balls, which assume nothing, up to sizes where
they take half a minute; float64 with a-priori rounding bounds beyond.
"""

from __future__ import annotations

from relaxations.trust import TRUST

from .command import app
from .problem import bounds_at_gap, certify_problem, measure
from .result import CertifyResult, Deviations

__all__ = ["TRUST", "CertifyResult", "Deviations", "app", "bounds_at_gap", "certify_problem", "measure"]
