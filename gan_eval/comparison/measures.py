"""What is measured beside the tests: worth, real against real, coverage, modes and copies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from gan_eval.comparison.copies import Copies, find_copies
from gan_eval.comparison.modes import Modes, describe, find_modes
from gan_eval.comparison.power import Power, power
from gan_eval.comparison.yardsticks import Ranges, real_against_real
from gan_eval.distributions.target import GaussianTarget
from gan_eval.runtime.errors import CannotTestError
from gan_eval.stats.battery.battery import BatteryResult
from gan_eval.stats.coverage import Coverage, coverage
from gan_eval.stats.mixed import Codes, MixedRows, embed
from gan_eval.stats.permutation.labels import Array, row_codes
from gan_eval.stats.worth import BY, Worth, worth

Groups = tuple[Codes, Codes]
Told = TypeVar("Told")


@dataclass(frozen=True, eq=False)
class Measures:
    """The measures of a comparison; of what could not be measured, why.

    Attributes
    ----------
    worth : tuple of Worth
        By energy and by MMD.
    ranges : Ranges, optional
    power : Power, optional
    coverage : Coverage, optional
    modes : Modes, optional
    mode_names : tuple of str
        Where each mode lies, in columns (:func:`~gan_eval.comparison.modes.describe`).
    points : pair of ndarray
        The rows as points, whitened by all (:func:`~gan_eval.stats.mixed.embed`).
    not_measured : mapping of str to str
    """

    worth: tuple[Worth, ...]
    ranges: Ranges | None
    power: Power | None
    coverage: Coverage | None
    modes: Modes | None
    mode_names: tuple[str, ...]
    points: tuple[Array, Array] = field(repr=False)
    not_measured: dict[str, str]


def measure(
    x: MixedRows,
    y: MixedRows,
    *,
    tests: BatteryResult,
    target: GaussianTarget | None,
    groups: Groups | None,
    permutations: int,
    streams: list[np.random.Generator],
    progress: Callable[[str], None],
) -> Measures:
    """Measure real rows x and generated rows y, which ``tests`` have tested.

    Each measure has a stream of its own.
    """
    missed: dict[str, str] = {}

    def tried(name: str, made: Callable[[], Told]) -> Told | None:
        progress(name)
        try:
            with np.errstate(over="raise", invalid="raise", divide="raise"):
                return made()
        except CannotTestError as error:
            missed[name] = str(error)
        except (FloatingPointError, np.linalg.LinAlgError):
            missed[name] = "some values lie so far from the rest that the arithmetic ends"
        return None

    settings: dict[str, Any] = {"permutations": permutations, "alpha": tests.alpha}
    by_real, pooled = embed(x, y, by="first"), embed(x, y)
    pair = pooled[0], pooled[1]
    worths: list[Worth | None] = []
    ranges = strength = None
    if target is not None:
        missed["power"] = "the tests against a known target are others"
    elif groups is None:
        strength = tried(
            "power",
            lambda: power(
                x, len(x), len(y), tuple(tests.results), correction=tests.correction,
                rng=streams[4], **settings,
            ),
        )  # fmt: skip
    settings["groups"] = groups
    if groups is None:
        known = target is not None
        truth, rows = (target, y.numbers) if known else by_real
        worths = [
            tried(
                "worth",
                lambda by=by: worth(truth, rows, by=by, whiten=known, rng=streams[0]),
            )
            for by in BY
        ]
        ranges = tried(
            "real against real", lambda: real_against_real(x, len(x), len(y), rng=streams[1])
        )
    else:
        why = "it needs rows that are independent, and these come in groups"
        missed |= dict.fromkeys(("worth", "real against real", "power"), why)
    covered = tried("coverage", lambda: coverage(*pair, rng=streams[2], **settings))
    modes = tried("modes", lambda: find_modes(*pair, rng=streams[3], **settings))
    names = describe(modes, frame_of(x), frame_of(y)) if modes and len(modes.found) > 1 else ()
    return Measures(
        tuple(one for one in worths if one is not None),
        ranges,
        strength,
        covered,
        modes,
        names,
        pair,
        missed,
    )


def copies_of(
    real: MixedRows,
    generated: MixedRows,
    holdout: MixedRows | None,
    *,
    permutations: int,
    alpha: float,
    rng: np.random.Generator,
) -> Copies:
    """Look for rows of real in generated, of all rows."""
    settings: dict[str, Any] = {"permutations": permutations, "alpha": alpha}
    if holdout is None and real.plain and generated.plain:
        return find_copies(real.numbers, generated.numbers, rng, **settings)
    # Training and held-out rows must be treated alike.
    all_real = real if holdout is None else real.followed_by(holdout)
    points = _alike(all_real.followed_by(generated), embed(all_real, generated, by="first"))
    n, total = len(real), len(all_real)
    held_out = None if holdout is None else points[n:total]
    return find_copies(
        points[:n], points[total:], rng, held_out=held_out, embedded=True, **settings
    )


def _alike(rows: MixedRows, parts: tuple[Array, ...]) -> Array:
    """Give equal rows the very same point: a matrix product may round them differently."""
    table = np.hstack([np.nan_to_num(rows.numbers, nan=np.inf), rows.categories.astype(float)])
    _, first, places = np.unique(row_codes(table), return_index=True, return_inverse=True)
    return np.concatenate(parts)[first[places.reshape(-1)]]


def frame_of(rows: MixedRows) -> pd.DataFrame:
    """Return rows in the user's units: numbers, and the names of levels.

    Examples
    --------
    >>> rows = MixedRows(np.array([[1.5]]), np.array([[1]]), ("a",), ("b",), (("no", "yes"),))
    >>> frame_of(rows).to_dict("records")
    [{'a': 1.5, 'b': 'yes'}]
    """
    columns: dict[str, Any] = dict(zip(rows.number_names, rows.numbers.T, strict=True))
    for name, levels, codes in zip(
        rows.category_names, rows.levels, rows.categories.T, strict=True
    ):
        columns[name] = np.array([*levels, "missing"], dtype=object)[codes]
    return pd.DataFrame(columns)
