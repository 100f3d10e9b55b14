"""Are the installed backends the same experiment?

Step by step in float64 from the same draws, where they must agree in their digits, and over many
seeds in float32, where chaos leaves only the distribution of what was learned.
"""

from __future__ import annotations

from gan_eval.investigations.conformance.result import Conformance
from gan_eval.investigations.conformance.run import conform
from gan_eval.investigations.conformance.stepwise import StageAgreement
from gan_eval.judging.agreement import DistributionAgreement

__all__ = ["Conformance", "DistributionAgreement", "StageAgreement", "conform"]
