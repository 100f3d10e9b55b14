"""Generators by their names: found, refused in a sentence, and told apart by their code."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gan_eval import UsageError
from gan_eval.runtime.provenance import source_version
from gan_eval.training.generators import loading
from gan_eval.training.generators.settings import FitConfig, GeneratorConfig
from tests.training.generators.misbehaving import Honest

USE = "tests.training.generators.misbehaving:Honest"


def test_a_class_an_object_and_a_name_are_found() -> None:
    assert loading.load(loading.name_of(Honest)) is Honest
    assert loading.name_of(Honest) == USE
    one = Honest(2.0)
    assert loading.load(loading.name_of(one)) is one
    assert loading.make(loading.name_of(one), {}).noise == 2.0
    assert loading.load("gaussian_fit").__name__ == "GaussianFit"
    assert {"bootstrap", "chapter", "gaussian_fit", "real_rows"} <= set(loading.names())


@pytest.mark.parametrize(
    ("use", "part"),
    [
        ("gausian_fit", "did you mean `gaussian_fit`"),
        ("no.such:Thing", "cannot be imported"),
        (f"{USE}r", "did you mean `Honest`"),
        ("__main__:Gone", "given as an object"),
    ],
)
def test_what_is_not_there_is_said(use: str, part: str) -> None:
    with pytest.raises(UsageError, match=part):
        loading.load(use)


def test_where_a_generator_can_run() -> None:
    class Local(Honest):
        pass

    assert loading.stays_here(USE) is None
    assert loading.stays_here("gaussian_fit") is None
    assert "inside a function" in (loading.stays_here(loading.name_of(Local)) or "")
    assert "as an object" in (loading.stays_here(loading.name_of(Honest())) or "")


def test_a_version_follows_the_source_unless_one_is_stated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    text = "class One:\n    size = 1\n    def fit(self, rows, rng): return self\n"
    path = tmp_path / "outside_one.py"
    path.write_text(text)
    before = loading.version_of("outside_one:One")
    source_version.cache_clear()
    path.write_text("# a remark\n" + text)
    assert loading.version_of("outside_one:One") == before
    source_version.cache_clear()
    path.write_text(text.replace("size = 1", "size = 2"))
    assert loading.version_of("outside_one:One") != before
    assert loading.version_of("outside_one:One", "3") == "version 3"
    assert loading.version_of("gaussian_fit") == "version 1"


def test_settings_stand_beside_use_and_are_told_apart() -> None:
    flat = GeneratorConfig.parse({"use": USE, "noise": 0.5})
    nested = GeneratorConfig.parse({"use": USE, "settings": {"noise": 0.5}})
    assert flat == nested
    assert flat.name == "Honest"
    with pytest.raises(UsageError, match="numbers, texts"):
        GeneratorConfig.parse({"use": USE, "noise": np.ones(2)})
    made = [
        FitConfig.parse({"generator": {"use": USE, "noise": noise}, "target": "ring8"})
        for noise in (0.5, 0.5, 0.6)
    ]
    assert made[0].hash == made[1].hash != made[2].hash
    stated = FitConfig.parse(
        {"generator": {"use": USE, "noise": 0.5, "version": "2"}, "target": "ring8"}
    )
    assert stated.hash == made[0].hash
