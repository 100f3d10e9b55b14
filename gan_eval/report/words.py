"""The answer in words: what a reader should know who reads nothing else."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gan_eval.judging.causes import CAUSES, FLAT, sentence
from gan_eval.judging.evaluation import tests_of
from gan_eval.pages.blocks import Paragraph, Section, Table, TableBlock
from gan_eval.pages.numbers import count, interval, number, percent, percents, plural, setting
from gan_eval.report.cells import NEAR_LN_2, CellRows
from gan_eval.runtime.arguments import plain

MANY_CELLS = 12
"""Cells that get a sentence of their own; the verdict table has all of them."""


def headline(cells: Sequence[CellRows]) -> str:
    """Say in one sentence how many of how many replicates converged."""
    if not cells:
        return "No replicate finished, so there is nothing to judge."
    converged = sum(cell.summary["converged"] for cell in cells)
    total = sum(cell.replicates for cell in cells)
    within = f" in {len(cells)} cells" if len(cells) > 1 else ""
    return f"{count(converged)} of {plural(total, 'replicate')} converged{within}."


def completeness(provenance: Mapping[str, Any]) -> str | None:
    """Say how much of the plan is missing, and why; None where everything planned was finished."""
    planned, finished = provenance.get("planned"), provenance.get("finished")
    share = ""
    if planned is not None and finished is not None:
        share = f"{count(finished)} of {plural(planned, 'planned replicate')}"
    if provenance.get("interrupted"):
        done = f" after {share}" if share else ""
        return f"This run was interrupted{done}: every number below is about what was finished."
    if planned is None or finished is None or finished >= planned:
        return None
    why = ""
    if failures := len(provenance.get("failures") or ()):
        why = f": {plural(failures, 'unit')} of work failed (listed under Environment)"
    elif budget := (provenance.get("study") or {}).get("time_budget"):
        why = f": the time budget of {setting(budget)} s was used up"
    return f"Finished {share}{why}."


def opening(cell: CellRows) -> str:
    """Say in a sentence how the replicates of one cell ended."""
    s = cell.summary
    return (
        f"{count(s['converged'])} of {plural(cell.replicates, 'replicate')} converged "
        f"({percent(s['converged_share'])}, 95 % interval "
        f"{percents(s['converged_share_low'], s['converged_share_high'])}); "
        f"the median KL(q‖p) is {number(s['kl'])} nats{_bracket(s, 'kl')}, "
        f"worth {worth(cell)}."
    )


def answer(cell: CellRows) -> list[str]:
    """Answer for the only cell of a study, sentence by sentence."""
    s = cell.summary
    start = cell.initial_kl
    fell = f", down from {number(start)} at the start" if math.isfinite(start) else ""
    sentences = [
        f"{_converged(cell)} The share is "
        f"{percent(s['converged_share'])}; its 95 % Clopper–Pearson interval runs from "
        f"{percents(s['converged_share_low'], s['converged_share_high'])}.",
        f"The median replicate has KL(q‖p) = {number(s['kl'])} nats{_bracket(s, 'kl')}{fell}: "
        f"what it learned is worth {worth(cell)}.",
    ]
    rest = [
        f"{count(s[verdict])} {words}"
        for verdict, words in (
            ("near", f"came near ({_near(cell)})"),
            ("failed", "failed"),
            ("diverged", "diverged"),
        )
        if s[verdict]
    ]
    if rest:
        sentences.append(f"Of the others, {_listed(rest)}.")
    return sentences


def _converged(cell: CellRows) -> str:
    if cell.kl_margins:
        return (
            "A replicate counts as converged when the exact KL divergence of its learned "
            f"distribution q from the target p is at most {setting(cell.margin)} nats."
        )
    return f"A replicate counts as converged when it {cell.within(cell.margin)}."


def _near(cell: CellRows) -> str:
    if cell.kl_margins:
        return f"at most {setting(cell.near_margin)} nats"
    return f"worth at least {setting(cell.near_margin)} real samples"


def worth(cell: CellRows) -> str:
    """Write the median worth as a phrase, beside the rows that the replicate was trained on."""
    size = cell.summary["worth_kl"]
    n = "less than one real sample" if size < 1 else f"{number(size, 2)} real samples"
    return f"{n} of the {count(cell.config.n_examples)} it saw" if cell.config else n


def losses(cells: Sequence[CellRows]) -> str:
    """Say how many replicates the losses would have passed wrongly."""
    total, wrong = (sum(counts) for counts in zip(*(c.passed() for c in cells), strict=True))
    if total == 0:
        return f"No replicate ended with both losses within {NEAR_LN_2} of ln 2 = 0.693."
    verb = "ends" if total == 1 else "end"
    return (
        f"{plural(total, 'replicate')} {verb} with both losses within {NEAR_LN_2} of ln 2 = 0.693, "
        f"the value of a perfect generator, and {count(wrong)} of them "
        f"{'has' if wrong == 1 else 'have'} not converged."
    )


def tested(cells: Sequence[CellRows]) -> str:
    """Say how many replicates have p-values; empty where all that did not diverge have them."""
    total = sum(cell.replicates for cell in cells)
    known = [has_pvalue(cell) for cell in cells]
    pairs = zip(cells, known, strict=True)
    if not any(((cell.rows["verdict"] != "diverged") & ~has).any() for cell, has in pairs):
        return ""
    found = sum(has.sum() for has in known)
    return (
        f"{count(found)} of {plural(total, 'replicate')} were tested, the first seeds of each "
        "cell; every share and every p-value of this section is about them."
    )


def not_shown(hidden: int, total: int, why: str) -> str:
    """Write the end of a caption that says how much a drawing leaves out; empty if nothing."""
    return f" {count(hidden)} of {count(total)} not shown ({why})." if hidden else ""


def _bracket(summary: Mapping[str, Any], name: str) -> str:
    low, high = summary[f"{name}_low"], summary[f"{name}_high"]
    if low == -math.inf or math.isnan(low):
        return " (too few replicates for an interval: 6 are needed)"
    return f" (95 % interval {interval(low, high)})"


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


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
    each = f"{count(n)} " if n else ""
    said = []
    if others:
        by = f" with {count(permutations)} permutations each" if permutations else ""
        said.append(
            f"{_subject(others)} {each}generated against {each or 'as many '}"
            f"fresh real samples{by}."
        )
        if permutations and permutations < ENOUGH:
            said.append(
                "With so few, no p-value can come down to 5 %: that none is rejected says nothing. "
                f"{ENOUGH} would be enough."
            )
    if exact:
        said.append(
            f"{_subject(exact)} {each}generated samples against the target, whose distribution "
            "is known, so that their p-values need no permutations."
        )
    return " ".join(said)


def certificate(names: Iterable[str]) -> str:
    """Name the certificate of the tests behind the p-values, in a line."""
    others = "; `gan-eval certify` makes one of other tests" if set(names) - set(CERTIFIED) else ""
    return (
        "Can these p-values be trusted? How often MMD and energy reject, rightly and wrongly, is "
        "in the certificate that comes with this version: `gan-eval certify --html FILE` writes "
        f"such a page, docs/certify.md explains it{others}."
    )


def _subject(words: Sequence[str]) -> str:
    first = _listed(words)
    return f"{first[:1].upper()}{first[1:]} test{'s' if len(words) == 1 else ''}"


def has_pvalue(cell: CellRows) -> NDArray[np.bool_]:
    """Mark the replicates that have a p-value of any test, shape (replicates,)."""
    found = [~np.isnan(cell.values(f"{name}_pvalue")) for name in tests([cell])]
    return np.logical_or.reduce(found) if found else np.zeros(cell.replicates, bool)


EXAMPLES = 3
"""Replicates of each page that are told in words."""


def why(cells: Sequence[CellRows]) -> Section | None:
    """Count the causes of each cell; None where all have converged, or rows tell of no cause."""
    wrong = {c.label: c.rows.loc[c.rows["cause"].ne("")] for c in cells if "cause" in c.rows}
    if not any(len(rows) for rows in wrong.values()):
        return None
    table = Table(
        "Replicates that have not converged, by what is wrong in their worst direction",
        ("cell", "not converged", *CAUSES, "that error seen (median)", "flat since epoch (median)"),
        [_entries(label, rows) for label, rows in wrong.items()],
    )
    said = (
        "KL(q‖p) is a sum over directions; the worst one is that with the largest share. “Seen” is "
        "the share of its error that the trained discriminator's last features explain: what they "
        "do not see, a flat discriminator does not answer. A discriminator is flat where its loss "
        f"stays within {FLAT} nats of ln 2. `gan-eval dynamics` says what a discriminator can see "
        "before it is trained, docs/remedies.md what mends it."
    )
    told = [
        Paragraph(f"Seed {row['seed']} of {plain(cell.label)}: {words}")
        for cell in cells[:1]
        for row in wrong.get(cell.label, pd.DataFrame()).head(EXAMPLES).to_dict("records")
        if cell.config and (words := sentence(row, cell.config.dimension))
    ]
    return Section("why", "Why replicates fail", [Paragraph(said), TableBlock(table), *told])


def _entries(label: str, rows: pd.DataFrame) -> tuple[str, ...]:
    return (
        *(label, count(len(rows))),
        *(count(int((rows["cause"] == cause).sum())) for cause in CAUSES),
        *(percent(rows["worst_seen"].median()), number(rows["flat_from"].median(), 2)),
    )
