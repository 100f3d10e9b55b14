"""The tables of a certificate, for its page and for the terminal."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from gan_eval.investigations.certify.alternatives import CHAPTER, PATHS
from gan_eval.investigations.certify.catalogue import EXACT
from gan_eval.investigations.certify.closed_form import STATISTICS
from gan_eval.investigations.certify.power import OPTIMUM, PowerCurve
from gan_eval.investigations.certify.result import Certificate
from gan_eval.investigations.certify.size import SizeCase
from gan_eval.pages.blocks import Table
from gan_eval.pages.numbers import count, number, percent, percents, probability, setting


def sizes(certificate: Certificate) -> Table:
    """Tabulate the range of sizes by test and distribution, over numbers of rows and columns."""
    alphas = certificate.settings.alphas
    groups: dict[tuple[str, str], list[SizeCase]] = {}
    for case in certificate.sizes:
        groups.setdefault((case.test, case.law), []).append(case)
    rows = []
    for (test, law), found in groups.items():
        measured = list(zip(*(case.sizes for case in found), strict=True))
        good = sum(case.passed for case in found)
        rows.append(
            (
                certificate.tests[test].words,
                law,
                "uniform" if found[0].claim == EXACT else "valid",
                count(len(found)),
                *(_range(values) for values in measured),
                probability(min(case.uniformity for case in found)),
                "as claimed" if good == len(found) else f"{count(good)} as claimed",
            )
        )
    where = ", ".join(f"{count(n)} against {count(m)}" for n, m in certificate.settings.sizes)
    dimensions = ", ".join(map(str, certificate.settings.dimensions))
    return Table(
        f"Sizes under equal distributions, {where} rows, d = {dimensions}: from the smallest to "
        f"the largest case{_bands_in_words(certificate)}",
        (
            *("test", "data", "p-values claimed", "cases"),
            *(f"size at {setting(100 * alpha)} %" for alpha in alphas),
            *("smallest p of uniformity", "verdict"),
        ),
        rows,
        words=3,
    )


def cases(certificate: Certificate) -> Table:
    """Tabulate every null case with its sizes, bands and verdict."""
    return Table(
        "Every null case: size (99 % band, 99.9 % in a second look)",
        (
            *("test", "data", "n", "m", "d", "repetitions"),
            *(f"size at {setting(100 * a)} %" for a in certificate.settings.alphas),
            *("p of uniformity", "verdict"),
        ),
        [
            (
                certificate.tests[case.test].words,
                case.law,
                *(count(k) for k in (case.n, case.m, case.dimension, case.counts.repetitions)),
                *(
                    f"{percent(share)} ({percents(low, high)})"
                    for share, (low, high) in zip(case.sizes, case.bands, strict=True)
                ),
                probability(case.uniformity),
                ("as claimed" if case.passed else "; ".join(case.faults))
                + (" (second look)" if case.second else ""),
            )
            for case in certificate.sizes
        ],
        words=2,
    )


def told_apart(certificate: Certificate) -> Table:
    """Tabulate the smallest KL that each test tells from the truth, by path."""
    first, paths = certificate.power[0], certificate.paths
    target = certificate.settings.target
    truth = "the truth" if target == CHAPTER else target
    return Table(
        f"Smallest KL(q‖p), in nats, told from {truth} with 80 % power at the "
        f"{setting(100 * first.alpha)} % level by {count(first.n)} real and {count(first.m)} "
        f"generated rows in {first.dimension} dimensions (ends of a 95 % interval)",
        ("test", *(PATHS[path].words for path in paths)),
        _by_path(certificate, _told_apart),
    )


def strengths(certificate: Certificate) -> Table:
    """Tabulate the same in the measure of each path: which shift, which width, how many modes."""

    def strength(curve: PowerCurve) -> str:
        value = curve.told_apart()[0]
        found = certificate.strength(curve.path, min(value, curve.kl[-1]))
        # Past the end of its curve a test has been shown nothing.
        return number(found, 3) if math.isfinite(value) else f"not at {number(found, 3)}"

    return Table(
        "The same departures in their own measure: what each test tells apart with 80 % power, or "
        "the strongest that was tried",
        ("test", *(f"{PATHS[p].words} ({PATHS[p].parameter})" for p in certificate.paths)),
        _by_path(certificate, strength),
    )


def _by_path(certificate: Certificate, cell: Callable[[PowerCurve], str]) -> list[tuple[str, ...]]:
    """Make a row of every test, the best possible one first, with a cell of each path."""
    names = {OPTIMUM: "best possible test"}
    names |= {name: test.words for name, test in certificate.tests.items()}
    found = []
    for name, words in names.items():
        curves = (certificate.curve(name, path) for path in certificate.paths)
        found.append((words, *("–" if curve is None else cell(curve) for curve in curves)))
    return found


def means(certificate: Certificate) -> Table:
    """Tabulate every mean of a statistic beside its closed form."""
    return Table(
        "Means of the statistics over repetitions beside their closed forms",
        (
            *("statistic", "departure", "KL, nats", "n", "m", "d"),
            *("closed form", "mean", "standard error", "deviation in errors", "verdict"),
        ),
        [
            (
                STATISTICS[case.statistic].words,
                "none: equal distributions" if case.path == "null" else PATHS[case.path].words,
                setting(case.kl),
                *(count(k) for k in (case.n, case.m, case.dimension)),
                *(number(v, 4) for v in (case.expectation, case.mean)),
                *(number(v, 2) for v in (case.error, case.deviation)),
                "met" if case.passed else "not met",
            )
            for case in certificate.means
        ],
        words=2,
    )


def _told_apart(curve: PowerCurve) -> str:
    value, low, high = curve.told_apart()
    if math.isinf(value):
        return f"more than {number(curve.kl[-1], 2)}"
    if math.isinf(high):
        return f"{number(value, 2)} (from {number(low, 2)})"
    # As short as can be: there is one for each path.
    return f"{number(value, 2)} ({number(low, 2)},\u00a0{number(high, 2)})"


def _range(values: Sequence[float]) -> str:
    low, high = min(values), max(values)
    return percent(low) if low == high else percents(low, high)


def _bands_in_words(certificate: Certificate) -> str:
    """Say the band of the exact cases' first look, which is the same for all of them."""
    exact = [c for c in certificate.sizes if c.claim == EXACT and c.second is None]
    if not exact:
        return ""
    bands = ", ".join(percents(low, high) for low, high in exact[0].bands)
    return f"; 99 % bands of uniform p-values: {bands}"
