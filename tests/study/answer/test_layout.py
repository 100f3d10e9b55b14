"""A study's axes: a grid's, a zip's that is a grid, and one that is none."""

from __future__ import annotations

import tomllib

import pytest

from gan_eval.study.answer.cells import plain_cells
from gan_eval.study.answer.layout import Layout, layout
from gan_eval.study.plan import ready
from gan_eval.study.plan.study import Study

from .made import grid, made


def laid(study: dict) -> Layout:
    count = len(Study.parse(study).configurations())
    rows, provenance = made(study, [10.0] * count, seeds=2)
    return layout(plain_cells(rows, provenance), provenance)


def of_ready(name: str) -> Layout:
    return laid(tomllib.loads(ready.text(name)))


def test_a_grid_has_its_axes_with_their_numbers() -> None:
    found = laid(grid(learning_rate_D=[0.05, 0.2], latent_size=[2, 3, 4]))
    assert [axis.numbers for axis in found.axes] == [(0.05, 0.2), (2.0, 3.0, 4.0)]
    assert found.entries[4].place == (1, 1)
    assert [len(group) for group in found.slices(0)] == [2, 2, 2]
    assert [len(group) for group in found.slices(1)] == [3, 3]
    assert len({entry.name for entry in found.entries}) == 6


def test_a_zip_that_holds_every_combination_is_read_as_a_grid() -> None:
    found = of_ready("optimisers")
    assert [axis.fields for axis in found.axes] == [("preset",), ("optimizer",)]
    assert [len(axis) for axis in found.axes] == [2, 4]


def test_a_zip_that_does_not_is_one_axis() -> None:
    found = of_ready("batch-size")
    assert [axis.fields for axis in found.axes] == [("batch_size", "epochs")]
    assert found.axes[0].numbers is None
    rows = of_ready("training-set-size").axes[0]
    assert rows.numbers == (1000, 30, 100, 300, 3000, 10000)


@pytest.mark.parametrize("name", [name for name in ready.names() if name != "chapter"])
def test_every_configuration_of_a_ready_study_has_a_place_and_a_name_of_its_own(name: str) -> None:
    found = of_ready(name)
    labels = list(Study.parse(tomllib.loads(ready.text(name))).configurations())
    assert [entry.label for entry in found.entries] == labels
    assert len({entry.place for entry in found.entries}) == len(labels)
    assert len({entry.name for entry in found.entries}) == len(labels)
    assert found.missing == ()


def test_configurations_without_rows_are_named_as_missing() -> None:
    rows, provenance = made(grid(latent_size=[2, 3, 4]), [10, 10, 10], seeds=3)
    left = rows[rows["configuration"] != "latent_size=3"]
    found = layout(plain_cells(left, provenance), provenance)
    assert len(found.entries) == 2
    assert len(found.missing) == 1


def test_without_axes_in_the_provenance_the_configurations_are_one_axis() -> None:
    rows, _ = made(grid(latent_size=[2, 3]), [10, 10], seeds=3)
    found = layout(plain_cells(rows, {}), {})
    assert [len(axis) for axis in found.axes] == [2]
    assert [entry.label for entry in found.entries] == ["latent_size=2", "latent_size=3"]
