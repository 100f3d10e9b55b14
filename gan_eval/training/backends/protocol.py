"""The interface of a backend: a name, its devices, and one call that trains R seeds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Protocol, runtime_checkable

from gan_eval.training.config import TrainingConfig
from gan_eval.training.trained import OnEpoch, TrainedGANs


@runtime_checkable
class Backend(Protocol):
    """A way to train the GAN of a configuration.

    A class that fits this protocol, takes no argument to construct, and is named by an entry point
    of the group ``gan_eval.backends`` is a backend; docs/backends/example.md walks through one.
    Its module may import its framework at the top: the module itself is imported only when it is
    needed.

    A class may have ``forms``, a tuple of names: other ways in which it trains the same thing, as
    compiled ones. ``backend("name:form")`` constructs it with the form as its only argument.

    A class may have ``remedies``, the names of the remedies that it trains
    (``gan_eval.training.remedies``); of a class without, it is none.
    """

    @property
    def name(self) -> str:
        """The name on the command line: the entry point's, and ``:form`` for another form."""
        ...

    @property
    def replicates_per_call(self) -> int:
        """The number of seeds that a study hands over per call: 1 for a loop, more where they
        train side by side. It bounds how much work an interruption loses."""
        ...

    def devices(self) -> list[str]:
        """The devices usable on this machine, the default first, as ``["cpu", "cuda"]``."""
        ...

    def version(self) -> str:
        """The framework and its version, as ``"torch 2.13.0"``."""
        ...

    def train(
        self,
        config: TrainingConfig,
        seeds: Sequence[int],
        device: str = "cpu",
        on_epoch: OnEpoch | None = None,
    ) -> TrainedGANs:
        """Train one replicate a seed, all of one configuration.

        Parameters
        ----------
        config : TrainingConfig
        seeds : sequence of int
            R seeds, each 0 … 2⁶³ − 1. A replicate is a function of its own seed alone, bit for
            bit, whatever other seeds stand beside it.
        device : str
            One of ``devices()``.
        on_epoch : callable, optional
            Called with an ``EpochEnd`` when an epoch ends. The time it takes belongs to the
            chapter's clock, not to the training clock.

        Raises
        ------
        UsageError
            Where the device is not there or the backend cannot train such a configuration.
        """
        ...


@runtime_checkable
class SparseHistory(Backend, Protocol):
    """A backend that can keep fewer epochs' weights than all, for many replicates."""

    sparse_history: ClassVar[bool]

    def train(
        self,
        config: TrainingConfig,
        seeds: Sequence[int],
        device: str = "cpu",
        on_epoch: OnEpoch | None = None,
        every: int = 1,
    ) -> TrainedGANs:
        """As ``Backend.train``; weights and losses are kept after each ``every`` epochs and after
        the last (``TrainedGANs.traced``)."""
        ...
