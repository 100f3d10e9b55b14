"""The built-in GAN as a generator of anyone's rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Self

import numpy as np

from gan_eval.distributions.gaussian import Gaussian
from gan_eval.distributions.pushforward import Pushforward
from gan_eval.runtime.errors import UsageError
from gan_eval.runtime.random import MAX_SEED
from gan_eval.training.config import TrainingConfig
from gan_eval.training.generators.baselines import draw_from
from gan_eval.training.trained import TrainedGANs

_OF_THE_ROWS = ("target", "n_examples")
_LOOKED_AT = 4096
"""Points of the noise at which it is seen whether relu makes lines of it."""


class ChapterGAN:
    """The chapter's GAN, trained by its PyTorch loop on rows of any number of columns.

    Its settings are those of :class:`~gan_eval.training.config.TrainingConfig`, but for ``target``
    and ``n_examples``, which the rows say. Entered into a study of the chapter's target, its
    replicates are those of the built-in backend ``pytorch``: the same rows, draws and weights.

    Examples
    --------
    >>> from gan_eval.distributions.target import GaussianTarget
    >>> rows = GaussianTarget.chapter().sample(200, rng=0)
    >>> gan = ChapterGAN(epochs=2).fit(rows, np.random.default_rng(0))
    >>> gan.distribution().mean.shape
    (2,)
    """

    def __init__(self, **settings: Any) -> None:
        for name in _OF_THE_ROWS:
            if name in settings:
                raise UsageError(f"`{name}` is what the rows say: it is no setting of ChapterGAN")
        self.settings = settings
        TrainingConfig(**settings)  # what is wrong is said before any row is read
        self.trained: TrainedGANs | None = None

    def fit(self, rows: Any, rng: np.random.Generator) -> Self:
        """Train on rows (n, d) of numbers."""
        from gan_eval.training.backends.pytorch import train_on  # PyTorch takes a second

        rows = np.asarray(rows, dtype=np.float64)
        self.trained = train_on(self._config(rows), rows, _seed(rng))
        return self

    def steps(
        self, rows: Any, rng: np.random.Generator
    ) -> Iterator[tuple[int, _Epoch | ChapterGAN]]:
        """Train, and yield the generator after each epoch."""
        self.fit(rows, rng)
        assert self.trained is not None
        for epoch in range(1, self.trained.config.epochs):
            yield epoch * len(rows), _Epoch(_law(self.trained, epoch))
        yield self.trained.config.epochs * len(rows), self

    def sample(self, n: int, rng: np.random.Generator) -> Any:
        """Draw n rows (n, d)."""
        return _drawn(self.distribution(), n, rng)

    def distribution(self) -> Gaussian | Pushforward:
        """Return the learned distribution: of a linear generator a Gaussian, exact, else a
        :class:`~gan_eval.Pushforward`."""
        if self.trained is None:
            raise UsageError("fit a generator before it is drawn from")
        return _law(self.trained)

    @property
    def log_density(self) -> Callable[[np.ndarray], np.ndarray] | None:
        """The function ln q of rows (n, 2), in nats, of a generator with hidden layers; None where
        that has no density (relu may put points on lines) or is not computed (other sizes than
        2 of noise and of rows), and of a linear one, whose distribution says more."""
        law = self.distribution()
        return law.log_density if isinstance(law, Pushforward) and _has_density(law) else None

    def _config(self, rows: np.ndarray) -> TrainingConfig:
        d = rows.shape[1]
        # Of the target nothing but its dimension is used: the rows are given.
        unit = {"A": np.eye(d).tolist(), "b": [0.0] * d}
        settings = {"target": unit, "n_examples": len(rows)} | self.settings
        settings.setdefault("batch_size", min(8, len(rows)))
        return TrainingConfig(**settings)


class _Epoch:
    """The generator of one epoch."""

    def __init__(self, law: Gaussian | Pushforward) -> None:
        self.law = law

    def sample(self, n: int, rng: np.random.Generator) -> Any:
        return _drawn(self.law, n, rng)

    def distribution(self) -> Gaussian | Pushforward:
        return self.law


def _law(trained: TrainedGANs, epoch: int = -1) -> Gaussian | Pushforward:
    """The distribution of the one generator that was trained."""
    if trained.hidden:
        return trained.pushforward(0, epoch)
    law = trained.law(epoch)
    return Gaussian(law.mean[0], law.factor[0])


def _drawn(law: Gaussian | Pushforward, n: int, rng: np.random.Generator) -> np.ndarray:
    return draw_from(law, n, rng) if isinstance(law, Gaussian) else law.sample(n, rng)


def _has_density(law: Pushforward) -> bool:
    """Tell whether ln q can be computed, and no region of the noise is mapped to a line."""
    if (law.latent_size, law.dimension) != (2, 2):
        return False
    if law.activation != "relu":
        return True
    noise = np.random.default_rng(0).standard_normal((_LOOKED_AT, 2))
    return bool((np.linalg.matrix_rank(law.network.jacobians(noise)) == 2).all())


def _seed(rng: np.random.Generator) -> int:
    """The seed that a study's generator was made with, or else one drawn from it."""
    entropy = getattr(getattr(rng.bit_generator, "seed_seq", None), "entropy", None)
    if isinstance(entropy, int) and 0 <= entropy <= MAX_SEED:
        return entropy
    return int(rng.integers(MAX_SEED))
