"""A forecast of a study's units and their time, from short trainings measured here."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from gan_eval.judging.computed_columns import served
from gan_eval.judging.judge import judge
from gan_eval.runtime.pool import side_by_side
from gan_eval.runtime.threads import allow
from gan_eval.study.plan.study import Setting, Study
from gan_eval.study.plan.units import Place, Unit, cells, units
from gan_eval.training.backends import backend
from gan_eval.training.backends.registry import named
from gan_eval.training.config import TrainingConfig
from gan_eval.training.drawing import ChapterDrawing
from gan_eval.training.generators.settings import BASELINES, FitConfig
from gan_eval.training.trained import TrainedGANs

MEASURING = 10.0
"""Seconds after which no further cell is measured; the others are scaled from those that were."""

_MOST_REPLICATES = 64
"""Trained in one short call: as many as a processor has SIMD lanes, with room."""


@dataclass(frozen=True)
class CellForecast:
    """A forecast for one configuration on one backend and device.

    Attributes
    ----------
    configuration, backend, device : str
    replicates : int
    units : int
        Calls of the backend, the timed one included.
    seconds : float
        Of all units, one after another by one worker.
    alone : float
        Of its timed unit, which is also drawn, with nothing beside it: a part of ``seconds``.
    measured : bool
        Whether this cell was measured, or scaled from another of its backend and device.
    """

    configuration: str
    backend: str
    device: str
    replicates: int
    units: int
    seconds: float
    alone: float
    measured: bool


@dataclass(frozen=True)
class Forecast:
    """A forecast: the cells of a study, its axes in words, and the seconds that it would take.

    ``seconds`` is for ``workers`` processes side by side, without the time budget; ``measuring``
    is what the measurement itself took.
    """

    cells: tuple[CellForecast, ...]
    axes: tuple[str, ...]
    seconds: float
    workers: int
    time_budget: float | None
    measuring: float
    measured_by: str = "trainings of one epoch that were"
    """What was measured, in words."""

    @property
    def replicates(self) -> int:
        return sum(cell.replicates for cell in self.cells)

    @property
    def units(self) -> int:
        return sum(cell.units for cell in self.cells)


@dataclass(frozen=True)
class _Cost:
    """Seconds: of what the first call loads, of one replicate and epoch, of judging a replicate,
    of an epoch of a replicate that is drawn, alone, and of computing its distances."""

    once: float
    epoch: float
    judging: float
    drawn: float
    computing: float = 0.0


def forecast(study: Study, workers: int | None = None, threads: int = 1) -> Forecast:
    """Measure one short training a cell, of one epoch, and add up what the study would take.

    A call of one epoch is timed after a first one, which pays for what is loaded and compiled.
    Judging and the two-sample tests of one replicate are timed as well. Measuring ends after
    ``MEASURING`` seconds or with the cell that is being measured then; a cell that was not measured
    takes what the first of its backend and device takes, by its rows, epochs and weights. The
    replicates that are timed and drawn run one after another, the others by all workers. Left out
    is what a worker takes to start, and that some have nothing left to do when a study ends.

    Raises
    ------
    UsageError
        Where the study cannot run, as ``gan_eval.study.plan.units.cells`` says, or there are no
        such numbers of processes and threads.
    """
    workers = side_by_side(workers, threads)
    start = time.perf_counter()
    with allow(threads):
        if study.generator is not None:
            return _of_fits(study, workers, start)
        work = units(cells(study, named(study.backends)))
        groups: dict[Place, list[Unit]] = {}
        for unit in work:
            groups.setdefault(unit.place, []).append(unit)
        loading = time.perf_counter() - start
        costs = _costs(study, groups, start + loading + MEASURING)
        test = _seconds_of_a_test(study, work[0])
    forecasts = tuple(_cells(study, groups, costs, test))
    alone = sum(cell.alone for cell in forecasts)
    together = sum(cell.seconds for cell in forecasts) - alone
    busy = max(1, min(workers, sum(not unit.timed for unit in work)))
    return Forecast(
        forecasts,
        tuple(map(_axis, study.axes())),
        loading + alone + together / busy,
        workers,
        study.time_budget,
        time.perf_counter() - start,
    )


def _of_fits(study: Study, workers: int, start: float) -> Forecast:
    """Fit the first seed of each cell of a generator from outside, and judge it.

    A fit that takes longer than ``MEASURING`` is ended: the forecast is then the least it takes.
    """
    from gan_eval.judging.generators.rows import judge_fits, prepare

    groups: dict[Place, list[Unit]] = {}
    for unit in units(cells(study, ())):
        groups.setdefault(unit.place, []).append(unit)
    limit = min(MEASURING, study.timeout_per_replicate or MEASURING)

    def fit(unit: Unit) -> None:
        assert isinstance(unit.config, FitConfig)
        judge_fits(
            unit.config,
            unit.backend,
            unit.seeds[:1],
            margins=study.margins,
            n_evaluation=study.n_evaluation,
            permutations=study.permutations,
            tests=study.tests,
            tested=1,
            shown=False,
            seconds=limit,
        )

    def is_baseline(place: Place) -> bool:
        return place[1] in BASELINES

    # Baselines first: what the first one loads and simulates is no replicate's.
    order = sorted(groups, key=lambda place: not is_baseline(place))
    once = _seconds(lambda: fit(groups[order[0]][0]))
    once += _seconds(lambda: prepare(study.generator.use if study.generator else ""))
    each: dict[Place, float] = {}
    known: dict[bool, float] = {}
    for place in order:
        kind = is_baseline(place)
        if kind not in known or time.perf_counter() - start - once < MEASURING:
            known[kind] = each[place] = _seconds(lambda place=place: fit(groups[place][0]))
    found: list[CellForecast] = []
    for place, group in groups.items():
        replicates = sum(len(unit.seeds) for unit in group)
        seconds = replicates * each.get(place, known[is_baseline(place)])
        sizes = {"replicates": replicates, "units": len(group), "seconds": seconds}
        found.append(CellForecast(*place, **sizes, alone=0.0, measured=place in each))
    return Forecast(
        tuple(found),
        tuple(map(_axis, study.axes())),
        once + sum(cell.seconds for cell in found) / workers,
        workers,
        study.time_budget,
        time.perf_counter() - start,
        "a fit of each cell that was",
    )


def _costs(
    study: Study, groups: Mapping[Place, Sequence[Unit]], deadline: float
) -> dict[Place, _Cost]:
    """The cost of each cell until the deadline, of the first of each backend and device always."""
    costs: dict[Place, _Cost] = {}
    for key, group in groups.items():
        if time.perf_counter() < deadline or not any(known[1:] == key[1:] for known in costs):
            largest = max(group, key=lambda unit: len(unit.seeds))
            costs[key] = _measured(largest, study, drawn=group[0].timed)
    return costs


def _measured(unit: Unit, study: Study, *, drawn: bool) -> _Cost:
    trainer, seeds = backend(unit.backend), unit.seeds[:_MOST_REPLICATES]
    short = _config(unit).model_copy(update={"epochs": 1})
    first = _seconds(lambda: trainer.train(short, seeds, unit.device))
    began = time.perf_counter()
    trained = trainer.train(short, seeds, unit.device)
    second = time.perf_counter() - began
    judging = _seconds(
        lambda: judge(
            trained,
            margins=study.margins,
            n_evaluation=study.n_evaluation,
            tested=0,
            computed=0,
        )
    )
    computing = _seconds_of_computing(trained, study)
    drawing = 0.0
    if drawn:
        for _ in range(2):  # the first one reads fonts
            drawing = _seconds(
                lambda: trainer.train(
                    short, seeds[:1], unit.device, ChapterDrawing(short, seeds[0])
                )
            )
    each = second / len(seeds), judging / len(seeds), drawing, computing
    return _Cost(max(first - second, 0.0), *each)


def _seconds_of_computing(trained: TrainedGANs, study: Study) -> float:
    """Measure what it takes to compute the distances of one replicate without a closed form."""
    if trained.config.closed_form or served(trained.config) or not study.computed:
        return 0.0
    one = trained.take(slice(1))

    def judging(computed: int) -> None:
        judge(one, n_evaluation=study.n_evaluation, tested=0, computed=computed)

    judging(0)
    return max(_seconds(lambda: judging(1)) - _seconds(lambda: judging(0)), 0.0)


def _seconds_of_a_test(study: Study, unit: Unit) -> float:
    """Measure the seconds of the two-sample tests of one replicate."""
    if not study.permutations or not study.tested:
        return 0.0
    config = TrainingConfig(epochs=1, n_examples=16, target=_config(unit).target)
    trained = backend(unit.backend).train(config, unit.seeds[:1], unit.device)

    def judging(tested: int) -> None:
        judge(
            trained,
            n_evaluation=study.n_evaluation,
            permutations=study.permutations,
            tests=study.tests,
            tested=tested,
        )

    judging(1)  # imports
    return max(_seconds(lambda: judging(1)) - _seconds(lambda: judging(0)), 0.0)


def _cells(
    study: Study, groups: Mapping[Place, Sequence[Unit]], costs: dict[Place, _Cost], test: float
) -> Iterator[CellForecast]:
    for key, group in groups.items():
        config = _config(group[0])
        cost, scale = costs.get(key), 1.0
        if cost is None:
            other = next(known for known in costs if known[1:] == key[1:])
            cost = costs[other]
            scale = _work(config) / _work(_config(groups[other][0]))
        replicates = sum(len(unit.seeds) for unit in group)
        alone = 0.0
        if group[0].timed:  # after an epoch that is thrown away
            alone = cost.drawn * (config.epochs + 1) + cost.judging + test * min(1, study.tested)
            alone += cost.computing * min(1, study.computed)
        rest = replicates - group[0].timed
        seconds = cost.once + scale * rest * (cost.epoch * config.epochs + cost.judging)
        seconds += test * min(rest, max(study.tested - group[0].timed, 0))
        seconds += cost.computing * min(rest, max(study.computed - group[0].timed, 0))
        yield CellForecast(
            *key,
            replicates=replicates,
            units=len(group),
            seconds=seconds + alone,
            alone=alone,
            measured=key in costs,
        )


def _config(unit: Unit) -> TrainingConfig:
    assert isinstance(unit.config, TrainingConfig)
    return unit.config


def _axis(settings: Sequence[Setting]) -> str:
    """An axis in words: how many settings of which fields."""
    fields = [path for path, _ in settings[0].fields]
    together = " together" if len(fields) > 1 else ""
    return f"{len(settings)} of {' and '.join(fields)}{together}"


def _work(config: TrainingConfig) -> int:
    """Multiplications of training, up to a factor; epochs are counted elsewhere."""
    sizes = (config.generator_sizes, config.discriminator_sizes)
    return config.n_examples * sum(a * b for net in sizes for a, b in pairwise(net))


def _seconds(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began
