"""The sentences on what the trainings of one cell of an outside generator show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from gan_eval.distributions.modes import WITHIN
from gan_eval.judging.evaluation import tests_of
from gan_eval.judging.generators.parts import ALPHA
from gan_eval.judging.generators.worth_words import texts_of, values_of, worths
from gan_eval.pages.numbers import count, number, p_value, percent, plural
from gan_eval.runtime.arguments import plain

Array = NDArray[np.float64]

CHANCE = 0.01
"""Rejections in so many trainings, or more, have at most this probability by chance alone where
the generator is right; fewer are not held against it."""

TESTS = {
    "mmd": "MMD",
    "energy": "energy",
    "fuse": "MMD-FUSE",
    "sliced_wasserstein": "sliced Wasserstein",
    "hotelling": "Hotelling's test",
    "covariance": "the covariance",
    "likelihood_ratio": "the likelihood ratio",
    "classifier": "a classifier",
    "columns": "the column that differs most",
    "target_energy": "energy to the target itself",
    "log_density": "the target's density",
    "kernel_stein": "the kernel Stein test",
    "mode_shares": "the shares of the modes",
}
"""What sentences call tests; others by their names."""

_NAMED = 3  # modes, reasons and tests that a sentence names
_SAID = ("only one mode is found", "or these are all one")  # what is no news
_LONG = 200


def sentences(rows: pd.DataFrame) -> list[str]:
    """Say in plain English what the rows of one cell show, one sentence each.

    Worth, copying, modes, parts that are not reached, tests, failures, and what could not be
    measured; nothing of what the rows have no columns for.

    Parameters
    ----------
    rows : DataFrame
        Of one configuration, entrant and device: they differ by their seed.

    Examples
    --------
    >>> rows = pd.DataFrame({"copies_verdict": ["copies"] * 20, "copies_pvalue": [0.001] * 20})
    >>> sentences(rows)[0].replace("\\u202f", " ")
    'It is a copier: in 20 of 20 trainings rows are copied from the training rows (p = 0.0010 at \
the median).'
    """
    found = [*worths(rows), *copying(rows), *modes(rows), *reach(rows), *told_apart(rows)]
    return [*found, *failures(rows), *not_measured(rows)]


def copying(rows: pd.DataFrame) -> list[str]:
    """Say whether rows are copied from the training rows."""
    verdicts = texts_of(rows, "copies_verdict")
    known = [text for text in verdicts if text in ("copies", "no_copies_shown")]
    if not known:
        return []
    times, of = known.count("copies"), len(known)
    values = values_of(rows, "copies_pvalue")
    if shown(times, of, values):
        values = values[[text == "copies" for text in verdicts] & ~np.isnan(values)]
        said = f" ({p_value(np.median(values))} at the median)" if len(values) else ""
        exact = values_of(rows, "copies_exact")
        share = float(np.nanmedian(exact)) if not np.isnan(exact).all() else 0.0
        equal = f"; {percent(share)} of its rows equal one" if share > 0 else ""
        copied = f"in {_times(times, of)} rows are copied from the training rows{said}{equal}"
        return [f"It is a copier: {copied}."]
    if times:
        return [f"Copying is shown in {_times(times, of)}, {_by_chance(of)}."]
    where = f" in any of {plural(of, 'training')}" if of > 1 else ""
    return [f"It is not shown{where} that training rows are copied."]


def modes(rows: pd.DataFrame) -> list[str]:
    """Say which modes are lost, and in how many trainings."""
    total, kept = values_of(rows, "modes"), values_of(rows, "modes_kept")
    measured = ~np.isnan(total) & ~np.isnan(kept)
    if not measured.any() or np.nanmax(total) < 2:
        return []
    of, losing = int(measured.sum()), measured & (kept < total)
    times = int(losing.sum())
    if not shown(times, of, values_of(rows, "modes_pvalue")):
        few = f", but in {_times(times, of)}, {_by_chance(of)}" if times else ""
        return [f"None of {_modes(total[measured])} is shown to be lost{few}."]
    quality = _quality(rows, measured)
    if (nothing := int((measured & (kept == 0)).sum())) > of / 2:
        return [f"It has none of {_modes(total[measured])} in {_times(nothing, of)}{quality}."]
    known = [text == "known" for text in texts_of(rows, "modes_how")]
    lost = texts_of(rows, "modes_lost")
    names = Counter(
        name for text, counts in zip(lost, losing, strict=True) if counts for name in _split(text)
    )
    if all(np.array(known)[losing]):
        said = [f"{plain(name, _LONG)} in {_times(n, of)}" for name, n in names.most_common(_NAMED)]
        more = len(names) - len(said)
        said += [f"{plural(more, 'other mode')} in some"] if more else []
        return [f"It loses {_listed(said)}{quality}."]
    mean = float((total - kept)[losing].mean())
    example = next(iter(names), "")
    such = f" (such as {plain(example, _LONG)})" if example else ""
    return [
        f"It loses {number(mean, 2)} of {_modes(total[measured])} on average in "
        f"{_times(times, of)}{such}."
    ]


def reach(rows: pd.DataFrame) -> list[str]:
    """Say where real rows are not reached, or rows lie where no real ones are."""
    found = []
    for name, wrong in (
        ("coverage", "real rows are not reached"),
        ("precision", "rows lie where no real ones are"),
    ):
        pvalues = values_of(rows, f"{name}_pvalue")
        some = ~np.isnan(pvalues)
        times, of = int((pvalues <= ALPHA).sum()), int(some.sum())
        if of and shown(times, of, pvalues):
            value, expected = (
                number(np.median(values_of(rows, column)[some]), 2)
                for column in (name, f"{name}_expected")
            )
            found.append(
                f"In {_times(times, of)} {wrong} ({name} {value} at the median, where {expected} "
                "is expected)."
            )
    return found


def told_apart(rows: pd.DataFrame) -> list[str]:
    """Say by which tests the rows are told apart from real ones, and in how many trainings."""
    found: dict[tuple[int, int, bool], list[str]] = {}
    for name in tests_of(rows.columns):
        pvalues = values_of(rows, f"{name}_pvalue")
        of = int((~np.isnan(pvalues)).sum())
        if of and f"{name}_statistic" in rows:
            times = int((pvalues <= ALPHA).sum())
            key = times, of, shown(times, of, pvalues)
            found.setdefault(key, []).append(TESTS.get(name, name.replace("_", " ")))
    said = []
    for (times, of, sure), tests in sorted(found.items(), reverse=True):
        by = _listed(tests)
        if times:
            chance = "" if sure else f", {_by_chance(of)}"
            said.append(f"It is told apart from real rows by {by} in {_times(times, of)}{chance}.")
        else:
            where = f" in any of {plural(of, 'training')}" if of > 1 else ""
            said.append(f"It is not told apart from real rows by {by}{where}.")
    return said


def failures(rows: pd.DataFrame) -> list[str]:
    """Say how many trainings gave no result, and why."""
    verdicts, reasons = texts_of(rows, "verdict"), texts_of(rows, "failure")
    lost = [
        reason or ("values that are not finite" if verdict == "diverged" else "no reason is told")
        for verdict, reason in zip(verdicts, reasons, strict=True)
        if reason or verdict in ("diverged", "no_result")
    ]
    if not lost:
        return []
    found = Counter(lost).most_common()
    several = len(found) > 1
    said = [
        plain(reason, _LONG).rstrip(".") + (f" (in {count(n)})" if several else "")
        for reason, n in found[:_NAMED]
    ]
    if (more := sum(n for _, n in found[_NAMED:])) > 0:
        said.append(f"other reasons (in {count(more)})")
    return [f"{len(lost)} of {plural(len(rows), 'training')} gave no result: {'; '.join(said)}."]


def not_measured(rows: pd.DataFrame) -> list[str]:
    """Say what could not be measured, and why."""
    found = Counter(
        part
        for text in texts_of(rows, "not_measured")
        for part in _split(text)
        if not part.endswith(_SAID)
    ).most_common()
    return [
        f"Not measured in {_times(n, len(rows))}: {plain(part, _LONG).rstrip('.')}."
        for part, n in found[:_NAMED]
    ]


def shown(times: int, of: int, pvalues: Array) -> bool:
    """Say whether rejections in some trainings are more than chance would bring.

    Where so many at ``ALPHA``, or so small a p-value among so many, have at most the probability
    ``CHANCE``.

    Examples
    --------
    >>> [shown(times, 20, np.full(20, 0.04)) for times in (1, 4, 5)]
    [False, False, True]
    >>> shown(1, 1, np.array([0.04])), shown(1, 1, np.array([0.001]))
    (False, True)
    """
    if not times:
        return False
    least = np.nanmin(pvalues, initial=1.0)
    return bool(special.bdtrc(times - 1, of, ALPHA) <= CHANCE or least * of <= CHANCE)


def _quality(rows: pd.DataFrame, measured: NDArray[np.bool_]) -> str:
    shares = values_of(rows, "high_quality_share")[measured]
    if np.isnan(shares).all() or (middle := float(np.nanmedian(shares))) > 0.9:
        return ""
    return (
        f"; {percent(middle)} of its rows lie within {WITHIN:g} standard deviations of a mode "
        "(at the median)"
    )


def _modes(total: Array) -> str:
    low, high = int(total.min()), int(total.max())
    return f"{count(low)}{'' if low == high else f' to {count(high)}'} modes"


def _times(times: int, of: int) -> str:
    return f"{count(times)} of {plural(of, 'training')}" if of > 1 else "the one training"


def _by_chance(of: int) -> str:
    return f"which may be chance (at the 5 % level {number(ALPHA * of, 2)} are expected)"


def _split(text: str) -> list[str]:
    return [part for part in text.split("; ") if part]


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
