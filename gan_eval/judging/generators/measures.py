"""What a replicate of any generator gets from its rows, where no closed form tells it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gan_eval.judging import evaluation
from gan_eval.judging.generators import parts
from gan_eval.judging.generators.parts import Made, Row
from gan_eval.runtime.arguments import draw_count
from gan_eval.stats.coverage import MEASURES
from gan_eval.stats.mixed import MixedRows, embed
from gan_eval.stats.worth import BY


def blank(
    tests: Sequence[str] = evaluation.TESTS,
    n_modes: int = 0,
    *,
    one_sample: Sequence[str] = (),
) -> Row:
    """Return the columns of :func:`sampled_columns` with NaN, or "" for texts: no result.

    Parameters
    ----------
    tests : sequence of str
    n_modes : int
        Known modes of the target; 0 where none are known.
    one_sample : sequence of str
        The tests against the target's density (:func:`one_sample_names`).

    Examples
    --------
    >>> row = blank(["energy"], 2)
    >>> row["worth_energy"], row["copies_verdict"], row["mode_share_2"]
    (nan, '', nan)
    """
    names = ["n_train", "n_real", "n_generated", *parts.worth_names()]
    names += evaluation.test_columns([*tests, *one_sample])
    names += [f"{name}{end}" for name in MEASURES for end in ("", "_expected", "_pvalue")]
    names += ["copies_exact", "copies_near", "copies_pvalue", "copies_verdict"]
    names += ["modes_how", "modes", "modes_kept", "modes_lost", "modes_pvalue"]
    names += ["high_quality_share", *(f"mode_share_{k + 1}" for k in range(n_modes))]
    row: Row = {name: "" if parts.is_text(name) else np.nan for name in names}
    return row | {"not_measured": ""}


def sampled_columns(
    train: MixedRows | None,
    real: MixedRows,
    generated: MixedRows,
    *,
    target: Any | None = None,
    tests: Sequence[str] = evaluation.TESTS,
    permutations: int = 999,
    seed: int = 0,
    copying: bool = True,
) -> Row:
    """Measure the rows of a generator against real rows, or against the target that is known.

    Parameters
    ----------
    train : MixedRows, optional
        The rows that the generator was fitted to; the units of distances are theirs. Without them
        the units are those of ``real``, and copying is not measured.
    real : MixedRows
        Rows of the same distribution that the generator has not seen.
    generated : MixedRows
        Independent rows of the generator.
    target : Target, optional
        The distribution of the real rows. Where it is Gaussian or a mixture, worth is against it
        and not against ``real``; where it is not Gaussian, the tests that need only its density are
        run; where it knows its modes, their shares are tested.
    tests : sequence of str
        Names from ``gan_eval.stats.battery.catalogue.TESTS``.
    permutations : int
        Of every test; 0 leaves out what needs some. Of the tests against a density at most
        ``parts.RESAMPLES`` samples of the target, which all replicates of a process share.
    seed : int
        The same seed gives the same columns, whichever tests are run.
    copying : bool
        Whether to look for copied training rows.

    Returns
    -------
    dict of str to float or str
        The columns of :func:`blank`. What could not be measured is NaN or "", and ``not_measured``
        says why. docs/measures.md describes the columns.

    Raises
    ------
    UsageError
        Where a test is unknown, or ``permutations`` or ``seed`` is no such number.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> train, real, rows = map(MixedRows.of_numbers, rng.normal(size=(3, 200, 2)))
    >>> found = sampled_columns(train, real, rows, tests=["hotelling"], permutations=99)
    >>> found["worth_energy_high"], found["copies_verdict"], found["modes_kept"]
    (inf, 'no_copies_shown', 1.0)
    """
    if permutations:
        draw_count(permutations, "permutations")
    if tests:
        from gan_eval.stats.battery.catalogue import known

        tests = known(tests)
    target = parts.gaussian(target) or target
    names = one_sample_names(target)
    modes = getattr(target, "modes", None)
    row = blank(tests, len(modes.names) if modes is not None else 0, one_sample=names)
    made = Made(row)
    row |= _counts(train, real, generated)
    if why := parts.unusable(train, real, generated, target):
        made.miss("every measure", why)
        return made.finished()
    streams = np.random.default_rng(seed).spawn(8)
    parts.add_worth(made, train, real, generated, target, BY)
    if permutations:
        parts.add_tests(made, real, generated, target, tests, permutations, streams[0])
        if names:
            parts.add_one_sample_tests(made, generated, target, names, permutations)
        points = made.tried("points", lambda: embed(real, generated))
        if points is not None:
            parts.add_coverage(made, points, permutations, streams[2])
        if copying:
            parts.add_copies(made, train, real, generated, permutations, streams[3])
        if modes is None and points is not None:
            parts.add_found_modes(made, points, real, generated, permutations, streams[4])
    else:
        made.miss("tests, coverage and copying", "no permutations were asked for")
    if modes is not None:
        parts.add_known_modes(made, generated, target, permutations or 999, streams[5])
    return made.finished()


def worth_columns(
    train: MixedRows | None,
    real: MixedRows,
    generated: MixedRows,
    *,
    target: Any | None = None,
    by: Sequence[str] = BY,
) -> Row:
    """Measure worth alone, as :func:`sampled_columns` does: for the checkpoints of a training.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> train, real = map(MixedRows.of_numbers, rng.normal(size=(2, 400, 2)))
    >>> rows = MixedRows.of_numbers(rng.normal(1.0, 1.0, size=(400, 2)))
    >>> found = worth_columns(train, real, rows, by=["energy"])
    >>> found["worth_energy_low"] < found["worth_energy"] < found["worth_energy_high"] < 10
    True
    """
    target = parts.gaussian(target) or target
    made = Made({name: "" if parts.is_text(name) else np.nan for name in parts.worth_names(by)})
    if why := parts.unusable(train, real, generated, target):
        made.miss("worth", why)
    else:
        parts.add_worth(made, train, real, generated, target, by)
    return made.finished()


def one_sample_names(target: Any | None) -> tuple[str, ...]:
    """Name the tests of :func:`sampled_columns` that need the target's density alone.

    None of a Gaussian: those tests of a battery that know it are run by their own names.

    Examples
    --------
    >>> from gan_eval.distributions.mixture import MixtureTarget
    >>> one_sample_names(MixtureTarget.ring()), one_sample_names(None)
    (('mode_shares', 'log_density', 'target_energy', 'kernel_stein'), ())
    """
    if target is None or parts.gaussian(target) is not None:
        return ()
    several = len(getattr(target, "modes", None) or ()) > 1
    shares, stein = ["mode_shares"] * several, ["kernel_stein"] * hasattr(target, "score")
    return (*shares, "log_density", "target_energy", *stein)


def _counts(train: MixedRows | None, real: MixedRows, generated: MixedRows) -> Row:
    return {
        "n_train": np.nan if train is None else float(len(train)),
        "n_real": float(len(real)),
        "n_generated": float(len(generated)),
    }
