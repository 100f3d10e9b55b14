"""The answer to the chapter's exercise in words, for the page and for the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

from gan_eval.investigations.exercise.fitting import Network
from gan_eval.investigations.exercise.rejections import OPTIMUM, TESTS
from gan_eval.investigations.exercise.responses import FRESH, LN2, TRAINING, TRUTH
from gan_eval.investigations.exercise.result import (
    TOLD_APART,
    Exercise,
    Share,
    generators_to_tell,
)
from gan_eval.investigations.exercise.settings import label
from gan_eval.pages.numbers import (
    count,
    interval,
    number,
    percent,
    percents,
    plural,
)

QUESTION = "Does the generator win on finite samples?"


def headline(found: Exercise) -> str:
    """Say the answer in one sentence: yes, no, or too few generators to tell."""
    answers, rows = found.answers, found.settings.fit_rows
    yes, no = answers["yes"], answers["no"]
    fool = "fool a discriminator fitted to"
    if yes and no:
        return (
            f"Yes {_where(yes, rows)}, no {_where(no, rows)}: {won(found, yes[-1])} {fool} "
            f"{count(yes[-1])} rows, {won(found, no[0], brief=True)} one fitted to {count(no[0])}."
        )
    if told := yes or no:
        said, n, only = ("Yes", yes[-1], "") if yes else ("No", no[0], "only ")
        return f"{said}, {_where(told, rows)}: {only}{won(found, n)} {fool} {count(n)} rows."
    n = found.settings.config.n_examples
    return f"Too few generators to tell: {won(found, n)} {fool} {count(n)} rows."


def won(found: Exercise, n: int, *, widths: str | None = None, brief: bool = False) -> str:
    """Count the generators that win at n, with the interval of their share."""
    share, of = found.wins(n, widths=widths), len(found.fits(n, widths=widths))
    bounds = percents(share.low, share.high)
    counted = f"{count(round(share.value * of))} of {count(of)}"
    return f"{counted} ({bounds})" if brief else f"{counted} generators (95 % interval {bounds})"


def _where(told: Sequence[int], rows: Sequence[int]) -> str:
    """Name the numbers of rows that have one answer."""
    told, rows = tuple(told), tuple(rows)
    if told == rows and len(rows) > 1:
        return f"at every n from {count(rows[0])} to {count(rows[-1])} rows"
    if len(told) > 1 and told == rows[: len(told)]:
        return f"up to n = {count(told[-1])} rows"
    if len(told) > 1 and told == rows[-len(told) :]:
        return f"from n = {count(told[0])} rows on"
    return f"at n = {_list([count(n) for n in told])} rows"


def answer(found: Exercise) -> list[tuple[str, str]]:
    """List the sentences under the headline, each with its label."""
    return [
        ("What winning means", meaning(found)),
        *(("Open", sentence) for sentence in undecided(found)),
        ("On the rows it was fitted to", own_rows(found)),
    ]


def details(found: Exercise) -> list[str]:
    """List what the folded parts of the page say, for the terminal and the document."""
    return [
        best_response(found),
        perfect(found),
        training_rows(found),
        *wider(found),
        hidden(found),
        apart(found),
    ]


def meaning(found: Exercise) -> str:
    """Explain what winning means here, with its thresholds."""
    return (
        "A generator wins at n where it fools a new discriminator, fitted to n real and n "
        "generated rows as well as it can be: on rows that it has not seen, its loss is at least a "
        f"coin's, ln 2 = {number(LN2)}. Yes: more than half of the generators win, with the whole "
        "interval; no: less than half."
    )


def _asked_about(found: Exercise, open_at: Sequence[int]) -> int:
    """The number of rows that is spoken of where it is open: the GANs' own, or the least; where
    nothing is told, the headline has what it says."""
    n = found.settings.config.n_examples
    return n if n in open_at else open_at[0]


def enough(found: Exercise) -> list[int]:
    """List how many generators would tell where it is open; none where too many would."""
    open_at = found.answers["not shown"]
    if not open_at:
        return []
    needed = generators_to_tell(found.wins(_asked_about(found, open_at)).value)
    return [int(needed)] if isfinite(needed) else []


def undecided(found: Exercise) -> list[str]:
    """Say where neither is shown, and how many generators would tell; nothing where all is told."""
    open_at = found.answers["not shown"]
    if not open_at:
        return []
    n = _asked_about(found, open_at)
    few = enough(found)
    about = [count(one) if one < 100 else number(one, 2) for one in few]
    more = (
        f"if the share stays, about {about[0]} generators would tell"
        if about
        else "a share so close to one half takes too many to tell"
    )
    won_here = f": {won(found, n)} win there" if found.answered else ""
    where = _list([count(m) for m in open_at])
    return [f"At n = {where} neither yes nor no is shown{won_here}; {more}."]


def apart(found: Exercise) -> str:
    """Say that the distributions differ, and from how many rows the best possible test tells."""
    if found.rows_until_told_apart(OPTIMUM).value == float("inf"):
        return (
            "Even the best possible test, which knows both distributions, needs "
            f"{needed(found, OPTIMUM)} to tell {percent(TOLD_APART)} of the "
            f"{count(len(found.generators))} generators from the truth."
        )
    nearest = min(TESTS, key=lambda name: found.rows_until_told_apart(name).value)
    best, real = (needed(found, name) for name in (OPTIMUM, nearest))
    return (
        f"Winning is not being right: the best possible test needs {best} to tell "
        f"{percent(TOLD_APART)} of the {count(len(found.generators))} generators from the truth, "
        f"the best usual one ({TESTS[nearest].short}) {real}."
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
        f"Fitted to n = {count(n)} real rows, a discriminator {form} reaches a median loss of "
        f"{with_interval(seen)} on the rows it saw and {with_interval(fresh)} on new rows; the "
        f"best possible discriminator has {with_interval(floor)}, which is ln 2 − JSD."
    )


def own_rows(found: Exercise) -> str:
    """Describe the game on the rows themselves, up to the exact case p = q."""
    beaten, fits = int((found.responses["loss_in_sample"] < LN2).sum()), len(found.responses)
    if beaten < fits:
        return (
            f"There the discriminator beats the coin in {count(beaten)} of {plural(fits, 'fit')}."
        )
    return (
        f"There the discriminator beats the coin in all {count(fits)} fits, also against the "
        "perfect generator: it learns them by heart, so there no generator wins."
    )


def perfect(found: Exercise) -> str:
    """Describe the exact case p = q."""
    n = found.settings.config.n_examples
    case = found.fits(n, kind=TRUTH)
    seen, fresh = (found.median(case, c).value for c in ("loss_in_sample", "loss_population"))
    return (
        "Against the perfect generator, p = q, nothing is better than a coin on new rows. Yet on "
        f"the {count(n)} rows it was fitted to the discriminator reaches {number(seen)} (median), "
        f"and pays with {number(fresh)} on new ones."
    )


def training_rows(found: Exercise) -> str:
    """Say if it matters that the generator was trained on the same rows."""
    n = found.settings.config.n_examples
    here, there = (
        found.median(found.fits(n, source=source), "loss_population")
        for source in (TRAINING, FRESH)
    )
    if not (known(here) and known(there)):
        difference = "whether that is a difference takes 6 generators to tell"
    elif here.low <= there.high and there.low <= here.high:
        difference = "no difference is shown"
    else:
        difference = "the rows themselves make a difference"
    return (
        f"Fitted to the {count(n)} rows that the GAN was trained on, it has a loss of "
        f"{with_interval(here)} on new rows, against {with_interval(there)} when it is fitted to "
        f"others: {difference}."
    )


def wider(found: Exercise) -> list[str]:
    """Say what the other widths change at n_examples rows, a sentence each."""
    n, sentences = found.settings.config.n_examples, []
    for form in found.settings.widths[1:]:
        rows = found.fits(n, widths=label(form))
        seen, fresh = (found.median(rows, c).value for c in ("loss_in_sample", "loss_population"))
        sentences.append(
            f"With hidden widths {label(form)} it reaches {number(seen)} on the rows it saw and "
            f"{number(fresh)} on new rows, and {won(found, n, widths=label(form))} win."
        )
    return sentences


def hidden(found: Exercise) -> str:
    """Describe the decomposition of the generators' distance from equilibrium."""
    shares = found.decomposition.shares()
    parts = {name: with_percents(share) for name, share in shares.items()}
    pays = f"the best response to the {count(found.settings.config.n_examples)} rows is "
    if shares["optimisation"].high < 0:
        pays += "worse on new rows than the trained discriminator"
    elif shares["optimisation"].low > 0:
        pays += "better on new rows as well"
    else:
        than = "better or worse on new rows than the trained discriminator is not shown"
        pays = f"whether {pays}{than}"
    return (
        "The generators are a Jensen–Shannon divergence (JSD) of "
        f"{number(found.decomposition.divergence.mean())} nats from equilibrium, on average over "
        f"{count(len(found.decomposition.divergence))}. Of it the trained discriminator sees "
        f"{parts['seen']}, where the best of its form would see "
        f"{percent(1 - shares['form'].value)}; {parts['form']} is hidden by the form. The rest is "
        f"{parts['optimisation']} of optimisation and {parts['finite_sample']} of finite sample: "
        f"{pays}."
    )


def needed(found: Exercise, test: str) -> str:
    """Name the rows from which a test tells most generators, with the interval if there is one."""
    share = found.rows_until_told_apart(test)
    if share.value == float("inf"):
        return f"more than {count(found.settings.test_rows[-1])} rows"
    bounds = f" ({interval(share.low, share.high, 2)})" if known(share) else ""
    return f"about {number(share.value, 2)} rows{bounds}"


def _list(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def with_percents(share: Share) -> str:
    """Write a share of generators with its interval, where there are enough for one."""
    bounds = f" ({percents(share.low, share.high)})" if known(share) else ""
    return percent(share.value) + bounds


def with_interval(median: Share) -> str:
    """Write a median with its interval, where there are enough generators for one."""
    bounds = f" ({interval(median.low, median.high)})" if known(median) else ""
    return number(median.value) + bounds


def known(share: Share) -> bool:
    """Tell whether there were enough generators for an interval: ``FEWEST_FOR_INTERVAL``."""
    return isfinite(share.low) and isfinite(share.high)
