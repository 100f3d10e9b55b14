"""The result of a comparison of backends, pair by pair."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from gan_eval.investigations.conformance.stepwise import StageAgreement
from gan_eval.judging import agreement
from gan_eval.judging.agreement import DistributionAgreement
from gan_eval.runtime.documents import json_ready
from gan_eval.runtime.notebook import Displayed, few_lines
from gan_eval.training.backends import Availability

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Conformance(Displayed):
    """A comparison of backends, with the answer for each pair.

    Attributes
    ----------
    compared : tuple of Availability
        The backends that were compared. A single one has nothing to agree with.
    absent : tuple of Availability
        Those that are missing or broken, and forms without a device here.
    stages : tuple of StageAgreement
        Of every pair at every stage.
    distributions : tuple of DistributionAgreement
        Of every pair.
    provenance : dict
        JSON-ready: ``command``, ``created``, ``seconds``, ``seeds``, ``threads``, ``workers``,
        ``environment``.
    left_out : mapping of str to tuple of str
        Backend → the stages whose remedies it does not train.
    """

    compared: tuple[Availability, ...]
    absent: tuple[Availability, ...]
    stages: tuple[StageAgreement, ...] = ()
    distributions: tuple[DistributionAgreement, ...] = ()
    provenance: Mapping[str, Any] = field(default_factory=dict)
    left_out: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __repr__(self) -> str:
        names = ", ".join(one.name for one in self.compared)
        apart = [" and ".join(pair) for pair in self.pairs if not self.pair_passed(pair)]
        answer = {True: "all pairs agree", None: "one alone has nothing to agree with"}
        return few_lines(
            f"conformance of {names}: "
            + answer.get(self.passed, f"{len(apart)} pairs do not agree"),
            *apart,
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row per pair of backends and stage: the largest difference, and the answer."""
        import pandas as pd

        return pd.DataFrame(
            [
                {
                    **{name: getattr(one, name) for name in ("first", "second", "stage", "seeds")},
                    "difference": one.largest[1],
                    "tolerance": one.tolerance,
                    "passed": one.passed,
                }
                for one in self.stages
            ]
        )

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """The pairs of names that were compared."""
        return tuple(itertools.combinations([one.name for one in self.compared], 2))

    def pair_passed(self, pair: tuple[str, str]) -> bool:
        """Tell whether a pair agrees at every stage, and is shown to be the same in distribution
        where that was asked."""
        steps = (one.passed for one in self.stages if (one.first, one.second) == pair)
        laws = (
            one.verdict == agreement.SAME
            for one in self.distributions
            if (one.first, one.second) == pair
        )
        return all(steps) and all(laws)

    @property
    def passed(self) -> bool | None:
        """Tell whether every pair agrees; None where there is no pair, which cannot tell."""
        return all(self.pair_passed(pair) for pair in self.pairs) if self.pairs else None

    def document(self) -> dict[str, Any]:
        """Give result and provenance, ready for JSON; a number that is not finite is None."""
        return json_ready(
            {
                "passed": self.passed,
                "backends": [asdict(one) for one in self.compared],
                "absent": [asdict(one) for one in self.absent],
                "left_out": dict(self.left_out),
                "pairs": [{"backends": list(p), "passed": self.pair_passed(p)} for p in self.pairs],
                "step_by_step": [one.document() for one in self.stages],
                "in_distribution": [one.document() for one in self.distributions],
                "margin": agreement.MARGIN,
                "alpha": agreement.ALPHA,
                **self.provenance,
            }
        )
