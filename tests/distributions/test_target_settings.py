"""Targets as settings: every form gives the distribution that it says; refusals."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gan_eval.distributions.mixture import MixtureTarget
from gan_eval.distributions.presets import PRESETS
from gan_eval.distributions.student_t import StudentTTarget
from gan_eval.distributions.target import GaussianTarget
from gan_eval.distributions.target_settings import (
    settings_of_target,
    target_of_settings,
    target_of_text,
)
from gan_eval.runtime.errors import UsageError

CHAPTER = GaussianTarget.chapter()
DEVIATIONS = np.sqrt(np.diag(CHAPTER.covariance))
CORRELATION = CHAPTER.covariance / np.outer(DEVIATIONS, DEVIATIONS)

GAUSSIANS: list[Any] = [
    "chapter",
    {"preset": "chapter"},
    {"target": "chapter"},
    {"A": CHAPTER.A.tolist(), "b": CHAPTER.b.tolist()},
    {"target": {"mean": CHAPTER.mean.tolist(), "covariance": CHAPTER.covariance.tolist()}},
    {
        "mean": CHAPTER.mean.tolist(),
        "standard_deviations": DEVIATIONS.tolist(),
        "correlation": CORRELATION.tolist(),
    },
    {
        "mean": CHAPTER.mean.tolist(),
        "standard_deviations": DEVIATIONS.tolist(),
        "correlation": CORRELATION[0, 1],
    },
    CHAPTER,
    (CHAPTER.mean, CHAPTER.covariance),
]


@pytest.mark.parametrize("settings", GAUSSIANS, ids=range(len(GAUSSIANS)))
def test_all_forms_of_a_gaussian_give_the_same_distribution(settings: Any) -> None:
    found = target_of_settings(settings)
    assert isinstance(found, GaussianTarget)
    np.testing.assert_allclose(found.covariance, CHAPTER.covariance)
    np.testing.assert_allclose(found.mean, CHAPTER.mean)


def test_one_correlation_is_that_of_all_pairs() -> None:
    found: Any = target_of_settings(
        {"mean": [0, 0, 0], "standard_deviations": [1, 2, 3], "correlation": 0.5}
    )
    np.testing.assert_allclose(found.covariance, [[1, 1, 1.5], [1, 4, 3], [1.5, 3, 9]])


def test_components_are_a_mixture() -> None:
    found = target_of_settings(
        {
            "components": [
                {"weight": 0.25, "mean": [0, 1], "covariance": [[2, 1], [1, 2]], "name": "wide"},
                {"weight": 0.5, "mean": [1, 1], "standard_deviation": 3, "name": "round"},
                {"weight": 0.25, "mean": [2, 0], "standard_deviations": [1, 2], "name": "flat"},
            ]
        }
    )
    assert isinstance(found, MixtureTarget)
    expected = [[[2, 1], [1, 2]], [[9, 0], [0, 9]], [[1, 0], [0, 4]]]
    np.testing.assert_allclose(found.covariances, expected)
    np.testing.assert_array_equal(found.means, [[0, 1], [1, 1], [2, 0]])
    np.testing.assert_array_equal(found.weights, [0.25, 0.5, 0.25])
    assert found.modes.names == ("wide", "round", "flat")


def test_components_without_weights_are_equal() -> None:
    parts = [{"mean": place, "standard_deviation": 1} for place in (0, 1, 2)]
    found: Any = target_of_settings({"components": parts})
    np.testing.assert_allclose(found.weights, 1 / 3)
    assert found.dimension == 1


def test_a_student_t_is_given_by_its_scale_or_its_covariance() -> None:
    matrix = [[2.0, 1.0], [1.0, 2.0]]
    by_scale, by_covariance = (
        target_of_settings({"mean": [0, 1], "degrees_of_freedom": 4, name: matrix})
        for name in ("scale", "covariance")
    )
    assert isinstance(by_scale, StudentTTarget)
    assert isinstance(by_covariance, StudentTTarget)
    np.testing.assert_allclose(by_scale.scale, matrix)
    np.testing.assert_allclose(by_covariance.covariance, matrix)


@pytest.mark.parametrize(
    "target",
    [
        MixtureTarget.grid(),
        MixtureTarget(np.full(7, 1 / 7), np.arange(7.0), np.full(7, 0.3), names=list("abcdefg")),
        StudentTTarget(2.7, [0.1, 0.2], [[1.0, 0.3], [0.3, 0.7]]),
    ],
    ids=repr,
)
def test_settings_give_the_same_target_again(target: Any) -> None:
    settings = settings_of_target(target)
    assert settings is not None
    assert target_of_settings(json.loads(json.dumps(settings))) == target
    assert settings_of_target(object()) is None
    own: Any = target_of_settings(settings_of_target(CHAPTER))
    np.testing.assert_array_equal(own.A, CHAPTER.A)


def test_the_presets_are_targets_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, make in PRESETS.items():
        made: Any = make()
        for found in (target_of_settings(name), target_of_text(name)):
            assert type(found) is type(made)
            np.testing.assert_array_equal(found.sample(5, 0), made.sample(5, 0))


def test_a_file_is_read_as_toml_or_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.toml").write_text('[target]\npreset = "ring8"\n')
    Path("parts.toml").write_text(
        "[[components]]\nmean = [0.0]\nstandard_deviation = 1.0\n"
        "[[components]]\nmean = [3.0]\nstandard_deviation = 2.0\n"
    )
    Path("mine.json").write_text(json.dumps({"target": "grid25"}))
    Path("name.json").write_text('"chapter"')
    Path("ring8").write_text('preset = "grid25"\n')  # a file comes before a preset
    found: list[Any] = [
        target_of_text(name)
        for name in ("mine.toml", "parts.toml", "mine.json", "name.json", "ring8")
    ]
    assert [repr(one).split(" in ")[0].split("(")[0] for one in found] == [
        "MixtureTarget of 8 components",
        "MixtureTarget of 2 components",
        "MixtureTarget of 25 components",
        "GaussianTarget",
        "MixtureTarget of 25 components",
    ]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("ring", "no target or file is called 'ring': did you mean `ring8`"),
        ("zzz", "known are `chapter`, `ring8`, `grid25`"),
        ("nowhere.toml", "no file 'nowhere.toml'"),
        ("nowhere/ring8", "no file 'nowhere/ring8'"),
        ("list.json", "a target in JSON is an object"),
    ],
)
def test_what_names_no_target_is_refused(
    text: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("list.json").write_text("[1]")
    with pytest.raises(UsageError, match=reason):
        target_of_text(text)


ROUND = {"mean": [0.0], "standard_deviation": 1.0}


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({}, "got nothing"),
        ({"A": [[1.0]]}, "got `A`"),
        ({"A": [[1.0]], "b": [0.0], "mean": [0.0]}, "got `A`, `b` and `mean`"),
        ({"mean": [0.0], "covarience": [[1.0]]}, "covariance"),
        ({"target": 3}, "must be a table, the name of a preset or a distribution, got 3"),
        ({"mean": [0.0, 0.0], "covariance": [[1.0, 1.0], [1.0, 1.0]]}, "covariance"),
        ({"preset": "gird25"}, "no target is called 'gird25': did you mean `grid25`"),
        ({"preset": 8}, "no target is called 8"),
        ("ringg8", "did you mean `ring8`"),
        ([[1.0]], "must be a table"),
        ({"mean": [0, 0], "standard_deviations": [1, 1], "correlation": 1.2}, "the correlation is"),
        ({"mean": [0, 0], "standard_deviations": [1, 0], "correlation": 0}, "above 0"),
        ({"mean": [0], "standard_deviations": [1, 1], "correlation": 0}, "`mean` must have one"),
        ({"mean": [0, 0], "standard_deviations": [1, 1], "correlation": [[1]]}, "`correlation`"),
        (
            {"mean": [0], "standard_deviations": [2], "correlation": [[4]]},
            "`correlation` must have 1 on its diagonal",
        ),
        ({"components": []}, "`components` must be a list of tables"),
        ({"components": "ring8"}, "`components` must be a list of tables"),
        ({"components": [3]}, "component 1 of a target must be a table"),
        ({"components": [{"mean": [0.0]}]}, "component 1 of a target needs `mean` and one of"),
        ({"components": [ROUND | {"wieght": 1}]}, "did you mean `weight`"),
        ({"components": [ROUND, ROUND | {"weight": 1}]}, "not in component 1"),
        ({"components": [ROUND, ROUND | {"mean": [0, 0]}]}, "means of one length, got 1 and 2"),
        ({"components": [ROUND | {"standard_deviation": -1}]}, "`standard_deviation` must be"),
        ({"components": [{"mean": [0.0], "covariance": [[1, 0], [0, 1]]}]}, "`covariance` for a"),
        ({"components": [{"mean": [0.0], "covariance": [[-1]]}]}, "component 1 of a mixture"),
        ({"mean": [0], "covariance": [[1]], "degrees_of_freedom": 2}, "give its scale matrix"),
        ({"mean": [0], "scale": [[1]], "degrees_of_freedom": 0}, "degrees_of_freedom must be"),
        ({"A": [["x"]], "b": [0.0]}, "`A`"),
    ],
)
def test_what_describes_no_target_is_refused(settings: Any, reason: str) -> None:
    with pytest.raises(UsageError, match=reason) as refusal:
        target_of_settings(settings)
    assert "\n" not in str(refusal.value)
