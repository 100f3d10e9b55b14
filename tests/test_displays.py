"""Every public result: a short ``repr``, a table in a notebook, and its numbers as a frame."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import gan_eval as ge
from gan_eval.investigations.certify.result import shipped
from gan_eval.investigations.conformance.result import Conformance
from gan_eval.investigations.conformance.stepwise import StageAgreement
from gan_eval.investigations.exercise.responses import FRESH, LEARNED
from gan_eval.investigations.exercise.result import Decomposition, Exercise
from gan_eval.investigations.exercise.settings import Settings, label
from gan_eval.investigations.speed.result import Figures
from gan_eval.training.backends import Availability, Backends

from .investigations.speed.test_slowdown import document, noisy
from .report import synthetic

REAL = np.random.default_rng(0).normal(size=(60, 2))


def many_gans() -> ge.TrainedGANs:
    target = {"A": [[1, 0], [0, 2]], "b": [0, 0]}
    config = ge.TrainingConfig.parse({"epochs": 1, "n_examples": 8, "target": target})
    return ge.train(config, seeds=range(2000), backend="fused_cpu")


def benchmarks() -> Figures:
    Path("new.json").write_text(json.dumps(document({f"b{i}": noisy(0.2, i) for i in range(40)})))
    return Figures.read(["new.json"])


def conformance() -> Conformance:
    names = [f"backend-{i}" for i in range(8)]
    pairs = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]
    return Conformance(
        tuple(Availability(name, "installed", ("cpu",)) for name in names),
        (),
        tuple(StageAgreement("start", *pair, {"W": 1.0}, 1e-9, 1, 1) for pair in pairs),
    )


def exercise() -> Exercise:
    tests = pd.DataFrame({"seed": range(500), "told_apart": 1.0})
    parts = Decomposition(*[np.zeros(500)] * len(Decomposition.__dataclass_fields__))
    settings = Settings.of(ge.TrainingConfig())
    fits = {"generator": LEARNED, "source": FRESH, "widths": label(settings.widths[0])}
    frame = pd.DataFrame([fits | {"n": n, "loss_population": 0.7} for n in settings.fit_rows])
    return Exercise(settings, tests, tests, frame, parts, {})


RESULTS: dict[str, Callable[[], Any]] = {
    "trained": many_gans,
    "config": lambda: ge.TrainingConfig(epochs=3, discriminator_widths=(7,) * 500),
    "study": lambda: ge.Study(grid={"learning_rate_D": [0.001 * (i + 1) for i in range(300)]}),
    "results": lambda: synthetic.results(
        6, configs={f"{'x' * 200} {i}": ge.TrainingConfig(epochs=i + 1) for i in range(30)}
    ),
    "backends": lambda: Backends(
        Availability(f"b{i}", ["installed", "missing", "broken"][i % 3], ("cpu",), remedy="pip")
        for i in range(90)
    ),
    "certificate": shipped,
    "conformance": conformance,
    "dynamics": lambda: ge.dynamics(ge.TrainingConfig(), discriminators=4),
    "exercise": exercise,
    "benchmarks": benchmarks,
    "test": lambda: ge.mmd_test(REAL, REAL + 1, rng=0, permutations=99),
    "battery": lambda: ge.battery(REAL, REAL + 1, rng=0, permutations=99),
    "comparison": lambda: ge.compare(REAL, REAL + 1, permutations=99, tests=["energy"]),
    "ranking": lambda: ge.rank(REAL, {f"generator {i}": REAL + i / 20 for i in range(40)}),
    "distribution": lambda: ge.Gaussian(np.zeros((2000, 2)), np.ones((2000, 2, 2))),
    "target": ge.GaussianTarget.chapter,
}


@pytest.mark.parametrize("name", RESULTS)
def test_a_result_is_shown_in_few_lines(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = RESULTS[name]()
    lines = repr(result).splitlines()
    assert 1 <= len(lines) <= 15
    assert max(map(len, lines)) <= 1000
    if name in ("distribution", "target"):
        return
    table = result.to_series() if hasattr(result, "to_series") else result.to_frame()
    assert len(table)
    page = result._repr_html_()
    assert "<table" in page or name in ("comparison", "ranking")  # which show their page's head
    assert len(page) < 20_000


@pytest.mark.parametrize("name", ["trained", "results", "dynamics"])
def test_a_result_with_a_picture_is_drawn_apart_from_others(name: str) -> None:
    from matplotlib import pyplot as plt

    before = plt.get_fignums()
    figure = RESULTS[name]().plot()
    figure.canvas.draw()
    assert figure.axes
    assert plt.get_fignums() == before
