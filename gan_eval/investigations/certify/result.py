"""The certificate: every count that was made, with its settings, and what follows from them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gan_eval.investigations.certify.alternatives import PATHS, truth
from gan_eval.investigations.certify.closed_form import MeanCase
from gan_eval.investigations.certify.power import OPTIMUM, PowerCurve
from gan_eval.investigations.certify.settings import Settings
from gan_eval.investigations.certify.size import SizeCase
from gan_eval.runtime.documents import read_json, restored
from gan_eval.runtime.errors import UsageError
from gan_eval.runtime.notebook import Displayed, few_lines

FORMAT = 1
"""The number of the JSON format; it grows when a reader of the old one would misread the new."""

SHIPPED = Path(__file__).with_name("certificate.json")
"""The certificate of the tests behind ``judge``, which reports embed."""

_BEYOND = 4.0
"""Standard errors by which a power must exceed the optimum's to be called impossible."""

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Certified:
    """A test's title, and the paths that it has to see."""

    words: str
    sees: tuple[str, ...]


@dataclass(frozen=True)
class Certificate(Displayed):
    """A record of what a certification measured, and the answers that follow.

    Attributes
    ----------
    settings : Settings
    tests : mapping of str to Certified
        In the order in which they were asked for.
    sizes : tuple of SizeCase
    power : tuple of PowerCurve
        Of every test, and of the best possible one under the name ``OPTIMUM``.
    means : tuple of MeanCase
    provenance : dict
        JSON-ready: ``command``, ``created``, ``seconds`` of this call, ``workers``, ``units`` of
        work, ``units_reused`` (those of them that a checkpoint had), ``permutations``,
        ``environment``.
    """

    settings: Settings
    tests: Mapping[str, Certified]
    sizes: tuple[SizeCase, ...]
    power: tuple[PowerCurve, ...]
    means: tuple[MeanCase, ...]
    provenance: Mapping[str, Any]

    def __repr__(self) -> str:
        answer = {
            True: "every claim stands",
            None: "nothing contradicts a claim, but some could not",
        }
        return few_lines(
            f"certificate of {', '.join(self.tests)}",
            f"{len(self.sizes)} null cases, {len(self.power)} curves, {len(self.means)} means: "
            + answer.get(self.passed, f"{len(self.faults)} claims do not stand"),
            *self.faults,
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row per test, null case and level: how often equal distributions are told
        apart."""
        import pandas as pd

        return pd.DataFrame(
            [
                {name: getattr(case, name) for name in ("test", "law", "n", "m", "dimension")}
                | {"alpha": alpha, "rejections": rejections, "repetitions": case.counts.repetitions}
                for case in self.sizes
                for alpha, rejections in zip(case.alphas, case.counts.rejections, strict=True)
            ]
        )

    @property
    def faults(self) -> tuple[str, ...]:
        """A sentence on each claim that does not stand; empty where every claim does."""
        found = [
            f"{case.test} ({case.law}, n = {case.n}, m = {case.m}, d = {case.dimension}): {fault}"
            for case in self.sizes
            for fault in case.faults
        ]
        optima = {curve.path: curve for curve in self.power if curve.test == OPTIMUM}
        for curve in self.power:
            if curve.test == OPTIMUM:
                continue
            where = f"{curve.test} ({curve.path}, n = {curve.n}, m = {curve.m})"
            if curve.path in self.tests[curve.test].sees and not curve.oriented:
                found.append(f"{where}: power does not rise with the distance")
            if curve.path in optima and _beats(curve, optima[curve.path]):
                found.append(f"{where}: more power than the best possible test")
        found += [
            f"{case.statistic} ({case.path}, n = {case.n}, m = {case.m}, d = {case.dimension}): "
            f"its mean is {case.deviation:+.1f} standard errors from the closed form"
            for case in self.means
            if not case.passed
        ]
        return tuple(found)

    @property
    def undecided(self) -> tuple[str, ...]:
        """The tests that rejected nothing, neither equal distributions nor different ones.

        With so few rows they cannot reject at these levels, so that no count could have
        contradicted what they claim.
        """
        rejected = {case.test for case in self.sizes if sum(case.counts.rejections)}
        rejected |= {curve.test for curve in self.power if sum(curve.rejections)}
        return tuple(name for name in self.tests if name not in rejected)

    @property
    def passed(self) -> bool | None:
        """Tell whether every claim stands; None where none falls but a test is ``undecided``."""
        return False if self.faults else None if self.undecided else True

    @property
    def second_looks(self) -> int:
        """Cases whose first look was outside its band."""
        return sum(case.second is not None for case in (*self.sizes, *self.means))

    def curve(self, test: str, path: str) -> PowerCurve | None:
        """Find the power curve of a test along a path, if it was measured."""
        return next((c for c in self.power if (c.test, c.path) == (test, path)), None)

    def strength(self, path: str, nats: float) -> float:
        """Find how strong a departure of this KL is, in the measure of its path; NaN where the
        path never gets so far."""
        p = truth(self.settings.power_dimension, self.settings.target)
        found = PATHS[path].at(nats, p)
        return float("nan") if found is None else found[0]

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths along which power was measured."""
        return tuple(dict.fromkeys(curve.path for curve in self.power))

    def to_dict(self) -> dict[str, Any]:
        """Give settings and counts, from which all else follows, and the faults, ready for JSON."""
        answer = {"format": FORMAT, "passed": self.passed, "faults": list(self.faults)}
        return answer | asdict(self)

    def to_json(self) -> str:
        """Write ``to_dict`` as text, one line per case."""
        parts = []
        for name, value in self.to_dict().items():
            if isinstance(value, tuple) and value and isinstance(value[0], dict):
                lines = ",\n".join(f"  {json.dumps(item, allow_nan=False)}" for item in value)
                text = f"[\n{lines}\n ]"
            else:
                text = json.dumps(value, allow_nan=False)
            parts.append(f' "{name}": {text}')
        return "{\n" + ",\n".join(parts) + "\n}\n"

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> Certificate:
        """Make the certificate of what ``to_dict`` gave."""
        if record["format"] != FORMAT:
            raise UsageError(
                f"a certificate of format {FORMAT} is needed, got format {record['format']!r}"
            )
        return restored(cls, record)

    @classmethod
    def load(cls, path: str | Path) -> Certificate:
        """Read a certificate's JSON; ``UsageError`` where it is missing or is none."""
        try:
            return cls.from_dict(read_json(path))
        except UsageError:  # a ValueError as well, and a sentence already
            raise
        except (AttributeError, LookupError, TypeError, ValueError):
            raise UsageError(f"{str(path)!r} is not a certificate of gan-eval") from None


@lru_cache(maxsize=1)
def shipped() -> Certificate:
    """Load the certificate that comes with the package."""
    return Certificate.load(SHIPPED)


def _beats(curve: PowerCurve, optimum: PowerCurve) -> bool:
    """Tell whether a point lies above the best possible test's by more than chance."""
    points = min(len(curve.kl), len(optimum.kl))
    power, best = curve.power[:points], optimum.power[:points]
    variance = np.maximum(best * (1 - best), 1 / curve.repetitions)
    error = np.sqrt(variance * (1 / curve.repetitions + 1 / optimum.repetitions))
    return bool((power - best > _BEYOND * error).any())
