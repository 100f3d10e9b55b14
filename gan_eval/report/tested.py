"""Which tests the replicates of a page have p-values of, and in which words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan_eval.judging.columns import tests_of
from gan_eval.pages.numbers import count
from gan_eval.report.cells import CellRows

CERTIFIED = ("mmd", "energy")
"""The tests whose certificate comes with the package."""

ENOUGH = 19
"""Permutations from which on a p-value can be 5 %, the level at which rejections are counted."""


def tests(cells: Sequence[CellRows]) -> dict[str, str]:
    """Name → words of the tests that the rows have columns of, in their order."""
    from gan_eval.stats.battery.catalogue import TESTS

    names = dict.fromkeys(name for cell in cells for name in tests_of(map(str, cell.rows)))
    return {n: TESTS[n].title.partition(",")[0] if n in TESTS else n for n in names}


def sentences(cells: Sequence[CellRows], study: Mapping[str, Any]) -> str:
    """What the tests of a study test, with how many samples and permutations."""
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
            f"{_subject(exact)} {each}generated samples against the target, whose law is known, so "
            "that their p-values need no permutations."
        )
    return " ".join(said)


def certificate(names: Iterable[str]) -> str:
    """Name the certificate of the tests behind the p-values, in a line."""
    # Imported here: pages that test nothing need no certificate.
    from gan_eval.investigations.certify.result import shipped

    claims = {
        True: "every claim of it stands",
        False: "not every claim of it stands",
        None: "it could not be told whether every claim of it stands",
    }
    others = "; `gan-eval certify` makes one of other tests" if set(names) - set(CERTIFIED) else ""
    return (
        "Can these p-values be trusted? The certificate of MMD and energy, of false alarms and of "
        f"power, comes with this version, and {claims[shipped().passed]}: "
        f"`gan-eval certify --html FILE` writes its page, docs/certify.md explains it{others}."
    )


def _subject(words: Sequence[str]) -> str:
    first = " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
    return f"{first[:1].upper()}{first[1:]} test{'s' if len(words) == 1 else ''}"


def has_pvalue(cell: CellRows) -> NDArray[np.bool_]:
    """Which replicates have a p-value of any test, shape (replicates,)."""
    found = [~np.isnan(cell.values(f"{name}_pvalue")) for name in tests([cell])]
    return np.logical_or.reduce(found) if found else np.zeros(cell.replicates, bool)
