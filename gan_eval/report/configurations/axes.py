"""The first screen of a study of several configurations: its answer, a picture over its axes, the
numbers that matter, and what to do next."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from gan_eval.pages.blocks import Answer, Card, Step
from gan_eval.pages.numbers import count, interval, number, percent, percents, setting
from gan_eval.pages.picture import drawing
from gan_eval.report.cells import CellRows
from gan_eval.report.configurations.comparisons import Compared
from gan_eval.report.configurations.figures import over_axes
from gan_eval.runtime.arguments import plain
from gan_eval.study.answer import effects, special, versus, words
from gan_eval.study.answer.phrases import median_worth, size
from gan_eval.study.answer.ranking import MODERATE, MOST_NEEDED, needed_seeds
from gan_eval.study.answer.words import Reading

MOST_SENTENCES = 6
"""Sentences below the headline; the section on configurations has the rest as numbers."""


def answer(
    cells: Sequence[CellRows], compared: Compared | None, provenance: Mapping[str, Any]
) -> Answer | None:
    """Answer a study's question: the first screen of its page.

    Parameters
    ----------
    cells : sequence of CellRows
    compared : Compared or None
        From ``report.comparisons.compare``; None of a single configuration.
    provenance : mapping

    Returns
    -------
    Answer or None
        None where there are no two configurations with trainings on one backend.
    """
    found = words.read(cells, provenance)
    if found is None:
        return None
    return Answer(
        words.of_reading(found),
        sentences(found)[:MOST_SENTENCES],
        over_axes(found) if drawing() else None,
        cards(found),
        steps(found, provenance),
    )


def sentences(found: Reading) -> list[tuple[str | None, str]]:
    """Say what stands behind the headline, the most telling first."""
    asked = found.lead.told and words.asked(found)
    pairs = versus.pairs_of(found.layout, found.lead) if found.lead.told else []
    said: list[str] = []
    if found.lead.told:
        said += versus.sentences(found.layout, found.lead, pairs) if pairs else []
        said += special.change_sentences(special.changes_of(found.layout, found.lead))
        said += [words.best(found)] if asked and not pairs and not _targets(found) else []
        said += [] if asked else [words.where(found)]
        said.append(effects.networks(found))
    untold = [effects.beside(found), effects.missing(found)]
    untold = [*([] if asked else [effects.ties(found)]), *untold]
    return [
        *((None, one) for one in said if one),
        *effects.axis_sentences(found),
        *((None, one) for one in untold if one),
    ]


def cards(found: Reading) -> list[Card]:
    """The numbers that matter: the best, the first one, how many are tied, the seeds."""
    lead, names = found.lead, found.layout.names()
    clear = "enough to show a clear difference"
    few = f"fewer than {count(lead.least)} can show nothing"
    seeds = Card("seeds of each", count(lead.seeds), clear if lead.told else few)
    first, reference = lead.order[0], found.entries[0].label
    if not lead.told:
        return [_worth_card(found, "the first", reference), seeds]
    if pairs := versus.pairs_of(found.layout, lead):
        return [*_pair_cards(found, pairs), seeds]
    if _targets(found):
        ends = (("the hardest", lead.order[-1]), ("the easiest", first))
        return [
            _worth_card(found, "the first", reference),
            *(_worth_card(found, *end) for end in ends),
            seeds,
        ]
    made = [_worth_card(found, "the best", first)]
    if reference != first:
        chapters = words.is_chapters(found, reference)
        made.append(_worth_card(found, "the chapter's" if chapters else "the first", reference))
    best = lead.cells[first].summary
    share = percents(best["converged_share_low"], best["converged_share_high"])
    made.append(
        Card("converged of the best", percent(best["converged_share"]), f"{share} of all seeds")
    )
    rest = [names[label] for label in lead.best[1:3]]
    more = f" and {count(len(lead.best) - 3)} more" if len(lead.best) > 3 else ""
    note = f"with the best: {'; '.join(rest)}{more}" if rest else "none is tied with the best"
    made.append(Card("tied for best", f"{len(lead.best)} of {len(lead.order)}", note))
    return [*made, seeds]


def _targets(found: Reading) -> bool:
    """Whether a study asks about targets, of which none is a best one."""
    axes = found.layout.axes
    return len(axes) == 1 and "target" in axes[0].fields


def _pair_cards(found: Reading, pairs: Sequence[versus.Pair]) -> list[Card]:
    setting = versus.in_words(found.layout.versus or "")
    made = []
    for verdict, label in ((1, "better"), (-1, "worse"), (0, "not told apart")):
        cases = [pair for pair in pairs if pair.verdict == verdict]
        few = "; ".join(f"{pair.value}{', ' * bool(pair.case)}{pair.case}" for pair in cases[:2])
        more = f" and {count(len(cases) - 2)} more" if len(cases) > 2 else ""
        note = f"{few}{more}" if cases else f"no {setting}"
        made.append(Card(label, f"{count(len(cases))} of {count(len(pairs))}", note))
    return made


def _worth_card(found: Reading, label: str, configuration: str) -> Card:
    s = found.lead.cells[configuration].summary
    low, high = s["worth_kl_low"], s["worth_kl_high"]
    known = f"; 95 % interval {interval(low, high, 2)}" if low >= 0 else ""
    note = f"{found.name(configuration)}{known}; KL {number(s['kl'])} nats"
    return Card(
        f"worth of {label}, real rows", size(median_worth(found.lead.cells[configuration])), note
    )


# --- What to do next -----------------------------------------------------------------------------


def steps(found: Reading, provenance: Mapping[str, Any]) -> list[Step]:
    """Say what to do next, with commands: more seeds, values beyond, the best setting."""
    command, lead = _command(provenance), found.lead
    asked = lead.told and words.asked(found)
    made = []
    if words.learned_nothing(found):
        said = "None of these learned anything: see what mends the chapter's GAN."
        made.append(Step(said, "gan-eval run remedies"))
    elif not lead.told:
        needed = needed_seeds(MODERATE, len(lead.order) - 1)
        said = f"Train more seeds: about {count(needed)} of each show a clear difference."
        made.append(Step(said, _with_seeds(command, needed)))
    elif not asked and (told := effects.to_tell(found)) and told[1] <= MOST_NEEDED:
        needed = max(told[1], lead.seeds + 1)
        which = f"{found.name(lead.order[0])} from {found.name(told[0])}"
        said = f"Tell {which}: about {count(needed)} seeds of each."
        made.append(Step(said, _with_seeds(command, needed)))
    else:
        said = "Halve the intervals: four times as many seeds."
        made.append(Step(said, _with_seeds(command, 4 * lead.seeds)))
    for position in found.layout.varied():
        if (at := effects.border(found, position)) is not None:
            axis, value = at
            own = sorted(axis.numbers or ())
            beyond = _beyond(own, up=value == own[-1])
            if beyond and len(axis.fields) == 1:
                values = ", ".join(setting(one) for one in [value, *beyond])
                made.append(
                    Step(
                        f"Extend {axis.title}: the best of what was tried is at its end.",
                        f"{command} --set {shlex.quote(f'grid.{axis.fields[0]}=[{values}]')}",
                    )
                )
    if lead.told and len(lead.best) < len(lead.order) and not asked:
        made += _use(found)
    return made


def _use(found: Reading) -> list[Step]:
    """Take the best setting, where it can be written on a command line."""
    entry = next(one for one in found.entries if one.label == found.lead.order[0])
    settings = {k: v for k, v in entry.settings.items() if not isinstance(v, Mapping)}
    if not settings or len(settings) < len(entry.settings) or "target" in settings:
        return []
    toml = "; ".join(f"{field} = {_toml(value)}" for field, value in settings.items())
    assigned = " ".join(
        f"--set {shlex.quote(f'{field}={_toml(value)}')}" for field, value in settings.items()
    )
    return [
        Step(
            f"Use the best: `{toml}`, in a study under [config].",
            f"gan-eval train {assigned} --backend {plain(found.lead.backend)}",
        )
    ]


def _toml(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _beyond(values: Sequence[float], *, up: bool) -> list[float]:
    """Two values beyond the end of an axis, each as many times the one before as the last two are
    apart; none where they would be below 0."""
    ordered = list(values) if up else list(reversed(values))
    before, last = ordered[-2:]
    if before <= 0 or last <= 0:
        return []
    ratio = last / before
    whole = all(float(value).is_integer() for value in values)
    found = [last * ratio, last * ratio**2]
    if whole:
        found = [float(round(value)) for value in found]
    kept = [float(f"{value:.3g}") for value in found if value > 0 and value != last]
    return list(dict.fromkeys(kept))


def _with_seeds(command: str, seeds: int) -> str:
    kept = re.sub(r" --set replicates=\S+", "", command)
    return f"{kept} --set replicates={seeds}"


def _command(provenance: Mapping[str, Any]) -> str:
    """The command that ran the study, or one that reads it from a file."""
    command = str(provenance.get("command") or "")
    return command if command.startswith("gan-eval run") else "gan-eval run STUDY.toml"
