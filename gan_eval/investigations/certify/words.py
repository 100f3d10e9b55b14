"""A certificate in words: the headline, and what was measured."""

from __future__ import annotations

import math
from collections.abc import Mapping

from gan_eval.investigations.certify.alternatives import CHAPTER, GRID, LAWS, PATHS, RING
from gan_eval.investigations.certify.catalogue import EXACT
from gan_eval.investigations.certify.power import OPTIMUM
from gan_eval.investigations.certify.result import Certificate
from gan_eval.pages.numbers import count, number, percent, percents, plural, setting

QUESTION = "Do these tests keep what their p-values promise?"

TOLD: Mapping[str, str] = {CHAPTER: "shift_minor", RING: "modes_lost", GRID: "modes_lost"}
"""The path from each truth whose smallest KL the answer names, where it was measured."""

MOST_FAULTS = 10
"""Faults listed one by one."""


def headline(certificate: Certificate) -> str:
    """Answer in one sentence: yes with the sizes measured, no with the first fault."""
    tests = len(certificate.tests)
    if certificate.passed is False:
        return f"No: {_broken(certificate)}."
    if certificate.passed is None:
        titles = [certificate.tests[name].words for name in certificate.undecided]
        silent = f"“{titles[0]}”" if len(titles) == 1 else f"{count(len(titles))} tests"
        return (
            f"Could not tell: with so few rows {silent} never rejected, neither equal "
            "distributions nor different ones."
        )
    keep = (
        "1 of 1 test keeps its"
        if tests == 1
        else f"{count(tests)} of {count(tests)} tests keep their"
    )
    alpha = level(certificate)
    low, high = sizes(certificate, alpha)
    rejected = percents(low, high) if low < high else percent(low)
    return (
        f"Yes: {keep} level: at {setting(100 * alpha)} % equal distributions were rejected in "
        f"{rejected} of trials, and chance allows {_share_range(*allowed(certificate, alpha))}."
    )


def _broken(certificate: Certificate) -> str:
    """Say how many tests break their promise, and the worst size, or the first other fault."""
    names = [
        name
        for name in certificate.tests
        if any(fault.startswith(f"{name} (") for fault in certificate.faults)
    ]
    total = len(certificate.tests)
    if not names:  # a statistic that several tests share
        return certificate.faults[0]
    who = f"{count(len(names))} of {plural(total, 'test')} {'does' if len(names) == 1 else 'do'}"
    alpha = level(certificate)
    place = certificate.settings.alphas.index(alpha)
    beyond = [
        (case.sizes[place], case.bands[place], case)
        for case in certificate.sizes
        if not case.bands[place][0] <= case.sizes[place] <= case.bands[place][1]
    ]
    if not beyond:
        return f"{who} not keep what is claimed: {certificate.faults[0]}"
    size, (low, high), case = max(beyond, key=lambda found: abs(found[0] - alpha))
    return (
        f"{who} not keep the level: at {setting(100 * alpha)} % "
        f"“{certificate.tests[case.test].words}” rejected equal distributions in {percent(size)} "
        f"of trials, where chance allows {_share_range(low, high)}"
    )


def level(certificate: Certificate) -> float:
    """Choose the level that is told: that of the power, where sizes were measured at it."""
    settings = certificate.settings
    return settings.power_alpha if settings.power_alpha in settings.alphas else settings.alphas[0]


def sizes(certificate: Certificate, alpha: float) -> tuple[float, float]:
    """Find the smallest and the largest size of a case at a level."""
    place = certificate.settings.alphas.index(alpha)
    measured = [case.sizes[place] for case in certificate.sizes]
    return min(measured), max(measured)


def allowed(certificate: Certificate, alpha: float) -> tuple[float, float]:
    """Find the widest band at a level: the shares that a test as claimed has in 99 % of cases.

    Its lower end is 0 where p-values are only claimed to be valid.
    """
    place = certificate.settings.alphas.index(alpha)
    exact = [case for case in certificate.sizes if case.claim == EXACT] or certificate.sizes
    bands = [case.bands[place] for case in exact]
    return min(low for low, _ in bands), max(high for _, high in bands)


def _share_range(low: float, high: float) -> str:
    return percents(low, high) if low else f"up to {percent(high)}"


def answer(certificate: Certificate) -> list[tuple[str, str]]:
    """List the sentences under the headline, each with its label."""
    found = [("What a p-value promises", promise(certificate))]
    if certificate.passed is False:
        found.append(("Found", faults(certificate)))
    found.append(("How sure", how_sure(certificate)))
    if certificate.power and (best := nearest(certificate)):
        found.append(("What they see", best))
    return found


def promise(certificate: Certificate) -> str:
    """Say what was asked of the tests."""
    alpha, target = level(certificate), certificate.settings.target
    known = "known" if target == CHAPTER else f"known ({target}: {LAWS[target]})"
    return (
        f"where both distributions are equal, a test at the {setting(100 * alpha)} % level rejects "
        f"in {setting(100 * alpha)} % of trials, or more rarely where values tie. Here the truth "
        f"is {known}, so the rejections can be counted."
    )


def how_sure(certificate: Certificate) -> str:
    """Say how many cases and trials there were, and how many were measured again."""
    again = certificate.second_looks
    return (
        f"{plural(len(certificate.sizes), 'case')} of "
        f"{count(certificate.settings.repetitions)} trials. A right case leaves its 99 % band once "
        "in a hundred times; one that does is measured again with four times the trials and held "
        f"to a 99.9 % band ({plural(again, 'case')} here)."
    )


def faults(certificate: Certificate) -> str:
    """List the claims that do not stand."""
    found = certificate.faults
    rest = len(found) - MOST_FAULTS
    more = f"; and {count(rest)} more" if rest > 0 else ""
    return f"{'; '.join(found[:MOST_FAULTS])}{more}."


def nearest(certificate: Certificate) -> str:
    """Say along the first path how much farther apart than for the best test things must be."""
    found = smallest(certificate)
    if found is None:
        return ""
    path, name, best, optimum = found
    strength = f"{PATHS[path].parameter}: {number(certificate.strength(path, best), 2)}"
    return (
        f"{PATHS[path].words}: told in 80 % of trials from a KL of {number(best, 2)} nats on "
        f"({strength}; {certificate.tests[name].words}). The best possible test, which knows both "
        f"distributions, tells it from {number(optimum, 2)} on."
    )


def smallest(certificate: Certificate) -> tuple[str, str, float, float] | None:
    """Find the path that is told, its best test, the KL that this tells apart, and the optimum's.

    None where no test tells anything apart.
    """
    for path in (TOLD[certificate.settings.target], *certificate.paths):
        optimum = certificate.curve(OPTIMUM, path)
        told = {
            name: curve.told_apart()[0]
            for name in certificate.tests
            if (curve := certificate.curve(name, path)) is not None
        }
        name = min(told, key=told.__getitem__, default=None)
        if optimum is not None and name is not None and math.isfinite(told[name]):
            return path, name, told[name], optimum.told_apart()[0]
    return None


def measured(certificate: Certificate) -> str:
    """Say how the power was measured, and what a lower bound means."""
    first = certificate.power[0]
    return (
        f"The best possible test knows both distributions (Neyman & Pearson) and sees the "
        f"{count(first.m)} generated rows, as does a test against the known target; none can have "
        f"more power. Power is estimated from "
        f"{count(certificate.settings.power_repetitions)} repetitions a point. A departure whose "
        "entry is a lower bound is one that the test does not tell apart anywhere on the path: "
        "not rejecting says nothing about it."
    )
