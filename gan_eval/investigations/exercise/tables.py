"""The tables of the chapter's exercise, for the page and for the terminal."""

from __future__ import annotations

from gan_eval.investigations.exercise.rejections import OPTIMUM, TESTS
from gan_eval.investigations.exercise.responses import LEARNED, TRUTH
from gan_eval.investigations.exercise.result import MEDIANS, PARTS, TOLD_APART, Exercise
from gan_eval.investigations.exercise.words import known, needed, with_interval, with_percents
from gan_eval.pages.blocks import Table
from gan_eval.pages.numbers import MISSING, count, number, percent, percents, plural, setting
from gan_eval.stats.battery.catalogue import TARGET

MOST_GENERATORS = 200
"""Generators that the page lists; the file has all of them."""

_PARTS = {
    "seen": ("seen by the trained discriminator", "ln 2 − V(D_T)"),
    "optimisation": ("optimisation", "V(D_T) − V(D_n)"),
    "finite_sample": ("finite sample", "V(D_n) − V(D_∞)"),
    "form": ("form", "V(D_∞) − (ln 2 − JSD)"),
}


def told_apart(found: Exercise) -> Table:
    """Tabulate the share of generators told apart by test and n, and the rows until most are."""
    rows = found.settings.test_rows
    known_by = {OPTIMUM: ("best possible test", "both distributions")}
    for name, test in TESTS.items():
        known_by[name] = (test.title, "the target" if test.needs == TARGET else "n real rows")
    lines = [
        (
            *names,
            *(with_percents(found.told_apart(name, n)) for n in rows),
            needed(found, name).removeprefix("about ").replace(" rows", ""),
        )
        for name, names in known_by.items()
    ]
    return Table(
        f"Share of {plural(len(found.generators), 'generator')} told from the truth at the "
        f"{setting(100 * found.settings.alpha)} % level (95 % interval), from n generated rows",
        (
            *("test", "it knows", *(f"n = {count(n)}" for n in rows)),
            f"n until {percent(TOLD_APART)}",
        ),
        lines,
        words=2,
    )


def sizes(found: Exercise) -> Table:
    """Tabulate the same shares for the perfect generator: the level, if a test keeps it."""
    rows = found.settings.test_rows
    return Table(
        "The same for the perfect generator, p = q: each should be the level",
        ("test", *(f"n = {count(n)}" for n in rows)),
        [
            (test.title, *(with_percents(found.told_apart(name, n, TRUTH)) for n in rows))
            for name, test in TESTS.items()
        ],
    )


def responses(found: Exercise) -> Table:
    """Tabulate every case of the fresh discriminators: medians over generators."""
    lines = [
        (
            "learned" if case["kind"] == LEARNED else "p = q",
            *(case["source"], case["widths"], count(case["n"])),
            *(with_interval(found.median(found.fits(**case), name)) for name in MEDIANS),
            with_percents(found.wins(**case)),
            number(found.fits(**case)["late_gain"].median(), 1),
        )
        for case in found.cases
    ]
    return Table(
        "Fresh discriminators at their best response: medians over generators (95 % interval), "
        "nats",
        (
            *("generator", "rows", "hidden widths", "n", "loss on the rows it saw"),
            *("loss on new rows", "best possible", "best possible, on the rows seen"),
            *("generator wins", "late gain"),
        ),
        lines,
        words=3,
    )


def decomposition(found: Exercise) -> Table:
    """Tabulate the parts of the distance from equilibrium."""
    shares = found.decomposition.shares()
    total = found.decomposition.divergence.mean()
    lines = [
        (
            *_PARTS[name],
            number(getattr(found.decomposition, name).mean()),
            percent(shares[name].value),
            percents(*shares[name][1:]) if known(shares[name]) else MISSING,
        )
        for name in PARTS
    ]
    lines.append(("together", "JSD(p, q)", number(total), percent(1.0), ""))
    return Table(
        f"The distance from equilibrium in parts, means over "
        f"{plural(len(found.decomposition.divergence), 'generator')}",
        ("part", "definition", "nats", "share", "95 % interval"),
        lines,
        words=2,
    )


def generators(found: Exercise) -> Table:
    """Tabulate the generators one by one."""
    frame = found.generators.head(MOST_GENERATORS)
    columns = ("kl", "jensen_shannon", "samples_to_detect", *PARTS)
    return Table(
        f"The first {count(len(frame))} of {plural(len(found.generators), 'generator')}; nats",
        ("seed", "KL(q‖p)", "JSD", "samples to detect", *(_PARTS[name][0] for name in PARTS)),
        [
            (str(row["seed"]), *(number(row[name]) for name in columns))
            for row in frame.astype({"seed": object}).to_dict("records")
        ],
    )
