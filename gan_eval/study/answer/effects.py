"""What each axis of a study does, how sure the answer is, and what is missing, in sentences."""

from __future__ import annotations

from collections.abc import Sequence

from gan_eval.pages.numbers import count, interval, number, percent, plural, setting
from gan_eval.study.answer.layout import Axis, in_words
from gan_eval.study.answer.phrases import capital, listed, median_worth
from gan_eval.study.answer.ranking import ALPHA, MOST_NEEDED, duel, needed_seeds
from gan_eval.study.answer.words import MOST_NAMED, Reading, learned_nothing


def axis_sentences(found: Reading) -> list[tuple[str | None, str]]:
    """Say of each axis whether it matters and where it is best, the reference's other settings
    kept or not."""
    positions = found.layout.varied()
    positions = [p for p in positions if _asks(found.layout.axes[p], found.layout.versus)]
    if not found.lead.told or len(found.layout.varied()) < 2:
        return [(None, s) for p in positions if (s := _border(found, p))]
    sentences: list[tuple[str | None, str]] = []
    for position in positions:
        axis = found.layout.axes[position]
        said = " ".join(filter(None, (_effect(found, position), _border(found, position))))
        sentences.append((axis.title[:1].upper() + axis.title[1:], said))
    return sentences


def _asks(axis: Axis, versus: str | None) -> bool:
    """Whether its best value is to be told: not that of what a study is repeated over, and not that
    of what it compares along, which its headline tells."""
    return len(axis.fields) == 1 and axis.fields[0] not in ("target", "n_examples", versus)


def _effect(found: Reading, position: int) -> str:
    """In how many settings of the other axes the values along one differ, and which is best."""
    cells, axis = found.lead.cells, found.layout.axes[position]
    groups = [[e for e in g if e.label in cells] for g in found.layout.slices(position)]
    groups = [group for group in groups if len(group) > 1]
    tests = max(sum(len(group) - 1 for group in groups), 1)
    best: dict[str, int] = {}
    ratios = []
    for group in groups:
        worths = {e.label: median_worth(cells[e.label]) for e in group}
        top = max(group, key=lambda e: worths[e.label])
        rest = [e for e in group if e is not top]
        worse = [e for e in rest if duel(cells[top.label], cells[e.label]).pvalue <= ALPHA / tests]
        if worse:
            tied = [axis.texts[e.place[position]] for e in group if e not in worse]
            for text in tied:
                best[text] = best.get(text, 0) + 1
            ratios.append(worths[top.label] / max(min(worths[e.label] for e in worse), 1e-9))
    if not ratios:
        return "no difference is shown, whatever the others."
    of = f"it matters in {count(len(ratios))} of {count(len(groups))} settings of the others"
    if len(groups) == 1:
        of = "it matters"
    elif len(ratios) == len(groups):
        of = "it matters at every setting of the others"
    often = max(best.values())
    order = axis.ordered(range(len(axis)))
    names = [axis.texts[at] for at in order if best.get(axis.texts[at]) == often]
    ahead = f"{listed(names[:MOST_NAMED])} {'is' if len(names) == 1 else 'are'} among the best"
    if len(ratios) > 1:
        some = f" {plural(often, 'time')}" + (" each" if len(names) > 1 else "")
        ahead += " each time" if often == len(ratios) else some
    return f"{of} (best against worst {_times(ratios)} as many real rows); {ahead}."


def _times(ratios: Sequence[float]) -> str:
    low, high = min(ratios), max(ratios)
    if high > 1e6:
        return f"{number(low, 2)} times and more" if low < 1e6 else "more than a million times"
    if len(ratios) == 1 or number(low, 2) == number(high, 2):
        return f"{number(high, 2)} times"
    return f"{interval(low, high, 2)} times"


def networks(found: Reading) -> str:
    """Say by what ratio a setting of D and the same of G differ among the best; empty where a study
    has no such two axes."""
    axes = found.layout.axes
    names = {a.fields[0]: p for p, a in enumerate(axes) if len(a.fields) == 1 and a.numbers}
    base = next((n[:-2] for n in names if n.endswith("_D") and f"{n[:-2]}_G" in names), None)
    if base is None or not found.lead.told or len(found.lead.best) == len(found.lead.order):
        return ""
    d, g = (axes[names[f"{base}_{network}"]].numbers or () for network in "DG")
    at = [names[f"{base}_{network}"] for network in "DG"]
    tied = [entry for entry in found.entries if entry.label in found.lead.best]
    ratios = [d[e.place[at[0]]] / g[e.place[at[1]]] for e in tied if g[e.place[at[1]]]]
    if not ratios:
        return ""
    low, high = min(ratios), max(ratios)
    times = number(low, 2) if low == high else interval(low, high, 2)
    best = "the best" if len(tied) == 1 else f"all {count(len(tied))} that are tied for best"
    if low > 1 or high < 1:
        return f"In {best}, the {in_words(base)} of D is {times} times that of G."
    return f"Among {best}, the {in_words(base)} of D is {times} times that of G: either way works."


def border(found: Reading, position: int) -> tuple[Axis, float] | None:
    """The end of an axis of numbers at which all of the best lie, so that the best of all may lie
    beyond; None where there is none."""
    axis, lead = found.layout.axes[position], found.lead
    alike = len(lead.best) == len(lead.order) or learned_nothing(found)
    if axis.numbers is None or not lead.told or alike:
        return None
    values = [axis.numbers[entry.place[position]] for entry in found.entries]
    own = {
        axis.numbers[entry.place[position]] for entry in found.entries if entry.label in lead.best
    }
    if len(set(values)) < 3 or len(own) > 1:
        return None
    (value,) = own
    return (axis, value) if value in (min(values), max(values)) else None


def _border(found: Reading, position: int) -> str:
    if (at := border(found, position)) is None:
        return ""
    axis, value = at
    beyond = "beyond it" if value == max(axis.numbers or ()) else "below it"
    return f"The best lies at the end of what was tried ({setting(value)}): it may lie {beyond}."


def beside(found: Reading) -> str:
    """Say whether the other backends rank the configurations alike; empty where there are none."""
    lead, others = found.lead, [one for one in found.rankings[1:] if one.told]
    if not others:
        return ""
    said = []
    for one in others:
        same = set(one.best) & set(lead.best)
        where = f"{one.backend} on {one.device}"
        if same:
            said.append(f"{where} agrees")
        else:
            said.append(f"{where} finds {found.name(one.order[0])} best")
    return f"This is {lead.backend} on {lead.device}; {listed(said)}."


def to_tell(found: Reading) -> tuple[str, int] | None:
    """The best of those tied with the first, and the seeds that would tell them apart; None where
    nothing is tied."""
    lead = found.lead
    if len(lead.best) < 2:
        return None
    reference = found.entries[0].label
    second = lead.best[1] if reference == lead.order[0] or reference not in lead.best else reference
    needed = needed_seeds(lead.duels[second].wins, len(lead.order) - 1)
    return second, _roughly(needed)


def ties(found: Reading) -> str:
    """Say what would tell the tied ones apart; empty where none are tied."""
    lead = found.lead
    if not lead.told or (told := to_tell(found)) is None:
        return ""
    second, needed = told
    share = lead.duels[second].wins
    said = (
        f"{capital(found.name(lead.order[0]))} ends nearer to the truth than "
        f"{found.name(second)} on {percent(share)} of {plural(lead.seeds, 'seed')}"
    )
    if needed > MOST_NEEDED:
        said += f": more than {count(MOST_NEEDED)} seeds would be needed to tell them apart."
    else:
        said += f": about {count(needed)} seeds would tell whether that is chance."
    others = len(lead.order) - 1
    if others == 1:
        return said
    return (
        f"{said} Tied are those that {count(others)} comparisons at once do not tell apart; the "
        "interval of one of them alone may exclude 1 all the same."
    )


def _roughly(seeds: int) -> int:
    """Round up to two digits: such an estimate knows no more.

    >>> _roughly(48), _roughly(1261)
    (48, 1300)
    """
    step = 10 ** max(len(str(seeds)) - 2, 0)
    return -(-seeds // step) * step


def missing(found: Reading) -> str:
    """Name the configurations that nothing, or too little, was trained of; empty where there are
    none."""
    few = [found.name(label) for label in found.lead.few]
    said = f"Too few seeds of {_several(few)} to say anything." if few else ""
    names = list(found.layout.missing)
    if not names:
        return said
    about = "it" if len(names) == 1 else "them"
    none = f"No training finished of {_several(names)}: nothing is said about {about}."
    return f"{none} {said}".strip()


def _several(names: Sequence[str]) -> str:
    """Name the first few of some configurations."""
    shown, rest = names[:MOST_NAMED], len(names) - MOST_NAMED
    return listed([*shown, *([f"{count(rest)} more"] if rest > 0 else [])])
