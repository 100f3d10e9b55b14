"""The answer to the chapter's exercise in words and tables, for the page and for the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

from gan_eval.investigations.exercise.fitting import ROUNDS, Network
from gan_eval.investigations.exercise.rejections import OPTIMUM, TESTS
from gan_eval.investigations.exercise.responses import FRESH, LEARNED, LN2, TRAINING, TRUTH
from gan_eval.investigations.exercise.result import (
    HALF,
    MEDIANS,
    PARTS,
    TOLD_APART,
    Exercise,
    Share,
)
from gan_eval.investigations.exercise.settings import label
from gan_eval.pages.blocks import Table
from gan_eval.pages.numbers import count, interval, number, percent, percents, plural, setting
from gan_eval.stats.battery.catalogue import TARGET

QUESTION = "Is there an equilibrium where the generator wins on finite samples?"

MOST_GENERATORS = 200
"""Generators that the page lists; the file has all of them."""

_PARTS = {
    "seen": ("seen by the trained discriminator", "ln 2 − V(D_T)"),
    "optimisation": ("optimisation", "V(D_T) − V(D_n)"),
    "finite_sample": ("finite sample", "V(D_n) − V(D_∞)"),
    "form": ("form", "V(D_∞) − (ln 2 − JSD)"),
}


def headline(found: Exercise) -> str:
    """Say the answer in one sentence."""
    answers, rows = found.answers, found.settings.fit_rows
    everywhere = {
        "yes": f"On fresh rows yes, at every n measured, up to {count(rows[-1])}",
        "no": f"No, not on fresh rows from n = {count(rows[0])} on",
        "not shown": "On fresh rows neither yes nor no is shown, at any n measured",
    }
    (first,) = [everywhere[said] for said, where in answers.items() if where == rows] or [
        "On fresh rows "
        + ", ".join(
            f"{said} at n = {_list([count(n) for n in where])}"
            for said, where in answers.items()
            if where
        )
    ]
    below, fits = int((found.responses["loss_in_sample"] < LN2).sum()), len(found.responses)
    rest = f"in {count(fits - below)} of" if below < fits else "never in"
    return f"{first}; on the rows that were seen, {rest} {plural(fits, 'fit')}."


def answer(found: Exercise) -> list[str]:
    """List the sentences under the headline; what is rare or missing is said."""
    return [
        meaning(found),
        tests(found),
        best_response(found),
        winning(found),
        perfect(found),
        training_rows(found),
        *wider(found),
        hidden(found),
    ]


def meaning(found: Exercise) -> str:
    """Explain what winning means here, with its thresholds."""
    n = found.settings.config.n_examples
    return (
        "The generator is said to win at n where a fresh discriminator, fitted to n real and n "
        f"generated rows in up to {count(ROUNDS)} steps, is no better than a coin on rows that it "
        f"has not seen: its loss on the population is at least ln 2 = {number(LN2)}. The answer is "
        "“yes” at n where the share of generators for which that is so is above "
        f"{percent(HALF)} with its whole 95 % interval, “no” where the interval lies below, and "
        f"else not shown; the GANs saw {count(n)} rows each."
    )


def tests(found: Exercise) -> str:
    """Say how many generators the tests tell from the truth, from few rows and from many."""
    rows = found.settings.test_rows
    parts = []
    for n in dict.fromkeys((rows[0], rows[-1])):
        shares = {name: found.told_apart(name, n).value for name in TESTS}
        worst, best = min(shares, key=shares.__getitem__), max(shares, key=shares.__getitem__)
        alike = shares[worst] == shares[best]
        generators = f"the {count(len(found.generators))} generators from the truth"
        parts.append(
            f"{count(n)} rows "
            + (
                f"each of the {len(shares)} tests tells {percent(shares[best])} of {generators}"
                if alike
                else f"the {TESTS[worst].short} test tells {percent(shares[worst])} of "
                f"{generators}, the {TESTS[best].short} test {percent(shares[best])}"
            )
            + f", and the best possible test {percent(found.told_apart(OPTIMUM, n).value)}"
        )
    optimum = found.rows_until_told_apart(OPTIMUM)
    nearest = min(TESTS, key=lambda name: found.rows_until_told_apart(name).value)
    return (
        f"From {'; from '.join(parts)}. The best possible test tells {percent(TOLD_APART)} of them "
        f"{_from_rows(optimum, rows)}, the {TESTS[nearest].short} test "
        f"{_from_rows(found.rows_until_told_apart(nearest), rows)}."
    )


def best_response(found: Exercise) -> str:
    """Describe the fresh discriminator at n_examples rows: seen, fresh, floor."""
    n = found.settings.config.n_examples
    rows = found.fits(n)
    seen, fresh, floor = (
        found.median(rows, name) for name in ("loss_in_sample", "loss_population", "floor")
    )
    form = Network.of(found.settings.config.dimension, found.settings.widths[0]).label
    return (
        f"For n = {count(n)} fresh rows, a discriminator {form} at its best response reaches a "
        f"median loss of {with_interval(seen)} on the rows it saw and {with_interval(fresh)} on "
        f"fresh rows; the best possible discriminator has ln 2 − JSD = {with_interval(floor)}."
    )


def winning(found: Exercise) -> str:
    """Say in how many generators' games the generator wins, by n."""
    shares = [f"{with_percents(found.wins(n))} at n = {count(n)}" for n in found.settings.fit_rows]
    return f"So the generator wins in {_list(shares)}."


def perfect(found: Exercise) -> str:
    """Describe the exact case p = q."""
    rows = found.settings.fit_rows
    below = found.responses[found.responses["generator"] == TRUTH]
    medians = {n: found.median(found.fits(n, kind=TRUTH), "loss_in_sample") for n in rows}
    losses = [f"{number(median.value)} at n = {count(n)}" for n, median in medians.items()]
    won, total = int((below["loss_in_sample"] < LN2).sum()), len(below)
    fresh = found.median(found.fits(rows[-1], kind=TRUTH), "loss_population").value
    conclusion = (
        "so on finite rows the perfect generator and the coin are no equilibrium: the "
        "discriminator has a better answer to the rows that it sees"
        if won == total
        else f"in {count(total - won)} of {count(total)} fits it does not get there"
    )
    return (
        "Against the perfect generator, p = q, no discriminator has a loss below ln 2 on the "
        f"population. On the rows it saw, the best response gets below it in {count(won)} of "
        f"{plural(total, 'fit')}, to a median of {_list(losses)}, and pays with "
        f"{number(fresh)} on fresh rows at n = {count(rows[-1])}; {conclusion}."
    )


def training_rows(found: Exercise) -> str:
    """Say if it matters that the generator was trained on the same rows."""
    n = found.settings.config.n_examples
    here, there = (
        found.median(found.fits(n, source=source), "loss_population")
        for source in (TRAINING, FRESH)
    )
    same = here.low <= there.high and there.low <= here.high
    return (
        f"Fitted to the {count(n)} rows that the GAN was trained on, the best response has a loss "
        f"of {with_interval(here)} on fresh rows, against {with_interval(there)} when it is fitted "
        "to others: the rows themselves make "
        f"{'no difference that is shown' if same else 'a difference'}."
    )


def wider(found: Exercise) -> list[str]:
    """Say what the other widths change at n_examples rows, a sentence each."""
    n, sentences = found.settings.config.n_examples, []
    for form in found.settings.widths[1:]:
        rows = found.fits(n, widths=label(form))
        seen, fresh = (found.median(rows, c).value for c in ("loss_in_sample", "loss_population"))
        sentences.append(
            f"With hidden widths {label(form)} and n = {count(n)}, the best response reaches "
            f"{number(seen)} on the rows it saw and {number(fresh)} on fresh rows, and the "
            f"generator wins in {with_percents(found.wins(n, widths=label(form)))}."
        )
    return sentences


def hidden(found: Exercise) -> str:
    """Describe the decomposition of the generators' distance from equilibrium."""
    shares = found.decomposition.shares()
    parts = {name: with_percents(share) for name, share in shares.items()}
    pays = f"the best response to the {count(found.settings.config.n_examples)} rows is "
    if shares["optimisation"].high < 0:
        pays += "worse on fresh rows than the trained discriminator"
    elif shares["optimisation"].low > 0:
        pays += "better on fresh rows as well"
    else:
        than = "better or worse on fresh rows than the trained discriminator is not shown"
        pays = f"whether {pays}{than}"
    return (
        "The generators are a JSD of "
        f"{number(found.decomposition.divergence.mean())} nats from equilibrium on average over "
        f"{count(len(found.decomposition.divergence))}. Of it the trained discriminator sees "
        f"{parts['seen']}, where the best of its form would see "
        f"{percent(1 - shares['form'].value)}; {parts['form']} is hidden by the form. The rest is "
        f"{parts['optimisation']} of optimisation and {parts['finite_sample']} of finite sample: "
        f"{pays}."
    )


def _from_rows(share: Share, rows: Sequence[int]) -> str:
    if share.value == float("inf"):
        return f"at no n up to {count(rows[-1])}"
    return "from about {} rows ({})".format(*_rows(share))


def _rows(share: Share) -> tuple[str, str]:
    return number(share.value, 2), interval(share.low, share.high, 2)


def _list(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


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
            "{} ({})".format(*_rows(found.rows_until_told_apart(name))),
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
            *("loss on fresh rows", "best possible", "best possible, on the rows seen"),
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
            percents(*shares[name][1:]),
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


def with_percents(share: Share) -> str:
    """Write a share of generators with its interval."""
    return f"{percent(share.value)} ({percents(share.low, share.high)})"


def with_interval(median: Share) -> str:
    """Write a median with its interval, where there are enough generators for one."""
    bounds = f" ({interval(median.low, median.high)})" if known(median) else ""
    return number(median.value) + bounds


def known(median: Share) -> bool:
    """Tell whether there were enough generators for an interval of a median, which takes 6."""
    return isfinite(median.low) and isfinite(median.high)
