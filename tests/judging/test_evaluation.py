"""What needs samples, many replicates at once, held against one replicate at a time."""

from __future__ import annotations

import numpy as np
import pytest

from gan_eval.distributions.gaussian import Gaussian
from gan_eval.distributions.target import GaussianTarget
from gan_eval.judging import evaluation
from gan_eval.training import draws
from gan_eval.training.config import TrainingConfig
from gan_eval.training.draws import Layer
from gan_eval.training.trained import TrainedGANs


def made(R: int, **settings: object) -> TrainedGANs:
    """R replicates with random weights, the third of which is not finite, the fourth singular."""
    config = TrainingConfig.parse({"epochs": 1} | settings)
    rng = np.random.default_rng(3)
    d, k = config.dimension, config.latent_size
    weights, biases = rng.standard_normal((R, 2, k, d)), rng.standard_normal((R, 2, d))
    weights[2, -1] = np.inf
    weights[3, -1, :, 0] = 0.0
    layers = [
        draws.initial_layers(r, (k, d), config.discriminator_sizes, scale=0.7)[1] for r in range(R)
    ]
    nothing = np.zeros((R, 1))
    return TrainedGANs(
        config=config,
        backend="made",
        device="cpu",
        seeds=np.arange(40, 40 + R),
        weights=weights,
        biases=biases,
        discriminator=[
            Layer(*(np.stack(parts) for parts in zip(*same, strict=True)))
            for same in zip(*layers, strict=True)
        ],
        loss_D=nothing,
        loss_G=nothing,
        seconds=nothing + 1,
        chapter_seconds=nothing,
    )


SETTINGS = [
    {},
    {"latent_size": 4},
    {"latent_size": 1},
    {"discriminator_widths": []},
    {"n_examples": 12, "batch_size": 4},
    {
        "target": {"A": [[1.0, 2.0, 0.0], [0.0, 1.0, 3.0], [0.5, 0.0, 1.0]], "b": [1.0, 0.0, -4.0]},
        "latent_size": 3,
    },
]


@pytest.mark.parametrize("settings", SETTINGS)
def test_critics_are_those_of_one_replicate_after_another(settings: dict) -> None:
    trained = made(70, **settings)
    n, target = 101, trained.config.target.gaussian()
    correlation, error = evaluation.critics(trained, n)
    assert np.isnan(correlation[2:4]).all()
    assert np.isnan(error[2:4]).all()
    singular = trained.config.latent_size < trained.config.dimension
    assert np.isnan(correlation).sum() == (70 if singular else 2)
    for r in [] if singular else [0, 1, 4, 33, 69]:
        real = target.transform(draws.evaluation_real(40 + r, n, target.dimension))
        x = np.concatenate([real, trained.generate(r, n)])
        law = trained.law()
        learned = GaussianTarget(
            Gaussian(law.mean[r], law.factor[r]).square_factor, trained.biases[r, -1]
        )
        ratio = target.log_density(x) - learned.log_density(x)
        logit = trained.critic(r, x)
        assert correlation[r] == pytest.approx(np.corrcoef(ratio, logit)[0, 1], rel=1e-10)
        assert error[r] == pytest.approx(np.abs(logit - ratio).mean(), rel=1e-10)


@pytest.mark.parametrize("settings", SETTINGS)
def test_the_laws_of_what_was_seen_are_fits_to_the_training_rows(settings: dict) -> None:
    trained = made(40, **settings)
    found = evaluation.seen_laws(trained)
    for r in (0, 2, 31, 32, 39):
        fit = Gaussian.fit(trained.training_rows(r))
        np.testing.assert_allclose(found.mean[r], fit.mean, rtol=1e-12, atol=1e-13)
        np.testing.assert_allclose(found.covariance[r], fit.covariance, rtol=1e-11, atol=1e-12)


def test_a_constant_critic_has_no_correlation() -> None:
    trained = made(5)
    for weight, bias in trained.discriminator:
        weight[:], bias[:] = 0.0, 0.1
    correlation, error = evaluation.critics(trained, 50)
    assert np.isnan(correlation).all()
    assert np.isfinite(error[[0, 1, 4]]).all()
