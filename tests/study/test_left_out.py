"""Configurations with a remedy that a backend does not train: left out there, or refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gan_eval.runtime.errors import UsageError
from gan_eval.study.plan.study import Study
from gan_eval.study.plan.units import cells, unavailable
from gan_eval.study.results.merge import merge
from gan_eval.training import remedies
from gan_eval.training.backends import Availability
from gan_eval.training.config import TrainingConfig

from ..report import synthetic

LACKS = tuple(name for name in remedies.DEFAULTS if name not in remedies.OF_EVERY_BACKEND)
FOUND = (
    Availability("jax", "installed", ("cpu",)),
    Availability("mxnet", "missing", remedy="pip install it", lacks=LACKS),
    Availability("tensorflow", "installed", ("cpu",), lacks=LACKS),
    Availability("tensorflow:eager", "installed", ("cpu",), lacks=LACKS),
)
GRID = {"optimizer": ["sgd", "adam"], "loss": ["hinge", "cross_entropy"]}


def test_what_a_backend_does_not_train_is_left_out_and_told() -> None:
    study = Study.parse({"replicates": 2, "grid": GRID})
    planned = cells(study, FOUND)
    assert [cell.backend for cell in planned].count("jax") == 4
    (own,) = (cell for cell in planned if cell.backend == "tensorflow")
    assert isinstance(own.config, TrainingConfig)
    assert not own.config.remedies
    assert own.timed  # the first that it trains, not the first of the study
    labels = list(study.configurations())
    assert [cell.label for cell in planned] == sorted(
        (cell.label for cell in planned), key=labels.index
    )
    missing, left_out = unavailable(study, FOUND)
    assert (missing["name"], missing["state"]) == ("mxnet", "missing")
    assert left_out["name"] == "tensorflow"
    assert "3 of 4" in left_out["state"]
    assert "`optimizer`" in left_out["remedy"]
    assert "`loss`" in left_out["remedy"]
    assert "`r1`" not in left_out["remedy"]


def test_hidden_layers_of_the_generator_are_left_out_and_mixtures_are_not() -> None:
    grid = {"generator_widths": [[], [8]]}
    study = Study.parse({"replicates": 2, "grid": grid, "config": {"target": "ring8"}})
    planned = cells(study, FOUND)
    assert [cell.backend for cell in planned].count("jax") == 2
    (own,) = (cell for cell in planned if cell.backend == "tensorflow")
    assert isinstance(own.config, TrainingConfig)
    assert own.config.generator_widths == ()
    assert own.config.target.preset == "ring8"
    assert "`generator_widths`" in unavailable(study, FOUND)[1]["remedy"]


def test_what_every_backend_trains_is_left_out_nowhere() -> None:
    study = Study.parse({"replicates": 2, "config": {"preset": "mended"}})
    assert {cell.backend for cell in cells(study, FOUND)} == {"jax", "tensorflow"}
    assert [entry["name"] for entry in unavailable(study, FOUND)] == ["mxnet"]


def test_a_named_backend_that_does_not_train_a_configuration_is_refused() -> None:
    study = Study.parse({"replicates": 2, "grid": GRID, "backends": ["jax", "tensorflow"]})
    with pytest.raises(UsageError, match="'tensorflow' does not train `optimizer` or `loss`"):
        cells(study, FOUND)
    able = (FOUND[0], replace(FOUND[2], lacks=()))
    assert len(cells(study, able)) == 8


def test_what_was_left_out_is_still_told_of_merged_runs() -> None:
    told = {"name": "tensorflow", "state": "left out of 1 of 2 configurations", "remedy": "it"}
    runs = [synthetic.results(2, where=((name, "cpu"),)) for name in ("tensorflow", "jax")]
    for run in runs:
        run.provenance["unavailable"] = [told]
    assert merge(runs)[0].provenance["unavailable"] == [told]
