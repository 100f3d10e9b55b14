"""The tests of stored replicates: which were run, as bits, and which columns are theirs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gan_eval.judging.evaluation import test_columns

RENAMED = {"effective_sample_size": "worth_kl"}
"""Columns of rows that were written by earlier versions, by their names of now."""


def axes_of(names: Iterable[str]) -> list[str]:
    """List the columns that are axes of a study: those between ``configuration`` and
    ``config_hash``."""
    names = list(names)
    if not {"configuration", "config_hash"} <= set(names):
        return []
    return names[names.index("configuration") + 1 : names.index("config_hash")]


def bits(tests: Sequence[str]) -> int:
    """Code tests as bits, each by its place in ``gan_eval.stats.battery.catalogue.TESTS``, where
    new ones go last."""
    from gan_eval.stats.battery.catalogue import (
        TESTS,  # a third of a second: only where tests are stored
    )

    return sum(1 << place for place, name in enumerate(TESTS) if name in tests)


def tests_of(names: Iterable[str]) -> list[str]:
    """List the tests that have columns among these names, in their order."""
    return [name.removesuffix("_pvalue") for name in names if name.endswith("_pvalue")]


def with_columns_of(tests: Sequence[str], names: Iterable[str]) -> list[str]:
    """List the columns of rows, with the columns of these tests in place of those of any others."""
    names = list(names)
    known = set(test_columns(tests_of(names)))
    place = next((at for at, name in enumerate(names) if name in known), None)
    if place is None:
        return names
    rest = [name for name in names[place:] if name not in known]
    return [*names[:place], *test_columns(tests), *rest]
