"""``import gan_eval as ge``: what a user finds there, as they find it, in a fresh process."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import gan_eval

SNIPPET = """
from pathlib import Path
import numpy as np
import gan_eval as ge

gans = ge.train(ge.TrainingConfig(epochs=2, n_examples=64), seeds=range(4), backend="fused_cpu")
rows = ge.judge(gans, permutations=19)
cells = ge.summarise(rows)
assert len(gans) == len(rows) == 4
assert len(cells) == 1
study = ge.Study(
    backends=["fused_cpu"], replicates=2, permutations=0, config={"epochs": 1, "n_examples": 64}
)
results = ge.run(study, folder="reports/mine", workers=1)
assert list(ge.load("reports/mine")["kl"]) == list(results.rows["kl"])
assert Path("reports/mine/report.html").stat().st_size > 10_000
real = ge.GaussianTarget.chapter().sample(40, 0)
generated = gans.generate(0, 40)
assert ge.compare(real, generated, permutations=199).told_apart
assert ge.battery(real, generated, permutations=199, rng=0).told_apart
assert ge.mmd_test(real, generated, rng=0).pvalue < 0.05
assert ge.energy_test(real, generated, rng=0).pvalue < 0.05
assert np.all(ge.kl(gans.law(), ge.GaussianTarget.chapter()) > 0)
assert ge.backend("fused_cpu").name == "fused_cpu"
"""


def fresh(script: str, cwd: Path | None = None) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        capture_output=True,
        text=True,
        cwd=cwd,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_dir_is_all_and_nothing_heavy_is_loaded() -> None:
    script = (
        "import sys, gan_eval\n"
        "assert dir(gan_eval) == sorted(gan_eval.__all__)\n"
        "heavy = {'numpy', 'pandas', 'scipy', 'torch', 'pydantic', 'typer', 'rich', 'matplotlib'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    fresh(script)


@pytest.mark.thorough
def test_the_face_does_what_it_says(tmp_path: Path) -> None:
    fresh(SNIPPET, tmp_path)


@pytest.mark.parametrize(
    "name",
    [
        *("gan_eval", "gan_eval.testing.assertions", "gan_eval.training.backends.registry"),
        "gan_eval.investigations.dynamics.run",
        pytest.param("gan_eval.report.run", marks=pytest.mark.thorough),
        pytest.param("gan_eval.training.run", marks=pytest.mark.thorough),
    ],
)
def test_the_examples_of_the_face_are_true(name: str) -> None:
    flags = doctest.NORMALIZE_WHITESPACE
    found = doctest.testmod(importlib.import_module(name), optionflags=flags)
    assert found.attempted
    assert not found.failed


def test_no_package_takes_the_place_of_a_verb() -> None:
    """``import gan_eval.x`` sets the attribute ``x``, so no module may have a name of the face."""
    modules = {module.name for module in pkgutil.iter_modules(gan_eval.__path__)}
    assert modules & set(gan_eval.__all__) == {"plots"}  # offered as a module
    for name in set(gan_eval.__all__) - {"plots"}:
        assert callable(getattr(gan_eval, name)), name
