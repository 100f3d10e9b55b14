"""The remedies: settings beyond the chapter's that mend its GAN, what goes with what, presets."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from gan_eval.runtime.errors import UsageError

DEFAULTS: dict[str, Any] = {
    "discriminator_form": "mlp",
    "standardise": "none",
    "r1": 0.0,
    "r2": 0.0,
    "learning_rate_schedule": "constant",
    "adam_beta1_D": None,
    "adam_beta1_G": None,
    "adam_beta2_D": None,
    "adam_beta2_G": None,
    "optimizer": "adam",
    "generator_average": "none",
    "ema_decay": None,
    "discriminator_steps": 1,
    "loss": "cross_entropy",
    "discriminator_init_scale": None,
    "generator_widths": (),
    "generator_activation": "tanh",
}
"""Each setting beyond the chapter's, as the remedies are, and its value in the chapter."""

OF_EVERY_BACKEND: tuple[str, ...] = (
    "standardise",
    "learning_rate_schedule",
    "adam_beta1_D",
    "adam_beta1_G",
    "adam_beta2_D",
    "adam_beta2_G",
    "generator_average",
    "ema_decay",
    "discriminator_init_scale",
)
"""The remedies that change neither a loss nor the form of a step: TensorFlow and MXNet, too, train
them, and the preset."""

_ADAM = ("optimizer", ("adam", "optimistic_adam", "extra_adam"))

GOES_WITH: dict[str, tuple[str, tuple[str, ...]]] = {
    "discriminator_widths": ("discriminator_form", ("mlp",)),
    "ema_decay": ("generator_average", ("ema",)),
    "generator_loss": ("loss", ("cross_entropy",)),
    "adam_beta1": _ADAM,
    "adam_beta2": _ADAM,
    "adam_beta1_D": _ADAM,
    "adam_beta1_G": _ADAM,
    "adam_beta2_D": _ADAM,
    "adam_beta2_G": _ADAM,
}
"""A setting that has a meaning only beside some values of another: that one, and those values."""

PRESETS: dict[str, dict[str, Any]] = {
    "mended": {
        "discriminator_widths": (16,),
        "discriminator_init_scale": 0.3,
        "standardise": "whiten",
        "learning_rate_G": 0.003,
        "learning_rate_schedule": "cosine",
        "adam_beta1": 0.5,
        "adam_beta2_D": 0.99,
        "generator_average": "half",
    },
}
"""The settings of each preset but ``chapter``, which leaves all as it is by default."""


def require(settings: Mapping[str, Any], backend: str, trained: Collection[str]) -> None:
    """Raise ``UsageError`` where a configuration has a remedy that a backend does not train.

    ``settings`` are the configuration's remedies, ``trained`` the fields that the backend knows.
    """
    lacking = [f"`{name}` {value!r}" for name, value in settings.items() if name not in trained]
    if lacking:
        raise UsageError(f"backend {backend!r} {refusal(lacking)}")


def refusal(lacking: Sequence[str]) -> str:
    """Say that a backend does not train some remedies, and which backends do."""
    return f"does not train {' or '.join(lacking)}: pytorch, jax, fused_cpu and fused_cuda do"


def with_preset(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Fill in what a preset sets, but for what is written out and what does not go with that."""
    preset = PRESETS.get(str(settings.get("preset")), {})
    filled = {**preset, **settings}
    for name in preset.keys() - settings.keys():
        owner, values = GOES_WITH.get(name, (name, ()))
        if owner != name and filled.get(owner, values[0]) not in values:
            del filled[name]
    return filled


def misfit(value: Any, name: str, owner_value: str) -> str:
    """Say why a setting cannot stand beside the one that it goes with; empty where it can."""
    owner, values = GOES_WITH[name]
    if owner_value in values:
        return ""
    named = " or ".join(f"'{one}'" for one in values)
    return f"`{name}` goes with `{owner}` {named}, got `{name}` {value!r} beside '{owner_value}'"
