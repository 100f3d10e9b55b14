"""The remedies among the settings: what goes with what, identities, and the preset."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from gan_eval.runtime.errors import UsageError
from gan_eval.training import remedies
from gan_eval.training.config import TrainingConfig
from gan_eval.training.run import train

CHAPTER = "9a834c756887bb4c"
"""The identity that the chapter's configuration had before there were remedies."""


def test_remedies_at_their_defaults_leave_a_configurations_identity() -> None:
    assert TrainingConfig().hash == CHAPTER
    written_out = {name: value for name, value in remedies.DEFAULTS.items() if value is not None}
    assert TrainingConfig.parse(written_out).hash == CHAPTER
    # What follows from other settings, written out as it follows.
    follows = {"adam_beta1_D": 0.9, "adam_beta2_G": 0.999, "discriminator_init_scale": 0.02}
    assert TrainingConfig.parse(follows).hash == CHAPTER
    assert not TrainingConfig.parse(follows).remedies


@pytest.mark.parametrize(
    "settings",
    [
        {"r1": 0.5},
        {"adam_beta1_D": 0.5},
        {"loss": "hinge"},
        {"preset": "mended"},
        {"generator_average": "ema", "ema_decay": 0.9},
        {"generator_average": "ema"},
    ],
)
def test_a_remedy_is_another_configuration(settings: dict[str, Any]) -> None:
    own = TrainingConfig.parse(settings)
    assert own.hash != CHAPTER
    assert own.remedies


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"ema_decay": 0.9}, "ema_decay"),
        ({"ema_decay": 0.9, "generator_average": "half"}, "ema_decay"),
        ({"optimizer": "extra_adam", "discriminator_steps": 2}, "discriminator_steps"),
        ({"generator_loss": "saturating", "loss": "hinge"}, "generator_loss"),
        ({"discriminator_form": "quadratic", "discriminator_widths": [4]}, "discriminator_widths"),
        ({"optimizer": "sgd", "adam_beta1": 0.5}, "adam_beta1"),
        ({"optimizer": "sgd", "adam_beta2_G": 0.5}, "adam_beta2_G"),
        ({"discriminator_steps": 126}, "discriminator_steps"),
        ({"standardise": "whiten", "n_examples": 2, "batch_size": 2}, "n_examples"),
        ({"r1": -1.0}, "r1"),
        ({"ema_decay": 1.0, "generator_average": "ema"}, "ema_decay"),
        ({"loss": "wasserstein"}, "loss"),
        ({"preset": "mendd"}, "preset"),
    ],
)
def test_what_does_not_go_together_is_refused_by_name(settings: dict[str, Any], named: str) -> None:
    with pytest.raises(UsageError, match=f"`{named}`"):
        TrainingConfig.parse(settings)


def test_the_preset_is_its_settings() -> None:
    mended = TrainingConfig.parse({"preset": "mended"})
    assert mended == TrainingConfig.parse(remedies.PRESETS["mended"])
    assert mended.preset == "mended"
    assert TrainingConfig().preset is None


def test_the_preset_round_trips() -> None:
    mended = TrainingConfig.parse({"preset": "mended", "epochs": 3})
    assert TrainingConfig.parse(mended.model_dump()) == mended
    assert TrainingConfig.parse(mended.model_dump(mode="json")).hash == mended.hash
    assert TrainingConfig.parse(tomllib.loads('preset = "mended"\nepochs = 3')) == mended
    assert eval(repr(mended), {"TrainingConfig": TrainingConfig}) == mended


def test_what_is_written_out_beside_the_preset_wins() -> None:
    own = TrainingConfig.parse({"preset": "mended", "learning_rate_schedule": "linear"})
    assert own.learning_rate_schedule == "linear"
    assert own.generator_average == "half"
    assert own.preset is None  # not all that it sets stands
    # What does not go with what is written out falls away.
    assert TrainingConfig.parse({"preset": "mended", "optimizer": "sgd"}).betas_D == (0.9, 0.999)
    quadratic = TrainingConfig.parse({"preset": "mended", "discriminator_form": "quadratic"})
    assert quadratic.discriminator_sizes == (5, 1)


def test_betas_are_of_each_net() -> None:
    own = TrainingConfig(adam_beta1=0.5, adam_beta2_G=0.9)
    assert own.betas_D == (0.5, 0.999)
    assert own.betas_G == (0.5, 0.9)


def test_a_backend_that_does_not_train_a_remedy_is_refused_and_told_which_do() -> None:
    known = remedies.OF_EVERY_BACKEND
    remedies.require(TrainingConfig(preset="mended").remedies, "mine", known)
    with pytest.raises(UsageError, match=r"'mine' does not train `r1` 0\.5: .*fused_cpu"):
        remedies.require(TrainingConfig(r1=0.5).remedies, "mine", known)


def test_hidden_layers_of_G_are_trained_where_they_are_listed_and_mixtures_everywhere() -> None:
    known = remedies.OF_EVERY_BACKEND
    ring = TrainingConfig.parse({"target": "ring8", "generator_average": "half"})
    remedies.require(ring.remedies, "tensorflow", known)
    curved = TrainingConfig(generator_widths=(4,), generator_activation="relu")
    both = r"'mxnet' does not train `generator_widths` \(4,\) or `generator_activation` 'relu': py"
    with pytest.raises(UsageError, match=both):
        remedies.require(curved.remedies, "mxnet", known)
    remedies.require(curved.remedies, "jax", tuple(remedies.DEFAULTS))


def test_a_backend_that_names_no_remedy_trains_none(monkeypatch: pytest.MonkeyPatch) -> None:
    from gan_eval.training.backends.pytorch import PyTorchBackend

    monkeypatch.setattr(PyTorchBackend, "remedies", ())
    train(TrainingConfig(epochs=1, n_examples=16))
    with pytest.raises(UsageError, match="'pytorch' does not train `loss` 'hinge'"):
        train(TrainingConfig(epochs=1, n_examples=16, loss="hinge"))
