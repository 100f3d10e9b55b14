"""``gan-eval dynamics``: what it prints, its page, its document, its time."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

import gan_eval as ge
from gan_eval.cli.status import status_of
from gan_eval.investigations.dynamics import words
from gan_eval.investigations.dynamics.page import render
from gan_eval.pages.numbers import number


def test_it_says_what_is_seen_and_writes_a_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "dynamics.html"
    assert status_of(["dynamics", "--discriminators", "8", "--html", str(page)]) == 0
    printed = capsys.readouterr().out
    headline = words.headline(ge.dynamics(ge.TrainingConfig(), discriminators=8))
    assert "blind to two of five" in headline
    assert " ".join(printed.split()).endswith(" ".join(headline.split()))
    html = page.read_text("utf-8")
    assert headline in html
    assert html.count("<svg") == 3
    assert html.index('id="fig-field"') < html.index('id="fig-seen"')
    assert "gan-eval dynamics" in html or "To compute again" in html
    assert "http://" not in html.replace("http://www.w3.org", "")


def test_where_the_game_goes_follows_the_slowest_mode() -> None:
    quick = ge.TrainingConfig(discriminator_form="quadratic", standardise="whiten")
    found = ge.dynamics(quick)
    assert found.spectrum is not None
    halves = found.spectrum.steps["alternating"].updates_to_halve
    assert number(halves) in words.headline(found)
    assert "only a training tells" in words.headline(found)  # Adam's steps are not plain ones
    plain = quick.model_copy(update={"optimizer": "sgd"})
    assert "goes to its equilibrium" in words.headline(ge.dynamics(plain))
    # Rates so large that steps leave it.
    fast = quick.model_copy(update={"learning_rate_D": 2.0, "learning_rate_G": 2.0})
    assert "leaves its equilibrium" in words.headline(ge.dynamics(fast))
    # Hardly any answer: longer than a training.
    slow = ge.dynamics(ge.TrainingConfig(optimizer="sgd"), discriminators=2)
    assert "creeps" in words.headline(slow)


def test_its_document_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    form = ["--set", "discriminator_form='quadratic'", "--set", "standardise='whiten'"]
    assert status_of(["dynamics", *form, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["visibility"]["invisible"] == 0
    assert found["visibility"]["squared_correlations"] == pytest.approx([1] * 5)
    assert found["visibility"]["bound"] == pytest.approx(0.0025)
    assert [row["map"] for row in found["spectrum"]["maps"]][1] == "alternating"
    assert found["trace"] is None
    assert "config" in found


def test_it_answers_in_two_seconds_of_processor_time() -> None:
    before = time.process_time()
    assert len(repr(ge.dynamics(ge.TrainingConfig())).splitlines()) <= 15
    assert time.process_time() - before < 2


@pytest.mark.parametrize("dimension", [1, 3])
def test_targets_of_other_dimensions_have_a_page(dimension: int) -> None:
    import numpy as np

    target = ge.GaussianTarget(np.diag(np.arange(1.0, dimension + 1)), np.zeros(dimension))
    config = ge.TrainingConfig(target=target, latent_size=dimension)
    html = render(ge.dynamics(config, discriminators=4))
    assert "<svg" in html
    assert "variance" in html


def test_a_page_without_a_spectrum_says_why() -> None:
    found = ge.dynamics(ge.TrainingConfig(latent_size=1), discriminators=4)
    html = render(found)
    assert "no equilibrium" in words.headline(found)
    assert "There is no equilibrium" in html
    assert html.count("<svg") == html.count('id="fig-seen"') == 1
    assert found.plot().axes


def test_a_discriminator_of_zeros_sees_nothing_and_has_a_page() -> None:
    found = ge.dynamics(ge.TrainingConfig(init_scale=0.0), discriminators=2)
    assert found.visibility.invisible == 5
    assert found.spectrum is not None
    assert not found.spectrum.moves
    assert "sees no direction" in words.headline(found)
    assert "stands still" in render(found)
    assert found.plot().axes
