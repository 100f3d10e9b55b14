"""Two-sample MMD of streams: sketches that add over files, machines and time, and their exact test.

>>> import numpy as np
>>> rng = np.random.default_rng(0)
>>> reference = Reference.of(rng.normal(size=(2000, 2)))
>>> real = Sketch(reference, stream="real").update(rng.normal(size=(20_000, 2)))
>>> generated = Sketch(reference, stream="generated").update(rng.normal(0.1, 1, (20_000, 2)))
>>> result = real.test(generated)
>>> result.verdict.value, result.pvalue
('told_apart', 0.0001)
"""

from gan_eval.stats.sketch.line_energy import LineEnergy
from gan_eval.stats.sketch.lines import LineSketch
from gan_eval.stats.sketch.permuting import test_days
from gan_eval.stats.sketch.reference import Reference
from gan_eval.stats.sketch.result import SketchTest
from gan_eval.stats.sketch.sketch import Sketch

__all__ = ["LineEnergy", "LineSketch", "Reference", "Sketch", "SketchTest", "test_days"]
