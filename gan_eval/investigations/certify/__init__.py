"""Do the tests keep what their p-values promise? Size, power and closed forms, measured.

``certify`` takes any test of two samples as a function ``(x, y, rng) -> p-value``.
"""

from __future__ import annotations

from gan_eval.investigations.certify.catalogue import JUDGE, TESTS, Subject
from gan_eval.investigations.certify.result import Certificate
from gan_eval.investigations.certify.run import certify
from gan_eval.investigations.certify.settings import Settings

__all__ = ["JUDGE", "TESTS", "Certificate", "Settings", "Subject", "certify"]
