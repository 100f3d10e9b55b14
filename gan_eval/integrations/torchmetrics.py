"""MMD², the energy distance and worth as ``torchmetrics.Metric``, over any number of processes.

The state of a metric is that of two sketches (:mod:`gan_eval.stats.sketch`), of real rows and of
generated ones: sums and counts of blocks, which torchmetrics adds up over processes. So all rows
count, none is kept, and what is computed is the same in one process as in many.

>>> import torch
>>> real, generated = torch.randn(2, 5000, 2, generator=torch.Generator().manual_seed(0))
>>> metric = Worth(real[:1000])
>>> for batch in real[1000:].split(500):
...     metric.update(batch, real=True)
>>> for batch in generated.split(500):
...     metric.update(batch + 0.5, real=False)
>>> float(metric.compute()) < 20
True
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gan_eval.integrations.held import Arrays, Held, KernelSums, LineCounts
from gan_eval.runtime.arguments import instance_of, one_of, whole_number
from gan_eval.runtime.installing import advice_here
from gan_eval.stats.sketch import LineSketch, Sketch
from gan_eval.stats.sketch.distances import worth

try:
    from torchmetrics import Metric
except ImportError:
    raise ImportError(
        advice_here(
            "gan_eval.integrations.torchmetrics needs the package torchmetrics: "
            "pip install 'gan-eval[torchmetrics]'"
        )
    ) from None

SIDES = ("generated", "real")
"""Names of the sides for ``real=False`` and ``real=True``."""


class _TwoSided(Metric):
    """A metric of real and generated rows, whose state is that of a sketch of each.

    Rows are dealt to the blocks of a sketch by a random number of their side, their process and
    their position there. A position is used once, also after :meth:`reset`.
    """

    is_differentiable = False
    full_state_update = False

    def __init__(self, held: Held, rank: int | None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._held = held
        self._rank = None if rank is None else whole_number(rank, "`rank`", 0)
        self._dealt = dict.fromkeys(SIDES, 0)
        for side in SIDES:
            for name, array in held.apart(held.empty(side)).items():
                self.add_state(f"{side}_{name}", torch.from_numpy(array), dist_reduce_fx="sum")

    def update(self, rows: Any, real: bool) -> None:
        """Add rows, shape (n, d), of the real side or of the generated one.

        Raises
        ------
        UsageError
            For rows that are no finite numbers, or have other columns than the reference; then
            none is added.
        """
        instance_of(real, "`real`", bool)
        if isinstance(rows, Tensor):
            rows = rows.detach().to("cpu", torch.float64)
        side = SIDES[real]
        arrays = self._arrays(side)
        sketch = self._sketch(side, arrays)
        before = sketch.n
        sketch.update(rows, self._dealt[side])
        self._dealt[side] += sketch.n - before
        for name, array in self._held.apart(sketch).items():
            state = getattr(self, f"{side}_{name}")
            if state.device.type != "cpu":
                setattr(self, f"{side}_{name}", torch.from_numpy(array).to(state.device))
            elif not np.may_share_memory(array, state.numpy()):
                state.numpy()[...] = array

    def result(self, **options: Any) -> Any:
        """Return all that can be said of the rows of all processes, which call it together.

        Raises
        ------
        CannotTestError
            For fewer than 2 rows of a side.
        """
        with self.sync_context(
            dist_sync_fn=self.dist_sync_fn,
            should_sync=self._to_sync and not self._is_synced,
            should_unsync=self._should_unsync and not self._is_synced,
        ):
            # Copies: the states of this process are put back when this ends.
            generated, real = (
                {name: array.copy() for name, array in self._arrays(side).items()} for side in SIDES
            )
        return self._held.result(
            self._sketch("real", real), self._sketch("generated", generated), **options
        )

    def set_dtype(self, dst_type: str | torch.dtype) -> Metric:
        """Change nothing: sums are float64 and counts int64, or they would not be right."""
        return self

    def _answer(self, real: Any, generated: Any) -> float:
        """Return the value of the metric."""
        raise NotImplementedError

    def compute(self) -> Tensor:
        """Return the value, a float64 scalar; NaN for fewer than 2 rows of a side."""
        generated, real = (self._sketch(side, self._arrays(side)) for side in SIDES)
        value = self._answer(real, generated) if min(real.n, generated.n) > 1 else math.nan
        return torch.tensor(value, dtype=torch.float64, device=self.device)

    def _arrays(self, side: str) -> Arrays:
        """Return the state of a side; on the CPU in the memory of its tensors."""
        prefix = f"{side}_"
        return {
            name.removeprefix(prefix): getattr(self, name).detach().cpu().numpy()
            for name in self._defaults
            if name.startswith(prefix)
        }

    def _sketch(self, side: str, arrays: Arrays) -> Any:
        sketch = self._held.empty(f"{side}/{_rank() if self._rank is None else self._rank}")
        self._held.together(sketch, arrays)
        return sketch

    def _load_from_state_dict(
        self, state_dict: dict[str, Any], prefix: str, *args: Any, **kwargs: Any
    ) -> None:
        for name in self._defaults:
            if prefix + name in state_dict:
                # Of its own: it is added to in place.
                state_dict[prefix + name] = state_dict[prefix + name].clone()
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)
        for side in SIDES:
            rows = self._sketch(side, self._arrays(side)).n
            self._dealt[side] = max(self._dealt[side], rows)


class MMD(_TwoSided):
    """MMD² of real and generated rows, without bias: it may be below 0.

    Parameters
    ----------
    reference : rows of shape (n, d), or Reference
        Some real rows, the same in every process, from which coordinates and kernel are taken
        (:class:`~gan_eval.stats.sketch.Reference`). They are no part of either side.
    rank : int, optional
        The number of the process, for the random numbers by which rows are dealt to blocks; if not
        given, that of ``torch.distributed``. Whoever adds up states by hand gives each metric its
        own.
    seed : int
    **kwargs
        Of ``torchmetrics.Metric``.

    Notes
    -----
    ``compute()`` depends on the rows alone, not on the processes or batches in which they came.
    ``result()`` is a :class:`~gan_eval.stats.sketch.SketchTest`, with a p-value that is exact for
    independent rows; it takes the options of :meth:`~gan_eval.stats.sketch.Sketch.test`.

    Examples
    --------
    >>> rows = torch.randn(3, 2000, 2, generator=torch.Generator().manual_seed(1))
    >>> metric = MMD(rows[0])
    >>> metric.update(rows[1], real=True)
    >>> metric.update(rows[2] + 1, real=False)
    >>> float(metric.compute()) > 0.1, metric.result(permutations=999).pvalue
    (True, 0.001)
    """

    higher_is_better = False

    def __init__(
        self, reference: Any, *, rank: int | None = None, seed: int = 0, **kwargs: Any
    ) -> None:
        super().__init__(KernelSums(reference, seed), rank, **kwargs)

    def _answer(self, real: Sketch, generated: Sketch) -> float:
        return real.mmd2(generated)[0]


class Energy(_TwoSided):
    """The energy distance of real and generated rows by random lines, without bias.

    ``result()`` is a :class:`~gan_eval.stats.sketch.LineEnergy`, with the errors of lines and
    grids and an interval.

    Parameters
    ----------
    reference : rows of shape (n, d), or LineSketch
        Some real rows, the same in every process, from which coordinates and grids are taken.
    directions, edges : int
        As for :class:`~gan_eval.stats.sketch.LineSketch`; for 64 lines of 256 edges the state is
        8.4 MB for each side.
    rank, seed, **kwargs
        As for :class:`MMD`.

    Examples
    --------
    >>> rows = torch.randn(3, 2000, 2, generator=torch.Generator().manual_seed(1))
    >>> metric = Energy(rows[0])
    >>> metric.update(rows[1], real=True)
    >>> metric.update(rows[2] + 1, real=False)
    >>> found = metric.result()
    >>> found.low < float(metric.compute()) < found.high
    True
    """

    higher_is_better = False

    def __init__(
        self,
        reference: Any,
        directions: int = 64,
        edges: int = 256,
        *,
        rank: int | None = None,
        seed: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(LineCounts(reference, directions, edges, seed), rank, **kwargs)

    def _answer(self, real: LineSketch, generated: LineSketch) -> float:
        return real.energy(generated).estimate


class Worth(_TwoSided):
    """How many real rows the generated ones are worth; infinite where they may be all right.

    Parameters
    ----------
    reference : rows of shape (n, d), Reference or LineSketch
        As for :class:`MMD` or :class:`Energy`.
    by : {"mmd", "energy"}
        The distance.
    limit : bool
        Compute the lower limit of the 95 % interval: "worth at least so many". It is finite and 0
        where rows are too few, so that callbacks can watch it.
    rank, seed, **kwargs
        As for :class:`MMD`.

    Notes
    -----
    ``result()`` is that of :class:`MMD` or :class:`Energy`; its ``worth`` has value and interval.
    By MMD² it is NaN, and its lower limit 0, also where the reference holds the kernel of these
    rows too roughly (``result().rough``): a reference of more rows serves, or ``by="energy"``.
    """

    higher_is_better = True

    def __init__(
        self,
        reference: Any,
        by: str = "mmd",
        *,
        limit: bool = False,
        rank: int | None = None,
        seed: int = 0,
        **kwargs: Any,
    ) -> None:
        one_of(by, "`by`", ("mmd", "energy"))
        held = KernelSums(reference, seed) if by == "mmd" else LineCounts(reference, 64, 256, seed)
        super().__init__(held, rank, **kwargs)
        self.by, self.limit = by, limit

    def _answer(self, real: Any, generated: Any) -> float:
        if self.by == "energy":
            found = real.energy(generated).worth
            return found.low if self.limit else found.value
        found = worth(real, generated)
        if self.limit:
            return 0.0 if found is None else found.low
        return math.nan if found is None else found.value


def _rank() -> int:
    """Return the number of this process among those of torch.distributed; 0 where it is alone."""
    distributed = torch.distributed
    alone = not (distributed.is_available() and distributed.is_initialized())
    return 0 if alone else distributed.get_rank()
