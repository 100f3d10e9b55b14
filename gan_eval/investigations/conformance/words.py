"""The answer of a comparison of backends, in one sentence."""

from __future__ import annotations

import math
from collections.abc import Sequence

from gan_eval.investigations.conformance.result import Conformance
from gan_eval.investigations.conformance.stepwise import START
from gan_eval.judging.agreement import MARGIN, SAME, DistributionAgreement
from gan_eval.pages.numbers import count, interval, number, p_value, percent


def headline(found: Conformance) -> str:
    """Say whether the backends are the same experiment, and how far apart they are at most."""
    names = [one.name for one in found.compared]
    if not found.pairs:
        return f"Could not tell: {names[0]} is alone here, and has nothing to agree with."
    apart = [pair for pair in found.pairs if not found.pair_passed(pair)]
    if not apart:
        return f"Yes: {_list(names)} are the same experiment: {_steps(found)}{_laws(found)}."
    whole = f" of {count(len(found.pairs))} pairs" if len(found.pairs) > 1 else ""
    first = apart[0]
    others = [" and ".join(pair) for pair in apart[1:]]
    rest = f"; nor are {'; '.join(others)}" if others else ""
    who = f"{count(len(apart))}{whole}, " if whole else ""
    return (
        f"No: {who}{' and '.join(first)} are not shown to be the same: {_why(found, first)}{rest}."
    )


def _steps(found: Conformance) -> str:
    """Name the largest difference in steps, as a part of what is allowed."""
    worst = max(
        found.stages,
        key=lambda one: one.largest[1] / one.tolerance,
        default=None,
    )
    if worst is None:
        return "step by step nothing was compared"
    largest = worst.largest[1]
    if not largest:
        return "step by step they do not differ by a bit"
    return (
        f"step by step they differ by at most {percent(largest / worst.tolerance)} of what is "
        f"allowed ({number(largest, 2)} of {number(worst.tolerance, 1)})"
    )


def _laws(found: Conformance) -> str:
    """Name the largest ratio of median KL, or energy distance, with its interval."""
    compared = [one for one in found.distributions if one.medians is not None]
    if not compared:
        return "; over many trainings nothing was compared"
    if all(one.identical == one.replicates for one in compared):
        return f", and {count(compared[0].replicates)} trainings end the same to the last bit"
    worst = max(compared, key=_distance)
    return f", and over {count(worst.replicates)} trainings {_ratio(worst)}"


def _distance(one: DistributionAgreement) -> float:
    assert one.medians is not None
    return max(-one.medians.low, one.medians.high)


def _ratio(one: DistributionAgreement) -> str:
    m = one.medians
    assert m is not None
    ratio, low, high = (math.exp(x) for x in (m.first - m.second, m.low, m.high))
    return (
        f"their median {one.by}s are as {number(ratio)} to 1 (90 % interval {interval(low, high)}; "
        f"{interval(math.exp(-MARGIN), math.exp(MARGIN), 2)} counts as the same)"
    )


def _why(found: Conformance, pair: tuple[str, str]) -> str:
    """Say what keeps a pair apart, the first reason found."""
    for stage in found.stages:
        if (stage.first, stage.second) == pair and not stage.passed:
            if stage.message:
                return stage.message
            quantity, largest = stage.largest
            allowed = "none is" if quantity == START else f"{number(stage.tolerance, 1)} is"
            return (
                f"in “{stage.stage}” they differ by {number(largest, 2)} ({quantity}), where "
                f"{allowed} allowed"
            )
    for law in found.distributions:
        if (law.first, law.second) == pair and law.verdict != SAME:
            if law.medians is None:
                return law.message
            over = f"over {count(law.replicates)} trainings"
            if law.medians.equivalent:
                return f"{over} a test tells them apart, {p_value(min(law.adjusted.values()))}"
            more = "" if law.medians.apart else ", which more trainings could tell"
            return f"{over} {_ratio(law)}{more}"
    raise AssertionError(pair)


def _list(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}"
