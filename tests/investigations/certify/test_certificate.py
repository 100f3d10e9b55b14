from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import chi2

from gan_eval.distributions.mixture import MixtureTarget
from gan_eval.investigations.certify import (
    JUDGE,
    TESTS,
    Certificate,
    Settings,
    Subject,
    certify,
)
from gan_eval.investigations.certify.alternatives import LAWS_OF, PATHS, paths_of, truth
from gan_eval.investigations.certify.power import OPTIMUM
from gan_eval.investigations.certify.result import SHIPPED, shipped
from gan_eval.investigations.certify.run import known, named
from gan_eval.investigations.certify.size import count, faults
from gan_eval.judging.generators.measures import one_sample_names
from gan_eval.runtime.errors import UsageError

from .paths import at

CHEAP = ("classical_hotelling", "target_hotelling")
SMALL = Settings(
    sizes=((12, 15),), dimensions=(1, 2), repetitions=120, power_repetitions=20, seed=5
)


@pytest.fixture(scope="module")
def made() -> Certificate:
    return certify(CHEAP, SMALL, workers=1, command="gan-eval certify …")


def test_a_certificate_has_every_case_with_its_counts(made: Certificate) -> None:
    """Exact tests of Gaussian data: a false accusation has probability below 1e-3, seed fixed."""
    assert made.faults == ()
    assert len(made.sizes) == 2 * 2
    assert all(sum(case.first.histogram) == 120 for case in made.sizes)
    assert {curve.test for curve in made.power} == {OPTIMUM, *CHEAP}
    assert len(made.paths) == 7
    assert made.curve("classical_hotelling", "shift_minor") is not None
    assert made.curve("classical_hotelling", "elsewhere") is None
    assert made.means == ()
    assert made.provenance["environment"]["packages"]["numpy"]


def test_json_gives_the_same_certificate(made: Certificate, tmp_path: Path) -> None:
    path = tmp_path / "certificate.json"
    path.write_text(made.to_json(), encoding="utf-8")
    assert Certificate.load(path) == made
    document = json.loads(made.to_json())
    assert document["passed"] is True
    assert document["settings"]["repetitions"] == 120


@pytest.mark.thorough
def test_numbers_depend_on_the_seed_and_on_nothing_else(made: Certificate) -> None:
    pair = certify(CHEAP, SMALL, workers=2)
    assert (pair.sizes, pair.power) == (made.sizes, made.power)
    alone = certify(CHEAP[1:], SMALL, workers=1)
    assert alone.sizes == made.sizes[2:]
    other = certify(CHEAP[1:], replace(SMALL, seed=6), workers=1)
    assert other.sizes != alone.sizes


def test_any_function_can_be_certified() -> None:
    """Its p-values are uniform and it sees nothing: below 100 samples no fault but dullness."""
    settings = Settings(sizes=((5, 5),), dimensions=(1,), repetitions=200, power_repetitions=20)
    certificate = certify({"dice": lambda x, y, rng: rng.random()}, settings, workers=1)
    assert certificate.faults == ()
    larger = certify(
        {"dice": lambda x, y, rng: rng.random()},
        replace(settings, sizes=((100, 100),)),
        workers=1,
    )
    assert len(larger.faults) == 4
    assert all("power does not rise" in fault for fault in larger.faults)


def nearest(x: np.ndarray, y: np.ndarray, rng: object, target: MixtureTarget) -> float:
    """The χ² of the distances to the nearest mode, whose distribution is exact."""
    return float(chi2.sf((target.mahalanobis(y).min(axis=1) ** 2).sum(), y.size))


@pytest.mark.parametrize("target", ["ring8", "grid25"])
def test_a_test_is_certified_against_a_mixture_that_it_is_told(target: str, tmp_path: Path) -> None:
    """A false accusation has probability below 1e-3, seed fixed."""
    sees = ("wide", "scattered", "rotation")
    subject = Subject("nearest", "nearest", nearest, {target: "exact"}, sees, knows_target=True)
    settings = Settings(((30, 30),), repetitions=200, power_repetitions=20, target=target)
    found = certify([subject], settings, workers=1)
    assert found.faults == ()
    assert [(case.law, case.dimension) for case in found.sizes] == [(target, 2)]
    assert found.means == ()
    assert found.paths == paths_of(target)
    assert found.tests["nearest"].sees == ("wide", "scattered")
    assert found.strength("modes_lost", 0.1) == at(PATHS["modes_lost"], 0.1, truth(2, target))[0]
    assert np.isnan(found.strength("modes_lost", 50.0))
    (tmp_path / "c.json").write_text(found.to_json(), encoding="utf-8")
    assert Certificate.load(tmp_path / "c.json") == found


@pytest.mark.statistical
def test_the_cheap_one_sample_tests_keep_their_level_against_a_mixture() -> None:
    """100 p-values of 20 rows in the 99.9 % band at each level and by χ²; the seed is fixed."""
    for name in ("mode_shares", "log_density"):
        found = count(TESTS[name], "ring8", 2, 20, 2, 0, "first", range(100), (0.05, 0.1, 0.5))
        assert faults(found, (0.05, 0.1, 0.5), "exact", 0.999) == ()


@pytest.mark.statistical
@pytest.mark.thorough
@pytest.mark.parametrize("target", ["ring8", "grid25"])
def test_sizes_of_every_test_against_a_mixture_are_as_claimed(target: str) -> None:
    """200 p-values of 30 against 25 rows in 99.9 % bands and by their histogram; seed fixed."""
    for name in named("all", target):
        subject = TESTS[name]
        found = count(subject, target, 30, 25, 2, 0, "first", range(200), (0.05, 0.1, 0.5))
        assert faults(found, (0.05, 0.1, 0.5), subject.claims[target], 0.999) == (), name


def test_a_test_that_fails_is_named() -> None:
    def broken(x: object, y: object, rng: object) -> float:
        raise ValueError("no")

    with pytest.raises(UsageError, match=r"broken.* could not be certified: no"):
        certify({"broken": broken}, SMALL, workers=1)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"sizes": ((1, 5),)}, "n must be a whole number of at least 2, got 1"),
        ({"dimensions": (0,)}, "dimension must be a whole number of at least 1"),
        ({"dimensions": (2, 2)}, "dimensions must name at least one value, each once"),
        ({"repetitions": 99}, "repetitions must be a whole number of at least 100, got 99"),
        ({"alphas": (0.012,)}, "alpha must be a multiple of 0.01"),
        ({"alphas": (1.0,)}, "alpha must be above 0 and below 1"),
        ({"seed": -1}, "seed must be between 0 and"),
        ({"target": "ring"}, "`target` must be one of chapter, ring8, grid25, got 'ring'"),
        ({"target": ["ring8"]}, "`target` must be one of"),
        ({"target": "ring8", "dimensions": (2, 3)}, "`dimension` of the target ring8 is 2, got 2"),
    ],
)
def test_settings_that_cannot_be_used_are_refused(options: dict, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        Settings(**options)


def test_options_of_the_command() -> None:
    assert Settings.of() == Settings()
    chosen = Settings.of(30, None, [3], 400, [0.05], 7)
    assert chosen.sizes == ((30, 30),)
    assert (chosen.dimensions, chosen.power_dimension) == ((3,), 3)
    assert (chosen.repetitions, chosen.power_repetitions) == (400, 40)
    assert Settings.of(target="grid25").dimensions == (2,)
    assert Settings.of().dimensions == (1, 2, 10)
    with pytest.raises(UsageError, match="`m` goes with `n`"):
        Settings.of(m=3)
    assert named(None) == named("judge") == JUDGE
    assert set(TESTS) - set(named("all")) == {"mode_shares"}
    assert named(None, "ring8") == one_sample_names(MixtureTarget.ring())
    assert set(TESTS) - set(named("all", "ring8")) >= {"mmd_by_target", "target_hotelling"}
    assert named("mmd, energy") == ("mmd", "energy")
    with pytest.raises(UsageError, match=r"unknown test 'mdm'.*did you mean `mmd`"):
        known(["mdm"])
    with pytest.raises(UsageError, match="each once"):
        known(["mmd", "mmd"])
    with pytest.raises(UsageError, match=r"'target_mmd' promises nothing of data from grid25"):
        known(["mmd", "target_mmd"], "grid25")
    with pytest.raises(UsageError, match=r"'mode_shares' promises nothing of data from chapter"):
        known(["mode_shares"])


def test_what_is_no_certificate_is_refused(tmp_path: Path) -> None:
    for text in ("{}", "[1]", "1", '{"format": 1}', '{"format": 1, "settings": []}'):
        (tmp_path / "c.json").write_text(text)
        with pytest.raises(UsageError, match="is not a certificate"):
            Certificate.load(tmp_path / "c.json")
    for text in ("{", "[" * 200_000, "9" * 5000):
        (tmp_path / "c.json").write_text(text)
        with pytest.raises(UsageError, match=r"is not (valid|usable) JSON"):
            Certificate.load(tmp_path / "c.json")
    (tmp_path / "c.json").write_text('{"format": 99}')
    with pytest.raises(UsageError, match="format 1 is needed, got format 99"):
        Certificate.load(tmp_path / "c.json")


def test_every_test_of_the_catalogue_gives_a_pvalue_of_its_samples() -> None:
    rng = np.random.default_rng(0)
    for name, subject in TESTS.items():
        x, y = rng.standard_normal((12, 2)), rng.standard_normal((15, 2))
        for target in LAWS_OF:
            if set(LAWS_OF[target]) & set(subject.claims):
                pvalue = subject.pvalue(x, y, np.random.default_rng(1), truth(2, target))
                assert 0 < pvalue <= 1, name


def test_the_certificate_of_the_package_is_of_the_judges_tests_and_kept() -> None:
    certificate = shipped()
    assert tuple(certificate.tests) == JUDGE
    assert certificate.settings == Settings()
    assert certificate.settings.repetitions == 2000
    assert len(certificate.sizes) == len(JUDGE) * 2 * 2 * 3
    assert certificate.passed, certificate.faults
    assert certificate.to_json() == SHIPPED.read_text(encoding="utf-8")


@pytest.mark.statistical
def test_counts_of_the_package_are_reproduced() -> None:
    """The first 40 p-values of one case, computed again, fit into its histogram."""
    from gan_eval.investigations.certify import size

    case = next(c for c in shipped().sizes if c.test == "energy" and c.dimension == 1)
    counts = size.count(
        TESTS["energy"], case.law, case.n, case.m, 1, 0, "first", range(40), case.alphas
    )
    fits = zip(counts.histogram, case.first.histogram, strict=True)
    assert all(part <= whole for part, whole in fits)
