"""Configurations held against a reference on common seeds: tidy tables, with intervals.

The replicates of a configuration differ by seed only, and two configurations that were trained from
the same seeds saw the same random numbers wherever both draw them. So they are compared seed by
seed, and a bootstrap draws seeds, for all configurations together. What a *task* is to
Agarwal et al. (2021, "Deep Reinforcement Learning at the Edge of the Statistical Precipice",
NeurIPS), a backend on a device is here: aggregates are over all of them, and their bootstrap is
stratified by them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from gan_eval.judging import profiles
from gan_eval.judging.computed_columns import COMPUTED_BY, is_computed, without_closed_form
from gan_eval.runtime.arguments import level
from gan_eval.runtime.errors import UsageError
from gan_eval.stats import bootstrap
from gan_eval.stats.bootstrap import Array, Counts
from gan_eval.stats.multiple import CORRECTIONS, adjusted_pvalues, known_correction
from gan_eval.stats.shares import share_interval, sign_test

BETTER, WORSE, NOT_SHOWN = "better", "worse", "not shown"
"""The answers that a comparison can give about a configuration beside the reference."""

MOST_SEEDS = 2000
"""Seeds of a configuration that are compared: the time and the memory of a bootstrap grow with
them, and its intervals are then narrower than what anyone would act on."""

FEWEST = 6
"""Common seeds from which two configurations are compared: fewer cannot show a difference at 5 %
by a two-sided sign test."""

_TASK = ["backend", "device"]

_MORE = ("worth_kl", "worth_energy", "worth_mmd", "efficiency", "samples_to_detect", "modes_found")
_MORE += ("high_quality_mass", "high_quality_share", "modes_kept")
"""Measures of which more is better."""


@dataclass(frozen=True)
class Comparisons:
    """A comparison of configurations, as tidy tables: one row per statement.

    Attributes
    ----------
    pairs : DataFrame
        One row per configuration other than the reference, backend and device:
        ``configuration, backend, device, seeds`` (common ones); ``median`` and
        ``median_reference``; ``ratio`` of the medians with ``ratio_low`` and ``ratio_high``;
        ``wins``, the share of seeds on which the configuration is the better one, ties half, with
        ``wins_low`` and ``wins_high``; ``improvement``, the probability that it is the better one
        on two seeds drawn apart, with ``_low`` and ``_high``; ``pvalue`` of the sign test,
        ``adjusted`` over the whole table; ``verdict``.
    quantiles : DataFrame
        One row per configuration, backend, device and quantile: ``replicates, quantile, value``,
        ``value_low, value_high``.
    aggregates : DataFrame
        One row per configuration: ``tasks`` and ``replicates`` that it is over, ``iqm`` (the
        interquartile mean), ``median``, and ``improvement`` (over the reference, mean of the
        tasks), each with ``_low`` and ``_high``. NaN for the reference's own improvement.
    profiles : DataFrame
        One row per configuration and threshold: ``threshold, share`` (of the replicates of all
        tasks that have at most so much, or at least, where more is better),
        ``share_low, share_high``.
    reference, column, correction : str
        ``column`` is the measure that is compared.
    more_is_better : bool
        Whether more of it is better, as of a worth.
    alpha, confidence : float
    resamples : int
    left_out : list of str
        Configurations without ``FEWEST`` seeds in common with the reference anywhere.
    """

    pairs: pd.DataFrame
    quantiles: pd.DataFrame
    aggregates: pd.DataFrame
    profiles: pd.DataFrame
    reference: str
    column: str
    correction: str
    alpha: float
    confidence: float
    resamples: int
    left_out: list[str] = field(default_factory=list)
    more_is_better: bool = False


def compare_configurations(
    rows: pd.DataFrame,
    *,
    order: Sequence[str] | None = None,
    references: Mapping[str, str] | None = None,
    column: str | None = None,
    correction: str = "holm",
    alpha: float = 0.05,
    confidence: float = 0.95,
    resamples: int = 2000,
    thresholds: Sequence[float] | None = None,
    most_seeds: int = MOST_SEEDS,
    seed: int = 0,
) -> Comparisons:
    """Compare every configuration with the first, on common seeds.

    Parameters
    ----------
    rows : DataFrame
        As ``judge`` and a study give them: ``configuration, backend, device, seed, verdict`` and
        the column that is compared.
    order : sequence of str, optional
        The configurations to compare; the first is the reference. By default all, in the order of
        their first rows (a study's are in alphabetical order; its own is
        ``Study.configurations()``).
    references : mapping of str to str, optional
        The reference of each configuration, where it is not the first (``Study.references``).
    column : str, optional
        The measure. By default that of the verdicts: ``kl`` (in nats), or ``worth_energy`` (in
        real rows) where a row has been judged by it, as each has without a closed form: there
        ``kl`` may be infinite and is not known of all. Of worths, ``efficiency``,
        ``samples_to_detect``, modes found and points on a mode more is better, of anything else
        less. A diverged replicate and a NaN count as the worst value, 0 or ∞; but where a measure
        is computed for the first seeds of a cell only, these are compared.
    correction : {"holm", "benjamini-hochberg"}
        Of the p-values of all pairs together (``gan_eval.stats.multiple``).
    alpha : float
        The level of the verdicts: ``better`` or ``worse`` where the adjusted p-value is at most
        ``alpha``, else ``not shown``.
    confidence : float
        Of every interval: percentile bootstrap over seeds, but for ``wins``, which has the exact
        Clopper–Pearson interval. Each interval holds for itself; none is corrected.
    resamples : int
        Of the bootstrap.
    thresholds : sequence of float, optional
        Of the performance profiles; by default 40 between the 1 % and 99 % quantiles, evenly spaced
        on a logarithmic axis.
    most_seeds : int
        Of each backend and device, the first ones; every table is about them.
    seed : int
        Of the resampling; the same gives the same tables.

    Returns
    -------
    Comparisons

    Raises
    ------
    UsageError
        Where columns are missing, a configuration is unknown or stands alone, a seed comes twice in
        a cell, or a level is none.

    Notes
    -----
    The p-value is of the exact two-sided sign test (ties left out): under its null hypothesis
    either configuration is as likely to end nearer to the truth from a seed. It assumes independent
    seeds and nothing of the law of KL, whose tails are heavy and may be infinite; a paired t-test
    or Wilcoxon's would assume more.
    """
    known_correction(correction)
    alpha, confidence = level(alpha), level(confidence)
    for name, count in (("resamples", resamples), ("most_seeds", most_seeds)):
        if count < 1:
            raise UsageError(f"`{name}` must be at least 1, got {count}")
    column = column or _measure(rows)
    needed = ["configuration", *_TASK, "seed", "verdict", column]
    if missing := [name for name in needed if name not in rows]:
        raise UsageError(f"rows of replicates lack the column {missing[0]!r}")
    names, more = _order(rows, order), column in _MORE
    tasks = {task: table.iloc[:most_seeds] for task, table in _tasks(rows, names, column).items()}
    pairs, aggregates, left_out = [], [], []
    for name in names:
        reference = (references or {}).get(name, names[0])
        # By position: the reference beside itself is two columns of one name.
        values = {
            task: table[[reference, name]].dropna().to_numpy()[:, [0, -1]]
            for task, table in tasks.items()
            if {reference, name} <= set(table)
        }
        values = {task: both for task, both in values.items() if len(both) >= FEWEST}
        if not values:
            left_out.append(name)
            continue
        draws = {
            task: bootstrap.resamples(len(both), resamples, seed) for task, both in values.items()
        }
        if name != reference:
            for task, both in values.items():
                pairs.append(_pair(name, task, both, draws[task], confidence, more))
        aggregates.append(_aggregate(name, name == reference, values, draws, confidence, more))
    found = pd.DataFrame(pairs)
    if pairs:
        found["adjusted"] = adjusted_pvalues(found["pvalue"].to_numpy(), correction)
        found["verdict"] = np.where(
            found["adjusted"] > alpha, NOT_SHOWN, np.where(found["wins"] > 0.5, BETTER, WORSE)
        )
    return Comparisons(
        found,
        profiles.quantile_table(tasks, names, resamples, confidence, seed),
        pd.DataFrame(aggregates),
        profiles.performance_profiles(tasks, names, thresholds, resamples, confidence, seed, more),
        reference=names[0],
        column=column,
        correction=CORRECTIONS[correction],
        alpha=alpha,
        confidence=confidence,
        resamples=resamples,
        left_out=left_out,
        more_is_better=more,
    )


def _measure(rows: pd.DataFrame) -> str:
    """Choose the measure by which the rows were judged."""
    if "yardstick" in rows and rows["yardstick"].eq("worth_energy").any():
        return "worth_energy"
    return "kl"


def _order(rows: pd.DataFrame, order: Sequence[str] | None) -> list[str]:
    there = list(dict.fromkeys(rows["configuration"]))
    names = there if order is None else list(dict.fromkeys(order))
    for name in names:
        if name not in there:
            raise UsageError(f"there are no rows of configuration {name!r}")
    if len(names) < 2:
        raise UsageError("a comparison needs two configurations or more")
    return names


def _tasks(rows: pd.DataFrame, names: list[str], column: str) -> profiles.Tasks:
    """Backend and device → seeds by configurations; NaN where a seed was not trained."""
    if is_computed(column):
        # The other seeds are as if they had not been trained.
        apart = without_closed_form(rows)
        if apart.any():
            rows = rows[~apart | rows[COMPUTED_BY].eq("computed")]
    worst = 0.0 if column in _MORE else np.inf
    values = rows[column].mask(rows["verdict"] == "diverged", worst).fillna(worst)
    whole = rows[["configuration", *_TASK, "seed"]].assign(value=values.astype(np.float64))
    whole = whole.loc[whole["configuration"].isin(names)]
    if whole.duplicated(["configuration", *_TASK, "seed"]).any():
        raise UsageError("a seed comes twice in one configuration, backend and device")
    return {
        (str(backend), str(device)): part.pivot(
            index="seed", columns="configuration", values="value"
        )
        for (backend, device), part in whole.groupby(_TASK, sort=False)
    }


def _pair(
    name: str, task: profiles.Task, both: Array, counts: Counts, confidence: float, more: bool
) -> dict[str, object]:
    reference, values = both.T
    less, greater = int((values < reference).sum()), int((values > reference).sum())
    better, worse = (greater, less) if more else (less, greater)
    n = len(both)
    medians = bootstrap.quantiles(values, counts, 0.5)
    of_reference = bootstrap.quantiles(reference, counts, 0.5)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratios = medians / of_reference
    # Ties count half: the interval is that of the nearest whole number of wins.
    share = (better + (n - better - worse) / 2) / n
    low, high = share_interval(round(share * n), n, confidence)
    return {
        "configuration": name,
        "backend": task[0],
        "device": task[1],
        "seeds": n,
        "median": medians[0],
        "median_reference": of_reference[0],
        **bootstrap.with_bounds("ratio", ratios, confidence),
        "wins": share,
        "wins_low": low,
        "wins_high": high,
        **bootstrap.with_bounds("improvement", _wins(values, reference, counts, more), confidence),
        "pvalue": sign_test(better, better + worse),
    }


def _wins(values: Array, reference: Array, counts: Counts, more: bool) -> Array:
    """P(a value is better than one of the reference) of every resample."""
    first, second = (reference, values) if more else (values, reference)
    return bootstrap.wins(first, second, counts)


def _aggregate(
    name: str,
    is_reference: bool,
    values: dict[profiles.Task, Array],
    draws: dict[profiles.Task, Counts],
    confidence: float,
    more: bool,
) -> dict[str, object]:
    """Over all tasks: the draws of each task side by side are a stratified bootstrap."""
    pooled = np.concatenate([both[:, 1] for both in values.values()])
    counts = np.hstack(list(draws.values()))
    wins = [_wins(both[:, 1], both[:, 0], draws[task], more) for task, both in values.items()]
    improvements = np.full(len(counts), np.nan) if is_reference else np.mean(wins, axis=0)
    return {
        "configuration": name,
        "tasks": len(values),
        "replicates": len(pooled),
        **bootstrap.with_bounds("iqm", bootstrap.interquartile_means(pooled, counts), confidence),
        **bootstrap.with_bounds("median", bootstrap.quantiles(pooled, counts, 0.5), confidence),
        **bootstrap.with_bounds("improvement", improvements, confidence),
    }
