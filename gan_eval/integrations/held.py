"""Sketches as a metric holds them: arrays that add up, of each side."""

from __future__ import annotations

from typing import Any, Protocol

from numpy.typing import NDArray

from gan_eval.stats.sketch import LineEnergy, LineSketch, Reference, Sketch, SketchTest
from gan_eval.stats.sketch.residuals import Residuals

Arrays = dict[str, NDArray[Any]]


class Held(Protocol):
    """A kind of sketch that a metric can hold: made empty, taken apart, put together, compared."""

    def empty(self, stream: str) -> Any: ...
    def apart(self, sketch: Any) -> Arrays: ...
    def together(self, sketch: Any, arrays: Arrays) -> None: ...
    def result(self, real: Any, generated: Any, **options: Any) -> Any: ...


class KernelSums:
    """Sums of a kernel, which give MMD²."""

    def __init__(self, reference: Any, seed: int) -> None:
        known = isinstance(reference, Reference)
        self.reference = reference if known else Reference.of(reference)
        self.seed = seed

    def empty(self, stream: str) -> Sketch:
        return Sketch(self.reference, stream, seed=self.seed)

    def apart(self, sketch: Sketch) -> Arrays:
        residuals = sketch.residuals.to_array()
        return {"sums": sketch.sums, "counts": sketch.counts, "residuals": residuals}

    def together(self, sketch: Sketch, arrays: Arrays) -> None:
        sketch.sums, sketch.counts = arrays["sums"], arrays["counts"]
        sketch.residuals = Residuals.of_array(arrays["residuals"])

    def result(self, real: Sketch, generated: Sketch, **options: Any) -> SketchTest:
        return real.test(generated, **options)


class LineCounts:
    """Counts on random lines, which give the energy distance."""

    def __init__(self, reference: Any, directions: int, edges: int, seed: int) -> None:
        self.lines = LineSketch(reference, directions, edges, seed=seed).lines
        self.seed = seed

    def empty(self, stream: str) -> LineSketch:
        return LineSketch(self.lines, stream=stream, seed=self.seed)

    def apart(self, sketch: LineSketch) -> Arrays:
        return {"counts": sketch.counts, "tails": sketch.tails}

    def together(self, sketch: LineSketch, arrays: Arrays) -> None:
        sketch.counts, sketch.tails = arrays["counts"], arrays["tails"]

    def result(self, real: LineSketch, generated: LineSketch, **options: Any) -> LineEnergy:
        return real.energy(generated, **options)
