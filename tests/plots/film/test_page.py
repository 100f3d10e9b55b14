"""The film as a page: one file, the last epoch without scripts, a path for every frame."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

import gan_eval as ge
from gan_eval.plots.film.frames import NOT_TOLD, Film
from gan_eval.plots.film.page import page
from gan_eval.training import backends
from gan_eval.training.recording import Recording


def film_of(settings: dict, told: bool = True) -> Film:
    config = ge.TrainingConfig.parse({"epochs": 4, "n_examples": 100, **settings})
    recording = Recording(5)
    one = backends.backend("fused_cpu").train(config, [5], "cpu", recording)
    return Film.of(one, recording.discriminators if told else [])


def trace_of(html: str) -> dict:
    found = re.search(r'id="film-trace">(.*?)</script>', html, re.DOTALL)
    assert found is not None
    return json.loads(found[1])


@pytest.mark.parametrize(
    "settings",
    [{}, {"preset": "mended"}, {"loss": "hinge"}, {"target": {"A": [[2.0]], "b": [1.0]}}],
)
def test_every_frame_has_its_paths_and_the_last_one_is_drawn(settings: dict) -> None:
    html = page(film_of(settings))
    trace = trace_of(html)
    assert len(trace["told"]) == len(trace["labels"]) == 5
    for frames in (*trace["paths"].values(), *trace["clips"].values(), *trace["dots"].values()):
        assert len(frames) == 5
    for name in ("learned", "generated", "D", "half"):
        assert f'd="{trace["paths"][name][-1]}"' in html
        assert "nan" not in "".join(trace["paths"][name])
    assert trace["paths"]["learned"][0] != trace["paths"]["learned"][-1]
    for widths in trace["clips"].values():
        assert (np.diff(widths) >= 0).all()
        assert widths[0] == 0
    assert not re.search(r'(?:src|href)="(?!#)', html)
    assert "url(http" not in html
    assert len(html) < 1.5e6


def test_without_the_discriminators_there_are_no_lines_and_the_page_says_so() -> None:
    html = page(film_of({}, told=False))
    assert set(trace_of(html)["paths"]["D"]) == {""}
    assert NOT_TOLD in html


def test_a_long_training_and_one_that_diverges_are_pages() -> None:
    assert len(page(film_of({"epochs": 300, "n_examples": 16}))) < 1.5e6
    html = page(film_of({"learning_rate_D": 1e30, "learning_rate_G": 1e30}))
    assert "diverged" in html


@pytest.mark.parametrize(
    "settings",
    [
        {"generator_widths": [5], "generator_activation": "relu", "target": "ring8"},
        {"target": "grid25"},
        {"generator_widths": [5], "target": {"A": [[2.0]], "b": [1.0]}},
        {"generator_widths": [5], "generator_activation": "leaky_relu", "epochs": 40}
        | {"n_examples": 16},
    ],
)
def test_what_has_no_closed_form_is_followed_by_points_and_worth(settings: dict) -> None:
    film = film_of(settings)
    html = page(film)
    trace = trace_of(html)
    frames = min(film.one.config.epochs + 1, 21)
    assert len(trace["told"]) == frames
    assert all("worth" in told for told in trace["told"])
    assert set(trace["dots"]) == {"loss_D", "loss_G", "worth_energy"}
    assert (set(trace["paths"]["learned"]) == {""}) == bool(film.one.hidden)
    assert all(path.startswith("M") for path in trace["paths"]["generated"])
    assert len(html) < 1.5e6
