"""A study of several configurations in one sentence: which is best, what is tied with it, or how
many seeds would tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from gan_eval.pages.numbers import count, plural
from gan_eval.study.answer import special, versus
from gan_eval.study.answer.cells import Cell
from gan_eval.study.answer.layout import Entry, Layout, layout
from gan_eval.study.answer.phrases import (
    between,
    capital,
    listed,
    matters,
    measured_by,
    median_worth,
    worth,
)
from gan_eval.study.answer.ranking import MODERATE, Ranking, needed_seeds, rankings
from gan_eval.training.config import TrainingConfig

MOST_NAMED = 3
"""Configurations that a sentence names; of more it says how many."""


class Reading(NamedTuple):
    """A study as its sentences need it: its axes, and its configurations ranked on each backend."""

    layout: Layout
    rankings: list[Ranking]

    @property
    def lead(self) -> Ranking:
        """The ranking of the backend that trained most."""
        return self.rankings[0]

    @property
    def entries(self) -> list[Entry]:
        """The configurations that the leading backend trained, in the study's order."""
        return [entry for entry in self.layout.entries if entry.label in self.lead.cells]

    def name(self, label: str) -> str:
        return self.layout.names()[label]


def read(cells: Sequence[Cell], provenance: Mapping[str, Any]) -> Reading | None:
    """Read a study; None where no backend trained two of its configurations."""
    found = layout(cells, provenance)
    ranked = rankings(cells, [entry.label for entry in found.entries])
    ranked = [one for one in ranked if len(one.order) > 1]
    return Reading(found, ranked) if ranked else None


def headline(cells: Sequence[Cell], provenance: Mapping[str, Any]) -> str | None:
    """Answer a study's question in one sentence, with its interval.

    None where there are no two configurations to choose from.
    """
    found = read(cells, provenance)
    return None if found is None else of_reading(found)


def of_reading(found: Reading) -> str:
    """Write the headline of a study."""
    if learned_nothing(found):
        return (
            f"None of the {plural(len(found.lead.order), 'configuration')} learned anything: "
            "the typical training of each is worth less than one real row."
        )
    if not found.lead.told:
        return too_few(found.lead)
    return asked(found) or best(found)


def _most(found: Reading) -> str:
    """Name the single change that matters most, where a study makes one change after another."""
    changes = [one for one in special.changes_of(found.layout, found.lead) if one.shown]
    return f"; {special.most(changes[0])}" if changes else ""


def asked(found: Reading) -> str | None:
    """Answer a study that asks something else than which of its configurations is best."""
    if pairs := versus.pairs_of(found.layout, found.lead):
        return versus.headline(found.layout, found.lead, pairs)
    return special.headline(found.layout, found.lead)


def too_few(ranking: Ranking) -> str:
    """Say that nothing can be told, and how many seeds could tell something."""
    others = len(ranking.order) - 1
    moderate = needed_seeds(MODERATE, others)
    each = "one training" if ranking.seeds == 1 else f"{plural(ranking.seeds, 'training')}"
    said = f"Too few seeds to tell: {each} of each of {count(others + 1)} configurations"
    if not ranking.seeds:
        said = f"Nothing to tell: the {count(others + 1)} configurations have no seed in common"
    return (
        f"{said}; about {count(moderate)} of each would show a clear difference, fewer than "
        f"{count(ranking.least)} can show none."
    )


def learned_nothing(found: Reading) -> bool:
    """Whether no configuration is worth a real row."""
    return all(median_worth(found.lead.cells[label]) < 1 for label in found.lead.order)


def best(found: Reading) -> str:
    """Write the general answer: the best, what is tied with it, what the first one is worth."""
    lead = found.lead
    if len(lead.best) == len(lead.order):
        return _no_difference(found)
    first, reference = lead.order[0], found.entries[0].label
    most = MOST_NAMED if found.layout.labelled or len(found.layout.axes) < 3 else 1
    many = len(lead.best) > most
    if len(lead.best) == 1:
        said = f"{_named(found, lead.best)} is best, worth {worth(lead.cells[first])}"
    elif many:
        said = f"{_many(found)} tied for best, worth up to {worth(lead.cells[first])}"
    else:
        worths = [worth(lead.cells[e.label], not at) for at, e in enumerate(_tied(found))]
        said = f"{_named(found, lead.best)} are tied for best, worth {listed(worths)}"
    other, name = reference, _short(found, reference)
    if reference in lead.best:
        rank, other = ("next", lead.order[1]) if len(lead.best) == 1 else ("worst", lead.order[-1])
        name = (
            f"the {rank}" if many and not _run(found) else f"the {rank}, {_named(found, [other])},"
        )
    if not found.layout.labelled and len(found.layout.axes) == 1:
        said = f"{matters(found.layout.axes[0].title)}: {said}"
    return f"{capital(said)}; {name} is worth {worth(lead.cells[other], False)}{_most(found)}."


def where(found: Reading) -> str:
    """Say what the configurations that are tied for best share; empty where they are few or share
    nothing."""
    if len(found.lead.best) <= MOST_NAMED or not (shared := _where(found)):
        return ""
    rest = found.lead.best[-1]
    return (
        f"The {count(len(found.lead.best))} that are tied for best have {shared}; the least of "
        f"them is worth {worth(found.lead.cells[rest])}."
    )


def is_chapters(found: Reading, label: str) -> bool:
    """Whether a configuration is the chapter's own."""
    return found.lead.cells[label].config == TrainingConfig()


def _short(found: Reading, label: str) -> str:
    """Name the study's first configuration where a grid's name for it is long."""
    if found.layout.labelled or len(found.layout.axes) < 2:
        return _named(found, [label])
    return "the chapter's configuration" if is_chapters(found, label) else "the first configuration"


def _tied(found: Reading) -> list[Entry]:
    return [entry for entry in found.entries if entry.label in found.lead.best]


def _named(found: Reading, labels: Sequence[str]) -> str:
    """Name a few configurations, in the study's order; what they share, once."""
    entries = [entry for entry in found.entries if entry.label in labels]
    axes = found.layout.axes
    if found.layout.labelled:
        return listed([entry.name for entry in entries])
    if len(axes) == 1:
        return listed([axes[0].texts[entry.place[0]] for entry in entries])
    apart = [p for p in range(len(axes)) if len({entry.place[p] for entry in entries}) > 1]
    if len(apart) != 1:
        return listed([entry.name for entry in entries])
    same = [
        f"{axis.title} {axis.texts[entries[0].place[position]]}"
        for position, axis in enumerate(axes)
        if position not in apart
    ]
    axis = axes[apart[0]]
    texts = [axis.texts[entry.place[apart[0]]] for entry in entries]
    return f"{' with '.join(same)} with {axis.title} {listed(texts)}"


def _run(found: Reading) -> str:
    """Name the ends of the values that are tied for best, where they follow each other on a study's
    only axis of numbers; empty elsewhere."""
    axes, lead = found.layout.axes, found.lead
    if len(axes) != 1 or (numbers := axes[0].numbers) is None:
        return ""
    ranked = sorted(found.entries, key=lambda entry: numbers[entry.place[0]])
    tied = [position for position, entry in enumerate(ranked) if entry.label in lead.best]
    if tied[-1] - tied[0] + 1 != len(tied):
        return ""
    low, high = (axes[0].texts[ranked[at].place[0]] for at in (tied[0], tied[-1]))
    return f"all from {low} to {high} are"


def _many(found: Reading) -> str:
    """Name many configurations that are tied for best, up to the verb."""
    if run := _run(found):
        return run
    lead, reference = found.lead, found.entries[0].label
    every, n = count(len(lead.order)), len(lead.best)
    if reference in lead.best:
        return f"{_short(found, reference)} and {count(n - 1)} others of {every} are"
    return f"{count(n)} of {every} configurations are"


def _no_difference(found: Reading) -> str:
    lead = found.lead
    names = [found.name(label) for label in lead.order]
    which = f"the {count(len(names))} configurations"
    if len(names) <= MOST_NAMED:
        which = _named(found, lead.order)
        if not found.layout.labelled and len(found.layout.axes) == 1:
            which = f"{found.layout.axes[0].title} {which}"
    worths = [median_worth(lead.cells[label]) for label in lead.order]
    by = measured_by(lead.cells[lead.order[0]])
    return (
        f"No difference between {which} is shown in {plural(lead.seeds, 'seed')}: the typical "
        f"training is worth {between(worths)} real rows{by}, the highest "
        f"{worth(lead.cells[lead.order[0]], False)}."
    )


def _where(found: Reading) -> str:
    """What those that are tied for best share, along each axis that they do not fill."""
    tied = _tied(found)
    said = []
    for position in found.layout.varied():
        axis = found.layout.axes[position]
        every = {entry.place[position] for entry in found.entries}
        own = axis.ordered({entry.place[position] for entry in tied})
        if len(found.layout.axes) > 1 and len(own) < len(every) and len(own) <= MOST_NAMED:
            said.append(f"{axis.title} {listed([axis.texts[at] for at in own], 'or')}")
    return " and ".join(said)
