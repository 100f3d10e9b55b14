"""A film's frames: each epoch with its own generator, discriminator and curves."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from matplotlib.figure import Figure

import gan_eval as ge
from gan_eval.distributions.gaussian import ellipse
from gan_eval.plots.film.frames import MOST_FRAMES, Film, images
from gan_eval.training import backends, draws
from gan_eval.training.recording import Recording
from gan_eval.training.trained import TrainedGANs

SMALL = ge.TrainingConfig(epochs=3, n_examples=100)


def recorded(
    config: ge.TrainingConfig, backend: str = "fused_cpu"
) -> tuple[TrainedGANs, Recording]:
    recording = Recording(5)
    return backends.backend(backend).train(config, [5], "cpu", recording), recording


@pytest.mark.parametrize("backend", ["pytorch", "fused_cpu"])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"standardise": "columns"},
        {"discriminator_form": "quadratic"},
        {"generator_average": "half"},
        {"loss": "hinge"},
    ],
)
def test_a_frames_discriminator_is_that_of_a_training_that_ends_there(
    settings: dict, backend: str
) -> None:
    config = ge.TrainingConfig.parse({"epochs": 3, "n_examples": 100, **settings})
    one, recording = recorded(config, backend)
    film = Film.of(one, recording.discriminators)
    rows = config.target.build().sample(6, 0)
    short = ge.train(config.model_copy(update={"epochs": 2}), [5], backend=backend)
    for epoch, expected in ((2, short), (3, one)):
        now = film.at(epoch)
        assert now is not None
        np.testing.assert_array_equal(now.critic(0, rows), expected.critic(0, rows))
    start = film.at(0)
    assert start is not None
    assert np.isfinite(start.critic(0, rows)).all()


def test_the_plane_of_a_frame_shows_that_epochs_law_within_the_films_limits() -> None:
    one, recording = recorded(SMALL)
    film = Film.of(one, recording.discriminators)
    limits = film.limits()
    assert limits is not None
    for epoch in (0, 3):
        ax = Figure().add_subplot()
        film.plane(ax, epoch)
        outline = ellipse(ge.Gaussian(one.biases[0, epoch], one.weights[0, epoch]))
        assert any(
            np.array_equal(np.column_stack(line.get_data()), outline)
            for line in ax.lines
            if len(np.asarray(line.get_xdata())) == len(outline)
        )
        assert ax.get_xlim() == pytest.approx(limits[0])
        assert ax.get_ylim() == pytest.approx(limits[1])


def test_long_trainings_keep_both_ends_and_a_backend_may_not_tell() -> None:
    long = ge.TrainingConfig(epochs=200, n_examples=8)
    film = Film.of(ge.train(long, [5], backend="fused_cpu"), [])
    assert len(film.frames) == MOST_FRAMES
    assert (film.frames[0], film.frames[-1]) == (0, 200)
    assert film.at(3) is None
    assert film.discriminators is None


def test_every_image_has_one_size_and_its_own_content() -> None:
    one, recording = recorded(SMALL)
    shots = list(images(Film.of(one, recording.discriminators), dpi=40))
    assert len(shots) == 4
    assert {shot.shape for shot in shots} == {shots[0].shape}
    assert all((a != b).any() for a, b in pairwise(shots))
    # Sentinels of the page's colours were painted.
    assert not ((shots[0][..., 0] == 0xFE) & (shots[0][..., 1] == 0x01)).any()


def test_a_generator_with_hidden_layers_is_drawn_by_the_points_of_each_epoch() -> None:
    config = ge.TrainingConfig(
        epochs=3, n_examples=100, generator_widths=(6,), generator_activation="relu", target="ring8"
    )
    one, recording = recorded(config, "pytorch")
    film = Film.of(one, recording.discriminators)
    limits = film.limits()
    assert limits is not None
    for epoch in (0, 3):
        ax = Figure().add_subplot()
        film.plane(ax, epoch)
        layers = one.generator(0, epoch)
        z = draws.evaluation_latent(5, 400, 2)
        expected = np.maximum(z @ layers[0].weight + layers[0].bias, 0)
        expected = expected @ layers[1].weight + layers[1].bias
        np.testing.assert_allclose(
            np.asarray(ax.collections[1].get_offsets()), expected, atol=1e-12
        )
        assert ax.get_xlim() == pytest.approx(limits[0])
