"""The exercise, run: generators trained, tested, and met by fresh discriminators."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gan_eval.distributions import divergences
from gan_eval.distributions.affinity import samples_of_pair
from gan_eval.distributions.divergences import canonical_pair
from gan_eval.distributions.gaussian import Gaussian
from gan_eval.investigations.exercise import responses
from gan_eval.investigations.exercise.rejections import OPTIMUM, TESTS, optimal_power, rejections
from gan_eval.investigations.exercise.responses import (
    FRESH,
    LEARNED,
    TRAINING,
    TRUTH,
    Game,
    Response,
)
from gan_eval.investigations.exercise.result import PARTS, Decomposition, Exercise
from gan_eval.investigations.exercise.settings import Settings, label
from gan_eval.runtime.errors import UsageError
from gan_eval.runtime.pool import Pool, Progress, Task, map_units, side_by_side
from gan_eval.runtime.provenance import environment
from gan_eval.runtime.threads import cores
from gan_eval.training.backends import backend
from gan_eval.training.trained import TrainedGANs

Array = NDArray[np.floating]

GROUP = 10
"""Generators that one unit of work tests."""


def exercise(
    settings: Settings | None = None,
    *,
    workers: int | None = None,
    command: str = "",
    on_progress: Callable[[Progress], None] | None = None,
) -> Exercise:
    """Measure: is there an equilibrium where the generator wins on finite samples?

    Parameters
    ----------
    settings : Settings, optional
        ``Settings.of()`` by default.
    workers : int, optional
        Processes side by side; one per core if not given. With 1, everything runs here.
    command : str
        What was typed, for the provenance.
    on_progress : callable
        Called with a ``Progress`` after each unit of work.

    Returns
    -------
    Exercise

    Raises
    ------
    UsageError
        Where the backend cannot train this, or fewer than two generators are usable: finite, and
        with a density.
    """
    settings = settings or Settings.of()
    count = side_by_side(workers)
    began = time.perf_counter()
    progress = Progress(on_progress, doing="training")
    progress.tell()
    trained = backend(settings.backend).train(settings.config, settings.seeds)
    study = _Study(settings, trained)
    with Pool(count) as pool:

        def work(doing: str, units: dict[Any, Task]) -> dict[Any, Any]:
            fault = "the exercise could not be finished"
            return map_units(pool, units, progress, doing=doing, fault=fault)

        # The longest first, so that no worker is left with one at the end.
        met = work("fresh discriminators", study.response_units())
        parts = work("decomposition", study.decomposition_units(met))
        tested = work("tests", study.test_units())
    generators, decomposition = study.generators(parts)
    return Exercise(
        settings=settings,
        generators=generators,
        tests=study.tests(tested),
        responses=study.responses(met),
        decomposition=decomposition,
        provenance={
            "command": command,
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "seconds": time.perf_counter() - began,
            "workers": count,
            "unusable": study.unusable,
            "environment": environment(),
        },
    )


class _Study:
    """A plan of an exercise: its units of work, and tables of their outcomes."""

    def __init__(self, settings: Settings, trained: TrainedGANs) -> None:
        self.settings, self.config = settings, settings.config
        self.target = self.config.target.gaussian()
        law = trained.law()
        pair = canonical_pair(law, self.target.law)
        usable = trained.finite() & np.isfinite(pair[0]).all(axis=1)
        usable &= np.isfinite(pair[1]).all(axis=1) & (pair[1] > 0).all(axis=1)
        self.index = np.flatnonzero(usable)
        self.unusable = int((~usable).sum())
        if self.index.size < 2:
            raise UsageError(
                "the exercise needs at least 2 generators that are finite and have a density, got "
                f"{self.index.size} of {settings.replicates}"
            )
        self.offset, self.scales = pair[0][self.index], pair[1][self.index]
        self.law = Gaussian(law.mean[self.index], law.factor[self.index])
        self.seeds = trained.seeds[self.index].tolist()
        self.met = min(settings.discriminators, len(self.seeds))
        first = Gaussian(self.law.mean[: self.met], self.law.factor[: self.met])
        identity = np.tile(np.eye(first.dimension), (self.met, 1, 1))
        self.games = {
            LEARNED: responses.game_of(self.target, first),
            TRUTH: Game(Gaussian(np.zeros(first.mean.shape), identity)),
        }
        everyone = responses.trained_parameters(trained)
        self.discriminators = everyone[self.index[: self.met]]

    # --- Tests ---------------------------------------------------------------------------------

    def test_units(self) -> dict[Any, Task]:
        units: dict[Any, Task] = {}
        truth = Gaussian(
            np.broadcast_to(self.target.b, self.law.mean.shape),
            np.broadcast_to(self.target.A, (len(self.seeds), *self.target.A.shape)),
        )
        for n in reversed(self.settings.test_rows):
            for kind, law in ((LEARNED, self.law), (TRUTH, truth)):
                for start in range(0, len(self.seeds), GROUP):
                    some = slice(start, start + GROUP)
                    part = Gaussian(law.mean[some], law.factor[some])
                    task = (rejections, self.target, part, self.seeds[some], kind, n)
                    units[kind, n, start] = (*task, self.settings.alpha)
        return units

    def tests(self, found: dict[Any, NDArray[np.bool_]]) -> pd.DataFrame:
        parts = []
        for n in self.settings.test_rows:
            for kind in (LEARNED, TRUTH):
                groups = [found[kind, n, s] for s in range(0, len(self.seeds), GROUP)]
                rejected = dict(zip(TESTS, np.concatenate(groups, axis=1), strict=True))
                if kind == LEARNED:
                    best = optimal_power(self.offset, self.scales, n, self.settings.alpha)
                    rejected[OPTIMUM] = best
                for name, values in rejected.items():
                    columns = {"generator": kind, "seed": self.seeds, "test": name, "n": n}
                    parts.append(pd.DataFrame(columns | {"told_apart": values.astype(float)}))
        return pd.concat(parts, ignore_index=True)

    # --- Fresh discriminators -------------------------------------------------------------------

    def response_units(self) -> dict[Any, Task]:
        units: dict[Any, Task] = {}
        seeds = self.seeds[: self.met]
        for n in reversed(self.settings.fit_rows):
            for widths in reversed(self.settings.widths):
                for kind, source in ((LEARNED, FRESH), (TRUTH, FRESH), (LEARNED, TRAINING)):
                    if source == TRAINING and n > self.config.n_examples:
                        continue
                    own = source == TRAINING and widths == self.settings.widths[0]
                    units[kind, source, n, widths] = (
                        *(responses.respond, self.games[kind], self.config, seeds),
                        *(kind, source, n, widths, self.settings.restarts),
                        self.discriminators if own else None,
                    )
        return units

    def responses(self, met: dict[Any, Response]) -> pd.DataFrame:
        parts = []
        for (kind, source, n, widths), found in met.items():
            columns = {
                "generator": kind,
                "seed": self.seeds[: self.met],
                "widths": label(widths),
                "source": source,
                "n": n,
                "loss_in_sample": found.in_sample,
                "loss_population": found.population.loss,
                "loss_population_error": found.population.error,
                "floor": self.games[kind].floor,
                "floor_in_sample": found.optimal_in_sample,
                "late_gain": found.late,
            }
            parts.append(pd.DataFrame(columns))
        order = ["generator", "source", "widths", "n", "seed"]
        return pd.concat(parts).sort_values(by=order, kind="stable", ignore_index=True)

    # --- Decomposition --------------------------------------------------------------------------

    def decomposition_units(self, met: dict[Any, Response]) -> dict[Any, Task]:
        config, restarts = self.config, self.settings.restarts
        on_rows = met[LEARNED, TRAINING, config.n_examples, self.settings.widths[0]].parameters
        law, size = self.games[LEARNED].law, max(1, -(-self.met // (2 * cores())))
        units: dict[Any, Task] = {}
        for start in range(0, self.met, size):
            some = slice(start, min(start + size, self.met))
            game = Game(Gaussian(law.mean[some], law.factor[some]))
            known = [self.discriminators[some], on_rows[some]]
            task = (responses.best_in_class, game, config, self.seeds[some], restarts, known)
            units[start] = task
        return units

    def generators(self, parts: dict[Any, Any]) -> tuple[pd.DataFrame, Decomposition]:
        # Of each part, of each network: the loss and its error, of each generator.
        found = np.concatenate([parts[start] for start in sorted(parts)], axis=2)
        losses, errors = found.swapaxes(0, 1)
        decomposition = Decomposition.of(self.games[LEARNED].divergence, *losses)
        frame = pd.DataFrame(
            {
                "seed": self.seeds,
                "kl": divergences.kl(self.law, self.target.law),
                "jensen_shannon": divergences.jensen_shannon(self.law, self.target.law),
                "samples_to_detect": samples_of_pair(
                    self.offset, self.scales, alpha=min(self.settings.alpha, 0.499)
                ),
            }
        )
        for name in PARTS:
            frame[name] = pd.Series(getattr(decomposition, name))
        frame["error"] = pd.Series(errors.max(axis=0))
        return frame, decomposition
