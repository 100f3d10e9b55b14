"""The replicates of a study as questions to the ledger, and the identity by which it knows them."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from gan_eval.runtime.code import source_version
from gan_eval.study.plan.study import Study
from gan_eval.study.plan.units import Cell
from gan_eval.training.backends.registry import entries

_ROOTS = ("gan_eval.judging.judge", "gan_eval.training.drawing")


@dataclass(frozen=True)
class ReplicateQuery:
    """A range of seeds of one cell, and what must be stored about each for it not to be trained
    again.

    A stored replicate answers the query where its identity is the same and it has at least the
    tests, times and epochs that are asked for. Extras are left out of the rows that are read, so
    that a study's rows are the same where an earlier study asked for more.
    """

    label: str
    """The cell's name in the study; no part of the identity."""
    identity: str
    first: int
    last: int
    permutations: int
    """The permutations of the tests; 0 where the replicate is not tested."""
    tests: tuple[str, ...]
    """The tests that the study's rows have columns for."""
    timed: bool
    """True where both clocks must have been read, with nothing beside on the machine."""
    traced: bool
    """True where its epochs must be stored as well."""

    def within(self, first: int, last: int) -> ReplicateQuery | None:
        """Cut the query to a range of seeds; None where it has no seed there."""
        first, last = max(first, self.first), min(last, self.last)
        return replace(self, first=first, last=last) if first <= last else None


def code_version(backend: str, framework: str) -> str:
    """Compute the version of a backend's numerics: its framework, and 16 hexadecimal digits.

    Parameters
    ----------
    backend : str
        Its name, with or without ``:form``.
    framework : str
        What its ``version()`` says, as ``"torch 2.13.0"``. What follows a comma is left out: that
        describes the processor, not the code.

    Returns
    -------
    str
        As ``"torch 2.13.0 4f1d…"``: the digits are of the SHA-256 of the code that the judge
        and the backend import of this package, and of the versions of NumPy, SciPy and PyTorch. Of
        a backend from outside, its own module is hashed, and what that imports from this package.
    """
    entry = entries().get(backend.partition(":")[0])
    module = entry.module if entry is not None else _ROOTS[0]
    return f"{framework.partition(',')[0]} {source_version(*_ROOTS, module)}"


def identity(cell: Cell, study: Study) -> str:
    """List everything that a cell's numbers depend on beside the seed and the tests, as JSON.

    The configuration's hash, backend and device; the code version of the numerics, the framework's
    version in it; and what judging is told: the margins and the number of evaluation rows.
    """
    return json.dumps(
        {
            "config": cell.config.hash,
            "backend": cell.backend,
            "device": cell.device,
            "code": code_version(cell.backend, cell.version),
            "margins": study.margins.model_dump(mode="json"),
            "n_evaluation": study.n_evaluation,
        },
        sort_keys=True,
    )


def queries(cell: Cell, study: Study) -> list[ReplicateQuery]:
    """Ask for all seeds of a cell; the first is timed, the first ones are tested and traced."""
    tested = study.tested if study.permutations else 0
    limits = sorted({0, 1, tested, study.traced, cell.replicates})
    known = identity(cell, study)
    return [
        ReplicateQuery(
            cell.label,
            known,
            cell.first + low,
            cell.first + high - 1,
            study.permutations if low < tested else 0,
            study.tests,
            cell.timed and low == 0,
            low < study.traced,
        )
        for low, high in itertools.pairwise(limits)
        if high <= cell.replicates
    ]


def within(parts: Sequence[ReplicateQuery], first: int, last: int) -> Iterator[ReplicateQuery]:
    """Cut the queries of one cell to a range of seeds."""
    for part in parts:
        if (some := part.within(first, last)) is not None:
            yield some
