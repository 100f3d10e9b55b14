"""The answer of a study of outside generators in words: one sentence, cards, a sentence each."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gan_eval.judging.generators import words as of_rows
from gan_eval.pages.blocks import Card
from gan_eval.pages.numbers import count, interval, number, percent, percents, plural, setting
from gan_eval.report.generators.entrants import BASELINES, Entrant, named_tests
from gan_eval.runtime.arguments import lower_first

LEVEL = 0.05
"""The level at which rejections are counted."""

MANY = 6
"""Own entrants that get sentences in the answer."""

FEW = 3
"""Entrants up to which the headline names each."""

MEASURES = {"energy": "energy distance", "mmd": "MMD", "kl": "KL divergence"}
"""What a worth is measured by, in words."""


def answers(entrants: Sequence[Entrant]) -> list[tuple[str | None, str]]:
    """Say below the headline what is wrong with each own generator, with its label where there are
    several, how the baselines did, and what counts as learned."""
    if not entrants:
        return []
    own = [entrant for entrant in entrants if entrant.own]
    found: list[tuple[str | None, str]] = []
    for one in own[:MANY]:
        if said := " ".join(_in_short(one, with_worth=1 < len(own) <= FEW)):
            found.append((one.label if len(own) > 1 else None, said))
    if (rest := len(own) - MANY) > 0:
        found.append((None, f"{plural(rest, 'more entrant')} of the study's own in the table."))
    if beside := [f"{called(one)} {size}" for one in entrants if (size := _beside(one))]:
        lost = [called(one) for one in entrants if not one.own and one.judged.empty]
        without = f"; no result of {listed(lost)}" if lost else ""
        said = f"For comparison, median worths in real rows: {listed(beside)}{without}."
        found.append((None, said))
    return [*found, (None, meaning(entrants))]


def _in_short(entrant: Entrant, *, with_worth: bool) -> list[str]:
    """The sentences on an own generator that a reader must not miss."""
    rows, found = entrant.rows, []
    if with_worth and (size := worth_words(entrant, entrant.only("n_train"))):
        bounds = _interval(entrant.summary, worth_column(entrant))
        found.append(f"The median training is worth {size} (95 % interval {bounds}).")
    if copier(entrant):
        found += of_rows.copying(rows)
    found += [*of_rows.modes(rows), *of_rows.failures(rows), *undecided(entrant)]
    return [sentence.replace("`", "") for sentence in found]


def told(entrant: Entrant) -> list[str]:
    """Say everything there is to say of one entrant, sentence by sentence."""
    s, rows = entrant.summary, entrant.rows
    opening = (
        f"{count(s['converged'])} of {plural(entrant.replicates, 'training')} learned the target "
        f"({share(s)})."
    )
    worths = of_rows.worths(rows)
    rest = of_rows.sentences(rows)[len(worths) :]
    if worths and s["no_result"] + s["diverged"]:
        worths[0] = f"Of those with a result: {lower_first(worths[0])}"
    return [opening, *worths, *rest, *undecided(entrant)]


def meaning(entrants: Sequence[Entrant]) -> str:
    """Say what counts as learned, by the yardstick and margin of the rows."""
    by: dict[tuple[str, float], list[str]] = {}
    for one in entrants:
        if not math.isnan(margin := one.only("margin")):
            by.setdefault((one.yardstick, margin), []).append(one.label)
    said = "A training starts from a seed of its own; each share has its Clopper–Pearson "
    said += "interval at 95 %, each median the interval of order statistics. "
    if not by:
        return f"{said}A training counts as learned where its verdict is “converged”."
    (first, _), *others = by.items()
    said += f"A training counts as learned where {_criterion(*first)}."
    for what, labels in others:
        said += f" Of {listed(labels)}, it counts where {_criterion(*what)}."
    return said


def _criterion(yardstick: str, margin: float) -> str:
    if yardstick == "kl":
        return f"its KL divergence from the target, exact, is at most {setting(margin)} nats"
    measure = MEASURES.get(yardstick.removeprefix("worth_"), yardstick)
    return (
        f"it is worth at least {setting(margin)} real rows by {measure}, also at the lower end of "
        "its interval"
    )


def worth_words(entrant: Entrant, seen: float = math.nan) -> str:
    """Write the median worth as a phrase, of so many rows that it saw; "" where none is known."""
    size = _size(entrant)
    of = f" of {count(seen)}" if math.isfinite(seen) else ""
    return f"{size} real rows{of}" if size else ""


def _size(entrant: Entrant) -> str:
    """The median worth, or what it is at least; empty where neither is known."""
    name = worth_column(entrant)
    size, low = (float(entrant.summary[f"{name}{end}"]) for end in ("", "_low"))
    if math.isinf(size):
        return f"at least {number(low, 2)}" if 0 < low < math.inf else ""
    return "" if math.isnan(size) else number(size, 2)


def _beside(entrant: Entrant) -> str:
    """The median worth of a baseline, where a copier is called one; empty where none is known."""
    size, copied = "" if entrant.own else _size(entrant), copier(entrant)
    if size and copied:
        size += f" (a copier in {copied} of {entrant.replicates} trainings)"
    return size


def copier(entrant: Entrant) -> int:
    """Count the trainings that copy; 0 where these may be chance."""
    verdicts = entrant.texts("copies_verdict")
    times, of = verdicts.count("copies"), len([text for text in verdicts if text])
    return times if of_rows.shown(times, of, entrant.values("copies_pvalue")) else 0


def worth_column(entrant: Entrant) -> str:
    """Name the column of worth that all entrants are compared by: energy's, where there is one."""
    return "worth_kl" if math.isnan(entrant.summary["worth_energy"]) else "worth_energy"


def cards(entrants: Sequence[Entrant]) -> list[Card]:
    """The headline numbers of the own generator, at the setting that learned most often."""
    own = [entrant for entrant in entrants if entrant.own and not entrant.judged.empty]
    if not own:
        return []
    one = max(own, key=lambda entrant: entrant.summary["converged_share"])
    s, several = one.summary, sum(entrant.own for entrant in entrants) > 1
    its, whose = ("its ", f"{one.label}: ") if several else ("", "")
    label = "learned most often" if several else "learned"
    found = [Card(label, percent(s["converged_share"]), f"{whose}95 % interval {share(s)}")]
    name = worth_column(one)
    if size := _size(one):
        note = f"by {MEASURES[name.removeprefix('worth_')]}; 95 % interval over seeds "
        said = f"; {said}" if (said := how(one, f"{name}_how")) else ""
        found.append(
            Card(f"{its}median worth, real rows", size, f"{note}{_interval(s, name)}{said}")
        )
    copied = [text for text in one.texts("copies_verdict") if text]
    if copied:
        note = f"trainings whose rows are copies; {_undecided(copied)}"
        found.append(Card(f"{its}copies", f"{copied.count('copies')} of {len(copied)}", note))
    if one.has("modes_kept") and one.has("modes"):
        kept, of = (np.nanmedian(one.values(column)) for column in ("modes_kept", "modes"))
        found.append(Card(f"{its}modes", f"{setting(kept)} of {setting(of)}", _lost(one)))
    named = named_tests([one])
    if named:
        test = "energy" if "energy" in named else next(iter(named))
        values = one.values(f"{test}_pvalue")
        values = values[~np.isnan(values)]
        rejected = int((values <= LEVEL).sum())
        note = f"trainings that the {named[test]} test tells from real rows at 5 %"
        found.append(Card(f"{its}rows told apart", f"{rejected} of {len(values)}", note))
    return found


def how(entrant: Entrant, name: str) -> str:
    """Say how a column was computed: exact, sampled, or both where trainings differ."""
    found = dict.fromkeys(text for text in entrant.texts(name) if text)
    return " and ".join(found)


def undecided(entrant: Entrant) -> list[str]:
    """Say of the trainings that could not be told why, and what they count as."""
    if not (unknown := entrant.summary["could_not_tell"]):
        return []
    return [
        f"{plural(unknown, 'training')} could not be told: the margin lies within the interval of "
        f"the worth, or that is not known; {'it counts' if unknown == 1 else 'they count'} as not "
        "learned."
    ]


def unsure(s: Mapping[str, Any]) -> str:
    """The end of a bracket that says how many trainings may have learned it and are not counted."""
    unknown = s["could_not_tell"]
    return f"; {count(unknown)} could not be told" if unknown else ""


def share(s: Mapping[str, Any]) -> str:
    return percents(s["converged_share_low"], s["converged_share_high"])


def _interval(s: Mapping[str, Any], name: str) -> str:
    low, high = s[f"{name}_low"], s[f"{name}_high"]
    return "needs 6 seeds" if math.isnan(low) or low == -math.inf else interval(low, high)


def _undecided(verdicts: Sequence[str]) -> str:
    unknown = verdicts.count("could_not_tell")
    return f"{unknown} could not be told" if unknown else "the others do not show copying"


_MOST_LOST = 3
"""Modes that are named where as many trainings lost each."""


def _lost(entrant: Entrant) -> str:
    """Name the mode that is lost most often."""
    lost = Counter(
        name.strip() for text in entrant.texts("modes_lost") for name in text.split(";") if name
    )
    if not lost:
        return "median over trainings; no training lost one"
    times = max(lost.values())
    names = [name for name, often in lost.items() if often == times]
    which = listed(names) if len(names) <= _MOST_LOST else f"{len(names)} modes, each"
    return f"median over trainings; lost most often: {which} ({times} of {entrant.replicates})"


def listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def called(entrant: Entrant) -> str:
    """What sentences call an entrant."""
    return BASELINES.get(entrant.name, entrant.label)
