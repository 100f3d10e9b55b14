"""A certificate in words, in tables and in pictures, and as a page of its own."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial

import pandas as pd

from gan_eval.investigations.certify.alternatives import PATHS
from gan_eval.investigations.certify.catalogue import EXACT
from gan_eval.investigations.certify.closed_form import STATISTICS
from gan_eval.investigations.certify.power import OPTIMUM, PowerCurve
from gan_eval.investigations.certify.result import Certificate
from gan_eval.investigations.certify.size import SizeCase
from gan_eval.pages.blocks import (
    Answer,
    Block,
    Code,
    Paragraph,
    Section,
    Table,
    TableBlock,
    gallery,
)
from gan_eval.pages.canvas import COLOURS, Picture, canvas, legend_above, picture, plain_log_axis
from gan_eval.pages.numbers import (
    count,
    interval,
    number,
    percent,
    percents,
    plural,
    probability,
    setting,
)
from gan_eval.pages.page import environment, fill

DRAWN = ("shift_minor", "mixture")
"""Paths whose power curves are drawn, where they were measured."""

_HEADLINES = {
    True: "Every claim is kept.",
    False: "Not every claim is kept.",
    None: "It could not be told whether every claim is kept.",
}

MOST_FAULTS = 10
"""Faults listed one by one."""

_STYLES = (("ink", "-"), ("loss-d", "-"), ("loss-g", "--"), ("learned", "-."), ("real", ":"))


def render(certificate: Certificate) -> str:
    """Write one HTML page that needs no network."""
    return fill(
        title="gan_eval: can these p-values be trusted?",
        name="certificate",
        question="Do these tests keep what their p-values promise?",
        answer=Answer(_HEADLINES[certificate.passed], sentences=[(None, verdict(certificate))]),
        sections=[trust(certificate), environment(certificate.provenance)],
        created=certificate.provenance["created"],
    )


def trust(certificate: Certificate) -> Section:
    """Make the section that says how far p-values can be trusted, and why."""
    settings = certificate.settings
    blocks: list[Block] = [
        Paragraph(verdict(certificate)),
        TableBlock(sizes(certificate)),
        Paragraph(
            f"A size is the share of {count(settings.repetitions)} repetitions with equal "
            "distributions in which a test rejects. It took "
            f"{certificate.provenance['permutations']} permutations "
            "each; a permutation p-value is valid for any number of them. One right case in a "
            "hundred leaves its 99 % band at each level: a case that does is measured again, with "
            "four times the repetitions from other random numbers, and held to a 99.9 % band "
            f"({plural(certificate.second_looks, 'case')} here). Where values tie, a valid test "
            "rejects more rarely than its level."
        ),
    ]
    if certificate.power:
        blocks += [Paragraph(measured(certificate)), TableBlock(told_apart(certificate))]
        drawn = [path for path in DRAWN if path in certificate.paths]
        blocks += gallery(*(partial(figure, certificate, path) for path in drawn))
    blocks.append(TableBlock(cases(certificate), folded=True))
    if certificate.means:
        blocks.append(TableBlock(means(certificate), folded=True))
    if certificate.provenance.get("command"):
        blocks.append(Code("To certify again", str(certificate.provenance["command"])))
    return Section("trust", "Can these p-values be trusted?", blocks)


def verdict(certificate: Certificate) -> str:
    """Say the answer in one or a few sentences."""
    tests, total = len(certificate.tests), len(certificate.sizes)
    one = tests == 1
    passed = sum(case.passed for case in certificate.sizes)
    checked = f"{plural(tests, 'test')} in {plural(total, 'null case')}"
    if certificate.passed:
        return (
            f"Yes: {checked} {'keeps what it claims' if one else 'keep what they claim'}, "
            "power rises along every path that a test is built to see, and the means of the "
            "statistics meet their closed forms."
        )
    if certificate.passed is None:
        few = ", ".join(certificate.undecided)
        return (
            f"Could not tell: nothing contradicts what {checked} {'claims' if one else 'claim'}, "
            f"but with so few rows {few} never rejected, neither equal distributions nor "
            "different ones."
        )
    found = certificate.faults
    rest = len(found) - MOST_FAULTS
    more = f"; and {count(rest)} more" if rest > 0 else ""
    return (
        f"Not all of them: of {checked}, {count(passed)} cases are as claimed. "
        f"Found: {'; '.join(found[:MOST_FAULTS])}{more}."
    )


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
    first = certificate.power[0]
    names = [OPTIMUM, *certificate.tests]
    rows = []
    for path in certificate.paths:
        entries = [PATHS[path].words]
        for name in names:
            curve = certificate.curve(name, path)
            entries.append("–" if curve is None else _told_apart(curve))
        rows.append(entries)
    return Table(
        f"Smallest KL(q‖p), in nats, told apart with 80 % power at the "
        f"{setting(100 * first.alpha)} % level by {count(first.n)} real and {count(first.m)} "
        f"generated rows in {first.dimension} dimensions, with a 95 % interval",
        ("departure", "best possible test", *(t.words for t in certificate.tests.values())),
        rows,
    )


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


def measured(certificate: Certificate) -> str:
    """Say how the power was measured, and what a lower bound means."""
    first = certificate.power[0]
    return (
        f"The best possible test knows both distributions (Neyman & Pearson) and sees the "
        f"{count(first.m)} generated rows; none can have more power. Power is estimated from "
        f"{count(certificate.settings.power_repetitions)} repetitions a point. A departure whose "
        "entry is a lower bound is one that the test does not tell apart anywhere on the path: "
        "not rejecting says nothing about it."
    )


def _told_apart(curve: PowerCurve) -> str:
    value, low, high = curve.told_apart()
    if math.isinf(value):
        return f"more than {number(curve.kl[-1], 2)}"
    if math.isinf(high):
        return f"{number(value, 2)} (from {number(low, 2)})"
    return f"{number(value, 2)} ({interval(low, high, 2)})"


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


def figure(certificate: Certificate, path: str) -> Picture:
    """Draw the power curves along a path, of the first four tests beside the best possible."""
    tests = [(name, test.words) for name, test in certificate.tests.items()]
    curves = [
        (words, curve)
        for name, words in [(OPTIMUM, "best possible"), *tests[:4]]
        if (curve := certificate.curve(name, path)) is not None
    ]
    with canvas(height=3.4) as (figure, axes):
        for (words, curve), (colour, dashes) in zip(curves, _STYLES, strict=False):
            axes.plot(
                *(curve.kl, curve.power),
                label=words,
                color=COLOURS[colour],
                linestyle=dashes,
                marker="." if curve.test == OPTIMUM else None,
            )
        axes.axhline(0.8, color=COLOURS["muted"], linewidth=0.8)
        axes.set(ylim=(0, 1.02), xlabel="KL(q‖p), nats", ylabel="power")
        plain_log_axis(axes, "x")
        legend_above(axes, columns=1)
        words, rest = PATHS[path].words, len(tests) - 4
        hidden = f" {plural(rest, 'more test')} not drawn." if rest > 0 else ""
        return picture(
            figure,
            f"fig-power-{path.replace('_', '-')}",
            title=f"Power: {words}",
            description="; ".join(
                f"{name}: {percent(float(curve.power[0]))} at {number(curve.kl[0], 2)} nats, "
                f"{percent(float(curve.power[-1]))} at {number(curve.kl[-1], 2)}"
                for name, curve in curves
            ),
            caption=f"Power against KL(q‖p): {words}. The line marks 80 %.{hidden}",
            data=pd.concat(
                [
                    pd.DataFrame({"test": name, "kl": curve.kl, "power": curve.power})
                    for name, curve in curves
                ]
            ),
        )
