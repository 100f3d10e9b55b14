"""The answer of a study of outside generators in words: one sentence, cards, a sentence each."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from gan_eval.pages.blocks import Card
from gan_eval.pages.numbers import count, interval, number, percent, percents, plural, setting
from gan_eval.report.generators.entrants import BASELINES, Entrant, named_tests, target_words
from gan_eval.study.plan.study import Study

QUESTION = "Did the generator learn the distribution?"

LEVEL = 0.05
"""The level at which rejections are counted."""

MANY = 6
"""Own entrants that get sentences in the answer."""

FEW = 3
"""Entrants up to which the headline names each."""

MEASURES = {"energy": "energy distance", "mmd": "MMD", "kl": "KL divergence"}
"""What a worth is measured by, in words."""


def question(study: Mapping[str, Any]) -> str:
    """Return the study's question; the built-in generator's own is not meant here."""
    asked = study.get("question")
    return QUESTION if asked in (None, Study().question) else str(asked)


def headline(entrants: Sequence[Entrant], study: Mapping[str, Any]) -> str:
    """Say in one sentence how often the study's own generators have learned their target."""
    own = [entrant for entrant in entrants if entrant.own]
    if not entrants:
        return "No training finished, so there is nothing to judge."
    if not own:
        return "Only baselines were judged; no generator of the study's own has a row."
    target = target_words(study)
    if all(entrant.judged.empty for entrant in own):
        total = sum(entrant.trainings for entrant in own)
        return f"{_names(own)} gave no rows to judge in any of {plural(total, 'training')}."
    if len(own) == 1:
        s = own[0].summary
        typical = f"; the typical one {worth_words(own[0], False)}" if _known(own[0]) else ""
        return (
            f"{own[0].name} learned {target} in {count(s['converged'])} of "
            f"{plural(own[0].trainings, 'training')} ({_share(s)}){typical}."
        )
    if len(own) <= FEW:
        return f"{_names(own)} learned {target} in {_listed([_times(one, own) for one in own])}."
    total = sum(entrant.trainings for entrant in own)
    learned = sum(entrant.summary["converged"] for entrant in own)
    worst, best = (
        chosen(own, key=lambda one: one.summary["converged_share"]) for chosen in (min, max)
    )
    return (
        f"{_names(own)} learned {target} in {count(learned)} of {plural(total, 'training')} over "
        f"{len(own)} entrants: from {_times(worst, own)} to {_times(best, own)}."
    )


def answers(entrants: Sequence[Entrant]) -> list[tuple[str | None, str]]:
    """Say below the headline what counts as learned, how each own generator did, with its label
    where there are several, and how the baselines did."""
    if not entrants:
        return []
    own = [entrant for entrant in entrants if entrant.own]
    found: list[tuple[str | None, str]] = []
    for one in own[:MANY]:
        typical = f"The typical training {worth_words(one)}." if _known(one) else ""
        said = " ".join(filter(None, (typical, *sentences(one.rows), *without(one))))
        found += [(one.label if len(own) > 1 else None, said)] if said else []
    if (rest := len(own) - MANY) > 0:
        found.append((None, f"{plural(rest, 'more entrant')} in the table."))
    if beside := [one for one in entrants if not one.own and _known(one)]:
        said = _listed([f"{called(one)} {_size(one)}" for one in beside[:MANY]])
        found.append((None, f"For comparison, medians of worth in real rows: {said}."))
    return [*found, (None, meaning(entrants[0]))]


def told(entrant: Entrant) -> list[str]:
    """Say everything there is to say of one entrant, sentence by sentence."""
    s = entrant.summary
    typical = f"; the typical one {worth_words(entrant)}." if _known(entrant) else "."
    opening = (
        f"{count(s['converged'])} of {plural(entrant.trainings, 'training')} learned the target "
        f"({_share(s)}){typical}"
    )
    return [opening, *sentences(entrant.rows), *without(entrant)]


def meaning(entrant: Entrant) -> str:
    """Say what counts as learned, by the yardstick and margin of the rows."""
    margin = entrant.only("margin")
    interval_of = "The interval behind each share is Clopper–Pearson at 95 %."
    if math.isnan(margin):
        return f"A training counts as learned where its verdict is “converged”. {interval_of}"
    if entrant.yardstick == "kl":
        said = f"its KL divergence from the target is at most {setting(margin)} nats"
    else:
        by = "by KL" if entrant.yardstick == "worth_kl" else "by energy distance"
        said = (
            f"its rows are worth at least {number(margin)} real rows {by}: they are "
            "shown to come as near to the truth as so many rows drawn from it do"
        )
    return f"A training counts as learned where {said}. {interval_of}"


def worth_words(entrant: Entrant, with_interval: bool = True) -> str:
    """Write the median worth by the yardstick as the end of a sentence."""
    name = worth_column(entrant)
    size = float(entrant.summary[name])
    seen = entrant.only("n_train")
    of = f" of {count(seen)}" if math.isfinite(seen) else ""
    if math.isinf(size):
        return "is worth more real rows than could be measured"
    bracket = _bracket(entrant.summary, name) if with_interval else ""
    return f"is worth {rows_words(size)}{of}{bracket}"


def rows_words(size: float) -> str:
    """Write a worth as a phrase."""
    if size == 0:
        return "no real row"
    if size < 1:
        return "less than one real row"
    return f"{_rows(size)} real rows"


def _rows(size: float) -> str:
    return count(size) if 100 <= size < 1e6 else number(size, 2)


def _size(entrant: Entrant) -> str:
    """The median worth in figures; a copier is called one."""
    size = _rows(float(entrant.summary[worth_column(entrant)]))
    copied = entrant.texts("copies_verdict").count("copies")
    return size + (f" (a copier in {copied} of {entrant.trainings} trainings)" if copied else "")


def worth_column(entrant: Entrant) -> str:
    """Name the column of worth by the yardstick; by energy where that one was not computed."""
    name = "worth_kl" if entrant.yardstick == "kl" else entrant.yardstick
    known = name in entrant.summary and not math.isnan(entrant.summary[name])
    return name if known else "worth_energy"


def cards(entrants: Sequence[Entrant]) -> list[Card]:
    """The headline numbers of a study with one own generator at one setting."""
    own = [entrant for entrant in entrants if entrant.own]
    if len(own) != 1 or own[0].judged.empty:
        return []
    one, s = own[0], own[0].summary
    name = worth_column(one)
    found = [
        Card("learned", percent(s["converged_share"]), f"95 % interval {_share(s)}"),
        Card(
            "median worth",
            rows_words(s[name]) if not math.isnan(s[name]) else number(s[name]),
            f"by {MEASURES[name.removeprefix('worth_')]}; 95 % interval over seeds "
            f"{_interval(s, name)}" + (f"; {said}" if (said := how(one, f"{name}_how")) else ""),
        ),
    ]
    copied = [text for text in one.texts("copies_verdict") if text]
    if copied:
        note = f"trainings whose rows are copies; {_undecided(copied)}"
        found.append(Card("copies", f"{copied.count('copies')} of {len(copied)}", note))
    if one.has("modes_kept") and one.has("modes"):
        kept, of = (np.nanmedian(one.values(column)) for column in ("modes_kept", "modes"))
        found.append(Card("modes", f"{setting(kept)} of {setting(of)}", _lost(one)))
    named = named_tests([one])
    if named:
        test = "energy" if "energy" in named else next(iter(named))
        values = one.values(f"{test}_pvalue")
        values = values[~np.isnan(values)]
        rejected = int((values <= LEVEL).sum())
        note = f"trainings that the {named[test]} test tells from real rows at 5 %"
        found.append(Card("told apart", f"{rejected} of {len(values)}", note))
    return found


def how(entrant: Entrant, name: str) -> str:
    """Say how a column was computed: exact, sampled, or both where trainings differ."""
    found = dict.fromkeys(text for text in entrant.texts(name) if text)
    return " and ".join(found)


def without(entrant: Entrant) -> list[str]:
    """Say of the trainings without a verdict why they have none; nothing where all have one."""
    s, found = entrant.summary, []
    if unknown := s["could_not_tell"]:
        found.append(
            f"{plural(unknown, 'training')} could not be told, because the margin lies within the "
            f"interval of the worth; {'it counts' if unknown == 1 else 'they count'} as not "
            "learned."
        )
    if lost := s["no_result"] + s["diverged"]:
        found.append(
            f"{plural(lost, 'training')} gave no rows to judge (see Failures) and "
            f"{'counts' if lost == 1 else 'count'} as not learned, with a worth of 0."
        )
    return found


def _known(entrant: Entrant) -> bool:
    return not math.isnan(entrant.summary[worth_column(entrant)])


def _share(s: Mapping[str, Any]) -> str:
    return percents(s["converged_share_low"], s["converged_share_high"])


def _times(one: Entrant, own: Sequence[Entrant]) -> str:
    s = one.summary
    several = len({entrant.name for entrant in own}) > 1
    which = one.label if several else one.setting
    return f"{count(s['converged'])} of {plural(one.trainings, 'training')} ({_share(s)})" + (
        f" {'as' if several else 'with'} {which}" if which else ""
    )


def _names(own: Sequence[Entrant]) -> str:
    return _listed(list(dict.fromkeys(entrant.name for entrant in own)))


def _bracket(s: Mapping[str, Any], name: str) -> str:
    low, high = s[f"{name}_low"], s[f"{name}_high"]
    if math.isnan(low) or low == -math.inf:
        return " (too few seeds for an interval: 6 are needed)"
    return f" (95 % interval over seeds {interval(low, high)})"


def _interval(s: Mapping[str, Any], name: str) -> str:
    low, high = s[f"{name}_low"], s[f"{name}_high"]
    return "needs 6 seeds" if math.isnan(low) or low == -math.inf else interval(low, high)


def _undecided(verdicts: Sequence[str]) -> str:
    unknown = verdicts.count("could_not_tell")
    return f"{unknown} could not be told" if unknown else "the others do not show copying"


def _lost(entrant: Entrant) -> str:
    """Name the mode that is lost most often."""
    lost = Counter(
        name.strip() for text in entrant.texts("modes_lost") for name in text.split(";") if name
    )
    if not lost:
        return "median over trainings; no training lost one"
    name, times = lost.most_common(1)[0]
    return f"median over trainings; lost most often: {name} ({times} of {entrant.trainings})"


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def called(entrant: Entrant) -> str:
    """What sentences call an entrant."""
    return BASELINES.get(entrant.name, entrant.label)


def sentences(rows: pd.DataFrame) -> list[str]:
    """Stand in for the sentences of ``judging``."""
    found, n = [], len(rows)
    copied = int((rows.get("copies_verdict", pd.Series(dtype=str)) == "copies").sum())
    if copied:
        found.append(f"It copies: in {copied} of {n} trainings its rows are training rows.")
    if "modes_lost" in rows:
        lost = Counter(
            name.strip()
            for text in rows["modes_lost"]
            if isinstance(text, str)
            for name in text.split(";")
            if name.strip()
        )
        if lost:
            said = _listed([f"{name} ({times} of {n})" for name, times in lost.most_common(3)])
            found.append(f"It drops modes, most often {said}.")
    return found
