"""The settings of the exercise, checked before any of it is run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gan_eval.investigations.exercise.fitting import Network
from gan_eval.runtime.arguments import level, whole_number
from gan_eval.runtime.documents import json_ready
from gan_eval.runtime.errors import UsageError
from gan_eval.runtime.random import MAX_SEED
from gan_eval.training.config import TrainingConfig

TEST_ROWS = (10, 20, 50, 100, 200, 500)
"""Rows that the tests get."""

FIT_ROWS = (100, 300, 1000, 3000)
"""Real rows that a fresh discriminator is fitted to, and as many generated ones."""

WIDER = ((8, 4),)
"""Hidden widths of the fresh discriminators beside those of the configuration."""

MOST_ROWS = 100_000
MOST_REPLICATES = 100_000
FEWEST = 10
"""Rows below which a test with five folds, or a fit, says nothing."""


@dataclass(frozen=True)
class Settings:
    """A set of the settings of one exercise; make it with ``of``, which checks them.

    Attributes
    ----------
    config : TrainingConfig
        Of the generators.
    backend : str
        Who trains them.
    first_seed, replicates : int
        Their seeds.
    discriminators : int
        How many of them, from the first seed on, meet fresh discriminators.
    test_rows, fit_rows : tuple of int
        Rising; ``fit_rows`` has the configuration's ``n_examples`` among them.
    widths : tuple of tuple of int
        Hidden widths of the fresh discriminators, the configuration's first.
    restarts : int
        Random starts of each fit.
    alpha : float
        Level of every test.
    """

    config: TrainingConfig
    backend: str
    first_seed: int
    replicates: int
    discriminators: int
    test_rows: tuple[int, ...]
    fit_rows: tuple[int, ...]
    widths: tuple[tuple[int, ...], ...]
    restarts: int
    alpha: float

    @classmethod
    def of(
        cls,
        config: TrainingConfig | None = None,
        *,
        backend: str = "fused_cpu",
        first_seed: int = 0,
        replicates: int = 60,
        discriminators: int = 10,
        test_rows: Sequence[int] = (),
        fit_rows: Sequence[int] = (),
        widths: Sequence[Sequence[int]] | None = None,
        restarts: int = 3,
        alpha: float = 0.05,
    ) -> Settings:
        """Fill in what is not given; ``UsageError`` for what cannot be used."""
        config = config or TrainingConfig()
        config.require_closed_form("the exercise")
        whole_number(replicates, "replicates", 2, MOST_REPLICATES)
        whole_number(discriminators, "discriminators", 2, replicates)
        whole_number(restarts, "restarts", 1, 1000)
        whole_number(first_seed, "seed", 0, MAX_SEED - replicates)
        if config.latent_size < config.dimension:
            raise UsageError(
                f"the exercise needs generators with a density: `latent_size` must be at least "
                f"the dimension {config.dimension}, got {config.latent_size}"
            )
        if config.discriminator_form != "mlp":
            raise UsageError(
                "the exercise fits discriminators with layers: `discriminator_form` must be 'mlp', "
                f"got '{config.discriminator_form}'"
            )
        fewest = max(FEWEST, config.dimension + 2)
        for rows, name in ((test_rows, "test rows"), (fit_rows, "fit rows")):
            for n in rows:
                whole_number(n, name, fewest, MOST_ROWS)
        whole_number(config.n_examples, "n_examples", fewest, MOST_ROWS)
        forms = [config.discriminator_widths, *map(tuple, WIDER if widths is None else widths)]
        for form in forms:
            for width in form:
                whole_number(width, "a width", 1, 256)
            if (size := Network.of(config.dimension, form).parameters) > 4096:
                raise UsageError(
                    f"a fresh discriminator may have 4096 parameters at most, got {size} with "
                    f"widths {','.join(map(str, form))}"
                )
        return cls(
            *(config, backend, first_seed, replicates, discriminators),
            test_rows=tuple(sorted(set(test_rows or TEST_ROWS))),
            fit_rows=tuple(sorted({*(fit_rows or FIT_ROWS), config.n_examples})),
            widths=tuple(dict.fromkeys(forms)),
            restarts=restarts,
            alpha=level(alpha),
        )

    @property
    def seeds(self) -> range:
        """The seeds of the generators."""
        return range(self.first_seed, self.first_seed + self.replicates)

    def document(self) -> dict[str, Any]:
        """Give the settings, ready for JSON."""
        config = {"config": self.config.model_dump(mode="json"), "config_hash": self.config.hash}
        return json_ready(config | {k: v for k, v in vars(self).items() if k != "config"})


def label(widths: Sequence[int]) -> str:
    """Write hidden widths in words: ``5-3``."""
    return "-".join(map(str, widths)) or "none"
