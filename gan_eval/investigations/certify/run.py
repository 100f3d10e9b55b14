"""A certification: its cases as units of work, run side by side, gathered."""

from __future__ import annotations

import operator
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial, reduce
from typing import Any

from gan_eval.investigations.certify import closed_form, power, size
from gan_eval.investigations.certify.alternatives import CHAPTER, LAWS_OF, paths_of
from gan_eval.investigations.certify.catalogue import (
    PERMUTATIONS,
    TESTS,
    Subject,
    Test,
    claiming,
    judges,
)
from gan_eval.investigations.certify.checkpoint import Checkpoint
from gan_eval.investigations.certify.result import Certificate, Certified
from gan_eval.investigations.certify.settings import Settings
from gan_eval.runtime.arguments import nearest
from gan_eval.runtime.errors import UsageError
from gan_eval.runtime.pool import Pool, Progress, map_units, side_by_side
from gan_eval.runtime.provenance import environment

SPAN = 250
"""Null repetitions of one unit of work."""

_Work = Callable[..., dict[Any, Any]]
"""``map_units`` of units, for the step that it is ``doing``."""


def certify(
    tests: Sequence[str | Subject] | Mapping[str, Test] | None = None,
    settings: Settings | None = None,
    *,
    workers: int | None = None,
    command: str | None = None,
    checkpoint: Checkpoint | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> Certificate:
    """Measure the size and the power of tests, and the means of their statistics.

    Parameters
    ----------
    tests : sequence of str or Subject, or mapping of str to callable
        Names from ``TESTS``, subjects of your own, or functions (x, y, rng) → p-value by name.
        Of such a function it is claimed that its p-values are uniform for Gaussian data and
        mixtures and never too small for integers, and that its power rises along every path. By
        default the tests by which generators are judged against the target of the settings.
    settings : Settings, optional
    workers : int, optional
        Processes side by side, one thread each; by default one per core. A script that calls this
        needs Python's usual ``if __name__ == "__main__":`` guard, and tests that a process can
        import, unless ``workers`` is 1: then everything runs in this process.
    command : str
        The command to store as the way to reproduce it.
    checkpoint : Checkpoint, optional
        Where units are kept as they end, and found again by a later call. By default nowhere.
    on_progress : callable, optional
        Called when a unit of work has ended.

    Returns
    -------
    Certificate
        The same for the same settings, whatever the workers.

    Raises
    ------
    UsageError
        For unknown tests, for one that promises nothing of data from the target, and where a test
        fails.
    """
    settings = settings or Settings()
    subjects = known(judges(settings.target) if tests is None else tests, settings.target)
    workers = side_by_side(workers)
    start, progress = time.monotonic(), Progress(on_progress)
    with Pool(workers) as pool:
        work = partial(
            *(map_units, pool),
            progress=progress,
            store=checkpoint,
            fault="{key} could not be certified",
        )
        sizes = _sizes(work, subjects, settings)
        curves = _power(work, subjects, settings)
        means = _means(work, subjects, settings)
    return Certificate(
        settings,
        {subject.name: Certified(subject.words, _seen(subject, settings)) for subject in subjects},
        *(tuple(sizes), tuple(curves), tuple(means)),
        {
            "command": command,
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "seconds": round(time.monotonic() - start, 1),
            "workers": workers,
            "units": progress.planned,
            "units_reused": progress.reused,
            "permutations": PERMUTATIONS,
            "environment": environment(),
        },
    )


def known(
    tests: Sequence[str | Subject] | Mapping[str, Test], target: str = CHAPTER
) -> tuple[Subject, ...]:
    """Find the subjects of names and functions; ``UsageError`` for an unknown or doubled one, and
    for one that promises nothing of data from the target."""
    if isinstance(tests, Mapping):
        tests = [Subject(name, name, test) for name, test in tests.items()]
    subjects = []
    for test in [tests] if isinstance(tests, str) else tests:
        if isinstance(test, str):
            if test not in TESTS:
                raise UsageError(f"unknown test {test!r}: {nearest(test, list(TESTS))}")
            test = TESTS[test]
        subjects.append(test)
    names = [subject.name for subject in subjects]
    if not names or len(set(names)) < len(names) or power.OPTIMUM in names:
        raise UsageError(
            f"tests must name at least one test, each once and none {power.OPTIMUM!r}, got {names}"
        )
    for subject in subjects:
        if not set(LAWS_OF[target]) & set(subject.claims):
            raise UsageError(
                f"the test {subject.name!r} promises nothing of data from {target}; those that do: "
                f"{', '.join(claiming(target))}"
            )
    return tuple(subjects)


def named(text: str | None, target: str = CHAPTER) -> tuple[str, ...]:
    """Read the command's option: names with commas between them, ``judge`` or ``all``."""
    if text in (None, "judge"):
        return judges(target)
    return claiming(target) if text == "all" else tuple(part.strip() for part in text.split(","))


def _seen(subject: Subject, settings: Settings) -> tuple[str, ...]:
    """List the paths from the target that a subject has to see."""
    return tuple(path for path in paths_of(settings.target) if path in subject.sees)


def _sizes(work: _Work, subjects: Sequence[Subject], settings: Settings) -> list[size.SizeCase]:
    cases = {
        (subject.name, law, n, m, d): subject
        for subject in subjects
        for law in LAWS_OF[settings.target]
        if law in subject.claims
        for n, m in settings.sizes
        for d in settings.dimensions
    }

    def look(which: str, keys: Collection[Any], total: int) -> dict[Any, size.SizeCase]:
        spans = [range(a, min(a + SPAN, total)) for a in range(0, total, SPAN)]
        units = {
            (*key, span.start): (
                *(size.count, cases[key], *key[1:], settings.seed, which, span, settings.alphas),
            )
            for key in keys
            for span in spans
        }
        counts, found = work(units, doing=f"size, {which} look"), {}
        for key in keys:
            name, law, n, m, d = key
            all_ = reduce(operator.add, (counts[(*key, span.start)] for span in spans))
            claim = cases[key].claims[law]
            found[key] = size.SizeCase(name, law, claim, n, m, d, settings.alphas, all_)
        return found

    return _looked_twice(look, cases, settings, lambda again: again.first)


def _power(work: _Work, subjects: Sequence[Subject], settings: Settings) -> list[power.PowerCurve]:
    (n, m), d = settings.sizes[0], settings.power_dimension
    units = {
        (subject.name if subject else power.OPTIMUM, path): (
            *(power.measure, subject, path, n, m, d),
            *(settings.power_alpha, settings.power_repetitions, settings.seed, settings.target),
        )
        for subject in (None, *subjects)
        for path in paths_of(settings.target)
    }
    return [curve for curve in work(units, doing="power").values() if curve is not None]


def _means(
    work: _Work, subjects: Sequence[Subject], settings: Settings
) -> list[closed_form.MeanCase]:
    cases = [
        (subject.statistic, path, n, m, d)
        for subject in subjects
        if subject.statistic and settings.target == CHAPTER
        for path in closed_form.ALTERNATIVES
        for n, m in settings.sizes
        for d in settings.dimensions
    ]

    def look(which: str, keys: Collection[Any], total: int) -> dict[Any, closed_form.MeanCase]:
        units = {c: (closed_form.measure, *c, total, settings.seed, which) for c in keys}
        measured = work(units, doing=f"means, {which} look")
        return {c: case for c, case in measured.items() if case is not None}

    return _looked_twice(look, cases, settings, lambda again: again)


def _looked_twice(
    look: Callable[..., dict[Any, Any]],
    keys: Collection[Any],
    settings: Settings,
    seen: Callable[[Any], Any],
) -> list[Any]:
    """Look at all cases, and more closely at those that are not as claimed; ``seen`` of the case
    that the second look gives is its ``second``."""
    found = look("first", keys, settings.repetitions)
    doubtful = [key for key, case in found.items() if not case.passed]
    again = look("second", doubtful, size.MORE * settings.repetitions)
    return [
        replace(case, second=seen(again[key])) if key in again else case
        for key, case in found.items()
    ]
