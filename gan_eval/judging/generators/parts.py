"""The parts of a replicate's sampled columns, each of which may be impossible to measure."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np

from gan_eval.comparison.measures import copies_of, frame_of
from gan_eval.comparison.modes import State, describe, find_modes
from gan_eval.distributions.gaussian import Gaussian
from gan_eval.distributions.mixture import MixtureTarget
from gan_eval.distributions.target import GaussianTarget
from gan_eval.judging.generators.modes import KnownModes, known_modes
from gan_eval.runtime.errors import UsageError
from gan_eval.stats.coverage import coverage
from gan_eval.stats.mixed import MixedRows, embed
from gan_eval.stats.worth import BY, worth

Row = dict[str, Any]
Told = TypeVar("Told")

ALPHA = 0.05
"""The level of a replicate's tests of copying, and of its modes together."""

RESAMPLES = 199
"""Samples of the target that a test against its density is held against, at most: they take
seconds, once."""

DISTANCES = {"energy": "energy_distance", "mmd": "mmd2"}
"""The column of the squared distance of each measure of worth."""

_NAMES = {"energy": "worth by energy", "mmd": "worth by MMD"}
_MOST_SEEN = 32
_FAR = "some values lie so far from the rest that the arithmetic ends"


@dataclass(eq=False)
class Made:
    """The columns so far, and what could not be measured, by the reason."""

    row: Row
    missed: dict[str, list[str]] = field(default_factory=dict)

    def tried(self, name: str, made: Callable[[], Told]) -> Told | None:
        """Measure something, or note why it cannot be."""
        try:
            with np.errstate(over="raise", invalid="raise", divide="raise"):
                return made()
        except UsageError as error:
            self.miss(name, str(error))
        except (FloatingPointError, OverflowError, np.linalg.LinAlgError):
            self.miss(name, _FAR)
        return None

    def miss(self, name: str, why: str) -> None:
        self.missed.setdefault(why.replace("; ", ", "), []).append(name)

    def finished(self) -> Row:
        said = [f"{', '.join(names)}: {why}" for why, names in self.missed.items()]
        return self.row | {"not_measured": "; ".join(said)}


def is_text(name: str) -> bool:
    return name in ("copies_verdict", "modes_how", "modes_lost") or name.endswith("_how")


def worth_names(by: Sequence[str] = BY) -> list[str]:
    return [
        f"{name}{end}"
        for one in by
        for name, ends in (
            (f"worth_{one}", ("", "_low", "_high", "_how")),
            (DISTANCES[one], ("", "_low", "_high")),
        )
        for end in ends
    ]


def gaussian(target: Any) -> GaussianTarget | None:
    if isinstance(target, GaussianTarget | Gaussian | tuple):
        return GaussianTarget.of(target)
    return None


def unusable(
    train: MixedRows | None, real: MixedRows, generated: MixedRows, target: Any | None
) -> str:
    """Say why nothing can be measured of such rows; empty where something can."""
    tables = {"the generator's rows": generated, "the real rows": real}
    if train is not None:
        tables["the training rows"] = train
    for name, table in tables.items():
        if not len(table):
            return f"{name} are none"
        if table.numbers.shape[1] != real.numbers.shape[1]:
            return (
                f"{name} have {table.numbers.shape[1]} columns of numbers, and the real ones "
                f"{real.numbers.shape[1]}"
            )
        if np.isinf(table.numbers).any():
            return f"{name} have infinite values"
        if target is not None and np.isnan(table.numbers).any():
            return f"{name} have values that are not numbers (NaN)"
    return ""


def add_worth(
    made: Made,
    train: MixedRows | None,
    real: MixedRows,
    generated: MixedRows,
    target: Any | None,
    by: Sequence[str],
) -> None:
    """Measure worth, against the target itself where it is Gaussian or a mixture; else against real
    rows."""
    known = isinstance(target, GaussianTarget | MixtureTarget)
    first: Any = target
    second: Any = generated.numbers
    if not known:
        tables = (real, generated) if train is None else (train, real, generated)
        points = made.tried("worth", lambda: embed(*tables, by="first"))
        if points is None:
            return
        first, second = points[-2:]
    for one in by:
        found = made.tried(_NAMES[one], lambda one=one: worth(first, second, by=one, whiten=known))
        if found is None:
            continue
        ends = {"": found.value, "_low": found.low, "_high": found.high, "_how": found.how}
        made.row |= {f"worth_{one}{end}": value for end, value in ends.items()}
        ends = {"": found.distance, "_low": found.distance_low, "_high": found.distance_high}
        made.row |= {f"{DISTANCES[one]}{end}": value for end, value in ends.items()}


def add_tests(
    made: Made,
    real: MixedRows,
    generated: MixedRows,
    target: Any | None,
    tests: Sequence[str],
    permutations: int,
    generator: np.random.Generator,
) -> None:
    """Run two-sample tests; those that know a Gaussian target's law against it."""
    if not tests:
        return
    from gan_eval.stats.battery import catalogue  # PyTorch, which takes seconds to import

    seeds = catalogue.seeds(generator)
    known = target if isinstance(target, GaussianTarget) else None
    pair: tuple[Any, Any] = generated, real
    if generated.plain and real.plain:
        pair = generated.numbers, real.numbers
    data = made.tried("two-sample tests", lambda: catalogue.Samples.of(*pair, known, generator))
    if data is None:
        return
    for name in tests:
        result = made.tried(
            f"the test {name}",
            lambda name=name: catalogue.TESTS[name].run(
                data, permutations=permutations, rng=seeds[name], device="cpu"
            ),
        )
        if result is not None:
            made.row[f"{name}_statistic"] = float(result.statistic)
            made.row[f"{name}_pvalue"] = float(result.pvalue)


def add_one_sample_tests(
    made: Made, generated: MixedRows, target: Any, names: Sequence[str], permutations: int
) -> None:
    """Run the tests against a density; their null is simulated once for all replicates."""
    from gan_eval.stats.goodness.general import one_sample_tests

    found = made.tried(
        "tests against the target's density",
        lambda: one_sample_tests(
            generated.numbers, _the_same(target), resamples=min(permutations, RESAMPLES), rng=0
        ),
    )
    if found is None:
        return
    for name in names:
        result = found.get("energy" if name == "target_energy" else name)
        if result is None:
            made.miss(f"the test {name}", "these rows cannot be put to it")
            continue
        made.row[f"{name}_statistic"] = float(result.statistic)
        made.row[f"{name}_pvalue"] = float(result.pvalue)


_seen: dict[bytes, Any] = {}


def _the_same(target: Any) -> Any:
    """Return the one object that stands for all equal targets, by which their null is known."""
    try:
        key = pickle.dumps(target)
    except Exception:
        return target
    if key not in _seen and len(_seen) >= _MOST_SEEN:
        _seen.clear()
    return _seen.setdefault(key, target)


def add_coverage(
    made: Made, points: tuple[Any, ...], permutations: int, generator: np.random.Generator
) -> None:
    found = made.tried(
        "coverage", lambda: coverage(points[0], points[1], permutations=permutations, rng=generator)
    )
    if found is None:
        return
    for name, one in found.measures.items():
        made.row[name] = one.value
        made.row[f"{name}_expected"] = one.expected
        made.row[f"{name}_pvalue"] = one.adjusted


def add_copies(
    made: Made,
    train: MixedRows | None,
    real: MixedRows,
    generated: MixedRows,
    permutations: int,
    generator: np.random.Generator,
) -> None:
    if train is None:
        made.miss("copying", "the rows that the generator was fitted to are not given")
        return
    found = made.tried(
        "copying",
        lambda: copies_of(
            train, generated, real, permutations=permutations, alpha=ALPHA, rng=generator
        ),
    )
    if found is None or found.held_out is None:
        return
    made.row["copies_exact"] = found.exact.rows / found.exact.of
    if found.near is None:
        made.miss("near copies", "every generated row equals a training row, or these are all one")
    else:
        made.row["copies_near"] = found.near.rows / found.near.of
    made.row["copies_pvalue"] = found.held_out.pvalue
    made.row["copies_verdict"] = str(found.verdict)


def add_found_modes(
    made: Made,
    points: tuple[Any, ...],
    real: MixedRows,
    generated: MixedRows,
    permutations: int,
    generator: np.random.Generator,
) -> None:
    found = made.tried(
        "modes",
        lambda: find_modes(
            points[0], points[1], permutations=permutations, alpha=ALPHA, rng=generator
        ),
    )
    if found is None:
        return
    places = describe(found, frame_of(_named(real)), frame_of(_named(generated)))
    names = [
        f"mode {one.number}" + (f" at {place}" if place else "")
        for one, place in zip(found.found, places, strict=True)
    ]
    real_ones = [one for one in found.found if one.state != State.INVENTED]
    made.row["modes_how"] = "found"
    made.row["modes"] = float(len(real_ones))
    made.row["modes_kept"] = float(len(real_ones) - len(found.lost))
    made.row["modes_lost"] = "; ".join(
        names[one.number - 1].replace("; ", ", ") for one in found.lost
    )
    if found.pvalue is None:
        made.miss("shares of modes", "only one mode is found")
    else:
        made.row["modes_pvalue"] = found.pvalue


def add_known_modes(
    made: Made, generated: MixedRows, target: Any, draws: int, generator: np.random.Generator
) -> None:
    found: KnownModes | None = made.tried(
        "modes",
        lambda: known_modes(generated.numbers, target, alpha=ALPHA, draws=draws, rng=generator),
    )
    if found is None:
        return
    made.row["modes_how"] = "known"
    made.row["modes"] = float(len(found.names))
    if found.could_lose:
        made.row["modes_kept"] = float(len(found.names) - found.lost.sum())
        lost = [name for name, gone in zip(found.names, found.lost, strict=True) if gone]
        made.row["modes_lost"] = "; ".join(name.replace("; ", ", ") for name in lost)
    else:
        made.miss("lost modes", f"{found.rows} generated rows are too few to show that one is lost")
    made.row["modes_pvalue"] = found.pvalue
    made.row["high_quality_share"] = found.high_quality_share
    for k, share in enumerate(found.shares):
        made.row[f"mode_share_{k + 1}"] = float(share)


def _named(rows: MixedRows) -> MixedRows:
    """Name columns of numbers that have no names, by their place."""
    if rows.number_names:
        return rows
    names = tuple(f"x{j + 1}" for j in range(rows.numbers.shape[1]))
    return MixedRows(rows.numbers, rows.categories, names, rows.category_names, rows.levels)
