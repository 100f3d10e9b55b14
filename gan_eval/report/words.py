"""The answer in words: what a reader should know who reads nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan_eval.judging.evaluation import tests_of
from gan_eval.pages.language import _, n_
from gan_eval.pages.numbers import count, setting
from gan_eval.report.cells import NEAR_LN_2, CellRows


def completeness(provenance: Mapping[str, Any]) -> str | None:
    """Say how much of the plan is missing, and why; None where everything planned was finished."""
    planned, finished = provenance.get("planned"), provenance.get("finished")
    share = ""
    if planned is not None and finished is not None:
        share = n_(
            "{finished} of {planned} planned training",
            "{finished} of {planned} planned trainings",
            planned,
        ).format(finished=count(finished), planned=count(planned))
    if provenance.get("interrupted"):
        if share:
            return _(
                "This run was interrupted after {share}: every number below is about what was "
                "finished."
            ).format(share=share)
        return _("This run was interrupted: every number below is about what was finished.")
    if planned is None or finished is None or finished >= planned:
        return None
    if failures := len(provenance.get("failures") or ()):
        return n_(
            "Finished {share}: {failures} unit of work failed (listed under Environment).",
            "Finished {share}: {failures} units of work failed (listed under Environment).",
            failures,
        ).format(share=share, failures=count(failures))
    if budget := (provenance.get("study") or {}).get("time_budget"):
        return _("Finished {share}: the time budget of {budget} s was used up.").format(
            share=share, budget=setting(budget)
        )
    return _("Finished {share}.").format(share=share)


def losses(cell: CellRows) -> str:
    """Say how many trainings the losses would have passed wrongly."""
    total, wrong = cell.passed()
    if total == 0:
        return _("No training ended with both losses within {near} of ln 2 = 0.693.").format(
            near=NEAR_LN_2
        )
    if cell.replicates == 1:
        return (
            _(
                "It ended with both losses at ln 2 = 0.693, as with a perfect generator, but had "
                "not learned the distribution."
            )
            if wrong
            else _(
                "It ended with both losses at ln 2 = 0.693, as with a perfect generator; so do "
                "trainings that have not learned the distribution."
            )
        )
    if not wrong:
        return _(
            "{some} of {all} trainings ended with both losses at ln 2 = 0.693, as with a perfect "
            "generator; these had learned the distribution, but others end so without."
        ).format(some=count(total), all=count(cell.replicates))
    return n_(
        "{some} of {all} training ended with both losses at ln 2 = 0.693, as with a perfect "
        "generator; {wrong} of them had not learned the distribution.",
        "{some} of {all} trainings ended with both losses at ln 2 = 0.693, as with a perfect "
        "generator; {wrong} of them had not learned the distribution.",
        cell.replicates,
    ).format(some=count(total), all=count(cell.replicates), wrong=count(wrong))


def tested(cells: Sequence[CellRows]) -> str:
    """Say how many replicates have p-values; empty where all that did not diverge have them."""
    total = sum(cell.replicates for cell in cells)
    known = [has_pvalue(cell) for cell in cells]
    pairs = zip(cells, known, strict=True)
    if not any(((cell.rows["verdict"] != "diverged") & ~has).any() for cell, has in pairs):
        return ""
    found = sum(has.sum() for has in known)
    return _(
        "{some} of {all} trainings were tested, the first seeds of each configuration and backend; "
        "every share and every p-value of this section is about them."
    ).format(some=count(found), all=count(total))


def not_shown(hidden: int, total: int, why: str) -> str:
    """Write the end of a caption that says how much a drawing leaves out; empty if nothing."""
    if not hidden:
        return ""
    return _(" {hidden} of {total} not shown ({why}).").format(
        hidden=count(hidden), total=count(total), why=why
    )


def listed(parts: Sequence[str]) -> str:
    """Join words with commas and an “and”."""
    if len(parts) == 1:
        return parts[0]
    return _("{first} and {last}").format(first=", ".join(parts[:-1]), last=parts[-1])


CERTIFIED = ("mmd", "energy")
"""The tests whose certificate comes with the package."""

ENOUGH = 19
"""Permutations from which on a p-value can be 5 %, the level at which rejections are counted."""


def tests(cells: Sequence[CellRows]) -> dict[str, str]:
    """Map the name of each test that the rows have columns of to its title, in their order."""
    from gan_eval.stats.battery.catalogue import TESTS

    names = dict.fromkeys(name for cell in cells for name in tests_of(map(str, cell.rows)))
    return {n: TESTS[n].title.partition(",")[0] if n in TESTS else n for n in names}


def of_tests(cells: Sequence[CellRows], study: Mapping[str, Any]) -> str:
    """Describe the tests of a study, with the numbers of samples and permutations."""
    from gan_eval.stats.battery.catalogue import TESTS

    found = tests(cells)
    exact = [words for name, words in found.items() if name in TESTS and TESTS[name].known_law]
    others = [words for words in found.values() if words not in exact]
    n, permutations = study.get("n_evaluation"), study.get("permutations")
    size, said = count(n) if n else _("some"), []
    if others:
        text = _("{tests} {size} generated against {size} fresh real samples.")
        if permutations:
            text = _(
                "{tests} {size} generated against {size} fresh real samples with {permutations} "
                "permutations each."
            )
        given = {"size": size, "permutations": count(permutations or 0)}
        said.append(text.format(tests=_subject(others), **given))
        if permutations and permutations < ENOUGH:
            said.append(
                _(
                    "With so few, no p-value can come down to 5 %: that none is rejected says "
                    "nothing. {enough} would be enough."
                ).format(enough=ENOUGH)
            )
    if exact:
        said.append(
            _(
                "{tests} {size} generated samples against the target, whose distribution is known, "
                "so that their p-values need no permutations."
            ).format(tests=_subject(exact), size=size)
        )
    return " ".join(said)


def certificate(names: Iterable[str]) -> str:
    """Name the certificate of the tests behind the p-values, in a line."""
    if set(names) - set(CERTIFIED):
        return _(
            "Can these p-values be trusted? How often MMD and energy reject, rightly and wrongly, "
            "is in the certificate that comes with this version: `gan-eval certify --html FILE` "
            "writes such a page; `gan-eval certify` makes one of other tests."
        )
    return _(
        "Can these p-values be trusted? How often MMD and energy reject, rightly and wrongly, is "
        "in the certificate that comes with this version: `gan-eval certify --html FILE` writes "
        "such a page."
    )


def _subject(words: Sequence[str]) -> str:
    first = listed(words)
    text = n_("{names} tests", "{names} test", len(words))
    return text.format(names=f"{first[:1].upper()}{first[1:]}")


def has_pvalue(cell: CellRows) -> NDArray[np.bool_]:
    """Mark the replicates that have a p-value of any test, shape (replicates,)."""
    found = [~np.isnan(cell.values(f"{name}_pvalue")) for name in tests([cell])]
    return np.logical_or.reduce(found) if found else np.zeros(cell.replicates, bool)
