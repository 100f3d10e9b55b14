"""The studies in examples: they can be read, and run as short ones."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris

import gan_eval as ge
from examples.generators.per_species import PerSpecies
from gan_eval.runtime.settings import read_toml
from gan_eval.training.generators.fit import fit
from gan_eval.training.generators.settings import FitConfig

EXAMPLES = Path(__file__).parents[2] / "examples"


def iris() -> pd.DataFrame:
    found: Any = load_iris(as_frame=True)
    return found.data.assign(species=found.target_names[found.target])


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.toml")), ids=lambda path: path.name)
def test_it_is_a_study(path: Path) -> None:
    study = ge.Study.parse(read_toml(path))
    assert study.generator is not None
    assert (study.replicates, len(study.configurations())) == (20, 4)


def test_the_ring_gan_is_judged_beside_the_baselines(tmp_path: Path) -> None:
    settings: dict[str, Any] = read_toml(EXAMPLES / "ring_study.toml") | {
        "replicates": 2,
        "n_evaluation": 100,
    }
    settings["generator"] |= {"width": 8, "epochs": 20}
    settings["config"] = {"n_examples": 200}
    with contextlib.chdir(tmp_path):
        results = ge.run(ge.Study.parse(settings), workers=1)
    assert set(results.rows["backend"]) == {"RingGAN", "gaussian_fit", "bootstrap", "real_rows"}
    assert (results.rows["failure"] == "").all()
    assert len(results.epochs.query("backend == 'RingGAN'")) == 20
    copies = results.rows.set_index("backend")["copies_verdict"]
    assert set(copies["bootstrap"]) == {"copies"}


def test_a_table_with_a_category_is_made_level_by_level() -> None:
    rows = iris()
    made = PerSpecies().fit(rows, np.random.default_rng(0)).sample(3000, np.random.default_rng(1))
    assert list(made.columns) == list(rows.columns)
    assert made["species"].value_counts(normalize=True).to_numpy() == pytest.approx(1 / 3, abs=0.04)
    means = [one.groupby("species").mean().to_numpy() for one in (made, rows)]
    np.testing.assert_allclose(means[0], means[1], atol=0.08)  # 4 standard errors of the widest


def test_the_real_rows_of_a_table_are_as_many_as_there_are(tmp_path: Path) -> None:
    """A third of those held out, which are fewer than are asked for."""
    iris().to_csv(tmp_path / "iris.csv", index=False)
    target = {"data": str(tmp_path / "iris.csv"), "holdout": 0.4}
    config = FitConfig.parse({"generator": "real_rows", "target": target})
    found = fit(config, 0, 500)
    assert (found.failure, len(found.rows)) == ("", 20)
