"""The answer of a study of outside generators: one sentence, and what to do next."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from gan_eval.pages.blocks import Step
from gan_eval.pages.numbers import count, interval, number, plural
from gan_eval.report.generators import words
from gan_eval.report.generators.entrants import Entrant, target_words
from gan_eval.report.reproduce import again
from gan_eval.study.plan.study import Study

QUESTION = "Did the generator learn the distribution?"


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
    total = sum(entrant.replicates for entrant in own)
    if all(entrant.judged.empty for entrant in own):
        return f"{_names(own)} gave no rows to judge in any of {plural(total, 'training')}."
    if len(own) == 1:
        return _of_one(own[0], target)
    if len(own) <= words.FEW:
        return (
            f"{_names(own)} learned {target} in {words.listed([_times(one, own) for one in own])}."
        )
    learned = sum(entrant.summary["converged"] for entrant in own)
    worst, best = (
        chosen(own, key=lambda one: one.summary["converged_share"]) for chosen in (min, max)
    )
    every = (
        f"{_names(own)} learned {target} in {count(learned)} of {plural(total, 'training')} over"
    )
    if worst.summary["converged_share"] == best.summary["converged_share"]:
        return f"{every} {len(own)} entrants, and in as large a share with each."
    return f"{every} {len(own)} entrants: from {_times(worst, own)} to {_times(best, own)}."


def _of_one(one: Entrant, target: str) -> str:
    """Say how often one generator has learned its target, and what that hides.

    Where more than half of the trainings could not be told, that comes first.
    """
    if one.replicates == 1:
        return _of_a_training(one, target)
    s, size = one.summary, words.worth_words(one, one.only("n_train"))
    trainings, unknown = plural(one.replicates, "training"), s["could_not_tell"]
    typical = f"; the typical one is worth {size}" if size else ""
    if 2 * unknown > one.replicates:
        learned = f"{count(s['converged'])} learned it ({words.share(s)}){hidden(one)}"
        return (
            f"Whether {one.name} learned {target} could not be told in {count(unknown)} of "
            f"{trainings}; {learned}{typical}."
        )
    return (
        f"{one.name} learned {target} in {count(s['converged'])} of {trainings} "
        f"({words.share(s)}{words.unsure(s)}){hidden(one)}{typical}."
    )


def _of_a_training(one: Entrant, target: str) -> str:
    """Say whether the only training learned the target, with what it is worth; no share of one."""
    worth = words.worth_column(one)
    value, low, high = (float(one.values(f"{worth}{end}")[0]) for end in ("", "_low", "_high"))
    of = one.only("n_train")
    rows = f"real rows of {count(of)}" if math.isfinite(of) else "real rows"
    size = ""
    if math.isfinite(value):
        bounds = f" ({interval(low, high, 2)})" if math.isfinite(low) else ""
        size = f", worth {number(value, 2)} {rows}{bounds}"
    elif math.isfinite(low):
        size = f", worth at least {number(low, 2)} real rows"
    verdict = one.texts("verdict")[0]
    if verdict == "could_not_tell":
        return f"Whether {one.name} learned {target} could not be told from one training{size}."
    did = f"{one.name} {'learned' if verdict == 'converged' else 'did not learn'} {target}"
    return f"{did} in its one training{size}{hidden(one)}."


def hidden(one: Entrant) -> str:
    """Say how many of the trainings that learned the target lack a mode or copy all the same."""
    learned = [verdict == "converged" for verdict in one.texts("verdict")]
    lost, copies = one.texts("modes_lost"), one.texts("copies_verdict")
    of, said = sum(learned), []
    lacking = sum(bool(text) for text, it in zip(lost, learned, strict=True) if it)
    copying = sum(text == "copies" for text, it in zip(copies, learned, strict=True) if it)
    if lacking:
        said.append(f"{_part(lacking, of)} {'lacks' if lacking == 1 else 'lack'} a mode")
    if copying and words.copier(one):
        verb = "copies" if copying == 1 else "copy"
        said.append(f"{count(copying) if said else _part(copying, of)} {verb} training rows")
    return f", but {words.listed(said)}" if said else ""


def _part(some: int, of: int) -> str:
    if some == of:
        return "it" if of == 1 else f"all {count(of)}"
    return f"{count(some)} of these {count(of)}"


def next_steps(entrants: Sequence[Entrant], provenance: Mapping[str, Any]) -> list[Step]:
    """Say what to do after this answer, with the study's own command where it is known."""
    own = [one for one in entrants if one.own]
    command = str(provenance.get("command") or "")
    command = command if command.startswith("gan-eval run ") and "\n" not in command else ""
    n = max((one.replicates for one in own), default=0)
    found = []

    def step(text: str, setting_: str) -> None:
        found.append(Step(text, again(command, setting_) if command else ""))

    if any(one.summary["could_not_tell"] for one in own):
        rows = max((int(v) for one in own for v in one.values("n_generated") if v == v), default=0)
        if rows:
            text = "Tell those that could not be told: judge each training by more rows."
            step(text, f"n_evaluation={4 * rows}")
    if own:
        text = "Shorten the intervals: add trainings; those that are there are kept."
        step(text, f"replicates={4 * n}")
    found.append(
        Step(
            "See a generator's rows column by column: `gan-eval compare` takes two tables of rows."
        )
    )
    return found


def _times(one: Entrant, own: Sequence[Entrant]) -> str:
    s = one.summary
    several = len({entrant.name for entrant in own}) > 1
    which = one.label if several else one.setting
    learned = f"{count(s['converged'])} of {plural(one.replicates, 'training')}"
    named = f" {'as' if several else 'with'} {which}" if which else ""
    return f"{learned} ({words.share(s)}{words.unsure(s)}){named}{hidden(one)}"


def _names(own: Sequence[Entrant]) -> str:
    return words.listed(list(dict.fromkeys(entrant.name for entrant in own)))
