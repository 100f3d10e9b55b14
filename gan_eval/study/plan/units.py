"""A study to cells, and cells to units of work: what is to be trained, and in which order.

Pure functions of a study and of what is installed. What has been trained is the ledger's matter,
how units are run is that of ``study.run``.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from gan_eval.judging.computed_columns import served
from gan_eval.pages.numbers import plural
from gan_eval.runtime.arguments import nearest
from gan_eval.runtime.errors import UsageError
from gan_eval.runtime.provenance import source_version
from gan_eval.study.plan.study import FEW, Configuration, Study
from gan_eval.training import remedies
from gan_eval.training.backends import Availability
from gan_eval.training.backends.registry import absence, entries
from gan_eval.training.config import TrainingConfig
from gan_eval.training.generators import loading
from gan_eval.training.generators.settings import BASELINES, FitConfig

LEFT_OUT = "left out"
"""How the state begins of a backend that does not train some configurations."""

_COMPUTED_TOGETHER = 8
"""Replicates in one unit of work whose distances are computed, so that a unit takes some seconds,
not minutes, and a budget of time holds."""

_SAMPLED_TOGETHER = 128
"""The most in one unit on a processor that have no closed form: each takes some 50 ms to judge."""

_TOGETHER = 5
"""Replicates of a baseline in one unit of work; of a generator from outside it is one."""

Place = tuple[str, str, str]
"""Label, backend and device of a cell."""


@dataclass(frozen=True)
class _Placed:
    """A configuration on one backend and device."""

    label: str
    config: Configuration
    backend: str
    """Or the name of a generator from outside."""
    device: str

    @property
    def place(self) -> Place:
        return self.label, self.backend, self.device


@dataclass(frozen=True)
class Cell(_Placed):
    """A configuration on one backend and device, with the seeds ``first`` … ``first + replicates −
    1``."""

    version: str
    """The backend's framework and its version."""
    first: int
    replicates: int
    together: int
    """Seeds that the backend takes in one call."""
    timed: bool = True
    """True where its first seed is drawn and timed alone on the machine, which takes seconds a
    cell: so is the first configuration on each backend and device."""
    computed: int = 0
    """Replicates, the first ones, whose distances are computed; 0 where a closed form tells them,
    or none could be."""

    @property
    def seeds(self) -> range:
        return range(self.first, self.first + self.replicates)


@dataclass(frozen=True)
class Unit(_Placed):
    """A unit of work: one call of a backend, for some seeds of one cell, in ascending order."""

    seeds: Sequence[int]
    """A range, or those of it that are lacking."""
    timed: bool = False
    """Also draw as the chapter does, alone on the machine, so that both clocks are measured."""
    ignores_budget: bool = False
    """Runs even after the time budget is spent, so that every backend and device has at least one
    result: the timed unit, and the call after it."""


def cells(study: Study, found: Sequence[Availability]) -> list[Cell]:
    """List the cells of a study on the installed backends, by configuration, backend and device.

    A configuration with a remedy that a backend does not train is left out there, where the study
    runs on all that are installed (``unavailable`` tells).

    Raises ``UsageError`` where a backend is unknown, missing or broken, lacks a device, or was
    named and does not train a configuration; of generators from outside, where one, or its data,
    cannot be had.
    """
    configurations = _of_chapter(study).items()
    if study.generator is not None:
        return _fits(study)
    planned = []
    for entry, device in _where(study, found):
        trained = [(label, c) for label, c in configurations if not _lacking([c], entry)]
        if study.backends is not None and len(trained) < len(configurations):
            raise UsageError(f"backend {entry.name!r} {_refusal(study, entry)}")
        planned += [
            Cell(
                *(label, config, entry.name, device, entry.version),
                first=study.first_seed,
                replicates=len(study.seeds(entry.replicates_per_call)),
                together=_together(config, device, entry.replicates_per_call),
                timed=position == 0,
                computed=0 if config.closed_form or served(config) else study.computed,
            )
            for position, (label, config) in enumerate(trained)
        ]
    order = {label: number for number, (label, _) in enumerate(configurations)}
    return sorted(planned, key=lambda cell: order[cell.label])


def _of_chapter(study: Study) -> dict[str, TrainingConfig]:
    """Take the configurations of the chapter's GAN; a generator from outside has none."""
    made = study.configurations().items()
    return {label: one for label, one in made if isinstance(one, TrainingConfig)}


def _fits(study: Study) -> list[Cell]:
    """List the cells of a generator from outside and of the baselines."""
    planned = []
    for label, config in study.configurations().items():
        assert isinstance(config, FitConfig)
        if config.target.data is not None:
            from gan_eval.training.generators.data import rows_of

            # What cannot be read, or parted, is said before anything is fitted.
            rows_of(config, study.first_seed, study.n_evaluation)
        loading.require(config.generator.use, config.generator.settings)
        baseline = config.generator.use in BASELINES
        planned.append(
            Cell(
                *(label, config, config.generator.name, "cpu", version_of_fit(config)),
                first=study.first_seed,
                replicates=study.replicates or FEW,
                together=_TOGETHER if baseline else 1,
                timed=False,
            )
        )
    return planned


def version_of_fit(config: FitConfig) -> str:
    """Identify the code of a generator from outside, and the target's, or its data."""
    generator, target = config.generator, config.target
    version = loading.version_of(generator.use, generator.version)
    if target.data is not None:
        from gan_eval.training.generators.data import digest_of

        return f"{version} data {digest_of(target)}"
    target.build()
    return version if target.use is None else f"{version} target {loading.version_of(target.use)}"


def units(planned: Sequence[Cell]) -> list[Unit]:
    """Split cells into units: the timed first seeds, the first calls, then the rest by call."""
    timed = [
        Unit(cell.label, cell.config, cell.backend, cell.device, (cell.first,), True, True)
        for cell in planned
        if cell.timed
    ]
    rest = [
        (
            # Small calls, of which there are many in one place, in turn over the cells.
            (at // cell.together, at if cell.computed else 0),
            Unit(
                *(cell.label, cell.config, cell.backend, cell.device, seeds),
                ignores_budget=cell.timed and at == 1,
            ),
        )
        for cell in planned
        for at, seeds in _calls(cell)
    ]
    # Call by call across cells, so that a budget of time cuts every cell of a backend at the same
    # seed, and a loop does not keep the thousands of a fast backend waiting.
    in_order = [unit for _, unit in sorted(rest, key=lambda pair: pair[0])]
    return timed + sorted(in_order, key=lambda unit: not unit.ignores_budget)


def _together(config: TrainingConfig, device: str, most: int) -> int:
    if config.closed_form or device != "cpu":
        return most
    return min(most, _SAMPLED_TOGETHER)


def _calls(cell: Cell) -> Iterator[tuple[int, range]]:
    """Yield the calls for a cell's seeds but the timed one: the first one's place, and the seeds.

    Those whose distances are computed are parted more finely than a backend would have it.
    """
    small = min(cell.computed, cell.replicates)
    few = min(cell.together, _COMPUTED_TOGETHER)
    for first, last, size in (
        (int(cell.timed), small, few),
        (max(int(cell.timed), small), cell.replicates, cell.together),
    ):
        for at in range(first, last, size):
            yield at, cell.seeds[at : min(at + size, last)]


def unavailable(study: Study, found: Sequence[Availability]) -> list[dict[str, Any]]:
    """List the backends that are not installed, where the study runs on all that are, and those
    that do not train some of its configurations."""
    if study.backends is not None or study.generator is not None:
        return []
    configs = _of_chapter(study).values()
    told = []
    for entry in found:
        left_out = sum(bool(_lacking([config], entry)) for config in configs)
        if entry.state != "installed":
            told.append({"name": entry.name, "state": entry.state, "remedy": entry.remedy})
        elif entry.default and entry.devices and left_out:
            state = f"{LEFT_OUT} of {left_out} of {plural(len(configs), 'configuration')}"
            told.append(
                {"name": entry.name, "state": state, "remedy": f"it {_refusal(study, entry)}"}
            )
    return told


def _lacking(configs: Iterable[TrainingConfig], entry: Availability) -> list[str]:
    """List the remedies of configurations that a backend does not train."""
    return [name for name in entry.lacks if any(name in config.remedies for config in configs)]


def _refusal(study: Study, entry: Availability) -> str:
    lacking = _lacking(list(_of_chapter(study).values()), entry)
    return remedies.refusal([f"`{name}`" for name in lacking])


def _where(study: Study, found: Sequence[Availability]) -> Iterator[tuple[Availability, str]]:
    by_name = {entry.name: entry for entry in found}
    names = study.backends or tuple(
        entry.name for entry in found if entry.state == "installed" and entry.default
    )
    if not names:
        raise UsageError("no backend is installed: `gan-eval backends` says how to install one")
    for name in names:
        if name not in by_name:
            raise UsageError(f"unknown backend {name!r}: {nearest(name, list(by_name))}")
        entry = by_name[name]
        if entry.state != "installed":
            raise UsageError(absence(name, entry.state, entry.remedy))
        for device in study.devices or entry.devices:
            if device not in entry.devices:
                raise UsageError(
                    f"device {device!r} is not there: backend {name!r} sees "
                    f"{', '.join(entry.devices)} on this machine"
                )
            yield entry, device


_ROOTS = ("gan_eval.judging.judge", "gan_eval.training.drawing")
_FITTED_BY = "gan_eval.judging.generators.rows"


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
    computed: bool = False
    """True where its distances must be computed, which have no closed form."""


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


def fit_version(version: str) -> str:
    """Compute the version of what fits and judges a generator from outside, after its own."""
    return f"{version} judged by {source_version(_FITTED_BY)}"


def code_of(cell: Cell) -> str:
    """Compute the version of all code that a cell's numbers come from."""
    if isinstance(cell.config, FitConfig):
        return fit_version(cell.version)
    return code_version(cell.backend, cell.version)


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
            "code": code_of(cell),
            "margins": study.margins.model_dump(mode="json"),
            "n_evaluation": study.n_evaluation,
        },
        sort_keys=True,
    )


def queries(cell: Cell, study: Study) -> list[ReplicateQuery]:
    """Ask for all seeds of a cell; the first is timed, the first ones are tested and traced."""
    tested = study.tested if study.permutations else 0
    limits = sorted({0, 1, tested, study.traced, cell.computed, cell.replicates})
    known = identity(cell, study)
    return [
        ReplicateQuery(
            *(cell.label, known, cell.first + low, cell.first + high - 1),
            permutations=study.permutations if low < tested else 0,
            tests=study.tests,
            timed=cell.timed and low == 0,
            traced=low < study.traced,
            computed=low < cell.computed,
        )
        for low, high in itertools.pairwise(limits)
        if high <= cell.replicates
    ]


def within(parts: Sequence[ReplicateQuery], first: int, last: int) -> Iterator[ReplicateQuery]:
    """Cut the queries of one cell to a range of seeds; those that have one there."""
    for part in parts:
        low, high = max(first, part.first), min(last, part.last)
        if low <= high:
            yield replace(part, first=low, last=high)
