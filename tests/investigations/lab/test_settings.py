"""The grid: the chapter is its start, every place is a configuration, no two are the same."""

from __future__ import annotations

from typing import Any

import pytest

import gan_eval as ge
from gan_eval.investigations.lab import Settings
from gan_eval.investigations.lab.controls import controls


def test_it_starts_at_the_chapter() -> None:
    settings = Settings.of()
    assert settings.config(settings.chapter) == ge.TrainingConfig()


@pytest.mark.parametrize("quick", [False, True])
def test_every_combination_is_a_configuration_of_its_own(
    quick: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gan_eval.investigations.lab.settings.controls", controls)
    settings = Settings.of(quick=quick)
    assert settings.places == (384 if quick else 1536)
    assert settings.trainings == settings.places * (24 if quick else 48)
    hashes = {settings.config(place).hash for place in range(settings.places)}
    assert len(hashes) == settings.places


def test_a_place_is_found_by_its_choices() -> None:
    settings = Settings.of()
    for place in range(settings.places):
        names = [control.name for control in settings.controls]
        assert settings.place(**dict(zip(names, settings.chosen(place), strict=True))) == place


@pytest.mark.parametrize(
    ("epochs", "curve", "laws"), [(2, 3, 3), (15, 16, 11), (20, 21, 11), (999, 21, 11)]
)
def test_kept_epochs_go_from_the_start_to_the_end(epochs: int, curve: int, laws: int) -> None:
    settings = Settings.of(epochs=epochs)
    assert (len(settings.curve_epochs), len(settings.law_epochs)) == (curve, laws)
    for kept in (settings.curve_epochs, settings.law_epochs):
        assert (kept[0], kept[-1]) == (0, epochs)
        assert sorted(set(kept)) == list(kept)
    assert set(settings.law_epochs) <= set(settings.curve_epochs)


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"replicates": 5}, "`replicates`"),
        ({"epochs": 1}, "`epochs`"),
        ({"first_seed": -1}, "`seed`"),
    ],
)
def test_what_cannot_be_used_is_named(given: Any, named: str) -> None:
    with pytest.raises(ge.UsageError, match=named):
        Settings.of(**given)
