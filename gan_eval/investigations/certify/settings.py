"""The settings of a certification, checked before anything is measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gan_eval.investigations.certify.alternatives import CHAPTER, LAWS_OF, truth
from gan_eval.investigations.certify.catalogue import PERMUTATIONS
from gan_eval.runtime.arguments import level, one_of, shown, whole_number
from gan_eval.runtime.errors import UsageError
from gan_eval.runtime.random import MAX_SEED

FEWEST = 100
"""Null repetitions below which no size near 0.05 is told from another."""


FEWEST_POWER = 20
"""Repetitions of a point of a power curve below which no power is told from another."""


DIMENSIONS = (1, 2, 10)
"""The dimensions of the chapter's target in which sizes are measured, where none are given."""


@dataclass(frozen=True)
class Settings:
    """A certification's settings.

    Attributes
    ----------
    sizes : tuple of (int, int)
        Pairs (n, m) at which sizes are measured; power at the first.
    dimensions : tuple of int
        At which sizes are measured; power at 2 where it is among them, else at the first. Empty for
        those of the target: 1, 2 and 10 of ``"chapter"``, and of a mixture its own, which is the
        only one that it has.
    repetitions : int
        Of each null case.
    power_repetitions : int
        Of each point of a power curve.
    alphas : tuple of float
        Levels of the sizes; multiples of 1/100, which the p-values of 99 permutations can meet.
    power_alpha : float
        Level of the power.
    seed : int
        From it follows every random number.
    target : str
        The truth: ``"chapter"``, ``"ring8"`` or ``"grid25"``.

    Raises
    ------
    UsageError
        Where a setting cannot be used.
    """

    sizes: tuple[tuple[int, int], ...] = ((200, 200), (20, 500))
    dimensions: tuple[int, ...] = ()
    repetitions: int = 2000
    power_repetitions: int = 200
    alphas: tuple[float, ...] = (0.01, 0.05, 0.1)
    power_alpha: float = 0.05
    seed: int = 0
    target: str = CHAPTER

    def __post_init__(self) -> None:
        one_of(self.target, "`target`", tuple(LAWS_OF))
        own = DIMENSIONS if self.target == CHAPTER else (truth(2, self.target).dimension,)
        if not self.dimensions:
            object.__setattr__(self, "dimensions", own)
        elif self.target != CHAPTER and tuple(self.dimensions) != own:
            raise UsageError(
                f"`dimension` of the target {self.target} is {own[0]}, got "
                f"{', '.join(map(shown, self.dimensions))}"
            )
        for n, m in self.sizes:
            whole_number(n, "n", 2)
            whole_number(m, "m", 2)
        for d in self.dimensions:
            whole_number(d, "dimension", 1)
        whole_number(self.repetitions, "repetitions", FEWEST)
        whole_number(self.power_repetitions, "power_repetitions", FEWEST_POWER)
        whole_number(self.seed, "seed", 0, MAX_SEED)
        for name in ("sizes", "dimensions", "alphas"):
            values = getattr(self, name)
            if not values or len(set(values)) < len(values):
                raise UsageError(f"{name} must name at least one value, each once, got {values}")
        grid = 1 + PERMUTATIONS
        for alpha in (*self.alphas, self.power_alpha):
            level(alpha)
            if abs(alpha * grid - round(alpha * grid)) > 1e-9:
                raise UsageError(
                    f"alpha must be a multiple of {1 / grid:g}, which the p-values of "
                    f"{PERMUTATIONS} permutations can meet, got {alpha:g}"
                )

    @property
    def power_dimension(self) -> int:
        """The dimension in which power is measured."""
        return 2 if 2 in self.dimensions else self.dimensions[0]

    @classmethod
    def of(
        cls,
        n: int | None = None,
        m: int | None = None,
        dimensions: Sequence[int] = (),
        repetitions: int = 2000,
        alphas: Sequence[float] = (),
        seed: int = 0,
        target: str = CHAPTER,
    ) -> Settings:
        """Make settings of the command's options; what is not given keeps its default.

        Power takes a tenth of the repetitions, because it is measured to a few percent only.
        """
        if n is None and m is not None:
            raise UsageError(f"`m` goes with `n`, got m = {m} alone")
        return cls(
            cls.sizes if n is None else ((n, n if m is None else m),),
            tuple(dimensions),
            *(repetitions, max(FEWEST_POWER, repetitions // 10)),
            tuple(alphas) or cls.alphas,
            seed=seed,
            target=target,
        )
